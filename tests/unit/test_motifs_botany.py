"""What a printer checks on a flower, leaf or paisley print: its dyes, its repeat, the colours that were asked for."""

import numpy as np
import pytest

from drawing.textiles import floral, leaves, paisley, render
from drawing.textiles.botany import Art, Bed, press
from drawing.textiles.colours import rgb
from drawing.textiles.design import Spot

STYLES = {"floral": floral.STYLES, "leaves": leaves.STYLES, "paisley": paisley.STYLES}
CASES = [(cls, style) for cls, styles in STYLES.items() for style in styles]
ASKED = ("ivory", "#a5152f", "navy", "sage", "mustard")


def share_of(pixels: np.ndarray, names: list[str]) -> np.ndarray:
    """The share of the pixels that are exactly of each dye."""
    return np.array([(pixels == rgb(name)).all(axis=-1).mean() for name in names])


@pytest.mark.parametrize(("cls", "style"), CASES)
def test_every_dye_is_seen_and_the_tile_wraps(cls, style):
    for seed in range(3):
        drawing = render(cls, seed, 144, mode="flat", style=style)
        names = [colour["name"] for colour in drawing.attributes["colours"]]
        assert 2 <= len(names) <= 5
        pixels = np.asarray(drawing.image).astype(int)
        dyes = np.stack([rgb(name) for name in names]).astype(int)
        nearest = ((pixels[:, :, None] - dyes) ** 2).sum(axis=-1).argmin(axis=-1)
        assert (np.bincount(nearest.ravel(), minlength=len(names)) / nearest.size).min() >= 0.005, (seed, names)
        for axis in (0, 1):
            inner = np.abs(np.diff(pixels, axis=axis)).mean(axis=(1 - axis, 2)).max()
            edge = np.abs(np.take(pixels, 0, axis) - np.take(pixels, -1, axis)).mean()
            assert edge <= 1.3 * inner + 2, (seed, axis)


@pytest.mark.parametrize(("cls", "style"), CASES)
def test_only_the_colours_asked_for_are_printed(cls, style):
    drawing = render(cls, 5, 192, mode="flat", style=style, colours=ASKED)
    colours = drawing.attributes["colours"]
    assert {colour["name"] for colour in colours} <= {"ivory", "crimson", "navy", "sage", "mustard"}
    assert colours[0]["name"] == "ivory"
    pixels = np.asarray(drawing.image)
    # Between two dyes an edge is a mixture; all that is flat, and most of the cloth is, is one of the dyes.
    flat = (np.abs(np.diff(pixels[:-1].astype(int), axis=1)) + np.abs(np.diff(pixels[:, :-1].astype(int), axis=0))).sum(
        axis=-1
    ) == 0
    assert flat.mean() > 0.1
    assert share_of(pixels[:-1, :-1][flat], [colour["name"] for colour in colours]).sum() > 0.97


@pytest.mark.parametrize("cls", STYLES)
def test_a_class_offers_five_styles_and_its_seeds_differ(cls):
    assert len(STYLES[cls]) >= 5
    one, other = (
        np.asarray(render(cls, seed, 96, mode="tile", style=next(iter(STYLES[cls])), colours=ASKED).image)
        for seed in (1, 2)
    )
    assert one.shape != other.shape or (one != other).mean() > 0.3


def test_a_motif_that_crosses_an_edge_comes_back_at_the_other():
    square = Art().polygon("navy", np.array([(-20, -20), (20, -20), (20, 20), (-20, 20)], dtype=float))
    draw = press([square], [Spot(0.0, 50.0)], (100.0, 100.0), "white")
    tile = draw(100, 100, (0, 0, 100, 100))
    navy = (tile == rgb("navy")).all(axis=-1)
    assert navy[32:68, :18].all()
    assert navy[32:68, 82:].all()
    assert not navy[:, 24:76].any()
    window = draw(50, 100, (50, 0, 50, 100))  # a window is cut from the same tile
    assert np.abs(window.astype(int) - tile[:, 50:].astype(int)).mean() < 6


def test_a_bed_keeps_rounds_apart_across_the_edges():
    bed = Bed(np.random.default_rng(0), (200.0, 200.0))
    places = np.array(bed.strew(9, 20.0, order=1.0))
    gap = np.abs(places[:, None] - places[None])
    gap = np.hypot(*np.minimum(gap, 200 - gap).transpose(2, 0, 1)) + 1e3 * np.eye(9)
    assert gap.min() > 40
