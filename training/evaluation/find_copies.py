"""`selvedge measure copies TRAIN FAKE`: which pictures of a folder are training pictures, whatever was done to them.

Thresholds come from real pictures that are no copies: those of a held-out folder, else every fifth training picture, held
against the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selvedge.errors import SelvedgeError
from training.evaluation import copies
from training.evaluation.sets import PictureSet, chunks, read, squared

FIFTH = 5


def find(train: Path, fake: Path, *, held: Path | None = None, seed: int = 0) -> tuple[dict[str, Any], Image.Image]:
    """What `copies.check` finds, pairs by file, and a sheet of the closest pairs.

    Class folders of the same names in all sets give each class its own threshold. `p` is how rarely so many samples come by
    chance. Raises SelvedgeError for a folder without pictures, BadImage naming files that cannot be read.
    """
    known, made = PictureSet.of(train), PictureSet.of(fake)
    others = PictureSet.of(held) if held else None
    pictures, samples = _pictures(known), _pictures(made)
    if others is None and len(known) < 2 * FIFTH:
        raise SelvedgeError(f"{train}: {len(known)} pictures are too few to set a threshold by; add --held-out FOLDER")
    fifth = np.arange(len(known)) % FIFTH == 0
    apart = _pictures(others) if others else pictures[torch.from_numpy(fifth)]
    classes = sorted(set(known.classes))
    sets = made.classes, known.classes, others.classes if others else known.classes[::FIFTH]
    common = classes != [""] and all(set(one) <= set(classes) for one in sets)
    report = copies.check(
        samples,
        pictures,
        apart,
        [np.array([classes.index(name) for name in one]) for one in sets] if common else None,
        classes if common else ("all",),
        seed=seed,
        held_against=None if others else pictures[torch.from_numpy(~fifth)],
    )
    found = report.json()
    for pair in found["closest"]:
        pair |= {"sample": str(made.files[pair["sample"]]), "train": str(known.files[pair["train"]])}
    return {**found, "in_words": copies.in_words(found)}, report.sheet(samples, pictures)


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a class: samples, how many are taken for copies, or why that cannot be told."""
    return [
        {
            "class": name,
            "n": one["n"],
            "taken for copies": one["suspicious"] if one["decidable"] else "cannot be told",
            "planted copies found": one["recall"]["share"],
            "why": one["undecidable"] or "",
        }
        for name, one in found["by_class"].items()
    ]


def _pictures(pictures: PictureSet) -> Tensor:
    """(N, 3, LARGEST, LARGEST) uint8, the middle squares."""
    parts = [squared(pixels, copies.LARGEST) for part in chunks(pictures.files, read) for _, pixels in part]
    return torch.stack(parts)
