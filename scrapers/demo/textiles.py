"""Draws the demo's swatches: ten classes of cloth, each picture decided by its class and seed alone.

A style designs one tile (SVG motifs, or a numpy field for furs); the tile is repeated over the picture, turned a
little, and photographed: weave, light and grain. A caption in trade words and the attributes go with the picture.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import resvg_py
from PIL import Image
from scipy.spatial import cKDTree

from scrapers.demo.palettes import COLOURS, dye, rgb
from selvedge.errors import SelvedgeError

CLASSES = (
    "solid",
    "striped",
    "dotted",
    "checkered",
    "zigzag",
    "floral",
    "leaves",
    "paisley",
    "animal",
    "novelty",
)

PITCH = 100  # the distance between neighbouring motifs, in the tile's own units
SUPERSAMPLE = 2  # pictures are laid out at twice their size and shrunk, so that turned edges stay smooth

Draw = Callable[[float], np.ndarray]  # pixels per unit -> the tile, (h, w, 3) uint8 RGB
Rng = np.random.Generator


@dataclass(frozen=True)
class Drawing:
    """One swatch: the picture, what is on it, and the words a seller would use.

    `attributes` holds class, style, colours ([{"hex", "name", "share"}], the shares summing to 1), scale (length of
    the repeat in pixels), angle (degrees the cloth is turned, 0 is upright), layout and motif_count.
    """

    image: Image.Image
    attributes: dict
    caption: str


@dataclass(frozen=True)
class Cloth:
    """What a style decides: one tile, how it is set on the picture, and its words."""

    style: str
    colours: list[str]  # trade names, ground first
    draw: Draw
    phrase: str  # what the caption says the cloth carries; empty for a solid
    across: float  # pitches over the picture's width
    box: tuple[float, float] = (PITCH, PITCH)  # width and height of the tile in units
    motifs: int = 0  # motifs in one tile
    layout: str = "straight"
    angle: float = 0.0  # degrees
    weave: str = "plain"
    fabric: str = "cotton"


def render(cls: str, seed: int, size: int = 256) -> Drawing:
    """Draws the swatch `seed` of class `cls`, size x size pixels; the same call gives the same bytes.

    Raises SelvedgeError when `cls` is not one of CLASSES.
    """
    if cls not in STYLES:
        nearest = difflib.get_close_matches(cls, CLASSES, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"unknown textile class {cls!r}: did you mean {nearest!r}? (of {', '.join(CLASSES)})")
    rng = _rng(cls, seed)
    styles = STYLES[cls]
    cloth = styles[rng.integers(len(styles))](rng)

    repeat = cloth.box[0] / PITCH * size / cloth.across  # pixels
    tile = cloth.draw(SUPERSAMPLE * repeat / cloth.box[0])
    picture = _photograph(rng, _lay_out(rng, tile, cloth, repeat, size), cloth.weave)

    tile_area = repeat * repeat * cloth.box[1] / cloth.box[0]
    attributes = {
        "class": cls,
        "style": cloth.style,
        "colours": _shares(tile, cloth.colours),
        "scale": round(repeat, 2),
        "angle": round(cloth.angle, 2),
        "layout": cloth.layout,
        "motif_count": max(1, round(cloth.motifs * size * size / tile_area)) if cloth.motifs else 0,
    }
    return Drawing(Image.fromarray(picture), attributes, _caption(cloth))


def _rng(cls: str, seed: int) -> Rng:
    """A generator that depends on class and seed and not on the process, unlike Python's salted hash()."""
    digest = hashlib.sha256(f"textile/{cls}/{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


# --- from the tile to the picture ---------------------------------------------------------------------------------


def _lay_out(rng: Rng, tile: np.ndarray, cloth: Cloth, repeat: float, size: int) -> np.ndarray:
    """Repeats the tile over the picture, turned by the cloth's angle, from a random starting point: (size, size, 3)."""
    big = size * SUPERSAMPLE
    turn = math.radians(cloth.angle)
    tile_height, tile_width = tile.shape[:2]
    per_x = tile_width / (repeat * SUPERSAMPLE)  # the tile's whole pixels against its exact length: close to 1
    per_y = tile_height / (repeat * SUPERSAMPLE * cloth.box[1] / cloth.box[0])
    start = rng.random(2) * (tile_width, tile_height)
    to_tile = np.array(
        [
            [per_x * math.cos(turn), -per_x * math.sin(turn), start[0]],
            [per_y * math.sin(turn), per_y * math.cos(turn), start[1]],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(tile, to_tile, (big, big), flags=flags, borderMode=cv2.BORDER_WRAP)
    return cv2.resize(laid, (size, size), interpolation=cv2.INTER_AREA)


def _photograph(rng: Rng, cloth: np.ndarray, weave: str) -> np.ndarray:
    """Gives the flat print threads, a slow fall of light and grain; kept faint so that the colours stay true."""
    size = len(cloth)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    light = rng.uniform(0, 2 * math.pi)
    fall = ((x * math.cos(light) + y * math.sin(light)) / size - 0.5 * (math.cos(light) + math.sin(light))) * 0.12
    sway = _noise(rng, size, cells=4) * 0.015
    grain = rng.standard_normal((size, size), dtype=np.float32) * 0.012
    shade = 1.0 + fall + sway + grain + WEAVES[weave](rng, x, y)
    return np.clip(cloth * shade[..., None] + 0.5, 0, 255).astype(np.uint8)


def _noise(rng: Rng, size: int, cells: int) -> np.ndarray:
    """Smooth noise, (size, size) float32, about one bump a cell, standard deviation near 1."""
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def _threads(rng: Rng, size: int, strength: float) -> np.ndarray:
    """Yarns are never equally thick: a tone for each weft row and each warp column."""
    rows = rng.standard_normal((size, 1), dtype=np.float32)
    columns = rng.standard_normal((1, size), dtype=np.float32)
    return strength * (rows + columns)


def _plain_weave(rng: Rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    pitch = 2 * math.pi / rng.uniform(2.6, 3.6)
    return 0.03 * np.sin(x * pitch) * np.sin(y * pitch) + _threads(rng, len(x), 0.009)


def _twill(rng: Rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    pitch = 2 * math.pi / rng.uniform(4.0, 5.5)
    return 0.05 * np.sin((x + y) * pitch) + _threads(rng, len(x), 0.007)


def _denim(rng: Rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    size = len(x)
    slub = cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (0, 0), sigmaX=0.6, sigmaY=7)
    specks = np.maximum(np.sin((x + y) * 2 * math.pi / 4.2), 0) * rng.random((size, size), dtype=np.float32)
    return 0.45 * slub + 0.22 * specks - 0.05


def _linen(rng: Rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    noise = rng.standard_normal((2, *x.shape), dtype=np.float32)
    slubs = cv2.GaussianBlur(noise[0], (0, 0), sigmaX=12, sigmaY=0.6)
    slubs += cv2.GaussianBlur(noise[1], (0, 0), sigmaX=0.6, sigmaY=12)
    return 0.22 * slubs + _plain_weave(rng, x, y)


def _jersey(rng: Rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    wale = 2 * math.pi / rng.uniform(5.0, 7.0)
    return 0.05 * np.sin(y * 1.4 + 1.6 * np.abs(np.sin(x * wale / 2))) - 0.03 * np.cos(x * wale)


WEAVES = {"plain": _plain_weave, "twill": _twill, "denim": _denim, "linen": _linen, "jersey": _jersey}


def _shares(tile: np.ndarray, names: list[str]) -> list[dict]:
    """How much of the print each dye covers: every pixel goes to the nearest dye; blends go to the nearer parent."""
    small = cv2.resize(tile, (96, 96), interpolation=cv2.INTER_NEAREST).reshape(-1, 1, 3).astype(np.int32)
    dyes = np.array([rgb(name) for name in names], dtype=np.int32)
    nearest = ((small - dyes) ** 2).sum(axis=2).argmin(axis=1)
    share = np.bincount(nearest, minlength=len(names)) / len(nearest)
    return [{"hex": COLOURS[n], "name": n, "share": float(s)} for n, s in zip(names, share, strict=True) if s > 0]


def _a(word: str) -> str:
    """The word after its article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _caption(cloth: Cloth) -> str:
    ground = f"{cloth.colours[0]} {cloth.fabric}"
    return f"{ground} with {cloth.phrase}" if cloth.phrase else f"plain {ground}, {cloth.style} weave"


# --- drawing tiles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """One place of a motif on the tile, in units; a motif drawn in -50..50 is scaled by `scale` and turned."""

    x: float
    y: float
    turn: float = 0.0  # degrees
    scale: float = 1.0
    motif: int = 0  # which of the tile's motifs


def _svg(body: str, box: tuple[float, float], ground: str, defs: str = "") -> Draw:
    """A drawer of an SVG body over a ground colour."""

    def draw(pixels_per_unit: float) -> np.ndarray:
        width, height = (max(8, round(side * pixels_per_unit)) for side in box)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {box[0]:g} {box[1]:g}" preserveAspectRatio="none"><defs>{defs}</defs>'
            f'<rect width="100%" height="100%" fill="{COLOURS[ground]}"/>{body}</svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
        bgr = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_COLOR)
        return np.ascontiguousarray(bgr[..., ::-1])

    return draw


def _place(motifs: list[str], spots: list[Spot], box: tuple[float, float], ground: str) -> Draw:
    """Draws motifs at their spots; what leaves the tile at one edge comes back at the other, so that it repeats."""
    defs = "".join(f'<g id="m{number}">{motif}</g>' for number, motif in enumerate(motifs))
    uses = []
    for spot in spots:
        reach = 75 * spot.scale  # a motif's corner, with room for its stroke
        for shift_x in (-box[0], 0, box[0]):
            for shift_y in (-box[1], 0, box[1]):
                x, y = spot.x + shift_x, spot.y + shift_y
                if -reach < x < box[0] + reach and -reach < y < box[1] + reach:
                    place = f"translate({x:.2f} {y:.2f}) rotate({spot.turn:.1f}) scale({spot.scale:.3f})"
                    uses.append(f'<use href="#m{spot.motif}" transform="{place}"/>')
    return _svg("".join(uses), box, ground, defs)


def _lattice(rng: Rng, layout: str, motifs: int, scale: float, sway: float) -> tuple[list[Spot], tuple[float, float]]:
    """Spots one pitch apart in straight rows, half-drop columns or brick rows, and the tile that holds them.

    With more than one motif they take turns; `sway` is the largest turn in degrees.
    """
    columns = 2 if layout != "straight" or motifs > 1 else 1
    rows = columns
    spots = []
    for column in range(columns):
        for row in range(rows):
            drop = 0.5 * PITCH * (column % 2) if layout == "half-drop" else 0.0
            slide = 0.5 * PITCH * (row % 2) if layout == "brick" else 0.0
            x, y = (column + 0.5) * PITCH + slide, (row + 0.5) * PITCH + drop
            spots.append(Spot(x, y, rng.uniform(-sway, sway), scale, (column + row) % motifs))
    return spots, (columns * PITCH, rows * PITCH)


def _tossed(rng: Rng, count: int, motifs: int, scale: tuple[float, float]) -> tuple[list[Spot], tuple[float, float]]:
    """`count` spots strewn evenly over a tile of the same density as a lattice, turned every way.

    Mitchell's best candidate: each new spot is the one of many tries that lies farthest from those placed.
    """
    side = PITCH * math.sqrt(count)
    placed = np.empty((0, 2))
    for _ in range(count):
        tries = rng.random((150, 2)) * side
        if len(placed):
            gap = np.abs(tries[:, None] - placed[None])
            gap = np.minimum(gap, side - gap)  # the tile repeats: distances wrap around
            tries = tries[(gap**2).sum(axis=2).min(axis=1).argmax()][None]
        placed = np.vstack([placed, tries[:1]])
    spots = [
        Spot(x, y, rng.uniform(0, 360), rng.uniform(*scale), number % motifs) for number, (x, y) in enumerate(placed)
    ]
    return spots, (side, side)


LAYOUT_WORDS = {
    "straight": "set in straight rows",
    "half-drop": "set in a half-drop",
    "brick": "set in brick rows",
    "tossed": "scattered all over",
}


def _print(
    rng: Rng,
    style: str,
    colours: list[str],
    motifs: list[str],
    noun: str,
    *,
    layouts: tuple[str, ...] = ("straight", "half-drop", "brick", "tossed"),
    scale: float = 0.9,
    across: tuple[float, float] = (3.2, 6.0),
    sway: float = 0.0,
    fabric: str = "cotton",
) -> Cloth:
    """Sets motifs by a layout of the given ones: the way of every class whose motifs stand apart from each other."""
    layout = str(rng.choice(layouts))
    if layout == "tossed":
        spots, box = _tossed(rng, 7, len(motifs), (scale * 0.8, scale))
    else:
        spots, box = _lattice(rng, layout, len(motifs), scale, sway)
    pitches = rng.uniform(*across)
    size_word = "large" if pitches < 4 else "small" if pitches > 5.2 else "medium"
    return Cloth(
        style=style,
        colours=colours,
        draw=_place(motifs, spots, box, colours[0]),
        phrase=f"{size_word} {noun}, {LAYOUT_WORDS[layout]}",
        across=pitches,
        box=box,
        motifs=len(spots),
        layout=layout,
        angle=rng.uniform(-4, 4),
        fabric=fabric,
    )


def _fill(name: str) -> str:
    return f'fill="{COLOURS[name]}"'


def _line(name: str, width: float) -> str:
    return f'fill="none" stroke="{COLOURS[name]}" stroke-width="{width:.2f}" stroke-linecap="round"'


def _circle(x: float, y: float, radius: float, paint: str) -> str:
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}" {paint}/>'


def _path(d: str, paint: str, turn: float = 0.0) -> str:
    return f'<path d="{d}" {paint} transform="rotate({turn:.1f})"/>'


def _polygon(points: np.ndarray, paint: str) -> str:
    """A closed outline through (n, 2) points."""
    return f'<polygon points="{" ".join(f"{x:.2f},{y:.2f}" for x, y in points)}" {paint}/>'


# --- solid --------------------------------------------------------------------------------------------------------


def _solid(rng: Rng, style: str, fabric: str, colours: tuple[str, ...] = tuple(COLOURS)) -> Cloth:
    name = str(rng.choice(colours))
    return Cloth(style, [name], _svg("", (PITCH, PITCH), name), "", 4.0, weave=style, fabric=fabric)


def _solid_plain(rng: Rng) -> Cloth:
    return _solid(rng, "plain", "poplin")


def _solid_twill(rng: Rng) -> Cloth:
    return _solid(rng, "twill", "gabardine")


def _solid_denim(rng: Rng) -> Cloth:
    return _solid(rng, "denim", "denim", ("navy", "indigo", "cornflower", "charcoal", "cobalt"))


def _solid_linen(rng: Rng) -> Cloth:
    return _solid(rng, "linen", "linen")


def _solid_jersey(rng: Rng) -> Cloth:
    return _solid(rng, "jersey", "jersey")


# --- striped: drawn upright, laid at the cloth's angle ------------------------------------------------------------


def _stripes(rng: Rng, style: str, colours: list[str], bands: list[tuple[float, str]], noun: str, across) -> Cloth:
    """Bands are (width in units, colour) from left to right; together they are the repeat."""
    width = sum(band for band, _ in bands)
    body, x = "", 0.0
    for band, name in bands:
        body += f'<rect x="{x:.2f}" y="-1" width="{band:.2f}" height="{PITCH + 2}" {_fill(name)}/>'
        x += band
    angle, setting = ((0, "vertically"), (90, "horizontally"), (45, "diagonally"))[rng.choice(3, p=(0.5, 0.4, 0.1))]
    return Cloth(
        style=style,
        colours=colours,
        draw=_svg(body, (width, PITCH), colours[0]),
        phrase=f"{noun}, set {setting}",
        across=rng.uniform(*across) * width / PITCH,  # `across` counts repeats here
        box=(width, PITCH),
        angle=angle + rng.uniform(-1.5, 1.5),
        fabric="cotton",
    )


def _even_stripes(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    bands = [(50, colours[0]), (50, colours[1])]
    return _stripes(rng, "even", colours, bands, f"wide {colours[1]} stripes of even width", (3.5, 7.5))


def _pin_stripes(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    line = rng.uniform(14, 22)
    bands = [(PITCH - line, colours[0]), (line, colours[1])]
    return _stripes(rng, "pin", colours, bands, f"narrow {colours[1]} stripes", (5, 8))


def _multi_stripes(rng: Rng) -> Cloth:
    colours = dye(rng, int(rng.integers(3, 6)))
    bands = [(float(rng.uniform(18, 45)), name) for name in [*colours, *colours[1:-1][::-1]]]
    words = " and ".join(colours[1:3])
    return _stripes(rng, "multi", colours, bands, f"{words} stripes of many widths", (2.0, 3.4))


def _ticking_stripes(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    bands = [(42, colours[0]), (7, colours[1]), (9, colours[0]), (26, colours[1]), (9, colours[0]), (7, colours[1])]
    return _stripes(rng, "ticking", colours[:2], bands, f"{colours[1]} ticking stripes", (3, 5.5))


# --- dotted -------------------------------------------------------------------------------------------------------


def _polka(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    dot = _circle(0, 0, rng.uniform(24, 36), _fill(colours[1]))
    layouts = ("straight", "half-drop", "brick")
    return _print(rng, "polka", colours, [dot], f"{colours[1]} polka dots", layouts=layouts, scale=1, across=(3.5, 7.5))


def _two_sizes(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    dots = [_circle(0, 0, 38, _fill(colours[1])), _circle(0, 0, rng.uniform(14, 22), _fill(colours[2]))]
    noun = f"{colours[1]} and {colours[2]} dots of two sizes"
    return _print(rng, "two sizes", colours, dots, noun, layouts=("straight", "half-drop"), scale=1, across=(4, 7))


def _confetti(rng: Rng) -> Cloth:
    colours = dye(rng, 5)
    dots = [_circle(0, 0, rng.uniform(24, 38), _fill(name)) for name in colours[1:]]
    noun = f"{colours[1]} and {colours[2]} confetti dots"
    return _print(rng, "confetti", colours, dots, noun, layouts=("tossed",), across=(4, 6.5))


def _rings(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    ring = _circle(0, 0, 36, _fill(colours[1])) + _circle(0, 0, rng.uniform(16, 22), _fill(colours[2]))
    noun = f"{colours[1]} dots with {colours[2]} centres"
    return _print(rng, "coin", colours, [ring], noun, layouts=("straight", "half-drop"), scale=1, across=(3.5, 6))


# --- checkered ----------------------------------------------------------------------------------------------------


def _bars(x: float, width: float, name: str, opacity: float, box: float) -> str:
    """The same band in the warp and in the weft: half-transparent, so that the crossing is the full colour."""
    paint = f'{_fill(name)} fill-opacity="{opacity}"'
    warp = f'<rect x="{x:.2f}" y="-1" width="{width:.2f}" height="{box + 2:g}" {paint}/>'
    return warp + f'<rect x="-1" y="{x:.2f}" width="{box + 2:g}" height="{width:.2f}" {paint}/>'


def _check(rng: Rng, style: str, colours: list[str], body: str, phrase: str, across, angles=(0,), box=PITCH) -> Cloth:
    angle = float(rng.choice(angles)) + rng.uniform(-2, 2)
    draw = _svg(body, (box, box), colours[0])
    pitches = rng.uniform(*across) * box / PITCH  # `across` counts repeats here
    return Cloth(style, colours, draw, phrase, pitches, (box, box), motifs=1, angle=angle, weave="twill")


def _gingham(rng: Rng) -> Cloth:
    light = str(rng.choice(["white", "ivory"]))
    dark = str(rng.choice(["scarlet", "navy", "cobalt", "emerald", "black", "burgundy", "teal", "rust", "fuchsia"]))
    body = _bars(0, 50, dark, 0.55, PITCH)
    return _check(rng, "gingham", [light, dark], body, f"{_a(dark)} gingham check", (4, 7.5), (0, 0, 0, 45))


def _buffalo(rng: Rng) -> Cloth:
    ground = str(rng.choice(["scarlet", "mustard", "terracotta", "emerald", "cornflower", "ecru", "rose"]))
    body = _bars(0, 50, "black", 0.62, PITCH)
    return _check(rng, "buffalo", [ground, "black"], body, "a bold black buffalo check", (3, 4.5))


def _windowpane(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    body = _bars(42, rng.uniform(12, 18), colours[1], 1, PITCH)
    return _check(rng, "windowpane", colours, body, f"{_a(colours[1])} windowpane check", (3.5, 6.5), (0, 0, 45))


def _tartan(rng: Rng) -> Cloth:
    colours = dye(rng, 4)
    width = rng.uniform(34, 46)
    body = _bars(8, width, colours[1], 0.5, PITCH) + _bars(8 + width * 0.38, width * 0.24, colours[0], 0.6, PITCH)
    body += _bars(72, 8, colours[2], 0.85, PITCH) + _bars(85, 5, colours[3], 0.85, PITCH)
    return _check(rng, "tartan", colours, body, f"{_a(colours[1])} and {colours[2]} tartan", (2.5, 4.2))


def _chequerboard(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    body = "".join(f'<rect x="{at}" y="{at}" width="50" height="50" {_fill(colours[1])}/>' for at in (0, 50))
    phrase = f"{_a(colours[1])} checkerboard"
    return _check(rng, "checkerboard", colours, body, phrase, (3, 5.5), (0, 0, 45))


# --- zigzag -------------------------------------------------------------------------------------------------------


def _zigzag_cloth(rng: Rng, style: str, colours: list[str], draw: Draw, phrase: str, across, box) -> Cloth:
    angle = float(rng.choice([0, 0, 90])) + rng.uniform(-2, 2)
    return Cloth(style, colours, draw, phrase, rng.uniform(*across), box, motifs=1, angle=angle)


def _chevron_bands(names: list[str], rise: float, step: float, width: float) -> tuple[str, tuple[float, float]]:
    """Bands of `width` every `step` down the tile, each going down and up by `rise` over one pitch."""
    height = step * len(names)
    body = ""
    for number in range(-3 * len(names), 3 * len(names)):
        y = number * step
        down = f"M-50,{y + rise:.1f} L0,{y:.1f} L50,{y + rise:.1f} L100,{y:.1f} L150,{y + rise:.1f}"
        up = f"V{y + rise + width:.1f} L100,{y + width:.1f} L50,{y + rise + width:.1f} L0,{y + width:.1f}"
        body += f'<path d="{down} {up} L-50,{y + rise + width:.1f}Z" {_fill(names[number % len(names)])}/>'
    return body, (PITCH, height)


def _chevron(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    step = rng.uniform(50, 80)
    body, box = _chevron_bands([colours[1]], rng.uniform(32, 55), step, step / 2)
    draw = _svg(body, box, colours[0])
    return _zigzag_cloth(rng, "chevron", colours, draw, f"{_a(colours[1])} chevron", (3.2, 5.5), box)


def _multi_chevron(rng: Rng) -> Cloth:
    colours = dye(rng, int(rng.integers(3, 6)))
    step = rng.uniform(28, 36)
    body, box = _chevron_bands(colours, rng.uniform(35, 55), step, step + 1)
    phrase = f"a zigzag in {colours[1]} and {colours[2]}"
    return _zigzag_cloth(rng, "multicolour", colours, _svg(body, box, colours[0]), phrase, (3, 4.8), box)


def _thin_zigzag(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    step = rng.uniform(40, 52)
    body, box = _chevron_bands([colours[1], colours[2]], rng.uniform(30, 45), step, step * 0.42)
    phrase = f"narrow {colours[1]} and {colours[2]} zigzag lines"
    return _zigzag_cloth(rng, "lines", colours, _svg(body, box, colours[0]), phrase, (3.5, 5.5), box)


def _herringbone(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    bars = ""
    for number in range(-3, 8):  # slanted bars; the right half mirrors the left and is shifted by half a bar
        y = number * 40
        bars += f'<path d="M3,{y} L47,{y - 44} V{y - 24} L3,{y + 20}Z M53,{y - 64} L97,{y - 20} V{y} L53,{y - 44}Z"/>'
    draw = _svg(f"<g {_fill(colours[1])}>{bars}</g>", (PITCH, 80), colours[0])
    phrase = f"{_a(colours[1])} herringbone print"
    return _zigzag_cloth(rng, "herringbone", colours, draw, phrase, (3, 4.8), (PITCH, 80))


# --- floral -------------------------------------------------------------------------------------------------------


def _leaf_path(length: float, width: float) -> str:
    """A pointed leaf from the origin straight up."""
    bulge = width * 0.68
    return (
        f"M0,0 C{bulge:.1f},{-length * 0.25:.1f} {bulge:.1f},{-length * 0.7:.1f} 0,{-length:.1f} "
        f"C{-bulge:.1f},{-length * 0.7:.1f} {-bulge:.1f},{-length * 0.25:.1f} 0,0Z"
    )


def _petals(count: int, length: float, width: float, name: str, gap: str, turn: float = 0.0) -> str:
    """Round-ended petals around the origin, each parted from the next by a thin line of `gap`."""
    tip = length * 0.72
    d = f"M0,0 C{-width:.1f},{-tip * 0.5:.1f} {-width:.1f},{-length:.1f} 0,{-length:.1f} "
    d += f"C{width:.1f},{-length:.1f} {width:.1f},{-tip * 0.5:.1f} 0,0Z"
    paint = f'{_fill(name)} stroke="{COLOURS[gap]}" stroke-width="2.6"'
    return "".join(_path(d, paint, turn + 360 * number / count) for number in range(count))


def _greens(rng: Rng, name: str, reach: float = 52) -> str:
    """Two or three small leaves that look out from behind a bloom."""
    first, count = rng.uniform(0, 360), int(rng.integers(2, 4))
    turns = (first + number * 360 / count + rng.uniform(-15, 15) for number in range(count))
    return "".join(_path(_leaf_path(reach, 15), _fill(name), turn) for turn in turns)


UNFLOWERY = ("forest", "charcoal", "black", "chocolate", "olive", "emerald", "teal", "indigo", "sand")


def _leafy_dye(rng: Rng) -> tuple[list[str], str]:
    """A palette of ground, petals, centres and one green that shows on the ground."""
    ground, petal, centre = dye(rng, 3)
    while petal in UNFLOWERY:
        ground, petal, centre = dye(rng, 3)
    bright = rgb(ground).astype(int).sum() > 380
    greens = ["forest", "emerald", "olive", "teal"] if bright else ["sage", "mint", "turquoise"]
    green = str(rng.choice([name for name in greens if name not in (ground, petal, centre)]))
    return [ground, petal, centre, green], green


def _daisy(rng: Rng) -> Cloth:
    colours, green = _leafy_dye(rng)
    count = int(rng.integers(7, 11))
    bloom = (
        _greens(rng, green)
        + _petals(count, 44, 120 / count, colours[1], colours[0])
        + _circle(0, 0, 13, _fill(colours[2]))
    )
    noun = f"{colours[1]} daisies with {colours[2]} centres and {green} leaves"
    return _print(rng, "daisy", colours, [bloom], noun, scale=0.95, across=(3, 5.2), sway=30)


def _blossom(rng: Rng) -> Cloth:
    colours, green = _leafy_dye(rng)
    stamens = "".join(
        _circle(19 * math.cos(turn), 19 * math.sin(turn), 3.2, _fill(colours[2]))
        for turn in np.linspace(0.3, 0.3 + 2 * math.pi, 5, endpoint=False)
    )
    bloom = (
        _greens(rng, green)
        + _petals(5, 44, 27, colours[1], colours[0])
        + _circle(0, 0, 10, _fill(colours[2]))
        + stamens
    )
    bud = _path(_leaf_path(48, 13), _fill(green), 200) + _petals(3, 30, 15, colours[1], colours[0], -120)
    noun = f"{colours[1]} five-petalled blossoms and buds with {green} leaves"
    return _print(rng, "blossom", colours, [bloom, bud], noun, scale=1.0, across=(3.4, 5.4), sway=40)


def _peony(rng: Rng) -> Cloth:
    colours, green = _leafy_dye(rng)
    rings = ((8, 48, 20, colours[1], 0.0), (7, 33, 15, colours[2], 20.0), (6, 21, 11, colours[1], 5.0))
    bloom = (
        _greens(rng, green, 60)
        + "".join(_petals(*ring[:4], colours[0], ring[4]) for ring in rings)
        + _circle(0, 0, 8, _fill(colours[2]))
    )
    noun = f"full {colours[1]} and {colours[2]} peonies with {green} leaves"
    return _print(rng, "peony", colours, [bloom], noun, scale=0.95, across=(2.8, 4.2), sway=60, fabric="viscose")


def _tulip(rng: Rng) -> Cloth:
    colours, green = _leafy_dye(rng)
    stem = f'<path d="M0,48 C3,30 -2,15 0,0" {_line(green, 5)}/>'
    leaves = (
        f'<g transform="translate(0 48)">{"".join(_path(_leaf_path(44, 14), _fill(green), t) for t in (-38, 38))}</g>'
    )
    cup = "M0,6 C-26,6 -27,-22 -20,-44 C-14,-38 -8,-33 -5,-28 C-3,-36 -1,-42 0,-47 C1,-42 3,-36 5,-28 "
    cup += "C8,-33 14,-38 20,-44 C27,-22 26,6 0,6Z"
    bloom = (
        stem
        + leaves
        + _path(cup, _fill(colours[1]))
        + _path("M0,2 C-10,-4 -8,-22 0,-32 C8,-22 10,-4 0,2Z", _fill(colours[2]))
    )
    noun = f"{colours[1]} tulips on {green} stems"
    return _print(
        rng,
        "tulip",
        colours,
        [bloom],
        noun,
        layouts=("straight", "half-drop", "brick"),
        scale=0.95,
        across=(3.2, 5),
        sway=10,
    )


# --- leaves -------------------------------------------------------------------------------------------------------


def _single_leaves(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    shape = _leaf_path(90, rng.uniform(34, 46))
    motifs = []
    for name, vein in ((colours[1], colours[0]), (colours[2], colours[0])):
        veins = "".join(f"M0,{y} L{side * 14},{y - 15}" for y in (30, 12, -6) for side in (-1, 1))
        rib = f'<path d="M0,46 V-34 {veins}" {_line(vein, 3.4)}/>'
        motifs.append(f'<g transform="translate(0 45)">{_path(shape, _fill(name))}</g>{rib}')
    noun = f"{colours[1]} and {colours[2]} leaves"
    return _print(rng, "single leaves", colours, motifs, noun, scale=1.05, across=(3.2, 5.4), sway=45)


def _sprig_motif(pairs: int, length: float, width: float, leaf: str, stem: str) -> str:
    """A stem of one motif's height with leaves in pairs that shorten towards the tip."""
    body = f'<path d="M0,48 C4,20 -4,-10 0,-34" {_line(stem, 3.2)}/>'
    for number in range(pairs):
        y = 38 - number * 66 / pairs
        size = 1 - 0.45 * number / pairs
        for turn in (-52, 52):
            blade = _leaf_path(length * size, width * size)
            body += f'<g transform="translate(0 {y:.1f})">{_path(blade, _fill(leaf), turn)}</g>'
    return body + f'<g transform="translate(0 -28)">{_path(_leaf_path(length * 0.6, width * 0.6), _fill(leaf))}</g>'


def _sprigs(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    motifs = [_sprig_motif(int(rng.integers(3, 5)), 36, 17, name, name) for name in colours[1:]]
    noun = f"{colours[1]} and {colours[2]} sprigs"
    return _print(rng, "sprigs", colours, motifs, noun, scale=1.0, across=(3, 4.8), sway=35)


def _fern(rng: Rng) -> Cloth:
    colours = dye(rng, 2)
    frond = _sprig_motif(6, 46, 7, colours[1], colours[1])
    noun = f"{colours[1]} fern fronds"
    return _print(rng, "fern", colours, [frond], noun, scale=1.05, across=(2.8, 4.2), sway=30, fabric="viscose")


def _vine(rng: Rng) -> Cloth:
    """Leaves left and right of a stem that runs on from tile to tile."""
    colours = dye(rng, 3)
    stem = f'<path d="M50,-10 C62,15 62,35 50,50 C38,65 38,85 50,110" {_line(colours[2], 5)}/>'
    spots = [Spot(58, 20, 62, 1, 0), Spot(58, 30, 118, 0.75, 0), Spot(42, 70, -62, 1, 0), Spot(42, 80, -118, 0.75, 0)]
    leaf = _path(_leaf_path(44, 22), _fill(colours[1]))
    body = stem + "".join(
        f'<g transform="translate({s.x} {s.y + shift}) rotate({s.turn}) scale({s.scale})">{leaf}</g>'
        for s in spots
        for shift in (-PITCH, 0, PITCH)
    )
    pitches = rng.uniform(3, 5)
    return Cloth(
        "vine",
        colours,
        _svg(body, (PITCH, PITCH), colours[0]),
        f"climbing {colours[1]} vines of leaves",
        pitches,
        motifs=4,
        angle=rng.uniform(-3, 3),
    )


# --- paisley ------------------------------------------------------------------------------------------------------


def _buta(spread: float, curl: float, shrink: float = 1.0) -> np.ndarray:
    """The outline of a buta, (n, 2): a drop whose spine bends ever more towards its tip; `shrink` draws it inside."""
    t = np.linspace(0, 1, 26)
    heading = -math.pi / 2 + curl * t**1.8 - 0.35
    spine = np.stack([np.cumsum(np.cos(heading)), np.cumsum(np.sin(heading))], axis=1) * 2.75
    normal = np.stack([-np.sin(heading), np.cos(heading)], axis=1)
    radius = spread * shrink * (1 - t) ** 0.72
    sides = spine[:, None] + normal[:, None] * np.stack([-radius, radius], axis=1)[..., None]  # (26, 2, 2)
    cap = np.linspace(0, math.pi, 12)[1:-1] + math.atan2(normal[0, 1], normal[0, 0])
    base = spine[0] + radius[0] * np.stack([np.cos(cap), np.sin(cap)], axis=1)
    keep = max(3, int(26 * (0.35 + 0.65 * shrink)))  # an inner drop ends before the outer one's tip
    outline = np.concatenate([sides[:keep, 0][::-1], base[::-1], sides[:keep, 1]])
    return outline + np.array([4, 24])


def _paisley(rng: Rng, style: str, colours: list[str], motif: str, filler: str, noun: str) -> Cloth:
    """Butas in rows with a filling between them, which is drawn on the tile's corners."""
    layout = str(rng.choice(["straight", "half-drop", "tossed"]))
    if layout == "tossed":
        spots, box = _tossed(rng, 7, 1, (0.75, 0.9))
    else:
        spots, box = _lattice(rng, layout, 1, 1.0, 12)
        spots = [*spots, *(Spot(s.x + PITCH / 2, s.y + PITCH / 2, 0, 1, 1) for s in spots)]
    pitches = rng.uniform(2.8, 4.6)
    return Cloth(
        style=style,
        colours=colours,
        draw=_place([motif, filler], spots, box, colours[0]),
        phrase=f"{noun}, {LAYOUT_WORDS[layout]}",
        across=pitches,
        box=box,
        motifs=sum(spot.motif == 0 for spot in spots),
        layout=layout,
        angle=rng.uniform(-5, 5),
        fabric="silk",
    )


def _beads(outline: np.ndarray, every: int, radius: float, name: str) -> str:
    return "".join(_circle(x, y, radius, _fill(name)) for x, y in outline[::every])


def _dot_flower(centre: str, petal: str) -> str:
    """A small filling: six dots around one."""
    ring = np.linspace(0, 2 * math.pi, 6, endpoint=False)
    dots = "".join(_circle(8 * math.cos(t), 8 * math.sin(t), 3.6, _fill(petal)) for t in ring)
    return dots + _circle(0, 0, 4, _fill(centre))


def _classic_paisley(rng: Rng) -> Cloth:
    colours = dye(rng, 4)
    spread, curl = rng.uniform(23, 27), rng.uniform(2.2, 2.8)
    motif = _polygon(_buta(spread, curl), _fill(colours[1]))
    motif += _polygon(_buta(spread, curl, 0.72), _fill(colours[2]))
    motif += _polygon(_buta(spread, curl, 0.42), _fill(colours[1]))
    motif += _circle(0, 26, 4.5, _fill(colours[3]))
    noun = f"{colours[1]} paisleys filled with {colours[2]}"
    return _paisley(rng, "classic", colours, motif, _dot_flower(colours[3], colours[1]), noun)


def _beaded_paisley(rng: Rng) -> Cloth:
    colours = dye(rng, 4)
    spread, curl = rng.uniform(21, 24), rng.uniform(2.2, 2.8)
    motif = _beads(_buta(spread + 5, curl), 2, 3.2, colours[2])
    motif += _polygon(_buta(spread, curl), _fill(colours[1])) + _beads(_buta(spread, curl, 0.6), 2, 2.4, colours[0])
    motif += f'<g transform="translate(-1 22)">{_petals(6, 11, 4, colours[3], colours[1])}</g>'
    noun = f"{colours[1]} paisleys edged with {colours[2]} beads"
    return _paisley(rng, "beaded", colours, motif, _dot_flower(colours[3], colours[2]), noun)


def _outlined_paisley(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    spread, curl = rng.uniform(23, 27), rng.uniform(2.2, 2.8)
    motif = _polygon(_buta(spread, curl), _line(colours[1], 5.5))
    motif += _polygon(_buta(spread, curl, 0.62), _fill(colours[2])) + _beads(
        _buta(spread, curl, 0.3), 3, 2.2, colours[1]
    )
    noun = f"outlined {colours[1]} paisleys with {colours[2]} hearts"
    return _paisley(rng, "outlined", colours, motif, _dot_flower(colours[2], colours[1]), noun)


# --- animal -------------------------------------------------------------------------------------------------------

FURS = (("sand", "black"), ("camel", "chocolate"), ("ecru", "chocolate"), ("ivory", "black"), ("blush", "burgundy"))


def _field(cover: np.ndarray, ground: str, mark: str) -> Draw:
    """A drawer of a field (n, n) of how much of the mark covers the ground, in 0..1."""
    dyes = rgb(ground).astype(np.float32), rgb(mark).astype(np.float32)
    colours = (dyes[0] + (dyes[1] - dyes[0]) * cover[..., None].astype(np.float32) + 0.5).astype(np.uint8)

    def draw(pixels_per_unit: float) -> np.ndarray:
        side = max(8, round(4 * PITCH * pixels_per_unit))
        return cv2.resize(
            colours, (side, side), interpolation=cv2.INTER_AREA if side < len(cover) else cv2.INTER_LINEAR
        )

    return draw


def _fur(rng: Rng, style: str, colours: list[str], draw: Draw, noun: str, across, box, motifs: int) -> Cloth:
    phrase = f"{_a(noun)} in {colours[1]}"
    layout = "all-over"
    pitches, angle = rng.uniform(*across), rng.uniform(-8, 8)
    return Cloth(style, colours, draw, phrase, pitches, box, motifs, layout, angle, weave="jersey", fabric="jersey")


def _blob(rng: Rng, radius: float, unrest: float, points: int = 9) -> np.ndarray:
    """An uneven round outline, (points, 2)."""
    turn = np.linspace(0, 2 * math.pi, points, endpoint=False)
    reach = radius * (1 + unrest * rng.uniform(-1, 1, points))
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * reach[:, None]


def _rosette(rng: Rng, mid: str, dark: str) -> str:
    """A darker heart within two to four thick broken arcs."""
    heart = _polygon(_blob(rng, 24, 0.15), _fill(mid) + " stroke-linejoin='round'")
    arcs, at = "", rng.uniform(0, 2 * math.pi)
    count = int(rng.integers(3, 5))
    for _ in range(count):
        turns = np.linspace(at, at + 2 * math.pi / count * rng.uniform(0.5, 0.72), 7)
        reach = 29 * (1 + rng.uniform(-0.06, 0.06, 7))
        points = " ".join(f"{r * math.cos(t):.1f},{r * math.sin(t):.1f}" for r, t in zip(reach, turns, strict=True))
        arcs += f'<polyline points="{points}" stroke-linejoin="round" {_line(dark, rng.uniform(14, 19))}/>'
        at += 2 * math.pi / count
    return heart + arcs


def _leopard(rng: Rng) -> Cloth:
    ground, dark = FURS[rng.integers(len(FURS))]
    mid = {"blush": "rose", "ivory": "dove grey", "ecru": "camel", "sand": "camel", "camel": "rust"}[ground]
    motifs = [_rosette(rng, mid, dark) for _ in range(6)]
    spots, box = _tossed(rng, 18, 6, (0.85, 1.1))
    draw = _place(motifs, spots, box, ground)
    return _fur(rng, "leopard", [ground, dark, mid], draw, "leopard print", (3.8, 6), box, 18)


def _cheetah(rng: Rng) -> Cloth:
    ground, dark = FURS[rng.integers(len(FURS))]
    smooth = f'{_fill(dark)} stroke="{COLOURS[dark]}" stroke-width="20" stroke-linejoin="round"'
    motifs = [_polygon(_blob(rng, 19, 0.3) * (1.0, rng.uniform(0.6, 1)), smooth) for _ in range(6)]
    spots, box = _tossed(rng, 24, 6, (0.9, 1.35))
    draw = _place(motifs, spots, box, ground)
    return _fur(rng, "cheetah", [ground, dark], draw, "cheetah print", (5, 7), box, 24)


def _zebra(rng: Rng) -> Cloth:
    """Noise filtered to one wavelength and, mostly, one direction: its zero crossings fork like zebra stripes."""
    side = 384
    frequency = np.fft.fftfreq(side, 1 / side)
    fx, fy = np.meshgrid(frequency, frequency)
    radius, heading = np.hypot(fx, fy), np.arctan2(fy, fx)
    lean = rng.uniform(-0.5, 0.5)
    ring = np.exp(-(((radius - 13) / 2.2) ** 2)) * np.exp(-((np.sin(heading - lean) / 0.62) ** 2))
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) * ring).real
    steep = np.maximum(np.hypot(*np.gradient(field)), 0.03 * field.std())
    cover = np.clip(0.5 + (field - 0.1 * field.std()) / steep, 0, 1)  # the distance to the edge in pixels
    light, dark = FURS[rng.choice([2, 3, 3, 4])]
    colours = [light, dark] if rng.random() < 0.7 else [dark, light]
    return _fur(rng, "zebra", colours, _field(cover, *colours), "zebra print", (1.7, 2.8), (4 * PITCH, 4 * PITCH), 0)


def _giraffe(rng: Rng) -> Cloth:
    """Cells around strewn seeds, parted by light seams where the two nearest seeds are equally far."""
    side, count = 288, 22
    spots, box = _tossed(rng, count, 1, (1, 1))
    seeds = np.array([(spot.x, spot.y) for spot in spots]) * side / box[0]
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    near = cKDTree(seeds, boxsize=side).query(grid, k=2)[0].reshape(side, side, 2)
    cover = np.clip((near[..., 1] - near[..., 0] - side * 0.032) / 3 + 0.5, 0, 1)
    colours = [str(rng.choice(["ivory", "ecru", "butter"])), str(rng.choice(["rust", "chocolate", "camel"]))]
    return _fur(
        rng, "giraffe", colours, _field(cover, *colours), "giraffe print", (3.6, 5.2), (4 * PITCH, 4 * PITCH), count
    )


# --- novelty ------------------------------------------------------------------------------------------------------


def _stars(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    turn = np.linspace(0, 2 * math.pi, 10, endpoint=False) - math.pi / 2
    reach = np.tile([44.0, 19.0], 5)
    star = np.stack([np.cos(turn), np.sin(turn)], axis=1) * reach[:, None]
    motifs = [_polygon(star, _fill(colours[1])), _polygon(star * 0.62, _fill(colours[2]))]
    return _print(rng, "stars", colours, motifs, f"{colours[1]} and {colours[2]} stars", across=(3.2, 5.6), sway=20)


def _hearts(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    d = "M0,40 C-20,22 -44,6 -42,-16 C-40,-36 -12,-40 0,-18 C12,-40 40,-36 42,-16 C44,6 20,22 0,40Z"
    motifs = [_path(d, _fill(name)) for name in colours[1:]]
    return _print(rng, "hearts", colours, motifs, f"{colours[1]} and {colours[2]} hearts", across=(3.2, 5.6), sway=15)


def _boats(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    hull = _path("M-42,16 H42 L28,38 H-28Z", _fill(colours[2]))
    sails = _path("M4,-44 L36,10 H4Z M-2,-34 V10 H-30Z", _fill(colours[1]))
    layouts = ("straight", "half-drop", "brick")
    noun = f"{colours[1]} sailing boats with {colours[2]} hulls"
    return _print(rng, "boats", colours, [hull + sails], noun, layouts=layouts, across=(3, 5), sway=6)


def _cherries(rng: Rng) -> Cloth:
    ground = str(rng.choice(["white", "ivory", "butter", "mint", "blush", "sky", "navy", "black"]))
    green = "sage" if ground in ("navy", "black") else "emerald"
    stems = f'<path d="M-20,20 C-14,-8 -4,-26 12,-40 C14,-18 20,-4 22,16" {_line(green, 4.5)}/>'
    leaf = f'<g transform="translate(12 -38)">{_path(_leaf_path(36, 18), _fill(green), 100)}</g>'
    fruit = _circle(-20, 24, 19, _fill("scarlet")) + _circle(22, 22, 19, _fill("scarlet"))
    shine = _circle(-26, 18, 4.5, _fill("white")) + _circle(16, 16, 4.5, _fill("white"))
    motif = stems + leaf + fruit + shine
    colours = [ground, "scarlet", green] + (["white"] if ground != "white" else [])
    return _print(rng, "cherries", colours, [motif], f"scarlet cherries with {green} leaves", across=(3, 5), sway=20)


def _lemons(rng: Rng) -> Cloth:
    ground = str(rng.choice(["white", "sky", "navy", "teal", "mint", "cobalt", "forest"]))
    green = "sage" if ground in ("navy", "teal", "cobalt", "forest") else "emerald"
    body = _path(
        "M-46,0 C-38,-6 -30,-28 0,-28 C30,-28 38,-6 46,0 C38,6 30,28 0,28 C-30,28 -38,6 -46,0Z", _fill("mustard")
    )
    body += _path("M-22,-10 C-14,-20 4,-22 14,-18 C2,-16 -12,-14 -22,-10Z", _fill("butter"))
    leaf = f'<g transform="translate(34 -8)">{_path(_leaf_path(40, 20), _fill(green), -40)}</g>'
    colours = [ground, "mustard", "butter", green]
    return _print(rng, "lemons", colours, [leaf + body], f"mustard lemons with {green} leaves", across=(3, 5), sway=40)


def _fish(rng: Rng) -> Cloth:
    colours = dye(rng, 3)
    body = _path("M-40,0 C-26,-28 10,-28 26,-4 L44,-22 V22 L26,4 C10,28 -26,28 -40,0Z", _fill(colours[1]))
    bands = _path("M-6,-20 C2,-8 2,8 -6,20 L4,18 C11,7 11,-7 4,-18Z", _fill(colours[2]))
    motif = body + bands + _circle(-24, -5, 4.5, _fill(colours[0]))
    noun = f"{colours[1]} fish with {colours[2]} bands"
    return _print(rng, "fish", colours, [motif], noun, across=(3.2, 5.4), sway=10)


STYLES: dict[str, tuple[Callable[[Rng], Cloth], ...]] = {
    "solid": (_solid_plain, _solid_twill, _solid_denim, _solid_linen, _solid_jersey),
    "striped": (_even_stripes, _pin_stripes, _multi_stripes, _ticking_stripes),
    "dotted": (_polka, _polka, _two_sizes, _confetti, _rings),
    "checkered": (_gingham, _buffalo, _windowpane, _tartan, _chequerboard),
    "zigzag": (_chevron, _multi_chevron, _thin_zigzag, _herringbone),
    "floral": (_daisy, _blossom, _peony, _tulip),
    "leaves": (_single_leaves, _sprigs, _fern, _vine),
    "paisley": (_classic_paisley, _beaded_paisley, _outlined_paisley),
    "animal": (_leopard, _leopard, _zebra, _zebra, _giraffe, _cheetah),
    "novelty": (_stars, _hearts, _boats, _cherries, _lemons, _fish),
}
