"""The exact Frechet distance at n = 1000, d = 2048 against the one with scipy's matrix root, and how far they are apart."""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
import scipy.linalg

from benchmarks import Figure, show
from training.evaluation.frechet import frechet

N, D, ROUNDS = 1000, 2048, 3


def features(seed: int, shift: float) -> np.ndarray:
    """Features as networks have them: above 0, correlated, a few directions with most of the variance."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((N, D)) * np.exp(-np.arange(D) / 300)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((D, D)))[0]
    return np.maximum(mixed @ turn * 3 + 0.3 + shift, 0)


def by_sqrtm(one: np.ndarray, other: np.ndarray) -> float:
    """The textbook's form."""
    mean = one.mean(0) - other.mean(0)
    covariances = [np.cov(x, rowvar=False) for x in (one, other)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    return float(mean @ mean + np.trace(covariances[0] + covariances[1] - 2 * root.real))


def seconds(work, one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    began = time.perf_counter()
    value = work(one, other)
    return time.perf_counter() - began, value


def main() -> None:
    """Print the figures."""
    one, other = features(1, 0), features(2, 0.02)
    frechet(one, other)
    rounds = 1 if "--long" not in sys.argv else ROUNDS
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(seconds(by_sqrtm, one, other))
        ours += [seconds(frechet, one, other) for _ in range(3)]
    value, baseline = (statistics.median(s for s, _ in runs) for runs in (ours, theirs))
    error = abs(ours[0][1] - theirs[0][1]) / theirs[0][1]
    show(
        [
            Figure("frechet", value, "s", N, "scipy sqrtm", baseline, baseline / value),
            Figure("frechet_error", error, "relative", N),
        ]
    )


if __name__ == "__main__":
    main()
