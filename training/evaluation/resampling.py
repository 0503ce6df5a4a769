"""What intervals and tests share: an order of pictures that is theirs, random groups of them, the interval of a share."""

from __future__ import annotations

import math

import numpy as np

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
    """The 95 % interval of a share of `hits` in `n` (Wilson 1927); (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    share, square = float(hits) / n, Z * Z / n
    centre, half = share + square / 2, Z * math.sqrt(share * (1 - share) / n + square / (4 * n))
    # at a share of 0 or 1 an end lies on it, but for rounding
    return max(0.0, min(share, (centre - half) / (1 + square))), min(1.0, max(share, (centre + half) / (1 + square)))
