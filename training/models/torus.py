"""Convolutions on a torus: what leaves a picture on the right enters it on the left, so every tile repeats without a seam.

`wrap=False` gives the same layers ordinary edges (mirrored, or zeros in transposed convolutions).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYOUTS = ("straight", "half-drop", "brick")


def pad(x: Tensor, by: int, wrap: bool) -> Tensor:
    """Pad (B, C, H, W) by `by` pixels on all sides, around the torus or mirrored."""
    return F.pad(x, (by, by, by, by), mode="circular" if wrap else "reflect")


class Conv(nn.Conv2d):
    """A stride-1 convolution that keeps the size; the edges are `wrap`ped or mirrored as each call says."""

    def forward(self, x: Tensor, wrap: bool = True) -> Tensor:
        """(B, in, H, W) -> (B, out, H, W)."""
        reach = self.kernel_size[0] // 2
        return F.conv2d(pad(x, reach, wrap), self.weight, self.bias)


class UpConv(nn.Module):
    """Transposed 4x4 convolution of stride 2 that doubles the size, on the torus or with zero edges.

    torch has no circular mode here: pad 1 around the torus, transpose with 2 more cut off. The result is exactly
    equivariant: rolling the input by k rolls the output by 2k. With `resize` the four pixels of a place see one 3x3 kernel on
    the input enlarged twofold (Odena et al. 2016), which cannot make a chequered pattern of an even input.
    """

    spread: Tensor | None  # (9, 16): from the kernel of `resize` to that of a transposed convolution

    def __init__(self, channels_in: int, channels_out: int, wrap: bool = True, resize: bool = False) -> None:
        super().__init__()
        self.wrap, kernel = wrap, 3 if resize else 4
        self.weight = nn.Parameter(torch.empty(channels_in, channels_out, kernel, kernel))
        nn.init.kaiming_uniform_(self.weight, math.sqrt(5))  # as torch's own begins
        taps = F.avg_pool2d(F.pad(torch.eye(9).view(9, 1, 3, 3), (1, 1, 1, 1)), 2, 1)  # where each weight is heard
        self.register_buffer("spread", 4 * taps.flatten(1) if resize else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, 2H, 2W)."""
        weight: Tensor = self.weight
        if self.spread is not None:
            weight = (weight.flatten(2) @ self.spread).unflatten(2, (4, 4))
        if not self.wrap:
            return F.conv_transpose2d(x, weight, stride=2, padding=1)
        return F.conv_transpose2d(F.pad(x, (1, 1, 1, 1), mode="circular"), weight, stride=2, padding=3)


class _PadOne(torch.autograd.Function):
    """`pad_one`, whose gradient would else take more passes than the convolution's."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        x = torch.cat([x[:, :, -1:], x, x[:, :, :1]], 2)
        return torch.cat([x[..., -1:], x, x[..., :1]], 3)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(_: object, slope: Tensor) -> Tensor:
        for axis in (2, 3):
            n = slope.shape[axis] - 2
            inner = slope.narrow(axis, 1, n).clone()
            inner.narrow(axis, n - 1, 1).add_(slope.narrow(axis, 0, 1))
            inner.narrow(axis, 0, 1).add_(slope.narrow(axis, n + 1, 1))
            slope = inner
        return slope


def pad_one(x: Tensor) -> Tensor:
    """`pad(x, 1, wrap=True)`, faster on a CPU; it can be differentiated once."""
    return _PadOne.apply(x)


def upsample(x: Tensor, factor: int | tuple[int, int], wrap: bool = True, mode: str = "bicubic") -> Tensor:
    """(B, C, H, W) enlarged by `factor` (one, or down and across), `bicubic` or `bilinear`, on the torus or with mirrored edges."""
    down, across = (factor, factor) if isinstance(factor, int) else factor
    margin = 3 if mode == "bicubic" else 1
    padded = pad_one(x) if wrap and margin == 1 else pad(x, margin, wrap)
    large = F.interpolate(padded, scale_factor=(down, across), mode=mode, align_corners=False)
    return large[:, :, margin * down : -margin * down, margin * across : -margin * across]


def repeated(cells: Tensor, layout: str) -> Tensor:
    """Maps (B, C, h, w) -> the least rectangle that repeats straight, if the tile is to repeat by `layout`.

    "half-drop": beside each column of repeats the next one lies half a repeat lower, so two columns (B, C, h, 2w); "brick":
    below each row the next one is half a repeat further, so two rows (B, C, 2h, w). A network whose output rolls with its
    latents keeps what it is given: its rectangle meets itself half a tile off, as if the wrap in its padding were shifted.
    """
    if layout == "straight":
        return cells
    along, across = (2, 3) if layout == "half-drop" else (3, 2)
    return torch.cat([cells, cells.roll(cells.shape[along] // 2, along)], across)
