"""Paisley: butas filled from rim to heart (Kashmir shawl, bandana, beaded, outlined, big and small, ditsy), with little ground.

A Buta knows its nested contours and its spine; what stands between the butas is packed in the room that they leave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drawing.textiles.botany import (
    GARDEN,
    Art,
    Bed,
    Points,
    along,
    around,
    at,
    bezier,
    coil,
    curve,
    disc,
    leaf,
    petal,
    print_on,
    ray,
    ribbon,
    spots_of,
)
from drawing.textiles.colours import Dyer
from drawing.textiles.design import PITCH, Design, Rng, Spot

SHAWL = (  # ground, body, its counterpart, a second, a bright one: as mills of Paisley, Como and Mulhouse dye them
    *(("crimson", "navy", "ecru", "mustard", "teal"), ("navy", "crimson", "ivory", "honey", "steel")),
    *(("ivory", "brick", "indigo", "ochre", "sage"), ("black", "burgundy", "sand", "rust", "spruce")),
    *(("burgundy", "ivory", "teal", "honey", "rose"), ("teal", "ivory", "navy", "coral", "mustard")),
    *(("mustard", "burgundy", "cream", "bottle", "rust"), ("forest", "cream", "oxblood", "ochre", "sage")),
    *(("chocolate", "sand", "terracotta", "duck egg", "rust"), ("aubergine", "blush", "raspberry", "honey", "lilac")),
    *(("ecru", "indigo", "brick", "steel", "camel"), ("ice", "cobalt", "white", "sky", "navy")),
    *(("shell", "magenta", "ivory", "tangerine", "plum"), ("turquoise", "ivory", "fuchsia", "navy", "saffron")),
    *(("rust", "ivory", "midnight", "amber", "eucalyptus"), ("ink", "pearl", "slate", "powder blue", "burgundy")),
    *(("sage", "ivory", "spruce", "terracotta", "butter"), ("petrol", "apricot", "ivory", "brick", "aqua")),
)


@dataclass(frozen=True)
class Buta:
    """A drop whose tip curls over: its spine from the round end to the tip (n, 2), and its half width along it (n,)."""

    spine: Points
    half: Points
    normal: Points  # across the spine, to the right

    def inside(self, inset: float) -> Points:
        """The closed outline `inset` within the rim (negative: outside it), or of its round end alone where the tip is thin."""
        keep = max(4, int((self.half > inset + 0.35).sum()))
        spine, half, normal = self.spine[:keep], np.maximum(self.half[:keep] - inset, 0.2), self.normal[:keep]
        right, left = spine + normal * half[:, None], spine - normal * half[:, None]
        start = math.atan2(normal[0, 1], normal[0, 0])
        turn = np.linspace(start, start + math.pi, 14)[1:-1]  # around the round end, from right to left
        cap = spine[0] + half[0] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        end = spine[-1:] + (self.spine[keep - 1] - self.spine[keep - 2]) * (
            0.8 if keep == len(self.half) else half[-1] / 3
        )
        return np.concatenate([right[::-1], cap, left, end])

    def rounds(self) -> list[tuple[float, float, float]]:
        """Circles that cover it."""
        picks = range(0, len(self.half), 4)
        return [(float(self.spine[i, 0]), float(self.spine[i, 1]), float(self.half[i])) for i in picks]


def buta(rng: Rng, wide: float = 0.0, curl: float = 0.0) -> Buta:
    """A buta about 96 units high around the origin: `wide` is the radius of its round end, `curl` how far its tip winds."""
    wide, curl = wide or rng.uniform(23, 28), curl or rng.uniform(1.9, 2.9)
    t = np.linspace(0, 1, 30)
    heading = -math.pi / 2 - rng.uniform(0.25, 0.5) + curl * t ** rng.uniform(1.7, 2.3)
    spine = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0) * 2.55
    half = wide * (1 - t) ** 0.74 * (1 + 0.12 * np.sin(math.pi * t))
    low = spine[0, 1] + wide
    high = (spine[:, 1] - half).min()
    centre = np.array([(spine[:, 0] + half).max() + (spine[:, 0] - half).min(), low + high]) / 2
    grow = 96 / (low - high)
    return Buta((spine - centre) * grow, half * grow, np.stack([-np.sin(heading), np.cos(heading)], axis=1))


# --- filling ------------------------------------------------------------------------------------------------------


def _every(outline: Points, gap: float) -> tuple[Points, Points]:
    """Points `gap` apart along a closed outline, and the outward normals there."""
    loop = np.concatenate([outline, outline[:1]])
    step = np.diff(loop, axis=0)
    long = np.hypot(step[:, 0], step[:, 1])
    run = np.concatenate([[0], np.cumsum(long)])
    count = max(6, round(run[-1] / gap))
    where = np.arange(count) * run[-1] / count
    points = np.stack([np.interp(where, run, loop[:, axis]) for axis in (0, 1)], axis=1)
    ahead = np.stack([np.interp((where + 0.7) % run[-1], run, loop[:, axis]) for axis in (0, 1)], axis=1) - points
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None] + 1e-9
    normal = ahead[:, ::-1] * (1, -1)
    x, y = outline[:, 0], outline[:, 1]
    if x @ np.roll(y, -1) < y @ np.roll(x, -1):
        normal = -normal
    return points, normal


def _scallops(art: Art, name: str, outline: Points, gap: float, radius: float) -> None:
    """Half rounds that look out from an outline; the body is drawn over their other half."""
    points, _ = _every(outline, gap)
    for number in (0, 1):  # neighbours overlap
        art.apart(name, (points[number::2, None] + around(12, radius)))


def disc_at(point: Points, radius: float) -> Points:
    return around(18, radius) + point


def _hatched(art: Art, name: str, outline: Points, gap: float, long: float, width: float) -> None:
    """Dashes inwards from an outline."""
    points, normal = _every(outline, gap)
    art.strokes(name, width, np.hstack([points, points - normal * long]))


def _beaded(art: Art, name: str, outline: Points, gap: float, radius: float) -> None:
    art.dots(name, radius, _every(outline, gap)[0])


def _rosette(art: Art, rng: Rng, x: float, y: float, radius: float, tones: tuple[str, str, str]) -> None:
    """A round flower: scalloped rim, petals, an eye."""
    one, two, three = tones
    if radius < 4.5:  # too small for petals
        art.apart(one, around(6, radius * 0.62)[:, None] + around(6, radius * 0.36, 0, x, y))
        art.polygon(two, disc_at(np.array([x, y]), radius * 0.36))
        return
    count = int(rng.integers(6, 10))
    first = rng.uniform(0, 360)
    art.fill(
        one,
        *(
            at(petal(rng, radius, radius * 5.2 / count, "round", 0.02), x, y, first + 360 * n / count)
            for n in range(count)
        ),
    )
    rays = np.hstack([around(count, radius * share, first, x, y) for share in (0.3, 0.78)])
    art.strokes(two, radius * 0.12, rays)
    art.polygon(two, disc_at(np.array([x, y]), radius * 0.42)).polygon(three, disc_at(np.array([x, y]), radius * 0.24))


def _stem_of_flowers(art: Art, rng: Rng, shape: Buta, room: float, tones: tuple[str, str, str, str]) -> None:
    """What grows in the heart of a Kashmir buta: a stem along its spine with a large flower, leaves in pairs and a bud."""
    leafy, one, two, three = tones
    last = max(8, int((shape.half > room + 2.5).sum()))
    stem = shape.spine[:last]
    art.line(leafy, 1.3, stem[::3])
    for number, share in enumerate(np.linspace(0.36, 0.92, 5)):
        x, y, turn = along(stem, share)
        reach = float(np.interp(share * (last - 1), np.arange(len(shape.half)), shape.half)) - room
        for side in (-1, 1):
            if number % 2:
                dx, dy = ray(turn + side * 62, max(reach - 2.5, 1.5))
                art.strokes(leafy, 0.9, [(x, y, x + dx, y + dy)])
                _rosette(art, rng, x + dx, y + dy, max(1.8, min(3.6, reach * 0.34)), (one, two, three))
            else:
                leaf(
                    art,
                    rng,
                    leafy,
                    max(4.0, reach * 0.95),
                    max(2.2, reach * 0.4),
                    (x, y, turn + side * 58),
                    bend=-0.2 * side,
                )
    x, y, turn = along(stem, 1.0)
    art.fill(two, at(petal(rng, 6, 4.4, "point"), x, y, turn))
    x, y, turn = along(stem, 0.1)
    _rosette(art, rng, x, y, max(6.0, shape.half[2] - room - 1.5), (one, two, three))


def _foot(art: Art, rng: Rng, shape: Buta, name: str, dot: str) -> None:
    """Three leaves and beads under the round end."""
    x, y = shape.spine[0] + (0, shape.half[0])
    for turn in (130, 180, 230):
        art.fill(name, at(petal(rng, 10, 6, "point"), x, y + 0.5, turn))
    art.dots(dot, 1.3, [(x - 9, y + 4), (x + 9, y + 4), (x, y + 12.5)])


def _crest(art: Art, rng: Rng, shape: Buta, name: str) -> None:
    """A small plume at the tip."""
    x, y, turn = along(shape.spine, 1.0)
    for lean, long in ((-40, 7), (0, 9), (40, 7)):
        art.fill(name, at(petal(rng, long, 4, "point"), x, y, turn + lean))


# --- butas of the styles, in -50..50 ------------------------------------------------------------------------------


def _kashmir(rng: Rng, names: list[str], shape: Buta, turn: int) -> Art:
    """Scalloped, hatched and beaded rims around a flowering stem; `turn` exchanges the dyes."""
    ground, body, counter, second, bright = names
    if turn % 2:
        body, counter, second, bright = counter, body, bright, second
    art = Art()
    _foot(art, rng, shape, second, bright)
    _crest(art, rng, shape, second)
    _scallops(art, second, shape.inside(0.6), 6.2, 3.4)
    art.fill(body, shape.inside(0)).fill(counter, shape.inside(2.6))
    _hatched(art, body, shape.inside(3.0), 3.1, 3.4, 1.1)
    art.fill(second, shape.inside(6.6)).fill(body, shape.inside(7.8))
    _beaded(art, counter, shape.inside(9.7), 3.9, 1.05)
    art.fill(counter, shape.inside(11.6)).fill(bright if rng.random() < 0.5 else ground, shape.inside(12.6))
    heart = names[0]
    art.fill(heart, shape.inside(12.6))
    _stem_of_flowers(art, rng, shape, 13, (second, body, counter if counter != heart else second, bright))
    return art


def _rays(rng: Rng, names: list[str], shape: Buta) -> Art:
    """A bandana's buta: white lines and dots on the ground's dye, a rim of teeth, an eye in the heart."""
    ground, white, *rest = names
    third = rest[0] if rest else white
    art = Art()
    _scallops(art, white, shape.inside(1), 5.4, 2.9)
    art.fill(ground, shape.inside(0.2)).fill(white, shape.inside(1.8)).fill(ground, shape.inside(3.6))
    _hatched(art, white, shape.inside(4.2), 3.4, 3.6, 1.5)
    art.fill(third, shape.inside(9.0)).fill(ground, shape.inside(10.6))
    _beaded(art, white, shape.inside(12.6), 4.4, 1.2)
    art.fill(white, shape.inside(15.2))
    x, y = shape.spine[1]
    _rosette(art, rng, x, y, max(5.0, shape.half[1] - 17.5), (ground, white, third if third != white else ground))
    tail = shape.spine[8:20:3]
    art.dots(ground if shape.half[8] > 17 else white, 1.2, tail)
    outside, normal = _every(shape.inside(-4), 5.4)
    return art.dots(white, 0.9, outside + normal * 0.8)


def _beads(rng: Rng, names: list[str], shape: Buta, turn: int) -> Art:
    """A buta of beads: rows of dots of different size and dye follow the rim to a dotted flower."""
    body, counter, second, bright = names[1:]
    if turn % 2:
        body, second = second, body
    art = Art()
    _beaded(art, bright, shape.inside(-5.5), 5.6, 1.6)
    art.fill(body, shape.inside(0))
    _beaded(art, counter, shape.inside(3.2), 4.8, 1.55)
    art.line(second, 1.3, np.concatenate([shape.inside(6.6), shape.inside(6.6)[:1]]))
    _beaded(art, bright, shape.inside(9.6), 4.2, 1.2)
    _beaded(art, counter, shape.inside(13.0), 3.8, 0.9)
    x, y = shape.spine[2]
    art.polygon(second, disc_at(np.array([x, y]), 7.8)).dots(counter, 1.7, around(8, 5.6, 0, x, y))
    art.polygon(bright, disc_at(np.array([x, y]), 2.9)).dots(body, 1.0, [(x, y)])
    spine = shape.spine[9:24:3]
    for point, half in zip(spine, shape.half[9:24:3], strict=True):
        if half > 6:
            art.dots(second, min(1.9, half * 0.14), [point])
    return art


def _lines(rng: Rng, names: list[str], shape: Buta) -> Art:
    """A buta drawn with the pen: contours, curls along its spine, petals around its eye; a second dye laid off-register."""
    ink, *washes = names[1:]
    art = Art()
    if washes:
        off = rng.uniform(-2.2, 2.2, 2)
        art.fill(washes[0], shape.inside(1.5) + off).fill(washes[-1], shape.inside(11) - off)

    def ring(inset: float, width: float) -> None:
        outline = shape.inside(inset)
        art.line(ink, width, np.concatenate([outline, outline[:1]]))

    ring(0, 2.0)
    ring(3.4, 0.9)
    points, normal = _every(shape.inside(5.2), 5.6)
    arch = ribbon(curve(np.array([(-2.6, 1.0), (-1.9, -2.6), (0, -3.8), (1.9, -2.6), (2.6, 1.0)]), closed=False), 0.9)
    headings = np.degrees(np.arctan2(-normal[:, 0], normal[:, 1]))  # a lace of small arches inside the rim
    art.polygon(ink, *(at(arch, *point, heading) for point, heading in zip(points, headings, strict=True)))
    ring(11, 1.3)
    x, y = shape.spine[2]
    for turn in np.arange(0, 360, 45):
        loop = at(petal(rng, 9, 5, "point", 0.02), x, y, turn)
        art.line(ink, 0.9, np.concatenate([loop, loop[:1]]))
    art.polygon(ink, disc_at(np.array([x, y]), 2.2))
    for share in np.linspace(0.42, 0.8, 4):
        px, py, turn = along(shape.spine, share)
        reach = float(np.interp(share * 29, np.arange(30), shape.half)) - 12
        if reach > 2:
            art.line(
                ink, 0.9, *(at(bezier((0, 2), (s * reach, 1), (s * reach * 0.7, -4), 4), px, py, turn) for s in (-1, 1))
            )
    art.dots(ink, 1.0, shape.spine[9:27:3])
    outside, _ = _every(shape.inside(-4), 4.4)
    return art.dots(ink, 0.85, outside)


def _simple(rng: Rng, names: list[str], shape: Buta, turn: int) -> Art:
    """A small buta: two contours, a row of dots, an eye."""
    tones = names[1:]
    one, two, three = (tones[(turn + n) % len(tones)] for n in range(3))
    art = Art().fill(one, shape.inside(0)).fill(names[0], shape.inside(5))
    _beaded(art, two, shape.inside(9.5), 7.4, 2.2)
    art.fill(two, shape.inside(14.5))
    x, y = shape.spine[1]
    art.dots(three, 5.2, [(x, y)]).dots(names[0], 2.2, [(x, y)])
    x, y = shape.spine[0] + (0, shape.half[0] + 6)
    return art.dots(three, 3.0, [(x, y), (x - 9, y - 3), (x + 9, y - 3)])


# --- between the butas --------------------------------------------------------------------------------------------


def _fillers(rng: Rng, names: list[str]) -> list[Art]:
    """Flowers, sprigs and scrolls of the palette, in -50..50."""
    tones = [*names[1:], *names[1:], *names[1:]]
    arts = []
    for number in range(2):
        art = Art()
        _rosette(art, rng, 0, 0, 46, (tones[number], tones[number + 1], tones[number + 2]))
        arts.append(art.dots(tones[number + 1], 4.0, around(9, 28, rng.uniform(0, 40))))
    for number in range(2):
        art, tone = Art(), tones[number + 1]
        stem = bezier((-10, 48), (rng.uniform(-20, 20), 16), (2, -10), 6)
        art.line(tone, 4.4, stem)
        for share, long in ((0.2, 40), (0.6, 32)):
            x, y, turn = along(stem, share)
            for side in (-1, 1):
                leaf(art, rng, tone, long, 17, (x, y, turn + side * 62), bend=-0.25 * side)
        _rosette(art, rng, 2, -20, 27, (tones[number], tones[number + 2], tone))
        arts.append(art)
    art = Art()
    for turn in (-48, 48, -16, 16, 0):
        art.fill(tones[0] if turn else tones[2], at(petal(rng, 62, 22, "point", 0.02, turn * 0.01), 0, 22, turn))
    arts.append(art.dots(tones[1], 6, [(0, 34), (-14, 30), (14, 30)]))
    arts.append(
        Art()
        .line(tones[1], 7, coil(0, 46, 40, 3.4, 11), taper=0.4)
        .dots(tones[0], 6.5, [ray(0, 16), (0, 0), ray(250, 17)])
    )
    return arts


def _dots_between(bed: Bed, art: Art, names: list[str], least: float, most: float) -> Art:
    """Round dots in the last gaps, their dyes in turn."""
    gaps = bed.fill(least, most, 0, 80)
    for number, name in enumerate(names):
        art.dots(name, least * 0.5, [(x, y) for x, y, _ in gaps[number :: len(names)]])
    return art


def _set(
    rng: Rng, shapes: list[Buta], layout: str, bed: Bed, scale: float, tip: float, cells: tuple[int, int] = (2, 2)
) -> list[Spot]:
    """Butas in the cells of half-drop columns that face left and right by turns, or tossed; taken from the bed."""
    if layout == "tossed":
        return _toss(rng, shapes, bed, scale, round(bed.box[0] * bed.box[1] / (9.2e3 * scale**2)))
    columns, rows = cells
    spots = []
    for column in range(columns):
        for row in range(rows):
            x, y = (column + 0.5) * bed.box[0] / columns, (row + 0.5 + 0.5 * (column % 2)) * bed.box[1] / rows
            turn = (tip if column % 2 else -tip) + rng.normal(0, 2)
            spots.append(Spot(x, y, turn, scale, len(spots) % len(shapes), bool(column % 2)))
            _take(bed, shapes[spots[-1].motif], spots[-1])
    return spots


def _laid(shape: Buta, spot: Spot) -> Points:
    """The circles of a buta at its spot: (n, 3) of x, y and radius."""
    rounds = np.array(shape.rounds())
    centres = rounds[:, :2] * (-1 if spot.flip else 1, 1)
    return np.column_stack([at(centres, spot.x, spot.y, spot.turn, spot.scale), rounds[:, 2] * spot.scale])


def _take(bed: Bed, shape: Buta, spot: Spot) -> None:
    for x, y, radius in _laid(shape, spot):
        bed.take(x, y, radius + 5 * spot.scale)


def _toss(rng: Rng, shapes: list[Buta], bed: Bed, scale: float, count: int) -> list[Spot]:
    """Butas any way up: each goes where, of many tries, most room is left around the whole of it; none overlap."""
    spots = []
    for number in range(count):
        shape, best, most = shapes[number % len(shapes)], None, -1e9
        for index in rng.choice(len(bed.x), 48, replace=False):
            if bed.room[index] < 14 * scale:
                continue
            size = scale * rng.uniform(0.92, 1.04)
            flip = bool(rng.random() < 0.5)
            spot = Spot(
                float(bed.x[index]), float(bed.y[index]), rng.uniform(-180, 180), size, number % len(shapes), flip
            )
            laid = _laid(shape, spot)
            clear = float((bed.room_at(laid[:, 0], laid[:, 1]) - laid[:, 2]).min())
            if clear > most:
                best, most = spot, clear
        if best is not None and most > -5 * scale:  # the margin of both, less what a cell of the bed is unsure of
            spots.append(best)
            _take(bed, shape, best)
    return spots


def _crowded(rng: Rng, style: str, names: list[str], shapes: list[Buta], motifs: list[Art], **kwargs) -> Design:
    """Butas near one another with flowers, sprigs and dots in every gap."""
    layout = str(rng.choice(["half-drop", "half-drop", "tossed"]))
    box = (1.8 * PITCH, 2.2 * PITCH) if layout == "half-drop" else (3 * PITCH, 3 * PITCH)
    bed, scale = Bed(rng, box, 7.0), rng.uniform(0.98, 1.08)
    spots = _set(rng, shapes, layout, bed, scale, rng.uniform(-8, 18))
    fillers = _fillers(rng, names)
    first = len(motifs)
    fill = spots_of(rng, bed.fill(5.5, 18, 3.5, 70), tuple(range(first, first + len(fillers))), 48)
    under = _dots_between(bed, Art(), names[1:], 2.0, 4.5)
    return print_on(
        *(rng, style, names, [*motifs, *fillers], [*fill, *spots], box, len(spots)),
        layout=layout,
        under=under,
        **kwargs,
    )


# --- styles -------------------------------------------------------------------------------------------------------


def kashmir(rng: Rng, dye: Dyer) -> Design:
    """The shawl: large butas with rims within rims and a flowering stem at heart, on a ground strewn with flowers."""
    names = _dyes(rng, dye)
    shapes = [buta(rng) for _ in range(2)]
    motifs = [_kashmir(rng, names, shape, number) for number, shape in enumerate(shapes)]
    return _crowded(
        rng,
        "Kashmir",
        names,
        shapes,
        motifs,
        across=(2.0, 3.6),
        fabric=("silk", "viscose", "wool", "cotton"),
    )


def _dyes(rng: Rng, dye: Dyer) -> list[str]:
    """Five dyes: a mill's own two times in three."""
    return dye(5) if dye.wanted or rng.random() < 1 / 3 else dye.of(*SHAWL)


def bandana(rng: Rng, dye: Dyer) -> Design:
    """White discharged from turkey red, navy or black: butas in pairs around dotted flowers, lines of dots all over."""
    names = dye.of(
        *(
            ("scarlet", "white", "black"),
            ("navy", "white"),
            ("black", "white"),
            ("crimson", "ivory"),
            ("cobalt", "white", "navy"),
        ),
        *(("bottle", "ivory"), ("mustard", "ivory", "black"), ("burgundy", "cream"), ("rose", "white", "burgundy")),
        *(("ivory", "navy", "scarlet"), ("teal", "ivory"), ("grape", "white"), ("tangerine", "ivory", "chocolate")),
    )
    shapes = [buta(rng) for _ in range(2)]
    motifs = [_rays(rng, names, shape) for shape in shapes]
    white, third = names[1], names[-1]
    box = (2 * PITCH, 2.4 * PITCH)
    bed = Bed(rng, box, 7.0)
    spots = _set(rng, shapes, "half-drop", bed, rng.uniform(0.9, 1.0), rng.uniform(-15, 25))
    flower = Art()
    _rosette(flower, rng, 0, 0, 34, (white, names[0], white))
    flower.dots(white, 3.4, around(14, 43)).dots(names[0], 3.0, around(6, 21))
    tile = Art().fill(white, *(at(petal(rng, 30, 15, "point"), 0, 0, t) for t in (0, 90, 180, 270)))
    tile.fill(third, *(at(petal(rng, 26, 8, "point"), 0, 0, t) for t in (45, 135, 225, 315))).dots(
        names[0], 5, [(0, 0)]
    )
    tile.dots(white, 3.6, around(4, 38, 45))
    fill = spots_of(rng, bed.fill(7, 19, 1, 50), (2, 3, 2), 48, 0)
    under = Art().dots(white, 1.3, [(x, y) for x, y, _ in bed.fill(2.6, 3.6, 0.4, 160)])
    return print_on(
        *(rng, "bandana", names, [*motifs, flower, tile], [*fill, *spots], box, len(spots)),
        **{"layout": "half-drop", "under": under, "across": (2.4, 4.6), "fabric": ("cotton",)},
    )


def beaded(rng: Rng, dye: Dyer) -> Design:
    """Butas of beads: every line is a row of dots, and dots fill the ground."""
    names = _dyes(rng, dye)
    shapes = [buta(rng) for _ in range(2)]
    motifs = [_beads(rng, names, shape, number) for number, shape in enumerate(shapes)]
    return _crowded(rng, "beaded", names, shapes, motifs, across=(2.4, 4.4), fabric=("cotton", "silk", "viscose"))


def outlined(rng: Rng, dye: Dyer) -> Design:
    """Butas drawn with the pen, plain or over washes of a second dye printed off-register."""
    names = dye(2) if rng.random() < 0.4 else dye(int(rng.integers(3, 5)))
    shapes = [buta(rng) for _ in range(2)]
    motifs = [_lines(rng, names, shape) for shape in shapes]
    layout = str(rng.choice(["half-drop", "tossed"]))
    box = (2 * PITCH, 2.3 * PITCH) if layout == "half-drop" else (3 * PITCH, 3 * PITCH)
    bed = Bed(rng, box, 8.0)
    spots = _set(rng, shapes, layout, bed, 1.0, rng.uniform(-8, 18))
    fillers = [_pen_flower(rng, names) for _ in range(2)] + [_pen_sprig(rng, names) for _ in range(2)]
    fill = spots_of(rng, bed.fill(8, 20, 1, 60), (2, 4, 3, 5), 48)
    under = Art().dots(names[1], 1.0, [(x, y) for x, y, _ in bed.fill(2.8, 4, 0, 120)])
    return print_on(
        *(rng, "outlined", names, [*motifs, *fillers], [*fill, *spots], box, len(spots)),
        **{"layout": layout, "under": under, "across": (2.2, 4.2), "fabric": ("silk", "viscose", "cotton")},
    )


def _pen_flower(rng: Rng, names: list[str]) -> Art:
    """A flower in outline, over a wash."""
    art, first, count = Art(), rng.uniform(0, 360), int(rng.integers(6, 9))
    if len(names) > 2:
        art.fill(names[-1], disc(rng, 34, 0.1, 8, *rng.uniform(-5, 5, 2)))
    for number in range(count):
        shape = at(petal(rng, 45, 235 / count, "round"), turn=first + 360 * number / count)
        art.line(names[1], 3.2, np.concatenate([shape, shape[:1]]))
    return art.polygon(names[1], disc_at(np.zeros(2), 9)).dots(names[1], 2.4, around(count, 27, first))


def _pen_sprig(rng: Rng, names: list[str]) -> Art:
    """A stem of leaves in outline."""
    art = Art()
    stem = bezier((rng.uniform(-12, 12), 46), (10, 0), (0, -20), 6)
    art.line(names[1], 3.2, stem)
    for share, side in ((0.1, 1), (0.25, -1), (0.45, 1), (0.62, -1), (0.85, 1), (1.0, -1)):
        x, y, turn = along(stem, share)
        shape = at(petal(rng, 32, 15, "point"), x, y, turn + side * 48)
        if len(names) > 2:
            art.fill(names[2], shape + rng.uniform(-2, 2, 2))
        art.line(names[1], 2.8, np.concatenate([shape, shape[:1]]))
    return art


def big_and_small(rng: Rng, dye: Dyer) -> Design:
    """Large butas with their young beside them, among vines of leaves and flowers that run through the repeat."""
    names = _dyes(rng, dye)
    shapes = [buta(rng, curl=rng.uniform(2.3, 3.0)) for _ in range(2)]
    young = [buta(rng, 26) for _ in range(2)]
    motifs = [_kashmir(rng, names, shape, number) for number, shape in enumerate(shapes)]
    motifs += [_simple(rng, names, shape, number) for number, shape in enumerate(young)]
    fillers = _fillers(rng, names)
    box = (3 * PITCH, 3 * PITCH)
    bed, vines = Bed(rng, box, 8.0), Art()
    spots = _set(rng, shapes, "half-drop", bed, 1.22, rng.uniform(0, 25))
    for column in range(2):
        y = np.linspace(0, box[1], 25)
        x = column * box[0] / 2 + 17 * np.sin(2 * math.pi * (2 * y / box[1] + 0.5 * column))
        path = np.stack([x, y], axis=1)
        vines.line(names[3], 2.4, path)
        bed.take_line(path[::2], 2)
        for number in range(22):
            px, py, turn = along(path, (number + 0.5) / 22)
            side = 1 if number % 2 else -1
            leaf(vines, rng, names[3], rng.uniform(14, 19), 8, (px, py, turn + 180 + side * rng.uniform(40, 65)))
    small = bed.fill(13, 26, 5, 16)
    more = bed.fill(6, 12, 2, 60)
    first = len(motifs)
    fill = spots_of(rng, small, (2, 3), 46, 60) + spots_of(rng, more, tuple(range(first, first + len(fillers))), 48)
    _dots_between(bed, vines, names[1:], 2.6, 4.5)
    return print_on(
        *(rng, "big and small", names, [*motifs, *fillers], [*fill, *spots], box, len(spots) + len(small)),
        **{"layout": "half-drop", "under": vines, "across": (2.0, 3.6), "fabric": ("silk", "viscose", "cotton")},
    )


def ditsy(rng: Rng, dye: Dyer) -> Design:
    """Small butas tossed any way up with tiny flowers, as on a shirt or a tie."""
    names = _dyes(rng, dye) if rng.random() < 0.5 else dye.of(*GARDEN)
    names = names[: int(rng.integers(4, 6))]
    shapes = [buta(rng, 25) for _ in range(4)]
    motifs = [_simple(rng, names, shape, number) for number, shape in enumerate(shapes)]
    fillers = _fillers(rng, names)
    box = (4 * PITCH, 4 * PITCH)
    bed, size = Bed(rng, box, 9.0), rng.uniform(25, 33)
    main = [(x, y, size * rng.uniform(0.85, 1.1)) for x, y in bed.strew(int(0.95e5 / size**2 / 2.6), size)]
    fill = spots_of(rng, bed.fill(size * 0.26, size * 0.5, 1, 110), tuple(range(4, 4 + len(fillers))), 48)
    under = _dots_between(bed, Art(), names[1:], size * 0.1, size * 0.2)
    return print_on(
        *(rng, "ditsy", names, [*motifs, *fillers], [*fill, *spots_of(rng, main, (0, 1, 2, 3), 50)], box, len(main)),
        **{"layout": "tossed", "under": under, "across": (3.6, 7.0), "fabric": ("cotton lawn", "silk", "cotton")},
    )


STYLES = {
    "Kashmir": kashmir,
    "bandana": bandana,
    "beaded": beaded,
    "outlined": outlined,
    "big and small": big_and_small,
    "ditsy": ditsy,
}
