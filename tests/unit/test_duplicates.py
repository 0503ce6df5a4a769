"""Pictures that show the same are found in any orientation, different cloths are not, and signatures are computed once."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import SHARED
from PIL import Image, ImageDraw, ImageOps

from drawing.textiles import CLASSES, render
from scrapers import duplicates
from scrapers.duplicates import ORIENTATIONS, Orientation, Pair, Signatures, find, orientations_from, signature
from selvedge.errors import BadImage
from selvedge.io import encode_image, open_image, sha256_bytes


def shown(image: Image.Image, orientation: Orientation) -> Image.Image:
    """The picture in an orientation, by Pillow: what the words mirrored and turned mean."""
    image = ImageOps.mirror(image) if orientation.mirrored else image
    return image.rotate(orientation.turn, expand=True)


def saved(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def changed(image: Image.Image, rng: random.Random, least: float = 0.3) -> tuple[Image.Image, Orientation]:
    """Turned, mirrored, rescaled by `least` to 2 with one of four filters, saved as JPEG 60 to 95."""
    orientation = rng.choice(ORIENTATIONS)
    image, scale = shown(image, orientation), least * (2 / least) ** rng.random()
    size = tuple(round(side * scale) for side in image.size)
    filters = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
    return saved(image.resize(size, rng.choice(filters)), rng.randint(60, 95)), orientation


def pairs_of(**pictures: Image.Image) -> list[tuple[str, str]]:
    return [(pair.a, pair.b) for pair in find({name: signature(image) for name, image in pictures.items()})]


@pytest.fixture(scope="module")
def drawings() -> list[Image.Image]:
    """A hundred and twenty different cloths, twelve a class."""
    return [render(cls, seed, 96).image for seed in range(12) for cls in CLASSES]


# ---- orientations ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_each_orientation_is_found_and_named(drawings: list[Image.Image], orientation: Orientation) -> None:
    wide = drawings[CLASSES.index("paisley")].crop((0, 10, 96, 80))
    other = saved(shown(wide, orientation).resize((140, 102) if orientation.turn % 180 == 0 else (102, 140)), 75)
    [pair] = find({"a": signature(wide), "b": signature(other)})
    assert (pair.a, pair.b, pair.orientation) == ("a", "b", orientation)
    [back] = find({"b": signature(wide), "a": signature(other)})
    assert back.orientation == orientation.back()
    assert pair.distance < 0.05


def test_orientations_compose_as_pictures_do() -> None:
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    for one in ORIENTATIONS:
        assert shown(shown(image, one), one.back()) == image
        for other in ORIENTATIONS:
            assert shown(shown(image, one), other) == shown(image, one.then(other))


def test_orientations_are_followed_along_pairs() -> None:
    turned, mirrored = Orientation(False, 90), Orientation(True, 0)
    pairs = [Pair("a", "b", turned, 0), Pair("b", "c", mirrored, 0), Pair("x", "y", turned, 0)]
    assert orientations_from("a", pairs) == {"a": Orientation(), "b": turned, "c": turned.then(mirrored)}
    assert orientations_from("c", pairs)["a"] == mirrored.then(turned.back())


def test_a_picture_of_other_sides_is_another(drawings: list[Image.Image]) -> None:
    image = drawings[CLASSES.index("floral")]
    assert pairs_of(a=image, b=image.resize((96, 70))) == []  # squeezed: a picture is not a change of its sides
    assert pairs_of(a=image, b=image.resize((30, 29))) == [("a", "b")]


# ---- recall and false alarms -------------------------------------------------------------------------------------------------


def test_what_was_changed_is_found_and_nothing_else(drawings: list[Image.Image]) -> None:
    """Every cloth with structure, four ways; solids only must not be taken for others.

    Not below 67 pixels: of a fine check in a thumbnail of 30 too little is left.
    """
    rng = random.Random(1)
    signatures, twins, wanted = {}, {}, set()
    for number, image in enumerate(drawings):
        signatures[f"a{number:03d}"] = signature(image)
        for way in range(4):
            other, orientation = changed(image, rng, 0.7)
            name = f"b{number:03d}{way}"
            signatures[name] = signature(other)
            twins[f"a{number:03d}", name] = orientation
            if CLASSES[number % len(CLASSES)] != "solid":
                wanted.add((f"a{number:03d}", name))
    found = {(pair.a, pair.b): pair for pair in find(signatures)}
    assert {a[1:4] == b[1:4] for a, b in found} == {True}
    assert len(wanted & set(found)) / len(wanted) >= 0.97
    named = [found[pair].orientation == orientation for pair, orientation in twins.items() if pair in found]
    assert np.mean(named) >= 0.98  # a gingham may be its own mirror image


def test_cloths_of_one_style_and_palette_are_told_apart() -> None:
    styles = [("solid", "twill"), ("striped", "Bengal"), ("striped", "pin"), ("checkered", "gingham")]
    for cls, style in styles:
        colours = ("navy",) if cls == "solid" else ("navy", "ivory")
        made = {str(seed): render(cls, seed, 96, style=style, colours=colours).image for seed in range(20)}
        assert pairs_of(**made) == []


def stripes(period: float, phase: float, ink: tuple[int, int, int], size: int = 240) -> Image.Image:
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    for start in np.arange(phase - period, size, period):
        draw.rectangle((round(start), 0, round(start + period / 2) - 1, size), fill=ink)
    return image


def test_plain_stripes_are_the_same_only_in_place_and_colour() -> None:
    navy = stripes(24, 5, (20, 30, 90))
    assert pairs_of(a=navy, b=saved(navy.rotate(90).resize((150, 150)), 70)) == [("a", "b")]
    assert pairs_of(a=navy, b=stripes(24, 5, (60, 30, 30))) == []  # a red of the same lightness
    assert pairs_of(a=navy, b=stripes(24, 11, (20, 30, 90))) == []  # moved by a quarter of the repeat
    assert pairs_of(a=navy, b=stripes(25, 5, (20, 30, 90))) == []


def test_of_a_plain_cloth_only_bytes_can_tell() -> None:
    plain = Image.new("RGB", (200, 200), (40, 60, 120))
    shade = Image.linear_gradient("L").resize((200, 200)).point(lambda level: level // 8)
    lit = Image.composite(Image.new("RGB", (200, 200), "white"), plain, shade)
    cloth = {"a": plain, "b": saved(plain, 60), "c": lit, "d": saved(lit.rotate(90), 90), "e": plain.resize((99, 99))}
    assert pairs_of(**cloth) == []


def under_lamp(strength: float, grain: float, seed: int) -> Image.Image:
    """A plain blue cloth with a grain of its own under a lamp from the left, in grey levels."""
    light = strength * np.cos(np.pi * (np.arange(200) + 0.5) / 200)
    values = (
        np.array([70, 90, 140]) + light[None, :, None] + np.random.default_rng(seed).normal(0, grain, (200, 200, 1))
    )
    return Image.fromarray(values.clip(0, 255).round().astype(np.uint8))


def test_light_is_no_cloth() -> None:
    """Two plain cloths under one lamp are two, and what rounding leaves of a faint light is no structure."""
    assert pairs_of(a=under_lamp(60, 2, 0), b=under_lamp(60, 2, 1)) == []
    assert pairs_of(a=under_lamp(2, 0, 0), b=saved(under_lamp(2, 0, 1), 95)) == []


def test_a_change_of_colours_of_the_whole_is_seen_through(drawings: list[Image.Image]) -> None:
    """Another profile: gamma 1.1, a warmer white."""
    image = drawings[CLASSES.index("leaves")]
    values = (np.asarray(image) / 255) ** 1.1 * (1.02, 1.0, 0.96) * 255
    assert pairs_of(a=image, b=Image.fromarray(values.clip(0, 255).astype(np.uint8))) == [("a", "b")]


def test_many_pictures_are_compared_as_few_are() -> None:
    """Across the blocks of the comparison: noise in which some are turned copies of others, the order shuffled."""
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).resize((64, 64)) for _ in range(640)]
    signatures = {f"{n:04d}": signature(image) for n, image in enumerate(pictures)}
    wanted = {}
    for n in range(0, 640, 16):
        orientation = ORIENTATIONS[n // 16 % 8]
        signatures[f"{n:04d}x"] = signature(saved(shown(pictures[n], orientation), 90))
        wanted[f"{n:04d}", f"{n:04d}x"] = orientation
    names = list(signatures)
    random.Random(0).shuffle(names)
    pairs = find({name: signatures[name] for name in names})
    assert {(pair.a, pair.b): pair.orientation for pair in pairs} == wanted
    assert [(pair.a, pair.b) for pair in pairs] == sorted(wanted)


def test_none_and_one_have_no_pair(drawings: list[Image.Image]) -> None:
    assert find({}) == [] == find({"a": signature(drawings[0])})


# ---- the cache ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, drawings: list[Image.Image]) -> dict[str, Path]:
    found = {}
    for image in drawings[:12]:
        data = encode_image(image, "jpeg")
        path = tmp_path / f"{sha256_bytes(data)}.jpg"
        path.write_bytes(data)
        found[path.stem] = path
    return found


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened."""
    opened: list[str] = []
    original = duplicates.signature_of
    monkeypatch.setattr(duplicates, "signature_of", lambda path: opened.append(str(path)) or original(path))
    return opened


def test_a_picture_is_looked_at_once(tmp_path: Path, files: dict[str, Path], seen: list[str]) -> None:
    cache = tmp_path / "cache" / "signatures.npz"
    shas = sorted(files)
    few = Signatures(cache).of({sha: files[sha] for sha in shas[:8]})
    assert len(seen) == 8
    every = Signatures(cache).of(files)
    assert sorted(seen[8:]) == sorted(str(files[sha]) for sha in shas[8:])
    assert all((every[sha] == few[sha]).all() for sha in few)
    for path in files.values():
        path.unlink()
    assert set(Signatures(cache).of(files)) == set(files)  # the pictures themselves are not needed any more


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"nothing"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes().replace(b"\x01", b"\x02")),
        lambda path: np.savez(path, version=duplicates.VERSION, sha256=np.array(["a"])),
        lambda path: np.savez(path, **{**np.load(path), "version": duplicates.VERSION - 1}),
        lambda path: np.savez(
            path, version=duplicates.VERSION, sha256=np.array(["a"]), signatures=np.zeros((1, 3), "int16")
        ),
    ],
    ids=["cut", "text", "empty", "flipped bytes", "a part is missing", "old version", "other length"],
)
def test_a_damaged_or_old_cache_is_made_anew(
    tmp_path: Path, files: dict[str, Path], seen: list[str], damage: Callable[[Path], object]
) -> None:
    cache = tmp_path / "signatures.npz"
    first = Signatures(cache).of(files)
    damage(cache)
    again = Signatures(cache).of(files)
    assert len(seen) == 2 * len(files)
    assert all((again[sha] == first[sha]).all() for sha in files)
    Signatures(cache).of(files)
    assert len(seen) == 2 * len(files)


def test_many_are_looked_at_in_processes(
    tmp_path: Path, drawings: list[Image.Image], capsys: pytest.CaptureFixture
) -> None:
    paths = {}
    for number, image in enumerate(drawings[:120]):
        paths[f"{number:03d}"] = tmp_path / f"{number}.png"
        image.save(paths[f"{number:03d}"], compress_level=1)
    found = Signatures(tmp_path / "signatures.npz").of(paths)
    assert all((found[f"{n:03d}"] == signature(drawings[n])).all() for n in (0, 57, 119))
    assert capsys.readouterr().out == "duplicates: 120/120 pictures seen\n"


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("<html>not found</html>")
    with pytest.raises(BadImage, match=r"bad\.jpg: is not a picture that can be read"):
        Signatures(tmp_path / "signatures.npz").of({"a": tmp_path / "bad.jpg"})
    with pytest.raises(BadImage, match=r"gone\.jpg: there is no such file"):
        Signatures(tmp_path / "signatures.npz").of({"a": tmp_path / "gone.jpg"})


def test_a_large_file_is_decoded_small_and_upright(tmp_path: Path) -> None:
    """What is decoded at a quarter, with its camera's orientation, signs as the whole picture does."""
    image = render("paisley", 3, 256).image.resize((1500, 1127), Image.Resampling.LANCZOS)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    image.save(tmp_path / "large.jpg", quality=92, exif=exif)
    fast = duplicates.signature_of(tmp_path / "large.jpg")
    whole = signature(open_image(tmp_path / "large.jpg"))
    assert fast[-1] == whole[-1] < 0
    [pair] = find({"fast": fast, "whole": whole, "z": signature(Image.new("RGB", (9, 9)))})
    assert pair.orientation == Orientation() and pair.distance < 0.005


# ---- real cloth --------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="real cloth lies in ../shared/data, which is not here")
def test_on_real_cloth(tmp_path: Path) -> None:
    """Batik, of which people found eleven pairs by eye, and frames of single cloths: turned copies of all are found."""
    paths = sorted((SHARED / "batik-256").rglob("*.jpg")) + sorted(
        (SHARED / "clothing-pattern/finger-camera-256").rglob("*.jpg")
    )
    signatures = {f"{n:04d}": duplicates.signature_of(path) for n, path in enumerate(paths)}
    found = [(paths[int(pair.a)], paths[int(pair.b)]) for pair in find(signatures)]
    assert sum("batik" in str(a) for a, _ in found) == 11
    assert all(a.parent == b.parent for a, b in found if "finger" in str(a))  # neighbours of one run that stood still
    rng = random.Random(0)
    chosen = rng.sample(range(len(paths)), 150)
    turned = {f"{n:04d}x": changed(open_image(paths[n]), rng) for n in chosen}
    signatures |= {name: signature(image) for name, (image, _) in turned.items()}
    pairs = {(pair.a, pair.b): pair.orientation for pair in find(signatures)}
    hits = [pairs.get((name[:4], name)) == orientation for name, (_, orientation) in turned.items()]
    assert np.mean(hits) >= 0.98
