"""What tests share: where things are, and the demo shrunk until all of its stages take seconds."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"

# The demo, shrunk until all of its stages take seconds.
LEFT_OUT = ("solid", "checkered", "zig zag", "leaves", "paisley", "animal", "novelty")
SHOP = "http://fabrics.selvedge.test"
SMALL = {
    "crawl": {
        "sources": [
            {"kind": "shop", "name": "shop", "site": SHOP, "licence": "MIT"},
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
    "classifier": {"images": 480, "batch": 8, "size": 32, "width": 8, "sample_every": 96, "checkpoint_every": 48},
    # of networks that saw sixteen pictures nobody asks that they be good
    "evaluation": {"samples": 60, "resamples": 20, "size": 32, "extractor": "judge", "copy_samples": 0, "beside": {}},
    "gate": {
        **{"least_diversity": 0.0, "class_fall": 1.0},
        **{"patterns_floor": 0.0, "upscaler_floor_db": -100.0, "segmenter_floor": 0.0},
    },
}


def small_params(**changes: dict) -> dict:
    """params/demo.yaml with SMALL and `changes` laid over it, section by section."""
    params = yaml.safe_load((ROOT / "params/demo.yaml").read_text())
    for layer in (SMALL, changes):
        for name, value in layer.items():
            params[name] = {**params[name], **value} if isinstance(value, dict) else value
    return params
