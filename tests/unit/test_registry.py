"""MLflow: runs that resume, a registry whose alias follows the champion, and a champion kept on a fair comparison."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import small_params

from selvedge import registry, tracking
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from training import register


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A register stage whose measuring is told in advance; everything else is real."""
    monkeypatch.chdir(tmp_path)
    mirrored: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        register, "_mirror", lambda trial, _: mirrored.append((trial.decision.network, trial.decision.promoted))
    )
    monkeypatch.setattr(register, "_mirror_classifier", lambda: None)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    identity = {"data": "d1", "extractor": "pattern@1"}

    class ToldBench:
        anew: list[str] = []  # noqa: RUF012 - a log of the test's

        def __init__(self, params: Params) -> None:
            self.params, self.identity = params, dict(identity)

        def measure(self, network: str, directory: Path) -> dict:
            self.anew.append(network)
            card = json.loads((directory / "card.json").read_text())
            return {**scores(card["quality"])[network], "model": card["sha256"][:12]}

    monkeypatch.setattr(register, "Bench", ToldBench)
    monkeypatch.setattr(register.page, "write", lambda out, *_: (out / "index.html").write_text("told in advance"))

    def scores(quality: float) -> dict:
        fd = {"value": 100 - quality, "low": 99 - quality, "high": 101 - quality, "deviation": 0.5, "n": 500}
        known = {"above_chance": {"ratio": quality / 100, "interval": [quality / 100] * 2}}
        gain = {"gain": quality - 25, "gain_low": quality - 25}
        return {
            "patterns": {"scores": {"fd": fd}, "extractor": "pattern@1", "agreement": known},
            "upscaler": {"psnr_y": quality, "n": 9, "each": [quality] * 9, **gain},
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
        return {d["network"]: d["promoted"] for d in decisions()}

    run.anew, run.mirrored = ToldBench.anew, mirrored
    return run


def decisions() -> list[dict]:
    return json.loads((register.REPORT / register.DECISIONS).read_text())


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
    forget()
    stages.mirrored.clear()
    # worse than what ships; no upscaler ships, so that any is the first
    assert stages(10, params) == {"patterns": False, "upscaler": True, "segmenter": False}
    assert {network: champion(network) for network in ("patterns", "upscaler", "segmenter")} == {
        "patterns": 20,
        "upscaler": 10,
        "segmenter": 20,
    }
    assert [event for network, event in ledger() if network == "patterns"] == ["promoted", "refused"]
    assert register.read_ledger()[0]["reason"].startswith("the weights that ship: first champion: fd_pattern 80.00")
    assert stages.mirrored[:2] == [("patterns", True), ("patterns", False)]
    del stages.anew[:]
    assert stages(30, params)["patterns"]
    assert stages.anew == []  # the scores of what was adopted are kept
    assert [event for network, event in ledger() if network == "patterns"] == ["promoted", "refused", "promoted"]
    assert "live again" in register.rollback("patterns", why="moire")
    assert champion("patterns") == 20
    with pytest.raises(SelvedgeError, match="holds the weights that ship already"):
        register.rollback("patterns", to="shipped")


def test_weights_that_ship_later_are_tried_once_and_the_candidate_meets_the_winner(stages, tmp_path) -> None:
    params = Params.model_validate(small_params())
    stages(40, params)
    shutil.copytree(tmp_path / "models", tmp_path / "better", ignore=shutil.ignore_patterns("champion", "history"))
    forget()
    stages(20, params)
    del stages.mirrored[:], stages.anew[:]
    shutil.copytree(tmp_path / "better/patterns", tmp_path / "shipped/patterns")  # a newer version of the package
    assert not stages(30, params)["patterns"]  # better than the champion, but not than what came with the package
    assert champion("patterns") == 40 and champion("upscaler") == 30
    assert stages.mirrored[:2] == [("patterns", True), ("patterns", False)] and stages.anew == ["patterns"]
    assert [event for network, event in ledger() if network == "patterns"] == ["promoted", "promoted", "refused"]
    assert "the weights that ship: better: fd_pattern" in Path("models/history/promotions.jsonl").read_text()
    assert (tmp_path / "models/history/former/patterns").is_dir()
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
    forget()
    assert all(stages(10, params).values())


def test_what_ships_below_the_floor_is_no_champion_and_the_report_says_that_nothing_is_live(stages, tmp_path) -> None:
    floors = {"patterns_floor": 0.4, "upscaler_floor_db": 0.0, "segmenter_floor": 0.6}
    params = Params.model_validate(small_params(gate=floors))
    stages(20, params)
    assert not list(Path("models/champion").iterdir())  # a first champion obeys too
    shutil.copytree(tmp_path / "models/patterns", tmp_path / "shipped/patterns")
    assert not any(stages(22, params).values())
    assert not list(Path("models/champion").iterdir())
    last = {d["network"]: d for d in decisions()}
    assert {d["live"] for d in last.values()} == {None}
    assert last["patterns"]["reason"].endswith("; nothing is live; commands and catalogue use the weights that ship")
    assert last["segmenter"]["reason"].endswith("; nothing is live")
    told = Path("reports/generated/register/report.md").read_text()
    assert "| segmenter | refused | below the floor: IoU 0.22 may be as low as 0.22, where 0.6 is needed; " in told
    assert told.count("| refused |") == 4  # the weights that ship were tried too
    assert told.count("; nothing is live") == 3
    assert [event for _, event in ledger()] == ["refused"] * len(ledger())
    # with other floors, or data, they are tried again, for nothing is live
    lower = Params.model_validate(small_params(gate={**floors, "patterns_floor": 0.1}))
    assert stages(10, lower) == {"patterns": False, "upscaler": False, "segmenter": False}
    assert champion("patterns") == 20 and [d["promoted"] for d in decisions()] == [True, False, False, False]


def test_what_ships_is_not_asked_whether_it_copied_cloth_that_it_never_saw(stages, tmp_path) -> None:
    params = Params.model_validate(small_params(gate={"least_decidable": 0.5}))
    stages(30, params)
    assert "copies can be decided in 0% of the classes" in decisions()[0]["reason"]
    shutil.copytree(tmp_path / "models/patterns", tmp_path / "shipped/patterns")
    stages(40, params)
    assert champion("patterns") == 30


def test_a_refusal_touches_nothing_that_is_live(stages) -> None:
    params = Params.model_validate(small_params())
    stages(20, params)

    def live() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in Path("models/champion").rglob("*") if path.is_file()}

    before = live()
    assert {Path(name).parts[2] for name in before} == {"patterns", "upscaler", "segmenter"}
    assert not any(stages(10, params).values())
    assert live() == before
    assert ledger()[-3:] == [("patterns", "refused"), ("upscaler", "refused"), ("segmenter", "refused")]


def forget() -> None:
    """As before the first run."""
    for folder in ("champion", "history"):
        shutil.rmtree(Path("models") / folder)


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
        for path in Path("models/history/former/patterns").iterdir()
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
    Path("models/history/promotions.jsonl").write_text("{}\nbroken\n")
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
