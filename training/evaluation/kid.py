"""The kernel distance of two sets of features (KID) and its bootstrap, on Gram matrices that are made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Grams:
    """Kernels among the first set (n, n), among the second (m, m), and between them (n, m)."""

    one: np.ndarray
    other: np.ndarray
    between: np.ndarray

    @classmethod
    def of(cls, one: ArrayLike, other: ArrayLike) -> Grams:
        """For features (n, d) and (m, d), by k(x, y) = (x.y / d + 1)^3 (Binkowski et al. 2018, below eq. 4)."""
        x, y = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
        return cls(_kernel(x, x), _kernel(y, y), _kernel(x, y))


def kid(one: ArrayLike, other: ArrayLike) -> float:
    """KID of features (n, d) and (m, d), two pictures or more in each: see `mmd2`."""
    return mmd2(Grams.of(one, other))


def mmd2(grams: Grams) -> float:
    """Unbiased squared maximum mean discrepancy (Binkowski et al. 2018, eq. 4); below 0 by chance where sets are alike.

    Over all pictures of both sets: what the mean over random subsets of any size tends to, without their noise.
    """
    every = [np.ones((1, len(gram))) for gram in (grams.one, grams.other)]
    return float(_weighted(grams, *every)[0])


def resampled(grams: Grams, rng: np.random.Generator, resamples: int) -> np.ndarray:
    """`mmd2` of `resamples` bootstrap draws of both sets, (resamples,).

    A draw is a row of counts, so it costs a product with the Gram matrix and no kernel. A picture that is drawn twice does
    not meet itself: with such pairs every draw would look closer within than the sets are.
    """
    counts = [
        rng.multinomial(len(gram), np.full(len(gram), 1 / len(gram)), size=resamples).astype(float)
        for gram in (grams.one, grams.other)
    ]
    return _weighted(grams, *counts)


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values = x @ y.T / x.shape[1] + 1
    return values * values * values


def _weighted(grams: Grams, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The estimate for each row of weights, (r, n) and (r, m)."""
    between = ((one @ grams.between) * other).sum(1)
    return _within(grams.one, one) + _within(grams.other, other) - 2 * between / (one.sum(1) * other.sum(1))


def _within(gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean kernel of two different pictures, for each row of weights."""
    squares = weights * weights
    pairs = ((weights @ gram) * weights).sum(1) - squares @ np.diagonal(gram)
    return pairs / (weights.sum(1) ** 2 - squares.sum(1))
