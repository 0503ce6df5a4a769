"""A catalogue: patterns, tiles, and clothes that wear them, as a page to look at and a manifest to count on.

    out/index.html, manifest.json, patterns/CLASS-NN/{tile.png, tile-large.png, repeat.jpg, GARMENT.jpg, pattern.json}

Each pattern's own JSON is written after its files, and names their hashes and the recipe they were made by: a stopped
catalogue goes on where it was, a changed one is made anew, and what the manifest no longer names is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from inference import pictures
from inference.composite import put_on
from inference.live import load_live
from inference.page import render
from inference.patterns import PRINTED, Patterns, Wish, derived_seed, describe
from inference.segment import garment_mask
from inference.upscale import upscale
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.io import (
    fingerprint,
    list_images,
    open_image,
    read_json,
    sha256_bytes,
    sha256_file,
    write_bytes,
    write_json,
    write_text,
)
from training.data import to_image
from training.models.bundle import Bundle, as_upscaler

ITEMS = Path("data/garments/items")
FOLDER, RECORD, MANIFEST, PAGE = "patterns", "pattern.json", "manifest.json", "index.html"
TILE, LARGE, REPEAT = "tile.png", "tile-large.png", "repeat.jpg"
FORMAT = "selvedge-pattern/1"  # in each RECORD: what this file may remove again


@dataclass(frozen=True)
class Work:
    """One pattern to make: the `index`-th of its class, counted from 0."""

    cls: str
    index: int
    seed: int

    @property
    def name(self) -> str:
        """Names its folder."""
        return f"{self.cls}-{self.index + 1:02d}"


def run(params: Params, *, seed: int | None, shard: str, out: Path) -> None:
    """Make a catalogue of the live models, or the i-th of n parts of it, in `out`; the same call, the same bytes.

    Raises SelvedgeError where a model, the garments or a class is missing, or `shard` is not i/n.
    """
    part, parts = _parse(shard)
    seed = params.seed if seed is None else seed
    studio = _Studio(params)
    works = plan(params, studio.patterns, seed)[part - 1 :: parts]
    records, made = [], 0
    for number, work in enumerate(works, 1):
        record = _finished(out / FOLDER / work.name, studio.recipe(work))
        if record is None:
            record = studio.make(work, out / FOLDER / work.name)
            made += 1
            print(f"catalogue: {number}/{len(works)} {work.name}, seed {work.seed}", flush=True)
        records.append(record)

    manifest = {
        "title": params.catalogue.title,
        "seed": seed,
        "shard": shard,
        "models": {name: describe(bundle) for name, bundle in studio.live.items()},
        "patterns": records,
    }
    write_json(out / MANIFEST, manifest)
    write_text(out / PAGE, render(manifest, out))
    _remove_stale(out / FOLDER, {work.name: record for work, record in zip(works, records, strict=True)})
    kept = f", {len(works) - made} were there" if made < len(works) else ""
    print(f"catalogue: {made} patterns made{kept}, on {len(studio.garments)} garments -> {out / PAGE}", flush=True)


def plan(params: Params, patterns: Patterns, seed: int) -> list[Work]:
    """The whole catalogue's patterns in order; a pattern's own seed follows from (seed, class, index) alone.

    A generator that was not told classes apart gets one chapter, `unsorted`, with as many patterns. Raises SelvedgeError
    for a class that the generator was not trained on.
    """
    count, classes = params.catalogue.patterns_per_class, params.classes
    if not patterns.conditional:
        count, classes = count * len(classes), ("unsorted",)
    for cls in classes:
        patterns.check(cls)
    return [Work(cls, index, derived_seed(seed, cls, index)) for cls in classes for index in range(count)]


def _parse(shard: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", shard)
    if not found or int(found[1]) > int(found[2]):
        raise SelvedgeError(f"--shard {shard!r} is not i/n with i from 1 to n; the second of four parts is --shard 2/4")
    return int(found[1]), int(found[2])


# ---- one pattern -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Garment:
    """An item to print on: a photo and, unless the segmenter is to find it, its mask."""

    name: str
    photo: Path
    mask: Path | None

    @cached_property
    def sha256(self) -> dict[str, str | None]:
        return {"photo": sha256_file(self.photo), "mask": sha256_file(self.mask) if self.mask else None}


class _Studio:
    """The live models and the garments, opened once for all patterns."""

    def __init__(self, params: Params) -> None:
        self.settings = params.catalogue
        self.garments = list(_garments(params.catalogue.masks == "given"))
        self.patterns = Patterns(load_live("patterns"))
        self.live: dict[str, Bundle] = {"patterns": self.patterns.bundle}
        if not self.patterns.prints:
            self.live["upscaler"] = load_live("upscaler")
        if any(garment.mask is None for garment in self.garments):
            self.live["segmenter"] = load_live("segmenter")

    @cached_property
    def opened(self) -> list[tuple[str, Image.Image, Image.Image]]:
        """Name, photo and mask of each garment."""
        return [(garment.name, *self._open(garment)) for garment in self.garments]

    def _open(self, garment: Garment) -> tuple[Image.Image, Image.Image]:
        photo = open_image(garment.photo)
        if garment.mask:
            mask = open_image(garment.mask, mode="L")
            if mask.size != photo.size:
                raise SelvedgeError(
                    f"{garment.mask}: is {mask.width}x{mask.height}, {garment.photo} is {photo.width}x{photo.height}; "
                    "a mask has its photo's size"
                )
            return photo, mask
        try:
            return photo, garment_mask(photo, self.live["segmenter"])
        except SelvedgeError:
            raise SelvedgeError(
                f"{garment.photo}: no garment was found in it; add a mask {garment.name}_mask.png beside it"
            ) from None

    def recipe(self, work: Work) -> str:
        """Names everything that a pattern's bytes follow from: models, garments, settings, and this code."""
        settings = self.settings.model_dump(include={"repeats", "dpi", "best_of"})
        garments = {garment.name: garment.sha256 for garment in self.garments}
        models = {name: bundle.card["sha256"] for name, bundle in self.live.items()}
        return fingerprint([FORMAT, work.cls, work.seed, settings, garments, models, self._code])

    @cached_property
    def _code(self) -> list[str]:
        return [sha256_file(path) for path in sorted(Path(__file__).parent.glob("*.py"))]

    def make(self, work: Work, folder: Path) -> dict[str, Any]:
        """Write a pattern's files, then the record that names them; returns the record."""
        dpi = self.settings.dpi
        seed = self.patterns.chosen(work.cls, work.seed, Wish(best_of=self.settings.best_of))
        tile = self.patterns.tile(work.cls, seed)
        large = self._large(work, seed, tile)
        files = {
            TILE: pictures.png(to_image(tile), dpi),
            LARGE: pictures.png(to_image(large), dpi),
            REPEAT: pictures.jpeg(pictures.repeat(large, 2, 2), dpi=dpi),
        }
        for name, photo, mask in self.opened:
            files[f"{name}.jpg"] = pictures.jpeg(put_on(to_image(large), photo, mask, self.settings.repeats), dpi=dpi)
        old = _record(folder)
        for name, data in files.items():
            write_bytes(folder / name, data)
        _remove(folder, set(old["files"]) - set(files) if old else ())
        record = {
            "format": FORMAT,
            "recipe": self.recipe(work),
            "name": work.name,
            "class": work.cls,
            "seed": work.seed,
            "chosen_seed": seed,
            "seamless": self.patterns.seamless,
            "size": list(tile.shape[1:]),
            "garments": [garment.name for garment in self.garments],
            "files": {name: sha256_bytes(data) for name, data in files.items()},
        }
        write_json(folder / RECORD, record)
        return record

    def _large(self, work: Work, seed: int, tile: Tensor) -> Tensor:
        """The tile as it is printed: anew at that size where the generator can, else enlarged four times."""
        if self.patterns.prints:
            return self.patterns.tile(work.cls, seed, Wish(size=PRINTED))
        return upscale(tile, as_upscaler(self.live["upscaler"]), wrap=self.patterns.seamless)


def _garments(given: bool) -> Iterator[Garment]:
    """The items in data/garments; with a mask where one is `given` and there."""
    photos = [path for path in list_images(ITEMS) if not path.stem.endswith("_mask")] if ITEMS.is_dir() else []
    if not photos:
        raise SelvedgeError(f"{ITEMS}: holds no garment; run `selvedge garments`")
    taken = {Path(name).stem for name in (TILE, LARGE, REPEAT)}
    for photo in photos:
        if photo.stem in taken:
            raise SelvedgeError(f"{photo}: a garment cannot be named {photo.stem!r}: rename it")
        mask = photo.with_name(f"{photo.stem}_mask.png")
        yield Garment(photo.stem, photo, mask if given and mask.exists() else None)


# ---- what is there already -------------------------------------------------------------------------------------------


def _record(folder: Path) -> dict[str, Any] | None:
    """What a pattern's folder says of itself; None where it is not one of ours, or half-written."""
    try:
        record = read_json(folder / RECORD)
    except SelvedgeError:
        return None
    named = isinstance(record, dict) and record.get("format") == FORMAT and isinstance(record.get("files"), dict)
    return record if named else None


def _finished(folder: Path, recipe: str) -> dict[str, Any] | None:
    """The record of a pattern that was made by this recipe and whose files all still are what it says."""
    record = _record(folder)
    if record is None or record["recipe"] != recipe:
        return None
    whole = all(
        (folder / name).is_file() and sha256_file(folder / name) == sha for name, sha in record["files"].items()
    )
    return record if whole else None


def _remove_stale(root: Path, live: dict[str, dict[str, Any]]) -> None:
    """Take away other catalogues' patterns: the files that their own records name, and nothing of anyone else's."""
    for folder in sorted(path for path in root.glob("*") if path.is_dir() and path.name not in live):
        record = _record(folder)
        if record is None:
            continue
        _remove(folder, [*record["files"], RECORD])
        if not any(folder.iterdir()):
            folder.rmdir()


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if Path(name).name == name:  # in this folder and nowhere else
            (folder / name).unlink(missing_ok=True)
