"""What the alarms and the distances can see at small n, asked of sets with a known fault: writes a table.

    selvedge draw textiles --n 7000 --size 128 --mode photograph --seed 900000 --out fresh
    python -m studies.power --drawn fresh --extractor inference/weights/extractor --out reports/power.md

The drawings must be ones that the extractor did not learn from. A faulty set is n real pictures with a tenth of them replaced
by (a) blurred ones, (b) copies of one picture, (c) pictures of another class. Each rate is of --resamplings sets, drawn anew
from the drawings together with the real set they are held against. Distances raise no alarm of their own: here one does
where it is above what 95 % of faultless sets get, which is the most that can be had of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from selvedge.errors import SelvedgeError
from selvedge.io import list_images, write_text
from training.data import decode
from training.evaluation import alarms, kid, measures
from training.evaluation.features import Extractor, Looks
from training.evaluation.frechet import Gaussian, distance
from training.evaluation.resampling import wilson

SIZE, SIGMA = 128, 3.0  # pixels a side, and of the blur at that size
SHARE, LEVEL, WANTED = 0.1, 0.05, 0.95  # of the set that is replaced, of false alarms, of faulty sets to be seen
PERMUTATIONS = 499  # an exact test with any number of them; fewer than `alarms.check` has, for time
TESTS = (*alarms.SHARES, "any alarm", "fd", "kid")
FAULTS = {
    "none": "none",
    "blur": f"(a) blurred, sigma {SIGMA:g} px at {SIZE}",
    "copies": "(b) copies of one picture",
    "class": "(c) another class",
}


@dataclasses.dataclass(frozen=True)
class Pool:
    """Looks at real pictures and at the same pictures blurred."""

    sharp: Looks
    blurred: Looks
    classes: Sequence[str]

    @classmethod
    def of(cls, folder: Path, extractor: Extractor) -> Pool:
        """A folder of `selvedge draw textiles`; what was seen is kept beside the pictures, by the extractor's id."""
        classes = list(extractor.bundle.card["classes"])
        files = [file for file in list_images(folder) if file.stem.rsplit("-", 1)[0] in classes]
        if not files:
            raise SelvedgeError(f"{folder}: holds no CLASS-NUMBER.jpg of a class that {extractor.id} knows")
        labels = np.array([classes.index(file.stem.rsplit("-", 1)[0]) for file in files])
        kept = folder / f"looks-{extractor.id}-{len(files)}.npz"
        if not kept.is_file():
            images = decode(files, SIZE)
            looks = [extractor.look(images), extractor.look(blur(images))]
            names = ("features", "logits", "mean_colour", "sharpness")
            np.savez(kept, **{f"{name}{i}": getattr(look, name) for name in names for i, look in enumerate(looks)})
        with np.load(kept) as found:
            both = (
                Looks(
                    *(found[f"{name}{i}"] for name in ("features", "logits", "mean_colour", "sharpness")),
                    extractor.id,
                    labels,
                )
                for i in range(2)
            )
            return cls(*both, classes)


def blur(images: Tensor, batch: int = 128) -> Tensor:
    """(N, 3, 128, 128) uint8, blurred by a Gaussian of 3 px."""
    radius = round(4 * SIGMA)
    return torch.cat([gaussian_blur(part, [2 * radius + 1] * 2, [SIGMA] * 2) for part in images.split(batch)])


def faulty(pool: Pool, chosen: np.ndarray, others: np.ndarray, fault: str) -> Looks:
    """The pictures `chosen`, a tenth of them replaced; they keep the label of what they were to be.

    `others`: pictures of another class to take from, as many as are replaced.
    """
    some = round(SHARE * len(chosen))
    wanted, spoilt = pool.sharp[chosen], chosen[:some]
    parts = {
        "none": lambda: pool.sharp[spoilt],
        "blur": lambda: pool.blurred[spoilt],
        "copies": lambda: pool.sharp[np.repeat(spoilt[:1], some)],
        "class": lambda: pool.sharp[others[:some]],
    }
    return dataclasses.replace(_join(parts[fault](), pool.sharp[chosen[some:]]), labels=wanted.labels)


def _join(one: Looks, other: Looks) -> Looks:
    values = (
        np.concatenate([getattr(x, name) for x in (one, other)])
        for name in ("features", "logits", "mean_colour", "sharpness")
    )
    return Looks(*values, one.extractor)


def _unlabelled(looks: Looks) -> Looks:
    return dataclasses.replace(looks, labels=None)


# ---- the sets --------------------------------------------------------------------------------------------------------------


def mixed(pool: Pool, rng: np.random.Generator, n: int, n_real: int) -> tuple[np.ndarray, ...]:
    """All classes: indices of the real set, of the set to be, and of pictures of one class drawn by chance."""
    order = rng.permutation(len(pool.sharp))
    rest = order[n + n_real :]
    kind = rng.integers(len(pool.classes))
    return order[:n_real], order[n_real : n_real + n], rest[pool.sharp.labels[rest] == kind]


def missing(pool: Pool, rng: np.random.Generator, n: int, n_real: int) -> tuple[np.ndarray, ...]:
    """All classes but one; the others are of that one."""
    kind = rng.integers(len(pool.classes))
    order = rng.permutation(np.flatnonzero(pool.sharp.labels != kind))
    others = rng.permutation(np.flatnonzero(pool.sharp.labels == kind))
    return order[:n_real], order[n_real : n_real + n], others


def single(pool: Pool, rng: np.random.Generator, n: int, n_real: int) -> tuple[np.ndarray, ...]:
    """One class; the others are of another one."""
    kind, other = rng.permutation(len(pool.classes))[:2]
    order = rng.permutation(np.flatnonzero(pool.sharp.labels == kind))
    if len(order) < n + n_real:
        raise SelvedgeError(f"--drawn: {n + n_real} drawings of a class are needed, there are {len(order)}")
    return order[:n_real], order[n_real : n_real + n], rng.permutation(np.flatnonzero(pool.sharp.labels == other))


@dataclasses.dataclass(frozen=True)
class Study:
    """One kind of sets, and the faults that it is given."""

    title: str
    draw: Callable[[Pool, np.random.Generator, int, int], tuple[np.ndarray, ...]]
    labelled: bool
    faults: tuple[str, ...]
    n_real: int | None = None  # None: as many as there are generated ones


STUDIES = (
    Study("all classes, labelled", mixed, True, ("none", "blur", "copies", "class")),
    Study("all classes, no labels", mixed, False, ("none", "blur", "copies", "class")),
    Study("all classes but the one that comes in, no labels", missing, False, ("none", "class")),
    Study("one class, no labels", single, False, ("none", "blur", "copies", "class")),
    Study("all classes, no labels, 1,000 real ones", mixed, False, ("none", "class"), 1000),
)


def rates(pool: Pool, study: Study, n: int, resamplings: int, seed: int) -> dict[str, dict[str, float]]:
    """{fault: {test: how often it fires}}."""
    n_real = study.n_real or n
    fired = {fault: defaultdict(list) for fault in study.faults}
    distances = {fault: defaultdict(list) for fault in study.faults}
    for number in range(resamplings):
        rng = np.random.default_rng([seed, number])
        first, second, others = study.draw(pool, rng, n, n_real)
        real = pool.sharp[first]
        fitted = Gaussian.fit(real.features)
        kind = int(real.labels[0]) if study.draw is single else 0
        for fault in study.faults:
            fake = faulty(pool, second, others, fault)
            sets = (real, fake) if study.labelled else (_unlabelled(real), _unlabelled(fake))
            found = alarms.check(*sets, seed=number, level=LEVEL, permutations=PERMUTATIONS)
            for alarm in found:
                fired[fault][alarm["alarm"]].append(alarm["fired"])
            fired[fault]["any alarm"].append(any(alarm["fired"] for alarm in found))
            distances[fault]["fd"].append((kind, distance(fitted, Gaussian.fit(fake.features))))
            distances[fault]["kid"].append((kind, kid.kid(real.features, fake.features)))
    limits = {name: _limits(distances["none"][name]) for name in ("fd", "kid")}
    for fault in study.faults:
        for name, limit in limits.items():
            fired[fault][name] = [value > limit[kind] for kind, value in distances[fault][name]]
    return {fault: {test: float(np.mean(fired[fault][test])) for test in TESTS} for fault in study.faults}


def _limits(values: list[tuple[int, float]]) -> dict[int, float]:
    """What 95 % of faultless sets stay below, for each kind of set."""
    kinds = {kind for kind, _ in values}
    return {kind: float(np.quantile([value for k, value in values if k == kind], 1 - LEVEL)) for kind in kinds}


# ---- do intervals cover? ---------------------------------------------------------------------------------------------------


GAUSSIANS = {
    "alike": (0.0, 1.0),
    "near": (0.15, 1.1),
    "far": (0.6, 1.5),
}  # shift in deviations, scale of every other axis


def coverage(n: int, sets: int, seed: int, dimensions: int = 32, resamples: int = 200) -> dict[str, dict[str, dict]]:
    """{pair of Gaussians: {metric: {"truth", "mean", "deviation", "claimed", "covers"}}} over `sets` pairs of sets of n.

    The truth of fd_infinity is the closed form, that of others the mean over all sets.
    """
    axes = np.exp(-np.arange(dimensions) / (dimensions / 4)) * 3
    head = np.random.default_rng(0).standard_normal((dimensions, 10))
    found = {}
    for name, (shift, scale) in GAUSSIANS.items():
        wider = np.where(np.arange(dimensions) % 2, 1.0, scale)
        scores = defaultdict(list)
        for number in range(sets):
            rng = np.random.default_rng([seed, number])
            pair = (_gaussian(rng, n, axes, 0 * axes, head), _gaussian(rng, n, axes * wider, shift * axes, head))
            for metric, score in measures.pair_scores(*pair, seed=number, resamples=resamples)[0].items():
                scores[metric].append((score["value"], score["low"], score["high"]))
        closed = float(np.square(shift * axes).sum() + np.square(axes * (wider - 1)).sum())
        found[name] = {metric: _covered(np.array(x), closed, metric) for metric, x in scores.items()}
    return found


def _gaussian(rng: np.random.Generator, n: int, axes: np.ndarray, mean: np.ndarray, head: np.ndarray) -> Looks:
    features = rng.standard_normal((n, len(axes))) * axes + mean
    colour = 128 + 20 * features[:, :3]
    return Looks(features, features @ head, colour, features[:, 3], "gaussian")


def _covered(scores: np.ndarray, closed: float, metric: str) -> dict:
    values, low, high = scores.T
    truth = closed if metric == "fd_infinity" else float(values.mean())
    return {
        "truth": truth,
        "mean": float(values.mean()),
        "deviation": float(values.std(ddof=1)),
        "claimed": float(np.median(high - low) / 2 / measures.Z),
        "covers": float(((low <= truth) & (truth <= high)).mean()),
    }


# ---- the page --------------------------------------------------------------------------------------------------------------


def page(found: list[tuple[Study, dict]], covered: dict, options: argparse.Namespace, pool: Pool, held: float) -> str:
    """reports/power.md."""
    return "\n".join(
        [
            *_head(options, pool, held),
            *_verdict(found, options, len(pool.classes), len(pool.sharp)),
            *_tables(found, options),
            *_covers(covered, options),
        ]
    )


def _head(options: argparse.Namespace, pool: Pool, held: float) -> Iterator[str]:
    yield "# What a small set can show"
    yield ""
    yield (
        f"Generated sets of n = {options.n} against as many real pictures (or 1,000, where it says so), {SHARE:.0%} replaced "
        f"({round(SHARE * options.n)} pictures); {options.resamplings:,} sets each, drawn anew together with the real ones from "
        f"{len(pool.sharp):,} drawn photographs of {len(pool.classes)} classes that the extractor never saw. Extractor "
        f"`{pool.sharp.extractor}`, right on {held:.1%} of them; seed {options.seed}. In brackets the 95% interval (Wilson)."
    )
    yield ""
    yield (
        f"`any alarm` is `training.evaluation.alarms.check` at {LEVEL:.0%} over all four alarms ({PERMUTATIONS} permutations). "
        f"`fd` and `kid` are the Frechet distance and the kernel distance of the same sets, held against what 95% of "
        f"the faultless sets get: the best that a distance with a perfectly known floor could do."
    )
    yield ""


def _tables(found: list[tuple[Study, dict]], options: argparse.Namespace) -> Iterator[str]:
    for study, result in found:
        yield f"## {study.title.capitalize()}"
        yield ""
        yield f"| replaced by | {' | '.join(TESTS)} |"
        yield "|" + "---|" * (len(TESTS) + 1)
        for fault, values in result.items():
            cells = [
                _rate(values[test], options.resamplings) if test == "any alarm" else f"{values[test]:.1%}"
                for test in TESTS
            ]
            yield f"| {FAULTS[fault]} | {' | '.join(cells)} |"
        yield ""


def _rate(share: float, n: int) -> str:
    low, high = wilson(share * n, n)
    return f"**{share:.1%}** [{low:.1%}, {high:.1%}]"


def _verdict(found: list[tuple[Study, dict]], options: argparse.Namespace, classes: int, pool: int) -> Iterator[str]:
    yield "## In short"
    yield ""
    yield (
        f"At {LEVEL:.0%} false alarms a faulty set should be flagged {WANTED:.0%} of the time. It is seen where the whole "
        f"interval says so. The last column is the better of the two distances, for comparison."
    )
    yield ""
    yield "| replaced by | sets | flagged | seen? | a distance alone |"
    yield "|---|---|---|---|---|"
    sure, unseen = [], []  # faults and where
    for fault in [name for name in FAULTS if name != "none"]:
        titles = {True: [], False: []}
        for study, result in found:
            if fault not in result:
                continue
            values = result[fault]
            flagged, seen = _rate(values["any alarm"], options.resamplings), _seen(values, options.resamplings)
            best = max(("fd", "kid"), key=lambda name: values[name])
            yield (
                f"| {FAULTS[fault]} | {study.title} | {flagged} | {'yes' if seen else '**no**'} "
                f"| {best} {values[best]:.1%} |"
            )
            titles[seen].append(study.title)
        sure += _where(fault, titles[True], titles[False])
        unseen += _where(fault, titles[False], titles[True])
    yield ""
    yield f"**Seen in at least {WANTED:.0%} of the sets at n = {options.n}:** {'; '.join(sure) or 'nothing'}."
    yield ""
    yield f"**What cannot be relied on to be seen:** {'; '.join(unseen) or 'nothing of this'}."
    yield ""
    false = "; ".join(
        f"{study.title} {_rate(result['none']['any alarm'], options.resamplings)}" for study, result in found
    )
    yield f"**False alarms** of faultless sets: {false}."
    yield ""
    yield (
        f"All sets come out of the same {pool:,} drawings: the intervals hold for these drawings and this extractor, and copies "
        "are exact ones. What a generator does wrong may be fainter than what is done here."
    )
    yield ""
    best = ", ".join(f"{knowing(options.n, real, classes):.0%} at {real:,} real ones" for real in (options.n, 1000))
    yield (
        "Without labels, another class that the real set holds too is only a shift of shares: no picture of it is out of place. "
        "Both sets scatter in their shares by chance. A test at the same level that knew which class to look at, with a "
        f"classifier that is never wrong, would see {best}; one that does not know sees less. Labels settle it."
    )
    yield ""


def _where(fault: str, these: list[str], others: list[str]) -> list[str]:
    """A fault with the kinds of sets that something is said of."""
    kinds = ", ".join(f"`{title}`" for title in these) if others else "in every kind of set"
    return [f"{FAULTS[fault]} -- {kinds}"] if these else []


def _seen(values: dict[str, float], resamplings: int) -> bool:
    return wilson(values["any alarm"] * resamplings, resamplings)[0] >= WANTED


def knowing(n: int, n_real: int, classes: int) -> float:
    """Power of the one-sided test of two shares (normal approximation) for the class that comes in, known beforehand."""
    usual = 1 / classes
    more = usual * (1 - SHARE) + SHARE
    pooled = (n * more + n_real * usual) / (n + n_real)
    limit = NormalDist().inv_cdf(1 - LEVEL) * math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_real))
    scatter = math.sqrt(more * (1 - more) / n + usual * (1 - usual) / n_real)
    return NormalDist().cdf((more - usual - limit) / scatter)


def _covers(covered: dict, options: argparse.Namespace) -> Iterator[str]:
    narrow = [
        f"{metric} of sets {name} ({x['covers']:.1%})"
        for name, metrics in covered.items()
        for metric, x in metrics.items()
        if wilson(x["covers"] * options.sets, options.sets)[1] < 0.95
    ]
    yield "## Do the intervals cover?"
    yield ""
    yield (
        f"{options.sets} pairs of Gaussian sets, n = {options.n} each, 32 features; share of 95% intervals that hold the truth: "
        "the closed form for `fd_infinity`, the mean over all pairs for the others. `claimed` is the half width over 1.96, "
        "`deviation` what the scores really scatter by. Between sets that are alike a distance's derivative vanishes, and "
        "its interval is wider than it need be."
    )
    yield ""
    yield f"**Intervals that hold the truth less often than they say:** {'; '.join(narrow) or 'none of these'}."
    yield ""
    yield "| sets | metric | truth | mean | deviation | claimed | covers |"
    yield "|---|---|---|---|---|---|---|"
    for name, metrics in covered.items():
        for metric, x in metrics.items():
            values = " | ".join(f"{x[key]:.4g}" for key in ("truth", "mean", "deviation", "claimed"))
            yield f"| {name} | {metric} | {values} | {_rate(x['covers'], options.sets)} |"
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drawn", type=Path, required=True, help="a folder of drawings that the extractor never saw")
    parser.add_argument("--extractor", type=Path, required=True, help="its model directory")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--resamplings", type=int, default=1000)
    parser.add_argument("--sets", type=int, default=400, help="pairs of Gaussian sets for the intervals")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    options = parser.parse_args()
    pool = Pool.of(options.drawn, Extractor.load(options.extractor))
    held = float((pool.sharp.logits.argmax(1) == pool.sharp.labels).mean())
    print(f"{len(pool.sharp)} drawings, {pool.sharp.extractor} is right on {held:.1%}", flush=True)
    found = []
    with measures.one_thread():
        for study in STUDIES:
            began = time.monotonic()
            found.append((study, rates(pool, study, options.n, options.resamplings, options.seed)))
            print(f"{study.title}: {time.monotonic() - began:.0f} s, {found[-1][1]}", flush=True)
        covered = coverage(options.n, options.sets, options.seed)
    write_text(options.out, page(found, covered, options, pool, held))
    print(options.out)


if __name__ == "__main__":
    main()
