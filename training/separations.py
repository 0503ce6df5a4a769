"""Colour separations: a picture in a few dyes as a map of which dye lies where, the way a textile printer takes it apart.

Read from folders of `selvedge draw textiles --mode flat`: tiles that wrap exactly, each with its dyes in a JSON beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import maximum_filter
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, open_image, read_json
from training.evaluation.palette import lab_to_srgb, main_colours, srgb_to_lab

INKS = 6  # separations of one picture, at most
PURE = 14  # levels from an ink, in each channel, beyond which a pixel is a blend of two
STRAY = 0.1  # share of a tile far from its dyes from which on they are not what it shows


@dataclass(frozen=True)
class Separations:
    """Tiles as ink maps of their own sizes, one after the other; those of the last tenth of each class are held out.

    maps: (P,) uint8, ink numbers row by row, the ground is 0; shapes (N, 2) rows and columns; palettes (N, INKS, 3) uint8
    sRGB, black beyond the inks of a tile; inks (N,) how many those are; labels (N,) indices of `classes`.
    """

    maps: Tensor
    shapes: Tensor
    palettes: Tensor
    inks: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def begins(self) -> Tensor:
        """(N,): where each tile begins in `maps`."""
        pixels = self.shapes.prod(1)
        return pixels.cumsum(0) - pixels

    def map(self, index: int) -> Tensor:
        """Ink numbers of a tile, (H, W) uint8."""
        begin, (rows, columns) = int(self.begins[index]), self.shapes[index].tolist()
        return self.maps[begin : begin + rows * columns].view(rows, columns)

    def to(self, device: torch.device) -> Separations:
        """The same on a device."""
        return Separations(
            self.maps.to(device),
            self.shapes.to(device),
            self.palettes.to(device),
            self.inks.to(device),
            self.labels.to(device),
            self.classes,
        )

    def some(self, index: Tensor) -> Separations:
        """The tiles (n,) of these indices."""
        maps = torch.cat([self.map(int(i)).flatten() for i in index])
        return Separations(
            maps, self.shapes[index], self.palettes[index], self.inks[index], self.labels[index], self.classes
        )

    def split(self) -> tuple[Separations, Separations]:
        """To train on and held out: nine tenths and one tenth of each class, in the order of the files' names."""
        held = torch.zeros(len(self), dtype=torch.bool)
        for label in range(len(self.classes)):
            of = torch.nonzero(self.labels == label).flatten()
            held[of[len(of) * 9 // 10 :]] = True
        return self.some(torch.nonzero(~held).flatten()), self.some(torch.nonzero(held).flatten())

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of the maps' and palettes' SHA-256."""
        sha = hashlib.sha256("/".join(self.classes).encode())
        for value in (self.maps, self.shapes, self.palettes, self.inks, self.labels):
            sha.update(value.contiguous().numpy().data)
        return sha.hexdigest()[:12]


def windows(data: Separations, index: Tensor, size: int, shrink: int, corners: Tensor | None = None) -> Tensor:
    """Coverage (B, INKS, size, size) in 0..1 of windows of size * shrink pixels, from random places on the tiles' tori.

    `shrink` pixels a side become one, which each ink covers by its share of them. `corners` (B, 2): the places instead.
    """
    device = data.maps.device
    index = index.to(device)
    corners = torch.randint(1 << 20, (len(index), 2), device=device) if corners is None else corners.to(device)
    side, shapes = torch.arange(size * shrink, device=device), data.shapes[index]
    rows, columns = ((side + corners[:, i, None]) % shapes[:, i, None] for i in range(2))
    places = data.begins[index][:, None, None] + rows[:, :, None] * shapes[:, 1, None, None] + columns[:, None]
    hard = data.maps[places][:, None] == torch.arange(INKS, dtype=torch.uint8, device=device)[:, None, None]
    return F.avg_pool2d(hard.float(), shrink)


def printed(data: Separations, size: int, shrink: int, seed: int) -> Tensor:
    """A window of each tile in its own inks, (N, 3, size, size) uint8, begun anywhere on its torus."""
    corners = torch.randint(1 << 20, (len(data), 2), generator=torch.Generator().manual_seed(seed))
    pictures = []
    for index in torch.arange(len(data)).split(256):
        coverage, inks = windows(data, index, size, shrink, corners[index]), data.palettes[index].float()
        pictures.append(torch.einsum("bkhw,bkc->bchw", coverage, inks).round().to(torch.uint8))
    return torch.cat(pictures)


# ---- taking pictures apart ---------------------------------------------------------------------------------------------


def separate(picture: np.ndarray, dyes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 picture that wraps, (k, 3) uint8 dyes -> (H, W) uint8 ink numbers, and the inks (m, 3).

    A pixel may only be a dye that lies pure within two pixels of it: where two dyes blend at an edge, the blend looks like
    neither, and often like a third. But where blends cover stretches of the cloth, as in a fine weave of two yarns, they are
    inks of their own, which a printer would mix: the picture's main colours then.
    """
    reach = _reach(picture, dyes)
    stray = np.logical_not(reach.any(2))
    if stray.mean() > STRAY:
        inks = lab_to_srgb(main_colours(picture, INKS)[0])
        reach = np.ones((*stray.shape, len(inks)), bool)
    else:
        inks, reach = dyes, reach | stray[..., None]
    packed, place = np.unique(picture.astype(np.int64) @ np.array([65536, 256, 1]), return_inverse=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], 1)
    apart = np.square(srgb_to_lab(colours)[:, None] - srgb_to_lab(inks)).sum(2)[place.ravel()]
    return np.where(reach, apart.reshape(reach.shape), np.inf).argmin(2).astype(np.uint8), inks


def _reach(picture: np.ndarray, inks: np.ndarray) -> np.ndarray:
    """(H, W, m) bool: whether an ink lies pure within two pixels."""
    pure = [(abs(picture.astype(np.int16) - ink).max(2) <= PURE).astype(np.uint8) for ink in inks.astype(np.int16)]
    return np.stack([maximum_filter(one, 5, mode="wrap") > 0 for one in pure], 2)


def ranked(maps: np.ndarray, dyes: np.ndarray, inks: int = INKS) -> tuple[np.ndarray, np.ndarray]:
    """Ground first, then the dyes by the area they cover; dyes that cover nothing leave, those beyond `inks` become the
    nearest that stay. (H, W) uint8 maps of (k, 3) dyes -> the same with new numbers, and the dyes (at most `inks`, 3)."""
    counts = np.bincount(maps.ravel(), minlength=len(dyes))
    order = [0, *(1 + np.argsort(-counts[1:], kind="stable"))]
    kept = [i for i in order if counts[i]][:inks]
    lab = srgb_to_lab(dyes)
    number = np.square(lab[:, None] - lab[kept]).sum(2).argmin(1)
    number[kept] = np.arange(len(kept))
    return number.astype(np.uint8)[maps], dyes[kept]


def read_folder(folder: Path) -> Separations:
    """Separations of every CLASS-SEED.png of `folder` that has its JSON; raises SelvedgeError where there is none."""
    files = sorted(path for path in folder.glob("*-*.png") if path.with_suffix(".json").exists())
    if not files:
        raise SelvedgeError(
            f"{folder}: holds no tile; draw some: selvedge draw textiles --mode flat --size 256 --out {folder}"
        )
    classes = tuple(sorted({path.stem.rsplit("-", 1)[0] for path in files}))
    maps, shapes, inks, labels, palettes = [], [], [], [], np.zeros((len(files), INKS, 3), np.uint8)
    for i, path in enumerate(files):
        facts = read_json(path.with_suffix(".json"))["attributes"]
        dyes = np.array([list(bytes.fromhex(dye["hex"][1:])) for dye in facts["colours"]], np.uint8)
        found, dyes = ranked(*separate(np.asarray(open_image(path)), dyes))
        maps.append(found.ravel())
        shapes.append(found.shape)
        palettes[i, : len(dyes)] = dyes
        inks.append(len(dyes))
        labels.append(classes.index(facts["class"]))
    return Separations(
        torch.from_numpy(np.concatenate(maps)),
        torch.tensor(shapes),
        torch.from_numpy(palettes),
        torch.tensor(inks),
        torch.tensor(labels),
        classes,
    )


def load(folder: Path, cache: Path | None = None) -> Separations:
    """`read_folder`, kept in `cache` (an .npz) for the next time: taking apart is slower than reading."""
    if cache is None or not cache.exists():
        data = read_folder(folder)
        if cache is not None:
            tensors = {name: getattr(data, name).numpy() for name in ("maps", "shapes", "palettes", "inks", "labels")}
            with atomic_path(cache) as partial, partial.open("wb") as file:
                np.savez(file, classes=np.array(data.classes), **tensors)
        return data
    with np.load(cache) as kept:
        tensors = {name: torch.from_numpy(kept[name]) for name in ("maps", "shapes", "palettes", "inks", "labels")}
        return Separations(**tensors, classes=tuple(str(name) for name in kept["classes"]))


def palette_library(data: Separations, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` palettes of each class as its tiles have them: (classes, count, INKS, 3) uint8 and their inks (classes, count)."""
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for label in range(len(data.classes)):
        of = torch.nonzero(data.labels == label).flatten()
        chosen.append(of[torch.randint(len(of), (count,), generator=generator)])
    index: Sequence[Tensor] | Tensor = torch.stack(chosen)
    return data.palettes[index], data.inks[index]
