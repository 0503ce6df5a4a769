"""What intervals and tests share: an order of pictures that is theirs, random groups of them, intervals of shares."""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, binomtest

from training.evaluation.features import Looks

Z = 1.959964  # of 95 %


def canonical(looks: Looks) -> Looks:
    """The same pictures in an order that is theirs, not the folder's: what is drawn at random does not depend on it."""
    columns = [looks.sharpness, *looks.mean_colour.T, *looks.features.T[:8]]
    if looks.labels is not None:
        columns.append(looks.labels)
    return looks[np.lexsort(columns)]


def group_numbers(n: int, groups: int, rng: np.random.Generator) -> np.ndarray:
    """Which of `groups` nearly equal random groups each of n pictures is in, (n,)."""
    return rng.permutation(n) % groups


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `hits` in `n` that were drawn independently (Wilson 1927); (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    found = binomtest(round(hits), n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def share_interval(share: float, deviation: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n pictures that hang together, so that it scatters by `deviation`; in 0..1, around it.

    Clopper and Pearson's, at the effective sample size (Korn and Graubard 1998): of as many independent pictures as would
    scatter so, p (1 - p) / deviation^2, but of no more than there are. There p is (hits + 1) / (n + 2), which is neither
    0 nor 1: what has not been seen to scatter may still do so.
    """
    p = (n * share + 1) / (n + 2)
    size = n if deviation == 0 else min(n, p * (1 - p) / deviation**2)
    hits = size * share
    low = beta.ppf(0.025, hits, size - hits + 1) if share > 0 else 0.0
    high = beta.ppf(0.975, hits + 1, size - hits) if share < 1 else 1.0
    return min(share, float(low)), max(share, float(high))  # they lie around it, but for rounding
