"""The measured traps of the pinned versions, proven in this very environment (flows and schedules: tests/flows)."""

from __future__ import annotations

from importlib.metadata import version

import torch
from packaging.version import Version


def test_torchvisions_operators_are_built_for_this_torch() -> None:
    from torchvision.ops import nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]


def test_the_pins_of_prefects_neighbours_hold() -> None:
    assert Version(version("prefect")) == Version("3.8.8")
    assert Version("0.139") <= Version(version("fastapi")) < Version("0.151")
    assert Version("2.0") <= Version(version("sqlalchemy")) < Version("2.1")


def test_what_is_pinned_names_versions_and_no_address() -> None:
    from helpers import ROOT

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert len(lines) > 200
    assert all("==" in line and "/" not in line and "@" not in line for line in lines)
