"""How near drawn textiles are to real ones: a classifier that has seen only drawings is asked about photographs.

    selvedge draw textiles --n 8000 --size 120 --mode photograph --out near
    selvedge draw textiles --n 8000 --size 120 --mode worn --seed 100000 --out worn
    python -m training.evaluation.transfer --drawn near worn --real DIR --names "striped,zigzag=zig zag" --run 8 [--backbone FILE] [--out JSON]

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
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torchvision.models import squeezenet1_0

from selvedge.errors import SelvedgeError
from selvedge.io import list_images, write_json
from training.data import Shuffle, decode, random_colour, random_flips, to_unit
from training.models.judge import Judge
from training.precision import autocast

CACHE = "pixels-{size}.pt"


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


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Moving average of weights and of batch statistics."""
    for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - decay)


def augment(x: Tensor, size: int) -> Tensor:
    """Crops of 35 to 100 % of the area, turned and flipped, their colours, sharpness and grain varied, per sample."""
    n = len(x)
    x = random_flips(x, quarter_turns=True)
    side = torch.empty(n).uniform_(0.35, 1.0).sqrt()
    stretch = torch.empty(n).uniform_(-0.2, 0.2).exp()
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    room = 1 - torch.stack([theta[:, 0, 0], theta[:, 1, 1]], 1)
    theta[:, :, 2] = (torch.rand(n, 2) * 2 - 1) * room
    x = F.grid_sample(
        x, F.affine_grid(theta, [n, 3, size, size], align_corners=False), align_corners=False, padding_mode="reflection"
    )
    x = random_colour(x, 0.5)
    grey = (torch.rand(n) < 0.15)[:, None, None, None]
    x = torch.where(grey, x.mean(1, keepdim=True), x)
    x = torch.where((torch.rand(n) < 0.1)[:, None, None, None], -x, x)
    soft = F.interpolate(F.avg_pool2d(x, 2), size=size, mode="bilinear", align_corners=False)
    x = torch.lerp(x, soft, (torch.rand(n) * (torch.rand(n) < 0.4))[:, None, None, None])
    return (x + torch.randn_like(x) * (torch.rand(n) * 0.12)[:, None, None, None]).clamp(-1, 1)


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


@torch.no_grad()
def predict(judge: nn.Module, images: Tensor, allowed: Sequence[int], size: int) -> Tensor:
    """(N, 3, S, S) uint8 -> class indices (N,) among `allowed`: mean log-probability over two distances and a flip."""
    answers = []
    for part in images.split(64):
        x = to_unit(part)
        logits = 0
        for crop in (1.0, 0.7):
            edge = round(x.shape[-1] * (1 - crop) / 2)
            near = x[..., edge : x.shape[-1] - edge, edge : x.shape[-1] - edge]
            near = F.interpolate(near, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
            for view in (near, near.flip(3)):
                logits = logits + F.log_softmax(judge(view)[:, allowed].float(), 1)
        answers.append(logits.argmax(1))
    return torch.tensor(allowed)[torch.cat(answers)]


def accuracy(right: np.ndarray, labels: np.ndarray, groups: np.ndarray, resamples: int = 2000, seed: int = 0) -> dict:
    """Balanced accuracy (mean over classes) with a 95 % bootstrap interval over groups within each class."""
    rng = np.random.default_rng(seed)
    by_class, spread = [], np.zeros(resamples)
    kinds = np.unique(labels)
    for kind in kinds:
        names = np.unique(groups[labels == kind])
        hits = np.array([right[(labels == kind) & (groups == name)].sum() for name in names])
        sizes = np.array([((labels == kind) & (groups == name)).sum() for name in names])
        by_class.append(hits.sum() / sizes.sum())
        drawn = rng.integers(len(names), size=(resamples, len(names)))
        spread += hits[drawn].sum(1) / sizes[drawn].sum(1) / len(kinds)
    low, high = np.quantile(spread, (0.025, 0.975))
    return {
        "accuracy": float(np.mean(by_class)),
        "interval": [float(low), float(high)],
        "plain_accuracy": float(right.mean()),
        "n": len(right),
        "groups": len(np.unique(groups)),
        "by_class": {int(kind): float(value) for kind, value in zip(kinds, by_class, strict=True)},
    }


def read(root: Path, names: dict[str, str], size: int, run: int) -> tuple[Tensor, np.ndarray, np.ndarray, list[str]]:
    """Pictures (N, 3, size, size), labels into the class list, group names, the classes; folders by `names`."""
    files, labels, groups, classes = [], [], [], sorted(names)
    for label, cls in enumerate(classes):
        found = list_images(root / names[cls])
        if not found:
            raise SelvedgeError(f"{root / names[cls]}: holds no picture of class {cls!r}")
        files += found
        labels += [label] * len(found)
        groups += [f"{cls}/{i // run}" for i in range(len(found))]
    return decode(files, size), np.array(labels), np.array(groups), classes


def read_drawn(root: Path, size: int) -> tuple[Tensor, Tensor, list[str]]:
    """The drawings of a flat folder (CLASS-00001.jpg), decoded once: the pixels are kept beside them."""
    kept = root / CACHE.format(size=size)
    files = [file for file in list_images(root) if file.stem != "sheet"]
    if not files:
        raise SelvedgeError(
            f"{root}: holds no drawing; make them by `selvedge draw textiles --mode photograph --out {root}`"
        )
    classes = sorted({file.stem.rpartition("-")[0] for file in files})
    labels = torch.tensor([classes.index(file.stem.rpartition("-")[0]) for file in files])
    if kept.exists():
        images = torch.load(kept, weights_only=True)
        if len(images) == len(files):
            return images, labels, classes
    images = decode(files, size)
    torch.save(images, kept)
    return images, labels, classes


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
