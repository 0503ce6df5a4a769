"""Prefect for the tests: a home and one server of their own, started once, and tiny projects for flows to run in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import flows  # noqa: F401 - sets what Prefect reads when it is imported, so first

# isort: split
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from tiny_projects import STAGES, make_project, without_server

from flows.server import prefect_server


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server on a home of the tests' own; flows of this process and of children report to it."""
    home = tmp_path_factory.mktemp("prefect-home")
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_HOME: home}, restore_defaults={PREFECT_API_URL}),
    ):
        patch.setenv("PREFECT_HOME", str(home))
        patch.delenv("PREFECT_API_URL", raising=False)
        with prefect_server(scheduler=False) as (api, own):
            assert own
            yield api


@pytest.fixture
def project(tmp_path: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a tiny project and go into it."""

    def make(stages: str = STAGES) -> Path:
        folder = make_project(tmp_path / "project", stages)
        monkeypatch.chdir(folder)
        return folder

    return make


@dataclass
class Cold:
    """What two `selvedge run` did that began at once on a fresh home."""

    home: Path
    folder: Path
    outputs: list[str]
    statuses: list[int]


@pytest.fixture(scope="session")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Cold:
    """Two users' first runs at the same moment: the home has no database yet."""
    folder = tmp_path_factory.mktemp("cold")
    home = folder / "home"
    projects = [make_project(folder / name) for name in ("one", "two")]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "selvedge", "run", "--stage", "dye"],
            cwd=project,
            env=without_server(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for project in projects
    ]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    return Cold(home, projects[0], outputs, [process.returncode for process in running])
