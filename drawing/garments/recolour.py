"""Dyeing a drawn garment anew, in linear light and without Blender: its true places on the cloth take a colour or a print."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from drawing.garments.items import Item, filled
from selvedge.colour import bytes_to_linear, linear_to_bytes, to_linear
from selvedge.errors import SelvedgeError


def recolour(
    item: Item, cloth: Sequence[float] | Image.Image, repeat: float = 0.3, rib: Sequence[float] | None = None
) -> Image.Image:
    """The item's picture in another cloth: `cloth` is an sRGB colour 0..1, or a tile, `repeat` metres wide.

    Ribs and what else takes no print get the colour `rib` (sRGB 0..1; default: the commonest colour of the tile). The
    sum is in linear light: what the old dye sent back is replaced, gloss and everything around stays; pixels that the
    cloth does not touch keep their bytes. Raises SelvedgeError for a repeat that is not positive.
    """
    if not repeat > 0:
        raise SelvedgeError(f"repeat is {repeat}: give the metres that one width of the tile covers")
    places = filled(np.nan_to_num(item.uv), item.panel >= 0)
    old = _albedo(places, item, *_old_cloth(item))
    new = _albedo(places, item, cloth, repeat, rib)
    light, weight = bytes_to_linear(item.image), item.weight[..., None]
    # where a pixel is only in part cloth, the light carried out to it may be more than it holds
    sent = old * weight * item.shading
    sent *= np.minimum(1, (light / np.maximum(sent, 1e-4)).min(-1, keepdims=True))
    # lighter: add what more the new dye sends back. Darker: dim what is there, so that grain and errors dim with it
    added = light + sent * (new / np.maximum(old, 1e-3) - 1)
    within = cv2.erode(item.garment.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    whole = within & (item.weight > 0.68)  # cloth alone, the right side or the wrong one
    gloss = _mean_within(light - old * weight * item.shading, whole, 1.5)
    diffuse = np.clip(light - np.maximum(gloss, 0), 0, None)
    diffuse = np.where(light > 0.97, old * weight * item.shading, diffuse)  # burnt out: the picture tells no more
    dimmed = light - diffuse * (1 - np.minimum(new / np.maximum(old, 1e-3), 1))
    mixed = np.where((new < old) & whole[..., None], dimmed, added)
    touched = (item.weight > 0.004)[..., None] & (np.abs(new - old) > 1e-6).any(-1, keepdims=True)
    return Image.fromarray(np.where(touched, linear_to_bytes(mixed), item.image))


def _mean_within(values: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of (H, W, 3) over the pixels `where` alone; 0 elsewhere."""
    weight = cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)[..., None]
    total = cv2.GaussianBlur(np.where(where[..., None], values, 0).astype(np.float32), (0, 0), sigma)
    return np.where(where[..., None], total / np.maximum(weight, 1e-3), 0)


def _old_cloth(item: Item) -> tuple:
    """What the item is made of: colour or tile, repeat, rib."""
    if item.attributes.get("textile"):
        tile, ground, repeat = textile_tile(item.attributes["textile"])
        return tile, repeat, ground
    return item.attributes["colour"], 1.0, None


def _albedo(places: np.ndarray, item: Item, cloth, repeat: float, rib) -> np.ndarray:
    """(H, W, 3) the linear colour of the cloth at each pixel, whether the pixel shows it or not."""
    if not isinstance(cloth, Image.Image):
        return np.broadcast_to(to_linear(cloth).astype(np.float32), item.image.shape)
    tile = bytes_to_linear(np.asarray(cloth.convert("RGB")))
    high, wide = tile.shape[:2]
    plain = to_linear(rib).astype(np.float32) if rib is not None else _commonest(tile)
    # the tile is first shrunk to what the picture can show, then sampled: no sparkle
    pitch = pixel_pitch(item) / repeat * wide
    if pitch > 1:
        wide, high = max(1, round(wide / pitch)), max(1, round(high / pitch))
        tile = cv2.resize(tile, (wide, high), interpolation=cv2.INTER_AREA)
    x = places[..., 0] / repeat * wide - 0.5
    y = -places[..., 1] / repeat * wide - 0.5  # v counts upwards, a picture's rows downwards
    padded = cv2.copyMakeBorder(tile, 1, 1, 1, 1, cv2.BORDER_WRAP)
    at = np.mod(x, wide).astype(np.float32) + 1, np.mod(y, high).astype(np.float32) + 1
    laid = cv2.remap(padded, *at, cv2.INTER_LINEAR)
    bare = (item.panel < 0) & (item.weight > 0.98)  # a rib
    return np.where(bare[..., None], plain, laid).astype(np.float32)


def pixel_pitch(item: Item) -> float:
    """Metres of cloth that a pixel usually spans."""
    step = np.abs(np.diff(item.uv, axis=1)).max(-1)
    step = step[np.isfinite(step) & (step > 0)]
    return float(np.median(step)) if step.size else 0.001


def _commonest(tile: np.ndarray) -> np.ndarray:
    """The colour that most of a tile has, roughly."""
    coarse = np.round(tile.reshape(-1, 3) ** 0.45 * 12).astype(int)
    keys = coarse @ np.array([1, 16, 256])
    values, counts = np.unique(keys, return_counts=True)
    return tile.reshape(-1, 3)[keys == values[counts.argmax()]].mean(0)


def textile_tile(textile: dict) -> tuple[Image.Image, list[float], float]:
    """A print's tile in its dyes alone, the sRGB colour of its ground, and the metres that the tile is wide."""
    from drawing.textiles import render

    drawing = render(textile["class"], textile["seed"], 1024, mode="flat")
    ground = srgb_of(drawing.attributes["colours"][0]["hex"])
    return drawing.image.convert("RGB"), list(ground), textile["repeat"] * drawing.attributes["repeats"][0]


def srgb_of(colour: str) -> tuple[float, float, float]:
    """`#rrggbb` as three numbers of 0..1."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
