"""Precision, recall, density and coverage: whether two sets of features lie in each other's neighbourhoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

K = 5  # the neighbour whose distance is a picture's radius; Naeem et al. 2020 use 5, Kynkaanniemi et al. 2019 use 3
NAMES = ("precision", "recall", "density", "coverage")
SPARE = 45  # more neighbours than K are kept, so that a radius is known also when half of the pictures are left out


@dataclass(frozen=True)
class Neighbours:
    """Distances between two sets (n real, m fake) and each picture's nearest in its own set: all that is needed."""

    between: np.ndarray  # (n, m)
    real: tuple[np.ndarray, np.ndarray]  # who (n, SPARE) and how far, nearest first
    fake: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, real: ArrayLike, fake: ArrayLike, k: int = K) -> Neighbours:
        """For features (n, d) and (m, d), more than k in each."""
        x, y = np.asarray(real, dtype=np.float64), np.asarray(fake, dtype=np.float64)
        return cls(squared_distances(x, y), _nearest(x, k + SPARE), _nearest(y, k + SPARE))


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, d) and (m, d) -> (n, m); never below 0."""
    far = (x * x).sum(1)[:, None] + (y * y).sum(1) - 2 * (x @ y.T)
    return np.maximum(far, 0, out=far)


def manifold(real: ArrayLike, fake: ArrayLike, k: int = K) -> dict[str, float]:
    """The four measures of features (n, d) and (m, d), more than k pictures in each.

    precision: share of fakes within the ball of some real picture, to its k-th neighbour; recall: the same the other way
    (Kynkaanniemi et al. 2019, eq. 2 and 3). density: balls of real pictures that a fake lies in, over k; coverage: share
    of real pictures with a fake in their ball (Naeem et al. 2020, eq. 3 and 4). All in 0..1 but density, which is about 1
    where sets are alike and has no upper limit.
    """
    return dict(zip(NAMES, measure(Neighbours.of(real, fake, k), k), strict=True))


def spread(neighbours: Neighbours, k: int, rng: np.random.Generator, splits: int = 50) -> np.ndarray:
    """Standard deviations (4,) of the measures, from `splits` random splits of both sets in two halves.

    The halves are sets of their own, so the difference between them has twice the variance of a half, and that is twice
    the variance of the whole. Not a bootstrap: a picture that is drawn twice has itself for a neighbour, and every radius
    would shrink. Nor a jackknife, which overstates by half the spread of what hangs on single pictures.
    """
    sizes, squares = neighbours.between.shape, np.zeros(4)
    for _ in range(splits):
        real, fake = (rng.permutation(n) < n // 2 for n in sizes)
        squares += np.square(np.subtract(measure(neighbours, k, real, fake), measure(neighbours, k, ~real, ~fake)))
    return np.sqrt(squares / splits) / 2


def _nearest(x: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    far = squared_distances(x, x)
    np.fill_diagonal(far, np.inf)
    most = min(most, len(x) - 1)
    who = np.argpartition(far, most - 1, axis=1)[:, :most]
    how_far = np.take_along_axis(far, who, 1)
    order = how_far.argsort(1)
    return np.take_along_axis(who, order, 1), np.take_along_axis(how_far, order, 1)


def _radii(nearest: tuple[np.ndarray, np.ndarray], k: int, kept: np.ndarray | None) -> np.ndarray:
    """Squared distance to the k-th neighbour that is kept, (n,)."""
    who, how_far = nearest
    if kept is None or kept.all():
        return how_far[:, k - 1]
    found = kept[who].cumsum(1) == k
    # argmax is the first column that makes k; where even the spare ones do not, the farthest known stands in
    column = np.where(found.any(1), found.argmax(1), who.shape[1] - 1)
    return how_far[np.arange(len(who)), column]


def measure(
    neighbours: Neighbours, k: int, real: np.ndarray | None = None, fake: np.ndarray | None = None
) -> tuple[float, float, float, float]:
    """The four measures of the pictures that are kept (bool, n and m; None is all)."""
    between = neighbours.between
    r_real, r_fake = _radii(neighbours.real, k, real), _radii(neighbours.fake, k, fake)
    if real is not None and not real.all():
        between, r_real = between[real], r_real[real]
    if fake is not None and not fake.all():
        between, r_fake = between[:, fake], r_fake[fake]
    balls = (between <= r_real[:, None]).sum(0)
    recall = (between <= r_fake).any(1).mean()
    coverage = (between.min(1) <= r_real).mean()
    return float((balls > 0).mean()), float(recall), float(balls.mean() / k), float(coverage)
