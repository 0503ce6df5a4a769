"""The law of imports: which room may import what. The rooms stay separable only while this holds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers import ROOT

ROOMS = ("selvedge", "drawing", "scrapers", "training", "inference", "flows")


FAMILY_FILES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "training/models").glob("[a-z]*.py"))]


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


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_reaches_into_another_by_path(path: Path) -> None:
    """Where models lie is selvedge/registry.py's to know; what init copies, selvedge/project.py's."""
    room = str(path.relative_to(ROOT)).split("/")[0]
    if path.name in ("registry.py", "project.py") and room == "selvedge":
        return
    others = {other for other in ROOMS if other not in (room, "selvedge")}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant):
            assert node.right.value not in others, f"line {node.lineno}"


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


# ---- types -------------------------------------------------------------------------------------------------------------

# what mypy still finds; it only goes down
ERRORS = {"drawing": 399, "scrapers": 114, "studies": 45, "benchmarks": 24}
TYPED = ("selvedge", "flows", "inference", "training")


@pytest.fixture(scope="module")
def type_errors() -> list[str]:
    """What mypy says of all code but the tests, a line each; more than a minute where nothing is cached."""
    command = [sys.executable, "-m", "mypy", *TYPED, *ERRORS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 2: it could not look
    return [line for line in done.stdout.splitlines() if ": error: " in line]


@pytest.mark.long
def test_types_hold_in_the_rooms_that_are_clean(type_errors: list[str]) -> None:
    assert [line for line in type_errors if line.startswith(tuple(f"{room}/" for room in TYPED))] == []


@pytest.mark.long
@pytest.mark.parametrize("room", ERRORS)
def test_types_get_no_worse_in_the_others(type_errors: list[str], room: str) -> None:
    found = [line for line in type_errors if line.startswith(f"{room}/")]
    assert len(found) <= ERRORS[room], "\n".join(["new among these:", *found])
    assert len(found) == ERRORS[room], f"fewer than before: lower the number of {room} to {len(found)}"


# ---- stages depend on the code that they run, on all of it and on no more ------------------------------------------------

# what lists the families and tasks that there are: a new one changes nothing for the others
REGISTRIES = {"training/tasks/__init__.py", "training/models/__init__.py"}
KEEPING = {"training/models/bundle.py"}  # how a network is kept, which no training's numbers follow from
MODULE = re.compile(rf"^({'|'.join(ROOMS[1:])})(\.\w+)+$")
# where each stage's command begins (selvedge/cli.py), and what it finds by a name in params.yaml or on a card
ENTRIES = {
    "crawl": ["scrapers/crawl.py"],
    "reconstruct": ["scrapers/reconstruct.py"],
    "data-card": ["scrapers/card.py"],
    "garments": ["scrapers/garments.py"],
    "base": [],
    "train-classifier": ["training/loop.py", "training/tasks/classifier.py"],
    "train-patterns": ["training/loop.py", "training/tasks/patterns.py", "training/models/fourier.py"],
    "train-upscaler": ["training/loop.py", "training/tasks/upscaler.py"],
    "train-segmenter": ["training/loop.py", "training/tasks/segmenter.py"],
    "evaluate": ["training/evaluation/evaluate.py", *FAMILY_FILES],
    "register": ["training/register.py", *FAMILY_FILES],
    "catalogue": ["inference/catalogue.py", *FAMILY_FILES],
}


def stages() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def code_of(spec: dict) -> set[str]:
    """The Python files of the rooms among a stage's dependencies; a folder stands for all in it."""
    found: set[str] = set()
    for dep in spec.get("deps", []):
        path = ROOT / dep
        if dep.split("/")[0] in ROOMS:
            found |= {str(file.relative_to(ROOT)) for file in ([path] if path.is_file() else path.rglob("*.py"))}
    return {file for file in found if file.endswith(".py")}


def followed(entries: list[str]) -> set[str]:
    """The files of the rooms that these import, at their top or later, and those that they name in a text, and so on."""
    found: set[str] = set()
    todo = list(entries)
    while todo:
        path = todo.pop()
        if path in found or path in REGISTRIES:
            continue
        found.add(path)
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS[1:]:
                todo += files_of(node.module, [alias.name for alias in node.names])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE.match(node.value):
                module, _, name = node.value.rpartition(".")
                todo += [*files_of(module, [name]), *files_of(node.value, [])]
    return {path for path in found if (ROOT / path).read_text().count("\n") > 1}  # a docstring alone does nothing


def files_of(module: str, names: list[str]) -> list[str]:
    """The file of a module, or those of the modules that are imported out of a package; the package's own too."""
    base = module.replace(".", "/")
    if (ROOT / f"{base}.py").exists():
        return [f"{base}.py"]
    own = [f"{base}/__init__.py"] if (ROOT / base / "__init__.py").exists() else []
    return own + [f"{base}/{name}.py" for name in names if (ROOT / f"{base}/{name}.py").exists()]


@pytest.mark.parametrize("stage", ENTRIES)
def test_a_stage_depends_on_the_code_that_it_runs_and_on_no_other(stage: str) -> None:
    needed = followed(ENTRIES[stage]) - (KEEPING if stage.startswith("train-") else set())
    named = {path for path in code_of(stages()[stage]) if (ROOT / path).read_text().count("\n") > 1} - REGISTRIES
    assert sorted(needed - named) == [], "missing among the deps"
    assert sorted(named - needed) == [], "a change here would make the stage stale for nothing"


def test_every_stage_is_known_here_and_none_depends_on_a_study() -> None:
    assert stages().keys() == ENTRIES.keys()
    for spec in stages().values():
        deps = [dep for dep in spec.get("deps", []) if not dep.startswith("reports/generated/")]  # other stages' outs
        assert not [dep for dep in deps if dep.split("/")[0] in ("studies", "benchmarks", "tests", "reports")]
