"""The garments stage: items for the catalogue and pairs with masks for the segmenter, drawn or from a folder.

data/garments/items/NAME.png with NAME_mask.png, the same below train/; index.csv holds each file's hash and licence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from selvedge.config import DrawnGarments, GarmentFolder, Params
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, encode_image, list_images, open_image, sha256_bytes, write_bytes, write_text

GARMENTS = Path("data/garments")
MAX_SIDE = 1024  # pixels; a larger photo is shrunk


def run(params: Params) -> None:
    """Fill data/garments; raises SelvedgeError naming a photo without its mask, or a folder without photos."""
    source = params.garments.source
    pairs = drawn(source) if source.kind == "drawn" else from_folder(source, params.seed)
    rows = []
    with atomic_dir(GARMENTS) as out:
        for part, name, photo, mask, licence in pairs:
            for ending, data in (("", photo), ("_mask", mask)):
                file = f"{part}/{name}{ending}.png"
                write_bytes(out / file, data)
                rows.append((file, sha256_bytes(data), licence))
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([("file", "sha256", "licence"), *sorted(rows)])
        write_text(out / "index.csv", table.getvalue())
    items = sum(row[0].startswith("items/") for row in rows) // 2
    print(f"garments: {items} items, {len(rows) // 2 - items} for training -> {GARMENTS}", flush=True)


Pair = tuple[str, str, bytes, bytes, str]  # part, name, photo, mask, licence


def drawn(source: DrawnGarments) -> Iterator[Pair]:
    """The nine items that ship, one a kind, and the path-traced garments to learn from: those that ship, and `source.also`."""
    from drawing.garments.items import SAMPLES, load_item, read_pairs
    from drawing.garments.kinds import KINDS

    size = source.width, source.height
    for kind in KINDS:
        item = load_item(kind)
        mask = cloth_mask(item.mask).resize(size, Image.Resampling.BOX).point(lambda value: 255 if value >= 128 else 0)
        image = Image.fromarray(item.image).resize(size, Image.Resampling.LANCZOS)
        yield "items", kind, encode_image(image), encode_image(mask), LICENCE
    folders = [SAMPLES, *([Path(source.also)] if source.also else [])]
    found = [pair for folder in folders for pair in read_pairs(folder)]
    for number, (name, image, labels) in enumerate(found[: source.train]):
        yield "train", f"{name}-{number}", encode_image(image), encode_image(cloth_mask(labels)), LICENCE


LICENCE = "MIT, drawn by this project"


def cloth_mask(labels: np.ndarray) -> Image.Image:
    """Which pixels are garment, 255 or 0, of a mask of label values (H, W)."""
    from drawing.garments.kinds import LABELS

    return Image.fromarray(np.isin(labels, list(LABELS.values())).astype(np.uint8) * 255)


def from_folder(source: GarmentFolder, seed: int) -> Iterator[Pair]:
    """The folder's pairs, shuffled by a hash of their names; the training share first, at least one pair on each side."""
    root = Path(source.path)
    photos = [p for p in list_images(root) if not p.stem.endswith("_mask")] if root.is_dir() else []
    if len(photos) < 2:
        raise SelvedgeError(
            f"{root}: holds {len(photos)} garment photo(s); two are needed, NAME.jpg with NAME_mask.png"
        )
    photos.sort(key=lambda photo: sha256_bytes(f"{seed}/{photo.name}".encode()))
    count = min(max(1, round(len(photos) * source.train_share)), len(photos) - 1)
    for i, photo in enumerate(photos):
        path = photo.with_name(f"{photo.stem}_mask.png")
        if not path.exists():
            raise SelvedgeError(f"{photo}: its mask {path.name} is missing")
        image, mask = open_image(photo), open_image(path, mode="L")
        if mask.size != image.size:
            raise SelvedgeError(f"{path}: is {mask.width}x{mask.height}, its photo {image.width}x{image.height}")
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        mask = mask.resize(image.size, Image.Resampling.BILINEAR).point(lambda value: 255 if value >= 128 else 0)
        yield "train" if i < count else "items", photo.stem, encode_image(image), encode_image(mask), source.licence
