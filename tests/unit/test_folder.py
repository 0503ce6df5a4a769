"""Training on any folder of pictures: what it reads, what it leaves, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from inference.patterns import Patterns
from selvedge.cli import app
from selvedge.errors import SelvedgeError
from training import folder
from training.evaluation.features import SHIPPED, Extractor
from training.models.bundle import load_bundle
from training.tasks.patterns import sample

TINY = {"size": 32, "images": 16, "width": 4, "z_dim": 8, "batch": 4}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Two classes; of the first the pictures are grey, see-through and oblong, as they come."""
    rng = np.random.default_rng(0)
    for name, modes in (("ikat", ("L", "RGBA", "RGB", "P")), ("plain", ("RGB",))):
        (tmp_path / "cloth" / name).mkdir(parents=True)
        for i in range(20):
            noise = Image.fromarray(rng.integers(0, 256, (40, 33 + i, 3), np.uint8)).convert(modes[i % len(modes)])
            noise.save(tmp_path / "cloth" / name / f"{i:03}.png")
    return tmp_path / "cloth"


def test_one_generator_of_all_classes_which_generate_takes(pictures, tmp_path, capsys):
    folder.train_folder(pictures, tmp_path / "mine", **TINY)
    card = load_bundle(tmp_path / "mine").card
    assert card["classes"] == ["ikat", "plain"] and card["data"]["pictures"] == 32
    said = capsys.readouterr().out
    assert "fewer than 50 pictures to measure by" in said and "--set 'augment=[colour,shift,cutout]'" in said
    assert (tmp_path / "mine" / "samples.png").stat().st_size and "d_loss" in (
        tmp_path / "mine" / "history.csv"
    ).read_text()
    before = (tmp_path / "mine" / "weights.safetensors").read_bytes()
    capsys.readouterr()
    folder.train_folder(pictures, tmp_path / "more", **TINY, augment=["colour", "shift", "cutout"])
    assert "--set 'augment" not in capsys.readouterr().out
    folder.train_folder(pictures, tmp_path / "mine", **TINY)  # is there already
    assert (tmp_path / "mine" / "weights.safetensors").read_bytes() == before

    words = ["generate", "--class", "ikat", "--n", "2", "--model", "mine", "--no-upscale", "--out", "tiles"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    facts = json.loads(Path("tiles/ikat-1.json").read_text())
    assert facts["size"] == [32, 32] and facts["seamless"] and facts["model"]["sha256"] == card["sha256"]


def test_one_of_each_class_as_the_older_systems_had_it(pictures, tmp_path):
    words = [
        "train-folder",
        "cloth",
        "--out",
        "each",
        "--recipe",
        "plain",
        "--each-class",
        "--size",
        "32",
        "--images",
        "16",
    ]
    words += [word for key in ("width", "z_dim", "batch") for word in ("--set", f"{key}={TINY[key]}")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    for name in ("ikat", "plain"):
        patterns = Patterns(load_bundle(tmp_path / "each" / name))
        assert not patterns.conditional and not patterns.seamless and patterns.classes == (name,)
        assert patterns.sample(name, [3]).shape == (1, 3, 32, 32)


def test_pictures_right_in_the_folder_are_one_class(pictures):
    cloth = folder.read(pictures / "ikat", 32)
    assert cloth.classes == ("ikat",)
    assert [part.images.shape for part in (cloth.train, cloth.pick, cloth.test)] == [(n, 3, 32, 32) for n in (16, 2, 2)]


def test_no_picture_is_trained_on_and_measured_by(pictures):
    both = folder.read(pictures, 32)
    for cloth in (both, both.only(1)):
        parts = [{image.numpy().tobytes() for image in part.images} for part in (cloth.train, cloth.pick, cloth.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 20 * len(cloth.classes)
    assert both.only(1).classes == ("plain",) and both.only(1).fingerprint != both.fingerprint


def test_what_cannot_be_learned_from_is_named(pictures, tmp_path):
    (pictures / "lace").mkdir()
    (pictures / "lace" / "only.png").write_bytes((pictures / "plain" / "000.png").read_bytes())
    with pytest.raises(SelvedgeError, match="class 'lace' has 1 pictures, and 8 is the least"):
        folder.read(pictures, 32)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SelvedgeError, match="class 'nothing' has 0 pictures"):
        folder.read(tmp_path / "nothing", 32)
    with pytest.raises(SelvedgeError, match="there is no such folder"):
        folder.read(tmp_path / "nowhere", 32)


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("plus", {"size": 48}, "recipe plus: patterns.size: Input should be 32, 64, 128 or 256"),
        ("plain", {"widht": 3}, "unknown key 'patterns.widht'; did you mean 'width'"),
        ("best", {}, "recipe 'best': is none of plain, plus"),
    ],
)
def test_a_number_that_cannot_be_is_named(recipe, changes, message):
    with pytest.raises(SelvedgeError, match=message):
        folder.settings_of(recipe, {"images": 16, **changes})


def test_a_setting_without_a_value_is_refused():
    result = CliRunner().invoke(app, ["train-folder", "cloth", "--out", "mine", "--set", "width"])
    assert "write KEY=VALUE" in str(result.exception)


def test_scores_hold_as_many_tiles_against_what_was_held_out():
    torch.manual_seed(0)
    task = folder.PatternTask(
        folder.settings_of("plain", TINY),
        folder.Swatches(torch.zeros(1, 3, 32, 32), torch.zeros(1, dtype=int), ""),
        ("a",),
        1,
    )
    extractor = Extractor.load(SHIPPED)
    noise = folder.scores(extractor, task.now_g(), torch.randint(0, 256, (60, 3, 32, 32), dtype=torch.uint8), 1, 5)
    itself = folder.scores(extractor, task.now_g(), sample(task.now_g(), 1, 60, 77)[0], 1, 5)
    assert noise["kid"]["n"] == noise["kid"]["n_real"] == 60
    assert itself["kid"]["value"] < 0.1 * noise["kid"]["value"]
