"""Seams: bits where a network promises that its tiles repeat, and a score where nothing was promised.

A tile file alone promises nothing: any picture can be laid edge to edge. What can be exact is a network. On a torus no line
is special, so if what enters it is rolled around, its tile is rolled around, and the wrap-around line is a line like any other.
That is checked bit by bit. A tile of unknown origin gets a score: does it go on across its edges as it does inside, and does
the repeat of its cloth fit there too? It was calibrated on drawn tiles that are seamless and on crops that are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.metrics import roc_auc_score
from torch import Tensor

from selvedge.errors import SelvedgeError
from training.data import to_bytes, to_unit
from training.evaluation.agreement import share_of
from training.models.kinds import PatternGenerator, Upscaler

SHIFTS = ((1, 0), (0, 1), (2, 3), (3, 1))  # down, across; pixels of what enters
THRESHOLD = 0.2  # of `score`: about 2 % of drawn tiles have more, reports/copies.md
LEAST = 24  # pixels a side below which there are too few inner lines to compare with
NEAR = 6  # pixels: a repeat is no shorter, for neighbours are alike anyway
CREDIT = 0.2  # how far a line that goes on well may speak against a repeat that does not fit
GREY = 1.0  # a difference that 8 bits alone make
Network = TypeVar("Network", PatternGenerator, Upscaler)


# ---- networks that promise it ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Periodic:
    """Whether a network kept its promise: `bits`, every float the same; `bytes`, every 8-bit value the same.

    `difference` is the largest one of floats in -1..1, over `n` tiles and `shifts` rolls of each.
    """

    bits: bool
    bytes: bool
    difference: float
    n: int
    shifts: int

    def json(self) -> dict:
        """As a plain dict."""
        return asdict(self)


def is_periodic(given: Tensor, network: PatternGenerator | Upscaler, labels: Tensor | None = None) -> Periodic:
    """Whether `network` is exactly periodic.

    A generator is given latents (B, z_dim) and, if conditional, labels (B,); an upscaler tiles (B, 3, H, W), uint8 or -1..1.
    A copy of the network is run, in fp32 on one core: where cores share a picture, each may sum its part in another order,
    so that the place of a pixel decides about its last bit.
    """
    if isinstance(network, PatternGenerator):
        return generator_is_periodic(network, given, labels)
    return upscaler_is_periodic(network, given)


@torch.no_grad()
def generator_is_periodic(generator: PatternGenerator, z: Tensor, labels: Tensor | None = None) -> Periodic:
    """Rolls the coarsest map by k: the tile must roll by k times what one of the map's pixels becomes."""
    network = _still(generator)
    by, side = (0, 0), 0

    def roll(cells: Tensor) -> Tensor:
        nonlocal side
        side = cells.shape[-1]
        return torch.roll(cells, by, (2, 3))

    with one_core():
        tile, found = network(z, labels, lay=roll), []
        factor = tile.shape[-1] // side
        for by in SHIFTS:
            found.append((network(z, labels, lay=roll), _rolled(tile, by, factor)))
    return _compared(found, len(z))


@torch.no_grad()
def upscaler_is_periodic(upscaler: Upscaler, tiles: Tensor) -> Periodic:
    """Rolls tiles by k: what is made of them, called with wrap=True, must roll by k times the enlargement."""
    network = _still(upscaler)
    x = to_unit(tiles) if tiles.dtype == torch.uint8 else tiles.float()
    with one_core():
        large = network(x, wrap=True)
        factor = large.shape[-1] // x.shape[-1]
        found = [(network(_rolled(x, by, 1), wrap=True), _rolled(large, by, factor)) for by in SHIFTS]
    return _compared(found, len(x))


def _still(network: Network) -> Network:
    return deepcopy(network).float().cpu().eval()


@contextmanager
def one_core() -> Iterator[None]:
    """PyTorch on one core of the processor, inside; as many as before, after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rolled(x: Tensor, by: tuple[int, int], factor: int) -> Tensor:
    return torch.roll(x, (factor * by[0], factor * by[1]), (2, 3))


def _compared(pairs: list[tuple[Tensor, Tensor]], n: int) -> Periodic:
    return Periodic(
        all(torch.equal(one, two) for one, two in pairs),
        all(torch.equal(to_bytes(one), to_bytes(two)) for one, two in pairs),
        max(float((one - two).abs().max()) for one, two in pairs),
        n,
        len(pairs),
    )


# ---- tiles of unknown origin -----------------------------------------------------------------------------------------


def score(tiles: Tensor | np.ndarray) -> np.ndarray:
    """(N, 3, H, W) uint8 of LEAST pixels a side or more -> (N,): how much worse the wrap-around is than what is inside.

    Two logarithms of a ratio are added on each axis, and the larger sum counts: `_break`, the line across the edge does not
    follow from its neighbours, and `_misfit`, a repeat is cut short. Above THRESHOLD there is a seam; cloth that shows none,
    plain or cut after whole repeats, scores about 0 or less. Raises SelvedgeError for other shapes.
    """
    pictures = np.asarray(tiles)
    if pictures.ndim != 4 or pictures.shape[1] != 3 or pictures.dtype != np.uint8 or min(pictures.shape[2:]) < LEAST:
        raise SelvedgeError(
            f"a seam is scored on (N, 3, H, W) uint8, {LEAST} pixels a side or more, not {pictures.shape} {pictures.dtype}"
        )
    return np.array([_score(picture.astype(np.float32)) for picture in pictures])


def _score(picture: np.ndarray) -> float:
    luma = np.tensordot(np.array([0.299, 0.587, 0.114], dtype=np.float32), picture, 1)
    apart, variance = _apart(picture), float(picture.var((1, 2)).mean())
    axes = ((luma, apart), (luma.T, apart.T))
    return max(max(_break(lines), -CREDIT) + _misfit(differences, variance) for lines, differences in axes)


def _break(luma: np.ndarray) -> float:
    """How badly the columns at the wrap-around (H, W) are foretold by those before them, against the worst inner columns.

    Read from the left and from the right: the mean of both log ratios.
    """
    found = []
    for side in (luma, luma[:, ::-1]):
        wrong = _foretold(side)
        found.append(np.log((wrong[0] + GREY) / (np.quantile(wrong[3:], 0.97) + GREY)))
    return float(np.mean(found))


def _foretold(luma: np.ndarray) -> np.ndarray:
    """Mean error (W,) of each column's linear prediction from five rows of the two columns before it, as is best inside."""
    width = luma.shape[1]
    wide = np.concatenate([luma[:, -2:], luma], 1)
    near = [np.roll(wide, shift, 0)[:, start : start + width] for shift in range(-2, 3) for start in (0, 1)]
    known = np.stack([*near, np.ones_like(luma)], 2)
    inner, target = known[:, 2:].reshape(-1, 11), luma[:, 2:].reshape(-1)
    weights = np.linalg.solve(inner.T @ inner + 10 * np.eye(11), inner.T @ target)
    return np.abs(luma - known @ weights).mean(0)


def _apart(picture: np.ndarray) -> np.ndarray:
    """(3, H, W) -> (2H - 1, 2W - 1): the mean square difference of pixels so far apart, -H+1..H-1 down, -W+1..W-1 across.

    Both pixels lie inside: nothing is laid edge to edge. Sums of products are taken by Fourier transforms.
    """
    _, height, width = picture.shape
    centred = picture - picture.mean((1, 2), keepdims=True)
    planes = [*centred, (centred**2).sum(0), np.ones((height, width))]
    *colours, energy, ones = np.fft.rfft2(np.stack(planes), (2 * height, 2 * width))
    total = np.fft.irfft2(2 * ((ones.conj() * energy).real - (np.abs(colours) ** 2).sum(0)), (2 * height, 2 * width))
    down, across = np.arange(1 - height, height), np.arange(1 - width, width)
    pixels = np.outer(height - np.abs(down), width - np.abs(across))
    return np.maximum(total[np.ix_(down, across)], 0) / (3 * pixels)


def _misfit(apart: np.ndarray, variance: float) -> float:
    """How much worse the repeat of the cloth fits across the wrap-around than inside: a log ratio, by how sure the repeat is.

    In a tile W wide, pixels that are s apart inside are W - s apart across its edge. The repeat is the s, of two thirds of
    a side at most, at which the tile is most like itself; a picture without one says little here.
    """
    height, width = (side // 2 + 1 for side in apart.shape)
    half = apart[height - 1 - height // 2 : height + height // 2, width:]  # across 1..W-1
    inside, across = (x[:, NEAR - 1 : 2 * width // 3] for x in (half, half[::-1, ::-1]))
    best = inside.argmin()
    floor = 0.1 * variance + GREY
    likeness = max(0.0, 1 - inside.flat[best] / (2 * variance + GREY))
    return float(likeness**2 * np.log((across.flat[best] + floor) / (inside.flat[best] + floor)))


def calibrate(seamless: ArrayLike, cut: ArrayLike, alarms: float = 0.01) -> dict:
    """Scores of tiles known to be seamless and of crops known not to be -> how well the score tells them apart.

    The threshold is the score that a share of `alarms` of the seamless tiles passes; AUC, and both rates there with n and
    Wilson's interval.
    """
    seamless, cut = np.asarray(seamless, dtype=np.float64), np.asarray(cut, dtype=np.float64)
    truth = np.concatenate([np.zeros(len(seamless)), np.ones(len(cut))])
    threshold = float(np.quantile(seamless, 1 - alarms, method="higher"))
    return {
        "auc": float(roc_auc_score(truth, np.concatenate([seamless, cut]))),
        "threshold": threshold,
        **rates(seamless, cut, threshold),
    }


def rates(seamless: ArrayLike, cut: ArrayLike, threshold: float) -> dict:
    """Shares above a threshold: of seamless tiles (false alarms) and of crops (found), each with n and interval."""
    seamless, cut = np.asarray(seamless), np.asarray(cut)
    return {
        "false_alarms": share_of(int((seamless > threshold).sum()), len(seamless)),
        "found": share_of(int((cut > threshold).sum()), len(cut)),
    }
