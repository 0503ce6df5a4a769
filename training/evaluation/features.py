"""What scores are measured on: a classifier's features, also as torch-fidelity's extractor; and plain facts of the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor

from training.data import to_unit
from training.models.bundle import Bundle, load_bundle

SHIPPED = Path(__file__).parents[2] / "inference" / "weights" / "extractor"


@dataclass(frozen=True)
class Looks:
    """What is measured of N pictures; row i of each is picture i.

    features (N, D) and logits (N, classes) float32; mean_colour (N, 3) in 0..255; sharpness (N,), the log10 of the mean
    square of the luma's discrete Laplacian, in square grey levels, at the extractor's size; labels (N,) class indices or None.
    """

    features: np.ndarray
    logits: np.ndarray
    mean_colour: np.ndarray
    sharpness: np.ndarray
    extractor: str
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, chosen: np.ndarray) -> Looks:
        """Some of the pictures, by index or mask."""
        labels = None if self.labels is None else self.labels[chosen]
        values = (self.features, self.logits, self.mean_colour, self.sharpness)
        return Looks(*(value[chosen] for value in values), self.extractor, labels)


@dataclass(frozen=True)
class Extractor:
    """A classifier as an extractor of features; `id` names its exact bytes, and goes with every score."""

    bundle: Bundle

    @classmethod
    def load(cls, directory: str | Path) -> Extractor:
        """From the model directory of a classifier that has `features` and `head`; raises BadBundle."""
        extractor = cls(load_bundle(directory))
        extractor._register()
        return extractor

    @property
    def name(self) -> str:
        """What the scores are named by."""
        return self.bundle.card["name"]

    @property
    def id(self) -> str:
        """name@version."""
        return f"{self.name}@{self.bundle.version}"

    @torch.no_grad()
    def __call__(self, images: Tensor, batch: int = 128) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) uint8 of any size -> features (N, D) and logits (N, classes), float32 on the CPU.

        Pictures are averaged by area to the judge's size, without aliasing.
        """
        parts = [self.measure(part) for part in images.split(batch)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    @torch.no_grad()
    def look(self, images: Tensor, labels: np.ndarray | None = None, batch: int = 128) -> Looks:
        """Everything that is measured of (N, 3, H, W) uint8 of any size."""
        features, logits = self(images, batch)
        means = torch.cat([part.float().mean((2, 3)) for part in images.split(batch)])
        sharp = torch.cat([_sharpness(self._fitted(part)) for part in images.split(batch)])
        values = (value.numpy() for value in (features, logits, means, sharp))
        return Looks(*values, self.id, None if labels is None else np.asarray(labels))

    def _fitted(self, images: Tensor) -> Tensor:
        """uint8 of any size -> float -1..1 of the network's size, averaged by area (antialiased)."""
        x, size = to_unit(images), self.bundle.network.size
        if x.shape[-2:] != (size, size):
            x = F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)
        return x

    def measure(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """One batch."""
        network = self.bundle.network
        features = network.features(self._fitted(images))
        return features.cpu(), network.head(features).cpu()

    def _register(self) -> None:
        """Make torch-fidelity know this extractor by its id."""
        outer = self

        class Registered(FeatureExtractorBase):
            """torch-fidelity's view of the judge."""

            def __init__(self, name: str, features_list: list[str], **_: object) -> None:
                super().__init__(name, features_list)

            @staticmethod
            def get_provided_features_list() -> tuple[str, ...]:
                return "features", "logits"

            @staticmethod
            def get_default_feature_layer_for_metric(metric: str) -> str:
                return "logits" if metric == "isc" else "features"

            @staticmethod
            def can_be_compiled() -> bool:
                return False

            @staticmethod
            def get_dummy_input_for_compile() -> Tensor:
                return torch.zeros(1, 3, 64, 64, dtype=torch.uint8)

            def forward(self, images: Tensor) -> tuple[Tensor, ...]:
                found = dict(zip(("features", "logits"), outer.measure(images), strict=True))
                return tuple(found[name] for name in self.features_list)

        if self.id not in FEATURE_EXTRACTORS_REGISTRY:
            register_feature_extractor(self.id, Registered)


def _sharpness(x: Tensor) -> Tensor:
    """(B, 3, S, S) in -1..1 -> (B,)."""
    luma = 127.5 * (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return F.conv2d(luma, kernel).square().mean((1, 2, 3)).add(1e-3).log10()


class Pictures(torch.utils.data.Dataset):
    """(N, 3, H, W) uint8 as the data set that torch-fidelity wants."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]
