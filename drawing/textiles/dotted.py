"""Dots: set by a lattice, strewn, painted, ringed, woven in as clipped threads, knitted, or growing and shrinking."""

from __future__ import annotations

import math

import numpy as np

from drawing.textiles.colours import Dyer
from drawing.textiles.design import (
    PITCH,
    Design,
    Knitted,
    Printed,
    Rng,
    Spot,
    circle,
    fill,
    lattice,
    line,
    place,
    smooth,
    svg,
)
from drawing.textiles.figures import Box, Hand, around, patch, strewn

Dot = tuple[float, float, float, str]  # x, y, radius, trade name


def _discs(dots: list[Dot], box: Box) -> str:
    """Perfect discs, with their copies across the edges."""
    return "".join(circle(a, b, r, fill(name)) for x, y, r, name in dots for a, b in around(x, y, r + 1, box))


def _on(rng: Rng, *grounds: str) -> str:
    """A ground structure; most dotted cloth is plain."""
    return str(rng.choice(["plain", "plain", *grounds]))


def _fabric(ground: str) -> str:
    return {"satin": "satin", "jersey": "jersey", "twill": "silk"}.get(ground, "cotton")


def pin(rng: Rng, dye: Dyer) -> Design:
    """Tiny dots, dense: a shirting."""
    names = dye(2)
    staggered = rng.random() < 0.75
    radius = rng.uniform(9, 17)
    dots = (
        [(25.0, 25.0, radius, names[1]), (75.0, 75.0, radius, names[1])]
        if staggered
        else [(50.0, 50.0, radius * 1.2, names[1])]
    )
    box = (PITCH, PITCH)
    layout = "half-drop" if staggered else "straight"
    ground = _on(rng, "twill", "satin")
    cloth = Printed(svg(_discs(dots, box), box, names[0]), box, ground)
    return Design("pin", names, cloth, rng.uniform(10, 20), layout, motifs=len(dots), fabric=_fabric(ground))


def polka(rng: Rng, dye: Dyer) -> Design:
    """The classic: one dot, one lattice; now and then a second colour takes turns."""
    names = dye(3 if rng.random() < 0.2 else 2)
    layout = str(rng.choice(["half-drop", "half-drop", "half-drop", "brick", "straight"]))
    radius = rng.uniform(20, 36)
    spots, box = lattice(rng, layout, len(names) - 1, 1.0)
    dots = [(s.x, s.y, radius, names[1 + s.motif]) for s in spots]
    if layout == "straight" and rng.random() < 0.3:  # a pin dot in each space
        dots += [(s.x + 50, s.y + 50, radius * 0.3, names[-1]) for s in spots]
    ground = _on(rng, "jersey", "twill", "satin")
    cloth = Printed(svg(_discs(dots, box), box, names[0]), box, ground)
    return Design("polka", names, cloth, rng.uniform(3.5, 9), layout, motifs=len(dots), fabric=_fabric(ground))


def sizes(rng: Rng, dye: Dyer) -> Design:
    """Dots of several sizes, strewn or set so that small ones fill the room between the large."""
    names = dye(int(rng.integers(2, 4)))
    ground = _on(rng, "jersey")
    if rng.random() < 0.4:
        spots, box = lattice(rng, "straight", 2, 1.0)
        large, small = rng.uniform(30, 40), rng.uniform(7, 15)
        dots = [(s.x, s.y, large if s.motif == 0 else large * 0.62, names[1]) for s in spots]
        dots += [(s.x + 50, s.y + 50, small, names[-1]) for s in spots]
        layout = "straight"
    else:
        radii = np.sort(rng.choice([8.0, 14.0, 22.0, 34.0], 24, p=[0.4, 0.3, 0.2, 0.1]) * rng.uniform(0.9, 1.1))[::-1]
        radii[0] = 38
        side = math.sqrt((np.pi * radii**2).sum() / rng.uniform(0.26, 0.36))
        box = (side, side)
        places = strewn(rng, radii, box)
        dots = [
            (x, y, r, names[1 + i % (len(names) - 1)]) for i, ((x, y), r) in enumerate(zip(places, radii, strict=True))
        ]
        layout = "tossed"
    cloth = Printed(svg(_discs(dots, box), box, names[0]), box, ground)
    return Design("sizes", names, cloth, rng.uniform(3, 6), layout, motifs=len(dots), fabric=_fabric(ground))


def _dab(rng: Rng, name: str, ground: str, dry: bool) -> str:
    """One touch of a round brush, bristles showing where it ran dry."""
    turn = np.linspace(0, 2 * math.pi, 11, endpoint=False)
    oval = rng.uniform(0.72, 1.0)
    reach = 38 * (1 + 0.1 * np.sin(2 * turn + rng.uniform(0, 6)) + rng.uniform(-0.07, 0.07, 11))
    body = smooth(np.stack([reach * np.cos(turn), oval * reach * np.sin(turn)], axis=1), fill(name))
    if dry:
        for _ in range(int(rng.integers(2, 5))):
            y = rng.uniform(-20, 20)
            x = math.sqrt(max(0.0, 38**2 - (y / oval) ** 2))
            points = np.array([[x * 1.1, y], [x * rng.uniform(0.3, 0.7), y + rng.uniform(-2, 2)]])
            body += smooth(points, line(ground, rng.uniform(1.2, 2.6)), closed=False)
    return body


def painted(rng: Rng, dye: Dyer) -> Design:
    """Dabs of a brush, by hand: no two alike, rows not quite straight."""
    names = dye(int(rng.choice([2, 2, 3, 4])))
    dry = bool(rng.random() < 0.5)
    motifs = [_dab(rng, names[1 + i % (len(names) - 1)], names[0], dry) for i in range(6)]
    if rng.random() < 0.5:
        scales = np.sort(rng.uniform(0.45, 1.0, 11))[::-1]
        box = (3.6 * PITCH * scales.mean() / 0.75,) * 2
        places, layout = strewn(rng, scales * 38, box), "tossed"
    else:
        spots, _ = lattice(rng, "half-drop", 1, 1.0)
        box = (4 * PITCH, 4 * PITCH)
        places = np.array([(s.x + i, s.y + j) for i in (0, 200) for j in (0, 200) for s in spots])
        places = (places + rng.normal(0, 5, places.shape)) % 400
        scales, layout = rng.uniform(0.75, 0.95, len(places)), "half-drop"
    spots = [
        Spot(x, y, rng.uniform(-25, 25), s, i % 6, bool(rng.random() < 0.5))
        for i, ((x, y), s) in enumerate(zip(places, scales, strict=True))
    ]
    cloth = Printed(place(motifs, spots, box, names[0]), box, _on(rng, "twill"))
    return Design("painted", names, cloth, rng.uniform(3, 7), layout, motifs=len(spots), fabric="viscose")


def dalmatian(rng: Rng, dye: Dyer) -> Design:
    """Uneven spots from specks to large ones, on a pale or a dark ground."""
    names = dye(2)
    radii = np.sort(np.clip(rng.lognormal(math.log(17), 0.5, 28), 6, 42))[::-1]
    side = math.sqrt((np.pi * radii**2).sum() / rng.uniform(0.25, 0.38))
    body = ""
    for (x, y), r in zip(strewn(rng, radii, (side, side), 60), radii, strict=True):
        shape = patch(rng, r, 0.13, 10) * (1, rng.uniform(0.75, 1.1))
        body += "".join(smooth(shape + place, fill(names[1])) for place in around(x, y, r * 1.4, (side, side)))
    ground = _on(rng, "satin", "jersey", "twill")
    cloth = Printed(svg(body, (side, side), names[0]), (side, side), ground)
    return Design("dalmatian", names, cloth, rng.uniform(3.5, 7), "tossed", motifs=len(radii), fabric=_fabric(ground))


def _ring(rng: Rng, names: list[str], kind: int) -> str:
    """Coins, hoops, targets, a hoop with a dot astray in it, two hoops interlaced."""
    other = names[-1]
    if kind == 0:
        return (
            circle(0, 0, 38, fill(names[1]))
            + circle(0, 0, rng.uniform(20, 28), fill(names[0]))
            + circle(0, 0, 9, fill(other))
        )
    if kind == 1:
        return circle(0, 0, 34, line(names[1], rng.uniform(5, 12))) + circle(0, 0, rng.uniform(12, 20), fill(other))
    if kind == 2:
        radii = (43, 33, 23, 12)
        return "".join(
            circle(0, 0, r, fill(n)) for r, n in zip(radii, (names[1], names[0], other, names[0]), strict=True)
        )
    if kind == 3:
        at = rng.uniform(6, 12)
        return circle(0, 0, 40, fill(names[1])) + circle(at, -at, 22, fill(names[0])) + circle(at, -at, 11, fill(other))
    return circle(-11, 0, 28, line(names[1], 7)) + circle(13, 0, 28, line(other, 7))


def ring(rng: Rng, dye: Dyer) -> Design:
    """Rings, coin dots and targets."""
    names = dye(int(rng.integers(2, 5)))
    kind = int(rng.integers(5))
    motifs = [_ring(rng, [names[0], names[1], names[-1]], kind)]
    if len(names) == 4:
        motifs.append(_ring(rng, [names[0], names[2], names[3]], kind))
    layout = str(rng.choice(["straight", "half-drop", "brick"]))
    spots, box = lattice(rng, layout, len(motifs), rng.uniform(0.8, 1.1))
    cloth = Printed(place(motifs, spots, box, names[0]), box, _on(rng, "twill", "satin"))
    return Design("ring", names, cloth, rng.uniform(3.5, 8), layout, motifs=len(spots))


def confetti(rng: Rng, dye: Dyer) -> Design:
    """Dots of many colours, strewn: all alike, or of all sizes."""
    names = dye(int(rng.integers(4, 6)))
    count = 25
    radii = np.full(count, 17.0) if rng.random() < 0.5 else np.sort(rng.uniform(7, 26, count))[::-1]
    side = math.sqrt((np.pi * radii**2).sum() / rng.uniform(0.17, 0.33))
    dots = [
        (x, y, r, names[1 + i % (len(names) - 1)])
        for i, ((x, y), r) in enumerate(zip(strewn(rng, radii, (side, side)), radii, strict=True))
    ]
    cloth = Printed(svg(_discs(dots, (side, side)), (side, side), names[0]), (side, side), _on(rng, "jersey"))
    return Design("confetti", names, cloth, rng.uniform(3, 6.5), "tossed", motifs=count)


def _tuft(rng: Rng, name: str) -> str:
    """A clipped dot: a knot of floating threads with their cut ends on either side."""
    body = ""
    for y in np.linspace(-13, 13, 6):
        reach = 15 * math.sqrt(1 - (y / 18) ** 2)
        left, right = reach + rng.uniform(2, 9), reach + rng.uniform(2, 9)
        points = np.array(
            [[-left, y + rng.uniform(-3, 3)], [-reach * 0.5, y], [reach * 0.5, y], [right, y + rng.uniform(-3, 3)]]
        )
        body += smooth(points, line(name, rng.uniform(4.6, 6.0)), closed=False)
    return body


def clip(rng: Rng, dye: Dyer) -> Design:
    """Swiss dots: extra weft floats into small knots and is clipped between them."""
    names = dye(2 if rng.random() < 0.7 else 3)
    motifs = [_tuft(rng, names[1 + i % (len(names) - 1)]) for i in range(4)]
    box = (4 * PITCH, 4 * PITCH)
    half = bool(rng.random() < 0.7)
    spots = [
        Spot((i + 0.5) * PITCH, (j + 0.5 + 0.5 * half * (i % 2)) * PITCH, 0, 0.95, (i + j) % len(motifs))
        for i in range(4)
        for j in range(4)
    ]
    cloth = Printed(place(motifs, spots, box, names[0]), box, "plain")
    layout = "half-drop" if half else "straight"
    return Design("clip", names, cloth, rng.uniform(5, 11), layout, motifs=len(spots), fabric="voile")


def rows(rng: Rng, dye: Dyer) -> Design:
    """Dots strung to stripes: columns of one size beside columns of another, some on a band of their own."""
    names = dye(int(rng.integers(3, 5)))
    level = rng.random() < 0.4
    band = bool(rng.random() < 0.5)
    wide = 38.0 if band else 0.0
    dots, body = [], f'<rect x="31" y="-1" width="{wide}" height="202" {fill(names[-1])}/>' if band else ""
    on_band = names[1] if band else names[-1]
    dots += [(50.0, 25.0 + 50 * i, 13.0, on_band) for i in range(4)]
    small = rng.uniform(5, 9)
    for x in (100.0, 125.0, 150.0)[: int(rng.integers(1, 4))] if rng.random() < 0.5 else (100.0, 150.0):
        step = 25.0
        dots += [(x, step * (i + 0.5), small, names[1 + (len(names) == 4)]) for i in range(8)]
    dots += [(175.0, 50.0 * i + 25, small * 1.5, names[1]) for i in range(4)]
    box = (200.0, 200.0)
    if level:
        dots = [(y, x, r, name) for x, y, r, name in dots]
        body = body and f'<rect y="31" x="-1" height="{wide}" width="202" {fill(names[-1])}/>'
    cloth = Printed(svg(body + _discs(dots, box), box, names[0]), box, _on(rng, "twill"))
    angle = 90.0 if level else 0.0
    return Design("rows", names, cloth, rng.uniform(4, 9), "straight", angle, motifs=len(dots))


def knitted(rng: Rng, dye: Dyer) -> Design:
    """Dots knitted in: single stitches ("lice"), or round ones of many."""
    names = dye(int(rng.integers(2, 4)))
    fabric = str(rng.choice(["wool", "jersey"]))
    if rng.random() < 0.3:
        cell = np.zeros((8, 8), dtype=np.uint8)
        cell[1, 1], cell[5, 5] = 1, len(names) - 1
        return Design("knitted", names, Knitted(cell), rng.uniform(6, 12), "half-drop", motifs=2, fabric=fabric)
    radius = rng.uniform(2.2, 5.2)
    wide = 2 * math.ceil(radius * rng.uniform(2.2, 3.2))
    high = 2 * round(wide * 1.25 / 2)
    y, x = np.mgrid[0:high, 0:wide]
    cell = np.zeros((high, wide), dtype=np.uint8)
    for number, (i, j) in enumerate(((0.25, 0.25), (0.75, 0.75))):
        away = np.hypot(x - int(wide * i), (y - int(high * j)) / 1.25)
        cell[away <= radius] = 1 + number % (len(names) - 1)
    return Design("knitted", names, Knitted(cell), rng.uniform(2.2, 5), "half-drop", motifs=2, fabric=fabric)


def large(rng: Rng, dye: Dyer) -> Design:
    """A few big spots; one may fill the picture."""
    names = dye(int(rng.integers(2, 5)))
    kind = int(rng.integers(3))
    hand = Hand(rng, 1.2 if rng.random() < 0.4 else 0.0)
    radius = rng.uniform(33, 44)
    motifs = []
    for name in names[1:]:
        disc = circle(0, 0, radius, fill(name)) if hand.shake == 0 else hand.round(0, 0, radius, name)
        if kind == 1:  # a moon: another colour lies over it, aside
            disc += circle(radius * 0.16, -radius * 0.16, radius * 0.66, fill(names[0]))
        if kind == 2 and len(names) > 2:
            disc += circle(0, 0, radius * 0.5, fill(names[1] if name != names[1] else names[2]))
        motifs.append(disc)
    layout = str(rng.choice(["half-drop", "straight", "brick"]))
    if len(motifs) == 3:
        spots, box = lattice(rng, layout, 1, 1.0)
        spots, box = lattice(rng, "straight", 2, 1.0) if layout == "straight" else (spots, box)
        spots = [Spot(s.x, s.y, 0, 1, (0, 1, 2, 1)[i]) for i, s in enumerate(spots)]
    else:
        spots, box = lattice(rng, layout, len(motifs), 1.0)
    ground = _on(rng, "jersey", "satin")
    cloth = Printed(place(motifs, spots, box, names[0]), box, ground)
    return Design("large", names, cloth, rng.uniform(1.2, 2.6), layout, motifs=len(spots), fabric=_fabric(ground))


def halftone(rng: Rng, dye: Dyer) -> Design:
    """Op art: rows of dots that grow and shrink, in waves, in columns or towards a middle."""
    names = dye(2 if rng.random() < 0.7 else 3)
    count = 2 * int(rng.integers(5, 8))
    pitch = 4 * PITCH / count
    kind = int(rng.integers(4))
    row_of = [0.5, 1.0][int(rng.random() < 0.6)]  # staggered rows lie nearer
    dots = []
    for j in range(count):
        for i in range(count):
            x, y = (i + 0.5 + (0.5 * (j % 2) if row_of == 1.0 else 0)) / count, (j + 0.5) / count
            swell = (
                math.cos(2 * math.pi * y),
                math.cos(2 * math.pi * x),
                0.5 * (math.cos(2 * math.pi * x) + math.cos(2 * math.pi * y)),
                math.cos(2 * math.pi * (y + 0.13 * math.sin(2 * math.pi * x)) * 2),
            )[kind]
            name = names[1] if len(names) == 2 else names[1 + (swell > 0)]
            dots.append((x * 400, y * 400, pitch * (0.28 + 0.17 * swell), name))
    box = (400.0, 400.0)
    cloth = Printed(svg(_discs(dots, box), box, names[0]), box, _on(rng, "satin", "jersey"))
    layout = "brick" if row_of == 1.0 else "straight"
    return Design("halftone", names, cloth, rng.uniform(4, 9), layout, motifs=len(dots))


STYLES = {
    "pin": pin,
    "polka": polka,
    "sizes": sizes,
    "painted": painted,
    "dalmatian": dalmatian,
    "ring": ring,
    "confetti": confetti,
    "clip": clip,
    "rows": rows,
    "knitted": knitted,
    "large": large,
    "halftone": halftone,
}
