"""Trains the extractor that scores are measured on (`inference/weights/extractor`): a classifier of textile patterns.

    selvedge draw textiles --n 8000 --size 120 --mode photograph --out near
    selvedge draw textiles --n 8000 --size 120 --mode worn --seed 100000 --out worn
    python -m studies.train_extractor --drawn near worn --real finger-camera-256 --names "checkered,dotted,..." \\
        --run 8 --backbone squeezenet1_0_imagenet.pth --out inference/weights/extractor

It begins with ImageNet's SqueezeNet and learns from drawings and from some of the cloths of --real. The other cloths (--keep
of each class, whole runs) are only asked about: their accuracy goes onto the card, with an interval over cloths. Nothing
that a generator is measured against is ever in here.
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
from torch import Tensor, nn

from studies.common import accuracy, augment, follow, predict, read, read_drawn
from training.data import Shuffle, to_unit
from training.models.bundle import save_bundle
from training.models.squeeze import Squeeze
from training.precision import autocast


def kept_aside(labels: np.ndarray, groups: np.ndarray, keep: int, fold: int) -> np.ndarray:
    """Which pictures are of the `keep` cloths of each class that are held out in `fold`, (N,) bool."""
    held = np.zeros(len(labels), bool)
    for kind in np.unique(labels):
        names = list(dict.fromkeys(groups[labels == kind]))
        chosen = [names[(fold * keep + i) % len(names)] for i in range(keep)]
        held |= (labels == kind) & np.isin(groups, chosen)
    return held


def train(drawn: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor], classes: int, options: argparse.Namespace, tell):
    """A Squeeze trained for `options.images` samples, a share of each batch real; `tell(network, seen)` now and then."""
    torch.manual_seed(options.seed)
    network = Squeeze(classes, options.size).to(memory_format=torch.channels_last)
    known = torch.load(options.backbone, weights_only=True)
    network.layers.load_state_dict({k.removeprefix("features."): v for k, v in known.items() if "features" in k})
    average = copy.deepcopy(network).eval()
    fresh = [p for name, p in network.named_parameters() if not name.startswith("layers.")]
    groups = [{"params": network.layers.parameters(), "top": options.lr / 10}, {"params": fresh, "top": options.lr}]
    optimiser = torch.optim.AdamW(groups, options.lr, weight_decay=0.05)
    some = round(options.batch * options.real_share) if len(real[0]) else 0
    shuffles = Shuffle(len(drawn[0]), options.seed), Shuffle(max(1, len(real[0])), options.seed + 1)
    steps, begin, losses = options.images // options.batch, time.monotonic(), []
    for step in range(steps):
        first, second = (shuffles[0].at(step * (options.batch - some), options.batch - some), None)
        images, labels = drawn[0][first], drawn[1][first]
        if some:
            second = shuffles[1].at(step * some, some)
            images, labels = torch.cat([images, real[0][second]]), torch.cat([labels, real[1][second]])
        x = augment(to_unit(images), options.size).to(memory_format=torch.channels_last)
        for group in optimiser.param_groups:
            group["lr"] = group["top"] * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * step / steps))
        network.train()
        with autocast("bf16", torch.device("cpu")):
            logits = network(x)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        follow(average, network, min(0.998, (1 + step) / (10 + step)))
        losses.append(float(loss.detach()))
        if (step + 1) % max(1, steps // 20) == 0 or step + 1 == steps:
            rate = (step + 1) * options.batch / (time.monotonic() - begin)
            seen = (step + 1) * options.batch
            print(f"{seen}/{options.images} images, loss {np.mean(losses[-100:]):.3f}, {rate:.0f} images/s", flush=True)
            tell(average, seen)
    return average


def held_out(network: nn.Module, pictures: Tensor, truth: np.ndarray, groups: np.ndarray, size: int) -> dict:
    """Accuracy on pictures of cloth that it never saw, among the classes that they have."""
    answer = predict(network, pictures, sorted(set(truth.tolist())), size).numpy()
    return accuracy(answer == truth, truth, groups)


@torch.no_grad()
def with_unit_features(network: Squeeze, pictures: Tensor) -> Squeeze:
    """A copy whose features have a mean square of 1 over pictures (N, 3, H, W) uint8; its logits stay, to rounding.

    Distances of features then have the same scale whoever was trained, and the kernel of KID its usual range.
    """
    network = copy.deepcopy(network).eval()
    x = F.interpolate(to_unit(pictures), (network.size,) * 2, mode="bilinear", antialias=True, align_corners=False)
    scale = torch.cat([network.features(part) for part in x.split(64)]).square().mean().rsqrt()
    network.embed.weight.mul_(scale)
    network.embed.bias.mul_(scale)
    norm = network.head[0]
    norm.running_mean.mul_(scale)
    norm.running_var.mul_(scale.square())
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--drawn", type=Path, required=True, nargs="+", help="folders of `selvedge draw textiles`")
    parser.add_argument("--real", type=Path, required=True, help="a folder of class folders of real cloth")
    parser.add_argument("--names", required=True, help='its classes: "floral,striped=stripes"')
    parser.add_argument("--run", type=int, default=8, help="pictures of one piece of cloth, in a row")
    parser.add_argument("--keep", type=int, default=2, help="cloths of each class kept aside")
    parser.add_argument("--fold", type=int, default=0, help="which ones")
    parser.add_argument("--licence", default="", help="of the real pictures, for the card")
    parser.add_argument("--backbone", type=Path, required=True, help="SqueezeNet 1.0 weights, torchvision's key names")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--real-share", type=float, default=0.15)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    stored = round(options.size * 1.25)
    parts = [read_drawn(root, stored) for root in options.drawn]
    images, labels, classes = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), parts[0][2]
    names = dict((word.split("=") * 2)[:2] for word in options.names.split(","))
    pictures, truth, groups, present = read(options.real, names, stored, options.run)
    truth = np.array([classes.index(cls) for cls in present])[truth]
    held = kept_aside(truth, groups, options.keep, options.fold)
    print(f"{len(images)} drawings, {(~held).sum()} real pictures to learn from, {held.sum()} kept aside", flush=True)

    def tell(network: nn.Module, seen: int) -> None:
        found = held_out(network, pictures[torch.from_numpy(held)], truth[held], groups[held], options.size)
        found["by_class"] = {classes[kind]: round(value, 3) for kind, value in found["by_class"].items()}
        print(json.dumps({"seen": seen, **found}), flush=True)
        save(network, seen, found)

    def save(network: nn.Module, seen: int, found: dict) -> None:
        kinds = {root.name: "drawn by this project, MIT" for root in options.drawn}
        data = {
            "drawings": len(images),
            "drawn": kinds,
            "real": {"pictures": int((~held).sum()), "cloths": len(set(groups[~held])), "licence": options.licence},
            "begun_from": "SqueezeNet 1.0, ImageNet (BSD, songhan/SqueezeNet-Deep-Compression)",
        }
        save_bundle(
            options.out,
            with_unit_features(network, images[:: max(1, len(images) // 500)]),
            family="squeeze",
            arguments={"classes": len(classes), "size": options.size},
            half=True,
            name="pattern",
            classes=classes,
            data=data,
            images=seen,
            seed=options.seed,
            scores={"held_out": {**found, "fold": options.fold, "classes": present}},
        )

    real = pictures[torch.from_numpy(~held)], torch.from_numpy(truth[~held])
    train((images, labels), real, len(classes), options, tell)


if __name__ == "__main__":
    main()
