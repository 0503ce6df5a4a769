"""How well garments are found: intersection over union on pairs of photo and mask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from selvedge.errors import SelvedgeError
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
    folder = Path(folder)
    photos = [p for p in list_images(folder) if not p.stem.endswith("_mask")] if folder.is_dir() else []
    if not photos:
        raise SelvedgeError(f"{folder}: holds no garment; run `selvedge garments`")

    def one(photo: Path) -> tuple[Tensor, Tensor]:
        mask = photo.with_name(f"{photo.stem}_mask.png")
        if not mask.exists():
            raise SelvedgeError(f"{photo}: its mask {mask.name} is missing")
        fitted = fit(open_image(photo), size), fit(open_image(mask, mode="L"), size)
        return to_tensor(fitted[0]), to_tensor(fitted[1]).ge(128).to(torch.uint8) * 255

    with ThreadPoolExecutor(4) as pool:
        pairs = list(pool.map(one, photos))
    return Pairs(torch.stack([p[0] for p in pairs]), torch.stack([p[1] for p in pairs]), tuple(p.stem for p in photos))


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
    found, true = predict_masks(network, held.images), held.masks > 0
    both, either = (found & true).sum((1, 2, 3)), (found | true).sum((1, 2, 3))
    iou = (both / either.clamp_min(1)).tolist()
    return {
        "iou": sum(iou) / len(iou),
        "iou_worst": min(iou),
        "n": len(held),
        "by_garment": dict(zip(held.names, iou, strict=True)),
    }
