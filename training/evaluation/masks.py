"""How well garments are found: what a found mask and the true one have in common, on pairs of photo and mask."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import list_images, open_image
from training.data import to_tensor, to_unit


@dataclass(frozen=True)
class Pairs:
    """Photos (N, 3, size, size) and masks (N, 1, size, size), both uint8, fitted and padded with white and black."""

    images: Tensor
    masks: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)


def load_pairs(folder: str | Path, size: int) -> Pairs:
    """Read NAME.* with NAME_mask.png from `folder`; raises SelvedgeError naming a folder or photo without what it needs."""
    photos = list_photos(folder)
    with ThreadPoolExecutor(4) as pool:
        pairs = list(pool.map(lambda photo: load_pair(photo, size), photos))
    return Pairs(torch.stack([p[0] for p in pairs]), torch.stack([p[1] for p in pairs]), tuple(p.stem for p in photos))


def list_photos(folder: str | Path) -> list[Path]:
    """The pictures of `folder` that are no masks, sorted by name; raises SelvedgeError where there is none."""
    folder = Path(folder)
    photos = [p for p in list_images(folder) if not p.stem.endswith("_mask")] if folder.is_dir() else []
    if not photos:
        raise SelvedgeError(f"{folder}: holds no garment; run `selvedge garments`")
    return photos


def load_pair(photo: Path, size: int) -> tuple[Tensor, Tensor]:
    """A photo (3, size, size) and its mask (1, size, size) of 0 and 255, both uint8, fitted and padded.

    Raises SelvedgeError where NAME_mask.png is missing, BadImage for what cannot be read and for a mask of another shape.
    """
    path = photo.with_name(f"{photo.stem}_mask.png")
    if not path.exists():
        raise SelvedgeError(f"{photo}: its mask {path.name} is missing")
    picture, mask = open_image(photo), open_image(path, mode="L")
    if abs(picture.width * mask.height - picture.height * mask.width) > 0.01 * picture.width * mask.height:
        shapes = f"{mask.width}x{mask.height}, its photo {picture.width}x{picture.height}"
        raise BadImage(f"{path}: is {shapes}; a mask has the shape of its photo")
    return to_tensor(fit(picture, size)), to_tensor(fit(mask, size)).ge(128).to(torch.uint8) * 255


def fit(image: Image.Image, size: int) -> Image.Image:
    """The whole picture inside size x size, aspect kept; white ground, black for masks."""
    return ImageOps.pad(
        image, (size, size), Image.Resampling.LANCZOS, color=0 if image.mode == "L" else (255, 255, 255)
    )


@torch.no_grad()
def predict_masks(network: nn.Module, images: Tensor, batch: int = 16) -> Tensor:
    """(N, 3, size, size) uint8 -> (N, 1, size, size) bool."""
    device = next(network.parameters()).device
    return torch.cat([network(to_unit(part.to(device))).gt(0).cpu() for part in images.split(batch)])


def segmenter_scores(network: nn.Module, held: Pairs) -> dict:
    """IoU by garment, mean and worst, on pairs that the network never saw."""
    iou = overlap(predict_masks(network, held.images), held.masks > 0)["iou"].tolist()
    return {
        "iou": sum(iou) / len(iou),
        "iou_worst": min(iou),
        "n": len(held),
        "by_garment": dict(zip(held.names, iou, strict=True)),
    }


def overlap(found: Tensor, true: Tensor) -> dict[str, Tensor]:
    """{"iou", "precision", "recall"} of masks (N, 1, H, W) bool, (N,) each in 0..1; where nothing is found all are 0.

    Intersection over union; the share of what is found that is cloth; the share of the cloth that is found.
    """
    both = (found & true).sum((1, 2, 3))
    over = {"iou": found | true, "precision": found, "recall": true}
    return {name: both / mask.sum((1, 2, 3)).clamp_min(1) for name, mask in over.items()}


def boundary_f(found: Tensor, true: Tensor) -> Tensor:
    """How well the outlines of masks (N, 1, H, W) bool meet, (N,) in 0..1: Perazzi et al. 2016, eq. 2.

    The harmonic mean of the shares of each outline that lie within 0.8 % of the diagonal of the other one.
    """
    reach = math.ceil(0.008 * math.hypot(*found.shape[-2:]))
    values = []
    for pair in zip(found[:, 0].numpy(), true[:, 0].numpy(), strict=True):
        edges = [_outline(mask.astype(np.uint8)) for mask in pair]
        near = [cv2.distanceTransform(1 - edge, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= reach for edge in edges]
        precision, recall = (
            (edge & other).sum() / max(1, edge.sum()) for edge, other in zip(edges, near[::-1], strict=True)
        )
        values.append(2 * precision * recall / max(precision + recall, 1e-9))
    return torch.tensor(values)


def _outline(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask, 0 or 1, that touch what is outside; the picture's own edge is no outline."""
    return mask - cv2.erode(mask, np.ones((3, 3), np.uint8))
