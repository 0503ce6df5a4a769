"""A training begins with what is live: pinned as the base, taken over whole, named on the card for generations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from helpers import small_params

from selvedge import registry
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from training.data import Swatches
from training.models.bundle import Bundle, load_bundle, save_bundle
from training.models.srresnet import SRResNet
from training.tasks.base import load_base
from training.tasks.upscaler import UpscalerTask
from training.train import begun_with

ARGUMENTS = {"width": 8, "blocks": 1}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")


def save(directory: Path, seed: int, arguments: dict = ARGUMENTS, base: Bundle | None = None) -> Bundle:
    torch.manual_seed(seed)
    network = SRResNet(**arguments)
    torch.nn.init.normal_(network.tail.weight)  # which begins at zero
    save_bundle(directory, network, family="srresnet", arguments=arguments, **begun_with(base))
    return load_bundle(directory)


def settings(begin_with: str = "live"):
    return Params.model_validate(small_params(upscaler={"begin_with": begin_with})).upscaler


def test_the_base_is_what_is_live_at_the_moment_and_stays_when_that_changes() -> None:
    shipped, champion = save(registry.SHIPPED / "upscaler", 1), save(registry.CHAMPION / "patterns", 2)
    pinned = registry.pin_base()
    assert pinned == {
        "patterns": champion.version,
        "upscaler": shipped.version,
        "segmenter": None,
        "classifier": None,
    }
    assert json.loads((registry.BASE / "segmenter/base.json").read_text()) == {"version": None}
    before = {path: path.read_bytes() for path in registry.BASE.rglob("*") if path.is_file()}
    save(registry.CHAMPION / "upscaler", 3)
    assert {path: path.read_bytes() for path in registry.BASE.rglob("*") if path.is_file()} == before
    assert registry.pin_base()["upscaler"] == load_bundle(registry.CHAMPION / "upscaler").version


def test_a_training_takes_the_weights_over_and_begins_with_fresh_optimisers(capsys) -> None:
    live = save(registry.SHIPPED / "upscaler", 1)
    registry.pin_base()
    base = load_base("upscaler", settings(), "srresnet", ARGUMENTS)
    pictures = Swatches(torch.zeros(4, 3, 64, 64, dtype=torch.uint8), torch.zeros(4, dtype=torch.long), "train")
    task = UpscalerTask(settings(), pictures, pictures, 7, base)
    for name, value in task.g.state_dict().items():
        torch.testing.assert_close(value, live.network.state_dict()[name], rtol=0, atol=0)
    assert not task.optimisers["g"].state
    assert f"upscaler: begins with live {live.version}" in capsys.readouterr().out


def test_a_live_model_of_other_numbers_is_left_aside_and_one_asked_for_by_name_is_refused(capsys) -> None:
    other = save(registry.SHIPPED / "upscaler", 1, {"width": 4, "blocks": 1})
    registry.pin_base()
    assert load_base("upscaler", settings(), "srresnet", ARGUMENTS) is None
    said = f"upscaler: live {other.version} is another network (width 4 for 8): begins with nothing"
    assert said in capsys.readouterr().out
    for asked in ("shipped", "shipped/upscaler"):
        with pytest.raises(SelvedgeError, match=r"upscaler\.begin_with: .*width 4 for 8"):
            load_base("upscaler", settings(asked), "srresnet", ARGUMENTS)


def test_nothing_a_path_and_what_is_not_there() -> None:
    named = save(Path("mine"), 5)
    assert load_base("upscaler", settings("nothing"), "srresnet", ARGUMENTS) is None
    assert load_base("upscaler", settings("live"), "srresnet", ARGUMENTS) is None  # no base was pinned
    assert load_base("upscaler", settings("mine"), "srresnet", ARGUMENTS).version == named.version
    for asked, says in (("elsewhere", "there is no model in elsewhere"), ("shipped", "no upscaler ships")):
        with pytest.raises(SelvedgeError, match=f"upscaler.begin_with: {says}"):
            load_base("upscaler", settings(asked), "srresnet", ARGUMENTS)


def test_a_lineage_of_three_generations_is_read_from_the_cards() -> None:
    first = save(Path("one"), 1)
    second = save(Path("two"), 2, base=first)
    third = save(Path("three"), 3, base=second)
    assert third.card["begun_with"] == second.card["sha256"]
    assert third.card["lineage"] == [second.version, first.version]
    assert first.card["begun_with"] is None and first.card["lineage"] == []
