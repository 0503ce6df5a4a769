"""bf16 is for hardware that has it: elsewhere the same training runs in fp32, and says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from training import precision

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def forget():
    precision.native.cache_clear()
    yield
    precision.native.cache_clear()


@pytest.mark.parametrize(
    ("features", "used"),
    [
        ({"avx512_bf16": True}, "bf16"),
        ({"bf16": True, "neon": True}, "bf16"),
        ({"avx2": True, "amx_bf16": False}, "fp32"),
    ],
)
def test_a_cpu_computes_in_what_it_has(features: dict, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    assert precision.computed_in("bf16", CPU) == used
    assert precision.computed_in("fp32", CPU) == "fp32"
    with precision.autocast("bf16", CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == getattr(torch, {"bf16": "bfloat16"}.get(used, "float32"))
    with precision.autocast("fp32", CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("has", [True, False])
def test_a_gpu_that_only_imitates_it_does_not_count(has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(is_bf16_supported=lambda including_emulation=True: including_emulation or has)
    monkeypatch.setattr(torch, "cuda", fake)
    assert precision.computed_in("bf16", torch.device("meta")) == "bf16"  # what is not known is trusted
    assert precision.native("cuda") == has


def test_this_cpu_is_asked_by_names_that_torch_knows() -> None:
    known = set(torch.cpu.get_capabilities())
    if torch.cpu.get_capabilities()["architecture"] != "x86_64":
        pytest.skip("the names are those of x86-64")
    assert {"avx512_bf16", "amx_bf16"} <= known & set(precision.NATIVE)
