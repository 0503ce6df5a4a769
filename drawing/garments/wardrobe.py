"""Drawing garments in Blender by worker processes: what each one is, who draws it, and the nine that ship.

`python -m drawing.garments.wardrobe items` draws the nine garments that ship with the project, `samples` those that a
segmenter learns from, `sheet` docs/garments.jpg.
"""

from __future__ import annotations

import io
import json
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

import numpy as np
from PIL import Image

from drawing.garments.items import ITEMS, SAMPLES, Item, check_known, encode_jpeg, read_item, save_item
from drawing.garments.kinds import KINDS, LABEL_OF, PRESENTATIONS
from drawing.garments.recolour import srgb_of, textile_tile
from selvedge.errors import SelvedgeError
from selvedge.io import open_image, read_json, write_bytes
from selvedge.proc import die_with_parent, environment, stop_group

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "MIT, drawn by this project"
GROUNDS = ("plain", "busy")
TRIES = 5  # cuts that are tried before a garment is given up: a cloth simulation may tangle
PATIENCE = 900  # seconds for one garment; a worker that takes longer is ended
SAY = partial(print, flush=True)
SAMPLE_COUNT, SAMPLE_SEED = 72, 41  # eight of each kind
JOBS_A_PROCESS = 40  # then a worker is replaced, so that what Blender leaks does not add up


@dataclass(frozen=True)
class Order:
    """One garment to draw; everything about it is decided by this."""

    name: str
    kind: str
    seed: int
    presentation: str
    ground: str
    colour: tuple[float, float, float]  # sRGB 0..1; of a printed garment, what its ribs are dyed
    textile: dict | None = None  # {"class", "seed", "repeat"}: a print of drawing.textiles, repeat in metres a tile
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
            check_known(what, word, known)
    if not 1 <= workers <= 16:
        raise SelvedgeError(f"workers is {workers}: 1 to 16 can be started")
    orders = [plan(i, seed, kinds, presentations, printed, busy) for i in range(n)]
    return draw_orders(orders, Path(out), size, samples, workers, progress or SAY)


def plan(
    number: int, seed: int, kinds: Sequence[str], presentations: Sequence[str] = PRESENTATIONS,
    printed: float = 2 / 3, busy: float = 1 / 2,
) -> Order:  # fmt: skip
    """What garment `number` of `seed` is; the same for the same arguments, whatever n was."""
    from drawing.textiles import CLASSES
    from drawing.textiles.colours import COLOURS

    rng = np.random.default_rng([seed, number, 0x5E1])
    kind = kinds[number % len(kinds)]
    presentation = presentations[rng.integers(len(presentations))]
    ground = GROUNDS[int(rng.random() < busy)]
    dyes = sorted(COLOURS.values())
    colour = np.asarray(srgb_of(dyes[rng.integers(len(dyes))])) + rng.normal(0, 0.02, 3)
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
            [str(self.interpreter), "-m", "drawing.garments.blender.worker"],
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


def draw_samples(out: Path = SAMPLES, work: Path = Path("runs/garment-samples"), workers: int = 2) -> None:
    """Draw the garments that a segmenter learns from; `work` keeps them with their truth, `out` gets pictures and masks."""
    files = draw_garments(SAMPLE_COUNT, KINDS, SAMPLE_SEED, work, (256, 341), workers)
    for file in files:
        item = read_item(file)
        write_bytes(out / f"{file.stem}.jpg", encode_jpeg(item.image, 90))
        write_bytes(out / f"{file.stem}_mask.png", file.with_name(f"{file.stem}_mask.png").read_bytes())


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
    """See the top of this file."""
    try:
        match list(arguments):
            case ["items"]:
                draw_items()
            case ["samples"]:
                draw_samples()
            case ["sheet"]:
                draw_sheet(ROOT / "docs" / "garments.jpg")
            case _:
                raise SelvedgeError("usage: python -m drawing.garments.wardrobe items | samples | sheet")
    except SelvedgeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
