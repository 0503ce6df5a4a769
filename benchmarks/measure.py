"""A full report of 1,000 pictures against 1,000 on features that are at hand, and how fast the shipped extractor gets them.

No network is needed for `report`: 128 features as a classifier's are. `features` is left out, and said so, where the
extractor's directory is not there; `--extractor DIR` names another one.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks import Figure, median_seconds, show
from training.evaluation import measures
from training.evaluation.features import SHIPPED, Extractor, Looks

N, D, CLASSES, PICTURES, SIDE = 1000, 128, 10, 256, 128


def looks(seed: int) -> Looks:
    """Features as a classifier has them: a centre for each class, and a few directions with most of the variance."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((CLASSES, D)) * 2
    labels = np.arange(N) % CLASSES
    features = (centres[labels] + rng.standard_normal((N, D)) * 4 * np.exp(-np.arange(D) / 30)).astype(np.float32)
    logits = (features @ centres.T / 8).astype(np.float32)
    return Looks(features, logits, rng.uniform(0, 255, (N, 3)), rng.standard_normal(N), "made up", labels)


def report_figure(rounds: int) -> Figure:
    """Seconds for every measure, interval, floor, class and alarm."""
    real, fake, reference = looks(1), looks(2), looks(3)
    names = [str(i) for i in range(CLASSES)]

    def work() -> dict:
        return measures.report(real, fake, reference=reference, classes=names, seed=1)

    left_out = work()["left_out"]
    if left_out:
        raise SystemExit(f"the report left out {left_out}: this is no figure of a full one")
    return Figure("report", median_seconds(work, rounds), "s", N)


def features_figure(directory: Path, rounds: int) -> Figure:
    """Pictures a second through the extractor, from 128 px, everything that is measured of them."""
    extractor = Extractor.load(directory)
    images = torch.randint(0, 256, (PICTURES, 3, SIDE, SIDE), dtype=torch.uint8)
    extractor.look(images)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        extractor.look(images)
        seconds.append(time.perf_counter() - began)
    return Figure(
        "features", PICTURES / float(np.median(seconds)), "images/s", PICTURES, threads=torch.get_num_threads()
    )


def main() -> None:
    """Print the figures."""
    rounds = 9 if "--long" in sys.argv else 3
    directory = Path(sys.argv[sys.argv.index("--extractor") + 1]) if "--extractor" in sys.argv else SHIPPED
    figures = [report_figure(rounds)]
    if (directory / "card.json").is_file():
        figures.append(features_figure(directory, rounds))
    else:
        print(f"features: not measured, there is no extractor in {directory.name}", file=sys.stderr)
    show(figures)
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    if busy > 1.5:
        print(f"(this machine was busy: {busy:.1f} processes wait for each core)", file=sys.stderr)


if __name__ == "__main__":
    main()
