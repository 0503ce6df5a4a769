"""The gate: a candidate must be better beyond noise, copy nothing, not collapse, and do no class much worse."""

from __future__ import annotations

import re

import numpy as np
import pytest

from selvedge.config import Gate
from training.evaluation.gate import decide, noise_between, paired_noise
from training.evaluation.measures import pair_scores
from training.evaluation.resampling import wilson

POLICY = Gate(patterns_margin=0.1, upscaler_margin_db=0.2, segmenter_margin=0.01)


def made(fd: float, half: float = 1.0, **more: object) -> dict:
    score = {"value": fd, "low": fd - half, "high": fd + half, "n": 500}
    return {"extractor": "pattern@1", "model": f"m{fd}", "scores": {"fd": score}, "left_out": {}, **more}


@pytest.mark.parametrize(
    ("candidate", "champion", "promoted"),
    [
        (made(10), None, True),
        (made(10), made(20), True),
        (made(17), made(20), False),  # 3 is less than 1.41 of noise + 2 of margin
        (made(16), made(20), True),
        (made(16, 4), made(20), False),
        (made(30), made(20), False),
    ],
)
def test_a_generator_must_be_better_beyond_noise_and_margin(candidate, champion, promoted) -> None:
    decision = decide("patterns", candidate, champion, POLICY)
    assert decision.promoted is promoted
    assert "\n" not in decision.reason
    assert "fd_pattern" in decision.reason
    assert "n 500" in decision.reason
    assert decision.numbers["fd_pattern"] == candidate["scores"]["fd"]["value"]


def by_class(**shares: float) -> dict:
    one = {
        cls: {"n": 100, "accuracy": share, "interval": list(wilson(100 * share, 100))} for cls, share in shares.items()
    }
    return {"agreement": {"by_class": one}}


def copied(p: float) -> dict:
    found = {"n": 400, "suspicious": {"n": 400, "share": 0.05, "interval": [0.03, 0.08]}}
    return {"copies": {"fired": p < 0.01, "p": p, "decidable": found}}


@pytest.mark.parametrize(
    ("faulty", "word"),
    [
        (copied(1e-6), "it copies: 5.0% of 400 samples"),
        ({"diversity": {"floral": 0.9, "dotted": 0.1}}, "it collapsed: .* in dotted 0.10"),
        (by_class(floral=0.9, dotted=0.3), "worse at dotted: the judge knows 30% of them, 80% of the champion's"),
    ],
)
def test_what_copies_collapses_or_loses_a_class_is_refused_however_small_its_distance(faulty: dict, word: str) -> None:
    champion = made(20, **by_class(floral=0.9, dotted=0.8))
    decision = decide("patterns", made(1, **faulty), champion, POLICY)
    assert not decision.promoted
    assert re.search(word, decision.reason), decision.reason


def test_what_is_harmless_does_not_stop_a_better_one() -> None:
    champion = made(20, **by_class(floral=0.9, dotted=0.8))
    harmless = {**copied(0.2), "diversity": {"floral": 0.9}, **by_class(floral=0.95, dotted=0.7)}
    assert decide("patterns", made(1, **harmless), champion, POLICY).promoted


def test_a_first_champion_obeys_too_and_a_missing_score_is_named() -> None:
    assert not decide("patterns", made(10, **copied(1e-6)), None, POLICY).promoted
    assert not decide("patterns", made(10, diversity={"dotted": 0.0}), None, POLICY).promoted
    unscored = {**made(10), "scores": {}, "left_out": {"fd": "needs 30 pictures in each set, there are 4"}}
    first = decide("patterns", unscored, None, POLICY)
    assert first.promoted
    assert "first champion: no fd_pattern: needs 30 pictures" in first.reason
    assert not decide("patterns", unscored, made(10), POLICY).promoted
    assert not decide("patterns", made(10), unscored, POLICY).promoted


def test_what_was_rolled_back_does_not_come_again() -> None:
    decision = decide("patterns", made(1), made(20), POLICY, {"m1": "moire in print"})
    assert not decision.promoted
    assert decision.reason == "it was rolled back: moire in print"


@pytest.mark.parametrize(("network", "key", "step"), [("upscaler", "psnr_y", 0.2), ("segmenter", "iou", 0.01)])
def test_others_must_rise_picture_by_picture(network: str, key: str, step: float) -> None:
    each = np.array([0.2, 0.5, 0.8, 0.3, 0.7])

    def scores(rise: float, noise: float = 0.0) -> dict:
        values = each + rise + noise * np.array([1, -1, 1, -1, 0])
        return {key: float(values.mean()), "n": 5, "each": values.tolist(), "model": str(rise)}

    champion = scores(0.0)
    assert decide(network, scores(2 * step), champion, POLICY).promoted  # the pictures differ, the rises do not
    assert not decide(network, scores(step / 2), champion, POLICY).promoted
    assert not decide(network, scores(2 * step, noise=5 * step), champion, POLICY).promoted
    assert decide(network, scores(0.0), None, POLICY).reason.startswith("first champion")


def test_noise_of_pairs_is_students() -> None:
    # differences 1, 2, 3: deviation 1, t at 2 degrees 4.303
    assert paired_noise([2, 4, 6], [1, 2, 3]) == pytest.approx(4.303 / 3**0.5, rel=1e-3)
    assert paired_noise([1.0], [2.0]) == float("inf")


def test_what_two_generators_owe_to_the_real_pictures_cancels_and_the_rest_is_their_noise() -> None:
    """Against the truth: the scatter of the difference over many redrawn sets."""
    from training.evaluation.features import Looks

    axes = np.exp(-np.arange(16) / 5) * 3

    def looks(rng: np.random.Generator, n: int, scale: float) -> Looks:
        x = rng.standard_normal((n, 16)) * axes * scale
        return Looks(x, x[:, :4], 128 + x[:, :3], x[:, 3], "toy")

    differences, claimed, unpaired = [], [], []
    for i in range(60):
        rng = np.random.default_rng(i)
        real = looks(rng, 60, 1.0)
        one, other = (pair_scores(real, looks(rng, 300, scale), seed=1, resamples=20)[0]["fd"] for scale in (1.5, 1.55))
        differences.append(one["value"] - other["value"])
        claimed.append(noise_between(one, other))
        unpaired.append(noise_between({k: one[k] for k in ("low", "high")}, {k: other[k] for k in ("low", "high")}))
    true = 1.96 * np.std(differences, ddof=1)
    assert np.median(claimed) == pytest.approx(true, rel=0.35)
    assert np.median(unpaired) > 1.3 * true
