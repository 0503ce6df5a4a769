"""Super-resolution x4 of tiles and pictures: a tile that repeats without a seam still does, and memory stays bounded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inference import pictures
from inference.live import load_live
from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import open_image, write_bytes
from training.data import to_bytes, to_image, to_tensor, to_unit
from training.models.bundle import as_upscaler
from training.models.kinds import Upscaler
from training.models.srresnet import FACTOR

PIECE = 192  # low-resolution pixels a side that are enlarged at once
MAX_PIXELS = 160_000_000  # of the enlarged picture
DPI = 150


@torch.inference_mode()
def upscale(tile: Tensor, network: Upscaler, wrap: bool) -> Tensor:
    """(3, H, W) uint8 -> (3, 4H, 4W) uint8; `wrap` where the picture repeats, else its edges are mirrored.

    A large picture goes through in pieces that overlap by the network's reach: the result is that of the whole.
    """
    height, width = tile.shape[1:]
    if max(height, width) <= PIECE:
        return to_bytes(network(to_unit(tile[None]), wrap=wrap))[0]
    reach = _reach(network)
    out = torch.empty((3, FACTOR * height, FACTOR * width), dtype=torch.uint8)
    for top in range(0, height, PIECE):
        rows, bottom = _surrounded(top, height, reach, wrap), min(top + PIECE, height)
        for left in range(0, width, PIECE):
            columns, right = _surrounded(left, width, reach, wrap), min(left + PIECE, width)
            piece = to_unit(tile[:, rows.index][:, :, columns.index][None])
            made = to_bytes(network(piece, wrap=False))[0]
            y, x = FACTOR * rows.before, FACTOR * columns.before
            here = made[:, y : y + FACTOR * (bottom - top), x : x + FACTOR * (right - left)]
            out[:, FACTOR * top : FACTOR * bottom, FACTOR * left : FACTOR * right] = here
    return out


class _surrounded:
    """Indices of the piece that begins at `start` and of `reach` pixels around it, `before` of them ahead of it.

    On the torus they go round; at the edge of a picture that does not repeat they end, as the picture does.
    """

    def __init__(self, start: int, length: int, reach: int, wrap: bool) -> None:
        index = torch.arange(start - reach, min(start + PIECE, length) + reach)
        self.index = index % length if wrap else index[(index >= 0) & (index < length)]
        self.before = reach if wrap else min(reach, start)


def _reach(network: nn.Module) -> int:
    """How far, in low-resolution pixels, a pixel can influence the result: at most half of each kernel, summed."""
    return sum(layer.kernel_size[0] // 2 for layer in network.modules() if isinstance(layer, nn.Conv2d))


def upscale_file(image: Path, out: Path) -> None:
    """Enlarge a picture four times into the PNG `out`.

    Its edges are taken to meet where the JSON beside it says `seamless`, or, without one, where they match as well as
    neighbouring pixels do.
    """
    picture = open_image(image)
    if picture.width * picture.height * FACTOR**2 > MAX_PIXELS:
        side = f"{FACTOR * picture.width}x{FACTOR * picture.height}"
        raise BadImage(f"{image}: would become {side}, more than {MAX_PIXELS:,} pixels; shrink or crop it first")
    if min(picture.size) < 4:
        raise BadImage(f"{image}: {picture.width}x{picture.height} is too small to enlarge; 4x4 is the least")
    if out.suffix.lower() != ".png":
        raise SelvedgeError(f"{out}: an enlarged picture is written as PNG; name it {out.with_suffix('.png')}")
    tile = to_tensor(picture)
    wrap = repeats(image, tile)
    large = upscale(tile, as_upscaler(load_live("upscaler")), wrap)
    write_bytes(out, pictures.png(to_image(large), DPI))
    kind = "a tile that repeats" if wrap else "a picture with ends"
    print(f"upscale: {image} taken as {kind} -> {out}, {large.shape[2]}x{large.shape[1]}")


def repeats(path: Path, tile: Tensor) -> bool:
    """Whether the picture at `path` is a seamless tile: by the JSON beside it, else by its edges."""
    try:
        return bool(json.loads(path.with_suffix(".json").read_text())["seamless"])
    except (OSError, ValueError, KeyError, TypeError):
        return edges_meet(tile)


def edges_meet(tile: Tensor) -> bool:
    """Whether (3, H, W) goes on across its edges: the step there is none that inner neighbours do not make as well."""
    pixels = tile.numpy().astype(np.float32)
    for axis in (1, 2):
        steps = np.abs(np.diff(pixels, axis=axis, append=pixels.take([0], axis))).mean((0, 3 - axis))
        if steps[-1] > 1.0 + 1.5 * np.quantile(steps[:-1], 0.9):
            return False
    return True
