"""Draws textiles: ten classes, each in sub-styles of the trade; every picture is decided by class and seed alone.

A style decides a Design (its repeat, dyes and words); cloth.py weaves, knits or prints it; photograph.py looks at it.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from drawing.textiles import animal, checkered, dotted, floral, leaves, novelty, paisley, solid, striped, zigzag
from drawing.textiles.captions import caption
from drawing.textiles.colours import COLOURS, Dyer, rgb
from drawing.textiles.design import PITCH, Design, Knitted, Printed, Rng
from drawing.textiles.photograph import look, oversampling, scanned, taken
from drawing.textiles.weave import STRUCTURES, surface
from selvedge.errors import SelvedgeError

Style = Callable[[Rng, Dyer], Design]
STYLES: dict[str, dict[str, Style]] = {
    "solid": solid.STYLES,
    "striped": striped.STYLES,
    "dotted": dotted.STYLES,
    "checkered": checkered.STYLES,
    "zigzag": zigzag.STYLES,
    "floral": floral.STYLES,
    "leaves": leaves.STYLES,
    "paisley": paisley.STYLES,
    "animal": animal.STYLES,
    "novelty": novelty.STYLES,
}
CLASSES = tuple(STYLES)
MODES = ("scan", "photograph", "tile", "flat")
SIZES = (16, 8192)  # pixels a side
COUNTED = 128  # pixels a side of the repeat on which the dyes are counted
EDGE = 14  # levels from a dye, in each channel, beyond which a pixel is a blend of two


@dataclass(frozen=True)
class Drawing:
    """One textile: the picture, what is on it, and the words a seller would use.

    `attributes`: class, style, colours ([{"hex", "name", "share"}], ground first, the shares summing to 1), scale (pixels of
    the picture from one motif, or one set of lines, to the next), angle (degrees its lines lean from upright, 0 to 180),
    layout, motif_count (on the picture), fabric, size (width of the picture in pixels), and for a tile `repeats` (across, down).
    """

    image: Image.Image
    attributes: dict
    caption: str


def render(
    cls: str,
    seed: int,
    size: int = 256,
    mode: str = "scan",
    style: str | None = None,
    colours: Sequence[str] = (),
) -> Drawing:
    """Draws textile `seed` of class `cls`; the same call gives the same bytes.

    Modes: "scan" and "photograph" are size x size pixels (a scan lies flat; a photograph may show it near or far, folded,
    tilted, in any light). "tile" is a whole number of repeats of the cloth and wraps exactly, `size` pixels wide and
    about as high; "flat" is the same tile in its dyes alone, as a printer wants it. `style` names a sub-style (default:
    the seed's choice); `colours` are up to five trade names or "#rrggbb", ground first (each is the nearest trade colour).
    Raises SelvedgeError for an unknown class, style, mode or colour, naming the nearest, and for a size outside SIZES.
    """
    _known("textile class", cls, CLASSES)
    _known("mode", mode, MODES)
    if style is not None:
        _known(f"{cls} style", style, tuple(STYLES[cls]))
    if not SIZES[0] <= size <= SIZES[1]:
        raise SelvedgeError(f"size {size}: a textile is drawn at {SIZES[0]} to {SIZES[1]} pixels")
    chooser = rng_of(cls, seed, "style")
    name = style or str(chooser.choice(list(STYLES[cls])))
    design = STYLES[cls][name](rng_of(cls, seed, "design"), Dyer(rng_of(cls, seed, "dye"), colours))
    draw = _draw_tile if mode in ("tile", "flat") else _draw_view
    image, attributes = draw(cls, seed, design, size, mode)
    attributes = {"class": cls, "style": name, "colours": _shares(design), **attributes, "layout": design.layout}
    attributes |= {"fabric": design.fabric, "size": size}
    return Drawing(Image.fromarray(image), attributes, caption(attributes, rng_of(cls, seed, "words")))


def _known(what: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        nearest = difflib.get_close_matches(word, words, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"unknown {what} {word!r}: did you mean {nearest!r}? (of {', '.join(words)})")


def rng_of(cls: str, seed: int, part: str) -> Rng:
    """A generator that depends on class, seed and part, not on the process, unlike Python's salted hash()."""
    digest = hashlib.sha256(f"textile/{cls}/{seed}/{part}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


# --- the repeat ---------------------------------------------------------------------------------------------------


def _proportion(design: Design) -> float:
    """Height of the repeat over its width, as it lies on the upright cloth."""
    cloth = design.cloth
    if isinstance(cloth, Printed):
        return cloth.box[1] / cloth.box[0]
    if isinstance(cloth, Knitted):
        return cloth.stitches.shape[0] / (cloth.stitches.shape[1] * cloth.gauge)
    return sum(count for _, count in cloth.weft) / sum(count for _, count in cloth.warp)


def _repeats_across(design: Design) -> float:
    """Repeats from side to side of a picture that is neither near nor far."""
    return design.across * PITCH / design.cloth.box[0] if isinstance(design.cloth, Printed) else design.across


def _pitch(design: Design) -> float:
    """From one motif, or one set of lines, to the next, in widths of the repeat."""
    if isinstance(design.cloth, Printed):
        return PITCH / design.cloth.box[0]
    return _proportion(design) if design.angle == 90 else 1.0


def _draw_tile(cls: str, seed: int, design: Design, size: int, mode: str) -> tuple[np.ndarray, dict]:
    """A whole number of repeats, `size` wide and nearly as high."""
    proportion = _proportion(design)
    across = max(1, round(_repeats_across(design)))
    down = max(1, round(across / proportion))
    width, height = size, max(16, round(size * down * proportion / across))
    factor = oversampling(size) if mode == "tile" else 1
    rng = rng_of(cls, seed, "cloth")
    if mode == "flat":
        image = _flat(design, width, height, (across, down))
    else:
        art = _art(design, width * factor, height * factor, (across, down))
        fineness = factor * size / rng.uniform(90, 240)
        colour = surface(rng, design, width * factor, height * factor, (across, down), art, fineness).colour
        colour = cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA) if factor > 1 else colour
        image = np.clip(np.sqrt(colour * 1.08) * 255 + 0.5, 0, 255).astype(np.uint8)
    return image, {
        "scale": round(width / across * _pitch(design), 2),
        "angle": round(design.angle % 180, 1),
        "motif_count": design.motifs * across * down,
        "repeats": [across, down],
    }


def _art(design: Design, width: int, height: int, repeats: tuple[int, int]) -> np.ndarray | None:
    """A print on its canvas: drawn once, at the nearest whole pixels, repeated, and fitted exactly."""
    if not isinstance(design.cloth, Printed):
        return None
    columns, rows = math.ceil(width / repeats[0]), math.ceil(height / repeats[1])
    tile = design.cloth.draw(columns, rows, (0, 0, *design.cloth.box))
    laid = np.tile(tile, (repeats[1], repeats[0], 1))
    if laid.shape[:2] == (height, width):
        return laid
    to_laid = np.array([[laid.shape[1] / width, 0, 0], [0, laid.shape[0] / height, 0]])
    to_laid[:, 2] = 0.5 * np.diag(to_laid) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(laid, to_laid, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)


def _flat(design: Design, width: int, height: int, repeats: tuple[int, int]) -> np.ndarray:
    """The tile in its dyes: a print's art, or one plain colour a crossing or stitch."""
    if isinstance(design.cloth, Printed):
        return _art(design, width, height, repeats)
    cells = np.tile(_cells(design), (repeats[1], repeats[0], 1))
    method = cv2.INTER_AREA if cells.shape[0] > height else cv2.INTER_NEAREST
    return cv2.resize(cells, (width, height), interpolation=method)


def _cells(design: Design) -> np.ndarray:
    """One repeat of a woven or knitted cloth, a pixel a crossing or stitch, (rows, columns, 3) uint8."""
    cloth = design.cloth
    if isinstance(cloth, Knitted):
        return np.stack([rgb(name) for name in design.colours])[cloth.stitches]
    warp = np.concatenate([np.repeat(rgb(name)[None], count, axis=0) for name, count in cloth.warp])
    weft = np.concatenate([np.repeat(rgb(name)[None], count, axis=0) for name, count in cloth.weft])
    structure = STRUCTURES[cloth.structure]
    up = structure[np.arange(len(weft))[:, None] % structure.shape[0], np.arange(len(warp))[None] % structure.shape[1]]
    return np.where(up[..., None] > 0, warp[None], weft[:, None])


# --- the view -----------------------------------------------------------------------------------------------------


def _draw_view(cls: str, seed: int, design: Design, size: int, mode: str) -> tuple[np.ndarray, dict]:
    """A picture of the cloth, from its own place and distance."""
    rng = rng_of(cls, seed, mode)
    view = scanned(rng) if mode == "scan" else taken(rng)
    nearness = _nearness(rng) if mode == "photograph" else rng.uniform(0.9, 1.1)
    factor = oversampling(size)
    repeat = max(4.0, factor * size * nearness / _repeats_across(design))  # pixels of the canvas
    canvas, scale, whole = _canvas(rng, design, repeat, factor * size, nearness)
    image = look(rng, canvas, size, view, whole)
    proportion = _proportion(design)
    return image, {
        "scale": round(scale / factor * _pitch(design), 2),
        "angle": round((design.angle + view.turn) % 180, 1),
        "motif_count": round(design.motifs * (factor * size) ** 2 / (scale * scale * proportion)),
    }


def _nearness(rng: Rng) -> float:
    """How near a camera comes: half of the pictures at the design's own distance, the others from 3 times nearer to 1.6 farther."""
    kind = rng.random()
    return (
        math.exp(rng.uniform(-0.45, 0.1))
        if kind < 0.2
        else rng.uniform(0.85, 1.2)
        if kind < 0.6
        else math.exp(rng.uniform(0.2, 1.2))
    )


def _canvas(
    rng: Rng, design: Design, repeat: float, side: int, nearness: float
) -> tuple[np.ndarray, float, tuple[bool, bool]]:
    """Cyclic cloth of at least side x side pixels, the width of a repeat on it in pixels, and whether it wraps (x, y).

    A repeat far larger than the picture is not drawn whole: a window of it is, which wraps nowhere that is seen.
    """
    proportion = _proportion(design)
    fineness = side / rng.uniform(80, 260) * nearness
    reach = 1.5 * side  # what a turned, folded view can see
    if repeat * min(1.0, proportion) > reach:
        cut, share = _cut(rng, design, reach / repeat, reach / (repeat * proportion))
        width, height = round(repeat * share[0]), round(repeat * proportion * share[1])
        art = None
        if isinstance(design.cloth, Printed):
            box = design.cloth.box
            left, top = rng.random() * (1 - share[0]) * box[0], rng.random() * (1 - share[1]) * box[1]
            art = design.cloth.draw(width, height, (left, top, share[0] * box[0], share[1] * box[1]))
        return surface(rng, cut, width, height, (1, 1), art, fineness).colour, repeat, (share[0] == 1, share[1] == 1)
    width, height = max(4, round(repeat)), max(4, round(repeat * proportion))
    repeats = math.ceil(side / width), math.ceil(side / height)
    art = _art(design, width * repeats[0], height * repeats[1], repeats)
    return (
        surface(rng, design, width * repeats[0], height * repeats[1], repeats, art, fineness).colour,
        width,
        (True, True),
    )


def _cut(rng: Rng, design: Design, across: float, down: float) -> tuple[Design, tuple[float, float]]:
    """A piece of the repeat, at most `across` x `down` of it: the yarns or stitches there, and the exact shares cut."""
    cloth = design.cloth
    across, down = min(across, 1.0), min(down, 1.0)
    if isinstance(cloth, Printed):
        return design, (across, down)
    if isinstance(cloth, Knitted):
        rows, columns = cloth.stitches.shape
        high, wide = max(2, math.ceil(rows * down)), max(2, math.ceil(columns * across))
        rolled = np.roll(cloth.stitches, -rng.integers((rows, columns)), axis=(0, 1))[:high, :wide]
        return replace(design, cloth=replace(cloth, stitches=rolled)), (wide / columns, high / rows)
    warp, wide = _slice(rng, cloth.warp, across)
    weft, high = _slice(rng, cloth.weft, down)
    return replace(design, cloth=replace(cloth, warp=warp, weft=weft)), (wide, high)


def _slice(rng: Rng, threads: list[tuple[str, int]], share: float) -> tuple[list[tuple[str, int]], float]:
    """A run of yarns that is `share` of the repeat long, from a random yarn on."""
    yarns = [name for name, count in threads for _ in range(count)]
    length = min(len(yarns), max(4, math.ceil(len(yarns) * share)))
    start = int(rng.integers(len(yarns)))
    return [((yarns + yarns)[start + i], 1) for i in range(length)], length / len(yarns)


def _shares(design: Design) -> list[dict]:
    """How much of the face each dye covers; a pixel on an edge counts in parts for the two dyes that it blends."""
    cloth = design.cloth
    picture = cloth.draw(COUNTED, COUNTED, (0, 0, *cloth.box)) if isinstance(cloth, Printed) else _cells(design)
    dyes = np.stack([rgb(name) for name in design.colours]).astype(np.float32)
    pixels = picture.reshape(-1, 3).astype(np.float32)
    away = np.square(pixels[:, None] - dyes).sum(axis=2)  # (pixels, dyes)
    pure = away.min(axis=1) <= 3 * EDGE**2
    count = np.bincount(away[pure].argmin(axis=1), minlength=len(dyes)).astype(np.float64)
    count += _unmixed(pixels[~pure], dyes)
    return [
        {"hex": COLOURS[name], "name": name, "share": float(share)}
        for name, share in zip(design.colours, count / count.sum(), strict=True)
    ]


def _unmixed(pixels: np.ndarray, dyes: np.ndarray) -> np.ndarray:
    """The parts of each dye in blended pixels (n, 3): each is split between the two dyes whose line passes it nearest."""
    parts = np.zeros((len(pixels), len(dyes)), dtype=np.float32)
    best = np.full(len(pixels), np.inf, dtype=np.float32)
    for one in range(len(dyes)):
        for other in range(one):
            line = dyes[other] - dyes[one]
            t = np.clip((pixels - dyes[one]) @ line / (line @ line), 0, 1)
            miss = np.square(pixels - dyes[one] - t[:, None] * line).sum(axis=1)
            nearer = miss < best
            best[nearer] = miss[nearer]
            parts[nearer] = 0
            parts[nearer, one], parts[nearer, other] = 1 - t[nearer], t[nearer]
    return parts.sum(axis=0)
