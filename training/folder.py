"""A pattern generator for any folder of pictures: one of all its classes, or one of each, as the older systems trained them.

`selvedge train-folder DIR --out MODELS` needs nothing of the pipeline. DIR holds a folder of pictures a class, or pictures. The
last tenth of each class is never trained on: what comes out is held against it, if there is enough of it to say something.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from selvedge import tracking
from selvedge.config import Patterns, patterns
from selvedge.errors import SelvedgeError
from selvedge.io import fingerprint, list_images, write_bytes, write_text
from training import loop
from training.data import Swatches, decode, steady_crops
from training.evaluation.features import SHIPPED, Extractor
from training.evaluation.measures import pair_scores
from training.models.bundle import save_bundle
from training.recipes import RECIPES
from training.tasks.patterns import HeldOut, PatternTask, sample

RUNS = Path("runs/folder")
LEAST, JUDGED = (
    8,
    50,
)  # pictures of a class, and held-out pictures in all, without which there is nothing to train or to say


def read(folder: Path, size: int) -> tuple[Swatches, Swatches, tuple[str, ...]]:
    """Pictures to train on, held-out ones, both (N, 3, size, size), and the classes: the names of the folders in `folder`.

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
    parts: tuple[list, list] = ([], [])
    for label, files in enumerate(found.values()):
        cut = len(files) - len(files) // 10
        for part, some in zip(parts, (files[:cut], files[cut:]), strict=True):
            part += [(file, label) for file in some]
    sets = []
    for part, name in zip(parts, ("train", "held out"), strict=True):
        images = decode([file for file, _ in part], size) if part else torch.empty(0, 3, size, size, dtype=torch.uint8)
        sets.append(Swatches(images, torch.tensor([label for _, label in part]), name))
    return sets[0], sets[1], tuple(found)


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
    data, held, classes = read(folder, settings.view or settings.size)
    if not each_class:
        _train(folder, out, settings, recipe, seed, (data, held, classes))
        return
    for label, name in enumerate(classes):
        parts = (
            Swatches(
                part.images[part.labels == label], torch.zeros(int((part.labels == label).sum()), dtype=int), part.name
            )
            for part in (data, held)
        )
        _train(folder / name, out / name, settings, recipe, seed, (*parts, (name,)))


def _train(
    folder: Path,
    out: Path,
    settings: Patterns,
    recipe: str,
    seed: int,
    cloth: tuple[Swatches, Swatches, tuple[str, ...]],
) -> None:
    data, held, classes = cloth
    digest = fingerprint([part.images.numpy().tobytes().hex() for part in (data, held)])
    directory = RUNS / fingerprint(
        {"settings": settings.model_dump(), "seed": seed, "classes": classes, "data": digest}
    )
    task = PatternTask(settings, data, classes, seed)
    shown = steady_crops(held.images, settings.size)
    extractor = Extractor.load(SHIPPED) if len(held) >= JUDGED else None
    if settings.select and extractor:
        task.held_out = HeldOut(extractor, shown, classes, settings.size, seed)
    if len(data) < settings.batch:
        print(
            f"{folder}: {len(data)} pictures are fewer than a batch of {settings.batch}: it may learn them by heart",
            flush=True,
        )
    title = out.name
    print(f"{title}: {len(data):,} pictures of {', '.join(classes)}; checkpoints in {directory}", flush=True)
    with tracking.run(
        f"folder-{title}", {**settings.model_dump(), "recipe": recipe, "seed": seed}, directory
    ) as tracker:
        history = loop.train(task, settings, seed=seed, directory=directory, log=tracker, title=title)
        generator = task.best_g().cpu()
        card = {
            "classes": list(classes),
            "data": {"folder": folder.name, "pictures": len(data), "fingerprint": digest},
            "recipe": recipe,
            "images": task.best.get("images", settings.images),
            "seed": seed,
            "view": settings.view or settings.size,
            "seamless": settings.seamless,
        }
        if extractor:
            card["scores"] = scores(extractor, generator, shown, len(classes), seed)
            tracker.metrics(tracking.flat(card["scores"]), settings.images)
        save_bundle(out, generator, family=settings.generator, arguments=task.arguments, **card)
        write_text(out / "history.csv", history.csv())
        write_bytes(out / "samples.png", max((directory / "samples").glob("*.png")).read_bytes())
    found = {name: round(score["value"], 3) for name, score in card.get("scores", {}).items() if "value" in score}
    print(
        f"{title}: {found or f'fewer than {JUDGED} pictures held out: not measured'} -> {out}; look at {out / 'samples.png'}"
    )


def scores(extractor: Extractor, generator: torch.nn.Module, held: torch.Tensor, classes: int, seed: int) -> dict:
    """KID and Frechet distance of as many tiles as there are held-out windows (N, 3, size, size)."""
    tiles, _ = sample(generator, classes, len(held), seed)
    found, _ = pair_scores(extractor.look(held), extractor.look(tiles), seed=seed, resamples=200)
    return {name: found[name] for name in ("kid", "fd") if name in found}
