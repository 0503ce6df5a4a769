"""`selvedge doctor` finds what is broken, says so by name, and says what to do."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from selvedge import doctor, proc, registry

ROOT = Path(__file__).parents[2]


def add_database(path: Path, version: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        if version:
            database.execute("INSERT INTO alembic_version VALUES (?)", [version])
    database.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A healthy project: parameters, DVC, a champion and both databases; torch is asked for in one test only."""
    monkeypatch.chdir(tmp_path)
    for key, value in proc.environment({"PREFECT_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    said = {"kept": [0], "gpu": "a card", "threads": 2, "versions": "torch 2"}
    monkeypatch.setattr(doctor, "TORCH", f"print({json.dumps(json.dumps(said))})")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    for part in registry.GATED:
        folder = tmp_path / "models/champion" / part
        folder.mkdir(parents=True)
        (folder / "weights.safetensors").write_bytes(part.encode())
        (folder / "card.json").write_text(json.dumps({"sha256": hashlib.sha256(part.encode()).hexdigest()}))
    add_database(tmp_path / "mlruns/mlflow.db", "1")
    add_database(tmp_path / "home/prefect.db", "1")
    return tmp_path


def findings() -> dict[str, doctor.Check]:
    """What is not good, by name."""
    return {check.name: check for check in doctor.examine() if check.state != "good"}


def test_where_all_is_well_nothing_is_found(project):
    assert all(check.state in ("good", "note") for check in doctor.examine()), findings()
    assert set(findings()) <= {"disk", "Blender"}


def test_the_command_asks_torch_itself_and_ends_well(project):
    child = subprocess.run(
        [sys.executable, "-m", "selvedge", "doctor", "--json"], capture_output=True, text=True, timeout=120
    )
    rows = {row["check"]: row for row in json.loads(child.stdout)}
    assert child.returncode == 0, child.stdout
    assert rows["torch"]["state"] == "good" and "torchvision" in rows["torch"]["found"]
    assert rows["GPU"]["state"] in ("good", "note")


def test_a_fresh_project_has_notes_that_say_what_makes_the_rest(project):
    for path in ("mlruns", "home", "models"):
        shutil.rmtree(project / path)
    found = findings()
    assert found["MLflow's database"].state == found["Prefect's database"].state == found["segmenter"].state == "note"
    assert "selvedge run" in found["Prefect's database"].remedy
    assert "make run" in found["segmenter"].remedy
    assert all(check.state == "note" for name, check in found.items() if name != "disk"), found


def test_champion_parts_that_are_broken_or_missing_are_named(project):
    champion = project / "models/champion"
    (champion / "patterns/weights.safetensors").write_bytes(b"other")
    (champion / "upscaler/card.json").write_text("[]")
    (champion / "segmenter/weights.safetensors").unlink()
    found = findings()
    assert "not the file that models/champion/patterns/card.json names" in found["champion patterns"].found
    assert "models/champion/upscaler/card.json" in found["champion upscaler"].found
    assert found["champion segmenter"].found == "models/champion/segmenter/weights.safetensors is missing"
    assert {check.state for name, check in found.items() if name.startswith("champion")} == {"bad"}
    assert all("dvc checkout" in check.remedy for name, check in found.items() if name.startswith("champion"))


def test_missing_and_wrong_parameters_are_named(project):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("snapshot:", "snapshoot:"))
    assert "snapshoot" in findings()["params.yaml"].found
    (project / "params.yaml").unlink()
    assert "there is no such file" in findings()["params.yaml"].found


@pytest.mark.parametrize("name", ["mlruns/mlflow.db", "home/prefect.db"])
def test_a_database_that_is_damaged_or_half_made_is_named_and_not_touched(project, name):
    path = project / name
    key = "MLflow's database" if "mlflow" in name else "Prefect's database"
    path.write_bytes(b"no database at all" * 100)
    before = path.read_bytes()
    assert findings()[key].state == "bad" and name in findings()[key].found
    assert path.read_bytes() == before
    path.unlink()
    path.write_bytes(b"")
    assert "alembic_version" in findings()[key].found
    path.unlink()
    add_database(path, None)
    assert "half made" in findings()[key].found


def test_torch_without_its_vision_is_bad_and_no_gpu_is_not(project, monkeypatch):
    said = {"kept": [0], "gpu": None, "threads": 2, "versions": "torch 2"}
    monkeypatch.setattr(doctor, "TORCH", f"print({json.dumps(json.dumps(said))})")
    assert findings()["GPU"].row() == {
        "check": "GPU",
        "state": "note",
        "found": "none",
        "remedy": "training runs on the CPU (2 threads)",
    }
    monkeypatch.setattr(doctor, "TORCH", "raise RuntimeError('operator torchvision::nms does not exist')")
    assert findings()["torch"].state == "bad"
    assert "torchvision::nms does not exist" in findings()["torch"].found


def test_requirements_are_held_against_what_is_installed(project, monkeypatch):
    monkeypatch.setattr(
        doctor.importlib.metadata,
        "requires",
        lambda name: ["pillow<1", "no-such-package-here>=2", "pyyaml>=6", "pytest<1; extra == 'dev'"],
    )
    found = findings()
    assert found["pillow"].found.endswith("wanted <1")
    assert found["no-such-package-here"].found == "not installed"
    assert "pytest" not in found


def test_commands_that_dvc_would_not_find_are_named(project, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert findings()["command selvedge"].state == "bad"
    assert "activate" in findings()["command selvedge"].remedy


def test_outside_a_project_and_without_dvc(project):
    (project / ".dvc").rmdir()
    assert findings()["DVC"].found == "not initialised"
    (project / "dvc.yaml").unlink()
    assert "there is no dvc.yaml" in findings()["DVC"].found


@pytest.mark.parametrize(("gib", "state"), [(1.5, "bad"), (5, "note"), (20, "good")])
def test_a_full_disk(project, monkeypatch, gib, state):
    usage = type("Usage", (), {"free": gib * doctor.GIB})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert next(check for check in doctor.examine() if check.name == "disk").state == state


def test_a_configured_server_is_asked(project, monkeypatch):
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = f"http://127.0.0.1:{server.server_port}/api"
        monkeypatch.setenv("PREFECT_API_URL", api)
        assert "Prefect's server" not in findings()
        server.shutdown()
    assert f"{api} does not answer" in findings()["Prefect's server"].found


def test_a_look_that_breaks_is_a_finding_not_a_crash(project, monkeypatch):
    def broken(path):
        raise OSError("the folder went away")

    monkeypatch.setattr(doctor.shutil, "disk_usage", broken)
    assert findings()["disk"].found == "cannot be looked at: the folder went away"
