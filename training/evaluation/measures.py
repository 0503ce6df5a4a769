"""Every measure of a set of pictures against real ones, each with its n, its interval, and the floor at the same n.

A floor is what real pictures score against other real ones: below it there is nothing to see. An interval (95 %) is for the
score that another two sets of this size would have on average, and for `kid` and `fd_infinity`, which n does not bias, for
their true value; these two may lie below 0 by chance, where the sets are alike. No interval holds what a score cannot be: a
share is in 0..1, a distance or density is not below 0. What too few pictures cannot say is left out, with the reason.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from selvedge.errors import SelvedgeError
from training.evaluation import alarms, kid, manifold
from training.evaluation.features import Looks
from training.evaluation.frechet import Gaussian, distance
from training.evaluation.resampling import Z, canonical, group_numbers, share_interval

METRICS = (
    *("fd", "fd_infinity", "kid", "is", "precision", "recall", "density", "coverage"),
    *("mean_colour_distance", "sharpness_distance", "agreement"),
)
SHARES = {"precision": "n", "recall": "n_real", "coverage": "n_real", "agreement": "n"}  # and of how many pictures
LEAST = {"fd": 0.0, "is": 1.0, "density": 0.0, "mean_colour_distance": 0.0, "sharpness_distance": 0.0}
# the smallest n of each set; IS and the extrapolation also need more than the extractor has classes and features
NEEDS = {"fd": 30, "kid": 20, "manifold": 50, "plain": 10, "is": 30}
PAIRING = ("real_parts", "own_variance")  # of a score: what a comparison on the same real pictures needs
ALONG = ("n", "n_real", "most", "floor")  # of a score: what is the same for all sampling seeds
PER_CLASS, PER_FEATURE = 5, 2  # pictures a class of the classifier (IS), pictures a feature (fd_infinity)
GROUPS, FEW_GROUPS, WIDE = 25, 8, 512  # parts that a jackknife leaves out in turn; fewer where features are wider
MOST = 4000  # pictures of a set that are looked at in pairs: the memory grows with the square


def report(
    real: Looks,
    fake: Looks,
    *,
    reference: Looks | None = None,
    classes: Sequence[str] = (),
    seed: int,
    resamples: int = 200,
) -> dict:
    """All of METRICS of `fake` against `real`, plain and ready for JSON; the order of pictures does not matter.

    Each metric: {"value", "low", "high", "deviation", "n", "n_real", "floor", ...} with "subset" (kid), "splits" and "most"
    (is) or "k" beside it where it is part of the definition; "deviation" is the standard deviation over other such sets.
    A floor has the same keys and is measured on further real pictures, `reference`, as many as there are fakes or as there
    are; without it on two halves of `real`, at half the n, and "floor_from" says so. With labels of both sets (indices of
    `classes`, which are the extractor's) also "agreement", "by_class" (the same for each class), "calibration" of the
    classifier, and alarms that compare class by class. "left_out": {metric: reason}.

    fd: Heusel et al. 2017, eq. 6. fd_infinity: the same, extrapolated over 1/n (Chong and Forsyth 2020). kid: Binkowski et
    al. 2018, eq. 4. is: Salimans et al. 2016, eq. 1, which knows nothing of the real ones; its floor is theirs.
    mean_colour_distance: between the mean colours of the two sets, in levels of 0..255 (Euclidean); sharpness_distance:
    Wasserstein-1 between their sharpness, in powers of ten.

    Raises SelvedgeError for sets that were not looked at by the same extractor, that hold values that are not finite, or
    that are empty.
    """
    sets = {"real": real, "generated": fake} | ({} if reference is None else {"reference": reference})
    _same_kind(sets)
    with one_thread():
        return _report(
            canonical(real),
            canonical(fake),
            None if reference is None else canonical(reference),
            classes,
            seed,
            resamples,
        )


def across(reports: Sequence[dict]) -> dict:
    """Reports of sets that differ in the sampling seed alone -> {metric: {"value", "low", "high", "seeds", "values", "spread"}}.

    The mean value, the interval that it has by the largest deviation of them, and the standard deviation between seeds: two
    or more of them, or SelvedgeError. A metric that one of them left out is left out. n, the floor and what a fair
    comparison needs go along.
    """
    if len(reports) < 2:
        raise SelvedgeError("scores across sampling seeds need two sets or more, drawn with different seeds")
    found = {}
    for name in METRICS:
        if not all(name in one for one in reports):
            continue
        values = [one[name]["value"] for one in reports]
        found[name] = {"value": float(np.mean(values)), "deviation": max(one[name]["deviation"] for one in reports)}
        found[name] |= {key: reports[0][name][key] for key in ALONG if key in reports[0][name]}
        found[name] |= _interval(name, found[name])
        found[name] |= {"seeds": len(values), "values": values, "spread": float(np.std(values, ddof=1))}
        if all("real_parts" in one[name] for one in reports):
            found[name]["real_parts"] = np.mean([one[name]["real_parts"] for one in reports], 0).tolist()
            own = [one[name]["own_variance"] for one in reports]
            found[name]["own_variance"] = float(np.sum(own) / len(own) ** 2)
    return found


def _interval(name: str, score: dict) -> dict[str, float]:
    """{"low", "high"} of a score by its value, its deviation and how many pictures it is of: 95 %, within what it can be."""
    value, half = score["value"], Z * score["deviation"]
    if name in SHARES:
        low, high = share_interval(value, score["deviation"], score[SHARES[name]])
    else:
        low, high = max(LEAST.get(name, -math.inf), value - half), min(score.get("most", math.inf), value + half)
    return {"low": low, "high": high}


def pair_scores(real: Looks, fake: Looks, *, seed: int, resamples: int = 200) -> tuple[dict, dict]:
    """Scores of one pair of sets without floor, classes and alarms: {metric: score}, {metric: why it is left out}."""
    return _Pair(canonical(real), canonical(fake), seed, resamples).scores()


def one_thread() -> AbstractContextManager:
    """Linear algebra on one thread: on matrices so small a second one mostly waits, and rounding depends on how many."""
    return threadpool_limits(1, "blas")


# ---- the measures that are not in files of their own -------------------------------------------------------------------


def inception_score(logits: ArrayLike, splits: int = 1) -> float:
    """exp of the mean KL between p(y|x) and p(y) of (n, classes) logits (Salimans et al. 2016, eq. 1), 1..classes.

    With more splits than one: the mean of the scores of so many parts, in the order given. A part of few pictures scores
    lower, so a score without its n and its splits says nothing.
    """
    log_p = _log_softmax(logits)
    if not 1 <= splits <= len(log_p):
        raise SelvedgeError(f"an inception score of {len(log_p)} pictures cannot have {splits} splits")
    edges = [i * len(log_p) // splits for i in range(splits + 1)]
    parts = [log_p[a:b] for a, b in itertools.pairwise(edges)]
    return float(np.mean([_weighted_score(part, np.full((1, len(part)), 1.0))[0] for part in parts]))


def calibration(logits: ArrayLike, labels: ArrayLike, bins: int = 15) -> dict:
    """How far confidence is from accuracy (expected calibration error, Guo et al. 2017, eq. 3): 0..1, equal bins.

    logits (n, classes), labels (n,) of real pictures -> {"ece", "confidence", "accuracy", "n", "bins"}.
    """
    log_p, labels = _log_softmax(logits), np.asarray(labels)
    confidence = np.exp(log_p.max(1))
    right = log_p.argmax(1) == labels
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(where, right, bins) - np.bincount(where, confidence, bins)
    return {
        "ece": float(np.abs(gaps).sum() / len(labels)),
        "confidence": float(confidence.mean()),
        "accuracy": float(right.mean()),
        "n": len(labels),
        "bins": bins,
    }


@dataclass(frozen=True)
class Spread:
    """A Frechet distance, what it scatters by, and the distance at infinite n.

    `real_parts` is the distance without each of the real set's groups in turn: two generators that were measured against
    the same real pictures share their groups, so the difference of these values is free of what both owe to the real set.
    `own` is the variance that the generated set brings.
    """

    value: float
    deviation: float
    infinity: float
    real_parts: tuple[float, ...]
    own: float


def frechet_with_spread(real: ArrayLike, fake: ArrayLike, rng: np.random.Generator) -> Spread:
    """Frechet distance of features (n, d) and (m, d), its standard deviation, and the distance at infinite n.

    By the jackknife: random groups of one set after the other are left out. The spread is that of these values (a
    bootstrap's duplicates lower the rank of covariances, which adds bias and twice the spread between like sets). What
    the distance gains with the share that is left out is a line over 1/n, taken to 0: the extrapolation of Chong and Forsyth
    2020 from all pictures and from n - n / groups, over all groups in place of a few random draws.
    """
    x, y = np.asarray(real, dtype=np.float64), np.asarray(fake, dtype=np.float64)
    centre = x.mean(0)
    x, y = x - centre, y - centre  # moments of raw features would lose digits
    one, other = Gaussian.fit(x), Gaussian.fit(y)
    wanted = GROUPS if x.shape[1] <= WIDE else FEW_GROUPS
    value, parts, bias = distance(one, other), [], 0.0
    for sample, fixed in ((x, other), (y, one)):
        count = min(wanted, len(sample) // 2)
        numbers = group_numbers(len(sample), count, rng)
        total = _Sums.of(sample, fixed)
        parts.append(np.array([(total - _Sums.of(sample[numbers == g], fixed)).distance(fixed) for g in range(count)]))
        bias += (count - 1) * (parts[-1].mean() - total.distance(fixed))
    by_real, own = (jackknife_variance(values) for values in parts)
    return Spread(value, math.sqrt(by_real + own), value - bias, tuple(parts[0].tolist()), own)


def jackknife_variance(parts: ArrayLike) -> float:
    """Variance of a statistic, from its values with each of the groups left out in turn."""
    values = np.asarray(parts)
    return float((len(values) - 1) / len(values) * np.square(values - values.mean()).sum())


# ---- how a report is put together ---------------------------------------------------------------------------------------


def _report(
    real: Looks, fake: Looks, reference: Looks | None, classes: Sequence[str], seed: int, resamples: int
) -> dict:
    rng = np.random.default_rng([seed, 1])
    if reference is None:
        halves = rng.permutation(len(real))
        ground = real[halves[: len(real) // 2]], real[halves[len(real) // 2 :]]
    else:
        ground = real, reference[rng.permutation(len(reference))[: len(fake)]]
    scores, left_out = _with_floor((real, fake), ground, seed, resamples)
    found = {
        **{"n": len(fake), "n_real": len(real), "extractor": real.extractor, "seed": seed, "resamples": resamples},
        "floor_from": "halves of the real set" if reference is None else "further real pictures",
        **scores,
        "left_out": left_out,
    }
    if real.labels is not None:
        _calibrate(found, real.logits, real.labels)
    if real.labels is not None and fake.labels is not None:
        found["by_class"] = _by_class((real, fake), ground, classes, seed, resamples)
    try:
        found["alarms"] = alarms.check(real, fake, seed=seed)
    except SelvedgeError as error:
        found["alarms"], left_out["alarms"] = [], str(error)
    return found


def _with_floor(pair: tuple[Looks, Looks], ground: tuple[Looks, Looks], seed: int, resamples: int) -> tuple[dict, dict]:
    """Scores of a pair of sets, each with the floor; and what had to be left out."""
    scores, left_out = _Pair(*pair, seed, resamples).scores()
    floors, missing = _Pair(*ground, seed + 1, resamples).scores()
    for name, score in scores.items():
        floor = floors.get(name)
        score["floor"] = floor and {key: value for key, value in floor.items() if key not in PAIRING}
        if name in missing:
            left_out[f"{name}.floor"] = missing[name]
    return scores, left_out


class _Pair:
    """Two sets of looks in canonical order, and every measure of the second against the first."""

    def __init__(self, real: Looks, fake: Looks, seed: int, resamples: int) -> None:
        self.real, self.fake, self.seed, self.resamples = real, fake, seed, resamples

    def scores(self) -> tuple[dict, dict]:
        """{metric: score}, {metric: why it is left out}."""
        found: dict[str, dict] = {}
        left_out: dict[str, str] = {}
        families: list[tuple[tuple[str, ...], str, Callable[[], dict]]] = [
            (("fd",), "fd", self._fd),
            (("fd_infinity",), "fd_infinity", self._fd_infinity),
            (("kid",), "kid", self._kid),
            (("is",), "is", self._is),
            (manifold.NAMES, "manifold", self._manifold),
            (("mean_colour_distance",), "plain", self._colour),
            (("sharpness_distance",), "plain", self._sharpness),
        ]
        if self.real.labels is not None and self.fake.labels is not None:
            families.append((("agreement",), "plain", self._agreement))
        for names, family, measure in families:
            reason = self._too_few(family)
            if reason:
                left_out |= dict.fromkeys(names, reason)
            else:
                found |= measure()
        return found, left_out

    def _too_few(self, family: str) -> str | None:
        """Why a measure cannot be had of so few pictures."""
        n, why = min(len(self.real), len(self.fake)), ""
        if family == "fd_infinity":
            need, why = (
                PER_FEATURE * self.real.features.shape[1],
                f" (twice the {self.real.features.shape[1]} features)",
            )
        elif family == "is":
            # the real ones play no part in it
            n, classes = len(self.fake), self.real.logits.shape[1]
            need, why = max(NEEDS["is"], PER_CLASS * classes), f" ({PER_CLASS} for each of {classes} classes)"
        else:
            need = NEEDS[family]
        return f"needs {need} pictures in each set{why}, there are {n}" if n < need else None

    def _rng(self, number: int) -> np.random.Generator:
        """A stream for each measure: leaving one out does not change the others."""
        return np.random.default_rng([self.seed, 2, number])

    def _score(self, name: str, value: float, deviation: float, **more: object) -> dict:
        """{name: score}; `more` goes beside, or is what differs from the two sets' own n."""
        score = {"value": value, "deviation": deviation, "n": len(self.fake), "n_real": len(self.real), **more}
        return {name: score | _interval(name, score)}

    def _weights(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Bootstrap counts of both sets, (resamples, n) and (resamples, m)."""
        rng = self._rng(number)
        real, fake = (rng.multinomial(len(x), np.full(len(x), 1 / len(x)), self.resamples) for x in self._both)
        return real, fake

    @cached_property
    def _frechet(self) -> Spread:
        return frechet_with_spread(self.real.features, self.fake.features, self._rng(0))

    def _fd(self) -> dict:
        found = self._frechet
        pairing = {"real_parts": list(found.real_parts), "own_variance": found.own}
        return self._score("fd", found.value, found.deviation, **pairing)

    def _fd_infinity(self) -> dict:
        return self._score("fd_infinity", self._frechet.infinity, self._frechet.deviation)

    def _kid(self) -> dict:
        rng = self._rng(1)
        sets = [x.features if len(x) <= MOST else x.features[rng.permutation(len(x))[:MOST]] for x in self._both]
        grams = kid.Grams.of(*sets)
        spread = float(kid.resampled(grams, rng, self.resamples).std(ddof=1))
        n_real, n = (len(x) for x in sets)
        return self._score("kid", kid.mmd2(grams), spread, subset=min(1000, n_real, n), n=n, n_real=n_real)

    def _is(self) -> dict:
        log_p = _log_softmax(self.fake.logits)
        n = len(log_p)
        weights = self._rng(2).multinomial(n, np.full(n, 1 / n), self.resamples)
        value, spread = inception_score(self.fake.logits), float(_weighted_score(log_p, weights).std(ddof=1))
        return self._score("is", value, spread, splits=1, most=float(log_p.shape[1]))

    def _manifold(self) -> dict:
        rng = self._rng(3)
        sets = [x.features if len(x) <= MOST else x.features[rng.permutation(len(x))[:MOST]] for x in self._both]
        neighbours = manifold.Neighbours.of(sets[0], sets[1])
        values = manifold.measure(neighbours, manifold.K)
        spreads = manifold.spread(neighbours, manifold.K, rng)
        about = {"k": manifold.K, "n": len(sets[1]), "n_real": len(sets[0])}
        found: dict[str, dict] = {}
        for name, value, spread in zip(manifold.NAMES, values, spreads.tolist(), strict=True):
            found |= self._score(name, value, spread, **about)
        return found

    def _colour(self) -> dict:
        means = [x.mean_colour.astype(np.float64) for x in self._both]
        drawn = [w @ x / len(x) for w, x in zip(self._weights(4), means, strict=True)]
        spread = float(np.linalg.norm(drawn[0] - drawn[1], axis=1).std(ddof=1))
        one, other = (x.mean(0) for x in means)
        colours = {"real_colour": one.tolist(), "colour": other.tolist()}
        return self._score("mean_colour_distance", float(np.linalg.norm(one - other)), spread, **colours)

    def _sharpness(self) -> dict:
        one, other = (x.sharpness.astype(np.float64) for x in self._both)
        spread = float(_areas(one, other, *self._weights(5)).std(ddof=1))
        return self._score("sharpness_distance", wasserstein(one, other), spread)

    def _agreement(self) -> dict:
        share = float((self.fake.logits.argmax(1) == self.fake.labels).mean())
        return self._score("agreement", share, math.sqrt(share * (1 - share) / len(self.fake)))

    @property
    def _both(self) -> tuple[Looks, Looks]:
        return self.real, self.fake


def _by_class(
    pair: tuple[Looks, Looks], ground: tuple[Looks, Looks], classes: Sequence[str], seed: int, resamples: int
) -> dict[str, dict]:
    """{class: {metric: score, "left_out"}}; a class that a set has none of says so."""
    found = {}
    for label in np.unique(np.concatenate([x.labels for x in pair])).tolist():
        name = classes[label] if 0 <= label < len(classes) else str(label)
        (real, fake), (one, other) = ((_of_class(x, label) for x in looks) for looks in (pair, ground))
        scores, left_out = _with_floor((real, fake), (one, other), seed, resamples)
        found[name] = {**scores, "n": len(fake), "n_real": len(real), "left_out": left_out}
    return found


def _of_class(looks: Looks, label: int) -> Looks:
    return looks[:0] if looks.labels is None else looks[looks.labels == label]


def _calibrate(found: dict, logits: np.ndarray, labels: np.ndarray) -> None:
    """The classifier's calibration goes beside the inception score, which trusts its probabilities."""
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        found["left_out"]["calibration"] = "the labels are not among the extractor's classes"
    else:
        found["calibration"] = calibration(logits, labels)


def _same_kind(sets: dict[str, Looks]) -> None:
    first = sets["real"]
    for name, looks in sets.items():
        if len(looks) == 0:
            raise SelvedgeError(f"the {name} set holds no picture")
        if looks.extractor != first.extractor or looks.features.shape[1] != first.features.shape[1]:
            raise SelvedgeError(
                f"the {name} set was looked at by {looks.extractor}, the real one by {first.extractor}: "
                "scores of two extractors do not compare; look at both with one"
            )
        for values in (looks.features, looks.logits, looks.mean_colour, looks.sharpness):
            if not np.isfinite(values).all():
                bad = int((~np.isfinite(values.reshape(len(values), -1)).all(1)).sum())
                raise SelvedgeError(f"the {name} set: {bad} pictures have features that are not finite numbers")


# ---- arithmetic ----------------------------------------------------------------------------------------------------------


def wasserstein(one: np.ndarray, other: np.ndarray) -> float:
    """Wasserstein-1 distance of two samples of numbers, (n,) and (m,): the area between their distribution functions."""
    return float(_areas(one, other, np.ones((1, len(one))), np.ones((1, len(other))))[0])


def _areas(one: np.ndarray, other: np.ndarray, *weights: np.ndarray) -> np.ndarray:
    """The same for rows of weights, (r, n) and (r, m) -> (r,)."""
    values = np.concatenate([one, other])
    order = values.argsort()
    shares = np.concatenate([w / w.sum(1, keepdims=True) * sign for w, sign in zip(weights, (1, -1), strict=True)], 1)
    return np.abs(shares[:, order[:-1]].cumsum(1)) @ np.diff(values[order])


def _log_softmax(logits: ArrayLike) -> np.ndarray:
    x = np.asarray(logits, dtype=np.float64)
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def _weighted_score(log_p: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Inception scores of (n, classes) log-probabilities under rows of weights (r, n)."""
    p = np.exp(log_p)
    share = weights / weights.sum(1, keepdims=True)
    overall = share @ p
    # the mean KL is the entropy of the mean less the mean entropy
    inside = share @ (p * log_p).sum(1)
    return np.exp(inside - (overall * np.log(np.maximum(overall, 1e-300))).sum(1))


@dataclass(frozen=True)
class _Sums:
    """Sums over pictures that give their Frechet distance to a fixed Gaussian F'F: taking a group away is a subtraction."""

    n: float
    total: np.ndarray  # (d,)
    squares: float  # of all features
    inner: np.ndarray  # (k, k) second moments after a turn by F, in which only k directions are left

    @classmethod
    def of(cls, x: np.ndarray, fixed: Gaussian) -> _Sums:
        turned = x @ fixed.factor.T
        return cls(float(len(x)), x.sum(0), float((x * x).sum()), turned.T @ turned)

    def __sub__(self, part: _Sums) -> _Sums:
        return _Sums(self.n - part.n, self.total - part.total, self.squares - part.squares, self.inner - part.inner)

    def distance(self, fixed: Gaussian) -> float:
        """As `frechet.distance`, to rounding; the root of F S F' is a small symmetric eigenproblem."""
        mean = self.total / self.n
        turned = fixed.factor @ mean
        inner = (self.inner - self.n * np.outer(turned, turned)) / (self.n - 1)
        trace = (self.squares - self.n * float(mean @ mean)) / (self.n - 1)
        root = float(np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0)).sum())
        return float(np.square(mean - fixed.mean).sum()) + trace + fixed.trace - 2 * root
