"""From a design to the surface of a cloth: yarns that cross, loops that interlock, dye that sits on them.

Everything here is cyclic: a canvas holds a whole number of repeats and of yarns, noise is drawn on coarse cyclic
grids, neighbours are taken around the edges. A canvas therefore wraps exactly, in both directions.
Light is linear ("gamma 2": the square of the sRGB value), so that yarns blend as they do to an eye far away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from drawing.textiles.colours import rgb
from drawing.textiles.design import Design, Knitted, Printed, Rng, Threads, Woven

UNRESOLVED = 2.4  # pixels a yarn below which a canvas shows mean colours and no relief


@dataclass(frozen=True)
class Surface:
    """A cyclic piece of cloth: `colour` (H, W, 3) float32 in 0..1 of linear light, relief already shaded."""

    colour: np.ndarray


def _rows(*rows: str) -> np.ndarray:
    """A structure from its draft: "x" where the warp yarn lies on top; (weft, warp) float32."""
    return np.array([[mark == "x" for mark in row] for row in rows], dtype=np.float32)


def _twill(over: int, under: int, step: int = 1) -> np.ndarray:
    """A twill: each weft yarn goes over and under as the one before it, `step` yarns further on."""
    first = np.array([1] * over + [0] * under, dtype=np.float32)
    return np.stack([np.roll(first, step * row) for row in range(over + under)])


def _satin(ends: int, step: int) -> np.ndarray:
    """A warp-faced satin: each weft yarn is seen once in `ends`, `step` yarns further on at every pick."""
    first = np.array([0] + [1] * (ends - 1), dtype=np.float32)
    return np.stack([np.roll(first, step * row) for row in range(ends)])


def _herringbone(width: int) -> np.ndarray:
    """A 2/2 twill that turns its direction every `width` warp yarns, offset by half a repeat at the turn."""
    twill = np.tile(_twill(2, 2), (1, width // 4))
    return np.concatenate([twill, 1 - twill[:, ::-1]], axis=1)


STRUCTURES = {
    "plain": _rows("x.", ".x"),
    "basket": _rows("xx..", "xx..", "..xx", "..xx"),
    "oxford": _rows("xx.", "..x"),
    "twill": _twill(2, 2),
    "denim": _twill(3, 1),
    "satin": _satin(5, 2),
    "sateen": 1 - _satin(5, 2).T,  # the weft on the face
    "warp rep": _satin(8, 3),  # the warp so dense that it hides the weft: bands of one colour
    "weft rep": 1 - _satin(8, 3).T,
    "herringbone": _herringbone(16),
    "bird's eye": _rows("x...", ".x.x", "..x.", ".x.x"),
}


def surface(
    rng: Rng, design: Design, width: int, height: int, repeats: tuple[int, int], art: np.ndarray | None, fineness: float
) -> Surface:
    """The design's cloth on a canvas of `width` x `height` pixels that holds `repeats` (across, down) of it.

    `art` is the print already laid on the canvas, (height, width, 3) uint8; woven and knitted designs have none.
    `fineness` is the yarns' pitch in pixels for a print's ground; woven and knitted designs follow from their repeat.
    """
    cloth = design.cloth
    if isinstance(cloth, Knitted):
        return _knitted(rng, design, cloth, width, height, repeats)
    if isinstance(cloth, Woven):
        return _woven(rng, cloth, width, height, repeats)
    return _printed(rng, cloth, art, fineness)


# --- noise --------------------------------------------------------------------------------------------------------


def noise(rng: Rng, width: int, height: int, across: int, down: int) -> np.ndarray:
    """Smooth cyclic noise, (height, width) float32, about `across` x `down` bumps, standard deviation near 1."""
    coarse = rng.standard_normal((down, across), dtype=np.float32)
    return stretch(coarse, width, height)


def stretch(coarse: np.ndarray, width: int, height: int) -> np.ndarray:
    """A cyclic raster resampled to width x height, smoothly, around its edges."""
    rows, columns = coarse.shape[:2]
    scale_x, scale_y = columns / width, rows / height
    to_coarse = np.array([[scale_x, 0, 0.5 * scale_x - 0.5], [0, scale_y, 0.5 * scale_y - 0.5]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(coarse, to_coarse, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)


@cache
def _fibres() -> np.ndarray:
    """Twisted fibres: streaks that lean by a quarter turn's half, cyclic (256, 256) float32, standard deviation 1."""
    spectrum = np.fft.fft2(np.random.default_rng(1).standard_normal((256, 256)))
    fy, fx = np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256), indexing="ij")
    along, across = (fx + 2 * fy) / 5**0.5, (2 * fx - fy) / 5**0.5
    streaks = np.fft.ifft2(spectrum * np.exp(-((along / 0.06) ** 2) - ((across / 0.32) ** 2))).real
    return (streaks / streaks.std()).astype(np.float32)


def _lay(texture: np.ndarray, rng: Rng, width: int, height: int) -> np.ndarray:
    """A texture's pixels over a canvas, from a random start. The canvas's own edge stays cyclic: a fold blends it."""
    start = rng.integers(0, texture.shape[0], 2)
    rows = (np.arange(height) + start[0]) % texture.shape[0]
    columns = (np.arange(width) + start[1]) % texture.shape[1]
    laid = texture[rows][:, columns]
    return _heal(_heal(laid, 0), 1)


def _heal(laid: np.ndarray, axis: int) -> np.ndarray:
    """Cross-fades the first pixels of an axis into those that would follow its last, so that it wraps."""
    count = min(12, laid.shape[axis] // 4)
    if count == 0:
        return laid
    fade = np.sqrt((np.arange(count, dtype=np.float32) + 0.5) / count)
    fade = fade[:, None] if axis == 0 else fade[None, :]
    rest = np.sqrt(1 - fade**2)
    head = laid[:count] if axis == 0 else laid[:, :count]
    mirror = laid[-count:][::-1] if axis == 0 else laid[:, -count:][:, ::-1]
    healed = laid.copy()
    if axis == 0:
        healed[:count] = head * fade + mirror * rest
    else:
        healed[:, :count] = head * fade + mirror * rest
    return healed


# --- woven --------------------------------------------------------------------------------------------------------


def _yarn_colours(threads: Threads) -> np.ndarray:
    """One repeat of yarns, (n, 3) float32 linear."""
    return np.concatenate([np.repeat(linear(rgb(name))[None], count, axis=0) for name, count in threads])


def linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB 0..255 to linear light 0..1 (gamma 2), float32."""
    return np.square(np.asarray(srgb, dtype=np.float32) * np.float32(1 / 255))


def _woven(rng: Rng, cloth: Woven, width: int, height: int, repeats: tuple[int, int]) -> Surface:
    warp, weft = _yarn_colours(cloth.warp), _yarn_colours(cloth.weft)
    structure = STRUCTURES[cloth.structure]
    ends, picks = len(warp) * repeats[0], len(weft) * repeats[1]
    warp, weft = np.tile(warp, (repeats[0], 1)), np.tile(weft, (repeats[1], 1))
    return Surface(_interlace(rng, structure, warp, weft, ends, picks, width, height, cloth.slub))


def _interlace(rng, structure, warp, weft, ends, picks, width, height, slub) -> np.ndarray:
    """Coloured yarns crossing by a structure; `warp` (ends, 3) and `weft` (picks, 3); the canvas in linear light."""
    up = structure[np.arange(picks)[:, None] % structure.shape[0], np.arange(ends)[None] % structure.shape[1]]
    warp = warp * _tone(rng, ends, 0.05 + 0.10 * slub)
    weft = weft * _tone(rng, picks, 0.05 + 0.10 * slub)
    if width / ends < UNRESOLVED or height / picks < UNRESOLVED:
        crossing = up[..., None] * warp[None] + (1 - up[..., None]) * weft[:, None]
        crossing *= 0.86 + 0.05 * rng.standard_normal((picks, ends, 1), dtype=np.float32)
        return np.clip(_fit(crossing, width, height), 0, 1)
    on_top, relief, i, j = _relief(rng, up, width, height, slub)
    colour = np.where(on_top[..., None], warp[i][None], weft[j][:, None])
    return np.clip(colour * relief[..., None], 0, 1)


def _spun(rng: Rng, count: int, length: int, pitch: float, slub: float) -> np.ndarray:
    """How thick each yarn is along its way, (length, count), about 0: thin and thick places some ten yarns long."""
    knots = max(2, round(length / (14 * pitch)))
    uneven = rng.standard_normal((knots, count), dtype=np.float32)
    uneven = np.sign(uneven) * np.abs(uneven) ** 1.5  # mostly even, seldom a thick place
    return (0.06 + 0.16 * slub) * stretch(uneven, count, length)


def _tone(rng: Rng, count: int, strength: float) -> np.ndarray:
    """No two yarns take the dye alike: a factor each, (count, 1) float32."""
    return np.exp(strength * rng.standard_normal((count, 1), dtype=np.float32))


def _fit(crossing: np.ndarray, width: int, height: int) -> np.ndarray:
    """One pixel a crossing, averaged or stretched onto the canvas."""
    rows, columns = crossing.shape[:2]
    if rows >= height and columns >= width:
        return cv2.resize(crossing, (width, height), interpolation=cv2.INTER_AREA)
    return stretch(crossing, width, height)


def _relief(rng: Rng, up: np.ndarray, width: int, height: int, slub: float):
    """Which system is on top (H, W) bool, how light each place is (H, W), and the yarn at each column and row.

    A yarn is a round rod that rises where it floats over and dives where it goes under.
    """
    picks, ends = up.shape
    i, x, wide = _across(rng, ends, width, slub)
    j, y, high = _across(rng, picks, height, slub)
    warp_rise = _glide(up, j, y, picks)[:, i]  # (H, W): smooth along the yarn
    weft_rise = _glide(1 - up.T, i, x, ends)[:, j].T
    face = 0.5 * float(up.mean()) - 0.25  # of a warp-faced cloth the weft lies deep, and the other way round
    warp_height = 0.9 * warp_rise + wide[None] + face + _spun(rng, ends, height, height / picks, slub)[:, i]
    weft_height = 0.9 * weft_rise + high[:, None] + _spun(rng, picks, width, width / ends, slub)[:, j].T
    on_top = warp_height >= weft_height
    body = np.clip(np.maximum(warp_height, weft_height), 0.2, 2.2)
    pitch = min(width / ends, height / picks)
    slope = 0.75 * (body - np.roll(body, 1, 1)) + 0.65 * (body - np.roll(body, 1, 0))
    depth = 0.38 + 0.34 * body
    relief = depth * (1 + 0.30 * np.clip(slope * min(pitch, 10) / 3, -1, 1))
    if pitch > 4:
        fibre = _lay(_fibres(), rng, width, height)
        relief = relief * (1 + min(0.025 * pitch, 0.16) * np.where(on_top, fibre, np.roll(fibre[:, ::-1], 7, 1)))
    return on_top, relief, i, j


def _across(rng: Rng, count: int, length: int, slub: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Along one axis of pixels: the yarn, the place within it in 0..1, and its round profile 0..1."""
    at = (np.arange(length, dtype=np.float32) + 0.5) * (count / length)
    index = at.astype(np.int32)
    inside = at - index
    girth = np.clip(1.0 + (0.06 + 0.25 * slub) * rng.standard_normal(count, dtype=np.float32), 0.6, 1.5)[index]
    profile = np.sqrt(np.clip(1 - np.square((inside - 0.5) * 2 / (1.04 * girth)), 0.0, 1)) * np.minimum(girth, 1.1)
    return index, inside, profile


def _glide(up: np.ndarray, index: np.ndarray, inside: np.ndarray, count: int) -> np.ndarray:
    """How high each yarn of the second axis runs at every pixel along the first: eased between the crossings."""
    before = np.where(inside < 0.5, index - 1, index) % count
    after = (before + 1) % count
    t = (inside + 0.5) % 1.0
    t = (t * t * (3 - 2 * t))[:, None]
    return up[before] * (1 - t) + up[after] * t


# --- knitted ------------------------------------------------------------------------------------------------------


@cache
def _stitch() -> tuple[np.ndarray, np.ndarray]:
    """One stockinette stitch, a V of two legs: height (48, 48) 0..1, and which course owns each pixel (-1, 0 or 1)."""
    v, u = (np.mgrid[0:48, 0:48].astype(np.float32) + 0.5) / 48
    side = np.abs(u - 0.5) * 2
    heights = []
    for course in (-1, 0, 1):
        along = v - course  # a leg is longer than its course: it starts under the one below and ends above its own
        centre = 0.56 - 0.34 * (along - 0.5)
        across = np.clip(1 - np.square((side - centre) / 0.46), 0, 1)
        length = np.clip(1 - np.square((along - 0.5) / 0.86), 0, 1)
        heights.append(np.sqrt(across) * length)
    stack = np.stack(heights)
    return stack.max(axis=0), stack.argmax(axis=0) - 1


def _knit_relief(rng: Rng, wales: int, courses: int, width: int, height: int):
    """Light (H, W) of a stockinette ground, and the wale and course that own each pixel."""
    bump, owner = _stitch()
    x = (np.arange(width, dtype=np.float32) + 0.5) * (wales / width)
    y = (np.arange(height, dtype=np.float32) + 0.5) * (courses / height)
    i, j = x.astype(np.int32), y.astype(np.int32)
    inside = (((y - j) * 48).astype(np.int32)[:, None], ((x - i) * 48).astype(np.int32)[None])
    body = bump[inside]
    course = (j[:, None] + owner[inside]) % courses
    tone = np.exp(0.06 * rng.standard_normal((courses, wales), dtype=np.float32))
    slope = body - np.roll(body, 1, 1) + 0.8 * (body - np.roll(body, 1, 0))
    pitch = height / courses
    light = (0.42 + 0.58 * body) * (1 + 0.25 * np.clip(slope * min(pitch, 12) / 4, -1, 1))
    light = light * tone[course, i[None]]
    if pitch > 5:
        light = light * (1 + 0.12 * _lay(_fibres(), rng, width, height))
    return light, i, course


def _knitted(rng: Rng, design: Design, cloth: Knitted, width: int, height: int, repeats: tuple[int, int]) -> Surface:
    dyes = np.stack([linear(rgb(name)) for name in design.colours])
    stitches = np.tile(cloth.stitches, (repeats[1], repeats[0]))
    courses, wales = stitches.shape
    if height / courses < UNRESOLVED:
        loops = dyes[stitches] * np.exp(0.08 * rng.standard_normal((courses, wales, 1), dtype=np.float32)) * 0.85
        return Surface(np.clip(_fit(loops.astype(np.float32), width, height), 0, 1))
    light, i, course = _knit_relief(rng, wales, courses, width, height)
    return Surface(np.clip(dyes[stitches[course, i[None]]] * light[..., None], 0, 1))


# --- printed ------------------------------------------------------------------------------------------------------


def _printed(rng: Rng, cloth: Printed, art: np.ndarray, fineness: float) -> Surface:
    """Dye on yarns: its edge follows them, it sits on their crowns and thins in the gaps, and no place takes it alike."""
    height, width = art.shape[:2]
    if cloth.ground == "jersey":
        wales, courses = max(2, round(width / fineness)), max(2, round(height / fineness * 1.25))
        pitch_x, pitch_y = width / wales, height / courses
    else:
        step = STRUCTURES[cloth.ground].shape
        wales = max(1, round(width / fineness / step[1])) * step[1]
        courses = max(1, round(height / fineness / step[0])) * step[0]
        pitch_x, pitch_y = width / wales, height / courses
    bled = _bleed(rng, art, pitch_x, pitch_y, wales, courses)
    dye = linear(bled)
    dye *= 1 + 0.03 * noise(rng, width, height, 7, 7)[..., None]
    if min(pitch_x, pitch_y) < UNRESOLVED:
        crossing = 0.86 * np.exp(0.05 * rng.standard_normal((courses, wales), dtype=np.float32))
        crossing *= _tone(rng, courses, 0.03) * _tone(rng, wales, 0.03).T
        return Surface(np.clip(dye * _fit(crossing, width, height)[..., None], 0, 1))
    if cloth.ground == "jersey":
        light = _knit_relief(rng, wales, courses, width, height)[0]
    else:
        structure = STRUCTURES[cloth.ground]
        up = np.tile(structure, (courses // structure.shape[0], wales // structure.shape[1]))
        on_top, light, i, j = _relief(rng, up, width, height, 0.15)
        light = light * np.where(on_top, _tone(rng, wales, 0.04)[i, 0][None], _tone(rng, courses, 0.04)[j, 0][:, None])
    hollow = np.clip(1.0 - light / 0.8, 0, 1)[..., None] * rng.uniform(0.0, 0.5)
    pale = dye.reshape(-1, 3)[:: max(1, dye.size // 3000)].max(axis=0)  # what the cloth was before it was printed
    return Surface(np.clip((dye + (pale - dye) * hollow) * light[..., None], 0, 1))


def _bleed(rng: Rng, art: np.ndarray, pitch_x: float, pitch_y: float, wales: int, courses: int) -> np.ndarray:
    """The print as yarns take it: each crossing draws its dye from a place a little aside."""
    height, width = art.shape[:2]
    if min(pitch_x, pitch_y) < 1.2:
        return art
    loose = rng.uniform(0.05, 0.4)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    i, j = ((x + 0.5) / pitch_x).astype(np.int32) % wales, ((y + 0.5) / pitch_y).astype(np.int32) % courses
    aside = rng.standard_normal((2, courses, wales), dtype=np.float32) * loose
    rows, columns = j[:, None], i[None]
    map_x = x[None] + aside[0][rows, columns] * (0.6 * pitch_x)
    map_y = y[:, None] + aside[1][rows, columns] * (0.6 * pitch_y)
    return cv2.remap(art, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
