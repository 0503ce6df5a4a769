"""The copy alarm: copies are found whatever was done to them, other cloth is not taken for one, and plain cloth is not judged."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from drawing.textiles import render
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image
from training.evaluation import copies, page
from training.evaluation.evaluate import figures, report, summary

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


def test_colours_that_stand_for_colours_explain_and_other_drawings_do_not():
    generator = torch.Generator().manual_seed(0)
    side = copies.SIDE
    one, two = F.interpolate(torch.randn(2, 1, 8, 8, generator=generator), (side, side), mode="bicubic")[:, 0]
    dyes, others = torch.rand(2, 5, 3, generator=generator)
    others[3] = others[1]  # two old colours become one
    printed = [
        table[field.mul(1.5).round().clamp(-2, 2).long() + 2].permute(2, 0, 1)
        for table, field in ((dyes, one), (others, one), (others, two))
    ]
    assert copies._colours_explain(printed[0], printed[1]) > 0.9
    assert copies._colours_explain(printed[0], printed[2]) < 0.3
    grain = 0.5 + torch.randn(3, side, side, generator=generator) * 0.015
    assert copies._colours_explain(printed[0], grain) < 0.05


def test_planted_copies_show_their_drawing():
    picture = np.full((96, 96, 3), 200, np.uint8)
    picture[60:80, 60:80] = 20  # all of the drawing in one place
    rng = np.random.default_rng(0)
    shown = [np.ptp(cv2.GaussianBlur(copies._copy(picture, 64, rng)[0], (0, 0), 1)) > 60 for _ in range(60)]
    assert np.mean(shown) > 0.9  # of crops as they come it is five of six


def test_planted_copies_are_found_and_other_cloth_is_not():
    planted = copies.plant(train(), flowers(), 64, seed=2)
    found = gallery().nearest(planted.images)
    threshold = copies.threshold_of(strangers().bits, np.zeros(0))
    caught = (found.index == planted.index) & (found.bits > threshold)
    assert (found.index == planted.index).mean() >= 26 / 28
    assert caught.mean() >= 26 / 28
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


def test_without_copies_the_threshold_is_what_one_in_a_thousand_passes():
    rng = np.random.default_rng(0)
    none = np.zeros(0)
    passed = [
        np.mean(rng.exponential(4, 20_000) > copies.threshold_of(rng.exponential(4, 60), none)) for _ in range(200)
    ]
    assert 0.0002 < np.mean(passed) < 0.003
    assert copies.threshold_of(np.ones(9), none) is None
    assert copies.threshold_of(np.array([1.0] * 30 + [500.0]), none) >= 500


def test_the_threshold_is_the_middle_between_other_cloth_and_copies():
    others, planted = np.full(20, 10.0), np.array([3.0, *np.full(99, 90.0)])
    assert copies.threshold_of(others, planted) == pytest.approx(30)  # one copy of 100 may be lost
    planted[:2] = 3
    assert copies.threshold_of(others, planted) == pytest.approx(10)  # two may not


def test_too_few_held_out_pictures_are_said_to_be_too_few():
    labels = (np.zeros(2, int), np.zeros(14, int), np.zeros(5, int))
    report = copies.check(train()[:2], train()[:14], held()[:5], labels, ("floral",), seed=0)
    assert "5 held-out pictures are too few" in report.by_class["floral"].undecidable
    assert report.by_class["floral"].suspicious == 0
    with pytest.raises(SelvedgeError, match="0 held-out pictures"):
        copies.check(train()[:2], train(), held()[:0], None, CLASSES, seed=0)
    with pytest.raises(SelvedgeError, match="2 samples with 3 labels"):
        copies.check(train()[:2], train(), held(), (np.zeros(3), np.zeros(42), np.zeros(36)), CLASSES, seed=0)


def test_a_copy_counts_as_found_in_whichever_picture_of_its_cloth() -> None:
    """Training data hold a cloth as it is and turned; which of the two a copy is found in is no matter."""
    twice = torch.cat([train()[:14], torch.rot90(train()[:14], 1, (2, 3))])
    labels, sets = (np.zeros(2, int), np.zeros(28, int), np.zeros(12, int)), (train()[:2], twice, held()[:12])
    alone = copies.check(*sets, labels, ("floral",), seed=0).by_class["floral"]
    assert "of 12 planted copies stand out from other cloth, 99% are needed" in alone.undecidable
    found = copies.check(*sets, labels, ("floral",), seed=0, cloth=np.tile(np.arange(14), 2)).by_class["floral"]
    assert found.undecidable is None
    assert found.recall["share"] == 1


def test_as_many_copies_are_planted_however_few_pictures_there_are() -> None:
    labels = (np.zeros(2, int), np.zeros(5, int), np.zeros(12, int))
    report = copies.check(train()[:2], train()[:5], held()[:12], labels, ("floral",), seed=0)
    assert report.by_class["floral"].recall["n"] == copies.PLANTED


# ---- what is said of it ------------------------------------------------------------------------------------------------


def told(undecidable: tuple[str, ...]) -> dict:
    """What the report holds of four classes of 50 samples."""
    some = {
        cls: copies.ClassReport(50, 30, 20.0, {}, 0, 0, [], "too like" if cls in undecidable else None)
        for cls in ("plain", "dots", "checks", "leaves")
    }
    none = copies.Matches(*(np.zeros((200, 2)) if name in ("shift", "origin") else np.zeros(200) for name in MATCH))
    return {**copies.CopyReport(some, 100, 50, 1, none, none, torch.zeros(1)).json(), "fired": False, "p": 1.0}


MATCH = copies.Matches.__dataclass_fields__


def evaluated(**more: object) -> dict:
    """As much of an evaluation as its words are made of."""
    patterns = {"scores": {}, "left_out": {}, "extractor": "pattern@1", "n": 50, "sampling_seeds": 2, "n_real": 60}
    patterns |= {"alarms": [{"alarm": "blur", "fired": False}], "seams": {"promised": False}, "diversity": {}, **more}
    upscaler = {"psnr_y": 26.0, "psnr_y_bicubic": 25.0, "gain": 1.0, "gain_low": 0.9, "gain_high": 1.1, "n": 60}
    return {"patterns": patterns, "upscaler": upscaler, "segmenter": {"iou": 0.7, "iou_worst": 0.5, "n": 9}}


@pytest.mark.parametrize(
    ("blind", "share", "says"),
    [
        (("plain", "dots", "checks", "leaves"), 0.0, "copies: nothing could be decided (4 of 4 classes undecidable)"),
        (("plain", "dots"), 0.5, "copies: decidable in 2 of 4 classes (checks, leaves)"),
        ((), 1.0, None),
    ],
)
def test_what_decided_nothing_is_told_as_such_and_not_as_quiet(blind: tuple[str, ...], share: float, says: str) -> None:
    found = evaluated(copies=told(blind))
    assert figures(found)["patterns"]["copies_decidable"] == {"samples": share, "classes": share}
    lines = [line for line in summary(found) if line.startswith("BLIND")]
    assert lines == ([f"BLIND {says}"] if says else [])
    for cls in blind:
        assert f"- copies of {cls}: too like" in report(found)


def test_copies_that_nobody_looked_for_and_alarms_that_too_few_pictures_silenced_are_told() -> None:
    why = "alarms need 50 pictures in each set, there are 40"
    lines = summary(evaluated(alarms=[], left_out={"alarms": why}))
    assert "BLIND copies: nobody looked for them (evaluation.copy_samples is 0)" in lines
    assert f"BLIND alarms: nothing could be decided ({why})" in lines


@pytest.mark.parametrize("blind", [("plain", "dots", "checks", "leaves"), ("dots",), ()])
def test_the_page_shows_in_red_what_was_not_decided(blind: tuple[str, ...], tmp_path: Path) -> None:
    found = evaluated(copies=told(blind), model="m1", judge="j@1", by_class={}, calibration=None)
    found["patterns"]["alarms"], found["patterns"]["left_out"] = [], {"alarms": "too few"}
    found["patterns"]["seams"] = {"promised": False, "share": 0.0, "n": 8}
    pixel = encode_image(Image.new("RGB", (4, 4)), "png")
    names = ("patterns-candidate.jpg", "patterns-real.jpg", "upscaler.png", "segmenter.jpg", "copies.jpg")
    bench = SimpleNamespace(params=SimpleNamespace(evaluation=SimpleNamespace(size=64), classes=("plain", "dots")))
    page.write(tmp_path, bench, [page.Entry("candidate", {}, found)], dict.fromkeys(names, pixel))
    shown = (tmp_path / "index.html").read_text()
    assert '<li class="alarm">nothing could be decided: too few</li>' in shown
    assert (f'<li class="alarm"><b>training {copies.in_words(told(blind))}</b>' in shown) == bool(blind)
    assert ("<b>training copies</b>: quiet, 0.0 % of" in shown) == (len(blind) < 4)
    for cls in blind:
        assert f"<li>{cls}: too like</li>" in shown
