"""The field's own numbers, by torch-fidelity on its Inception: only where its weights are at hand, and never unchecked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import torch
import torch_fidelity
from torch import Tensor
from torch.utils.data import Dataset

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, sha256_file

WEIGHTS = Path("runs/cache/weights")
INCEPTION_SHA256 = "6726825d"  # how it begins: torch-fidelity publishes no more of it, in the file's name
SIDE = 299  # what Inception looks at


class Listed(Protocol):
    """Pictures (3, H, W) uint8 by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Tensor: ...


def standard(real: Listed, fake: Listed, weights: str | Path, seed: int) -> dict:
    """FID, KID, inception score, precision and recall of two data sets of (3, SIDE, SIDE) uint8 pictures, with both n.

    KID over 50 subsets of min(1000, n); the inception score in ten splits from 500 pictures on. `weights` is
    torch-fidelity's Inception file, or `download`; raises SelvedgeError where it is not.
    """
    path = inception_weights(weights)  # its hash is checked: torch-fidelity unpickles the file
    n = min(len(real), len(fake))
    found = torch_fidelity.calculate_metrics(
        input1=fake,
        input2=real,
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=str(path),
        **{"fid": True, "kid": True, "isc": True, "prc": True},
        kid_subset_size=min(1000, n),
        kid_subsets=50,
        isc_splits=10 if len(fake) >= 500 else 1,
        batch_size=1 if n < 64 else 32,
        rng_seed=seed,
        **{"cuda": torch.cuda.is_available(), "cache": False, "save_cpu_ram": True, "verbose": False},
    )
    return {**{name: float(value) for name, value in found.items()}, "n": len(fake), "n_real": len(real)}


class Pictures(Dataset):
    """(N, 3, H, W) uint8 as the data set that torch-fidelity wants."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


def inception_weights(weights: str | Path) -> Path:
    """torch-fidelity's Inception weights, a file or `download`, once their SHA-256 is seen to be theirs.

    Raises SelvedgeError where there is no such file, no network, or another file.
    """
    path = Path(weights)
    if str(weights) == "download":
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

        path = WEIGHTS / URL_INCEPTION_V3.rsplit("/", 1)[1]
        if not path.exists():
            _download(URL_INCEPTION_V3, path)
    if not path.is_file():
        raise SelvedgeError(f"Inception weights {path}: there is no such file; without them there is no FID")
    if not sha256_file(path).startswith(INCEPTION_SHA256):
        raise SelvedgeError(f"Inception weights {path}: the SHA-256 is not that of torch-fidelity's file")
    return path


def _download(address: str, path: Path) -> None:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=60) as answer, atomic_path(path) as partial:
            print(f"downloading {path.name}", flush=True)
            with partial.open("wb") as file:
                shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise SelvedgeError(
            f"Inception weights cannot be downloaded ({reason}); bring {path.name} here and name it, or do without FID"
        ) from None
