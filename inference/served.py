"""The networks as MLflow serves them: MLflow runs this file where a model is loaded; the model's card says which network it is.

A DataFrame goes in and comes out with a column more. A pattern generator reads `class` and `seed` and adds `png`: the tile that
`selvedge generate` gives for that seed. The others read `png`, a picture as base64, and add `enlarged` (PNG, base64), `mask`
(PNG, base64, white is cloth) or `class` and `probability`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from PIL import Image
from torch import nn

from inference import pictures
from inference.patterns import DPI, PRINTED, Patterns, Wish
from inference.segment import garment_mask
from inference.upscale import upscale
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, open_image
from selvedge.tracking import publish
from training.data import to_image, to_tensor, to_unit
from training.models.bundle import Bundle, as_classifier, as_upscaler, load_bundle
from training.models.kinds import Classifier, Segmenter, Upscaler

Predict = Callable[[pd.DataFrame], pd.DataFrame]


def load(model_directory: Path) -> Predict:
    """Open a model directory; raises BadBundle naming the file that is missing or wrong."""
    bundle = load_bundle(model_directory)
    serve: dict[type[nn.Module], Callable[[Bundle], Predict]]
    serve = {Upscaler: _upscaler, Segmenter: _segmenter, Classifier: _classifier}
    return next((how for kind, how in serve.items() if isinstance(bundle.network, kind)), _patterns)(bundle)


def _patterns(bundle: Bundle) -> Predict:
    patterns = Patterns(bundle)
    wish = Wish(size=PRINTED if patterns.prints else None, best_of=None)

    def predict(orders: pd.DataFrame) -> pd.DataFrame:
        classes, seeds = (_column(orders, name) for name in ("class", "seed"))
        tiles = [patterns.tile(str(cls), int(seed), wish) for cls, seed in zip(classes, seeds, strict=True)]
        return orders[["class", "seed"]].assign(png=[_text(pictures.png(to_image(tile), DPI)) for tile in tiles])

    return predict


def _upscaler(bundle: Bundle) -> Predict:
    network = as_upscaler(bundle)

    def predict(orders: pd.DataFrame) -> pd.DataFrame:
        made = [to_image(upscale(to_tensor(picture), network, wrap=False)) for picture in _pictures(orders)]
        return orders[["png"]].assign(enlarged=[_text(encode_image(image)) for image in made])

    return predict


def _segmenter(bundle: Bundle) -> Predict:
    def predict(orders: pd.DataFrame) -> pd.DataFrame:
        made = [garment_mask(picture, bundle) for picture in _pictures(orders)]
        return orders[["png"]].assign(mask=[_text(encode_image(image)) for image in made])

    return predict


def _classifier(bundle: Bundle) -> Predict:
    network, classes = as_classifier(bundle), bundle.card["classes"]
    size = network.size

    @torch.inference_mode()
    def predict(orders: pd.DataFrame) -> pd.DataFrame:
        shown = [to_tensor(picture.resize((size, size), Image.Resampling.LANCZOS)) for picture in _pictures(orders)]
        best = network(to_unit(torch.stack(shown))).softmax(1).max(1)
        told = {"class": [classes[i] for i in best.indices.tolist()], "probability": best.values.tolist()}
        return orders[["png"]].assign(**told)

    return predict


def _pictures(orders: pd.DataFrame) -> list[Image.Image]:
    found = []
    for row, text in enumerate(_column(orders, "png")):
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise SelvedgeError(f"row {row}: png is no base64 text") from None
        found.append(open_image(data, f"row {row}"))
    return found


def _column(orders: pd.DataFrame, name: str) -> pd.Series:
    if name not in orders:
        raise SelvedgeError(f"the table has no column {name!r}; it has {', '.join(map(str, orders)) or 'none'}")
    return orders[name]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


publish(load)
