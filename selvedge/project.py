"""`selvedge init`: a folder that is a project - parameters, presets, graph and schedules, under git and DVC.

The files are those at the top of a checkout; the wheel carries them as package data. A checkout's stages depend on the files of
the code that they run. A project beside an installed package has none of these, so its stages depend on `selvedge.version`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from selvedge import __version__, proc
from selvedge.errors import SelvedgeError
from selvedge.io import write_text

ROOT = Path(__file__).parents[1]
CARRIED = Path(__file__).with_name("project")  # in a wheel; pyproject.toml says what lies there
FILES = ("params.yaml", "params/demo.yaml", "params/full.yaml", "dvc.yaml", "prefect.yaml", "gitignore")
VERSION = "selvedge.version"
CODE = re.compile(r"^ *- (?:drawing|inference|scrapers|training)/\S+(?: #.*)?\n", re.MULTILINE)  # a dep of its own line
ENTRYPOINT = re.compile(r"(entrypoint: )flows/(\w+)\.py:(\w+)")


def init(folder: Path) -> list[Path]:
    """Make `folder` a project and return its new files; what is there is never overwritten.

    Raises SelvedgeError naming a file of a project that is there already.
    """
    taken = [folder / name for name in FILES if (folder / name).exists()]
    if taken:
        raise SelvedgeError(f"{taken[0]}: is there already; `selvedge init` makes a new project: name another folder")
    texts = {name: _text(name) for name in FILES}
    texts["dvc.yaml"] = stages_of_a_package(texts["dvc.yaml"])
    texts["prefect.yaml"] = ENTRYPOINT.sub(r"\1flows.\2.\3", texts["prefect.yaml"])
    texts[".gitignore"] = _ours(texts.pop("gitignore"), folder / ".gitignore")
    for name, text in {**texts, VERSION: f"{__version__}\n"}.items():
        write_text(folder / name, text)
    _under_version_control(folder)
    return [folder / name for name in (*texts, VERSION)]


def stages_of_a_package(text: str) -> str:
    """dvc.yaml of a checkout -> that of a project: a stage's code is the installed package, told by its version."""
    stages = []
    for stage in re.split(r"(?m)^(?=  [\w-]+:\n)", text):
        bare = CODE.sub("", stage)
        stages.append(stage if bare == stage else bare.replace("    deps:\n", f"    deps:\n      - {VERSION}\n", 1))
    return "".join(stages)


def _text(name: str) -> str:
    places = [CARRIED / name, ROOT / (".gitignore" if name == "gitignore" else name)]
    source = next((place for place in places if place.is_file()), None)
    if source is None:
        raise SelvedgeError(f"{places[0]}: is missing from this installation; install selvedge again")
    return source.read_text(encoding="utf-8")


def _ours(text: str, path: Path) -> str:
    """A .gitignore with our lines, after those that are there; which cloth was held out is git's to keep."""
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [*text.splitlines(), "!/data/splits.csv"]
    return there + "".join(f"{line}\n" for line in lines if line not in there.splitlines())


def _under_version_control(folder: Path) -> None:
    """git and DVC, where neither is there yet: DVC says what is stale, and its hashes are only worth something with git's."""
    inside = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True).returncode == 0
    commands = [] if inside else [["git", "init", "--quiet"]]
    if not (folder / ".dvc").exists():
        commands.append([sys.executable, "-m", "dvc", "init", "--quiet", *(["--subdir"] if inside else [])])
        commands.append([sys.executable, "-m", "dvc", "config", "core.analytics", "false"])
    if shutil.which("git") is None:
        raise SelvedgeError(
            f"{folder}: the files are there, but git is not installed; install it, then `git init` and `dvc init`"
        )
    for command in commands:
        done = subprocess.run(command, cwd=folder, env=proc.environment(), capture_output=True, text=True)
        if done.returncode:
            raise SelvedgeError(
                f"{folder}: {' '.join(command[-3:])}: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
            )
