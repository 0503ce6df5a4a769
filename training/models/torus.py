"""Convolutions on a torus: what leaves a picture on the right enters it on the left, so every tile repeats without a seam.

`wrap=False` gives the same layers ordinary edges (mirrored, or zeros in transposed convolutions).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pad(x: Tensor, by: int, wrap: bool) -> Tensor:
    """Pad (B, C, H, W) by `by` pixels on all sides, around the torus or mirrored."""
    return F.pad(x, (by, by, by, by), mode="circular" if wrap else "reflect")


class Conv(nn.Conv2d):
    """A stride-1 convolution that keeps the size; the edges are `wrap`ped or mirrored as each call says."""

    def forward(self, x: Tensor, wrap: bool = True) -> Tensor:
        """(B, in, H, W) -> (B, out, H, W)."""
        reach = self.kernel_size[0] // 2
        return F.conv2d(pad(x, reach, wrap), self.weight, self.bias)


class UpConv(nn.ConvTranspose2d):
    """Transposed 4x4 convolution of stride 2 that doubles the size, on the torus or with zero edges.

    torch has no circular mode here: pad 1 around the torus, transpose with 2 more cut off. The result is exactly
    equivariant: rolling the input by k rolls the output by 2k. With `resize` the four pixels of a place see one 3x3 kernel on
    the input enlarged twofold (Odena et al. 2016), which cannot make a chequered pattern of an even input.
    """

    def __init__(self, channels_in: int, channels_out: int, wrap: bool = True, resize: bool = False) -> None:
        super().__init__(channels_in, channels_out, 3 if resize else 4, 2, 1, bias=False)
        self.wrap, self.resize = wrap, resize
        if resize:
            taps = F.avg_pool2d(F.pad(torch.eye(9).view(9, 1, 3, 3), (1, 1, 1, 1)), 2, 1)  # where each weight is heard
            self.register_buffer("spread", 4 * taps.flatten(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, 2H, 2W)."""
        weight = (self.weight.flatten(2) @ self.spread).unflatten(2, (4, 4)) if self.resize else self.weight
        if not self.wrap:
            return F.conv_transpose2d(x, weight, stride=2, padding=1)
        return F.conv_transpose2d(F.pad(x, (1, 1, 1, 1), mode="circular"), weight, stride=2, padding=3)


class _PadOne(torch.autograd.Function):
    """`pad_one`, whose gradient would else take more passes than the convolution's."""

    @staticmethod
    def forward(_, x: Tensor) -> Tensor:
        x = torch.cat([x[:, :, -1:], x, x[:, :, :1]], 2)
        return torch.cat([x[..., -1:], x, x[..., :1]], 3)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(_, slope: Tensor) -> Tensor:
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
