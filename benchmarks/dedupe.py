"""How fast duplicates are found: 3,000 pictures in all eight orientations, their signatures cached, as `reconstruct` does it.

2,700 are drawings of ten classes, 300 are some of those turned, mirrored, rescaled and compressed: the figure counts only if
at least 99 % of these are found and nothing else. `--long` takes 12,000 pictures.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

import cv2
from PIL import Image

from benchmarks import Figure, median_seconds, show
from drawing.textiles import CLASSES, render
from scrapers.duplicates import Signatures, find
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, sha256_bytes

STRUCTURED = tuple(cls for cls in CLASSES if cls != "solid")  # of a solid only equal bytes can be told


def draw(number: int) -> list[bytes]:
    """A drawing's file; for each ninth also one that shows the same otherwise."""
    cv2.setNumThreads(1)
    twin = number % 9 == 0
    classes = STRUCTURED if twin else CLASSES
    image = render(classes[number % len(classes)], number, 96).image
    return [encode_image(image, "jpeg"), *([transformed(image, number)] if twin else [])]


def transformed(image: Image.Image, seed: int) -> bytes:
    """The picture turned, mirrored, rescaled by 0.7 to 2 and compressed again."""
    rng = random.Random(seed)
    image = image.transpose(rng.choice(list(Image.Transpose)))
    side = round(image.width * rng.uniform(0.7, 2))
    out = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(out, "JPEG", quality=rng.randint(60, 95))
    return out.getvalue()


def dedupe(count: int) -> Figure:
    """Seconds from the cache's file to all pairs, the median of five."""
    drawings = count * 9 // 10
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor() as pool:
        folder, files, twins = Path(name), {}, set()
        for made in pool.map(draw, range(drawings), chunksize=50):
            shas = [sha256_bytes(data) for data in made]
            for sha, data in zip(shas, made, strict=True):
                files[sha] = folder / f"{sha}.jpg"
                files[sha].write_bytes(data)
            twins |= {tuple(sorted(shas))} if len(shas) == 2 else set()
        cache = folder / "signatures.npz"
        with redirect_stdout(sys.stderr):  # its progress is no figure
            Signatures(cache).of(files)
        found = {(pair.a, pair.b) for pair in find(Signatures(cache).of(files))}
        if len(found & twins) < 0.99 * len(twins) or found - twins:
            raise SelvedgeError(
                f"{len(found & twins)} of {len(twins)} twins found, {len(found - twins)} pairs are none"
            )
        seconds = median_seconds(lambda: find(Signatures(cache).of(files)), 5)
    return Figure("dedupe", seconds, "s", len(files))


def main() -> None:
    """Print the figure."""
    show([dedupe(12_000 if "--long" in sys.argv else 3_000)])


if __name__ == "__main__":
    main()
