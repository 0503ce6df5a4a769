"""What a network of each kind can do, whichever family it is of; who trains, measures or uses one relies on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor, nn

Lay = Callable[[Tensor], Tensor]  # the coarsest map of a tile (B, C, h, w) -> the map that is drawn instead


def as_made(cells: Tensor) -> Tensor:
    """The map as the latent has it."""
    return cells


class PatternGenerator(nn.Module):
    """z (B, z_dim) [and class indices (B,)] -> tiles (B, 3, size, size) in -1..1.

    It makes a coarse map of the latent, and a tile of the map by convolutions alone. So on a torus a tile rolls as its map is
    rolled, and repeats by half drop or as bricks where its map does (`torus.repeated`): `lay` is what becomes of the map.
    """

    size: int  # pixels a side of a tile
    z_dim: int  # numbers in a latent
    classes: int  # that it tells apart; 0 if it is told of none

    def forward(self, z: Tensor, labels: Tensor | None = None, *, lay: Lay = as_made) -> Tensor:
        """z (B, z_dim), labels (B,) if conditional -> (B, 3, size, size) in -1..1, as much larger as `lay` makes the map."""
        raise NotImplementedError

    if TYPE_CHECKING:  # torch says of a call only that it gives something

        def __call__(self, z: Tensor, labels: Tensor | None = None, *, lay: Lay = as_made) -> Tensor: ...


class Classifier(nn.Module):
    """(B, 3, size, size) in -1..1 -> logits (B, classes), and the features that scores are measured on."""

    size: int  # pixels a side of what it looks at

    def looked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, size, size) in -1..1 -> features (B, dimensions) and logits (B, classes)."""
        raise NotImplementedError


class Upscaler(nn.Module):
    """(B, 3, H, W) in -1..1 -> (B, 3, 4H, 4W); `wrap` for tiles that repeat, mirrored edges for photographs."""

    def forward(self, x: Tensor, wrap: bool = True) -> Tensor:
        """(B, 3, H, W) in -1..1 -> (B, 3, 4H, 4W), about -1..1."""
        raise NotImplementedError


class Segmenter(nn.Module):
    """(B, 3, H, W) in -1..1, H and W multiples of 32 -> logits (B, 1, H, W): above 0 is cloth."""

    def forward(self, images: Tensor) -> Tensor:
        """images in -1..1 -> logits (B, 1, H, W)."""
        raise NotImplementedError
