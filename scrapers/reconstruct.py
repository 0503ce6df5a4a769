"""The rebuild: crop -> scale -> rotate -> centre window, a folder a class, split by piece of cloth.

The recipe is the clothing-pattern data set's. At a row's scales a window rotated by any angle lies inside the scaled
crop, so no swatch has a padded corner.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scrapers.manifest import RAW, WINDOW, Row, read_manifest
from scrapers.swatches import SPLITS, cloths, split_cloths, usable
from selvedge.config import Params, Reconstruct
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, encode_image, open_image, sha256_bytes, write_json, write_text

SWATCHES = Path("data/swatches")
METRICS = Path("metrics/reconstruct.json")
INDEX = ("file", "sha256", "class", "split", "group", "source", "url", "scale", "rotation", "licence")


def run(params: Params) -> None:
    """Rebuild data/raw into data/swatches/<split>/<class>/ with an index that leads each file back to its row."""
    settings = params.reconstruct
    kept, conflicts = usable(read_manifest())
    kept = [row for row in kept if row.cls in params.classes]
    pieces = cloths(kept)
    sides: dict[str, str] = {}
    for cls in params.classes:
        names = [pieces[row.key] for row in kept if row.cls == cls]
        if not names:
            raise SelvedgeError(
                f"class {cls!r} is empty: {RAW} holds no picture of it; add a source or take it out of classes"
            )
        sides.update(
            {
                f"{cls}\n{name}": side
                for name, side in split_cloths(cls, names, params.reconstruct.split, params.seed).items()
            }
        )

    with atomic_dir(SWATCHES) as out:
        jobs = [Job(row, sides[f"{row.cls}\n{pieces[row.key]}"], pieces[row.key], settings, str(out)) for row in kept]
        for cls in params.classes:
            for split in SPLITS:
                (out / split / cls).mkdir(parents=True)
        with ProcessPoolExecutor() as pool:
            entries: list[dict] = []
            for done, found in enumerate(pool.map(rebuild, jobs, chunksize=8), 1):
                entries += found
                if done % 500 == 0 or done == len(jobs):
                    print(f"reconstruct: {done}/{len(jobs)} pictures -> {len(entries):,} swatches", flush=True)
        entries.sort(key=lambda entry: entry["file"])
        write_text(out / "index.csv", _csv(entries))
    report(entries, conflicts, params)


@dataclass(frozen=True)
class Job:
    """All the swatches of one row."""

    row: Row
    split: str
    group: str
    settings: Reconstruct
    out: str


def rebuild(job: Job) -> list[dict]:
    """Write a row's swatches; returns their index entries. Raises BadImage naming a file that cannot be read."""
    row, settings = job.row, job.settings
    image = open_image(RAW / row.file)
    box = crop_box(row, *image.size)
    crop = image.crop(box)
    chosen = range(len(row.scales)) if settings.scales is None else [i for i in settings.scales if i < len(row.scales)]
    entries = []
    for index in chosen:
        # a table's scales suit a window of 224 and the crop as recorded
        scale = row.scales[index] * settings.size / WINDOW * row.crop_width / (box[2] - box[0])
        for angle in settings.rotations:
            data = encode_image(window(crop, scale, angle, settings.size), settings.format)
            name = f"{job.split}/{row.cls}/{row.name}-s{index}-r{angle:03.0f}.{'jpg' if settings.format == 'jpeg' else 'png'}"
            (Path(job.out) / name).write_bytes(data)
            values = (
                name,
                sha256_bytes(data),
                row.cls,
                job.split,
                job.group,
                row.source,
                row.url,
                scale,
                angle,
                row.licence,
            )
            entries.append(dict(zip(INDEX, values, strict=True)))
    return entries


def crop_box(row: Row, width: int, height: int) -> tuple[int, int, int, int]:
    """A row's crop in pixels of the picture as it came: scaled if its size differs from the recorded one, clamped to it."""
    x, y = width / row.width, height / row.height
    left, top = round(row.crop_x * x), round(row.crop_y * y)
    right, bottom = round((row.crop_x + row.crop_width) * x), round((row.crop_y + row.crop_height) * y)
    box = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        raise SelvedgeError(
            f"{row.url}: its crop {row.crop_width}x{row.crop_height} lies outside its {width}x{height} picture"
        )
    return box


def window(crop: Image.Image, scale: float, angle: float, size: int) -> Image.Image:
    """The centre size x size window of `crop` scaled by `scale` and rotated by `angle` degrees counter-clockwise.

    Only what the window needs is resampled: Lanczos with antialiasing to the scale, then one bicubic warp that sets each
    pixel's centre where it must lie; the first may round its size, since the second knows by how much.
    """
    centre = np.array([crop.width / 2, crop.height / 2])
    reach = (size / math.sqrt(2) + 4) / scale  # from the centre to a corner at any angle, and the filter's reach
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach, crop.size)
    wide = np.maximum(1, np.round((high - low) * scale)).astype(int)
    scaled = np.asarray(crop.resize(tuple(wide), Image.Resampling.LANCZOS, box=(*low, *high)))

    # output pixel centres -> crop -> scaled pixel centres
    stretch = np.diag(wide / (high - low))
    turn = math.radians(angle)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix = stretch @ rotation / scale
    offset = stretch @ (centre - low) - 0.5 - matrix @ np.full(2, (size - 1) / 2)
    warped = cv2.warpAffine(
        scaled,
        np.column_stack([matrix, offset]),
        (size, size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,  # a corner may touch the edge, and miss it by a rounding
    )
    return Image.fromarray(warped)


def report(entries: list[dict], conflicts: list[Row], params: Params) -> None:
    """Counts by split and class as a DVC metric, and one line."""
    by_split = {split: Counter(e["class"] for e in entries if e["split"] == split) for split in SPLITS}
    groups: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        groups[entry["split"]].add(entry["group"])
    write_json(
        METRICS,
        {
            "swatches": len(entries),
            "by_split": {split: {cls: counts[cls] for cls in params.classes} for split, counts in by_split.items()},
            "cloths": {split: len(groups[split]) for split in SPLITS},
            "conflicts": len(conflicts),
        },
    )
    counts = ", ".join(f"{split} {sum(by_split[split].values()):,} of {len(groups[split])} cloths" for split in SPLITS)
    left_out = f"; {len(conflicts)} rows left out: the same picture under two classes" if conflicts else ""
    print(f"reconstruct: {counts}{left_out}", flush=True)


def _csv(entries: list[dict]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, INDEX, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**entry, "scale": f"{entry['scale']:.7g}"} for entry in entries)
    return out.getvalue()
