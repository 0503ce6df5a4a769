"""Frechet distance, KID and inception score of generated pictures, through torch-fidelity, with intervals and floor."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch
import torch_fidelity
from torch import Tensor
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, sha256_file
from training.evaluation.features import Extractor, Pictures

WEIGHTS = Path("runs/cache/weights")
INCEPTION_SHA256 = "6726825d"  # how it begins: torch-fidelity publishes no more of it, in the file's name


def score_sets(real: Tensor, fake: Tensor, extractor: Extractor, *, seed: int, resamples: int) -> dict:
    """Scores of `fake` against `real`, both (N, 3, H, W) uint8; keys are named by the extractor.

    fd: Frechet distance of Gaussians (Heusel et al. 2017, eq. 6). It falls with n, so compare it at equal n only;
    fd_low and fd_high are the point -+ 1.96 bootstrap deviations. kid: unbiased MMD^2, cubic kernel (Binkowski et al.
    2018, eq. 4), with the deviation over subsets. is: exp of the mean KL (Salimans et al. 2016, eq. 1), with its splits.
    """
    name, n = extractor.name, min(len(real), len(fake))
    splits = 10 if len(fake) >= 500 else 1
    found = torch_fidelity.calculate_metrics(
        input1=Pictures(fake),
        input2=Pictures(real),
        feature_extractor=extractor.id,
        fid=True,
        kid=True,
        isc=True,
        isc_splits=splits,
        kid_subset_size=min(1000, n),
        kid_subsets=50,
        rng_seed=seed,
        cuda=False,
        cache=False,
        save_cpu_ram=True,  # no loader processes
        verbose=False,
    )
    fd = float(found["frechet_inception_distance"])
    spread = _bootstrap_fd(extractor(real)[0], extractor(fake)[0], seed, resamples)
    return {
        f"fd_{name}": fd,
        f"fd_{name}_low": max(0.0, fd - 1.96 * spread),
        f"fd_{name}_high": fd + 1.96 * spread,
        f"kid_{name}": float(found["kernel_inception_distance_mean"]),
        f"kid_{name}_std": float(found["kernel_inception_distance_std"]),
        f"is_{name}": float(found["inception_score_mean"]),
        f"is_{name}_std": float(found["inception_score_std"]),
        "is_splits": splits,
        "n": len(fake),
        "n_real": len(real),
        "extractor": extractor.id,
    }


def frechet(one: Tensor, other: Tensor) -> float:
    """Frechet distance between two sets of features, (N, D) each."""
    statistics = [fid_features_to_statistics(x.double()) for x in (one, other)]
    return float(fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"])


def _bootstrap_fd(real: Tensor, fake: Tensor, seed: int, resamples: int) -> float:
    """Standard deviation of the Frechet distance when both sets are drawn anew with replacement."""
    rng = np.random.default_rng(seed)
    values = [
        frechet(real[rng.integers(len(real), size=len(real))], fake[rng.integers(len(fake), size=len(fake))])
        for _ in range(resamples)
    ]
    return float(np.std(values, ddof=1))


def real_floor(real: Tensor, other_real: Tensor, n: int, extractor: Extractor, seed: int) -> dict:
    """What real pictures score against real ones of other cloth, at the same n as far as there are so many."""
    order = torch.randperm(len(other_real), generator=torch.Generator().manual_seed(seed))[:n]
    name = extractor.name
    found = score_sets(real, other_real[order], extractor, seed=seed, resamples=20)
    return {key: found[key] for key in (f"fd_{name}", f"kid_{name}", f"is_{name}", "n")}


def fid_proper(real: Tensor, fake: Tensor, weights: str | Path) -> dict:
    """FID on Inception (the 2015 graph), when its weights file is at hand; its hash is checked before it is unpickled."""
    path = inception_weights(weights)
    found = torch_fidelity.calculate_metrics(
        input1=Pictures(fake),
        input2=Pictures(real),
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=str(path),
        fid=True,
        cuda=torch.cuda.is_available(),
        cache=False,
        save_cpu_ram=True,
        verbose=False,
    )
    return {"fid": float(found["frechet_inception_distance"]), "fid_n": len(fake)}


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


def agreement(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict:
    """Share of pictures that the judge takes for the class they were made as: overall, and by class."""
    right = logits.argmax(1) == labels
    return {
        "class_agreement": float(right.float().mean()),
        "by_class": {cls: float(right[labels == i].float().mean()) for i, cls in enumerate(classes)},
    }
