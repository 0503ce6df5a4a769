"""What the figured classes share: ragged fur, contours that stay sharp, natural packing, cell patterns, a drawing hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from drawing.textiles.colours import COLOURS, rgb
from drawing.textiles.design import FIELD_BOX, Draw, Rng, Window, fill, line, smooth

Box = tuple[float, float]


# --- where motifs lie ---------------------------------------------------------------------------------------------


def strewn(rng: Rng, radii: Sequence[float], box: Box, tries: int = 90) -> np.ndarray:
    """Places (n, 2) for discs of `radii`, largest first, on a box that wraps: each where it has the most room.

    Mitchell's best candidate (1991) with the discs' own sizes: room is the distance between their rims.
    """
    points = np.empty((len(radii), 2))
    reach = np.asarray(radii, dtype=float)
    for i in range(len(radii)):
        candidates = rng.random((tries if i else 1, 2)) * box
        gap = np.abs(candidates[:, None] - points[None, :i])
        gap = np.minimum(gap, np.array(box) - gap)
        room = np.hypot(gap[..., 0], gap[..., 1]) - reach[:i]
        points[i] = candidates[room.min(axis=1).argmax()] if i else candidates[0]
    return points


def packed(rng: Rng, columns: int, rows: int, unrest: float, row: float = 100.0) -> tuple[np.ndarray, Box]:
    """Places as fur packs its spots: staggered rows (an even number), shaken, pushed apart; and their box."""
    box = (columns * 100.0, rows * row)
    grid = [((i + 0.5 * (j % 2)) * 100.0, (j + 0.5) * row) for j in range(rows) for i in range(columns)]
    points = np.array(grid) + rng.normal(0, unrest, (columns * rows, 2))
    for _ in range(3):  # neighbours that came too near give way
        apart = points[:, None] - points[None]
        apart -= np.round(apart / box) * box
        away = np.hypot(apart[..., 0], apart[..., 1]) + 1e-6
        push = np.clip(0.8 * row - away, 0, None) * 0.25
        np.fill_diagonal(push, 0)
        points += (apart / away[..., None] * push[..., None]).sum(axis=1)
    return points % box, box


def around(x: float, y: float, reach: float, box: Box) -> list[tuple[float, float]]:
    """A place and its copies beyond the edges of the box that still reach into it."""
    places = [(x + i * box[0], y + j * box[1]) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return [(a, b) for a, b in places if -reach < a < box[0] + reach and -reach < b < box[1] + reach]


# --- fur ----------------------------------------------------------------------------------------------------------


@cache
def _streaks(lean: int) -> np.ndarray:
    """Hairs that lie along `lean` degrees from upright: cyclic (256, 256) float32, standard deviation 1."""
    spectrum = np.fft.fft2(np.random.default_rng(7).standard_normal((256, 256)))
    fy, fx = np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256), indexing="ij")
    turn = math.radians(lean)
    along, across = fx * math.sin(turn) - fy * math.cos(turn), fx * math.cos(turn) + fy * math.sin(turn)
    hairs = np.fft.ifft2(spectrum * np.exp(-((along / 0.035) ** 2) - ((across / 0.16) ** 2))).real
    return (hairs / hairs.std()).astype(np.float32)


HAIR = 170.0  # units that a texture of 256 hairs covers


def _hair_map(
    width: int, height: int, window: Window, box: Box, lean: int, length: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of a window looks, in pixels: aside along the hair by up to a few `length` (units)."""
    side = len(_streaks(lean))
    tiles = [max(1, round(edge / HAIR)) for edge in box]
    per_unit = (side * tiles[0] / box[0], side * tiles[1] / box[1])
    to_hair = np.array(
        [
            [window[2] / width * per_unit[0], 0, window[0] * per_unit[0]],
            [0, window[3] / height * per_unit[1], window[1] * per_unit[1]],
        ]
    )
    to_hair[:, 2] += 0.5 * np.diag(to_hair) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    aside = cv2.warpAffine(_streaks(lean), to_hair, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
    turn = math.radians(lean)
    map_x = aside * np.float32(length * math.sin(turn) * width / window[2]) + np.arange(width, dtype=np.float32)
    map_y = aside * np.float32(-length * math.cos(turn) * height / window[3])
    map_y += np.arange(height, dtype=np.float32)[:, None]
    return map_x, map_y


def hairy(draw: Draw, box: Box, length: float, lean: int = 0) -> Draw:
    """The drawing with its edges ragged along the hair: each hair carries its dye a little up or down."""

    def ragged(width: int, height: int, window: Window) -> np.ndarray:
        if length * width / window[2] < 0.4:  # too fine to be seen
            return draw(width, height, window)
        # Drawn at two thirds of the size: the hairs, not the drawing, make the edge.
        inner = math.ceil(width * 0.66), math.ceil(height * 0.66)
        picture = draw(*inner, window)
        map_x, map_y = _hair_map(width, height, window, box, lean, length)
        ratio = np.float32(inner[0] / width), np.float32(inner[1] / height)
        map_x = (map_x + np.float32(0.5)) * ratio[0] - np.float32(0.5)
        map_y = (map_y + np.float32(0.5)) * ratio[1] - np.float32(0.5)
        return cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

    return ragged


# --- contours -----------------------------------------------------------------------------------------------------


def contours(layers: list[tuple[np.ndarray, str]], ground: str) -> Draw:
    """A drawer of areas over a ground in FIELD_BOX: each layer (side, side) float32 is how deep a place lies inside, in
    pixels of its own grid, negative outside; its rim is found anew at every size, so that it stays sharp when near."""
    base = rgb(ground).astype(np.float32)

    def draw(width: int, height: int, window: Window) -> np.ndarray:
        picture = np.empty((height, width, 3), dtype=np.float32)
        picture[:] = base
        for depth, name in layers:
            rows, columns = depth.shape
            to_grid = np.array(
                [
                    [window[2] / FIELD_BOX[0] * columns / width, 0, window[0] / FIELD_BOX[0] * columns],
                    [0, window[3] / FIELD_BOX[1] * rows / height, window[1] / FIELD_BOX[1] * rows],
                ]
            )
            to_grid[:, 2] += 0.5 * np.diag(to_grid) - 0.5
            flags = (cv2.INTER_CUBIC if to_grid[0, 0] < 0.7 else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
            deep = cv2.warpAffine(depth, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
            cover = np.clip(deep * np.float32(1 / max(to_grid[0, 0], 0.2)) + np.float32(0.5), 0, 1)[..., None]
            picture += (rgb(name).astype(np.float32) - picture) * cover
        return (picture + np.float32(0.5)).astype(np.uint8)

    return draw


def waves(
    rng: Rng, side: int, count: float, width: float, lean: float = 0.0, spread: float = 9.0, rounds: int = 0
) -> np.ndarray:
    """Cyclic noise of about `count` waves a side, (side, side) float32, standard deviation 1.

    Its crests run along `lean` radians from upright, within `spread`; `width` is the band of wave numbers. Each round
    squashes and filters again, which evens the crests as reaction and diffusion do (Swift and Hohenberg 1977).
    """
    fy, fx = np.fft.fftfreq(side, 1 / side)[:, None], np.fft.rfftfreq(side, 1 / side)[None]
    radius = np.hypot(fx, fy)
    off = np.sin(np.arctan2(fy, fx) - lean)
    keep = np.exp(-(((radius - count) / width) ** 2) - (off / spread) ** 2)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * keep, s=(side, side))
    for _ in range(rounds):
        noise = np.fft.irfft2(np.fft.rfft2(np.tanh(2.5 * noise / noise.std())) * keep, s=(side, side))
    return (noise / noise.std()).astype(np.float32)


def warped(depth: np.ndarray, rng: Rng, strength: float, count: float = 2.0) -> np.ndarray:
    """A cyclic field bent by slow noise, by about `strength` of its pixels."""
    rows, columns = depth.shape
    aside = [strength * waves(rng, rows, count, 1.0) for _ in range(2)]
    map_x = aside[0] + np.arange(columns, dtype=np.float32)
    map_y = aside[1] + np.arange(rows, dtype=np.float32)[:, None]
    return cv2.remap(depth, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)


def raster(levels: np.ndarray, names: Sequence[str], box: Box = FIELD_BOX) -> Draw:
    """A drawer of a periodic raster: levels (h, w, n) in 0..1 are how much of each named dye lies on a place; sum 1."""
    dyes = np.stack([rgb(name) for name in names]).astype(np.float32)
    picture = np.clip(levels.astype(np.float32) @ dyes + np.float32(0.5), 0, 255).astype(np.uint8)
    rows, columns = picture.shape[:2]

    def draw(width: int, height: int, window: Window) -> np.ndarray:
        to_raster = np.array(
            [
                [window[2] / box[0] * columns / width, 0, window[0] / box[0] * columns],
                [0, window[3] / box[1] * rows / height, window[1] / box[1] * rows],
            ]
        )
        shrink = np.diag(to_raster)
        to_raster[:, 2] += 0.5 * shrink - 0.5
        source = picture
        if shrink.max() > 1.2:  # soften what would alias, around the seam too
            pad = int(2 * shrink.max()) + 1
            source = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_WRAP)
            source = cv2.GaussianBlur(source, (0, 0), 0.45 * shrink.max())[pad:-pad, pad:-pad]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(source, to_raster, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)

    return draw


# --- cells --------------------------------------------------------------------------------------------------------


def cells(grid: np.ndarray, names: Sequence[str], box: Box) -> str:
    """A grid of colour numbers as SVG: runs of cells, one path a colour; colour 0 is the ground and left out."""
    rows, columns = grid.shape
    wide, high = box[0] / columns, box[1] / rows
    runs: dict[int, list[str]] = {}
    for j in range(rows):
        starts = np.flatnonzero(np.diff(grid[j], prepend=-1))
        for start, end in zip(starts, [*starts[1:], columns], strict=True):
            if number := int(grid[j, start]):
                # A little more than the cell: no ground shines through between the rows.
                run = f"M{start * wide:.2f},{j * high - 0.2:.2f}H{end * wide:.2f}V{(j + 1) * high + 0.2:.2f}H{start * wide:.2f}Z"
                runs.setdefault(number, []).append(run)
    return "".join(f'<path d="{"".join(d)}" {fill(names[number])}/>' for number, d in runs.items())


# --- a hand that draws --------------------------------------------------------------------------------------------


def spots_of(text: str) -> np.ndarray:
    """Points written as "x,y x,y": (n, 2)."""
    return np.array([[float(number) for number in pair.split(",")] for pair in text.split()])


def mirrored(half: str | np.ndarray) -> np.ndarray:
    """An outline from its right half, given from the top down: the left half follows; points on the axis once."""
    half = spots_of(half) if isinstance(half, str) else half
    return np.vstack([half, (half * (-1, 1))[::-1][half[::-1, 0] > 0.01]])


def patch(rng: Rng, radius: float, unrest: float, points: int = 12) -> np.ndarray:
    """An uneven round outline whose bumps are broad: three slow waves and a little noise, (points, 2)."""
    turn = np.linspace(0, 2 * math.pi, points, endpoint=False)
    swell = sum(rng.normal(0, unrest / k) * np.cos(k * turn + rng.uniform(0, 6.3)) for k in (2, 3, 4))
    reach = radius * (1 + swell + rng.normal(0, 0.25 * unrest, points))
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.clip(reach, 0.4 * radius, 1.6 * radius)[:, None]


class Hand:
    """Draws motifs as a hand does: no line comes out exactly as it was meant."""

    def __init__(self, rng: Rng, shake: float = 0.9, ink: str = "", width: float = 2.0) -> None:
        """`shake` is the standard deviation of every point, in units; `ink` is a trade name that outlines every shape."""
        self.rng, self.shake, self.ink, self.width = rng, shake, ink, width
        self.slip = rng.normal(0, 0.9, 2)  # the outline's screen never lies exactly over the colours'

    def _inked(self, points: np.ndarray) -> str:
        return smooth(points + self.slip, line(self.ink, self.width)) if self.ink else ""

    def near(self, points: str | np.ndarray) -> np.ndarray:
        """The points as the hand hits them, (n, 2)."""
        points = spots_of(points) if isinstance(points, str) else np.asarray(points, dtype=float)
        return points + self.rng.normal(0, self.shake, points.shape)

    def shape(self, points: str | np.ndarray, name: str) -> str:
        """A filled outline, smooth through the points."""
        points = self.near(points)
        return smooth(points, fill(name)) + self._inked(points)

    def facet(self, points: str | np.ndarray, name: str) -> str:
        """A filled outline with straight sides and slightly soft corners."""
        points = self.near(points)
        d = "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in points) + "Z"
        edge = self.ink or name
        return f'<path d="{d}" {fill(name)} stroke="{COLOURS[edge]}" stroke-width="2" stroke-linejoin="round"/>'

    def stroke(self, points: str | np.ndarray, name: str, width: float) -> str:
        """An open line, smooth through the points."""
        return smooth(self.near(points), line(name, width), closed=False)

    def round(self, x: float, y: float, radius: float, name: str, squash: float = 1.0) -> str:
        """A disc that is not quite round; `squash` is its height over its width."""
        turn = np.linspace(0, 2 * math.pi, 8 if radius > 6 else 5, endpoint=False) + self.rng.uniform(0, 1)
        reach = radius * (1 + self.rng.normal(0, 0.045, len(turn)))
        points = np.stack([x + np.cos(turn) * reach, y + squash * np.sin(turn) * reach], axis=1)
        return smooth(points, fill(name)) + (self._inked(points) if radius > 6 else "")
