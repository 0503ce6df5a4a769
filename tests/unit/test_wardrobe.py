"""The drawn garments: what the catalogue, the segmenter and the try-on rely on."""

import json

import numpy as np
import pytest
from PIL import Image

from drawing.garments import items, wardrobe
from drawing.garments.items import PALETTE, Item, load_item
from drawing.garments.kinds import KINDS, LABEL_OF, PRESENTATIONS
from drawing.garments.recolour import recolour
from drawing.garments.wardrobe import draw_garments, plan
from selvedge.colour import linear_to_bytes, to_linear
from selvedge.errors import SelvedgeError

there = pytest.mark.skipif(not items.ITEMS.is_dir(), reason="drawing/garments/items is not drawn: make drawing")
each_kind = pytest.mark.parametrize("kind", KINDS)


def psnr(a, b, where) -> float:
    """Decibels between two 8-bit pictures over the pixels `where`."""
    apart = np.asarray(a, float)[where] - np.asarray(b, float)[where]
    return float(10 * np.log10(255**2 / max((apart**2).mean(), 1e-9)))


def handmade(textile=None) -> Item:
    """A grey sheet lit from the left on a dark ground, 1 mm a pixel, its lower rows a rib; exact by construction."""
    h, w = 96, 80
    mask = np.zeros((h, w), np.uint8)
    mask[10:86, 10:70] = 1
    garment, colour = mask == 1, (0.8, 0.8, 0.8)
    y, x = np.mgrid[0:h, 0:w] / 1000
    uv = np.stack([x, y[::-1]], -1).astype(np.float32)
    panel = np.where(garment & (np.arange(h)[:, None] < 80), 0, -1).astype(np.int16)
    uv[panel < 0] = np.nan
    shading = np.repeat((0.3 + 8 * x)[..., None], 3, -1).astype(np.float32) * garment[..., None]
    light = np.where(garment[..., None], to_linear(colour) * shading, 0.05)
    facts = {"kind": "t-shirt", "colour": list(colour), "textile": textile}
    return Item(linear_to_bytes(light), mask, uv, panel, shading, garment.astype(np.float32), facts)


# --- the nine that ship -------------------------------------------------------------------------------------------


@there
@each_kind
def test_an_item_is_whole(kind):
    item = load_item(kind)
    h, w = item.mask.shape
    assert (w, h) == (768, 1024)
    assert item.image.shape == (h, w, 3) and item.image.dtype == np.uint8
    assert set(np.unique(item.mask)) <= {0, PALETTE[LABEL_OF[kind]], PALETTE["stand"]}
    assert 0.12 < item.garment.mean() < 0.75  # it fills the frame, and leaves a ground
    assert item.attributes["kind"] == kind and item.attributes["licence"] == wardrobe.LICENCE


@there
@each_kind
def test_every_place_on_the_cloth_is_known(kind):
    item = load_item(kind)
    cloth = item.panel >= 0
    assert np.isfinite(item.uv[cloth]).all() and np.isnan(item.uv[~cloth]).all()
    assert item.garment[cloth].all()  # no place off the garment
    assert cloth.sum() > 0.7 * item.garment.sum()  # the rest is ribs, buttons and cords
    assert np.ptp(item.uv[cloth], axis=0).max() < 12  # metres on the bolt


@there
@each_kind
def test_light_falls_on_the_cloth_alone(kind):
    item = load_item(kind)
    assert item.shading.min() >= 0 and item.shading.max() < 4
    assert 0.15 < item.shading[item.panel >= 0].mean() < 1.1  # neither murky nor blown out
    assert (item.shading[item.weight == 0] == 0).all()
    assert (item.weight[item.panel >= 0] > 0).mean() > 0.999


@there
@each_kind
def test_the_picture_is_well_exposed(kind):
    item = load_item(kind)
    assert (item.image[item.garment].min(-1) >= 254).mean() < 0.01
    assert 60 < item.image.mean() < 225


@there
@each_kind
def test_diffuse_light_explains_the_picture(kind):
    """Cloth colour x shading is the picture but for its gloss and its grain: 24 dB and more."""
    item = load_item(kind)
    dye = to_linear(item.attributes["colour"])
    sure = (item.weight > 0.98) & (item.panel >= 0)
    assert psnr(linear_to_bytes(dye * item.shading), item.image, sure) > 24


@there
def test_the_nine_are_small():
    files = [path for path in items.ITEMS.iterdir() if path.suffix in (".jpg", ".png", ".npz", ".json")]
    assert len(files) == 4 * len(KINDS)
    assert sum(path.stat().st_size for path in files) <= 6_000_000


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(SelvedgeError, match="did you mean 'trousers'"):
        load_item("trouser")


# --- dyeing anew --------------------------------------------------------------------------------------------------


@there
@each_kind
def test_the_same_colour_gives_the_same_picture(kind):
    item = load_item(kind)
    again = recolour(item, item.attributes["colour"])
    assert psnr(again, item.image, np.ones_like(item.mask, bool)) > 50


@there
@each_kind
def test_other_colours_leave_the_ground_alone(kind):
    item = load_item(kind)
    red = np.asarray(recolour(item, (0.7, 0.1, 0.1)))
    outside = item.weight <= 0.004
    assert (red[outside] == item.image[outside]).all()
    inside = item.weight > 0.98
    assert (red[inside][:, 0].astype(int) > red[inside][:, 1].astype(int) + 20).mean() > 0.9


def test_a_sheet_dyed_anew_has_the_new_dye_under_the_old_light():
    item = handmade()
    for colour in ((0.2, 0.5, 0.7), (0.95, 0.9, 0.3), (0.03, 0.03, 0.03)):
        expected = linear_to_bytes(to_linear(colour) * item.shading)
        inside = (item.mask == 1) & (item.shading.mean(-1) < 0.8)
        assert psnr(recolour(item, colour), expected, inside) > 38


def test_a_print_lies_where_uv_says():
    """Stripes 10 mm wide on cloth at 1 mm a pixel come back as columns of 10 pixels, and repeat."""
    item = handmade()
    tile = Image.fromarray(np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), 8, 1).repeat(16, 0))
    red = np.asarray(recolour(item, tile, repeat=0.020))[:, :, 0].astype(int)
    row = red[40, 12:68]
    high = row > (row.max() + row.min()) / 2
    turns = np.flatnonzero(np.diff(high.astype(int)))
    assert np.abs(np.diff(turns) - 10).max() <= 1


def test_a_rib_takes_the_plain_colour():
    item = handmade()
    tile = Image.new("RGB", (8, 8), (0, 0, 255))
    picture = np.asarray(recolour(item, tile, 0.01, rib=(1.0, 0.0, 0.0)))
    assert picture[83, 40, 0] > 60 > picture[83, 40, 2]
    assert picture[40, 40, 2] > 60 > picture[40, 40, 0]


def test_recolouring_needs_a_repeat():
    with pytest.raises(SelvedgeError, match="repeat is 0"):
        recolour(handmade(), Image.new("RGB", (8, 8)), 0)


# --- files --------------------------------------------------------------------------------------------------------


def test_what_is_kept_comes_back(tmp_path):
    item = handmade()
    items.save_item(item, tmp_path, "sheet")
    again = items.read_item(tmp_path / "sheet.json")
    cloth = item.panel >= 0
    assert np.abs(again.uv[cloth] - item.uv[cloth]).max() <= items.STEP / 2 + 1e-6
    assert np.isnan(again.uv[~cloth]).all()
    assert (again.panel == item.panel).all() and (again.mask == item.mask).all()
    assert np.abs(again.shading - item.shading).max() < 0.04
    assert again.attributes == item.attributes


def test_a_torn_file_is_named(tmp_path):
    items.save_item(handmade(), tmp_path, "sheet")
    (tmp_path / "sheet_truth.npz").write_bytes(b"torn")
    with pytest.raises(SelvedgeError, match=r"sheet_truth\.npz: cannot be read"):
        items.read_item(tmp_path / "sheet.json")


# --- drawing ------------------------------------------------------------------------------------------------------


def test_a_plan_is_decided_by_seed_and_number():
    one = [plan(i, 7, KINDS) for i in range(18)]
    assert one == [plan(i, 7, KINDS) for i in range(18)]
    assert one != [plan(i, 8, KINDS) for i in range(18)]
    assert [order.kind for order in one] == [*KINDS, *KINDS]


def test_two_in_three_are_printed_and_half_are_busy():
    orders = [plan(i, 0, KINDS) for i in range(400)]
    assert 0.58 < np.mean([order.textile is not None for order in orders]) < 0.75
    assert 0.42 < np.mean([order.ground == "busy" for order in orders]) < 0.58
    assert {order.presentation for order in orders} == set(PRESENTATIONS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n": 0}, "n is 0"),
        ({"n": 1, "kinds": ["shirts"]}, "did you mean 'shirt'"),
        ({"n": 1, "presentations": ["hanged"]}, "unknown presentation"),
        ({"n": 1, "workers": 0}, "workers is 0"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, said, tmp_path):
    with pytest.raises(SelvedgeError, match=said):
        draw_garments(**arguments, out=tmp_path)


def test_without_blender_the_user_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("SELVEDGE_DRAW_PYTHON", str(tmp_path / "nowhere"))
    with pytest.raises(SelvedgeError, match="run `make drawing`"):
        draw_garments(1, out=tmp_path)


def test_what_is_complete_is_not_drawn_again(monkeypatch, tmp_path):
    """Nothing is left to draw, so no interpreter is asked for."""
    monkeypatch.setenv("SELVEDGE_DRAW_PYTHON", str(tmp_path / "nowhere"))
    for number in range(2):
        order = plan(number, 0, KINDS)
        facts = {"kind": order.kind, "order": order.seed, "size": [384, 512]}
        (tmp_path / f"{order.name}.json").write_text(json.dumps(facts))
    assert len(draw_garments(2, out=tmp_path)) == 2
    with pytest.raises(SelvedgeError, match="is another garment"):
        draw_garments(2, out=tmp_path, size=(192, 256))


STUB = """
import sys
sys.stderr.write("Blender says hello\\n")
sys.stdin.readline()
sys.exit("out of cloth")
"""


def test_a_worker_that_dies_is_told_by_garment(monkeypatch, tmp_path):
    """A worker that ends without an answer: each try starts another one, and then the garment is named."""
    stub = tmp_path / "python"
    stub.write_text(f"#!/bin/sh\nexec {__import__('sys').executable} -c '{STUB}'\n")
    stub.chmod(0o755)
    monkeypatch.setenv("SELVEDGE_DRAW_PYTHON", str(stub))
    with pytest.raises(
        SelvedgeError, match=r"1 of 1 garments .* t-shirt-00000: the drawing process ended: out of cloth"
    ):
        draw_garments(1, out=tmp_path / "out", progress=lambda line: None)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_garment_is_drawn_with_its_truth(tmp_path):
    try:
        wardrobe.drawing_python()
    except SelvedgeError as missing:
        pytest.skip(str(missing))
    lines: list[str] = []
    (path,) = draw_garments(
        1,
        kinds=["skirt"],
        out=tmp_path,
        size=(96, 128),
        workers=1,
        samples=4,
        presentations=["flat"],
        progress=lines.append,
    )
    item = items.read_item(path)
    assert item.garment.sum() > 1000
    assert np.isfinite(item.uv[item.panel >= 0]).all()
    assert "skirt-00000" in lines[-1]
