"""What each task shares: mixed precision, an optimiser of the house, and what a stage needs to know of a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from selvedge import registry
from selvedge.config import Training
from selvedge.errors import SelvedgeError
from training import distributed
from training.data import BalancedShuffle, Shuffle
from training.loop import Task
from training.models.bundle import Bundle, load_bundle


@dataclass(frozen=True)
class Export:
    """A network as it leaves a training: what the model directory will hold."""

    network: nn.Module
    family: str
    arguments: dict[str, Any]
    card: dict[str, Any] = field(default_factory=dict)  # what else the model card says


@dataclass(frozen=True)
class Job:
    """A task and what its stage needs around it; `training/train.py` runs it."""

    task: Task
    settings: Training
    fingerprint: str  # of the data it trains on
    base: Bundle | None  # what it began with
    finish: Callable[[], tuple[Export, dict, dict[str, str]]]  # scores, and texts of files for metrics/ by name


def load_base(
    network: str, settings: Training, family: str, arguments: Mapping[str, Any], classes: Sequence[str] = ()
) -> Bundle | None:
    """The model that a training of `network` begins with by `settings.begin_with`, None for nothing; a line says which.

    It must be of the same family, arguments and classes. A live one that is not is left aside, and the line says why; one
    that was asked for by name is refused: SelvedgeError.
    """
    place = registry.find_base(network, settings.begin_with)
    if place is None:
        print(f"{network}: begins with nothing", flush=True)
        return None
    bundle = load_bundle(place)
    wanted = {"family": family, **arguments, **({"classes": list(classes)} if classes else {})}
    there = {"family": bundle.card["family"], **bundle.card["arguments"]}
    there |= {"classes": bundle.card.get("classes")} if classes else {}
    differ = [f"{key} {there.get(key)} for {value}" for key, value in wanted.items() if there.get(key) != value]
    if not differ:
        print(f"{network}: begins with {settings.begin_with} {bundle.version}", flush=True)
        return bundle
    why = f"{settings.begin_with} {bundle.version} is another network ({'; '.join(differ)})"
    if settings.begin_with != "live":
        raise SelvedgeError(f"params.yaml: {network}.begin_with: {why}; change these numbers, or write `nothing`")
    print(f"{network}: {why}: begins with nothing", flush=True)
    return None


def device_of(module: nn.Module) -> torch.device:
    """Where a module's parameters lie."""
    return next(module.parameters()).device


def cosine(progress: float) -> float:
    """1 at the beginning, 0 at the end."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def paced(progress: float, ramp: float, decay_from: float) -> float:
    """A learning rate's share at `progress` 0..1: rising along a line to `ramp`, falling along a cosine from `decay_from`."""
    rising = min(1.0, progress / ramp) if ramp > 0 else 1.0
    falling = cosine((progress - decay_from) / (1 - decay_from)) if progress > decay_from else 1.0
    return rising * falling


class BaseTask:
    """Modules, averages and optimisers by name; moving them; nothing that a family would want otherwise."""

    def __init__(self) -> None:
        self.modules: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Optimizer] = {}
        self.ema: dict[str, nn.Module] = {}
        self.ema_images = 0
        self.ema_ramp = 0.0
        self.shuffle: Shuffle | BalancedShuffle

    def samples(self, seen: int, batch: int) -> Tensor:
        """Indices of the samples that this process shows in the step that begins at image `seen`."""
        return self.shuffle.at(seen + distributed.rank() * batch, batch)

    def update(self, name: str, loss: Tensor) -> None:
        """One step of the optimiser `name` down the gradient of `loss`."""
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        distributed.average_gradients(self.modules[name].parameters())
        self.optimisers[name].step()

    def watch(self, seen: int) -> dict[str, float]:
        """Nothing, unless a family watches something."""
        return {}

    def extra_state(self) -> dict:
        """Nothing."""
        return {}

    def load_extra_state(self, state: dict) -> None:
        """Nothing to take back."""

    def to(self, device: torch.device) -> None:
        """Move everything; convolutions run in channels_last, which is faster with bf16."""
        for module in (*self.modules.values(), *self.ema.values()):
            module.to(device).to(memory_format=torch.channels_last)
