"""What choosing among latents is worth: the generator that ships, a tile a seed and the best of two, four and eight.

    python -m studies.best_of --tiles tiles [--others squeezenet.pth CLASSIFIER ...] --out reports/best_of.md

A choice by the judge flatters the judge, so others measure it too: `--others` are model directories of classifiers, or a file of
SqueezeNet's ImageNet weights. The tiles are those of `studies.generators`, of which the held-out part is measured against;
`--real` names folders of photographs as there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import Figure, show
from inference.patterns import Patterns, seeds_of
from selvedge.io import atomic_path, write_text
from selvedge.registry import SHIPPED
from studies.common import HEAD, SEED, SIZE, agreement, hits, photographs, row
from training.data import sheet
from training.evaluation.features import SHIPPED as JUDGE
from training.evaluation.features import Extractor, Looks
from training.models.bundle import load_bundle
from training.separations import load, printed
from training.tasks.screens import SHRINK

CHOICES = (1, 2, 4, 8)
COLUMNS, SHOWN = 8, 4  # tiles a class on the sheet; the choice that it shows


def candidates(patterns: Patterns, classes: Sequence[str], labels: Tensor) -> tuple[Tensor, Tensor]:
    """The tiles of all latents that the seeds 0, 1, ... stand for (N, most, 3, S, S), and what the judge says of them (N, most)."""
    tiles, says = [], []
    for seed, label in enumerate(labels.tolist()):
        tiles.append(patterns.sample(classes[label], seeds_of(seed, CHOICES[-1])))
        says.append(patterns.judge.likely(classes[label], tiles[-1]))
    return torch.stack(tiles), torch.stack(says)


def draw(path: Path, chosen: dict[int, Tensor], labels: Tensor, classes: int) -> None:
    """A row a class: the seeds' own tiles, then what is chosen of SHOWN."""
    gap, rows = torch.full((1, 3, SIZE, SIZE), 255, dtype=torch.uint8), []
    for label in range(classes):
        mine = labels == label
        rows.append(torch.cat([chosen[1][mine][:COLUMNS], gap, chosen[SHOWN][mine][:COLUMNS]]))
    with atomic_path(path) as partial:
        sheet(rows).save(partial, "JPEG", quality=88)


def figure(extractor: Extractor, looks: dict[str, Looks], labels: Tensor, classes: tuple[str, ...]) -> Figure:
    """How many a classifier takes for their class, of what is chosen beside the seeds' own."""
    own, best = (hits(extractor, looks[f"best of {count}"], labels, classes) / len(labels) for count in (1, SHOWN))
    name = f"of their class by {extractor.id}, best of {SHOWN}"
    return Figure(name, best, "share", len(labels), "a seed's own", own, best / own if own else None)


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=Path, required=True)
    parser.add_argument("--champion", type=Path, default=SHIPPED / "patterns")
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--real", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path("reports/best_of.md"))
    parser.add_argument("--sheet", type=Path, default=Path("docs/best_of.jpg"))
    parser.add_argument("--json", action="store_true", help="print the shares taken for their class as JSON lines")
    given = parser.parse_args()

    # Data
    data, held = load(given.tiles, given.tiles.with_suffix(".npz")).split()
    classes, labels = held.classes, held.labels
    other = data.some(torch.arange(0, len(data), 9))
    real, floor = (printed(part, SIZE, SHRINK, SEED) for part in (held, other))

    # Tiles
    patterns = Patterns(load_bundle(given.champion))
    tiles, says = candidates(patterns, classes, labels)
    every = torch.arange(len(tiles))
    chosen = {count: tiles[every, says[:, :count].argmax(1)] for count in CHOICES}

    # Scores
    photos = [photographs(entry) for entry in given.real]
    judge = f"{patterns.judge.bundle.card['name']}@{patterns.judge.bundle.version}"
    lines = [
        "# The best of a few",
        "",
        "By `python -m studies.best_of`.",
        "",
        f"A seed stands for a few latents, and the tile that the judge ({judge}) thinks most likely to be of its class is "
        f"kept (`generate --best-of`). {len(tiles)} tiles of the generator that ships ({patterns.bundle.version}) against as many "
        "windows of held-out drawn tiles, in the same shares of classes. The judge is no judge of its own choice: what it measures "
        "is flattered, and others stand below. Brackets are 95 % over resampled pictures; the classes told are Wilson's.",
        "",
    ]
    shown = {"other drawn cloth (the floor)": (floor, other.labels)}
    shown |= {f"best of {count}": (made, labels) for count, made in chosen.items()}
    figures = []
    for place in (JUDGE, *given.others):
        extractor = Extractor.load(place)
        looks = {name: extractor.look(made) for name, (made, _) in shown.items()}
        lines += [f"## By {extractor.id}{' (who chose)' if place == JUDGE else ''}", "", *HEAD]
        if told := set(classes) <= set(extractor.bundle.card["classes"]):
            figures.append(figure(extractor, looks, labels, classes))
        cloth = extractor.look(real)
        for name, (_, asked) in shown.items():
            right = agreement(extractor, looks[name], asked, classes) if told else ""
            lines.append(row(name, cloth, looks[name], right))
        for title, pictures in photos:
            cloth = extractor.look(pictures)
            for name in ("best of 1", f"best of {SHOWN}"):
                lines.append(row(f"against {title} ({len(pictures)}): {name}", cloth, looks[name], ""))
        lines.append("")

    # The page
    draw(given.sheet, chosen, labels, len(classes))
    lines += [f"![tiles by class](../docs/{given.sheet.name})", ""]
    lines += [f"Left: the first {COLUMNS} seeds of each class; right: the same seeds, the best of {SHOWN} each.", ""]
    write_text(given.out, "\n".join(lines))
    show(figures)


if __name__ == "__main__":
    main()
