"""Textiles as one meets them in the street: on a person, small, half covered, before a blurred background.

What a classifier of cloth must see besides swatches. The clothes are the path-traced items that ship, dyed anew; the
person is no more than limbs, hair, a belt or a bag in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image

from drawing.garments.items import Item, load_item
from drawing.garments.recolour import pixel_pitch, recolour
from drawing.textiles import SIZES, Drawing, Rng, render, rng_of
from drawing.textiles.colours import NAMES, rgb
from drawing.textiles.photograph import View, develop
from selvedge.errors import SelvedgeError

KINDS = ("dress", "dress", "dress", "dress", "t-shirt", "skirt", "shirt", "coat")
WIDTHS = 16  # pixels between the sizes that an item is kept in
SKINS = ((244, 214, 190), (228, 180, 146), (204, 150, 112), (150, 98, 68), (98, 64, 46))
HAIRS = ((28, 22, 20), (58, 38, 28), (104, 70, 44), (176, 136, 86), (120, 52, 34))


def render_worn(cls: str, seed: int, size: int = 128, style: str | None = None, colours: Sequence[str] = ()) -> Drawing:
    """Draws textile `seed` of a class on a garment that is worn, size x size pixels; the same call gives the same bytes.

    The attributes are the textile's, with `garment`; `scale` is in pixels of this picture. Raises as textiles.render does.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise SelvedgeError(f"size {size}: a textile is drawn at {SIZES[0]} to {SIZES[1]} pixels")
    rng = rng_of(cls, seed, "worn")
    kind = str(rng.choice(KINDS))
    width = max(1, round(size * rng.uniform(1.2, 1.9) / WIDTHS)) * WIDTHS
    span = width * rng.uniform(0.3, 0.9)  # of a tile, which holds some repeats, on the picture
    textile = render(cls, seed, max(16, round(span)), "tile", style, colours)
    item = _scaled(kind, width, bool(rng.random() < 0.5))
    garment = np.asarray(recolour(item, textile.image, span * pixel_pitch(item)))
    mask = item.garment.astype(np.uint8)
    left, top, wide, high = cv2.boundingRect(mask)
    picture = _background(rng, *mask.shape[::-1])
    _body(rng, picture, left + wide / 2, top, wide, high)
    cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    picture = picture * (1 - cover) + garment * cover
    side = min(max(size // 2, int(wide * rng.uniform(0.75, 1.25))), width)
    x = int(np.clip(left + wide / 2 - side / 2 + rng.normal(0, side * 0.05), 0, width - side))
    y = int(np.clip(top + high * rng.uniform(0.3, 0.6) - side / 2, 0, len(picture) - side))
    crop = np.ascontiguousarray(picture[y : y + side, x : x + side]).astype(np.float32)
    _in_the_way(rng, crop)
    seen = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    image = develop(rng, np.square(np.clip(seen, 0, 255) / 255), _outdoors(rng))
    attributes = {
        **textile.attributes,
        "scale": round(textile.attributes["scale"] * size / side, 2),
        "garment": kind,
        "size": size,
    }
    del attributes["repeats"]  # of the tile
    return replace(textile, image=Image.fromarray(image), attributes=attributes)


@lru_cache(maxsize=64)
def _scaled(kind: str, width: int, mirrored: bool) -> Item:
    """The item that ships, `width` pixels wide, maybe mirrored."""
    item = load_item(kind)
    size = width, round(width * item.mask.shape[0] / item.mask.shape[1])

    def shrunk(values: np.ndarray, how: int) -> np.ndarray:
        small = cv2.resize(values, size, interpolation=how)
        return np.ascontiguousarray(small[:, ::-1]) if mirrored else small

    image, shading, weight = (shrunk(values, cv2.INTER_AREA) for values in (item.image, item.shading, item.weight))
    mask, uv, panel = (shrunk(values, cv2.INTER_NEAREST) for values in (item.mask, item.uv, item.panel))
    return Item(image, mask, uv, panel, shading, weight, item.attributes)


def _outdoors(rng: Rng) -> View:
    return View(
        exposure=rng.uniform(0.7, 1.4), warmth=rng.normal(0.05, 0.2), tint=rng.normal(0, 0.05), blur=rng.uniform(0, 0.7),
        grain=rng.uniform(0.004, 0.02), contrast=rng.uniform(-0.1, 0.35), quality=int(rng.integers(55, 95)),
    )  # fmt: skip


def _background(rng: Rng, width: int, height: int) -> np.ndarray:
    """A street, a hedge, a wall or a room out of focus, (height, width, 3) float32 of 0..255."""
    base = np.array([rgb(str(name)) for name in rng.choice(NAMES, 3)], dtype=np.float32)
    base = base * 0.6 + base.mean(axis=1, keepdims=True) * 0.4  # the world is greyer than cloth
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    horizon = rng.uniform(0.3, 0.8)
    step = 1 / (1 + np.exp(-(y - horizon) * rng.uniform(5, 60)))
    picture = (base[0] * (1 - step) + base[1] * step)[:, None] * np.ones((1, width, 1), np.float32)
    if rng.random() < 0.3:  # a pale studio or sky
        picture = picture * 0.15 + rng.uniform(200, 250)
    for cells in (3, 9, 27, 60):
        noise = rng.standard_normal((max(2, cells * 4 // 3), cells, 1), dtype=np.float32) * rng.uniform(2, 26)
        if rng.random() < 0.3:  # boards, bars, steps: noise of one direction
            noise[:] = noise[:1] if rng.random() < 0.6 else noise[:, :1]
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), rng.uniform(0.8, 4))


def _limb(rng: Rng, picture: np.ndarray, points: list[tuple[float, float]], thickness: float, colour: tuple) -> None:
    """A rounded limb along points, lit from one side."""
    path = np.array(points, dtype=np.float32)
    shift = np.array([thickness * 0.18, 0], dtype=np.float32) * (1 if rng.random() < 0.5 else -1)
    for part, tone, share in ((path, 0.82, 1.0), (path + shift, 1.0, 0.62)):
        shade = tuple(float(min(255, value * tone)) for value in colour)
        cv2.polylines(
            picture, [np.round(part).astype(np.int32)], False, shade, max(1, int(thickness * share)), cv2.LINE_AA
        )


def _body(rng: Rng, picture: np.ndarray, x: float, top: float, wide: float, high: float) -> None:
    """Neck, arms and legs, to be covered by the garment."""
    skin = SKINS[rng.integers(len(SKINS))]
    _limb(rng, picture, [(x, top - 0.3 * wide), (x, top + 0.15 * high)], wide * 0.3, skin)
    for side in (-1, 1):
        hip = (x + side * wide * rng.uniform(0.4, 0.62), top + high * rng.uniform(0.5, 0.75))
        elbow = (x + side * wide * rng.uniform(0.42, 0.6), top + high * rng.uniform(0.3, 0.42))
        _limb(
            rng, picture, [(x + side * wide * 0.33, top + 0.1 * high), elbow, hip], wide * rng.uniform(0.12, 0.17), skin
        )
        knee = (x + side * wide * 0.15, top + high * 1.5)
        _limb(rng, picture, [(x + side * wide * 0.16, top + 0.8 * high), knee], wide * rng.uniform(0.16, 0.22), skin)


def _in_the_way(rng: Rng, crop: np.ndarray) -> None:
    """A forearm, hair, a belt, a bag's strap, an open jacket: each in some pictures."""
    side = len(crop)
    if rng.random() < 0.3:
        skin = SKINS[rng.integers(len(SKINS))]
        start, end = (0 if rng.random() < 0.5 else side, side * rng.uniform(0.2, 0.9)), side * rng.uniform(0.3, 0.7, 2)
        _limb(rng, crop, [start, tuple(end)], side * rng.uniform(0.08, 0.14), skin)
    if rng.random() < 0.3:
        hair = HAIRS[rng.integers(len(HAIRS))]
        at = side * rng.uniform(0.15, 0.85)
        for _ in range(5):
            lock = [
                (at + rng.normal(0, side * 0.05), 0),
                (at + rng.normal(0, side * 0.06), side * rng.uniform(0.15, 0.45)),
            ]
            _limb(rng, crop, lock, side * rng.uniform(0.03, 0.08), hair)
    if rng.random() < 0.25:
        y = side * rng.uniform(0.35, 0.6)
        _limb(rng, crop, [(0, y), (side / 2, y * 1.03), (side, y)], side * rng.uniform(0.02, 0.06), _any(rng))
    if rng.random() < 0.2:
        x = side * rng.uniform(0.2, 0.8)
        _limb(rng, crop, [(x, 0), (side - x, side)], side * rng.uniform(0.015, 0.04), _any(rng))
    if rng.random() < 0.2:
        jacket = _any(rng)
        for edge in (0, side):
            reach = side * rng.uniform(0.12, 0.34)
            near = reach if edge == 0 else side - reach
            _limb(
                rng,
                crop,
                [((edge + near) / 2, 0), ((edge + near) / 2 + rng.normal(0, side * 0.04), side)],
                reach,
                jacket,
            )


def _any(rng: Rng) -> tuple:
    return tuple(float(value) for value in rgb(str(rng.choice(NAMES))))
