"""What all tests share: threads that do not spin, nothing that calls home, and a project folder to work in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from selvedge.proc import QUIET, THREADS

os.environ.update(QUIET | THREADS)  # before torch or prefect is imported

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"

# The demo, shrunk until all of its stages take seconds.
LEFT_OUT = ("solid", "checkered", "zig zag", "leaves", "paisley", "animal", "novelty")
SHOP = "http://fabrics.selvedge.test"
SMALL = {
    "crawl": {
        "sources": [
            {"kind": "shop", "name": "shop", "listing": f"{SHOP}/collections/{{class}}", "licence": "MIT"},
            {
                **{"kind": "csv", "name": "table", "path": f"{SHOP}/clothing-pattern.csv", "licence": "MIT"},
                "words": dict.fromkeys(LEFT_OUT),
            },
        ]
    },
    "classes": ["striped", "dotted", "floral"],
    "demo_shop": {"products": 5, "rows": 2, "photo_px": 240, "page_size": 3},
    "reconstruct": {"scales": [0], "rotations": [0]},
    "garments": {"source": {"kind": "drawn", "train": 9, "width": 96, "height": 128}},
    "patterns": {
        "images": 64,
        "batch": 8,
        "size": 32,
        "view": 32,
        "width": 8,
        "sample_every": 32,
        "checkpoint_every": 32,
    },
    "upscaler": {
        **{"images": 16, "batch": 4, "width": 8, "blocks": 1, "crop": 32, "adversarial_from": 8},
        **{"sample_every": 8, "checkpoint_every": 8},
    },
    "segmenter": {"images": 16, "batch": 4, "size": 64, "sample_every": 16, "checkpoint_every": 16},
    "classifier": {"images": 96, "batch": 8, "size": 32, "width": 8, "sample_every": 96, "checkpoint_every": 48},
    "evaluation": {"samples": 60, "resamples": 20},
}


def small_params(**changes: dict) -> dict:
    """params/demo.yaml with SMALL and `changes` laid over it, section by section."""
    params = yaml.safe_load((ROOT / "params/demo.yaml").read_text())
    for layer in (SMALL, changes):
        for name, value in layer.items():
            params[name] = {**params[name], **value} if isinstance(value, dict) else value
    return params


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a project folder of the small demo (params.yaml, dvc.yaml, presets) and go into it."""

    def make(**changes: dict) -> Path:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(small_params(**changes), sort_keys=False))
        shutil.copy(ROOT / "dvc.yaml", tmp_path)
        shutil.copytree(ROOT / "params", tmp_path / "params")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make
