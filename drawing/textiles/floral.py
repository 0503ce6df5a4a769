"""Flowers: ditsies, large blooms, cabbage roses, trailing stems, Liberty all-overs, Nordic daisies, toile, hibiscus, sprays.

A style packs a tile with its main flowers first, then with what fills the gaps: buds, leaves, dots.
"""

from __future__ import annotations

import math

import numpy as np

from drawing.textiles.botany import (
    Art,
    Bed,
    Dyes,
    along,
    around,
    at,
    bezier,
    blade,
    coil,
    disc,
    flame,
    frill,
    garden,
    leaf,
    petal,
    print_on,
    ray,
    spots_of,
    veins,
)
from drawing.textiles.colours import Dyer
from drawing.textiles.design import PITCH, Design, Rng, Spot

# --- flower heads, in -50..50 -------------------------------------------------------------------------------------


def _simple(
    rng: Rng,
    name: str,
    centre: str,
    mark: str,
    kind: str = "round",
    count: int = 5,
    radius: float = 40.0,
    gap: str | None = None,
) -> Art:
    """A small open flower: petals, parted by lines of `gap` if wanted, strokes of shade on each, and a dotted centre."""
    art, first = Art(), rng.uniform(0, 360)
    wide = radius * rng.uniform(1.12, 1.3) * 5 / count
    for number in range(count):
        turn = first + number * 360 / count + rng.normal(0, 4)
        art.fill(
            name,
            at(petal(rng, radius * rng.uniform(0.92, 1.06), wide, kind), turn=turn),
            edge=(gap, 1.5) if gap else None,
        )
    dashes = []
    for number in range(count):
        turn = first + number * 360 / count
        for lean in (-9, 0, 9) if count < 7 else (0,):
            dashes.append(
                (*ray(turn + lean * 1.4, radius * 0.26), *ray(turn + lean, radius * (0.62 - abs(lean) * 0.012)))
            )
    art.strokes(mark, radius * 0.055, dashes)
    art.fill(centre, disc(rng, radius * 0.24))
    return art.dots(mark, radius * 0.04, around(5, radius * 0.12, first))


def _daisy(rng: Rng, name: str, centre: str, mark: str, count: int = 11, radius: float = 46.0) -> Art:
    """A daisy: two rings of narrow petals and a stippled eye."""
    art, first = Art(), rng.uniform(0, 360)
    wide = 2 * math.pi * radius * 0.72 / count * rng.uniform(0.88, 1.05)
    kind = str(rng.choice(["daisy", "spoon", "point"]))
    turns = first + np.arange(count) * 360 / count + rng.normal(0, 3, count)
    shapes = [
        at(petal(rng, radius * rng.uniform(0.9, 1.05), wide, kind, bend=rng.normal(0, 0.15)), turn=t) for t in turns
    ]
    art.fill(name, *shapes)
    art.strokes(mark, radius * 0.03, [(*ray(t, radius * 0.3), *ray(t, radius * rng.uniform(0.5, 0.75))) for t in turns])
    art.fill(centre, disc(rng, radius * 0.27))
    ring = np.concatenate([around(9, radius * 0.19), around(4, radius * 0.09)])
    return art.dots(mark, radius * 0.03, ring)


def _poppy(rng: Rng, name: str, shade: str, eye: str, dot: str, radius: float = 46.0) -> Art:
    """A poppy from above: four or five broad crumpled petals, streaked at the base, and a crown of stamens."""
    art, first, count = Art(), rng.uniform(0, 360), int(rng.integers(4, 6))
    for number in rng.permutation(count):
        turn = first + number * 360 / count + rng.normal(0, 6)
        rim = frill(rng, radius * rng.uniform(0.92, 1.05), rng.uniform(48, 56), 3, 0.05)
        art.fill(name, at(rim, turn=turn), edge=(shade, 1.1))
        art.fill(shade, at(flame(rng, radius * 0.66, 34, 3), turn=turn))
    art.fill(eye, disc(rng, radius * 0.24, 0.1))
    rays = [(*ray(t, radius * 0.24), *ray(t, radius * rng.uniform(0.32, 0.42))) for t in np.arange(0, 360, 20)]
    art.strokes(eye, radius * 0.025, rays)
    art.dots(eye, radius * 0.035, np.array(rays)[:, 2:])
    return art.dots(dot, radius * 0.04, np.concatenate([around(6, radius * 0.13), [[0, 0]]]))


def _peony(rng: Rng, dyes: Dyes, radius: float = 48.0) -> Art:
    """A full peony: rings of ruffled petals from the outside in, streaked with shade from the base and light from the rim."""
    art = Art()
    lift = np.array(ray(rng.uniform(0, 360), radius * rng.uniform(0.08, 0.2)))  # it looks a little aside
    heart = dyes.light if rng.random() < 0.6 else dyes.petal
    for ring, (count, share, spread) in enumerate(((7, 1.0, 37), (6, 0.76, 42), (5, 0.5, 50))):
        x, y = lift * ring / 2
        tone, first = (dyes.petal, dyes.petal, heart)[ring], rng.uniform(0, 360)
        for number in rng.permutation(count):
            turn, long = first + number * 360 / count + rng.normal(0, 8), radius * share * rng.uniform(0.9, 1.06)
            art.fill(
                tone, at(frill(rng, long, spread * rng.uniform(0.85, 1.1), 3, 0.06), x, y, turn), edge=(dyes.shade, 0.9)
            )
            art.fill(dyes.shade, at(flame(rng, long * (0.94 if ring < 2 else 0.75), spread * 0.5, 2), x, y, turn))
            if ring < 2 and rng.random() < 0.6:  # a few streaks where the light falls
                leans = turn + np.array([-0.5, -0.22, 0.1]) * spread + rng.normal(0, 2, 3)
                rays = [(*ray(t, long * 0.9, x, y), *ray(t, long * rng.uniform(0.62, 0.8), x, y)) for t in leans]
                art.strokes(dyes.light, radius * 0.034, rays)
    x, y = lift
    art.fill(dyes.shade, disc(rng, radius * 0.2, 0.15, 8, x, y))
    stamens = np.concatenate([around(9, radius * 0.15), around(5, radius * 0.07)]) + lift
    return art.dots(dyes.light, radius * 0.032, stamens)


def _rose(rng: Rng, dark: str, middle: str, pale: str, radius: float = 47.0) -> Art:
    """A cabbage rose: petals wrap around one another from the guard petals to a spiral heart."""
    art = Art()
    aside = np.array(ray(rng.uniform(-60, 60), radius * rng.uniform(0.1, 0.2)))
    rings = ((5, 1.0), (5, 0.77), (4, 0.54), (3, 0.33))
    turn = rng.uniform(0, 360)
    for ring, (count, share) in enumerate(rings):
        x, y = aside * (ring / 3)
        turn += 360 / count * 0.5
        span = 360 / count * 0.72
        for number in range(count):
            middle_turn = turn + number * 360 / count + rng.normal(0, 5)
            reach = radius * share * rng.uniform(0.93, 1.04)
            bowl = _bowl(rng, reach, span)
            art.fill(middle, at(bowl, x, y, middle_turn), edge=(dark, radius * 0.035))
            art.fill(dark, at(_crescent(reach * 0.78, span * 0.8, reach * 0.16), x, y, middle_turn + 4))
            if ring < 3 and (number + ring) % 3 != 1:
                art.fill(pale, at(_crescent(reach * 0.985, span * 0.62, reach * 0.13), x, y, middle_turn - 3))
    x, y = aside
    art.fill(dark, disc(rng, radius * 0.16, 0.08, 7, x, y))
    return art.line(pale, radius * 0.035, coil(turn, 40, radius * 0.02, radius * -0.014, 9, x, y))


def _bowl(rng: Rng, reach: float, span: float) -> np.ndarray:
    """A rose petal seen from above: a broad lobe with a slightly pointed, rolled rim, closed over the flower's middle."""
    turns = np.linspace(-span, span, 7)
    outs = reach * np.array([0.55, 0.88, 0.98, 1.04, 0.98, 0.88, 0.55]) * rng.normal(1, 0.02, 7)
    return np.concatenate([[ray(t, r) for t, r in zip(turns, outs, strict=True)], [(0, reach * 0.15)]])


def _crescent(reach: float, span: float, thick: float) -> np.ndarray:
    """A sickle along an arc around the origin, thickest in its middle."""
    turns = np.linspace(-span, span, 5)
    outer = [ray(t, reach) for t in turns]
    inner = [ray(t, reach - thick * math.cos(math.radians(90 * t / span))) for t in turns[1:-1][::-1]]
    return np.array(outer + inner)


def _hibiscus(rng: Rng, dyes: Dyes, radius: float = 49.0) -> Art:
    """Five ruffled petals that overlap like a fan, a flamed throat, veins, and the long column of stamens."""
    art, first = Art(), rng.uniform(0, 360)
    for number in range(5):
        turn = first + number * 72 + rng.normal(0, 4)
        long = radius * rng.uniform(0.94, 1.04)
        art.fill(dyes.petal, at(frill(rng, long, 40, 3, 0.05), turn=turn), edge=(dyes.shade, 1.1))
        rays = [
            (*ray(turn + a * 0.6, long * 0.35), *ray(turn + a, long * rng.uniform(0.66, 0.84)))
            for a in (-24, -12, 0, 12, 24)
        ]
        art.strokes(dyes.shade, 1.0, rays)
        art.fill(dyes.shade, at(flame(rng, long * 0.5, 30, 2), turn=turn))
    lean = first + 36 + rng.normal(0, 10)
    column = bezier((0, 0), ray(lean + 25, radius * 0.5), ray(lean, radius * 0.92))
    art.line(dyes.light, 4.0, column)
    ends = [np.array(along(column, s)[:2]) + ray(rng.uniform(0, 360), radius * 0.1) for s in np.linspace(0.55, 1, 9)]
    return art.dots(dyes.light, 2.6, np.array(ends))


def _tulip(rng: Rng, name: str, shade: str, light: str) -> Art:
    """A tulip head on the origin, opening upwards: side petals behind, one before, streaked."""
    art = Art()
    for side in (-1, 1):
        art.fill(shade, at(petal(rng, 44, 22, "point", bend=0.25 * side), turn=side * 20))
    for side in (-1, 1):
        art.fill(name, at(petal(rng, 42, 21, "point", bend=-0.3 * side), side * 3, 0, side * 24), edge=(shade, 0.9))
    art.fill(name, at(petal(rng, 40, 25, "point"), 0, 1), edge=(shade, 0.9))
    art.strokes(light, 1.2, [(x, -8, x * 1.5, -25 - 4 * (x == 0)) for x in (-4, 0, 4)])
    return art


def _bud(rng: Rng, name: str, shade: str, green: str) -> Art:
    """A closed bud on the origin with its sepals, pointing up."""
    art = Art()
    art.fill(name, petal(rng, 30, 22, "round"))
    art.fill(shade, at(petal(rng, 29, 11, "point"), -1, 0, 8))
    for turn in (-34, 34, 0):
        art.fill(green, at(petal(rng, 15, 8, "point"), 0, 1, turn))
    return art


def _umbel(rng: Rng, stem: str, dot: str, count: int = 9) -> Art:
    """Cow parsley: rays from one point, each with a cluster of dots."""
    art = Art()
    turns = np.linspace(-62, 62, count) + rng.normal(0, 3, count)
    ends = [ray(t, rng.uniform(36, 48)) for t in turns]
    art.line(stem, 1.8, bezier((3, 46), (4, 20), (0, 0), 4))
    art.strokes(stem, 1.3, [(0, 0, *end) for end in ends])
    return art.dots(dot, 3.4, np.concatenate([np.array(ends), np.array(ends) * 0.82 + rng.normal(0, 2.5, (count, 2))]))


def _sprig(rng: Rng, green: str, tips: str | None = None, pairs: int = 3, shade: str | None = None) -> Art:
    """A small stem of leaves, bent, with berries or a bud at its tips if wanted."""
    art = Art()
    bend = rng.uniform(-18, 18)
    spine = bezier((-bend * 0.4, 46), (bend, 10), (bend * 0.3, -34), 7)
    art.line(green, 2.0, spine)
    for number in range(pairs):
        x, y, turn = along(spine, 0.18 + 0.72 * number / pairs)
        long = 34 * (1 - 0.35 * number / pairs)
        for side in (-1, 1):
            spread = turn + side * rng.uniform(42, 60)
            leaf(art, rng, green, long, long * 0.46, (x, y, spread), shade=shade, bend=-0.15 * side)
    x, y, turn = along(spine, 1.0)
    if tips:
        berries = np.array([(x, y - 6), (x - 9, y + 2), (x + 9, y + 1)])
        return art.dots(tips, 5.2, berries)
    return leaf(art, rng, green, 24, 12, (x, y, turn), shade=shade)


def _leaves_behind(
    rng: Rng, dyes: Dyes, count: int, long: float, wide: float, inner: float = 20.0, vein: bool = True
) -> Art:
    """Leaves that look out from behind a bloom, in uneven directions."""
    art, first = Art(), rng.uniform(0, 360)
    vein_dye = dyes.ground if vein else None
    greens = [leaf(Art(), rng, dyes.leaf, long, wide, vein=vein_dye, pairs=3, pen=1.3) for _ in range(2)]
    for number in range(count):
        turn = first + number * 360 / count + rng.uniform(-22, 22)
        art.put(greens[number % 2], *ray(turn, inner), turn, rng.uniform(0.8, 1.15), bool(rng.random() < 0.5))
    return art


# --- styles -------------------------------------------------------------------------------------------------------


def ditsy(rng: Rng, dye: Dyer) -> Design:
    """Tiny mixed flowers with their leaves, tossed densely, with buds, sprigs and dots between."""
    dyes = garden(rng, dye)
    kinds = rng.permutation(["round", "heart", "point"])
    heads = [
        _simple(rng, dyes.petal, dyes.light, dyes.shade, kinds[0]),
        _simple(rng, dyes.petal, dyes.light, dyes.shade, kinds[0], radius=42),
        _simple(rng, dyes.shade, dyes.light, dyes.petal, kinds[1], int(rng.integers(5, 7))),
        _daisy(rng, dyes.light, dyes.shade, dyes.petal, 8, 40),
    ]
    motifs = [_leaves_behind(rng, dyes, 2 + n % 2, 44, 25, 22, False).put(head) for n, head in enumerate(heads)]
    bud = _bud(rng, dyes.petal, dyes.shade, dyes.leaf)
    motifs += [_sprig(rng, dyes.leaf, dyes.petal, 2), _sprig(rng, dyes.leaf, None, 2)]
    motifs.append(Art().line(dyes.leaf, 3, bezier((8, 46), (0, 30), (0, 6), 4)).put(bud, 0, 8, 0, 1.4))
    box = (4 * PITCH, 4 * PITCH)
    bed, size = Bed(rng, box), rng.uniform(24, 36)
    crowd, order = rng.uniform(0.75, 1.15), rng.uniform(0.6, 0.95)
    main = [(x, y, size * rng.uniform(0.72, 1.12)) for x, y in bed.strew(round(crowd * 3.4e4 / size**2), size, order)]
    spots = spots_of(rng, main, (0, 1, 2, 3, 0), 54)
    spots = spots_of(rng, bed.fill(size * 0.36, size * 0.7, size * 0.12, 90), (4, 5, 6, 5), 44) + spots
    dots = Art().dots(dyes.light, size * 0.08, [p[:2] for p in bed.fill(size * 0.2, size * 0.3, 0, 60)])
    return print_on(
        *(rng, "ditsy", dyes.names, motifs, spots, box),
        across=(4.0, 8.0),
        layout="tossed",
        main=len(main),
        under=dots,
        fabric=("cotton", "cotton lawn", "viscose"),
    )


def blooms(rng: Rng, dye: Dyer) -> Design:
    """Peonies or poppies a hand wide that nearly touch, over leaves, with buds in the gaps."""
    dyes = garden(rng, dye)
    peony = rng.random() < 0.55
    heads = [
        _peony(rng, dyes) if peony else _poppy(rng, dyes.petal, dyes.shade, dyes.leaf, dyes.light) for _ in range(2)
    ]
    if peony:
        heads.append(_poppy(rng, dyes.light, dyes.petal, dyes.shade, dyes.leaf))
    else:
        heads.append(_daisy(rng, dyes.light, dyes.shade, dyes.petal, 13))
    bush = [_leaves_behind(rng, dyes, int(rng.integers(4, 7)), 44, 24, 28) for _ in range(3)]
    motifs = [
        *heads,
        *bush,
        _sprig(rng, dyes.leaf, None, 4),
        Art().put(_bud(rng, dyes.petal, dyes.shade, dyes.leaf), 0, 20, 0, 1.7),
    ]
    motifs.append(_sprig(rng, dyes.leaf, dyes.light, 2))
    box = (3.4 * PITCH, 3.4 * PITCH)
    bed = Bed(rng, box)
    main = [(x, y, rng.uniform(54, 72)) for x, y in bed.strew(int(rng.integers(5, 8)), 60)]
    second = bed.fill(24, 40, 10, 7)
    flowers = spots_of(rng, main, (0, 1), 48) + spots_of(rng, second, (2,), 48)
    under = [Spot(s.x, s.y, rng.uniform(0, 360), s.scale, 3 + i % 3) for i, s in enumerate(flowers)]
    fill = spots_of(rng, bed.fill(11, 30, 4), (6, 7, 8, 6), 44)
    return print_on(
        *(rng, "large blooms", dyes.names, motifs, under + fill + flowers, box),
        across=(2.6, 4.4),
        layout="all-over",
        main=len(flowers),
        fabric=("viscose", "cotton", "silk"),
    )


def roses(rng: Rng, dye: Dyer) -> Design:
    """Cabbage roses in bouquets with their sawn leaves and buds, standing apart or crowded."""
    dyes = garden(rng, dye)
    heads = [_rose(rng, dyes.shade, dyes.petal, dyes.light) for _ in range(2)]
    greens = [leaf(Art(), rng, dyes.leaf, 40, 23, vein=dyes.ground, pairs=3, teeth=5, pen=1.3) for _ in range(3)]
    bud = _bud(rng, dyes.petal, dyes.shade, dyes.leaf)
    motifs = [_bouquet(rng, dyes, heads, greens, bud) for _ in range(3)] + [
        _rose_sprig(rng, dyes, greens, bud) for _ in range(2)
    ]
    motifs.append(Art().put(greens[0], 0, 6, -50, 1.1).put(greens[1], 0, 6, 40, 1.0))
    half_drop, crowded = rng.random() < 0.45, rng.random() < 0.5
    box = (2 * PITCH, 3 * PITCH) if half_drop else (3 * PITCH, 3 * PITCH)
    bed, reach = Bed(rng, box), 56.0 if half_drop else rng.uniform(54, 66)
    if half_drop:
        places = [
            (50 + 100 * c + rng.normal(0, 5), 50 + 100 * r + 50 * (c % 2) + rng.normal(0, 5))
            for c in (0, 1)
            for r in (0, 1, 2)
        ]
        for x, y in places:
            bed.take(x, y, reach * 0.9)
    else:
        places = bed.strew(round((3.1e4 if crowded else 2.4e4) / reach**2), reach * 0.92)
    rounds = [(x, y, reach * rng.uniform(0.92, 1.1)) for x, y in places]
    main = spots_of(rng, rounds, (0, 1, 2), 60, 50 if half_drop else 180)
    fill = spots_of(rng, bed.fill(11, 30, 7), (3, 5, 4), 48)
    return print_on(
        *(rng, "roses", dyes.names, motifs, fill + main, box),
        across=(2.6, 4.8),
        layout="half-drop" if half_drop else "tossed",
        main=len(main),
        fabric=("cotton", "cotton sateen", "viscose", "chintz"),
    )


def _bouquet(rng: Rng, dyes: Dyes, heads: list[Art], greens: list[Art], bud: Art) -> Art:
    """One to three roses of different size over leaves and buds, within a radius of about 60."""
    art, count, first = Art(), int(rng.integers(1, 4)), rng.uniform(0, 360)
    for number in range(8):
        turn = first + number * 45 + rng.uniform(-15, 15)
        art.put(greens[rng.integers(3)], *ray(turn, 20), turn + rng.uniform(-15, 15), rng.uniform(0.85, 1.1))
    for turn in rng.uniform(0, 360, 2):
        x, y = ray(turn, 44)
        art.strokes(dyes.leaf, 1.8, [(0, 0, x, y)]).put(bud, x, y, turn, 0.75)
    sizes = {1: (0.98,), 2: (0.74, 0.62), 3: (0.64, 0.56, 0.5)}[count]
    for number, size in reversed(list(enumerate(sizes))):
        x, y = ray(first + number * 360 / count, 0 if count == 1 else 26)
        art.put(heads[rng.integers(len(heads))], x, y, rng.uniform(-70, 70), size, bool(rng.random() < 0.5))
    return art


def _rose_sprig(rng: Rng, dyes: Dyes, greens: list[Art], bud: Art) -> Art:
    """A rosebud on a stem with three leaflets."""
    art = Art()
    stem = bezier((6, 44), (-8, 20), (0, -10), 6)
    art.line(dyes.leaf, 2.2, stem)
    for share, side in ((0.3, 1), (0.5, -1), (0.7, 1)):
        x, y, turn = along(stem, share)
        art.put(greens[rng.integers(3)], x, y, turn + side * 55, 0.72)
    return art.put(bud, 0, -10, rng.uniform(-15, 15), 1.15)


def trailing(rng: Rng, dye: Dyer) -> Design:
    """Stems that climb from repeat to repeat in waves, with tendrils, leaves, buds and open flowers."""
    dyes = garden(rng, dye)
    kind = str(rng.choice(["round", "heart", "point"]))
    heads = [_simple(rng, dyes.petal, dyes.light, dyes.shade, kind, 5, 46) for _ in range(2)]
    heads.append(_simple(rng, dyes.shade, dyes.light, dyes.petal, kind, 5, 46))
    heads += [
        Art().put(_bud(rng, dyes.petal, dyes.shade, dyes.leaf), 0, 12, 0, 1.6),
        _daisy(rng, dyes.light, dyes.shade, dyes.petal, 9),
    ]
    leaves = [
        leaf(Art(), rng, dyes.leaf, 50, rng.uniform(20, 28), (0, 25, 0), vein=dyes.ground, pairs=3, pen=1.8)
        for _ in range(3)
    ]
    motifs = [*heads, *leaves]
    box = (3 * PITCH, 4 * PITCH)
    bed, stems, spots = Bed(rng, box), Art(), []
    swing, waves, columns = rng.uniform(16, 26), 2, 3
    for column in range(columns):
        shift = (column % 2) * box[1] / waves / 2
        spots += _climb(rng, dyes, stems, bed, (column + 0.5) * PITCH, swing, shift, box, waves)
    flowers = sum(s.motif in (0, 1, 2, 4) for s in spots)
    spots.sort(key=lambda s: s.motif < 5)  # leaves below
    fill = spots_of(rng, bed.fill(9, 17, 1, 30), (5, 6, 7, 4), 46)
    berries = [(x + dx, y + dy) for x, y, r in bed.fill(5, 9, 0, 40) for dx, dy in around(3, 4.2, x)]
    stems.dots(dyes.light, 3.2, berries)
    return print_on(
        *(rng, "trailing stems", dyes.names, motifs, fill + spots, box),
        across=(2.8, 4.6),
        layout="half-drop",
        main=flowers,
        under=stems,
        fabric=("cotton", "viscose", "linen", "cotton lawn"),
    )


def _climb(
    rng: Rng, dyes: Dyes, stems: Art, bed: Bed, x: float, swing: float, shift: float, box, waves: int
) -> list[Spot]:
    """One stem of `waves` bends over the box; its shoots curl into each bend and end in a flower or a bud."""
    high = box[1] / waves
    y = np.linspace(0, waves, 12 * waves + 1) * high
    path = np.stack([x + swing * np.sin(2 * math.pi * (y - shift) / high), y], axis=1)
    stems.line(dyes.leaf, 3.0, path)
    bed.take_line(path, 6)
    spots, jitter = [], rng.normal(0, 5, (2 * waves, 2))
    for bend in range(2 * waves):
        side = 1 if bend % 2 else -1
        root = np.array([x + side * swing * 0.6, shift + (bend + 0.1) * high / 2])
        tip = np.array([x - side * (swing * 0.55), root[1] - high * 0.24]) + jitter[bend]
        root[0] = x + swing * math.sin(2 * math.pi * (root[1] - shift) / high)
        shoot = bezier(root, (root[0] - side * 8, tip[1] + 12), tip, 6)
        stems.line(dyes.leaf, 2.0, shoot, taper=0.4)
        radius = rng.uniform(20, 25)
        spots.append(Spot(*tip, rng.uniform(0, 360), radius / 46, int(rng.choice([0, 1, 2, 0, 1, 2, 4, 4]))))
        bed.take(*tip, radius + 1)
        bud = np.array([x + side * (swing + 20), root[1] + high * 0.02])
        start = np.array([x + swing * math.sin(2 * math.pi * (bud[1] + 26 - shift) / high), bud[1] + 26])
        twig = bezier(start, (start[0] + side * 4, bud[1] + 8), bud, 5)
        stems.line(dyes.leaf, 1.6, twig)
        spots.append(Spot(*bud, side * rng.uniform(15, 45), 0.34, 3))
        bed.take(*bud, 14)
    for number in range(10 * waves):
        place = (number + rng.uniform(-0.2, 0.2)) * high / 10
        px = x + swing * math.sin(2 * math.pi * (place - shift) / high)
        slope = (
            math.degrees(math.atan2(swing * 2 * math.pi / high * math.cos(2 * math.pi * (place - shift) / high), -1))
            - 180
        )
        turn = -slope + (1 if number % 2 else -1) * rng.uniform(45, 70)
        size = rng.uniform(0.42, 0.6)
        dx, dy = ray(turn, 25 * size)
        spots.append(Spot(px + dx, place + dy, turn, size, int(rng.integers(5, 8))))
        bed.take(px + dx, place + dy, 12)
    return spots


def liberty(rng: Rng, dye: Dyer) -> Design:
    """A meadow without gaps: many small kinds of flower, leaf and berry side by side on a ground hardly seen."""
    dyes = garden(rng, dye)
    motifs = [
        _simple(rng, dyes.petal, dyes.light, dyes.shade, "heart", 5, 48, dyes.ground),
        _simple(rng, dyes.light, dyes.shade, dyes.petal, "round", 6, 48, dyes.ground),
        _poppy(rng, dyes.petal, dyes.shade, dyes.ground, dyes.light, 48),
        _daisy(rng, dyes.light, dyes.petal, dyes.leaf, 12, 48),
        _simple(rng, dyes.shade, dyes.light, dyes.petal, "point", 7, 48),
        Art()
        .put(_tulip(rng, dyes.petal, dyes.shade, dyes.light), 0, 22)
        .line(dyes.leaf, 3, np.array([(0, 23), (2, 48)])),
        _umbel(rng, dyes.leaf, dyes.light),
        _sprig(rng, dyes.leaf, None, 4),
        _sprig(rng, dyes.leaf, dyes.petal, 3),
        _daisy(rng, dyes.petal, dyes.light, dyes.ground, 9, 46),
        Art().put(_bud(rng, dyes.shade, dyes.petal, dyes.leaf), 0, 22, 0, 1.6),
    ]
    box = (3 * PITCH, 3 * PITCH)
    bed = Bed(rng, box, 7)
    big = [(x, y, rng.uniform(19, 26)) for x, y in bed.strew(int(rng.integers(11, 16)), 23)]
    middle = bed.fill(13, 17, 3, 40)
    small = bed.fill(5.5, 11, 2.5, 110)
    spots = spots_of(rng, small, (7, 8, 10, 0, 4, 7), 46)
    spots += spots_of(rng, middle, (5, 6, 8, 9, 1, 7, 4), 47, 70) + spots_of(rng, big, (0, 1, 2, 3, 4, 2), 48)
    dots = Art().dots(dyes.leaf, 1.3, [p[:2] for p in bed.fill(2.6, 4, 1, 90)])
    return print_on(
        *(rng, "Liberty", dyes.names, motifs, spots, box),
        across=(2.4, 4.4),
        layout="all-over",
        main=len(big) + len(middle),
        under=dots,
        fabric=("cotton lawn", "silk", "cotton"),
    )


def folk(rng: Rng, dye: Dyer) -> Design:
    """Bold Nordic flowers: flat, few dyes, hand-cut edges, huge."""
    names = dye(int(rng.integers(3, 5)))
    ground, main, eye = names[:3]
    extra = names[-1]
    poppies = rng.random() < 0.5
    motifs = [_cut_poppy(rng, main, eye, ground) if poppies else _cut_daisy(rng, main, eye, ground) for _ in range(3)]
    motifs += [
        _cut_poppy(rng, extra, main if extra == eye else eye, ground)
        if poppies
        else _cut_daisy(rng, extra, main, ground)
    ]
    green = extra
    stalk = Art()
    leaf(stalk, rng, green, 90, 30, (0, 45, 0), vein=ground, pairs=5, pen=2.6)
    motifs.append(stalk)
    box = (4 * PITCH, 4 * PITCH)
    bed = Bed(rng, box)
    size = rng.uniform(48, 72)
    rounds = [
        (x, y, size * rng.uniform(0.8, 1.08))
        for x, y in bed.strew(int(rng.uniform(0.62, 0.75) * 16e4 / (3.46 * size**2)), size)
    ]
    second = bed.fill(size * 0.34, size * 0.55, -3, 12)
    spots = spots_of(rng, rounds, (0, 1, 2), 50) + spots_of(rng, second, (3,), 52)
    third = bed.fill(11, 20, 2, 40)
    spots += spots_of(rng, third, (4,), 46)
    return print_on(
        *(rng, "Nordic", names, motifs, spots, box),
        across=(2.0, 4.2),
        layout="tossed",
        main=len(rounds) + len(second),
        fabric=("cotton", "linen", "canvas"),
    )


def _cut_poppy(rng: Rng, main: str, eye: str, ground: str) -> Art:
    """One uneven round of petals cut from paper, with a rough eye and strokes of it."""
    turns = np.linspace(0, 360, 20, endpoint=False) + rng.uniform(0, 360)
    reach = 48 * (1 + np.tile([-0.17, 0.0, 0.05, 0.02], 5) + rng.normal(0, 0.025, 20))
    art = Art().fill(main, np.array([ray(t, r) for t, r in zip(turns, reach, strict=True)]))
    art.fill(eye, disc(rng, 20, 0.16, 9))
    art.strokes(
        eye, 2.2, [(*ray(t, 18), *ray(t, rng.uniform(24, 33))) for t in np.arange(0, 360, 24) + rng.uniform(-5, 5, 15)]
    )
    art.fill(ground, disc(rng, 8, 0.14, 7))
    return art.dots(eye, 1.5, around(5, 4))


def _cut_daisy(rng: Rng, main: str, eye: str, ground: str) -> Art:
    """Broad separate petals with a slit each, cut from paper."""
    art, first, count = Art(), rng.uniform(0, 360), int(rng.integers(8, 13))
    turns = first + np.arange(count) * 360 / count + rng.normal(0, 2, count)
    art.fill(main, *(at(petal(rng, rng.uniform(45, 50), 230 / count, "daisy", 0.05), turn=t) for t in turns))
    art.strokes(ground, 2.4, [(*ray(t, 24), *ray(t, rng.uniform(34, 39))) for t in turns])
    art.fill(eye, disc(rng, 15, 0.08, 9))
    return art.dots(ground, 1.7, np.concatenate([around(7, 8.5, first), [[0, 0]]]))


def toile(rng: Rng, dye: Dyer) -> Design:
    """Flowers engraved in one dye: outlines, hatched shade and stipple, in sprays that half-drop."""
    names = dye.of(
        *(("ivory", "crimson"), ("cream", "cobalt"), ("white", "navy"), ("ecru", "black"), ("ivory", "forest")),
        *(("shell", "burgundy"), ("white", "black"), ("navy", "ivory"), ("black", "white"), ("ice", "indigo")),
        *(("oatmeal", "chocolate"), ("butter", "raspberry"), ("sage", "ivory"), ("ivory", "plum"), ("rose", "ivory")),
    )
    heads = [_engraved_flower(rng, *names, 34), _engraved_flower(rng, *names, 30)]
    greens = [_engraved_leaf(rng, *names) for _ in range(3)]
    motifs = [_engraved_spray(rng, *names, heads, greens) for _ in range(3)] + [
        _engraved_stem(rng, names[1], greens) for _ in range(2)
    ]
    motifs.append(Art().put(greens[0], 4, 4, 60, 0.9).put(greens[1], -4, 4, -60, 0.9).put(heads[1], 0, 0, 0, 0.95))
    box = (3 * PITCH, 3 * PITCH)
    bed, size = Bed(rng, box), rng.uniform(54, 66)
    main = [(x, y, size * rng.uniform(0.94, 1.06)) for x, y in bed.strew(round(2.1e4 / size**2), size)]
    spots = spots_of(rng, main, (0, 1, 2), 58, 60)
    gaps = bed.fill(12, 34, 7)
    spots = (
        spots_of(rng, [g for g in gaps if g[2] > 22], (5, 3, 5, 4), 46)
        + spots_of(rng, [g for g in gaps if g[2] <= 22], (3, 4), 46)
        + spots
    )
    dots = Art().dots(names[1], 1.0, [p[:2] for p in bed.fill(4, 6, 0, 80)])
    return print_on(
        *(rng, "toile", names, motifs, spots, box),
        across=(2.2, 4.0),
        layout="tossed",
        main=len(main),
        under=dots,
        fabric=("cotton", "linen", "silk"),
    )


def _engraved_flower(rng: Rng, ground: str, ink: str, radius: float) -> Art:
    """An anemone in line: petals from behind to before, hatched from the base, with a stippled eye."""
    art, first = Art(), rng.uniform(0, 360)
    for ring, (count, share) in enumerate(((6, 1.0), (5, 0.66))):
        for number in rng.permutation(count):
            turn = first + ring * 31 + number * 360 / count + rng.normal(0, 5)
            long = radius * share * rng.uniform(0.94, 1.05)
            art.fill(ground, at(frill(rng, long, 36, 2, 0.05), turn=turn), edge=(ink, 1.2))
            leans = np.array([-22, -13, -5, 4, 13, 22])
            ends = long * rng.uniform(0.5, 0.8, 6) * (1 - np.abs(leans) / 70)
            fan = [(*ray(turn + a, long * 0.2), *ray(turn + a, e)) for a, e in zip(leans, ends, strict=True)]
            art.strokes(ink, 1.0, fan)
    art.fill(ink, disc(rng, radius * 0.2, 0.1))
    return art.dots(ink, 1.1, around(11, radius * 0.29)).dots(ground, 1.2, around(5, radius * 0.1))


def _engraved_leaf(rng: Rng, ground: str, ink: str) -> Art:
    """A leaf in line, 40 units long from the origin up, closely veined."""
    outline, spine = blade(rng, 40, 19, rng.uniform(-0.25, 0.25), 0.42)
    art = Art().fill(ground, outline, edge=(ink, 1.1)).line(ink, 1.1, spine[:-1], taper=0.5)
    return art.strokes(ink, 0.9, veins(spine, 19, 7))


def _engraved_spray(rng: Rng, ground: str, ink: str, heads: list[Art], greens: list[Art]) -> Art:
    """A bloom with a smaller one, leaves and buds on thin stems."""
    art = Art()
    lean = rng.uniform(-20, 20)
    for turn in (lean - 130, lean - 75, lean + 70, lean + 120, lean + 165, lean - 165):
        art.put(greens[rng.integers(3)], *ray(turn, 20), turn + rng.uniform(-15, 15), rng.uniform(0.8, 1.0))
    for turn in (lean - 35, lean + 40):
        x, y = ray(turn, 46)
        art.line(ink, 1.5, bezier((0, 0), ray(turn - 14, 28), (x, y), 5))
        art.fill(ground, at(petal(rng, 15, 11, "point"), x, y, turn), edge=(ink, 1.2))
        lines = np.array([(-2, -2), (-2.4, -9), (0.5, -2), (0.5, -11), (2.6, -2), (2.8, -8)])
        art.strokes(ink, 0.9, at(lines, x, y, turn).reshape(-1, 4))
    art.put(heads[1], *ray(lean + 100, 24), rng.uniform(0, 360), 0.75)
    return art.put(heads[0], *ray(lean - 60, 8), rng.uniform(0, 360))


def _engraved_stem(rng: Rng, ink: str, greens: list[Art]) -> Art:
    art = Art()
    stem = bezier((rng.uniform(-10, 10), 46), (12, 10), (0, -12), 6)
    art.line(ink, 1.6, stem)
    for share, side in ((0.15, 1), (0.3, -1), (0.5, 1), (0.68, -1), (0.85, 1)):
        x, y, turn = along(stem, share)
        art.put(greens[rng.integers(3)], x, y, turn + side * 50, rng.uniform(0.6, 0.8))
    return art.put(greens[0], 0, -12, rng.uniform(-10, 10), 0.85)


ALOHA = (  # ground, petal, shade, leaf, light
    *(("navy", "coral", "scarlet", "teal", "butter"), ("scarlet", "ivory", "coral", "cherry", "butter")),
    *(("cobalt", "white", "sky", "cornflower", "saffron"), ("black", "fuchsia", "plum", "emerald", "marigold")),
    *(("teal", "ivory", "coral", "petrol", "marigold"), ("ivory", "watermelon", "crimson", "fern", "saffron")),
    *(("turquoise", "tangerine", "scarlet", "teal", "butter"), ("marigold", "scarlet", "cherry", "moss", "ivory")),
    *(("forest", "carnation", "raspberry", "fern", "canary"), ("white", "lagoon", "petrol", "aqua", "marigold")),
    *(("burgundy", "shell", "rose", "crimson", "butter"), ("lilac", "white", "orchid", "violet", "canary")),
)


def hibiscus(rng: Rng, dye: Dyer) -> Design:
    """An aloha shirt: hibiscus in clusters on palm fronds, the fronds close to the ground's dye."""
    dyes = garden(rng, dye, ALOHA)
    flowers = [_hibiscus(rng, dyes) for _ in range(3)]
    fronds = [_frond(rng, dyes.leaf, int(rng.integers(9, 12))) for _ in range(2)]
    broad = [leaf(Art(), rng, dyes.leaf, 96, 40, (0, 48, 0), vein=dyes.ground, pairs=6, pen=1.8) for _ in range(2)]
    motifs = [*flowers, *fronds, *broad, Art().put(_bud(rng, dyes.petal, dyes.shade, dyes.leaf), 0, 22, 0, 1.6)]
    box = (3 * PITCH, 3 * PITCH)
    bed = Bed(rng, box)
    main = [(x, y, rng.uniform(46, 60)) for x, y in bed.strew(int(rng.integers(5, 7)), 50)]
    heads = spots_of(rng, main, (0, 1, 2), 49)
    under = []
    for head in heads:
        first = rng.uniform(0, 360)
        for number in range(4):
            turn = first + number * 90 + rng.uniform(-25, 25)
            dx, dy = ray(turn, 56 * head.scale)
            under.append(Spot(head.x + dx, head.y + dy, turn, rng.uniform(0.8, 1.1), int(rng.choice([3, 4, 3, 5, 6]))))
            bed.take(head.x + dx, head.y + dy, 28)
    gaps = bed.fill(9, 30, 12, 24)
    fill = spots_of(rng, [g for g in gaps if g[2] > 17], (5, 3, 6, 4), 46) + spots_of(
        rng, [g for g in gaps if g[2] <= 17], (7, 5), 40
    )
    return print_on(
        *(rng, "hibiscus", dyes.names, motifs, under + fill + heads, box),
        across=(2.2, 4.0),
        layout="all-over",
        main=len(main),
        fabric=("viscose", "cotton", "silk"),
    )


def _frond(rng: Rng, name: str, pairs: int) -> Art:
    """A feather palm: slender leaflets that shorten to both ends of a bent rib."""
    art = Art()
    rib = bezier((0, 50), (rng.uniform(-16, 16), 0), (rng.uniform(-10, 10), -44), 8)
    art.line(name, 2.0, rib)
    for number in range(pairs):
        share = 0.12 + 0.86 * number / pairs
        x, y, turn = along(rib, share)
        long = 46 * math.sin(math.pi * (0.2 + 0.68 * share)) ** 0.8
        for side in (-1, 1):
            where = (x, y, turn + side * (68 - 42 * share + rng.normal(0, 3)))
            leaf(art, rng, name, long * rng.uniform(0.9, 1.05), 6.5, where, bend=0.22 * side)
    return leaf(art, rng, name, 22, 6, along(rib, 1.0), bend=0.0)


def botanical(rng: Rng, dye: Dyer) -> Design:
    """Sprays as in an herbal: tulips, bells, daisies and cow parsley, each on its stem with its own leaves."""
    dyes = garden(rng, dye)
    kinds = rng.permutation(["tulip", "daisy", "umbel", "bells", "cup"])[:4]
    motifs = [_spray(rng, dyes, kind) for kind in kinds]
    motifs += [_sprig(rng, dyes.leaf, dyes.light, 2), _sprig(rng, dyes.leaf, dyes.shade, 2)]
    box = (4 * PITCH, 4 * PITCH)
    bed = Bed(rng, box)
    upright = rng.random() < 0.6
    spots = []
    for number in range(int(rng.integers(14, 18))):
        ((x, y),) = bed.strew(1, 40)
        turn = rng.uniform(-24, 24) if upright else rng.uniform(-180, 180)
        spots.append(Spot(x, y, turn, rng.uniform(1.05, 1.3), number % 4, bool(rng.random() < 0.5)))
        for reach, radius in ((30, 26), (-30, 20)):
            dx, dy = ray(turn, reach)
            bed.take(x + dx, y + dy, radius)
    fill = spots_of(rng, bed.fill(7, 18, 3, 60), (4, 5), 46, 40 if upright else 180)
    dots = Art().dots(dyes.light, 3.0, [p[:2] for p in bed.fill(4, 7, 0, 80)])
    return print_on(
        *(rng, "botanical sprays", dyes.names, motifs, fill + spots, box),
        across=(2.4, 4.4),
        layout="tossed",
        main=len(spots),
        under=dots,
        fabric=("cotton", "linen", "viscose", "silk"),
    )


def _spray(rng: Rng, dyes: Dyes, kind: str) -> Art:
    """One plant, root at the bottom, heads at the top."""
    art, head = Art(), _head(rng, dyes, kind)
    greens = [leaf(Art(), rng, dyes.leaf, 30, 10, vein=dyes.ground, pen=1.1) for _ in range(2)]
    for number, (turn, high) in enumerate(((rng.uniform(-6, 6), 60), (-26, 42), (24, 48))):
        x, y = ray(turn, high)
        tip = np.array([x, y + 48])
        stem = bezier((0, 50), (x * 0.2, 50 - high * 0.6), tip, 6)
        art.line(dyes.leaf, 2.0, stem)
        for share, side in ((0.25, 1), (0.45, -1)):
            px, py, heading = along(stem, share)
            tilt = heading + side * rng.uniform(24, 46)
            art.put(greens[rng.integers(2)], px, py, tilt, rng.uniform(0.8, 1.1) * (1.45 if kind == "tulip" else 1.0))
        art.put(head, *tip, along(stem, 1.0)[2], 1.0 if number == 0 else 0.75, bool(rng.random() < 0.5))
    return art


def _head(rng: Rng, dyes: Dyes, kind: str) -> Art:
    """The head of a spray's stem, which ends at the origin."""
    if kind == "tulip":
        return Art().put(_tulip(rng, dyes.petal, dyes.shade, dyes.light), 0, 4, 0, 0.82)
    if kind == "daisy":
        return Art().put(_daisy(rng, dyes.light, dyes.shade, dyes.petal, 11), 0, -4, 0, 0.5)
    if kind == "umbel":
        return Art().put(_umbel(rng, dyes.leaf, dyes.petal, 9), 0, 0, 0, 0.6)
    if kind == "cup":
        return Art().put(_simple(rng, dyes.petal, dyes.light, dyes.shade, "heart", 5, 46, dyes.ground), 0, -4, 0, 0.46)
    bell, art = _bud(rng, dyes.petal, dyes.shade, dyes.leaf), Art()
    for side, drop in ((-1, 0), (1, 3), (-1, 13), (1, 16)):
        art.put(bell, side * 4, drop, 180 + side * -50, 0.6)
    return art


STYLES = {
    "ditsy": ditsy,
    "large blooms": blooms,
    "roses": roses,
    "trailing stems": trailing,
    "Liberty": liberty,
    "Nordic": folk,
    "toile": toile,
    "hibiscus": hibiscus,
    "botanical sprays": botanical,
}
