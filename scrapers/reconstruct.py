"""The rebuild: crop -> scale -> rotate -> centre window, a folder a class, split by piece of cloth.

The recipe is the clothing-pattern data set's. At a row's scales a window rotated by any angle lies inside the scaled
crop, so no swatch has a padded corner.
"""

from __future__ import annotations

import csv
import io
import math
import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scrapers.duplicates import Signatures, find
from scrapers.manifest import RAW, WINDOW, Row, read_manifest
from scrapers.swatches import LEDGER, SPLITS, Plan, Rejected, plan
from selvedge.config import Params, Reconstruct
from selvedge.errors import SelvedgeError
from selvedge.io import FORMATS, MAX_PIXELS, atomic_dir, open_image, sha256_bytes, write_json, write_text

SWATCHES = Path("data/swatches")
METRICS = Path("metrics/reconstruct.json")
INDEX = ("file", "sha256", "class", "split", "group", "id", "source", "url", "scale", "rotation", "licence")
REJECTED = ("id", "class", "source", "url", "reason", "file")
KINDS = {"another": "another picture", "conflict": "of a cloth under two classes", "duplicate": "duplicates"}
QUARTERS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
ENCODING = {
    "jpg": [
        *(cv2.IMWRITE_JPEG_QUALITY, 95),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ],
    "png": [cv2.IMWRITE_PNG_COMPRESSION, 6],
}
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


def run(params: Params) -> None:
    """Rebuild data/raw into data/swatches/<split>/<class>/, with an index that leads each file back to its row.

    rejected.csv says which rows were left out and why; data/splits.csv remembers which cloth lies on which side.
    """
    settings = params.reconstruct
    rows, other = described(read_manifest(), settings)
    pairs = find(Signatures().of({row.sha256: RAW / row.file for row in rows}))
    ledger = LEDGER.read_text(encoding="utf-8") if LEDGER.exists() else None
    what = plan(rows, pairs, settings, params.classes, params.seed, ledger)
    rejected = [*other, *what.rejected]
    with atomic_dir(SWATCHES) as out:
        for cls in params.classes:
            for split in SPLITS:
                (out / split / cls).mkdir(parents=True)
        jobs = [Job(row, what.sides[row.id], what.cloths[row.id], settings, str(out)) for row in what.rows]
        entries = rebuild_all(jobs)
        write_text(out / "index.csv", _csv(INDEX, entries))
        left_out = [(r.row.id, r.row.cls, r.row.source, r.row.url, r.reason, r.row.file) for r in rejected]
        write_text(out / "rejected.csv", _csv(REJECTED, sorted(left_out)))
    write_text(LEDGER, what.ledger)
    report(entries, rejected, what, params)


def described(rows: Iterable[Row], settings: Reconstruct) -> tuple[list[Row], list[Rejected]]:
    """The rows with a picture, and those whose picture is not the one that their source describes: its shape is another."""
    kept, rejected = [], []
    for row in rows:
        if row.status != "ok":
            continue
        change = row.file_width * row.height / (row.file_height * row.width)
        if max(change, 1 / change) <= 1 + settings.max_aspect_change:
            kept.append(row)
            continue
        reason = f"another picture: it came as {row.file_width}x{row.file_height}, recorded as {row.width}x{row.height}"
        rejected.append(Rejected(row, "another", reason))
    return kept, rejected


def rebuild_all(jobs: Sequence[Job]) -> list[tuple]:
    """Index entries of all jobs, sorted by file, done in parallel with a line now and then; the largest pictures first."""
    jobs = sorted(jobs, key=lambda job: (-job.row.file_width * job.row.file_height, job.row.id))
    entries: list[tuple] = []
    # spawned: OpenCV's threads do not survive a fork, and telling it to have none then waits for ever
    with ProcessPoolExecutor(
        mp_context=multiprocessing.get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        for done, found in enumerate(pool.map(rebuild, jobs, chunksize=4), 1):
            entries += found
            if done % 500 == 0 or done == len(jobs):
                print(f"reconstruct: {done}/{len(jobs)} pictures -> {len(entries):,} swatches", flush=True)
    return sorted(entries)


@dataclass(frozen=True)
class Job:
    """All the swatches of one row."""

    row: Row
    split: str
    cloth: str
    settings: Reconstruct
    out: str


def rebuild(job: Job) -> list[tuple]:
    """Write a row's swatches; returns their index entries (INDEX). Raises BadImage naming a file that cannot be read."""
    row, settings = job.row, job.settings
    picture = open_bgr(RAW / row.file)
    box = crop_box(row, picture.shape[1], picture.shape[0])
    ending = "jpg" if settings.format == "jpeg" else "png"
    folder = f"{job.split}/{row.cls}/{row.id}"
    about = (row.cls, job.split, job.cloth, row.id, row.source, row.url)
    entries = []
    for index, scale in chosen_scales(row, box, settings):
        for angle, swatch in windows(picture, box, scale, settings.rotations, settings.size):
            data = cv2.imencode(f".{ending}", swatch, ENCODING[ending])[1].tobytes()
            name = f"{folder}-s{index}-r{angle:03g}.{ending}"
            # no need to sync: the folder takes its name when all is there
            Path(job.out, name).write_bytes(data)
            entries.append((name, sha256_bytes(data), *about, f"{scale:.7g}", f"{angle:g}", row.licence))
    return entries


def open_bgr(path: Path) -> np.ndarray:
    """A picture's pixels, upright, (height, width, 3) uint8 in OpenCV's order; raises BadImage naming the file."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            plain = image.format == "JPEG" and image.mode == "RGB" and image.width * image.height <= MAX_PIXELS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        plain = False
    # the usual case, which OpenCV decodes a fifth faster and without a copy
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR) if plain else None
    return pixels if pixels is not None else cv2.cvtColor(np.asarray(open_image(path)), cv2.COLOR_RGB2BGR)


def crop_box(row: Row, width: int, height: int) -> Box:
    """Left, top, right, bottom of a row's crop in its picture as it came, width x height pixels.

    The crop is scaled where that is not the recorded size, and clamped to the picture. Raises SelvedgeError where it lies
    outside.
    """
    x, y = width / row.width, height / row.height
    left, top = round(row.crop_x * x), round(row.crop_y * y)
    right, bottom = round((row.crop_x + row.crop_width) * x), round((row.crop_y + row.crop_height) * y)
    box = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        raise SelvedgeError(
            f"{row.url}: its crop {row.crop_width}x{row.crop_height} lies outside its {width}x{height} picture"
        )
    return box


def chosen_scales(row: Row, box: Box, settings: Reconstruct) -> Iterator[tuple[int, float]]:
    """Index and factor of the row's scales that params.yaml asks for, for the picture as it came and the window's size."""
    came = row.file_width or row.width, row.file_height or row.height
    factor = settings.size / WINDOW
    if came != (row.width, row.height):
        # recorded for another size: the shorter side of the crop keeps its length in the scaled crop
        factor *= min(row.crop_width, row.crop_height) / min(box[2] - box[0], box[3] - box[1])
    for index in range(len(row.scales)) if settings.scales is None else settings.scales:
        if index < len(row.scales):
            yield index, row.scales[index] * factor


def windows(
    picture: np.ndarray, box: Box, scale: float, angles: Sequence[float], size: int
) -> Iterator[tuple[float, np.ndarray]]:
    """For each angle (degrees, counter-clockwise) the centre size x size window, (size, size, 3) uint8, of a picture's crop.

    The crop `box` of `picture` (height, width, 3) uint8 is scaled by `scale` and rotated about its centre, as the data
    set's recipe says; only what the window needs is computed. Angles that differ by quarter turns share one resampling,
    since the window turns into itself. Where a clamped crop is too small for a window at an angle, the scale grows until
    the window fits: no corner is ever padded.
    """
    side = min(box[2] - box[0], box[3] - box[1])
    middles: dict[float, Middle] = {}  # by scale
    made: dict[float, np.ndarray] = {}  # by angle modulo a quarter turn
    for angle in angles:
        quarters, rest = divmod(angle, 90.0)
        if rest not in made:
            turn = math.radians(rest)
            wide = size * (math.cos(turn) + math.sin(turn))  # side of the upright square that holds the turned window
            fits = wide / side if wide / side > scale * (1 + 1e-4) else scale
            if fits not in middles:
                middles[fits] = Middle.of(picture, box, fits, size)
            made[rest] = middles[fits].window(turn, size)
        yield angle, made[rest] if quarters % 4 == 0 else cv2.rotate(made[rest], QUARTERS[int(quarters % 4)])


# Halves a picture: a half-band filter, flat up to a third of what remains and 16 dB down or more at what would alias.
HALVING = np.array([-1, 0, 9, 16, 9, 0, -1], np.float32) / 32


@dataclass(frozen=True)
class Middle:
    """The middle of a crop, without what is too fine for the window.

    `step` is how many of its pixels one of the window's is long, below 2; `centre` is the crop's centre in it, x and y in
    pixels from the upper left corner (the middle of the first pixel is 0.5).
    """

    pixels: np.ndarray
    step: float
    centre: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray, box: Box, scale: float, size: int) -> Middle:
        """Halved as often as it can be, then low-passed by Lanczos's filter to the window's pixels: nothing aliases."""
        centre, step = np.array([box[0] + box[2], box[1] + box[3]]) / 2, 1 / scale
        reach = (size / math.sqrt(2) + 8) * step  # from the centre to a corner at any angle, and the filters' reach
        low = np.floor(np.maximum(box[:2], centre - reach)).astype(int)
        high = np.ceil(np.minimum(box[2:], centre + reach)).astype(int)
        pixels, centre = picture[low[1] : high[1], low[0] : high[0]], centre - low
        while step >= 2:
            # keeps every other pixel, from the first on
            pixels = np.ascontiguousarray(cv2.sepFilter2D(pixels, -1, HALVING, HALVING)[::2, ::2])
            centre, step = (centre + 0.5) / 2, step / 2
        if step > 1:
            taps = _lanczos(step)
            pixels = cv2.sepFilter2D(pixels, -1, taps, taps)
        return cls(np.ascontiguousarray(pixels), step, centre)

    def window(self, turn: float, size: int) -> np.ndarray:
        """The size x size window about the centre, turned by `turn` radians counter-clockwise."""
        cos, sin = math.cos(turn) * self.step, math.sin(turn) * self.step
        matrix = np.array([[cos, -sin], [sin, cos]])
        # from the middle of the window's pixels to the middle of these
        offset = self.centre - 0.5 - matrix @ np.full(2, (size - 1) / 2)
        return cv2.warpAffine(
            self.pixels,
            np.column_stack([matrix, offset]),
            (size, size),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,  # a corner may touch the edge, and miss it by a rounding
        )


@cache
def _lanczos(step: float) -> np.ndarray:
    """Low-pass taps for a sample every `step` pixels: sinc windowed by sinc, three lobes a side."""
    x = np.arange(-math.ceil(3 * step) + 1, math.ceil(3 * step)) / step
    taps = np.sinc(x) * np.sinc(x / 3)
    return (taps / taps.sum()).astype(np.float32)


def report(entries: list[tuple], rejected: list[Rejected], what: Plan, params: Params) -> None:
    """A few counts as a DVC metric, and a few lines; the data card has all of them."""
    swatches = [dict(zip(INDEX, entry, strict=True)) for entry in entries]
    by_split = {split: Counter(s["class"] for s in swatches if s["split"] == split) for split in SPLITS}
    cloths = {split: len({s["group"] for s in swatches if s["split"] == split}) for split in SPLITS}
    reasons = Counter(r.kind for r in rejected)
    headline = {"swatches": len(swatches), "left_out": len(rejected), "moved_to_a_held_out_side": len(what.moved)}
    write_json(METRICS, {**headline, **{f"cloths_{split}": count for split, count in cloths.items()}})
    counts = ", ".join(f"{split} {sum(by_split[split].values()):,} of {cloths[split]} cloths" for split in SPLITS)
    print(f"reconstruct: {counts}", flush=True)
    if rejected:
        listed = ", ".join(f"{count} {KINDS[kind]}" for kind, count in sorted(reasons.items()))
        print(f"reconstruct: {len(rejected)} rows left out: {listed}; {SWATCHES / 'rejected.csv'} says why", flush=True)
    if what.renewed:
        print(f"reconstruct: {what.renewed}", flush=True)
    for moved in what.moved:
        print(f"reconstruct: {moved.group} moved from {moved.before} to {moved.after}: it shows a cloth of that side")


def _csv(columns: Sequence[str], rows: Iterable[Sequence]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
