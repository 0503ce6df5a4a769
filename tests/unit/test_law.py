"""The law of imports: which room may import what. The rooms stay separable only while this holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers import ROOT

ROOMS = ("selvedge", "drawing", "scrapers", "training", "inference", "flows")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_law_of_imports(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    room = name.split("/")[0]
    found = {module.split(".")[0] for module in imports(path)}
    if room != "flows":
        assert "prefect" not in found
    if name != "selvedge/tracking.py":
        assert "mlflow" not in found
    if room != "scrapers":
        assert "scrapy" not in found
    if room in ("drawing", "scrapers", "flows"):
        assert not found & {"torch", "torchvision"}
    others = found & set(ROOMS) - {"selvedge", room}
    if room == "selvedge":
        assert not others or name == "selvedge/cli.py"
    elif room == "training":
        assert not others
    elif room == "inference":
        assert others <= {"training", "drawing"}
        assert all(module.startswith("drawing.garments") for module in imports(path) if module.startswith("drawing"))
        inner = {module for module in imports(path) if module.startswith("training")}
        allowed = ("training.models", "training.data", "training.evaluation.masks")
        assert all(module.startswith(allowed) for module in inner), inner
    elif room == "scrapers":
        assert others <= {"drawing"}  # the demo's shop sells what is drawn
    elif room in ("drawing", "flows"):
        assert not others


def test_the_command_line_opens_no_room_before_it_is_asked() -> None:
    heavy = ["torch", "mlflow", "prefect", "scrapy", "pydantic", "numpy", *ROOMS[1:]]
    code = f"import sys, selvedge.cli; print([m for m in sys.modules if m in {heavy!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_runs_without_mlflow(tmp_path: Path) -> None:
    code = """
import importlib.util, json, pathlib
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "mlflow" else real(name, *rest)
from selvedge import tracking
with tracking.run("task", {"lr": 0.1}, pathlib.Path("runs/x")) as run:
    run.metrics({"loss": 0.5}, 10)
print([json.loads(line) for line in open("runs/x/log.jsonl")])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "[{'task': 'task', 'params': {'lr': 0.1}}, {'step': 10, 'loss': 0.5}]" in done.stdout


# what every family shares and what no training's numbers follow from
SHARED = {
    "training/__init__.py",
    "training/tasks/__init__.py",
    "training/models/__init__.py",
    "training/models/bundle.py",
    "training/evaluation/__init__.py",
}


def test_a_training_stage_depends_on_all_the_code_that_it_follows_from() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for stage, spec in stages.items():
        if not stage.startswith("train-"):
            continue
        needed, todo = set(), [f"training/tasks/{stage.removeprefix('train-')}.py", "training/loop.py"]
        while todo:
            path = todo.pop()
            if path in needed | SHARED:
                continue
            needed.add(path)
            for node in ast.walk(ast.parse((ROOT / path).read_text())):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("training"):
                    todo += _files(node.module, [alias.name for alias in node.names])
        families = {"training/models/fourier.py"} if stage == "train-patterns" else set()  # built by its name
        assert needed | families == {path for path in spec["deps"] if path.startswith("training/")}, stage


def _files(module: str, names: list[str]) -> list[str]:
    base = module.replace(".", "/")
    if (ROOT / f"{base}.py").exists():
        return [f"{base}.py"]
    return [f"{base}/{name}.py" for name in names if (ROOT / f"{base}/{name}.py").exists()]
