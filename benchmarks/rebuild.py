"""How fast swatches are rebuilt: images a second, sources on disk, JPEGs written, against the plain Pillow recipe.

The sources are drawn, their sizes and crops from the quantiles of the public table's 2,749 rows; `--table FILE` takes the
rows of that table itself. By default about 3,000 swatches, with `--long` all 77,052 (1.5 GB of room). The baseline runs on
a few of the rows, in turns with ours on the same rows; both on two processes that are running already.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks import Figure, show
from drawing.textiles import CLASSES, render
from scrapers.manifest import Row, scales_of, with_size
from scrapers.reconstruct import Job, rebuild
from scrapers.table import read_table
from selvedge.config import Reconstruct, Split
from selvedge.io import encode_image, open_image, sha256_bytes

WORKERS = 2
ALL = 2749  # rows of the public table: 6,421 scales, 77,052 swatches
ROUNDS = 3
SETTINGS = Reconstruct(split=Split(train=0.7, judge=0.15, test=0.15))

# Quantiles of the public table's rows: 23 % have a crop that is not the whole picture.
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1)
SHORTER_SIDE = (103, 197, 238, 270, 317, 400, 480, 550, 667, 737, 989, 1440, 1920, 2658, 3221, 5733)
ASPECT = (0.46, 0.68, 0.75, 0.88, 1, 1, 1, 1, 1.07, 1.24, 1.33, 1.5, 1.52, 1.7, 1.85, 3.88)
PICTURE_OVER_CROP = (1.04, 1.05, 1.06, 1.06, 1.08, 1.11, 1.18, 1.39, 1.76, 2.48, 3.88, 7.1, 10, 16.67, 22.19, 103)
CROPPED = 0.23
LARGEST = 33e6  # pixels


def drawn_rows(count: int) -> list[Row]:
    """Rows with sizes and crops as the public table's are, in a fixed order."""
    rows = []
    for number in range(count):
        rng = np.random.default_rng([1, number])
        short, aspect, more = (
            float(np.interp((number * step + 0.5) / count % 1, SHARES, values))
            for step, values in ((1, SHORTER_SIDE), (0.618, ASPECT), (0.414, PICTURE_OVER_CROP))
        )
        width, height = (short * aspect, short) if aspect > 1 else (short, short / aspect)
        grow = math.sqrt(min(more, LARGEST / width / height)) if rng.random() < CROPPED else 1.0
        crop = round(width), round(height)
        size = round(width * grow), round(height * grow)
        corner = (int(rng.integers(whole - part + 1)) for whole, part in zip(size, crop, strict=True))
        rows.append(Row("floral", f"{number}.jpg", *size, *corner, *crop, scales_of(*crop), boxed=True))
    return rows


def draw_source(row: Row, raw: Path) -> Row:
    """A photograph of a cloth of the row's size, as a JPEG on disk."""
    seed = int(row.url.split(".")[0])
    tile = np.asarray(render(CLASSES[seed % len(CLASSES)], seed // 40, 512, mode="tile").image)
    times = math.ceil(row.height / tile.shape[0]), math.ceil(row.width / tile.shape[1])
    cloth = Image.fromarray(np.tile(tile, (*times, 1))[: row.height, : row.width])
    cloth.save(raw / row.url, "JPEG", quality=85)
    return replace(with_size(row, *cloth.size), file=str(raw / row.url), status="ok")


def ours(row: Row, out: str) -> int:
    cv2.setNumThreads(1)
    return len(rebuild(Job(row, "train", "cloth", SETTINGS, out)))


def plain(row: Row, out: str) -> int:
    """The recipe as written: resize the crop, rotate it, cut the centre, save."""
    picture = open_image(row.file)
    left, top = row.crop_x, row.crop_y
    crop = picture.crop((left, top, min(left + row.crop_width, row.width), min(top + row.crop_height, row.height)))
    for index, scale in enumerate(row.scales):
        for angle in SETTINGS.rotations:
            scaled = crop.resize((round(crop.width * scale), round(crop.height * scale)), Image.Resampling.BICUBIC)
            turned = scaled.rotate(angle, Image.Resampling.BICUBIC)
            x, y = (turned.width - SETTINGS.size) // 2, (turned.height - SETTINGS.size) // 2
            data = encode_image(turned.crop((x, y, x + SETTINGS.size, y + SETTINGS.size)), SETTINGS.format)
            Path(out, "train", "floral", f"{sha256_bytes(row.url.encode())[:12]}-{index}-{angle}.jpg").write_bytes(data)
    return len(row.scales) * len(SETTINGS.rotations)


def rate(pool: ProcessPoolExecutor, work: Callable[[Row], int], rows: Sequence[Row]) -> tuple[float, int]:
    """Images a second, and how many there were; the largest pictures first, as the stage does."""
    rows = sorted(rows, key=lambda row: -row.width * row.height)
    began = time.perf_counter()
    count = sum(pool.map(work, rows, chunksize=1))
    return count / (time.perf_counter() - began), count


def main() -> None:
    """Print the figure."""
    long = "--long" in sys.argv
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(WORKERS) as pool:
        raw, out = Path(folder, "raw"), Path(folder, "out")
        raw.mkdir()
        (out / "train" / "floral").mkdir(parents=True)
        rows = drawn_rows(ALL)
        if "--table" in sys.argv:
            file = Path(sys.argv[sys.argv.index("--table") + 1])
            words = ["solid", "striped", "dotted", "checkered", "zig zag", "floral"]
            table = read_table(file.read_text(encoding="utf-8"), str(file), {}, words).rows
            rows = [replace(row, cls="floral", url=f"{number}.jpg") for number, row in enumerate(table)]
        if not long:
            rows = rows[:: len(rows) // 107]
        rows = list(pool.map(partial(draw_source, raw=raw), rows, chunksize=4))

        some = rows[:: 160 if long else 12]
        ratios, plain_rates, our_rates = [], [], []
        for _ in range(ROUNDS):
            plain_rates.append(rate(pool, partial(plain, out=str(out)), some)[0])
            ratios.append(rate(pool, partial(ours, out=str(out)), some)[0] / plain_rates[-1])
            if not long:
                our_rates.append(rate(pool, partial(ours, out=str(out)), rows))
        if long:
            our_rates.append(rate(pool, partial(ours, out=str(out)), rows))
    value, count = statistics.median(r for r, _ in our_rates), our_rates[0][1]
    figures = [
        Figure(
            *("rebuild", value, "images/s", count, "Pillow recipe", statistics.median(plain_rates)),
            ratio=statistics.median(ratios),
            threads=WORKERS,
        )
    ]
    if long:
        figures.append(Figure("rebuild_all", count / value, "s", count, threads=WORKERS))
    show(figures)


if __name__ == "__main__":
    main()
