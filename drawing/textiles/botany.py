"""What flowers, leaves and paisleys are drawn from: petals, blades, stems, their dyes, and a bed they are packed in.

A motif is drawn in -50..50, upwards (towards smaller y) where it has a direction. Shading is done as printers do it, with
the palette's own dyes: tongues of a darker one from a petal's base, a paler rim, veins, stipple, an outline off-register.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from drawing.textiles.colours import Dyer, distance, rgb
from drawing.textiles.design import Design, Draw, Printed, Rng, Spot, Window
from selvedge.colour import oklch

Points = np.ndarray  # (n, 2), x to the right, y down

# --- pen ----------------------------------------------------------------------------------------------------------

_STEPS = 4  # points of a polygon for each point of the smooth curve that it follows
_T = np.arange(_STEPS)[:, None] / _STEPS
_BASIS = 0.5 * np.hstack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2]
)


def curve(points: Points, closed: bool = True) -> Points:
    """A polygon along the smooth curve (Catmull-Rom) through the points."""
    points = np.asarray(points, dtype=float)
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    q = np.concatenate([ends[0], points, ends[1]])
    count = len(q) - 3
    windows = q[np.arange(count)[:, None] + np.arange(4)]  # (count, 4, 2)
    smooth = (_BASIS @ windows).reshape(-1, 2)
    return smooth if closed else np.concatenate([smooth, points[-1:]])


def ribbon(points: Points, width: float | Points, closed: bool = False) -> Points:
    """A line of points as a polygon `width` wide; widths at its points make it swell and taper."""
    step = np.gradient(points, axis=0)
    step /= np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9
    half = 0.5 * np.broadcast_to(width, len(points))[:, None] * step[:, ::-1] * (-1, 1)
    return np.concatenate([points + half, (points - half)[::-1]])


def swollen(shape: Points, by: float) -> Points:
    """A polygon grown outwards by a width."""
    after = np.concatenate([shape[1:], shape[:1]])
    step = after - np.concatenate([shape[-1:], shape[:-1]])
    step /= np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9
    x, y = shape[:, 0], shape[:, 1]
    sense = 1.0 if x @ after[:, 1] > y @ after[:, 0] else -1.0
    return shape + sense * by * step[:, ::-1] * (1, -1)


def at(points: Points, x: float = 0.0, y: float = 0.0, turn: float = 0.0, scale: float = 1.0) -> Points:
    """Points scaled, turned clockwise by degrees, and moved."""
    c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
    return np.asarray(points, dtype=float) @ np.array([[c, s], [-s, c]]) + (x, y)


def ray(turn: float, length: float, x: float = 0.0, y: float = 0.0) -> tuple[float, float]:
    """The point `length` away from (x, y) in the direction `turn`: 0 is up, 90 to the right."""
    return x + length * math.sin(math.radians(turn)), y - length * math.cos(math.radians(turn))


_ROUND = np.stack([np.cos(np.arange(12) * math.pi / 6), np.sin(np.arange(12) * math.pi / 6)], axis=1)


class Art:
    """A drawing: groups of polygons in the order of printing, each group in one dye."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.groups: list[list[Points]] = []

    def polygon(self, name: str, *shapes: Points) -> Art:
        """Polygons that may overlap."""
        self.names += [name] * len(shapes)
        self.groups += [[shape] for shape in shapes]
        return self

    def apart(self, name: str, shapes: Iterable[Points]) -> Art:
        """Polygons that do not overlap: drawn at once, which is faster (where two do, neither is)."""
        shapes = list(shapes)
        if shapes:
            self.names.append(name)
            self.groups.append(shapes)
        return self

    def fill(self, name: str, *outlines: Points, edge: tuple[str, float] | None = None) -> Art:
        """Smooth closed shapes, with an edge (dye, width) around each if wanted."""
        for outline in outlines:
            shape = curve(outline)
            if edge:
                self.polygon(edge[0], swollen(shape, edge[1]))
            self.polygon(name, shape)
        return self

    def line(self, name: str, width: float, *lines: Points, taper: float = 0.0) -> Art:
        """Smooth lines that thin out towards their end by `taper` (0: even, 1: to a point)."""
        for points in lines:
            points = curve(points, closed=False)
            self.polygon(name, ribbon(points, width * np.linspace(1 + 0.3 * taper, 1 - 0.9 * taper, len(points))))
        return self

    def strokes(self, name: str, width: float, pairs: Iterable) -> Art:
        """Strokes of a pen (x, y, x, y), thick where they begin: hatching, veins, streaks."""
        pairs = np.asarray(list(pairs), dtype=float).reshape(-1, 2, 2)
        start, end = pairs[:, 0], pairs[:, 1]
        step = end - start
        step /= np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9
        side = step[:, ::-1] * (-0.5, 0.5) * width
        dashes = np.empty((len(pairs), 5, 2))
        dashes[:, 0], dashes[:, 1], dashes[:, 2] = start + side, start - step * 0.4 * width, start - side
        dashes[:, 3], dashes[:, 4] = end - side * 0.3, end + side * 0.3
        return self.apart(name, dashes)

    def dots(self, name: str, radius: float, points: Points) -> Art:
        points = np.asarray(points, dtype=float).reshape(-1, 1, 2)
        return self.apart(name, points + _ROUND * radius)

    def put(self, art: Art, x: float = 0.0, y: float = 0.0, turn: float = 0.0, scale: float = 1.0, flip=False) -> Art:
        """Another drawing, moved, turned and scaled."""
        points, cuts, groups = art.joined()
        moved = at(points * (-1, 1) if flip else points, x, y, turn, scale)
        shapes = np.split(moved, cuts[1:-1])
        self.names += art.names
        self.groups += [shapes[one:other] for one, other in itertools.pairwise(groups)]
        return self

    def joined(self) -> tuple[Points, list[int], list[int]]:
        """All points; where each polygon begins among them; which polygon is each group's first. Both end with the end."""
        shapes = [shape for group in self.groups for shape in group]
        cuts = [0, *itertools.accumulate(len(shape) for shape in shapes)]
        groups = [0, *itertools.accumulate(len(group) for group in self.groups)]
        return np.concatenate(shapes) if shapes else np.empty((0, 2)), cuts, groups


# --- press --------------------------------------------------------------------------------------------------------


def press(
    motifs: list[Art], spots: list[Spot], box: tuple[float, float], ground: str, under: Art | None = None
) -> Draw:
    """Prints motifs at their spots over `under` (drawn in the tile's units); what leaves at one edge comes back at the other.

    Polygons by OpenCV, several times as fast as resvg with as many petals: a flower print has a thousand.
    """
    sheets = [(*art.joined(), [tuple(map(int, rgb(name))) for name in art.names]) for art in [*motifs, under or Art()]]
    places = [Spot(0.0, 0.0, motif=len(motifs)), *spots]

    def draw(width: int, height: int, window: Window) -> np.ndarray:
        side = max(width, height)
        finer = max(2, min(4, round(1100 / side))) if side < 4000 else 1  # drawn larger, then shrunk
        image = np.empty((height * finer, width * finer, 3), dtype=np.uint8)
        cv2.rectangle(image, (0, 0), (width * finer, height * finer), tuple(map(int, rgb(ground))), cv2.FILLED)
        zoom = np.array([width * finer / window[2], height * finer / window[3]])
        for spot in places:
            _stamp(image, sheets[spot.motif], spot, box, zoom, window[:2], side >= 900)
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) if finer > 1 else image

    return draw


def _stamp(
    image: np.ndarray, sheet: tuple, spot: Spot, box: tuple[float, float], zoom: Points, corner: tuple, soft: bool
) -> None:
    """One motif at its spot and at that spot's copies across the edges, in 1/16 pixels, leaving out what is not seen."""
    points, cuts, groups, inks = sheet
    if not inks:
        return
    local = at(points * (-1, 1) if spot.flip else points, 0, 0, spot.turn, spot.scale)
    begins = [cuts[group] for group in groups[:-1]]
    low, high = np.minimum.reduceat(local, begins), np.maximum.reduceat(local, begins)  # of each group
    least, most = low.min(axis=0).tolist(), high.max(axis=0).tolist()
    wide, tall = image.shape[1] / zoom[0], image.shape[0] / zoom[1]
    line_type = cv2.LINE_AA if soft else cv2.LINE_8
    for x in (spot.x - corner[0] + shift for shift in (-box[0], 0.0, box[0])):
        for y in (spot.y - corner[1] + shift for shift in (-box[1], 0.0, box[1])):
            if x + most[0] < 0 or x + least[0] > wide or y + most[1] < 0 or y + least[1] > tall:
                continue
            seen = ((high >= (-x, -y)) & (low <= (wide - x, tall - y))).all(axis=1)
            pixels = ((at(local, x, y) * zoom) * 16 - 8).round().astype(np.int32)
            for group in np.flatnonzero(seen).tolist():
                shapes = [pixels[cuts[i] : cuts[i + 1]] for i in range(groups[group], groups[group + 1])]
                cv2.fillPoly(image, shapes, inks[group], line_type, 4)


# --- petals -------------------------------------------------------------------------------------------------------

# Right half of a petal of length and width 1, from its base; a point at x = 0 is not mirrored.
PETALS = {
    "round": ((0, 0), (0.24, 0.2), (0.46, 0.52), (0.44, 0.83), (0.2, 1.0)),
    "heart": ((0, 0), (0.26, 0.24), (0.5, 0.62), (0.44, 0.92), (0.2, 1.03), (0, 0.9)),
    "point": ((0, 0), (0.28, 0.25), (0.47, 0.52), (0.32, 0.8), (0, 1.06)),
    "daisy": ((0, 0), (0.3, 0.3), (0.48, 0.72), (0.34, 0.95), (0, 1.02)),
    "spoon": ((0, 0), (0.14, 0.35), (0.42, 0.68), (0.4, 0.93), (0, 1.03)),
    "tooth": ((0, 0), (0.34, 0.35), (0.5, 0.8), (0.36, 1.0), (0.2, 0.9), (0, 1.04)),
}


def petal(
    rng: Rng, length: float, width: float, kind: str = "round", wobble: float = 0.04, bend: float = 0.0
) -> Points:
    """A petal from the origin straight up, each a little different."""
    half = np.array(PETALS[kind]) * (width, -length)
    middle = len(half) - (half[-1, 0] == 0)
    points = np.concatenate([half, half[1:middle][::-1] * (-1, 1)])
    points[1:] += rng.normal(0, wobble * width, (len(points) - 1, 2))
    points[:, 0] += bend * width * (points[:, 1] / length) ** 2
    return points


def frill(rng: Rng, length: float, spread: float, waves: int = 4, depth: float = 0.07) -> Points:
    """A wide petal with a ruffled rim, `spread` degrees to each side."""
    angles = np.radians(np.linspace(-spread, spread, 2 * waves + 1) + rng.normal(0, 1.5, 2 * waves + 1))
    reach = length * (1 + depth * np.where(np.arange(2 * waves + 1) % 2, 1, -1) + rng.normal(0, 0.025, 2 * waves + 1))
    reach[[0, -1]] = length * rng.uniform(0.72, 0.82, 2)
    rim = np.stack([np.sin(angles) * reach, -np.cos(angles) * reach], axis=1)
    return np.concatenate([[[0.0, 0.0]], rim])


def flame(rng: Rng, length: float, spread: float, tongues: int = 3) -> Points:
    """Tongues of shade from a petal's base."""
    count = 2 * tongues + 1
    angles = np.radians(np.linspace(-spread, spread, count) + rng.normal(0, spread * 0.06, count))
    reach = length * np.where(np.arange(count) % 2, rng.uniform(0.8, 1.05, count), rng.uniform(0.4, 0.6, count))
    reach *= 1 - 0.25 * np.abs(angles) / math.radians(spread)
    rim = np.stack([np.sin(angles) * reach, -np.cos(angles) * reach], axis=1)
    return np.concatenate([[[0.0, 0.0]], rim])


def around(count: int, radius: float, first: float = 0.0, x: float = 0.0, y: float = 0.0) -> Points:
    """`count` points on a circle around (x, y)."""
    turn = np.linspace(0, 2 * math.pi, count, endpoint=False) + math.radians(first)
    return np.stack([x + radius * np.sin(turn), y - radius * np.cos(turn)], axis=1)


def coil(first: float, step: float, start: float, shrink: float, count: int, x: float = 0.0, y: float = 0.0) -> Points:
    """A spiral: `count` points, each `step` degrees on and `shrink` nearer to (x, y) than the last."""
    return np.array([ray(first + step * n, start - shrink * n, x, y) for n in range(count)])


def disc(rng: Rng, radius: float, unrest: float = 0.06, points: int = 8, x: float = 0.0, y: float = 0.0) -> Points:
    """An uneven round."""
    return around(points, radius, rng.uniform(0, 360)) * (1 + unrest * rng.uniform(-1, 1, (points, 1))) + (x, y)


# --- leaves and stems ---------------------------------------------------------------------------------------------


def blade(
    rng: Rng, length: float, width: float, bend: float = 0.0, belly: float = 0.45, teeth: int = 0, count: int = 6
) -> tuple[Points, Points]:
    """A pointed leaf from the origin up: its outline and its midrib (count + 2, 2) on a spine that bends sideways.

    `belly` is where along its length it is widest, `bend` how far the tip strays in lengths, `teeth` saw its margin.
    """
    t = np.linspace(0, 1, count + 2)
    power = math.log(0.5) / math.log(belly)
    half = 0.5 * width * np.sin(math.pi * t**power) ** 0.9
    sway = rng.normal(0, 0.03) if bend else 0.0
    spine = np.stack(
        [length * (bend * t**2 + sway * np.sin(math.pi * t)), -length * t * (1 - 0.15 * abs(bend))], axis=1
    )
    step = np.gradient(spine, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.linalg.norm(step, axis=1, keepdims=True)
    half = half[1:-1, None] * (1 + rng.normal(0, 0.05, (count, 1)))
    right, left = spine[1:-1] + normal[1:-1] * half, spine[1:-1] - normal[1:-1] * half
    if teeth:
        right, left = (_sawn(side, spine[1:-1], teeth) for side in (right, left))
    tip = spine[-1:]
    return np.concatenate([spine[:1], right, tip, tip, left[::-1]]), spine


def _sawn(side: Points, spine: Points, teeth: int) -> Points:
    """A margin with saw teeth that look to the tip."""
    t = np.linspace(0, len(side) - 1, 2 * teeth)
    low = np.floor(t).astype(int).clip(0, len(side) - 2)
    share = (t - low)[:, None]
    margin, rib = (a[low] * (1 - share) + a[low + 1] * share for a in (side, spine))
    inward = np.where(np.arange(2 * teeth) % 2, -0.1, 0.14)[:, None]
    return margin + (rib - margin) * inward


def half_of(outline: Points, spine: Points) -> Points:
    """The left half of a blade, for a leaf in two tones."""
    left = outline[len(outline) // 2 + 1 :]
    return np.concatenate([spine[::2], spine[-1:], left])


def veins(spine: Points, width: float, pairs: int, rise: float = 0.5) -> Points:
    """Side veins of a blade, as strokes (2 * pairs, 4)."""
    share = np.linspace(0.2, 0.75, pairs)
    place = share * (len(spine) - 1)
    low = place.astype(int)
    step = spine[low + 1] - spine[low]
    root = spine[low] + step * (place - low)[:, None]
    reach = (0.38 * width * np.sin(math.pi * (0.15 + 0.75 * share)) ** 0.8)[:, None]
    step = step / (np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9)
    aside = step[:, ::-1] * (-1, 1)
    return np.concatenate([np.hstack([root, root + reach * (rise * step + s * aside)]) for s in (-1, 1)])


def leaf(
    art: Art,
    rng: Rng,
    name: str,
    length: float,
    width: float,
    where: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    shade: str | None = None,
    vein: str | None = None,
    pairs: int = 0,
    bend: float | None = None,
    teeth: int = 0,
    pen: float = 1.0,
) -> Art:
    """A leaf at (x, y, turn): plain, with one half in `shade`, and veined."""
    bend = rng.uniform(-0.25, 0.25) if bend is None else bend
    outline, spine = blade(rng, length, width, bend, rng.uniform(0.38, 0.5), teeth)
    x, y, turn = where
    art.fill(name, at(outline, x, y, turn))
    if shade:
        art.fill(shade, at(half_of(outline, spine), x, y, turn))
    if vein:
        art.line(vein, pen, at(spine[:-1:2], x, y, turn), taper=0.6)
        if pairs:
            dashes = np.array(veins(spine, width, pairs)).reshape(-1, 2)
            art.strokes(vein, pen * 0.8, at(dashes, x, y, turn).reshape(-1, 4))
    return art


def bezier(start: Points, pull: Points, end: Points, count: int = 8) -> Points:
    """A curve from start to end, drawn towards pull."""
    t = np.linspace(0, 1, count)[:, None]
    return (1 - t) ** 2 * np.asarray(start) + 2 * t * (1 - t) * np.asarray(pull) + t**2 * np.asarray(end)


def along(points: Points, share: float) -> tuple[float, float, float]:
    """Place and heading (x, y, turn in degrees, 0 up) on a line of points, by share of its count."""
    place = min(max(share, 0.0), 0.9999) * (len(points) - 1)
    low = int(place)
    x, y = points[low] + (points[low + 1] - points[low]) * (place - low)
    dx, dy = points[low + 1] - points[low]
    return float(x), float(y), math.degrees(math.atan2(dx, -dy))


# --- dyes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dyes:
    """Five dyes by what they colour: the ground, petals, their shade, greens, and a light or bright accent."""

    ground: str
    petal: str
    shade: str
    leaf: str
    light: str

    @property
    def names(self) -> list[str]:
        return [self.ground, self.petal, self.shade, self.leaf, self.light]


GARDEN = (  # ground, petal, shade, leaf, light: as printed year after year
    *(("ivory", "rose", "crimson", "sage", "butter"), ("white", "carnation", "raspberry", "fern", "saffron")),
    *(("navy", "blush", "rose", "eucalyptus", "butter"), ("black", "scarlet", "cherry", "moss", "blush")),
    *(("cream", "coral", "brick", "olive", "peach"), ("duck egg", "coral", "crimson", "spruce", "ivory")),
    *(("powder", "fuchsia", "plum", "emerald", "marigold"), ("midnight", "wisteria", "violet", "sage", "ivory")),
    *(("ecru", "terracotta", "chestnut", "moss", "shell"), ("white", "cornflower", "navy", "sage", "sky")),
    *(("butter", "tangerine", "brick", "moss", "ivory"), ("forest", "carnation", "raspberry", "sage", "ivory")),
    *(("burgundy", "salmon", "brick", "khaki", "cream"), ("ink", "apricot", "rust", "eucalyptus", "ivory")),
    *(("mustard", "ivory", "rust", "forest", "blush"), ("sage", "ivory", "rose", "bottle", "butter")),
    *(("shell", "raspberry", "plum", "teal", "apricot"), ("teal", "carnation", "raspberry", "mint", "butter")),
    *(("lilac", "violet", "aubergine", "moss", "canary"), ("black", "ivory", "rose", "eucalyptus", "mustard")),
    *(("white", "watermelon", "burgundy", "jade", "bubblegum"), ("ice", "steel", "indigo", "eucalyptus", "white")),
    *(("ivory", "cobalt", "midnight", "moss", "powder blue"), ("plum", "orchid", "magenta", "sage", "shell")),
    *(("navy", "ivory", "coral", "jade", "mustard"), ("pearl", "mauve", "plum", "eucalyptus", "butter")),
    *(("aqua", "ivory", "watermelon", "emerald", "saffron"), ("charcoal", "butter", "amber", "sage", "ivory")),
    *(("indigo", "powder", "rose", "celadon", "saffron"), ("white", "marigold", "rust", "fern", "canary")),
    *(("blush", "brick", "oxblood", "spruce", "ivory"), ("cherry", "rose", "oxblood", "sage", "shell")),
)


def garden(rng: Rng, dye: Dyer, options: tuple[tuple[str, ...], ...] = GARDEN) -> Dyes:
    """Dyes of a flower print: mostly a mill's own, one in three a palette whose greenest becomes the leaf."""
    if not dye.wanted and rng.random() < 2 / 3:
        return Dyes(*dye.of(*options))
    ground, petal, *rest = dye(5)
    rest.sort(key=_greenness)
    green = rest.pop()
    rest.sort(key=lambda name: distance(petal, name))
    return Dyes(ground, petal, rest[0], green, rest[1])


def _greenness(name: str) -> float:
    """How well a dye passes for leaves: its chroma towards yellow-green."""
    _, chroma, hue = oklch(rgb(name))
    return float(chroma * math.cos(math.radians(hue - 140)))


def lightness(name: str) -> float:
    return float(oklch(rgb(name))[0])


# --- packing ------------------------------------------------------------------------------------------------------


class Bed:
    """What is still free on a tile that wraps: each motif takes up a round, the next goes where most room is."""

    def __init__(self, rng: Rng, box: tuple[float, float], fineness: float = 11.0) -> None:
        columns, rows = round(box[0] / fineness), round(box[1] / fineness)
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
        self.rng, self.box, self.cells = rng, box, (columns, rows)
        self.x, self.y = ((grid + rng.random(grid.shape)) * (box[0] / columns, box[1] / rows)).T.astype(np.float32)
        self.room = np.full(len(grid), 1e3, dtype=np.float32) + rng.random(len(grid), dtype=np.float32)

    def take(self, x: float, y: float, radius: float) -> None:
        across, down = np.abs(self.x - x % self.box[0]), np.abs(self.y - y % self.box[1])
        across, down = np.minimum(across, self.box[0] - across), np.minimum(down, self.box[1] - down)
        np.minimum(self.room, np.sqrt(across * across + down * down) - radius, out=self.room)

    def take_line(self, points: Points, radius: float) -> None:
        for x, y in points:
            self.take(float(x), float(y), radius)

    def strew(self, count: int, radius: float, order: float = 0.75) -> list[tuple[float, float]]:
        """Places for `count` rounds of one size: at `order` 1 as even as a lattice, below that as if by hand."""
        found = []
        for _ in range(count):
            most = self.room.max()
            free = np.flatnonzero(self.room >= (order * most if most > 0 else most))
            best = free[self.rng.integers(len(free))]
            x, y = float(self.x[best]), float(self.y[best])
            self.take(x, y, radius)
            found.append((x, y))
        return found

    def room_at(self, x: Points, y: Points) -> Points:
        """About how far places are from what is taken."""
        columns, rows = self.cells
        column = (np.asarray(x) / self.box[0] * columns).astype(int) % columns
        return self.room[(np.asarray(y) / self.box[1] * rows).astype(int) % rows * columns + column]

    def fill(
        self, least: float, most: float, overlap: float = 0.0, limit: int = 200
    ) -> list[tuple[float, float, float]]:
        """Rounds (x, y, radius) in the gaps, the largest gap first, until none of `least` fits.

        `overlap` is by how much a round may reach into its neighbours (negative: a margin it keeps).
        """
        found = []
        while len(found) < limit:
            best = int(self.room.argmax())
            room = float(self.room[best]) + overlap
            if room < least:
                break
            radius = min(room, most) * self.rng.uniform(0.9, 1.0)
            x, y = float(self.x[best]), float(self.y[best])
            self.take(x, y, radius)
            found.append((x, y, radius))
        return found


def spots_of(
    rng: Rng,
    rounds: Iterable[tuple[float, float, float]],
    motifs: tuple[int, ...],
    reach: float = 50.0,
    sway: float = 180.0,
) -> list[Spot]:
    """Rounds as spots of the motifs in turn, `reach` being a motif's radius, turned and mirrored at random."""
    turns = rng.permutation(len(motifs))
    return [
        Spot(x, y, rng.uniform(-sway, sway), radius / reach, motifs[turns[i % len(motifs)]], bool(rng.random() < 0.5))
        for i, (x, y, radius) in enumerate(rounds)
    ]


# --- prints -------------------------------------------------------------------------------------------------------

GROUNDS = {
    "silk": "satin",
    "cotton sateen": "sateen",
    "chintz": "sateen",
    "canvas": "basket",
    "flannel": "twill",
    "wool": "twill",
}


def print_on(
    rng: Rng,
    style: str,
    names: list[str],
    motifs: list[Art],
    spots: list[Spot],
    box: tuple[float, float],
    main: int,
    *,
    across: tuple[float, float],
    fabric: tuple[str, ...] = ("cotton",),
    layout: str = "tossed",
    under: Art | None = None,
) -> Design:
    """A print of motifs at their spots over `under`, on one of the fabrics; `main` of the spots count as motifs."""
    chosen = str(rng.choice(list(fabric)))
    cloth = Printed(press(motifs, spots, box, names[0], under), box, GROUNDS.get(chosen, "plain"))
    return Design(style, names, cloth, rng.uniform(*across), layout, motifs=main, fabric=chosen)
