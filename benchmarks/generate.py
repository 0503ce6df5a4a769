"""Tiles a second from the command to the files, at 64, 128 and 256 px, each the best of four and each a seed's own: for the record.

A generator of screens with random weights prints at each size; how many a second depends on the size of a file, not on the weights.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import torch

from benchmarks import Figure, show
from inference.patterns import Wish, generate_files
from selvedge import registry
from training.models.bundle import save_bundle
from training.models.screens import Screens

CLASSES = ["dotted", "floral"]


def rate(wish: Wish, n: int, folder: Path) -> float:
    """Tiles a second of a second call; like the command, it opens the networks anew."""
    generate_files("floral", n=1, seed=0, out=folder / "warm", wish=wish)
    began = time.perf_counter()
    generate_files("floral", n=n, seed=0, out=folder / "timed", wish=wish)
    return n / (time.perf_counter() - began)


def main() -> None:
    """Print a figure a size."""
    n = 48 if "--long" in sys.argv else 12
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        registry.SHIPPED, registry.CHAMPION = Path(folder) / "weights", Path(folder) / "none"
        arguments = {"classes": len(CLASSES)}
        save_bundle(
            registry.SHIPPED / "patterns",
            Screens(**arguments),
            family="screens",
            arguments=arguments,
            classes=CLASSES,
            seamless=True,
        )
        figures = []
        with redirect_stdout(sys.stderr):
            for size in (64, 128, 256):
                chosen, own = (rate(Wish(size=size, best_of=best_of), n, Path(folder)) for best_of in (None, 1))
                figures.append(
                    Figure(
                        f"generate_{size}",
                        chosen,
                        "tiles/s",
                        n,
                        "a seed's own",
                        own,
                        chosen / own,
                        threads=torch.get_num_threads(),
                    )
                )
    show(figures)


if __name__ == "__main__":
    main()
