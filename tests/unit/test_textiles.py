"""The demo's swatches: what a designer, the crawl and the training rely on."""

import re

import cv2
import numpy as np
import pytest

from scrapers.demo import palettes, textiles
from selvedge.errors import SelvedgeError


def _pixels(cls: str, seed: int, size: int = 128) -> np.ndarray:
    return np.asarray(textiles.render(cls, seed, size).image, dtype=np.float64)


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_same_call_same_bytes(cls):
    one, two = textiles.render(cls, 7, 96), textiles.render(cls, 7, 96)
    assert one.image.tobytes() == two.image.tobytes()
    assert (one.attributes, one.caption) == (two.attributes, two.caption)


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_seeds_differ(cls):
    pictures = {textiles.render(cls, seed, 64).image.tobytes() for seed in range(6)}
    assert len(pictures) == 6


@pytest.mark.parametrize("size", [32, 64, 200, 320])
def test_size_is_honoured(size):
    drawing = textiles.render("floral", 1, size)
    assert drawing.image.size == (size, size)
    assert drawing.image.mode == "RGB"


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_attributes_are_whole(cls):
    for seed in range(8):
        attributes = textiles.render(cls, seed, 64).attributes
        assert attributes["class"] == cls
        assert attributes["scale"] > 0
        assert {"style", "angle", "layout", "motif_count"} <= attributes.keys()
        colours = attributes["colours"]
        assert sum(colour["share"] for colour in colours) == pytest.approx(1, abs=1e-6)
        assert all(re.fullmatch("#[0-9a-f]{6}", colour["hex"]) for colour in colours)
        assert all(palettes.COLOURS[colour["name"]] == colour["hex"] for colour in colours)


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_caption_names_a_main_colour(cls):
    for seed in range(8):
        drawing = textiles.render(cls, seed, 64)
        main = sorted(drawing.attributes["colours"], key=lambda colour: -colour["share"])[:2]
        assert any(colour["name"] in drawing.caption for colour in main), drawing.caption


@pytest.mark.parametrize("cls", [cls for cls in textiles.CLASSES if cls != "solid"])
def test_a_pattern_has_contrast_and_a_solid_has_not(cls):
    def contrast(name):
        return np.median([_pixels(name, seed, 64).std(axis=(0, 1)).mean() for seed in range(6)])

    assert contrast(cls) > 2.5 * contrast("solid")


def test_stripes_vary_along_one_axis_far_more_than_along_the_other():
    upright = 0
    for seed in range(20):
        angle = textiles.render("striped", seed, 128).attributes["angle"]
        if 10 < angle < 80:
            continue  # diagonal
        grey = _pixels("striped", seed).mean(axis=2)
        across, along = grey.mean(axis=0).std(), grey.mean(axis=1).std()
        if angle > 80:
            across, along = along, across
        assert across > 3 * along
        upright += 1
    assert upright >= 10


def test_motifs_are_counted():
    assert all(textiles.render("dotted", seed, 64).attributes["motif_count"] > 0 for seed in range(8))
    assert textiles.render("solid", 0, 64).attributes["motif_count"] == 0


def test_the_count_of_dots_is_what_one_sees():
    """Components of the dot colour on the picture, halves at the border included, against the stated count."""
    seed = next(s for s in range(60) if textiles.render("dotted", s, 64).attributes["style"] == "polka")
    drawing = textiles.render("dotted", seed, 256)
    dot = palettes.rgb(drawing.attributes["colours"][1]["name"]).astype(float)
    ground = palettes.rgb(drawing.attributes["colours"][0]["name"]).astype(float)
    picture = np.asarray(drawing.image, dtype=float)
    is_dot = np.linalg.norm(picture - dot, axis=2) < np.linalg.norm(picture - ground, axis=2)
    seen = cv2.connectedComponentsWithStats(is_dot.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    whole = is_dot.sum() / np.median(seen)
    assert whole == pytest.approx(drawing.attributes["motif_count"], rel=0.25)


@pytest.mark.parametrize("palette", palettes.PALETTES)
def test_ground_and_motif_of_a_palette_contrast(palette):
    pair = np.stack([palettes.rgb(name) for name in palette[:2]])[None].astype(np.float32) / 255
    lightness = cv2.cvtColor(pair, cv2.COLOR_RGB2LAB)[0, :, 0]
    assert abs(lightness[0] - lightness[1]) >= 35


def test_every_style_tiles_without_a_seam():
    """The step from the tile's last column (row) to its first is no greater than the steps within it."""
    for styles in textiles.STYLES.values():
        for style in styles:
            tile = style(np.random.default_rng(3)).draw(0.8).astype(float)
            for axis in (0, 1):
                steps = np.abs(np.diff(tile, axis=axis)).mean(axis=(1 - axis, 2))
                across = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
                assert across <= 1.3 * steps.max() + 2, style.__name__


def test_an_unknown_class_is_named_with_the_nearest():
    with pytest.raises(SelvedgeError, match=r"'stripped'.*'striped'"):
        textiles.render("stripped", 0)
