"""Copy alarm: which samples are training pictures, also turned, mirrored, shifted around the torus, cropped and recoloured.

A picture is compared by its edges alone: where they are and which way they run, each as strong as its surroundings make it
(the colour tensor of Di Zenzo 1986, locally normalised). New colours move few edges, and an inverted picture has the same.

- *Search*: every training picture at every scale is cut into blocks of the sample's size that are laid over each other; on
  the torus all pieces of a shifted crop then agree at one shift. Correlations over all shifts, eight orientations and the
  scales of half a side to a whole one are a few products of matrices on the lowest waves.
- *Verify*: the LOOKS best places are compared once more on more waves and scales; at the TRIES best of them the crop that fits is
  cut out and compared on fine waves.

A distance alone says nothing: plain stripes are like other stripes. What counts is the evidence, in bits: how rarely so many
waves agree so well by chance, times the share of the sample that the picture explains, be it by its edges or, where new
colours have made edges fainter, by colours that stand for colours. Each class has a threshold of it:
the middle between what one in a thousand pictures of other cloth would have, known from held-out pictures against training
ones, and what all but one in a hundred copies have that are planted on purpose. Where copies have no more than other cloth,
the class is undecidable: that nothing was found in it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.stats import binom
from torch import Tensor

from selvedge.errors import SelvedgeError
from training.data import sheet
from training.evaluation.agreement import share_of
from training.evaluation.seams import one_core

SIDE = 64  # pixels a side at which samples are compared
LARGEST = 2 * SIDE  # a training picture of which half a side is the sample
STEPS = 7  # scales of the search, from a whole side to half of one
SIZES = tuple(round(SIDE * 2 ** (i / (STEPS - 1))) for i in range(STEPS))
WAVES = 5  # the highest wave number of the search, each way
PLACES = 2 * WAVES + 2  # shifts that the search tries, each way
LOOKS = 48  # training pictures in an orientation to look at for each sample, at each scale
FINE = 11  # the highest wave number of that look, each way
LADDER = tuple(
    round(SIDE * 2 ** (i / (2 * STEPS - 2))) for i in range(2 * STEPS - 1)
)  # its scales: every second is of SIZES
TRIES = 3  # places of these to look at closely
BLOCK = 2048  # correlations computed at once: as many as the processor's cache holds
FEW = 8  # pictures whose maps are made at once, for the same reason
ORIENTATIONS = 8  # mirrored or not, then turned counter-clockwise by 0, 90, 180, 270 degrees


# ---- the report ------------------------------------------------------------------------------------------------------

ALARMS = 0.001  # share of pictures of other cloth that may pass a threshold
HEAVIER = 1.3  # than exponential, the tail is: so a share of ALARMS of drawn cloth passes (reports/copies.md)
RECALL = 0.99  # share of planted copies that must pass it, for a class to be decidable
HELD = 150  # held-out pictures of a class to set its threshold by, at most
LEAST_HELD = 10  # and at least
PLANTED = 100  # copies of a class to plant
CLOSEST = 20  # pairs on the sheet


@dataclass(frozen=True)
class ClassReport:
    """The alarm for one class: n samples; threshold in bits, set by n_held pictures; recall on planted copies.

    `undecidable` is the reason why not, or None. `suspicious` counts samples over the threshold; in an undecidable class
    too, where it proves nothing. `nearer_train` counts samples nearer to the training set than to the held-out one.
    """

    n: int
    n_held: int
    threshold: float | None
    recall: dict
    suspicious: int
    nearer_train: int
    closest: list[dict]
    undecidable: str | None

    def json(self) -> dict:
        """As a plain dict."""
        return {**self.__dict__, "decidable": self.undecidable is None}


@dataclass(frozen=True)
class CopyReport:
    """What `check` found: by class; all matches of samples with training and held-out pictures, for the sheet."""

    by_class: dict[str, ClassReport]
    n_train: int
    n_held: int
    seed: int
    matches: Matches = field(repr=False)
    held: Matches = field(repr=False)
    held_images: Tensor = field(repr=False)

    @property
    def pairs(self) -> list[dict]:
        """The CLOSEST pairs of all samples, most evidence first."""
        order = np.argsort(-self.matches.bits, kind="stable")[:CLOSEST]
        return [_pair(self.matches, self.held, int(i)) for i in order]

    def json(self) -> dict:
        """As a plain dict: totals over decidable classes, the undecidable ones by name, the closest pairs, by class."""
        sure = [found for found in self.by_class.values() if found.undecidable is None]
        count, hits = sum(found.n for found in sure), sum(found.suspicious for found in sure)
        train_share = self.n_train / (self.n_train + self.n_held)
        return {
            "n": len(self.matches.index),
            "n_train": self.n_train,
            "n_held": self.n_held,
            "seed": self.seed,
            "alarms": ALARMS,
            "decidable": {
                "n": count,
                "suspicious": share_of(hits, count),
                "samples": share_of(count, len(self.matches.index)),
                "classes": share_of(len(sure), len(self.by_class)),
            },
            # how rarely so many samples of other cloth pass by chance
            "p": float(binom.sf(hits - 1, count, ALARMS)) if count else 1.0,
            "undecidable": {name: f.undecidable for name, f in self.by_class.items() if f.undecidable is not None},
            # of pictures that have nothing to do with either set, as many as its share of both are nearer to it
            "nearer_train": {
                **share_of(sum(found.nearer_train for found in self.by_class.values()), len(self.matches.index)),
                "expected": train_share,
            },
            "closest": self.pairs,
            "by_class": {name: found.json() for name, found in self.by_class.items()},
        }

    def sheet(self, fake: Tensor, train: Tensor) -> Image.Image:
        """The CLOSEST pairs: samples; the training pictures as the samples show them; the nearest held-out pictures, so too."""
        order = [pair["sample"] for pair in self.pairs]
        rows = [
            (_square(fake[order], LARGEST) * 255).round().to(torch.uint8),
            torch.stack([aligned(train[self.matches.index[i]], self.matches, i) for i in order]),
            torch.stack([aligned(self.held_images[self.held.index[i]], self.held, i) for i in order]),
        ]
        half = (len(order) + 1) // 2
        return sheet([row[part] for part in (slice(0, half), slice(half, None)) for row in rows if len(row[part])])


def in_words(found: dict) -> str:
    """How much could be decided, in one line, of what `CopyReport.json` holds: nothing, or which classes."""
    count, blind = found["decidable"]["classes"]["n"], found["undecidable"]
    sure = [name for name in found["by_class"] if name not in blind]
    if not sure:
        return f"copies: nothing could be decided ({count} of {count} classes undecidable)"
    return f"copies: decidable in {len(sure)} of {count} classes ({', '.join(sure)})"


def check(
    fake: Tensor,
    train: Tensor,
    held: Tensor,
    labels: Sequence[np.ndarray] | None,
    classes: Sequence[str],
    *,
    seed: int,
    cloth: np.ndarray | None = None,
    held_against: Tensor | None = None,
) -> CopyReport:
    """Which of `fake` are copies of `train`, by class; `held` are real pictures that no generator was shown.

    All are (N, 3, H, W) uint8, of any size each; `labels` are the class indices of the three, or None for one class (the
    first of `classes`, else "all"). Thresholds come from `held` against `train`, never from the samples. Every sample is
    compared with all training pictures, whatever their class. `cloth` (N,) names the piece of cloth that each training
    picture shows, None where each shows its own: a planted copy is found where its cloth is, in whichever picture of it.
    `held_against`: the other training pictures, where `held` are some of them: a picture is always its own copy.
    Raises SelvedgeError where a set is empty or labels do not fit.
    """
    sets = (fake, train, held)
    if labels is None:
        of, classes = [np.zeros(len(x), dtype=np.int64) for x in sets], tuple(classes[:1]) or ("all",)
    else:
        of = [np.asarray(x) for x in labels]
    for name, x, y in zip(("samples", "training pictures", "held-out pictures"), sets, of, strict=True):
        if not len(x) or len(x) != len(y):
            raise SelvedgeError(f"the copy alarm was given {len(x)} {name} with {len(y)} labels")
    rng = np.random.default_rng(seed)
    gallery = Gallery(train)
    known = _few(of[2], HELD, rng, len(classes))
    planted_of = _few(of[1], PLANTED, rng, len(classes), again=True)
    planted = plant(train, planted_of, SIDE, seed)
    others = gallery if held_against is None else Gallery(held_against)
    held_found, planted_found = others.nearest(held[known]), gallery.nearest(planted.images)
    cloth = np.arange(len(train)) if cloth is None else np.asarray(cloth)
    right = cloth[planted_found.index] == cloth[planted.index]
    found, beside = gallery.nearest(fake), Gallery(held).nearest(fake)
    by_class = {}
    for i, name in enumerate(classes):
        bits = held_found.bits[of[2][known] == i]
        mine = of[1][planted_of] == i
        copied = np.where(right[mine], planted_found.bits[mine], 0)
        threshold = threshold_of(bits, copied)
        recall = share_of(int((copied > (np.inf if threshold is None else threshold)).sum()), len(copied))
        by_class[name] = _class_report(
            np.flatnonzero(of[0] == i),
            found,
            beside,
            threshold,
            len(bits),
            recall,
            _why_not(threshold, len(bits), recall),
        )
    return CopyReport(by_class, len(train), len(held), seed, found, beside, held)


def threshold_of(others: np.ndarray, copies: np.ndarray) -> float | None:
    """The evidence over which a sample is taken for a copy: the geometric mean of what others and copies are known to have.

    Of `others`, held-out pictures, it is what a share of ALARMS would pass: their upper quarter is taken for an exponential tail
    (the peaks over a threshold of Pickands 1975, with shape 0), HEAVIER than which it was measured to be, for cloth of one
    style is like itself; and it is no less than the most that any of them has. Of `copies`, planted ones, it is what a share
    of RECALL has. Where that is less, the first alone, which then misses too many.
    None for fewer than LEAST_HELD pictures.
    """
    if len(others) < LEAST_HELD:
        return None
    start = float(np.quantile(others, 0.75))
    over = others[others > start] - start
    scale = float(over.mean()) if len(over) else 0.0
    low = max(start + HEAVIER * scale * math.log(0.25 / ALARMS), float(others.max()))
    spare = int((1 - RECALL) * len(copies) + 1e-9)  # copies that may be lost
    return math.sqrt(low * max(low, float(np.sort(copies)[spare]))) if len(copies) else low


def _why_not(threshold: float | None, n: int, recall: dict) -> str | None:
    """Why a class cannot be decided, or None."""
    if threshold is None:
        return f"{n} held-out pictures are too few for a threshold, {LEAST_HELD} are needed"
    if not recall["n"]:
        return "there is no training picture to plant copies of"
    if recall["share"] < RECALL:
        return (
            f"{recall['share']:.0%} of {recall['n']} planted copies stand out from other cloth, {RECALL:.0%} are needed"
        )
    return None


def _class_report(
    mine: np.ndarray,
    found: Matches,
    beside: Matches,
    threshold: float | None,
    n_held: int,
    recall: dict,
    why: str | None,
) -> ClassReport:
    bits = found.bits[mine]
    closest = mine[np.argsort(-bits, kind="stable")[:5]]
    return ClassReport(
        n=len(mine),
        n_held=n_held,
        threshold=threshold,
        recall=recall,
        suspicious=0 if threshold is None else int((bits > threshold).sum()),
        nearer_train=int((bits > beside.bits[mine]).sum()),
        closest=[_pair(found, beside, int(i)) for i in closest],
        undecidable=why,
    )


def _pair(found: Matches, beside: Matches, i: int) -> dict:
    return {
        "sample": i,
        "train": int(found.index[i]),
        "distance": float(found.distance[i]),
        "bits": float(found.bits[i]),
        "held": int(beside.index[i]),
        "held_distance": float(beside.distance[i]),
        "held_bits": float(beside.bits[i]),
    }


def _few(labels: np.ndarray, count: int, rng: np.random.Generator, classes: int, again: bool = False) -> np.ndarray:
    """Indices of up to `count` pictures of each class, by chance; or of so many, where there are fewer some `again`."""
    members = [rng.permutation(np.flatnonzero(labels == i)) for i in range(classes)]
    return np.concatenate([np.resize(some, count) if again and len(some) else some[:count] for some in members])


def aligned(picture: Tensor, matches: Matches, i: int) -> Tensor:
    """(3, H, W) uint8 as sample i shows it, (3, LARGEST, LARGEST): cropped, shifted and turned as it was found, in its colours."""
    top, left = (int(2 * v) for v in matches.origin[i])
    dy, dx = (int(2 * v) for v in matches.shift[i])
    whole = _square(picture[None], 2 * int(matches.size[i]))[0]
    crop = whole[:, top : top + LARGEST, left : left + LARGEST].roll((top - dy, left - dx), (1, 2))
    return (_turned_back(crop, int(matches.orientation[i])) * 255).round().clamp(0, 255).to(torch.uint8)


# ---- edges -----------------------------------------------------------------------------------------------------------


def _box(x: Tensor, reach: int) -> Tensor:
    """Mean over a square of 2 reach + 1 pixels, of those that there are; as products of matrices, which is fastest."""
    rows, columns = (_band(side, reach) for side in x.shape[2:])
    return rows @ x @ columns.T


@cache
def _band(side: int, reach: int) -> Tensor:
    at = torch.arange(side)
    near = ((at[:, None] - at).abs() <= reach).float()
    return near / near.sum(1, keepdim=True)


def _edges(x: Tensor) -> Tensor:
    """(B, 3, H, W) in 0..1 -> (B, 3, H, W): strength, and strength times cosine and sine of twice the direction."""
    p = F.pad(x, (1, 1, 1, 1), mode="replicate")
    smooth = (p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]) / 4
    across = smooth[:, :, :, 2:] - smooth[:, :, :, :-2]
    smooth = (p[:, :, :, :-2] + 2 * p[:, :, :, 1:-1] + p[:, :, :, 2:]) / 4
    down = smooth[:, :, 2:] - smooth[:, :, :-2]
    xx, yy = across.square().sum(1, keepdim=True), down.square().sum(1, keepdim=True)
    xy = (across * down).sum(1, keepdim=True)
    energy = xx + yy
    around = _box(energy, 7) + 4e-4
    strength = energy / (energy + around)
    per = strength / (energy + 1e-6)
    return torch.cat([strength, (xx - yy) * per, 2 * xy * per], 1)


def _centred(x: Tensor) -> Tensor:
    return x - x.mean((2, 3), keepdim=True)


def _fine(x: Tensor) -> Tensor:
    """Maps to verify by: the edges."""
    return _centred(_edges(x))


def _coarse(x: Tensor, fine: Tensor) -> Tensor:
    """Maps to search by, (B, 6, H, W): the fine ones of a picture, and those of it at half the size."""
    height, width = x.shape[2:]
    half = _edges(_resized(x, ((height + 1) // 2, (width + 1) // 2)))
    return torch.cat([fine, _centred(F.interpolate(half, (height, width), mode="bilinear"))], 1)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)


def _square(images: Tensor, side: int) -> Tensor:
    """(B, 3, H, W) uint8 -> (B, 3, side, side) in 0..1."""
    return _resized(images.float() / 255, (side, side))


def _folded(maps: Tensor) -> Tensor:
    """(B, C, h, h), SIDE <= h <= LARGEST -> (B, C, SIDE, SIDE): its blocks of SIDE pixels laid over each other."""
    room = LARGEST - maps.shape[-1]
    p = F.pad(maps, (0, room, 0, room))
    return p.unflatten(3, (2, SIDE)).sum(3).unflatten(2, (2, SIDE)).sum(2)


def _turned(x: Tensor, orientation: int) -> Tensor:
    """The pictures in one of the eight orientations."""
    return torch.rot90(x.flip(-1) if orientation >= 4 else x, orientation % 4, (-2, -1))


def _turned_back(x: Tensor, orientation: int) -> Tensor:
    x = torch.rot90(x, -(orientation % 4), (-2, -1))
    return x.flip(-1) if orientation >= 4 else x


# ---- search ----------------------------------------------------------------------------------------------------------


def _waves(maps: Tensor) -> Tensor:
    """(B, C, SIDE, SIDE) -> (B, C, 2 WAVES + 1, WAVES + 1) complex: the lowest waves, down -WAVES..WAVES, across 0..WAVES."""
    k = torch.arange(-WAVES, WAVES + 1, dtype=torch.float64)
    x = torch.arange(SIDE, dtype=torch.float64) / SIDE
    rows = torch.exp(-2j * math.pi * k[:, None] * x).to(torch.complex64)
    columns = rows[WAVES:]
    across = torch.complex(maps @ columns.real.T, maps @ columns.imag.T)
    found = rows @ across
    found[:, :, WAVES, 0] = 0  # the mean
    found[:, :, :WAVES, 0] = 0  # those are the conjugates of the others
    return found


def _unit(waves: Tensor) -> Tensor:
    return waves / (waves.abs().square().sum((1, 2, 3), keepdim=True) * 2).sqrt().clamp_min(1e-9)


def _inverse() -> tuple[Tensor, Tensor]:
    """Two steps from waves to correlations at PLACES x PLACES shifts: down, for each wave across; then across."""
    place = torch.arange(PLACES, dtype=torch.float64) / PLACES
    k = torch.arange(-WAVES, WAVES + 1, dtype=torch.float64)
    phase = 2 * math.pi * place[:, None] * k  # (places, waves)
    real = torch.stack([phase.cos(), -phase.sin()], 2).flatten(1)
    imaginary = torch.stack([phase.sin(), phase.cos()], 2).flatten(1)
    down = torch.cat([real, imaginary])  # (2 places, 2 waves)
    phase = 2 * math.pi * place[:, None] * k[WAVES:]
    across = torch.stack([2 * phase.cos(), -2 * phase.sin()], 2).flatten(1)  # (places, 2 waves)
    return down.float(), across.float()


class Gallery:
    """Pictures to be found, prepared once: (N, 3, H, W) uint8 of any size, squeezed to squares; 140 KB each with their pixels."""

    @one_core()  # batches are small: cores would wait for each other
    def __init__(self, images: Tensor) -> None:
        if not len(images):
            raise SelvedgeError("there is no picture to compare with")
        self.images = torch.cat([_square(part, LARGEST).mul(255).round().to(torch.uint8) for part in images.split(256)])
        few = self.images[:: max(1, len(self.images) // 200)]
        power = torch.fft.rfft2(_fine(_square(few, SIDE))).abs().square().mean((0, 1))
        self.sieve = torch.rsqrt(power + 1e-3 * power.mean()) * _lowpass()
        prepared = [self._prepared(part) for part in self.images.split(FEW)]
        waves, self.looks = (torch.cat(parts) for parts in zip(*prepared, strict=True))
        self.white = torch.rsqrt(waves.abs().square().mean((0, 1)) + 1e-6)
        waves = _unit((waves * self.white).flatten(0, 1))
        # conj(a) b as real numbers: a's (real, imaginary) against b's (real, imaginary) and (imaginary, -real)
        b = waves.permute(3, 2, 1, 0)  # (across, down, C, N STEPS)
        both = torch.stack([torch.cat([b.real, b.imag], 2), torch.cat([b.imag, -b.real], 2)], 2)
        self.table = both.flatten(0, 2).contiguous()  # (across down 2, 2 C, N STEPS)
        self.down, self.across = _inverse()

    def _prepared(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, LARGEST, LARGEST) uint8 -> waves (B, STEPS, 6, 11, 6) to search by, and (B, scales, 3, 23, 12, 2) to look at."""
        waves, looks = [], []
        for size in LADDER:
            x = _square(images, size)
            fine = _fine(x)
            looks.append(_lowest(_sieved(self, _folded(fine))))
            if size in SIZES:
                waves.append(_waves(_folded(_coarse(x, fine))))
        return torch.stack(waves, 1), torch.view_as_real(torch.stack(looks, 1)).half()

    def __len__(self) -> int:
        return len(self.images)

    @torch.no_grad()
    def correlations(self, samples: Tensor) -> Tensor:
        """(B, 3, SIDE, SIDE) in 0..1 -> (B, 8, N, STEPS): the best over all shifts, -1..1."""
        found = torch.empty(len(samples), ORIENTATIONS, len(self), STEPS)
        for orientation in range(ORIENTATIONS):
            turned = _turned(samples, orientation)
            a = _unit(_waves(_coarse(turned, _fine(turned))) * self.white).permute(3, 2, 0, 1)
            a = torch.cat([a.real, a.imag], 3).flatten(0, 1).repeat_interleave(2, 0)  # (across down 2, B, 2 C)
            out = torch.empty(len(samples), len(self) * STEPS)
            for top in range(0, len(samples), 16):
                rows = a[:, top : top + 16]
                step = BLOCK // 16
                for left in range(0, out.shape[1], step):
                    out[top : top + 16, left : left + step] = self._best(rows, self.table[:, :, left : left + step])
            found[:, orientation] = out.view(len(samples), len(self), STEPS)
        return found

    def _best(self, a: Tensor, b: Tensor) -> Tensor:
        product = torch.bmm(a, b)  # (across down 2, rows, columns)
        shape = product.shape[1:]
        product = product.view(WAVES + 1, 2 * (2 * WAVES + 1), -1)
        down = torch.matmul(self.down, product).view(WAVES + 1, 2, PLACES, -1)
        lines = down.view(2 * (WAVES + 1), PLACES, -1).permute(1, 0, 2)
        return torch.matmul(self.across, lines).view(PLACES * PLACES, -1).amax(0).view(shape)

    @one_core()
    @torch.no_grad()
    def nearest(self, images: Tensor) -> Matches:
        """The picture here that most evidence speaks for, for each of (N, 3, H, W) uint8 of any size."""
        parts = []
        for start in range(0, len(images), 64):
            samples = _square(images[start : start + 64], SIDE)
            parts.append(self._verified(samples, self.correlations(samples)))
        return Matches.joined(parts)

    def _verified(self, samples: Tensor, correlations: Tensor) -> Matches:
        """(B, 3, SIDE, SIDE) with their coarse correlations -> the nearest of each, of the LOOKS best whatever the scale."""
        best = correlations.amax(3).flatten(1).topk(min(LOOKS, ORIENTATIONS * len(self)), 1).indices
        return verify(self, samples, best % len(self), best // len(self))


def _lowpass() -> Tensor:
    """(SIDE, SIDE / 2 + 1): fine waves count less, for a crop is never laid out exactly; the mean does not."""
    k = torch.fft.fftfreq(SIDE, 1 / SIDE)[:, None].square() + torch.arange(SIDE // 2 + 1).square()
    weight = torch.exp(-k / 2 / 10.0**2)
    weight[0, 0] = 0
    return weight


# ---- verify ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matches:
    """The nearest picture of each of N samples, and where in it the sample was found.

    index; distance, 1 - correlation r of fine waves (0 for the same edges, about 1 for unrelated ones); bits, the evidence that
    this is no chance times the share that it explains (pictures of one style agree in a part of many waves, copies in nearly
    all of theirs, be they few): r^2 of the edges, or `_colours_explain` of the colours if that is more; orientation of the
    sample in which it agrees; size, the picture's side where the sample's is SIDE; shift (N, 2) around the torus and origin (N,
    2) of the crop.
    """

    index: np.ndarray
    distance: np.ndarray
    bits: np.ndarray
    orientation: np.ndarray
    size: np.ndarray
    shift: np.ndarray
    origin: np.ndarray

    @staticmethod
    def joined(parts: Sequence[Matches]) -> Matches:
        """One after the other."""
        return Matches(*(np.concatenate([getattr(p, name) for p in parts]) for name in Matches.__dataclass_fields__))

    def some(self, indices: np.ndarray) -> Matches:
        """Those of a few samples."""
        return Matches(*(getattr(self, name)[indices] for name in Matches.__dataclass_fields__))


def verify(gallery: Gallery, samples: Tensor, index: Tensor, orientation: Tensor) -> Matches:
    """Compare each of (B, 3, SIDE, SIDE) closely with its candidates (B, M): pictures and orientations, at all scales."""
    query = torch.arange(len(samples))[:, None].expand_as(index)
    jobs = torch.stack([query, index, orientation], 2).flatten(0, 1)  # (B M, 3)
    value, best = _glanced(gallery, samples, jobs).max(1)
    jobs = torch.cat([jobs, torch.tensor(LADDER)[best, None]], 1)  # (B M, 4)
    jobs = _leading(jobs, value, TRIES)
    jobs, value, shift, looks, which = _tried(gallery, samples, jobs, [97.0, 98.5, 100.0, 101.5, 103.0])
    found = []
    for i in range(len(samples)):
        mine = torch.where(jobs[:, 0] == i)[0]
        tries = mine[value[mine].topk(min(TRIES, len(mine))).indices]
        found.append(
            max(
                (_cut_out(gallery, samples[i], looks[which[j]], jobs[j], shift[j]) for j in tries),
                key=lambda cut: cut[2],
            )
        )
    columns = [np.array(column) for column in zip(*found, strict=True)]
    return Matches(*columns)


def _glanced(gallery: Gallery, samples: Tensor, jobs: Tensor) -> Tensor:
    """The bits (J, scales) of jobs (sample, picture, orientation), by the waves that the gallery has ready."""
    _, spectra, which = _spectra(gallery, samples, jobs)
    spectra, side = _lowest(spectra).conj().resolve_conj(), 2 * FINE + 2
    value = []
    for pictures, mine in zip(jobs[:, 1].split(FEW), which.split(FEW), strict=True):
        theirs = torch.view_as_complex(gallery.looks[pictures].float())
        product = (spectra[mine, None] * theirs).sum(2).flatten(0, 1)
        plane = torch.fft.irfft2(F.pad(product, (0, 1, 0, 1)).roll(-FINE, 1), (side, side)) * side**2
        value.append(_bits(product, plane.flatten(1).amax(1)).view(len(pictures), -1))
    return torch.cat(value)


def _lowest(spectra: Tensor) -> Tensor:
    """(B, 3, SIDE, SIDE / 2 + 1) complex -> (B, 3, 2 FINE + 1, FINE + 1) of unit length: down -FINE..FINE, across 0..FINE."""
    low = spectra.roll(FINE, 2)[:, :, : 2 * FINE + 1, : FINE + 1]
    power = low.abs().square().sum((1, 2))
    return low / (2 * power.sum(1) - power[:, 0]).sqrt()[:, None, None, None].clamp_min(1e-9)


def _tried(gallery: Gallery, samples: Tensor, jobs: Tensor, percent: list[float]) -> tuple[Tensor, ...]:
    """Jobs (sample, picture, orientation, size) at these shares of their sizes: with values, shifts, and the samples' maps."""
    sizes = (jobs[:, 3:] * torch.tensor(percent) / 100).round().long().clamp(SIDE, LARGEST)
    jobs = torch.cat([jobs[:, None, :3].expand(-1, len(percent), -1), sizes[:, :, None]], 2).flatten(0, 1).unique(dim=0)
    looks, spectra, which = _spectra(gallery, samples, jobs)
    return jobs, *_fitted(gallery, jobs, spectra, which), looks, which


def _leading(jobs: Tensor, value: Tensor, count: int) -> Tensor:
    """The best jobs of each sample."""
    order = value.argsort(descending=True, stable=True)
    order = order[jobs[order, 0].argsort(stable=True)]
    samples = jobs[order, 0]
    first = torch.searchsorted(samples, samples)
    return jobs[order[torch.arange(len(jobs)) - first < count]]


def _spectra(gallery: Gallery, samples: Tensor, jobs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Maps and sieved spectra of the samples in their orientations, and for each job which of them is its own."""
    pairs, which = torch.unique(jobs[:, [0, 2]], dim=0, return_inverse=True)
    looks = [_fine(part) for part in torch.stack([_turned(samples[i], int(o)) for i, o in pairs]).split(FEW)]
    return torch.cat(looks), torch.cat([_sieved(gallery, part) for part in looks]), which


def _sieved(gallery: Gallery, maps: Tensor) -> Tensor:
    """Spectra of unit length of (B, 3, SIDE, SIDE), each wave about as strong as another."""
    spectra = torch.fft.rfft2(maps) * gallery.sieve
    return spectra / _power(spectra).sqrt()[:, None, None, None].clamp_min(1e-9)


def _power(spectra: Tensor) -> Tensor:
    """The sum of squares over the whole plane, of which a real picture's spectrum shows half."""
    both = spectra.abs().square().sum((1, 2))
    return 2 * both.sum(1) - both[:, 0] - both[:, -1]


def _fitted(gallery: Gallery, jobs: Tensor, spectra: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    """For each job the bits (J,) at the best shift, and that shift (J,), row by row, with the blocks folded."""
    value, shift = torch.empty(len(jobs)), torch.empty(len(jobs), dtype=torch.long)
    for size in jobs[:, 3].unique().tolist():
        for at in torch.where(jobs[:, 3] == size)[0].split(128):
            images, back = torch.unique(jobs[at, 1], return_inverse=True)
            maps = [_folded(_fine(_square(part, size))) for part in gallery.images[images].split(FEW)]
            theirs = _sieved(gallery, torch.cat(maps))
            product = (spectra[which[at]].conj() * theirs[back]).sum(1)
            plane = torch.fft.irfft2(product, (SIDE, SIDE)) * SIDE**2
            best, shift[at] = plane.flatten(1).max(1)
            value[at] = _bits(product, best)
    return value, shift


def _cut_out(gallery: Gallery, sample: Tensor, look: Tensor, job: Tensor, shift: Tensor) -> tuple:
    """Cut the crop that fits best out of the picture, compare it with the sample and its map: index, distance, bits, and where."""
    _, index, orientation, size = job.tolist()
    dy, dx = divmod(int(shift), SIDE)
    maps = _fine(_square(gallery.images[index : index + 1], size))[0]
    look = look.roll((dy, dx), (1, 2))
    top, left = _origin(look, maps)
    crop = maps[:, top : top + SIDE, left : left + SIDE].roll((top, left), (1, 2))
    spectra = _sieved(gallery, torch.stack([look, _centred(crop[None])[0]]))
    product = (spectra[0].conj() * spectra[1]).sum(0)
    plane = torch.fft.irfft2(product, (SIDE, SIDE)) * SIDE**2
    best = max(plane[y, x] for y in (-1, 0, 1) for x in (-1, 0, 1))
    pixels = _turned(sample, orientation).roll((dy, dx), (1, 2))
    shown = _square(gallery.images[index : index + 1], size)[0][:, top : top + SIDE, left : left + SIDE]
    explained = max(float(best.clamp_min(0)) ** 2, _colours_explain(shown.roll((top, left), (1, 2)), pixels))
    bits = float(_bits(product[None], best[None])[0]) * explained
    return index, 1 - float(best), bits, orientation, size, (dy, dx), (top, left)


COLOURS = 8  # that a picture is taken to have
FAINT = (
    1e-3  # the variance of 5 grey levels in three channels, that of grain: a plain sample is not explained by anything
)


def _colours_explain(picture: Tensor, sample: Tensor) -> float:
    """The share of a sample's variance that is known once each place's colour in the picture is, both (3, SIDE, SIDE) in 0..1.

    The correlation ratio (Pearson 1905) of the sample on the picture's COLOURS main colours: 1 for new colours in place of
    old ones, whatever they are and be two of them alike; at half the size, for no crop is laid out to the pixel.
    """
    x, y = (F.avg_pool2d(image[None], 2)[0].flatten(1).T.contiguous().numpy() for image in (picture, sample))
    which = _clusters(x, COLOURS, 1, 8, 0.0)[0]
    count = np.bincount(which, minlength=COLOURS).clip(1)
    mean = np.stack([np.bincount(which, channel, COLOURS) / count for channel in y.T], 1)
    whole, within = np.square(y - y.mean(0)).sum(), np.square(y - mean[which]).sum()
    return float((whole - within) / (whole + FAINT * len(y)))


def _clusters(points: np.ndarray, count: int, seed: int, steps: int, precision: float) -> tuple[np.ndarray, np.ndarray]:
    """k-means of (N, 3) float32 points: which of `count` clusters each is in, (N,), and their centres (count, 3)."""
    cv2.setRNGSeed(seed)
    ends, first = (cv2.TERM_CRITERIA_MAX_ITER, steps, precision), np.empty((len(points), 1), np.int32)
    _, which, centres = cv2.kmeans(points, count, first, ends, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(which).ravel(), np.asarray(centres)


def _bits(product: Tensor, correlation: Tensor) -> Tensor:
    """How many coin tosses a correlation (B,) is as rare as between pictures that have nothing to do with each other.

    The waves that carry the likeness, of `product` (B, ...), count as many as their participation ratio,
    d = (sum p)^2 / sum p^2: a plain stripe is one wave, and that two stripes agree says little. Of d independent waves,
    each a cosine and a sine, (1 - r^2)^d agree as well as r by chance.
    """
    strength = product.abs().flatten(1)
    count = strength.sum(1).square() / strength.square().sum(1).clamp_min(1e-20)
    return count * -torch.log2((1 - correlation.clamp(0, 1).square()).clamp_min(1e-9))


def _origin(look: Tensor, maps: Tensor) -> tuple[int, int]:
    """Where the crop begins in (3, h, h): before it, the sample shows what lies SIDE pixels further on."""
    room = maps.shape[-1] - SIDE
    wide = F.pad(maps, (0, LARGEST - maps.shape[-1], 0, LARGEST - maps.shape[-1]))
    here = wide.unflatten(2, (2, SIDE)).unflatten(1, (2, SIDE))  # (3, 2, SIDE, 2, SIDE)
    product = (here * look[:, None, :, None, :]).sum(0)
    sums = F.pad(product.cumsum(1).cumsum(3), (1, 0, 0, 0, 1, 0))  # (2, SIDE + 1, 2, SIDE + 1)
    low = sums[:, : room + 1, :, : room + 1]
    edge, side, whole = sums[:, -1:, :, : room + 1], sums[:, : room + 1, :, -1:], sums[:, -1:, :, -1:]
    first, second = 0, 1
    total = (
        (whole - edge - side + low)[first, :, first]
        + (side - low)[second, :, first]
        + (edge - low)[first, :, second]
        + low[second, :, second]
    )
    best = int(total.argmax())
    return best // (room + 1), best % (room + 1)


# ---- the positive control --------------------------------------------------------------------------------------------

TRIALS = 8  # crops, and exchanges of dyes, to try
KEPT = 0.5  # of the drawing's contrast: less is no copy of it, but a piece of its ground
CHANGES = ("colours as they are", "hues turned", "palette permuted", "inverted", "gamma")


@dataclass(frozen=True)
class Planted:
    """Copies made on purpose: images (N, 3, size, size) uint8, the picture each shows, its share of the side, its change."""

    images: Tensor
    index: np.ndarray
    crop: np.ndarray
    change: np.ndarray


def plant(images: Tensor, index: np.ndarray, size: int, seed: int) -> Planted:
    """Copies of images[index], (N, 3, H, W) uint8, as a generator that memorises might give them: size x size pixels.

    Each is cropped to between half and all of its side, where it shows at least half as much of its drawing, turned by a
    multiple of 90 degrees or mirrored, shifted around the torus, recoloured in one of CHANGES, given noise of up to 6 grey
    levels and, every second one, saved as JPEG of 70 to 95.
    """
    rng = np.random.default_rng(seed)
    made = [_copy(images[i].permute(1, 2, 0).numpy(), size, rng) for i in index]
    pictures = torch.from_numpy(np.stack([copy[0] for copy in made])).permute(0, 3, 1, 2).contiguous()
    return Planted(pictures, np.asarray(index), np.array([c[1] for c in made]), np.array([c[2] for c in made]))


def _copy(picture: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, float, int]:
    """One copy (size, size, 3), the share of the side that it shows, and its change."""
    change = int(rng.integers(len(CHANGES)))
    picture = _recoloured(picture, change, rng)
    height, width = picture.shape[:2]
    share = rng.uniform(0.5, 1)
    side = max(2, round(share * min(height, width)))
    for _ in range(TRIALS):
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        crop = picture[top : top + side, left : left + side]
        if _contrast(crop) >= KEPT * _contrast(picture):
            break
    crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    crop = np.rot90(crop[:, ::-1] if rng.random() < 0.5 else crop, int(rng.integers(4)))
    crop = np.roll(crop, rng.integers(size, size=2), (0, 1))
    crop = np.clip(crop + rng.normal(0, rng.uniform(0, 6), crop.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        crop = _as_jpeg(crop, int(rng.integers(70, 96)))
    return crop, share, change


def _as_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    found = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert found is not None  # it was encoded this moment
    return found


def _recoloured(picture: np.ndarray, change: int, rng: np.random.Generator) -> np.ndarray:
    if change == 1:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.int32)
        hsv[..., 0] = (hsv[..., 0] + rng.integers(20, 160)) % 180
        return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    if change == 2:
        return _permuted(picture, int(rng.integers(3, 5)), rng)
    if change == 3:
        return 255 - picture
    if change == 4:
        return np.rint(255 * (picture / 255) ** np.exp(rng.uniform(-0.7, 0.7))).astype(np.uint8)
    return picture


def _permuted(picture: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The picture with its dyes exchanged: each pixel is unmixed into them, and mixed again of the exchanged ones.

    So a soft edge between two dyes is one between two others, and what dyes do not explain (light, grain) stays. Of a few
    exchanges the one is taken that leaves most of the drawing there.
    """
    pixels = picture.reshape(-1, 3).astype(np.float32)
    _, dyes = _clusters(pixels, count, int(rng.integers(2**31 - 1)), 10, 1.0)
    mixing = np.vstack([dyes.T, np.full(count, 255.0)])  # the last row: parts sum to one
    parts = np.hstack([pixels, np.full((len(pixels), 1), 255.0)]) @ np.linalg.pinv(mixing, rcond=0.03).T
    parts, best, most = parts.clip(-0.2, 1.2), picture, -1.0
    for _ in range(TRIALS):
        order = rng.permutation(count)
        if (order == np.arange(count)).all():
            continue
        moved = np.clip(np.rint(pixels + parts @ (dyes[order] - dyes)), 0, 255).astype(np.uint8).reshape(picture.shape)
        kept = _contrast(moved) / max(_contrast(picture), 1e-6)
        if kept > most:
            best, most = moved, kept
    return best


def _contrast(picture: np.ndarray) -> float:
    """The mean step between neighbouring pixels of a slightly smoothed picture: of its drawing, not of its grain."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32)
    return float(np.abs(np.diff(smooth, axis=0)).mean() + np.abs(np.diff(smooth, axis=1)).mean())
