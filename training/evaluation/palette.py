"""Colours asked for against colours found: main colours of a tile in CIELAB, and their distance in CIEDE2000.

One unit is about what an eye can just tell apart under good conditions; below 2 a printer calls it the same, above 5 nobody does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import list_images, open_image

WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, 2 degrees
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
ROUNDS = 50


def srgb_to_lab(rgb: ArrayLike) -> np.ndarray:
    """(..., 3) sRGB in 0..255 (IEC 61966-2-1) -> CIELAB for D65: L 0..100, a and b about -110..100."""
    share = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    t = linear @ TO_XYZ.T / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def lab_to_srgb(lab: ArrayLike) -> np.ndarray:
    """(..., 3) CIELAB for D65 -> sRGB in 0..255, rounded to uint8; what sRGB cannot show is clipped."""
    lab = np.asarray(lab, dtype=np.float64)
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], -1)
    t = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    linear = (t * WHITE) @ np.linalg.inv(TO_XYZ).T
    share = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(share.clip(0, 1) * 255).astype(np.uint8)


def ciede2000(lab1: ArrayLike, lab2: ArrayLike) -> np.ndarray:
    """CIEDE2000 between (..., 3) CIELAB colours, which broadcast (Sharma, Wu, Dalal 2005, eq. 2 to 22; kL = kC = kH = 1)."""
    one, two = np.broadcast_arrays(np.asarray(lab1, dtype=np.float64), np.asarray(lab2, dtype=np.float64))
    chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(two[..., 1], two[..., 2])) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    (l1, c1, h1), (l2, c2, h2) = _lch(one, stretch), _lch(two, stretch)
    grey = c1 * c2 == 0
    turn = h2 - h1
    turn = np.where(grey, 0, turn - 360 * (turn > 180) + 360 * (turn < -180))
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c, both = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    far = np.abs(h1 - h2) > 180
    mean_h = np.where(grey, both, np.where(far, np.where(both < 360, both + 360, both - 360), both) / 2)
    t = (
        1
        - 0.17 * _cos(mean_h - 30)
        + 0.24 * _cos(2 * mean_h)
        + 0.32 * _cos(3 * mean_h + 6)
        - 0.20 * _cos(4 * mean_h - 63)
    )
    lightness = (mean_l - 50) ** 2
    s_l = 1 + 0.015 * lightness / np.sqrt(20 + lightness)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rotation = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    r_t = -np.sin(np.radians(2 * rotation)) * 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    x, y, z = d_l / s_l, d_c / s_c, d_h / s_h
    return np.sqrt(np.maximum(x * x + y * y + z * z + r_t * y * z, 0))


def _lch(lab: np.ndarray, stretch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b = lab[..., 1] * stretch, lab[..., 2]
    return lab[..., 0], np.hypot(a, b), np.where((a == 0) & (b == 0), 0, np.degrees(np.arctan2(b, a)) % 360)


def _cos(degrees: np.ndarray) -> np.ndarray:
    return np.cos(np.radians(degrees))


def main_colours(image: Image.Image | Tensor | np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The main colours of a picture: (m, 3) CIELAB and their shares (m,), largest first, m <= k; the same each time.

    k-means in CIELAB over the distinct colours. It begins from the commonest colour and then from those that stand most for
    what is far from all so far, so there is no chance in it. A picture of fewer than k colours gives as many as it has.
    `image`: Pillow, (3, H, W) uint8 tensor, or (H, W, 3) uint8 array. Raises SelvedgeError for k below 1 or other shapes.
    """
    if k < 1:
        raise SelvedgeError(f"k is {k}: a picture has at least one main colour")
    packed, counts = np.unique(_pixels(image) @ np.array([65536, 256, 1]), return_counts=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], 1)
    lab, weight = srgb_to_lab(colours), counts / counts.sum()
    centres = lab[[weight.argmax()]]
    while len(centres) < min(k, len(lab)):
        away = _squares(lab, centres).min(1)
        if away.max() < 1e-6:
            break
        centres = np.vstack([centres, lab[(weight * away).argmax()]])
    for _ in range(ROUNDS):
        nearest = _squares(lab, centres).argmin(1)
        share = np.bincount(nearest, weight, len(centres))
        sums = np.stack([np.bincount(nearest, weight * lab[:, i], len(centres)) for i in range(3)], 1)
        moved = np.where(share[:, None] > 0, sums / np.maximum(share, 1e-12)[:, None], centres)
        still = np.abs(moved - centres).max() < 1e-4
        centres = moved
        if still:
            break
    kept = share > 0
    centres, share = centres[kept], share[kept]
    order = np.argsort(-share, kind="stable")
    return centres[order], share[order]


def _pixels(image: Image.Image | Tensor | np.ndarray) -> np.ndarray:
    if isinstance(image, Tensor):
        image = image.permute(1, 2, 0).cpu().numpy() if image.ndim == 3 else image.cpu().numpy()
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise SelvedgeError(f"a picture of (H, W, 3) or (3, H, W) uint8 is needed, not {pixels.shape} {pixels.dtype}")
    return pixels.reshape(-1, 3)


def _squares(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.stack([((points - centre) ** 2).sum(1) for centre in centres], 1)


def error(image: Image.Image | Tensor | np.ndarray, wanted: Sequence[str]) -> dict:
    """How far a picture's main colours are from those asked for ("#rrggbb", at least one), in CIEDE2000.

    As many main colours are found as were asked for, and each is given to one of those so that the sum of distances, each
    weighted by the area that it colours, is least. Returns mean (by area) and worst over the colours asked for; pairs, with
    the share of the picture that each found colour has; k. A colour asked for that is left over, because the picture has
    fewer, counts in worst by what is nearest to it, with share 0. Raises SelvedgeError for a colour that is no "#rrggbb".
    """
    if not len(wanted):
        raise SelvedgeError("no colour was asked for: name at least one as '#rrggbb'")
    asked = srgb_to_lab([_rgb(word) for word in wanted])
    found, share = main_colours(image, len(asked))
    apart = ciede2000(asked[:, None], found[None])  # (asked, found)
    given = dict(zip(*linear_sum_assignment(apart * share), strict=True))
    pairs: list[dict] = []
    for i, word in enumerate(wanted):
        j = given.get(i, int(apart[i].argmin()))
        red, green, blue = lab_to_srgb(found[j])
        pairs.append(
            {
                "wanted": word.lower(),
                "found": f"#{red:02x}{green:02x}{blue:02x}",
                "share": float(share[j]) if i in given else 0.0,
                "ciede2000": float(apart[i, j]),
            }
        )
    return {
        "mean": sum(pair["ciede2000"] * pair["share"] for pair in pairs),
        "worst": max(pair["ciede2000"] for pair in pairs),
        "pairs": pairs,
        "k": len(asked),
    }


def _rgb(word: str) -> list[int]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", word):
        raise SelvedgeError(f"colour {word!r}: write it as '#rrggbb'")
    return [int(word[i : i + 2], 16) for i in (1, 3, 5)]


def of_files(paths: Sequence[Path], wanted: Sequence[str]) -> list[dict]:
    """`error` of picture files and folders of them: {"picture", "mean", "worst", "found"} each; `found` a line a colour asked for.

    Raises SelvedgeError for a folder without pictures, BadImage naming a file that cannot be read.
    """
    files = [file for path in paths for file in (list_images(path) if path.is_dir() else [path])]
    if not files:
        raise SelvedgeError(f"{', '.join(map(str, paths))}: holds no picture; name pictures, or folders that hold some")
    rows = []
    for file in files:
        found = error(open_image(file), wanted)
        pairs = [f"{pair['found']} ({pair['share']:.0%}) for {pair['wanted']}" for pair in found["pairs"]]
        rows.append(
            {
                "picture": str(file),
                "mean": round(found["mean"], 2),
                "worst": round(found["worst"], 2),
                "found": pairs,
            }
        )
    return rows
