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

BUDGET = 170  # pictures of garments that the page shows at full size; with more each is smaller: about 6 MB
LARGEST, SMALLEST = 480, 160  # longest side of a garment's picture on the page, in pixels


def render(manifest: dict[str, Any], out: Path) -> str:
    """The page for a manifest whose files lie in `out`."""
    patterns = manifest["patterns"]
    shown = sum(len(pattern["garments"]) for pattern in patterns)
    side = round(max(SMALLEST, LARGEST * min(1.0, (BUDGET / max(1, shown)) ** 0.5)))
    chapters = [
        {"name": cls, "patterns": [_entry(pattern, out, side) for pattern in group]}
        for cls, group in itertools.groupby(patterns, key=lambda pattern: pattern["class"])
    ]
    environment = Environment(
        loader=PackageLoader("inference"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("catalogue.html")
    return page.render(chapters=chapters, **{k: manifest[k] for k in ("title", "seed", "shard", "models")})


def _entry(pattern: dict[str, Any], out: Path, side: int) -> dict[str, Any]:
    """What the page shows of a pattern: its swatch, and its garments as they are and as links to the full files."""
    folder = f"patterns/{pattern['name']}"
    height, width = pattern["size"]
    garments = [
        {"name": name, "file": f"{folder}/{name}.jpg", **_thumbnail(open_image(out / folder / f"{name}.jpg"), side)}
        for name in pattern["garments"]
    ]
    swatch = open_image(out / folder / "tile-x4.png")
    return {
        **{key: pattern[key] for key in ("name", "class", "seed")},
        "folder": folder,
        "size": f"{4 * width} × {4 * height}",
        "swatch": _data_uri(pictures.jpeg(swatch.resize((256, 256), Image.Resampling.BOX) if width > 64 else swatch, 88)),
        "garments": garments,
    }


def _thumbnail(image: Image.Image, side: int) -> dict[str, Any]:
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return {"src": _data_uri(pictures.jpeg(image, 84)), "width": image.width, "height": image.height}


def _data_uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
