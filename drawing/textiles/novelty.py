"""Conversational prints: fruit, boats, birds, cats, letters ... each motif in several versions, small ones between.

A motif is drawn in -50..50, its points written as "x,y x,y" with y downwards; a Hand gives every one its wobble.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drawing.textiles.colours import Dyer, rgb
from drawing.textiles.design import PITCH, Design, Printed, Rng, Spot, circle, line, path, place
from drawing.textiles.figures import Hand, mirrored, spots_of, strewn
from selvedge.colour import oklab


def _hand(rng: Rng, ink: str) -> Hand:
    """A third of the designs are inked: thin outlines over the colours."""
    inked = rng.random() < 0.35
    return Hand(rng, rng.uniform(0.5, 1.1), ink if inked else "", rng.uniform(1.5, 2.8))


def _turned(body: str, turn: float, x: float = 0, y: float = 0, scale: float = 1.0, flip: bool = False) -> str:
    across = -scale if flip else scale
    return f'<g transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f}) scale({across:.3f} {scale:.3f})">{body}</g>'


def _arc(x: float, y: float, radius: float, start: float, end: float, count: int = 9) -> np.ndarray:
    """Points on a circle, from one angle (degrees, clockwise from the right) to another."""
    turn = np.radians(np.linspace(start, end, count))
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)


def _darkest(names: Sequence[str]) -> str:
    return min(names, key=lambda name: oklab(rgb(name))[0])


def _conversation(
    rng: Rng,
    style: str,
    names: list[str],
    motifs: list[str],
    fillers: list[str],
    *,
    sway: float = 20.0,
    room: float = 1.0,
    across: tuple[float, float] = (3.0, 6.5),
    toss: float = 0.6,
    flip: bool = True,
) -> Design:
    """Motifs strewn, or set in staggered or straight rows; fillers in the room between. `motifs` counts both.

    `room` is the reach of a motif over that of a full one (45 units).
    """
    ground = str(rng.choice(["plain", "plain", "plain", "jersey", "twill", "satin"]))
    fabric = {"jersey": "jersey", "satin": "silk", "twill": "silk"}.get(ground, "cotton")
    variants = [*motifs, *fillers]
    few = len(fillers) * int(rng.integers(1, 4)) if fillers and rng.random() < 0.75 else 0
    if rng.random() < toss:
        count = max(len(motifs), int(rng.integers(6, 10)))
        few = few and max(few, count)
        scales = np.sort(rng.uniform(0.72, 1.05, count))[::-1]
        radii = np.concatenate([45 * room * scales, np.full(few, 11.0)])
        side = math.sqrt((np.pi * radii**2).sum() / rng.uniform(0.42, 0.55))
        points = strewn(rng, radii, (side, side))
        spots = [
            Spot(x, y, rng.uniform(-sway, sway), s, i % len(motifs), flip and bool(rng.random() < 0.5))
            for i, ((x, y), s) in enumerate(zip(points, scales, strict=False))
        ]
        spots += [
            Spot(x, y, rng.uniform(-180, 180), 1.0, len(motifs) + i % len(fillers))
            for i, (x, y) in enumerate(points[count:])
        ]
        box, layout = (side, side), "tossed"
    else:
        spots, box, layout = _rows(rng, len(motifs), len(fillers) if few else 0, min(sway, 12.0), room, flip)
    cloth = Printed(place(variants, spots, box, names[0]), box, ground)
    return Design(style, names, cloth, rng.uniform(*across), layout, motifs=len(spots), fabric=fabric)


def _rows(rng: Rng, motifs: int, fillers: int, sway: float, room: float, flip: bool):
    """Spots in rows, as few as show every version, with fillers in the middle between; the box and the layout."""
    layout = str(rng.choice(["half-drop", "brick", "straight"]))
    columns, rows = (2, 2) if motifs <= 4 else (4, 2) if motifs <= 8 else (4, 4)
    if motifs <= 4 and rng.random() < 0.3:
        columns = 4
    scale = rng.uniform(0.84, 1.0) / room**0.5
    face = flip and bool(rng.random() < 0.5)  # every other column looks the other way
    box = (columns * PITCH, rows * PITCH)
    spots = []
    for i in range(columns):
        for j in range(rows):
            x = (i + 0.5 + 0.5 * (j % 2) * (layout == "brick")) * PITCH
            y = (j + 0.5 + 0.5 * (i % 2) * (layout == "half-drop")) * PITCH
            spots.append(
                Spot(x % box[0], y, rng.uniform(-sway, sway), scale, (i + columns * j) % motifs, face and i % 2 == 1)
            )
            if fillers and layout == "straight":
                turn = rng.uniform(-20, 20)
                spots.append(Spot((x + 50) % box[0], (y + 50) % box[1], turn, 1.0, motifs + (i + 2 * j) % fillers))
    return spots, box, layout


# --- fruit --------------------------------------------------------------------------------------------------------


def _leaf(hand: Hand, x: float, y: float, turn: float, long: float, name: str, vein: str, wide: float = 0.34) -> str:
    """A leaf from its stalk at (x, y), pointing along `turn` degrees, with its midrib."""
    w = long * wide
    outline = np.array(
        [[0, 0], [0.3 * long, -w], [0.68 * long, -w * 0.8], [long, 0], [0.7 * long, w * 0.6], [0.3 * long, w * 0.8]]
    )
    body = hand.shape(outline, name)
    if vein:
        body += hand.stroke(
            np.array([[0.08 * long, 0], [0.5 * long, -0.04 * long], [0.84 * long, 0]]), vein, max(1.3, 0.045 * long)
        )
    return _turned(body, turn, x, y)


def _cherry(hand: Hand, x: float, y: float, radius: float, names: Sequence[str]) -> str:
    body = hand.round(x, y, radius, names[1], 0.95)
    shine = _arc(x, y, radius * 0.62, 190, 265, 4)
    return (
        body
        + hand.stroke(shine, names[3], radius * 0.36)
        + hand.stroke(_arc(x, y - radius * 0.86, radius * 0.3, 30, 150, 3), names[2], 2.2)
    )


def cherries(rng: Rng, dye: Dyer) -> Design:
    names = dye.of(
        *(
            ("ivory", "scarlet", "fern", "blush"),
            ("powder blue", "cherry", "forest", "coral"),
            ("black", "scarlet", "apple", "blush"),
        ),
        *(
            ("butter", "crimson", "emerald", "carnation"),
            ("mint", "raspberry", "bottle", "powder"),
            ("navy", "watermelon", "sage", "white"),
        ),
        *(
            ("white", "cherry", "olive", "rose"),
            ("carnation", "crimson", "emerald", "white"),
            ("sky", "scarlet", "bottle", "white"),
        ),
    )
    hand = _hand(rng, _darkest(names))
    green = names[2]
    pair = hand.stroke("-21,6 -14,-12 -2,-28 10,-40", green, 3) + hand.stroke("20,8 20,-10 16,-26 10,-40", green, 3)
    pair += _leaf(hand, 10, -40, rng.uniform(5, 35), 34, green, names[3]) + hand.round(10, -40, 3, green)
    pair += _cherry(hand, -21, 21, 18, names) + _cherry(hand, 21, 25, 18, names)
    three = hand.stroke("-26,2 -18,-20 0,-40", green, 2.8) + hand.stroke("4,8 4,-14 0,-40", green, 2.8)
    three += hand.stroke("30,-2 18,-22 0,-40", green, 2.8) + _leaf(hand, 0, -40, 160, 32, green, names[3])
    three += _leaf(hand, 0, -40, 10, 26, green, names[3]) + _cherry(hand, -26, 14, 15, names)
    three += _cherry(hand, 31, 10, 15, names) + _cherry(hand, 4, 25, 16, names)
    one = (
        hand.stroke("0,4 4,-14 -4,-36", green, 3)
        + _leaf(hand, -4, -34, 20, 36, green, names[3])
        + _cherry(hand, 0, 20, 20, names)
    )
    fillers = [hand.round(0, 0, 5, names[1]), _leaf(hand, -9, 0, 0, 18, green, "")]
    return _conversation(rng, "cherries", names, [pair, three, pair, one], fillers, sway=35)


def _blossom(hand: Hand, radius: float, petal: str, eye: str, count: int = 5) -> str:
    body = ""
    for t in np.linspace(0, 2 * math.pi, count, endpoint=False) + 0.3:
        body += hand.round(radius * 0.62 * math.cos(t), radius * 0.62 * math.sin(t), radius * 0.46, petal)
    return body + hand.round(0, 0, radius * 0.27, eye)


def _slice(hand: Hand, radius: float, rind: str, pith: str, flesh: str, segments: int = 8, half: bool = False) -> str:
    """A cut citrus: rind, pith and segments; or half of it."""
    end = 180 if half else 360
    if half:
        body = hand.shape(_arc(0, 0, radius, 0, end, 13), rind) + hand.shape(
            _arc(0, 0, radius * 0.86, 2, end - 2, 13), pith
        )
    else:
        body = hand.round(0, 0, radius, rind) + hand.round(0, 0, radius * 0.87, pith)
    count = segments // 2 if half else segments
    for i in range(count):
        a, b = i * end / count + 4, (i + 1) * end / count - 4
        wedge = np.vstack([_arc(0, 0, radius * 0.12, (a + b) / 2, (a + b) / 2, 1), _arc(0, 0, radius * 0.74, a, b, 4)])
        body += Hand(hand.rng, 0.4).facet(wedge, flesh)
    return body


def lemons(rng: Rng, dye: Dyer) -> Design:
    """Lemons, or oranges by the dyes: whole with leaves, sliced, and in blossom."""
    names = dye.of(
        *(
            ("white", "saffron", "canary", "fern"),
            ("powder blue", "saffron", "cream", "emerald"),
            ("cobalt", "canary", "ivory", "apple"),
        ),
        *(
            ("navy", "saffron", "ivory", "sage"),
            ("ivory", "tangerine", "apricot", "olive"),
            ("blush", "pumpkin", "cream", "emerald"),
        ),
        *(
            ("sky", "canary", "white", "bottle"),
            ("forest", "marigold", "cream", "moss"),
            ("mint", "lime", "ivory", "bottle"),
        ),
    )
    hand = _hand(rng, names[3])
    outline = "-46,2 -37,-8 -24,-24 0,-29 24,-24 36,-9 45,-2 37,7 24,24 0,29 -24,24 -37,10"
    whole = _leaf(hand, 34, -10, -50, 36, names[3], names[2]) + _leaf(hand, 30, -16, -100, 30, names[3], names[2])
    whole += hand.shape(outline, names[1]) + hand.shape("-29,-8 -14,-22 8,-23 0,-14 -16,-5", names[2])
    whole += "".join(hand.round(rng.uniform(-14, 26), rng.uniform(2, 18), 1.7, names[2]) for _ in range(8))
    sprig = hand.stroke("-34,-36 -14,-34 6,-26 10,-18", names[3], 3.2) + _leaf(
        hand, -14, -34, 140, 34, names[3], names[2]
    )
    sprig += _leaf(hand, -2, -30, -40, 38, names[3], names[2]) + _turned(
        hand.shape(outline, names[1]), 70, 10, 12, 0.72
    )
    sprig += _turned(hand.shape("-29,-8 -14,-22 8,-23 0,-14 -16,-5", names[2]), 70, 10, 12, 0.72)
    cut = _slice(hand, 34, names[1], names[2], names[1])
    half = _turned(_slice(hand, 38, names[1], names[2], names[1], 10, True), 0, 0, -14)
    fillers = [_blossom(hand, 13, names[2], names[1]), _leaf(hand, -10, 0, 0, 20, names[3], "")]
    return _conversation(rng, "lemons", names, [whole, cut, sprig, half], fillers, sway=70)


def strawberries(rng: Rng, dye: Dyer) -> Design:
    names = dye.of(
        *(
            ("ivory", "scarlet", "fern", "butter"),
            ("powder", "crimson", "emerald", "white"),
            ("sky", "watermelon", "bottle", "white"),
        ),
        *(
            ("black", "scarlet", "apple", "cream"),
            ("white", "raspberry", "olive", "butter"),
            ("bottle", "coral", "sage", "ivory"),
        ),
        *(("mint", "scarlet", "forest", "white"), ("navy", "watermelon", "celadon", "white")),
    )
    hand = _hand(rng, _darkest(names))
    motifs = []
    for wide, long in ((30, 40), (26, 44), (33, 36)):
        half = f"0,-16 {wide * 0.6:.0f},-20 {wide},-8 {wide * 0.86:.0f},12 {wide * 0.45:.0f},{long * 0.78:.0f} 0,{long}"
        berry = hand.stroke("0,-18 4,-32 12,-44", names[2], 4) + hand.shape(mirrored(half), names[1])
        for row, y in enumerate(range(-6, long - 6, 9)):
            reach = wide * (0.78 - 0.62 * max(0, y) / long)
            for x in np.arange(-reach + 4 + 5 * (row % 2), reach - 2, 11):
                berry += _turned(hand.round(0, 0, 1.9, names[3], 1.7), -0.3 * x, float(x), float(y))
        for turn in (-175, -140, -100, -60, -15, 20, 165):
            berry += _leaf(hand, 0, -17, turn + rng.uniform(-8, 8), rng.uniform(17, 24), names[2], "", 0.24)
        motifs.append(berry)
    flower = _blossom(hand, 26, names[3], names[2]) + _leaf(hand, 16, 16, 45, 26, names[2], names[3])
    fillers = [_blossom(hand, 12, names[3], names[1]), _leaf(hand, -9, 0, 0, 18, names[2], "")]
    return _conversation(rng, "strawberries", names, [*motifs, flower], fillers, sway=35)


def pineapples(rng: Rng, dye: Dyer) -> Design:
    names = dye.of(
        *(
            ("white", "saffron", "emerald", "tobacco"),
            ("blush", "marigold", "jade", "brick"),
            ("navy", "saffron", "eucalyptus", "rust"),
        ),
        *(
            ("mint", "honey", "bottle", "chestnut"),
            ("black", "mustard", "kelly", "walnut"),
            ("powder blue", "ochre", "forest", "espresso"),
        ),
        *(("teal", "saffron", "mint", "rust"), ("coral", "butter", "bottle", "brick")),
    )
    hand = _hand(rng, names[3])
    motifs = []
    for wide, long in ((21, 44), (24, 40), (19, 46)):
        body = ""
        for turn in (-165, -15, -145, -35, -125, -55, -108, -72, -90):
            body += _leaf(
                hand,
                0,
                -2,
                turn + rng.uniform(-6, 6),
                rng.uniform(30, 40) * (1.2 if turn == -90 else 1),
                names[2],
                "",
                0.16,
            )
        body += hand.shape(
            mirrored(f"0,-8 {wide * 0.7},-5 {wide},10 {wide * 0.95},26 {wide * 0.6},{long - 3} 0,{long}"), names[1]
        )
        for k in range(-3, 4):
            for way in (-1, 1):
                t = np.linspace(0, 1, 12)
                x, y = way * (t * 60 - 30 + k * 13), -4 + t * 46
                inside = np.abs(x) < wide * np.sqrt(np.clip(1 - ((y - 18) / (long - 16)) ** 2, 0, 1)) * 0.96
                if inside.sum() > 2:
                    body += hand.stroke(np.stack([x, y], axis=1)[inside][[0, -1]], names[3], 1.8)
        motifs.append(body)
    fillers = [_leaf(hand, -10, 0, 0, 20, names[2], ""), hand.round(0, 0, 5, names[1])]
    return _conversation(rng, "pineapples", names, motifs, fillers, sway=25)


def watermelon(rng: Rng, dye: Dyer) -> Design:
    names = dye.of(
        *(("white", "watermelon", "kelly", "mint", "black"), ("butter", "scarlet", "bottle", "pistachio", "ink")),
        *(("sky", "coral", "emerald", "ivory", "espresso"), ("powder", "watermelon", "forest", "celadon", "black")),
        *(("navy", "coral", "jade", "ivory", "black"), ("ivory", "rose", "fern", "pistachio", "chocolate")),
    )
    hand = Hand(rng, 0.5)

    def seeds(places: str) -> str:
        return "".join(_turned(hand.round(0, 0, 3.0, names[4], 1.7), -0.9 * x, x, y) for x, y in spots_of(places))

    half = hand.shape(_arc(0, -16, 44, 0, 180, 15), names[2]) + hand.shape(_arc(0, -16, 39, 1, 179, 15), names[3])
    half += hand.shape(_arc(0, -16, 34, 1, 179, 15), names[1]) + seeds("-20,-8 -8,-4 8,-4 20,-8 -12,6 1,9 13,5")
    wedge = hand.facet(np.vstack([[[0, -42]], _arc(0, -42, 74, 60, 120, 7)]), names[2])
    wedge += hand.facet(np.vstack([[[0, -42]], _arc(0, -42, 68, 60, 120, 7)]), names[3])
    wedge += hand.facet(np.vstack([[[0, -42]], _arc(0, -42, 62, 60.5, 119.5, 7)]), names[1]) + seeds(
        "0,-18 -7,-2 8,-1 -13,11 0,10 14,11"
    )
    bitten = hand.shape(_arc(0, -10, 42, 10, 170, 13), names[2]) + hand.shape(_arc(0, -10, 37, 10, 170, 13), names[3])
    bitten += (
        hand.shape(_arc(0, -10, 32, 11, 169, 13), names[1])
        + hand.round(-8, -8, 9, names[0])
        + hand.round(7, -6, 9, names[0])
    )
    bitten += seeds("-18,3 -4,11 12,8")
    fillers = [hand.round(0, 0, 3.4, names[4], 1.6), hand.round(0, 0, 5, names[1])]
    return _conversation(rng, "watermelon", names, [half, wedge, half, bitten], fillers, sway=60)


# --- sky and sea --------------------------------------------------------------------------------------------------


def _star(hand: Hand, radius: float, name: str, points: int = 5, inner: float = 0.42) -> str:
    turn = np.linspace(0, 2 * math.pi, 2 * points, endpoint=False) - math.pi / 2
    reach = radius * np.tile([1.0, inner], points)
    return hand.facet(np.stack([np.cos(turn) * reach, np.sin(turn) * reach], axis=1), name)


def stars(rng: Rng, dye: Dyer) -> Design:
    """Cut-out stars, outlined stars, stars on stars, sparks."""
    names = dye(int(rng.integers(2, 5)))
    hand = Hand(rng, rng.uniform(0, 1.6))
    inner = rng.uniform(0.38, 0.5)
    motifs = []
    for name in names[1:]:
        motifs += [_star(hand, 44, name, 5, inner), _star(hand, 31, name, 5, inner)]
    if rng.random() < 0.5:
        motifs[1] = (
            _star(hand, 44, names[-1], 5, inner)
            + _star(hand, 33, names[0], 5, inner)
            + _star(hand, 22, names[1], 5, inner)
        )
    if rng.random() < 0.3:
        motifs.append(_star(hand, 42, names[1], 4, 0.2))
    fillers = [hand.round(0, 0, 4, names[1]), _star(hand, 11, names[-1], 5, inner), _star(hand, 10, names[1], 4, 0.25)]
    return _conversation(rng, "stars", names, motifs, fillers, sway=30, room=0.9, across=(3, 8))


def _moon(hand: Hand, radius: float, name: str, bite: float = 0.46) -> str:
    outer = _arc(0, 0, radius, 40, 320, 13)
    inner = _arc(radius * bite, 0, radius * 0.78, 310, 50, 9)
    return hand.shape(np.vstack([outer, inner]), name)


def clouds(rng: Rng, dye: Dyer) -> Design:
    """Moons, clouds and stars for night-clothes."""
    names = dye.of(
        *(
            ("navy", "white", "butter", "sky"),
            ("midnight", "ivory", "saffron", "steel"),
            ("powder blue", "white", "mustard", "denim"),
        ),
        *(
            ("blush", "white", "honey", "rose"),
            ("dove", "white", "canary", "slate"),
            ("lavender", "ivory", "butter", "violet"),
        ),
        *(("ivory", "sky", "marigold", "indigo"), ("indigo", "ice", "straw", "cornflower")),
    )
    hand = _hand(rng, names[3])
    outline = "-42,16 -46,2 -34,-8 -28,-22 -12,-24 2,-34 20,-28 28,-13 42,-9 45,6 38,16 10,18 -20,18"
    cloud = (
        hand.shape(outline, names[1])
        + hand.stroke("-26,4 -14,9 0,6", names[3], 2.4)
        + hand.stroke("6,-14 16,-12 20,-4", names[3], 2.4)
    )
    rainy = _turned(hand.shape(outline, names[3]), 0, 0, -12, 0.82)
    for x in (-22, -4, 14):
        rainy += hand.stroke(f"{x + 4},10 {x},20", names[1], 3.4) + hand.stroke(
            f"{x + 10},24 {x + 6},34", names[1], 3.4
        )
    moon = (
        _moon(hand, 38, names[2])
        + hand.stroke("-24,-6 -19,-3 -14,-6", names[3], 2.2)
        + hand.round(-16, 12, 2, names[3])
    )
    star = _star(hand, 26, names[2]) + _turned(_star(hand, 11, names[1]), 20, 30, -26)
    low = _turned(cloud, 0, 0, 4, 0.72)
    fillers = [_star(hand, 10, names[2]), hand.round(0, 0, 3.4, names[1]), _star(hand, 9, names[1], 4, 0.25)]
    return _conversation(rng, "clouds", names, [cloud, moon, low, star, rainy], fillers, sway=14)


def boats(rng: Rng, dye: Dyer) -> Design:
    names = dye(4)
    hand = _hand(rng, _darkest(names[1:]))
    hull, sail, flag = names[1], names[2], names[3]
    wave = hand.stroke("-40,36 -28,31 -16,36 -4,31 8,36 20,31 32,36 42,32", flag, 3)
    sloop = hand.stroke("0,-44 0,18", hull, 3) + hand.shape("4,-42 10,-26 26,-2 36,12 20,13 4,12", sail)
    sloop += hand.shape("-4,-34 -12,-14 -30,10 -16,12 -4,12", flag) + hand.facet("-36,17 38,17 27,33 -25,33", hull)
    sloop += hand.stroke("-30,22 32,22", sail, 2.4) + wave
    two = (
        hand.stroke("-12,-36 -12,18", hull, 3)
        + hand.stroke("14,-28 14,18", hull, 3)
        + hand.facet("-42,18 44,14 30,34 -32,34", hull)
    )
    two += hand.shape("-15,-34 -22,-14 -38,8 -26,11 -15,11", sail) + hand.shape("-9,-34 2,-16 10,10 0,12 -9,10", sail)
    two += hand.shape("17,-26 26,-10 36,9 26,11 17,10", flag) + hand.facet("-12,-46 -12,-37 4,-41", flag)
    two += "".join(hand.round(x, 26, 2.3, sail) for x in (-18, -4, 10)) + wave
    paper = hand.facet("-44,4 -16,6 0,-28 16,6 44,4 26,30 -26,30", sail) + hand.facet("0,-28 16,6 -2,10", flag)
    paper += hand.stroke("-24,29 -14,8 0,28 14,8 26,29", hull, 2.2) + wave
    fillers = [
        hand.stroke("-13,2 -7,-3 0,2 7,-3 13,2", flag, 2.4),
        hand.stroke("-12,-4 -5,-6 0,2 5,-6 12,-4", hull, 2.4),
    ]
    return _conversation(rng, "boats", names, [sloop, two, sloop, paper], fillers, sway=7)


def nautical(rng: Rng, dye: Dyer) -> Design:
    """Anchors, wheels, lifebuoys."""
    names = dye.of(
        *(
            ("white", "navy", "scarlet", "sky"),
            ("navy", "white", "scarlet", "mustard"),
            ("ivory", "cobalt", "coral", "saffron"),
        ),
        *(
            ("scarlet", "white", "navy", "sand"),
            ("powder blue", "navy", "white", "brick"),
            ("ecru", "petrol", "rust", "aqua"),
        ),
        *(("midnight", "ivory", "honey", "denim"),),
    )
    hand = Hand(rng, 0.5)
    main, second, third = names[1:]
    anchor = (
        circle(0, -36, 7, line(main, 4.5))
        + hand.stroke("0,-28 0,38", main, 6.5)
        + hand.stroke("-18,-18 18,-18", main, 6)
    )
    anchor += hand.stroke("-34,8 -30,26 -14,38 0,40 14,38 30,26 34,8", main, 6.5)
    anchor += hand.facet("-42,16 -35,0 -25,14", main) + hand.facet("42,16 35,0 25,14", main)
    rope = hand.stroke("2,-36 20,-30 14,-8 -12,-2 -16,14 8,18 18,28 12,44", second, 3.4)
    wheel = "".join(
        _turned(path("M0,-8V-40", line(main, 5.5)) + circle(0, -41, 3.6, line(main, 3.6)), t) for t in range(0, 360, 45)
    )
    wheel += (
        circle(0, 0, 27, line(main, 6.5))
        + circle(0, 0, 27, line(third, 1.8))
        + hand.round(0, 0, 10, main)
        + hand.round(0, 0, 4.5, second)
    )
    buoy = circle(0, 0, 28, line(second, 17))
    for turn in (20, 110, 200, 290):
        d = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in _arc(0, 0, 28, turn, turn + 42))
        buoy += path(d, line(third, 17).replace("round", "butt", 1))
    buoy += circle(0, 0, 39, line(main, 2.2))
    fillers = [
        _star(hand, 10, second),
        hand.round(0, 0, 4, third),
        hand.stroke("-13,2 -7,-3 0,2 7,-3 13,2", third, 2.6),
    ]
    return _conversation(
        rng, "nautical", names, [anchor + rope, wheel, anchor, buoy], fillers, sway=22, across=(3, 6.5)
    )


# --- animals ------------------------------------------------------------------------------------------------------


def swallows(rng: Rng, dye: Dyer) -> Design:
    names = dye(int(rng.integers(3, 5)))
    hand = _hand(rng, names[-1])
    motifs = []
    for lean, spread in ((0, 1.0), (24, 0.9), (-18, 1.05)):
        half = "0,-30 5,-26 7,-15 18,-20 33,-16 47,4 32,-3 19,0 9,7 6,17 9,28 15,46 5,29 0,20"
        bird = hand.shape(mirrored(half) * (spread, 1), names[1])
        bird += hand.shape(mirrored("0,-16 4,-10 4,4 0,12"), names[2]) + hand.round(0, -22, 3.8, names[-1])
        bird += hand.stroke("12,-13 24,-11 33,-6", names[-1], 3) + hand.stroke("-12,-13 -24,-11 -33,-6", names[-1], 3)
        motifs.append(f'<g transform="skewX({lean})">{bird}</g>')
    side = hand.shape(
        "-44,-4 -34,-14 -22,-14 -8,-6 2,-26 24,-44 18,-20 14,-4 26,4 46,0 30,10 44,20 20,14 0,12 -22,8 -36,2", names[1]
    )
    side += hand.shape("-32,0 -20,0 -4,6 8,11 -8,12 -24,7", names[2]) + hand.round(-32, -7, 1.8, names[2])
    side += hand.shape("-42,-4 -32,-6 -22,1 -24,7 -36,3", names[-1]) + hand.stroke("4,-12 10,-24 18,-34", names[2], 1.8)
    motifs.append(side)
    fillers = [
        hand.round(0, 0, 3.6, names[-1]),
        _leaf(hand, -8, 0, 0, 16, names[-1], ""),
        hand.round(0, 0, 3, names[2]),
    ]
    return _conversation(rng, "swallows", names, motifs, fillers, sway=40)


def fish(rng: Rng, dye: Dyer) -> Design:
    names = dye(4)
    hand = _hand(rng, _darkest(names[1:]))
    a, b, c = names[1:]
    body = "-42,0 -30,-14 -8,-20 14,-13 27,-4 43,-17 38,0 43,17 27,5 14,13 -8,19 -30,13"
    eye = hand.round(-27, -4, 4.6, names[0]) + circle(-27.5, -4, 2.2, f'fill="{_hex(b)}"')
    gill = hand.stroke("-19,-12 -15,0 -19,11", b, 2.4)
    fins = hand.shape("-14,-17 -4,-30 16,-25 12,-12", b) + hand.shape("-6,17 6,28 12,24 8,14", b)
    banded = fins + hand.shape(body, a) + eye + gill
    for x in (-6, 6, 17):
        h = 18 - 0.35 * abs(x + 6)
        banded += hand.stroke(np.array([[x, -h + 3], [x + 4, 0], [x, h - 3]]), c, 5)
    scaly = fins + hand.shape(body, c) + eye + gill
    for x, y in spots_of("-10,-8 -10,4 0,-12 0,-1 0,10 10,-6 10,5 19,0"):
        scaly += hand.stroke(_arc(x, y, 4.6, -80, 80, 4), a, 1.9)
    scaly += hand.stroke("32,-6 39,-11", a, 2) + hand.stroke("32,0 38,0", a, 2) + hand.stroke("32,6 39,11", a, 2)
    slim = hand.shape("-46,0 -30,-8 -4,-10 22,-5 32,-2 45,-11 40,0 45,11 32,3 22,5 -4,9 -30,7", b)
    slim += hand.shape("-40,2 -20,3 6,3 26,1 4,8 -26,7", a) + hand.round(-33, -2, 2.4, names[0])
    slim += "".join(hand.round(x, -4, 1.7, c) for x in (-12, -3, 6, 15))
    weed = hand.stroke("0,42 -8,24 4,6 -6,-14 2,-34", c, 3.4) + "".join(
        _leaf(hand, x, y, turn, 19, c, "", 0.28)
        for x, y, turn in ((-5, 26, 200), (2, 12, -25), (-2, -4, 205), (-3, -18, -30))
    )
    fillers = [circle(0, 0, 5, line(c, 2)) + circle(9, -9, 2.8, line(c, 1.7)), hand.round(0, 0, 3.2, a)]
    return _conversation(rng, "fish", names, [banded, scaly, slim, banded, weed], fillers, sway=14)


def _hex(name: str) -> str:
    return "#" + "".join(f"{value:02x}" for value in rgb(name))


def cats(rng: Rng, dye: Dyer) -> Design:
    names = dye(int(rng.integers(3, 5)))
    hand = _hand(rng, _darkest(names[1:]))
    coat, accent, other = names[1], names[2], names[-1]
    motifs = []
    for body_of, trim in ((coat, accent), (other, coat if other != coat else accent)):
        trim = trim if trim != body_of else names[0]
        tail = hand.stroke("18,38 34,38 42,26 36,12 42,2", body_of, 7)
        sitting = tail + hand.shape("-8,-14 8,-12 15,0 23,18 24,34 19,43 0,44 -16,43 -16,30 -12,14 -14,0", body_of)
        sitting += hand.facet("-21,-24 -20,-46 -6,-34", body_of) + hand.facet("14,-24 14,-46 0,-34", body_of)
        sitting += hand.shape("-22,-22 -18,-34 -4,-37 10,-34 15,-22 10,-11 -3,-7 -17,-11", body_of)
        sitting += (
            hand.round(-11, -24, 2.6, trim) + hand.round(3, -24, 2.6, trim) + hand.facet("-6,-18 -2,-18 -4,-16", trim)
        )
        for way in (-1, 1):  # whiskers
            sitting += hand.stroke(f"{-4 + 5 * way},-16 {-4 + 20 * way},-19", trim, 1.3)
            sitting += hand.stroke(f"{-4 + 5 * way},-14 {-4 + 20 * way},-13", trim, 1.3)
        sitting += (
            hand.shape("-9,-5 -3,-2 4,-5 4,8 -3,17 -9,8", trim)
            + hand.stroke("-13,-5 -3,-1 8,-5", trim, 4.5)
            + hand.stroke("-4,24 -4,42", trim, 1.8)
            + hand.stroke("12,24 6,34 8,42", trim, 1.8)
        )
        motifs.append(sitting)
    lying = hand.stroke("34,18 46,10 44,-4", coat, 7) + hand.shape(
        "-26,2 -8,-8 16,-8 34,0 40,14 34,24 0,26 -30,24 -34,12", coat
    )
    lying += hand.facet("-42,-8 -41,-26 -29,-17", coat) + hand.facet("-14,-8 -16,-26 -26,-17", coat)
    lying += hand.shape("-43,-4 -37,-17 -26,-18 -15,-14 -12,-3 -20,6 -36,6", coat)
    lying += hand.stroke("-36,-4 -33,-2 -30,-4", accent, 1.8) + hand.stroke("-25,-4 -22,-2 -19,-4", accent, 1.8)
    lying += "".join(hand.stroke(np.array([[x, -6], [x + 3, 2]]), accent, 4) for x in (0, 10, 20))
    motifs.append(lying)
    paw = hand.round(0, 3, 5, other) + "".join(
        hand.round(x, y, 2.2, other) for x, y in ((-6, -2), (-2.2, -6), (2.2, -6), (6, -2))
    )
    return _conversation(rng, "cats", names, motifs, [paw, hand.round(0, 0, 3, accent)], sway=12)


def dogs(rng: Rng, dye: Dyer) -> Design:
    names = dye(int(rng.integers(3, 5)))
    hand = _hand(rng, _darkest(names[1:]))
    coat, accent, other = names[1], names[2], names[-1]
    back = "-45,-6 -36,-12 -30,-20 -20,-21 -13,-12 -8,-7 14,-8 32,-7 39,0 38,14 36,27 28,27 "
    below = "27,15 6,14 -8,15 -9,27 -17,27 -19,13 -25,4 -36,0 -44,-1"
    long = hand.stroke("36,-2 43,-10 45,-20", coat, 4) + hand.shape(back + below, coat)
    long += hand.shape("-25,-19 -17,-19 -12,-8 -15,2 -21,2 -25,-8", accent) + hand.round(-32, -12, 1.8, names[0])
    coated = other != accent  # a dog with a colour to spare wears a coat
    if coated:
        long += hand.shape("-8,-8 14,-9 22,-7 22,12 8,15 -8,14", other) + hand.stroke("-8,2 22,2", accent, 2)
    long += hand.round(-45, -4, 2.4, accent) + hand.stroke("-20,6 -14,2 -10,-5", other, 4.5)
    sits = hand.stroke("20,36 32,32 36,22", coat, 5) + hand.shape(
        "-10,-8 6,-10 14,4 22,20 24,38 14,43 2,42 2,28 -4,42 -14,43 -12,28 -14,8", coat
    )
    sits += hand.shape("-34,-16 -26,-24 -18,-36 -2,-38 8,-28 8,-14 0,-6 -14,-5 -28,-6", coat) + hand.round(
        -34, -14, 3.4, accent
    )
    sits += hand.shape("-2,-36 8,-34 14,-18 8,-6 2,-14", accent) + hand.round(-16, -24, 2, names[0])
    sits += hand.stroke("-12,-4 -2,-1 8,-6", other, 5) + hand.shape("-12,-3 8,-5 -4,14", other)
    head = hand.shape("-24,-18 0,-26 24,-18 26,2 16,16 12,30 0,35 -12,30 -16,16 -26,2", coat)
    head += hand.shape("-22,-20 -36,-14 -40,6 -32,20 -24,4", accent) + hand.shape(
        "22,-20 36,-14 40,6 32,20 24,4", accent
    )
    head += (
        hand.round(-10, -2, 2.8, names[0])
        + hand.round(10, -2, 2.8, names[0])
        + hand.shape("-6,16 0,13 6,16 0,22", accent)
    )
    head += (
        hand.stroke("-8,26 0,23 8,26", accent, 1.9)
        + hand.facet("-16,33 0,36 -16,44", other)
        + hand.facet("16,33 0,36 16,44", other)
    )
    bone = "".join(hand.round(x, y, 4, other) for x in (-9, 9) for y in (-3, 3)) + hand.stroke("-8,0 8,0", other, 5)
    return _conversation(rng, "dogs", names, [long, sits, long, head], [bone, hand.round(0, 0, 3.4, accent)], sway=12)


# --- things -------------------------------------------------------------------------------------------------------


def hearts(rng: Rng, dye: Dyer) -> Design:
    """Cut out, outlined, striped, one within another."""
    names = dye(int(rng.integers(2, 5)))
    hand = Hand(rng, rng.uniform(0.3, 1.8))
    wide = rng.uniform(0.88, 1.1)
    half = "0,-17 10,-30 26,-34 40,-22 41,-4 30,13 14,27 0,40"

    def heart(name: str, scale: float = 1.0) -> str:
        return hand.shape(mirrored(half) * (wide * scale, scale), name)

    motifs = [heart(name) for name in names[1:]]
    motifs.append(heart(names[-1]) + heart(names[0], 0.68) + heart(names[1], 0.42))
    ruled = heart(names[1])
    rule = names[-1] if names[-1] != names[1] else names[0]
    for y, reach in ((-18, 30 * wide), (-6, 33 * wide), (6, 26 * wide), (18, 15 * wide)):
        ruled += hand.stroke(f"{-reach:.1f},{y} 0,{y + 1.5} {reach:.1f},{y}", rule, 3.4)
    motifs.append(ruled)
    motifs = [motifs[i] for i in rng.permutation(len(motifs))] if rng.random() < 0.6 else motifs[: len(names) - 1]
    fillers = [
        _turned(heart(names[-1]), 0, 0, 0, 0.22),
        _turned(heart(names[1]), 0, 0, 0, 0.18),
        hand.round(0, 0, 3.4, names[1]),
    ]
    return _conversation(rng, "hearts", names, motifs, fillers, sway=25, room=0.9, across=(3, 8))


GLYPHS = {  # strokes on a 10 x 10 square, "|" between them; "~" makes one smooth
    "A": "0.5,10 5,0 9.5,10|2.2,6.6 7.8,6.6",
    "B": "1.5,0 1.5,10|~1.5,0 6,0.2 8,2.4 6,4.7 1.5,4.9|~1.5,4.9 6.5,5 8.8,7.4 6.5,9.8 1.5,10",
    "C": "~9,2 6.6,0.2 3.4,0.4 1.2,3 1.2,7 3.4,9.6 6.6,9.8 9,8",
    "D": "1.5,0 1.5,10|~1.5,0 5.5,0.3 8.8,3 8.8,7 5.5,9.7 1.5,10",
    "E": "8,0 1.5,0 1.5,10 8,10|1.5,4.9 6.8,4.9",
    "F": "8,0 1.5,0 1.5,10|1.5,4.9 6.8,4.9",
    "G": "~9,2 6.6,0.2 3.4,0.4 1.2,3 1.2,7 3.4,9.6 6.6,9.8 8.9,8 8.9,5.6|5.8,5.6 8.9,5.6",
    "H": "1.5,0 1.5,10|8.5,0 8.5,10|1.5,5 8.5,5",
    "J": "~7,0 7,4 7,7.4 5,9.8 2.6,9.4 1.6,7.4",
    "K": "1.5,0 1.5,10|8.2,0 1.5,5.8|4,3.8 8.6,10",
    "L": "1.8,0 1.8,10 8.2,10",
    "M": "1,10 1.4,0 5,7 8.6,0 9,10",
    "N": "1.5,10 1.5,0 8.5,10 8.5,0",
    "O": "~5,0 1.9,1.4 0.8,5 1.9,8.6 5,10 8.1,8.6 9.2,5 8.1,1.4 5,0",
    "P": "1.5,0 1.5,10|~1.5,0 6,0.2 8.4,2.8 6,5.4 1.5,5.6",
    "Q": "~5,0 1.9,1.4 0.8,5 1.9,8.6 5,10 8.1,8.6 9.2,5 8.1,1.4 5,0|6,7 9.4,10.6",
    "R": "1.5,0 1.5,10|~1.5,0 6,0.2 8.4,2.7 6,5.2 1.5,5.3|5,5.3 8.8,10",
    "S": "~8.4,1.8 6,0.1 3,0.5 1.6,2.7 3.6,4.6 6.6,5.4 8.6,7.4 7,9.7 3.6,9.9 1.2,8.2",
    "T": "0.8,0 9.2,0|5,0 5,10",
    "U": "~1.5,0 1.5,4 1.7,7.6 5,10 8.3,7.6 8.5,4 8.5,0",
    "V": "0.8,0 5,10 9.2,0",
    "W": "0.3,0 2.6,10 5,2.8 7.4,10 9.7,0",
    "X": "1.2,0 8.8,10|8.8,0 1.2,10",
    "Y": "1,0 5,5 9,0|5,5 5,10",
    "Z": "1.2,0 8.6,0 1.2,10 8.8,10",
}


def _glyph(hand: Hand, letter: str, name: str, width: float) -> str:
    """One letter, 62 units high, drawn with a round nib."""
    body = ""
    for stroke in GLYPHS[letter].split("|"):
        points = (spots_of(stroke.removeprefix("~")) - 5) * (5.2, 6.2)
        if stroke[0] == "~":
            body += hand.stroke(points, name, width)
        else:
            body += path("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in hand.near(points)), line(name, width))
    return body


def letters(rng: Rng, dye: Dyer) -> Design:
    """Capitals strewn or in rows, plain, with a shadow, or ruled by a second line."""
    names = dye(int(rng.integers(2, 5)))
    hand = Hand(rng, rng.uniform(0.2, 1.3))
    kind, width = int(rng.integers(3)) if len(names) > 2 else 0, rng.uniform(6, 15)
    motifs = []
    for i, letter in enumerate(rng.permutation(list(GLYPHS))[:12]):
        rest = names[2:] if kind else names[1:]
        name = rest[i % len(rest)]
        state = np.random.default_rng(i)
        if kind == 1:  # a shadow, from the same hand
            body = _turned(_glyph(Hand(state, 0.4), letter, names[1], width), 0, 4.5, 4.5)
            body += _glyph(Hand(np.random.default_rng(i), 0.4), letter, name, width)
        elif kind == 2:
            body = _glyph(Hand(state, 0.4), letter, names[1], width + 4)
            body += _glyph(Hand(np.random.default_rng(i), 0.4), letter, name, max(3.4, width * 0.4))
        else:
            body = _glyph(hand, letter, name, width)
        motifs.append(body)
    fillers = [hand.round(0, 0, 4.2, names[1]), _star(hand, 9, names[-1])]
    return _conversation(
        rng,
        "letters",
        names,
        motifs,
        fillers,
        sway=float(rng.choice([8, 35, 180])),
        room=0.88,
        across=(3.5, 8),
        flip=False,
    )


def mushrooms(rng: Rng, dye: Dyer) -> Design:
    names = dye.of(
        *(
            ("ivory", "scarlet", "white", "fern"),
            ("sage", "brick", "ivory", "forest"),
            ("navy", "coral", "cream", "eucalyptus"),
        ),
        *(
            ("cream", "rust", "oatmeal", "olive"),
            ("black", "scarlet", "ecru", "moss"),
            ("blush", "raspberry", "white", "bottle"),
        ),
        *(
            ("powder blue", "terracotta", "white", "spruce"),
            ("butter", "cinnamon", "white", "olive"),
            ("forest", "tangerine", "ivory", "sage"),
        ),
    )
    hand = _hand(rng, _darkest(names))
    cap, stem, green = names[1], names[2], names[3]

    def mushroom(wide: float, high: float, foot: float) -> str:
        body = hand.shape(mirrored(f"0,0 8,2 9,{foot * 0.5:.0f} 13,{foot - 4:.0f} 8,{foot} 0,{foot}"), stem)
        body += hand.stroke("-4,14 -5,28", green, 1.7) + hand.stroke("3,20 4,34", green, 1.7)
        dome = spots_of("0,-1 0.5,-0.9 0.9,-0.42 1,0 0.5,0 0,0") * (wide, high) + spots_of("0,0 0,0 0,0 0,4 0,9 0,10")
        body += hand.shape(mirrored(dome), cap)
        body += hand.shape(mirrored(spots_of("0,4 0.5,4 0.8,3.4 0.45,7.6 0,8.4") * (wide, 1)), stem)
        for x, y, r in (
            (-0.45, 0.28, 5),
            (0.05, 0.66, 6),
            (0.5, 0.3, 4.4),
            (0.02, 0.2, 4),
            (-0.3, 0.72, 3),
            (0.42, 0.68, 2.8),
        ):
            body += hand.round(x * wide, -y * high, r * wide / 38, stem, 0.8)
        return body

    blades = ((-12, -120, 22), (-8, -98, 26), (10, -70, 24), (14, -52, 19))
    grass = "".join(_leaf(hand, x, 40, turn, long, green, "", 0.14) for x, turn, long in blades)
    single = grass + mushroom(40, 34, 40)
    tall = grass + _turned(mushroom(24, 38, 46), 4, 0, -3)
    pair = grass + _turned(mushroom(30, 27, 36), -6, -10, 4, 0.95) + _turned(mushroom(20, 17, 24), 10, 22, 16)
    fillers = [
        _leaf(hand, -10, 0, 0, 20, green, ""),
        hand.round(0, 0, 4, cap),
        _turned(mushroom(22, 18, 20), 0, 0, 0, 0.5),
    ]
    return _conversation(rng, "mushrooms", names, [single, pair, tall], fillers, sway=12)


def bows(rng: Rng, dye: Dyer) -> Design:
    """Ribbon bows, tied by hand, with folds."""
    names = dye(int(rng.integers(3, 5)))
    hand = _hand(rng, names[-1])
    motifs = []
    for name, fold in ((names[1], names[2]), (names[-1], names[1] if names[-1] != names[1] else names[0])):
        fold = fold if fold != name else names[0]
        for tails in ("-3,4 -12,16 -20,36 -14,33 -9,39 -2,22", "-2,4 -12,14 -30,24 -26,28 -28,34 -12,26"):
            bow = hand.shape(tails, name) + hand.shape(spots_of(tails) * (-1, 1.05), name)
            loop = spots_of("0,-2 -12,-15 -30,-23 -42,-16 -43,2 -34,10 -16,8")
            inner = spots_of("-10,-2 -20,-11 -32,-13 -35,-5 -30,2 -18,3")
            bow += hand.shape(loop, name) + hand.shape(loop * (-1, 1), name)
            bow += hand.shape(inner, fold) + hand.shape(inner * (-1, 1), fold)
            bow += hand.stroke("-8,-2 -18,-5 -27,-6", name, 2.2) + hand.stroke("8,-2 18,-5 27,-6", name, 2.2)
            bow += hand.shape("-8,-8 0,-10 8,-8 9,3 0,7 -9,3", name)
            bow += hand.stroke("-3,-6 -2,0 -3,4", fold, 1.7) + hand.stroke("3,-6 2,0 3,3", fold, 1.7)
            motifs.append(bow)
    fillers = [hand.round(0, 0, 4, names[-1]), hand.round(0, 0, 3.2, names[2])]
    return _conversation(rng, "bows", names, motifs, fillers, sway=25, room=0.95)


def cars(rng: Rng, dye: Dyer) -> Design:
    names = dye(5)
    hand = _hand(rng, _darkest(names[1:]))
    dark = _darkest(names[1:])
    first, second, pale = [name for name in names[1:] if name != dark]

    def wheel(x: float) -> str:
        return hand.round(x, 17, 9.5, dark) + hand.round(x, 17, 4.2, pale)

    def saloon(body: str, window: str) -> str:
        car = hand.shape("-45,13 -44,2 -34,-4 -22,-7 -12,-22 8,-24 20,-18 28,-6 42,-2 45,6 44,14 0,17", body)
        car += hand.facet("-15,-7 -9,-18 2,-19 2,-7", window) + hand.facet("7,-7 7,-19 15,-15 21,-7", window)
        car += (
            hand.stroke("-40,5 42,6", window, 1.9)
            + hand.round(-42, 3, 2.8, window)
            + hand.stroke("7,-2 12,-2", window, 1.8)
        )
        return car + wheel(-25) + wheel(26)

    def van(body: str, window: str) -> str:
        car = hand.facet("-44,14 -44,-6 -38,-28 42,-28 44,14", body) + hand.facet("-43,-6 44,-7 44,-2 -44,-1", window)
        car += hand.facet("-38,-11 -34,-23 -24,-23 -24,-11", window)
        car += "".join(
            hand.facet(np.array([[x, -23], [x + 14, -23], [x + 14, -11], [x, -11]]), window) for x in (-18, 2, 22)
        )
        return car + hand.round(-39, 6, 3.2, window) + wheel(-26) + wheel(27)

    def beetle(body: str, window: str) -> str:
        car = hand.shape("-44,14 -42,4 -32,-2 -24,-4 -14,-20 2,-27 18,-22 30,-8 40,0 44,14 0,17", body)
        car += hand.shape("-14,-6 -8,-17 1,-20 2,-6", window) + hand.shape("7,-6 8,-20 17,-16 23,-6", window)
        return (
            car
            + hand.stroke("-30,4 -12,8 12,8 30,4", window, 1.8)
            + hand.round(-38, 4, 3, window)
            + wheel(-25)
            + wheel(25)
        )

    motifs = [saloon(first, pale), van(second, pale), beetle(first, pale), saloon(second, pale)]
    fillers = [
        hand.stroke("-9,0 9,0", second, 3),
        hand.round(0, 0, 3.6, first),
        hand.stroke("-10,3 0,3 8,3", dark, 2.2),
    ]
    return _conversation(rng, "cars", names, motifs, fillers, sway=8, room=0.9)


def bicycles(rng: Rng, dye: Dyer) -> Design:
    names = dye(4)
    hand = Hand(rng, 0.6)
    motifs = []
    for frame, tyre, load in ((names[1], names[2], names[3]), (names[3], names[2], names[1])):
        bike = ""
        for x in (-27, 27):
            bike += circle(x, 16, 18, line(tyre, 4)) + hand.round(x, 16, 2.6, frame)
            spokes = [(math.cos(t), math.sin(t)) for t in np.arange(0.2, 6.4, math.pi / 4)]
            spokes_d = "".join(
                f"M{x + 3 * c:.1f},{16 + 3 * s:.1f}L{x + 16 * c:.1f},{16 + 16 * s:.1f}" for c, s in spokes
            )
            bike += path(spokes_d, line(tyre, 0.9))
        bike += hand.stroke("-27,16 -10,-10", frame, 3) + path("M-27,16L2,17L-11,-12L20,-12L2,17", line(frame, 3.8))
        bike += path("M27,16L17,-22", line(frame, 3.8)) + hand.stroke("17,-22 22,-26 28,-24", tyre, 3.2)
        bike += (
            hand.stroke("-18,-16 -11,-15 -4,-16", tyre, 5)
            + path("M-11,-12L-11,-16", line(frame, 3))
            + hand.round(2, 17, 4, tyre)
        )
        bike += hand.facet("22,-18 42,-18 38,-3 26,-3", load)
        bike += "".join(hand.round(x, y, 4.4, frame) for x, y in ((26, -22), (33, -24), (39, -21)))
        bike += hand.stroke("24,-11 40,-11", tyre, 1.5)
        motifs.append(bike)
    fillers = [
        _blossom(hand, 10, names[3], names[1]),
        hand.round(0, 0, 3.4, names[2]),
        _leaf(hand, -8, 0, 0, 17, names[1], ""),
    ]
    return _conversation(rng, "bicycles", names, motifs, fillers, sway=12)


STYLES = {
    "cherries": cherries,
    "lemons": lemons,
    "strawberries": strawberries,
    "pineapples": pineapples,
    "watermelon": watermelon,
    "stars": stars,
    "clouds": clouds,
    "boats": boats,
    "nautical": nautical,
    "swallows": swallows,
    "fish": fish,
    "cats": cats,
    "dogs": dogs,
    "hearts": hearts,
    "letters": letters,
    "mushrooms": mushrooms,
    "bows": bows,
    "cars": cars,
    "bicycles": bicycles,
}
