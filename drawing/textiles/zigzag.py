"""Zigzags: chevrons, herringbones, flame stitch, ikat, knitted waves, serape steps, ric-rac.

Most run along the weft (angle 90); a profile is the height of a line over one tooth, 100 units wide.
"""

from __future__ import annotations

import math

import numpy as np

from drawing.textiles.colours import Dyer, rgb
from drawing.textiles.design import (
    FIELD_BOX,
    PITCH,
    Design,
    Knitted,
    Printed,
    Rng,
    Woven,
    fill,
    line,
    polygon,
    svg,
)
from drawing.textiles.figures import Box, cells, raster, waves
from drawing.textiles.weave import stretch
from selvedge.colour import oklab

Bands = list[tuple[str, float]]  # trade name and height in units, from the top


def _tooth(x: np.ndarray) -> np.ndarray:
    """A triangle wave of period 1: 0 at whole numbers, 1 between them."""
    return 1 - np.abs(2 * (x % 1) - 1)


def _sides(rise: float, soft: float = 0.0, teeth: int = 1, wobble: np.ndarray | None = None) -> np.ndarray:
    """A zigzag line over `teeth` teeth and a little beyond, (n, 2) in units; `soft` rounds its points."""
    if soft == 0 and wobble is None:
        x = np.arange(-1, 2 * teeth + 2) / 2
        return np.stack([x * PITCH, rise * _tooth(x)], axis=1)
    x = np.linspace(-0.25, teeth + 0.25, 24 * teeth + 13)
    near = np.linspace(-0.5, 0.5, 9) * 0.5 * max(soft, 1e-3)
    y = rise * _tooth(x[:, None] + near).mean(axis=1)
    if wobble is not None:
        y = y + wobble[np.arange(-6, 24 * teeth + 7) % len(wobble)]
    return np.stack([x * PITCH, y], axis=1)


def _moved(points: np.ndarray, down: float) -> np.ndarray:
    return np.stack([points[:, 0], points[:, 1] + down], axis=1)


def _stack(bands: Bands, sides: np.ndarray, upright: bool = False) -> tuple[str, float]:
    """Bands that follow a line, one below the other, over the whole repeat; and the repeat's height."""
    height = sum(high for _, high in bands)
    rise = float(sides[:, 1].max())
    body = ""
    y = -math.ceil((rise + 1) / height) * height
    while y < height:
        for name, high in bands:
            if y + rise + high > 0 and y < height + 1:
                ring = np.vstack([_moved(sides, y), _moved(sides, y + high + 0.7)[::-1]])  # the next covers the overlap
                body += polygon(ring[:, ::-1] if upright else ring, fill(name))
            y += high
    return body, height


def _banded(
    rng: Rng, style: str, names: list[str], bands: Bands, sides: np.ndarray, across: tuple[float, float]
) -> Design:
    """Printed bands, along the weft or, one time in five, up the warp."""
    upright = bool(rng.random() < 0.2)
    body, height = _stack(bands, sides, upright)
    teeth = round(sides[-1, 0] / PITCH - 0.25) or 1
    box = (height, teeth * PITCH) if upright else (teeth * PITCH, height)
    ground = str(rng.choice(["plain", "plain", "jersey", "twill", "satin"]))
    cloth = Printed(svg(body, box, bands[0][0]), box, ground)
    fabric = {"jersey": "jersey", "satin": "satin"}.get(ground, "cotton")
    return Design(style, names, cloth, rng.uniform(*across), "plain", 0.0 if upright else 90.0, fabric=fabric)


def chevron(rng: Rng, dye: Dyer) -> Design:
    """Bands of two to five colours, even or of several widths, sometimes ruled off by thin lines."""
    names = dye(int(rng.integers(2, 6)))
    order = names
    if len(names) > 2 and rng.random() < 0.6:
        order = [name for accent in names[1:] for name in (accent, names[0])]
    even = rng.random() < 0.5
    bands = [(name, 30.0 if even else rng.uniform(10, 48)) for name in order]
    if rng.random() < 0.25:
        bands = [part for name, high in bands for part in ((name, high), (names[0], 7.0)) if len(names) > 2] or bands
    soft = float(rng.choice([0.0, 0.0, 0.0, 0.35]))
    sides = _sides(rng.uniform(38, 78), soft)
    return _banded(rng, "chevron", names, bands, sides, (3, 7))


def bold(rng: Rng, dye: Dyer) -> Design:
    """A big chevron of two to four colours; a near camera sees a corner or two."""
    names = dye(int(rng.integers(2, 5)))
    bands = [(name, rng.uniform(22, 60)) for name in names]
    if len(names) > 2 and rng.random() < 0.4:
        bands += [(name, rng.uniform(12, 40)) for name in names[1::-1]]
    return _banded(rng, "bold", names, bands, _sides(rng.uniform(40, 62)), (1.1, 2.4))


def ricrac(rng: Rng, dye: Dyer) -> Design:
    """Thin zigzag lines on an open ground, singly or in pairs, sharp or rounded like the braid."""
    names = dye(int(rng.integers(2, 5)))
    rise, thick = rng.uniform(30, 55), rng.uniform(6, 13)
    sides = _sides(rise, float(rng.choice([0.0, 0.4, 0.8])))
    paired = bool(rng.random() < 0.4)
    step = thick * 2.2 + rng.uniform(4, 12)
    gap = rng.uniform(34, 80) + (step if paired else 0)
    height = gap * (len(names) - 1)
    body = ""
    for copy in (-1, 0, 1):
        for i, name in enumerate(names[1:]):
            for twin in (0, step) if paired else (0,):
                y = copy * height + i * gap + twin - rise / 2
                if -rise - thick < y < height + thick:
                    d = "M" + "L".join(f"{a:.1f},{b + y:.1f}" for a, b in sides)
                    wide = thick if twin == 0 else thick * 0.5
                    body += f'<path d="{d}" {line(name, wide).replace("round", "miter", 2)}/>'
    box = (PITCH, height)
    cloth = Printed(svg(body, box, names[0]), box, str(rng.choice(["plain", "twill", "jersey"])))
    return Design("ric-rac", names, cloth, rng.uniform(3.5, 8), "plain", 90.0)


def herringbone(rng: Rng, dye: Dyer) -> Design:
    """Woven as tweed, of light and dark yarns; or printed, its ribs set off from column to column."""
    names = dye(2)
    if rng.random() < 0.4:
        cloth = Woven([(names[0], 32)], [(names[1], 4)], "herringbone", rng.uniform(0.1, 0.4))
        return Design("herringbone", names, cloth, rng.uniform(2.5, 7), "plain", 0.0, fabric="wool")
    ribs, thick = int(rng.integers(3, 6)), rng.uniform(0.4, 0.62)
    slant = PITCH / 2 * rng.uniform(0.7, 1.1)
    pitch = PITCH / ribs
    seam = rng.uniform(0.0, 2.5)
    body = ""
    for column, way in ((0, 1), (1, -1)):
        left, right = column * 50 + seam, column * 50 + 50 - seam
        shift = 0.5 * pitch * column
        for i in range(-ribs, 2 * ribs + 1):
            y = i * pitch + shift + (slant if way < 0 else 0)
            ring = [
                (left, y),
                (right, y + way * slant),
                (right, y + way * slant + thick * pitch),
                (left, y + thick * pitch),
            ]
            body += polygon(np.array(ring), fill(names[1]))
    box = (PITCH, PITCH)
    cloth = Printed(svg(body, box, names[0]), box, str(rng.choice(["plain", "twill"])))
    return Design("herringbone", names, cloth, rng.uniform(4, 9), "plain", 0.0)


def _shaded(names: list[str]) -> list[int]:
    """The numbers of the colours from dark to light."""
    return [int(i) for i in np.argsort([oklab(rgb(name))[0] for name in names])]


def _flame(rng: Rng, columns: int) -> np.ndarray:
    """Peaks of several heights, mirrored about the middle, whole steps up and down: (columns,) int."""
    half = columns // 2
    turns = np.sort(rng.choice(np.arange(3, half - 2), 3, replace=False))
    step, way, steps = int(rng.integers(1, 3)), 1, []
    for x in range(half):
        way = -way if x in turns else way
        steps.append(way * (step if rng.random() < 0.7 else 1))
    line_of = np.cumsum(steps)
    line_of = np.concatenate([line_of, line_of[::-1]])
    return line_of - line_of.min()


def flame(rng: Rng, dye: Dyer) -> Design:
    """Flame stitch (bargello): upright stitches, each row of shades following the one before, from dark to light."""
    names = dye(int(rng.integers(4, 6)))
    columns, long = 2 * int(rng.integers(10, 17)), int(rng.integers(2, 5))
    ramp = _shaded(names)
    order = ramp if rng.random() < 0.5 else [*ramp, *ramp[1:-1][::-1]]
    shades = np.repeat(order, [long * int(rng.integers(1, 3)) for _ in order])
    grid = shades[(np.arange(len(shades))[:, None] + _flame(rng, columns)[None]) % len(shades)].astype(np.uint8)
    if rng.random() < 0.4:
        return Design("flame", names, Knitted(grid), rng.uniform(2, 4), "plain", 90.0, fabric="wool")
    stitch = 2 * PITCH / columns
    box = (2 * PITCH, len(shades) * stitch * 0.62)
    cloth = Printed(svg(cells(grid, names, box), box, names[0]), box, str(rng.choice(["plain", "basket", "weft rep"])))
    return Design("flame", names, cloth, rng.uniform(3, 6.5), "plain", 90.0, fabric="canvas")


def ikat(rng: Rng, dye: Dyer) -> Design:
    """Yarns dyed before they are woven: each slips a little, so that the zigzag's edges feather along the warp."""
    names = dye(int(rng.integers(2, 6)))
    side, teeth = 360, int(rng.choice([2, 3, 4]))
    period = side // int(rng.integers(2, 5))
    order = [n for i in range(1, len(names)) for n in (0, i)] if rng.random() < 0.6 else list(range(len(names)))
    ends = np.cumsum(rng.uniform(0.5, 1.6, len(order)))
    number = np.array(order)[np.searchsorted(ends / ends[-1], (np.arange(period) + 0.5) / period)]
    dyed = np.eye(len(names), dtype=np.float32)[number]  # (period, n): the colours along one yarn
    soft = int(rng.integers(1, 4))
    dyed = sum(np.roll(dyed, shift, axis=0) for shift in range(-soft, soft + 1)) / (2 * soft + 1)
    slip = rng.normal(0, 0.035 * period, side) + 0.03 * period * np.repeat(rng.standard_normal(side // 4), 4)
    rise = period * rng.uniform(0.5, 1.1) * _tooth(np.arange(side) * teeth / side)
    drift = (
        0.012 * period * stretch(waves(rng, 60, 5, 3), side, side)
    )  # nor do the yarns hold their place over their length
    at = np.arange(side)[:, None] + (rise + slip)[None] + drift
    cloth = Printed(
        raster(dyed[np.floor(at).astype(int) % period], names), FIELD_BOX, str(rng.choice(["plain", "warp rep"]))
    )
    return Design("ikat", names, cloth, rng.uniform(3, 6), "plain", 90.0, fabric="silk")


def wave(rng: Rng, dye: Dyer) -> Design:
    """Knitted waves and zigzags: courses of many colours, some of two yarns in turn, as Italian houses knit them."""
    names = dye(int(rng.integers(4, 6)))
    wales = 2 * int(rng.integers(10, 19))
    courses: list[tuple[int, int]] = []
    rise = wales * rng.uniform(0.35, 0.7)
    while len(courses) < rng.integers(36, 60):
        first, other = rng.choice(len(names), 2, replace=False)
        mixed = other if rng.random() < 0.35 else first
        courses += [(int(first), int(mixed))] * int(rng.choice([1, 2, 2, 3, 5]))
    for number in range(len(names)):  # none is left out
        courses += [(number, number)] * 2
    x = np.arange(wales) / wales
    profile = _tooth(x) if rng.random() < 0.6 else 0.5 - 0.5 * np.cos(2 * np.pi * x)
    if rng.random() < 0.3:
        profile = np.abs(np.sin(np.pi * x))  # scallops
    at = (np.arange(len(courses))[:, None] + np.round(rise * profile).astype(int)[None]) % len(courses)
    pair = np.array(courses, dtype=np.uint8)[at]  # (courses, wales, 2)
    odd = (np.arange(len(courses))[:, None] + np.arange(wales)[None]) % 2
    grid = np.where(odd == 1, pair[..., 1], pair[..., 0])
    return Design("wave", names, Knitted(grid), rng.uniform(2.5, 6), "plain", 90.0, fabric="jersey")


def _row_of(rng: Rng, kind: int, wide: int, high: int, a: int, b: int, c: int) -> np.ndarray:
    """One band of an ethnic cloth, (high, wide): a stepped zigzag, stepped diamonds, triangles, or stripes."""
    y, x = np.mgrid[0:high, 0:wide]
    step = max(1, high // 6)
    level = np.floor(_tooth((x + 0.5) / wide) * (high - 1) * 0.999 / step) * step
    band = np.full((high, wide), a)
    if kind == 0:
        thick = max(2, high // 4)
        band[(y >= level - thick + step) & (y <= level + step)] = b
        band[y > level + step + 1] = c
    elif kind == 1:
        away = np.floor(np.abs(y - (high - 1) / 2) / step) * step / (high / 2) + np.abs((x + 0.5) / wide - 0.5) * 2
        band[away < 0.95] = b
        band[away < 0.5] = c
        band[away < 0.2] = a
    elif kind == 2:
        band[y >= high - 1 - level] = b
        band[y >= high - 1 - level + high // 2] = c
    else:
        band[: high // 3] = b
        band[high // 3 : high // 2] = c
    return band


def serape(rng: Rng, dye: Dyer) -> Design:
    """Stepped zigzag bands, diamonds and stripes, as Navajo rugs and serapes have them."""
    names = dye(int(rng.integers(4, 6)))
    wide = 2 * int(rng.integers(8, 13))
    bands, used = [], set()
    kinds = [0, 3, int(rng.integers(0, 3)), 3] if rng.random() < 0.7 else [0, 3, 1, 3, 2, 3]
    for kind in kinds:
        a, b, c = rng.permutation(len(names))[:3]
        fresh = [n for n in range(len(names)) if n not in used]
        b = fresh[0] if fresh and fresh[0] != a else b
        c = c if c not in (a, b) else next(n for n in range(len(names)) if n not in (a, b))
        used |= {int(a), int(b), int(c)}
        high = int(rng.integers(3, 7)) if kind == 3 else int(rng.integers(8, 15))
        bands.append(_row_of(rng, kind, wide, high, int(a), int(b), int(c)))
    for n in (n for n in range(len(names)) if n not in used):
        bands.append(np.full((2, wide), n))
    grid = np.vstack(bands).astype(np.uint8)
    box = (PITCH, PITCH * len(grid) / wide)
    body = f'<rect x="-1" y="-1" width="{box[0] + 2}" height="{box[1] + 2}" {fill(names[0])}/>' + cells(
        grid, names, box
    )
    cloth = Printed(svg(body, box, names[0]), box, str(rng.choice(["weft rep", "plain", "basket"])))
    return Design("serape", names, cloth, rng.uniform(2, 4.5), "plain", 90.0, fabric="wool")


def fairisle(rng: Rng, dye: Dyer) -> Design:
    """Knitted in bands: a zigzag line with triangles in its bends, between stripes of plain courses."""
    names = dye(int(rng.integers(3, 6)))
    wide, high = 2 * int(rng.integers(5, 11)), int(rng.integers(8, 16))
    n = len(names)
    level = np.round(_tooth((np.arange(wide) + 0.5) / wide) * (high - 4)).astype(int)
    y = np.arange(high)[:, None]
    band = np.zeros((high, wide), dtype=np.uint8)
    band[(y >= level + 1) & (y <= level + int(rng.integers(1, 3)) + 1)] = 1
    if rng.random() < 0.7:
        band[(y < level - high // 3) | (y > level + high // 3 + 3)] = n - 1
    rows = [band]
    for number in rng.permutation(np.arange(1, n)):
        rows += [np.full((int(rng.integers(1, 4)), wide), number), np.zeros((int(rng.integers(1, 3)), wide), dtype=int)]
    peer = np.zeros((3, wide), dtype=np.uint8)  # a peerie: a small check between the bands
    peer[1, ::2] = 2
    grid = np.vstack([*rows, peer]).astype(np.uint8)
    return Design("Fair Isle", names, Knitted(grid), rng.uniform(2, 5), "plain", 90.0, fabric="wool")


def brushed(rng: Rng, dye: Dyer) -> Design:
    """Zigzags drawn by a broad brush: each line swells, thins and runs dry at its own places."""
    names = dye(int(rng.integers(2, 5)))
    teeth, gap = 3, rng.uniform(48, 80)
    lines = 2 * (len(names) - 1) if len(names) > 2 else 3
    box: Box = (teeth * PITCH, lines * gap)
    rise, thick = rng.uniform(30, 56), gap * rng.uniform(0.14, 0.22)
    body = ""
    for i in range(lines):
        top, low, middle = (np.interp(np.arange(72), np.arange(0, 76, 4), _ring(rng, 18)) for _ in range(3))
        upper = _sides(rise, 0.25, teeth, 2.4 * middle - thick * (1 + 0.22 * top))
        lower = _sides(rise, 0.25, teeth, 2.4 * middle + thick * (1 + 0.22 * low))
        for y in (i * gap - box[1], i * gap, i * gap + box[1]):
            if -rise - 2 * thick < y < box[1] + 2 * thick:
                body += polygon(_moved(np.vstack([upper, lower[::-1]]), y), fill(names[1 + i % (len(names) - 1)]))
                for _ in range(5):  # bristles that left the ground bare
                    start = int(rng.integers(4, 60))
                    along = _sides(rise, 0.25, teeth, 2.4 * middle + thick * rng.uniform(-0.7, 0.7))[start : start + 14]
                    d = "M" + "L".join(f"{a:.1f},{b + y:.1f}" for a, b in along)
                    body += f'<path d="{d}" {line(names[0], rng.uniform(0.8, 2.0))}/>'
    cloth = Printed(svg(body, box, names[0]), box, str(rng.choice(["plain", "twill"])))
    return Design("brushed", names, cloth, rng.uniform(3, 6), "plain", 90.0, fabric="viscose")


def _ring(rng: Rng, count: int) -> np.ndarray:
    """Random heights whose last is their first."""
    heights = rng.standard_normal(count)
    return np.append(heights, heights[0])


def pleated(rng: Rng, dye: Dyer) -> Design:
    """Counterchange: the legs that rise are of other colours than those that fall, like folded paper."""
    names = dye(int(rng.integers(3, 6)))
    ramp = _shaded(names)
    light, dark = (ramp[2:], ramp[:2]) if len(ramp) > 3 else (ramp[1:], ramp[:1] + ramp[2:])
    rise, high = rng.uniform(30, 58), rng.uniform(18, 40)
    count = math.lcm(len(light), len(dark))
    height = count * high
    body = ""
    for i in range(-math.ceil(rise / high) - 1, count + 1):
        for left, shades in ((-25, light), (25, dark), (75, light)):  # the tile's edge lies within a leg
            y0, y1 = (i * high + rise, i * high) if left == 25 else (i * high, i * high + rise)
            ring = [(left - 0.3, y0), (left + 50.3, y1), (left + 50.3, y1 + high + 0.7), (left - 0.3, y0 + high + 0.7)]
            body += polygon(np.array(ring), fill(names[shades[i % len(shades)]]))
    box = (PITCH, height)
    cloth = Printed(svg(body, box, names[0]), box, str(rng.choice(["plain", "satin"])))
    return Design("pleated", names, cloth, rng.uniform(2.5, 6), "plain", 90.0)


STYLES = {
    "chevron": chevron,
    "bold": bold,
    "ric-rac": ricrac,
    "herringbone": herringbone,
    "flame": flame,
    "ikat": ikat,
    "wave": wave,
    "serape": serape,
    "Fair Isle": fairisle,
    "brushed": brushed,
    "pleated": pleated,
}
