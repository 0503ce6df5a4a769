"""Colour spaces: sRGB, linear light, and the spaces that an eye's distances are measured in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def to_linear(srgb: ArrayLike) -> np.ndarray:
    """sRGB in 0..1 -> linear light in 0..1, float64, of any shape (IEC 61966-2-1)."""
    value = np.asarray(srgb, np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def to_srgb(light: ArrayLike) -> np.ndarray:
    """Linear light -> sRGB in 0..1, of any shape; what lies outside is clipped."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def bytes_to_linear(pixels: np.ndarray) -> np.ndarray:
    """sRGB bytes -> linear light in 0..1, float32, of the same shape."""
    return to_linear(np.arange(256) / 255).astype(np.float32)[pixels]


def linear_to_bytes(light: np.ndarray) -> np.ndarray:
    """Linear light -> sRGB bytes of the same shape, rounded."""
    return (to_srgb(light) * 255 + 0.5).astype(np.uint8)


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(srgb: ArrayLike) -> np.ndarray:
    """(..., 3) sRGB in 0..255 -> OKLab, float64 (Ottosson 2020): L in 0..1; a distance of 0.02 is just seen."""
    return np.cbrt(to_linear(np.asarray(srgb, np.float64) / 255) @ _TO_LMS.T) @ _TO_LAB.T


def oklch(srgb: ArrayLike) -> np.ndarray:
    """(..., 3) sRGB in 0..255 -> OKLCH: lightness, chroma, hue in degrees 0..360."""
    lab = oklab(srgb)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    return np.stack([lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), hue], axis=-1)
