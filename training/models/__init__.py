"""The networks, one family a file; a new one is one line here. What is saved of them: safetensors and a model card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from training.models import dcgan, fourier, judge, screens, squeeze, srresnet, unet

FAMILIES: dict[str, Callable[..., nn.Module]] = {
    "dcgan": dcgan.Generator,
    "fourier": fourier.FourierGenerator,
    "screens": screens.Screens,
    "srresnet": srresnet.SRResNet,
    "judge": judge.Judge,
    "squeeze": squeeze.Squeeze,
    "unet": unet.GarmentUNet,
}


def build(family: str, arguments: dict[str, Any]) -> nn.Module:
    """Construct a network of `family` as its card describes it."""
    return FAMILIES[family](**arguments)
