"""What all tests share: threads that do not spin, nothing that calls home, and a project folder to work in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from selvedge.proc import QUIET, THREADS

os.environ.update(QUIET | THREADS)  # before torch or prefect is imported

import pytest
import yaml
from helpers import ROOT, small_params


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a project folder of the small demo (params.yaml, dvc.yaml, presets) and go into it."""

    def make(**changes: dict) -> Path:
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(small_params(**changes), sort_keys=False))
        shutil.copy(ROOT / "dvc.yaml", tmp_path)
        shutil.copytree(ROOT / "params", tmp_path / "params")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make


@pytest.fixture(autouse=True)
def no_store_for_crawls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl's report goes to MLflow in its own tests alone: a new store takes seconds."""
    if request.path.name != "test_report.py":
        monkeypatch.setattr("scrapers.report.track", lambda *_: None)
