"""Pattern tiles from the live generator: one latent a seed, so a seed names a tile for good."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from inference import pictures
from inference.live import load_live
from inference.upscale import upscale as enlarge
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes, write_bytes, write_json
from training.data import sheet, to_bytes, to_image
from training.models.bundle import Bundle

DPI = 150
SEEDS = 2**63
SHEET_COLUMNS, SHEET_TILE = 4, 96  # of sheet.png: pictures a row, and the side of one repeat in pixels


class Patterns:
    """A generator, ready to sample: `classes` it was told apart, or any word at all if it is unconditional."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        arguments = bundle.card["arguments"]
        self.conditional = arguments.get("classes", 0) > 0
        self.classes: tuple[str, ...] = tuple(bundle.card.get("classes", ()))
        self.z_dim, self.size = bundle.network.z_dim, bundle.network.size
        self.seamless = bool(bundle.card.get("seamless", arguments.get("seamless", False)))

    @torch.inference_mode()
    def sample(self, cls: str, seeds: Sequence[int]) -> Tensor:
        """A tile a seed, (N, 3, size, size) uint8; a tile never depends on what else is asked for.

        Raises SelvedgeError for a class that the generator does not know, naming the nearest.
        """
        label = self._label(cls)
        # one at a time: in a batch, convolutions may add up in another order and flip a last bit
        return torch.cat([to_bytes(self.bundle.network(latent(seed, self.z_dim), label)) for seed in seeds])

    def check(self, cls: str) -> None:
        """Raise SelvedgeError where `cls` is none of the classes, naming the nearest."""
        if not cls.replace("-", "").replace("_", "").isalnum():
            raise SelvedgeError(f"{cls!r} is no class name: letters, digits, - and _ only")
        if self.conditional and cls not in self.classes:
            near = difflib.get_close_matches(cls, self.classes, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SelvedgeError(f"the generator knows no class {cls!r}; {hint}it knows: {', '.join(self.classes)}")

    def _label(self, cls: str) -> Tensor | None:
        self.check(cls)
        return torch.tensor([self.classes.index(cls)]) if self.conditional else None


def latent(seed: int, z_dim: int) -> Tensor:
    """The latent (1, z_dim) that `seed` names, standard normal."""
    if not 0 <= seed < SEEDS:
        raise SelvedgeError(f"seed {seed} is out of range: 0 to {SEEDS - 1}")
    return torch.randn(1, z_dim, generator=torch.Generator().manual_seed(seed))


def describe(bundle: Bundle) -> dict[str, str]:
    """What a file says about the model that made it."""
    return {"version": bundle.version, "sha256": bundle.card["sha256"]}


def generate_files(cls: str, *, n: int, seed: int, out: Path, upscale: bool) -> None:
    """Write `n` tiles with the seeds `seed`, `seed + 1`, ... into `out`, and sheet.png with each repeated 3 x 3.

    Each is CLASS-SEED.png (four times enlarged if `upscale`) with a CLASS-SEED.json that says how it was made.
    """
    patterns = Patterns(load_live("patterns"))
    upscaler = load_live("upscaler") if upscale else None
    tiles = []
    for number in range(seed, seed + n):
        tile = patterns.sample(cls, [number])[0]
        if upscaler:
            tile = enlarge(tile, upscaler.network, wrap=patterns.seamless)
        data, name = pictures.png(to_image(tile), DPI), f"{cls}-{number}"
        write_bytes(out / f"{name}.png", data)
        facts: dict[str, Any] = {
            "class": cls,
            "seed": number,
            "size": list(tile.shape[1:]),
            "dpi": DPI,
            "seamless": patterns.seamless,
            "upscaled": upscaler is not None,
            "model": describe(patterns.bundle),
            "upscaler": describe(upscaler) if upscaler else None,
            "sha256": sha256_bytes(data),
        }
        write_json(out / f"{name}.json", facts)
        tiles.append(_cell(tile))
    rows = [torch.stack(tiles[i : i + SHEET_COLUMNS]) for i in range(0, n, SHEET_COLUMNS)]
    write_bytes(out / "sheet.png", pictures.png(sheet(rows, gap=12), DPI))
    size = f"{tile.shape[2]}x{tile.shape[1]}"
    print(f"generate: {n} {cls} tiles of {size}, seeds {seed} to {seed + n - 1} -> {out}; look at {out / 'sheet.png'}")


def _cell(tile: Tensor) -> Tensor:
    """A tile as the sheet shows it: 3 x 3 repeats."""
    small = F.interpolate(tile[None].float(), size=(SHEET_TILE, SHEET_TILE), mode="area")[0]
    return small.round().to(torch.uint8).repeat(1, 3, 3)
