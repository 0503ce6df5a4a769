"""The extractor that ships: SqueezeNet's layers, looked at from four depths, as a classifier of textile patterns."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import squeezenet1_0

from training.models.kinds import Classifier

LAYERS = {5: 256, 8: 384, 10: 512, 12: 512}  # fire modules looked at -> their feature maps


class Squeeze(Classifier):
    """(B, 3, size, size) in -1..1 -> logits (B, classes); `features` gives the (B, dimensions) vector before them.

    Features are a linear map of the mean and spread over the picture of four layers of SqueezeNet 1.0 (Iandola et al.
    2016): what is there, and how unevenly. Spread tells a plain cloth from a print of the same mean.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, classes: int, size: int = 96, dimensions: int = 128) -> None:
        super().__init__()
        self.size, self.dimensions = size, dimensions
        self.layers = squeezenet1_0().features
        self.squash = nn.Sequential(nn.BatchNorm1d(2 * sum(LAYERS.values())), nn.Dropout(0.2))
        self.embed = nn.Linear(2 * sum(LAYERS.values()), dimensions)
        self.head = nn.Sequential(nn.BatchNorm1d(dimensions), nn.ReLU(), nn.Linear(dimensions, classes))
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def features(self, images: Tensor) -> Tensor:
        """images (B, 3, size, size) in -1..1 -> (B, dimensions)."""
        x = ((images + 1) / 2 - self.mean) / self.std
        seen: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in LAYERS:
                # in fp32: a variance of halves is mostly rounding
                wide = x.float()
                mean = wide.mean((2, 3))
                spread = (wide - mean[:, :, None, None]).square().mean((2, 3)).add(1e-5).sqrt()
                seen += [mean, spread]
        return self.embed(self.squash(torch.cat(seen, 1)))

    def looked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, size, size) in -1..1 -> features (B, dimensions) and logits (B, classes)."""
        features = self.features(images)
        return features, self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        """images (B, 3, size, size) in -1..1 -> logits (B, classes)."""
        return self.looked(images)[1]
