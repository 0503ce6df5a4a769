"""What a set of swatches looks like: some that stand for all, their colours, and sheets of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from drawing.textiles.colours import parse_colour
from scrapers.swatches import SPLITS
from selvedge.colour import oklab
from selvedge.io import FORMATS, MAX_PIXELS, encode_image, open_image

SWATCHES = Path("data/swatches")
ACROSS, DOWN, SIDE = 8, 4, 112  # of a contact sheet: swatches, and pixels a swatch
FRAME, GAP = 3, 7  # pixels
BAND = 12  # swatches side by side where all classes are shown at once
SAMPLE = 64  # swatches a class that colours are measured on
COLOURS = 10  # a class's main colours
INK = {"train": "#3f5f8a", "judge": "#c39a3b", "test": "#a8483d"}  # a split's colour, on the page and around swatches
PAPER = "#f8f4ec"  # the page's, between the swatches of a sheet


@dataclass(frozen=True)
class Swatch:
    """A line of the index."""

    file: str
    id: str
    cls: str
    split: str
    group: str
    source: str
    url: str
    scale: float
    rotation: float
    licence: str


# ---- which swatches stand for all ------------------------------------------------------------------------------------


def spread(swatches: Sequence[Swatch], most: int) -> list[Swatch]:
    """At most `most` swatches, evenly over the cloths and so over the splits, never one picture twice.

    A cloth shows itself once; only where there are too few cloths do their other pictures follow. Of a picture the least
    turned swatch is taken, at each of its scales in turn.
    """
    pictures: dict[tuple[int, str], dict[str, list[Swatch]]] = defaultdict(lambda: defaultdict(list))
    for swatch in sorted(swatches, key=lambda s: (abs(s.rotation), s.scale, s.file)):
        pictures[SPLITS.index(swatch.split), swatch.group][swatch.id].append(swatch)
    cloths = [[shown[name] for name in sorted(shown)] for _, shown in sorted(pictures.items())]
    turns = [[picture for picture in turn if picture] for turn in zip_longest(*cloths)]
    chosen: list[list[Swatch]] = []
    for turn in turns:
        chosen += _evenly(turn, most - len(chosen))
    found = []
    for number, picture in enumerate(chosen):
        level = [swatch for swatch in picture if abs(swatch.rotation) == abs(picture[0].rotation)]
        found.append(level[number % len(level)])
    return sorted(found, key=lambda s: (SPLITS.index(s.split), s.group, s.file))


def _evenly(items: list, most: int) -> list:
    if len(items) <= most:
        return items
    return [items[(2 * k + 1) * len(items) // (2 * most)] for k in range(most)]


# ---- colours ---------------------------------------------------------------------------------------------------------


def colours(swatches: Sequence[Swatch], classes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For each class its main colours with their shares, light to dark, and how light and how strong its pixels are."""
    found = {}
    for cls in classes:
        sample = spread([swatch for swatch in swatches if swatch.cls == cls], SAMPLE)
        pixels = np.concatenate([_pixels(SWATCHES / swatch.file) for swatch in sample]) if sample else np.zeros((0, 3))
        found[cls] = {"n": len(sample), **measure(pixels)}
    return found


def _pixels(path: Path) -> np.ndarray:
    """A swatch's colours as seen from a step away, (n, 3) in 0..255: thread and grain are averaged."""
    return np.asarray(open_image(path).resize((48, 48), Image.Resampling.BOX)).reshape(-1, 3)


def measure(pixels: np.ndarray) -> dict[str, Any]:
    """Main colours, lightness and chroma in OKLab of sRGB pixels (n, 3) in 0..255.

    The colours are centres of k-means over the cells of a fixed grid, begun at the cells that are heavy and far from those
    chosen before: no randomness, and no dependence on the order of pixels.
    """
    if not len(pixels):
        return {"main": [], "lightness": [], "chroma": []}
    lab = oklab(pixels)
    cells, where = np.unique(np.floor(lab / 0.025).astype(int), axis=0, return_inverse=True)
    where = where.reshape(-1)
    weight = np.bincount(where, minlength=len(cells)).astype(float)
    at = np.stack([np.bincount(where, lab[:, k]) / weight for k in range(3)], axis=1)
    rgb = np.stack([np.bincount(where, pixels[:, k]) / weight for k in range(3)], axis=1)

    centres = at[[int(weight.argmax())]]
    while len(centres) < min(COLOURS, len(at)):
        centres = np.concatenate([centres, at[[int((weight * _nearest(at, centres)[1]).argmax())]]])
    for _ in range(20):
        mine = _nearest(at, centres)[0]
        centres = np.stack(
            [
                np.average(at[mine == k], axis=0, weights=weight[mine == k]) if (mine == k).any() else c
                for k, c in enumerate(centres)
            ]
        )
    mine = _nearest(at, centres)[0]
    main = []
    for k in sorted(set(mine.tolist()), key=lambda k: (-centres[k, 0], k)):
        mean = np.average(rgb[mine == k], axis=0, weights=weight[mine == k])
        value = "#" + "".join(f"{round(channel):02x}" for channel in mean)
        main.append(
            {"hex": value, "name": parse_colour(value), "share": round(weight[mine == k].sum() / len(pixels), 4)}
        )
    light, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    return {
        "main": main,
        "lightness": _shares(light, 20, 1.0),
        "chroma": _shares(chroma, 20, 0.3),
        "median_lightness": round(float(np.median(light)), 3),
        "median_chroma": round(float(np.median(chroma)), 3),
    }


def _nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest centre of each point, and the squared distance to it."""
    squared = ((points[:, None] - centres[None]) ** 2).sum(-1)
    return squared.argmin(1), squared.min(1)


def _shares(values: np.ndarray, bars: int, most: float) -> list[float]:
    """Shares in equal bars from 0 to `most`; what is beyond counts in the last."""
    counts = np.histogram(np.clip(values, 0, most), bars, (0, most))[0]
    return [round(count / len(values), 4) for count in counts.tolist()]


# ---- pictures --------------------------------------------------------------------------------------------------------


def draw_sheet(cls: str, swatches: Sequence[Swatch], out: Path) -> dict[str, Any]:
    """Write sheets/CLASS.jpg, each swatch in the colour of its split; returns what is on it."""
    mine = [swatch for swatch in swatches if swatch.cls == cls]
    chosen = spread(mine, ACROSS * DOWN)
    cell = SIDE + 2 * FRAME + GAP
    across, down = min(ACROSS, max(1, len(chosen))), max(1, -(-len(chosen) // ACROSS))
    sheet = Image.new("RGB", (across * cell - GAP, down * cell - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, swatch in enumerate(chosen):
        left, top = number % ACROSS * cell, number // ACROSS * cell
        draw.rectangle((left, top, left + SIDE + 2 * FRAME - 1, top + SIDE + 2 * FRAME - 1), fill=INK[swatch.split])
        sheet.paste(_small(swatch), (left + FRAME, top + FRAME))
    file = f"sheets/{cls}.jpg"
    (out / "sheets").mkdir(exist_ok=True)
    (out / file).write_bytes(encode_image(sheet, "jpeg"))
    return {
        "class": cls,
        "file": file,
        "width": sheet.width,
        "height": sheet.height,
        "swatches": [{"file": s.file, "split": s.split, "url": s.url} for s in chosen],
        "cloths": len({s.group for s in chosen}),
        "of_cloths": len({s.group for s in mine}),
    }


def draw_band(swatches: Sequence[Swatch], classes: Sequence[str]) -> Image.Image:
    """Swatches of all classes side by side."""
    each = -(-BAND // len(classes))
    by_class = [spread([s for s in swatches if s.cls == cls], each) for cls in classes]
    chosen = [swatch for swatch in chain.from_iterable(zip_longest(*by_class)) if swatch][: max(BAND, len(classes))]
    band = Image.new("RGB", (SIDE * len(chosen), SIDE), PAPER)
    for number, swatch in enumerate(chosen):
        band.paste(_small(swatch), (number * SIDE, 0))
    return band


def _small(swatch: Swatch) -> Image.Image:
    return open_image(SWATCHES / swatch.file).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def thumbnail(path: Path, high: int) -> Image.Image | None:
    """A picture made small, None where it cannot be read; a large JPEG is not decoded whole."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (4 * high, 4 * high))
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((2 * high, high), Image.Resampling.LANCZOS)
            return small
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
