"""Tiles of 16 cells of the generator that ships, by how much they `vary`: how much comes again, and what it costs.

    python -m studies.vary [--n 20] [--sheet docs/vary.jpg] [--json]

alike: the correlation of a tile with itself, 8 cells further down or across, the lesser of the two; 1 where the larger tile is
the smaller one four times. class: windows of 8 x 8 cells that the classifier that ships takes for their class; nothing is chosen
by it (`best_of` 1). Intervals: 95 %, over resampled tiles, and Wilson's. Tiles that show nothing are no part of `alike`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks import Figure, show
from inference.patterns import Patterns, Wish
from selvedge.io import atomic_path
from selvedge.registry import SHIPPED
from training.data import sheet
from training.evaluation.resampling import wilson
from training.models.bundle import load_bundle
from training.models.screens import CELLS, STRIDE

VARIES, ROUNDS, SHOWN = (0.0, 0.5, 1.0), 2000, 3
SIDE = CELLS * STRIDE
FLAT = 5.0  # levels of standard deviation; with less a tile shows nothing that could come again


@dataclass(frozen=True)
class Measured(Figure):
    """A figure with its interval."""

    interval: tuple[float, float] = (0.0, 0.0)


def alike(tile: Tensor) -> float | None:
    """The correlation of a tile (3, 128, 128) uint8 with itself 8 cells further, None for one that shows nothing."""
    x = tile.float() - tile.float().mean((1, 2), keepdim=True)
    if x.std() < FLAT:
        return None
    return min(float((x * x.roll(SIDE, axis)).sum() / x.square().sum()) for axis in (1, 2))


def resampled(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of values, by bootstrap."""
    rng = np.random.default_rng(0)
    means = np.asarray(values)[rng.integers(0, len(values), (ROUNDS, len(values)))].mean(1)
    return tuple(float(end) for end in np.quantile(means, (0.025, 0.975)))


def taken(patterns: Patterns, label: int, tiles: list[Tensor]) -> int:
    """How many tiles' first windows the judge takes for their class."""
    says = [patterns.judge.likely(cls, [tile[:, :SIDE, :SIDE] for tile in tiles]) for cls in patterns.classes]
    return int((torch.stack(says).argmax(0) == label).sum())


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20, help="seeds a class")
    parser.add_argument("--sheet", type=Path, help="JPEG: a row a class, for each of 0, 0.5 and 1 the same seeds")
    parser.add_argument("--json", action="store_true", help="JSON lines")
    given = parser.parse_args()
    patterns = Patterns(load_bundle(SHIPPED / "patterns"))
    count, figures, same, shown = given.n * len(patterns.classes), [], {}, {}
    for vary in VARIES:
        found, right = [], 0
        for label, cls in enumerate(patterns.classes):
            tiles = [patterns.tile(cls, seed, Wish(cells=2 * CELLS, vary=vary)) for seed in range(given.n)]
            found += [value for tile in tiles if (value := alike(tile)) is not None]
            right += taken(patterns, label, tiles)
            shown[cls, vary] = torch.stack(tiles[:SHOWN])
        for name, value, n, unit, interval in (
            ("alike", sum(found) / len(found), len(found), "correlation", resampled(found)),
            ("class", right / count, count, "share", wilson(right, count)),
        ):
            same.setdefault(name, value)
            against = {"baseline": "vary 0", "baseline_value": same[name], "ratio": value / same[name]}
            figures.append(Measured(f"{name}, vary {vary:g}", value, unit, n, **against, interval=interval))
    if given.sheet:
        gap = torch.full((1, 3, 2 * SIDE, 2 * SIDE), 255, dtype=torch.uint8)
        rows = []
        for cls in patterns.classes:
            parts = [part for vary in VARIES for part in (shown[cls, vary], gap)]
            rows.append(torch.cat(parts[:-1]))
        with atomic_path(given.sheet) as partial:
            sheet(rows).save(partial, "JPEG", quality=80)
    show(figures)


if __name__ == "__main__":
    main()
