"""Checks: the same yarns in warp and weft; where they cross, the weave mixes them. Argyle is knitted."""

from __future__ import annotations

import numpy as np

from drawing.textiles.colours import Dyer
from drawing.textiles.design import PITCH, Design, Knitted, Printed, Rng, Threads, Woven, fill, svg, whole

WHITES = ("white", "ivory", "cream")
DARKS = (
    "scarlet",
    "navy",
    "cobalt",
    "emerald",
    "black",
    "burgundy",
    "teal",
    "rust",
    "raspberry",
    "forest",
    "slate",
    "plum",
)


def _check(
    rng: Rng, style: str, names: list[str], sett: Threads, structure: str, across: tuple[float, float], fabric="cotton"
) -> Design:
    """The sett in both directions. The number of repeats is that of the whole sett over the picture."""
    sett = whole(sett, 2 if structure == "plain" else 4)
    cloth = Woven(sett, sett, structure, 0.12)
    return Design(style, names, cloth, rng.uniform(*across), "plain", motifs=1, fabric=fabric)


def gingham(rng: Rng, dye: Dyer) -> Design:
    """Equal bands of white and one dye in plain weave."""
    names = dye.of(*((light, dark) for light in WHITES for dark in DARKS))
    half = 2 * int(rng.integers(5, 14))
    return _check(rng, "gingham", names, [(names[0], half), (names[1], half)], "plain", (3, 9))


def buffalo(rng: Rng, dye: Dyer) -> Design:
    """Two strong dyes in large equal bands, in twill."""
    names = dye.of(
        *(("scarlet", "black"), ("mustard", "black"), ("emerald", "black"), ("white", "black"), ("cornflower", "navy")),
        *(("ecru", "chocolate"), ("rose", "burgundy"), ("terracotta", "ink"), ("dove", "charcoal"), ("fern", "ink")),
    )
    half = 4 * int(rng.integers(5, 10))
    return _check(rng, "buffalo", names, [(names[0], half), (names[1], half)], "twill", (2, 5), "flannel")


def windowpane(rng: Rng, dye: Dyer) -> Design:
    """A wide ground with fine lines, one or two, both ways."""
    names = dye(int(rng.integers(2, 4)))
    line, ground = 2 * int(rng.integers(1, 4)), 4 * int(rng.integers(7, 14))
    if len(names) == 2:
        sett = [(names[0], ground), (names[1], line)]
    else:
        sett = [(names[0], ground), (names[1], line), (names[0], ground), (names[2], line)]
    across = (3, 7) if len(names) == 2 else (1.6, 3.5)
    return _check(rng, "windowpane", names, sett, str(rng.choice(["plain", "twill"])), across, "wool")


# Thread counts from pivot to pivot, as weavers write them: shares of the palette's dyes by number.
SETTS = (
    ((1, 24), (0, 4), (1, 4), (0, 4), (1, 4), (0, 22), (2, 24), (0, 4), (2, 24), (0, 22), (1, 22), (0, 4), (1, 4)),
    ((2, 6), (1, 28), (0, 34), (2, 4), (0, 6), (3, 6), (0, 34)),
    ((0, 48), (3, 4), (0, 4), (3, 4), (0, 8), (1, 24), (2, 6), (1, 24)),
    ((1, 36), (2, 4), (0, 30), (3, 4), (0, 12), (2, 6)),
    ((3, 4), (0, 40), (1, 36), (2, 8), (1, 6)),
    ((0, 12), (1, 12), (0, 12), (1, 40), (2, 4), (3, 6), (2, 4), (1, 12)),
    ((0, 60), (1, 10), (0, 6), (1, 10), (0, 6), (2, 4)),
)


def tartan(rng: Rng, dye: Dyer) -> Design:
    """A symmetric sett, reversed at its pivots, in 2/2 twill: the lines run unbroken, the crossings are mixed."""
    names = dye(4)
    half = SETTS[rng.integers(len(SETTS))]
    finer = rng.choice([1, 1, 2])
    sett = [(names[number], max(2, count // finer)) for number, count in half]
    sett = [*sett, *sett[1:-1][::-1]]
    short = -sum(count for _, count in sett) % 4  # a whole number of twill repeats
    sett[0] = (sett[0][0], sett[0][1] + short)
    used = [name for name in names if any(name == dyed for dyed, _ in sett)]
    return _check(rng, "tartan", used, sett, "twill", (1.1, 3.2), "wool")


def madras(rng: Rng, dye: Dyer) -> Design:
    """A plaid without symmetry, warp and weft each their own, in light plain weave."""
    names = dye(int(rng.integers(4, 6)))
    warp = [(str(name), 2 * int(rng.integers(2, 14))) for name in [*names, *rng.permutation(names), names[0]]]
    weft = [(str(name), 2 * int(rng.integers(2, 14))) for name in [*rng.permutation(names), *names, names[0]]]
    return Design(
        "madras", names, Woven(whole(warp, 2), whole(weft, 2), "plain", 0.35), rng.uniform(1.2, 2.6), "plain", motifs=1
    )


def houndstooth(rng: Rng, dye: Dyer) -> Design:
    """Four light, four dark, both ways, in 2/2 twill: the teeth come by themselves."""
    if rng.random() < 0.5:
        names = dye.of(
            *(
                ("white", "black"),
                ("ivory", "navy"),
                ("ecru", "chocolate"),
                ("white", "charcoal"),
                ("sand", "espresso"),
            ),
            *(("powder", "burgundy"), ("ice", "midnight"), ("butter", "forest"), ("white", "scarlet"), ("dove", "ink")),
        )
    else:
        names = dye(2)
    return _check(rng, "houndstooth", names, [(names[0], 4), (names[1], 4)], "twill", (9, 24), "wool")


def glen(rng: Rng, dye: Dyer) -> Design:
    """Prince of Wales: blocks of four-and-four against two-and-two, with an overcheck."""
    if rng.random() < 0.4:
        names = dye.of(
            *(("white", "charcoal", "sky"), ("ivory", "chocolate", "rust"), ("silver", "navy", "scarlet")),
            *(("ecru", "black", "mustard"), ("pearl", "slate", "burgundy"), ("oatmeal", "walnut", "teal")),
        )
    else:
        names = dye(3)
    light, dark, over = names
    wide, fine, line = int(rng.integers(3, 7)), int(rng.integers(5, 12)), 2 * int(rng.integers(1, 3))
    sett = [(dark, 4), (light, 4)] * wide + [(over, line), (dark, 2)]
    sett += [(dark, 2), (light, 2)] * fine + ([(over, line), (light, 2)] if rng.random() < 0.6 else [])
    return _check(rng, "glen", names, sett, "twill", (1.5, 4.2), "wool")


def checkerboard(rng: Rng, dye: Dyer) -> Design:
    names = dye(2)
    body = "".join(f'<rect x="{at}" y="{at}" width="50" height="50" {fill(names[1])}/>' for at in (0, 50))
    cloth = Printed(svg(body, (PITCH, PITCH), names[0]))
    return Design("checkerboard", names, cloth, rng.uniform(3, 8), "plain", motifs=1)


def argyle(rng: Rng, dye: Dyer) -> Design:
    """Knitted diamonds, point to point, with a fine line across them."""
    names = dye(4)
    wide = 2 * int(rng.integers(8, 13))
    high = round(wide * rng.uniform(1.3, 1.8)) // 2 * 2
    y, x = np.mgrid[0:high, 0:wide] + 0.5
    u, v = np.abs(x / wide - 0.5) * 2, np.abs(y / high - 0.5) * 2  # 0 at the middle, 1 at the edge
    half = np.where(u + v < 1, 1, 0)
    cells = np.tile(half, (1, 2))
    cells[:, wide:][half == 1] = 2
    line = np.abs(((u + v) + 1) % 2 - 1) < 0.09  # lines cross the diamonds through their middles, moved by half
    shifted = np.roll(np.tile(line, (1, 2)), (high // 2), axis=0)
    cells[shifted] = 3
    return Design(
        "argyle", names, Knitted(cells.astype(np.uint8)), rng.uniform(1.6, 3.4), "half-drop", motifs=2, fabric="wool"
    )


STYLES = {
    "gingham": gingham,
    "buffalo": buffalo,
    "windowpane": windowpane,
    "tartan": tartan,
    "madras": madras,
    "houndstooth": houndstooth,
    "glen": glen,
    "checkerboard": checkerboard,
    "argyle": argyle,
}
