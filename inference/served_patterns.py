"""The pattern generator as MLflow serves it: MLflow runs this file where the model is loaded.

A DataFrame with the columns class and seed -> the same with png: the tile as PNG, in base64, printed large where it can be;
the tile that `selvedge generate` gives for that seed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from inference import pictures
from inference.patterns import DPI, PRINTED, Patterns, Wish
from selvedge.errors import SelvedgeError
from selvedge.tracking import publish
from training.data import to_image
from training.models.bundle import load_bundle


def load(model_directory: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Open a model directory; raises BadBundle naming the file that is missing or wrong."""
    patterns = Patterns(load_bundle(model_directory))

    def predict(orders: pd.DataFrame) -> pd.DataFrame:
        for column in ("class", "seed"):
            if column not in orders:
                raise SelvedgeError(f"the table has no column {column!r}; it needs class and seed")
        drawn = [_png(patterns, str(cls), int(seed)) for cls, seed in zip(orders["class"], orders["seed"], strict=True)]
        return orders[["class", "seed"]].assign(png=drawn)

    return predict


def _png(patterns: Patterns, cls: str, seed: int) -> str:
    tile = patterns.tile(cls, seed, Wish(size=PRINTED if patterns.prints else None, best_of=None))
    return base64.b64encode(pictures.png(to_image(tile), DPI)).decode()


publish(load)
