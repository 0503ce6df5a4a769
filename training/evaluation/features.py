"""What scores are measured on: the judge's features, as torch-fidelity's extractor; Inception's where its weights are given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor

from training.data import to_unit
from training.models.bundle import Bundle, load_bundle


@dataclass(frozen=True)
class Extractor:
    """A judge as an extractor of features; `id` names its exact bytes, and goes with every score."""

    bundle: Bundle

    @classmethod
    def load(cls, directory: str | Path) -> Extractor:
        """From a model directory of the judge; raises BadBundle."""
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

    def measure(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """One batch."""
        judge = self.bundle.network
        x = to_unit(images)
        if x.shape[-2:] != (judge.size, judge.size):
            x = F.interpolate(x, (judge.size, judge.size), mode="bilinear", antialias=True, align_corners=False)
        features = judge.features(x)
        return features.cpu(), judge.head(features).cpu()

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


class Pictures(torch.utils.data.Dataset):
    """(N, 3, H, W) uint8 as the data set that torch-fidelity wants."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]
