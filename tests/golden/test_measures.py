"""Measures against references: torch-fidelity, scipy, brute force, hand-made cases, and simulations with a known answer."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from selvedge.errors import SelvedgeError
from training.evaluation import kid, manifold, measures
from training.evaluation.features import Looks
from training.evaluation.frechet import frechet
from training.evaluation.resampling import share_interval, wilson

D = 12


def features(n: int, seed: int, shift: float = 0.0, scale: float = 1.0, d: int = D) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) * np.linspace(2, 0.5, d) * scale + shift


def looks(n: int, seed: int, shift: float = 0.0, classes: int = 4) -> Looks:
    x = features(n, seed, shift)
    logits = x[:, :classes] * 2
    return Looks(x, logits, 120 + 20 * x[:, :3], 2 + x[:, 3] / 5, "toy@1", logits.argmax(1))


# ---- KID -----------------------------------------------------------------------------------------------------------------


def test_kid_is_torch_fidelitys_on_the_same_pictures() -> None:
    one, other = features(70, 1), features(70, 2, 0.4)
    theirs = kid_features_to_metric(
        torch.from_numpy(one), torch.from_numpy(other), kid_subsets=1, kid_subset_size=70, rng_seed=1, verbose=False
    )
    assert kid.kid(one, other) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def test_kid_is_what_torch_fidelitys_mean_over_subsets_tends_to() -> None:
    one, other = features(60, 1), features(90, 2, 0.4)
    options = {"kid_subsets": 600, "kid_subset_size": 40, "rng_seed": 1, "verbose": False}
    theirs = kid_features_to_metric(torch.from_numpy(one), torch.from_numpy(other), **options)
    noise = theirs["kernel_inception_distance_std"] / 600**0.5
    assert kid.kid(one, other) == pytest.approx(theirs["kernel_inception_distance_mean"], abs=4 * noise)


def test_kid_of_three_pictures_by_hand() -> None:
    # one feature: k(x, y) = (xy + 1)^3; within {0, 1}: 1, within {1, 2}: 27, between: 1, 1, 8, 27
    assert kid.kid([[0.0], [1.0]], [[1.0], [2.0]]) == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


def test_kids_bootstrap_spreads_as_new_sets_do() -> None:
    values = [kid.kid(features(100, 2 * i), features(100, 2 * i + 1, 0.5)) for i in range(150)]
    claimed = [
        kid.resampled(kid.Grams.of(features(100, 2 * i), features(100, 2 * i + 1, 0.5)), np.random.default_rng(i), 200)
        for i in range(12)
    ]
    assert np.mean([x.std() for x in claimed]) == pytest.approx(np.std(values), rel=0.3)
    # and no copy that meets itself makes it larger
    points = [kid.kid(features(100, 2 * i), features(100, 2 * i + 1, 0.5)) for i in range(12)]
    assert np.mean([x.mean() for x in claimed]) == pytest.approx(np.mean(points), abs=np.std(values) / 4)


# ---- precision and its like ------------------------------------------------------------------------------------------------


def by_brute_force(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, ...]:
    def radius(x: np.ndarray, i: int) -> float:
        return sorted(float(np.linalg.norm(x[i] - other)) for j, other in enumerate(x) if j != i)[k - 1]

    r_real, r_fake = ([radius(x, i) for i in range(len(x))] for x in (real, fake))
    far = [[float(np.linalg.norm(a - b)) for b in fake] for a in real]
    pairs = list(itertools.product(range(len(real)), range(len(fake))))
    inside = {(i, j) for i, j in pairs if far[i][j] <= r_real[i]}
    return (
        len({j for _, j in inside}) / len(fake),
        len({i for i, j in pairs if far[i][j] <= r_fake[j]}) / len(real),
        len(inside) / (k * len(fake)),
        len({i for i, _ in inside}) / len(real),
    )


@pytest.mark.parametrize(("k", "shift"), [(1, 0.3), (3, 0.0), (5, 0.6)])
def test_the_four_measures_are_those_of_brute_force(k: int, shift: float) -> None:
    real, fake = features(40, 1, d=3), features(33, 2, shift, d=3)
    assert tuple(manifold.manifold(real, fake, k).values()) == pytest.approx(by_brute_force(real, fake, k), abs=1e-12)


def test_precision_and_recall_are_torch_fidelitys() -> None:
    real, fake = features(150, 1), features(150, 2, 0.7, 1.2)
    theirs = prc_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), prc_neighborhood=5, save_cpu_ram=False, verbose=False
    )
    ours = manifold.manifold(real, fake)
    assert (ours["precision"], ours["recall"]) == pytest.approx((theirs["precision"], theirs["recall"]), abs=1e-6)
    assert 0.05 < ours["recall"] < 0.95


def test_copies_of_one_good_picture_are_precise_and_cover_nothing() -> None:
    real = features(200, 1, d=3)
    found = manifold.manifold(real, np.repeat(real[:1], 200, 0))
    assert found["precision"] == 1
    assert found["recall"] < 0.02
    assert found["coverage"] < 0.1


def test_the_spread_of_the_four_is_that_of_new_sets() -> None:
    values, claimed = [], []
    for i in range(120):
        pair = features(100, 2 * i, d=4), features(100, 2 * i + 1, 0.4, d=4)
        neighbours = manifold.Neighbours.of(*pair)
        values.append(manifold.measure(neighbours, 5))
        if i < 20:
            claimed.append(manifold.spread(neighbours, 5, np.random.default_rng(i)))
    assert np.mean(claimed, 0) == pytest.approx(np.std(values, 0), rel=0.35)


# ---- inception score and calibration ---------------------------------------------------------------------------------------


def test_the_inception_score_by_hand() -> None:
    sure = np.log([[0.8, 0.2], [0.2, 0.8]])
    by_hand = np.exp(0.8 * np.log(0.8 / 0.5) + 0.2 * np.log(0.2 / 0.5))
    assert measures.inception_score(sure) == pytest.approx(by_hand)
    assert measures.inception_score(np.zeros((9, 3))) == pytest.approx(1)
    assert measures.inception_score(np.tile(np.eye(3) * 50, (20, 1))) == pytest.approx(3)


@pytest.mark.parametrize("splits", [1, 4, 10])
def test_the_inception_score_is_torch_fidelitys_split_by_split(splits: int) -> None:
    logits = np.random.default_rng(1).standard_normal((203, 6)) * 3
    theirs = isc_features_to_metric(torch.from_numpy(logits), splits=splits, shuffle=False)
    assert measures.inception_score(logits, splits) == pytest.approx(theirs["inception_score_mean"], rel=1e-9)


def test_splits_that_there_are_no_pictures_for_are_refused() -> None:
    with pytest.raises(SelvedgeError, match="5 pictures cannot have 10 splits"):
        measures.inception_score(np.zeros((5, 3)), 10)


def test_calibration_by_hand() -> None:
    # sure at 0.9 and right in three of four; at 0.6 and right in one of two
    p = [[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2
    found = measures.calibration(np.log(p), [0, 0, 0, 1, 0, 1], bins=10)
    assert found["ece"] == pytest.approx((4 * abs(0.9 - 0.75) + 2 * abs(0.6 - 0.5)) / 6)
    assert (found["accuracy"], found["n"], found["bins"]) == (pytest.approx(4 / 6), 6, 10)
    # and a classifier that means its probabilities has next to none
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20_000, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    drawn = (shares.cumsum(1) < rng.uniform(size=(20_000, 1))).sum(1)
    assert measures.calibration(logits, drawn)["ece"] < 0.015
    assert measures.calibration(logits * 3, drawn)["ece"] > 0.1


# ---- Frechet, and the plain ones ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [D, 100])  # more features than pictures is a case of its own
def test_frechets_spread_is_a_jackknife_of_the_distance_itself(d: int) -> None:
    real, fake = features(60, 1, d=d), features(80, 2, 0.4, d=d)
    found = measures.frechet_with_spread(real, fake, np.random.default_rng(3))
    value, deviation, infinite = found.value, found.deviation, found.infinity
    rng, variance, bias = np.random.default_rng(3), 0.0, 0.0
    for side, x in enumerate((real, fake)):
        numbers = rng.permutation(len(x)) % measures.GROUPS
        kept = [x[numbers != g] for g in range(measures.GROUPS)]
        values = np.array([frechet(one, fake) if side == 0 else frechet(real, one) for one in kept])
        variance += (measures.GROUPS - 1) / measures.GROUPS * np.square(values - values.mean()).sum()
        bias += (measures.GROUPS - 1) * (values.mean() - frechet(real, fake))
    assert value == pytest.approx(frechet(real, fake))
    assert deviation == pytest.approx(variance**0.5, rel=1e-4)
    assert infinite == pytest.approx(value - bias, rel=1e-4)


def test_the_extrapolated_distance_is_the_closed_form_where_the_plain_one_is_mostly_n() -> None:
    axes = np.linspace(2, 0.5, 40)
    closed = 40 * 0.2**2 + np.square(axes * 0.2).sum()
    found = []
    for i in range(30):
        rng = np.random.default_rng(i)
        real, fake = rng.standard_normal((150, 40)) * axes, rng.standard_normal((150, 40)) * axes * 1.2 + 0.2
        one = measures.frechet_with_spread(real, fake, rng)
        found.append((one.value, one.deviation, one.infinity))
    plain, deviation, infinite = np.array(found).T
    assert plain.mean() > 2 * closed
    assert infinite.mean() == pytest.approx(closed, abs=0.35 * closed)
    covers = np.abs(infinite - closed) <= measures.Z * deviation
    assert covers.mean() > 0.85


def test_the_distance_of_sharpness_is_scipys() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal(50), rng.standard_normal(70) + 0.5
    assert measures.wasserstein(one, other) == pytest.approx(scipy.stats.wasserstein_distance(one, other))
    assert measures.wasserstein(one, one + 2) == pytest.approx(2)


# ---- intervals of shares -----------------------------------------------------------------------------------------------------


def test_wilsons_interval_by_hand() -> None:
    # 15 of 60 and z = 1.96: (15 + 1.92) / (60 + 3.84) = 0.265, give or take 1.96 / 63.84 x (15 x 45 / 60 + 0.96)^(1/2) = 0.107
    assert wilson(15, 60) == pytest.approx((0.158, 0.372), abs=1e-3)


def test_a_share_of_pictures_that_hang_together_has_the_interval_of_fewer() -> None:
    """By hand: 200 pictures, a quarter of them hits, that scatter as 48 independent ones do, of which 12 are hits."""
    p = 51 / 202
    deviation = (p * (1 - p) / 48) ** 0.5
    theirs = scipy.stats.binomtest(12, 48).proportion_ci(method="exact")
    assert share_interval(0.25, deviation, 200) == pytest.approx((theirs.low, theirs.high))
    # independent ones have their own, and none has that of more
    theirs = scipy.stats.binomtest(50, 200).proportion_ci(method="exact")
    for less in ((0.25 * 0.75 / 200) ** 0.5, 0.001, 0.0):
        assert share_interval(0.25, less, 200) == pytest.approx((theirs.low, theirs.high))


@settings(max_examples=500, derandomize=True)
@given(st.integers(1, 5000), st.floats(0, 1), st.one_of(st.just(0.0), st.floats(1e-9, 1)), st.integers(0, 2))
def test_the_interval_of_a_share_lies_in_0_to_1_and_holds_it(n: int, share: float, deviation: float, end: int) -> None:
    share = (share, 0.0, 1.0)[end]
    low, high = share_interval(share, deviation, n)
    assert 0 <= low <= share <= high <= 1
    low, high = wilson(round(share * n), n)
    assert 0 <= low <= round(share * n) / n <= high <= 1


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1.5, 1.0), (6.0, 1.0), (0.0, 0.2), (0.0, 4.0)])
def test_no_interval_holds_what_a_score_cannot_be_nor_misses_its_value(shift: float, scale: float) -> None:
    """Like sets, distant ones, and ones of which next to nothing is left: also of classes, floors and several seeds."""

    def fake(seed: int) -> Looks:
        one = looks(240, seed)
        return dataclasses.replace(one, features=features(240, seed, shift, scale))

    reports = [report(looks(240, 1), fake(seed), reference=looks(240, 9)) for seed in (2, 3)]
    together = measures.across(reports)
    for scores in (*reports, *(one[cls] for one in [r["by_class"] for r in reports] for cls in "abcd"), together):
        for name in set(measures.METRICS) & set(scores):
            for one in (scores[name], scores[name].get("floor")):
                if one:
                    most = 1.0 if name in ("precision", "recall", "coverage", "agreement") else np.inf
                    least = -np.inf if name in ("kid", "fd_infinity") else 0.0
                    assert least <= one["low"] <= one["value"] <= one["high"] <= most, name
    assert all(1 <= together["is"][part] <= 4 for part in ("low", "value", "high"))


@pytest.mark.parametrize("shift", [0.4, 1.5])
def test_intervals_of_precision_and_its_like_hold_the_truth_as_often_as_they_say(shift: float) -> None:
    """100 pairs of sets of 60 pictures, by the mean over 400 other pairs; the normal interval would hold it in 86 to 97 %."""

    def pair(seed: int) -> manifold.Neighbours:
        return manifold.Neighbours.of(features(60, 2 * seed, d=8), features(60, 2 * seed + 1, shift, d=8))

    truth = np.mean([manifold.measure(pair(1000 + i), 5) for i in range(400)], 0)
    held = np.zeros(4)
    for i in range(100):
        value, spread = manifold.measure(pair(i), 5), manifold.spread(pair(i), 5, np.random.default_rng(i))
        ends = np.array(
            [share_interval(*one, 60) if one[0] <= 1 else (0, 9) for one in zip(value, spread, strict=True)]
        )
        held += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    for name, count in zip(manifold.NAMES, held, strict=True):
        assert name == "density" or 90 <= count <= 99, (name, count)


# ---- the report --------------------------------------------------------------------------------------------------------------


def report(*sets: Looks, **options: object) -> dict:
    return measures.report(*sets, **{"seed": 1, "resamples": 40, "classes": ["a", "b", "c", "d"], **options})


def test_every_score_carries_its_n_its_interval_and_its_floor() -> None:
    found = report(looks(120, 1), looks(90, 2, 0.5), reference=looks(200, 3))
    assert (found["n"], found["n_real"], found["extractor"]) == (90, 120, "toy@1")
    assert found["left_out"] == {}
    for name in measures.METRICS:
        score = found[name]
        assert score["low"] <= score["value"] <= score["high"], name
        assert (score["n"], score["n_real"]) == (90, 120)
        assert (score["floor"]["n"], score["floor"]["n_real"]) == (90, 120)
        assert score["floor"]["low"] <= score["floor"]["value"] <= score["floor"]["high"]
    assert (found["kid"]["subset"], found["is"]["splits"], found["recall"]["k"]) == (90, 1, 5)
    assert found["fd"]["value"] == pytest.approx(frechet(features(120, 1), features(90, 2, 0.5)))
    for worse in ("fd", "fd_infinity", "kid", "mean_colour_distance", "sharpness_distance"):
        assert found[worse]["value"] > found[worse]["floor"]["value"]
    assert found["mean_colour_distance"]["deviation"] > 0
    json.dumps(found, allow_nan=False)


def test_without_a_reference_the_floor_is_of_halves_and_says_so() -> None:
    found = report(looks(121, 1), looks(90, 2))
    assert found["floor_from"] == "halves of the real set"
    assert (found["kid"]["floor"]["n_real"], found["kid"]["floor"]["n"]) == (60, 61)


def test_a_report_depends_on_the_seed_and_not_on_the_order_of_pictures() -> None:
    sets = [looks(90, 1), looks(80, 2, 0.4), looks(100, 3)]
    found = report(*sets[:2], reference=sets[2])
    rng = np.random.default_rng(0)
    turned = [x[rng.permutation(len(x))] for x in sets]
    assert report(*turned[:2], reference=turned[2]) == found
    other = report(*sets[:2], reference=sets[2], seed=2)
    assert other["kid"]["value"] == found["kid"]["value"]
    assert other["kid"]["high"] != found["kid"]["high"]


def test_what_too_few_pictures_cannot_say_is_left_out_with_the_reason() -> None:
    found = report(looks(300, 1), looks(22, 2))
    assert {"kid", "mean_colour_distance", "sharpness_distance"} <= set(found)
    assert not {"fd", "fd_infinity", "is", "precision", "coverage"} & set(found)
    assert found["left_out"]["fd"] == "needs 30 pictures in each set, there are 22"
    assert found["left_out"]["fd_infinity"] == "needs 24 pictures in each set (twice the 12 features), there are 22"
    assert found["left_out"]["precision"] == "needs 50 pictures in each set, there are 22"
    assert "50 pictures in each set" in found["left_out"]["alarms"]
    assert found["alarms"] == []
    # a floor may be out of reach where the score is not
    small = report(looks(60, 1), looks(60, 2))
    assert small["precision"]["floor"] is None
    assert small["left_out"]["precision.floor"] == "needs 50 pictures in each set, there are 30"
    one = report(looks(1, 1), looks(1, 2))
    assert set(measures.METRICS) <= set(one["left_out"])


def test_classes_are_measured_each_with_its_own_floor() -> None:
    found = report(looks(400, 1), looks(400, 2), reference=looks(400, 3))
    assert set(found["by_class"]) == {"a", "b", "c", "d"}
    assert sum(one["n"] for one in found["by_class"].values()) == 400
    best = found["by_class"]["a"]
    assert best["kid"]["n"] == best["n"] < 400
    assert best["kid"]["floor"]["n"] == (looks(400, 3).labels == 0).sum()
    lacking = looks(100, 4)
    some = report(looks(200, 1), lacking[lacking.labels != 3])["by_class"]["d"]
    assert "kid" not in some
    assert some["left_out"]["kid"] == "needs 20 pictures in each set, there are 0"


def test_the_classifiers_calibration_stands_beside_its_score() -> None:
    real = looks(100, 1)
    assert report(real, looks(100, 2))["calibration"]["accuracy"] == 1
    strange = dataclasses.replace(real, labels=real.labels + 7)
    found = report(strange, looks(100, 2))
    assert "calibration" not in found
    assert found["left_out"]["calibration"] == "the labels are not among the extractor's classes"
    unlabelled = report(dataclasses.replace(real, labels=None), looks(100, 2))
    assert not {"calibration", "by_class", "agreement"} & set(unlabelled)


def test_alarms_come_with_the_report() -> None:
    fake = looks(200, 2)
    fake.sharpness[:20] -= 3
    assert {one["alarm"] for one in report(looks(200, 1), fake)["alarms"] if one["fired"]} == {"blur"}


def test_sets_that_cannot_be_compared_are_refused() -> None:
    real, fake = looks(60, 1), looks(60, 2)
    with pytest.raises(SelvedgeError, match="the generated set was looked at by other@1, the real one by toy@1"):
        report(real, dataclasses.replace(fake, extractor="other@1"))
    fake.features[3, 2] = np.nan
    with pytest.raises(SelvedgeError, match="generated set: 1 pictures have features that are not finite"):
        report(real, fake)
    with pytest.raises(SelvedgeError, match="the generated set holds no picture"):
        report(real, looks(60, 2)[:0])


def test_scores_across_sampling_seeds() -> None:
    reports = [report(looks(100, 1), looks(100, seed, 0.3)) for seed in (2, 3, 4)]
    found = measures.across(reports)
    values = [one["kid"]["value"] for one in reports]
    assert found["kid"]["values"] == values
    assert found["kid"]["spread"] == pytest.approx(np.std(values, ddof=1))
    assert found["kid"]["value"] == pytest.approx(np.mean(values))
    assert found["kid"]["low"] < found["kid"]["value"] < found["kid"]["high"]
    widest = max(one["kid"]["high"] - one["kid"]["low"] for one in reports)
    assert found["kid"]["high"] - found["kid"]["low"] == pytest.approx(widest)
    assert np.mean([one["fd"]["real_parts"] for one in reports], 0).tolist() == pytest.approx(found["fd"]["real_parts"])
    with pytest.raises(SelvedgeError, match="two sets or more"):
        measures.across(reports[:1])
