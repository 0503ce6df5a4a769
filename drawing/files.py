"""Drawn textiles as files: a picture and a JSON of what is on it for each, and sheets to look at."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import cv2
from PIL import Image, ImageDraw, ImageFont

from drawing import textiles
from drawing.worn import render_worn
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, open_image, read_json, sha256_bytes, write_bytes, write_json

Item = TypeVar("Item")
SHEET = "sheet.jpg"
MOST_ON_SHEET = 100


# --- files --------------------------------------------------------------------------------------------------------


def draw_textiles(
    n: int,
    classes: Sequence[str],
    seed: int,
    out: str | Path,
    size: int = 512,
    mode: str = "scan",
    style: str | None = None,
    colours: Sequence[str] = (),
    workers: int | None = None,
) -> list[Path]:
    """Draws n textiles, the classes (none: all ten) in turn, seeds from `seed` on; returns the pictures' paths.

    Each is CLASS-SEED.png (.jpg in modes "photograph" and "worn") in `out` with a .json beside it: attributes, caption, request and
    the renderer's version. A pair that is already there, of the same request and version, is kept: a stopped command
    goes on. `sheet.jpg` shows the first hundred. `workers`: processes, default one a core.
    Raises SelvedgeError for n or seed out of range, an unknown class, style or mode, a colour that is none, a size
    outside textiles.SIZES, and where `out` is a file.
    """
    out, classes = Path(out), list(dict.fromkeys(classes)) or list(textiles.CLASSES)
    _check(n, classes, seed, out, size, mode, style, colours)
    common = {"size": size, "mode": mode, "style": style, "colours": list(colours), "renderer": renderer_version()}
    requests = [{"class": classes[i % len(classes)], "seed": seed + i // len(classes), **common} for i in range(n)]
    paths = [_path(out, request) for request in requests]
    todo = [(path, request) for path, request in zip(paths, requests, strict=True) if not _is_drawn(path, request)]
    for _ in shown(parallel(_draw, todo, workers), len(todo), "textiles"):
        pass
    labelled = []
    for path in paths[:MOST_ON_SHEET]:
        attributes = read_json(path.with_suffix(".json"))["attributes"]
        labelled.append((f"{attributes['class']} · {attributes['style']}", open_image(path)))
    write_bytes(out / SHEET, encode_image(contact_sheet(labelled), "jpeg"))
    print(f"textiles: {n} in {out}, {n - len(todo)} of them kept", flush=True)
    return paths


def _check(n: int, classes: list[str], seed: int, out: Path, size: int, mode: str, style, colours) -> None:
    least, most = textiles.SIZES
    if n < 1:
        raise SelvedgeError(f"n {n}: draw at least one textile")
    if seed < 0:
        raise SelvedgeError(f"seed {seed}: must be 0 or more")
    if not least <= size <= most:
        raise SelvedgeError(f"size {size}: a textile is drawn at {least} to {most} pixels")
    for cls in classes:
        render(cls, seed, least, mode, style, colours)  # says what is unknown before a file is written
    if out.exists() and not out.is_dir():
        raise SelvedgeError(f"{out}: is a file; name a folder")


def _path(out: Path, request: dict) -> Path:
    ending = "jpg" if request["mode"] in ("photograph", "worn") else "png"
    return out / f"{request['class']}-{request['seed']:05d}.{ending}"


def _is_drawn(path: Path, request: dict) -> bool:
    """Whether both files are there and are of this request. The JSON is written last."""
    beside = path.with_suffix(".json")
    if not (path.is_file() and beside.is_file()):
        return False
    try:
        return read_json(beside)["request"] == request
    except (SelvedgeError, KeyError, TypeError):
        return False  # not ours, or of another version: draw it again


def render(
    cls: str, seed: int, size: int, mode: str, style: str | None = None, colours: Sequence[str] = ()
) -> textiles.Drawing:
    """textiles.render in one of its modes, or worn.render_worn in mode "worn"; raises as they do."""
    if mode == "worn":
        return render_worn(cls, seed, size, style, colours)
    return textiles.render(cls, seed, size, mode, style, colours)


def _draw(job: tuple[Path, dict]) -> None:
    path, request = job
    drawing = render(
        request["class"], request["seed"], request["size"], request["mode"], request["style"], request["colours"]
    )
    write_bytes(path, encode_image(drawing.image, "jpeg" if path.suffix == ".jpg" else "png"))
    beside = {"attributes": drawing.attributes, "caption": drawing.caption, "request": request}
    write_json(path.with_suffix(".json"), beside)


@cache
def renderer_version() -> str:
    """Twelve hex digits of the renderer's source: another version may draw another picture of the same seed."""
    folder = Path(__file__).parent
    worn = ["worn.py", "garments/items.py", "garments/recolour.py"]
    files = [*sorted((folder / "textiles").glob("*.py")), *(folder / name for name in worn)]
    return sha256_bytes(b"".join(file.read_bytes() for file in files))[:12]


# --- many at once -------------------------------------------------------------------------------------------------


def parallel(job, items: Sequence, workers: int | None = None) -> Iterator:
    """job(item) for each item, in order, in `workers` processes (default: one a core) of one thread each."""
    workers = min(workers or os.cpu_count() or 1, len(items))
    if workers < 2:
        yield from map(job, items)
        return
    spawn = get_context("spawn")  # a fork would inherit cv2's threads, dead, and wait for them for ever
    with ProcessPoolExecutor(workers, spawn, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        try:
            yield from pool.map(job, items, chunksize=max(1, min(16, len(items) // (8 * workers))))
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C the rest is not drawn


def shown(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """The items, with progress on stderr: a bar on a terminal, else a line every tenth."""
    if total and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield from progress.track(items, total=total, description=what)
        return
    for done, item in enumerate(items, 1):
        yield item
        if done * 10 // total > (done - 1) * 10 // total:
            print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)


# --- sheets -------------------------------------------------------------------------------------------------------

INK, PAPER, MARGIN = "#22252e", "#ffffff", 10


def contact_sheet(labelled: Sequence[tuple[str, Image.Image]], columns: int = 10, side: int = 160) -> Image.Image:
    """Pictures in rows, each cut to a square of `side` pixels, its label beneath."""
    columns = min(columns, len(labelled))
    font = _font(max(11, side // 12))
    wide, high = side + MARGIN, side + MARGIN + round(1.6 * font.size)
    sheet = Image.new("RGB", (columns * wide + MARGIN, math.ceil(len(labelled) / columns) * high + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (label, image) in enumerate(labelled):
        x, y = MARGIN + number % columns * wide, MARGIN + number // columns * high
        sheet.paste(_square(image, side), (x, y))
        pen.text((x, y + side + 2), _fitted(label, font, side), fill=INK, font=font)
    return sheet


def sheet(
    out: str | Path,
    classes: Sequence[str] = textiles.CLASSES,
    per_class: int = 10,
    seed: int = 0,
    side: int = 192,
    mode: str = "scan",
    workers: int | None = None,
) -> Path:
    """A sheet for the documentation: a row a class with its name above, `per_class` textiles, each with its style beneath.

    The styles of a class take turns. Raises SelvedgeError for an unknown class or mode.
    """
    jobs = []
    for cls in classes:
        textiles.render(cls, seed, textiles.SIZES[0], mode)
        styles = list(textiles.STYLES[cls])
        jobs += [(cls, seed + i, 2 * side, mode, styles[i % len(styles)]) for i in range(per_class)]
    images = list(shown(parallel(_render, jobs, workers), len(jobs), "sheet"))
    title, label = _font(side // 7), _font(side // 12)
    head, foot = round(1.7 * title.size), round(1.8 * label.size)
    wide, high = side + MARGIN, head + side + foot
    page = Image.new("RGB", (per_class * wide + MARGIN, len(classes) * high + MARGIN), PAPER)
    pen = ImageDraw.Draw(page)
    for number, (image, (cls, _, _, _, style)) in enumerate(zip(images, jobs, strict=True)):
        x, y = MARGIN + number % per_class * wide, MARGIN + number // per_class * high
        if number % per_class == 0:
            pen.text((x, y), cls, fill=INK, font=title)
        page.paste(_square(image, side), (x, y + head))
        pen.text((x, y + head + side + 2), _fitted(style, label, side), fill=INK, font=label)
    write_bytes(out, encode_image(page, "jpeg"))
    return Path(out)


def _render(job: tuple) -> Image.Image:
    return textiles.render(*job).image


def _square(image: Image.Image, side: int) -> Image.Image:
    """The middle of a picture, fitted to side x side."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    return image.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _fitted(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """A text cut to a width in pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
