"""How good the copy alarm and the seam score are, on pictures of which the truth is known.

    selvedge draw textiles --n 2500 --size 120 --mode photograph --seed 500000 --out photographs
    ... --n 1500 --seed 500250, of the classes checkered, dotted, solid, striped and zigzag
    ... --n 1600 --seed 500800, of animal, floral, leaves and paisley; --n 5500 --seed 900000, of these and novelty
    selvedge draw textiles --n 1100 --size 96 --mode tile --seed 700000 --out tiles-96
    selvedge draw textiles --n 1100 --size 64 --mode tile --seed 800000 --out tiles-64
    python -m studies.copies --photographs photographs --tiles tiles-96 tiles-64 [--real NAME=DIR:RUN ...]

writes reports/copies.md and docs/copies.jpg, a sheet of drawn pictures alone. `--real` names folders of class folders, in which
so many consecutive files show one piece of cloth; of those only numbers are reported. Half an hour on a free core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import list_images, open_image, write_text
from training.data import decode
from training.evaluation import copies, seams
from training.evaluation.agreement import share_of

PIXELS = 120  # of a drawn photograph
TRAIN, CONTROLS = 100, 200  # drawn pictures of a class to copy; copies of them to measure recall by
SHOWN = 10  # planted copies on the sheet, before as many of the closest other pictures
REAL = 400  # real pictures of a class, at most


# ---- copies ----------------------------------------------------------------------------------------------------------


def study_copies(root: Path, seed: int, sheet: Path) -> list[str]:
    """`copies.check` on drawings that are no copies, and on copies that are not the ones it plants itself."""
    # Drawings: to copy, held out, and others
    files = _drawn(root)
    images, names = decode(files, PIXELS), np.array([_class(file) for file in files])
    classes, labels = np.unique(names, return_inverse=True)
    place = np.concatenate([np.arange((labels == i).sum()) for i in range(len(classes))])  # files come class by class
    train = np.flatnonzero(place < TRAIN)
    held = np.flatnonzero((place >= TRAIN) & (place < TRAIN + copies.HELD))
    other = np.flatnonzero(place >= TRAIN + copies.HELD)
    if not len(other):
        raise SelvedgeError(f"{root}: {len(files)} drawings are too few, {TRAIN + copies.HELD} a class are set aside")

    # Copies of our own, among the others
    rng = np.random.default_rng(seed + 1)
    copied = np.concatenate(
        [rng.permutation(np.resize(np.flatnonzero(labels[train] == i), CONTROLS)) for i in range(len(classes))]
    )
    controls = copies.plant(images[train], copied, copies.SIDE, seed + 1)
    samples = torch.cat([_small(images[other]), controls.images])
    sample_labels = np.concatenate([labels[other], labels[train][copied]])

    # What is found
    every = (sample_labels, labels[train], labels[held])
    report = copies.check(samples, images[train], images[held], every, list(classes), seed=seed)
    planted = np.arange(len(samples)) >= len(other)
    right = np.zeros(len(samples), dtype=bool)
    right[planted] = report.matches.index[planted] == copied
    change = np.concatenate([np.full(len(other), -1), controls.change])

    # Counted, class by class
    rows, sure, passed = [], np.zeros(len(samples), dtype=bool), np.zeros(len(samples), dtype=bool)
    for i, name in enumerate(classes):
        found, mine = report.by_class[name], sample_labels == i
        if found.threshold is not None:
            passed |= mine & (report.matches.bits > found.threshold)
        sure |= mine & (found.undecidable is None)
        rows.append(
            f"| {name} | {'no' if found.undecidable else 'yes'} | {found.threshold or 0:.0f} "
            f"| {_share(found.recall)} | {_counted(passed & right, mine & planted)} | {_counted(passed, mine & ~planted, 2)} |"
        )

    # The page
    some = rng.permutation(np.flatnonzero(sure & planted))[:SHOWN]
    _sheet(report, samples, images[train], some, len(other)).save(sheet, quality=80)
    by_change = [f"{name} {_counted(passed & right, sure & (change == i))}" for i, name in enumerate(copies.CHANGES)]
    return [
        "## Copies",
        "",
        f"`copies.check` on {len(train)} drawn photographs to copy ({TRAIN} a class) and {len(held)} held-out ones "
        f"({copies.HELD} a class), {PIXELS} px. Its samples are {len(other)} photographs of other seeds, which are no copies, and "
        f"{len(copied)} planted copies ({CONTROLS} a class) that are not the ones by which it decides whether a class is decidable: "
        f"at least {copies.RECALL:.0%} of those must pass. A copy counts as found only if the picture it was made of is named. "
        f"Intervals are Wilson's, 95 %; seed {seed}.",
        "",
        "| class | decidable | threshold, bits | own copies found | new copies found | others over the threshold |",
        "|---|---|---|---|---|---|",
        *rows,
        f"| **decidable** | | | | {_counted(passed & right, sure & planted)} | {_counted(passed, sure & ~planted, 2)} |",
        "",
        "Wanted: 99 % of copies at 0.1 % of others, on decidable classes. Where the row above has less, the rest of the copies passes "
        "unseen.",
        "",
        f"By what was done to the colours, decidable classes: {'; '.join(by_change)}.",
        "",
        f"![copies and others](../docs/{sheet.name})",
        "",
        f"Samples, the training pictures nearest to them as they show them, the nearest held-out pictures. Above: {SHOWN} planted "
        f"copies; below: the {SHOWN} closest of the others.",
        "",
    ]


def study_real(named: Sequence[str], seed: int) -> list[str]:
    """Real cloths that were not copied, as samples: half of them to copy, a quarter held out, a quarter that is neither."""
    rows, scored = [], []
    for entry in named:
        name, folder, run = _named(entry)
        classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
        files = [list_images(folder / cls)[:REAL] for cls in classes]
        images = decode([file for of in files for file in of], copies.LARGEST)
        labels = np.repeat(np.arange(len(classes)), [len(of) for of in files])
        place = np.concatenate([np.arange(len(of)) for of in files])
        _, cloth = np.unique(np.stack([labels, place // run]), axis=1, return_inverse=True)
        part = np.random.default_rng(seed).permutation(cloth.max() + 1)[cloth] % 4
        sets = [np.flatnonzero(part == 0), np.flatnonzero(part >= 2), np.flatnonzero(part == 1)]  # samples, train, held
        report = copies.check(*(images[at] for at in sets), tuple(labels[at] for at in sets), classes, seed=seed)
        told = report.json()["decidable"]["suspicious"]
        sure = [cls for cls, found in report.by_class.items() if found.undecidable is None]
        rows.append(
            f"| {name} | {len(sets[1])} | {len(sets[2])} | {len(sets[0])} | {', '.join(sure) or 'none'} "
            f"| {round((told['share'] or 0) * told['n'])} of {told['n']} | {report.matches.bits.max():.0f} |"
        )
        for i, cls in enumerate(classes):
            crops = images[(labels == i) & (place % run == 0)]
            above = int((seams.score(crops) > seams.THRESHOLD).sum())
            scored.append(f"| {name} | {cls} | {_share(share_of(above, len(crops)))} |")
    return [
        "## Real cloth that was not copied",
        "",
        f"Pictures of pieces of cloth that are in none of the other parts, as samples; at most {REAL} a class; seed {seed}.",
        "",
        "| set | to copy | held out | samples | decidable classes | suspicious among them | most bits of any sample |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"The same pictures, one of each piece, are crops: shares whose seam score at {copies.LARGEST} px is above the threshold.",
        "",
        "| set | class | seam seen |",
        "|---|---|---|",
        *scored,
        "",
    ]


def _named(entry: str) -> tuple[str, Path, int]:
    """NAME=DIR:RUN, as given."""
    name, _, rest = entry.partition("=")
    folder, _, run = rest.rpartition(":")
    if not run.isdigit() or not Path(folder).is_dir():
        raise SelvedgeError(f"--real {entry}: must be NAME=DIR:RUN, a folder of class folders and a whole number")
    return name, Path(folder), int(run)


def _sheet(report: copies.CopyReport, samples: Tensor, train: Tensor, some: np.ndarray, others: int) -> Image.Image:
    """Some planted copies and the closest of the others, which come first among the samples, as the report shows its closest pairs."""
    closest = np.argsort(-report.matches.bits[:others], kind="stable")[: copies.CLOSEST - len(some)]
    shown = np.concatenate([some, closest])
    return replace(report, matches=report.matches.some(shown), held=report.held.some(shown)).sheet(
        samples[shown], train
    )


def _small(images: Tensor) -> Tensor:
    """(N, 3, SIDE, SIDE) uint8: as large as planted copies are."""
    return torch.cat([(copies._square(part, copies.SIDE) * 255).round().to(torch.uint8) for part in images.split(256)])


# ---- seams -----------------------------------------------------------------------------------------------------------


def study_seams(root: Path, seed: int) -> list[str]:
    """Drawn tiles, which are seamless, begun anywhere; and a crop of 0.55 to 0.9 of each side of each, which is not."""
    rng = np.random.default_rng(seed)
    whole, cut, names, wide = [], [], [], 0
    for file in _drawn(root):
        picture = np.asarray(open_image(file)).transpose(2, 0, 1)
        sides = np.array(picture.shape[1:])
        if 0.55 * sides.min() < seams.LEAST:
            continue
        rolled = np.roll(picture, rng.integers(0, sides), (1, 2))
        height, width = (sides * rng.uniform(0.55, 0.9, 2)).astype(int)
        top, left = rng.integers(0, sides - (height, width) + 1)
        whole.append(float(seams.score(rolled[None])[0]))
        cut.append(float(seams.score(picture[None, :, top : top + height, left : left + width])[0]))
        names.append(_class(file))
        wide = picture.shape[2]
    whole, cut, names = np.array(whole), np.array(cut), np.array(names)
    classes = sorted(set(names))
    groups = [(name, names == name) for name in classes]
    groups += [("all but solid", names != "solid"), ("all", names != "")]
    rows = []
    for name, mine in groups:
        found = seams.calibrate(whole[mine], cut[mine])
        at = seams.rates(whole[mine], cut[mine], seams.THRESHOLD)
        rows.append(f"| {name} | {found['auc']:.3f} | {_share(at['false_alarms'])} | {_share(at['found'])} |")
    return [
        f"### {len(whole)} tiles {wide} px wide",
        "",
        "| class | AUC | seamless tiles above the threshold | crops above it |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


# ---- the report ------------------------------------------------------------------------------------------------------


def _drawn(root: Path) -> list[Path]:
    """Drawings CLASS-00001.jpg or .png of a folder, class by class."""
    files = [file for file in list_images(root) if file.stem != "sheet"]
    if not files:
        raise SelvedgeError(f"{root}: holds no drawing; make some by `selvedge draw textiles --out {root}`")
    return sorted(files, key=lambda file: (_class(file), file.name))


def _class(file: Path) -> str:
    return file.stem.rpartition("-")[0]


def _counted(hits: np.ndarray, of: np.ndarray, digits: int = 1) -> str:
    return _share(share_of(int((hits & of).sum()), int(of.sum())), digits)


def _share(share: dict, digits: int = 1) -> str:
    """Hits of n, the share, its interval."""
    if not share["n"]:
        return "none"
    low, high = share["interval"]
    return (
        f"{round(share['share'] * share['n'])} of {share['n']}, {share['share']:.{digits}%} "
        f"[{low:.{digits}%}, {high:.{digits}%}]"
    )


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--tiles", type=Path, nargs="+", required=True)
    parser.add_argument("--real", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path("reports/copies.md"))
    parser.add_argument("--sheet", type=Path, default=Path("docs/copies.jpg"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    lines = ["# The copy alarm and the seam score, measured", "", "By `python -m studies.copies`.", ""]
    seam_lines = [
        "## Seams",
        "",
        f"Drawn tiles that wrap exactly, begun anywhere, and one crop of each (0.55 to 0.9 of each side); the threshold of "
        f"{seams.THRESHOLD} was chosen on tiles of other seeds. A crop of plain cloth, or one that holds whole periods of a stripe or "
        f"check, has no seam to see: it scores low. Intervals are Wilson's, 95 %; seed {given.seed}.",
        "",
    ]
    for root in given.tiles:
        seam_lines += study_seams(root, given.seed)
        print(f"{root}: scored", flush=True)
    real_lines = study_real(given.real, given.seed) if given.real else []
    print("real sets: compared", flush=True)
    lines += study_copies(given.photographs, given.seed, given.sheet) + real_lines + seam_lines
    write_text(given.out, "\n".join(lines))
    print(f"-> {given.out}, {given.sheet}")


if __name__ == "__main__":
    main()
