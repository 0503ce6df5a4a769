"""What is missing here, and how to mend it. It looks at each thing by itself and never raises."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from selvedge import config, proc, registry
from selvedge.errors import SelvedgeError
from selvedge.io import read_json, sha256_file

State = Literal["good", "note", "bad"]
SETUP = "`make install`"
MLFLOW = Path("mlruns/mlflow.db")
GIB = 1024**3


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `bad` stops some command, a `note` is worth knowing."""

    name: str
    state: State
    found: str
    remedy: str = ""

    def row(self) -> dict[str, str]:
        """The check as a row of a table."""
        return {"check": self.name, "state": self.state, "found": self.found, "remedy": self.remedy}


def examine() -> list[Check]:
    """Look at everything, in the order in which a new user would trip over it."""
    looks: dict[str, Callable[[], Iterator[Check]]] = {
        "Python": _python,
        "packages": _packages,
        "torch": _torch,
        "disk": _disk,
        "params.yaml": _params,
        "commands": _commands,
        "Blender": _blender,
        "DVC": _dvc,
        "models": _models,
        "MLflow's database": _mlflow,
        "Prefect's database": _prefect,
    }
    return [check for name, look in looks.items() for check in _safely(name, look)]


def _safely(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    """A look's checks; one that raises is itself a finding."""
    checks: list[Check] = []
    try:
        checks.extend(look())
    except Exception as error:
        line = " ".join(str(error).split()) or type(error).__name__
        checks.append(Check(name, "bad", f"cannot be looked at: {line}", "mend what it names and ask again"))
    return checks


# ---- the machine -----------------------------------------------------------------------------------------------------


def _python() -> Iterator[Check]:
    from packaging.specifiers import SpecifierSet

    found, wanted = platform.python_version(), importlib.metadata.metadata("selvedge")["Requires-Python"]
    if not SpecifierSet(wanted).contains(found, prereleases=True):
        yield Check("Python", "bad", f"{found}, wanted {wanted}", "`make PYTHON=/path/to/python3.11`, or a newer one")
    else:
        yield Check("Python", "good", f"{found} at {sys.executable}")


def _packages() -> Iterator[Check]:
    """Each requirement of ours, as pyproject.toml has it, against what is installed."""
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in importlib.metadata.requires("selvedge") or ()]
    wanted = [need for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    wrong = 0
    for need in wanted:
        try:
            version = importlib.metadata.version(need.name)
        except importlib.metadata.PackageNotFoundError:
            version = None
        if version is None or not need.specifier.contains(version, prereleases=True):
            wrong += 1
            found = f"{version}, wanted {need.specifier}" if version else "not installed"
            yield Check(need.name, "bad", found, f"{SETUP} after removing .venv/.installed")
    if not wrong:
        yield Check("packages", "good", f"all {len(wanted)} requirements are met")


TORCH = """
import json, torch, torchvision
boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]])
kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.1]), 0.5).tolist()
gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
print(json.dumps({"kept": kept, "gpu": gpu, "threads": torch.get_num_threads(), "versions": versions}))
"""


def _torch() -> Iterator[Check]:
    """In a process of its own: a wheel that does not fit may crash, and this package does not import torch."""
    child = subprocess.run(
        [sys.executable, "-c", TORCH], capture_output=True, text=True, timeout=60, env=proc.environment()
    )
    said = child.stdout.splitlines()
    if child.returncode != 0 or not said:
        reason = (child.stderr.strip().splitlines() or [f"exit status {child.returncode}"])[-1]
        remedy = "torch and torchvision must come from the same index: pip install --force-reinstall torch torchvision"
        yield Check("torch", "bad", reason, f"{remedy} -c constraints.txt")
        return
    found = json.loads(said[-1])
    if found["kept"] != [0]:
        yield Check(
            "torch", "bad", f"{found['versions']}: nms keeps {found['kept']}, not [0]", f"{SETUP} in a new .venv"
        )
    else:
        yield Check("torch", "good", found["versions"])
    if found["gpu"]:
        yield Check("GPU", "good", found["gpu"])
    else:
        yield Check("GPU", "note", "none", f"training runs on the CPU ({found['threads']} threads)")


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(Path.cwd()).free / GIB
    found = f"{free:.1f} GiB free here"
    if free < 2:
        yield Check("disk", "bad", found, "free some: `dvc gc --workspace` drops old data and models")
    elif free < 10:
        yield Check("disk", "note", found, "enough for the demo; real data and DVC's copies want 10 GiB")
    else:
        yield Check("disk", "good", found)


# ---- the project -----------------------------------------------------------------------------------------------------


def _params() -> Iterator[Check]:
    try:
        config.load()
    except SelvedgeError as error:
        mend = "mend the key that it names; or " if config.presets() else ""
        yield Check("params.yaml", "bad", " ".join(str(error).split()), mend + config.remedy())
    else:
        yield Check("params.yaml", "good", "is right")


def _commands() -> Iterator[Check]:
    """dvc runs `selvedge` by name, so the name must lead to this environment."""
    folder = Path(sys.executable).parent
    for name in ("dvc", "selvedge"):
        found = shutil.which(name)
        remedy = f"`source {folder}/activate`, or use `make repro` and `selvedge run`, which find it themselves"
        if found is None:
            yield Check(f"command {name}", "bad", "not on PATH", remedy)
        elif Path(found).resolve() != (folder / name).resolve():
            yield Check(f"command {name}", "note", f"{found} is another environment's", remedy)
        else:
            yield Check(f"command {name}", "good", found)


def _blender() -> Iterator[Check]:
    """Only `selvedge draw garments` needs it; it has an interpreter of its own."""
    python = Path(os.environ.get("SELVEDGE_DRAW_PYTHON", ".venv-draw/bin/python"))
    if python.is_file():
        yield Check("Blender", "good", str(python))
    else:
        yield Check("Blender", "note", f"no {python}; only `selvedge draw garments` needs it", "`make drawing`")


def _dvc() -> Iterator[Check]:
    here = Path.cwd()
    if not (here / "dvc.yaml").exists():
        yield Check("DVC", "bad", f"there is no dvc.yaml in {here}", "go to the project's folder")
    elif not any((folder / ".dvc").is_dir() for folder in (here, *here.parents)):
        yield Check("DVC", "bad", "not initialised", "`dvc init`, or `dvc init --no-scm` without git")
    else:
        yield Check("DVC", "good", "initialised")


# ---- the models ------------------------------------------------------------------------------------------------------


def _models() -> Iterator[Check]:
    """Each network that is live, champion or shipped; a note where none is."""
    for network in registry.GATED:
        if champion := registry.find_champion(network):
            yield _bundle(f"champion {network}", champion, "`dvc checkout models/champion`, or `selvedge run`")
        elif shipped := registry.find_shipped(network):
            yield _bundle(f"shipped {network}", shipped, "`git checkout inference/weights`, or install again")
        else:
            yield Check(network, "note", "none is live", "`make run` trains one, which the gate must let pass")


def _bundle(name: str, folder: Path, remedy: str) -> Check:
    """A model directory: weights.safetensors, and the card that tells its bytes."""
    weights, card = folder / "weights.safetensors", folder / "card.json"
    missing = [path for path in (weights, card) if not path.is_file()]
    if missing:
        return Check(name, "bad", f"{missing[0]} is missing", remedy)
    try:
        told = read_json(card).get("sha256")
    except (SelvedgeError, AttributeError) as error:
        return Check(name, "bad", f"{card}: {error}" if isinstance(error, AttributeError) else str(error), remedy)
    if told != sha256_file(weights):
        return Check(name, "bad", f"{weights} is not the file that {card} names (sha256)", remedy)
    return Check(name, "good", f"{folder}, {weights.stat().st_size / 1e6:.1f} MB")


# ---- the databases ---------------------------------------------------------------------------------------------------


def _mlflow() -> Iterator[Check]:
    yield _database("MLflow's database", MLFLOW, "made at the first training")


def _prefect() -> Iterator[Check]:
    api = os.environ.get("PREFECT_API_URL")
    if api:
        yield _server(api)
        return
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    yield _database("Prefect's database", home / "prefect.db", "made at the first `selvedge run`")


def _server(api: str) -> Check:
    try:
        with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=3) as answer:
            healthy = answer.status == 200
    except (OSError, ValueError) as error:
        remedy = "start that server, or unset PREFECT_API_URL: `selvedge run` then starts its own"
        return Check("Prefect's server", "bad", f"{api} does not answer ({error})", remedy)
    return Check("Prefect's server", "good" if healthy else "bad", api)


def _database(name: str, path: Path, when: str) -> Check:
    """A sqlite file that Alembic keeps; only read, so that a running server is not disturbed."""
    if not path.exists():
        return Check(name, "note", "none yet", when)
    remedy = f"stop what uses it and move {path} away: a new one is {when}, without the old history"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=3)) as database:
            version = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        return Check(name, "bad", f"{path}: {error}", remedy)
    if version is None:
        return Check(name, "bad", f"{path}: half made, it has no version", remedy)
    return Check(name, "good", str(path))
