"""The garments stage: items for the catalogue and pairs with masks for the segmenter, drawn or from a folder.

data/garments/items/NAME.png with NAME_mask.png, the same below train/; index.csv holds each file's hash and licence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
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
    pairs = drawn(source, params.seed) if source.kind == "drawn" else from_folder(source, params.seed)
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


def drawn(source: DrawnGarments, seed: int) -> Iterator[Pair]:
    """The nine items that ship, one a kind, and `source.train` flat drawings in prints and colours on plain and busy grounds."""
    from scrapers.demo.garments import KINDS

    with ProcessPoolExecutor() as pool:
        yield from pool.map(shipped_item, KINDS, repeat(source))
        numbers = range(source.train)
        for done, pair in enumerate(
            pool.map(draw_training_pair, numbers, repeat(source), repeat(seed), chunksize=8), 1
        ):
            yield pair
            if done % 100 == 0 or done == source.train:
                print(f"garments: {done}/{source.train} drawn", flush=True)


LICENCE = "MIT, drawn by this project"


def shipped_item(kind: str, source: DrawnGarments) -> Pair:
    """One of the catalogue's items, at the size of the parameters, with the mask of all that is garment."""
    from scrapers.demo.wardrobe import LABELS, load_item

    item = load_item(kind)
    size = source.width, source.height
    worn = Image.fromarray(np.isin(item.mask, list(LABELS.values())).astype(np.uint8) * 255)
    mask = worn.resize(size, Image.Resampling.BOX).point(lambda value: 255 if value >= 128 else 0)
    image = Image.fromarray(item.image).resize(size, Image.Resampling.LANCZOS)
    return "items", kind, encode_image(image), encode_image(mask), LICENCE


def draw_training_pair(number: int, source: DrawnGarments, seed: int) -> Pair:
    """One training garment at half the items' size: two in three are printed, half lie on a busy ground."""
    from scrapers.demo.garments import KINDS, render_garment
    from scrapers.demo.textiles import CLASSES, render

    rng = np.random.default_rng([seed, number])
    kind = KINDS[number % len(KINDS)]
    textile = (
        render(
            CLASSES[rng.integers(len(CLASSES))], int(rng.integers(1 << 30)), int(rng.integers(64, 160)), "tile"
        ).image
        if rng.random() < 2 / 3
        else None
    )
    ground = "busy" if rng.random() < 0.5 else "plain"
    size = source.width // 2, source.height // 2
    garment = render_garment(kind, seed * 100_000 + number, size, textile=textile, ground=ground)
    return "train", f"{kind}-{number:05d}", encode_image(garment.image), encode_image(garment.mask), LICENCE


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
