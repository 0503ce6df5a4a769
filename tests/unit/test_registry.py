"""MLflow: runs that resume, a registry whose alias follows the champion, and a champion kept on a fair comparison."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import small_params

from selvedge import tracking
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from training import register


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A register stage whose measuring is told in advance; everything else is real."""
    monkeypatch.chdir(tmp_path)
    mirrored: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        register, "_mirror", lambda trial: mirrored.append((trial.decision.network, trial.decision.promoted))
    )
    monkeypatch.setattr(register, "_mirror_adopted", lambda network: mirrored.append((network, "adopted")))
    monkeypatch.setattr(register, "WEIGHTS", tmp_path / "shipped")
    identity = {"data": "d1", "extractor": "pattern@1"}

    class ToldBench:
        anew: list[str] = []  # noqa: RUF012 - a log of the test's

        def __init__(self, params: Params) -> None:
            self.identity = dict(identity)

        def measure(self, network: str, directory: Path) -> dict:
            self.anew.append(network)
            card = json.loads((directory / "card.json").read_text())
            return {**scores(card["quality"])[network], "model": card["sha256"][:12]}

    monkeypatch.setattr(register, "Bench", ToldBench)
    monkeypatch.setattr(register.page, "write", lambda out, *_: (out / "index.html").write_text("told in advance"))

    def scores(quality: float) -> dict:
        fd = {"value": 100 - quality, "low": 99 - quality, "high": 101 - quality, "n": 500}
        return {
            "patterns": {"scores": {"fd": fd}, "extractor": "pattern@1"},
            "upscaler": {"psnr_y": quality, "n": 9, "each": [quality] * 9},
            "segmenter": {"iou": quality / 100, "n": 9, "each": [quality / 100] * 9},
        }

    def run(quality: float, params: Params, data: str = "d1") -> dict[str, bool]:
        import torch

        from training.models.bundle import save_bundle
        from training.models.judge import Judge

        identity["data"] = data
        for network in ("patterns", "upscaler", "segmenter"):
            torch.manual_seed(int(quality))
            arguments = {"classes": 2, "size": 32, "width": 4}
            save_bundle(
                Path("models") / network, Judge(**arguments), family="judge", arguments=arguments, quality=quality
            )
        told = ToldBench(params)
        measured = {network: told.measure(network, Path("models") / network) for network in scores(quality)}
        del told.anew[-3:]
        register.MEASURES.parent.mkdir(parents=True, exist_ok=True)
        register.MEASURES.write_text(json.dumps({**measured, "beside": {}, "measured_on": identity}))
        register.run(params)
        decisions = json.loads(Path("metrics/register.json").read_text())["decisions"]
        return {d["network"]: d["promoted"] for d in decisions}

    run.anew, run.mirrored = ToldBench.anew, mirrored
    return run


def champion(network: str) -> float:
    return json.loads(Path(f"models/champion/{network}/card.json").read_text())["quality"]


def test_a_better_candidate_replaces_the_champion_and_a_worse_one_does_not(stages) -> None:
    params = Params.model_validate(small_params())
    assert all(stages(20, params).values())
    assert not any(stages(10, params).values())
    assert {champion(network) for network in ("patterns", "upscaler", "segmenter")} == {20}
    assert all(stages(30, params).values())
    assert champion("patterns") == 30
    assert not any(stages(30, params).values())  # byte for byte the champion
    assert stages.anew == []
    # other data: the champion is measured anew, not compared with a score of other pictures
    assert not any(stages(25, params, data="d2").values())
    assert stages.anew == ["patterns", "upscaler", "segmenter"]
    assert champion("patterns") == 30
    assert stages.mirrored[-1] == ("segmenter", False)


def test_what_ships_is_the_first_champion_and_is_to_be_beaten(stages, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(register.tracking, "roll_back", lambda *_: None)
    params = Params.model_validate(small_params())
    stages(20, params)
    for network in ("patterns", "segmenter"):
        shutil.copytree(tmp_path / "models" / network, tmp_path / "shipped" / network)
    shutil.rmtree("models/champion")
    stages.mirrored.clear()
    # worse than what ships; no upscaler ships, so that any is the first
    assert stages(10, params) == {"patterns": False, "upscaler": True, "segmenter": False}
    assert {network: champion(network) for network in ("patterns", "upscaler", "segmenter")} == {
        "patterns": 20,
        "upscaler": 10,
        "segmenter": 20,
    }
    assert ledger()[:2] == [("patterns", "adopted"), ("segmenter", "adopted")]
    assert stages.mirrored[:2] == [("patterns", "adopted"), ("segmenter", "adopted")]
    del stages.anew[:]
    assert stages(30, params)["patterns"]
    assert stages.anew == []  # the scores of what was adopted are kept
    assert [event for network, event in ledger() if network == "patterns"] == ["adopted", "refused", "promoted"]
    assert "live again" in register.rollback("patterns", why="moire")
    assert champion("patterns") == 20
    with pytest.raises(SelvedgeError, match="holds the weights that ship already"):
        register.rollback("patterns", to="shipped")


def test_weights_that_ship_later_are_tried_once_and_the_candidate_meets_the_winner(stages, tmp_path) -> None:
    params = Params.model_validate(small_params())
    stages(40, params)
    shutil.copytree(tmp_path / "models", tmp_path / "better", ignore=shutil.ignore_patterns("champion"))
    shutil.rmtree("models/champion")
    stages(20, params)
    del stages.mirrored[:], stages.anew[:]
    shutil.copytree(tmp_path / "better/patterns", tmp_path / "shipped/patterns")  # a newer version of the package
    assert not stages(30, params)["patterns"]  # better than the champion, but not than what came with the package
    assert champion("patterns") == 40 and champion("upscaler") == 30
    assert stages.mirrored[:2] == [("patterns", True), ("patterns", False)] and stages.anew == ["patterns"]
    assert [event for network, event in ledger() if network == "patterns"] == ["promoted", "promoted", "refused"]
    assert "the weights that ship now: better: fd_pattern" in Path("models/champion/promotions.jsonl").read_text()
    assert (tmp_path / "models/champion/former/patterns").is_dir()
    stages(50, params)
    assert champion("patterns") == 50
    assert not stages(45, params)["patterns"] and champion("patterns") == 50  # and is not tried again
    assert stages.anew == ["patterns"]


def test_what_ships_but_does_not_know_the_classes_is_not_the_first_champion(stages, tmp_path) -> None:
    params = Params.model_validate(small_params())
    stages(20, params)
    shutil.copytree(tmp_path / "models/patterns", tmp_path / "shipped/patterns")
    card = json.loads((tmp_path / "shipped/patterns/card.json").read_text())
    (tmp_path / "shipped/patterns/card.json").write_text(json.dumps({**card, "classes": ["velvet"]}))
    shutil.rmtree("models/champion")
    assert all(stages(10, params).values())


def ledger() -> list[tuple[str, str]]:
    return [(row["network"], row["event"]) for row in register.read_ledger()]


def test_the_ledger_holds_every_decision_once_and_former_champions_are_kept(stages) -> None:
    params = Params.model_validate(small_params(gate={"keep": 2}))
    for quality in (10, 20, 30, 40):
        stages(quality, params)
    assert ledger().count(("patterns", "promoted")) == 4
    stages(15, params)
    stages(15, params)  # decided already
    assert ledger().count(("patterns", "refused")) == 1
    row = register.read_ledger()[-3]
    assert row["numbers"]["fd_pattern"] == 85
    assert row["numbers"]["champion"] == 60
    former = [
        json.loads((path / "card.json").read_text())["quality"]
        for path in Path("models/champion/former/patterns").iterdir()
        if path.is_dir()
    ]
    assert sorted(former) == [20, 30]


def test_rollback_brings_the_former_champion_back_and_the_gate_remembers(stages) -> None:
    params = Params.model_validate(small_params())
    for quality in (10, 20, 30):
        stages(quality, params)
    said = register.rollback("upscaler", why="halos at edges")
    assert "halos at edges" in said
    assert champion("upscaler") == 20
    assert champion("patterns") == 30
    assert not stages(30, params)["upscaler"]
    assert register.read_ledger()[-1]["reason"] == "it was rolled back: halos at edges"
    assert champion("upscaler") == 20
    register.rollback("upscaler")
    assert champion("upscaler") == 10
    with pytest.raises(SelvedgeError, match="no former champion; kept are: "):
        for _ in range(3):
            register.rollback("upscaler")
    assert stages(40, params)["upscaler"]  # others may come


def test_rollback_to_the_shipped_weights_and_to_a_version_and_its_refusals(stages) -> None:
    params = Params.model_validate(small_params())
    with pytest.raises(SelvedgeError, match="there is no champion to roll back"):
        register.rollback("segmenter")
    for quality in (10, 20, 30):
        stages(quality, params)
    first = next(row for row in register.read_ledger() if row["network"] == "segmenter")["candidate"]
    with pytest.raises(SelvedgeError, match="no former champion begins with 'zzz'"):
        register.rollback("segmenter", to="zzz")
    register.rollback("segmenter", to=first[:6])
    assert champion("segmenter") == 10
    register.rollback("segmenter", to="shipped")
    assert not Path("models/champion/segmenter").exists()
    with pytest.raises(SelvedgeError, match="there is no network 'hats'"):
        register.rollback("hats")
    Path("models/champion/promotions.jsonl").write_text("{}\nbroken\n")
    with pytest.raises(SelvedgeError, match=r"promotions.jsonl: line 2 is no JSON"):
        register.read_ledger()


CONCURRENT = """
import sys, pathlib
from selvedge import tracking
name = sys.argv[1]
with tracking.run(name, {"lr": 1}, pathlib.Path("runs") / name) as run:
    for step in range(3):
        run.metrics({"loss": 1 / (step + 1), "odd name!": 2}, step)
"""


def test_three_processes_that_begin_at_once_share_a_new_store_and_a_resumed_run_stays_one(tmp_path: Path) -> None:
    def start(name: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", CONCURRENT, name], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )

    processes = [start(name) for name in ("a", "b", "c")]
    for process in processes:
        assert process.wait(120) == 0, process.stderr.read()
    first = tracking.run_id(tmp_path / "runs/a")
    again = start("a")
    assert again.wait(120) == 0, again.stderr.read()
    assert tracking.run_id(tmp_path / "runs/a") == first

    import sqlite3

    with sqlite3.connect(tmp_path / "mlruns/mlflow.db") as database:
        assert database.execute("select count(*) from runs").fetchone() == (3,)
        assert {row[0] for row in database.execute("select status from runs")} == {"FINISHED"}
        assert database.execute("select count(*) from metrics where key = 'odd name_'").fetchone()[0] >= 9


def test_the_pages_say_when_their_port_is_taken() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SelvedgeError, match=f"port {port} on loopback is taken; choose another"):
            tracking.serve_ui(port)
