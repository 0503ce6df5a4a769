"""Images a second of DCGAN's game at 64 px, batch 128, a step of D and one of G: the project's loop against the plain one.

The plain loop is what the older systems run: fp32, eager, one picture's memory after the other. Both play the same game from
the same weights; `g_loss` and `d_loss` of both are printed, and have to agree within the noise of bf16. `--device cuda` takes the
GPU, `--compile` compiles the project's networks. Data are random pictures, which cost as much as real ones.
"""

from __future__ import annotations

import copy
import json
import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import Figure, median_seconds, show
from selvedge.config import Patterns
from training import loop
from training.data import Swatches
from training.tasks.patterns import PatternTask

BATCH, SIZE, IMAGES = 128, 64, 512


class Plain:
    """DCGAN as its article has it: a training script's inner loop."""

    def __init__(self, g: nn.Module, d: nn.Module, images: Tensor, device: torch.device) -> None:
        self.g, self.d = (copy.deepcopy(x).to(device, memory_format=torch.contiguous_format).train() for x in (g, d))
        self.images, self.device = images, device
        self.optimisers = [torch.optim.Adam(x.parameters(), 2e-4, (0.5, 0.999)) for x in (self.d, self.g)]

    def step(self, seen: int) -> dict[str, Tensor]:
        """One step of D, then one of G; labels 1 and 0."""
        first = seen % (len(self.images) - BATCH + 1)
        real = self.images[first : first + BATCH].to(self.device).float() / 127.5 - 1
        fake = self.g(torch.randn(BATCH, self.g.z_dim, device=self.device))
        d_real, d_fake = self.d(real), self.d(fake.detach())
        d_loss = F.binary_cross_entropy_with_logits(d_real, torch.ones_like(d_real))
        d_loss = d_loss + F.binary_cross_entropy_with_logits(d_fake, torch.zeros_like(d_fake))
        for optimiser, loss in zip(self.optimisers, (d_loss, None), strict=True):
            if loss is None:
                again = self.d(fake)
                loss = g_loss = F.binary_cross_entropy_with_logits(again, torch.ones_like(again))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return {"g_loss": g_loss, "d_loss": d_loss}


def main() -> None:
    """Print the figure, and both loops' losses."""
    device = torch.device(sys.argv[sys.argv.index("--device") + 1] if "--device" in sys.argv else "cpu")
    rounds, steps = (9, 10) if device.type == "cuda" else (5 if "--long" in sys.argv else 3, 1)
    settings = Patterns(
        **{
            "images": 10**6,
            "batch": BATCH,
            "precision": "bf16",
            "conditional": False,
            "seamless": False,
            "ema_images": 0,
            "compile": "--compile" in sys.argv,
        }
    )
    torch.manual_seed(1)
    images = torch.randint(0, 256, (IMAGES, 3, SIZE, SIZE), dtype=torch.uint8)
    task = PatternTask(settings, Swatches(images, torch.zeros(IMAGES, dtype=torch.long), "random"), ("all",), seed=1)
    plain = Plain(task.g, task.d, images, device)
    task.to(device)
    loop.set_training(task, True)
    losses: dict[str, list[dict]] = {"fast": [], "plain": []}
    seen = {"fast": 0, "plain": 0}

    def play(name: str) -> None:
        for _ in range(steps):
            torch.manual_seed(seen[name])
            found = task.step(seen[name], BATCH) if name == "fast" else plain.step(seen[name])
            seen[name] += BATCH
        losses[name].append({key: round(float(found[key].detach()), 3) for key in ("g_loss", "d_loss")})
        if device.type == "cuda":
            torch.cuda.synchronize()

    for name in losses:  # the first step of each is slow
        play(name)
    seconds = {"fast": [], "plain": []}
    for _ in range(rounds):
        for name in seconds:  # interleaved
            seconds[name].append(median_seconds(lambda name=name: play(name), 1))
    rate = {name: BATCH * steps / sorted(times)[len(times) // 2] for name, times in seconds.items()}
    show(
        [
            Figure(
                "train_gan_compiled" if settings.compile else "train_gan",
                rate["fast"],
                "images/s",
                BATCH * steps * rounds,
                baseline="plain eager fp32 loop",
                baseline_value=rate["plain"],
                ratio=rate["fast"] / rate["plain"],
                device=str(device),
                threads=torch.get_num_threads(),
            )
        ]
    )
    print(json.dumps({"losses": {name: found[-1] for name, found in losses.items()}}), file=sys.stderr)


if __name__ == "__main__":
    main()
