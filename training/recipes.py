"""Two ways to train a DCGAN, as numbers of `patterns`: as the paper has it, and with what was measured to help.

The same layers and widths, but that G's up-convolutions are 3x3 kernels on an enlarged input where the paper's are 4x4, and that
D has no batch norm. What was measured of both is in `reports/ablation.md`.
"""

from __future__ import annotations

from typing import Any

# Radford, Metz, Chintala 2016, section 4
PLAIN: dict[str, Any] = {
    **{"generator": "dcgan", "z_dim": 100, "batch": 128, "loss": "bce", "d_norm": "batch", "conditional": False},
    **{"lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.5, "ema_images": 0, "penalty": 0.0, "seamless": False},
    "precision": "bf16",  # where the hardware has it
}

PLUS: dict[str, Any] = {
    **PLAIN,
    **{"conditional": True, "seamless": True, "balanced": True, "resize": True, "batch": 16, "loss": "relativistic"},
    **{
        "d_norm": "none",
        "penalty": 0.03,
        "penalty_every": 8,
        "lr_g": 4e-4,
        "lr_d": 8e-4,
        "beta1": 0.0,
        "decay_from": 0.5,
    },
    **{"ema_images": 3_000, "select": True},
}

RECIPES = {"plain": PLAIN, "plus": PLUS}
