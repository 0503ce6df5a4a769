"""Conditional accuracy: does a sample of a class look like that class to a classifier that no generator was trained on.

A classifier is right on real pictures less than always, so the same numbers of real held-out pictures stand beside: the
ceiling. Shares carry Wilson's interval (Wilson 1927, in the form of Brown, Cai, DasGupta 2001, eq. 4), which is honest at
small n and at 0 % and 100 %; means over classes and ratios carry a bootstrap over pictures within each class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selvedge.errors import SelvedgeError
from training.evaluation.resampling import wilson


def share_of(hits: int, n: int) -> dict:
    """{"n", "share", "interval"} of a count; the share is None where n is 0."""
    return {"n": int(n), "share": hits / n if n else None, "interval": list(wilson(hits, n))}


def agreement(
    logits: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    real_logits: ArrayLike | None = None,
    real_labels: ArrayLike | None = None,
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> dict:
    """How often samples (N, classes) logits, made as `labels` (N,), are taken for their class.

    Returns n, accuracy and interval (Wilson); balanced, the mean over the classes that there are, with its bootstrap
    interval; by_class {class: n, accuracy, interval, taken_for}; confusion, rows made as, columns taken for; with real
    pictures also real (the same of them), of_ceiling, balanced accuracy over theirs on the classes of both, and above_chance,
    the same of what both have more than samples that all look alike would: 0 for those, 1 for real ones. These two carry
    bootstrap intervals, and are left out where real pictures have no more than nothing, or than chance. Raises SelvedgeError
    where shapes do not fit, a label is no class or a logit is no number.
    """
    guess, labels = _guessed(logits, labels, classes, "samples")
    found = _counted(guess, labels, classes, seed, resamples)
    if real_logits is None or real_labels is None:
        return found
    real_guess, real_labels = _guessed(real_logits, real_labels, classes, "real pictures")
    found["real"] = _counted(real_guess, real_labels, classes, seed, resamples)
    both = np.intersect1d(labels, real_labels)
    if len(both):
        rng = np.random.default_rng(seed)
        ours, ours_drawn = _balanced(guess, labels, both, rng, resamples)
        real, real_drawn = _balanced(real_guess, real_labels, both, rng, resamples)
        for name, nothing in (("of_ceiling", 0.0), ("above_chance", 1 / len(both))):
            if real > nothing:
                ratios = (ours_drawn - nothing) / np.maximum(real_drawn - nothing, 1e-9)
                ratio = float((ours - nothing) / (real - nothing))
                found[name] = {"ratio": ratio, "interval": _middle(ratios), "classes": len(both)}
    return found


def _guessed(logits: ArrayLike, labels: ArrayLike, classes: Sequence[str], what: str) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or logits.shape[1] != len(classes) or labels.shape != logits.shape[:1]:
        raise SelvedgeError(
            f"{what}: logits {logits.shape} and labels {labels.shape} do not fit {len(classes)} classes; "
            "measure with a classifier of the same classes"
        )
    if not np.isfinite(logits).all():
        raise SelvedgeError(
            f"{what}: {int((~np.isfinite(logits)).any(1).sum())} of {len(logits)} have no finite logits"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
        raise SelvedgeError(f"{what}: labels must be 0 to {len(classes) - 1}, not {labels.min()} to {labels.max()}")
    return logits.argmax(1), labels.astype(np.int64)


def _counted(guess: np.ndarray, labels: np.ndarray, classes: Sequence[str], seed: int, resamples: int) -> dict:
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (labels, guess), 1)
    by_class = {}
    for i, cls in enumerate(classes):
        row = confusion[i]
        n, hits = int(row.sum()), int(row[i])
        others = [(int(count), classes[j]) for j, count in enumerate(row) if count and j != i]
        by_class[cls] = {
            "n": n,
            "accuracy": hits / n if n else None,
            "interval": list(wilson(hits, n)),
            "taken_for": max(others, key=lambda other: other[0])[1] if others else None,
        }
    n, hits = len(labels), int(np.trace(confusion))
    found: dict = {"n": n, "accuracy": hits / n if n else None, "interval": list(wilson(hits, n))}
    if n:
        there = np.unique(labels)
        value, drawn = _balanced(guess, labels, there, np.random.default_rng(seed), resamples)
        found["balanced"] = {"accuracy": value, "interval": _middle(drawn), "classes": len(there)}
    return found | {"by_class": by_class, "classes": list(classes), "confusion": confusion.tolist()}


def _balanced(
    guess: np.ndarray, labels: np.ndarray, there: np.ndarray, rng: np.random.Generator, resamples: int
) -> tuple[float, np.ndarray]:
    """Mean accuracy over the classes `there`, and the same of `resamples` redrawings within each class."""
    sizes = np.array([(labels == i).sum() for i in there])
    shares = np.array([(guess[labels == i] == i).mean() for i in there])
    # n pictures drawn with replacement are right as often as a binomial says
    drawn = rng.binomial(sizes, shares, (resamples, len(there))) / sizes
    return float(shares.mean()), drawn.mean(1)


def _middle(drawn: np.ndarray) -> list[float]:
    return [float(value) for value in np.quantile(drawn, (0.025, 0.975))]
