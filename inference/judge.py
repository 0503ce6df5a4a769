"""The judge: the classifier that ships, asked how likely a tile is of its class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from selvedge.registry import SHIPPED
from training.data import to_unit
from training.models.bundle import load_bundle


class Judge:
    """`classes` are those that it tells apart."""

    def __init__(self) -> None:
        self.bundle = load_bundle(SHIPPED / "extractor")
        self.classes: tuple[str, ...] = tuple(self.bundle.card["classes"])

    @torch.inference_mode()
    def likely(self, cls: str, tiles: Sequence[Tensor]) -> Tensor:
        """Log-probabilities (N,) that tiles (3, H, W) uint8 of one size are of the class; ValueError for one it does not know.

        It sees them as the scores' extractor does (`training/evaluation/features.py`): resampled to its size, without aliasing.
        """
        network = self.bundle.network
        seen = F.interpolate(to_unit(torch.stack(list(tiles))), (network.size,) * 2, mode="bilinear", antialias=True)
        return network.head(network.features(seen)).log_softmax(1)[:, self.classes.index(cls)]
