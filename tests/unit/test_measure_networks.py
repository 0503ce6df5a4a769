"""`selvedge measure upscaler` and `measure segmenter`: numbers that can be checked by hand, and files that are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from selvedge.errors import BadBundle, BadImage, SelvedgeError
from training.evaluation import networks
from training.evaluation.masks import boundary_f, overlap
from training.models.bundle import Bundle
from training.models.kinds import Segmenter, Upscaler
from training.models.srresnet import SRResNet


class Bicubic(Upscaler):
    """What an upscaler is compared with, `shift` grey levels too bright."""

    def __init__(self, shift: float = 0) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, low: Tensor, wrap: bool = True) -> Tensor:
        return F.interpolate(low, scale_factor=4, mode="bicubic", align_corners=False) + self.shift / 127.5


class White(Segmenter):
    """Takes what is white for the garment."""

    def __init__(self) -> None:
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1] * self.sharp


def upscaler(network: nn.Module) -> Bundle:
    return Bundle(network.eval(), {"family": "srresnet", "sha256": "a" * 64})


def segmenter(size: int = 64) -> Bundle:
    return Bundle(White(), {"family": "unet", "sha256": "b" * 64, "size": size})


def cloth(seed: int, size: tuple[int, int] = (48, 40)) -> Image.Image:
    cells = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)


def folder(root: Path, seeds: range, sizes: tuple = ((48, 40),)) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        cloth(seed, sizes[seed % len(sizes)]).save(root / f"{seed:03d}.png")
    return root


def garment(root: Path, name: str, wide: int, found: int | None = None) -> None:
    """A mask of the left `wide` of 64 columns, and a photo that is white in the left `found` of them."""
    root.mkdir(parents=True, exist_ok=True)
    for ending, columns in (("_mask", wide), ("", wide if found is None else found)):
        picture = Image.new("L", (64, 64))
        picture.paste(255, (0, 0, columns, 64))
        picture.save(root / f"{name}{ending}.png")


# ---- the upscaler --------------------------------------------------------------------------------------------------------


def test_bicubic_gains_nothing_over_bicubic(tmp_path) -> None:
    found = networks.upscaler(folder(tmp_path / "p", range(6)), upscaler(Bicubic()))
    gain = found["gain"]
    assert (gain["value"], gain["low"], gain["high"], gain["n"]) == (0, 0, 0, 6)
    assert found["psnr_y"]["value"] == found["psnr_y_bicubic"]["value"]
    json.dumps(found)  # plain values throughout


def test_a_known_error_has_its_known_decibels(tmp_path) -> None:
    (tmp_path / "grey").mkdir()
    for number in range(3):
        Image.new("RGB", (50, 35), (90 + number,) * 3).save(tmp_path / f"grey/{number}.png")
    found = networks.upscaler(tmp_path / "grey", upscaler(Bicubic(shift=10)))
    # ten grey levels are 10 x 219 / 255 of luma
    assert found["psnr_y"]["value"] == pytest.approx(20 * np.log10(255 / (10 * 219 / 255)), abs=0.01)
    assert found["gain"]["high"] < 0


def test_an_interval_holds_the_mean_and_names_the_worst_file(tmp_path) -> None:
    found = networks.upscaler(folder(tmp_path / "p", range(9)), upscaler(Bicubic(shift=4)))
    for name in ("psnr_y", "psnr_y_bicubic", "gain"):
        score = found[name]
        assert score["low"] < score["value"] < score["high"]
        assert score["worst"]["value"] < score["value"]
    alone = tmp_path / "alone"
    alone.mkdir()
    worst = found["psnr_y"]["worst"]
    (tmp_path / "p" / worst["file"]).rename(alone / "x.png")
    one = networks.upscaler(alone, upscaler(Bicubic(shift=4)))["psnr_y"]
    assert one["value"] == pytest.approx(worst["value"], abs=1e-4)
    assert one["low"] is None and one["high"] is None  # of one picture nothing is known of others


def test_names_and_order_of_files_say_nothing(tmp_path) -> None:
    torch.manual_seed(0)
    network = SRResNet(width=8, blocks=1)
    nn.init.normal_(network.tail.weight, std=0.05)
    sizes = ((48, 40), (32, 32), (61, 45))  # they go through the network in groups
    first = networks.upscaler(folder(tmp_path / "p", range(9), sizes), upscaler(network))
    (tmp_path / "q").mkdir()
    for seed in range(9):
        cloth(seed, sizes[seed % 3]).save(tmp_path / "q" / f"{8 - seed}.bmp")
    again = networks.upscaler(tmp_path / "q", upscaler(network))
    for name in ("psnr_y", "gain"):
        for key in ("value", "low", "high"):
            assert again[name][key] == pytest.approx(first[name][key], abs=1e-3)


def test_class_folders_give_scores_by_class(tmp_path) -> None:
    for start, cls in ((0, "dotted"), (4, "striped")):
        folder(tmp_path / "p" / cls, range(start, start + 4))
    found = networks.upscaler(tmp_path / "p", upscaler(Bicubic(shift=3)))
    parts = [found["by_class"][cls]["psnr_y"] for cls in ("dotted", "striped")]
    assert [part["n"] for part in parts] == [4, 4]
    assert sum(part["value"] for part in parts) / 2 == pytest.approx(found["psnr_y"]["value"])
    assert found["psnr_y"]["worst"]["file"].split("/")[0] in ("dotted", "striped")
    titles = [row["score"] for row in networks.rows(found)]
    assert titles[:3] == ["psnr_y", "psnr_y_bicubic", "gain"] and "gain, striped" in titles


def test_pictures_that_cannot_be_restored_are_all_named(tmp_path, monkeypatch) -> None:
    root = folder(tmp_path / "p", range(2))
    cloth(1, (31, 90)).save(root / "thin.png")
    (root / "broken.jpg").write_bytes(b"\xff\xd8 no")
    monkeypatch.setattr(networks, "MOST", 5000)
    cloth(2, (80, 80)).save(root / "huge.png")
    with pytest.raises(BadImage) as error:
        networks.upscaler(root, upscaler(Bicubic()))
    text = str(error.value)
    assert "thin.png: 31x90 is too small" in text and "broken.jpg" in text and "huge.png: 80x80 is more than" in text
    with pytest.raises(SelvedgeError, match="nowhere: is no folder"):
        networks.upscaler(tmp_path / "nowhere", upscaler(Bicubic()))


def test_a_model_of_another_kind_is_refused(tmp_path) -> None:
    with pytest.raises(BadBundle, match="is a unet, no upscaler; name a directory that `selvedge train upscaler` made"):
        networks.upscaler(tmp_path, segmenter())
    with pytest.raises(BadBundle, match="is a srresnet, no segmenter"):
        networks.segmenter(tmp_path, upscaler(Bicubic()))


# ---- the segmenter -------------------------------------------------------------------------------------------------------


def test_a_perfect_segmenter_scores_one(tmp_path) -> None:
    for number, wide in enumerate((20, 32, 44)):
        garment(tmp_path / "g", f"shirt_{number}", wide)
    found = networks.segmenter(tmp_path / "g", segmenter())
    for name in ("iou", "precision", "recall", "boundary_f"):
        assert (found[name]["value"], found[name]["low"], found[name]["high"]) == (1, 1, 1)
        assert found[name]["n"] == 3


def test_masks_too_wide_and_too_narrow_score_by_hand(tmp_path) -> None:
    garment(tmp_path / "g", "wide", 20, 40)
    garment(tmp_path / "g", "narrow", 40, 20)
    garment(tmp_path / "g", "good", 32)
    found = networks.segmenter(tmp_path / "g", segmenter())
    assert found["iou"]["value"] == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert found["precision"]["worst"] == {"value": 0.5, "file": "wide.png"}
    assert found["recall"]["worst"] == {"value": 0.5, "file": "narrow.png"}
    assert found["boundary_f"]["worst"]["value"] == 0
    assert found["iou"]["low"] <= found["iou"]["value"] <= found["iou"]["high"]
    assert [row["score"] for row in networks.rows(found)] == ["iou", "precision", "recall", "boundary_f"]
    json.dumps(found)


def test_an_outline_may_be_a_pixel_off_and_no_more() -> None:
    def square(left: int) -> Tensor:
        mask = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
        mask[..., 20:40, left : left + 20] = True
        return mask

    shifted = torch.cat([boundary_f(square(20 + by), square(20)) for by in (0, 1, 6)])
    # the reach at 64x64 is a pixel: shifted by six, two sides of four are apart, less six pixels of each of the others
    assert shifted[:2].tolist() == [1, 1]
    assert 0.2 < shifted[2] < 0.6
    nothing = torch.zeros_like(square(0))
    assert boundary_f(nothing, square(20)).item() == 0
    assert {name: value.item() for name, value in overlap(nothing, square(20)).items()} == {
        **{"iou": 0, "precision": 0, "recall": 0}
    }


def test_pairs_that_cannot_be_measured_are_all_named(tmp_path) -> None:
    root = tmp_path / "g"
    for name in ("good", "alone", "empty", "other"):
        garment(root, name, 0 if name == "empty" else 30)
    (root / "alone_mask.png").unlink()
    Image.new("L", (64, 20), 255).save(root / "other_mask.png")
    with pytest.raises(BadImage) as error:
        networks.segmenter(root, segmenter())
    text = str(error.value)
    assert "alone.png: its mask alone_mask.png is missing" in text and "good" not in text
    assert "empty.png: its mask has no white" in text
    assert "other_mask.png: is 64x20, its photo 64x64" in text
    (tmp_path / "none").mkdir()
    with pytest.raises(SelvedgeError, match="none: holds no garment"):
        networks.segmenter(tmp_path / "none", segmenter())


# ---- the interval --------------------------------------------------------------------------------------------------------


def test_the_interval_covers_at_small_n() -> None:
    """Of 300 sets of six skewed values at least 85 % hold the truth; a plain percentile interval holds it in about 83 %."""
    rng, files = np.random.default_rng(0), np.array(list("abcdef"))
    held = 0
    for _ in range(300):
        score = networks._scores({"x": rng.gamma(4, size=6)}, files, 0, 200)["x"]
        held += score["low"] <= 4 <= score["high"]
    assert held >= 0.85 * 300
