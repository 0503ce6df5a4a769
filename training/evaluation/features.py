"""What scores are measured on: a classifier's features, also as torch-fidelity's extractor; and plain facts of the pixels."""

from __future__ import annotations

import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor
from torchvision.models import squeezenet1_0

from selvedge import registry
from selvedge.errors import BadBundle
from selvedge.io import sha256_file
from training.data import to_unit
from training.models.bundle import Bundle, as_classifier, load_bundle
from training.models.kinds import Classifier

SHIPPED = registry.SHIPPED / "extractor"


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

    def __getitem__(self, chosen: np.ndarray | slice) -> Looks:
        """Some of the pictures, by index, mask or slice."""
        return Looks(
            self.features[chosen],
            self.logits[chosen],
            self.mean_colour[chosen],
            self.sharpness[chosen],
            self.extractor,
            None if self.labels is None else self.labels[chosen],
        )


@dataclass(frozen=True)
class Extractor:
    """A classifier as an extractor of features; `id` names its exact bytes, and goes with every score."""

    bundle: Bundle

    @classmethod
    def load(cls, path: str | Path) -> Extractor:
        """From the model directory of a classifier, or a file of SqueezeNet's weights.

        The file: torchvision's SqueezeNet 1.0, ImageNet, for a second opinion. Raises BadBundle, also for a model that is no
        classifier.
        """
        extractor = cls(_squeezenet(Path(path)) if Path(path).is_file() else load_bundle(path))
        extractor.network.to(memory_format=torch.channels_last)  # half as fast again on a CPU, or twice
        extractor._register()
        return extractor

    @property
    def network(self) -> Classifier:
        """The classifier."""
        return as_classifier(self.bundle)

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
        return Looks(
            features.numpy(),
            logits.numpy(),
            means.numpy(),
            sharp.numpy(),
            self.id,
            None if labels is None else np.asarray(labels),
        )

    def _fitted(self, images: Tensor) -> Tensor:
        """uint8 of any size -> float -1..1 of the network's size, averaged by area (antialiased)."""
        x, size = to_unit(images), self.network.size
        if x.shape[-2:] != (size, size):
            x = F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)
        return x

    def measure(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """One batch."""
        features, logits = self.network.looked(self._fitted(images))
        return features.cpu(), logits.cpu()

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


class _ImageNet(Classifier):
    """SqueezeNet 1.0 (Iandola et al. 2016) as it learnt ImageNet: it knows no textile, and owes this project nothing.

    features (N, 512): the mean over the picture of the last feature map, at 224 px; logits (N, 1000): ImageNet's classes.
    torchvision's layers, and ImageNet's mean and deviation of colours in -1..1.
    """

    size = 224
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layers = squeezenet1_0()
        self.register_buffer("mean", 2 * torch.tensor([0.485, 0.456, 0.406])[:, None, None] - 1)
        self.register_buffer("std", 2 * torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def looked(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images (B, 3, 224, 224) in -1..1 -> features (B, 512) and logits (B, 1000)."""
        maps = self.layers.features((images - self.mean) / self.std)
        return maps.mean((2, 3)), self.layers.classifier(maps).flatten(1)


def _squeezenet(path: Path) -> Bundle:
    """The network of a weights file; raises BadBundle for another file, a damaged one, and one that would run code."""
    network, sha256, reason = _ImageNet(), sha256_file(path), ""
    promised = re.search(r"-([0-9a-f]{8,})\.", path.name)  # as torchvision names its files
    try:
        network.layers.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        if (promised and not sha256.startswith(promised[1])) or (zipfile.is_zipfile(path) and _spoilt(path)):
            reason = "it is damaged"
    except pickle.UnpicklingError:
        reason = "it is damaged, or holds more than weights"
    except (RuntimeError, TypeError, AttributeError, EOFError, ValueError, KeyError, OSError):
        reason = "it is damaged, or of another network"
    if reason:
        raise BadBundle(
            f"{path}: is not torchvision's SqueezeNet 1.0 ({reason}); bring squeezenet1_0-b66bff10.pth anew, or name the "
            "model directory of a classifier"
        )
    card = {"name": "squeezenet", "sha256": sha256, "family": "squeezenet1_0", "classes": []}
    return Bundle(network.eval(), card)


def _spoilt(path: Path) -> bool:
    """Whether a part of a zip file is not what its checksum says: torch does not look."""
    with zipfile.ZipFile(path) as file:
        return file.testzip() is not None


def _sharpness(x: Tensor) -> Tensor:
    """(B, 3, S, S) in -1..1 -> (B,)."""
    luma = 127.5 * (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return F.conv2d(luma, kernel).square().mean((1, 2, 3)).add(1e-3).log10()
