"""Dotted, zigzag, animal and novelty prints: what a mill would check before it engraves a screen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drawing import textiles
from drawing.textiles.colours import rgb

CLASSES = ("dotted", "zigzag", "animal", "novelty")
EVERY = [(cls, style) for cls in CLASSES for style in textiles.STYLES[cls]]
WANTED = ("navy", "ivory", "scarlet", "mustard", "sage")


def _nearest(picture: np.ndarray, names: list[str]) -> np.ndarray:
    """The number of the nearest dye at each pixel."""
    dyes = np.array([rgb(name) for name in names], dtype=np.int32)
    away = ((picture[..., None, :].astype(np.int32) - dyes) ** 2).sum(axis=-1)
    return away.argmin(axis=-1)


def _names(drawing: textiles.Drawing) -> list[str]:
    return [colour["name"] for colour in drawing.attributes["colours"]]


@pytest.mark.parametrize(("cls", "style"), EVERY)
def test_every_dye_is_seen_and_the_tile_wraps(cls: str, style: str) -> None:
    for seed in range(3):
        drawing = textiles.render(cls, seed, 128, mode="flat", style=style)
        shares = [colour["share"] for colour in drawing.attributes["colours"]]
        assert 2 <= len(shares) <= 5
        assert min(shares) >= 0.005, drawing.attributes["colours"]
        tile = np.asarray(drawing.image).astype(np.int32)
        for axis in (0, 1):
            turned = np.moveaxis(tile, axis, 0)  # an edge within may fall between pixels: its step is over two of them
            inner = np.abs(turned[2:] - turned[:-2]).mean(axis=(1, 2)).max()
            seam = np.abs(turned[0] - turned[-1]).mean()
            assert seam <= 1.3 * inner + 2, (seed, axis)


@pytest.mark.parametrize(("cls", "style"), EVERY)
def test_a_users_colours_are_the_cloths(cls: str, style: str) -> None:
    drawing = textiles.render(cls, 5, 64, mode="flat", style=style, colours=WANTED)
    names = _names(drawing)
    assert names == list(WANTED[: len(names)])


def _dots(tile: np.ndarray) -> int:
    """Connected areas that are not ground, on a tile that wraps."""
    count, labels = cv2.connectedComponents((tile > 0).astype(np.uint8), connectivity=4)
    joined = list(range(count))

    def root(i: int) -> int:
        while joined[i] != i:
            i = joined[i]
        return i

    seams = [*zip(labels[0], labels[-1], strict=True), *zip(labels[:, 0], labels[:, -1], strict=True)]
    for a, b in seams:
        if a and b:
            joined[root(a)] = root(b)
    return sum(joined[i] == i for i in range(1, count))


@pytest.mark.parametrize("style", ["pin", "polka", "sizes", "confetti", "halftone"])
def test_as_many_dots_as_stated(style: str) -> None:
    for seed in range(3):
        drawing = textiles.render("dotted", seed, 512, mode="flat", style=style)
        tile = _nearest(np.asarray(drawing.image), _names(drawing))
        assert _dots(tile) == drawing.attributes["motif_count"], seed


@pytest.mark.parametrize("style", ["zebra", "leopard", "giraffe"])
def test_fur_covers_the_stated_share(style: str) -> None:
    """The stripes, spots or patches (all that is not ground) cover as much of a large tile as the attributes say."""
    drawing = textiles.render("animal", 1, 512, mode="flat", style=style)
    marks = (_nearest(np.asarray(drawing.image), _names(drawing)) > 0).mean()
    stated = 1 - drawing.attributes["colours"][0]["share"]
    assert abs(marks - stated) < 0.04
    assert 0.25 < marks < 0.85


def test_zebra_stripes_are_many_and_run_one_way() -> None:
    """A cut across the stripes meets them often; the two dyes share the cloth about evenly."""
    drawing = textiles.render("animal", 3, 256, mode="flat", style="zebra")
    tile = _nearest(np.asarray(drawing.image), _names(drawing))
    changes = [np.abs(np.diff(tile, axis=axis)).sum(axis=axis).mean() for axis in (0, 1)]
    assert max(changes) >= 6
    assert 0.3 < tile.mean() < 0.7


def test_bands_of_a_chevron_lie_as_the_angle_says() -> None:
    """Along the bands' direction the sequence of dyes repeats after one tooth; across it, it is that of the bands."""
    for seed in range(4):
        drawing = textiles.render("zigzag", seed, 256, mode="flat", style="chevron")
        tile = np.asarray(drawing.image).astype(int)
        across, down = drawing.attributes["repeats"]
        level = drawing.attributes["angle"] == 90
        period = tile.shape[1] / across if level else tile.shape[0] / down
        moved = np.roll(tile, round(period / 2), axis=1 if level else 0)
        mirrored = tile[:, ::-1] if level else tile[::-1]
        assert np.abs(mirrored - tile).mean() < np.abs(moved - tile).mean()  # a tooth is its own mirror image


def test_knitted_and_woven_designs_are_among_them() -> None:
    """Not all is printed: waves and Fair Isle are knitted, some herringbones woven."""
    from drawing.textiles.colours import Dyer
    from drawing.textiles.design import Knitted, Woven

    def kinds(cls: str, style: str) -> set[type]:
        found = set()
        for seed in range(8):
            rng = np.random.default_rng(seed)
            found.add(type(textiles.STYLES[cls][style](rng, Dyer(rng)).cloth))
        return found

    assert kinds("zigzag", "wave") == {Knitted}
    assert Woven in kinds("zigzag", "herringbone")
    assert kinds("dotted", "knitted") == {Knitted}
