"""The rebuild on pictures of known geometry, and splits without leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scrapers.manifest import Row, scales_of
from scrapers.reconstruct import crop_box, window
from scrapers.swatches import SPLITS, cloths, split_cloths, usable
from selvedge.config import Split
from selvedge.errors import SelvedgeError

SHARES = Split(train=0.6, judge=0.2, test=0.2)


def gradient(width: int, height: int) -> Image.Image:
    """A picture whose red is x and whose green is y, about their centre, a level each two pixels."""
    x = (np.arange(width) - (width - 1) / 2) / 2 + 128
    y = (np.arange(height) - (height - 1) / 2) / 2 + 128
    grid = np.stack([*np.meshgrid(x, y), np.full((height, width), 60.0)], -1)
    return Image.fromarray(grid.clip(0, 255).round().astype(np.uint8))


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(150, 420),
    height=st.integers(150, 420),
    index=st.integers(0, 3),
    turn=st.integers(0, 11),
)
def test_each_pixel_lands_where_it_must(width: int, height: int, index: int, turn: int) -> None:
    """Counter-clockwise by k x 30 degrees about the centre: a linear picture stays linear, so every pixel is checked."""
    scales = scales_of(width, height)
    scale, angle = scales[index % len(scales)], 30.0 * turn
    made = np.asarray(window(gradient(width, height), scale, angle, 224)).astype(float)
    u = (np.arange(224) - 111.5) / scale
    x, y = np.meshgrid(u, u)
    a = np.deg2rad(angle)
    source = np.stack([x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)], -1) / 2 + 128
    inside = (source > 2).all(-1) & (source < 253).all(-1)
    error = np.abs(made[..., :2] - source.clip(0, 255))[inside]
    assert error.max() < 1.3  # levels of half a pixel: both roundings and the warp's grid of 1/32 pixel
    assert (made[..., 2] == 60).all()  # no padded corner


def test_a_fine_pattern_does_not_alias() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255
    made = np.asarray(window(Image.fromarray(stripes), scales_of(1200, 1200)[0], 30, 224)).astype(float)
    assert abs(made.mean() - 127.5) < 2
    assert made.std() < 6


def row(**changes: object) -> Row:
    base = Row("dotted", "u", 400, 300, 10, 20, 200, 250, (1.0,), source="s", group="g", status="ok", sha256="a")
    return replace(base, **changes)


def test_crops_are_clamped_and_follow_a_picture_of_another_size() -> None:
    assert crop_box(row(), 400, 300) == (10, 20, 210, 270)
    assert crop_box(row(crop_width=399), 400, 300) == (10, 20, 400, 270)
    assert crop_box(row(), 800, 600) == (20, 40, 420, 540)
    with pytest.raises(SelvedgeError, match="lies outside"):
        crop_box(row(crop_x=400), 400, 300)


# ---- pieces of cloth -------------------------------------------------------------------------------------------------------


def test_rows_with_one_files_bytes_are_one_piece() -> None:
    rows = [
        row(url="1", group="g1", sha256="a"),
        row(url="2", group="g2", sha256="a"),
        row(url="3", group="g2", sha256="b"),
        row(url="4", group="g4", sha256="c"),
    ]
    pieces = cloths(rows)
    assert len({pieces[r.key] for r in rows[:3]}) == 1
    assert pieces[rows[3].key] == "g4"


def test_one_picture_under_two_classes_is_left_out() -> None:
    rows = [row(url="1"), row(url="2", cls="striped"), row(url="3", sha256="b"), row(url="4", status="dead", sha256="")]
    kept, conflicts = usable(rows)
    assert [r.url for r in kept] == ["3"]
    assert [r.url for r in conflicts] == ["1", "2"]


@settings(max_examples=60)
@given(
    names=st.sets(st.text("abcdef0123456789", min_size=4, max_size=8), min_size=3, max_size=60), seed=st.integers(0, 9)
)
def test_every_piece_is_on_one_side_and_every_side_has_one(names: set[str], seed: int) -> None:
    sides = split_cloths("c", names, SHARES, seed)
    assert set(sides) == names
    assert set(sides.values()) == set(SPLITS)
    counts = {side: list(sides.values()).count(side) for side in SPLITS}
    assert counts["train"] >= max(counts["judge"], counts["test"]) - 1
    if len(names) >= 10:
        assert abs(counts["test"] - 0.2 * len(names)) <= 1
    assert split_cloths("c", sorted(names, reverse=True), SHARES, seed) == sides


def test_too_few_pieces_are_named() -> None:
    with pytest.raises(SelvedgeError, match=r"class 'leaves' shows 2 piece\(s\) of cloth; 3 are needed"):
        split_cloths("leaves", ["a", "b"], SHARES, 0)
