"""Solids: one dye, told apart by how the cloth is made."""

from __future__ import annotations

import numpy as np

from drawing.textiles.colours import COLOURS, Dyer
from drawing.textiles.design import Design, Knitted, Rng, Woven

ALL = tuple((name,) for name in COLOURS)
INDIGOS = (
    *(("indigo", "ivory"), ("navy", "white"), ("midnight", "dove"), ("denim", "white"), ("airforce", "ivory")),
    *(("charcoal", "dove"), ("ink", "pewter"), ("steel", "white")),
)


def _solid(rng: Rng, dye: Dyer, style: str, structure: str, fabric: str, yarns: tuple[int, int], slub: float) -> Design:
    """A cloth of one dye with `yarns` (fewest, most) to the picture's width."""
    (name,) = dye.of(*ALL)
    count = 4 * int(rng.integers(yarns[0], yarns[1]) // 4)
    return Design(style, [name], Woven([(name, count)], [(name, count)], structure, slub), 1.0, "plain", fabric=fabric)


def plain(rng: Rng, dye: Dyer) -> Design:
    return _solid(rng, dye, "plain weave", "plain", "cotton", (90, 200), 0.15)


def twill(rng: Rng, dye: Dyer) -> Design:
    return _solid(rng, dye, "twill", "twill", "gabardine", (90, 200), 0.1)


def herringbone(rng: Rng, dye: Dyer) -> Design:
    """Warp and weft a shade apart, so that the turning twill is seen."""
    name, other = _two_shades(rng, dye)
    count = 32 * int(rng.integers(3, 7))
    cloth = Woven([(name, count)], [(other, count)], "herringbone", 0.2)
    return Design("herringbone", [name, other], cloth, 1.0, "plain", fabric="wool")


def _two_shades(rng: Rng, dye: Dyer) -> list[str]:
    return dye.of(
        *(("charcoal", "dove"), ("chocolate", "camel"), ("navy", "steel"), ("black", "pewter"), ("taupe", "oatmeal")),
        *(("slate", "silver"), ("forest", "sage"), ("burgundy", "mauve"), ("walnut", "sand"), ("indigo", "sky")),
    )


def denim(rng: Rng, dye: Dyer) -> Design:
    """Three up, one down: a dyed warp over a pale weft."""
    name, pale = dye.of(*INDIGOS)
    count = 4 * int(rng.integers(22, 42))
    return Design(
        "denim", [name, pale], Woven([(name, count)], [(pale, count)], "denim", 0.5), 1.0, "plain", fabric="denim"
    )


def linen(rng: Rng, dye: Dyer) -> Design:
    return _solid(rng, dye, "linen slub", "plain", "linen", (60, 130), 1.0)


def satin(rng: Rng, dye: Dyer) -> Design:
    (name,) = dye.of(*ALL)
    count = 5 * int(rng.integers(36, 56))
    return Design("satin", [name], Woven([(name, count)], [(name, count)], "satin", 0.03), 1.0, "plain", fabric="silk")


def basket(rng: Rng, dye: Dyer) -> Design:
    return _solid(rng, dye, "basket weave", "basket", "hopsack", (70, 140), 0.25)


def jersey(rng: Rng, dye: Dyer) -> Design:
    (name,) = dye.of(*ALL)
    wales = int(rng.integers(28, 90))
    stitches = np.zeros((round(wales * 1.25), wales), dtype=np.uint8)
    return Design("jersey", [name], Knitted(stitches), 1.0, "plain", fabric="jersey")


STYLES = {
    "plain weave": plain,
    "twill": twill,
    "herringbone": herringbone,
    "denim": denim,
    "linen slub": linen,
    "satin": satin,
    "basket weave": basket,
    "jersey": jersey,
}
