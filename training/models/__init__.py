"""The networks, one family a file; a new one is one line here. What is saved of them: safetensors and a model card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from training.models import dcgan, fourier, judge, screens, squeeze, srresnet, unet
from training.models.kinds import PatternGenerator

GENERATORS: dict[str, Callable[..., PatternGenerator]] = {
    "dcgan": dcgan.Generator,
    "fourier": fourier.FourierGenerator,
    "screens": screens.Screens,
}
FAMILIES: dict[str, Callable[..., nn.Module]] = {
    **GENERATORS,
    "srresnet": srresnet.SRResNet,
    "judge": judge.Judge,
    "squeeze": squeeze.Squeeze,
    "unet": unet.GarmentUNet,
}


def build(family: str, arguments: dict[str, Any]) -> nn.Module:
    """Construct a network of `family` as its card describes it."""
    return FAMILIES[family](**arguments)
