"""Looks at a cloth: flat under a scanner, or as people photograph it, with folds, light, lens, sensor and JPEG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from drawing.textiles.design import Rng


@dataclass(frozen=True)
class View:
    """How a picture was taken. `turn` in degrees; `fold` 0 (flat) to 1 (crumpled); `tilt` 0 to about 0.3 of perspective."""

    turn: float = 0.0
    fold: float = 0.0
    tilt: float = 0.0
    fall: float = 0.05  # how much the light falls off over the picture
    vignette: float = 0.0
    exposure: float = 1.0  # of linear light
    warmth: float = 0.0  # stops between red and blue; positive is warm
    tint: float = 0.0  # stops between green and magenta
    blur: float = 0.0  # pixels of defocus, standard deviation
    grain: float = 0.01  # of full scale, at mid grey
    contrast: float = 0.0
    quality: int = 0  # JPEG quality; 0: none


def scanned(rng: Rng) -> View:
    """A swatch on the glass: nearly straight, evenly lit, sharp."""
    return View(
        turn=rng.uniform(-4, 4), fold=0.06, fall=rng.uniform(0.02, 0.12), exposure=rng.uniform(1.0, 1.15), grain=0.008
    )


def taken(rng: Rng) -> View:
    """A photograph: by a seller's camera, a telephone in a room, or a small camera on the cloth."""
    kind = rng.choice(3, p=(0.4, 0.35, 0.25))
    turn = rng.normal(0, 8) if rng.random() < 0.7 else rng.uniform(-180, 180)
    common = {"turn": turn, "tint": rng.normal(0, 0.05), "quality": int(rng.integers(55, 97))}
    if kind == 0:
        return View(
            **common, fold=rng.uniform(0, 0.6) ** 1.5, tilt=rng.uniform(0, 0.12), fall=rng.uniform(0.05, 0.25),
            exposure=rng.uniform(0.85, 1.3), warmth=rng.normal(0, 0.10), blur=rng.uniform(0, 0.5), grain=rng.uniform(0.004, 0.02),
            contrast=rng.uniform(-0.1, 0.25),
        )  # fmt: skip
    if kind == 1:
        return View(
            **common, fold=rng.uniform(0.1, 1.0), tilt=rng.uniform(0, 0.3), fall=rng.uniform(0.1, 0.6),
            vignette=rng.uniform(0, 0.3), exposure=rng.uniform(0.5, 1.3), warmth=rng.normal(0.1, 0.3), blur=rng.uniform(0, 1.0),
            grain=rng.uniform(0.01, 0.05), contrast=rng.uniform(-0.2, 0.3),
        )  # fmt: skip
    return View(
        **common, fold=rng.uniform(0, 0.35), tilt=rng.uniform(0, 0.15), fall=rng.uniform(0.1, 0.7),
        vignette=rng.uniform(0.3, 0.9), exposure=rng.uniform(0.35, 0.9), warmth=rng.normal(-0.25, 0.25), blur=rng.uniform(0.2, 1.0),
        grain=rng.uniform(0.008, 0.03), contrast=rng.uniform(-0.1, 0.2),
    )  # fmt: skip


def look(rng: Rng, cloth: np.ndarray, size: int, view: View, wraps: tuple[bool, bool] = (True, True)) -> np.ndarray:
    """The picture, (size, size, 3) uint8 sRGB, of a cyclic cloth (H, W, 3) of linear light.

    The cloth's pixels are `oversample` to one of the picture: its scale is set by who draws it, 2 to 1 (1 to 1 for
    pictures above 1,024 pixels). `wraps` says along which axes (x, y) the cloth does; along another it is 1.5 times as long
    as the picture and is seen in its middle.
    """
    oversample = oversampling(size)
    big = size * oversample
    light, (shift_x, shift_y) = _folds(rng, size, view)
    extent = np.array(cloth.shape[1::-1])
    start = np.where(wraps, rng.random(2) * extent, (extent - 1) / 2)  # a piece cut from a repeat is seen at its middle
    seen = _lay(cloth, big, view, start, shift_x * oversample, shift_y * oversample)
    if oversample > 1:
        seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
    return develop(rng, seen * light[..., None], view)


def oversampling(size: int) -> int:
    """Pixels of the cloth to one of the picture, along each side."""
    return 2 if size <= 1024 else 1


def _lay(
    cloth: np.ndarray, big: int, view: View, start: np.ndarray, shift_x: np.ndarray, shift_y: np.ndarray
) -> np.ndarray:
    """The cloth turned, tilted and pulled into its folds: (big, big, 3)."""
    turn, middle = math.radians(view.turn), (big - 1) / 2
    cos, sin = math.cos(turn), math.sin(turn)
    axis = np.arange(big, dtype=np.float32) - middle
    x, y = axis[None], axis[:, None]
    if view.tilt:
        depth = 1 + view.tilt * (x * sin + y * cos) / big
        x, y = x * depth, y * depth
    map_x = (cos * x + sin * y) + np.float32(start[0])
    map_y = (cos * y - sin * x) + np.float32(start[1])
    if view.fold:
        map_x = map_x + cv2.resize(shift_x, (big, big), interpolation=cv2.INTER_LINEAR)
        map_y = map_y + cv2.resize(shift_y, (big, big), interpolation=cv2.INTER_LINEAR)
    map_x, map_y = np.broadcast_to(map_x, (big, big)), np.broadcast_to(map_y, (big, big))
    return cv2.remap(
        cloth, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )


def _folds(rng: Rng, size: int, view: View) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Light (size, size) on the folded cloth, about 1, and how far, in pixels, the cloth is drawn aside, at a quarter of the size."""
    small = max(16, size // 4)
    y, x = np.mgrid[0:small, 0:small].astype(np.float32) / small
    height = 0.35 * _bumps(rng, small, 3) + 0.1 * _bumps(rng, small, 6)
    for _ in range(int(rng.integers(1, 4))):  # creases: ridges across the picture, one flank steeper
        heading, width = rng.uniform(0, math.pi), rng.uniform(0.05, 0.22)
        bend = 0.12 * rng.standard_normal()
        along = (x - 0.5) * math.cos(heading) + (y - 0.5) * math.sin(heading)
        across = (
            (y - 0.5) * math.cos(heading) - (x - 0.5) * math.sin(heading) + rng.uniform(-0.5, 0.5) + bend * along**2
        )
        t = across / width
        height += rng.uniform(0.3, 1.1) * width * 5 * np.exp(-(t**2) * np.where(t > 0, 1.0, rng.uniform(0.6, 2.5)))
    height = (height * (0.09 * view.fold)).astype(np.float32)  # of the picture's side
    slope_y, slope_x = np.gradient(height * small)
    lamp = rng.uniform(0, 2 * math.pi)
    toward = slope_x * math.cos(lamp) + slope_y * math.sin(lamp)
    # Lambert under a lamp 35 degrees from upright, and the sky that a hollow does not see.
    lit = (0.82 - 0.57 * toward) / np.sqrt(1 + slope_x**2 + slope_y**2) / 0.82
    hollow = 1 + 2.0 * (height - cv2.GaussianBlur(height, (0, 0), small * 0.08))
    fall = 1 - view.fall * ((x - 0.5) * math.cos(lamp) + (y - 0.5) * math.sin(lamp))
    dark = 1 - view.vignette * 1.7 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    light = np.clip(lit * hollow, 0.12, 1.8) * np.clip(fall, 0.2, 2) * np.clip(dark, 0.05, 1)
    pull = height * size * 0.8
    light = cv2.resize(light.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return light, ((slope_x * pull).astype(np.float32), (slope_y * pull).astype(np.float32))


def _bumps(rng: Rng, side: int, cells: int) -> np.ndarray:
    return cv2.resize(
        rng.standard_normal((cells, cells), dtype=np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )


def develop(rng: Rng, seen: np.ndarray, view: View) -> np.ndarray:
    """Lens, white balance, exposure, sensor noise, tone curve and JPEG: linear light to uint8 sRGB."""
    if view.blur > 0.15:
        seen = cv2.GaussianBlur(seen, (0, 0), view.blur)
    gains = np.exp2(np.array([view.warmth / 2, -view.tint / 2, -view.warmth / 2], dtype=np.float32)) * view.exposure
    value = np.sqrt(np.clip(seen * gains, 0, 4))
    if view.contrast:
        value = value + np.float32(view.contrast) * (value - 0.5) * (1 - np.minimum(np.abs(2 * value - 1), 1))
    value = np.where(value > 0.85, 0.85 + 0.15 * np.tanh((value - 0.85) / 0.15), value)  # film's shoulder, no clipping
    grain = rng.standard_normal(seen.shape[:2], dtype=np.float32) * view.grain
    picture = np.clip((value + grain[..., None]) * 255 + 0.5, 0, 255).astype(np.uint8)
    if not view.quality:
        return picture
    _, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, view.quality])
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
