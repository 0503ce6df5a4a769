"""How near drawn textiles are to real ones: a classifier that has seen only drawings is asked about photographs.

    selvedge draw textiles --n 8000 --size 120 --mode photograph --out near
    selvedge draw textiles --n 8000 --size 120 --mode worn --seed 100000 --out worn
    python -m studies.transfer --drawn near worn --real DIR --names "striped,zigzag=zig zag" --run 8 [--backbone FILE] [--out JSON]

Without --backbone a network learns from nothing but the drawings. With it (SqueezeNet 1.0's ImageNet weights) the network
stays as it is and a linear classifier of its features learns from the drawings: how near the drawings are, by eyes that
know the world. On a real set the classifier chooses among the classes that the set has. The interval is a bootstrap over
pieces of cloth: frames of one spot of cloth come in runs and are no independent witnesses.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torchvision.models import squeezenet1_0

from selvedge.io import write_json
from studies.common import accuracy, augment, follow, predict, read, read_drawn
from training.data import Shuffle, to_unit
from training.models.judge import Judge
from training.precision import autocast


def train(
    images: Tensor, labels: Tensor, classes: int, size: int, width: int, seen: int, batch: int, lr: float, seed: int
) -> Judge:
    """A Judge trained on (N, 3, S, S) uint8 drawings, S >= size, for `seen` samples; prints a line every 5 %."""
    torch.manual_seed(seed)
    judge = Judge(classes, size, width, stride=2).to(memory_format=torch.channels_last)
    average = copy.deepcopy(judge)
    optimiser = torch.optim.AdamW(judge.parameters(), lr, weight_decay=0.02)
    shuffle, steps = Shuffle(len(images), seed), seen // batch
    begin, losses = time.monotonic(), []
    for step in range(steps):
        chosen = shuffle.at(step * batch, batch)
        x = augment(to_unit(images[chosen]), size).to(memory_format=torch.channels_last)
        optimiser.param_groups[0]["lr"] = lr * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / steps))
        with autocast("bf16", torch.device("cpu")):
            logits = judge(x)
        loss = F.cross_entropy(logits.float(), labels[chosen], label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        follow(average, judge, min(0.998, (1 + step) / (10 + step)))
        losses.append(float(loss.detach()))
        if (step + 1) % max(1, steps // 20) == 0:
            rate = (step + 1) * batch / (time.monotonic() - begin)
            print(
                f"{(step + 1) * batch}/{seen} images, loss {np.mean(losses[-100:]):.3f}, {rate:.0f} images/s",
                flush=True,
            )
    return average.eval()


class Eyes(nn.Module):
    """SqueezeNet 1.0 (Iandola et al. 2016): (B, 3, S, S) in -1..1 -> (B, 3328), mean and spread of four of its layers."""

    LAYERS = (5, 8, 10, 12)

    def __init__(self, weights: Path) -> None:
        super().__init__()
        network = squeezenet1_0()
        network.load_state_dict(torch.load(weights, weights_only=True))
        self.layers = network.features.eval()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        x, seen = ((x + 1) / 2 - self.mean) / self.std, []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self.LAYERS:
                seen += [x.mean((2, 3)), x.std((2, 3))]
        return torch.cat(seen, 1)


@torch.no_grad()
def probe(images: Tensor, labels: Tensor, size: int, weights: Path) -> nn.Module:
    """A linear classifier of the frozen features of (N, 3, S, S) uint8 drawings."""
    eyes, seen = Eyes(weights), []
    began = time.monotonic()
    for part in images.split(64):
        x = F.interpolate(to_unit(part), size=(size, size), mode="bilinear", antialias=True, align_corners=False)
        seen.append(eyes(x))
        if len(seen) % 25 == 0:
            done = len(seen) * 64
            print(
                f"{done}/{len(images)} drawings looked at, {done / (time.monotonic() - began):.0f} images/s", flush=True
            )
    features = torch.cat(seen)
    mean, std = features.mean(0), features.std(0) + 1e-6
    learnt = LogisticRegression(C=0.003, max_iter=400).fit(((features - mean) / std).numpy(), labels.numpy())
    head = nn.Linear(features.shape[1], len(learnt.classes_))
    weight = torch.from_numpy(learnt.coef_).float() / std
    head.weight.copy_(weight)
    head.bias.copy_(torch.from_numpy(learnt.intercept_).float() - weight @ mean)
    return nn.Sequential(eyes, head).eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drawn", type=Path, required=True, nargs="+")
    parser.add_argument(
        "--real", type=Path, action="append", default=[], help="a folder of class folders; may be repeated"
    )
    parser.add_argument("--names", action="append", default=[], help='classes of a --real: "floral,striped=stripes"')
    parser.add_argument("--run", type=int, action="append", default=[], help="pictures of one piece of cloth, in a row")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--backbone", type=Path, help="SqueezeNet 1.0 weights, torchvision's key names")
    parser.add_argument("--out", type=Path, help="JSON file of all sets' results")
    options = parser.parse_args()
    stored = round(options.size * 1.25)
    parts = [read_drawn(root, stored) for root in options.drawn]
    images, labels, classes = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), parts[0][2]
    found = []
    if options.backbone:
        judge = probe(images, labels, options.size, options.backbone)
    else:
        how = (options.size, options.width, options.images, options.batch, options.lr, options.seed)
        judge = train(images, labels, len(classes), *how)
    for number, root in enumerate(options.real):
        names = dict((word.split("=") * 2)[:2] for word in options.names[number].split(","))
        pictures, truth, groups, present = read(root, names, stored, options.run[number])
        allowed = [classes.index(cls) for cls in present]
        answer = predict(judge, pictures, allowed, options.size).numpy()
        truth = np.array(allowed)[truth]
        result = accuracy(answer == truth, truth, groups)
        result["by_class"] = {classes[kind]: round(value, 3) for kind, value in result["by_class"].items()}
        taken = {
            f"{classes[t]} for {classes[a]}": int(((truth == t) & (answer == a)).sum())
            for t in allowed
            for a in allowed
            if t != a
        }
        result["confused"] = dict(sorted(taken.items(), key=lambda pair: -pair[1])[:8])
        found.append({"set": root.name, "trained_on": len(images), "classes": len(present), **result})
        print(json.dumps(found[-1]), flush=True)
    if options.out:
        write_json(options.out, found)


if __name__ == "__main__":
    main()
