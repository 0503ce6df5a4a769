"""Garments with their ground truth: drawn in Blender by worker processes, kept compactly, and dyed anew without Blender.

A garment NAME is four files: NAME.jpg, NAME_mask.png (label values, see PALETTE), NAME_truth.npz (places on the cloth and
light, see `encode_truth`), NAME.json (what it is and how it was made). The JSON is written last: without it, NAME is not
there. `python -m scrapers.demo.wardrobe items` draws the nine garments that ship with the project.
"""

from __future__ import annotations

import difflib
import io
import json
import lzma
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scrapers.demo.atelier.sewn import KINDS, LABEL_OF, LABELS, PRESENTATIONS
from selvedge.errors import SelvedgeError
from selvedge.io import open_image, read_json, write_bytes, write_json
from selvedge.proc import die_with_parent, environment, stop_group

ROOT = Path(__file__).resolve().parents[2]
ITEMS = Path(__file__).with_name("items")
LICENCE = "MIT, drawn by this project"
PALETTE = {"ground": 0, **LABELS, "stand": 6, "occluder": 7}  # the mask's values; shoot.py paints them
GROUNDS = ("plain", "busy")
STEP = 0.00025  # metres: places on the cloth are kept in quarters of a millimetre
TRIES = 5  # cuts that are tried before a garment is given up: a cloth simulation may tangle
PATIENCE = 900  # seconds for one garment; a worker that takes longer is ended
SAY = partial(print, flush=True)
JOBS_A_PROCESS = 40  # then a worker is replaced, so that what Blender leaks does not add up


@dataclass(frozen=True)
class Item:
    """A garment's picture with what is true of it; arrays (H, W, ...).

    `image` sRGB uint8; `mask` uint8, values of PALETTE; `uv` float32 metres on the cloth, u along the weft and v up, NaN
    where no print reaches (ground, ribs, buttons); `panel` int16, the cut piece, -1 there; `shading` float32, the linear
    light that white cloth would send back, so that the cloth's linear colour x weight x shading is its diffuse light;
    `weight` float32 0..1, how far a pixel follows the cloth's colour; `attributes`: NAME.json.
    """

    image: np.ndarray
    mask: np.ndarray
    uv: np.ndarray
    panel: np.ndarray
    shading: np.ndarray
    weight: np.ndarray
    attributes: dict

    @property
    def garment(self) -> np.ndarray:
        """(H, W) bool: the garment with its ribs and trims."""
        return (self.mask >= 1) & (self.mask <= max(LABELS.values()))


# ---- drawing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """One garment to draw; everything about it is decided by this."""

    name: str
    kind: str
    seed: int
    presentation: str
    ground: str
    colour: tuple[float, float, float]  # sRGB 0..1; of a printed garment, what its ribs are dyed
    textile: dict | None = (
        None  # {"class", "seed", "repeat"}: a print of scrapers.demo.textiles, repeat in metres a tile
    )
    weave: str | None = None
    occluder: bool | None = None


def draw_garments(
    n: int,  # how many
    kinds: Sequence[str] = KINDS,  # in turn
    seed: int = 0,  # decides all of them
    out: str | Path = "data/garments/drawn",
    size: tuple[int, int] = (384, 512),  # width and height in pixels
    workers: int = 2,  # Blender processes, each of which can use two cores
    *,
    samples: int = 16,  # light paths a pixel, before denoising
    printed: float = 2 / 3,  # share of garments with a print
    busy: float = 1 / 2,  # share on a busy ground
    presentations: Sequence[str] = PRESENTATIONS,
    progress: Callable[[str], None] | None = None,  # takes a line a garment; default: standard output
) -> list[Path]:
    """Draw `n` garments into `out`, each with its ground truth; returns the paths of their JSON files in order.

    What is complete already is left as it is, so an interrupted call goes on where it was. Raises SelvedgeError for n
    below 1, an unknown kind or presentation (naming the nearest), where the drawing interpreter is missing, and, at the
    end, when a garment could not be drawn; the others are there then.
    """
    if n < 1:
        raise SelvedgeError(f"n is {n}: draw at least one garment")
    for what, words, known in (("kind", kinds, KINDS), ("presentation", presentations, PRESENTATIONS)):
        for word in words:
            _known(what, word, known)
    if not 1 <= workers <= 16:
        raise SelvedgeError(f"workers is {workers}: 1 to 16 can be started")
    orders = [plan(i, seed, kinds, presentations, printed, busy) for i in range(n)]
    return draw_orders(orders, Path(out), size, samples, workers, progress or SAY)


def plan(
    number: int, seed: int, kinds: Sequence[str], presentations: Sequence[str] = PRESENTATIONS,
    printed: float = 2 / 3, busy: float = 1 / 2,
) -> Order:  # fmt: skip
    """What garment `number` of `seed` is; the same for the same arguments, whatever n was."""
    from scrapers.demo.textiles import CLASSES
    from scrapers.demo.textiles.colours import COLOURS

    rng = np.random.default_rng([seed, number, 0x5E1])
    kind = kinds[number % len(kinds)]
    presentation = presentations[rng.integers(len(presentations))]
    ground = GROUNDS[int(rng.random() < busy)]
    dyes = sorted(COLOURS.values())
    colour = np.asarray(_hex(dyes[rng.integers(len(dyes))])) + rng.normal(0, 0.02, 3)
    textile = None
    if rng.random() < printed:
        cls = CLASSES[rng.integers(len(CLASSES))]
        repeat = math.exp(rng.uniform(math.log(0.03), math.log(0.20)))
        textile = {"class": cls, "seed": int(rng.integers(1 << 30)), "repeat": round(repeat, 4)}
    own = int(rng.integers(1 << 31))
    colour = tuple(round(float(c), 4) for c in np.clip(colour, 0.02, 0.95))
    return Order(f"{kind}-{number:05d}", kind, own, presentation, ground, colour, textile)


def draw_orders(
    orders: Iterable[Order], out: Path, size: tuple[int, int], samples: int, workers: int,
    progress: Callable[[str], None], quality: int = 95,
) -> list[Path]:  # fmt: skip
    """Draw the `orders` that are not complete in `out`; returns the paths of all their JSON files in order."""
    orders = list(orders)
    todo: queue.Queue[Order] = queue.Queue()
    for order in orders:
        if not _complete(out, order, size):
            todo.put(order)
    already, total = len(orders) - todo.qsize(), len(orders)
    if already:
        progress(f"garments: {already}/{total} are there already")
    failures: list[str] = []
    done: list[str] = []
    lock, halt = threading.Lock(), threading.Event()

    def tell(order: Order, outcome: str) -> None:
        with lock:
            done.append(order.name)
            progress(f"garments: {already + len(done)}/{total} {order.name} ({outcome})")

    def serve() -> None:
        worker = Worker(interpreter)
        try:
            while not halt.is_set():
                order = todo.get_nowait()
                try:
                    tell(order, _draw(worker, order, out, size, samples, quality))
                except SelvedgeError as error:
                    failures.append(f"{order.name}: {error}")
                    tell(order, f"failed: {error}")
        except queue.Empty:
            pass
        finally:
            worker.close()

    if todo.qsize():
        interpreter = drawing_python()
        out.mkdir(parents=True, exist_ok=True)
        threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(workers, todo.qsize()))]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)  # in slices, so that Ctrl-C is heard
        finally:
            halt.set()
    if failures:
        raise SelvedgeError(f"{len(failures)} of {total} garments could not be drawn; the first: {failures[0]}")
    return [out / f"{order.name}.json" for order in orders]


def _complete(out: Path, order: Order, size: tuple[int, int]) -> bool:
    """Whether NAME.json is there and tells of the same order."""
    path = out / f"{order.name}.json"
    if not path.exists():
        return False
    facts = read_json(path)
    same = facts.get("order") == order.seed and facts.get("kind") == order.kind and facts.get("size") == list(size)
    if not same:
        raise SelvedgeError(
            f"{path}: is another garment than this call would draw; use an empty folder or the same seed and size"
        )
    return True


def _draw(worker: Worker, order: Order, out: Path, size: tuple[int, int], samples: int, quality: int) -> str:
    """Draw one order, with another cut where the cloth tangles; returns the words for the progress line."""
    with tempfile.TemporaryDirectory(prefix="selvedge-draw-") as folder:
        job = {
            "kind": order.kind, "presentation": order.presentation, "ground": order.ground, "size": list(size),
            "samples": samples, "colour": list(order.colour), "occluder": order.occluder, "weave": order.weave,
            "out": folder,
        }  # fmt: skip
        if order.textile:
            tile, job["colour"], job["repeat"] = textile_tile(order.textile)
            job["textile"] = str(Path(folder) / "textile.png")
            tile.save(job["textile"])
        for attempt in range(TRIES):
            seed = order.seed + attempt
            answer = worker.ask({**job, "seed": seed})
            if answer["ok"]:
                break
        else:
            raise SelvedgeError(answer["error"])
        made = np.load(Path(folder) / "truth.npz")
        facts = read_json(Path(folder) / "facts.json")
        facts = {
            "kind": order.kind, "label": LABEL_OF[order.kind], "seed": seed, "order": order.seed,
            "presentation": order.presentation, "ground": order.ground, "colour": job["colour"],
            "textile": order.textile, "size": list(size), "samples": samples, "licence": LICENCE, **facts,
        }  # fmt: skip
        item = Item(*(made[k] for k in ("image", "mask", "uv", "panel", "shading", "weight")), facts)
    save_item(item, out, order.name, quality)
    sewing, shooting = answer["seconds"]
    return f"{order.presentation}, {order.ground} ground; sewn in {sewing:.0f} s, taken in {shooting:.0f} s"


def textile_tile(textile: dict) -> tuple[Image.Image, list[float], float]:
    """A print's tile in its dyes alone, the sRGB colour of its ground, and the metres that the tile is wide."""
    from scrapers.demo.textiles import render

    drawing = render(textile["class"], textile["seed"], 1024, mode="flat")
    ground = _hex(drawing.attributes["colours"][0]["hex"])
    return drawing.image.convert("RGB"), list(ground), textile["repeat"] * drawing.attributes["repeats"][0]


def _known(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        nearest = difflib.get_close_matches(word, words, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"unknown {what} {word!r}: did you mean {nearest!r}? (of {', '.join(words)})")


def _hex(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


# ---- the worker ------------------------------------------------------------------------------------------------------


def drawing_python() -> Path:
    """The interpreter that has Blender: $SELVEDGE_DRAW_PYTHON, or .venv-draw beside pyproject.toml.

    Raises SelvedgeError where there is none, saying what to do.
    """
    named = os.environ.get("SELVEDGE_DRAW_PYTHON")
    path = Path(named) if named else ROOT / ".venv-draw" / "bin" / "python"
    if not path.is_file():
        raise SelvedgeError(f"{path}: the drawing interpreter is not there; run `make drawing`")
    return path


class Worker:
    """A Blender process that draws one garment at a time, started when first asked, replaced when it dies."""

    def __init__(self, interpreter: Path) -> None:
        self.interpreter = interpreter
        self.process: subprocess.Popen | None = None
        self.jobs = 0

    def ask(self, job: dict) -> dict:
        """Hand over one job and wait for its answer: {"ok", "seconds" or "error"}."""
        if self.process is None or self.jobs >= JOBS_A_PROCESS:
            self.close()
            self._start()
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        clock = threading.Timer(PATIENCE, stop_group, (process,))
        clock.start()
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            clock.cancel()
        self.jobs += 1
        if not line:
            said = self._last_words()
            self.close()
            return {"ok": False, "error": f"the drawing process ended: {said}"}
        return json.loads(line)

    def _start(self) -> None:
        self.log = tempfile.TemporaryFile(prefix="selvedge-draw-log-")  # noqa: SIM115  (lives as long as the process)
        self.process = subprocess.Popen(
            [str(self.interpreter), "-m", "scrapers.demo.atelier.worker"],
            cwd=ROOT, env={**environment(), "PYTHONPATH": str(ROOT)}, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            preexec_fn=partial(die_with_parent, parent=os.getpid()),
        )  # fmt: skip
        self.jobs = 0

    def _last_words(self) -> str:
        self.log.seek(max(0, self.log.seek(0, io.SEEK_END) - 400))
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"

    def close(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            stop_group(self.process)
            self.log.close()
            self.process = None


# ---- files -----------------------------------------------------------------------------------------------------------


def save_item(item: Item, out: Path, name: str, quality: int = 95) -> None:
    """Write the four files of garment `name`; its JSON last."""
    picture = io.BytesIO()
    Image.fromarray(item.image).save(picture, "JPEG", quality=quality, subsampling=0, optimize=True)
    write_bytes(out / f"{name}.jpg", picture.getvalue())
    mask = io.BytesIO()
    Image.fromarray(item.mask).save(mask, "PNG", optimize=True)
    write_bytes(out / f"{name}_mask.png", mask.getvalue())
    write_bytes(out / f"{name}_truth.npz", encode_truth(item))
    write_json(out / f"{name}.json", item.attributes)


def read_item(path: str | Path) -> Item:
    """The garment whose JSON is `path`; raises SelvedgeError naming the file that is missing or cannot be read."""
    path = Path(path)
    facts = read_json(path)
    image = np.asarray(open_image(path.with_suffix(".jpg")))
    mask = np.asarray(open_image(path.with_name(f"{path.stem}_mask.png"), mode="L"))
    truth = path.with_name(f"{path.stem}_truth.npz")
    try:
        places = decode_truth(truth.read_bytes())
    except (OSError, ValueError, KeyError, lzma.LZMAError) as error:
        raise SelvedgeError(f"{truth}: cannot be read ({error}); draw the garment again") from None
    return Item(image, mask, *places, facts)


def load_item(kind: str) -> Item:
    """The garment of `kind` that ships with the project; raises SelvedgeError naming the nearest kind for an unknown one."""
    _known("kind", kind, KINDS)
    return read_item(ITEMS / f"{kind}.json")


def encode_truth(item: Item) -> bytes:
    """uv, panel, shading and weight as a small npz.

    uv in steps of STEP (error at most STEP / 2), lossless from there: each pixel as its difference from what its left,
    upper and upper left neighbours foretell, LZMA. Shading as the square root of light, in a JPEG of quality 95 without
    chroma subsampling (root mean square error about 0.005 of white). Weight in 255 steps.
    """
    known = item.panel >= 0
    flat = _filled(np.where(known[..., None], item.uv, 0), known)
    origin = flat[known].min(0) if known.any() else np.zeros(2, np.float32)
    steps = np.clip(np.round((flat - origin) / STEP), 0, 65535).astype(np.uint16)
    peak = float(max(item.shading.max(), 1e-3))
    lit = _filled(np.sqrt(np.clip(item.shading / peak, 0, 1)), item.weight > 0.02)
    jpeg = io.BytesIO()
    Image.fromarray((lit * 255).round().astype(np.uint8)).save(jpeg, "JPEG", quality=95, subsampling=0, optimize=True)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        places=np.frombuffer(_squeezed(steps), np.uint8), origin=origin.astype(np.float32),
        panel=(item.panel + 1).astype(np.uint8), peak=np.float32(peak),
        shading=np.frombuffer(jpeg.getvalue(), np.uint8), weight=(item.weight * 255).round().astype(np.uint8),
    )  # fmt: skip
    return out.getvalue()


def decode_truth(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What `encode_truth` wrote: uv, panel, shading, weight."""
    with np.load(io.BytesIO(data)) as kept:
        panel = kept["panel"].astype(np.int16) - 1
        weight = kept["weight"].astype(np.float32) / 255
        uv = _unsqueezed(kept["places"].tobytes(), panel.shape).astype(np.float32) * STEP + kept["origin"]
        lit = np.asarray(Image.open(io.BytesIO(kept["shading"].tobytes())), np.float32) / 255
        shading = lit**2 * kept["peak"]
    uv[panel < 0] = np.nan
    shading[weight <= 0.004] = 0
    return uv.astype(np.float32), panel, shading.astype(np.float32), weight


def _squeezed(steps: np.ndarray) -> bytes:
    """(H, W, 2) uint16 -> bytes: differences in both directions, low and high bytes apart."""
    rest = np.diff(np.diff(steps, axis=0, prepend=np.uint16(0)), axis=1, prepend=np.uint16(0))
    rest = (rest + np.uint16(0x80)).astype("<u2")  # small differences of either sign share a high byte
    planes = np.stack([rest & 0xFF, rest >> 8]).astype(np.uint8)
    return lzma.compress(np.moveaxis(planes, -1, 0).tobytes(), preset=9)


def _unsqueezed(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    planes = np.moveaxis(np.frombuffer(lzma.decompress(data), np.uint8).reshape(2, 2, *shape), 0, -1).astype(np.uint16)
    rest = planes[0] + (planes[1] << 8) - np.uint16(0x80)
    return np.cumsum(np.cumsum(rest, axis=1, dtype=np.uint16), axis=0, dtype=np.uint16)


def _filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, C) with each unknown pixel as its nearest known one."""
    if not known.any():
        return values
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(labels.max() + 1, np.int64)
    source[labels[known]] = np.flatnonzero(known)
    return values.reshape(-1, values.shape[-1])[source[labels]]


# ---- dyeing anew -----------------------------------------------------------------------------------------------------


def recolour(
    item: Item, cloth: Sequence[float] | Image.Image, repeat: float = 0.3, rib: Sequence[float] | None = None
) -> Image.Image:
    """The item's picture in another cloth: `cloth` is an sRGB colour 0..1, or a tile, `repeat` metres wide.

    Ribs and what else takes no print get the colour `rib` (sRGB 0..1; default: the commonest colour of the tile). The
    sum is in linear light: what the old dye sent back is replaced, gloss and everything around stays; pixels that the
    cloth does not touch keep their bytes. Raises SelvedgeError for a repeat that is not positive.
    """
    if not repeat > 0:
        raise SelvedgeError(f"repeat is {repeat}: give the metres that one width of the tile covers")
    places = _filled(np.nan_to_num(item.uv), item.panel >= 0)
    old = _albedo(places, item, *_old_cloth(item))
    new = _albedo(places, item, cloth, repeat, rib)
    light, weight = _linear(item.image), item.weight[..., None]
    # where a pixel is only in part cloth, the light carried out to it may be more than it holds
    sent = old * weight * item.shading
    sent *= np.minimum(1, (light / np.maximum(sent, 1e-4)).min(-1, keepdims=True))
    # lighter: add what more the new dye sends back. Darker: dim what is there, so that grain and errors dim with it
    added = light + sent * (new / np.maximum(old, 1e-3) - 1)
    within = cv2.erode(item.garment.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    whole = within & (item.weight > 0.68)  # cloth alone, the right side or the wrong one
    gloss = _mean_within(light - old * weight * item.shading, whole, 1.5)
    diffuse = np.clip(light - np.maximum(gloss, 0), 0, None)
    diffuse = np.where(light > 0.97, old * weight * item.shading, diffuse)  # burnt out: the picture tells no more
    dimmed = light - diffuse * (1 - np.minimum(new / np.maximum(old, 1e-3), 1))
    mixed = np.where((new < old) & whole[..., None], dimmed, added)
    touched = (item.weight > 0.004)[..., None] & (np.abs(new - old) > 1e-6).any(-1, keepdims=True)
    return Image.fromarray(np.where(touched, _encoded(mixed), item.image))


def _mean_within(values: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of (H, W, 3) over the pixels `where` alone; 0 elsewhere."""
    weight = cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)[..., None]
    total = cv2.GaussianBlur(np.where(where[..., None], values, 0).astype(np.float32), (0, 0), sigma)
    return np.where(where[..., None], total / np.maximum(weight, 1e-3), 0)


def _old_cloth(item: Item) -> tuple:
    """What the item is made of: colour or tile, repeat, rib."""
    if item.attributes.get("textile"):
        tile, ground, repeat = textile_tile(item.attributes["textile"])
        return tile, repeat, ground
    return item.attributes["colour"], 1.0, None


def _albedo(places: np.ndarray, item: Item, cloth, repeat: float, rib) -> np.ndarray:
    """(H, W, 3) the linear colour of the cloth at each pixel, whether the pixel shows it or not."""
    if not isinstance(cloth, Image.Image):
        return np.broadcast_to(_linear_of(cloth), item.image.shape).astype(np.float32)
    tile = _linear(np.asarray(cloth.convert("RGB")))
    high, wide = tile.shape[:2]
    plain = _linear_of(rib) if rib is not None else _commonest(tile)
    # the tile is first shrunk to what the picture can show, then sampled: no sparkle
    pitch = _pitch(item) / repeat * wide
    if pitch > 1:
        wide, high = max(1, round(wide / pitch)), max(1, round(high / pitch))
        tile = cv2.resize(tile, (wide, high), interpolation=cv2.INTER_AREA)
    x = places[..., 0] / repeat * wide - 0.5
    y = -places[..., 1] / repeat * wide - 0.5  # v counts upwards, a picture's rows downwards
    padded = cv2.copyMakeBorder(tile, 1, 1, 1, 1, cv2.BORDER_WRAP)
    at = np.mod(x, wide).astype(np.float32) + 1, np.mod(y, high).astype(np.float32) + 1
    laid = cv2.remap(padded, *at, cv2.INTER_LINEAR)
    bare = (item.panel < 0) & (item.weight > 0.98)  # a rib
    return np.where(bare[..., None], plain, laid).astype(np.float32)


def _pitch(item: Item) -> float:
    """Metres of cloth that a pixel usually spans."""
    step = np.abs(np.diff(item.uv, axis=1)).max(-1)
    step = step[np.isfinite(step) & (step > 0)]
    return float(np.median(step)) if step.size else 0.001


def _commonest(tile: np.ndarray) -> np.ndarray:
    """The colour that most of a tile has, roughly."""
    coarse = np.round(tile.reshape(-1, 3) ** 0.45 * 12).astype(int)
    keys = coarse @ np.array([1, 16, 256])
    values, counts = np.unique(keys, return_counts=True)
    return tile.reshape(-1, 3)[keys == values[counts.argmax()]].mean(0)


def _linear(pixels: np.ndarray) -> np.ndarray:
    """sRGB bytes -> linear light 0..1, float32 (IEC 61966-2-1)."""
    return _linear_of(np.arange(256) / 255)[pixels]


def _linear_of(colour) -> np.ndarray:
    c = np.asarray(colour, np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: np.ndarray) -> np.ndarray:
    """Linear light -> sRGB bytes."""
    light = np.clip(light, 0, 1)
    return (np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255 + 0.5).astype(
        np.uint8
    )


# ---- the nine, and the sheet -----------------------------------------------------------------------------------------

ITEM_ORDERS = tuple(
    Order(kind, kind, seed, presentation, ground, colour, weave=weave, occluder=False)
    for kind, seed, presentation, ground, colour, weave in (
        ("t-shirt", 101, "flat", "busy", (0.93, 0.92, 0.90), "jersey"),
        ("shirt", 103, "hung", "plain", (0.84, 0.89, 0.94), "poplin"),
        ("sweater", 7, "hung", "plain", (0.90, 0.87, 0.80), "knit"),
        ("hoodie", 105, "hung", "plain", (0.82, 0.82, 0.82), "fleece"),
        ("dress", 104, "worn", "plain", (0.93, 0.87, 0.84), "viscose"),
        ("skirt", 103, "flat", "plain", (0.80, 0.86, 0.80), "poplin"),
        ("trousers", 102, "worn", "plain", (0.84, 0.81, 0.75), "twill"),
        ("coat", 305, "worn", "busy", (0.80, 0.72, 0.60), "wool"),
        ("bag", 101, "hung", "plain", (0.90, 0.87, 0.80), "canvas"),
    )
)


def draw_items(out: Path = ITEMS, workers: int = 1) -> None:
    """Draw the nine garments that ship, 768x1024; what is there stays."""
    draw_orders(ITEM_ORDERS, out, (768, 1024), 24, workers, SAY, quality=92)


def draw_sheet(path: Path, work: Path = Path("runs/garments-sheet"), workers: int = 2, seed: int = 20) -> None:
    """All kinds in all presentations on one picture, at most 400 kB; the garments are kept in `work`."""
    orders = []
    for i, presentation in enumerate(PRESENTATIONS):
        for j, kind in enumerate(KINDS):
            order = plan(i * len(KINDS) + j, seed, (kind,))
            order = replace(
                order, name=f"{kind}-{presentation}", presentation=presentation, ground=GROUNDS[(i + j) % 2]
            )
            orders.append(order)
    files = draw_orders(orders, work, (240, 320), 16, workers, SAY)
    compose(files, path, len(KINDS))


def compose(
    files: Sequence[Path], path: Path, columns: int, cell: tuple[int, int] = (180, 240), limit: int = 400_000
) -> None:
    """A contact sheet of garments' pictures as a JPEG of at most `limit` bytes."""
    rows = -(-len(files) // columns)
    sheet = Image.new("RGB", (columns * cell[0], rows * cell[1]), "white")
    for i, file in enumerate(files):
        picture = open_image(file.with_suffix(".jpg")).resize(cell, Image.Resampling.LANCZOS)
        sheet.paste(picture, (i % columns * cell[0], i // columns * cell[1]))
    for quality in (92, 88, 84, 78, 70, 60):
        data = io.BytesIO()
        sheet.save(data, "JPEG", quality=quality, optimize=True)
        if data.tell() <= limit:
            break
    write_bytes(path, data.getvalue())


def main(arguments: Sequence[str]) -> int:
    """`items` draws the nine garments that ship, `sheet` docs/garments.jpg."""
    try:
        match list(arguments):
            case ["items"]:
                draw_items()
            case ["sheet"]:
                draw_sheet(ROOT / "docs" / "garments.jpg")
            case _:
                raise SelvedgeError("usage: python -m scrapers.demo.wardrobe items | sheet")
    except SelvedgeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
