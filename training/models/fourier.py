"""A generator for repeats: Fourier features of whole periods on a torus, shaped by a style, then convolved.

A repeat is a periodic function, so its coarsest layer is a sum of waves that fit the tile a whole number of times
(periodic latents as in PSGAN, Bergmann et al. 2017; a Fourier input as in StyleGAN3, Karras et al. 2021). Latent and
class become a style that scales the channels of each convolution, with the demodulation of StyleGAN2 (Karras et al.
2020, eq. 3), which is a function of weights alone: no batch norm, and no statistics over the tile, so the tile stays
exactly periodic.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.models.torus import pad

WAVES = 4  # the highest number of periods across a tile, each way
GRID = 4  # the coarsest layer is this many times smaller than the tile


class StyledConv(nn.Module):
    """3x3 (or 1x1) convolution on the torus whose input channels the style scales; its output has unit variance again.

    Scaling the activations and the result is the same as modulating the weights of each sample, and one ordinary
    convolution.
    """

    def __init__(self, channels_in: int, channels_out: int, style: int, kernel: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(channels_out, channels_in, kernel, kernel) / math.sqrt(channels_in * kernel**2)
        )
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.scale = nn.Linear(style, channels_in)
        nn.init.normal_(self.scale.weight, 0, 1 / math.sqrt(style))
        nn.init.ones_(self.scale.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (B, in, H, W), style (B, S) -> (B, out, H, W)."""
        scale = self.scale(style)
        power = scale.square() @ self.weight.square().sum((2, 3)).t()  # (B, out): sum of (weight x scale)^2
        x = (
            pad(x * scale[:, :, None, None], self.weight.shape[2] // 2, wrap=True)
            if self.weight.shape[2] > 1
            else x * scale[:, :, None, None]
        )
        h = F.conv2d(x, self.weight.to(x.dtype)) * torch.rsqrt(power + 1e-6)[:, :, None, None]
        return F.leaky_relu(h + self.bias[None, :, None, None], 0.2) * math.sqrt(2)


class FourierGenerator(nn.Module):
    """z (B, z_dim) [and class indices (B,)] -> (B, 3, size, size) in -1..1; every tile is seamless."""

    def __init__(self, size: int = 64, z_dim: int = 100, width: int = 32, classes: int = 0) -> None:
        super().__init__()
        self.size, self.z_dim, self.classes = size, z_dim, classes
        waves = whole_waves(WAVES)
        grid = torch.arange(size // GRID) / (size // GRID)
        phase = (
            2
            * math.pi
            * (waves[:, 0, None, None] * grid[None, :, None] + waves[:, 1, None, None] * grid[None, None, :])
        )
        # low frequencies lead, as they do in pictures
        strength = 1 / waves.norm(dim=1).sqrt()
        self.register_buffer(
            "waves", torch.cat([phase.cos(), phase.sin()]) * strength.repeat(2)[:, None, None] * math.sqrt(2)
        )
        self.embedding = nn.Embedding(classes, z_dim) if classes else None
        style = z_dim * (
            2 if classes else 1
        )  # latent and class as they are: a mapping network would be the first to collapse
        self.first = StyledConv(2 * len(waves), 4 * width, style, kernel=1)
        self.coarse = nn.ModuleList(StyledConv(4 * width, 4 * width, style) for _ in range(2))
        self.middle = nn.ModuleList([StyledConv(4 * width, 2 * width, style), StyledConv(2 * width, 2 * width, style)])
        self.fine = nn.ModuleList([StyledConv(2 * width, width, style), StyledConv(width, width, style)])
        self.colour = nn.Conv2d(width, 3, 1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (B, z_dim), labels (B,) if conditional -> (B, 3, size, size) in -1..1 (about, in training)."""
        style = normalise(z)
        if self.embedding is not None:
            style = torch.cat([style, normalise(self.embedding(labels))], 1)
        h = self.first(self.waves.expand(len(z), -1, -1, -1), style)
        for conv in self.coarse:
            h = conv(h, style)
        for stage in (self.middle, self.fine):
            h = double(h)
            for conv in stage:
                h = conv(h, style)
        image = self.colour(h)
        # no tanh: where it saturates at the beginning, it teaches nothing any more
        return image if self.training else image.clamp(-1, 1)


def whole_waves(highest: int) -> Tensor:
    """(K, 2) whole numbers of periods down and across, each direction once: half of the plane without the origin."""
    pairs = [(y, x) for y in range(highest + 1) for x in range(-highest, highest + 1) if y > 0 or x > 0]
    return torch.tensor(pairs, dtype=torch.float32)


def normalise(z: Tensor) -> Tensor:
    """To unit mean square, so that style does not depend on a latent's length."""
    return z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)


def double(x: Tensor) -> Tensor:
    """Twice the size, bilinear on the torus."""
    large = F.interpolate(pad(x, 1, wrap=True), scale_factor=2, mode="bilinear", align_corners=False)
    return large[:, :, 2:-2, 2:-2]
