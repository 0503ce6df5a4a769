"""Half precision where the hardware has it, and full where it would only be imitated."""

from __future__ import annotations

from functools import cache

import torch

NATIVE = ("avx512_bf16", "amx_bf16", "bf16")  # what makers of CPUs call it, in torch.cpu's words


@cache
def native(kind: str) -> bool:
    """Whether devices of this kind ("cpu", "cuda", ...) compute in bf16; where it is imitated, it is slower than fp32."""
    if kind == "cpu":
        return any(torch.cpu.get_capabilities().get(name) for name in NATIVE)
    return kind != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def computed_in(precision: str, device: torch.device) -> str:
    """What a training that asks for `precision` computes in on that device: "bf16" or "fp32"."""
    return precision if precision == "fp32" or native(device.type) else "fp32"


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Mixed precision as asked for, if the device has it; bf16 needs no loss scaling."""
    return torch.autocast(device.type, torch.bfloat16, enabled=computed_in(precision, device) == "bf16")
