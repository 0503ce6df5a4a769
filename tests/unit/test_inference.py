"""The models at work: seeds that name tiles, garments found, large pictures, and the generator as MLflow serves it."""

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import nn

from inference import patterns, pictures, segment, upscale
from inference.live import load_live
from inference.patterns import Patterns, Wish, generate_files
from selvedge import registry
from selvedge.errors import BadBundle, SelvedgeError
from selvedge.io import sha256_file
from training.models.bundle import Bundle, load_bundle, save_bundle
from training.models.dcgan import Generator
from training.models.kinds import Segmenter
from training.models.srresnet import SRResNet
from training.models.torus import UpConv

CLASSES = ("striped", "floral")
GENERATOR = {"size": 32, "z_dim": 8, "width": 4, "seamless": True}


def save_generator(directory: Path, seed: int = 0, conditional: bool = True) -> None:
    """A tiny generator that is random, but no constant."""
    torch.manual_seed(seed)
    arguments = {**GENERATOR, "classes": len(CLASSES) if conditional else 0}
    network = Generator(**arguments)
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d | UpConv):
            nn.init.normal_(layer.weight, std=0.3)
        elif isinstance(layer, nn.Embedding):
            nn.init.normal_(layer.weight)
    save_bundle(directory, network, family="dcgan", arguments=arguments, classes=list(CLASSES), seamless=True)


def save_upscaler(directory: Path) -> None:
    torch.manual_seed(1)
    network = SRResNet(width=4, blocks=1)
    nn.init.normal_(network.tail.weight, std=0.05)
    save_bundle(directory, network, family="srresnet", arguments={"width": 4, "blocks": 1}, factor=4)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project's folder with a tiny champion of patterns and upscaler, and no shipped weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    save_generator(tmp_path / "models/champion/patterns")
    save_upscaler(tmp_path / "models/champion/upscaler")
    return tmp_path


# ---- which model is live ---------------------------------------------------------------------------------------------


def test_champion_goes_before_shipped_weights(project):
    save_generator(project / "shipped/patterns", seed=5)
    shipped, champion = (load_bundle(project / where / "patterns").version for where in ("shipped", "models/champion"))
    assert shipped != champion
    assert load_live("patterns").version == champion
    for file in (project / "models/champion/patterns").iterdir():
        file.unlink()
    (project / "models/champion/patterns").rmdir()
    assert load_live("patterns").version == shipped


def test_no_model_says_what_to_do(project):
    with pytest.raises(SelvedgeError, match=r"no model for segmenter.*selvedge run") as error:
        load_live("segmenter")
    assert "\n" not in str(error.value)


def test_missing_file_of_a_model_is_named(project):
    (project / "models/champion/patterns/weights.safetensors").unlink()
    with pytest.raises(BadBundle, match=r"models/champion/patterns/weights\.safetensors: is missing"):
        load_live("patterns")


# ---- patterns --------------------------------------------------------------------------------------------------------


def test_a_seed_names_a_tile_whatever_else_is_drawn(project):
    generator = Patterns(load_live("patterns"))
    many = generator.sample("floral", [3, 4, 5, 6])
    assert many.shape == (4, 3, 32, 32) and many.dtype == torch.uint8
    assert torch.equal(generator.sample("floral", [5])[0], many[2])
    assert not torch.equal(many[0], many[1])
    assert not torch.equal(generator.sample("striped", [5])[0], many[2])


def test_unknown_class_gets_the_nearest(project):
    generator = Patterns(load_live("patterns"))
    with pytest.raises(SelvedgeError, match="no class 'florl'; did you mean 'floral'"):
        generator.sample("florl", [0])


def test_a_generator_of_one_kind_takes_any_word_but_no_path(tmp_path):
    save_generator(tmp_path, conditional=False)
    generator = Patterns(load_bundle(tmp_path))
    assert torch.equal(generator.sample("tweed", [1]), generator.sample("floral", [1]))
    with pytest.raises(SelvedgeError, match="is no class name"):
        generator.sample("../tweed", [1])


def test_generate_writes_the_same_bytes_again(project, capsys):
    generate_files("floral", n=3, seed=7, out=Path("one"), upscale=True)
    generate_files("floral", n=3, seed=7, out=Path("two"), upscale=True)
    names = sorted(path.name for path in Path("one").iterdir())
    assert names == sorted([*(f"floral-{seed}.{end}" for seed in (7, 8, 9) for end in ("png", "json")), "sheet.png"])
    assert all(Path("one", name).read_bytes() == Path("two", name).read_bytes() for name in names)
    assert "one/sheet.png" in capsys.readouterr().out.splitlines()[0]
    # a tile does not depend on how many were asked for
    generate_files("floral", n=1, seed=8, out=Path("three"), upscale=True)
    assert Path("three/floral-8.png").read_bytes() == Path("one/floral-8.png").read_bytes()


def test_generated_files_say_what_they_are(project):
    generate_files("striped", n=1, seed=0, out=Path("out"), upscale=True)
    facts = json.loads(Path("out/striped-0.json").read_text())
    assert facts["sha256"] == sha256_file("out/striped-0.png")
    assert facts["model"]["sha256"] == sha256_file("models/champion/patterns/weights.safetensors")
    assert facts["upscaler"]["version"] == load_bundle("models/champion/upscaler").version
    assert (facts["class"], facts["seed"], facts["size"], facts["seamless"]) == ("striped", 0, [128, 128], True)
    image = Image.open("out/striped-0.png")
    assert image.size == (128, 128)
    assert "srgb" in image.info and round(image.info["dpi"][0]) == patterns.DPI


def test_no_upscaler_is_needed_without_upscaling(project):
    (project / "models/champion/upscaler").rename(project / "elsewhere")
    generate_files("floral", n=1, seed=0, out=Path("out"), upscale=False)
    assert Image.open("out/floral-0.png").size == (32, 32)
    with pytest.raises(SelvedgeError, match="no model for upscaler"):
        generate_files("floral", n=1, seed=0, out=Path("out"), upscale=True)


def test_sheet_shows_each_tile_three_times_across(project):
    generate_files("floral", n=2, seed=0, out=Path("out"), upscale=False)
    page = np.asarray(Image.open("out/sheet.png"))
    side, gap = patterns.SHEET_TILE, 12
    cell = page[gap : gap + 3 * side, gap : gap + 3 * side]
    assert all(np.array_equal(cell[:side, :side], cell[i * side :][:side, i * side :][:, :side]) for i in (1, 2))


def test_the_noisiest_cloth_can_be_written():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 384, 3), dtype=np.uint8))
    assert Image.open(io.BytesIO(pictures.jpeg(noise))).size == noise.size


# ---- upscaling -------------------------------------------------------------------------------------------------------


def test_upscaled_tile_is_as_seamless_as_the_tile(project):
    generate_files("floral", n=1, seed=0, out=Path("out"), upscale=False)
    upscale.upscale_file(Path("out/floral-0.png"), Path("out/large.png"))
    # rolled, enlarged and rolled back it is the same picture: its edge is a place like any other
    small = Image.open("out/floral-0.png")
    rolled = Image.fromarray(np.roll(np.asarray(small), (5, 11), (0, 1)))
    rolled.save("out/rolled.png")
    Path("out/rolled.json").write_text('{"seamless": true}')
    upscale.upscale_file(Path("out/rolled.png"), Path("out/rolled-large.png"))
    large, other = (np.asarray(Image.open(f"out/{name}.png")) for name in ("large", "rolled-large"))
    assert large.shape == (128, 128, 3)
    assert np.array_equal(np.roll(large, (20, 44), (0, 1)), other)


def test_photographs_edges_do_not_bleed_into_each_other(project, capsys):
    slope = np.tile(np.linspace(0, 255, 40).astype(np.uint8)[:, None], (1, 48))
    Image.fromarray(np.stack([slope] * 3, -1)).save("photo.png")
    upscale.upscale_file(Path("photo.png"), Path("large.png"))
    assert "a picture with ends" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "out", "said"),
    [
        ("none.png", "x.png", r"none\.png: there is no such file"),
        ("dot.png", "x.png", r"dot\.png: 1x1 is too small"),
        ("grey.png", "x.jpg", r"x\.jpg: an enlarged picture is written as PNG"),
    ],
)
def test_upscale_names_what_is_wrong(project, name, out, said):
    Image.new("RGB", (1, 1)).save("dot.png")
    Image.new("L", (8, 8)).save("grey.png")
    with pytest.raises(SelvedgeError, match=said):
        upscale.upscale_file(Path(name), Path(out))


# ---- garments --------------------------------------------------------------------------------------------------------


class Bright(Segmenter):
    """Stands in for the segmenter: blue cloth is what it finds."""

    def forward(self, images):
        return (images[:, 2:] - images[:, :1]) * 8 - 4


SEGMENTER = Bundle(Bright(), {"size": 64, "sha256": "0" * 64})


def test_mask_lies_on_the_garment_at_the_photos_size():
    photo = Image.new("RGB", (300, 180), "white")
    ImageDraw.Draw(photo).ellipse((80, 30, 200, 150), fill=(20, 40, 220))
    true = Image.new("L", photo.size)
    ImageDraw.Draw(true).ellipse((80, 30, 200, 150), fill=255)
    mask = segment.garment_mask(photo, SEGMENTER)
    assert mask.size == photo.size and mask.mode == "L"
    found, true = np.asarray(mask) > 127, np.asarray(true) > 127
    assert (found & true).sum() / (found | true).sum() > 0.96


def test_no_garment_says_to_give_a_mask():
    with pytest.raises(SelvedgeError, match=r"no garment was found.*--mask"):
        segment.garment_mask(Image.new("RGB", (100, 80), "white"), SEGMENTER)


# ---- served by MLflow ------------------------------------------------------------------------------------------------

REGISTER = """
from pathlib import Path
from selvedge import tracking
code = Path({code!r})
print(tracking.register("patterns", Path("model"), tracking.Entry(code=code, promoted=True, tags={{}})))
"""
PREDICT = """
import sys, json, pandas, mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/selvedge-patterns@champion")
made = model.predict(pandas.DataFrame({"class": ["floral", "striped"], "seed": [3, 4]}))
print(json.dumps(made.to_dict("list")))
"""


def test_registered_generator_serves_the_same_tiles_elsewhere(tmp_path):
    save_generator(tmp_path / "home/model")
    (tmp_path / "away").mkdir()
    code = str(Path(patterns.__file__).with_name("served.py"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW")} | {
        "MLFLOW_DISABLE_TELEMETRY": "true"
    }
    home = {"cwd": tmp_path / "home", "env": environment, "text": True, "capture_output": True}
    registered = subprocess.run([sys.executable, "-c", REGISTER.format(code=code)], **home)
    assert registered.returncode == 0 and registered.stdout.split()[-1] == "1", registered.stderr

    store = f"sqlite:///{tmp_path / 'home/mlruns/mlflow.db'}"
    away = {**home, "cwd": tmp_path / "away"}
    served = subprocess.run([sys.executable, "-c", PREDICT, store], **away)
    assert served.returncode == 0, served.stderr
    made = json.loads(served.stdout.splitlines()[-1])
    assert (made["class"], made["seed"]) == (["floral", "striped"], [3, 4])
    generator = Patterns(load_bundle(tmp_path / "home/model"))
    for cls, seed, png in zip(made["class"], made["seed"], made["png"], strict=True):
        tile = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))
        asked = generator.tile(cls, seed, Wish(best_of=None))  # what `generate` gives
        assert np.array_equal(tile, asked.permute(1, 2, 0).numpy())
