"""What DVC's hands on the swatches cost: a folder of files against one tar a class and split.

Each is added, asked for its status, checked out into an empty place, and added again after one picture in a hundred changed;
seconds, and the bytes that the second version adds to the cache. 3,000 files by default, 77,052 with `--long` (6 GB of room).
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import Figure, show
from selvedge.proc import QUIET

CLASSES, SPLITS, SIZE = 10, 3, 26_000  # bytes: a swatch as JPEG 95


def swatches(count: int, version: int) -> dict[str, bytes]:
    """Name -> bytes of a data set; from version to version one file in a hundred differs."""
    made = {}
    for number in range(count):
        seed = [number, version if number % 100 == 0 else 0]
        name = f"{number % SPLITS}/{number // SPLITS % CLASSES}/{number:06d}.jpg"
        made[name] = np.random.default_rng(seed).bytes(SIZE)
    return made


def as_folder(files: dict[str, bytes], out: Path) -> None:
    """An ImageFolder."""
    for name, data in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def as_shards(files: dict[str, bytes], out: Path) -> None:
    """One tar a class and split; the same files are the same bytes."""
    out.mkdir(parents=True)
    shards: dict[str, list[str]] = {}
    for name in files:
        shards.setdefault(str(Path(name).parent).replace("/", "-"), []).append(name)
    for shard, names in shards.items():
        with tarfile.open(out / f"{shard}.tar", "w") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = SIZE
                tar.addfile(info, io.BytesIO(files[name]))


def dvc(folder: Path, *arguments: str) -> float:
    """Seconds of a dvc command."""
    began = time.perf_counter()
    env = {**os.environ, **QUIET}
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "-q"], cwd=folder, env=env, check=True)
    return time.perf_counter() - began


def cache_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / ".dvc/cache").rglob("*") if path.is_file())


def measure(layout, name: str, count: int) -> list[Figure]:
    """The figures of one layout."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dvc(folder, "init", "--no-scm")
        dvc(folder, "config", "core.analytics", "false")
        layout(swatches(count, 0), folder / "data")
        seconds = {"add": dvc(folder, "add", "data"), "status": dvc(folder, "status")}
        shutil.rmtree(folder / "data")
        seconds["checkout"] = dvc(folder, "checkout")
        before = cache_bytes(folder)
        shutil.rmtree(folder / "data")
        layout(swatches(count, 1), folder / "data")
        seconds["add_again"] = dvc(folder, "add", "data")
        grown = (cache_bytes(folder) - before) / 1e6
    figures = [Figure(f"{name}_{what}", value, "s", count) for what, value in seconds.items()]
    return [*figures, Figure(f"{name}_grown", grown, "MB", count)]


def main() -> None:
    """Print the figures of both layouts."""
    count = 77_052 if "--long" in sys.argv else 3_000
    show([*measure(as_folder, "folder", count), *measure(as_shards, "shards", count)])


if __name__ == "__main__":
    main()
