"""Stripes: bands of warp yarns (or of weft yarns, for stripes that run across), sometimes printed or knitted."""

from __future__ import annotations

import numpy as np

from drawing.textiles.colours import Dyer
from drawing.textiles.design import PITCH, Design, Knitted, Printed, Rng, Threads, Woven, fill, svg, whole


def _striped(
    rng: Rng, style: str, names: list[str], bands: Threads, across: tuple[float, float], fabric: str = "cotton"
) -> Design:
    """Bands of yarns, upright or, four times in ten, across: then they are the weft's. The other system is of the ground's dye."""
    level = rng.random() < 0.4
    structure = str(rng.choice(["plain", "warp rep", "warp rep", "twill", "oxford", "satin"]))
    if level:
        structure = {"warp rep": "weft rep", "satin": "sateen"}.get(structure, structure)
    period = 120  # the yarns of a repeat of any structure
    bands = whole(bands, {"warp rep": 8, "weft rep": 8, "satin": 5, "sateen": 5, "oxford": 6}.get(structure, 4))
    plain = [(names[0], period)]
    cloth = Woven(plain, bands, structure, 0.1) if level else Woven(bands, plain, structure, 0.1)
    repeats = rng.uniform(*across)
    if level:  # `across` counts repeats of the width: here a repeat is `period` yarns wide
        repeats = repeats * sum(count for _, count in bands) / period
    return Design(style, names, cloth, repeats, "plain", 90.0 if level else 0.0, fabric=fabric)


def _scaled(rng: Rng, bands: list[tuple[str, float]], yarns: int) -> Threads:
    """Bands in shares of the repeat to whole yarns, an even number each."""
    whole = sum(share for _, share in bands)
    return [(name, max(2, 2 * round(yarns * share / whole / 2))) for name, share in bands]


def pin(rng: Rng, dye: Dyer) -> Design:
    names = dye(2)
    line = rng.uniform(0.06, 0.16)
    bands = _scaled(rng, [(names[0], 1 - line), (names[1], line)], int(rng.integers(24, 44)))
    return _striped(rng, "pin", names, bands, (5, 13), str(rng.choice(["wool", "cotton"])))


def bengal(rng: Rng, dye: Dyer) -> Design:
    """Even stripes of two colours, a few millimetres each."""
    names = dye(2)
    bands = _scaled(rng, [(names[0], 1), (names[1], rng.uniform(0.8, 1.2))], int(rng.integers(16, 40)))
    return _striped(rng, "Bengal", names, bands, (7, 15))


def awning(rng: Rng, dye: Dyer) -> Design:
    """Even stripes as wide as a hand."""
    names = dye(2)
    bands = _scaled(rng, [(names[0], 1), (names[1], rng.uniform(0.85, 1.15))], int(rng.integers(40, 72)))
    return _striped(rng, "awning", names, bands, (2, 6), "canvas")


def regimental(rng: Rng, dye: Dyer) -> Design:
    """Slanted stripes, as on a tie: a wide ground, a band and its narrow guards."""
    names = dye(3)
    rise = float(rng.choice([1.0, 1.0, 0.75, -1.0, -1.0]))
    box = (PITCH, PITCH * abs(rise))
    shares = [(names[0], 0), (names[1], rng.uniform(0.12, 0.25)), (names[2], rng.uniform(0.05, 0.12))]
    shares += [(names[1], shares[1][1])] if rng.random() < 0.5 else []
    body = ""
    for copy in (-2, -1, 0, 1, 2):
        x = copy * PITCH + 20
        for name, share in shares[1:]:
            wide = share * PITCH
            slant = box[1] / rise
            body += (
                f'<polygon points="{x:.2f},0 {x + wide:.2f},0 {x + wide - slant:.2f},{box[1]:.2f} '
                f'{x - slant:.2f},{box[1]:.2f}" {fill(name)}/>'
            )
            x += wide
    angle = np.degrees(np.arctan2(1, rise)) % 180
    cloth = Printed(svg(body, box, names[0]), box, "twill")
    return Design("regimental", names, cloth, rng.uniform(2.5, 6), "plain", float(angle), fabric="silk")


def multi(rng: Rng, dye: Dyer) -> Design:
    names = dye(int(rng.integers(3, 6)))
    order = [*names, *names[1:-1][::-1]] if rng.random() < 0.5 else [*names, names[0], names[1]]
    bands = _scaled(rng, [(name, rng.uniform(0.4, 2.2)) for name in order], int(rng.integers(60, 130)))
    return _striped(rng, "multi", names, bands, (1.2, 3.5))


def ticking(rng: Rng, dye: Dyer) -> Design:
    """A band between pairs of fine lines: mattress cloth."""
    names = dye.of(
        *(("ivory", "navy"), ("cream", "black"), ("ecru", "indigo"), ("white", "slate"), ("oatmeal", "brick")),
        *(("white", "cobalt"), ("ecru", "charcoal"), ("ivory", "forest")),
    )
    shares = [
        (names[0], 0.38),
        (names[1], 0.06),
        (names[0], 0.08),
        (names[1], 0.24),
        (names[0], 0.08),
        (names[1], 0.06),
    ]
    return _striped(rng, "ticking", names, _scaled(rng, shares, int(rng.integers(40, 70))), (2.5, 5.5), "linen")


def breton(rng: Rng, dye: Dyer) -> Design:
    """A knitted sailor's shirt: thin lines across."""
    names = dye(2)
    wales, line, gap = 8, int(rng.integers(2, 6)), int(rng.integers(4, 14))
    courses = np.array([0] * gap + [1] * line, dtype=np.uint8)
    stitches = np.repeat(courses[:, None], wales, axis=1)
    repeats = rng.uniform(5, 11) * stitches.shape[0] / wales / 1.25  # stripes down the picture to repeats across
    return Design("Breton", names, Knitted(stitches), repeats, "plain", 90.0, fabric="jersey")


STYLES = {
    "pin": pin,
    "Bengal": bengal,
    "awning": awning,
    "regimental": regimental,
    "multi": multi,
    "ticking": ticking,
    "Breton": breton,
}
