"""Drawn cloth against real cloth: the measure says what it should on sets whose answer is known."""

import numpy as np
import pytest
import torch
from PIL import Image

from drawing.textiles import render
from drawing.worn import render_worn
from selvedge.errors import SelvedgeError
from studies import common, transfer


def test_accuracy_is_the_mean_over_classes_and_its_interval_counts_cloths_not_pictures():
    labels = np.repeat([0, 0, 1, 1], 8)  # four cloths of eight pictures
    groups = np.repeat(["a", "b", "c", "d"], 8)
    right = np.repeat([True, False, True, True], 8)
    told = common.accuracy(right, labels, groups)
    assert told["accuracy"] == pytest.approx(0.75)
    assert told["by_class"] == {0: 0.5, 1: 1.0}
    assert told["interval"] == [pytest.approx(0.5), pytest.approx(1.0)]  # one cloth more or less
    alone = common.accuracy(right, labels, np.arange(32).astype(str))
    assert alone["interval"][1] - alone["interval"][0] < 0.3


def test_a_network_from_nothing_tells_stripes_from_dots(tmp_path, capsys):
    torch.manual_seed(0)
    lines = torch.zeros(64, 3, 40, 40, dtype=torch.uint8)
    lines[:, :, :, ::8] = lines[:, :, :, 1::8] = 255
    dots = torch.zeros(64, 3, 40, 40, dtype=torch.uint8)
    dots[:, :, ::8, ::8] = dots[:, :, 1::8, 1::8] = 255
    images, labels = torch.cat([lines, dots]), torch.tensor([0] * 64 + [1] * 64)
    judge = transfer.train(images, labels, classes=2, size=32, width=8, seen=960, batch=16, lr=4e-3, seed=1)
    told = common.predict(judge, images, [0, 1], 32)
    assert (told == labels).float().mean() > 0.9
    assert "images/s" in capsys.readouterr().out


def test_folders_are_read_by_name_and_an_empty_one_is_named(tmp_path):
    for folder, count in (("stripes", 3), ("zig zag", 4)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            Image.new("RGB", (20, 20), (i, 0, 0)).save(tmp_path / folder / f"{i}.png")
    images, labels, groups, classes = common.read(tmp_path, {"striped": "stripes", "zigzag": "zig zag"}, 16, run=2)
    assert images.shape == (7, 3, 16, 16)
    assert classes == ["striped", "zigzag"]
    assert labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert groups.tolist() == [f"striped/{i}" for i in (0, 0, 1)] + [f"zigzag/{i}" for i in (0, 0, 1, 1)]
    (tmp_path / "none").mkdir()
    with pytest.raises(SelvedgeError, match="none"):
        common.read(tmp_path, {"dotted": "none"}, 16, run=1)
    with pytest.raises(SelvedgeError, match="selvedge draw textiles"):
        common.read_drawn(tmp_path / "none", 16)


@pytest.mark.parametrize("cls", ["floral", "striped"])
def test_a_worn_textile_is_the_same_each_time_and_keeps_its_attributes(cls):
    one, two = render_worn(cls, 4, 96), render_worn(cls, 4, 96)
    assert one.image.size == (96, 96)
    assert one.image.tobytes() == two.image.tobytes()
    plain = render(cls, 4, 96, "tile").attributes
    assert one.attributes["colours"] == plain["colours"]
    assert one.attributes["garment"] in ("dress", "t-shirt", "skirt", "shirt", "coat")
