"""What is measured of generators before any score: their tiles as cloth, and how far these lie apart."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import small_params
from PIL import Image

from selvedge.config import Params
from selvedge.errors import SelvedgeError
from training.data import Swatches
from training.evaluation.bench import Bench, to_copy
from training.evaluation.features import Looks
from training.models.bundle import Bundle
from training.models.dcgan import Generator


def bench(**evaluation: object) -> Bench:
    return Bench(Params.model_validate(small_params(evaluation=evaluation)))


def test_a_tile_is_laid_over_as_much_as_a_swatch_shows() -> None:
    tiles = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    told = bench(size=64)
    laid = told.windows(Bundle(None, {"view": 64}), tiles)
    assert torch.equal(laid, tiles.repeat(1, 1, 2, 2))
    # half a tile more: the swatch is no whole number of tiles
    laid = bench(size=48).windows(Bundle(None, {"view": 48}), tiles)
    assert torch.equal(laid, tiles.repeat(1, 1, 2, 2)[:, :, :48, :48])
    # without a view a tile is as wide as a swatch, and is fitted to the size of comparison
    assert told.windows(Bundle(None, {}), tiles).shape == (2, 3, 64, 64)


def test_classes_are_found_by_name_and_a_generator_that_lacks_one_is_refused() -> None:
    torch.manual_seed(0)
    network = Generator(size=32, z_dim=8, width=4, classes=3).eval()
    given = Bundle(network, {"classes": ["floral", "striped", "dotted"], "sha256": "0" * 64})
    mine = bench().tiles(given, torch.tensor([0, 1, 2]), seed=5)  # striped, dotted, floral
    other = Bundle(network, {"classes": ["striped", "dotted", "floral"], "sha256": "0" * 64})
    assert torch.equal(mine, bench().tiles(other, torch.tensor([1, 2, 0]), seed=5))
    with pytest.raises(SelvedgeError, match="cannot make floral; it knows striped, dotted, animal"):
        bench().tiles(
            Bundle(network, {"classes": ["striped", "dotted", "animal"], "sha256": "0" * 64}), torch.tensor([0]), 5
        )


def test_diversity_is_the_share_of_the_real_spread_and_nothing_where_all_are_one() -> None:
    told = bench()
    rng = np.random.default_rng(0)

    def looks(spread: dict[int, float], n: int = 200) -> Looks:
        labels = np.arange(n) % 3
        x = rng.standard_normal((n, 6)) * np.array([spread[i] for i in labels])[:, None]
        return Looks(x, x[:, :3], x[:, :3], x[:, 0], "toy", labels)

    # what properties would compute from data and models on disk
    eyes = SimpleNamespace(bundle=SimpleNamespace(card={"classes": ["striped", "dotted", "floral"]}))
    told.__dict__.update(_looks={"real": looks({0: 2, 1: 1, 2: 1})}, extractor=eyes)
    found = told._diversity([looks({0: 1, 1: 1, 2: 0})])
    assert found == {
        "striped": pytest.approx(0.5, abs=0.08),
        "dotted": pytest.approx(1.0, abs=0.12),
        "floral": 0.0,
    }


def test_an_extractor_that_does_not_know_a_class_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.evaluation import bench as module

    eyes = SimpleNamespace(bundle=SimpleNamespace(card={"classes": ["striped", "dotted"]}))
    monkeypatch.setattr(module.Extractor, "load", classmethod(lambda *_: eyes))
    with pytest.raises(SelvedgeError, match="'shipped' does not know floral; write `judge` there"):
        _ = bench(extractor="shipped").extractor


def test_identity_changes_with_what_scores_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.evaluation import bench as module

    monkeypatch.setattr(module, "data_fingerprint", lambda *_: "d")
    eyes = SimpleNamespace(id="pattern@1")
    found = []
    for settings in ({}, {"size": 48}, {"samples": 80}, {"sampling_seeds": 3}, {"copy_samples": 9}):
        told = bench(**settings)
        told.__dict__.update(extractor=eyes, judge=eyes, held_out=Swatches(None, None, "test"))
        found.append(tuple(told.identity.items()))
    assert len(set(found)) == len(found)


def test_what_may_have_been_copied_has_no_quarter_turns_of_itself_and_names_its_cloth(tmp_path: Path) -> None:
    rows = ["file,class,split,group,id,scale,rotation"]
    for picture, group, split in (
        ("a", "one", "train"),
        ("b", "one", "train"),
        ("c", "two", "train"),
        ("d", "three", "test"),
    ):
        for scale, angle in ((0.5, 0), (0.5, 30), (0.5, 90), (0.5, 120), (0.7, 180), (0.7, 270)):
            name = f"{split}/floral/{picture}-{scale}-{angle}.png"
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(tmp_path / name)
            rows.append(f"{name},floral,{split},{group},{picture},{scale},{angle}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    found, cloth = to_copy(("dotted", "floral"), 4, tmp_path)
    assert found.images.shape == (9, 3, 4, 4)  # of three pictures: as it is, by 30 degrees, nearer
    assert found.labels.tolist() == [1] * 9
    assert cloth.tolist() == ["one"] * 6 + ["two"] * 3
