"""What one sees of a pattern on a garment: its period, the folds, and nothing of it beside the garment."""

import numpy as np
import pytest
from PIL import Image

from inference.composite import put_on, try_on_file
from selvedge.errors import SelvedgeError

WIDTH, HEIGHT = 120, 160
GARMENT = np.s_[20:140, 20:100]  # 80 pixels wide


def mask() -> Image.Image:
    cover = np.zeros((HEIGHT, WIDTH), np.uint8)
    cover[GARMENT] = 255
    return Image.fromarray(cover)


def photo(light: np.ndarray | float = 0.8, colour=(1.0, 1.0, 1.0)) -> Image.Image:
    """A garment of one colour under `light` (sRGB 0..1) on speckled ground."""
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    shape = (*pixels[GARMENT].shape[:2], 1)
    pixels[GARMENT] = np.broadcast_to(np.asarray(light), shape[:2])[..., None] * np.array(colour) * 255
    return Image.fromarray(pixels)


def stripes(side: int = 64) -> Image.Image:
    """One red and one white half: what repeats has this tile's period and no shorter one."""
    tile = np.full((side, side, 3), 235, np.uint8)
    tile[:, : side // 2, 1:] = 30
    return Image.fromarray(tile)


def plain(colour) -> Image.Image:
    return Image.new("RGB", (16, 16), colour)


def inner(image: Image.Image) -> np.ndarray:
    """The garment without its edge."""
    return np.asarray(image).astype(float)[25:135, 25:95]


def folds() -> np.ndarray:
    """Seven vertical folds across the garment, lit between a half and full."""
    return 0.75 + 0.2 * np.sin(np.arange(80) * 2 * np.pi * 7 / 80)


def test_not_one_byte_changes_outside_the_mask():
    before = photo(folds())
    after = put_on(stripes(), before, mask(), 4)
    outside = np.asarray(mask()) == 0
    assert np.array_equal(np.asarray(before)[outside], np.asarray(after)[outside])
    assert (inner(before) != inner(after)).any()


def test_grey_mask_is_respected_where_it_is_zero():
    soft = np.asarray(mask()).copy()
    soft[20:22, 20:100] = 90
    before = photo()
    after = put_on(stripes(), before, Image.fromarray(soft), 4)
    assert np.array_equal(np.asarray(before)[soft == 0], np.asarray(after)[soft == 0])


@pytest.mark.parametrize("repeats", [2, 4, 5])
@pytest.mark.parametrize("side", [8, 64, 333])
def test_the_tile_repeats_as_often_as_was_asked(repeats, side):
    row = inner(put_on(stripes(side), photo(), mask(), repeats))[50, :, 1]
    period = 80 / repeats
    moved = [np.abs(row[shift:] - row[: len(row) - shift]).mean() for shift in range(len(row) - 20)]
    assert moved[round(period)] < 0.15 * moved[round(period / 2)]


def test_the_tile_is_anchored_at_the_garments_centre():
    tile = np.full((31, 31, 3), 240, np.uint8)
    tile[13:18, 13:18] = 10  # a dot in the middle of the tile
    worn = np.asarray(put_on(Image.fromarray(tile), photo(), mask(), 1)).astype(float)[..., 0]
    y, x = np.nonzero(worn[GARMENT] < 120)
    assert abs(x.mean() + 0.5 - 40) < 0.6
    # one repeat is 80 pixels, the garment 120 high: one whole dot, and no second one
    assert abs(y.mean() + 0.5 - 60) < 0.6


def test_fine_stripes_shrink_to_their_mean_in_linear_light():
    tile = np.zeros((64, 64, 3), np.uint8)
    tile[:, ::2] = 255
    worn = inner(put_on(Image.fromarray(tile), photo(), mask(), 20))
    assert abs(worn.mean() - 188) < 3  # half the light is sRGB 188, not 128
    assert worn.std() < 4


@pytest.mark.parametrize(
    "cloth",
    [(1.0, 1.0, 1.0), (0.15, 0.15, 0.16), (0.95, 0.1, 0.25)],
    ids=["white", "black", "red"],
)
def test_folds_keep_their_order_of_light_on_any_cloth(cloth):
    worn = inner(put_on(plain((200, 200, 200)), photo(folds(), cloth), mask(), 4)).mean((0, 2))
    light = folds()[5:75]
    assert np.corrcoef(worn, light)[0, 1] > 0.97
    assert worn[light > 0.9].min() > worn[light < 0.6].max() + 20
    assert worn.min() > 70  # no fold is a black hole
    assert worn.max() - worn.min() < 130


def test_a_black_dress_shows_a_white_print_white():
    worn = inner(put_on(plain((240, 240, 240)), photo(0.12), mask(), 4))
    assert worn.mean() > 215


def test_folds_bend_the_pattern_a_little():
    lines = np.full((64, 64, 3), 235, np.uint8)
    lines[28:36] = 20  # horizontal, so that a shift along x shows only through the slanting folds
    y, x = np.mgrid[:120, :80]
    slanting = 0.75 + 0.2 * np.sin((x + y) * 2 * np.pi / 26)
    tile = Image.fromarray(lines)
    flat, bent = (inner(put_on(tile, photo(light), mask(), 2))[..., 0] for light in (0.8, slanting))
    dark_flat, dark_bent = flat < 110, bent < 110
    assert 0.0 < np.logical_xor(dark_flat, dark_bent).mean() < 0.12


def test_same_call_same_bytes():
    one, two = (put_on(stripes(), photo(folds()), mask(), 3.3).tobytes() for _ in range(2))
    assert one == two


def test_wrong_sizes_are_named():
    with pytest.raises(SelvedgeError, match=r"mask is 60x80, the photo 120x160"):
        put_on(stripes(), photo(), mask().resize((60, 80)), 4)


def test_empty_mask_and_too_many_repeats_are_refused():
    with pytest.raises(SelvedgeError, match="mask is empty"):
        put_on(stripes(), photo(), Image.new("L", (WIDTH, HEIGHT)), 4)
    with pytest.raises(SelvedgeError, match="80 pixels wide"):
        put_on(stripes(), photo(), mask(), 100)


def test_a_garment_may_touch_the_pictures_edge():
    worn = put_on(stripes(), photo(), Image.new("L", (WIDTH, HEIGHT), 255), 4)
    assert worn.size == (WIDTH, HEIGHT)


def test_try_on_file_writes_and_names_a_wrong_mask(tmp_path, capsys):
    for name, image in {"tile": stripes(), "photo": photo(), "mask": mask(), "small": mask().resize((12, 16))}.items():
        image.save(tmp_path / f"{name}.png")
    files = tmp_path / "tile.png", tmp_path / "photo.png"
    try_on_file(*files, mask=tmp_path / "mask.png", repeats=4, out=tmp_path / "worn.png")
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "worn.png")), np.asarray(put_on(stripes(), photo(), mask(), 4))
    )
    assert "worn.png" in capsys.readouterr().out
    with pytest.raises(SelvedgeError, match=r"small\.png: is 12x16, .*photo\.png is 120x160"):
        try_on_file(*files, mask=tmp_path / "small.png", repeats=4, out=tmp_path / "worn.png")
    with pytest.raises(SelvedgeError, match=r"worn\.gif: a picture is written as"):
        try_on_file(*files, mask=tmp_path / "mask.png", repeats=4, out=tmp_path / "worn.gif")
