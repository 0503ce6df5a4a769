"""Garment masks: the live segmenter finds the cloth in a photo."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from PIL import Image

from selvedge.errors import SelvedgeError
from training.data import to_tensor, to_unit
from training.evaluation.masks import fit
from training.models.bundle import Bundle, as_segmenter

LEAST = 0.01  # share of the picture: what is found must be more


@torch.inference_mode()
def garment_mask(photo: Image.Image, bundle: Bundle) -> Image.Image:
    """RGB photo -> `L` mask of its size, 255 is cloth, with edges a pixel or two soft.

    Raises SelvedgeError where less than 1 % of the picture is cloth, BadBundle for a model that finds no garments.
    """
    size = bundle.card["size"]
    logits = as_segmenter(bundle)(to_unit(to_tensor(fit(photo, size))[None]))[0, 0]
    left, top, right, bottom = fit(Image.new("L", photo.size, 255), size).getbbox() or (0, 0, size, size)
    found = logits[top:bottom, left:right].sigmoid().numpy()
    large = cv2.resize(found, photo.size, interpolation=cv2.INTER_CUBIC)
    # what is one pixel of the network's is several of the photo's: a ramp as steep as the photo is sharp
    steep = max(1.0, photo.width / (right - left))
    mask = np.clip((large - 0.5) * steep + 0.5, 0, 1)
    mask = _without_specks(mask)
    if (mask > 0.5).mean() < LEAST:
        raise SelvedgeError("no garment was found in the photo; give a mask, white where cloth is: --mask MASK.png")
    return Image.fromarray((mask * 255).round().astype(np.uint8))


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Only the pieces that are at least a tenth of the largest."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((mask > 0).astype(np.uint8))
    if count < 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.where((areas >= 0.1 * areas.max())[pieces], mask, 0)
