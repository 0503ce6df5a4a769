"""The gate: whether a candidate replaces the champion. A pure function of two measurements and the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import t as student

from selvedge.config import Gate
from training.evaluation.measures import Z, jackknife_variance

Scores = Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Whether `network`'s candidate is promoted; why, in one line; and the numbers that it was decided by."""

    network: str
    promoted: bool
    reason: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def decide(
    network: str, candidate: Scores, champion: Scores | None, policy: Gate, withdrawn: Mapping[str, str] | None = None
) -> Decision:
    """The gate's word on two measurements of the same pictures by the same extractor; `champion` is None where there is none.

    A pattern generator must copy nothing, must not have collapsed, must do no class worse than the policy allows, and must
    lower the policy's distance by more than noise and margin. An upscaler must raise the luma PSNR, a segmenter the IoU, by
    more than noise and margin, picture by picture. The first champion has nobody to beat, but obeys the rest. A model that
    was rolled back, {version: why} in `withdrawn`, does not come again.
    """
    if why := (withdrawn or {}).get(candidate.get("model", "")):
        return Decision(network, False, f"it was rolled back: {why}")
    if network == "patterns":
        return _patterns(candidate, champion, policy)
    name, unit, margin = {
        "upscaler": ("psnr_y", " dB", policy.upscaler_margin_db),
        "segmenter": ("iou", "", policy.segmenter_margin),
    }[network]
    return _rise(network, name, unit, candidate, champion, margin)


# ---- patterns --------------------------------------------------------------------------------------------------------


def _patterns(candidate: Scores, champion: Scores | None, policy: Gate) -> Decision:
    faults = [*_faults(candidate, policy), *(_worse_classes(candidate, champion, policy) if champion else ())]
    score = candidate["scores"].get(policy.score)
    name = f"{policy.score}_{candidate['extractor'].partition('@')[0]}"
    if score is None:
        reason = candidate.get("left_out", {}).get(policy.score, "it was not measured")
        words, better, numbers = f"no {name}: {reason}", champion is None, {}
    else:
        words, better, numbers = _fall(name, score, champion, policy)
    if champion is None:
        words = f"first champion: {words}"
    elif not faults:
        words = f"{'better' if better else 'not better'}: {words}"
    return Decision("patterns", better and not faults, "; ".join([*faults, words]), numbers)


def _fall(name: str, score: Scores, champion: Scores | None, policy: Gate) -> tuple[str, bool, dict]:
    """The distance in words, whether it fell by enough, and its numbers."""
    now, n = score["value"], score["n"]
    if champion is None:
        return f"{name} {now:.2f} at n {n}", True, {name: now, "n": n}
    other = champion["scores"].get(policy.score)
    if other is None:
        return f"{name} {now:.2f} at n {n}, which the champion has none of", False, {name: now, "n": n}
    was, noise = other["value"], noise_between(score, other)
    needed = noise + policy.patterns_margin * was
    words = f"{name} {now:.2f} against {was:.2f} at n {n}, a fall of {was - now:.2f} where more than {needed:.2f} is beyond noise and margin"
    return words, was - now > needed, {name: now, "champion": was, "noise": noise, "needed": needed, "n": n}


def noise_between(one: Scores, other: Scores) -> float:
    """95 % half width of the difference of two scores on the same real pictures.

    Where both kept what they are without each group of the real ones, what they owe to these cancels.
    """
    if "real_parts" in one and len(one["real_parts"]) == len(other.get("real_parts", ())):
        shared = jackknife_variance(np.subtract(one["real_parts"], other["real_parts"]))
        return Z * (shared + one["own_variance"] + other["own_variance"]) ** 0.5
    return sum(((score["high"] - score["low"]) / 2) ** 2 for score in (one, other)) ** 0.5


def _faults(candidate: Scores, policy: Gate) -> Iterator[str]:
    """What no champion may do, whoever else there is."""
    copies = candidate.get("copies", {})
    if copies.get("fired"):
        found = copies["decidable"]
        yield f"it copies: {found['suspicious']['share']:.1%} of {found['n']} samples are training pictures (p {copies['p']:.2g})"
    diversity = candidate.get("diversity", {})
    collapsed = [f"{cls} {ratio:.2f}" for cls, ratio in diversity.items() if ratio < policy.least_diversity]
    if collapsed:
        yield f"it collapsed: samples differ less than {policy.least_diversity:g} of what real ones do in {', '.join(collapsed)}"


def _worse_classes(candidate: Scores, champion: Scores, policy: Gate) -> Iterator[str]:
    """Classes that the judge knows less often, beyond noise and by more than the policy allows."""
    now, was = (scores.get("agreement", {}).get("by_class", {}) for scores in (candidate, champion))
    for cls, one in now.items():
        other = was.get(cls, {"n": 0})
        if not (one["n"] and other["n"]):
            continue
        fall = other["accuracy"] - one["accuracy"]
        # the interval of a difference of two shares (Newcombe 1998, method 10)
        noise = np.hypot(other["accuracy"] - other["interval"][0], one["interval"][1] - one["accuracy"])
        if fall > max(policy.class_fall, float(noise)):
            yield f"worse at {cls}: the judge knows {one['accuracy']:.0%} of them, {other['accuracy']:.0%} of the champion's"


# ---- the others ------------------------------------------------------------------------------------------------------


def _rise(network: str, name: str, unit: str, candidate: Scores, champion: Scores | None, margin: float) -> Decision:
    now, n = candidate[name], candidate["n"]
    if champion is None:
        return Decision(network, True, f"first champion: {name} {now:.3f}{unit} at n {n}", {name: now, "n": n})
    was = champion[name]
    noise = paired_noise(candidate["each"], champion["each"])
    better = now - was > noise + margin
    rise, needed = f"{now - was:+.3f}", f"{noise + margin:.3f}"
    words = f"{name} {now:.3f}{unit} against {was:.3f}{unit} at n {n}, a rise of {rise} where more than {needed} is beyond noise and margin"
    numbers = {name: now, "champion": was, "noise": noise, "needed": noise + margin, "n": n}
    return Decision(network, better, ("better: " if better else "not better: ") + words, numbers)


def paired_noise(one: Iterable[float], other: Sequence[float]) -> float:
    """95 % half width of the mean difference of values of the same pictures, by Student's t; infinite below two."""
    difference = np.subtract(list(one), list(other))
    if len(difference) < 2:
        return float("inf")
    return float(student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / len(difference) ** 0.5)
