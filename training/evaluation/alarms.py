"""Alarms: faults of a set that a distance between means and covariances cannot see, as tests with one false alarm rate.

Every alarm is a permutation test: if generated and real pictures were of one kind, which of them are called generated would
not matter. So the rate of false alarms is exact at every n and with every extractor, as long as pictures are drawn
independently: show one picture of each piece of cloth, not eight frames of it. With labels of both sets, pictures change
places only within their class, and sets whose classes are mixed in other shares do not raise an alarm by that.
The alarms share their permutations, and a set is called faulty at `level` over all of them together (the smallest p,
Westfall and Young 1993), not at `level` each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selvedge.errors import SelvedgeError
from training.evaluation.features import Looks
from training.evaluation.manifold import squared_distances
from training.evaluation.resampling import canonical

# How the rate of false alarms is shared out: most to what is faintest, a shift of classes.
SHARES = {"blur": 0.2, "copies": 0.2, "classes": 0.45, "crowds": 0.15}
LEAST = 50  # pictures in each set
PERMUTATIONS = 1999
MOST = 2000  # pictures of a set that are looked at
SHALLOW = 5  # the smallest count of lowest values, or closest pairs, that is looked at


def check(real: Looks, fake: Looks, *, seed: int, level: float = 0.05, permutations: int = PERMUTATIONS) -> list[dict]:
    """Each alarm as {"alarm", "fired", "p", "statistic", "threshold", "what", "n", "n_real", "level"}.

    blur: too many of the least sharp pictures are generated. copies: too many of the closest pairs are two generated ones,
    as when one picture is repeated. classes: with labels, too many generated pictures look like another class than they
    should be; without, the classes that are seen have other shares. crowds: somewhere among the features generated pictures
    crowd where real ones do not.

    `p` is adjusted for there being four alarms: a fault where it is at most `level`; `threshold` is where the statistic
    gets there (None where no permutation is rare enough). The order of pictures does not matter.

    Raises SelvedgeError below 50 pictures in a set (with labels: 50 of classes that both have), and for two extractors.
    """
    if real.extractor != fake.extractor:
        raise SelvedgeError(f"alarms compare sets of one extractor, not {real.extractor} and {fake.extractor}")
    rng = np.random.default_rng([seed, 3])
    both = _Both.of(_some(real, rng), _some(fake, rng))
    sides = both.shuffled(permutations, rng)
    tests = {
        "blur": lambda: _blur(both, sides),
        "copies": lambda: _pairs(both, sides),
        "classes": lambda: _shares(both, sides) if both.labels is None else _misfits(both, both.labels, sides),
        "crowds": lambda: _crowds(both, sides),
    }
    found = {name: test() for name, test in tests.items()}
    adjusted, thresholds = _together({name: statistic for name, (statistic, _) in found.items()}, level)
    return [
        {
            "alarm": name,
            "fired": adjusted[name] <= level,
            "p": adjusted[name],
            "statistic": float(statistic[0]),
            "threshold": thresholds[name],
            "what": what,
            "n": int(both.fake.sum()),
            "n_real": int((~both.fake).sum()),
            "level": level,
        }
        for name, (statistic, what) in found.items()
    ]


@dataclass(frozen=True)
class _Both:
    """Pictures of both sets in one list; `strata` is what class each changes places in."""

    features: np.ndarray  # (N, d)
    log_p: np.ndarray  # (N, classes)
    sharpness: np.ndarray  # (N,)
    strata: np.ndarray  # (N,) 0, 1, ...
    labels: np.ndarray | None
    fake: np.ndarray  # (N,) bool
    tie: np.ndarray  # (N,) what decides between equals, by chance

    @classmethod
    def of(cls, real: Looks, fake: Looks) -> _Both:
        if labelled := real.labels is not None and fake.labels is not None:
            # a class that one side lacks has nothing to be compared with
            shared = np.intersect1d(real.labels, fake.labels)
            real, fake = real[np.isin(real.labels, shared)], fake[np.isin(fake.labels, shared)]
        if min(len(real), len(fake)) < LEAST:
            shared_too = " that share their classes" if labelled else ""
            raise SelvedgeError(
                f"alarms need {LEAST} pictures in each set{shared_too}, there are {min(len(real), len(fake))}"
            )
        labels = np.concatenate([real.labels, fake.labels]) if labelled else None
        logits = np.concatenate([real.logits, fake.logits]).astype(np.float64)
        logits -= logits.max(1, keepdims=True)
        side = np.arange(len(real) + len(fake)) >= len(real)
        return cls(
            np.concatenate([real.features, fake.features]).astype(np.float64),
            logits - np.log(np.exp(logits).sum(1, keepdims=True)),
            np.concatenate([real.sharpness, fake.sharpness]),
            np.zeros(len(side), int) if labels is None else np.unique(labels, return_inverse=True)[1],
            labels,
            side,
            np.random.default_rng(len(side)).permutation(len(side)),
        )

    def shuffled(self, permutations: int, rng: np.random.Generator) -> np.ndarray:
        """(1 + permutations, N) bool: who is called generated; the first row is the truth."""
        sides = np.repeat(self.fake[None], 1 + permutations, 0)
        for stratum in range(self.strata.max() + 1):
            members = np.flatnonzero(self.strata == stratum)
            sides[1:, members] = rng.permuted(sides[1:, members], axis=1)
        return sides


def _some(looks: Looks, rng: np.random.Generator) -> Looks:
    """At most MOST pictures, in an order that is theirs."""
    looks = canonical(looks)
    return looks if len(looks) <= MOST else looks[np.sort(rng.permutation(len(looks))[:MOST])]


# ---- the tests: each gives its statistic under all rows of `sides`, and what the first row says in words ------------------


def _blur(both: _Both, sides: np.ndarray) -> tuple[np.ndarray, str]:
    """How many of the least sharp pictures are generated."""
    ranks = np.empty(len(both.fake))
    for stratum in range(both.strata.max() + 1):
        members = np.flatnonzero(both.strata == stratum)
        # a rank within its class: plain cloth is less sharp than checks, and would be all of the lowest
        order = members[np.lexsort((both.tie[members], both.sharpness[members]))]
        ranks[order] = (np.arange(len(order)) + 0.5) / len(order)
    return _lowest(both, ranks, sides, "least sharp")


def _misfits(both: _Both, labels: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, str]:
    """How many of the pictures that look least like their own class are generated."""
    asked = both.log_p[np.arange(len(labels)), labels]
    return _lowest(both, asked, sides, "least fitting")


def _lowest(both: _Both, values: np.ndarray, sides: np.ndarray, kind: str) -> tuple[np.ndarray, str]:
    """How many of the lowest values are generated, at the depth where that is most surprising."""
    lowest = np.lexsort((both.tie, values))[: len(values) // 4]
    counts = sides[:, lowest].cumsum(1, dtype=np.int32)[:, SHALLOW - 1 :]
    surprise, depth = _most_surprising(counts)
    expected = counts[:, depth].mean()
    return (
        surprise,
        f"{counts[0, depth]} of the {depth + SHALLOW} {kind} pictures are generated, {expected:.0f} by chance",
    )


def _pairs(both: _Both, sides: np.ndarray) -> tuple[np.ndarray, str]:
    """How many of the closest pairs are two generated pictures."""
    far = squared_distances(both.features, both.features)
    far[np.tril_indices(len(far))] = np.inf
    most = len(far)
    closest = np.argpartition(far, most, axis=None)[:most]
    # two copies are as far apart as rounding makes them: equal up to 1e-9, and then by chance
    scale = np.median(far[np.isfinite(far)])
    order = np.lexsort((np.random.default_rng(most).permutation(most), np.round(far.flat[closest] / scale, 9)))
    one, other = np.unravel_index(closest[order], far.shape)
    counts = (sides[:, one] & sides[:, other]).cumsum(1, dtype=np.int32)[:, SHALLOW - 1 :]
    surprise, depth = _most_surprising(counts)
    expected = counts[:, depth].mean()
    return surprise, (
        f"{counts[0, depth]} of the {depth + SHALLOW} closest pairs are two generated pictures, {expected:.0f} by chance"
    )


def _shares(both: _Both, sides: np.ndarray) -> tuple[np.ndarray, str]:
    """Whether one class is seen more, or less, often among the generated pictures."""
    seen = both.log_p.argmax(1)
    kinds, kind = np.unique(seen, return_inverse=True)
    counts = sides.astype(np.float32) @ (kind[:, None] == np.arange(len(kinds))).astype(np.float32)
    surprise = np.abs(counts - counts.mean(0)) / np.maximum(counts.std(0), 1e-9)
    top = int(surprise[0].argmax())
    text = (
        f"class {kinds[top]} is seen in {counts[0, top]:.0f} generated pictures, {counts[:, top].mean():.0f} by chance"
    )
    return surprise.max(1), text


def _crowds(both: _Both, sides: np.ndarray) -> tuple[np.ndarray, str]:
    """The neighbourhood with most generated pictures."""
    far = squared_distances(both.features, both.features)
    size = max(10, len(far) // 20)
    near = np.argpartition(far, size, axis=1)[:, :size]
    member = np.zeros(far.shape, np.float32)
    np.put_along_axis(member, near, 1, axis=1)
    counts = sides.astype(np.float32) @ member.T
    surprise = (counts - counts.mean(0)) / np.maximum(counts.std(0), 1e-9)
    top = int(surprise[0].argmax())
    text = f"{counts[0, top]:.0f} of {size} pictures of one neighbourhood are generated, {counts[:, top].mean():.0f} by chance"
    return surprise.max(1), text


def _most_surprising(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Counts (rows, depths) -> the largest standardised one of each row, and the first row's depth."""
    surprise = (counts - counts.mean(0)) / np.maximum(counts.std(0), 1e-9)
    return surprise.max(1), int(surprise[0].argmax())


def _together(statistics: dict[str, np.ndarray], level: float) -> tuple[dict[str, float], dict[str, float | None]]:
    """{alarm: p adjusted for all alarms}, {alarm: statistic at which it fires, None where none can}."""
    rows = len(next(iter(statistics.values())))
    # p of each row among all rows, the truth counted in: never 0
    weighted = {
        name: (rows - np.searchsorted(np.sort(np.round(x, 9)), np.round(x, 9), "left")) / rows / SHARES[name]
        for name, x in statistics.items()
    }
    least = np.sort(np.min(list(weighted.values()), axis=0))
    adjusted = {name: float(np.searchsorted(least, x[0], "right") / rows) for name, x in weighted.items()}
    # what may fire at this level, and the smallest statistic of each alarm that is so rare
    rare = least[np.searchsorted(least, least, "right") <= level * rows]
    thresholds = {
        name: float(x[weighted[name] <= rare[-1]].min(initial=np.inf)) if len(rare) else float("inf")
        for name, x in statistics.items()
    }
    # a statistic that no permutation reaches often enough has no threshold that JSON could hold
    return adjusted, {name: value if np.isfinite(value) else None for name, value in thresholds.items()}
