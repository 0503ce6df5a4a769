"""A catalogue of tiny models: true hashes, a page that needs nothing else, and work that is never done twice."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_wishes import save_screens
from torch import nn

from inference import catalogue
from inference.patterns import Wish, generate_files, seeds_of
from selvedge import config, registry
from selvedge.config import Params
from selvedge.errors import BadBundle, SelvedgeError
from selvedge.io import sha256_file
from training.models.bundle import save_bundle
from training.models.dcgan import Generator
from training.models.srresnet import SRResNet
from training.models.torus import UpConv

CLASSES = ("striped", "floral")
OUT = Path("catalogue")


def save_generator(directory: Path, seed: int = 0, conditional: bool = True) -> None:
    torch.manual_seed(seed)
    arguments = {"size": 32, "z_dim": 8, "width": 4, "classes": len(CLASSES) if conditional else 0, "seamless": True}
    network = Generator(**arguments)
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d | UpConv):
            nn.init.normal_(layer.weight, std=0.3)
    save_bundle(directory, network, family="dcgan", arguments=arguments, classes=list(CLASSES), seamless=True)


def save_garment(name: str, light: int, folder: Path = catalogue.ITEMS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photo, mask = np.full((64, 48, 3), 90, np.uint8), np.zeros((64, 48), np.uint8)
    photo[8:56, 8:40], mask[8:56, 8:40] = light, 255
    Image.fromarray(photo).save(folder / f"{name}.png")
    Image.fromarray(mask).save(folder / f"{name}_mask.png")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with a tiny champion and two garments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    save_generator(registry.CHAMPION / "patterns")
    upscaler = SRResNet(width=4, blocks=1)
    save_bundle(registry.CHAMPION / "upscaler", upscaler, family="srresnet", arguments={"width": 4, "blocks": 1})
    save_garment("coat", 220)
    save_garment("skirt", 60)
    return tmp_path


@pytest.fixture
def params() -> Params:
    params = config.load(Path(__file__).parents[2] / "params.yaml")
    settings = params.catalogue.model_copy(update={"patterns_per_class": 2, "title": "Autumn <&> Co", "masks": "given"})
    return params.model_copy(update={"seed": 3, "classes": CLASSES, "catalogue": settings})


def make(params: Params, seed: int | None = None, shard: str = "1/1", out: Path = OUT) -> dict:
    catalogue.run(params, seed=seed, shard=shard, out=out)
    return json.loads((out / "manifest.json").read_text())


def tree(folder: Path = OUT) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_manifest_names_each_file_and_its_hash(project, params, capsys):
    manifest = make(params)
    assert "-> catalogue/index.html" in capsys.readouterr().out.splitlines()[-1]
    named = {"manifest.json", "index.html"}
    for pattern in manifest["patterns"]:
        assert set(pattern["files"]) == {"tile.png", "tile-large.png", "repeat.jpg", "coat.jpg", "skirt.jpg"}
        for name, sha in pattern["files"].items():
            assert sha256_file(OUT / "patterns" / pattern["name"] / name) == sha
        named |= {f"patterns/{pattern['name']}/{name}" for name in [*pattern["files"], "pattern.json"]}
    assert set(tree()) == named
    assert [p["name"] for p in manifest["patterns"]] == ["striped-01", "striped-02", "floral-01", "floral-02"]
    assert manifest["models"]["patterns"]["sha256"] == sha256_file(registry.CHAMPION / "patterns/weights.safetensors")
    assert (manifest["seed"], manifest["shard"], manifest["title"]) == (3, "1/1", "Autumn <&> Co")
    assert len({pattern["files"]["tile.png"] for pattern in manifest["patterns"]}) == 4


def test_large_tile_is_four_times_the_tile_and_the_repeat_shows_it_twice(project, params):
    make(params)
    folder = OUT / "patterns/floral-01"
    sizes = [Image.open(folder / name).size for name in ("tile.png", "tile-large.png", "repeat.jpg")]
    assert sizes == [(32, 32), (128, 128), (256, 256)]
    assert round(Image.open(folder / "tile-large.png").info["dpi"][0]) == params.catalogue.dpi
    assert Image.open(folder / "coat.jpg").size == (48, 64)


def test_page_needs_nothing_but_itself(project, params):
    make(params)
    page = (OUT / "index.html").read_text()
    targets = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', page)
    for target in (one or other for one, other in targets):
        assert target.startswith(("data:image/jpeg;base64,", "#")) or (OUT / target).is_file()
    assert "http" not in page and "<script" not in page and "@import" not in page
    assert "<h1>Autumn &lt;&amp;&gt; Co</h1>" in page
    assert all(page.count(f'id="{name}"') == 1 for name in ("striped-01", "floral-02"))


def test_second_run_makes_nothing_and_changes_no_byte(project, params, capsys):
    make(params)
    before, made = tree(), (OUT / "patterns/floral-01/coat.jpg").stat().st_mtime_ns
    capsys.readouterr()
    make(params)
    assert "0 patterns made, 4 were there" in capsys.readouterr().out
    assert tree() == before
    assert (OUT / "patterns/floral-01/coat.jpg").stat().st_mtime_ns == made


def test_two_folders_two_runs_same_bytes(project, params):
    make(params, out=Path("one"))
    make(params, out=Path("two"))
    assert tree(Path("one")) == tree(Path("two"))


@pytest.mark.parametrize("damage", ["missing", "changed", "unfinished"])
def test_what_is_damaged_is_made_again(project, params, capsys, damage):
    make(params)
    before, folder = tree(), OUT / "patterns/floral-02"
    if damage == "changed":
        (folder / "coat.jpg").write_bytes(b"")
    else:
        (folder / {"missing": "coat.jpg", "unfinished": "pattern.json"}[damage]).unlink()
    capsys.readouterr()
    make(params)
    assert "1 patterns made, 3 were there" in capsys.readouterr().out
    assert tree() == before


def test_shards_together_are_the_whole(project, params):
    whole = make(params)["patterns"]
    parts = [make(params, shard=f"{i}/3", out=Path(f"part-{i}"))["patterns"] for i in (1, 2, 3)]
    assert sum(len(part) for part in parts) == len(whole) == 4
    assert sorted((p for part in parts for p in part), key=lambda p: p["name"]) == sorted(
        whole, key=lambda p: p["name"]
    )


def test_more_parts_than_patterns_leave_an_empty_page(project, params):
    assert make(params, shard="9/9")["patterns"] == []
    assert (OUT / "index.html").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_wrong_shard_shows_a_right_one(project, params, shard):
    with pytest.raises(SelvedgeError, match=r"--shard 2/4"):
        make(params, shard=shard)
    assert not OUT.exists()


def test_another_seed_or_model_leaves_nothing_of_the_old_one(project, params):
    first = make(params)
    fewer = params.catalogue.model_copy(update={"patterns_per_class": 1})
    (OUT / "patterns/floral-02/notes.txt").write_text("mine")
    (OUT / "patterns/mine").mkdir()
    (OUT / "patterns/mine/coat.jpg").write_text("mine")
    second = make(params.model_copy(update={"catalogue": fewer}), seed=4)
    assert not {p["seed"] for p in first["patterns"]} & {p["seed"] for p in second["patterns"]}
    there = {path for path in tree() if path.startswith("patterns/") and "-01/" not in path}
    assert there == {"patterns/floral-02/notes.txt", "patterns/mine/coat.jpg"}

    save_generator(registry.CHAMPION / "patterns", seed=9)
    third = make(params.model_copy(update={"catalogue": fewer}), seed=4)
    assert third["models"]["patterns"] != second["models"]["patterns"]
    assert third["patterns"][0]["files"]["tile.png"] != second["patterns"][0]["files"]["tile.png"]


def test_a_garment_that_is_gone_leaves_the_catalogue(project, params):
    make(params)
    for path in catalogue.ITEMS.glob("skirt*"):
        path.unlink()
    make(params)
    assert not list(OUT.rglob("skirt.jpg"))
    assert len(list(OUT.rglob("coat.jpg"))) == 4


def test_a_generator_of_one_kind_gets_one_chapter(project, params):
    save_generator(registry.CHAMPION / "patterns", conditional=False)
    assert [p["name"] for p in make(params)["patterns"]] == [f"unsorted-0{i}" for i in (1, 2, 3, 4)]


def test_a_class_the_champion_never_saw_stops_before_any_work(project, params):
    with pytest.raises(SelvedgeError, match="knows no class 'paisley'; it knows: striped, floral"):
        make(params.model_copy(update={"classes": ("striped", "paisley")}))
    assert not OUT.exists()


def test_missing_champion_is_one_clear_line(project, params):
    (registry.CHAMPION / "upscaler").rename("elsewhere")
    with pytest.raises(
        SelvedgeError, match=r"no model for upscaler: neither models/champion/upscaler .*selvedge run"
    ) as error:
        make(params)
    assert "\n" not in str(error.value)


def test_missing_file_of_the_champion_is_named(project, params):
    (registry.CHAMPION / "patterns/card.json").unlink()
    with pytest.raises(BadBundle, match=r"models/champion/patterns/card\.json: is missing"):
        make(params)


def test_missing_garments_name_the_stage_that_makes_them(project, params):
    for path in list(catalogue.ITEMS.iterdir()):
        path.unlink()
    with pytest.raises(SelvedgeError, match=r"data/garments/items: holds no garment; run `selvedge garments`"):
        make(params)


def test_a_garment_without_mask_asks_for_the_segmenter(project, params):
    (catalogue.ITEMS / "coat_mask.png").unlink()
    with pytest.raises(SelvedgeError, match="no model for segmenter"):
        make(params)
    predicted = params.catalogue.model_copy(update={"masks": "predicted"})
    save_garment("coat", 220)
    with pytest.raises(SelvedgeError, match="no model for segmenter"):
        make(params.model_copy(update={"catalogue": predicted}))


def test_a_generator_that_prints_is_printed_large_and_needs_no_upscaler(project, params):
    shutil.rmtree(registry.CHAMPION / "upscaler")
    shutil.rmtree(registry.CHAMPION / "patterns")
    save_screens(registry.CHAMPION / "patterns")
    manifest = make(params)
    assert set(manifest["models"]) == {"patterns"}
    folder, work = OUT / "patterns/floral-01", manifest["patterns"][2]
    large = np.asarray(Image.open(folder / "tile-large.png"))
    assert large.shape == (512, 512, 3)
    small = np.asarray(Image.open(folder / "tile.png")).astype(float)
    shrunk = large.reshape(64, 8, 64, 8, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 0.5 * np.abs(np.roll(shrunk, 5, 1) - small).mean()  # the same design
    assert Image.open(folder / "repeat.jpg").size == (1024, 1024)
    assert work["class"] == "floral"


def test_each_pattern_is_a_choice_and_the_page_says_how_to_have_it_again(project, params):
    shutil.rmtree(registry.CHAMPION / "patterns")
    save_screens(registry.CHAMPION / "patterns")
    works = make(params)["patterns"]
    assert [work["chosen_seed"] in seeds_of(work["seed"], 4) for work in works] == [True] * 4
    assert [work["chosen_seed"] for work in works] != [work["seed"] for work in works]
    again, page = works[2]["chosen_seed"], (OUT / "index.html").read_text()
    assert f"selvedge generate --class floral --seed {again} --best-of 1 --n 1" in page
    generate_files("floral", n=1, seed=again, out=Path("again"), wish=Wish(best_of=1))
    assert Path(f"again/floral-{again}.png").read_bytes() == (OUT / "patterns/floral-01/tile-large.png").read_bytes()

    alone = params.model_copy(update={"catalogue": params.catalogue.model_copy(update={"best_of": 1})})
    works = make(alone)["patterns"]
    assert [work["chosen_seed"] for work in works] == [work["seed"] for work in works]
