"""The gate: whether a candidate replaces the champion. A pure function of two measurements and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from selvedge.config import Gate


@dataclass(frozen=True)
class Decision:
    """Whether `network`'s candidate is promoted, and why, in one line."""

    network: str
    promoted: bool
    reason: str

    def row(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


Scores = Mapping[str, Any]


def decide(network: str, candidate: Scores, champion: Scores | None, policy: Gate) -> Decision:
    """Compare what was measured on the same pictures by the same extractor; `champion` is None where there is none yet.

    A pattern generator must lower its Frechet distance by more than the two intervals' noise and the policy's margin; an
    upscaler must raise the luma PSNR, a segmenter the IoU, by more than its margin.
    """
    judge = {"patterns": _patterns, "upscaler": _upscaler, "segmenter": _segmenter}[network]
    return judge(candidate, champion, policy)


def _patterns(candidate: Scores, champion: Scores | None, policy: Gate) -> Decision:
    name = next(key for key in candidate if key.startswith("fd_") and not key.endswith(("_low", "_high")))
    now, n = candidate[name], candidate["n"]
    if champion is None:
        return Decision("patterns", True, f"first champion: {name} {now:.2f} at n {n}")
    was = champion[name]
    noise = (_half(candidate, name) ** 2 + _half(champion, name) ** 2) ** 0.5
    needed = noise + policy.patterns_margin * was
    figures = f"{name} {now:.2f} against {was:.2f} at n {n}, a fall of {was - now:.2f} where {needed:.2f} is beyond noise and margin"
    return Decision("patterns", was - now > needed, ("better: " if was - now > needed else "not better: ") + figures)


def _half(scores: Scores, name: str) -> float:
    return (scores[f"{name}_high"] - scores[f"{name}_low"]) / 2


def _upscaler(candidate: Scores, champion: Scores | None, policy: Gate) -> Decision:
    return _rise("upscaler", "psnr_y", " dB", candidate, champion, policy.upscaler_margin_db)


def _segmenter(candidate: Scores, champion: Scores | None, policy: Gate) -> Decision:
    return _rise("segmenter", "iou", "", candidate, champion, policy.segmenter_margin)


def _rise(network: str, name: str, unit: str, candidate: Scores, champion: Scores | None, margin: float) -> Decision:
    now, n = candidate[name], candidate["n"]
    if champion is None:
        return Decision(network, True, f"first champion: {name} {now:.3f}{unit} at n {n}")
    was = champion[name]
    better = now - was > margin
    figures = f"{name} {now:.3f}{unit} against {was:.3f}{unit} at n {n}, margin {margin:g}"
    return Decision(network, better, ("better: " if better else "not better: ") + figures)
