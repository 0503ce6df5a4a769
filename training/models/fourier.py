"""A generator for repeats: Fourier features of whole periods on a torus, shaped by a style, then convolved.

A repeat is a periodic function, so its coarsest layer is a sum of waves that fit the tile a whole number of times
(periodic latents as in PSGAN, Bergmann et al. 2017; a Fourier input as in StyleGAN3, Karras et al. 2021). Latent and
class become a style that scales the channels of each convolution.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.models.kinds import Lay, PatternGenerator, as_made
from training.models.styled import StyledConv, normalise, whole_waves
from training.models.torus import upsample

WAVES = 4  # the highest number of periods across a tile, each way
GRID = 4  # the coarsest layer is this many times smaller than the tile


class FourierGenerator(PatternGenerator):
    """z (B, z_dim) [and class indices (B,)] -> (B, 3, size, size) in -1..1; every tile is seamless."""

    waves: Tensor

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

    def forward(self, z: Tensor, labels: Tensor | None = None, *, lay: Lay = as_made) -> Tensor:
        """z (B, z_dim), labels (B,) if conditional -> (B, 3, size, size) in -1..1 (about, in training)."""
        style = normalise(z)
        if self.embedding is not None:
            style = torch.cat([style, normalise(self.embedding(labels))], 1)
        h = lay(self.first(self.waves.expand(len(z), -1, -1, -1), style))
        for conv in self.coarse:
            h = conv(h, style)
        for stage in (self.middle, self.fine):
            h = upsample(h, 2, mode="bilinear")
            for conv in stage:
                h = conv(h, style)
        image = self.colour(h)
        # no tanh: where it saturates at the beginning, it teaches nothing any more
        return image if self.training else image.clamp(-1, 1)
