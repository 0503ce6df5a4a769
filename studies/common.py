"""What the studies share: drawn and real pictures to ask about, tables of scores, intervals over seeds, the options of a study."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import t as student
from torch import Tensor, nn

from selvedge.config import Patterns
from selvedge.errors import SelvedgeError
from selvedge.io import fingerprint, list_images
from training.data import Swatches, decode, random_colour, random_flips, steady_crops, to_unit
from training.evaluation.agreement import share_of
from training.evaluation.features import Extractor, Looks
from training.evaluation.measures import pair_scores

SIZE, SEED = 64, 7  # pixels a side at which generators are compared; of what is drawn at random there
CACHE = "pixels-{size}.pt"
PARTS = {"train": (0.0, 0.7), "pick": (0.7, 0.85), "test": (0.85, 1.0)}  # shares of each class
HEAD = (
    "| generator | KID | Frechet distance | precision | recall | coverage | class agreement |",
    "|---|---|---|---|---|---|---|",
)


# ---- pictures --------------------------------------------------------------------------------------------------------


class DrawnCloth:
    """Drawings CLASS-00001.jpg of a folder, in three parts that share no drawing.

    They are `view` pixels wide, and what is shown of them `size`: a training cuts its windows anew each time, those that pick
    and test are cut once.
    """

    def __init__(self, root: Path, size: int, view: int) -> None:
        files = [file for file in list_images(root) if file.stem != "sheet"]
        if not files:
            raise SelvedgeError(f"{root}: holds no drawing; make them by `selvedge draw textiles --out {root}`")
        names = [file.stem.rpartition("-")[0] for file in files]
        self.classes = tuple(sorted(set(names)))
        labels, images = np.array([self.classes.index(name) for name in names]), decode(files, view)
        place = np.zeros(len(files))
        for label in range(len(self.classes)):
            mine = np.flatnonzero(labels == label)
            place[mine] = np.arange(len(mine)) / len(mine)
        self.parts = {}
        for part, (a, b) in PARTS.items():
            mine = (place >= a) & (place < b)
            shown = images[mine] if part == "train" else steady_crops(images[mine], size)
            self.parts[part] = Swatches(shown, torch.from_numpy(labels[mine]), part)


def photographs(entry: str) -> tuple[str, Tensor]:
    """NAME=DIR or NAME=DIR:FIRST -> the name, and the pictures of the folder or of its folders, (N, 3, SIZE, SIZE) uint8.

    Of each folder the FIRST ones alone, where the others trained the extractor.
    """
    title, _, place = entry.partition("=")
    folder, _, first = place.partition(":")
    most = int(first) if first else None
    files = [file for path in sorted(Path(folder).rglob("*")) if path.is_dir() for file in list_images(path)[:most]]
    return title, decode(files or list_images(Path(folder))[:most], SIZE)


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


# ---- scores ----------------------------------------------------------------------------------------------------------


def scores(real: Looks, fake: Looks, seed: int) -> dict:
    """KID, Frechet distance, recall and coverage, as values."""
    found, _ = pair_scores(real, fake, seed=seed, resamples=100)
    return {name: found[name]["value"] for name in ("kid", "fd", "precision", "recall", "coverage") if name in found}


def interval(values: list[float], form: str) -> str:
    """The mean of values of several seeds, and its 95 % interval by Student's t, as text."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return form.format(mean)
    half = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
    return f"{form.format(mean)} [{form.format(mean - half)}, {form.format(mean + half)}]"


def row(name: str, real: Looks, fake: Looks, right: str) -> str:
    """One line of the table."""
    found, _ = pair_scores(real, fake, seed=SEED, resamples=500)

    def told(key: str, form: str) -> str:
        if key not in found:
            return "too few"
        value, low, high = (found[key][part] for part in ("value", "low", "high"))
        form = ".3g" if abs(high) >= 1000 else form  # of features that are not near 1
        return f"{value:{form}} [{low:{form}}, {high:{form}}]"

    cells = [told("kid", ".3f"), told("fd", ".1f"), *(told(key, ".2f") for key in ("precision", "recall", "coverage"))]
    return f"| {name} | {' | '.join(cells)} | {right} |"


def hits(extractor: Extractor, looks: Looks, labels: Tensor, classes: tuple[str, ...]) -> int:
    """Pictures that a classifier takes for their own class."""
    names = list(extractor.bundle.card["classes"])
    wanted = torch.tensor([names.index(name) for name in classes])[labels]
    return int((torch.as_tensor(looks.logits).argmax(1) == wanted).sum())


def agreement(extractor: Extractor, looks: Looks, labels: Tensor, classes: tuple[str, ...]) -> str:
    """How many the independent classifier takes for what they were asked to be."""
    found = share_of(hits(extractor, looks, labels, classes), len(labels))
    low, high = found["interval"]
    return f"{found['share']:.0%} [{low:.0%}, {high:.0%}]"


# ---- classifiers of drawn cloth --------------------------------------------------------------------------------------


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


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Moving average of weights and of batch statistics."""
    for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - decay)


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


# ---- a study's options -----------------------------------------------------------------------------------------------


def parser(page: str, images: int, rows: Iterable[str]) -> argparse.ArgumentParser:
    """What every study of drawn cloth is asked with; `rows` are those of its table."""
    found = argparse.ArgumentParser(description=page, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--drawn", type=Path, required=True)
    found.add_argument("--size", type=int, default=32)
    found.add_argument(
        "--view", type=int, default=64, help="pixels to which a drawing is shrunk before windows are cut"
    )
    found.add_argument("--width", type=int, default=32)
    found.add_argument("--images", type=int, default=images)
    found.add_argument("--samples", type=int, default=1000)
    found.add_argument("--seeds", type=int, default=3)
    found.add_argument("--rows", type=some_of(tuple(rows)), default=tuple(rows), help="some of them, by name")
    found.add_argument("--out", type=Path, required=True)
    return found


def some_of(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """A reader of names with commas between them, for argparse: an unknown one is refused with those that there are."""

    def read(words: str) -> tuple[str, ...]:
        names = tuple(words.split(","))
        if strange := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no row {', '.join(strange)}; there are: {', '.join(known)}")
        return names

    return read


def folder_of(root: Path, name: str, seed: int, settings: Patterns, options: argparse.Namespace) -> Path:
    """Where a run lies: one folder for a name, a seed, settings, and what is seen of which drawings."""
    identity = fingerprint({**settings.model_dump(), "drawn": str(options.drawn), "seen": options.view})
    return root / f"{name.replace(' ', '-')}-{seed}-{identity[:8]}"
