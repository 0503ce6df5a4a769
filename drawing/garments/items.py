"""A garment's picture with what is true of every pixel, kept compactly in four files.

NAME.jpg, NAME_mask.png (label values, see PALETTE), NAME_truth.npz (places on the cloth and light, see `encode_truth`),
NAME.json (what it is and how it was made). The JSON is written last: without it, NAME is not there.
"""

from __future__ import annotations

import difflib
import io
import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from drawing.garments.kinds import KINDS, LABELS
from selvedge.errors import SelvedgeError
from selvedge.io import open_image, read_json, write_bytes, write_json

ITEMS = Path(__file__).with_name("items")
SAMPLES = Path(__file__).with_name("samples")  # more garments, without their truth: for a segmenter to learn from
PALETTE = {"ground": 0, **LABELS, "stand": 6, "occluder": 7}  # the mask's values; blender/render.py paints them
STEP = 0.00025  # metres: places on the cloth are kept in quarters of a millimetre


@dataclass(frozen=True)
class Item:
    """A garment's picture with what is true of it; arrays (H, W, ...).

    `image` sRGB uint8; `mask` uint8, values of PALETTE; `uv` float32 metres on the cloth, u along the weft and v up, NaN
    where no print reaches (ground, ribs, buttons); `panel` int16, the cut piece, -1 there; `shading` float32, the linear
    light that white cloth would send back, so that the cloth's linear colour x weight x shading is its diffuse light;
    `weight` float32 0..1, how far a pixel follows the cloth's colour; `attributes`: NAME.json.
    """

    image: np.ndarray
    mask: np.ndarray
    uv: np.ndarray
    panel: np.ndarray
    shading: np.ndarray
    weight: np.ndarray
    attributes: dict

    @property
    def garment(self) -> np.ndarray:
        """(H, W) bool: the garment with its ribs and trims."""
        return (self.mask >= 1) & (self.mask <= max(LABELS.values()))


def save_item(item: Item, out: Path, name: str, quality: int = 95) -> None:
    """Write the four files of garment `name`; its JSON last."""
    write_bytes(out / f"{name}.jpg", encode_jpeg(item.image, quality))
    mask = io.BytesIO()
    Image.fromarray(item.mask).save(mask, "PNG", optimize=True)
    write_bytes(out / f"{name}_mask.png", mask.getvalue())
    write_bytes(out / f"{name}_truth.npz", encode_truth(item))
    write_json(out / f"{name}.json", item.attributes)


def encode_jpeg(pixels: np.ndarray, quality: int) -> bytes:
    """(H, W, 3) uint8 as a JPEG without chroma subsampling, as small as it gets."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality, subsampling=0, optimize=True)
    return data.getvalue()


def read_item(path: str | Path) -> Item:
    """The garment whose JSON is `path`; raises SelvedgeError naming the file that is missing or cannot be read."""
    path = Path(path)
    facts = read_json(path)
    image = np.asarray(open_image(path.with_suffix(".jpg")))
    mask = np.asarray(open_image(path.with_name(f"{path.stem}_mask.png"), mode="L"))
    truth = path.with_name(f"{path.stem}_truth.npz")
    try:
        places = decode_truth(truth.read_bytes())
    except (OSError, ValueError, KeyError, lzma.LZMAError) as error:
        raise SelvedgeError(f"{truth}: cannot be read ({error}); draw the garment again") from None
    return Item(image, mask, *places, facts)


def load_item(kind: str) -> Item:
    """The garment of `kind` that ships with the project; raises SelvedgeError naming the nearest kind for an unknown one."""
    check_known("kind", kind, KINDS)
    return read_item(ITEMS / f"{kind}.json")


def read_pairs(folder: Path) -> Iterator[tuple[str, Image.Image, np.ndarray]]:
    """The garments of a folder by name: picture, and mask of label values (H, W) uint8.

    Raises SelvedgeError where there is no garment, or a mask is missing or of another size.
    """
    masks = sorted(folder.glob("*_mask.png"))
    if not masks:
        raise SelvedgeError(f"{folder}: holds no drawn garment; `selvedge draw garments --out {folder}` makes some")
    for path in masks:
        name = path.stem.removesuffix("_mask")
        image, labels = open_image(folder / f"{name}.jpg"), np.asarray(open_image(path, mode="L"))
        if labels.shape != (image.height, image.width):
            raise SelvedgeError(f"{path}: is of another size than its picture; draw the garment again")
        yield name, image, labels


def encode_truth(item: Item) -> bytes:
    """uv, panel, shading and weight as a small npz.

    uv in steps of STEP (error at most STEP / 2), lossless from there: each pixel as its difference from what its left,
    upper and upper left neighbours foretell, LZMA. Shading as the square root of light, in a JPEG of quality 95 without
    chroma subsampling (root mean square error about 0.005 of white). Weight in 255 steps.
    """
    known = item.panel >= 0
    flat = filled(np.where(known[..., None], item.uv, 0), known)
    origin = flat[known].min(0) if known.any() else np.zeros(2, np.float32)
    steps = np.clip(np.round((flat - origin) / STEP), 0, 65535).astype(np.uint16)
    peak = float(max(item.shading.max(), 1e-3))
    lit = filled(np.sqrt(np.clip(item.shading / peak, 0, 1)), item.weight > 0.02)
    jpeg = encode_jpeg((lit * 255).round().astype(np.uint8), 95)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        places=np.frombuffer(_squeezed(steps), np.uint8), origin=origin.astype(np.float32),
        panel=(item.panel + 1).astype(np.uint8), peak=np.float32(peak),
        shading=np.frombuffer(jpeg, np.uint8), weight=(item.weight * 255).round().astype(np.uint8),
    )  # fmt: skip
    return out.getvalue()


def decode_truth(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What `encode_truth` wrote: uv, panel, shading, weight."""
    with np.load(io.BytesIO(data)) as kept:
        panel = kept["panel"].astype(np.int16) - 1
        weight = kept["weight"].astype(np.float32) / 255
        uv = _unsqueezed(kept["places"].tobytes(), panel.shape).astype(np.float32) * STEP + kept["origin"]
        lit = np.asarray(Image.open(io.BytesIO(kept["shading"].tobytes())), np.float32) / 255
        shading = lit**2 * kept["peak"]
    uv[panel < 0] = np.nan
    shading[weight <= 0.004] = 0
    return uv.astype(np.float32), panel, shading.astype(np.float32), weight


def _squeezed(steps: np.ndarray) -> bytes:
    """(H, W, 2) uint16 -> bytes: differences in both directions, low and high bytes apart."""
    rest = np.diff(np.diff(steps, axis=0, prepend=np.uint16(0)), axis=1, prepend=np.uint16(0))
    rest = (rest + np.uint16(0x80)).astype("<u2")  # small differences of either sign share a high byte
    planes = np.stack([rest & 0xFF, rest >> 8]).astype(np.uint8)
    return lzma.compress(np.moveaxis(planes, -1, 0).tobytes(), preset=9)


def _unsqueezed(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    planes = np.moveaxis(np.frombuffer(lzma.decompress(data), np.uint8).reshape(2, 2, *shape), 0, -1).astype(np.uint16)
    rest = planes[0] + (planes[1] << 8) - np.uint16(0x80)
    return np.cumsum(np.cumsum(rest, axis=1, dtype=np.uint16), axis=0, dtype=np.uint16)


def filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, C) with each unknown pixel as its nearest known one."""
    if not known.any():
        return values
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(labels.max() + 1, np.int64)
    source[labels[known]] = np.flatnonzero(known)
    return values.reshape(-1, values.shape[-1])[source[labels]]


def check_known(what: str, word: str, words: Sequence[str]) -> None:
    """Raise SelvedgeError naming the nearest of `words` where `word` is none of them."""
    if word not in words:
        nearest = difflib.get_close_matches(word, words, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"unknown {what} {word!r}: did you mean {nearest!r}? (of {', '.join(words)})")
