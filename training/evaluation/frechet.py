"""The Frechet distance between Gaussians fitted to two sets of features: exact, without the root of a d x d product.

With covariances S = F'F the trace of (S1 S2)^(1/2) is the nuclear norm of F1 F2' (Dowson and Landau 1982 give the distance;
F1 F2' and S1 S2 have, squared, the same non-zero spectrum). F is the centred features themselves where there are fewer
of them than dimensions, n x n then, and their triangular factor where there are more. Singular values need no root of a
matrix that rounding has made indefinite, which is where sqrtm blows up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from selvedge.errors import SelvedgeError


@dataclass(frozen=True)
class Gaussian:
    """Mean (d,) and a factor (k, d) of the covariance, F'F, k at most d; `n` samples it was fitted to."""

    mean: np.ndarray
    factor: np.ndarray
    n: int

    @classmethod
    def fit(cls, features: ArrayLike) -> Gaussian:
        """To (n, d) features, with the unbiased covariance, as FID's; raises SelvedgeError below two samples."""
        x = np.asarray(features, dtype=np.float64)
        if x.ndim != 2 or len(x) < 2:
            raise SelvedgeError(f"a Frechet distance needs two pictures or more in each set, not {len(x)}")
        mean = x.mean(0)
        centred = (x - mean) / np.sqrt(len(x) - 1)
        factor = np.asarray(np.linalg.qr(centred, mode="r")) if len(x) > x.shape[1] else centred
        return cls(mean, factor, len(x))

    @property
    def trace(self) -> float:
        """The covariance's trace."""
        return float(np.square(self.factor).sum())


def distance(one: Gaussian, other: Gaussian) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)): Heusel et al. 2017, eq. 6; never below 0."""
    gap = float(np.square(one.mean - other.mean).sum())
    root = float(np.linalg.svd(one.factor @ other.factor.T, compute_uv=False).sum())
    return max(0.0, gap + one.trace + other.trace - 2 * root)


def frechet(one: ArrayLike, other: ArrayLike) -> float:
    """Frechet distance between two sets of features, (n, d) each."""
    return distance(Gaussian.fit(one), Gaussian.fit(other))


def _draw(rng: np.random.Generator, share: float, *sets: np.ndarray) -> Sequence[np.ndarray]:
    return [x[rng.permutation(len(x))[: max(2, round(share * len(x)))]] for x in sets]
