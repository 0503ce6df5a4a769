"""A pattern generator for any folder of pictures: one of all its classes, or one of each, as the older systems trained them.

`selvedge train-folder DIR --out MODELS` needs nothing of the pipeline. DIR holds a folder of pictures a class, or pictures. The
last fifth of each class is never trained on: half of it picks the best generator on the way, half of it is what that one is held
against in the end, where there are pictures enough to say something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selvedge import tracking
from selvedge.config import Patterns, patterns
from selvedge.errors import SelvedgeError
from selvedge.io import fingerprint, list_images, sha256_bytes, write_bytes, write_text
from training import loop
from training.data import Swatches, decode, steady_crops
from training.evaluation.features import SHIPPED, Extractor
from training.evaluation.measures import pair_scores
from training.models.bundle import save_bundle
from training.models.kinds import PatternGenerator
from training.recipes import RECIPES
from training.tasks.patterns import HeldOut, PatternTask, sample

RUNS = Path("runs/folder")
LEAST, JUDGED = 8, 50  # pictures of a class, held-out pictures in all: with fewer there is nothing to train, or to say
FEW = 1000  # pictures, below which D may come to know them: of 100 it did not when DiffAugment changed them (reports/stability.md)


@dataclass(frozen=True)
class Cloth:
    """Pictures to train on, to pick the best generator by, and to measure it with; none is in two of them."""

    train: Swatches
    pick: Swatches
    test: Swatches
    classes: tuple[str, ...]

    def only(self, label: int) -> Cloth:
        """One class of them."""

        def of(part: Swatches) -> Swatches:
            mine = part.labels == label
            return Swatches(part.images[mine], torch.zeros_like(part.labels[mine]), part.name)

        return Cloth(of(self.train), of(self.pick), of(self.test), (self.classes[label],))

    @property
    def fingerprint(self) -> str:
        """Names these pictures, in these parts."""
        parts = (self.train, self.pick, self.test)
        return fingerprint([[sha256_bytes(part.images.numpy().tobytes()), part.labels.tolist()] for part in parts])


def read(folder: Path, size: int) -> Cloth:
    """The pictures of `folder` as (N, 3, size, size), and its classes: the names of the folders in it, else its own.

    Raises SelvedgeError for a folder that is not there or holds no pictures, and naming a class with fewer than 8 of them;
    BadImage naming a file that cannot be read.
    """
    if not folder.is_dir():
        raise SelvedgeError(f"{folder}: there is no such folder")
    found = {path.name: list_images(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    found = {name: files for name, files in found.items() if files} or {folder.resolve().name: list_images(folder)}
    for name, files in found.items():
        if len(files) < LEAST:
            raise SelvedgeError(
                f"{folder}: class {name!r} has {len(files)} pictures, and {LEAST} is the least that can be learned from; add "
                "some, or take the folder away"
            )
    parts: dict[str, list[tuple[Path, int]]] = {"train": [], "pick": [], "test": []}
    for label, files in enumerate(found.values()):
        tenth = len(files) // 10
        cuts = (0, len(files) - 2 * tenth, len(files) - tenth, len(files))
        for part, (begin, end) in zip(parts.values(), pairwise(cuts), strict=True):
            part += [(file, label) for file in files[begin:end]]

    def swatches(name: str) -> Swatches:
        files, labels = [file for file, _ in parts[name]], [label for _, label in parts[name]]
        images = decode(files, size) if files else torch.empty(0, 3, size, size, dtype=torch.uint8)
        return Swatches(images, torch.tensor(labels, dtype=torch.long), name)

    return Cloth(swatches("train"), swatches("pick"), swatches("test"), tuple(found))


def settings_of(recipe: str, changes: Mapping[str, Any]) -> Patterns:
    """The numbers of a recipe with `changes`; raises SelvedgeError naming a recipe or a number that cannot be."""
    if recipe not in RECIPES:
        raise SelvedgeError(f"recipe {recipe!r}: is none of {', '.join(RECIPES)}")
    return patterns({**RECIPES[recipe], **changes}, f"recipe {recipe}")


def train_folder(
    folder: Path, out: Path, *, recipe: str = "plus", each_class: bool = False, seed: int = 7, **changes: Any
) -> None:
    """Train by `recipe` (`training.recipes`) with some numbers of `patterns` changed, and leave a model directory `out`.

    With `each_class` there is a generator for each class by itself, in `out`/CLASS. The same call goes on where a stopped one
    was; it raises what `read` and `settings_of` raise.
    """
    settings = settings_of(recipe, {**changes, **({"conditional": False} if each_class else {})})
    cloth = read(folder, settings.view or settings.size)
    if not each_class:
        _train(cloth, out, settings, recipe, seed, folder.name)
        return
    for label, name in enumerate(cloth.classes):
        _train(cloth.only(label), out / name, settings, recipe, seed, f"{folder.name}/{name}")


def _train(cloth: Cloth, out: Path, settings: Patterns, recipe: str, seed: int, source: str) -> None:
    # What is trained on what
    numbers = settings.model_dump()
    directory = RUNS / fingerprint(
        {"settings": numbers, "seed": seed, "classes": cloth.classes, "data": cloth.fingerprint}
    )
    task = PatternTask(settings, cloth.train, cloth.classes, seed)
    extractor = Extractor.load(SHIPPED) if len(cloth.test) >= JUDGED else None
    if settings.select and extractor:
        picked_by = steady_crops(cloth.pick.images, settings.size)
        task.held_out = HeldOut(extractor, picked_by, cloth.classes, settings.size, seed)
    count, title = len(cloth.train), out.name
    print(f"{title}: {count:,} pictures of {', '.join(cloth.classes)}; checkpoints in {directory}", flush=True)
    if count < settings.batch:
        print(f"{title}: they are fewer than a batch of {settings.batch}: it may learn them by heart", flush=True)
    if count < FEW and not settings.augment:
        print(
            f"{title}: D soon knows so few; --set 'augment=[colour,shift,cutout]' shows it each of them in many ways",
            flush=True,
        )

    # Train
    with tracking.run(f"folder-{title}", {**numbers, "recipe": recipe, "seed": seed}, directory) as tracker:
        history = loop.train(task, settings, seed=seed, directory=directory, log=tracker, title=title)

        # Measure
        generator, found = task.best_g().cpu(), {}
        if extractor:
            found = scores(
                extractor, generator, steady_crops(cloth.test.images, settings.size), len(cloth.classes), seed
            )
            tracker.metrics(tracking.flat(found), settings.images)

        # Leave
        card = {
            "classes": list(cloth.classes),
            "data": {"folder": source, "pictures": count, "fingerprint": cloth.fingerprint},
            "recipe": recipe,
            "images": task.best.get("images", settings.images),
            "seed": seed,
            "view": settings.view or settings.size,
            "seamless": settings.seamless,
            "scores": found,
        }
        save_bundle(out, generator, family=settings.generator, arguments=task.arguments, **card)
        write_text(out / "history.csv", history.csv())
        write_bytes(out / "samples.png", max((directory / "samples").glob("*.png")).read_bytes())
    told = ", ".join(f"{name} {score['value']:.3g}" for name, score in found.items())
    told = told or f"fewer than {JUDGED} pictures to measure by"
    print(f"{title}: {told} -> {out}; look at {out / 'samples.png'}")


def scores(extractor: Extractor, generator: PatternGenerator, real: Tensor, classes: int, seed: int) -> dict:
    """KID and Frechet distance of as many tiles as there are windows of real pictures (N, 3, size, size)."""
    tiles, _ = sample(generator, classes, len(real), seed)
    found, _ = pair_scores(extractor.look(real), extractor.look(tiles), seed=seed, resamples=200)
    said = ("value", "low", "high", "n", "n_real")
    return {name: {key: found[name][key] for key in said} for name in ("kid", "fd") if name in found}
