"""The rebuild on pictures of known geometry: each pixel lands where the recipe says, at all scales and angles."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import SHARED, small_params
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from scrapers import reconstruct
from scrapers.manifest import Journal, Row, scales_of, with_size
from scrapers.pipelines import Fetched, keep
from scrapers.reconstruct import chosen_scales, crop_box, windows
from scrapers.table import read_table
from selvedge.config import Params, Reconstruct, Split
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image

ANGLES = tuple(30.0 * k for k in range(12))
SPLIT = Split(train=0.6, judge=0.2, test=0.2)


def window(picture: Image.Image, scale: float, angle: float, size: int = 224, box=None) -> np.ndarray:
    ((_, made),) = windows(np.asarray(picture), box or (0, 0, *picture.size), scale, [angle], size)
    return made


def turned(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Where a point of the picture, from its centre, lies after a turn counter-clockwise (y points down)."""
    a = math.radians(angle)
    return x * math.cos(a) + y * math.sin(a), -x * math.sin(a) + y * math.cos(a)


# ---- geometry --------------------------------------------------------------------------------------------------------------


def dots(width: int, height: int, places: np.ndarray, radius: float) -> Image.Image:
    """Soft dots about places given from the centre, dark on white: their centres are known to a hundredth of a pixel."""
    y, x = np.mgrid[:height, :width] + 0.5
    ink = np.zeros((height, width))
    for dx, dy in places:
        ink += np.exp(-((x - width / 2 - dx) ** 2 + (y - height / 2 - dy) ** 2) / 2 / radius**2)
    return Image.fromarray(np.repeat((255 - 250 * ink.clip(0, 1))[..., None], 3, 2).round().astype(np.uint8))


@pytest.mark.parametrize(("width", "height"), [(900, 700), (420, 333), (150, 260), (103, 120)])
def test_dots_land_where_the_recipe_puts_them(width: int, height: int) -> None:
    """Each of five dots within a twentieth of a pixel, for every scale of the row and all twelve angles."""
    for scale in scales_of(width, height):
        reach = 90 / scale  # so that all are seen at all angles
        places = np.array([(0, 0), (0.7, 0.1), (-0.5, 0.6), (0.15, -0.75), (-0.62, -0.41)]) * reach
        picture = dots(width, height, places, radius=4 / scale)
        for angle in ANGLES:
            made = 255 - window(picture, scale, angle)[..., 0].astype(float)
            for dx, dy in places:
                x, y = turned(dx * scale, dy * scale, angle)
                left, top = int(x + 112) - 12, int(y + 112) - 12
                patch = made[top : top + 25, left : left + 25]
                ys, xs = np.mgrid[top : top + 25, left : left + 25] + 0.5
                at = (xs * patch).sum() / patch.sum() - 112, (ys * patch).sum() / patch.sum() - 112
                assert math.dist(at, (x, y)) < 0.05 * max(1, scale), (scale, angle)


def gradient(width: int, height: int) -> Image.Image:
    """A picture whose red is x and whose green is y, about their centre, a level each two pixels."""
    x = (np.arange(width) - (width - 1) / 2) / 2 + 128
    y = (np.arange(height) - (height - 1) / 2) / 2 + 128
    grid = np.stack([*np.meshgrid(x, y), np.full((height, width), 60.0)], -1)
    return Image.fromarray(grid.clip(0, 255).round().astype(np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(150, 420),
    height=st.integers(150, 420),
    index=st.integers(0, 3),
    angle=st.sampled_from(ANGLES) | st.floats(0, 359),
)
def test_every_pixel_is_the_pictures_at_its_place_and_none_is_made_up(
    width: int, height: int, index: int, angle: float
) -> None:
    """A linear picture stays linear under scaling and turning, so all 50,176 pixels are checked."""
    scales = scales_of(width, height)
    scale = scales[index % len(scales)]
    made = window(gradient(width, height), scale, angle).astype(float)
    x, y = np.meshgrid(np.arange(224) - 111.5, np.arange(224) - 111.5)
    # the inverse turn leads from the window back to the picture
    u, v = turned(x / scale, y / scale, -angle)
    source = np.stack([u, v], -1) / 2 + 128
    inside = (source > 2).all(-1) & (source < 253).all(-1)
    assert np.abs(made[..., :2] - source.clip(0, 255))[inside].max() < 1.3  # half a level each for two roundings
    assert (made[..., 2] == 60).all()  # no padded corner


def test_a_turn_is_counter_clockwise_as_pillows() -> None:
    page = Image.new("RGB", (224, 224), "white")
    ImageDraw.Draw(page).polygon([(112, 20), (200, 200), (112, 150)], fill="black")
    for angle in (30, 120, 250):
        ours = window(page, 1.0, angle, size=128).astype(float)
        pillows = np.asarray(page.rotate(angle, Image.Resampling.BICUBIC).crop((48, 48, 176, 176))).astype(float)
        assert np.abs(ours - pillows).mean() < 2
        other = np.asarray(page.rotate(-angle, Image.Resampling.BICUBIC).crop((48, 48, 176, 176))).astype(float)
        assert np.abs(ours - other).mean() > 20


def test_it_is_the_recipe_as_written_only_sharper_and_faster() -> None:
    """On a drawn cloth: resize the whole crop, rotate it, cut the centre; the same picture but for resampling twice."""
    from drawing.textiles import render

    picture = render("floral", 3, 640, mode="scan").image
    for scale in scales_of(*picture.size):
        wide = [round(side * scale) for side in picture.size]
        scaled = picture.resize(wide, Image.Resampling.LANCZOS)
        for angle in (0, 30, 90, 240):
            plain = scaled.rotate(angle, Image.Resampling.BICUBIC)
            left, top = (wide[0] - 224) / 2, (wide[1] - 224) / 2
            plain = plain.transform((224, 224), Image.Transform.EXTENT, (left, top, left + 224, top + 224), 3)
            ours = window(picture, scale, angle)
            error = np.abs(ours.astype(float) - np.asarray(plain))
            assert error.mean() < 6, (scale, angle)


def test_quarter_turns_are_exact() -> None:
    picture = Image.effect_noise((300, 280), 90).convert("RGB")
    upright = window(picture, 1.2, 0)
    for quarters in range(4):
        assert (window(picture, 1.2, 90.0 * quarters) == np.rot90(upright, quarters)).all()
    # a window at the picture's own size is its pixels
    assert (window(picture, 1.0, 0) == np.asarray(picture.crop((38, 28, 262, 252)))).all()


@pytest.mark.parametrize("angle", [0, 30, 90])
@pytest.mark.parametrize("side", [640, 1200, 2900])
def test_a_fine_pattern_does_not_alias(side: int, angle: float) -> None:
    """Stripes of one pixel are far beyond what a swatch can show: they become an even grey."""
    for period in (2, 3):
        stripes = np.zeros((side, side, 3), np.uint8)
        stripes[:, np.arange(side) % period == 0] = 255
        scale = scales_of(side, side)[0]
        if scale * period > 0.95:
            continue
        made = window(Image.fromarray(stripes), scale, angle).astype(float)
        assert abs(made.mean() - 255 / period) < 2
        assert made.std() < 6, (period, scale)


# ---- crops -----------------------------------------------------------------------------------------------------------------


def row(**changes: object) -> Row:
    base = Row("dotted", "u", 400, 300, 10, 20, 200, 250, (1.58,), True, source="s", group="g", status="ok", sha256="a")
    return replace(base, **changes)


def test_crops_are_clamped_and_follow_a_picture_of_another_size() -> None:
    assert crop_box(row(), 400, 300) == (10, 20, 210, 270)
    assert crop_box(row(crop_width=399), 400, 300) == (10, 20, 400, 270)
    assert crop_box(row(), 800, 600) == (20, 40, 420, 540)
    with pytest.raises(SelvedgeError, match="lies outside"):
        crop_box(row(crop_x=400), 400, 300)


def test_a_picture_of_another_size_shows_the_same_window() -> None:
    """Twice the recorded size, half the scale; and the row says that it came so."""
    picture = gradient(400, 300)
    came = with_size(row(), 800, 600)
    assert came.note == "came as 800x600, recorded as 400x300: its crop is scaled"
    (_, scale), *_ = chosen_scales(came, crop_box(came, 800, 600), Reconstruct(split=SPLIT))
    assert scale == pytest.approx(0.79)
    large = picture.resize((800, 600), Image.Resampling.BICUBIC)
    ours = window(large, scale, 60, box=crop_box(came, 800, 600)).astype(float)
    recorded = window(picture, 1.58, 60, box=crop_box(row(), 400, 300)).astype(float)
    assert np.abs(ours - recorded).max() <= 2


@settings(max_examples=60, deadline=None)
@given(lost=st.integers(1, 9), side=st.integers(103, 500), turn=st.integers(0, 11), index=st.integers(0, 4))
@example(lost=9, side=103, turn=1, index=0)
def test_a_clamped_crop_is_never_padded(lost: int, side: int, turn: int, index: int) -> None:
    """76 rows' crops run out of their pictures by up to nine pixels; what lies outside the crop is red, and never seen."""
    scales = scales_of(side, side + 40)
    page = Image.new("RGB", (side + 20, side + 60), "red")
    page.paste("white", (20, 0, side + 20 - lost, side + 40))
    made = window(page, scales[index % len(scales)], 30.0 * turn, box=(20, 0, side + 20 - lost, side + 40))
    assert made.min() > 250


def test_a_scale_is_the_recorded_one_wherever_the_window_fits() -> None:
    """Clamping by twelve pixels leaves room at all multiples of 30 degrees: nothing is enlarged, which 45 degrees asks for."""
    picture, scale = gradient(400, 400), 224 * math.sqrt(2) / 400
    for angle, enlarged in ((30, False), (45, True)):
        whole = window(picture, scale, angle, box=(0, 0, 400, 400)).astype(int)
        clamped = window(picture, scale, angle, box=(0, 0, 400, 388)).astype(int)
        shows_less = np.ptp(whole[..., 0]) - np.ptp(clamped[..., 0])
        assert (shows_less > 3) == enlarged, (angle, shows_less)


# ---- the stage ----------------------------------------------------------------------------------------------------------------


def stage(workplace, pictures: dict[str, list[Image.Image]], **changes: object) -> Path:
    """Run the stage over pictures by class, each with a table's row that takes in all of it."""
    root = workplace()
    params = small_params(reconstruct={"scales": None, "rotations": list(ANGLES), **changes}, classes=list(pictures))
    params["crawl"]["sources"] = [{"kind": "folder", "name": "s", "path": ".", "licence": "MIT"}]
    journal = Journal()
    for cls, images in pictures.items():
        for number, image in enumerate(images):
            size = image.size
            url = f"{cls}/{number}"
            wanted = Row(cls, url, *size, 0, 0, *size, scales_of(*size), True, "s", licence="MIT", group=url)
            keep(journal, Fetched(wanted, encode_image(image)))
    journal.finish({"s"})
    reconstruct.run(Params.model_validate(params))
    return root / "data/swatches"


def noise(seed: int, width: int, height: int) -> Image.Image:
    cells = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)


def test_all_scales_and_rotations_are_written_and_the_index_leads_back(workplace) -> None:
    sizes = [(300, 260), (160, 200), (700, 640)]
    pictures = {cls: [noise(10 * k + i, *size) for i, size in enumerate(sizes)] for k, cls in enumerate(("a", "b"))}
    out = stage(workplace, pictures)
    expected = 2 * 12 * sum(len(scales_of(*size)) for size in sizes)
    with (out / "index.csv").open() as file:
        entries = list(csv.DictReader(file))
    assert len(entries) == expected == len(list(out.rglob("*.jpg")))
    assert {Image.open(out / entry["file"]).size for entry in entries[::7]} == {(224, 224)}
    assert Counter(entry["rotation"] for entry in entries) == {f"{angle:g}": expected // 12 for angle in ANGLES}
    for entry in entries:
        assert entry["file"].startswith(f"{entry['split']}/{entry['class']}/{entry['id']}-")
        assert entry["url"].startswith(f"{entry['class']}/")
    assert {(e["group"], e["split"]) for e in entries} == {
        (g, s) for g, s in {e["group"]: e["split"] for e in entries}.items()
    }
    first = (out / "index.csv").read_bytes()
    rotations = {"scales": None, "rotations": list(ANGLES)}
    reconstruct.run(Params.model_validate(small_params(classes=["a", "b"], reconstruct=rotations)))
    assert (out / "index.csv").read_bytes() == first


def test_a_picture_of_another_shape_is_left_out_with_its_reason(workplace) -> None:
    """A placeholder came instead of the photograph: its label would be a lie."""
    root = workplace()
    params = small_params(classes=["a", "b"])
    journal = Journal()
    for cls in ("a", "b"):
        for number in range(4):
            url = f"{cls}/{number}"
            recorded = (300, 300) if (cls, number) == ("b", 3) else (300, 200)
            wanted = Row(cls, url, *recorded, 0, 0, *recorded, scales_of(*recorded), True, "s", licence="M", group=url)
            keep(journal, Fetched(wanted, encode_image(noise(10 * ord(cls) + number, 300, 200))))
    journal.finish({"s"})
    reconstruct.run(Params.model_validate(params))
    with (root / "data/swatches/rejected.csv").open() as file:
        (rejected,) = csv.DictReader(file)
    assert rejected["url"] == "b/3"
    assert "300x200" in rejected["reason"] and "300x300" in rejected["reason"]


@pytest.mark.skipif(not SHARED.exists(), reason="the real table lies in ../shared/data, which is not here")
def test_no_window_of_the_real_table_needs_padding_and_there_are_77052() -> None:
    text = (SHARED / "clothing-pattern/googleClothingDataset.csv").read_text()
    classes = ["solid", "striped", "dotted", "checkered", "zigzag", "floral"]
    count, clamped = Counter(), 0
    for wanted in read_table(text, "real", {"zig zag": "zigzag"}, classes).rows:
        box = crop_box(wanted, wanted.width, wanted.height)
        side = min(box[2] - box[0], box[3] - box[1])
        clamped += (box[2] - box[0], box[3] - box[1]) != (wanted.crop_width, wanted.crop_height)
        for _, scale in chosen_scales(wanted, box, Reconstruct(split=SPLIT)):
            count[wanted.cls] += 12
            for angle in ANGLES[:3]:
                turn = math.radians(angle)
                assert side * scale >= 224 * (math.cos(turn) + math.sin(turn)) - 0.05
    assert count == {
        "solid": 11052,
        "checkered": 14340,
        "dotted": 8232,
        "floral": 17304,
        "striped": 15228,
        "zigzag": 10896,
    }
    assert clamped == 76
