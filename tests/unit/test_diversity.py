"""No two drawn textiles are alike, and the measures that say so see what an eye sees."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers import ROOT

from drawing import diversity, textiles
from drawing.diversity import (
    AKIN,
    ALIKE,
    describe,
    measure,
    nearest,
    perceptual_hash,
    same_design,
    sample,
)
from drawing.textiles.colours import COLOURS
from selvedge.errors import SelvedgeError


def _picture(cls: str, seed: int, **more) -> np.ndarray:
    return np.asarray(textiles.render(cls, seed, 96, **more).image)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(describe(one) - describe(other)))


def test_a_shifted_cut_of_the_same_cloth_is_alike_and_another_dye_scale_or_turn_is_not():
    y, x = np.mgrid[0:96, 0:96]

    def stripes(period: float, shift: float = 0, turned: bool = False, dye: str = "navy") -> np.ndarray:
        on = ((y if turned else x) + shift) % period < period / 2
        pair = [np.array(list(bytes.fromhex(COLOURS[name][1:])), np.uint8) for name in (dye, "ivory")]
        return np.where(on[..., None], pair[0], pair[1])

    first = stripes(12)
    assert _apart(first, first) == 0
    assert _apart(first, stripes(12, shift=5)) < ALIKE
    for other in (stripes(12, dye="forest"), stripes(24), stripes(12, turned=True)):
        assert _apart(first, other) > AKIN


def test_thresholds_are_what_two_scans_of_one_design_give():
    """1,000 designs gave a median of 0.077 and a 1st percentile of 0.031; forty must not contradict them."""
    apart = [same_design((cls, seed)) for cls in textiles.CLASSES for seed in range(4)]
    assert np.median(apart) == pytest.approx(AKIN, rel=0.3)
    assert np.mean(np.array(apart) < ALIKE) <= 0.06


def test_nearest_is_what_comparing_all_pairs_gives():
    rng = np.random.default_rng(0)
    one = sample(("solid", 0))
    drawn = [replace(one, descriptor=rng.random(40, dtype=np.float32)) for _ in range(600)]
    points = np.stack([one.descriptor for one in drawn]).astype(np.float64)
    away = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(away, np.inf)
    distances, neighbours = nearest(drawn)
    assert np.array_equal(neighbours, away.argmin(axis=1))
    assert distances == pytest.approx(away.min(axis=1), abs=1e-5)


def test_copies_are_counted():
    drawn = [sample(("striped", seed)) for seed in range(4)]
    assert measure(drawn)["identical"] == measure(drawn)["alike"] == 0
    result = measure([*drawn, drawn[2]])
    assert (result["identical"], result["phash"], result["alike"]) == (1, 1, 2)
    assert result["classes"]["striped"]["identical"] == 1
    assert result["closest"][0][2] == 0


def test_a_perceptual_hash_outlives_noise():
    picture = _picture("floral", 3)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
    assert (perceptual_hash(picture) ^ perceptual_hash(noisy)).bit_count() <= 4
    assert (perceptual_hash(picture) ^ perceptual_hash(_picture("floral", 4))).bit_count() >= 8


def _check(result: dict) -> None:
    assert result["identical"] == 0
    assert result["alike"] == 0, result["closest"]


def test_no_two_of_300_are_alike():
    result = measure(diversity.samples(300))
    _check(result)
    assert result["akin_share"] < 0.06  # measured: 0.01
    assert result["colours"] >= 100
    assert all(
        one["styles"] == len(textiles.STYLES[cls]) or one["styles"] >= 6 for cls, one in result["classes"].items()
    )


@pytest.mark.long
def test_no_two_of_10000_are_alike():
    result = measure(diversity.samples(10_000))
    _check(result)
    assert result["colours"] == len(COLOURS)


def test_the_command_prints_a_line_of_json():
    command = [sys.executable, "-m", "drawing.diversity", "--n", "10", "--json", "--workers", "1"]
    done = subprocess.run([*command, "--size", "32"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["n"] == 10
    assert done.stdout.count("\n") == 1
    wrong = subprocess.run([*command, "--size", "3"], cwd=ROOT, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert "size 3" in wrong.stderr


@pytest.mark.parametrize("n", [-1, 0, 1])
def test_one_textile_has_no_neighbour(n):
    with pytest.raises(SelvedgeError, match="at least two"):
        diversity.samples(n)
