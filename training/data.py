"""Data sets: decoded once into uint8 tensors, shuffled by a function of (seed, images seen), augmented per sample."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import list_images, open_image, sha256_file

SWATCHES = Path("data/swatches")
GARMENTS = Path("data/garments")


@dataclass(frozen=True)
class Swatches:
    """Labelled pictures, (N, 3, size, size) uint8, and N class indices; `name` is the split they come from."""

    images: Tensor
    labels: Tensor
    name: str

    def __len__(self) -> int:
        return len(self.images)


def load_swatches(split: str, classes: Sequence[str], size: int | None = None, root: str | Path = SWATCHES) -> Swatches:
    """Decode one split of an ImageFolder, area-averaged to `size` (None keeps the size on disk).

    Raises SelvedgeError naming a class that is empty, and BadImage naming a file that cannot be read.
    """
    files: list[Path] = []
    labels: list[int] = []
    for label, cls in enumerate(classes):
        folder = Path(root) / split / cls
        found = list_images(folder) if folder.is_dir() else []
        if not found:
            raise SelvedgeError(
                f"class {cls!r} is empty: {folder} holds no picture; add a source for it or take it out of classes"
            )
        files += found
        labels += [label] * len(found)
    return Swatches(decode(files, size), torch.tensor(labels), split)


def decode(files: Sequence[Path], size: int | None) -> Tensor:
    """Decode pictures into (N, 3, size, size) uint8: shortest side scaled to `size` without aliasing, centre cropped."""

    def one(path: Path) -> Tensor:
        image = open_image(path)
        if size is not None and image.size != (size, size):
            scale = size / min(image.size)
            wide = max(size, round(image.width * scale)), max(size, round(image.height * scale))
            image = image.resize(wide, Image.Resampling.LANCZOS)
            left, top = (wide[0] - size) // 2, (wide[1] - size) // 2
            image = image.crop((left, top, left + size, top + size))
        return to_tensor(image)

    with ThreadPoolExecutor(4) as pool:
        return torch.stack(list(pool.map(one, files)))


def data_fingerprint(root: str | Path = SWATCHES) -> str:
    """The SHA-256 of a data set's index, which holds the SHA-256 of each of its files."""
    index = Path(root) / "index.csv"
    if not index.exists():
        raise SelvedgeError(f"{index}: there is no such file; run the stage that makes {root} first (`selvedge run`)")
    return sha256_file(index)


def data_card(root: str | Path, split: str, count: int) -> dict:
    """What a model card says of its training data: split, number of pictures, licence notes of the rows."""
    with (Path(root) / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(f"{split}/")]
    return {"split": split, "pictures": count, "licences": sorted({row["licence"] for row in rows})}


@dataclass(frozen=True)
class Shuffle:
    """Which samples belong to a step: a permutation an epoch, drawn from (seed, epoch) alone, so a resume is exact."""

    count: int
    seed: int

    def at(self, seen: int, batch: int) -> Tensor:
        """Indices of the samples number `seen` to `seen + batch - 1`."""
        wanted = torch.arange(seen, seen + batch)
        first, last = seen // self.count, (seen + batch - 1) // self.count
        order = torch.cat([self._epoch(epoch) for epoch in range(first, last + 1)])
        return order[wanted - first * self.count]

    def _epoch(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        return torch.randperm(self.count, generator=generator)


@dataclass(frozen=True)
class BalancedShuffle:
    """Like Shuffle, with as many samples of each class, however many there are of it: of each it is a Shuffle of its own."""

    labels: Tensor  # (N,) class indices
    seed: int

    def at(self, seen: int, batch: int) -> Tensor:
        """Indices of the samples number `seen` to `seen + batch - 1`; any run of as many as there are classes has one of each."""
        members = [torch.nonzero(self.labels == kind).flatten() for kind in self.labels.unique()]
        turns = Shuffle(len(members), self.seed).at(seen, batch)  # an epoch of it is one of each class
        rounds = torch.arange(seen, seen + batch) // len(members)
        return torch.stack(
            [
                members[kind][Shuffle(len(members[kind]), self.seed + 7919 * (kind + 1)).at(number, 1)[0]]
                for kind, number in zip(turns.tolist(), rounds.tolist(), strict=True)
            ]
        )


# ---- conversions and augmentation ------------------------------------------------------------------------------------


def to_unit(images: Tensor) -> Tensor:
    """uint8 0..255 -> float -1..1, what tanh generators speak."""
    return images.float().div_(127.5).sub_(1)


def to_bytes(images: Tensor) -> Tensor:
    """float -1..1 -> uint8 0..255, rounded."""
    return images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def to_image(tensor: Tensor) -> Image.Image:
    """(3, H, W) or (1, H, W) uint8 -> Pillow picture."""
    array = tensor.permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)


def to_tensor(image: Image.Image) -> Tensor:
    """Pillow picture -> (channels, H, W) uint8."""
    array = np.array(image)
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1).copy())


def random_crops(images: Tensor, size: int) -> Tensor:
    """A random size x size window of each of (N, C, H, W)."""
    device, along = images.device, torch.arange(size, device=images.device)
    rows, columns = (
        torch.randint(side - size + 1, (len(images), 1), device=device) + along for side in images.shape[2:]
    )
    which = torch.arange(len(images), device=device)[:, None, None]
    return images[which, :, rows[:, :, None], columns[:, None]].permute(
        0, 3, 1, 2
    )  # channels last, as networks want it


def steady_crops(images: Tensor, size: int) -> Tensor:
    """A window of each as `random_crops` cuts them, the same each time; torch's randomness is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return random_crops(images, size).contiguous()


def random_flips(images: Tensor, quarter_turns: bool = False) -> Tensor:
    """Flip each sample by itself, left to right; with `quarter_turns` transpose some too (square pictures only)."""
    flip = torch.rand(len(images), device=images.device) < 0.5
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    if quarter_turns:
        turn = torch.rand(len(images), device=images.device) < 0.5
        images = torch.where(turn[:, None, None, None], images.transpose(2, 3), images)
    return images


def random_colour(images: Tensor, strength: float = 0.2) -> Tensor:
    """Vary brightness, contrast and each channel's gain, per sample; float -1..1 in and out."""
    n, device = len(images), images.device

    def draw(channels: int) -> Tensor:
        return (torch.rand(n, channels, 1, 1, device=device) * 2 - 1) * strength

    mean = images.mean((1, 2, 3), keepdim=True)
    images = (images - mean) * (1 + draw(1)) + mean
    return (images * (1 + draw(3) / 2) + draw(1)).clamp(-1, 1)


def random_zoom(images: Tensor, *others: Tensor, scale: tuple[float, float], shift: float) -> tuple[Tensor, ...]:
    """Scale and shift each sample about its centre, the same for `images` and its maps; edges are mirrored."""
    n, device = len(images), images.device
    zoom = torch.empty(n, device=device).uniform_(*scale).reciprocal()
    move = torch.empty(n, 2, device=device).uniform_(-shift, shift)
    theta = torch.zeros(n, 2, 3, device=device)
    theta[:, 0, 0] = theta[:, 1, 1] = zoom
    theta[:, :, 2] = move
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return tuple(F.grid_sample(x, grid, padding_mode="reflection", align_corners=False) for x in (images, *others))


def sheet(rows: Sequence[Tensor], gap: int = 2) -> Image.Image:
    """Rows of (n, 3, H, W) uint8 pictures as one sheet on white."""
    count, (height, width) = max(len(row) for row in rows), rows[0].shape[2:]
    page = torch.full((3, len(rows) * (height + gap) + gap, count * (width + gap) + gap), 255, dtype=torch.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = gap + i * (height + gap), gap + j * (width + gap)
            page[:, top : top + height, left : left + width] = picture
    return to_image(page)
