"""Real pictures to measure against: one of each piece of cloth, so that no piece counts for many."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes
from training.data import SWATCHES, Swatches, decode, to_bytes, to_unit


def one_of_each(
    splits: Sequence[str], classes: Sequence[str], size: int | None = None, root: str | Path = SWATCHES
) -> Swatches:
    """One swatch of each piece of cloth of some splits, area-averaged to `size` pixels (None keeps the size on disk).

    Intervals and alarms take pictures to be drawn independently, and two crops of one cloth are not. Which of a cloth's
    swatches is shown depends on its name alone. Raises SelvedgeError naming an index that is missing, or an empty class.
    """
    root = Path(root)
    index = root / "index.csv"
    if not index.exists():
        raise SelvedgeError(f"{index}: there is no such file; run the stage that makes {root} first (`selvedge run`)")
    cloths: dict[tuple[str, str], list[str]] = defaultdict(list)
    with index.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] in splits and row["class"] in classes:
                cloths[row["class"], row["group"]].append(row["file"])
    for cls in classes:
        if not any(known == cls for known, _ in cloths):
            raise SelvedgeError(
                f"class {cls!r} is empty: {index} has none of it in {' or '.join(splits)}; add a source or take it out of classes"
            )
    chosen = [
        (classes.index(cls), root / _pick(group, sorted(files))) for (cls, group), files in sorted(cloths.items())
    ]
    images = decode([path for _, path in chosen], size)
    return Swatches(images, torch.tensor([label for label, _ in chosen]), "+".join(splits))


def _pick(group: str, files: Sequence[str]) -> str:
    return files[int(sha256_bytes(group.encode())[:8], 16) % len(files)]


def laid(tiles: Tensor, view: int, size: int) -> Tensor:
    """Tiles (N, 3, H, W) uint8 as cloth is seen: edge to edge over `view` pixels, then (N, 3, size, size) uint8.

    A generator that was trained on crops of half a swatch makes tiles half as wide; next to whole swatches at one size, its
    motifs would be twice too large.
    """
    times = -(-view // tiles.shape[-1])
    return fitted(tiles.repeat(1, 1, times, times)[:, :, :view, :view], size)


def fitted(images: Tensor, size: int) -> Tensor:
    """(N, 3, H, W) uint8 -> (N, 3, size, size) uint8, averaged by area where it shrinks."""
    if images.shape[-1] == size:
        return images
    parts = [
        to_bytes(F.interpolate(to_unit(part), (size, size), mode="bicubic", antialias=True, align_corners=False))
        for part in images.split(256)
    ]
    return torch.cat(parts)
