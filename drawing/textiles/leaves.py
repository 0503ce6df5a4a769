"""Leaves: palms, ferns, jungle, camouflage, eucalyptus and olive, autumn leaves, ivy, willow boughs, mid-century blades."""

from __future__ import annotations

import math

import cv2
import numpy as np

from drawing.textiles.botany import (
    Art,
    Bed,
    Dyes,
    along,
    at,
    bezier,
    blade,
    coil,
    curve,
    disc,
    frill,
    garden,
    half_of,
    leaf,
    press,
    print_on,
    ray,
    ribbon,
    spots_of,
    swollen,
    veins,
)
from drawing.textiles.colours import Dyer
from drawing.textiles.design import PITCH, Design, Printed, Rng, Spot

FOLIAGE = (  # ground, leaf, its shade, a second leaf, a light accent
    *(("ivory", "fern", "bottle", "sage", "moss"), ("white", "emerald", "forest", "celadon", "fern")),
    *(("midnight", "jade", "spruce", "sage", "teal"), ("black", "fern", "forest", "eucalyptus", "pistachio")),
    *(("blush", "emerald", "bottle", "eucalyptus", "ivory"), ("cream", "olive", "forest", "moss", "honey")),
    *(("forest", "sage", "eucalyptus", "pistachio", "ivory"), ("navy", "teal", "petrol", "aqua", "mint")),
    *(("ecru", "spruce", "charcoal", "eucalyptus", "khaki"), ("mint", "jade", "spruce", "ivory", "apple")),
    *(("ice", "denim", "navy", "steel", "white"), ("terracotta", "ivory", "blush", "brick", "peach")),
    *(("mustard", "forest", "ink", "ivory", "olive"), ("pearl", "graphite", "black", "dove", "white")),
    *(("butter", "apple", "kelly", "lime", "white"), ("petrol", "lagoon", "midnight", "turquoise", "duck egg")),
    *(("powder", "spruce", "bottle", "rose", "ivory"), ("white", "navy", "midnight", "cornflower", "sky")),
    *(("bottle", "fern", "black", "apple", "pistachio"), ("sand", "moss", "olive", "ivory", "walnut")),
)


# --- leaves, in -50..50 -------------------------------------------------------------------------------------------


def _feather(rng: Rng, name: str, rib: str, pairs: int, wide: float = 46.0) -> Art:
    """A feather palm's frond: slender leaflets that droop from a bent rib, longest below its middle."""
    art = Art()
    spine = bezier((rng.uniform(-4, 4), 52), (rng.uniform(-22, 22), 0), (rng.uniform(-14, 14), -42), 8)
    leaflets = [curve(blade(rng, 46, 7.5, 0.3, 0.4, count=4)[0]) for _ in range(3)]
    for number in range(pairs):
        share = 0.1 + 0.88 * number / pairs
        x, y, turn = along(spine, share)
        long = wide / 46 * math.sin(math.pi * (0.22 + 0.66 * share)) ** 0.7
        for side in (-1, 1):
            leaflet = leaflets[rng.integers(3)] * (side, 1)
            art.polygon(
                name,
                at(leaflet, x, y, turn + side * (66 - 40 * share + rng.normal(0, 3)), long * rng.uniform(0.9, 1.06)),
            )
    leaf(art, rng, name, 20, 6, along(spine, 1.0), bend=0.0)
    return art.line(rib, 1.7, spine, taper=0.6)


def _fan(rng: Rng, name: str, crease: str) -> Art:
    """A fan palm: pleated blades that spread from the stalk's end."""
    art = Art().line(name, 3.0, bezier((rng.uniform(-10, 10), 52), (4, 30), (0, 12), 5))
    count = int(rng.integers(11, 15))
    for turn in rng.permutation(np.linspace(-118, 118, count)):
        long = 60 * (0.72 + 0.28 * math.cos(math.radians(turn * 0.8))) * rng.uniform(0.93, 1.03)
        outline, spine = blade(rng, long, 14, rng.normal(0, 0.06), 0.6, count=4)
        art.fill(name, at(outline, 0, 12, turn))
        art.strokes(crease, 1.3, [(*at(spine[1], 0, 12, turn), *at(spine[-1], 0, 12, turn))])
    return art


def _monstera(rng: Rng, name: str, rib: str, hole: str) -> Art:
    """A Swiss cheese leaf: a heart with slits between its fingers and holes along the rib."""
    fingers, sides = int(rng.integers(5, 7)), []
    for side in (-1, 1):
        points = [(side * 10, 38), (side * 24, 39)]
        for number in range(fingers):
            start, end = 32 - 70 * number / fingers, 32 - 70 * (number + 0.86) / fingers
            broad = 45 * math.sin(math.pi * (0.34 + 0.55 * (number + 0.4) / fingers)) * rng.uniform(0.94, 1.04)
            slit = broad * rng.uniform(0.26, 0.42)
            points += [(side * broad * 0.97, start - 5), (side * broad * 0.88, end - 8), (side * slit, end + 2.5)]
            if number < fingers - 1:
                points.append((side * slit, end))
        sides.append(points[:-1])
    outline = np.array([(0, 27), *sides[1], (0, -52), *sides[0][::-1]]) + rng.normal(0, 0.4, (2 * len(sides[0]) + 2, 2))
    art = Art().fill(name, outline)
    art.line(rib, 2.0, np.array([(0, 52), (0, 30), (rng.normal(0, 2), -10), (0, -46)]), taper=0.6)
    roots = 28 - 70 * (np.arange(fingers) + 0.1) / fingers
    art.strokes(rib, 1.4, [(0, y, side * 30, y - 11) for y in roots for side in (-1, 1)])
    for y in roots[1:-1]:
        for side in (-1, 1):
            art.fill(hole, at(disc(rng, 2.5, 0.1, 6) * (1.6, 0.75), side * 7.5, y + 5, side * -25))
    return art


def _banana(rng: Rng, name: str, shade: str, rib: str) -> Art:
    """A banana leaf: broad, in two tones, its close veins torn open at the margin here and there."""
    art = Art()
    outline, spine = blade(rng, 98, rng.uniform(34, 42), rng.uniform(-0.22, 0.22), 0.5)
    art.fill(name, at(outline, 0, 48)).fill(shade, at(half_of(outline, spine), 0, 48))
    art.line(rib, 2.6, at(spine, 0, 48), taper=0.7)
    dashes = np.array(veins(spine, 42, 9, 0.4)).reshape(-1, 2)
    return art.strokes(rib, 1.0, at(dashes, 0, 48).reshape(-1, 4))


def _fern(rng: Rng, name: str, rib: str, pairs: int) -> Art:
    """A fern: pinnae that shorten evenly to a curled tip, each itself a row of lobes."""
    art, turn = Art(), rng.choice([-1, 1])
    spine = bezier((-turn * 10, 58), (-turn * 8, -8), (turn * 14, -50), 10)
    pinnae = [curve(blade(rng, 34, 6.2, 0.2, 0.3, teeth=6)[0]) for _ in range(3)]
    small = [curve(blade(rng, 34, 8.0, 0.2, 0.34, teeth=3)[0]) for _ in range(2)]
    for number in range(pairs):
        share = 0.2 + 0.79 * number / pairs
        x, y, heading = along(spine, share)
        size = (1 - share) ** 0.8 * min(1.0, 0.45 + 2.2 * (share - 0.2)) * 1.3 + 0.08
        for side in (-1, 1):
            pinna = (pinnae[rng.integers(3)] if size > 0.4 else small[rng.integers(2)]) * (side, 1)
            art.polygon(
                name,
                at(pinna, x, y, heading + side * (76 - 30 * share + rng.normal(0, 2)), size * rng.uniform(0.94, 1.05)),
            )
    return art.line(name, 1.5, spine).line(rib, 1.2, spine, taper=0.7)


MAPLE = (  # degrees from the tip and reach: a lobe, its teeth, the bay to the next
    *((0, 1.0), (6, 0.78), (15, 0.74), (13, 0.56), (25, 0.37), (36, 0.58), (38, 0.74), (48, 0.92), (54, 0.76)),
    *((63, 0.72), (62, 0.53), (78, 0.33), (92, 0.5), (104, 0.64), (112, 0.48), (128, 0.34), (150, 0.22), (174, 0.12)),
)
IVY = ((0, 1.0), (11, 0.66), (30, 0.44), (52, 0.8), (66, 0.56), (84, 0.42), (108, 0.62), (132, 0.48), (160, 0.24))


def _lobed(rng: Rng, lobes: tuple[tuple[float, float], ...], radius: float) -> np.ndarray:
    """The outline of a lobed leaf around its stalk's end, uneven by hand."""
    turns = np.array([t for t, _ in lobes])
    reach = np.array([r for _, r in lobes]) * radius
    turns, reach = np.concatenate([turns, -turns[:0:-1]]), np.concatenate([reach, reach[:0:-1]])
    turns, reach = turns + rng.normal(0, 1.6, len(turns)), reach * rng.normal(1, 0.035, len(turns))
    return np.array([ray(t, r) for t, r in zip(turns, reach, strict=True)])


def _maple(rng: Rng, name: str, vein: str) -> Art:
    art = Art().line(name, 2.6, bezier((0, 16), (2, 34), (rng.uniform(-10, 10), 50), 5), taper=0.3)
    art.polygon(name, at(_lobed(rng, MAPLE, 58), 0, 14))
    art.strokes(
        vein,
        1.7,
        [(0, 14, *ray(t, r, 0, 14)) for t, r in ((0, 46), (48, 42), (-48, 42), (104, 26), (-104, 26))],
    )
    side = [
        (s * a * 0.74, 14 - b, s * (a * 0.74 + 7), 14 - b - 9) for a, b in ((0, 18), (0, 30), (20, 18)) for s in (-1, 1)
    ]
    return art.strokes(vein, 1.0, side)


def _oak(rng: Rng, name: str, vein: str) -> Art:
    """An oak leaf: round lobes that grow to its upper third."""
    lobes = int(rng.integers(4, 6))
    t = np.linspace(0.02, 0.98, 4 * lobes)
    bend = rng.uniform(-9, 9)
    half = 25 * np.sin(math.pi * t**1.35) ** 0.8 * (0.78 + 0.26 * np.cos(2 * math.pi * lobes * t + math.pi)) + 1
    y, x = 44 - 92 * t, bend * np.sin(math.pi * t)
    outline = np.concatenate([np.stack([x + half, y - 3], axis=1), np.stack([x - half, y - 3], axis=1)[::-1]])
    art = Art().fill(name, outline + rng.normal(0, 0.5, outline.shape))
    art.line(vein, 1.9, np.stack([x, y], axis=1)[::3], taper=0.6)
    at_lobe = [(0.5 + n) / lobes for n in range(1, lobes)]
    rows = [
        (bend * math.sin(math.pi * (s - 0.1)), 44 - 92 * (s - 0.1), side * 15 + bend, 44 - 92 * (s + 0.02))
        for s in at_lobe
        for side in (-1, 1)
    ]
    art.strokes(vein, 1.2, rows)
    return art.line(name, 2.4, np.array([(0, 43), (1, 48), (4, 53)]))


def _ginkgo(rng: Rng, name: str, vein: str) -> Art:
    """A ginkgo's fan, cleft in the middle."""
    art = Art().line(name, 2.6, bezier((0, 16), (0, 34), (rng.uniform(-12, 12), 50), 5))
    rim = frill(rng, 56, 62, 4, 0.04)
    rim[5] *= 0.72
    art.fill(name, at(rim, 0, 18))
    fan = [(*ray(a, 14, 0, 18), *ray(a, rng.uniform(36, 48), 0, 18)) for a in (-50, -38, -26, -14, 14, 26, 38, 50)]
    return art.strokes(vein, 1.2, fan)


def _ivy(rng: Rng, name: str, vein: str, rim: str | None = None) -> Art:
    art = Art()
    shape = at(_lobed(rng, IVY, 52), 0, 12)
    if rim:
        art.fill(rim, shape).fill(name, (shape - (0, 4)) * 0.8 + (0, 4))
    else:
        art.fill(name, shape)
    lobes = ((0, 38), (52, 30), (-52, 30), (108, 22), (-108, 22))
    return art.strokes(vein, 1.9, [(0, 12, *ray(t, r, 0, 12)) for t, r in lobes])


def _sprig(rng: Rng, kind: str, ground: str, name: str, shade: str, stem: str, berry: str | None) -> Art:
    """A sprig of eucalyptus (round, in pairs, overlapping), olive (slender, with fruit) or laurel."""
    art = Art()
    lean = rng.uniform(-20, 20)
    spine = bezier((-lean * 0.5, 52), (lean, 6), (lean * 0.2, -34), 8)
    art.line(stem, 2.4, spine, taper=0.4)
    pairs = {"eucalyptus": 6, "olive": 6, "laurel": 5}[kind]
    shape = {"eucalyptus": (24, 18, 0.55, 62), "olive": (35, 8.5, 0.5, 38), "laurel": (32, 15, 0.45, 46)}[kind]
    blades = [blade(rng, shape[0], shape[1], 0.12, shape[2]) for _ in range(3)]
    cut = [(curve(outline), ribbon(rib[:-1], np.linspace(1.2, 0.5, len(rib) - 1))) for outline, rib in blades]
    for number in range(pairs):
        share = 0.12 + 0.82 * number / pairs
        for side in (-1, 1):
            x, y, turn = along(spine, share + side * (0.03 if kind == "olive" else 0.0))
            where = (
                x,
                y,
                turn + side * (shape[3] + rng.normal(0, 6)),
                (1.08 - 0.5 * number / pairs) * rng.uniform(0.92, 1.08),
            )
            tone, line = (shade, stem) if (number + (side > 0)) % 3 == 0 else (name, shade)
            outline, rib = cut[rng.integers(3)]
            if kind == "eucalyptus":  # leaves overlap: a line of the ground parts them
                art.polygon(ground, swollen(at(outline * (side, 1), *where), 0.9))
            art.polygon(tone, at(outline * (side, 1), *where)).polygon(line, at(rib * (side, 1), *where))
            if berry and number % 2 and side > 0:
                bx, by = x + rng.uniform(4, 9), y + rng.uniform(4, 8)
                art.dots(berry, 3.4, [(bx, by)]).dots(stem, 0.8, [(bx + 1, by - 1)])
    x, y, turn = along(spine, 1.0)
    return leaf(art, rng, name, shape[0] * 0.7, shape[1] * 0.65, (x, y, turn), bend=0.0)


# --- styles -------------------------------------------------------------------------------------------------------


def palm(rng: Rng, dye: Dyer) -> Design:
    """Fronds and fans across one another, the lower in a shade near the ground's, the upper bright."""
    dyes = garden(rng, dye, FOLIAGE)
    back = [_feather(rng, dyes.leaf, dyes.ground, 11), _fan(rng, dyes.leaf, dyes.ground)]
    front = [
        _feather(rng, dyes.petal, dyes.shade, 12),
        _feather(rng, dyes.light, dyes.shade, 11),
        _feather(rng, dyes.shade, dyes.light, 11),
    ]
    front.append(_fan(rng, dyes.petal, dyes.shade))
    return _layered(rng, "palm", dyes, [*back, *front], 2, (2.2, 4.0), ("viscose", "cotton", "linen"))


def _layered(rng: Rng, style: str, dyes: Dyes, motifs: list[Art], back: int, across, fabric) -> Design:
    """Two layers of leaves: `back` of the motifs below, the others above them, all but filling the ground."""
    box, size = (3 * PITCH, 3 * PITCH), rng.uniform(50, 66)
    density = rng.uniform(0.8, 1.15) * box[0] * box[1] / size**2
    below = [(x, y, size) for x, y in Bed(rng, box).strew(round(density * 0.42), size)]
    above = [(x, y, size * rng.uniform(0.85, 1.1)) for x, y in Bed(rng, box).strew(round(density * 0.42), size)]
    spots = spots_of(rng, below, tuple(range(back)), 50) + spots_of(rng, above, tuple(range(back, len(motifs))), 50)
    return print_on(
        rng, style, dyes.names, motifs, spots, box, len(spots), across=across, layout="all-over", fabric=fabric
    )


def jungle(rng: Rng, dye: Dyer) -> Design:
    """Monstera over banana leaves over palms, layer on layer, in four tones."""
    dyes = garden(rng, dye, FOLIAGE)
    back = [_feather(rng, dyes.shade, dyes.leaf, 11), _banana(rng, dyes.leaf, dyes.shade, dyes.ground)]
    front = [_monstera(rng, dyes.petal, dyes.light, dyes.ground), _monstera(rng, dyes.leaf, dyes.shade, dyes.ground)]
    front += [
        _banana(rng, dyes.petal, dyes.leaf, dyes.shade),
        _feather(rng, dyes.light, dyes.petal, 11),
        _monstera(rng, dyes.petal, dyes.shade, dyes.ground),
    ]
    return _layered(rng, "jungle", dyes, [*back, *front], 2, (2.2, 3.8), ("viscose", "cotton", "canvas"))


def fern(rng: Rng, dye: Dyer) -> Design:
    """Fern fronds of two sizes, tossed or all upright, over paler ones."""
    dyes = garden(rng, dye, FOLIAGE)
    names = [dyes.ground, dyes.petal, dyes.leaf, dyes.shade]
    big = [_fern(rng, names[1], names[3], int(rng.integers(17, 22))) for _ in range(3)]
    pale = [_fern(rng, names[2], names[0], 16), _fern(rng, names[3], names[2], 16)]
    box, sway = (3 * PITCH, 3 * PITCH), 25 if rng.random() < 0.4 else 180
    below = [(x, y, rng.uniform(50, 60)) for x, y in Bed(rng, box).strew(int(rng.integers(10, 13)), 50)]
    above = [(x, y, rng.uniform(50, 64)) for x, y in Bed(rng, box).strew(int(rng.integers(11, 15)), 46)]
    spots = spots_of(rng, below, (3, 4), 52, sway) + spots_of(rng, above, (0, 1, 2), 52, sway)
    return print_on(
        *(rng, "fern", names, [*big, *pale], spots, box, len(spots)),
        across=(2.2, 4.2),
        fabric=("viscose", "linen", "cotton"),
    )


CAMOUFLAGE = (
    *(("khaki", "olive", "walnut", "ink"), ("sand", "camel", "tobacco", "stone"), ("sage", "moss", "forest", "black")),
    *(
        ("dove", "slate", "charcoal", "white"),
        ("steel", "navy", "ink", "silver"),
        ("fawn", "olive", "forest", "espresso"),
    ),
    *(
        ("blush", "rose", "burgundy", "ivory"),
        ("eucalyptus", "spruce", "ink", "pistachio"),
        ("ecru", "moss", "chestnut", "forest"),
    ),
)


def camouflage(rng: Rng, dye: Dyer) -> Design:
    """Woodland disruptive: tongues and leaf-shaped flecks of three dyes, printed over one another on the fourth."""
    names = dye.of(*CAMOUFLAGE)
    box, art, stretch = (4 * PITCH, 4 * PITCH), Art(), rng.uniform(1.0, 1.9)
    for name, share, cycles in zip(names[1:], (0.36, 0.3, rng.uniform(0.12, 0.2)), (5.5, 6.0, 9.0), strict=True):
        art.apart(name, _islands(_noise(rng, 144, cycles, stretch), share, box))
    cloth = Printed(press([], [], box, names[0], art), box, "twill")
    fabric = str(rng.choice(["cotton", "canvas"]))
    return Design("camouflage", names, cloth, rng.uniform(2.4, 5), "all-over", motifs=len(art.groups[0]), fabric=fabric)


def _noise(rng: Rng, side: int, cycles: float, stretch: float) -> np.ndarray:
    """Periodic noise (side, side) around `cycles` waves a side, longer across than down, with ragged tongues."""
    fy, fx = np.meshgrid(np.fft.fftfreq(side) * side, np.fft.rfftfreq(side) * side, indexing="ij")
    radius = np.hypot(fx * stretch, fy) / cycles
    band = np.exp(-0.5 * ((radius - 1) / 0.38) ** 2) + 0.16 * np.exp(-0.5 * ((radius - 2.6) / 0.8) ** 2)
    return np.fft.irfft2(band * np.exp(2j * math.pi * rng.random(fx.shape)), s=(side, side)).astype(np.float32)


def _islands(noise: np.ndarray, share: float, box: tuple[float, float]) -> list[np.ndarray]:
    """The outlines, in the tile's units, of where noise is highest, over `share` of the tile; holes are outlines too.

    They are cut a little beyond the tile's edges, where the next tile's pieces overlap them.
    """
    edge, margin, finer = float(np.quantile(noise, 1 - share)), 2, 3
    grown = np.pad(noise, margin + 2, mode="wrap")
    grown = cv2.resize(grown, None, fx=finer, fy=finer, interpolation=cv2.INTER_CUBIC)[
        2 * finer : -2 * finer, 2 * finer : -2 * finer
    ]
    outlines, _ = cv2.findContours((grown > edge).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    unit = box[0] / (noise.shape[0] * finer)
    return [(o[::3, 0] + 0.5 - margin * finer) * unit for o in outlines if len(o) > 24]


def sprigs(rng: Rng, dye: Dyer) -> Design:
    """Watercolour sprigs of eucalyptus, olive or laurel in two tones, tossed close."""
    dyes = garden(rng, dye, FOLIAGE)
    kinds = rng.choice(["eucalyptus", "olive", "laurel"], 2, replace=False)
    names = dyes.names
    motifs = [_sprig(rng, kinds[0], dyes.ground, dyes.petal, dyes.leaf, dyes.shade, None) for _ in range(3)]
    motifs += [_sprig(rng, kinds[1], dyes.ground, dyes.leaf, dyes.petal, dyes.shade, dyes.light) for _ in range(2)]
    box = (3 * PITCH, 3 * PITCH)
    bed, spots, size = Bed(rng, box), [], rng.uniform(44, 56)
    for number in range(round(3.1e4 / size**2)):
        x, y = bed.strew(1, size * 0.5)[0]
        turn = min(rng.uniform(-180, 180, 8), key=lambda t: -_clear(bed, x, y, t, size * 0.7))
        spots.append(Spot(x, y, turn, size / 46 * rng.uniform(0.92, 1.08), number % 5, bool(rng.random() < 0.5)))
        for reach in (-0.62, 0.62):
            dx, dy = ray(turn, reach * size)
            bed.take(x + dx, y + dy, size * 0.42)
    gaps = bed.fill(7, 15, 1, 50)
    single = [
        leaf(Art(), rng, dyes.petal, 90, 40, (0, 45, 0), vein=dyes.shade, pen=2.4),
        leaf(Art(), rng, dyes.leaf, 90, 26, (0, 45, 0)),
    ]
    single.append(leaf(Art(), rng, dyes.shade, 90, 34, (0, 45, 0), vein=dyes.light, pen=3.0))
    spots = spots_of(rng, gaps, (5, 7, 6, 7), 50) + spots
    dots = Art().dots(dyes.light, 3.8, [p[:2] for p in bed.fill(4, 8, 0, 80)])
    return print_on(
        *(rng, "sprigs", names, [*motifs, *single], spots, box, len(spots) - len(gaps)),
        **{"across": (2.2, 4.4), "under": dots, "fabric": ("cotton", "linen", "cotton lawn")},
    )


def _clear(bed: Bed, x: float, y: float, turn: float, reach: float) -> float:
    """The room at both ends of a sprig."""
    dx, dy = ray(turn, reach)
    return float(bed.room_at([x + dx, x - dx], [y + dy, y - dy]).min())


AUTUMN = (
    *(("ivory", "rust", "brick", "mustard", "olive"), ("ecru", "pumpkin", "chestnut", "ochre", "moss")),
    *(("navy", "rust", "pumpkin", "mustard", "ecru"), ("forest", "pumpkin", "brick", "honey", "cream")),
    *(("chocolate", "terracotta", "rust", "honey", "sand"), ("slate", "amber", "rust", "burgundy", "cream")),
    *(("cream", "burgundy", "rust", "amber", "walnut"), ("mustard", "brick", "oxblood", "ivory", "olive")),
)


def autumn(rng: Rng, dye: Dyer) -> Design:
    """Maple, oak, ginkgo and beech as they fall, in four dyes, with acorns and small leaves between."""
    names = dye.of(*AUTUMN)
    one, two, three, four = names[1:]
    motifs = [
        _maple(rng, one, two),
        _oak(rng, two, three),
        _ginkgo(rng, three, two),
        _oak(rng, four, one),
        _maple(rng, three, one),
    ]
    motifs.append(leaf(Art(), rng, one, 92, 44, (0, 46, 0), shade=two, vein=three, pairs=6, pen=1.7, teeth=7))
    motifs.append(_acorn(rng, two, four, three))
    box = (3 * PITCH, 3 * PITCH)
    bed, size = Bed(rng, box), rng.uniform(34, 44)
    main = [(x, y, size * rng.uniform(0.85, 1.12)) for x, y in bed.strew(int(21e3 / size**2), size)]
    gaps = bed.fill(8, size * 0.6, 3, 60)
    spots = spots_of(rng, gaps, (5, 3, 6, 2, 0), 50) + spots_of(rng, main, (0, 1, 2, 3, 4, 5), 50)
    return print_on(
        *(rng, "autumn", names, motifs, spots, box, len(main)),
        across=(2.4, 4.8),
        fabric=("cotton", "flannel", "viscose"),
    )


def _acorn(rng: Rng, nut: str, cup: str, gleam: str) -> Art:
    art = Art().fill(nut, disc(rng, 26, 0.04, 9) * (0.85, 1.25))
    art.line(gleam, 3, np.array([(-9, -8), (-12, 4), (-9, 16)]), taper=0.5)
    art.fill(cup, np.array([(-29, -6), (-24, -26), (0, -34), (24, -26), (29, -6), (0, -1)]))
    return art.line(cup, 5, np.array([(0, -30), (2, -40), (8, -47)]))


def ivy(rng: Rng, dye: Dyer) -> Design:
    """Ivy that climbs from repeat to repeat, its leaves in two tones, variegated or not, with tendrils."""
    dyes = garden(rng, dye, FOLIAGE)
    rim = dyes.light if rng.random() < 0.4 else None
    motifs = [_ivy(rng, dyes.petal, dyes.shade, rim) for _ in range(3)]
    motifs += [_ivy(rng, dyes.leaf, dyes.shade), _ivy(rng, dyes.light, dyes.shade)]
    box = (3 * PITCH, 3 * PITCH)
    stems, spots, bed = Art(), [], Bed(rng, box)
    for column in range(3):
        y = np.linspace(0, box[1], 25)
        shift = rng.uniform(0, 2 * math.pi)
        x = (
            (column + 0.5) * PITCH
            + 17 * np.sin(2 * math.pi * 2 * y / box[1] + shift)
            + 7 * np.sin(2 * math.pi * y / box[1] + 2 * shift)
        )
        path = np.stack([x, y], axis=1)
        stems.line(dyes.shade, 2.6, path)
        for number in range(17):
            px, py, turn = along(path, (number + rng.uniform(-0.2, 0.2) + 0.5) / 17)
            side = 1 if number % 2 else -1
            tilt, size = turn + 180 + side * rng.uniform(50, 85), rng.uniform(0.42, 0.6)
            dx, dy = ray(tilt, 48 * size + rng.uniform(0, 7))
            stems.line(
                dyes.shade, 1.5, bezier((px, py), (px + dx * 0.4, py + dy * 0.1), (px + dx * 0.8, py + dy * 0.8), 4)
            )
            spots.append(Spot(px + dx, py + dy, tilt + rng.uniform(-25, 25), size, int(rng.integers(5))))
            bed.take(px + dx, py + dy, 48 * size)
        bed.take_line(path, 3)
    for x, y, radius in bed.fill(8, 16, 0, 40):
        stems.line(dyes.light, 1.6, coil(rng.uniform(0, 360), 42, radius * 0.95, radius * 0.08, 10, x, y), taper=0.5)
    return print_on(
        *(rng, "ivy", dyes.names, motifs, spots, box, len(spots)),
        **{"across": (2.2, 4.2), "under": stems, "layout": "all-over", "fabric": ("cotton", "linen", "chintz")},
    )


def willow(rng: Rng, dye: Dyer) -> Design:
    """After Morris's Willow Bough: slender leaves crowd on wandering stems that cross one another all over the ground."""
    dyes = garden(rng, dye, FOLIAGE)
    tones = ((dyes.petal, dyes.shade), (dyes.petal, dyes.light), (dyes.leaf, dyes.shade), (dyes.leaf, dyes.light))
    motifs = [
        leaf(Art(), rng, tone, 60, rng.uniform(15, 19), vein=vein, pen=2.2 if vein == dyes.light else 1.6)
        for tone, vein in tones
    ]
    box = (2 * PITCH, 3 * PITCH)
    under, spots = Art(), []
    for layer, (tone, count) in enumerate(((2, 2), (0, 2))):
        for column in range(count):
            path = _bough(rng, (column + 0.25 + 0.5 * layer) * box[0] / count, box)
            under.line(dyes.shade, 2.2, path)
            for number in range(26):
                x, y, turn = along(path, (number + 0.5 * layer + rng.uniform(-0.25, 0.25)) / 26)
                side = 1 if number % 2 else -1
                spots.append(
                    Spot(
                        x,
                        y,
                        turn + 180 + side * rng.uniform(24, 62),
                        rng.uniform(0.62, 0.98),
                        tone + int(rng.integers(2)),
                        side > 0,
                    )
                )
    bed = Bed(rng, box)
    for spot in spots:
        bed.take(*ray(spot.turn, 30 * spot.scale, spot.x, spot.y), 15)
    under.dots(dyes.light, 3.0, [p[:2] for p in bed.fill(2, 8, 0, 70)])
    return print_on(
        *(rng, "willow", dyes.names, motifs, spots, box, len(spots)),
        **{"across": (2.0, 3.8), "under": under, "layout": "all-over", "fabric": ("cotton", "linen", "silk")},
    )


def _bough(rng: Rng, x: float, box: tuple[float, float]) -> np.ndarray:
    """A stem that wanders from the tile's foot to its head and meets itself there."""
    y = np.linspace(box[1], 0, 25)
    phase = rng.uniform(0, 2 * math.pi, 3)
    wave = sum(
        a * np.sin(2 * math.pi * n * y / box[1] + p) for n, a, p in zip((1, 2, 3), (16, 12, 5), phase, strict=True)
    )
    return np.stack([x + wave, y], axis=1)[::-1]


def midcentury(rng: Rng, dye: Dyer) -> Design:
    """The fifties: bold blades cut in halves of two dyes, ribbed like combs, set in rows that lean by turns."""
    names = dye(int(rng.integers(4, 6)))
    ground, *tones = names
    motifs = []
    for number in range(4):
        one, two = tones[number % len(tones)], tones[(number + 1) % len(tones)]
        outline, spine = blade(rng, 96, rng.uniform(36, 50), rng.uniform(-0.08, 0.08), rng.uniform(0.4, 0.52))
        art = Art().fill(one, at(outline, 0, 48))
        if number % 2:
            art.fill(two, at(half_of(outline, spine), 0, 48))
        dashes = np.array(veins(spine, 46, 7, 0.8)).reshape(-1, 2)
        art.strokes(ground if number % 2 else two, 2.4, at(dashes, 0, 48).reshape(-1, 4))
        motifs.append(art.line(ground if number % 2 else two, 2.4, at(spine[:-1], 0, 48), taper=0.5))
    columns, rows = 4, 3
    box, lean = (columns * PITCH * 0.62, rows * PITCH * 1.02), rng.uniform(0, 35)
    spots = []
    for column in range(columns):
        for row in range(rows):
            y = (row + 0.5 * (column % 2) + 0.5) * PITCH * 1.02
            turn = (lean if (column + row) % 2 else -lean) + rng.normal(0, 3)
            spots.append(Spot((column + 0.5) * PITCH * 0.62, y, turn, rng.uniform(0.9, 1.0), int(rng.integers(4))))
    return print_on(
        *(rng, "mid-century", names, motifs, spots, box, len(spots)),
        **{"across": (2.0, 4.4), "layout": "half-drop", "fabric": ("cotton", "linen", "canvas")},
    )


STYLES = {
    "palm": palm,
    "jungle": jungle,
    "fern": fern,
    "camouflage": camouflage,
    "sprigs": sprigs,
    "autumn": autumn,
    "ivy": ivy,
    "willow": willow,
    "mid-century": midcentury,
}
