"""The demo's catalogue: the segmenter trains on these pictures and masks, the compositor prints on them."""

import cv2
import numpy as np
import pytest
from PIL import Image

from scrapers.demo import garments
from selvedge.errors import SelvedgeError

SIZE = (192, 256)  # half the catalogue's: the same drawing, sooner


@pytest.mark.parametrize("kind", garments.KINDS)
def test_same_call_same_bytes(kind):
    one, two = (garments.render_garment(kind, 3, SIZE, ground="busy") for _ in range(2))
    assert one.image.tobytes() == two.image.tobytes()
    assert one.mask.tobytes() == two.mask.tobytes()


@pytest.mark.parametrize("kind", garments.KINDS)
def test_mask_is_one_garment_of_fair_size(kind):
    for seed in range(8):
        mask = np.asarray(garments.render_garment(kind, seed, SIZE).mask)
        assert set(np.unique(mask)) == {0, 255}
        assert 0.10 <= (mask > 0).mean() <= 0.75
        areas = cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_AREA]
        assert areas.max() >= 0.99 * areas.sum()


@pytest.mark.parametrize("kind", [kind for kind in garments.KINDS if kind != "bag"])
def test_no_hole_in_the_cloth(kind):
    """Only a bag, between its handles, encloses ground; an armhole or neck that does not close would show here.

    Where a sleeve touches the body below the armpit a speck of ground may rightly show between them.
    """
    for seed in range(8):
        mask = np.asarray(garments.render_garment(kind, seed, SIZE).mask)
        ground = cv2.connectedComponentsWithStats(255 - mask, connectivity=4)[2][1:, cv2.CC_STAT_AREA]
        assert ground.sum() - ground.max() <= 20


@pytest.mark.parametrize("kind", garments.KINDS)
def test_seeds_cut_differently(kind):
    masks = {garments.render_garment(kind, seed, SIZE).mask.tobytes() for seed in range(4)}
    assert len(masks) == 4


@pytest.mark.parametrize("size", [(384, 512), (200, 200), (300, 160)])
def test_size_is_honoured(size):
    garment = garments.render_garment("coat", 0, size)
    assert (garment.image.size, garment.image.mode) == (size, "RGB")
    assert (garment.mask.size, garment.mask.mode) == (size, "L")


@pytest.mark.parametrize("ground", garments.GROUNDS)
def test_a_textile_changes_the_garment_and_nothing_else(ground):
    textile = Image.new("RGB", (20, 20), "#c9252f")
    plain = garments.render_garment("dress", 5, SIZE, ground=ground)
    printed = garments.render_garment("dress", 5, SIZE, textile, ground)
    assert plain.mask.tobytes() == printed.mask.tobytes()
    near = cv2.dilate(np.asarray(plain.mask), np.ones((5, 5))) > 0  # an edge's pixels hold a little of both
    difference = np.abs(np.asarray(plain.image, dtype=int) - np.asarray(printed.image, dtype=int)).max(axis=2)
    assert difference[~near].max() == 0
    assert np.median(difference[np.asarray(plain.mask) > 0]) > 60


@pytest.mark.parametrize("kind", garments.KINDS)
def test_plain_cloth_is_light_and_folded(kind):
    garment = garments.render_garment(kind, 2)
    inside = cv2.erode(np.asarray(garment.mask), np.ones((9, 9))) > 0
    grey = np.asarray(garment.image.convert("L"), dtype=float)[inside]
    assert 150 < np.median(grey) < 250
    assert 6 < grey.std() < 45


def test_attributes_say_what_was_drawn():
    textile = Image.new("RGB", (20, 20))
    attributes = garments.render_garment("shirt", 1, SIZE, textile, "busy").attributes
    assert attributes["kind"] == "shirt"
    assert attributes["printed"] is True
    assert attributes["ground"] == "busy"
    assert attributes["colour"] in garments.CLOTHS


def test_an_unknown_kind_or_ground_is_named_with_the_nearest():
    with pytest.raises(SelvedgeError, match=r"'hoody'.*'hoodie'"):
        garments.render_garment("hoody", 0)
    with pytest.raises(SelvedgeError, match=r"'bussy'.*'busy'"):
        garments.render_garment("shirt", 0, ground="bussy")
