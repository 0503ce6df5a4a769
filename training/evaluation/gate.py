"""The gate: whether a candidate replaces the champion. A pure function of two measurements and the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import t as student

from selvedge.config import Gate
from training.evaluation import copies
from training.evaluation.measures import Z, jackknife_variance

Scores = Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Whether `network`'s candidate is promoted; why, in one line; the numbers that it was decided by; which version is live."""

    network: str
    promoted: bool
    reason: str
    numbers: dict[str, Any] = field(default_factory=dict)
    live: str | None = None

    def row(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def decide(
    network: str, candidate: Scores, champion: Scores | None, policy: Gate, withdrawn: Mapping[str, str] | None = None
) -> Decision:
    """The gate's word on two measurements of the same pictures by the same extractor; `champion` is None where there is none.

    Whatever else there is, a candidate must reach its network's floor (`below_floor`). A pattern generator must copy nothing,
    must not have collapsed, must do no class worse than the policy allows, and must lower the policy's distance by more than
    noise and margin. An upscaler must raise the luma PSNR, a segmenter the IoU, by more than noise and margin, picture by
    picture. The first champion has nobody to beat, but obeys the rest. A model that was rolled back, {version: why} in
    `withdrawn`, does not come again.
    """
    numbers: dict[str, Any] = {}
    if champion and champion["model"] == candidate["model"]:
        promoted, said = False, ["the candidate is the champion, byte for byte"]
    elif why := (withdrawn or {}).get(candidate["model"]):
        promoted, said = False, [f"it was rolled back: {why}"]
    else:
        promoted, said, numbers = _weighed(network, candidate, champion, policy)
    if champion and not promoted and (lacks := below_floor(network, champion, policy)):
        said.append(f"the champion stays, though it is {'; '.join(lacks)}")
    live = candidate if promoted else champion
    return Decision(network, promoted, "; ".join(said), numbers, live["model"] if live else None)


def _weighed(
    network: str, candidate: Scores, champion: Scores | None, policy: Gate
) -> tuple[bool, list[str], dict[str, Any]]:
    """Whether the candidate is promoted, why in parts of a sentence, and the numbers."""
    faults = below_floor(network, candidate, policy)
    if network == "patterns":
        faults += [*_faults(candidate, policy), *(_worse_classes(candidate, champion, policy) if champion else ())]
        better, words, numbers = _fall(candidate, champion, policy)
        numbers |= _decidable(candidate)
    else:
        better, words, numbers = _rise(network, candidate, champion, policy)
    if not faults:
        begins = "first champion" if champion is None else "better" if better else "not better"
        words = f"{begins}: {words}"
    said = [*faults, words]
    if found := candidate.get("copies"):
        said.append(copies.in_words(found))
    return better and not faults, said, numbers


# ---- floors ----------------------------------------------------------------------------------------------------------


def below_floor(network: str, scores: Scores, policy: Gate) -> list[str]:
    """What a model lacks to be live at all, in words; empty where it reaches the policy's floor. By lower ends of intervals.

    Of a pattern generator: how far it comes from chance, 0, to real cloth, 1, in how often the judge takes tiles for their
    class; of one without classes, its coverage. Of an upscaler: the gain over bicubic, in dB. Of a segmenter: the mean IoU.
    """
    if network == "patterns":
        (name, value, low), unit, floor = _knowing(scores), "", policy.patterns_floor
    elif network == "upscaler":
        name, value, low = "gain over bicubic", scores["gain"], scores["gain_low"]
        unit, floor = " dB", policy.upscaler_floor_db
    else:
        name, value = "IoU", scores["iou"]
        low = max(0.0, value - paired_noise(scores["each"], [0.0] * len(scores["each"])))
        unit, floor = "", policy.segmenter_floor
    if low >= floor:
        return []
    return [f"below the floor: {name} {value:.2f}{unit} may be as low as {low:.2f}, where {floor:g}{unit} is needed"]


def _knowing(scores: Scores) -> tuple[str, float, float]:
    """Class agreement, or coverage of a generator without classes: what it is, its value and its lower end."""
    if "agreement" in scores:
        told = scores["agreement"].get("above_chance", {"ratio": 0.0, "interval": [0.0, 0.0]})
        return "class agreement, from chance at 0 to real cloth at 1,", told["ratio"], told["interval"][0]
    told = scores["scores"].get("coverage")
    return ("coverage", told["value"], told["low"]) if told else ("coverage, which was not measured,", 0.0, 0.0)


# ---- patterns --------------------------------------------------------------------------------------------------------


def _fall(candidate: Scores, champion: Scores | None, policy: Gate) -> tuple[bool, str, dict[str, Any]]:
    """Whether the policy's distance fell by enough, in words, and its numbers."""
    score = candidate["scores"].get(policy.score)
    name = f"{policy.score}_{candidate['extractor'].partition('@')[0]}"
    if score is None:
        reason = candidate.get("left_out", {}).get(policy.score, "it was not measured")
        return champion is None, f"no {name}: {reason}", {}
    now, n = score["value"], score["n"]
    if champion is None:
        return True, f"{name} {now:.2f} at n {n}", {name: now, "n": n}
    other = champion["scores"].get(policy.score)
    if other is None:
        return False, f"{name} {now:.2f} at n {n}, which the champion has none of", {name: now, "n": n}
    was, noise = other["value"], noise_between(score, other)
    needed = noise + policy.patterns_margin * was
    words = f"{name} {now:.2f} against {was:.2f} at n {n}, a fall of {was - now:.2f} where more than {needed:.2f} is beyond noise and margin"
    return was - now > needed, words, {name: now, "champion": was, "noise": noise, "needed": needed, "n": n}


def noise_between(one: Scores, other: Scores) -> float:
    """95 % half width of the difference of two scores on the same real pictures.

    Where both kept what they are without each group of the real ones, what they owe to these cancels.
    """
    if "real_parts" in one and len(one["real_parts"]) == len(other.get("real_parts", ())):
        shared = jackknife_variance(np.subtract(one["real_parts"], other["real_parts"]))
        return Z * (shared + one["own_variance"] + other["own_variance"]) ** 0.5
    return Z * float(np.hypot(one["deviation"], other["deviation"]))


def _faults(candidate: Scores, policy: Gate) -> Iterator[str]:
    """What no champion may do, whoever else there is."""
    if candidate.get("copies", {}).get("fired"):
        p, found = candidate["copies"]["p"], candidate["copies"]["decidable"]
        yield f"it copies: {found['suspicious']['share']:.1%} of {found['n']} samples are training pictures (p {p:.2g})"
    seen = _decidable(candidate).get("copies_decidable", 0.0)
    if seen < policy.least_decidable:
        yield f"copies can be decided in {seen:.0%} of the classes, where {policy.least_decidable:.0%} are needed"
    diversity = candidate.get("diversity", {})
    collapsed = [f"{cls} {ratio:.2f}" for cls, ratio in diversity.items() if ratio < policy.least_diversity]
    if collapsed:
        yield f"it collapsed: samples differ less than {policy.least_diversity:g} of what real ones do in {', '.join(collapsed)}"


def _decidable(candidate: Scores) -> dict[str, float]:
    """The share of classes in which copies could be told from other cloth, if they were looked for."""
    found = candidate.get("copies")
    return {"copies_decidable": found["decidable"]["classes"]["share"]} if found else {}


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


def _rise(network: str, candidate: Scores, champion: Scores | None, policy: Gate) -> tuple[bool, str, dict[str, Any]]:
    """Whether the score rose by enough, in words, and its numbers."""
    name, unit, margin = {
        "upscaler": ("psnr_y", " dB", policy.upscaler_margin_db),
        "segmenter": ("iou", "", policy.segmenter_margin),
    }[network]
    now, n = candidate[name], candidate["n"]
    if champion is None:
        return True, f"{name} {now:.3f}{unit} at n {n}", {name: now, "n": n}
    was = champion[name]
    noise = paired_noise(candidate["each"], champion["each"])
    rise, needed = f"{now - was:+.3f}", f"{noise + margin:.3f}"
    words = f"{name} {now:.3f}{unit} against {was:.3f}{unit} at n {n}, a rise of {rise} where more than {needed} is beyond noise and margin"
    numbers = {name: now, "champion": was, "noise": noise, "needed": noise + margin, "n": n}
    return now - was > noise + margin, words, numbers


def paired_noise(one: Iterable[float], other: Sequence[float]) -> float:
    """95 % half width of the mean difference of values of the same pictures, by Student's t; infinite below two."""
    difference = np.subtract(list(one), list(other))
    if len(difference) < 2:
        return float("inf")
    return float(student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / len(difference) ** 0.5)
