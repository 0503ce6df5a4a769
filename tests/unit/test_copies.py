"""The copy alarm: copies are found whatever was done to them, other cloth is not taken for one, and plain cloth is not judged."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from scrapers.demo.textiles import render
from selvedge.errors import SelvedgeError
from training.evaluation import copies

CLASSES = ("floral", "leaves", "striped")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets are small here: a few looks are enough, and few planted copies."""
    monkeypatch.setattr(copies, "LOOKS", 20)
    monkeypatch.setattr(copies, "PLANTED", 12)


@cache
def cloth(cls: str, first: int, count: int, size: int = 96) -> Tensor:
    """(count, 3, size, size) uint8: drawn scans, a seed each."""
    drawn = [np.asarray(render(cls, seed, size, "scan").image) for seed in range(first, first + count)]
    return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).contiguous()


@cache
def gallery() -> copies.Gallery:
    return copies.Gallery(train())


def train() -> Tensor:
    return torch.cat([cloth(cls, 0, 14) for cls in CLASSES])


def held() -> Tensor:
    return torch.cat([cloth(cls, 100, 12) for cls in CLASSES])


@cache
def strangers() -> copies.Matches:
    """Held-out flowers and leaves, and what is nearest to them."""
    return gallery().nearest(held()[:24])


def flowers() -> np.ndarray:
    """Which of the training pictures are no stripes."""
    return np.arange(28)


def doings() -> dict:
    rng = np.random.default_rng(0)
    return {
        "nothing": lambda x: x,
        "a quarter turn": lambda x: torch.rot90(x, 1, (2, 3)),
        "a mirror and a turn": lambda x: torch.rot90(x.flip(3), 3, (2, 3)),
        "a shift": lambda x: x.roll((37, 71), (2, 3)),
        "a crop": lambda x: x[:, :, 20:70, 31:81],  # just over half of the side
        "a crop, shifted and turned": lambda x: x[:, :, 20:80, 31:91].roll((11, 40), (2, 3)).transpose(2, 3),
        "an inversion": lambda x: 255 - x,
        "channels exchanged": lambda x: x[:, [2, 0, 1]],
        "gamma": lambda x: (255 * (x / 255) ** 0.6).round().to(torch.uint8),
        "noise": lambda x: (x + torch.from_numpy(rng.normal(0, 6, x.shape))).round().clamp(0, 255).to(torch.uint8),
        "another size": lambda x: (copies._square(x, 41) * 255).round().to(torch.uint8),
    }


@pytest.mark.parametrize("doing", doings())
def test_a_copy_is_found_whatever_was_done_to_it(doing):
    some = flowers()[::3]
    found, other = gallery().nearest(doings()[doing](train()[some])), strangers()
    assert found.index.tolist() == some.tolist()
    assert np.median(found.distance) < 0.5 * np.median(other.distance)
    assert found.bits.min() > np.quantile(other.bits, 0.9)
    assert np.median(found.bits) > 2 * other.bits.max()


def test_the_crop_is_laid_out_where_it_was_cut():
    picture = cloth("floral", 3, 1)
    found = copies.Gallery(train()).nearest(picture[:, :, 12:76, 22:86].roll((5, 50), (2, 3)).rot90(1, (2, 3)))
    assert found.index[0] == 3
    assert abs(found.size[0] - 96) <= 1
    shown = copies.aligned(picture[0], found, 0).float()
    sample = picture[:, :, 12:76, 22:86].roll((5, 50), (2, 3)).rot90(1, (2, 3))
    large = copies._square(sample, copies.LARGEST)[0] * 255
    apart = (shown - large).abs().mean()
    assert apart < 0.4 * (large - large.mean((1, 2), keepdim=True)).abs().mean()


def test_planted_copies_are_the_same_each_time_and_show_what_they_say():
    one, two = (copies.plant(train(), flowers(), 64, seed=5) for _ in range(2))
    assert torch.equal(one.images, two.images)
    assert not torch.equal(one.images, copies.plant(train(), flowers(), 64, seed=6).images)
    assert one.images.shape == (28, 3, 64, 64)
    assert ((one.crop >= 0.5) & (one.crop <= 1)).all()
    assert set(one.change) == set(range(len(copies.CHANGES)))


def test_planted_copies_are_found_and_other_cloth_is_not():
    planted = copies.plant(train(), flowers(), 64, seed=2)
    found, threshold = gallery().nearest(planted.images), copies.threshold_of(strangers().bits)
    caught = (found.index == planted.index) & (found.bits > threshold)
    assert (found.index == planted.index).mean() >= 26 / 28
    assert caught.mean() >= 23 / 28  # few strangers, and of two classes, set a high threshold
    others = gallery().nearest(torch.cat([cloth("floral", 300, 10), cloth("leaves", 300, 10)]))
    assert (others.bits <= threshold).all()


def test_check_names_the_copies_and_does_not_judge_stripes():
    fake = torch.cat([cloth(cls, 200, 5) for cls in CLASSES])
    fake[3] = train()[9].flip(2)
    fake[7] = 255 - train()[20].roll((9, 30), (1, 2))
    labels = [np.repeat([0, 1, 2], n) for n in (5, 14, 12)]
    report = copies.check(fake, train(), held(), tuple(labels), CLASSES, seed=0)
    told = report.json()
    assert json.loads(json.dumps(told)) == told
    assert {(pair["sample"], pair["train"]) for pair in told["closest"][:2]} == {(3, 9), (7, 20)}
    floral, leaves, striped = (report.by_class[cls] for cls in CLASSES)
    assert (floral.undecidable, leaves.undecidable) == (None, None)
    assert (floral.suspicious, leaves.suspicious) == (1, 1)
    assert "planted copies" in striped.undecidable
    assert told["undecidable"].keys() == {"striped"}
    assert told["decidable"]["n"] == 10
    assert told["decidable"]["suspicious"]["share"] == 2 / 10
    assert told["by_class"]["striped"]["decidable"] is False
    assert report.sheet(fake, train()).width > 7 * copies.LARGEST


def test_check_without_labels_is_of_one_class_and_the_samples_do_not_move_the_threshold():
    few, known = train()[:14], held()[:12]
    reports = [copies.check(fake, few, known, None, (), seed=0) for fake in (cloth("floral", 200, 4), few[:4])]
    assert [list(report.by_class) for report in reports] == [["all"], ["all"]]
    clean, stolen = (report.by_class["all"] for report in reports)
    assert clean.threshold == stolen.threshold
    assert (clean.suspicious, stolen.suspicious) == (0, 4)
    assert stolen.nearer_train == 4


def test_the_threshold_is_what_one_in_a_thousand_passes():
    rng = np.random.default_rng(0)

    def passed(draw) -> float:
        return float(np.mean([np.mean(draw(20_000) > copies.threshold_of(draw(60))) for _ in range(200)]))

    assert passed(lambda n: rng.exponential(4, n)) < 0.001
    # evidence of cloths that share a style has a heavier tail
    assert 0.0002 < passed(lambda n: rng.lognormal(2, 0.75, n)) < 0.003
    assert copies.threshold_of(np.ones(9)) is None
    assert copies.threshold_of(np.array([1.0] * 30 + [500.0])) >= 500


def test_too_few_held_out_pictures_are_said_to_be_too_few():
    labels = (np.zeros(2, int), np.zeros(14, int), np.zeros(5, int))
    report = copies.check(train()[:2], train()[:14], held()[:5], labels, ("floral",), seed=0)
    assert "5 held-out pictures are too few" in report.by_class["floral"].undecidable
    assert report.by_class["floral"].suspicious == 0
    with pytest.raises(SelvedgeError, match="0 held-out pictures"):
        copies.check(train()[:2], train(), held()[:0], None, CLASSES, seed=0)
    with pytest.raises(SelvedgeError, match="2 samples with 3 labels"):
        copies.check(train()[:2], train(), held(), (np.zeros(3), np.zeros(42), np.zeros(36)), CLASSES, seed=0)
