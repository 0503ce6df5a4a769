"""One training loop for every task, on CPU and GPU; it counts images and knows no family of networks.

Randomness is a function of (seed, images seen): each step seeds torch anew, and the samples of a step follow from the
image counter. So a run that was killed and started again is the same run, to the bit, in one process on one machine.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path
from training import checkpoint, distributed

POINTS = 100  # rows of a training's history


class Task(Protocol):
    """Model + losses + optimisers + the step of one batch: all that the loop needs to know of a family.

    `training/tasks/classifier.py` is the shortest real one; begin there to write your own.
    """

    modules: dict[str, nn.Module]  # trained; saved whole
    optimisers: dict[str, Optimizer]
    ema: dict[str, nn.Module]  # moving averages of modules of the same name; {} where there are none
    ema_images: int  # half-life of the averages, in images
    ema_ramp: float  # the half-life is at most this share of the images seen; 0: always ema_images

    def to(self, device: torch.device) -> None:
        """Move modules, averages and data to `device`."""

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """Show `batch` samples, by one process those number `seen` to `seen + batch - 1`; update once; the losses by name."""

    def sheet(self) -> Image.Image:
        """A picture to look at: results for fixed inputs beside the real thing."""

    def watch(self, seen: int) -> dict[str, float]:
        """Whatever is asked now and then of the networks as they are, by name; called with each sheet."""

    def extra_state(self) -> dict:
        """What else an exact resume needs, tensors and plain values."""

    def load_extra_state(self, state: dict) -> None:
        """Take it back."""


class Pace(Protocol):
    """How much a training shows, and how often it is looked at, in images."""

    @property
    def images(self) -> int: ...

    @property
    def batch(self) -> int: ...

    @property
    def sample_every(self) -> int: ...

    @property
    def checkpoint_every(self) -> int: ...


class Log(Protocol):
    """Where the loop reports to: MLflow through selvedge.tracking, or nowhere."""

    def metrics(self, values: dict[str, float], step: int) -> None: ...

    def picture(self, path: Path, step: int) -> None: ...


@dataclass
class History:
    """Mean losses over stretches of equal length: one row each, with the images seen at its end."""

    rows: list[dict[str, float]]

    def csv(self) -> str:
        """The rows as CSV, six digits a number: what `dvc plots` draws."""
        if not self.rows:
            return "images\n"
        names = list(self.rows[0])
        lines = [
            ",".join(f"{row[name]:.6g}" if name != "images" else str(int(row[name])) for name in names)
            for row in self.rows
        ]
        return "\n".join([",".join(names), *lines]) + "\n"


def train(
    task: Task,
    settings: Pace,
    *,
    seed: int,  # of every random choice after construction
    directory: Path,  # runs/<task>/<hash>: checkpoint.pt, samples/
    log: Log | None = None,
    title: str = "training",
    device: torch.device | None = None,
    stop_at: int | None = None,  # for tests: leave as if killed, after the checkpoint at this many images
) -> History:
    """Train `task` until `settings.images` real images were shown; go on from `directory`'s checkpoint if there is one.

    Raises SelvedgeError when a loss is no number; the last good checkpoint is kept then.
    """
    device = device or pick_device()
    distributed.join(device)
    first = distributed.rank() == 0
    task.to(device)

    # Load the checkpoint, if any
    path = directory / "checkpoint.pt"
    stretch = _Stretch(max(settings.batch, settings.images // POINTS))
    seen, rows = _restore(task, stretch, checkpoint.load(path), path)
    progress = Progress(title, settings.images, seen, out=None if first else _silent)

    # Main loop
    set_training(task, True)
    while seen < settings.images:
        # One step
        batch = min(settings.batch, settings.images - seen)
        mine = distributed.share(batch) if batch == settings.batch else batch // distributed.size()
        if mine < 2:  # batch norm needs two
            break
        # each process shows its own part of the batch, with randomness of its own
        seed_step(seed, seen, distributed.rank())
        losses = distributed.average(task.step(seen, mine))
        distributed.average_buffers(task.modules.values())
        before, seen = seen, seen + mine * distributed.size()
        _update_ema(task, seen - before, seen)

        # Report
        if row := stretch.add(losses, before, seen, settings.images):
            _check_finite(row, path)
            rows.append(row)
            if log and first:
                log.metrics({k: v for k, v in row.items() if k != "images"}, seen)
        progress.show(seen, rows[-1] if rows else {})

        # Samples
        done = settings.images - seen < 2 * distributed.size()
        if done or before // settings.sample_every < seen // settings.sample_every:
            picture = directory / "samples" / f"{seen:09d}.png"
            found = look(task, picture, seen) if first else {}
            if log and first:
                log.picture(picture, seen)
                log.metrics(found, seen)

        # Checkpoint
        if done or before // settings.checkpoint_every < seen // settings.checkpoint_every:
            _check_finite({name: float(value.detach()) for name, value in losses.items()}, path)
            if first:
                checkpoint.save(path, _state(task, seen, rows, stretch))
            if stop_at is not None and seen >= stop_at and not done:
                break
    progress.close()
    set_training(task, False)
    return History(rows)


# ---- pieces ------------------------------------------------------------------------------------------------------------


def _silent(_: str) -> None:
    """The other processes leave talking to the first."""


def pick_device() -> torch.device:
    """The GPU where there is one; of several, each process of torchrun's has its own."""
    return torch.device("cuda", distributed.local_rank()) if torch.cuda.is_available() else torch.device("cpu")


def seed_step(seed: int, seen: int, rank: int = 0) -> None:
    """Make torch's randomness (CPU and GPU) a function of seed, image counter and process."""
    torch.manual_seed(
        (seed * 0x9E3779B97F4A7C15 + seen * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB + 1) % (1 << 63)
    )


def set_training(task: Task, mode: bool) -> None:
    """Put a task's modules into training or evaluation mode; averages are always in evaluation mode."""
    for module in task.modules.values():
        module.train(mode)
    for average in task.ema.values():
        average.eval()


def look(task: Task, path: Path, seen: int) -> dict[str, float]:
    """Write the task's sheet and ask it what it watches; neither the modules' mode nor torch's randomness is changed by it."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        set_training(task, False)
        image, found = task.sheet(), task.watch(seen)
        set_training(task, True)
    with atomic_path(path) as partial:
        image.save(partial, "PNG")
    return found


@torch.no_grad()
def _update_ema(task: Task, batch: int, seen: int) -> None:
    """avg <- avg + (1 - beta) (now - avg), beta = 0.5 ** (batch / half-life); buffers (batch norm's) are averaged too."""
    if not task.ema:
        return
    half_life = min(task.ema_images, task.ema_ramp * seen) if task.ema_ramp else task.ema_images
    beta = 0.5 ** (batch / max(1e-8, half_life))
    for name, average in task.ema.items():
        live = task.modules[name].state_dict()
        for key, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(live[key], 1 - beta)
            else:
                value.copy_(live[key])


def _check_finite(row: dict[str, float], path: Path) -> None:
    wrong = [name for name, value in row.items() if not math.isfinite(value)]
    if wrong:
        kept = f"the last good checkpoint is kept in {path}" if path.exists() else "no checkpoint was written yet"
        raise SelvedgeError(f"training diverged: {', '.join(wrong)} is no number; {kept}; try a lower learning rate")


class _Stretch:
    """Means of the losses over stretches of images that begin at multiples of `length`, resumable."""

    def __init__(self, length: int) -> None:
        self.length, self.steps = length, 0
        self.sums: dict[str, Tensor] = {}

    def add(self, losses: dict[str, Tensor], before: int, seen: int, total: int) -> dict[str, float] | None:
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, torch.zeros((), device=value.device)) + value.detach().double()
        self.steps += 1
        if before // self.length == seen // self.length and total - seen >= 2 * distributed.size():
            return None
        row = {"images": float(seen), **{name: float(total_ / self.steps) for name, total_ in self.sums.items()}}
        self.sums, self.steps = {}, 0
        return row

    def state(self) -> dict:
        return {"sums": {name: float(value) for name, value in self.sums.items()}, "steps": self.steps}

    def restore(self, state: dict) -> None:
        self.sums = {name: torch.tensor(value, dtype=torch.float64) for name, value in state["sums"].items()}
        self.steps = state["steps"]


def _state(task: Task, seen: int, rows: list[dict[str, float]], stretch: _Stretch) -> checkpoint.State:
    return {
        "images": seen,
        "history": rows,
        "stretch": stretch.state(),
        "modules": {name: module.state_dict() for name, module in task.modules.items()},
        "ema": {name: module.state_dict() for name, module in task.ema.items()},
        "optimisers": {name: optimiser.state_dict() for name, optimiser in task.optimisers.items()},
        "extra": task.extra_state(),
    }


def _restore(
    task: Task, stretch: _Stretch, state: checkpoint.State | None, path: Path
) -> tuple[int, list[dict[str, float]]]:
    if state is None:
        return 0, []
    try:
        for kind, things in (("modules", task.modules), ("ema", task.ema), ("optimisers", task.optimisers)):
            for name, thing in things.items():
                thing.load_state_dict(state[kind][name])
        task.load_extra_state(state["extra"])
        stretch.restore(state["stretch"])
        return state["images"], state["history"]
    except (KeyError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise SelvedgeError(
            f"{path}: is the checkpoint of another configuration ({reason}); delete it to begin anew, or take another folder"
        ) from None


class Progress:
    """Images seen, images/s and time left: a moving line on a terminal, a line each ten seconds in a log."""

    def __init__(self, title: str, total: int, seen: int, out: Callable[[str], None] | None = None) -> None:
        self.title, self.total, self.first = title, total, seen
        self.began = self.shown = time.monotonic()
        self.live = sys.stderr.isatty() and out is None
        self.out = out or (lambda line: print(line, flush=True))
        if seen:
            self.out(f"{title}: going on at {seen:,} of {total:,} images")

    def show(self, seen: int, row: dict[str, float]) -> None:
        """Show progress, if it is time."""
        now = time.monotonic()
        if now - self.shown < (0.5 if self.live else 10) and seen < self.total:
            return
        self.shown = now
        rate = (seen - self.first) / max(now - self.began, 1e-9)
        left = max(0, self.total - seen) / max(rate, 1e-9)
        losses = "  ".join(f"{name} {value:.3g}" for name, value in row.items() if name != "images")
        line = (
            f"{self.title}: {seen:,}/{self.total:,} images {seen / self.total:4.0%}  {rate:,.0f} images/s  "
            f"{int(left) // 60}:{int(left) % 60:02d} left  {losses}"
        )
        if self.live:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            self.out(line)

    def close(self) -> None:
        """End the moving line."""
        if self.live:
            print(file=sys.stderr)
