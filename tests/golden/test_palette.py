"""Colour distances against the published table, and colours that are known because they were painted."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selvedge.errors import SelvedgeError
from training.evaluation.palette import ciede2000, error, lab_to_srgb, main_colours, of_files, srgb_to_lab

# Sharma, Wu, Dalal: "The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and mathematical
# observations", Color Research and Application 30 (2005), table 1: L1 a1 b1 L2 a2 b2 and the difference, all 34 pairs.
TABLE = """
50.0000   2.6772 -79.7751 50.0000   0.0000 -82.7485  2.0425
50.0000   3.1571 -77.2803 50.0000   0.0000 -82.7485  2.8615
50.0000   2.8361 -74.0200 50.0000   0.0000 -82.7485  3.4412
50.0000  -1.3802 -84.2814 50.0000   0.0000 -82.7485  1.0000
50.0000  -1.1848 -84.8006 50.0000   0.0000 -82.7485  1.0000
50.0000  -0.9009 -85.5211 50.0000   0.0000 -82.7485  1.0000
50.0000   0.0000   0.0000 50.0000  -1.0000   2.0000  2.3669
50.0000  -1.0000   2.0000 50.0000   0.0000   0.0000  2.3669
50.0000   2.4900  -0.0010 50.0000  -2.4900   0.0009  7.1792
50.0000   2.4900  -0.0010 50.0000  -2.4900   0.0010  7.1792
50.0000   2.4900  -0.0010 50.0000  -2.4900   0.0011  7.2195
50.0000   2.4900  -0.0010 50.0000  -2.4900   0.0012  7.2195
50.0000  -0.0010   2.4900 50.0000   0.0009  -2.4900  4.8045
50.0000  -0.0010   2.4900 50.0000   0.0010  -2.4900  4.8045
50.0000  -0.0010   2.4900 50.0000   0.0011  -2.4900  4.7461
50.0000   2.5000   0.0000 50.0000   0.0000  -2.5000  4.3065
50.0000   2.5000   0.0000 73.0000  25.0000 -18.0000 27.1492
50.0000   2.5000   0.0000 61.0000  -5.0000  29.0000 22.8977
50.0000   2.5000   0.0000 56.0000 -27.0000  -3.0000 31.9030
50.0000   2.5000   0.0000 58.0000  24.0000  15.0000 19.4535
50.0000   2.5000   0.0000 50.0000   3.1736   0.5854  1.0000
50.0000   2.5000   0.0000 50.0000   3.2972   0.0000  1.0000
50.0000   2.5000   0.0000 50.0000   1.8634   0.5757  1.0000
50.0000   2.5000   0.0000 50.0000   3.2592   0.3350  1.0000
60.2574 -34.0099  36.2677 60.4626 -34.1751  39.4387  1.2644
63.0109 -31.0961  -5.8663 62.8187 -29.7946  -4.0864  1.2630
61.2901   3.7196  -5.3901 61.4292   2.2480  -4.9620  1.8731
35.0831 -44.1164   3.7933 35.0232 -40.0716   1.5901  1.8645
22.7233  20.0904 -46.6940 23.0331  14.9730 -42.5619  2.0373
36.4612  47.8580  18.3852 36.2715  50.5065  21.2231  1.4146
90.8027  -2.0831   1.4410 91.1528  -1.6435   0.0447  1.4441
90.9257  -0.5406  -0.9208 88.6381  -0.8985  -0.7239  1.5381
 6.7747  -0.2908  -2.4247  5.8714  -0.0985  -2.2286  0.6377
 2.0776   0.0795  -1.1350  0.9033  -0.0636  -0.5514  0.9082
"""
PAIRS = np.array([line.split() for line in TABLE.split("\n") if line], dtype=float)


def test_ciede2000_is_that_of_the_published_table_to_its_last_digit():
    assert PAIRS.shape == (34, 7)
    one, two, published = PAIRS[:, :3], PAIRS[:, 3:6], PAIRS[:, 6]
    assert ciede2000(one, two).round(4).tolist() == published.tolist()
    assert ciede2000(two, one) == pytest.approx(ciede2000(one, two), abs=1e-12)


def test_ciede2000_broadcasts_and_is_nothing_between_equals():
    found = ciede2000(PAIRS[:5, None, :3], PAIRS[None, :7, :3])
    assert found.shape == (5, 7)
    assert np.diag(found[:5, :5]).tolist() == [0.0] * 5


def test_lab_of_known_colours():
    """White, black and grey by definition; red, green, blue as Lindbloom's calculator gives them for sRGB and D65."""
    known = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (119, 119, 119): (50.03, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
    }
    for rgb, lab in known.items():
        assert srgb_to_lab(rgb) == pytest.approx(np.array(lab), abs=0.02)


def test_lab_goes_back_to_the_same_bytes():
    colours = np.random.default_rng(0).integers(0, 256, (500, 3))
    assert (lab_to_srgb(srgb_to_lab(colours)) == colours).all()


def painted(*areas: tuple[tuple[int, int, int], int], noise: float = 0.0) -> np.ndarray:
    """A picture of 100 rows in bands of so many rows each."""
    rows = np.concatenate([np.tile(np.array(colour, dtype=float), (count, 60, 1)) for colour, count in areas])
    rows += np.random.default_rng(0).normal(0, noise, rows.shape)
    return rows.clip(0, 255).round().astype(np.uint8)


def test_main_colours_are_the_painted_ones_largest_first():
    picture = painted(((200, 30, 40), 60), ((20, 40, 120), 30), ((240, 230, 200), 10), noise=4)
    colours, shares = main_colours(picture, 3)
    assert shares == pytest.approx(np.array([0.6, 0.3, 0.1]), abs=0.01)
    assert ciede2000(colours, srgb_to_lab([(200, 30, 40), (20, 40, 120), (240, 230, 200)])).max() < 0.5
    for same in (Image.fromarray(picture), torch.from_numpy(picture).permute(2, 0, 1), picture.transpose(1, 0, 2)):
        assert main_colours(same, 3)[0] == pytest.approx(colours, abs=1e-9)


def test_a_plain_picture_has_one_colour_however_many_are_looked_for():
    colours, shares = main_colours(painted(((10, 200, 90), 100)), 5)
    assert colours.shape == (1, 3)
    assert shares.tolist() == [1.0]


def test_the_error_is_nothing_where_the_colours_are_those_asked_for_in_any_order():
    picture = painted(((200, 30, 40), 70), ((20, 40, 120), 30))
    found = error(picture, ["#142878", "#c81e28"])
    assert found["mean"] == pytest.approx(0, abs=1e-6)
    assert found["worst"] == pytest.approx(0, abs=1e-6)
    assert [(pair["found"], pair["share"]) for pair in found["pairs"]] == [("#142878", 0.3), ("#c81e28", 0.7)]


def test_the_error_weighs_by_area_and_names_the_worst():
    picture = painted(((200, 30, 40), 90), ((20, 40, 120), 10))
    found = error(picture, ["#c81e28", "#ffffff"])  # white was asked for, navy came
    expected = float(ciede2000(srgb_to_lab((255, 255, 255)), srgb_to_lab((20, 40, 120))))
    assert found["worst"] == pytest.approx(expected)
    assert found["mean"] == pytest.approx(0.1 * expected)


def test_a_colour_that_is_missing_is_the_worst():
    found = error(painted(((255, 255, 255), 100)), ["#ffffff", "#000000"])
    assert found["mean"] == pytest.approx(0, abs=1e-6)
    assert found["worst"] == pytest.approx(100, abs=0.01)  # black against white
    assert [pair["share"] for pair in found["pairs"]] == [1.0, 0.0]


def test_mistakes_are_named():
    picture = painted(((1, 2, 3), 100))
    with pytest.raises(SelvedgeError, match="'red': write it as"):
        error(picture, ["red"])
    with pytest.raises(SelvedgeError, match="no colour was asked for"):
        error(picture, [])
    with pytest.raises(SelvedgeError, match="uint8 is needed"):
        main_colours(picture.astype(float), 2)
    with pytest.raises(SelvedgeError, match="k is 0"):
        main_colours(picture, 0)


def test_files_and_folders_are_asked_alike_and_what_is_no_picture_is_named(tmp_path) -> None:
    for name, colour in (("a", (27, 42, 73)), ("b", (242, 233, 220))):
        Image.new("RGB", (16, 16), colour).save(tmp_path / f"{name}.png")
    rows = of_files([tmp_path, tmp_path / "b.png"], ["#1b2a49"])
    assert [Path(row["picture"]).name for row in rows] == ["a.png", "b.png", "b.png"]
    assert rows[0]["mean"] == 0
    assert rows[1]["mean"] == rows[2]["mean"] > 50
    assert "#f2e9dc (100%) for #1b2a49" in rows[1]["found"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SelvedgeError, match="empty: holds no picture"):
        of_files([tmp_path / "empty"], ["#1b2a49"])
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(SelvedgeError, match=r"c\.png: is not a picture"):
        of_files([tmp_path], ["#1b2a49"])
