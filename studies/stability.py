"""Whether a training that goes on for long stays as good as it once was: plain DCGAN and DCGAN+, looked at all the way.

    python -m studies.stability --drawn drawn [--size 32] [--images 288000] [--seeds 3] [--drawings 100] --out reports/stability.md

Each run is looked at 48 times: 1,000 tiles of its generator of that moment (the average where there is one; nothing is picked) from
the same latents, against drawings that no run saw. The ratio is (final - floor) / (best - floor) of the Frechet distance: best is
the lowest mean of three looks in a row, final that of the last three, and what it says counts where the run is four times as
long as it took to come within 5 % of its best. Trained on few `--drawings`, one window of each, as a small folder of pictures is.
Runs lie in runs/stability/ and go on where they stopped.
"""

from __future__ import annotations

import argparse
import copy
import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from selvedge.config import Patterns
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, write_text
from studies.ablation import BASE
from studies.common import DrawnCloth, folder_of, interval, parser
from training import loop
from training.data import Swatches, steady_crops
from training.evaluation.features import SHIPPED, Extractor, Looks
from training.evaluation.frechet import frechet
from training.recipes import PLUS
from training.tasks.patterns import PatternTask, sample

RUNS = Path("runs/stability")
LOOKS, ROW = 48, 3  # looks at a run; of which so many in a row make a value
LONG, NEAR = 4, 0.05  # times as long as to the best; share of it above the floor that counts as having reached it
LATE = {**PLUS, "select": False, "decay_from": 1.0}  # nothing that would hide how it goes on
KINDS = {
    "plain DCGAN": {},
    "DCGAN+": {**LATE, "augment": ["colour", "shift", "cutout"]},
    "DCGAN+ without DiffAugment": LATE,
}


class Watched(PatternTask):
    """A training whose generator is measured each time that it is looked at."""

    def measured_by(self, extractor: Extractor, real: Looks, path: Path, samples: int) -> None:
        """Keep a line (images, fd) a look in `path`."""
        self.extractor, self.real, self.path, self.count = extractor, real, path, samples

    def watch(self, seen: int) -> dict[str, float]:
        """What is always watched, and the distance."""
        found = super().watch(seen)
        tiles, _ = sample(self.now_g().eval(), len(self.classes), self.count, 0)
        distance = frechet(self.real.features, self.extractor.look(tiles).features)
        before = [row for row in read(self.path) if row[0] < seen]  # a resumed run looks again where it had looked
        rows = [*before, (seen, distance)]
        write_text(self.path, "images,fd\n" + "".join(f"{images},{fd:.6g}\n" for images, fd in rows))
        return found | {"fd": distance}


def read(path: Path) -> list[tuple[int, float]]:
    """The looks of a run so far."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [(int(row["images"]), float(row["fd"])) for row in csv.DictReader(file)]


def ratio(looks: list[tuple[int, float]], floor: float) -> dict:
    """(final - floor) / (best - floor), when it was as good as that but for 5 %, and whether the run was long enough to say so."""
    means = np.convolve([fd for _, fd in looks], np.ones(ROW) / ROW, "valid")
    best = means.min()
    reached = int((means - floor <= (1 + NEAR) * (best - floor)).argmax())
    at, end = looks[reached + ROW // 2][0], looks[-1][0]
    return {
        "ratio": float((means[-1] - floor) / (best - floor)),
        "best": float(best),
        "final": float(means[-1]),
        "at": at,
        "long": end / at >= LONG,
    }


def run(
    kind: str, seed: int, cloth: DrawnCloth, real: Looks, options: argparse.Namespace, extractor: Extractor
) -> list:
    """One training, from where it stopped; its looks."""
    every = max(1, options.images // LOOKS)
    values = {**BASE, **KINDS[kind], "size": options.size, "width": options.width, "images": options.images}
    settings = Patterns(**values, sample_every=every, checkpoint_every=every)
    folder = folder_of(RUNS, f"{kind}-{len(cloth.parts['train'])}", seed, settings, options)
    looks = read(folder / "looks.csv")
    if looks and looks[-1][0] + settings.batch > options.images:
        return looks
    task = Watched(settings, cloth.parts["train"], cloth.classes, seed)
    task.measured_by(extractor, real, folder / "looks.csv", options.samples)
    loop.train(task, settings, seed=seed, directory=folder, title=f"{kind}, seed {seed}")
    return read(folder / "looks.csv")


def fewer(cloth: DrawnCloth, count: int, size: int) -> DrawnCloth:
    """The same with `count` pictures to train on, as many of each class as of any other or one more: windows that are cut once.

    Raises SelvedgeError where there are not so many.
    """
    train = cloth.parts["train"]
    if count > len(train):
        raise SelvedgeError(f"--drawings {count}: there are {len(train)} to train on")
    turn = torch.zeros(len(train), dtype=torch.long)  # the how-manieth of its class
    for label in range(len(cloth.classes)):
        mine = train.labels == label
        turn[mine] = torch.arange(int(mine.sum()))
    chosen = torch.argsort(turn, stable=True)[:count]
    few = copy.copy(cloth)
    shown = steady_crops(train.images[chosen], size)
    few.parts = {**cloth.parts, "train": Swatches(shown, train.labels[chosen], train.name)}
    return few


def page(found: dict[str, list[dict]], options: argparse.Namespace, floor: float) -> str:
    """reports/stability.md."""
    lines = [
        "# Late in training",
        "",
        "By `python -m studies.stability`.",
        "",
        f"DCGAN at {options.size} px, width {options.width}, {options.images:,} images a run out of {options.drawings:,} drawings, "
        f"looked at {LOOKS} times ({options.samples} tiles); the floor, drawings against other drawings, is {floor:.2f}. Ratio: "
        f"(final - floor) / (best - floor) of the Frechet distance, each the mean of {ROW} looks in a row, and a best is "
        f"reached within {NEAR:.0%} of it; brackets: 95 % over seeds, by Student's t. Learning rates stay, and no generator is "
        f"picked; what falls all the way has its best at the end. Plain is at batch {BASE['batch']}; "
        "DCGAN+ has DiffAugment here but where a row says otherwise.",
        "",
        f"![the distance as a training goes on](../docs/{options.chart.name})",
        "",
        "| training | ratio | best, reached at images | final | four times as long as to the best |",
        "|---|---|---|---|---|",
    ]
    for kind, runs in found.items():
        cells = [
            interval([one["ratio"] for one in runs], "{:.2f}"),
            "; ".join(f"{one['best']:.1f} at {one['at']:,}" for one in runs),
            "; ".join(f"{one['final']:.1f}" for one in runs),
            f"{sum(one['long'] for one in runs)} of {len(runs)}",
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def chart(curves: dict[str, list[list[tuple[int, float]]]], floor: float, path: Path) -> None:
    """The looks of each run as a line, a colour a kind of training."""
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for number, (kind, runs) in enumerate(curves.items()):
        for seed, looks in enumerate(runs):
            axes.plot(*zip(*looks, strict=True), color=f"C{number}", alpha=0.8, label=None if seed else kind)
    axes.axhline(floor, color="grey", linestyle=":", label="drawings against other drawings")
    axes.set(xlabel="images seen", ylabel="Frechet distance", ylim=(0, None))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False)
    with atomic_path(path) as partial:
        figure.savefig(partial, format="png", dpi=110)
    plt.close(figure)


def main() -> None:
    """See the top of this file."""
    asked = parser(__doc__, 288_000, KINDS)
    asked.add_argument("--drawings", type=int, default=100, help="how many drawings are trained on")
    asked.add_argument("--chart", type=Path, default=Path("docs/stability.png"))
    options = asked.parse_args()
    cloth, extractor = DrawnCloth(options.drawn, options.size, options.view), Extractor.load(SHIPPED)
    cloth = fewer(cloth, options.drawings, options.size)
    real = extractor.look(cloth.parts["test"].images)
    floor = frechet(real.features, extractor.look(cloth.parts["pick"].images).features)
    found: dict[str, list[dict]] = {}
    curves: dict[str, list] = {}
    for seed in range(options.seeds):
        for kind in options.rows:
            looks = run(kind, seed, cloth, real, options, extractor)
            found.setdefault(kind, []).append(ratio(looks, floor))
            curves.setdefault(kind, []).append(looks)
            print(f"{kind}, seed {seed}: {found[kind][-1]}", flush=True)
            chart(curves, floor, options.chart)
            write_text(options.out, page(found, options, floor))


if __name__ == "__main__":
    main()
