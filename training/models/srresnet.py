"""Super-resolution x4: SRResNet (Ledig et al. 2017) without batch norm (Lim et al. 2017), on top of bicubic, on a torus.

The last layer begins at zero, so an untrained network is exactly the bicubic enlargement, and training can only add.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.models.kinds import Upscaler
from training.models.torus import Conv, upsample

FACTOR = 4


def shrink(high: Tensor) -> Tensor:
    """A quarter of the size by bicubic with antialiasing, on the grid of 8-bit values, as a stored picture would be."""
    low = F.interpolate(high, scale_factor=1 / FACTOR, mode="bicubic", antialias=True, align_corners=False)
    return ((low + 1) * 127.5).round().clamp(0, 255) / 127.5 - 1


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Conv(width, width, 3), Conv(width, width, 3)

    def forward(self, x: Tensor, wrap: bool) -> Tensor:
        return x + self.second(F.leaky_relu(self.first(x, wrap), 0.2), wrap)


class SRResNet(Upscaler):
    """(B, 3, H, W) in -1..1 -> (B, 3, 4H, 4W); `wrap` for tiles that repeat, mirrored edges for photographs."""

    def __init__(self, width: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.head = Conv(3, width, 3)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.up1, self.up2 = Conv(width, 4 * width, 3), Conv(width, 4 * width, 3)
        self.tail = Conv(width, 3, 3)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, wrap: bool = True) -> Tensor:
        """(B, 3, H, W) in -1..1 -> (B, 3, 4H, 4W), about -1..1."""
        h = first = self.head(x, wrap)
        for block in self.blocks:
            h = block(h, wrap)
        h = h + first
        for up in (self.up1, self.up2):
            h = F.leaky_relu(F.pixel_shuffle(up(h, wrap), 2), 0.2)
        return upsample(x, FACTOR, wrap) + self.tail(h, wrap)


class PatchCritic(nn.Module):
    """Tells real texture from made, a logit for each patch of about 34 px: (B, 3, H, W) -> (B, 1, H/8, W/8)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for i in range(3):
            layers += [nn.Conv2d(channels, width << i, 4, 2, 1), nn.LeakyReLU(0.2, True)]
            channels = width << i
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """images in -1..1 -> patch logits."""
        return self.layers(images)
