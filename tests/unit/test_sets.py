"""`selvedge measure sets`: any two folders, judged alike whatever their sizes, modes and lossless formats; bad ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selvedge.errors import BadBundle, BadImage, SelvedgeError
from training.evaluation import sets
from training.evaluation.features import Extractor
from training.models.bundle import save_bundle
from training.models.judge import Judge
from training.models.srresnet import SRResNet


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small classifier that has learnt nothing: its features tell pictures apart all the same."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("judge")
    arguments = {"classes": 3, "size": 32, "width": 4}
    save_bundle(folder, Judge(**arguments), family="judge", arguments=arguments, name="tiny", classes=["a", "b", "c"])
    return folder


def cloth(seed: int, side: int = 48, shift: int = 0) -> Image.Image:
    cells = np.random.default_rng(seed).integers(0, 156, (6, 6, 3)) + shift
    return Image.fromarray(cells.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def folder(root: Path, count: int, first: int = 0, ending: str = "png", shift: int = 0) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        cloth(first + number, shift=shift).save(root / f"{number:03d}.{ending}")
    return root


def measure(eyes: Path, real: Path, fake: Path, **more) -> dict:
    return sets.measure(real, fake, extractor=eyes, resamples=20, **more)


def test_a_set_of_the_same_kind_scores_as_the_floor_and_another_far_above(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    real, alike, other = (
        folder(tmp_path / "r", 60),
        folder(tmp_path / "s", 60, 500),
        folder(tmp_path / "o", 60, 900, shift=90),
    )
    near, far = measure(eyes, real, alike), measure(eyes, real, other)
    assert near["kid_tiny"]["low"] <= 0 <= near["kid_tiny"]["high"]
    assert far["kid_tiny"]["low"] > near["kid_tiny"]["high"]
    assert far["fd_tiny"]["value"] > 5 * near["fd_tiny"]["value"]
    assert near["fd_tiny"]["n"] == near["fd_tiny"]["n_real"] == 60
    assert near["extractor"].startswith("tiny@")
    json.dumps(far)  # plain values throughout
    assert {row["score"] for row in sets.rows(far)} >= {"fd_tiny", "kid_tiny", "coverage_tiny"}


def test_format_names_and_order_say_nothing(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    real = folder(tmp_path / "r", 60)
    first = measure(eyes, real, folder(tmp_path / "p", 60, 500))
    (tmp_path / "b").mkdir()
    for number in range(60):  # the same pictures, the other way round, as BMP
        cloth(500 + number).save(tmp_path / "b" / f"{59 - number:03d}.bmp")
    again = measure(eyes, real, tmp_path / "b")
    for name in ("fd_tiny", "kid_tiny", "precision_tiny", "sharpness_distance"):
        assert again[name]["value"] == pytest.approx(first[name]["value"], rel=1e-6, abs=1e-9)
        assert again[name]["low"] == pytest.approx(first[name]["low"], rel=1e-5, abs=1e-7)


def test_the_size_of_a_batch_and_the_cache_say_nothing(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    pictures, extractor = sets.PictureSet.of(folder(tmp_path / "r", 70)), Extractor.load(eyes)
    whole = sets.look(pictures, extractor)
    assert len(list((tmp_path / sets.CACHE).glob("*.npz"))) == 1
    cached = sets.look(pictures, extractor)
    monkeypatch.setattr(sets, "CHUNK", 7)
    parts = sets.look(pictures, extractor, cache=None)
    assert (cached.features == whole.features).all()
    assert np.abs(parts.features - whole.features).max() < 1e-4 * np.abs(whole.features).max()
    # a cache that was cut short is made anew
    (kept,) = (tmp_path / sets.CACHE).glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    assert (sets.look(pictures, extractor).features == parts.features).all()


def test_every_kind_of_picture_is_read_alike(tmp_path) -> None:
    picture = cloth(1)
    grey = picture.convert("L")
    grey.save(tmp_path / "grey.png")
    assert (sets.read(tmp_path / "grey.png") == sets.read(tmp_path / "grey.png")[:1]).all()
    seen = Image.new("RGBA", (40, 40), (10, 200, 30, 0))
    seen.paste((10, 200, 30, 255), (0, 0, 20, 40))
    seen.save(tmp_path / "alpha.png")
    pixels = sets.read(tmp_path / "alpha.png")
    assert pixels[:, 20, 10].tolist() == [10, 200, 30]
    assert pixels[:, 20, 30].tolist() == [255, 255, 255]  # what is transparent lies on white
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste("blue", (30, 0, 60, 30))
    wide.save(tmp_path / "wide.png")
    assert sets.read(tmp_path / "wide.png").shape == (3, 30, 30)
    assert sets.read(tmp_path / "wide.png")[0].max() == 0  # the middle alone


def test_a_large_picture_shrinks_without_aliasing(eyes, tmp_path, monkeypatch) -> None:
    """Stripes of one pixel are even grey to the extractor, not new stripes."""
    monkeypatch.chdir(tmp_path)
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    (tmp_path / "s").mkdir()
    Image.fromarray(stripes).save(tmp_path / "s/stripes.png")
    Image.new("RGB", (320, 320), (128, 128, 128)).save(tmp_path / "s/plain.png")
    found = sets.look(sets.PictureSet.of(tmp_path / "s"), Extractor.load(eyes))
    assert np.abs(found.features[0] - found.features[1]).max() < 0.04 * np.abs(found.features).max()


def test_mixed_sizes_are_measured_in_their_order(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    for number in range(12):
        cloth(number, side=(32, 64, 48)[number % 3]).save(tmp_path / "m" / f"{number:02d}.png")
    found = sets.look(sets.PictureSet.of(tmp_path / "m"), Extractor.load(eyes))
    alone = Extractor.load(eyes).look(sets.read(tmp_path / "m/07.png")[None])
    assert np.allclose(found.features[7], alone.features[0], atol=1e-5)


def test_too_few_pictures_leave_measures_out_with_a_reason(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = measure(eyes, folder(tmp_path / "r", 60), folder(tmp_path / "one", 1, 500))
    assert "fd_tiny" not in found
    assert "needs" in found["left_out"]["fd"] and "there are 1" in found["left_out"]["fd"]
    assert any("left out" in row["value"] for row in sets.rows(found))


def test_folders_that_cannot_be_measured_are_named(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    real = folder(tmp_path / "r", 12)
    with pytest.raises(SelvedgeError, match="nowhere: is no folder"):
        measure(eyes, real, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SelvedgeError, match="empty: holds no picture"):
        measure(eyes, real, tmp_path / "empty")
    bad = folder(tmp_path / "bad", 12)
    for name in ("003.png", "009.png"):
        (bad / name).write_bytes(b"\x89PNG broken")
    with pytest.raises(BadImage) as error:
        measure(eyes, real, bad)
    assert "003.png" in str(error.value) and "009.png" in str(error.value)


def test_a_model_that_is_no_classifier_is_refused_as_extractor_by_its_directory(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    real = folder(tmp_path / "r", 12)
    save_bundle(tmp_path / "upscaler", SRResNet(4, 1), family="srresnet", arguments={"width": 4, "blocks": 1})
    with pytest.raises(BadBundle, match=r"/upscaler: the model is a srresnet, no classifier; name a directory that"):
        measure(tmp_path / "upscaler", real, real)


def test_class_folders_give_scores_by_class(eyes, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, first in (("real", 0), ("fake", 1000)):
        for number, cls in enumerate("abc"):
            folder(tmp_path / name / cls, 40, first + 100 * number)
    found = measure(eyes, tmp_path / "real", tmp_path / "fake")
    assert set(found["by_class"]) == {"a", "b", "c"}
    assert found["agreement_tiny"]["n"] == 120
    assert "ece" in found["calibration"]


def test_standard_extractors_say_clearly_that_their_weights_are_missing(tmp_path, monkeypatch) -> None:
    import urllib.error
    import urllib.request

    from training.evaluation.scores import inception_weights

    def offline(*_, **__):
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(
        SelvedgeError, match=r"cannot be downloaded \(Network is unreachable\); bring weights-inception"
    ):
        inception_weights("download")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
    with pytest.raises(SelvedgeError, match="there is no such file"):
        inception_weights(tmp_path / "x.pth")


def test_the_extractor_that_ships_knows_the_ten_classes_and_says_how_well() -> None:
    card = sets.load_extractor().bundle.card
    assert len(card["classes"]) == 10
    held = card["scores"]["held_out"]
    assert held["accuracy"] >= 0.75 and held["interval"][0] < held["accuracy"] < held["interval"][1]
    assert held["n"] == 96 and held["groups"] == 12
    assert sets.SHIPPED.joinpath("weights.safetensors").stat().st_size < 16_000_000
