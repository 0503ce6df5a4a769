"""`selvedge measure upscaler` and `measure segmenter`: how well a network does on a folder of one's own pictures.

A score is the mean over pictures, with a 95 % interval for another folder of such pictures, and the file it is worst on.
Pictures are taken for independent: frames or turns of one piece of cloth make n larger than what is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from selvedge.errors import BadImage
from training.data import GARMENTS, SWATCHES, to_tensor
from training.evaluation.masks import boundary_f, list_photos, load_pair, overlap, predict_masks
from training.evaluation.psnr import restored
from training.evaluation.sets import PictureSet, chunks, on_white
from training.models.bundle import Bundle, as_segmenter, as_upscaler
from training.models.srresnet import FACTOR

RESAMPLES = 2000
LEAST, MOST = 32, 4_200_000  # pixels a side, and of a whole picture, that can be restored: memory grows with them
UNITS = {"psnr_y": " dB", "psnr_y_bicubic": " dB", "gain": " dB"}


def upscaler(
    folder: str | Path | None, bundle: Bundle, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, object]:
    """How well `bundle` restores the pictures of `folder` (default: the held-out swatches) from a quarter of their size.

    Each picture, on white and cut to a multiple of four, is shrunk as `srresnet.shrink` does and enlarged again. "psnr_y":
    dB of luma without the outer four pixels (`psnr.psnr_y`); "psnr_y_bicubic": the same of bicubic; "gain": how far above
    it. Each {"value", "low", "high", "n", "worst": {"value", "file"}}; "by_class" has the same for each class folder.

    Raises BadBundle for a model that enlarges nothing, SelvedgeError for a folder without pictures, and BadImage that names
    each file that cannot be read, is less than 32 px wide or high, or has more than 4.2 megapixels.
    """
    network = as_upscaler(bundle)
    pictures = PictureSet.of(folder or SWATCHES / "test")
    psnr = np.empty((len(pictures), 2))
    for found in chunks(pictures.files, _whole):
        by_size: dict[tuple[int, ...], list[tuple[int, Tensor]]] = defaultdict(list)
        for index, pixels in found:
            by_size[tuple(pixels.shape)].append((index, pixels))
        for shape, group in by_size.items():
            batch = max(1, 16 * 224 * 224 // (shape[1] * shape[2]))
            pair = restored(network, torch.stack([pixels for _, pixels in group]), batch)
            psnr[[index for index, _ in group]] = torch.stack(pair, 1).numpy()
    values = {"psnr_y": psnr[:, 0], "psnr_y_bicubic": psnr[:, 1], "gain": psnr[:, 0] - psnr[:, 1]}
    names = np.array([str(file.relative_to(pictures.root)) for file in pictures.files])
    of_class = np.array(pictures.classes)
    by_class = {
        cls: _scores({name: x[of_class == cls] for name, x in values.items()}, names[of_class == cls], seed, resamples)
        for cls in sorted(set(pictures.classes) - {""})
    }
    scores = _scores(values, names, seed, resamples)
    return scores | {"by_class": by_class, **_told(pictures.root, bundle, len(pictures), seed)}


def segmenter(
    folder: str | Path | None, bundle: Bundle, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, object]:
    """How well `bundle` finds the garments of `folder` (default: the held-out ones), pairs of NAME.jpg and NAME_mask.png.

    "iou", "precision" and "recall" of pixels (`masks.overlap`) and "boundary_f" of outlines (`masks.boundary_f`), at the size
    the network looks at, "size": each {"value", "low", "high", "n", "worst": {"value", "file"}}, 0..1.

    Raises BadBundle for a model that finds no garments, SelvedgeError for a folder without photos, and BadImage that names
    each photo without a mask, and each file that cannot be read, that is a mask of another shape, or one of nothing.
    """
    network = as_segmenter(bundle)
    photos, size = list_photos(folder or GARMENTS / "items"), bundle.card["size"]
    parts: list[dict[str, Tensor]] = []
    for group in chunks(photos, lambda photo: _pair(photo, size)):
        images, masks = (torch.stack(x) for x in zip(*(pair for _, pair in group), strict=True))
        found, true = predict_masks(network, images), masks > 0
        parts.append(overlap(found, true) | {"boundary_f": boundary_f(found, true)})
    values = {name: torch.cat([part[name] for part in parts]).double().numpy() for name in parts[0]}
    scores = _scores(values, np.array([photo.name for photo in photos]), seed, resamples)
    return scores | {"size": size, **_told(photos[0].parent, bundle, len(photos), seed)}


def rows(found: dict) -> list[dict[str, str]]:
    """A measurement as rows of a table: score, value, interval, n, and what it is worst on; then the gain in each class."""
    table = [_row(name, name, score) for name, score in found.items() if _is_score(score)]
    return table + [_row(f"gain, {cls}", "gain", scores["gain"]) for cls, scores in found.get("by_class", {}).items()]


# ---- how it is put together ----------------------------------------------------------------------------------------------


def _told(folder: Path, bundle: Bundle, n: int, seed: int) -> dict[str, object]:
    return {"model": bundle.version, "folder": str(folder), "n": n, "seed": seed}


def _whole(path: Path) -> Tensor:
    """A picture cut to a multiple of four, (3, H, W) uint8."""
    picture = on_white(path)
    width, height = picture.size
    if min(width, height) < LEAST:
        raise BadImage(
            f"{path}: {width}x{height} is too small to be restored from a quarter; {LEAST}x{LEAST} is the least"
        )
    if width * height > MOST:
        raise BadImage(f"{path}: {width}x{height} is more than {MOST / 1e6:.1f} megapixels; crop it")
    return to_tensor(picture.crop((0, 0, width // FACTOR * FACTOR, height // FACTOR * FACTOR)))


def _pair(photo: Path, size: int) -> tuple[Tensor, Tensor]:
    picture, mask = load_pair(photo, size)
    if not mask.any():
        raise BadImage(f"{photo}: its mask has no white, so there is no garment to find")
    return picture, mask


def _scores(values: dict[str, np.ndarray], files: np.ndarray, seed: int, resamples: int) -> dict[str, dict]:
    """{name: score} of values (n,) by picture; one bootstrap for all of them, for a gain belongs to its picture.

    The percentile interval, widened to what it must be at small n (Hesterberg 2015, "expanded percentile"); a single
    picture has none: low and high are None.
    """
    table = np.stack(list(values.values()), 1)
    n = len(table)
    table = table[np.lexsort(table.T)]  # an order that is theirs, not the folder's
    rng = np.random.default_rng(seed)
    means = np.array([table[rng.integers(n, size=n)].mean(0) for _ in range(resamples)])
    ends: tuple = (None, None)
    if n > 1:
        tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
        ends = np.quantile(means, (tail, 1 - tail), axis=0)
    return {
        name: {
            "value": float(x.mean()),
            "low": None if n == 1 else float(ends[0][i]),
            "high": None if n == 1 else float(ends[1][i]),
            "n": n,
            "worst": {"value": float(x.min()), "file": str(files[x.argmin()])},
        }
        for i, (name, x) in enumerate(values.items())
    }


def _is_score(value: object) -> bool:
    return isinstance(value, dict) and "value" in value


def _row(title: str, name: str, score: dict) -> dict[str, str]:
    unit, digits = UNITS.get(name, ""), 2 if name in UNITS else 3
    interval = "" if score["low"] is None else f"[{score['low']:.{digits}f}, {score['high']:.{digits}f}]"
    return {
        "score": title,
        "value": f"{score['value']:.{digits}f}{unit}",
        "95 %": interval,
        "n": str(score["n"]),
        "worst": f"{score['worst']['value']:.{digits}f}, {score['worst']['file']}",
    }
