"""The drawn textiles: what a designer, the crawl and the training rely on."""

import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawing import textiles
from drawing.textiles import colours, weave
from drawing.textiles.design import Knitted, Printed, Woven
from selvedge import colour
from selvedge.errors import SelvedgeError

EVERY_STYLE = [(cls, style) for cls, styles in textiles.STYLES.items() for style in styles]


def _pixels(cls: str, seed: int, size: int = 128, **how) -> np.ndarray:
    return np.asarray(textiles.render(cls, seed, size, **how).image, dtype=np.float64)


# --- what is asked for is what comes ------------------------------------------------------------------------------


def test_there_are_ten_classes_of_at_least_four_styles():
    assert len(textiles.CLASSES) == 10
    assert all(len(styles) >= 4 for styles in textiles.STYLES.values())


@pytest.mark.parametrize("mode", textiles.MODES)
@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_same_call_same_bytes(cls, mode):
    one, two = textiles.render(cls, 7, 64, mode), textiles.render(cls, 7, 64, mode)
    assert one.image.tobytes() == two.image.tobytes()
    assert (one.attributes, one.caption) == (two.attributes, two.caption)


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_seeds_differ(cls):
    assert len({textiles.render(cls, seed, 64).image.tobytes() for seed in range(6)}) == 6


@pytest.mark.parametrize("mode", ["scan", "photograph"])
@pytest.mark.parametrize("size", [16, 65, 200])
def test_size_is_honoured(size, mode):
    drawing = textiles.render("floral", 1, size, mode)
    assert drawing.image.size == (size, size)
    assert drawing.image.mode == "RGB"


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_a_tile_is_as_wide_as_asked_and_holds_whole_repeats(cls):
    drawing = textiles.render(cls, 2, 150, "tile")
    across, down = drawing.attributes["repeats"]
    assert drawing.image.width == 150
    assert across >= 1 and down >= 1


def test_the_scale_is_the_step_from_line_to_line():
    """Stripes across a tile: as far apart as the attributes say, by the strongest frequency of the rows' mean."""
    for seed in range(12):
        drawing = textiles.render("striped", seed, 240, "tile", style="awning")
        axis = 1 if drawing.attributes["angle"] == 90 else 0
        profile = np.asarray(drawing.image, dtype=float).mean(axis=(axis, 2))
        waves = np.abs(np.fft.rfft(profile - profile.mean())).argmax()
        assert len(profile) / waves == pytest.approx(drawing.attributes["scale"], rel=0.05)


@pytest.mark.parametrize(("cls", "style"), EVERY_STYLE)
def test_attributes_are_whole(cls, style):
    for seed in range(2):
        attributes = textiles.render(cls, seed, 48, style=style).attributes
        assert (attributes["class"], attributes["style"]) == (cls, style)
        assert attributes["scale"] > 0
        assert 0 <= attributes["angle"] < 180
        assert attributes["motif_count"] >= 0
        dyes = attributes["colours"]
        assert 1 <= len(dyes) <= 5
        assert sum(dye["share"] for dye in dyes) == pytest.approx(1, abs=1e-6)
        assert all(re.fullmatch("#[0-9a-f]{6}", dye["hex"]) for dye in dyes)
        assert all(colours.COLOURS[dye["name"]] == dye["hex"] for dye in dyes)


def test_colours_are_those_asked_for():
    drawing = textiles.render("dotted", 3, 64, "flat", style="polka", colours=("#1b2650", "ivory"))
    assert [dye["name"] for dye in drawing.attributes["colours"]] == ["navy", "ivory"]
    shown = {tuple(pixel) for pixel in np.asarray(drawing.image).reshape(-1, 3)}
    assert tuple(colours.rgb("navy")) in shown and tuple(colours.rgb("ivory")) in shown


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"cls": "stripped"}, r"'stripped'.*'striped'"),
        ({"style": "ginham", "cls": "checkered"}, r"'ginham'.*'gingham'"),
        ({"mode": "foto"}, r"'foto'"),
        ({"size": 15}, r"15.*16 to 8192"),
        ({"size": 8193}, r"8193"),
        ({"colours": ("nvay",)}, r"'nvay'.*'navy'"),
        ({"colours": ("#12345",)}, r"'#12345'"),
        ({"colours": ("navy",) * 6}, r"at most five"),
    ],
)
def test_bad_input_is_named(how, message):
    how = {"cls": "dotted", "seed": 0, "size": 32, **how}
    with pytest.raises(SelvedgeError, match=message):
        textiles.render(**how)


# --- the repeat wraps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cls", "style"), EVERY_STYLE)
def test_every_tile_wraps(cls, style):
    """The step from the last column (row) to the first is no greater than the greatest step within the tile."""
    tile = np.asarray(textiles.render(cls, 3, 160, "tile", style=style).image, dtype=np.float64)
    for axis in (0, 1):
        steps = np.abs(np.diff(tile, axis=axis)).mean(axis=(1 - axis, 2))
        across = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert across <= 1.15 * steps.max() + 1, (axis, across, steps.max())


@pytest.mark.parametrize("ground", ["plain", "twill", "satin", "jersey"])
def test_no_seam_in_the_relief_of_a_cloth(ground):
    """Rolled so that its edges lie in the middle, a cloth of one dye shows no step there that is unlike the others."""
    art = np.full((96, 96, 3), 200, dtype=np.uint8)
    design = textiles.Design("any", ["navy"], Printed(lambda *_: art, ground=ground), 1.0)
    relief = weave.surface(np.random.default_rng(5), design, 96, 96, (1, 1), art, 4.0).colour
    rolled = np.roll(relief, (24, 48), (0, 1))
    for axis, at in ((0, 23), (1, 47)):
        steps = np.abs(np.diff(rolled, axis=axis)).mean(axis=(1 - axis, 2))
        assert steps[at] <= steps.max()
        assert steps[at] <= 2 * np.median(steps) + 0.02


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(20, 90), st.integers(20, 90))
def test_noise_is_cyclic(across, down, width, height):
    field = weave.noise(np.random.default_rng(1), width, height, across, down)
    coarse = np.random.default_rng(1).standard_normal((down, across), dtype=np.float32)
    rolled = weave.stretch(np.roll(coarse, 1, axis=1), width * across, height)
    assert field.shape == (height, width)
    np.testing.assert_allclose(rolled, np.roll(weave.stretch(coarse, width * across, height), width, axis=1), atol=2e-3)


# --- weaves and colours are what their names say --------------------------------------------------------------------


def test_structures_are_what_weavers_draft():
    plain, twill, denim = (weave.STRUCTURES[name] for name in ("plain", "twill", "denim"))
    assert plain.tolist() == [[1, 0], [0, 1]]
    assert (twill.sum(axis=0) == 2).all() and (twill.sum(axis=1) == 2).all()  # 2/2
    assert (denim.sum(axis=0) == 3).all()  # three up, one down
    for structure in (twill, denim):  # the line moves by one yarn a pick
        assert all((np.roll(structure[row], 1) == structure[row + 1]).all() for row in range(3))
    bone = weave.STRUCTURES["herringbone"]
    assert (bone[:, :16] != bone[:, 16:][:, ::-1]).all()  # turned and offset by half a repeat


def test_a_tartan_is_symmetric_and_the_same_in_warp_and_weft():
    design = textiles.STYLES["checkered"]["tartan"](np.random.default_rng(2), colours.Dyer(np.random.default_rng(2)))
    assert isinstance(design.cloth, Woven) and design.cloth.structure == "twill"
    assert design.cloth.warp == design.cloth.weft
    sett = design.cloth.warp
    assert sett[1:] == sett[1:][::-1]  # reversed at the pivots
    assert sum(count for _, count in sett) % 4 == 0  # a whole number of twill repeats


def test_gingham_has_three_tones_in_equal_shares_of_light_mixed_and_dark():
    flat = _pixels("checkered", 1, 256, mode="flat", style="gingham", colours=("white", "navy")).mean(axis=2)
    soft = cv2.blur(flat, (9, 9))
    light, dark = colours.rgb("white").mean(), colours.rgb("navy").mean()
    mixed = np.abs(soft - (light + dark) / 2) < 0.2 * (light - dark)
    assert (soft > light - 12).mean() > 0.08
    assert (soft < dark + 12).mean() > 0.08
    assert 0.2 < mixed.mean() < 0.6


def test_stripes_vary_along_one_axis_far_more_than_along_the_other():
    for seed in range(8):
        drawing = textiles.render("striped", seed, 128, "tile", style="awning")
        grey = np.asarray(drawing.image, dtype=float).mean(axis=2)
        across, along = grey.mean(axis=0).std(), grey.mean(axis=1).std()
        if drawing.attributes["angle"] == 90:
            across, along = along, across
        assert across > 3 * along


@pytest.mark.parametrize("cls", [cls for cls in textiles.CLASSES if cls != "solid"])
def test_a_pattern_has_contrast_and_a_solid_has_not(cls):
    def contrast(name):
        return np.median([_pixels(name, seed, 64).std(axis=(0, 1)).mean() for seed in range(8)])

    assert contrast(cls) > 2.5 * contrast("solid")


def test_oklab_agrees_with_its_author():
    """White, and the sRGB red of Ottosson's reference implementation."""
    np.testing.assert_allclose(colour.oklab(np.array([255, 255, 255])), [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(colour.oklab(np.array([255, 0, 0])), [0.62796, 0.22486, 0.12585], atol=1e-4)


def test_palettes_keep_their_distances():
    for seed in range(200):
        names = colours.palette(np.random.default_rng(seed), 5)
        assert len(set(names)) == 5
        assert colours.distance(*names[:2]) >= colours.CONTRAST
        assert min(colours.distance(a, b) for i, a in enumerate(names) for b in names[:i]) >= colours.GAP


def test_harmonies_are_hues_at_their_steps():
    """Of the palettes drawn as complementary, the motif lies across the wheel from the key, as near as a name comes."""
    rng, seen = np.random.default_rng(0), []
    only = {"complementary": colours.HARMONIES["complementary"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(colours, "HARMONIES", only)
        for _ in range(200):
            key, across = (colour.oklch(colours.rgb(name)) for name in colours._harmony(rng)[:2])
            if key[1] > 0.08 and across[1] > 0.05:
                seen.append(abs((across[2] - key[2]) % 360 - 180))
    assert len(seen) > 30
    assert np.median(seen) < 30


def test_a_knitted_stitch_is_seen_where_it_is_drawn():
    """Large stitches: the legs of the V of each wale and course have its dye."""
    stitches = np.array([[0, 1], [1, 0]], dtype=np.uint8)
    design = textiles.Design("any", ["white", "black"], Knitted(stitches), 1.0)
    made = weave.surface(np.random.default_rng(0), design, 80, 64, (1, 1), None, 4.0).colour.mean(axis=2)
    assert made[16, 9] > 4 * made[16, 49]
    assert made[48, 49] > 4 * made[48, 9]


def test_another_processor_draws_the_same_picture_to_within_one_level(tmp_path):
    """numpy's and OpenCV's vector instructions switched off: the arithmetic of a plain machine."""
    features = __import__("numpy._core._multiarray_umath", fromlist=["x"])
    vector = [name for name in features.__cpu_dispatch__ if features.__cpu_features__.get(name)]
    script = (
        "import sys, numpy as np\nfrom drawing import textiles as t\n"
        "np.savez(sys.argv[1], *[np.asarray(t.render(c, 5, 96, m).image) for c in t.CLASSES for m in ('tile', 'scan')])"
    )
    plain = {"NPY_DISABLE_CPU_FEATURES": " ".join(vector), "OPENCV_CPU_DISABLE": "AVX,AVX2,FMA3,FP16"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "plain.npz")], check=True, env={**os.environ, **plain})
    here = [textiles.render(c, 5, 96, m).image for c in textiles.CLASSES for m in ("tile", "scan")]
    for mine, theirs in zip(here, np.load(tmp_path / "plain.npz").values(), strict=True):
        assert np.abs(np.asarray(mine, dtype=int) - theirs).max() <= 1


# --- photographs ----------------------------------------------------------------------------------------------------


def test_photographs_of_one_cloth_differ_from_its_scan_yet_keep_its_class_of_colour():
    for seed in range(4):
        scan, photo = (_pixels("solid", seed, 64, mode=mode, style="plain weave") for mode in ("scan", "photograph"))
        assert np.abs(scan - photo).mean() > 2
        one, two = (
            cv2.cvtColor(p.mean(axis=(0, 1), keepdims=True).astype(np.uint8), cv2.COLOR_RGB2LAB)[0, 0, 1:]
            for p in (scan, photo)
        )
        assert np.linalg.norm(one.astype(float) - two) < 45


def test_photographs_come_near_and_go_far():
    scales = [
        textiles.render("dotted", seed, 48, "photograph", style="polka").attributes["scale"] for seed in range(40)
    ]
    assert max(scales) > 4 * min(scales)


def test_a_repeat_holds_whole_periods_of_its_weave():
    for cls, styles in textiles.STYLES.items():
        for style in styles.values():
            for seed in range(6):
                design = style(np.random.default_rng(seed), colours.Dyer(np.random.default_rng(seed)))
                if isinstance(design.cloth, Woven):
                    picks, ends = weave.STRUCTURES[design.cloth.structure].shape
                    assert sum(count for _, count in design.cloth.warp) % ends == 0, (cls, design.style)
                    assert sum(count for _, count in design.cloth.weft) % picks == 0, (cls, design.style)
