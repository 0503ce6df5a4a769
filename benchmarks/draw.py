"""How fast textiles and garments are drawn: `textiles` over all classes as tiles of 256 px, `garments` by path tracing.

Garments need the drawing environment (`make drawing`); without it that figure is left out, and says so.
`--long` draws more of both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from benchmarks import Figure, show
from drawing.textiles import CLASSES, render
from selvedge.errors import SelvedgeError

WORKERS = 2


def draw_one(number: int) -> int:
    """One 256 px tile; class by class in turn."""
    cv2.setNumThreads(1)
    return render(CLASSES[number % len(CLASSES)], number // len(CLASSES), 256, mode="tile").image.width


def textiles(count: int) -> Figure:
    """Tiles a second of two processes, their start not counted."""
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(draw_one, range(count, count + 40)))
        began = time.perf_counter()
        list(pool.map(draw_one, range(count), chunksize=10))
        return Figure("textiles", count / (time.perf_counter() - began), "tiles/s", count, threads=WORKERS)


def garments(count: int) -> Figure:
    """Garments a minute at 384 x 512, sewn, draped and path-traced with their ground truth."""
    from drawing.garments.wardrobe import draw_garments

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        draw_garments(count, seed=1, out=Path(folder), size=(384, 512))
        return Figure("garments", 60 * count / (time.perf_counter() - began), "garments/min", count, threads=WORKERS)


def main() -> None:
    """Print the figures."""
    long = "--long" in sys.argv
    figures = [textiles(3000 if long else 600)]
    try:
        figures.append(garments(18 if long else 2))
    except SelvedgeError as error:
        print(f"garments: not measured: {error}", file=sys.stderr)
    show(figures)


if __name__ == "__main__":
    main()
