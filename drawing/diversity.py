"""How different drawn textiles are from one another: `python -m drawing.diversity --n 10000 --json`.

A picture is described by its dyes and its texture, not by where motifs lie: a shifted cut of the same cloth is the same.
How near counts as alike is measured on the renderer itself: the distance between two scans of one design (`same_design`).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from functools import cache, partial

import cv2
import numpy as np

from drawing import textiles
from drawing.textiles.colours import COLOURS, Dyer
from selvedge.colour import oklab
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes

SIZE = 96  # pixels a side
# Distances of two scans of one design, 1,000 designs of all classes at 96 pixels: 1st percentile 0.031, median 0.077, 90th
# percentile 0.140. Nearer than ALIKE are pictures that even the same cloth rarely gives; nearer than AKIN may be one
# cloth: in practice one style in one palette.
ALIKE, AKIN = 0.031, 0.077
MAIN_SHARE = 0.1  # a colour that covers this much is a main colour


@dataclass(frozen=True)
class Sample:
    """A drawing as it is compared: exact and perceptual hash, descriptor, and the names of its main colours."""

    cls: str
    style: str
    seed: int
    sha256: str
    phash: int
    descriptor: np.ndarray  # float32, L2
    colours: tuple[str, ...]


# --- descriptor ---------------------------------------------------------------------------------------------------

BINS = {"L": np.linspace(0, 1, 11), "a": np.linspace(-0.25, 0.25, 11), "b": np.linspace(-0.25, 0.25, 11)}
ORIENTATIONS, RINGS, SECTORS = 12, 10, 8


def describe(picture: np.ndarray) -> np.ndarray:
    """The descriptor of an sRGB picture (h, w, 3) uint8: dyes, slopes at three scales, and spectrum; float32.

    Each part is the square root of a distribution, so that L2 is Hellinger's distance (0 to 1 a part), and the parts
    are averaged: two unlike pictures are about 0.3 to 0.7 apart.
    """
    lab = _lab_table()[picture[..., 0] >> 2, picture[..., 1] >> 2, picture[..., 2] >> 2]
    light = lab[..., 0].astype(np.float32)
    parts = [_dyes(lab), *(_slopes(light, sigma) for sigma in (0.7, 1.6, 3.6)), _spectrum(light), _relief(light)]
    weights = (2.0, 0.5, 0.5, 0.5, 1.5, 1.0)
    total = np.concatenate([np.sqrt(w * part / 2) for w, part in zip(weights, parts, strict=True)])
    return (total / np.sqrt(sum(weights))).astype(np.float32)


@cache
def _lab_table() -> np.ndarray:
    """OKLab of a 64-step sRGB cube, (64, 64, 64, 3) float32."""
    steps = np.arange(64) * 4 + 2
    return oklab(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)).astype(np.float32)


def _dyes(lab: np.ndarray) -> np.ndarray:
    """How much of the picture each soft bin of OKLab holds; sums to 1."""
    bins = np.zeros((10, 10, 10))
    at = [(lab[..., i].ravel() - edges[0]) / (edges[1] - edges[0]) - 0.5 for i, edges in enumerate(BINS.values())]
    low = [np.clip(np.floor(x), 0, 8).astype(int) for x in at]
    rest = [np.clip(x - i, 0, 1) for x, i in zip(at, low, strict=True)]
    for corner in np.ndindex(2, 2, 2):
        share = np.prod([r if up else 1 - r for r, up in zip(rest, corner, strict=True)], axis=0)
        np.add.at(bins, tuple(i + up for i, up in zip(low, corner, strict=True)), share)
    return bins.ravel() / bins.sum()


def _slopes(light: np.ndarray, sigma: float) -> np.ndarray:
    """Directions of the slopes at a scale, weighted by steepness; sums to 1."""
    smooth = cv2.GaussianBlur(light, (0, 0), sigma)
    dy, dx = np.gradient(smooth)
    steep = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) % np.pi / np.pi * ORIENTATIONS
    low = np.floor(turn).astype(int)
    bins = np.bincount(low.ravel() % ORIENTATIONS, (steep * (1 - turn + low)).ravel(), ORIENTATIONS)
    bins += np.bincount((low.ravel() + 1) % ORIENTATIONS, (steep * (turn - low)).ravel(), ORIENTATIONS)
    return bins / max(bins.sum(), 1e-9)


def _spectrum(light: np.ndarray) -> np.ndarray:
    """Amplitude by wavelength and direction, which no shift changes; sums to 1."""
    flat = light - light.mean()
    window = np.hanning(flat.shape[0])[:, None] * np.hanning(flat.shape[1])
    amplitude = np.abs(np.fft.fft2(flat * window))
    fy, fx = np.meshgrid(np.fft.fftfreq(flat.shape[0]), np.fft.fftfreq(flat.shape[1]), indexing="ij")
    radius = np.hypot(fx, fy)
    ring = np.clip((np.log2(np.maximum(radius, 1e-9) * flat.shape[0]) * RINGS / 6).astype(int), 0, RINGS - 1)
    sector = (np.arctan2(fy, fx) % np.pi / np.pi * SECTORS).astype(int) % SECTORS
    seen = (radius > 0) & (radius < 0.5)
    bins = np.bincount((ring * SECTORS + sector)[seen], amplitude[seen], RINGS * SECTORS)
    return bins / max(bins.sum(), 1e-9)


def _relief(light: np.ndarray) -> np.ndarray:
    """How strong the contrast is at five scales, against plain; sums to 1."""
    bands, coarse = [], light
    for sigma in (0.8, 1.6, 3.2, 6.4, 12.8):
        smooth = cv2.GaussianBlur(light, (0, 0), sigma)
        bands.append(float((coarse - smooth).std()))
        coarse = smooth
    bands = np.array(bands)
    return np.append(bands, max(0.0, 0.5 - bands.sum())) / max(0.5, bands.sum())


def perceptual_hash(picture: np.ndarray) -> int:
    """64 bits: the signs of the lowest 8 x 8 cosines of the lightness, about their median (Zauner 2010)."""
    light = _lab_table()[picture[..., 0] >> 2, picture[..., 1] >> 2, picture[..., 2] >> 2, 0]
    cosines = cv2.dct(cv2.resize(light, (32, 32), interpolation=cv2.INTER_AREA))[:8, :8].ravel()
    return int("".join("1" if c > np.median(cosines[1:]) else "0" for c in cosines), 2)


# --- samples ------------------------------------------------------------------------------------------------------


def sample(job: tuple[str, int], size: int = SIZE, mode: str = "scan") -> Sample:
    """Draws and describes textile (class, seed)."""
    drawing = textiles.render(*job, size, mode)
    picture = np.asarray(drawing.image)
    main = tuple(colour["name"] for colour in drawing.attributes["colours"] if colour["share"] >= MAIN_SHARE)
    style = drawing.attributes["style"]
    return Sample(
        *(job[0], style, job[1], sha256_bytes(picture.tobytes()), perceptual_hash(picture), describe(picture), main)
    )


def same_design(job: tuple[str, int], size: int = SIZE) -> float:
    """The distance between two scans of one design: another place on the cloth, other yarns, light and grain."""
    cls, seed = job
    styles = textiles.STYLES[cls]
    style = list(styles)[seed % len(styles)]
    design = styles[style](textiles.rng_of(cls, seed, "design"), Dyer(textiles.rng_of(cls, seed, "dye")))
    one, two = (textiles._draw_view(cls, view, design, size, "scan")[0] for view in (2 * seed, 2 * seed + 1))
    return float(np.linalg.norm(describe(one) - describe(two)))


def samples(n: int, size: int = SIZE, mode: str = "scan", seed: int = 0, workers: int = 2) -> list[Sample]:
    """n drawings, the classes in turn, seeds from `seed` on. Raises SelvedgeError as render() does, and for n below 2."""
    from drawing.files import parallel, shown

    if n < 2:
        raise SelvedgeError(f"n {n}: compare at least two textiles")
    jobs = [(textiles.CLASSES[i % len(textiles.CLASSES)], seed + i // len(textiles.CLASSES)) for i in range(n)]
    textiles.render(*jobs[0], size, mode)  # says what is wrong before the processes start
    return list(shown(parallel(partial(sample, size=size, mode=mode), jobs, workers), n, "diversity"))


# --- measures -----------------------------------------------------------------------------------------------------


def nearest(drawn: list[Sample]) -> tuple[np.ndarray, np.ndarray]:
    """For each the distance to its nearest neighbour in the set, and which that is."""
    points = np.stack([one.descriptor for one in drawn])
    squares = (points**2).sum(axis=1)
    distances, neighbours = np.empty(len(points), np.float32), np.empty(len(points), int)
    for start in range(0, len(points), 512):
        block = slice(start, start + 512)
        away = squares[block, None] + squares[None] - 2 * points[block] @ points.T
        away[np.arange(away.shape[0]), np.arange(start, start + away.shape[0])] = np.inf
        neighbours[block] = away.argmin(axis=1)
        distances[block] = np.linalg.norm(points[block] - points[neighbours[block]], axis=1)  # without cancellation
    return distances, neighbours


def measure(drawn: list[Sample]) -> dict:
    """The measures of a set of drawings, of all and by class.

    identical, phash: drawings whose pixels or whose perceptual hash an earlier one has. alike, akin: those with a
    neighbour nearer than ALIKE, AKIN, of any class; akin_share: the near-duplicates' share. nearest: quantiles of the
    distance to the nearest neighbour. colours: how many trade colours are a main colour of one. oklab: of the bins that
    trade colours and their mixtures touch, the share that the drawings fill.
    """
    distances, neighbours = nearest(drawn)
    result = {"n": len(drawn), **_measured(drawn, distances)}
    closest = distances.argsort()[:5]
    result["closest"] = [
        [f"{drawn[i].cls}-{drawn[i].seed}", f"{drawn[j].cls}-{drawn[j].seed}", round(float(distances[i]), 4)]
        for i, j in zip(closest, neighbours[closest], strict=True)
    ]
    result["classes"] = {}
    for cls in dict.fromkeys(one.cls for one in drawn):
        of = [i for i, one in enumerate(drawn) if one.cls == cls]
        result["classes"][cls] = _measured([drawn[i] for i in of], distances[of])
    return result


def _measured(drawn: list[Sample], distances: np.ndarray) -> dict:
    dyes = np.stack([one.descriptor[:1000] for one in drawn]).max(axis=0) > 0.02
    return {
        "identical": _copies([one.sha256 for one in drawn]),
        "phash": _copies([one.phash for one in drawn]),
        "alike": int((distances < ALIKE).sum()),
        "akin": int((distances < AKIN).sum()),
        "akin_share": round(float((distances < AKIN).mean()), 4),
        "nearest": {f"p{q}": round(float(np.percentile(distances, q)), 4) for q in (0, 1, 10, 50, 90)},
        "styles": len({one.style for one in drawn}),
        "colours": len({name for one in drawn for name in one.colours}),
        "oklab": round(float((dyes & _reachable()).sum() / _reachable().sum()), 3),
    }


def _copies(values: list) -> int:
    """How many of the values occurred before."""
    return len(values) - len(set(values))


@cache
def _reachable() -> np.ndarray:
    """The bins of OKLab that any mixture of two trade colours touches, (1000,) bool."""
    dyes = np.array([list(bytes.fromhex(value[1:])) for value in COLOURS.values()], dtype=np.float64)
    mixed = np.concatenate([dyes[:, None] * t + dyes[None] * (1 - t) for t in (0, 0.5)]).reshape(1, -1, 3)
    return _dyes(oklab(mixed)) > 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drawing.diversity", description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=2000, help="how many textiles (2 or more; default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--size", type=int, default=SIZE, help=f"pixels a side (16 to 8192, default {SIZE})")
    parser.add_argument("--mode", default="scan", help=f"one of {', '.join(textiles.MODES)}")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--same", type=int, default=0, metavar="N", help="also measure two scans each of N designs")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args()
    try:
        result = measure(samples(options.n, options.size, options.mode, options.seed, options.workers))
        if options.same:
            result["same_design"] = same_designs(options.same, options.size, options.workers)
    except SelvedgeError as error:
        sys.exit(f"diversity: {error}")
    print(json.dumps(result) if options.json else json.dumps(result, indent=2))


def same_designs(n: int, size: int = SIZE, workers: int = 2) -> dict:
    """Quantiles of `same_design` over n designs, the classes in turn, of all and by class: what ALIKE rests on."""
    from drawing.files import parallel, shown

    jobs = [(textiles.CLASSES[i % len(textiles.CLASSES)], i // len(textiles.CLASSES)) for i in range(n)]
    apart = np.array(list(shown(parallel(partial(same_design, size=size), jobs, workers), n, "same design")))
    groups = {"all": apart} | {
        cls: apart[i :: len(textiles.CLASSES)] for i, cls in enumerate(textiles.CLASSES[: len(jobs)])
    }
    return {
        name: {f"p{q}": round(float(np.percentile(values, q)), 4) for q in (0, 1, 10, 50, 90)}
        for name, values in groups.items()
    }


if __name__ == "__main__":
    main()
