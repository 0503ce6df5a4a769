"""Which pictures show the same: turned by right angles, mirrored, rescaled, compressed again.

A signature is the low end of a picture's cosine transform. Turning or mirroring a picture transposes that transform and
changes signs in it, so one signature answers for all eight orientations.

Two pictures show the same by one of two rules:

- *evidence*: their signatures agree on so much that between different pictures it would be rarer than so many coin tosses;
- *closeness*: a plain stripe has too few terms to give evidence, so it must agree almost wholly, and in its colours too.

A cloth without structure (a plain solid in even light) satisfies neither: there only equal bytes count.
"""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from selvedge.errors import BadImage
from selvedge.io import FORMATS, MAX_PIXELS, atomic_path

CACHE = Path("runs/cache/signatures.npz")
VERSION = 1  # raise it when `signature` gives other numbers: old caches are then made anew

SIDE = 64  # pixels to which a picture is squeezed before the transform
LUMA, CHROMA = 24, 8  # rows and columns of terms kept; 24 is what a picture of 29 pixels still holds
UNIT = 64  # steps a grey level, well below what JPEG changes
LENGTH = LUMA**2 + 2 * CHROMA**2 + 1  # the last one is the aspect: 4096 log2(width / height)

# Thresholds, set on 10,100 photographs and 4,600 drawings, 108 million pairs. Turned, mirrored, rescaled by 0.3 to 2 and saved
# as JPEG 60 to 95, 99.2 % of 10,000 are found again (of 5,000 photographs 99.98 %, of 495 drawn solids 89 %), and of pictures
# of different cloth none is taken for another: the nearest have 38 bits (jackets in one pose), and of those that agree in
# colour a correlation of 0.953 (checkerboards in one palette).
LIGHT = 2.3  # terms below this radius are the light's slope and vignette, not the cloth's
NOISE = 1.0  # weighted energy that counts as nothing
EVIDENCE = 45.0  # bits
CLOSE = 0.98  # correlation
CLOSE_COLOUR = 2.0  # grey levels between mean colours
CLOSE_GAIN = 0.2  # share by which contrasts differ
COLOUR = (16.0, 10.0, 10.0)  # grey levels between mean Y, Cb, Cr that a colour profile may change
ASPECT = 0.08  # log2; half a pixel of a side of 29 is 0.025

FIRST_LUMA, FIRST_CHROMA = 12, 4  # the terms that are compared first, of every pair
FIRST = 0.5  # the correlation there from which a pair is looked at closely


class Orientation(NamedTuple):
    """Mirrored left to right or not, and then turned counter-clockwise by 0, 90, 180 or 270 degrees."""

    mirrored: bool = False
    turn: int = 0

    def then(self, other: Orientation) -> Orientation:
        """This one first, the other after it."""
        turn = -self.turn if other.mirrored else self.turn
        return Orientation(self.mirrored != other.mirrored, (turn + other.turn) % 360)

    def back(self) -> Orientation:
        """What undoes this one."""
        return self if self.mirrored else Orientation(False, -self.turn % 360)

    def __str__(self) -> str:
        parts = [*(["mirrored"] if self.mirrored else []), *([f"turned by {self.turn}"] if self.turn else [])]
        return ", ".join(parts) or "as it is"


ORIENTATIONS = tuple(Orientation(mirrored, turn) for mirrored in (False, True) for turn in (0, 90, 180, 270))


@dataclass(frozen=True)
class Pair:
    """Two pictures by SHA-256, `a` < `b`, that show the same: `a` in this orientation is `b`.

    `distance` is 1 - correlation of the signatures, 0 for the same picture.
    """

    a: str
    b: str
    orientation: Orientation
    distance: float


# ---- signatures ----------------------------------------------------------------------------------------------------------


def _cosines(terms: int) -> np.ndarray:
    """Rows of the orthonormal DCT-II over SIDE pixels, divided so that the first term is the mean."""
    k, x = np.arange(terms)[:, None], np.arange(SIDE)
    rows = np.cos(np.pi * k * (2 * x + 1) / (2 * SIDE)) * np.where(k, np.sqrt(2), 1)
    return (rows / SIDE).astype(np.float32)


def signature(image: Image.Image) -> np.ndarray:
    """The signature of an RGB picture: LENGTH numbers of int16.

    24x24 terms of the luma's DCT-II and 8x8 of Cb and of Cr, row by row, in 1/64 grey levels (the first of each is the
    mean, and the squares of the others sum to the variance that they carry), then 4096 log2(width / height).
    """
    small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    red, green, blue = np.moveaxis(np.asarray(small, dtype=np.float32), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    parts = []
    for plane, terms in ((luma, LUMA), (0.564 * (blue - luma), CHROMA), (0.713 * (red - luma), CHROMA)):
        rows = _cosines(terms)
        parts.append((rows @ plane @ rows.T).ravel() * UNIT)
    parts.append(np.array([4096 * np.log2(image.width / image.height)]))
    return np.concatenate(parts).round().clip(-32768, 32767).astype(np.int16)


def signature_of(path: str | Path) -> np.ndarray:
    """The signature of a picture file; raises BadImage with its name when it cannot be read."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadImage(f"{path}: {image.width}x{image.height} is more than {MAX_PIXELS:,} pixels")
            width, height = image.size
            image.draft("RGB", (4 * SIDE, 4 * SIDE))  # a large JPEG is decoded at an eighth, a quarter or a half
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except FileNotFoundError:
        raise BadImage(f"{path}: there is no such file") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadImage(f"{path}: is not a picture that can be read ({str(error).splitlines()[0]})") from None
    found = signature(upright)
    if (upright.width > upright.height) != (width > height) and width != height:
        width, height = height, width
    found[-1] = round(4096 * np.log2(width / height))  # a draft's sides are rounded
    return found


class Signatures:
    """Signatures by SHA-256, kept in a file; one that is damaged or of another version is made anew."""

    def __init__(self, path: str | Path = CACHE) -> None:
        self.path = Path(path)
        self.known: dict[str, np.ndarray] = dict(self._read())

    def of(self, files: Mapping[str, str | Path]) -> dict[str, np.ndarray]:
        """SHA-256 -> signature of each of `files` (SHA-256 -> path); what is not known yet is computed on all cores.

        Raises BadImage with the name of a file that cannot be read.
        """
        missing = sorted(set(files) - set(self.known))
        done = 0
        for start in range(0, len(missing), 10_000):  # what was computed stays when the rest is killed
            part = missing[start : start + 10_000]
            for sha, found in zip(part, _map([str(files[sha]) for sha in part]), strict=True):
                self.known[sha] = found
                done += 1
                if done % 1000 == 0 or done == len(missing):
                    print(f"duplicates: {done}/{len(missing)} pictures seen", flush=True)
            self._write()
        return {sha: self.known[sha] for sha in files}

    def _read(self) -> Iterable[tuple[str, np.ndarray]]:
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                shas, values = stored["sha256"], stored["signatures"]
                sound = values.dtype == np.int16 and values.shape == (len(shas), LENGTH)
                if int(stored["version"]) != VERSION or not sound:
                    return ()
                return zip(map(str, shas), values, strict=True)
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
            return ()

    def _write(self) -> None:
        shas = sorted(self.known)
        values = np.stack([self.known[sha] for sha in shas])
        with atomic_path(self.path) as partial, partial.open("wb") as file:
            np.savez(file, version=VERSION, sha256=np.array(shas), signatures=values)


def _map(paths: list[str]) -> Iterator[np.ndarray]:
    if len(paths) < 100:  # starting processes takes longer
        yield from map(signature_of, paths)
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(signature_of, paths, chunksize=32)


# ---- pairs ---------------------------------------------------------------------------------------------------------------


def _terms(values: np.ndarray, luma: int = LUMA, chroma: int = CHROMA) -> np.ndarray:
    """(n, LENGTH) signatures -> (n, luma^2 + 2 chroma^2), the lowest terms of each plane, the mean and the light as 0.

    A term is weighted by its radius, since a picture's spectrum falls with it: so each says about as much as another.
    """
    parts = []
    for start, size, keep in ((0, LUMA, luma), (LUMA**2, CHROMA, chroma), (LUMA**2 + CHROMA**2, CHROMA, chroma)):
        block = values[:, start : start + size**2].reshape(-1, size, size)[:, :keep, :keep]
        radius = np.hypot(*np.indices((keep, keep), dtype=np.float32))
        weight = np.where(radius < LIGHT, 0, radius / UNIT).astype(np.float32)
        parts.append((block * weight).reshape(len(values), keep**2))
    return np.concatenate(parts, 1)


@cache
def _moves(luma: int, chroma: int) -> tuple[np.ndarray, np.ndarray]:
    """(8, terms) each: for each of ORIENTATIONS, which term comes to each place, and with which sign."""
    orders, signs = [], []
    for mirrored, turn in ORIENTATIONS:
        order_of, sign_of, start = [], [], 0
        for size in (luma, chroma, chroma):
            order = np.arange(start, start + size**2).reshape(size, size)
            odd = (-1.0) ** np.arange(size)
            sign = np.tile(odd if mirrored else np.ones(size), (size, 1))
            for _ in range(turn // 90):
                order, sign = order.T, sign.T * odd[:, None]
            order_of.append(order.ravel())
            sign_of.append(sign.ravel())
            start += size**2
        orders.append(np.concatenate(order_of))
        signs.append(np.concatenate(sign_of).astype(np.float32))
    return np.stack(orders), np.stack(signs)


def _oriented(terms: np.ndarray, luma: int, chroma: int) -> np.ndarray:
    """(n, terms) -> (8 n, terms): all of them in each of ORIENTATIONS in turn."""
    return np.concatenate([terms[:, order] * sign for order, sign in zip(*_moves(luma, chroma), strict=True)])


def _oriented_each(terms: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """(n, terms) -> (n, terms): each in its own orientation."""
    order, sign = _moves(LUMA, CHROMA)
    return np.take_along_axis(terms, order[kind], 1) * sign[kind]


def find(signatures: Mapping[str, np.ndarray]) -> list[Pair]:
    """All pairs of pictures that show the same, by SHA-256, in order; each in its best orientation.

    Pictures are sorted by brightness, so that only a band of them need be compared: in all orientations on their lowest
    terms first, and what agrees there on all terms. Memory is about 6 KB a picture, and 100 MB.
    """
    shas = np.array(sorted(signatures))
    if len(shas) < 2:
        return []
    values = np.stack([signatures[sha] for sha in shas])
    order = np.argsort(values[:, 0], kind="stable")
    shas, values = shas[order], values[order]
    ends = np.searchsorted(values[:, 0].astype(int), values[:, 0] + int(COLOUR[0] * UNIT), side="right")
    first = _terms(values, FIRST_LUMA, FIRST_CHROMA)
    first /= np.sqrt(_energy(first))[:, None]

    best: dict[tuple[int, int], tuple[float, int]] = {}
    for top in range(0, len(shas), 256):
        height = min(256, len(shas) - top)
        block = _oriented(first[top : top + height], FIRST_LUMA, FIRST_CHROMA)
        for left in range(top, ends[top + height - 1], 4096):
            right = min(left + 4096, ends[top + height - 1])
            hits = np.flatnonzero(block @ first[left:right].T > FIRST)
            kind, a, b = np.unravel_index(hits, (len(ORIENTATIONS), height, right - left))
            a, b = a + top, b + left
            ahead = _same_frame(values, a, b, kind) & (a < b)
            a, b, kind = a[ahead], b[ahead], kind[ahead]
            for start in range(0, len(a), 4096):
                part = slice(start, start + 4096)
                _verify(values, a[part], b[part], kind[part], best)
    return sorted((_pair(shas, *at, *found) for at, found in best.items()), key=lambda pair: (pair.a, pair.b))


def _energy(terms: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", terms, terms) + NOISE


def _pair(shas: np.ndarray, a: int, b: int, correlation: float, kind: int) -> Pair:
    one, two, orientation = str(shas[a]), str(shas[b]), ORIENTATIONS[kind]
    if one > two:
        one, two, orientation = two, one, orientation.back()
    return Pair(one, two, orientation, round(max(0.0, 1 - correlation), 4))


def _colour_apart(values: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, 3): by how many grey levels the pictures' mean Y, Cb and Cr differ."""
    means = values[:, [0, LUMA**2, LUMA**2 + CHROMA**2]].astype(np.float32) / UNIT
    return np.abs(means[a] - means[b])


def _same_frame(values: np.ndarray, a: np.ndarray, b: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Whether colours on the whole, and sides after the turn, are near enough to look closer."""
    aspect = values[:, -1].astype(np.float32) / 4096
    apart = np.abs(np.where(kind % 2, -aspect[a], aspect[a]) - aspect[b])
    return (_colour_apart(values, a, b) <= COLOUR).all(1) & (apart <= ASPECT)


def _verify(values: np.ndarray, a: np.ndarray, b: np.ndarray, kind: np.ndarray, best: dict) -> None:
    """Compare pictures a[i] in orientation kind[i] with b[i]; the same ones go into `best`, each by its best orientation."""
    one, two = _oriented_each(_terms(values[a]), kind), _terms(values[b])
    energy_one, energy_two = _energy(one), _energy(two)
    product = one * two
    correlation = np.clip(product.sum(1) / np.sqrt(energy_one * energy_two), 0, 1)
    colour = _colour_apart(values, a, b).max(1)
    same = shows_the_same(correlation, np.abs(product), colour, np.sqrt(energy_one / energy_two))
    for at in np.flatnonzero(same):
        pair, found = (int(a[at]), int(b[at])), (float(correlation[at]), int(kind[at]))
        if pair not in best or (found[0], -found[1]) > (best[pair][0], -best[pair][1]):
            best[pair] = found


def shows_the_same(correlation: np.ndarray, product: np.ndarray, colour: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """The decision, pair by pair; `product` (n, terms) holds |term of one x term of the other|.

    The terms that carry the likeness count as many as their participation ratio, d = (sum p)^2 / sum p^2. That d
    independent terms correlate by r by chance is about as rare as (d / 2) log2(1 / (1 - r^2)) coin tosses.
    """
    count = product.sum(1) ** 2 / np.maximum(np.einsum("ij,ij->i", product, product), 1e-12)
    bits = count / 2 * -np.log2(np.maximum(1 - correlation**2, 1e-9))
    close = (correlation >= CLOSE) & (colour <= CLOSE_COLOUR) & (np.abs(gain - 1) <= CLOSE_GAIN)
    return (bits >= EVIDENCE) | close


# ---- clusters ------------------------------------------------------------------------------------------------------------


def orientations_from(start: str, pairs: Iterable[Pair]) -> dict[str, Orientation]:
    """Each picture that `start` leads to through pairs -> the orientation in which `start` shows it."""
    steps: dict[str, list[tuple[str, Orientation]]] = defaultdict(list)
    for pair in pairs:
        steps[pair.a].append((pair.b, pair.orientation))
        steps[pair.b].append((pair.a, pair.orientation.back()))
    found, queue = {start: Orientation()}, deque([start])
    while queue:
        at = queue.popleft()
        for other, orientation in sorted(steps[at]):
            if other not in found:
                found[other] = found[at].then(orientation)
                queue.append(other)
    return found
