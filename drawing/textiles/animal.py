"""Furs and skins: spots drawn over each other, stripes and patches as contours of fields, scales as a lattice.

Every rim is ragged along the hair (figures.hairy), as printers copy it from pelts.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from drawing.textiles.colours import Dyer
from drawing.textiles.design import FIELD_BOX, Design, Draw, Printed, Rng, Spot, fill, place, smooth
from drawing.textiles.figures import Box, contours, hairy, packed, patch, raster, strewn, warped, waves

CATS = (  # ground, spots, hearts of the rosettes
    ("sand", "espresso", "camel"),
    ("buff", "black", "tan"),
    ("camel", "black", "cinnamon"),
    ("honey", "espresso", "tobacco"),
    ("ecru", "black", "tan"),
    ("oatmeal", "espresso", "taupe"),
    ("dove", "black", "pewter"),
    ("silver", "ink", "pewter"),
    ("ivory", "black", "dove"),
    ("tan", "espresso", "mocha"),
    ("peach", "chocolate", "terracotta"),
    ("blush", "oxblood", "rose"),
    ("powder blue", "midnight", "denim"),
    ("sage", "ink", "moss"),
    ("teal", "ink", "petrol"),
    ("cobalt", "midnight", "navy"),
    ("fuchsia", "black", "raspberry"),
    ("scarlet", "black", "cherry"),
    ("slate", "black", "graphite"),
)
STRIPES = (
    ("white", "black"),
    ("ivory", "black"),
    ("ivory", "espresso"),
    ("ecru", "chocolate"),
    ("sand", "espresso"),
    ("white", "navy"),
)


def _print(
    rng: Rng,
    style: str,
    names: list[str],
    draw: Draw,
    box: Box,
    across: tuple[float, float],
    motifs: int = 0,
    hair: float = 2.2,
) -> Design:
    """Printed on smooth cloth; the hair runs mostly down."""
    lean = int(rng.choice([0, 15, -15, 30, 75, 90], p=[0.4, 0.15, 0.15, 0.1, 0.1, 0.1]))
    ground = str(rng.choice(["plain", "satin", "jersey", "twill"], p=[0.4, 0.2, 0.25, 0.15]))
    cloth = Printed(hairy(draw, box, hair, lean) if hair else draw, box, ground)
    fabric = {"satin": "satin", "jersey": "jersey", "twill": "silk"}.get(ground, "viscose")
    return Design(style, names, cloth, rng.uniform(*across), "all-over", motifs=motifs, fabric=fabric)


# --- spots --------------------------------------------------------------------------------------------------------


def _crescent(rng: Rng, radius: float, start: float, length: float, thick: float) -> np.ndarray:
    """One dark mark of a rosette: part of a ring, thick and thin, with blunt ends."""
    count = max(4, round(length * 4))
    turn = np.linspace(start, start + length, count)
    body = thick * (0.55 + 0.45 * np.sin(np.linspace(0.35, math.pi - 0.35, count))) * rng.uniform(0.75, 1.2, count)
    middle = radius * (1 + rng.normal(0, 0.06, count))
    way = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.vstack([way * (middle + body / 2)[:, None], (way * (middle - body * 0.55)[:, None])[::-1]])


def _rosette(rng: Rng, dark: str, heart: str, oval: float, closed: float, unrest: float = 0.06) -> str:
    """A darker heart within two to five dark marks, open somewhere; `closed` 0..1 is how much of the ring they fill."""
    body = smooth(patch(rng, 29, 0.10) * (1, oval), fill(heart))
    count = int(rng.integers(2, 5))
    shares = rng.dirichlet(np.full(count, 5.0)) * 2 * math.pi
    at = rng.uniform(0, 2 * math.pi)
    for share in shares:
        mark = _crescent(
            rng, 29 * (1 + rng.normal(0, unrest)), at, share * closed * rng.uniform(0.85, 1.1), rng.uniform(14, 22)
        )
        body += smooth(mark * (1, oval), fill(dark))
        at += share
    return body


def _spotted(
    rng: Rng, motifs: list[str], few: int, names: list[str], unrest: float, sway: float, scale: tuple[float, float]
):
    """Motifs packed as on a pelt; the last `few` of them are small marks for the room between. The drawer, box, count."""
    columns, rows = 5, 4
    points, box = packed(rng, columns, rows, unrest, 88)
    large = len(motifs) - few
    lean = rng.uniform(-8, 8)
    spots = [
        Spot(
            x,
            y,
            lean + rng.normal(0, sway) + 180 * (rng.random() < 0.5),
            rng.uniform(*scale),
            i % large,
            rng.random() < 0.5,
        )
        for i, (x, y) in enumerate(points)
    ]
    if few:
        free = _between(rng, points, box, 10)
        spots += [
            Spot(x, y, rng.uniform(-90, 90), rng.uniform(0.7, 1.15), large + i % few) for i, (x, y) in enumerate(free)
        ]
    return place(motifs, spots, box, names[0]), box, len(spots)


def _between(rng: Rng, points: np.ndarray, box: Box, count: int) -> np.ndarray:
    """`count` places with the most room among points that are there already."""
    places = points
    for _ in range(count):
        tries = rng.random((160, 2)) * box
        gap = np.abs(tries[:, None] - places[None])
        gap = np.minimum(gap, np.array(box) - gap)
        places = np.vstack([places, tries[np.hypot(gap[..., 0], gap[..., 1]).min(axis=1).argmax()]])
    return places[len(points) :]


def leopard(rng: Rng, dye: Dyer) -> Design:
    """Rosettes of broken rings around darker hearts, in rows along the back, with single marks between."""
    names = dye.of(*CATS)
    oval = rng.uniform(0.72, 0.95)
    motifs = [_rosette(rng, names[1], names[2], oval, 0.78) for _ in range(6)]
    motifs += [smooth(patch(rng, 12, 0.22, 8), fill(names[1])) for _ in range(4)]
    scale = rng.uniform(1.02, 1.22)
    draw, box, count = _spotted(rng, motifs, 4, names, 13, 16, (scale * 0.75, scale * 1.12))
    return _print(rng, "leopard", names, draw, box, (4, 8), count)


def jaguar(rng: Rng, dye: Dyer) -> Design:
    """Large rosettes that nearly touch, their rings nearly closed, with a dot or two in the heart."""
    names = dye.of(*CATS[:12])
    motifs = []
    for _ in range(8):
        motif = _rosette(rng, names[1], names[2], rng.uniform(0.75, 1), 0.86, 0.13)
        for _ in range(int(rng.integers(1, 3))):
            motif += smooth(patch(rng, rng.uniform(4.5, 7), 0.2, 7) + rng.normal(0, 7, 2), fill(names[1]))
        motifs.append(motif)
    motifs += [smooth(patch(rng, 9, 0.25, 8), fill(names[1])) for _ in range(3)]
    draw, box, count = _spotted(rng, motifs, 3, names, 7, 30, (1.0, 1.22))
    return _print(rng, "jaguar", names, draw, box, (3, 5.5), count, hair=1.5)


def cheetah(rng: Rng, dye: Dyer) -> Design:
    """Solid spots, dense, from specks to thumbs' prints, a little longer along the hair."""
    names = [*dye.of(*((a, b) for a, b, _ in CATS))]
    tall = rng.uniform(1.0, 1.45)
    motifs = [smooth(patch(rng, 30, 0.17, 9) * (1, tall), fill(names[1])) for _ in range(9)]
    motifs += [smooth(patch(rng, 11, 0.2, 7), fill(names[1])) for _ in range(3)]
    draw, box, count = _spotted(rng, motifs, 3, names, 14, 18, (0.5, 1.05))
    return _print(rng, "cheetah", names, draw, box, (5, 10), count)


def ocelot(rng: Rng, dye: Dyer) -> Design:
    """Chains of long open rings that run with the body, spots between them."""
    names = dye.of(*CATS)
    motifs = []
    for _ in range(7):
        wide, oval = rng.uniform(1.1, 1.75), rng.uniform(0.68, 0.9)
        heart = smooth(patch(rng, 27, 0.1) * (wide, oval), fill(names[2]))
        at = rng.uniform(-0.4, 0.4)
        for side in (0, math.pi):
            parts = int(rng.integers(1, 3))
            for part in range(parts):
                start = at + side + part * 2.7 / parts
                mark = _crescent(
                    rng, 29, start, rng.uniform(2.3, 2.7) / parts * (0.85 if parts > 1 else 1), rng.uniform(12, 18)
                )
                heart += smooth(mark * (wide, oval), fill(names[1]))
        motifs.append(heart)
    motifs += [smooth(patch(rng, 11, 0.25, 8) * (1.7, 0.9), fill(names[1])) for _ in range(3)]
    draw, box, count = _spotted(rng, motifs, 3, names, 12, 13, (0.78, 1.0))
    return _print(rng, "ocelot", names, draw, box, (3.5, 6.5), count, hair=1.6)


# --- stripes ------------------------------------------------------------------------------------------------------


def zebra(rng: Rng, dye: Dyer) -> Design:
    """Stripes that fork, taper and bend with the body; dark a little broader than light."""
    names = dye.of(
        *STRIPES, *(pair[::-1] for pair in STRIPES[:3]), ("pearl", "charcoal"), ("butter", "black"), ("rose", "oxblood")
    )
    side, count = 160, rng.uniform(4.2, 6.5)
    lean = float(rng.choice([math.pi / 2, math.pi / 2, 0.0, 0.6])) + rng.uniform(-0.2, 0.2)
    crests = waves(rng, side, count, 0.24 * count, lean, rng.uniform(0.5, 0.8), rounds=2)
    swell = 0.28 * waves(rng, side, 2.5, 1.2)  # stripes swell and thin along their way
    depth = (crests + 0.05 + swell) * side / (count * 2 * math.pi)
    draw = contours([(warped(depth.astype(np.float32), rng, 3.0), names[1])], names[0])
    return _print(rng, "zebra", names, draw, FIELD_BOX, (3.3, 6.5), hair=1.4)


def tiger(rng: Rng, dye: Dyer) -> Design:
    """Narrow dark stripes that break and end in points, on a ground that pales between them."""
    names = dye.of(
        *(
            ("pumpkin", "black", "apricot"),
            ("amber", "espresso", "cream"),
            ("camel", "black", "ivory"),
            ("white", "black", "silver"),
        ),
        *(
            ("tangerine", "black", "peach"),
            ("ivory", "charcoal", "dove"),
            ("ochre", "espresso", "butter"),
            ("coral", "ink", "shell"),
        ),
    )
    side, count = 160, rng.uniform(3.8, 5.4)
    lean = float(rng.choice([math.pi / 2, math.pi / 2, 0.0])) + rng.uniform(-0.15, 0.15)
    crests = waves(rng, side, count, 0.24 * count, lean, rng.uniform(0.45, 0.65), rounds=2)
    breaks = waves(rng, side, 4.5, 2)
    scale = side / (count * 2 * math.pi * 1.35)
    bend = int(rng.integers(1 << 30))
    dark = (crests - 0.55 + 0.45 * breaks) * scale
    pale = (-crests - 1.0 + 0.4 * waves(rng, side, 3, 1.5)) * scale
    layers = [(pale, names[2]), (dark, names[1])]
    layers = [(warped(depth.astype(np.float32), np.random.default_rng(bend), 3), name) for depth, name in layers]
    return _print(rng, "tiger", names, contours(layers, names[0]), FIELD_BOX, (3.3, 6), hair=1.8)


# --- patches ------------------------------------------------------------------------------------------------------


def _cells(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest and to the second nearest of cyclic points (n, 2) in pixels: (side, side) each."""
    at = np.arange(side, dtype=np.float32)
    first = np.full((side, side), 1e9, dtype=np.float32)
    second = first.copy()
    for x, y in points:
        dx, dy = np.abs(at - x), np.abs(at - y)
        away = np.square(np.minimum(dy, side - dy))[:, None] + np.square(np.minimum(dx, side - dx))[None]
        second = np.minimum(second, np.maximum(first, away))
        first = np.minimum(first, away)
    return np.sqrt(first), np.sqrt(second)


def _softened(depth: np.ndarray, sigma: float) -> np.ndarray:
    """Blurred around the edges: corners become round."""
    pad = math.ceil(3 * sigma)
    wide = cv2.copyMakeBorder(depth.astype(np.float32), pad, pad, pad, pad, cv2.BORDER_WRAP)
    return cv2.GaussianBlur(wide, (0, 0), sigma)[pad:-pad, pad:-pad]


def giraffe(rng: Rng, dye: Dyer) -> Design:
    """Patches with rounded corners, parted by light seams, darker and notched in the middle."""
    names = dye.of(
        *(
            ("ivory", "cinnamon", "chestnut"),
            ("cream", "tobacco", "chocolate"),
            ("ecru", "rust", "chestnut"),
            ("buff", "mocha", "espresso"),
        ),
        *(
            ("sand", "walnut", "espresso"),
            ("white", "slate", "charcoal"),
            ("shell", "terracotta", "brick"),
            ("cream", "amber", "cinnamon"),
        ),
    )
    side, count = 128, int(rng.integers(14, 25))
    points = strewn(rng, np.full(count, 1.0), (side, side), 40) + rng.normal(0, 2.2, (count, 2))
    near, far = _cells(points % side, side)
    seam = rng.uniform(3.6, 5.4)
    cells = _softened((far - near) * 0.5 - seam * 0.5, 2.0) + 0.3 * waves(rng, side, 14, 5)
    heart = _softened(11 - near + 0.35 * (far - near), 1.5) - 9.5 + 3.2 * waves(rng, side, 12, 5)
    layers = [
        (warped(f, np.random.default_rng(count), 2.5, 4), n)
        for f, n in ((cells, names[1]), (np.minimum(heart, cells - 2), names[2]))
    ]
    return _print(rng, "giraffe", names, contours(layers, names[0]), FIELD_BOX, (3.2, 6), count, hair=1.3)


def cow(rng: Rng, dye: Dyer) -> Design:
    """Few large patches with inlets, islands beside them."""
    names = dye.of(
        *(
            ("white", "black"),
            ("ivory", "chocolate"),
            ("white", "chestnut"),
            ("cream", "cinnamon"),
            ("ecru", "espresso"),
        ),
        *(("black", "white"), ("powder", "black"), ("white", "slate"), ("camel", "ivory"), ("white", "lilac")),
    )
    side, count = 160, rng.uniform(1.9, 3.0)
    land = waves(rng, side, count, 0.9) + 0.26 * waves(rng, side, 7, 3)
    depth = (land - rng.uniform(0.1, 0.5)) * side / (count * 2 * math.pi)
    draw = contours([(depth.astype(np.float32), names[1])], names[0])
    return _print(rng, "cow", names, draw, FIELD_BOX, (3.2, 7), hair=1.5)


# --- scales -------------------------------------------------------------------------------------------------------


@cache
def _lattice_of_scales(side: int, count: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` x `rows` diamonds and as many between them: the row and the column (in halves of a scale) that each place
    belongs to, and how far it lies from the scale's rim (0 to 0.5); the lower rim is broad, where the next scale's shadow
    falls."""
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
    a, b = x * count + y * rows, x * count - y * rows
    i, j = np.floor(a).astype(int), np.floor(b).astype(int)
    u, v = a - i - 0.5, b - j - 0.5
    low = u - v
    u, v = np.abs(u), np.abs(v)
    rim = 0.5 - np.cbrt(u * u * u + v * v * v) - 0.05 * low
    return i - j, i + j, rim.astype(np.float32)


def _skin(
    rng: Rng, style: str, names: list[str], tone: np.ndarray, count: int, rows: int, across: tuple[float, float]
) -> Design:
    """A scale takes one tone: `tone` (rows, columns) of colour numbers in halves of a scale; the rims are of colour 1."""
    side = 384
    row, column, rim = _lattice_of_scales(side, count, rows)
    number = tone[row % tone.shape[0], column % tone.shape[1]]
    cover = np.clip((rim - rng.uniform(0.03, 0.06)) * side / count * 0.8, 0, 1)[..., None]
    dyed = np.eye(len(names), dtype=np.float32)
    draw = raster(dyed[number] * cover + dyed[1] * (1 - cover), names)
    return _print(rng, style, names, draw, FIELD_BOX, across, hair=0.0)


def _scales(rng: Rng, counts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The middles of all scales in shares of the repeat, x and y (rows, columns) in halves; how many scales across and down."""
    count = int(rng.choice(counts))
    down = round(count / rng.uniform(1.1, 1.9))
    row, column = np.mgrid[0 : 2 * down, 0 : 2 * count]
    return (column + 0.5) / (2 * count), (row + 0.5) / (2 * down), count, down


def python(rng: Rng, dye: Dyer) -> Design:
    """A net of dark-rimmed blotches over small scales, no two alike."""
    names = dye.of(
        *(
            ("ecru", "espresso", "tan", "taupe"),
            ("pearl", "black", "pewter", "dove"),
            ("sand", "chocolate", "camel", "ivory"),
        ),
        *(
            ("stone", "ink", "khaki", "ivory"),
            ("oatmeal", "charcoal", "fawn", "taupe"),
            ("powder", "oxblood", "rose", "mauve"),
        ),
        *(("mint", "bottle", "eucalyptus", "jade"), ("ivory", "walnut", "mustard", "khaki")),
    )
    x, y, count, down = _scales(rng, (24, 28, 32))
    rows, columns = x.shape
    ways = 2  # even: blotches of two sizes take turns
    sway = 0.05 * np.sin(2 * np.pi * (y * ways + rng.random())) + 0.03 * np.sin(4 * np.pi * x)
    big = np.abs(np.cos(np.pi * ways * (x + sway)) * np.cos(np.pi * ways * (y + 0.04 * np.sin(4 * np.pi * x))))
    big = np.where((np.floor(ways * (x + sway) + 0.5) + np.floor(ways * y + 0.5)) % 2 == 0, big, 0.4 * big)
    speckle = cv2.resize(waves(rng, 96, 22, 9), (columns, rows), interpolation=cv2.INTER_AREA)
    height = big + 0.10 * speckle
    tone = np.zeros((rows, columns), dtype=int)
    tone[height > 0.30] = 1
    tone[height > 0.44] = 2
    tone[height > 0.74] = 3
    tone[(height < 0.10) & (speckle > 0.2)] = 3
    return _skin(rng, "python", names, tone, count, down, (3.2, 5.5))


def snake(rng: Rng, dye: Dyer) -> Design:
    """A chain of diamonds along the back, in rims of shade, on larger scales that overlap like tiles."""
    names = dye.of(
        *(
            ("sand", "espresso", "ivory", "tobacco"),
            ("khaki", "black", "cream", "olive"),
            ("dove", "black", "white", "slate"),
        ),
        *(
            ("tan", "chocolate", "buff", "chestnut"),
            ("sage", "forest", "ivory", "olive"),
            ("blush", "burgundy", "ivory", "rose"),
        ),
    )
    x, y, count, down = _scales(rng, (20, 24, 28))
    rows, columns = x.shape
    chains = 2
    longer = int(rng.choice([1, 2, 2]))
    lean = np.abs(((x * chains) % 1) - 0.5) * 2
    along = np.abs(((y * longer) % 1) - 0.5) * 2
    away = lean + along + 0.06 * rng.standard_normal((rows, columns))
    tone = np.zeros((rows, columns), dtype=int)
    tone[away < 1.05] = 2
    tone[away < 0.88] = 1
    tone[away < 0.62] = 3
    tone[away < 0.22] = 2
    tone[(away > 1.6)] = 3
    return _skin(rng, "snake", names, tone, count, down, (3.2, 6))


def crocodile(rng: Rng, dye: Dyer) -> Design:
    """Embossed plates, large and square along the middle, small and round at the flanks."""
    names = dye.of(
        *(
            ("chocolate", "espresso", "mocha"),
            ("bottle", "ink", "emerald"),
            ("burgundy", "oxblood", "crimson"),
            ("graphite", "black", "slate"),
        ),
        *(
            ("tobacco", "espresso", "camel"),
            ("navy", "midnight", "denim"),
            ("taupe", "walnut", "sand"),
            ("olive", "ink", "khaki"),
        ),
    )
    side, rows = 128, int(rng.integers(7, 10))
    points, j, y = [], 0, 0.0
    for j in range(rows):
        y = (j + 0.5) / rows
        plates = 5
        squeeze = 0.45 / (2 * math.pi)
        for i in range(plates):
            x = (i + 0.5 * (j % 2)) / plates
            x += squeeze * math.sin(2 * math.pi * x) / 1.0
            points.append((x * side + rng.normal(0, 1.2), y * side + rng.normal(0, 0.9)))
    near, far = _cells(np.array(points) % side, side)
    plate = _softened((far - near) * 0.5 - 1.1, 1.0)
    crown = _softened((far - near) * 0.5 - 3.2, 1.2) - 0.6 + 0.7 * waves(rng, side, 12, 5)
    crown = np.minimum(np.roll(crown, (-1, -1), (0, 1)), plate - 1.4)
    bend = int(rng.integers(1 << 30))
    layers = [(warped(f, np.random.default_rng(bend), 2.2, 3), n) for f, n in ((plate, names[0]), (crown, names[2]))]
    draw = contours(layers, names[1])
    return _print(rng, "crocodile", names, draw, FIELD_BOX, (3.2, 5.5), len(points), hair=0.0)


STYLES = {
    "leopard": leopard,
    "jaguar": jaguar,
    "cheetah": cheetah,
    "ocelot": ocelot,
    "zebra": zebra,
    "tiger": tiger,
    "giraffe": giraffe,
    "cow": cow,
    "python": python,
    "snake": snake,
    "crocodile": crocodile,
}
