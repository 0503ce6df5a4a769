"""What a designer asks of a tile: size, palette, repeat, how much cloth; each kept exactly or refused in one line."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_inference import CLASSES, save_generator, save_upscaler

from inference.patterns import Patterns, Wish, generate_files, seeds_of
from inference.walk import between, walk, walk_files
from selvedge import registry
from selvedge.errors import SelvedgeError
from training.data import to_tensor
from training.evaluation import palette
from training.evaluation.features import SHIPPED, Extractor
from training.models.bundle import load_bundle, save_bundle
from training.models.screens import Screens

ASKED = ("#1b2a49", "#f2e9dc", "#c9252f")


def save_screens(directory: Path) -> None:
    torch.manual_seed(0)
    arguments = {"classes": len(CLASSES), "width": 8, "latent": 8, "palettes": 4}
    network = Screens(**arguments)
    # so that all inks are in use, each in patches of a few pixels
    network.detail.weight.data *= 4
    network.claims.weight.data *= 4
    network.library.random_(0, 255)
    network.library_inks.random_(2, 6)
    save_bundle(directory, network, family="screens", arguments=arguments, classes=list(CLASSES), seamless=True)


@pytest.fixture(scope="module")
def printer(tmp_path_factory: pytest.TempPathFactory) -> Patterns:
    folder = tmp_path_factory.mktemp("screens")
    save_screens(folder)
    return Patterns(load_bundle(folder))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Patterns:
    folder = tmp_path_factory.mktemp("older")
    save_generator(folder)
    return Patterns(load_bundle(folder))


def laid(tile: torch.Tensor) -> torch.Tensor:
    return tile.repeat(1, 2, 2)


@pytest.mark.parametrize("who", ["printer", "older"])
def test_half_drop_and_brick_are_the_tile_half_a_repeat_further_and_repeat_straight(who: str, request) -> None:
    patterns: Patterns = request.getfixturevalue(who)
    for repeat, along, across in (("half-drop", 1, 2), ("brick", 2, 1)):
        tile = patterns.tile("floral", 5, Wish(repeat=repeat))
        side = patterns.size
        assert tile.shape[along] == side
        assert tile.shape[across] == 2 * side
        one, two = tile.split(side, across)
        assert torch.equal(two, one.roll(side // 2, along))
        # beyond the second column the first one comes again, a whole repeat lower
        assert torch.equal(tile.roll((side // 2, side), (along, across)), tile)
        assert one.float().std() > 5
        assert not torch.equal(one, patterns.tile("floral", 5, Wish()))  # what lies beside it has changed


def test_a_tile_has_the_size_and_the_inks_that_were_asked_for(printer: Patterns) -> None:
    tile = printer.tile("striped", 3, Wish(size=512, palette=ASKED))
    assert tile.shape == (3, 512, 512)
    found = palette.error(tile, ASKED)
    assert found["worst"] < 5  # CIEDE2000, of clusters that blends at edges belong to
    pixels = {tuple(colour) for colour in tile.flatten(1).T.tolist()}
    assert {tuple(bytes.fromhex(word[1:])) for word in ASKED} <= pixels
    # other inks, the same drawing
    other = printer.tile("striped", 3, Wish(size=512, palette=("#000000", "#ffffff", "#808080")))
    ground = (tile == torch.tensor(list(bytes.fromhex("1b2a49")))[:, None, None]).all(0)
    assert (other[:, ground] < 3).all()


def test_enlarging_sharpens_and_moves_nothing(printer: Patterns) -> None:
    small, large = (printer.tile("floral", 9, Wish(size=size, palette=ASKED)).float() for size in (64, 512))
    shrunk = torch.nn.functional.avg_pool2d(large[None], 8)[0]
    together = torch.stack([shrunk.flatten(), small.flatten()])
    assert torch.corrcoef(together)[0, 1] > 0.9
    step = (large[:, :, 1:] - large[:, :, :-1]).abs().amax(0)
    assert (step > 60).any()  # an edge is as narrow as a pixel or two, not eight


def test_more_cells_are_more_cloth_and_repeat_too(printer: Patterns) -> None:
    tile = printer.tile("floral", 2, Wish(cells=16))
    assert tile.shape == (3, 128, 128)
    seam = (tile[:, :, 0].float() - tile[:, :, -1].float()).abs().mean()
    inner = (tile[:, :, 1:].float() - tile[:, :, :-1].float()).abs().mean((0, 1))
    assert seam <= inner.max()


def test_what_ships_does_not_come_again_before_its_tile_ends() -> None:
    """Where it does not vary, the waves that it learned at 8 cells make each 8 cells the same again."""
    patterns = Patterns(load_bundle(registry.SHIPPED / "patterns"))

    def alike(vary: float) -> float:
        found = []
        for cls in ("animal", "floral", "paisley", "striped"):
            tile = patterns.tile(cls, 2, Wish(cells=16, vary=vary)).float()
            again = [torch.stack([tile, tile.roll(64, axis)]).flatten(1) for axis in (1, 2)]
            found.append(min(float(torch.corrcoef(both)[0, 1]) for both in again))
        return sum(found) / len(found)

    assert alike(0.0) > 0.9
    assert alike(0.5) < 0.65
    assert torch.equal(
        patterns.tile("floral", 2, Wish(vary=1.0)), patterns.tile("floral", 2, Wish())
    )  # 8 cells are a tile


def test_an_axis_that_shall_not_repeat_does_not(printer: Patterns) -> None:
    whole, cut = (
        printer.tile("floral", 4, Wish(size=512, wraps=wraps)).float() for wraps in ((True, True), (True, False))
    )
    assert cut.shape == whole.shape

    def seam(x: torch.Tensor, axis: int) -> float:
        return float((x.select(axis, 0) - x.select(axis, -1)).abs().mean())

    assert seam(cut, 2) > 2 * seam(whole, 2)
    assert seam(cut, 1) < seam(cut, 2)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(size=500), "size 500: must be a multiple of 64 pixels"),
        (Wish(size=128, cells=24), "size 128: must be a multiple of 192 pixels"),
        (Wish(cells=12), "cells 12: must be a multiple of 8"),
        (Wish(vary=1.5), "vary 1.5: must be from 0, all but the same every 8 cells, to 1"),
        (Wish(palette=("navy",)), "ink 'navy': write it as '#rrggbb'"),
        (Wish(palette=ASKED * 3), "a palette of 9 inks: 1 to 6 can be printed"),
        (Wish(repeat="ogee"), "repeat 'ogee': is none of straight, half-drop, brick"),
        (Wish(repeat="brick", wraps=(True, False)), "repeat 'brick': lies by repeats down and across"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(printer: Patterns, wish: Wish, said: str) -> None:
    with pytest.raises(SelvedgeError, match=said) as error:
        printer.tile("floral", 1, wish)
    assert "\n" not in str(error.value)


def test_a_generator_of_one_size_says_what_it_cannot(older: Patterns) -> None:
    with pytest.raises(SelvedgeError, match=r"this generator \(dcgan\) makes tiles of 32 px in colours of its own"):
        older.tile("floral", 1, Wish(size=512))
    assert torch.equal(older.tile("floral", 1), older.sample("floral", [1])[0])


@pytest.mark.parametrize("who", ["printer", "older"])
def test_the_best_of_four_is_a_tile_that_the_judge_likes_best_and_a_seed_of_its_own(who: str, request) -> None:
    patterns: Patterns = request.getfixturevalue(who)
    better = 0
    for seed in range(6):
        wish = Wish(best_of=4)
        chosen = patterns.chosen("floral", seed, wish)
        likely = patterns.judge.likely("floral", patterns.sample("floral", seeds_of(seed, 4)))
        assert chosen == seeds_of(seed, 4)[int(likely.argmax())]
        assert torch.equal(patterns.tile("floral", seed, wish), patterns.tile("floral", chosen))
        assert patterns.chosen("floral", seed, Wish()) == seed
        assert patterns.chosen("floral", seed, Wish(best_of=None)) == chosen
        better += chosen != seed
    assert better > 0
    assert seeds_of(3, 2) == seeds_of(3, 8)[:2] and len(set(seeds_of(3, 8) + seeds_of(4, 8))) == 16


def test_the_judge_chooses_among_what_was_asked_for(printer: Patterns) -> None:
    wish = Wish(size=512, palette=ASKED, repeat="half-drop", best_of=3)
    tile = printer.tile("floral", 11, wish)
    chosen = printer.chosen("floral", 11, wish)
    assert torch.equal(tile, printer.tile("floral", chosen, replace(wish, best_of=1)))
    shown = [printer.tile("floral", each, Wish(palette=ASKED, repeat="half-drop")) for each in seeds_of(11, 3)]
    assert shown[0].shape == (3, 64, 128)
    likely = printer.judge.likely("floral", [each[:, :64, :64] for each in shown])
    assert chosen == seeds_of(11, 3)[int(likely.argmax())]


def test_the_judge_says_what_the_extractor_of_the_scores_says(printer: Patterns) -> None:
    tiles, extractor = printer.sample("floral", [1, 2, 3]), Extractor.load(SHIPPED)
    _, logits = extractor(tiles)
    label = list(extractor.bundle.card["classes"]).index("striped")
    assert torch.allclose(printer.judge.likely("striped", tiles), logits.log_softmax(1)[:, label], atol=1e-4)
    assert tuple(extractor.bundle.card["classes"]) == printer.judge.classes


def test_what_the_judge_does_not_know_it_does_not_choose(tmp_path) -> None:
    save_generator(tmp_path, conditional=False)
    patterns = Patterns(load_bundle(tmp_path))
    assert patterns.chosen("tweed", 5, Wish(best_of=None)) == 5
    with pytest.raises(SelvedgeError, match=r"best of 4: the judge cannot choose, it knows no class 'tweed'"):
        patterns.tile("tweed", 5, Wish(best_of=4))
    for count in (0, 65):
        with pytest.raises(SelvedgeError, match=f"best of {count}: 1 to 64 can be chosen from"):
            patterns.tile("floral", 5, Wish(best_of=count))


@pytest.mark.parametrize("who", ["printer", "older"])
def test_a_walk_begins_and_ends_at_its_tiles_and_moves_a_little_each_time(who: str, request) -> None:
    patterns: Patterns = request.getfixturevalue(who)
    tiles = walk(patterns, [("floral", 3), ("floral", 8)], 9)
    ends = [patterns.tile("floral", seed) for seed in (3, 8)]
    assert len(tiles) == 9
    assert (tiles[0].float() - ends[0].float()).abs().max() <= 1
    if who == "older":  # the other's palettes need not have equally many inks
        assert (tiles[-1].float() - ends[1].float()).abs().max() <= 1
    steps = [(a.float() - b.float()).abs().mean() for a, b in pairwise(tiles)]
    assert max(steps) < (tiles[0].float() - tiles[-1].float()).abs().mean()
    assert min(steps) > 0


def test_a_walk_between_classes_mixes_them_where_that_can_be(printer: Patterns, older: Patterns) -> None:
    wish = Wish(palette=ASKED)
    tiles = walk(printer, [("striped", 3), ("floral", 3)], 3, wish)
    assert torch.equal(tiles[0], printer.tile("striped", 3, wish))
    assert torch.equal(tiles[2], printer.tile("floral", 3, wish))
    wish = replace(wish, best_of=3)
    assert torch.equal(walk(printer, [("striped", 3), ("floral", 3)], 2, wish)[1], printer.tile("floral", 3, wish))
    assert not torch.equal(tiles[0], tiles[1])
    with pytest.raises(SelvedgeError, match="walks between two seeds of one class"):
        walk(older, [("striped", 3), ("floral", 3)], 3)
    with pytest.raises(SelvedgeError, match="knows no class 'floreal'; did you mean 'floral'"):
        walk(printer, [("striped", 3), ("floreal", 3)], 3)
    with pytest.raises(SelvedgeError, match="a walk of 1 frames"):
        walk(printer, [("striped", 3), ("floral", 3)], 1)


def test_latents_on_a_walk_are_as_long_as_latents_are() -> None:
    one, other = torch.randn(2, 1, 400).unbind()
    for share in (0.0, 0.3, 0.5, 1.0):
        assert between(one, other, share).norm() == pytest.approx(20, rel=0.12)
    assert torch.allclose(between(one, other, 0.0), one, atol=1e-5)
    assert torch.allclose(between(one, one, 0.4), one)


def test_a_walk_is_a_sheet_and_a_film_that_comes_back(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    save_screens(tmp_path / "shipped/patterns")
    walk_files([("floral", 1), ("striped", 2)], frames=5, out=Path("out"))
    film = Image.open("out/walk.gif")
    assert film.n_frames == 8  # there, and back without showing an end twice
    assert json.loads(Path("out/walk.json").read_text())["ends"][1] == {"class": "striped", "seed": 2}
    assert Image.open("out/walk.png").width > 5 * 192


def test_files_say_what_was_asked_and_come_out_the_same_again(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    save_screens(tmp_path / "shipped/patterns")
    save_upscaler(tmp_path / "shipped/upscaler")
    wish = Wish(size=128, palette=ASKED, repeat="half-drop")
    for out in ("one", "two"):
        generate_files("floral", n=2, seed=7, out=Path(out), wish=wish, dpi=300)
    for name in ("floral-7.png", "floral-8.png", "floral-8.json", "sheet.png"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    facts = json.loads(Path("one/floral-7.json").read_text())
    assert (facts["layout"], facts["palette"], facts["upscaled"]) == ("half-drop", list(ASKED), False)
    assert (facts["best_of"], facts["chosen_seed"]) == (1, 7)
    assert (facts["cells"], facts["vary"]) == (8, 0.5)
    image = Image.open(io.BytesIO(Path("one/floral-7.png").read_bytes()))
    assert image.size == (256, 128)
    assert round(image.info["dpi"][0]) == 300
    one, two = np.split(np.asarray(image), 2, 1)
    assert (two == np.roll(one, 64, 0)).all()
    sheet = to_tensor(Image.open("one/sheet.png"))
    assert sheet.shape[2] > sheet.shape[1]


def test_a_file_of_a_choice_says_which_seed_gives_it_without_one(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "shipped")
    save_screens(tmp_path / "shipped/patterns")
    generate_files("floral", n=3, seed=7, out=Path("best"), wish=Wish(size=64, best_of=None))
    for seed in (7, 8, 9):
        facts = json.loads(Path(f"best/floral-{seed}.json").read_text())
        assert facts["best_of"] == 4
        again = facts["chosen_seed"]
        generate_files("floral", n=1, seed=again, out=Path("alone"), wish=Wish(size=64))
        assert Path(f"alone/floral-{again}.png").read_bytes() == Path(f"best/floral-{seed}.png").read_bytes()
