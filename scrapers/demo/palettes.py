"""Trade colours by name, and the palettes the demo cloths are dyed in."""

from __future__ import annotations

import numpy as np

COLOURS = {
    "ivory": "#f4eddd",
    "white": "#faf9f5",
    "ecru": "#e4d8bf",
    "sand": "#d8bf96",
    "camel": "#bd8b53",
    "blush": "#efc4bb",
    "rose": "#d9798a",
    "coral": "#f0735c",
    "scarlet": "#c9252f",
    "burgundy": "#6d1530",
    "terracotta": "#c2603f",
    "rust": "#a4441f",
    "chocolate": "#4b2c20",
    "mustard": "#dba528",
    "butter": "#f6e09a",
    "olive": "#6e7133",
    "sage": "#a3b391",
    "mint": "#bfe0cb",
    "emerald": "#11754f",
    "forest": "#1f4431",
    "teal": "#14747a",
    "turquoise": "#45b5b5",
    "sky": "#a5cde8",
    "cornflower": "#5a86cf",
    "cobalt": "#2348a6",
    "navy": "#1b2650",
    "indigo": "#35497a",
    "lavender": "#c3b3dd",
    "plum": "#5b2a57",
    "fuchsia": "#c72d7c",
    "dove grey": "#b9b9b8",
    "charcoal": "#36383d",
    "black": "#17171a",
}

# The first two differ by at least 35 in CIE L*, so that either may be the ground; what follows are accents.
PALETTES = (
    ("navy", "ivory", "scarlet", "sky", "mustard"),
    ("ivory", "terracotta", "sage", "mustard", "olive"),
    ("teal", "blush", "mustard", "mint", "ivory"),
    ("charcoal", "butter", "coral", "dove grey", "turquoise"),
    ("white", "cobalt", "sky", "cornflower", "navy"),
    ("burgundy", "blush", "rose", "sage", "ecru"),
    ("forest", "ecru", "rust", "sage", "mustard"),
    ("ivory", "rust", "teal", "mustard", "chocolate"),
    ("blush", "plum", "fuchsia", "sage", "ivory"),
    ("black", "ivory", "scarlet", "mustard", "emerald"),
    ("sky", "navy", "white", "coral", "butter"),
    ("mint", "forest", "coral", "ivory", "emerald"),
    ("white", "scarlet", "navy", "emerald", "mustard"),
    ("lavender", "plum", "ivory", "sage", "fuchsia"),
    ("chocolate", "sand", "ivory", "terracotta", "turquoise"),
    ("butter", "teal", "coral", "white", "emerald"),
    ("indigo", "ecru", "rose", "sky", "butter"),
    ("emerald", "white", "fuchsia", "butter", "mint"),
    ("ecru", "charcoal", "terracotta", "dove grey", "camel"),
    ("white", "black", "dove grey", "scarlet", "mustard"),
)


def rgb(name: str) -> np.ndarray:
    """The sRGB value of a trade colour, (3,) uint8."""
    return np.frombuffer(bytes.fromhex(COLOURS[name][1:]), dtype=np.uint8)


def dye(rng: np.random.Generator, colours: int) -> list[str]:
    """`colours` names of one palette, ground first; ground and motif may change places (a dark or a light ground)."""
    ground, motif, *accents = PALETTES[rng.integers(len(PALETTES))]
    if rng.random() < 0.5:
        ground, motif = motif, ground
    accents = sorted(rng.permutation(accents).tolist(), key=lambda name: _close(name, ground))  # those that show first
    return [ground, motif, *accents][:colours]


def _close(one: str, other: str) -> bool:
    """Whether two dyes can hardly be told apart across a room (less than 110 in sRGB)."""
    return bool(np.linalg.norm(rgb(one).astype(float) - rgb(other)) < 110)
