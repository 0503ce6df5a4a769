"""Tiny projects for flows to run in: a git and DVC repository with stages of shell commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from selvedge import proc

ROOT = Path(__file__).parents[2]

STAGES = """
stages:
  weave: {cmd: 'mkdir -p cloth && cp yarn cloth/a && echo woven', deps: [yarn], outs: [cloth]}
  dye: {cmd: 'cp cloth/a dyed', deps: [cloth/a], outs: [dyed]}
  measure:
    cmd: 'mkdir -p metrics && printf "{\\"width\\": {\\"mean\\": 1.25, \\"ci\\": [1.0, 1.5]}}" > metrics/measure.json'
    deps: [dyed]
    metrics: [metrics/measure.json]
"""


def make_project(folder: Path, stages: str = STAGES) -> Path:
    """A git and DVC repository with params.yaml and a few stages of shell commands."""
    folder.mkdir(parents=True, exist_ok=True)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True, env=proc.environment())
    (folder / "dvc.yaml").write_text(textwrap.dedent(stages))
    (folder / "yarn").write_text("wool\n")
    shutil.copy(ROOT / "params.yaml", folder)
    return folder


def without_server(home: Path) -> dict[str, str]:
    """The environment of a user who configured nothing."""
    env = {**proc.environment(), "PREFECT_HOME": str(home)}
    env.pop("PREFECT_API_URL", None)
    return env
