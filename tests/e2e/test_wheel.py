"""The built wheel works without the checkout: installed beside the environment's packages, in a project of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from helpers import ROOT

from selvedge import project
from selvedge.errors import SelvedgeError
from selvedge.proc import environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(out), str(ROOT)], check=True, env=environment())
    return next(out.glob("*.whl"))


def test_the_wheel_installs_makes_a_project_and_generates_a_tile(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True, env=environment())
    env = {**environment(), "PYTHONPATH": str(site)}

    def run(*arguments: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "selvedge", *arguments], cwd=cwd, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = [sys.executable, "-c", "import selvedge; print(selvedge.__file__)"]
    told = subprocess.run(where, cwd=tmp_path, env=env, capture_output=True, text=True).stdout
    assert told.startswith(str(site))  # not the checkout

    assert "next: cd mine" in run("init", "mine")
    mine = tmp_path / "mine"
    run("generate", "--class", "dotted", "--n", "1", "--seed", "7", "--out", "tiles", cwd=mine)
    tile = json.loads((mine / "tiles/dotted-7.json").read_text())
    assert tile["class"] == "dotted" and (mine / "tiles/dotted-7.png").stat().st_size > 1000
    assert "params.yaml is now the preset full" in run("params", "use", "full", cwd=mine)
    stages = subprocess.run(
        [sys.executable, "-m", "dvc", "stage", "list"], cwd=mine, env=env, capture_output=True, text=True
    )
    assert stages.stdout.count("\n") == len(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])


def test_blender_s_half_is_no_part_of_the_wheel_and_what_init_writes_is(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [
        name for name in names if name.startswith(("drawing/garments/blender", "tests", "studies", "benchmarks"))
    ]
    assert {f"selvedge/project/{name}" for name in project.FILES} <= set(names)
    assert {"inference/weights/patterns/weights.safetensors", "drawing/garments/items/dress.jpg"} <= set(names)
    assert sum(item.file_size for item in zipfile.ZipFile(wheel).infolist()) < 60e6


def test_a_project_depends_on_no_file_of_the_checkout(tmp_path: Path) -> None:
    project.init(tmp_path / "mine")
    stages = yaml.safe_load((tmp_path / "mine/dvc.yaml").read_text())["stages"]
    ours = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for name, spec in stages.items():
        rooms = {"drawing", "scrapers", "training", "inference"}
        left = [dep for dep in ours[name]["deps"] if dep.split("/")[0] not in rooms]
        assert spec["deps"] == ([] if left == ours[name]["deps"] else [project.VERSION]) + left
        assert {key: spec[key] for key in spec if key != "deps"} == {
            k: ours[name][k] for k in ours[name] if k != "deps"
        }


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    project.init(tmp_path)
    assert (tmp_path / ".gitignore").read_text().startswith("mine\n.venv/\n")
    (tmp_path / "params.yaml").write_text("mine: 1\n")
    with pytest.raises(SelvedgeError, match=r"params\.yaml: is there already"):
        project.init(tmp_path)
    assert (tmp_path / "params.yaml").read_text() == "mine: 1\n"
