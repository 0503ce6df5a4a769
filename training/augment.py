"""Differentiable augmentation: what D sees of real and of fake pictures is disturbed alike, each sample by itself.

DiffAugment (Zhao et al. 2020): with few pictures D learns them by heart and has nothing left to teach; it cannot, if it never
sees one twice. All transforms are differentiable, so G's gradient passes through them, and none leaks into the tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

REACH, HOLE = 1 / 8, 1 / 2  # of a side: how far a picture moves, and the side of the square that is cut out


def diff_augment(images: Tensor, kinds: Sequence[str], *, wraps: bool) -> Tensor:
    """(B, C, H, W) in -1..1 -> the same, disturbed by each of `kinds` in turn: "colour", "shift", "cutout".

    `wraps`: the pictures are whole repeats, real ones as well, and a shift rolls them around. Of pictures that are cut out
    of larger ones a roll would show a seam that fakes do not have, so they are moved over grey.
    """
    for kind in kinds:
        images = _shift(images, wraps) if kind == "shift" else KINDS[kind](images)
    return images


def _colour(x: Tensor) -> Tensor:
    """Brightness by up to half of the range, saturation up to twice, contrast by half, as the paper has it."""
    x = x + _draw(x) - 0.5
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (2 * _draw(x)) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (0.5 + _draw(x)) + mean


def _shift(x: Tensor, wraps: bool) -> Tensor:
    """Each sample by another whole number of pixels: anywhere on the torus, or up to an eighth of the side over grey."""
    height, width = x.shape[2:]
    reach = (height, width) if wraps else (round(height * REACH), round(width * REACH))
    rows, columns = (
        torch.arange(side, device=x.device) + torch.randint(-most, most + 1, (len(x), 1), device=x.device)
        for side, most in zip((height, width), reach, strict=True)
    )
    inside = _within(rows, height)[:, None, :, None] & _within(columns, width)[:, None, None, :]
    batch = torch.arange(len(x), device=x.device)[:, None, None]
    moved = x.permute(0, 2, 3, 1)[batch, (rows % height)[:, :, None], (columns % width)[:, None, :]].permute(0, 3, 1, 2)
    return moved if wraps else moved * inside


def _within(at: Tensor, side: int) -> Tensor:
    return (at >= 0) & (at < side)


def _cutout(x: Tensor) -> Tensor:
    """A grey square of half a side, its middle anywhere."""
    height, width = x.shape[2:]
    near = []
    for side in (height, width):
        middle = torch.randint(side, (len(x), 1), device=x.device)
        near.append((torch.arange(side, device=x.device) - middle).abs() < side * HOLE / 2)
    return x * ~(near[0][:, None, :, None] & near[1][:, None, None, :])


def _draw(x: Tensor) -> Tensor:
    """A number in 0..1 for each sample."""
    return torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


KINDS: dict[str, Callable[[Tensor], Tensor]] = {"colour": _colour, "cutout": _cutout}
