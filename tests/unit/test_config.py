"""params.yaml: what is refused, by which name, and what the presets and explanations say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from helpers import ROOT, small_params

from selvedge import config
from selvedge.errors import BadParams, SelvedgeError


def load(tmp_path: Path, params: dict) -> config.Params:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    return config.load(path)


def test_presets_and_the_default_are_valid() -> None:
    assert sorted(path.stem for path in (ROOT / "params").glob("*.yaml")) == ["demo", "full"]
    for path in (ROOT / "params").glob("*.yaml"):
        assert len(config.load(path).classes) == 10
    assert (ROOT / "params.yaml").read_bytes() == (ROOT / "params/demo.yaml").read_bytes()


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("patterns", {"ema_imges": 1}, "unknown key 'patterns.ema_imges'; did you mean 'ema_images'?"),
        ("patterns", {"images": 0}, "patterns.images: Input should be greater than 0 (got 0)"),
        ("patterns", {"size": 65}, "patterns.size: Input should be 32, 64, 128 or 256 (got 65)"),
        ("patterns", {"view": 32, "size": 64}, "view 32 is less than size 64"),
        ("patterns", {"generator": "fourier", "seamless": False}, "generator fourier is always seamless"),
        (
            "garments",
            {"source": {"kind": "drawn", "trian": 3}},
            "unknown key 'garments.source.trian'; did you mean 'train'?",
        ),
        ("reconstruct", {"split": {"train": 0.5, "judge": 0.2, "test": 0.2}}, "train + judge + test must be 1"),
        ("reconstruct", {"split": {"train": 0.8, "judge": 0.2, "test": 0.0}}, "must be above 0"),
        ("evaluation", {"samples": "many"}, "evaluation.samples: Input should be a valid integer"),
    ],
)
def test_a_wrong_number_is_named(tmp_path: Path, section: str, change: dict, message: str) -> None:
    with pytest.raises(BadParams) as error:
        load(tmp_path, small_params(**{section: change}))
    assert message in str(error.value)
    assert "params.yaml" in str(error.value)


def test_an_unknown_section_and_a_missing_one_are_named(tmp_path: Path) -> None:
    params = small_params()
    params["pattern"] = params.pop("patterns")
    with pytest.raises(BadParams) as error:
        load(tmp_path, params)
    assert "unknown key 'pattern'; did you mean 'patterns'?" in str(error.value)
    assert "'patterns' is missing" in str(error.value)


def test_words_must_lead_to_known_classes(tmp_path: Path) -> None:
    source = {"kind": "csv", "name": "t", "path": "t.csv", "licence": "MIT", "words": {"zig zag": "zigzag"}}
    with pytest.raises(BadParams, match=r"crawl\.sources t: 'zigzag' is not in classes"):
        load(tmp_path, small_params(crawl={"sources": [source]}))


def test_parameters_are_frozen(tmp_path: Path) -> None:
    params = load(tmp_path, small_params())
    with pytest.raises(ValueError, match="frozen"):
        params.patterns.images = 3


def test_use_copies_a_preset_and_refuses_to_lose_edits(workplace) -> None:
    folder = workplace()
    with pytest.raises(SelvedgeError, match="was edited"):
        config.use("full")
    config.use("full", force=True)
    assert (folder / "params.yaml").read_bytes() == (folder / "params/full.yaml").read_bytes()
    config.use("demo")
    assert (folder / "params.yaml").read_bytes() == (folder / "params/demo.yaml").read_bytes()
    with pytest.raises(SelvedgeError, match="there is no preset 'dmo'; there are: demo, full"):
        config.use("dmo")


def test_every_number_is_explained_and_acts_somewhere(workplace) -> None:
    workplace()
    rows = config.explain()
    assert len(rows) > 60
    for row in rows:
        assert row["means"], f"{row['key']} has no explanation"
        assert row["acts on"] != "-", f"{row['key']} acts on no stage of dvc.yaml"
    assert config.explain("patterns.lr_g")[0]["acts on"] == "train-patterns"
    assert {row["acts on"] for row in config.explain("gate")} == {"register"}
    with pytest.raises(SelvedgeError, match=r"did you mean 'patterns\.lr_g'"):
        config.explain("patterns.lrg")


def test_files_that_are_no_parameters(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(BadParams, match="no such file"):
        config.load(path)
    path.write_text("seed: [1")
    with pytest.raises(BadParams, match="is not YAML"):
        config.load(path)
    path.write_text("")
    with pytest.raises(BadParams, match="holds no parameters"):
        config.load(path)
