"""A pattern onto the garment in a photo: the cloth's folds bend it and the photo's light falls on it.

All sums are in linear light; outside the mask the photo keeps every byte.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inference import pictures
from selvedge.colour import bytes_to_linear, linear_to_bytes
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, open_image, write_bytes

DPI = 150
BEND = 0.009  # the most that a fold shifts the pattern, as a share of the garment's width
DARKEST, BRIGHTEST = 0.22, 1.30  # limits of shading, as factors of the cloth's light
SPREAD = 0.5  # folds of a flatly lit garment are deepened towards this spread of log light,
MOST_GAIN = 1.8  # but never more than so many times
NOISE = 0.004  # linear light below which a dark garment's detail is the camera's noise
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear sRGB


def put_on(tile: Image.Image, photo: Image.Image, mask: Image.Image, repeats: float) -> Image.Image:
    """The garment in `photo` (RGB), white in `mask` (`L`), in the cloth of `tile` (RGB), `repeats` times across its width.

    The tile is anchored at the garment's centre. Raises SelvedgeError where mask and photo differ in size, the mask is
    empty, or a repeat would be below two pixels.
    """
    if mask.size != photo.size:
        raise SelvedgeError(
            f"the mask is {mask.width}x{mask.height}, the photo {photo.width}x{photo.height}: they must be of one size"
        )
    cover = np.asarray(mask, np.float32) / 255
    inside = cover > 0.5
    if not inside.any():
        raise SelvedgeError("the mask is empty: it must be white where the cloth is")
    top, bottom, left, right = _box(inside)
    period = (right - left) / repeats
    if period < 2:
        raise SelvedgeError(f"{repeats:g} repeats on a garment {right - left} pixels wide: a repeat needs 2 pixels")

    # only the garment and what its filters reach: a large photo costs no more than its garment
    margin = max(4, (right - left) // 8)
    window = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    centre = (left + right) / 2 - window[1].start, (top + bottom) / 2 - window[0].start
    pixels = np.array(photo)
    part = bytes_to_linear(pixels[window])
    inside = inside[window].astype(np.float32)

    shade, relief = _shading(part, inside, right - left)
    cloth = _lay(bytes_to_linear(np.asarray(tile.convert("RGB"))), period, centre, _bend(relief, inside, right - left))
    alpha = _soft_edge(cover[window], max(photo.size))[..., None]
    mixed = part + alpha * (_shine(cloth * shade[..., None]) - part)
    pixels[window] = np.where(alpha > 0, linear_to_bytes(mixed), pixels[window])
    return Image.fromarray(pixels)


def try_on_file(tile: Path, photo: Path, *, mask: Path | None, repeats: float, out: Path) -> None:
    """Put the tile onto the garment in a photo file; without a mask the live segmenter looks for the garment."""
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise SelvedgeError(f"{out}: a picture is written as .png or .jpg; name it so")
    pattern, picture = open_image(tile), open_image(photo)
    if mask is None:
        from inference.live import load_live
        from inference.segment import garment_mask
        from selvedge.registry import find_live

        if find_live("segmenter") is None:
            raise SelvedgeError(
                f"{photo}: no segmenter is here to find its garment: give a mask, white where cloth is (--mask MASK.png), "
                "or train one with `selvedge run`"
            )
        cover = garment_mask(picture, load_live("segmenter"))
    else:
        cover = open_image(mask, mode="L")
    if cover.size != picture.size:
        raise SelvedgeError(
            f"{mask}: is {cover.width}x{cover.height}, {photo} is {picture.width}x{picture.height}; "
            "a mask has its photo's size"
        )
    worn = put_on(pattern, picture, cover, repeats)
    write_bytes(out, pictures.png(worn, DPI) if out.suffix.lower() == ".png" else encode_image(worn, "jpeg", DPI))
    print(f"try-on: {tile} on {photo}, {repeats:g} repeats across -> {out}")


# ---- light -----------------------------------------------------------------------------------------------------------


def _shading(part: np.ndarray, inside: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """How bright the cloth is at each pixel, 1 where it is well lit, and the logarithm of it, smoothed, as a relief.

    The garment's own brightness is divided out (its 90th percentile), so a black dress shades a print as a white one
    does; what is beyond the limits is bent towards them, never cut.
    """
    # a saturated garment's brightest channel is often clipped and shows no fold: the others do
    headroom = 1 - (part[inside > 0] > 0.95).mean(0)
    weights = LUMINANCE * np.maximum(headroom, 0.02)
    light = part @ (weights / weights.sum()).astype(np.float32)
    white = max(float(np.quantile(light[inside > 0], 0.9)), 1e-3)
    # a dark garment's noise would be amplified with its folds: where light is scarce, trust neighbourhoods
    near = _within(light, inside, max(1.0, width / 250))
    value = near + near / (near + NOISE) * (light - near)
    log = np.log(np.maximum(value, 1e-4 * white) / white)
    spread = np.diff(np.quantile(log[inside > 0], (0.05, 0.95)))[0]
    log *= np.clip(SPREAD / max(spread, 1e-3), 1, MOST_GAIN)
    low, high = -math.log(DARKEST), math.log(BRIGHTEST)
    shade = np.where(log < 0, -low * np.tanh(-log / low), high * np.tanh(log / high))
    return np.exp(shade).astype(np.float32), _within(shade, inside, max(1.5, width / 60))


def _shine(light: np.ndarray) -> np.ndarray:
    """Linear light with a soft shoulder above 0.8, so that a lit pale print keeps its drawing."""
    over = np.maximum(light - 0.8, 0)
    return np.where(light > 0.8, 0.8 + 0.2 * np.tanh(over / 0.2), light)


def _within(values: np.ndarray, inside: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean over the garment's pixels alone: the ground does not bleed in."""
    total = cv2.GaussianBlur((values * inside).astype(np.float32), (0, 0), sigma)
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)
    return np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), values).astype(np.float32)


# ---- cloth -----------------------------------------------------------------------------------------------------------


def _bend(relief: np.ndarray, inside: np.ndarray, width: int) -> np.ndarray:
    """Shift of the pattern at each pixel, (H, W, 2) as x and y in pixels: along the slope of the light, a few pixels."""
    slope = np.stack([cv2.Sobel(relief, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1))], -1)
    slope *= width * inside[..., None]
    strength = np.linalg.norm(slope, axis=-1, keepdims=True)
    # a slope of a garment's whole brightness over a tenth of its width already bends fully
    shift = slope / np.maximum(strength, 1e-6) * np.tanh(strength / 10) * BEND * width
    return cv2.GaussianBlur(shift.astype(np.float32), (0, 0), max(1.0, width / 120))


def _lay(tile: np.ndarray, period: float, centre: tuple[float, float], bend: np.ndarray) -> np.ndarray:
    """The tile repeated every `period` pixels, its own centre at `centre` (x, y), shifted by `bend`.

    Area-averaged where it shrinks, bicubic where it grows; both go round the edges.
    """
    height, width = tile.shape[:2]
    scale = period / width
    if scale < 1:
        small = max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))
        tile = cv2.resize(tile, small, interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[: bend.shape[0], : bend.shape[1]].astype(np.float32)
    across = ((x + 0.5 - centre[0] + bend[..., 0]) / period + 0.5) * tile.shape[1] - 0.5
    down = ((y + 0.5 - centre[1] + bend[..., 1]) / (height * scale) + 0.5) * tile.shape[0] - 0.5
    ring = 2  # bicubic looks one pixel back and two ahead
    tile = np.pad(tile, ((ring, ring), (ring, ring), (0, 0)), mode="wrap")
    inner_x, inner_y = tile.shape[1] - 2 * ring, tile.shape[0] - 2 * ring
    laid = cv2.remap(
        tile, across % inner_x + ring, down % inner_y + ring, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(laid, 0, 1)


def _soft_edge(cover: np.ndarray, side: int) -> np.ndarray:
    """The mask with stairs smoothed and an edge about one pixel in 512 wide, inwards: where `cover` is 0 it stays 0."""
    soft = cv2.GaussianBlur(cover, (0, 0), max(0.8, 0.9 * side / 512))
    return np.minimum(np.clip(2 * soft - 0.45, 0, 1), cover)


def _box(inside: np.ndarray) -> tuple[int, int, int, int]:
    """top, bottom, left, right of the True pixels, ends exclusive."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
