"""Draws the demo's catalogue: nine kinds of clothes laid flat, each with its exact mask.

A kind cuts pieces (smooth outlines in its own units), sews them (seams, stitches, trims) and says where the cloth
creases. The rest is the same for all: dye or print the cloth, fold it, light it and lay it on a ground.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import resvg_py
from PIL import Image

from selvedge.errors import SelvedgeError

KINDS = ("t-shirt", "shirt", "sweater", "hoodie", "dress", "skirt", "trousers", "coat", "bag")
GROUNDS = ("plain", "busy")

WIDTH, HEIGHT = 300.0, 400.0  # the drawing board in units: x from -150 to 150, y from 0 (top) to 400

CLOTHS = {
    "white": "#f3f2ee",
    "ecru": "#ece3cf",
    "light grey": "#d6d6d5",
    "oatmeal": "#ded3c2",
    "pale blue": "#d3dfea",
    "pale pink": "#f0dcd8",
    "pale sage": "#d8e0d0",
    "butter": "#f3e9c6",
    "lilac": "#e0d9ea",
}
BACKDROPS = ("#b9b2a8", "#a9b3ba", "#c5a99a", "#9fb0a4", "#b7a7b5", "#8f979e", "#c9bb9c", "#7f8c99", "#a58f7f")

Rng = np.random.Generator
Points = list[tuple[float, ...]]  # (x, y) smooth, or (x, y, 1) a corner


@dataclass(frozen=True)
class Garment:
    """`image` RGB and `mask` L (0 or 255) of one size; attributes: kind, colour, ground, textile and the cut's own."""

    image: Image.Image
    mask: Image.Image
    kind: str
    attributes: dict


@dataclass(frozen=True)
class Piece:
    """One piece of cloth: an SVG path in units, filled, or stroked as a band of `band` units' width."""

    path: str
    grain: float = 0.0  # degrees the textile is turned on it
    tone: float = 1.0  # the inside of a neck is darker than the front
    band: float = 0.0
    seam: bool = True  # its outline shows, where no later piece lies over it


@dataclass(frozen=True)
class Crease:
    """A soft ridge from start to end in units, bowed sideways by `bend`, `width` wide; `height` < 0 is a valley."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    height: float
    bend: float = 0.0


@dataclass
class Cut:
    """A garment as it is cut and sewn, later pieces above earlier ones."""

    pieces: list[Piece] = field(default_factory=list)
    seams: list[str] = field(default_factory=list)  # paths, drawn as a shaded line
    stitches: list[str] = field(default_factory=list)  # paths, drawn dashed
    ribs: list[str] = field(default_factory=list)  # paths, drawn as the fine lines of a knitted rib
    trims: list[str] = field(default_factory=list)  # SVG elements in their own colours: buttons, cords
    creases: list[Crease] = field(default_factory=list)
    attributes: dict = field(default_factory=dict)

    def piece(self, path: str, **how: float) -> None:
        """Lays a piece over those before it."""
        self.pieces.append(Piece(path, **how))


def render_garment(
    kind: str,
    seed: int,
    size: tuple[int, int] = (384, 512),
    textile: Image.Image | None = None,
    ground: str = "plain",
) -> Garment:
    """Draws garment `seed` of a kind, `size` (width, height) in pixels; the same call gives the same bytes.

    `textile`, a seamless tile, is repeated over the cloth at its own size in pixels, else the cloth is a plain pale colour. The cut, its
    folds and the ground depend on kind and seed only. Raises SelvedgeError for an unknown kind or ground.
    """
    _known("garment", kind, KINDS)
    _known("ground", ground, GROUNDS)
    cut = CUTS[kind](_rng(kind, seed, "cut"))
    board = _Board(size)

    coverage = board.coverage(cut)  # (h, w) in 0..1
    height = _fold_height(_rng(kind, seed, "folds"), cut, board)
    shade = _shade(height, coverage, board.lines(cut), board)
    labels = board.labels(cut)

    colour = str(_rng(kind, seed, "cloth").choice(list(CLOTHS)))
    if textile is None:
        cloth = np.broadcast_to(_rgb(CLOTHS[colour]), (*labels.shape, 3))
    else:
        cloth = _printed(textile, cut, labels, height, board)
    tones = np.array([1.0] + [piece.tone for piece in cut.pieces], dtype=np.float32)
    sewn = cloth * (tones[labels] * shade)[..., None]
    sewn = _trimmed(sewn, cut, board)

    behind = _ground(_rng(kind, seed, f"ground/{ground}"), ground, board)
    behind = behind * _shadow(coverage, board)[..., None]
    picture = behind + (sewn - behind) * coverage[..., None]
    picture += _rng(kind, seed, "grain").standard_normal(labels.shape, dtype=np.float32)[..., None] * 2.0
    attributes = {"kind": kind, "colour": colour, "ground": ground, "printed": textile is not None, **cut.attributes}
    return Garment(
        image=Image.fromarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8)),
        mask=Image.fromarray(np.where(coverage * 255 >= 128, 255, 0).astype(np.uint8)),
        kind=kind,
        attributes=attributes,
    )


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"unknown {what} {name!r}: did you mean {nearest!r}? (of {', '.join(names)})")


def _rng(kind: str, seed: int, purpose: str) -> Rng:
    """One generator a purpose, so that a change of cloth or ground leaves the cut and the folds as they are."""
    digest = hashlib.sha256(f"garment/{kind}/{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


def _rgb(colour: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(colour[1:]), dtype=np.uint8).astype(np.float32)


# --- the drawing board: from units to pixels ----------------------------------------------------------------------


class _Board:
    """Rasterises a cut at the picture's size; the 300 x 400 units are fitted and centred."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.scale = min(self.width / WIDTH, self.height / HEIGHT)  # pixels per unit
        self.left = self.width / 2
        self.top = (self.height - HEIGHT * self.scale) / 2

    def coverage(self, cut: Cut) -> np.ndarray:
        """How much of each pixel is garment, (h, w) float32 in 0..1."""
        return self._draw("".join(_paint(piece, "#fff") for piece in cut.pieces))[..., 3].astype(np.float32) / 255

    def labels(self, cut: Cut) -> np.ndarray:
        """The number of the uppermost piece at each pixel, from 1; 0 is the ground. (h, w) uint8."""
        painted = (_paint(piece, f"#{number:02x}0000") for number, piece in enumerate(cut.pieces, start=1))
        return self._draw("".join(painted), 'shape-rendering="crispEdges"')[..., 2]

    def lines(self, cut: Cut) -> np.ndarray:
        """Seams in the first channel, stitches and ribs in the second, (h, w, 2) float32 in 0..1.

        Every piece covers the lines beneath it, so that an armhole's inner edge does not shine through the body.
        """
        edges = "".join(_outline(piece) for piece in cut.pieces)
        seams = f'<path d="{" ".join(cut.seams)}" fill="none" stroke="#f00" stroke-width="1.2"/>'
        dashes = 'fill="none" stroke="#0f0" stroke-width="0.9" stroke-dasharray="2.6 1.6"'
        stitches = f'<path d="{" ".join(cut.stitches)}" {dashes}/>'
        ribs = f'<path d="{" ".join(cut.ribs)}" fill="none" stroke="#0f0" stroke-width="0.8"/>'
        drawn = self._draw(edges + seams + stitches + ribs).astype(np.float32) / 255
        return drawn[..., 2:0:-1] * drawn[..., 3:]

    def trims(self, cut: Cut) -> np.ndarray:
        """Buttons and cords over nothing, (h, w, 4) BGRA uint8."""
        return self._draw("".join(cut.trims))

    def grid(self, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """x and y in units at every `step`-th pixel, two float32 arrays."""
        y, x = np.mgrid[0 : self.height : step, 0 : self.width : step].astype(np.float32)
        return (x + step / 2 - self.left) / self.scale, (y + step / 2 - self.top) / self.scale

    def _draw(self, body: str, attributes: str = "") -> np.ndarray:
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" {attributes}>'
            f'<g transform="translate({self.left:g} {self.top:g}) scale({self.scale:g})">{body}</g></svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
        return cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)


def _paint(piece: Piece, colour: str) -> str:
    if piece.band:
        width = f'stroke-width="{piece.band:.1f}" stroke-linejoin="round"'
        return f'<path d="{piece.path}" fill="none" stroke="{colour}" {width}/>'
    return f'<path d="{piece.path}" fill="{colour}"/>'


def _outline(piece: Piece) -> str:
    """The piece in black with its edge in red, both sides of it when it is a band."""
    if not piece.seam:
        return _paint(piece, "#000")
    if piece.band:
        return _paint(replace(piece, band=piece.band + 1.2), "#f00") + _paint(
            replace(piece, band=piece.band - 1.2), "#000"
        )
    return f'<path d="{piece.path}" fill="#000" stroke="#f00" stroke-width="1.2" stroke-linejoin="round"/>'


# --- cloth, folds and light ---------------------------------------------------------------------------------------


def _fold_height(rng: Rng, cut: Cut, board: _Board) -> np.ndarray:
    """The height of the cloth over the ground in units, (h, w) float32: creases and a slow swell.

    Computed at half the size, for nothing in it is sharp.
    """
    x, y = board.grid(step=2)
    height = np.zeros_like(x)
    for crease in cut.creases:
        (x0, y0), (x1, y1) = crease.start, crease.end
        length = max(math.hypot(x1 - x0, y1 - y0), 1e-3)
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        along = ((x - x0) * ux + (y - y0) * uy) / length  # 0 at the start, 1 at the end
        aside = (y - y0) * ux - (x - x0) * uy - crease.bend * 4 * along * (1 - along)
        fade = np.exp(-((np.abs(along - 0.5) / 0.48) ** 4))
        height += crease.height * fade * np.exp(-((aside / crease.width) ** 2))
    for cells, strength in ((4, 2.4), (9, 0.8), (30, 0.12)):
        coarse = rng.standard_normal((cells * 4 // 3, cells), dtype=np.float32)
        height += strength * cv2.resize(coarse, x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.resize(height, (board.width, board.height), interpolation=cv2.INTER_LINEAR)


def _shade(height: np.ndarray, coverage: np.ndarray, lines: np.ndarray, board: _Board) -> np.ndarray:
    """How bright the cloth is, (h, w) float32 around 1: light from the upper left, dark at edges and beside seams."""
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=board.scale / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=board.scale / 8)
    light = 1.0 + 0.42 * np.tanh(1.1 * slope_x + 0.8 * slope_y)
    unit = board.scale
    roundness = 1 - 0.34 * np.clip(1 - 2 * (cv2.GaussianBlur(coverage, (0, 0), 5 * unit) - 0.5), 0, 1) ** 2
    seams, stitches = lines[..., 0], lines[..., 1]
    beside = 1 - 0.45 * np.minimum(cv2.GaussianBlur(seams, (0, 0), 2.6 * unit), 0.5)
    sunk = 1 - 0.22 * seams - 0.16 * stitches
    return (0.97 * light * roundness * beside * sunk).astype(np.float32)


def _printed(textile: Image.Image, cut: Cut, labels: np.ndarray, height: np.ndarray, board: _Board) -> np.ndarray:
    """The textile, a seamless tile, over every piece along its grain and drawn along by the folds, (h, w, 3) float32."""
    swatch = np.asarray(textile.convert("RGB"))
    turns = np.radians([0.0] + [piece.grain for piece in cut.pieces]).astype(np.float32)
    cos, sin = np.cos(turns)[labels], np.sin(turns)[labels]
    x, y = board.grid()
    x, y = x * board.scale + swatch.shape[1] / 2, y * board.scale  # pixels; a tile's middle is the garment's
    drawn = height * (0.25 * board.scale)  # cloth that rises takes the print with it
    across = (cos * x + sin * y + drawn) % swatch.shape[1]
    down = (cos * y - sin * x + drawn) % swatch.shape[0]
    return cv2.remap(swatch, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP).astype(np.float32)


def _trimmed(sewn: np.ndarray, cut: Cut, board: _Board) -> np.ndarray:
    if not cut.trims:
        return sewn
    trims = board.trims(cut)
    alpha = trims[..., 3:].astype(np.float32) / 255
    return sewn * (1 - alpha) + trims[..., 2::-1] * alpha


# --- the ground ---------------------------------------------------------------------------------------------------


def _shadow(coverage: np.ndarray, board: _Board) -> np.ndarray:
    """How much light the ground beside the garment still gets, (h, w) in 0..1: a close shadow and a wide one."""
    small = cv2.resize(coverage, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    unit = board.scale / 4
    near = cv2.GaussianBlur(np.roll(small, (1, 1), (0, 1)), (0, 0), 3.0 * unit)
    wide = cv2.GaussianBlur(np.roll(small, (2, 2), (0, 1)), (0, 0), 11 * unit)
    shadow = cv2.resize(0.26 * near + 0.24 * wide, coverage.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return 1 - shadow


def _ground(rng: Rng, ground: str, board: _Board) -> np.ndarray:
    """What the garment lies on, (h, w, 3) float32 in 0..255."""
    if ground == "plain":
        surface = _backdrop(rng, board)
    else:
        busy = (_boards, _carpet, _marble, _tiles)
        surface = busy[rng.integers(len(busy))](rng, board)
    x, y = board.grid()
    lean = rng.uniform(-0.05, 0.05)
    return surface * (1.03 + lean * x / 150 - 0.08 * y / HEIGHT)[..., None]


def _backdrop(rng: Rng, board: _Board) -> np.ndarray:
    colour = _rgb(str(rng.choice(BACKDROPS)))
    return np.broadcast_to(colour, (board.height, board.width, 3)).copy()


def _cloudy(rng: Rng, board: _Board, cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise of (rows, columns) bumps over the picture, (h, w) float32."""
    coarse = rng.standard_normal(cells, dtype=np.float32)
    return cv2.resize(coarse, (board.width, board.height), interpolation=cv2.INTER_CUBIC)


def _boards(rng: Rng, board: _Board) -> np.ndarray:
    """Wooden boards, upright, with a grain that runs along them."""
    x, _ = board.grid()
    plank = rng.uniform(38, 62)
    number = np.floor((x + 200) / plank).astype(int)
    gap = np.abs((x + 200) / plank % 1 - 0.5) * 2 > 0.955
    tone = rng.uniform(-0.14, 0.14, 16)[number % 16]
    grain = 0.05 * _cloudy(rng, board, (5, 90)) + 0.03 * _cloudy(rng, board, (12, 200))
    wood = _rgb(str(rng.choice(["#a9794f", "#8a6547", "#c29a6c", "#6f5443", "#9a9088"])))
    return wood * ((1 + tone + grain) * np.where(gap, 0.55, 1))[..., None]


def _carpet(rng: Rng, board: _Board) -> np.ndarray:
    """A rug of lozenges in three colours with a tufted pile."""
    x, y = board.grid()
    colours = np.stack([_rgb(c) for c in rng.permutation(["#7c2f33", "#2f4a5c", "#c8a56a", "#3f5a48", "#d9cbb0"])[:3]])
    cell = rng.uniform(34, 58)
    lozenge = np.abs((x / cell) % 1 - 0.5) + np.abs((y / cell) % 1 - 0.5)
    surface = colours[np.digitize(lozenge, [0.22, 0.42])]
    pile = rng.standard_normal(x.shape, dtype=np.float32) * 0.09
    return surface * (1 + pile)[..., None]


def _marble(rng: Rng, board: _Board) -> np.ndarray:
    """Stone with veins where a warped noise crosses zero."""
    field = _cloudy(rng, board, (5, 4)) + 0.5 * _cloudy(rng, board, (11, 8)) + 0.25 * _cloudy(rng, board, (26, 20))
    veins = np.exp(-np.abs(field) * 9)
    light, dark = ("#d9d5ce", "#7d7a78") if rng.random() < 0.6 else ("#4d5254", "#b9b4a8")
    base = _rgb(light) * (1 + 0.03 * _cloudy(rng, board, (6, 5)))[..., None]
    return base + (_rgb(dark) - base) * (0.7 * veins)[..., None]


def _tiles(rng: Rng, board: _Board) -> np.ndarray:
    """Floor tiles laid chequerwise, with grout."""
    x, y = board.grid()
    cell = rng.uniform(36, 64)
    u, v = (x + 300) / cell, (y + 300) / cell
    pairs = (("#c9c2b4", "#59646b"), ("#b98f72", "#e0d3c0"), ("#7d9690", "#dcdcd2"), ("#a7a7a7", "#8c8c8f"))
    light, dark = (_rgb(c) for c in pairs[rng.integers(len(pairs))])
    surface = np.where(((np.floor(u) + np.floor(v)) % 2 == 0)[..., None], light, dark)
    grout = (np.abs(u % 1 - 0.5) > 0.475) | (np.abs(v % 1 - 0.5) > 0.475)
    return np.where(grout[..., None], _rgb("#8a857c"), surface * (1 + 0.04 * _cloudy(rng, board, (16, 12)))[..., None])


# --- outlines -----------------------------------------------------------------------------------------------------


def _curve(points: Points, closed: bool = True) -> str:
    """An SVG path of bezier curves through the points (Catmull-Rom); at a corner the curve may turn sharply."""
    count = len(points)
    at = [np.array(point[:2]) for point in points]
    corner = [len(point) > 2 for point in points]

    def tangent(i: int, towards: int) -> np.ndarray:
        if corner[i] or (not closed and i in (0, count - 1)):
            return (at[towards] - at[i]) * (1 if (towards - i) % count == 1 else -1)
        return (at[(i + 1) % count] - at[(i - 1) % count]) / 2

    path = f"M{at[0][0]:.1f},{at[0][1]:.1f}"
    for i in range(count if closed else count - 1):
        j = (i + 1) % count
        leave, arrive = at[i] + tangent(i, j) / 3, at[j] - tangent(j, i) / 3
        path += f" C{leave[0]:.1f},{leave[1]:.1f} {arrive[0]:.1f},{arrive[1]:.1f} {at[j][0]:.1f},{at[j][1]:.1f}"
    return path + ("Z" if closed else "")


def _mirror(points: Points) -> Points:
    """The points on the other side, in the order that keeps the outline going round."""
    return [(-point[0], *point[1:]) for point in reversed(points)]


def _whole(half: Points) -> str:
    """A symmetric outline from its right half, listed from the upper middle to the lower middle."""
    return _curve([*half, *_mirror([point for point in half if abs(point[0]) > 1e-6])])


def _button(x: float, y: float, radius: float, colour: str) -> str:
    hole, off = radius * 0.13, radius * 0.3
    holes = "".join(
        f'<circle cx="{x + dx:.2f}" cy="{y + dy:.2f}" r="{hole:.2f}" fill="#0007"/>'
        for dx in (-off, off)
        for dy in (-off, off)
    )
    rim = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}" fill="{colour}" stroke="#0006" stroke-width="0.6"/>'
    return f'<circle cx="{x + 0.7:.2f}" cy="{y + 1:.2f}" r="{radius:.2f}" fill="#0003"/>{rim}{holes}'


def _button_colour(rng: Rng) -> str:
    return str(rng.choice(["#f7f4ea", "#8a6a4a", "#3c3a3a", "#c9b48c"]))


# --- tops ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Top:
    """The measures of anything with shoulders, in units; y grows downwards."""

    neck: float  # half the neck's width
    neck_y: float  # height of the shoulder at the neck
    drop: float  # how deep the front neck is cut
    shoulder: tuple[float, float]
    armpit: tuple[float, float]
    waist: float  # half the width halfway down
    hem: float  # half the width at the hem
    hem_y: float
    cuff: tuple[float, float]  # the middle of the sleeve's end
    cuff_width: float

    @property
    def sleeve_turn(self) -> float:
        """Degrees the right sleeve leans out from hanging straight down."""
        root = self._root
        return math.degrees(math.atan2(self.cuff[0] - root[0], self.cuff[1] - root[1]))

    @property
    def _root(self) -> tuple[float, float]:
        return (self.shoulder[0] + self.armpit[0]) / 2, (self.shoulder[1] + self.armpit[1]) / 2

    def cuff_ends(self, back: float = 0.0) -> tuple[tuple[float, float], tuple[float, float]]:
        """The outer and inner corner of the sleeve's end, or of the line `back` units before it."""
        turn = math.radians(self.sleeve_turn)
        along, across = (math.sin(turn), math.cos(turn)), (math.cos(turn), -math.sin(turn))
        x, y = self.cuff[0] - back * along[0], self.cuff[1] - back * along[1]
        half = self.cuff_width / 2
        return (x + half * across[0], y + half * across[1]), (x - half * across[0], y - half * across[1])


def _measure_top(rng: Rng, sleeve: str, **given: float) -> Top:
    """Draws the measures; `sleeve` is "short" or "long", and what is given replaces a drawn value."""
    neck_y = given.pop("neck_y", rng.uniform(52, 57))
    chest = rng.uniform(72, 81)
    shoulder = (chest + rng.uniform(3, 8), neck_y + rng.uniform(20, 26))
    armpit = (chest, shoulder[1] + rng.uniform(60, 70))
    if sleeve == "short":
        cuff, cuff_width = (shoulder[0] + rng.uniform(26, 36), armpit[1] + rng.uniform(14, 34)), rng.uniform(42, 52)
    else:
        cuff, cuff_width = (shoulder[0] + rng.uniform(26, 40), shoulder[1] + rng.uniform(222, 244)), rng.uniform(26, 32)
    drawn = {
        "neck": rng.uniform(27, 34),
        "drop": rng.uniform(22, 34),
        "waist": chest + rng.uniform(-5, 3),
        "hem": chest + rng.uniform(-1, 7),
        "hem_y": rng.uniform(300, 326),
        "cuff_width": cuff_width,
    }
    return Top(neck_y=neck_y, shoulder=shoulder, armpit=armpit, cuff=cuff, **{**drawn, **given})


def _sew_top(rng: Rng, cut: Cut, top: Top, hem_bow: float = 3.0, ribbed: bool = False) -> None:
    """Adds the inside of the back, both sleeves, and the body, with their creases."""
    neck = top.neck
    cut.pieces.append(Piece(_inside_back(neck, top.neck_y, top.drop), tone=0.74))
    _sew_sleeves(rng, cut, top, ribbed)
    body: Points = [
        (0, top.neck_y + top.drop),
        (neck * 0.72, top.neck_y + top.drop * 0.72),
        (neck, top.neck_y, 1),
        (*top.shoulder, 1),
        (top.armpit[0] - 4, (top.shoulder[1] + top.armpit[1]) / 2 + 6),
        (*top.armpit, 1),
        (top.waist, (top.armpit[1] + top.hem_y) / 2),
        (top.hem, top.hem_y, 1),
        (0, top.hem_y + hem_bow),
    ]
    cut.piece(_whole(body))
    _crease_body(rng, cut, top)


def _inside_back(neck: float, y: float, drop: float) -> str:
    """What shows through the neck: the back from its own edge to well below the front's, which lies over it."""
    return _whole([(0, y + 5), (neck, y, 1), (neck * 0.95, y + drop * 0.9, 1), (0, y + drop + 14)])


def _sew_sleeves(rng: Rng, cut: Cut, top: Top, ribbed: bool) -> None:
    outer, inner = top.cuff_ends()
    (sx, sy), (ax, ay) = top.shoulder, top.armpit
    elbow = ((ax + inner[0]) / 2 + 4, (ay + inner[1]) / 2)
    fall = np.array([outer[0] - sx, outer[1] - sy])
    bulge = np.array([fall[1], -fall[0]]) / np.hypot(*fall) * 2.5  # outwards
    down = [tuple(t * fall + bulge * (1 - t) + (sx, sy)) for t in (0.14, 0.5)]
    under = (ax - 18, ay + 6, 1), (sx - 22, ay, 1), (sx - 10, sy - 5, 1)  # the body lies over these
    half: Points = [
        (sx - 2, sy - 1.2),
        (sx + 4, sy + 5),
        *down,
        (*outer, 1),
        (*inner, 1),
        elbow,
        (ax - 7, ay + 9, 1),
        *under,
    ]
    sides = ((half, -top.sleeve_turn), (_mirror(half), top.sleeve_turn))
    for points, grain in sides:
        cut.piece(_curve(points), grain=grain)
    back = 14.0 if ribbed else 6.0
    for sign in (-1, 1):
        (x0, y0), (x1, y1) = top.cuff_ends(back)
        line = f"M{sign * x0:.1f},{y0:.1f} L{sign * x1:.1f},{y1:.1f}"
        (cut.seams if ribbed else cut.stitches).append(line)
    _crease_sleeves(rng, cut, top)


def _crease_sleeves(rng: Rng, cut: Cut, top: Top) -> None:
    """Folds across the sleeve, closest together at the elbow, and some along it."""
    (sx, sy), (cx, cy) = top._root, top.cuff
    length = math.hypot(cx - sx, cy - sy)
    turn = math.radians(top.sleeve_turn)
    for sign in (-1, 1):
        for _ in range(2 + int(length / 45)):
            t = float(np.clip(rng.normal(0.5, 0.22), 0.1, 0.92))
            x, y = sx + (cx - sx) * t, sy + (cy - sy) * t
            lean = turn + rng.uniform(0.3, 1.1) * rng.choice([-1, 1])
            reach = rng.uniform(12, 24)
            dx, dy = reach * math.sin(lean), reach * math.cos(lean)
            ends = ((sign * (x - dx), y - dy), (sign * (x + dx), y + dy))
            cut.creases.append(Crease(*ends, rng.uniform(2.5, 5), rng.uniform(1.2, 3.2), rng.uniform(-4, 4)))


def _crease_body(rng: Rng, cut: Cut, top: Top) -> None:
    """Drags from the armpits, long soft folds down the body, short ones up from the hem."""
    for sign in (-1, 1):
        for _ in range(3):
            x, y = sign * (top.armpit[0] - rng.uniform(0, 8)), top.armpit[1] + rng.uniform(-18, 8)
            end = (sign * rng.uniform(14, 50), y + rng.uniform(12, 80))
            cut.creases.append(Crease((x, y), end, rng.uniform(3, 6), rng.uniform(1.2, 2.8), sign * rng.uniform(-8, 8)))
    for _ in range(6):
        x, y = rng.uniform(-0.85, 0.85) * top.waist, rng.uniform(top.armpit[1], top.hem_y - 40)
        end = (x + rng.uniform(-22, 22), min(y + rng.uniform(60, 130), top.hem_y + 20))
        cut.creases.append(Crease((x, y), end, rng.uniform(5, 10), rng.uniform(1.5, 3.5), rng.uniform(-8, 8)))
    for _ in range(4):
        x = rng.uniform(-0.9, 0.9) * top.hem
        end = (x + rng.uniform(-10, 10), top.hem_y - rng.uniform(30, 70))
        cut.creases.append(Crease((x, top.hem_y + 15), end, rng.uniform(3, 6), rng.uniform(1, 2.5)))


def _neckline(top: Top, rise: float = 0.0, depth: float = 0.0) -> str:
    """The front neck edge as an open curve; `rise` and `depth` move it up at the shoulders and down at the middle."""
    y, drop = top.neck_y - rise, top.drop + depth
    right: Points = [(top.neck * 0.72, top.neck_y + drop * 0.72), (top.neck, y, 1)]
    return _curve([*_mirror(right), (0, top.neck_y + drop), *right], closed=False)


def _waistband(top: float, y: float, bottom: float, depth: float, sag: float = 10.0) -> str:
    """A band `depth` deep whose edges sag; half its width is `top` above and `bottom` below."""
    lower = f"L{bottom:.1f},{y + depth:.1f} Q0,{y + depth + sag:.1f} {-bottom:.1f},{y + depth:.1f}Z"
    return f"M{-top:.1f},{y:.1f} Q0,{y + sag:.1f} {top:.1f},{y:.1f} {lower}"


def _hem_line(half: float, y: float, bow: float = 3.0) -> str:
    return f"M{-half:.1f},{y:.1f} Q0,{y + 2 * bow:.1f} {half:.1f},{y:.1f}"


def _neckband(cut: Cut, top: Top, width: float) -> None:
    """A band sewn around the neck, back and front."""
    behind = f"M{-top.neck:.1f},{top.neck_y:.1f} Q0,{top.neck_y + 10:.1f} {top.neck:.1f},{top.neck_y:.1f}"
    cut.pieces.insert(1, Piece(behind, tone=0.86, band=width * 0.9))
    cut.pieces.append(Piece(_neckline(top), band=width))
    cut.seams.append(_neckline(top, depth=width * 0.55))


def _t_shirt(rng: Rng) -> Cut:
    cut = Cut()
    top = _measure_top(rng, "short")
    _sew_top(rng, cut, top)
    _neckband(cut, top, rng.uniform(6, 9))
    cut.stitches.append(_hem_line(top.hem - 0.5, top.hem_y - 8))
    if rng.random() < 0.35:
        _patch_pocket(cut, 22, 140, 32, 36)
    cut.attributes = {"sleeves": "short", "neck": "crew"}
    return cut


def _patch_pocket(cut: Cut, x: float, y: float, width: float, depth: float) -> None:
    path = f"M{x},{y} h{width} v{depth * 0.8} l{-width / 2},{depth * 0.2} l{-width / 2},{-depth * 0.2}Z"
    cut.piece(path)
    cut.stitches.append(f"M{x + 1},{y + 6} h{width - 2}")


def _shirt(rng: Rng) -> Cut:
    cut = Cut()
    sleeve = "long" if rng.random() < 0.65 else "short"
    top = _measure_top(rng, sleeve, neck=rng.uniform(23, 27), drop=rng.uniform(24, 30), hem_y=rng.uniform(330, 348))
    _sew_top(rng, cut, top, hem_bow=10, ribbed=sleeve == "long")
    neck_y, low = top.neck_y, top.neck_y + top.drop
    placket = f"M-7,{low + 2:.1f} H7 V{top.hem_y + 9:.1f} H-7Z"
    cut.pieces.append(Piece(placket, seam=False))
    cut.seams.append(f"M7,{low:.1f} V{top.hem_y + 9:.1f}")
    cut.stitches.extend([f"M-6,{low + 4:.1f} V{top.hem_y + 8:.1f}", _hem_line(top.hem - 1, top.hem_y - 5, 9)])
    point = rng.uniform(24, 34)
    behind: Points = [(-top.neck, neck_y + 2), (-top.neck + 4, neck_y - 12), (0, neck_y - 15)]
    behind += [(top.neck - 4, neck_y - 12), (top.neck, neck_y + 2), (0, neck_y + 8)]
    cut.pieces.insert(0, Piece(_curve(behind), tone=0.84))
    wing: Points = [(0, low + 3, 1), (top.neck - 4, neck_y - 12, 1), (top.neck + 7, neck_y + 6)]
    wing += [(top.neck + 3, neck_y + 22), (point, low + 26, 1)]
    cut.piece(_curve(wing))
    cut.piece(_curve(_mirror(wing)))
    colour, gap = _button_colour(rng), (top.hem_y - low - 30) / 6
    cut.trims.extend(_button(0, low + 10 + gap * number, 3.1, colour) for number in range(7))
    if rng.random() < 0.6:
        _patch_pocket(cut, 22, 142, 30, 36)
    cut.attributes = {"sleeves": sleeve, "neck": "collar"}
    return cut


def _sweater(rng: Rng) -> Cut:
    cut = Cut()
    top = _measure_top(rng, "long", cuff_width=rng.uniform(27, 32), hem_y=rng.uniform(305, 325))
    _sew_top(rng, cut, top, ribbed=True)
    _neckband(cut, top, rng.uniform(11, 15))
    cut.seams.append(_hem_line(top.hem - 0.5, top.hem_y - 18))
    _rib_band(cut, top.hem, top.hem_y - 17)
    cut.attributes = {"sleeves": "long", "neck": "crew"}
    return cut


def _rib_band(cut: Cut, half: float, y: float) -> None:
    lines = (f"M{x:.1f},{y + 4:.1f} v14" for x in np.linspace(-half + 4, half - 4, int(half / 2.2)))
    cut.ribs.extend(lines)


def _hoodie(rng: Rng) -> Cut:
    cut = Cut()
    top = _measure_top(
        rng, "long", cuff_width=rng.uniform(28, 33), neck=rng.uniform(34, 39), neck_y=rng.uniform(82, 86)
    )
    _sew_top(rng, cut, top, ribbed=True)
    cut.seams.append(_hem_line(top.hem - 0.5, top.hem_y - 18))
    _rib_band(cut, top.hem, top.hem_y - 17)
    _sew_hood(rng, cut, top)
    half, y = top.waist * 0.62, top.hem_y - 22
    pocket: Points = [(-half, y, 1), (-half, y - 24, 1), (-half * 0.62, y - 62, 1)]
    cut.piece(_curve([*pocket, *_mirror(pocket)]))
    for sign in (-1, 1):
        cut.stitches.append(f"M{sign * (half - 4):.1f},{y - 23:.1f} L{sign * (half * 0.62 - 3):.1f},{y - 60:.1f}")
    cut.attributes = {"sleeves": "long", "neck": "hood"}
    return cut


def _sew_hood(rng: Rng, cut: Cut, top: Top) -> None:
    """The hood laid back behind the neck: an outer shell, its dark inside, and two cords."""
    y, neck, peak = top.neck_y, top.neck, rng.uniform(20, 27)
    shell: Points = [
        (0, peak),
        (neck * 0.85, peak + 8),
        (neck + 13, y - 26),
        (neck + 6, y + 10),
        (0, y + top.drop + 12, 1),
    ]
    opening: Points = [
        (0, peak + 17),
        (neck * 0.62, peak + 24),
        (neck - 4, y - 20),
        (neck - 12, y + 4),
        (0, y + top.drop, 1),
    ]
    cut.piece(_whole(shell))
    cut.piece(_whole(opening), tone=0.7)
    for sign in (-1, 1):
        sway, length = rng.uniform(-5, 5), rng.uniform(56, 74)
        x, start = sign * 9, y + top.drop
        cord = f"M{x},{start:.1f} q{sign * 3},{length * 0.5:.1f} {sway:.1f},{length:.1f}"
        cut.trims.append(f'<path d="{cord}" fill="none" stroke="#0003" stroke-width="3.6" transform="translate(1 1)"/>')
        cut.trims.append(f'<path d="{cord}" fill="none" stroke="#f4f2ec" stroke-width="2.6" stroke-linecap="round"/>')
        cut.trims.append(
            f'<circle cx="{x}" cy="{start:.1f}" r="2.6" fill="#8d8d8d" stroke="#0006" stroke-width="0.5"/>'
        )


def _coat(rng: Rng) -> Cut:
    cut = Cut()
    given = {"neck": rng.uniform(26, 30), "drop": rng.uniform(80, 100), "hem_y": rng.uniform(368, 380)}
    top = _measure_top(rng, "long", neck_y=50, cuff_width=rng.uniform(33, 38), hem=rng.uniform(84, 98), **given)
    _sew_top(rng, cut, top, ribbed=False)
    low = top.neck_y + top.drop
    overlap = rng.uniform(6, 22)
    cut.seams.append(f"M0,{low:.1f} L{overlap:.1f},{low + 16:.1f} V{top.hem_y + 2:.1f}")
    _sew_lapels(rng, cut, top, low)
    colour, gap = str(rng.choice(["#3c3a3a", "#6b4b32", "#c9b48c"])), rng.uniform(44, 54)
    rows = (-overlap * 0.9, overlap * 0.9) if overlap > 14 else (0.0,)
    cut.trims.extend(_button(x, low + 24 + gap * row, 5, colour) for row in range(3) for x in rows)
    for sign in (-1, 1):
        flap = f"M{sign * 34},268 L{sign * 68},262 l{sign * 1},13 L{sign * 35},282Z"
        cut.piece(flap)
    cut.attributes = {"sleeves": "long", "neck": "lapels", "breasted": "double" if overlap > 14 else "single"}
    return cut


def _sew_lapels(rng: Rng, cut: Cut, top: Top, low: float) -> None:
    neck, y, reach = top.neck, top.neck_y, rng.uniform(40, 48)
    notch = y + top.drop * 0.42
    behind: Points = [(0, y - 10), (neck - 2, y - 7), (neck + 3, y + 6), (0, y + 12)]
    cut.pieces.insert(1, Piece(_whole(behind), tone=0.86))
    lapel: Points = [
        (neck * 0.8, y + 14, 1),
        (reach - 4, notch - 6, 1),
        (reach + 6, notch + 2, 1),
        (24, low - 12),
        (0, low + 4, 1),
    ]
    collar: Points = [
        (neck - 5, y - 8, 1),
        (neck + 5, y + 2),
        (reach, notch - 14, 1),
        (reach - 10, notch + 2, 1),
        (neck * 0.62, y + 26, 1),
    ]
    for points in (lapel, collar):
        cut.piece(_curve(points))
        cut.piece(_curve(_mirror(points)))


# --- dress, skirt, trousers, bag ----------------------------------------------------------------------------------


def _hanging_folds(rng: Rng, cut: Cut, waist: tuple[float, float], hem: tuple[float, float], count: int) -> None:
    """Folds that fan out from the waist (half width, y) to the hem, deeper towards it."""
    for t in np.linspace(-0.92, 0.92, count) + rng.uniform(-0.5, 0.5, count) / count:
        start = (t * waist[0], waist[1] + rng.uniform(-4, 40))
        end = (t * hem[0] + rng.uniform(-4, 4), hem[1] + 30)
        width = hem[0] / count * rng.uniform(0.45, 0.8)
        cut.creases.append(Crease(start, end, width, width * rng.uniform(0.35, 0.62), rng.uniform(-4, 4)))


def _wavy_hem(rng: Rng, half: float, y: float, waves: int, depth: float) -> Points:
    """The hem from the right corner to the left one."""
    x = np.linspace(half, -half, 2 * waves + 1)
    bow = 7 * (1 - (x / half) ** 2)
    wave = depth * np.cos(np.arange(len(x)) * math.pi) * rng.uniform(0.5, 1.0, len(x))
    points: Points = [(float(a), float(b)) for a, b in zip(x, y + bow + wave, strict=True)]
    return [(*points[0], 1), *points[1:-1], (*points[-1], 1)]


def _dress(rng: Rng) -> Cut:
    cut = Cut()
    sleeves = str(rng.choice(["none", "short", "long"], p=[0.45, 0.4, 0.15]))
    waist_y, hem_y = rng.uniform(158, 176), rng.uniform(345, 378)
    chest, waist, hem = rng.uniform(54, 60), rng.uniform(44, 50), rng.uniform(84, 118)
    neck, drop = rng.uniform(24, 32), rng.uniform(26, 44)
    shoulder = (neck + rng.uniform(16, 26), 44.0)
    top = Top(neck, 34.0, drop, shoulder, (chest, 104.0), waist, waist, waist_y, *_dress_cuff(rng, sleeves, shoulder))
    cut.pieces.append(Piece(_inside_back(neck, 34, drop), tone=0.74))
    if sleeves != "none":
        _sew_sleeves(rng, cut, top, ribbed=False)
    skirt: Points = [
        (-waist, waist_y, 1),
        (waist, waist_y, 1),
        (waist + (hem - waist) * 0.42, waist_y + (hem_y - waist_y) * 0.4),
    ]
    skirt += _wavy_hem(rng, hem, hem_y, int(rng.integers(4, 7)), rng.uniform(1, 3.5))
    skirt += [(-waist - (hem - waist) * 0.42, waist_y + (hem_y - waist_y) * 0.4)]
    cut.piece(_curve(skirt))
    bodice: Points = [(0, 34 + drop), (neck * 0.72, 34 + drop * 0.72), (neck, 34, 1), (*shoulder, 1)]
    bodice += [
        (shoulder[0] - 3, 76),
        (chest, 104, 1),
        (waist + 2, (104 + waist_y) / 2 + 8),
        (waist, waist_y, 1),
        (0, waist_y + 3),
    ]
    cut.piece(_whole(bodice))
    cut.stitches.append(_neckline(top, depth=4))
    if rng.random() < 0.5:
        cut.piece(_waistband(waist, waist_y - 5, waist, 9, sag=6))
    _hanging_folds(rng, cut, (waist, waist_y), (hem, hem_y), int(rng.integers(6, 10)))
    _crease_bust(rng, cut, chest)
    cut.attributes = {"sleeves": sleeves, "neck": "round"}
    return cut


def _crease_bust(rng: Rng, cut: Cut, chest: float) -> None:
    """Two drags a side from below the armpit to the middle."""
    for sign in (-1, -1, 1, 1):
        start = (sign * (chest - 3), 108 + rng.uniform(0, 16))
        end = (sign * rng.uniform(12, 26), rng.uniform(100, 130))
        cut.creases.append(Crease(start, end, rng.uniform(3, 5), rng.uniform(1, 2)))


def _dress_cuff(rng: Rng, sleeves: str, shoulder: tuple[float, float]) -> tuple[tuple[float, float], float]:
    if sleeves == "long":
        return (shoulder[0] + rng.uniform(46, 56), rng.uniform(232, 250)), rng.uniform(22, 27)
    return (shoulder[0] + rng.uniform(28, 36), 112 + rng.uniform(0, 12)), rng.uniform(36, 44)


def _skirt(rng: Rng) -> Cut:
    cut = Cut()
    shape = str(rng.choice(["a-line", "flared", "pencil"], p=[0.4, 0.4, 0.2]))
    waist, y, hem_y = rng.uniform(48, 56), 76.0, rng.uniform(300, 345)
    hem = {"a-line": rng.uniform(92, 106), "flared": rng.uniform(112, 128), "pencil": rng.uniform(66, 74)}[shape]
    hip = waist + (hem - waist) * (0.5 if shape == "flared" else 0.62) + (8 if shape == "pencil" else 0)
    waves, depth = (2, 0.8) if shape == "pencil" else (int(rng.integers(4, 8)), rng.uniform(1.5, 4))
    body: Points = [(-waist, y, 1), (waist, y, 1), (hip, y + (hem_y - y) * 0.42)]
    body += [*_wavy_hem(rng, hem, hem_y, waves, depth), (-hip, y + (hem_y - y) * 0.42)]
    cut.pieces.append(
        Piece(
            f"M{-waist:.1f},{y - 16} Q0,{y - 8} {waist:.1f},{y - 16} L{waist - 3:.1f},{y - 6} H{-waist + 3:.1f}Z",
            tone=0.74,
        )
    )
    cut.piece(_curve(body))
    cut.piece(_waistband(waist - 1, y - 16, waist + 1, 18))
    cut.stitches.append(f"M{-waist:.1f},{y - 1} Q0,{y + 9} {waist:.1f},{y - 1}")
    cut.stitches.append(_hem_line(hem - 3, hem_y - 8, 6))
    folds = 4 if shape == "pencil" else int(rng.integers(7, 11))
    _hanging_folds(rng, cut, (waist, y + 14), (hem, hem_y), folds)
    if rng.random() < 0.3:
        cut.seams.append(f"M0,{y + 6} V{hem_y + 7:.1f}")
        colour = _button_colour(rng)
        cut.trims.extend(_button(0, y + 18 + 32 * row, 3.6, colour) for row in range(int((hem_y - y) // 36)))
    cut.attributes = {"shape": shape}
    return cut


def _trousers(rng: Rng) -> Cut:
    cut = Cut()
    waist, hip, crotch_y = rng.uniform(46, 52), rng.uniform(62, 70), rng.uniform(142, 158)
    leg = str(rng.choice(["straight", "wide", "slim"]))
    ankle = {"straight": 36, "wide": 52, "slim": 27}[leg] + rng.uniform(-2, 2)
    spread, y, hem_y = rng.uniform(24, 34), 34.0, rng.uniform(366, 380)
    outer_hem, inner_hem = spread + ankle * 0.72, spread - ankle * 0.28
    knee = {"straight": 0.62, "wide": 0.5, "slim": 0.72}[leg]
    inside = f"M{-waist:.1f},{y - 12} Q0,{y - 4} {waist:.1f},{y - 12} L{waist - 2:.1f},{y} H{-waist + 2:.1f}Z"
    cut.pieces.append(Piece(inside, tone=0.74))
    half: Points = [
        (0, y + 4, 1),
        (waist, y, 1),
        (hip, y + 62),
        (hip + (outer_hem - hip) * knee, 230),
        (outer_hem, hem_y, 1),
        ((outer_hem + inner_hem) / 2, hem_y + 3),
        (inner_hem, hem_y + 1, 1),
        (2 + (inner_hem - 2) * 0.55, 245),
        (0.5, crotch_y, 1),
    ]
    cut.piece(_curve(half), grain=-2.5)
    cut.piece(_curve(_mirror(half)), grain=2.5)
    cut.piece(_waistband(waist, y - 12, waist + 1.5, 17))
    cut.stitches.append(f"M1,{y + 13} M9,{y + 12} V{crotch_y - 32:.1f} Q9,{crotch_y - 18:.1f} 1,{crotch_y - 14:.1f}")
    for sign in (-1, 1):
        pocket = (
            f"M{sign * (waist - 17):.1f},{y + 9} Q{sign * (waist - 12):.1f},{y + 34} {sign * (hip - 1.5):.1f},{y + 46}"
        )
        cut.seams.append(pocket)
        cut.stitches.append(
            f"M{sign * (outer_hem - 1):.1f},{hem_y - 8:.1f} L{sign * (inner_hem + 1):.1f},{hem_y - 6:.1f}"
        )
        cut.piece(f"M{sign * waist * 0.55:.1f},{y - 10} h{sign * 5} v20 h{sign * -5}Z")
        _crease_leg(rng, cut, sign, (hip, crotch_y), (outer_hem, inner_hem, hem_y))
    cut.trims.append(_button(0, y + 1, 4, _button_colour(rng)))
    cut.attributes = {"leg": leg}
    return cut


def _crease_leg(rng: Rng, cut: Cut, sign: int, hip: tuple[float, float], hem: tuple[float, float, float]) -> None:
    """Drags from the crotch, folds across the knee, and a soft line down the leg's middle."""
    for _ in range(4):
        start = (sign * rng.uniform(0, 6), hip[1] + rng.uniform(-10, 10))
        end = (sign * rng.uniform(0.5, 0.95) * hip[0], hip[1] + rng.uniform(-40, 50))
        cut.creases.append(Crease(start, end, rng.uniform(3, 5), rng.uniform(1, 2.4), rng.uniform(-6, 6)))
    for _ in range(5):
        y = rng.normal(262, 42)
        x0, x1 = rng.uniform(10, 24), rng.uniform(40, 60)
        cut.creases.append(
            Crease((sign * x0, y), (sign * x1, y + rng.uniform(-22, 22)), rng.uniform(3, 5), rng.uniform(0.8, 2))
        )
    middle = (hem[0] + hem[1]) / 2
    cut.creases.append(
        Crease((sign * hip[0] * 0.5, hip[1]), (sign * middle, hem[2] + 20), rng.uniform(6, 10), rng.uniform(2, 4))
    )


def _bag(rng: Rng) -> Cut:
    cut = Cut()
    top, bottom, y = rng.uniform(78, 100), rng.uniform(74, 96), rng.uniform(160, 185)
    foot = y + rng.uniform(150, 185)
    strap, at, peak = rng.uniform(9, 14), rng.uniform(34, 44), rng.uniform(34, 75)

    def handle(drop: float, inset: float) -> str:
        foot_y, crown = y + drop, peak + inset
        rise = f"M{-at},{foot_y:.1f} C{-at + 2:.1f},{crown + 20:.1f} {-at * 0.6:.1f},{crown:.1f} 0,{crown:.1f}"
        return f"{rise} C{at * 0.6:.1f},{crown:.1f} {at - 2:.1f},{crown + 20:.1f} {at},{foot_y:.1f}"

    cut.pieces.append(Piece(handle(4, 9), band=strap, tone=0.8))
    cut.pieces.append(Piece(_curve([(-top, y, 1), (0, y - 5), (top, y, 1), (0, y + 7)]), tone=0.7))
    half: Points = [
        (0, y + 5),
        (top, y, 1),
        ((top + bottom) / 2 + 3, (y + foot) / 2),
        (bottom, foot - 8),
        (bottom - 9, foot),
        (0, foot + 3),
    ]
    cut.piece(_whole(half))
    cut.pieces.append(Piece(handle(34, 0), band=strap))
    for sign in (-1, 1):
        _strap_foot(cut, sign * at, y, strap)
        start, end = (sign * (top - 4), y + 20), (sign * (bottom - 26), foot - 10)
        cut.creases.append(Crease(start, end, rng.uniform(5, 8), rng.uniform(2, 4), rng.uniform(-6, 6)))
    cut.stitches.append(_hem_line(top - 1, y + 12, 3))
    if rng.random() < 0.4:
        _patch_pocket(cut, -34, y + 62, 68, 66)
    for _ in range(8):
        x, start_y = rng.uniform(-0.8, 0.8) * bottom, rng.uniform(y + 20, foot - 50)
        end = (x + rng.uniform(-30, 30), start_y + rng.uniform(30, 90))
        cut.creases.append(Crease((x, start_y), end, rng.uniform(4, 9), rng.uniform(1, 3), rng.uniform(-8, 8)))
    cut.attributes = {"shape": "tote"}
    return cut


def _strap_foot(cut: Cut, x: float, y: float, strap: float) -> None:
    """The end of a handle, sewn on with a box and a cross."""
    left, right, upper, lower = x - strap / 2 + 1.5, x + strap / 2 - 1.5, y + 14, y + 31
    box = f"M{left:.1f},{upper:.1f} H{right:.1f} V{lower:.1f} H{left:.1f}Z"
    cut.stitches.append(f"{box} L{right:.1f},{lower:.1f} M{right:.1f},{upper:.1f} L{left:.1f},{lower:.1f}")
    cut.seams.append(f"M{left - 1.5:.1f},{y + 34:.1f} H{right + 1.5:.1f}")


CUTS: dict[str, Callable[[Rng], Cut]] = {
    "t-shirt": _t_shirt,
    "shirt": _shirt,
    "sweater": _sweater,
    "hoodie": _hoodie,
    "dress": _dress,
    "skirt": _skirt,
    "trousers": _trousers,
    "coat": _coat,
    "bag": _bag,
}
