"""A small residual classifier of textile classes; its pooled features are what scores are measured on."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from training.models.kinds import Classifier


class _Block(nn.Module):
    def __init__(self, here: int, following: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(here, following, 3, 2, 1, bias=False), nn.BatchNorm2d(following)
        self.conv2, self.bn2 = nn.Conv2d(following, following, 3, 1, 1, bias=False), nn.BatchNorm2d(following)
        self.skip = nn.Conv2d(here, following, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.skip(F.avg_pool2d(x, 2)))


class Judge(Classifier):
    """(B, 3, size, size) in -1..1 -> logits (B, classes); `features` gives the (B, 4 width) vector before them.

    `stride` of the first convolution: 2 looks at pictures of twice the size for about the same work.
    """

    def __init__(self, classes: int, size: int = 64, width: int = 32, stride: int = 1) -> None:
        super().__init__()
        self.size, self.dimensions = size, 4 * width
        self.stem = nn.Conv2d(3, width, 3, stride, 1)
        self.blocks = nn.Sequential(_Block(width, width), _Block(width, 2 * width), _Block(2 * width, 4 * width))
        self.head = nn.Linear(self.dimensions, classes)

    def features(self, images: Tensor) -> Tensor:
        """images (B, 3, size, size) in -1..1 -> (B, 4 width)."""
        return self.blocks(F.relu(self.stem(images))).mean((2, 3))

    def looked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, size, size) in -1..1 -> features (B, 4 width) and logits (B, classes), without dropout."""
        features = self.features(images)
        return features, self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        """images (B, 3, size, size) in -1..1 -> logits (B, classes)."""
        return self.head(F.dropout(self.features(images), 0.2, self.training))
