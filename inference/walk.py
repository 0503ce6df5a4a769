"""Walks: from one tile to another in small steps, along the sphere that latents lie on; a sheet and a GIF to look at."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from inference import pictures
from inference.live import load_live
from inference.patterns import DPI, Patterns, Wish, describe, inks_of, latent
from selvedge.errors import SelvedgeError
from selvedge.io import write_bytes, write_json
from training.data import sheet, to_bytes, to_image
from training.models.screens import filled

SHOWN, COLUMNS, TICK_MS = 192, 8, 80  # pixels a side of a frame, frames a row of the sheet, time of one in the GIF


@torch.inference_mode()
def walk(patterns: Patterns, ends: Sequence[tuple[str, int]], frames: int, wish: Wish | None = None) -> list[Tensor]:
    """`frames` tiles (3, H, W) uint8 from the first (class, seed) of `ends` to the second, both ends among them.

    Latents go along the great circle (White 2016): a straight line leads through latents shorter than any that were trained.
    Classes are mixed in shares, and so are palettes of equally many inks; those of the first end stay otherwise. Raises
    SelvedgeError for fewer than two frames, and for two classes of a generator that does not print from screens.
    """
    if frames < 2:
        raise SelvedgeError(f"a walk of {frames} frames: two or more lead from one end to the other")
    wish, network = wish or Wish(), patterns.screens
    for cls, _ in ends:
        patterns.check(cls)
    seeds = [patterns.chosen(cls, seed, wish) for cls, seed in ends]
    shares = torch.linspace(0, 1, frames).tolist()
    if network is None:
        if not wish.plain or ends[0][0] != ends[1][0]:
            raise SelvedgeError(
                "this generator walks between two seeds of one class; between classes one of screens can"
            )
        begin, end = (latent(seed, patterns.z_dim) for seed in seeds)
        condition = patterns.condition(ends[0][0])
        return [to_bytes(patterns.network(between(begin, end, share), condition))[0] for share in shares]
    begin, end = (latent(seed, network.length(*patterns.cells(wish))) for seed in seeds)
    labels = [patterns.label(cls) for cls, _ in ends]
    if wish.palette:
        palettes = [filled(inks_of(wish.palette), 1)] * 2
    else:
        palettes = [network.palette(z, label) for z, label in zip((begin, end), labels, strict=True)]
    if not torch.equal(palettes[0][1], palettes[1][1]):
        palettes[1] = palettes[0]
    one, other = (F.one_hot(label, len(patterns.classes)).float() for label in labels)
    found = []
    for share in shares:
        colours = torch.lerp(palettes[0][0], palettes[1][0], share)
        z, mixed = between(begin, end, share), torch.lerp(one, other, share)
        found.append(patterns.printed(network, z, mixed, colours, palettes[0][1], wish))
    return found


def between(one: Tensor, other: Tensor, share: float) -> Tensor:
    """The latent (1, n) at `share` of the way from `one` to `other` along the great circle through both."""
    cosine = F.cosine_similarity(one.double(), other.double()).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if float(angle) < 1e-6:
        return torch.lerp(one, other, share)
    parts = torch.sin((1 - share) * angle) / torch.sin(angle), torch.sin(share * angle) / torch.sin(angle)
    return (parts[0] * one + parts[1] * other).float()


def walk_files(ends: Sequence[tuple[str, int]], *, frames: int, out: Path, wish: Wish | None = None) -> None:
    """Write walk.png, all frames in rows; walk.gif, there and back for ever; walk.json, how they were made."""
    patterns = Patterns(load_live("patterns"))
    wish = wish or Wish()
    if patterns.prints and wish.size is None:
        side = wish.cells * 8
        wish = replace(wish, size=side * math.ceil(SHOWN / side))
    tiles = walk(patterns, ends, frames, wish)
    shown = [
        F.interpolate(tile[None].float(), size=_fitted(tile), mode="area")[0].round().to(torch.uint8) for tile in tiles
    ]
    rows = [torch.stack(shown[i : i + COLUMNS]) for i in range(0, frames, COLUMNS)]
    write_bytes(out / "walk.png", pictures.png(sheet(rows, gap=6), DPI))
    images = [to_image(tile) for tile in [*shown, *shown[-2:0:-1]]]
    film = io.BytesIO()
    images[0].save(film, "GIF", save_all=True, append_images=images[1:], duration=TICK_MS, loop=0)
    write_bytes(out / "walk.gif", film.getvalue())
    facts = {"ends": [{"class": cls, "seed": seed} for cls, seed in ends], "frames": frames}
    write_json(
        out / "walk.json", {**facts, "palette": wish.palette, "layout": wish.repeat, "model": describe(patterns.bundle)}
    )
    print(f"walk: {frames} frames -> {out}; look at {out / 'walk.gif'}")


def _fitted(tile: Tensor) -> tuple[int, int]:
    height, width = tile.shape[1:]
    return round(height * SHOWN / max(height, width)), round(width * SHOWN / max(height, width))
