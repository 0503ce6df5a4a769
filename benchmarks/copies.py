"""The copy alarm for 500 samples against 500 training and 200 held-out pictures in 10 classes, and the seam score of a tile.

Processor time of one core, so that a busy machine gives the same figures; the pictures are coloured noise, soft as drawings.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import Figure, show
from training.evaluation import copies, seams

SAMPLES, TRAIN, HELD, CLASSES, TILES = 500, 500, 200, 10, 50


def pictures(count: int, side: int, seed: int) -> Tensor:
    """(count, 3, side, side) uint8: noise of 28 px a side, enlarged."""
    generator = torch.Generator().manual_seed(seed)
    noise = F.interpolate(torch.rand(count, 3, 28, 28, generator=generator), (side, side), mode="bicubic")
    return noise.clamp(0, 1).mul(255).to(torch.uint8)


def processor_seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    sets = pictures(SAMPLES, 48, 0), pictures(TRAIN, 224, 1), pictures(HELD, 224, 2)
    labels = tuple(np.arange(len(x)) % CLASSES for x in sets)
    names = [str(i) for i in range(CLASSES)]
    figures = [
        Figure("check", processor_seconds(lambda: copies.check(*sets, labels, names, seed=0)), "s", SAMPLES, threads=1)
    ]
    for side in (64, 128):
        tiles = pictures(TILES, side, 3)
        milliseconds = 1000 * processor_seconds(lambda tiles=tiles: seams.score(tiles)) / TILES
        figures.append(Figure(f"seam {side} px", milliseconds, "ms", TILES, threads=1))
    show(figures)


if __name__ == "__main__":
    main()
