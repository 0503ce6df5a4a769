"""How fast and how well garments are cut out: `cut-outs` by two processes at 256 px, `box` and `landmarks` as IoU with the mask.

The nine garments that ship are drawn, and easy. `--photos FOLDER` takes pairs NAME.jpg and NAME_mask.png instead. Boxes are
the masks' with some slack, landmarks their outermost points. `--long` cuts the same photos out four times over.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks import Figure, show
from drawing.garments.items import load_item
from drawing.garments.kinds import KINDS
from scrapers.cutouts import Box, Point, cut_out, cut_out_folder
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, list_images, open_image, write_bytes

WORKERS = 2
SLACK = 4  # pixels between the mask and its box
Case = tuple[Image.Image, np.ndarray]  # a photo and where its garment is


def shipped() -> list[Case]:
    """The nine garments that ship, half their size."""
    cases = []
    for kind in KINDS:
        item = load_item(kind)
        size = item.image.shape[1] // 2, item.image.shape[0] // 2
        mask = cv2.resize(item.garment.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
        cases.append((Image.fromarray(item.image).resize(size, Image.Resampling.LANCZOS), mask))
    return cases


def pairs(folder: Path) -> list[Case]:
    """The photos of a folder that have a mask."""
    cases = []
    for photo in list_images(folder) if folder.is_dir() else ():
        mask = photo.with_name(f"{photo.stem}_mask.png")
        if mask.exists():
            cases.append((open_image(photo), np.asarray(open_image(mask, mode="L")) >= 128))
    if not cases:
        raise SelvedgeError(f"{folder}: holds no NAME.jpg with NAME_mask.png")
    return cases


def box_of(mask: np.ndarray, slack: int = SLACK) -> Box:
    """The mask's box with some slack."""
    left, top, wide, high = cv2.boundingRect(mask.astype(np.uint8))
    return (
        *(max(0, left - slack), max(0, top - slack)),
        *(min(mask.shape[1], left + wide + slack), min(mask.shape[0], top + high + slack)),
    )


def landmarks_of(mask: np.ndarray, inset: int = 3) -> list[Point]:
    """The two ends of the mask near its top, half way down, and near its hem, some pixels inside."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((2 * inset + 1,) * 2))
    rows = np.flatnonzero(inner.any(axis=1))
    points = []
    for part in (0.03, 0.5, 0.97):
        y = int(rows[int(part * (len(rows) - 1))])
        across = np.flatnonzero(inner[y])
        points += [(float(across[0]), float(y)), (float(across[-1]), float(y))]
    return points


def overlap(case: Case, landmarks: Sequence[Point] | None) -> tuple[float, float]:
    """IoU of the cut-out, and of the plain box."""
    photo, mask = case
    box = box_of(mask)
    found = np.zeros_like(mask)
    found[box[1] : box[3], box[0] : box[2]] = np.asarray(cut_out(photo, box, landmarks, None).mask) >= 128
    plain = mask.sum() / ((box[2] - box[0]) * (box[3] - box[1]))
    return float((found & mask).sum() / (found | mask).sum()), float(plain)


def quality(name: str, cases: list[Case], with_landmarks: bool) -> Figure:
    """The mean IoU, over that of the plain box."""
    cut, plain = np.mean([overlap(case, landmarks_of(case[1]) if with_landmarks else None) for case in cases], axis=0)
    return Figure(name, float(cut), "IoU", len(cases), "plain box", float(plain), float(cut / plain), threads=1)


def speed(cases: list[Case]) -> Figure:
    """Photos a second of two processes, from files to files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        boxes = {f"{i}.png": box_of(mask) for i, (_, mask) in enumerate(cases)}
        points = {f"{i}.png": landmarks_of(mask) for i, (_, mask) in enumerate(cases)}
        for i, (photo, _) in enumerate(cases):
            write_bytes(root / "photos" / f"{i}.png", encode_image(photo))
        began = time.perf_counter()
        cut_out_folder(root / "photos", boxes, root / "out", 256, WORKERS, points, say=lambda _: None)
        return Figure("cut-outs", len(cases) / (time.perf_counter() - began), "photos/s", len(cases), threads=WORKERS)


def main() -> None:
    """Print the figures."""
    given = Path(sys.argv[sys.argv.index("--photos") + 1]) if "--photos" in sys.argv[:-1] else None
    cases = pairs(given) if given else shipped()
    cv2.setNumThreads(1)
    show(
        [
            speed(cases * (4 if "--long" in sys.argv else 2)),
            quality("box", cases, False),
            quality("landmarks", cases, True),
        ]
    )


if __name__ == "__main__":
    main()
