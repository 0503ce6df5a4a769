"""Trade colours by name, and palettes that go together: harmonies of hue, measured in OKLCH.

OKLab is Bjorn Ottosson's perceptual space (2020): equal steps look equally large, L in 0..1, chroma about 0..0.3.
"""

from __future__ import annotations

import difflib
import re
from functools import cache

import numpy as np

from selvedge.colour import oklab, oklch
from selvedge.errors import SelvedgeError

Rng = np.random.Generator

COLOURS = {
    # whites, naturals and greys
    **{"white": "#faf9f5", "ivory": "#f4eddd", "cream": "#f7ecc9", "ecru": "#e4d8bf", "oatmeal": "#d9cdb8"},
    **{"pearl": "#e9e6e1", "stone": "#c5bdae", "dove": "#b9b9b8", "silver": "#d3d5d8", "pewter": "#8d9094"},
    **{"slate": "#5d6872", "graphite": "#4a4d52", "charcoal": "#36383d", "ink": "#22252e", "black": "#17171a"},
    # browns
    **{"sand": "#d8bf96", "buff": "#e3c9a0", "camel": "#bd8b53", "tan": "#c79c6e", "fawn": "#b49a7c"},
    **{"taupe": "#8c7b6d", "mocha": "#7d5c48", "tobacco": "#7a5230", "chestnut": "#6f3a26", "walnut": "#5a4434"},
    **{"chocolate": "#4b2c20", "espresso": "#33221c", "cinnamon": "#a35a33", "copper": "#b4693f"},
    # reds and pinks
    **{"blush": "#efc4bb", "shell": "#f6dcd2", "powder": "#f1d3da", "rose": "#d9798a", "raspberry": "#b0294f"},
    **{"coral": "#f0735c", "salmon": "#ef9a82", "watermelon": "#e8505b", "scarlet": "#c9252f", "crimson": "#a5152f"},
    **{"cherry": "#8f1228", "burgundy": "#6d1530", "oxblood": "#54131f", "brick": "#9c3a2c", "terracotta": "#c2603f"},
    **{"fuchsia": "#c72d7c", "magenta": "#a5266f", "bubblegum": "#f08fb5", "carnation": "#f2aebb", "mauve": "#b48aa4"},
    # oranges and yellows
    **{"rust": "#a4441f", "tangerine": "#ef7b22", "apricot": "#f5b083", "peach": "#f8cdaa", "pumpkin": "#d2631c"},
    **{"amber": "#e09a1f", "marigold": "#f2a91b", "mustard": "#cf9a22", "ochre": "#b77d27", "saffron": "#f0bd3a"},
    **{"butter": "#f6e09a", "canary": "#f7e34f", "citron": "#d5cf3c", "straw": "#e6cf83", "honey": "#d9a648"},
    # greens
    **{"olive": "#6e7133", "khaki": "#a09468", "moss": "#7d8746", "sage": "#a3b391", "celadon": "#b9d3b5"},
    **{"mint": "#bfe0cb", "pistachio": "#c5d79a", "lime": "#a3c639", "apple": "#6cae3e", "fern": "#4d8a43"},
    **{"emerald": "#11754f", "kelly": "#198a4a", "jade": "#3c9d7b", "bottle": "#12492f", "forest": "#1f4431"},
    **{"spruce": "#2d5a54", "eucalyptus": "#7fa08d"},
    # blue-greens and blues
    **{"teal": "#14747a", "petrol": "#0f4c5a", "lagoon": "#1f97a3", "turquoise": "#45b5b5", "aqua": "#8fd3d1"},
    **{"duck egg": "#bfdcd8", "ice": "#dcebef", "sky": "#a5cde8", "powder blue": "#b9cfe0", "azure": "#4a9fdc"},
    **{"cornflower": "#5a86cf", "cobalt": "#2348a6", "royal": "#2a3fbf", "denim": "#4c6a94", "steel": "#6f8fae"},
    **{"airforce": "#56718c", "indigo": "#35497a", "navy": "#1b2650", "midnight": "#141a33"},
    # purples
    **{"lavender": "#c3b3dd", "lilac": "#d6bfe0", "wisteria": "#9c8ccb", "violet": "#6b4bb0", "amethyst": "#8a5fb0"},
    **{"plum": "#5b2a57", "aubergine": "#3a1d3a", "grape": "#4d2f78", "orchid": "#c06cb8", "heather": "#9a86a4"},
}

NAMES = tuple(COLOURS)
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def rgb(name: str) -> np.ndarray:
    """The sRGB value of a trade colour, (3,) uint8."""
    return np.frombuffer(bytes.fromhex(COLOURS[name][1:]), dtype=np.uint8)


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """OKLab and OKLCH of every named colour, (n, 3) each."""
    srgb = np.array([rgb(name) for name in NAMES])
    return oklab(srgb), oklch(srgb)


def distance(one: str, other: str) -> float:
    """OKLab distance of two named colours; 0.02 is just seen, 0.1 is plainly another colour."""
    lab = _table()[0]
    return float(np.linalg.norm(lab[NAMES.index(one)] - lab[NAMES.index(other)]))


def parse_colour(text: str) -> str:
    """The trade name nearest to a name or "#rrggbb"; raises SelvedgeError for what is neither, naming the nearest."""
    word = text.strip().lower()
    if word in COLOURS:
        return word
    if found := _HEX.fullmatch(word):
        lab = oklab(np.frombuffer(bytes.fromhex(found[1]), dtype=np.uint8))
        return NAMES[int(np.linalg.norm(_table()[0] - lab, axis=1).argmin())]
    nearest = difflib.get_close_matches(word, NAMES, n=1, cutoff=0.0)[0]
    raise SelvedgeError(f"colour {text!r} is neither '#rrggbb' nor a trade name: did you mean {nearest!r}?")


# --- palettes -----------------------------------------------------------------------------------------------------

# Hue steps in degrees from the key colour to those that follow it; None is a neutral.
HARMONIES: dict[str, tuple[float | None, ...]] = {
    "tonal": (0, 0, 0, 0),
    "analogous": (28, -28, 50, 15),
    "complementary": (180, 0, 180, 20),
    "split": (150, 210, 0, 180),
    "triadic": (120, 240, 0, 120),
    "neutral": (None, None, 0, None),
    "accent": (None, 180, 0, None),
}
GAP = 0.09  # OKLab: the least between any two dyes of a palette
CONTRAST = 0.28  # OKLab: the least between the ground and the first motif, so that a pattern is seen
TRADE = (  # what mills have always sold together
    ("navy", "white", "scarlet", "sky", "mustard"),
    ("white", "cobalt", "sky", "cornflower", "navy"),
    ("ivory", "terracotta", "sage", "mustard", "olive"),
    ("teal", "blush", "mustard", "mint", "ivory"),
    ("charcoal", "butter", "coral", "dove", "turquoise"),
    ("burgundy", "blush", "rose", "sage", "ecru"),
    ("forest", "ecru", "rust", "sage", "mustard"),
    ("black", "ivory", "scarlet", "mustard", "emerald"),
    ("black", "white", "dove", "charcoal", "scarlet"),
    ("lavender", "plum", "ivory", "sage", "fuchsia"),
    ("chocolate", "sand", "ivory", "terracotta", "turquoise"),
    ("ecru", "charcoal", "terracotta", "dove", "camel"),
    ("indigo", "ecru", "rose", "sky", "butter"),
    ("white", "scarlet", "navy", "emerald", "mustard"),
    ("blush", "raspberry", "fern", "ivory", "magenta"),
    ("powder blue", "navy", "white", "coral", "butter"),
)


def palette(rng: Rng, count: int, ground: tuple[str, ...] = ()) -> list[str]:
    """`count` (1 to 5) trade names that go together, ground first, then the motif, then accents.

    One in three is a palette of the trade, the others a harmony: a key colour, hues stepped from it in OKLCH with
    lightness spread, each taken as the nearest named colour. Any two are GAP apart, ground and motif CONTRAST.
    `ground` restricts the first.
    """
    trade = rng.random() < 1 / 3
    for _ in range(60):
        names = list(TRADE[rng.integers(len(TRADE))]) if trade else _harmony(rng)
        if rng.random() < 0.4:
            names[:2] = names[1::-1]
        if ground and names[0] not in ground:
            names[0] = str(rng.choice(ground))
        names = names[:count]
        if _apart(names):
            return names
    first = str(rng.choice(ground)) if ground else "white"
    return _fill_up(rng, first, count)


def _harmony(rng: Rng) -> list[str]:
    """Five names by one harmony around a random key; lightness alternates dark and light, chroma is damped."""
    lab, lch = _table()
    key = rng.integers(len(NAMES))
    steps = HARMONIES[str(rng.choice(list(HARMONIES)))]
    lightness, chroma, hue = lch[key]
    names = [NAMES[key]]
    for number, step in enumerate(steps):
        light = (lightness + (0.5 if lightness < 0.6 else -0.5)) if number == 0 else rng.uniform(0.3, 0.95)
        strong = 0.02 if step is None else max(chroma, 0.06) * rng.uniform(0.6, 1.2)
        turn = np.radians(hue + (step or 0) + rng.uniform(-8, 8))
        wanted = np.array([light, strong * np.cos(turn), strong * np.sin(turn)])
        away = np.linalg.norm((lab - wanted) * (0.6, 1, 1), axis=1)
        names.append(NAMES[int(away.argmin())])
    return names


def _apart(names: list[str]) -> bool:
    pairs = ((a, b) for i, a in enumerate(names) for b in names[:i])
    return (len(names) < 2 or distance(*names[:2]) >= CONTRAST) and all(distance(a, b) >= GAP for a, b in pairs)


def _fill_up(rng: Rng, first: str, count: int) -> list[str]:
    """Any named colours in random order that keep the distances."""
    names = [first]
    for name in rng.permutation(NAMES):
        if len(names) < count and _apart([*names, str(name)]):
            names.append(str(name))
    return names


class Dyer:
    """Gives a style its dyes: a palette of its own, or the colours a user asks for, ground first, filled up."""

    def __init__(self, rng: Rng, wanted: tuple[str, ...] | list[str] = ()) -> None:
        """`wanted` are trade names or "#rrggbb"; raises SelvedgeError for others and for more than five."""
        if len(wanted) > 5:
            raise SelvedgeError(f"{len(wanted)} colours: a textile has at most five")
        self.rng = rng
        self.wanted = [parse_colour(text) for text in wanted]

    def __call__(self, count: int, ground: tuple[str, ...] = ()) -> list[str]:
        """`count` trade names; `ground` restricts the first where the user wants none."""
        if not self.wanted:
            return palette(self.rng, count, ground)
        return self._filled(count)

    def of(self, *options: tuple[str, ...]) -> list[str]:
        """One of the options, for cloths that are dyed in certain colours only, unless the user wants others."""
        chosen = list(options[self.rng.integers(len(options))])
        return self._filled(len(chosen)) if self.wanted else chosen

    def _filled(self, count: int) -> list[str]:
        names = list(dict.fromkeys(self.wanted))[:count]
        for name in self.rng.permutation(NAMES):
            if len(names) < count and all(distance(str(name), other) >= GAP for other in names):
                names.append(str(name))
        return names
