"""Garments cut out of photographs: GrabCut from a box, then from the hull of the landmarks, on a white ground.

GrabCut is Rother, Kolmogorov and Blake's (SIGGRAPH 2004). `cut_out` does one garment; `cut_out_folder` many, in processes,
as NAME.png with NAME_mask.png, which is what `garments.source: {kind: folder}` reads.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scrapers.attributes import read_list_boxes, read_list_landmarks
from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import encode_image, fingerprint, open_image, sha256_bytes, write_bytes, write_text
from selvedge.proc import die_with_parent

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels; right and bottom are just outside
Point = tuple[float, float]

VERSION = 1  # raise it when the same photo is cut differently: finished cut-outs are then made again
WORK = 320  # pixels, the longer side of what GrabCut sees; at 192 it lost a garment in ten (n = 80), 384 was no better
AROUND = 0.25  # of the box, on each side: the surroundings whose colours GrabCut learns
FAIR = 0.25  # of the box; where GrabCut found less, it begins again with the middle as sure cloth
MIDDLE = 0.3  # of the box's width and height: that middle, an ellipse
PLAIN = 16  # of 255 in each channel: so near are four fifths of a plain ground to its median
NOTHING = 0.1  # of the box; less is not cloth that was found, but the middle that was forced (0.07)
RIM = 0.05  # of the root of the hull's area: its outermost part is not forced, landmarks are some pixels off
AGREE = 0.5  # of the hull's inside; where the box alone found less of it, all of it is forced
ROUNDS = 3  # of GrabCut in each pass; 8 were no better
SPECK = 0.02  # of the garment: smaller pieces and holes go
LEFT_WHITE = 0.04  # of the square, on each side
SMALLEST = 8  # pixels, a box's shorter side
SAY_EVERY = 10  # seconds
COLUMNS = ("file", "photo", "left", "top", "right", "bottom", "landmarks", "kept_share", "note", "error", "sha256")


@dataclass(frozen=True)
class CutOut:
    """A garment on a white ground.

    `image` RGB; `mask` L of the same size, 255 is cloth, the edge lies between; `kept_share` is the part of the box that is
    garment; `note` says what a person should look at, "" if nothing.
    """

    image: Image.Image
    mask: Image.Image
    kept_share: float
    note: str


def cut_out(
    image: Image.Image,  # RGB
    box: Box,  # in pixels of `image`; the whole garment lies in it
    landmarks: Sequence[Point] | None = None,  # on the garment's outline, as DeepFashion's
    size: int | None = 256,  # the square's side, a little of it left white all around; None: the box as it is
    ground: tuple[int, int, int] = (255, 255, 255),
) -> CutOut:
    """Cut the garment in `box` out of `image`; the same call gives the same pixels.

    Where GrabCut finds nothing, the landmarks' hull is kept, or else the box, and `note` says so. Raises SelvedgeError for a
    box that is empty, lies outside, or has a side below 8 pixels.
    """
    if size is not None and size < 2 * SMALLEST:
        raise SelvedgeError(f"size is {size}: a cut-out has at least {2 * SMALLEST} pixels")
    notes: list[str] = []
    bounds = _clipped(box, image.size, notes)
    points = _inside(landmarks, bounds, notes)
    view = _View.of(image.convert("RGB"), bounds, size)
    garment = _garment(view, view.places(points), notes)
    alpha = _soft(view.pixels, garment) * view.inside
    colours = _own_colours(view.pixels, alpha)
    left, top, right, bottom = view.box
    return _laid(colours[top:bottom, left:right], alpha[top:bottom, left:right], size, ground, "; ".join(notes))


# ---- what is looked at -----------------------------------------------------------------------------------------------


def _clipped(box: Box, size: tuple[int, int], notes: list[str]) -> tuple[int, int, int, int]:
    """The box in whole pixels of a picture of `size`; raises SelvedgeError when nothing of it is left."""
    if not all(map(math.isfinite, box)) or box[0] >= box[2] or box[1] >= box[3]:
        raise SelvedgeError(f"the box {_told(box)} is empty: it is left, top, right, bottom")
    left, top, right, bottom = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    inner = max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])
    if inner[0] >= inner[2] or inner[1] >= inner[3]:
        raise SelvedgeError(f"the box {_told(box)} lies outside the picture of {size[0]}x{size[1]}")
    if min(inner[2] - inner[0], inner[3] - inner[1]) < SMALLEST:
        raise SelvedgeError(f"the box {_told(box)} has less than {SMALLEST} pixels in one direction in the picture")
    if inner != (left, top, right, bottom):
        notes.append("the box runs out of the picture")
    return inner


def _told(box: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in box)


def _inside(landmarks: Sequence[Point] | None, box: tuple[int, int, int, int], notes: list[str]) -> list[Point]:
    """The landmarks that lie in the box; at least three make a hull."""
    points = [tuple(map(float, point)) for point in landmarks or ()]
    good = [(x, y) for x, y in points if box[0] <= x <= box[2] and box[1] <= y <= box[3]]
    if len(good) < len(points):
        notes.append(f"{len(points) - len(good)} of {len(points)} landmarks lie outside the box")
    if points and len(good) < 3:
        notes.append("no hull: fewer than three landmarks")
    return good if len(good) >= 3 else []


@dataclass(frozen=True)
class _View:
    """The box and its surroundings, at no more than twice the size that comes out."""

    pixels: np.ndarray  # (H, W, 3) uint8
    box: tuple[int, int, int, int]  # in pixels of these
    corner: tuple[int, int]  # of the view, in the picture
    scale: tuple[float, float]  # pixels here a pixel there, across and down

    @classmethod
    def of(cls, image: Image.Image, box: tuple[int, int, int, int], size: int | None) -> _View:
        wide, high = box[2] - box[0], box[3] - box[1]
        across, down = math.ceil(AROUND * wide), math.ceil(AROUND * high)
        left, top = max(0, box[0] - across), max(0, box[1] - down)
        crop = image.crop((left, top, min(image.width, box[2] + across), min(image.height, box[3] + down)))
        whole = crop.size
        if size and max(wide, high) > 2 * size:
            factor = 2 * size / max(wide, high)
            to = max(1, round(crop.width * factor)), max(1, round(crop.height * factor))
            crop = crop.resize(to, Image.Resampling.BOX)
        scale = crop.width / whole[0], crop.height / whole[1]
        here = [round((value - (left, top)[i % 2]) * scale[i % 2]) for i, value in enumerate(box)]
        return cls(np.asarray(crop), tuple(here), (left, top), scale)

    @property
    def inside(self) -> np.ndarray:
        """(H, W) float32, 1 in the box."""
        mask = np.zeros(self.pixels.shape[:2], np.float32)
        mask[self.box[1] : self.box[3], self.box[0] : self.box[2]] = 1
        return mask

    def places(self, points: Sequence[Point]) -> np.ndarray:
        """(N, 2) float32: points of the picture in pixels here."""
        return (np.float32(points).reshape(-1, 2) - np.float32(self.corner)) * np.float32(self.scale)


# ---- GrabCut ---------------------------------------------------------------------------------------------------------


def _garment(view: _View, points: np.ndarray, notes: list[str]) -> np.ndarray:
    """(H, W) float32 of `view`, 1 where GrabCut and what comes after it see cloth, softened by its enlargement."""
    high, wide = view.pixels.shape[:2]
    scale = min(1.0, WORK / max(high, wide))
    to = max(1, round(wide * scale)), max(1, round(high * scale))
    pixels = cv2.resize(view.pixels, to, interpolation=cv2.INTER_AREA)
    box = cv2.resize(view.inside, to, interpolation=cv2.INTER_NEAREST) > 0
    hull = _hull(points * np.float32((to[0] / wide, to[1] / high)), box) if len(points) else None
    if len(points) and hull is None:
        notes.append("no hull: the landmarks lie on a line")
    found = _clean(_grab_cut(pixels, box, hull))
    if found.sum() < NOTHING * box.sum():
        found = hull if hull is not None else box
        notes.append(f"GrabCut found nothing: the {'box' if hull is None else 'hull of the landmarks'} is kept")
    elif found.sum() > 0.98 * box.sum():
        notes.append("all of the box is kept")
    return np.clip(cv2.resize(found.astype(np.float32), (wide, high), interpolation=cv2.INTER_CUBIC), 0, 1)


def _grab_cut(pixels: np.ndarray, box: np.ndarray, hull: np.ndarray | None) -> np.ndarray:
    """(H, W) bool: cloth, by the box alone and then, with a hull, by both."""
    found = _passed(pixels, _start(pixels, box))
    if found.sum() < FAIR * box.sum():
        # Cloth like its surroundings is given up whole. Not forced at once: between two legs the middle is ground.
        again = np.where(box, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
        if _covers(box):
            again[~_ellipse(box, 1)] = cv2.GC_PR_BGD
        again[_ellipse(box, MIDDLE) & (box if hull is None else hull)] = cv2.GC_FGD
        found = _passed(pixels, again)
    if hull is None:
        return found
    core = _shrunk(hull)
    second = np.where(box, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    second[hull] = cv2.GC_PR_FGD
    if (found & core).sum() >= AGREE * core.sum():
        # The hull bridges real gaps, between arm and body or leg and leg: what the box's pass calls ground is not forced.
        second[box & found] = cv2.GC_PR_FGD
        second[core & found] = cv2.GC_FGD
    else:
        second[core] = cv2.GC_FGD
    return _passed(pixels, second)


def _start(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """GrabCut's first labels (H, W): probably cloth in the box, ground outside.

    Ground shows in the box too, between two legs or an arm and the body, and GrabCut would keep it as it never learns
    otherwise. So what has the ground's colours and reaches out of the box begins as ground, which a print does not; on a
    plain ground, as in a shop's photos, all of it, wherever it lies.
    """
    labels = np.where(box, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    ground = ~box
    if _covers(box):
        labels[~_ellipse(box, 1)] = cv2.GC_PR_BGD  # nothing around it to learn from: its corners are ground, perhaps
        ground = ~_ellipse(box, 1.2)
    labels[box & _reaching(_grounds_colours(pixels, box, ground), ~box)] = cv2.GC_PR_BGD
    plain = np.abs(pixels - np.median(pixels[ground], axis=0)).max(axis=2) <= PLAIN
    if plain[ground].mean() >= 0.8:
        labels[box & plain] = cv2.GC_PR_BGD
    return labels


def _grounds_colours(pixels: np.ndarray, box: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """(H, W) bool: colours that are a larger part of the ground than of the box, by smoothed histograms of 16 steps."""
    cell = pixels.astype(np.intp) // 16 @ np.array([256, 16, 1])

    def histogram(part: np.ndarray) -> np.ndarray:
        count = np.bincount(cell[part], minlength=4096).reshape(16, 16, 16).astype(np.float64)
        for axis in range(3):  # neighbours count half; nothing lies beyond black and white
            near = np.moveaxis(np.zeros_like(count), axis, 0)
            row = np.moveaxis(count, axis, 0)
            near[1:] += 0.5 * row[:-1]
            near[:-1] += 0.5 * row[1:]
            count = np.moveaxis(row + near, 0, axis)
        return count.ravel() / count.sum()

    return (histogram(ground) > histogram(box))[cell]


def _reaching(mask: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """The part of the mask, without its threads, that hangs together with `outside` or the picture's edge."""
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    joined = np.pad((mask | outside).astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(joined, connectivity=4)
    return mask & (labels[1:-1, 1:-1] == labels[0, 0])


def _covers(box: np.ndarray) -> bool:
    """Whether next to nothing lies around the box."""
    return (~box).sum() < 0.03 * box.size


def _passed(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(H, W) bool after ROUNDS of GrabCut from `labels`."""
    cloth = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if not cloth.any() or cloth.all():
        return cloth
    cv2.setRNGSeed(0)  # its k-means draws by OpenCV's generator
    cv2.grabCut(
        np.ascontiguousarray(pixels), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def _ellipse(box: np.ndarray, part: float) -> np.ndarray:
    """The ellipse of `part` of the box's width and height about its middle."""
    left, top, wide, high = cv2.boundingRect(box.astype(np.uint8))
    y, x = np.ogrid[: box.shape[0], : box.shape[1]]
    across, down = (x + 0.5 - left - wide / 2) / (wide / 2), (y + 0.5 - top - high / 2) / (high / 2)
    return box & (across**2 + down**2 <= part**2)


def _hull(points: np.ndarray, box: np.ndarray) -> np.ndarray | None:
    """The convex hull of `points` as a mask in the box; None where they lie on a line."""
    hull = np.zeros(box.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points).round().astype(np.int32), 1)
    inside = (hull > 0) & box
    return inside if inside.sum() >= 0.01 * box.sum() else None


def _shrunk(hull: np.ndarray) -> np.ndarray:
    """The hull without its rim of RIM."""
    return _depth(hull) > RIM * math.sqrt(hull.sum())


def _depth(mask: np.ndarray) -> np.ndarray:
    """The distance of each pixel of the mask from its outside; the picture's edge is outside."""
    return cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]


def _clean(mask: np.ndarray) -> np.ndarray:
    """Without specks beside the garment and pinholes in it; a gap between arm and body stays."""
    small = SPECK * mask.sum()
    mask = _without_small(mask, small, 8)
    return ~_without_small(~mask, 0.1 * small, 4)


def _without_small(mask: np.ndarray, least: float, connectivity: int) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    good = stats[:, cv2.CC_STAT_AREA] >= least
    good[0] = False
    return good[labels] if count > 1 else mask


# ---- the edge, the ground ----------------------------------------------------------------------------------------------


def _soft(pixels: np.ndarray, garment: np.ndarray) -> np.ndarray:
    """Alpha (H, W) float32: the mask by the picture's own edges, within a thin band, by a guided filter.

    He, Sun and Tang, Guided image filtering (ECCV 2010), equations 5 and 6, with the grey picture as guide.
    """
    radius = max(1, round(max(garment.shape) / 160))
    guide = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    side = (2 * radius + 1,) * 2
    mean, mean_mask = cv2.blur(guide, side), cv2.blur(garment, side)
    slope = (cv2.blur(guide * garment, side) - mean * mean_mask) / (cv2.blur(guide**2, side) - mean**2 + 1e-3)
    alpha = cv2.blur(slope, side) * guide + cv2.blur(mean_mask - slope * mean, side)
    alpha = np.clip((alpha - 0.5) * 1.6 + 0.5, 0, 1)  # its ramp is wider than a lens's
    hard = garment > 0.5
    depth = np.where(hard, _depth(hard), _depth(~hard))
    return np.where(depth <= 2 * radius, alpha, hard).astype(np.float32)


def _own_colours(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colours with the old ground taken out of the edge: there, the mean of the sure cloth nearby."""
    radius = max(2, round(max(alpha.shape) / 100))
    # A lens mixes cloth and ground over some pixels: what lies less deep than the radius teaches no colour.
    depth = _depth(alpha > 0.95)
    sure = (depth > radius).astype(np.float32)
    side = (4 * radius + 1,) * 2
    weight = cv2.blur(sure, side)
    near = cv2.blur(pixels * sure[..., None], side) / np.maximum(weight, 1e-6)[..., None]
    edge = ((depth <= max(1.5, radius / 2)) & (weight > 1e-3))[..., None]
    return np.where(edge, near, pixels).astype(np.float32)


def _laid(colours: np.ndarray, alpha: np.ndarray, size: int | None, ground: tuple[int, int, int], note: str) -> CutOut:
    """The garment on its ground, in a square of `size` with its aspect kept."""
    high, wide = alpha.shape
    kept = float((alpha >= 0.5).mean())
    flat = np.float32(ground)
    if size is None:
        square, mask = colours * alpha[..., None] + flat * (1 - alpha[..., None]), alpha
    else:
        room = size * (1 - 2 * LEFT_WHITE)
        factor = room / max(high, wide)
        to = max(1, round(wide * factor)), max(1, round(high * factor))
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        # Colours times alpha are resized, not colours: what is not cloth must not bleed in.
        worn = cv2.resize(colours * alpha[..., None], to, interpolation=how)
        small = np.clip(cv2.resize(alpha, to, interpolation=how), 0, 1)
        small[small < 1 / 255] = 0
        worn = np.clip(worn, 0, 255 * small[..., None])  # a cubic overshoots
        mask = np.zeros((size, size), np.float32)
        square = np.broadcast_to(flat, (size, size, 3)).copy()
        x, y = (size - to[0]) // 2, (size - to[1]) // 2
        mask[y : y + to[1], x : x + to[0]] = small
        square[y : y + to[1], x : x + to[0]] = worn + flat * (1 - small[..., None])
    picture = Image.fromarray(np.clip(square + 0.5, 0, 255).astype(np.uint8))
    return CutOut(picture, Image.fromarray((mask * 255 + 0.5).astype(np.uint8)), kept, note)


# ---- the tables ------------------------------------------------------------------------------------------------------


def read_boxes(path: str | Path) -> dict[str, Box]:
    """Boxes by photo: DeepFashion's list_bbox.txt, or a CSV with the columns file, left, top, right, bottom.

    Raises SelvedgeError with every defect of the file by its line.
    """
    path = Path(path)
    if _is_list(path):
        return read_list_boxes(path)
    _header, rows = _table(path, ("left", "top", "right", "bottom"))
    boxes: dict[str, Box] = {}
    defects = []
    for line, name, cells in rows:
        try:
            box = tuple(_number(cells, column) for column in ("left", "top", "right", "bottom"))
            if box[0] >= box[2] or box[1] >= box[3]:
                raise ValueError(f"the box {_told(box)} is empty: it is left, top, right, bottom")
            boxes[name] = box
        except ValueError as error:
            defects.append(f"{path}, line {line}: {name}: {error}")
    _tell(defects)
    return boxes


def read_landmarks(path: str | Path) -> dict[str, list[Point]]:
    """Landmarks by photo: DeepFashion's list_landmarks.txt, or a CSV with the columns file, x1, y1, x2, y2, ...

    A CSV of boxes may hold them too. Empty cells are points that the photo has not.
    """
    path = Path(path)
    if _is_list(path):
        return read_list_landmarks(path)
    header, rows = _table(path, ("x1", "y1"))
    numbers = [int(name[1:]) for name in header if re.fullmatch(r"x\d+", name) and f"y{name[1:]}" in header]
    found: dict[str, list[Point]] = {}
    defects = []
    for line, name, cells in rows:
        try:
            pairs = [(f"x{n}", f"y{n}") for n in numbers if cells.get(f"x{n}") or cells.get(f"y{n}")]
            found[name] = [(_number(cells, x), _number(cells, y)) for x, y in pairs]
        except ValueError as error:
            defects.append(f"{path}, line {line}: {name}: {error}")
    _tell(defects)
    return found


def _is_list(path: Path) -> bool:
    """Whether the file begins with a number of rows, as DeepFashion's lists do."""
    try:
        with path.open("rb") as file:
            return file.readline(40).strip().isdigit()
    except OSError as error:
        raise SelvedgeError(f"{path}: cannot be read ({error.strerror})") from None


def _table(path: Path, needed: tuple[str, ...]) -> tuple[list[str], list[tuple[int, str, dict[str, str]]]]:
    """The header and (line, photo, cells) of a CSV whose first column is `file`."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SelvedgeError(f"{path}: is no UTF-8 text; save the table as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text), restval="")
    header = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in ("file", *needed) if name not in header]:
        raise SelvedgeError(f"{path}, line 1: no column {', '.join(missing)}; a CSV begins file,{','.join(needed)}")
    reader.fieldnames = header
    rows, defects, seen = [], [], {}
    for cells in reader:
        name, line = cells["file"].strip(), reader.line_num
        if None in cells:
            defects.append(f"{path}, line {line}: has more cells than the header")
        elif not name or name in seen:
            defects.append(f"{path}, line {line}: " + (f"{name} is on line {seen[name]} too" if name else "no file"))
        else:
            seen[name] = line
            rows.append((line, name, cells))
    _tell(defects)
    return header, rows


def _number(cells: Mapping[str, str], column: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        raise ValueError(f"{column} is {cells[column]!r}, no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{column} is {cells[column]!r}, no place in a picture")
    return value


def _tell(defects: list[str], most: int = 50) -> None:
    if defects:
        more = [f"and {len(defects) - most:,} more defects"] if len(defects) > most else []
        raise SelvedgeError("\n".join(defects[:most] + more))


# ---- many ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What `cut_out_folder` did: cut now, there from before, with a note, and the errors by photo."""

    made: int
    kept: int
    noted: int
    errors: dict[str, str]
    index: Path
    sheet: Path | None

    def rows(self) -> list[dict[str, str]]:
        """Rows of a table: what, count."""
        counts = {"cut out": self.made, "there before": self.kept, "to look at": self.noted, "errors": len(self.errors)}
        return [{"what": name, "count": f"{count:,}"} for name, count in counts.items()]


@dataclass(frozen=True)
class _Job:
    name: str
    photo: str  # as the table says
    root: str
    out: str
    box: Box
    landmarks: tuple[Point, ...]
    size: int | None
    before: dict | None  # its row of an earlier call


def cut_out_folder(
    photos: str | Path,  # what the names in `boxes` are below; DeepFashion's Img, or the img in it
    boxes: Mapping[str, Box],
    out: str | Path,
    size: int | None = 256,
    workers: int = 2,
    landmarks: Mapping[str, Sequence[Point]] | None = None,
    say: Callable[[str], None] | None = None,  # takes a line of progress; default: standard output
) -> Summary:
    """Cut out every photo of `boxes` into `out`, in `workers` processes; a stopped call goes on where it was.

    Writes NAME.png, NAME_mask.png, index.csv (a line a photo, errors too), and overview/sheet.jpg. A photo that cannot be read
    or whose box is bad becomes an error of its own. Raises SelvedgeError for an empty table, or when no photo could be cut.
    """
    out, root = Path(out), Path(photos)
    say = say or (lambda line: print(line, flush=True))
    if not boxes:
        raise SelvedgeError("no boxes: the table names no photo")
    if not root.is_dir():
        raise SelvedgeError(f"{root}: is no folder of photos")
    out.mkdir(parents=True, exist_ok=True)
    before = _journal(out)
    jobs = [
        _Job(name, photo, str(root), str(out), tuple(boxes[photo]), tuple((landmarks or {}).get(photo, ())), size, row)
        for photo, name in _names(boxes).items()
        for row in (before.get(photo),)
    ]
    rows = _worked(jobs, out, workers, say)
    _write_index(out, rows)
    (out / JOURNAL).unlink(missing_ok=True)
    errors = {row["photo"]: row["error"] for row in rows if row["error"]}
    good = [row for row in rows if not row["error"]]
    if not good:
        first = next(iter(errors.items()))
        raise SelvedgeError(f"{root}: no photo could be cut out; the first: {first[0]}: {first[1]}")
    sheet = _sheet(out, good)
    made = sum(row["made"] for row in good)
    noted = sum(bool(row["note"]) for row in good)
    return Summary(made, len(good) - made, noted, errors, out / "index.csv", sheet)


JOURNAL = ".journal.jsonl"  # rows of a call that did not end; index.csv holds those of the last that did


def _names(boxes: Mapping[str, Box]) -> dict[str, str]:
    """A file's name for each photo: its path in one word, numbered where two are the same."""
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for photo in boxes:
        parts = [part for part in Path(photo).with_suffix("").parts if part not in ("/", ".", "..")]
        name = re.sub(r"[^\w.-]+", "_", "-".join(parts)).lstrip(".") or "photo"
        if name.endswith("_mask"):  # NAME_mask.png is a mask's name
            name += "_photo"
        taken[name.lower()] += 1
        names[photo] = name if taken[name.lower()] == 1 else f"{name}~{taken[name.lower()]}"
    return names


def _worked(jobs: list[_Job], out: Path, workers: int, say: Callable[[str], None]) -> list[dict]:
    """The rows of all jobs, in order; each is in the journal as soon as its pictures are on the disk."""
    rows: list[dict] = []
    failed, last = 0, time.monotonic()
    pool = ProcessPoolExecutor(max(1, workers), initializer=_begin, initargs=(os.getpid(),))
    try:
        with (out / JOURNAL).open("a") as journal:
            for row in pool.map(_one, jobs, chunksize=4):
                rows.append(row)
                failed += bool(row["error"])
                journal.write(json.dumps(row) + "\n")
                journal.flush()
                if time.monotonic() - last >= SAY_EVERY or len(rows) == len(jobs):
                    last = time.monotonic()
                    say(f"cut-outs: {len(rows):,}/{len(jobs):,}" + (f", {failed:,} errors" if failed else ""))
    except BrokenProcessPool:
        raise SelvedgeError("a process of the cut-outs was ended (no memory?); run the same command to go on") from None
    finally:
        pool.shutdown(cancel_futures=True)
    return rows


def _begin(parent: int) -> None:
    die_with_parent(parent=parent)
    cv2.setNumThreads(1)  # the processes share the cores already


def _one(job: _Job) -> dict:
    """One photo's row; its pictures are written unless the same ones are there."""
    row = {"file": f"{job.name}.png", "photo": job.photo, "landmarks": len(job.landmarks), "kept_share": "", "note": ""}
    row |= dict(zip(("left", "top", "right", "bottom"), job.box, strict=True)) | {"error": "", "sha256": "", "made": 0}
    picture, mask = Path(job.out) / f"{job.name}.png", Path(job.out) / f"{job.name}_mask.png"
    try:
        data = _photo(Path(job.root), job.photo).read_bytes()
        row["key"] = fingerprint([VERSION, job.size, job.box, job.landmarks, sha256_bytes(data)])
        if _same(job.before, row["key"], picture, mask):
            return {**job.before, "made": 0}
        cut = cut_out(open_image(data, job.photo), job.box, job.landmarks, job.size)
        encoded = encode_image(cut.image)
        write_bytes(mask, encode_image(cut.mask))
        write_bytes(picture, encoded)  # last: where it is, its mask is
        return row | {
            **{"kept_share": f"{cut.kept_share:.4f}", "note": cut.note, "sha256": sha256_bytes(encoded), "made": 1}
        }
    except (SelvedgeError, OSError, cv2.error) as error:
        for path in (picture, mask):  # of an earlier table or photo: they would pass for this one's
            path.unlink(missing_ok=True)
        reason = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else str(error)
        return row | {"error": " ".join(reason.removeprefix(f"{job.photo}: ").split())}


def _same(before: dict | None, key: str, picture: Path, mask: Path) -> bool:
    if not before or (before.get("key"), before.get("file"), before.get("error")) != (key, picture.name, ""):
        return False
    if not mask.is_file() or not picture.is_file():
        return False
    return sha256_bytes(picture.read_bytes()) == before["sha256"]


def _photo(root: Path, name: str) -> Path:
    """The photo below `root`. Who names DeepFashion's img itself gets img/... too; nothing outside is opened."""
    parts = Path(name).parts
    if Path(name).is_absolute() or ".." in parts:
        raise BadImage("leaves the folder of photos")
    if not (root / name).is_file() and len(parts) > 1 and parts[0] == root.name:
        return root.parent / name
    return root / name


def _journal(out: Path) -> dict[str, dict]:
    """Rows by photo of the last call that ended, then of one that did not; a line that was cut off is left out."""
    found: dict[str, dict] = {}
    if (out / "index.csv").is_file():
        with (out / "index.csv").open(newline="") as file:
            found = {row["photo"]: row for row in csv.DictReader(file) if row.get("photo")}
    if (out / JOURNAL).is_file():
        for line in (out / JOURNAL).read_text().splitlines():
            try:
                row = json.loads(line)
                found[row["photo"]] = row
            except (ValueError, KeyError, TypeError):
                continue
    return found


def _write_index(out: Path, rows: list[dict]) -> None:
    table = io.StringIO()
    writer = csv.DictWriter(table, (*COLUMNS, "key"), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["file"]))
    write_text(out / "index.csv", table.getvalue())


def _sheet(out: Path, rows: list[dict], most: int = 60, side: int = 128) -> Path:
    """Up to 60 cut-outs in rows of ten, those to look at first; in a folder of its own, as it is no garment."""
    chosen = sorted(rows, key=lambda row: not row["note"])[:most]
    across = min(10, len(chosen))
    sheet = Image.new("RGB", (across * side, -(-len(chosen) // across) * side), "white")
    for i, row in enumerate(chosen):
        tile = open_image(out / row["file"])
        tile.thumbnail((side - 4, side - 4), Image.Resampling.LANCZOS)
        sheet.paste(tile, (i % across * side + 2, i // across * side + 2))
    write_bytes(out / "overview" / "sheet.jpg", encode_image(sheet, "jpeg"))
    return out / "overview" / "sheet.jpg"
