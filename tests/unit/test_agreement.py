"""Conditional accuracy: counts that can be done by hand, and intervals against a reference."""

import numpy as np
import pytest
from scipy.stats import binomtest

from selvedge.errors import SelvedgeError
from training.evaluation.agreement import agreement, wilson

CLASSES = ("plain", "dots", "checks")


def votes(*guesses: int) -> np.ndarray:
    """Logits whose largest is at each guess."""
    return np.eye(3)[list(guesses)] * 5 - 2


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (7, 10), (480, 500), (1, 3)])
def test_wilson_is_scipys(hits, n):
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_accuracy_confusion_and_what_a_class_is_taken_for():
    found = agreement(votes(0, 1, 1, 1, 2, 0), np.array([0, 0, 0, 1, 1, 1]), CLASSES)
    assert (found["n"], found["accuracy"]) == (6, pytest.approx(2 / 6))
    assert found["confusion"] == [[1, 2, 0], [1, 1, 1], [0, 0, 0]]
    assert found["by_class"]["plain"] == {
        **{"n": 3, "accuracy": pytest.approx(1 / 3), "interval": list(wilson(1, 3)), "taken_for": "dots"}
    }
    assert found["by_class"]["checks"] == {"n": 0, "accuracy": None, "interval": [0.0, 1.0], "taken_for": None}
    assert found["balanced"]["classes"] == 2
    assert found["balanced"]["accuracy"] == pytest.approx(1 / 3)
    assert "real" not in found


def test_balanced_counts_classes_not_pictures():
    labels = np.array([0] * 90 + [1] * 10)
    found = agreement(votes(*[0] * 100), labels, CLASSES)
    assert found["accuracy"] == 0.9
    assert found["balanced"]["accuracy"] == 0.5


def test_real_pictures_are_the_ceiling():
    labels = np.repeat([0, 1, 2], 50)
    made = labels.copy()
    made[::2] = (made[::2] + 1) % 3  # every second one looks like the next class
    real = labels.copy()
    real[::5] = (real[::5] + 1) % 3
    found = agreement(votes(*made), labels, CLASSES, votes(*real), labels, seed=1)
    assert found["accuracy"] == 0.5
    assert found["real"]["accuracy"] == 0.8
    assert found["of_ceiling"]["ratio"] == pytest.approx(0.625)
    low, high = found["of_ceiling"]["interval"]
    assert 0.5 < low < 0.625 < high < 0.75
    # of three classes a third is right by chance: (1/2 - 1/3) / (4/5 - 1/3)
    assert found["above_chance"]["ratio"] == pytest.approx(5 / 14)
    low, high = found["above_chance"]["interval"]
    assert 0.1 < low < 5 / 14 < high < 0.6
    assert found == agreement(votes(*made), labels, CLASSES, votes(*real), labels, seed=1)


def test_samples_that_all_look_alike_have_nothing_above_chance_and_a_judge_that_guesses_says_nothing():
    labels = np.repeat([0, 1, 2], 50)
    alike = agreement(votes(*[1] * 150), labels, CLASSES, votes(*labels), labels)
    assert alike["of_ceiling"]["ratio"] == pytest.approx(1 / 3)  # which looks like something
    assert alike["above_chance"]["ratio"] == pytest.approx(0)
    assert "above_chance" not in agreement(votes(*labels), labels, CLASSES, votes(*[1] * 150), labels)


def test_the_bootstrap_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    covered = 0
    for seed in range(100):
        right = rng.random(len(labels)) < np.array([0.5, 0.7, 0.9])[labels]
        found = agreement(votes(*np.where(right, labels, (labels + 1) % 3)), labels, CLASSES, seed=seed, resamples=200)
        low, high = found["balanced"]["interval"]
        covered += low <= 0.7 <= high
    assert 88 <= covered <= 100


def test_mistakes_are_named():
    with pytest.raises(SelvedgeError, match="do not fit 3 classes"):
        agreement(np.zeros((4, 2)), np.zeros(4), CLASSES)
    with pytest.raises(SelvedgeError, match="labels must be 0 to 2, not 0 to 3"):
        agreement(votes(0, 0), np.array([0, 3]), CLASSES)
    with pytest.raises(SelvedgeError, match="real pictures: 1 of 2 have no finite logits"):
        agreement(votes(0), np.array([0]), CLASSES, votes(0, 1) * np.array([[1], [np.nan]]), np.array([0, 1]))
