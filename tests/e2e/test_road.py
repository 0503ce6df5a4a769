"""The whole road on the shrunk demo, as a user walks it: `dvc repro`, again, and after a change of one number."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers import ROOT, small_params

from selvedge.proc import environment
from training.evaluation import measures

STAGES = (
    *(
        "crawl",
        "reconstruct",
        "data-card",
        "garments",
        "base",
        "train-classifier",
        "train-patterns",
        "train-upscaler",
        "train-segmenter",
    ),
    *("evaluate", "register", "catalogue"),
)


def enough(**changes: dict) -> dict:
    """The small parameters, with as much held-out cloth as scores take."""
    more = {
        "demo_shop": {"products": 32, "page_size": 20},
        "reconstruct": {"split": {"train": 0.2, "judge": 0.2, "test": 0.6}},
    }
    return small_params(**more, **changes)


class Project:
    """A clone's worth of files, the small parameters, a git and a DVC repository without a remote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for room in ("drawing", "scrapers", "training", "inference"):
            shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
            shutil.copy(ROOT / name, folder / name)
        self.write(enough())
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "config", "core.analytics", "false"]):
            subprocess.run(command, cwd=folder, env=environment(), check=True)

    def write(self, params: dict) -> None:
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    def run(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=self.folder, env=environment(), capture_output=True, text=True)

    def repro(self) -> list[str]:
        """`dvc repro`; returns the stages that ran."""
        done = self.run("dvc", "repro")
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r"Running stage '([\w-]+)'", done.stdout)

    def json(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("road"))
    ran = project.repro()
    assert sorted(ran) == sorted(STAGES)
    return project


def test_every_number_carries_its_n_extractor_interval_and_floor(project: Project) -> None:
    found = project.json("reports/generated/evaluate/measures.json")
    patterns = found["patterns"]
    assert patterns["n"] == 60
    assert patterns["extractor"].startswith("pattern@")
    assert {"fd", "kid", "is", "coverage", "agreement"} <= set(patterns["scores"])
    for name, score in patterns["scores"].items():
        assert score["low"] <= score["value"] <= score["high"]
        assert name not in measures.SHARES or (score["low"] >= 0 and score["high"] <= 1)
        assert score["floor"]["n"] > 30 if score["floor"] else "needs 50" in patterns["left_out"][f"{name}.floor"]
        assert score["n"] == 60
        assert len(score["values"]) == 2  # sampling seeds
    assert 0 <= patterns["scores"]["fd"]["floor"]["value"] < patterns["scores"]["fd"]["value"]
    assert set(patterns["by_class"]) == set(patterns["diversity"]) == {"striped", "dotted", "floral"}
    assert [alarm["alarm"] for alarm in patterns["alarms"]] == ["blur", "copies", "classes", "crowds"]
    assert patterns["seams"]["promised"]
    assert patterns["seams"]["bytes"]
    assert found["upscaler"]["psnr_y_bicubic"] > 15
    assert 0 <= found["segmenter"]["iou"] <= 1
    assert found["segmenter"]["n"] == 9


def test_each_metrics_file_holds_a_few_plain_numbers(project: Project) -> None:
    found = {path.stem: json.loads(path.read_text()) for path in (project.folder / "metrics").glob("*.json")}
    assert found.keys() == {
        *("crawl", "reconstruct", "classifier", "patterns", "upscaler", "segmenter", "evaluation", "register")
    }
    for numbers in found.values():
        assert 1 <= len(numbers) <= 6 and all(isinstance(value, int | float) for value in numbers.values())
    scores = project.json("reports/generated/evaluate/measures.json")["patterns"]["scores"]
    assert found["evaluation"]["fd_pattern"] == scores["fd"]["value"]


def test_the_page_is_one_file_with_its_pictures_inside(project: Project) -> None:
    for stage in ("evaluate", "register"):
        page = (project.folder / f"reports/generated/{stage}/index.html").read_text()
        assert page.count("data:image/") >= 4
        assert '<li class="alarm"><b>training copies</b>: nobody looked for them' in page
        assert "http" not in page.replace("http-equiv", "")
    made_as = (project.folder / "metrics/made_as.csv").read_text().splitlines()
    assert len(made_as) == 1 + 2 * 60


def test_the_splits_share_no_cloth(project: Project) -> None:
    import csv

    with (project.folder / "data/swatches/index.csv").open() as file:
        entries = list(csv.DictReader(file))
    sides: dict[str, set[str]] = {}
    for entry in entries:
        sides.setdefault(entry["group"], set()).add(entry["split"])
        assert (project.folder / "data/swatches" / entry["file"]).exists()
    assert all(len(found) == 1 for found in sides.values())
    assert {entry["split"] for entry in entries} == {"train", "judge", "test"}


def test_what_ships_is_the_first_champion_and_what_was_hardly_trained_does_not_beat_it(project: Project) -> None:
    decisions = {d["network"]: d for d in project.json("reports/generated/register/decisions.json")}
    assert decisions.keys() == {"patterns", "upscaler", "segmenter"}
    assert decisions["segmenter"]["promoted"]  # none ships
    assert decisions["segmenter"]["reason"].startswith("first champion")
    for network in ("patterns", "upscaler"):
        assert not decisions[network]["promoted"]
        shipped = json.loads((ROOT / "inference/weights" / network / "card.json").read_text())
        assert project.json(f"models/champion/{network}/card.json")["sha256"] == shipped["sha256"]


def test_model_cards_say_what_they_were_trained_on(project: Project) -> None:
    card = project.json("models/patterns/card.json")
    pictures = len(list((project.folder / "data/swatches/train").rglob("*.jpg")))
    assert card["data"] == {"split": "train", "pictures": pictures, "licences": ["MIT"]}
    picked = project.json("metrics/patterns.json")[
        "selected_at"
    ]  # the best on held-out cloth, of the two that were looked at
    assert (card["seed"], card["images"], card["seamless"]) == (7, picked, True)
    assert picked in (32, 64)
    assert project.json("models/segmenter/card.json")["data"]["licences"] == ["MIT, drawn by this project"]


def test_the_catalogue_is_whole(project: Project) -> None:
    manifest = project.json("catalogue/manifest.json")
    assert len(manifest["patterns"]) == 3
    assert all(pattern["seamless"] for pattern in manifest["patterns"])  # or tiles are enlarged with edges of their own
    page = (project.folder / "catalogue/index.html").read_text()
    assert "data:image" in page


def test_mlflow_holds_runs_samples_and_a_model_by_alias(project: Project) -> None:
    code = """
import mlflow, pandas, base64, json
mlflow.set_tracking_uri("sqlite:///mlruns/mlflow.db")
client = mlflow.MlflowClient()
runs = client.search_runs([client.get_experiment_by_name("selvedge").experiment_id])
run = next(r for r in runs if r.data.tags["mlflow.runName"] == "patterns")
history = client.get_metric_history(run.info.run_id, "g_loss")
model = mlflow.pyfunc.load_model("models:/selvedge-patterns@champion")
png = base64.b64decode(model.predict(pandas.DataFrame({"class": ["dotted"], "seed": [3]}))["png"][0])
models = {}
for model in client.search_registered_models():
    version = client.get_model_version_by_alias(model.name, "champion")
    of = client.get_run(version.run_id)
    models[model.name.removeprefix("selvedge-")] = {
        "aliases": sorted(model.aliases), "metrics": sorted(of.data.metrics),
        "data": sorted(one.dataset.name for one in of.inputs.dataset_inputs), **version.tags,
    }
kind = client.get_experiment_by_name("selvedge").tags["mlflow.experimentKind"]
print(json.dumps({
    "models": models, "kind": kind, "names": sorted({r.data.tags["mlflow.runName"] for r in runs}), "status": run.info.status,
    "steps": [m.step for m in history], "lr_g": run.data.params["lr_g"], "png": png[:4].hex(),
    "tags": sorted(run.data.tags), "artifacts": [a.path for a in client.list_artifacts(run.info.run_id)],
}))
"""
    done = project.run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"patterns", "upscaler", "segmenter", "classifier", "evaluate"} <= set(found["names"])
    assert found["status"] == "FINISHED"
    assert found["steps"][-1] == 64
    assert found["lr_g"] == str(enough()["patterns"]["lr_g"])
    assert found["png"] == "89504e47"
    assert {"dvc.in.data/swatches", "dvc.out.models/patterns"} <= set(found["tags"])
    assert "images" in found["artifacts"]
    for network, told in found["models"].items():
        assert told["aliases"] == ["candidate", "champion"], network
        assert told["data"] == ["data/garments", "data/swatches"]
        assert told["decision"] and told["reason"]
    assert {"fd_pattern.value", "fd_pattern.low", "fd_pattern.floor"} <= set(found["models"]["patterns"]["metrics"])
    assert "gain_low" in found["models"]["upscaler"]["metrics"] and "iou" in found["models"]["segmenter"]["metrics"]
    assert "accuracy" in found["models"]["classifier"]["metrics"]
    assert found["kind"] == "custom_model_development"


def test_a_second_repro_does_nothing_and_a_change_runs_only_what_depends_on_it(project: Project) -> None:
    assert project.repro() == []
    project.write(enough(catalogue={"repeats": 2.5}))
    assert project.repro() == ["catalogue"]
    project.write(enough(catalogue={"repeats": 2.5}, gate={"segmenter_margin": 0.5}))
    assert project.repro() == ["register"]
    decisions = project.json("reports/generated/register/decisions.json")
    assert not any(d["promoted"] for d in decisions)
    assert "byte for byte" in decisions[2]["reason"]
    ledger = (project.folder / "models/history/promotions.jsonl").read_text().splitlines()
    # what ships, which the candidate does not beat, twice; the segmenter; and nothing new
    assert [json.loads(line)["event"] for line in ledger] == ["promoted", "refused"] * 2 + ["promoted"]


def test_a_refused_candidate_prints_no_new_catalogue(project: Project) -> None:
    project.write(enough(catalogue={"repeats": 2.5}, gate={"segmenter_margin": 0.5}, patterns={"lr_g": 0.0003}))
    assert project.repro() == ["train-patterns", "evaluate", "register"]
    decisions = project.json("reports/generated/register/decisions.json")
    assert [d["promoted"] for d in decisions] == [False, False, False]
    ledger = (project.folder / "models/history/promotions.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in ledger[5:]] == ["refused"]


def test_bad_parameters_stop_every_stage_with_one_line(project: Project) -> None:
    good = (project.folder / "params.yaml").read_text()
    (project.folder / "params.yaml").write_text(good.replace("lr_g:", "lr_gg:"))
    done = project.run("selvedge", "train", "patterns")
    (project.folder / "params.yaml").write_text(good)
    assert done.returncode == 1
    assert done.stderr == "selvedge: params.yaml: unknown key 'patterns.lr_gg'; did you mean 'lr_g'?\n"


def test_a_rolled_back_champion_does_not_come_back_by_itself(project: Project) -> None:
    kept = project.folder / "kept"
    shutil.copytree(project.folder / "models/champion", kept)
    done = project.run("selvedge", "rollback", "segmenter", "--to", "shipped", "--because", "moire")
    assert done.returncode == 0, done.stderr
    assert "nothing is live, for no weights ship" in done.stdout
    assert not (project.folder / "models/champion/segmenter").exists()
    assert {"register", "catalogue"} <= set(project.repro())  # the catalogue takes the masks that are given
    assert len(project.json("catalogue/manifest.json")["patterns"]) == 3
    decisions = {d["network"]: d for d in project.json("reports/generated/register/decisions.json")}
    assert decisions["segmenter"]["reason"] == "it was rolled back: moire; nothing is live"
    assert decisions["segmenter"]["live"] is None
    assert not (project.folder / "models/champion/segmenter").exists()
    items = (project.folder / "data/garments/items").glob("*.png")
    photo = next(path for path in items if not path.stem.endswith("_mask"))
    done = project.run("selvedge", "try-on", str(photo), str(photo))
    assert done.returncode == 1
    assert "no segmenter is here to find its garment: give a mask" in done.stderr
    done = project.run("selvedge", "rollback", "patterns", "--to", "shipped")
    assert "holds the weights that ship already" in done.stderr
    shutil.rmtree(project.folder / "models/champion")
    kept.rename(project.folder / "models/champion")


def test_the_alias_follows_a_rollback(project: Project) -> None:
    sha = project.json("models/champion/patterns/card.json")["sha256"]
    code = (
        'import mlflow; mlflow.set_tracking_uri("sqlite:///mlruns/mlflow.db"); client = mlflow.MlflowClient();'
        'from selvedge import tracking; alias = lambda: client.get_registered_model("selvedge-patterns").aliases;'
        f'print(alias()); tracking.roll_back("patterns", {sha!r}, None, "moire");'
        'print(alias(), client.get_model_version("selvedge-patterns", "1").tags);'
        f'tracking.roll_back("patterns", "none", {sha!r}, "again"); print(alias())'
    )
    before, rolled, after = [
        line for line in project.run(sys.executable, "-c", code).stdout.splitlines() if line.startswith("{")
    ]
    assert "'champion'" in before and "'champion'" in after
    assert "'champion'" not in rolled
    assert "'decision': 'rolled back'" in rolled and "moire" in rolled


def test_a_broken_champion_is_named(project: Project) -> None:
    card = project.folder / "models/champion/patterns/card.json"
    kept = card.read_bytes()
    card.unlink()
    done = project.run("selvedge", "catalogue", "--out", "elsewhere")
    card.write_bytes(kept)
    assert done.returncode == 1
    assert "models/champion/patterns/card.json: is missing" in done.stderr
    assert not (project.folder / "elsewhere/index.html").exists()
