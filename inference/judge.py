"""The judge: the classifier that ships, asked how likely a tile is of its class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from selvedge.registry import SHIPPED
from training.data import to_unit
from training.models.bundle import as_classifier, load_bundle


class Judge:
    """`classes` are those that it tells apart."""

    def __init__(self) -> None:
        self.bundle = load_bundle(SHIPPED / "extractor")
        self.network = as_classifier(self.bundle)
        self.classes: tuple[str, ...] = tuple(self.bundle.card["classes"])

    @torch.inference_mode()
    def likely(self, cls: str, tiles: Sequence[Tensor]) -> Tensor:
        """Log-probabilities (N,) that tiles (3, H, W) uint8 of one size are of the class; ValueError for one it does not know.

        It sees them as the scores' extractor does (`training/evaluation/features.py`): resampled to its size, without aliasing.
        """
        network, size = self.network, self.network.size
        seen = F.interpolate(to_unit(torch.stack(list(tiles))), (size, size), mode="bilinear", antialias=True)
        return network.looked(seen)[1].log_softmax(1)[:, self.classes.index(cls)]
