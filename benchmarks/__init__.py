"""`python -m benchmarks.NAME --json` prints one JSON line a figure; without `--json`, a table for people."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number; `ratio` says how many times better than the baseline, measured in the same run."""

    name: str
    value: float
    unit: str
    n: int
    baseline: str | None = None
    baseline_value: float | None = None
    ratio: float | None = None
    device: str = "cpu"
    threads: int = os.cpu_count() or 1


def show(figures: list[Figure]) -> None:
    """Print figures as JSON lines or as a table."""
    if "--json" in sys.argv:
        for figure in figures:
            print(json.dumps({key: value for key, value in asdict(figure).items() if value is not None}))
        return
    for figure in figures:
        against = f"   {figure.ratio:.1f} x {figure.baseline} ({figure.baseline_value:.3g})" if figure.ratio else ""
        print(f"{figure.name:<14}{figure.value:>10.3f} {figure.unit:<10} n={figure.n}{against}")


def median_seconds(work: Callable[[], object], n: int) -> float:
    """The median wall time of `n` calls."""
    times = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
