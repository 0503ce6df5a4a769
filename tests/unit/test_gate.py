"""The gate: a candidate must reach the floor, be better beyond noise, copy nothing, not collapse, do no class much worse."""

from __future__ import annotations

import re

import numpy as np
import pytest

from selvedge.config import Gate
from training.evaluation.gate import decide, noise_between, paired_noise
from training.evaluation.measures import pair_scores
from training.evaluation.resampling import wilson

POLICY = Gate(patterns_margin=0.1, upscaler_margin_db=0.2, segmenter_margin=0.01, segmenter_floor=0.0)


def made(fd: float, half: float = 1.0, **more: object) -> dict:
    score = {"value": fd, "low": fd - half, "high": fd + half, "deviation": half / 1.96, "n": 500}
    scores = {"fd": score, "coverage": {"value": 0.7, "low": 0.6, "high": 0.8}}
    return {"extractor": "pattern@1", "model": f"m{fd}", "scores": scores, "left_out": {}, **more}


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
    return {"agreement": {"by_class": one, "above_chance": {"ratio": 0.9, "interval": [0.8, 1.0]}}}


def known(ratio: float, half: float = 0.05) -> dict:
    """How far the judge is between chance and real cloth in knowing the class."""
    return {"agreement": {"above_chance": {"ratio": ratio, "interval": [ratio - half, ratio + half]}}}


def copied(p: float, undecidable: str = "") -> dict:
    """What the copy alarm found in the classes a, b, c and d."""
    blind = dict.fromkeys(undecidable, "too like")
    found = {"n": 400, "suspicious": {"n": 400, "share": 0.05, "interval": [0.03, 0.08]}}
    found["classes"] = {"n": 4, "share": (4 - len(blind)) / 4}
    copies = {"fired": p < 0.01, "p": p, "decidable": found, "undecidable": blind, "by_class": dict.fromkeys("abcd")}
    return {"copies": copies}


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
    few = {"fd": "needs 30 pictures in each set, there are 4"}
    unscored = {**made(10), "model": "unscored", "scores": {}, "left_out": few, **known(0.9)}
    first = decide("patterns", unscored, None, POLICY)
    assert first.promoted
    assert "first champion: no fd_pattern: needs 30 pictures" in first.reason
    assert not decide("patterns", unscored, made(10), POLICY).promoted
    assert not decide("patterns", made(10), unscored, POLICY).promoted


def test_what_was_rolled_back_does_not_come_again() -> None:
    decision = decide("patterns", made(1), made(20), POLICY, {"m1": "moire in print"})
    assert not decision.promoted
    assert decision.reason == "it was rolled back: moire in print"
    assert decision.live == "m20"


# ---- floors ----------------------------------------------------------------------------------------------------------


def upscaler(gain: float, half: float, psnr: float = 26.0) -> dict:
    ends = {"gain": gain, "gain_low": gain - half, "gain_high": gain + half}
    return {"model": f"u{gain}{psnr}", "psnr_y": psnr, "each": [psnr] * 5, "n": 5, **ends}


def segmenter(*each: float) -> dict:
    return {"model": f"s{each}", "iou": float(np.mean(each)), "each": list(each), "n": len(each)}


@pytest.mark.parametrize(
    ("network", "good", "bad", "says"),
    [
        (
            *("patterns", made(30, **known(0.5)), made(10, **known(0.32))),
            "class agreement, from chance at 0 to real cloth at 1, 0.32 may be as low as 0.27, where 0.3 is needed",
        ),
        (
            *(
                "patterns",
                made(30),
                {**made(10), "scores": {**made(10)["scores"], "coverage": {"value": 0.4, "low": 0.2}}},
            ),
            "coverage 0.40 may be as low as 0.20, where 0.3 is needed",  # it knows no classes
        ),
        (
            "patterns",
            made(30),
            {**made(10), "scores": {"fd": made(10)["scores"]["fd"]}},
            "coverage, which was not measured",
        ),
        (
            *("upscaler", upscaler(0.3, 0.2, 25.0), upscaler(0.1, 0.2, 26.0)),
            "gain over bicubic 0.10 dB may be as low as -0.10, where 0 dB is needed",
        ),
        (
            *("segmenter", segmenter(0.65, 0.66, 0.67), segmenter(0.5, 0.9, 0.9)),
            "IoU 0.77 may be as low as 0.19, where 0.6 is needed",
        ),
        ("segmenter", segmenter(0.65, 0.66, 0.67), segmenter(0.99), "IoU 0.99 may be as low as 0.00"),  # of one garment
    ],
)
def test_nothing_becomes_live_below_its_floor_first_champion_or_not(
    network: str, good: dict, bad: dict, says: str
) -> None:
    first = decide(network, bad, None, Gate())
    assert not first.promoted and first.live is None
    assert f"below the floor: {says}" in first.reason
    assert decide(network, good, None, Gate()).live == good["model"]
    better = decide(network, bad, good, Gate())
    assert not better.promoted and better.live == good["model"]
    assert "the champion stays, though" not in better.reason


def test_a_champion_below_the_floor_stays_and_is_named_as_such_until_something_better_comes() -> None:
    live, none_better = segmenter(0.2, 0.35, 0.5), segmenter(0.1, 0.2, 0.3)
    for candidate in (live, none_better):  # also where nothing new was trained
        decision = decide("segmenter", candidate, live, Gate())
        assert not decision.promoted and decision.live == live["model"]
        assert "the champion stays, though it is below the floor: IoU 0.35" in decision.reason
    better = decide("segmenter", segmenter(0.8, 0.9, 0.85), live, Gate())
    assert better.promoted and "floor" not in better.reason


def test_floors_are_switched_off_by_their_parameters() -> None:
    off = Gate(patterns_floor=0, upscaler_floor_db=-100, segmenter_floor=0)
    worst = {"patterns": {**made(10), "scores": {}}, "upscaler": upscaler(-9, 1), "segmenter": segmenter(0.0)}
    for network, scores in worst.items():
        assert not decide(network, scores, None, Gate()).promoted
        assert decide(network, scores, None, off).promoted


# ---- copies that nobody can see ----------------------------------------------------------------------------------------


def test_the_gate_says_in_how_many_classes_copies_could_be_seen() -> None:
    blind = decide("patterns", made(10, **copied(1.0, "abcd")), made(20), POLICY)
    assert blind.promoted  # as the policy has it
    assert "copies: nothing could be decided (4 of 4 classes undecidable)" in blind.reason
    assert blind.numbers["copies_decidable"] == 0
    half = decide("patterns", made(10, **copied(1.0, "bd")), made(20), POLICY)
    assert "copies: decidable in 2 of 4 classes (a, c)" in half.reason
    assert half.numbers["copies_decidable"] == 0.5


def test_a_policy_that_wants_copies_to_be_seen_refuses_what_is_blind_to_them() -> None:
    strict = Gate(least_decidable=0.5)
    assert decide("patterns", made(10, **copied(1.0, "bd")), made(20), strict).promoted
    for found in (copied(1.0, "abd"), {}):  # or nobody looked
        refused = decide("patterns", made(10, **found), made(20), strict)
        assert not refused.promoted
        assert "of the classes, where 50% are needed" in refused.reason


@pytest.mark.parametrize(("network", "key", "step"), [("upscaler", "psnr_y", 0.2), ("segmenter", "iou", 0.01)])
def test_others_must_rise_picture_by_picture(network: str, key: str, step: float) -> None:
    each = np.array([0.2, 0.5, 0.8, 0.3, 0.7])

    def scores(rise: float, noise: float = 0.0) -> dict:
        values = each + rise + noise * np.array([1, -1, 1, -1, 0])
        gained = {"gain": 1.0, "gain_low": 0.5}
        return {key: float(values.mean()), "n": 5, "each": values.tolist(), "model": f"{rise} {noise}", **gained}

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
        unpaired.append(noise_between({"deviation": one["deviation"]}, {"deviation": other["deviation"]}))
    true = 1.96 * np.std(differences, ddof=1)
    assert np.median(claimed) == pytest.approx(true, rel=0.35)
    assert np.median(unpaired) > 1.3 * true
