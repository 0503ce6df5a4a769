"""What an MLflow run says that it was made from is what lay there, whatever dvc.lock says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from selvedge import provenance, tracking
from selvedge.proc import environment

GRAPH = """
stages:
  spin: {cmd: 'mkdir -p data/yarn && cp fibre data/yarn/a', deps: [fibre], outs: [data/yarn]}
  weave: {cmd: 'python weave.py', deps: [data/yarn/a, weave.py], outs: [models/cloth], metrics: [width.json]}
"""
WEAVE = """
import pathlib, sys
from selvedge import tracking
with tracking.run("weave", {}, pathlib.Path("runs/weave"), stage="weave"):
    out = pathlib.Path("models/cloth"); out.mkdir(parents=True, exist_ok=True)
    (out / "a").write_text("woven of " + pathlib.Path("data/yarn/a").read_text())
    pathlib.Path("width.json").write_text("{}")
"""
OTHER = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose dvc.lock is another machine's: every hash in it is of bytes that are not here."""
    monkeypatch.chdir(tmp_path)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, env=environment(), check=True)
    Path("dvc.yaml").write_text(GRAPH)
    Path("fibre").write_text("wool\n")
    Path("weave.py").write_text(WEAVE)
    outs = {"spin": ["data/yarn"], "weave": ["models/cloth"]}
    stages = {
        name: {"cmd": "another", "outs": [{"path": path, "hash": "md5", "md5": f"{OTHER}.dir"} for path in paths]}
        for name, paths in outs.items()
    }
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    return tmp_path


def repro(*stages: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", *stages], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_names_the_inputs_and_outs_of_its_own_stage_as_they_lie_there(project: Path) -> None:
    import mlflow

    repro()
    lock = {
        entry["path"]: entry["md5"]
        for stage in yaml.safe_load(Path("dvc.lock").read_text())["stages"].values()
        for entry in [*stage.get("deps", []), *stage["outs"]]
    }
    client = mlflow.MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    tags = client.get_run(tracking.run_id(Path("runs/weave"))).data.tags
    told = {key: value for key, value in tags.items() if key.startswith("dvc.")}
    assert told == {"dvc.in.data/yarn/a": lock["data/yarn/a"], "dvc.out.models/cloth": lock["models/cloth"]}
    assert OTHER not in str(tags)


def test_a_run_that_fails_names_no_outs(project: Path) -> None:
    import mlflow

    repro("spin")
    with pytest.raises(RuntimeError), tracking.run("weave", {}, Path("runs/weave"), stage="weave"):
        raise RuntimeError("the loom broke")
    run = mlflow.MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db").get_run(tracking.run_id(Path("runs/weave")))
    assert run.info.status == "FAILED"
    assert [key for key in run.data.tags if key.startswith("dvc.")] == ["dvc.in.data/yarn/a"]


def test_edited_code_is_told_from_its_commit(project: Path) -> None:
    assert provenance.of_code() == {}  # nothing is committed yet
    for command in (["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]):
        subprocess.run(["git", *command], check=True)
    assert provenance.of_code().keys() == {"git_commit"}
    Path("weave.py").write_text(WEAVE + "# tighter\n")
    assert provenance.of_code()["git_dirty"] == "true"


def test_outside_of_a_dvc_repository_there_is_nothing_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert provenance.of_inputs("weave") == provenance.of_outs("weave") == {}


def test_two_projects_in_one_process_have_a_store_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow writes where it looked into the environment, which the second project took for the user's wish."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        with tracking.run("weave", {}, Path("runs/weave")):
            pass
        assert not {"MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"} & os.environ.keys()
        assert (tmp_path / name / "mlruns/mlflow.db").exists()
