"""What a style decides: a repeat, printed on a cloth or woven or knitted into it, and the words for it.

Motifs are SVG, drawn by resvg; layouts and strewing wrap around the repeat, so that every tile is seamless.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import resvg_py

from drawing.textiles.colours import COLOURS

Rng = np.random.Generator
PITCH = 100.0  # units between neighbouring motifs; a motif is drawn in -50..50
FIELD_BOX = (4 * PITCH, 4 * PITCH)  # the box of every design that is a raster
Window = tuple[float, float, float, float]  # left, top, width, height in units, within the box
Draw = Callable[[int, int, Window], np.ndarray]  # width and height in pixels, window -> (h, w, 3) uint8 RGB
Threads = list[tuple[str, int]]  # trade name and number of yarns, in order: one repeat


@dataclass(frozen=True)
class Printed:
    """Dye on the face of a woven or knitted ground: `draw` renders a window of the box (width, height in units)."""

    draw: Draw
    box: tuple[float, float] = (PITCH, PITCH)
    ground: str = "plain"  # a structure of cloth.STRUCTURES, or "jersey"


@dataclass(frozen=True)
class Woven:
    """Coloured yarns: one repeat of the warp (left to right) and of the weft (top to bottom), and how they cross.

    `structure` names one of cloth.STRUCTURES. `slub` is how unevenly the yarns are spun (0 worsted, 1 raw linen).
    """

    warp: Threads
    weft: Threads
    structure: str = "plain"
    slub: float = 0.15


def whole(threads: Threads, period: int) -> Threads:
    """The same bands, the widest a few yarns wider, so that the structure's period divides the repeat: it must wrap."""
    short = -sum(count for _, count in threads) % period
    widest = max(range(len(threads)), key=lambda i: threads[i][1])
    return [(name, count + short * (i == widest)) for i, (name, count) in enumerate(threads)]


@dataclass(frozen=True)
class Knitted:
    """Stitches in colours: `stitches` (courses, wales) of indices into the design's colours: jacquard, Fair Isle, stripes."""

    stitches: np.ndarray
    gauge: float = 1.25  # wales to a course's height: stitches are wider than high


@dataclass(frozen=True)
class Design:
    """One textile design.

    `colours` are trade names, ground first, at most five, each to be seen in the repeat. `across` is how many repeats
    (for lattices of motifs: how many pitches) a picture shows from side to side when it is neither near nor far.
    `angle` is the direction of the design's lines on the upright cloth, in degrees (0: up the warp, 90: along the weft,
    positive turns clockwise); it is 0 for what has no direction. `motifs` counts those in one repeat. `layout` is one of
    LAYOUTS.
    """

    style: str
    colours: list[str]
    cloth: Printed | Woven | Knitted
    across: float
    layout: str = "straight"
    angle: float = 0.0
    motifs: int = 0
    fabric: str = "cotton"


LAYOUTS = ("straight", "half-drop", "brick", "tossed", "all-over", "plain")  # plain: no motif to lay out


# --- SVG ----------------------------------------------------------------------------------------------------------


def svg(body: str, box: tuple[float, float], ground: str, defs: str = "") -> Draw:
    """A drawer of an SVG body, in units, over a ground colour. The body draws what crosses an edge on both sides."""

    def draw(width: int, height: int, window: Window) -> np.ndarray:
        text = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="{window[0]:.4f} {window[1]:.4f} {window[2]:.4f} {window[3]:.4f}" preserveAspectRatio="none">'
            f'<defs>{defs}</defs><rect x="-1" y="-1" width="{box[0] + 2:g}" height="{box[1] + 2:g}" '
            f'fill="{COLOURS[ground]}"/>{body}</svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=True)
        bgr = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_COLOR)
        return np.ascontiguousarray(bgr[..., ::-1])

    return draw


@dataclass(frozen=True)
class Spot:
    """One place of a motif on the tile, in units; a motif drawn in -50..50 is scaled by `scale` and turned."""

    x: float
    y: float
    turn: float = 0.0  # degrees
    scale: float = 1.0
    motif: int = 0  # which of the tile's motifs
    flip: bool = False  # mirrored left to right


def place(motifs: list[str], spots: list[Spot], box: tuple[float, float], ground: str, under: str = "") -> Draw:
    """Draws motifs at their spots over `under`; what leaves the tile at one edge comes back at the other."""
    return svg(under + placed(spots, box), box, ground, "".join(f'<g id="m{i}">{m}</g>' for i, m in enumerate(motifs)))


def placed(spots: list[Spot], box: tuple[float, float]) -> str:
    """The spots as SVG uses of #m0, #m1 ..., with their copies across the edges."""
    uses = []
    for spot in spots:
        reach = 75 * spot.scale  # a motif's corner, with room for its stroke
        for shift_x in (-box[0], 0, box[0]):
            for shift_y in (-box[1], 0, box[1]):
                x, y = spot.x + shift_x, spot.y + shift_y
                if -reach < x < box[0] + reach and -reach < y < box[1] + reach:
                    flip = " scale(-1 1)" if spot.flip else ""
                    where = f"translate({x:.2f} {y:.2f}) rotate({spot.turn:.1f}) scale({spot.scale:.3f}){flip}"
                    uses.append(f'<use href="#m{spot.motif}" transform="{where}"/>')
    return "".join(uses)


def lattice(
    rng: Rng, layout: str, motifs: int, scale: float, sway: float = 0.0
) -> tuple[list[Spot], tuple[float, float]]:
    """Spots one pitch apart in straight rows, half-drop columns or brick rows, and the box that holds them.

    With more than one motif they take turns; `sway` is the largest turn in degrees.
    """
    columns = rows = 2 if layout != "straight" or motifs > 1 else 1
    spots = []
    for column in range(columns):
        for row in range(rows):
            drop = 0.5 * PITCH * (column % 2) if layout == "half-drop" else 0.0
            slide = 0.5 * PITCH * (row % 2) if layout == "brick" else 0.0
            x, y = (column + 0.5) * PITCH + slide, (row + 0.5) * PITCH + drop
            spots.append(Spot(x, y, rng.uniform(-sway, sway), scale, (column + row) % motifs))
    return spots, (columns * PITCH, rows * PITCH)


def tossed(
    rng: Rng, count: int, motifs: int, scale: tuple[float, float], sway: float = 180.0
) -> tuple[list[Spot], tuple[float, float]]:
    """`count` spots strewn evenly over a square tile of a lattice's density, each turned by up to `sway` degrees.

    Mitchell's best candidate (1991): each new spot is the one of many tries that lies farthest from those placed.
    """
    side = PITCH * math.sqrt(count)
    points = np.empty((0, 2))
    for _ in range(count):
        tries = rng.random((150, 2)) * side
        if len(points):
            gap = np.abs(tries[:, None] - points[None])
            gap = np.minimum(gap, side - gap)  # the tile repeats: distances wrap around
            tries = tries[(gap**2).sum(axis=2).min(axis=1).argmax()][None]
        points = np.vstack([points, tries[:1]])
    spots = [
        Spot(x, y, rng.uniform(-sway, sway), rng.uniform(*scale), i % motifs, bool(rng.random() < 0.5))
        for i, (x, y) in enumerate(points)
    ]
    return spots, (side, side)


# --- strokes ------------------------------------------------------------------------------------------------------


def fill(name: str) -> str:
    """The SVG paint of a trade colour."""
    return f'fill="{COLOURS[name]}"'


def line(name: str, width: float) -> str:
    """The SVG paint of a round-capped stroke."""
    return f'fill="none" stroke="{COLOURS[name]}" stroke-width="{width:.2f}" stroke-linecap="round" stroke-linejoin="round"'


def circle(x: float, y: float, radius: float, paint: str) -> str:
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}" {paint}/>'


def path(d: str, paint: str, turn: float = 0.0) -> str:
    return f'<path d="{d}" {paint} transform="rotate({turn:.1f})"/>' if turn else f'<path d="{d}" {paint}/>'


def polygon(points: np.ndarray, paint: str) -> str:
    """A closed outline through (n, 2) points."""
    return f'<polygon points="{" ".join(f"{x:.2f},{y:.2f}" for x, y in points)}" {paint}/>'


def smooth(points: np.ndarray, paint: str, closed: bool = True) -> str:
    """A smooth curve through (n, 2) points: Catmull-Rom as Bezier, closed or open."""
    points = np.asarray(points, dtype=float)
    count = len(points)
    around = points if closed else np.vstack([points[:1], points, points[-1:]])
    at = (lambda i: around[i % count]) if closed else (lambda i: around[i + 1])
    d = f"M{points[0, 0]:.2f},{points[0, 1]:.2f}"
    for i in range(count if closed else count - 1):
        one = at(i) + (at(i + 1) - at(i - 1)) / 6
        two = at(i + 1) - (at(i + 2) - at(i)) / 6
        end = at(i + 1)
        d += f"C{one[0]:.2f},{one[1]:.2f} {two[0]:.2f},{two[1]:.2f} {end[0]:.2f},{end[1]:.2f}"
    return f'<path d="{d}{"Z" if closed else ""}" {paint}/>'
