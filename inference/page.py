"""The catalogue's page: one file to look at, without scripts or anything from elsewhere; its pictures are inside it."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from inference import pictures
from selvedge.io import open_image

BUDGET = 6_000_000  # characters of garments' pictures on the page; more or noisier ones are shown smaller
LARGEST, SMALLEST = 480, 128  # longest side of a garment's picture on the page, in pixels
SWATCH, MANY = 256, 60  # side of a swatch, in pixels; half of it where there are more patterns than so many


def render(manifest: dict[str, Any], out: Path) -> str:
    """The page for a manifest whose files lie in `out`."""
    patterns = manifest["patterns"]
    worn = [[_worn(pattern, name) for name in pattern["garments"]] for pattern in patterns]
    _show(list(itertools.chain.from_iterable(worn)), out)
    swatch = SWATCH if len(patterns) <= MANY else SWATCH // 2
    entries = [
        _entry(pattern, out, swatch) | {"garments": garments} for pattern, garments in zip(patterns, worn, strict=True)
    ]
    chapters = [
        {"name": cls, "patterns": list(group)}
        for cls, group in itertools.groupby(entries, key=lambda entry: entry["class"])
    ]
    environment = Environment(
        loader=PackageLoader("inference"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("catalogue.html")
    return page.render(chapters=chapters, **{k: manifest[k] for k in ("title", "seed", "shard", "models")})


def _entry(pattern: dict[str, Any], out: Path, side: int) -> dict[str, Any]:
    """What the page says of a pattern, and its swatch."""
    folder = f"patterns/{pattern['name']}"
    swatch = open_image(out / folder / "tile-large.png")
    width, height = swatch.size
    if width > side:
        swatch = swatch.resize((side, round(side * height / width)), Image.Resampling.BOX)  # exact over the seam
    return {
        **{key: pattern[key] for key in ("name", "class", "seed", "chosen_seed")},
        "folder": folder,
        "size": f"{width} × {height}",
        "swatch": _data_uri(pictures.jpeg(swatch, 88)),
    }


def _worn(pattern: dict[str, Any], garment: str) -> dict[str, Any]:
    return {"name": garment, "file": f"patterns/{pattern['name']}/{garment}.jpg"}


def _show(worn: list[dict[str, Any]], out: Path) -> None:
    """Give each garment a picture for the page, as large as all of them together may be."""
    side = LARGEST * min(1.0, (200 / max(1, len(worn))) ** 0.5)  # a guess; noisy cloth takes more bytes
    while True:
        side = round(max(SMALLEST, side))
        for garment in worn:
            image = open_image(out / garment["file"])
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
            garment.update(src=_data_uri(pictures.jpeg(image, 84)), width=image.width, height=image.height)
        total = sum(len(garment["src"]) for garment in worn)
        if total <= BUDGET or side == SMALLEST:
            return
        side = 0.95 * side * (BUDGET / total) ** 0.5


def _data_uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
