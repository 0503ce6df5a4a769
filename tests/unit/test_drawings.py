"""Drawn textiles as files: what one finds in the folder, what a second run keeps, and what the command says."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from drawing import files as drawings
from drawing import textiles
from drawing.files import SHEET, draw_textiles, renderer_version, sheet
from selvedge import cli
from selvedge.errors import SelvedgeError
from selvedge.io import open_image

SMALL = {"size": 24, "workers": 1}


def _contents(folder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_picture_and_a_json_each_and_a_sheet(tmp_path):
    paths = draw_textiles(5, ("striped", "dotted"), 7, tmp_path, **SMALL)
    names = [path.name for path in paths]
    assert names == [
        "striped-00007.png",
        "dotted-00007.png",
        "striped-00008.png",
        "dotted-00008.png",
        "striped-00009.png",
    ]
    assert {file.name for file in tmp_path.iterdir()} == {*names, *(n.replace("png", "json") for n in names), SHEET}
    beside = json.loads((tmp_path / "dotted-00008.json").read_text())
    drawing = textiles.render("dotted", 8, 24)
    assert open_image(paths[3]).tobytes() == drawing.image.tobytes()
    assert (beside["attributes"], beside["caption"]) == (drawing.attributes, drawing.caption)
    request = beside["request"]
    assert (request["class"], request["seed"], request["mode"]) == ("dotted", 8, "scan")
    assert request["renderer"] == renderer_version()


def test_all_classes_take_turns_and_two_processes_draw_the_same(tmp_path):
    draw_textiles(10, (), 0, tmp_path / "one", **SMALL)
    draw_textiles(10, (), 0, tmp_path / "two", size=24, workers=2)
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")
    assert {name.split("-")[0] for name in _contents(tmp_path / "one") if name.endswith("png")} == set(textiles.CLASSES)


def test_a_photograph_is_a_jpeg_and_a_tile_of_the_wished_style_and_colours(tmp_path):
    (photo,) = draw_textiles(1, ("solid",), 0, tmp_path, 24, "photograph", workers=1)
    assert photo.suffix == ".jpg"
    assert Image.open(photo).format == "JPEG"
    (tile,) = draw_textiles(1, ("dotted",), 3, tmp_path, 32, "tile", "polka", ("navy", "#f2e9dc"), workers=1)
    attributes = json.loads(tile.with_suffix(".json").read_text())["attributes"]
    assert attributes["style"] == "polka"
    assert [colour["name"] for colour in attributes["colours"]][:2] == ["navy", "ivory"]


def test_the_same_command_goes_on_and_keeps_what_is_complete(tmp_path, monkeypatch):
    draw_textiles(6, ("striped",), 0, tmp_path, **SMALL)
    whole = _contents(tmp_path)
    (tmp_path / "striped-00001.json").unlink()  # stopped between the picture and its JSON
    (tmp_path / "striped-00002.png").unlink()
    (tmp_path / "striped-00003.json").write_text("{")
    drawn = []
    draw = drawings._draw
    monkeypatch.setattr(drawings, "_draw", lambda job: (drawn.append(job[1]["seed"]), draw(job)))
    draw_textiles(7, ("striped",), 0, tmp_path, **SMALL)
    assert drawn == [1, 2, 3, 6]
    assert {name: data for name, data in _contents(tmp_path).items() if name in whole and name != SHEET} == {
        name: data for name, data in whole.items() if name != SHEET
    }


@pytest.mark.parametrize("change", [{"size": 32}, {"mode": "flat"}, {"colours": ("navy",)}, {"style": "multi"}])
def test_another_request_draws_anew(tmp_path, change):
    draw_textiles(1, ("striped",), 0, tmp_path, **SMALL)
    draw_textiles(1, ("striped",), 0, tmp_path, **(SMALL | change))
    request = json.loads((tmp_path / "striped-00000.json").read_text())["request"]
    assert all(request[key] == (list(value) if key == "colours" else value) for key, value in change.items())


def test_another_version_of_the_renderer_draws_anew(tmp_path, monkeypatch):
    draw_textiles(1, ("striped",), 0, tmp_path, **SMALL)
    monkeypatch.setattr(drawings, "renderer_version", lambda: "another")
    draw_textiles(1, ("striped",), 0, tmp_path, **SMALL)
    assert json.loads((tmp_path / "striped-00000.json").read_text())["request"]["renderer"] == "another"


@pytest.mark.parametrize(
    "change,message",
    [
        ({"n": 0}, "n 0: draw at least one"),
        ({"seed": -1}, "seed -1: must be 0 or more"),
        ({"size": 15}, "size 15: .* 16 to 8192"),
        ({"size": 8193}, "size 8193"),
        ({"classes": ("striped", "flral")}, "'flral': did you mean 'floral'"),
        ({"mode": "fotograph"}, "unknown mode 'fotograph': did you mean 'photograph'"),
        ({"style": "ditsi"}, "did you mean"),
        ({"classes": ("striped", "floral"), "style": "pin"}, "unknown floral style 'pin'"),
        ({"colours": ("nvy",)}, "'nvy' .*did you mean 'navy'"),
        ({"colours": ("navy", "#12345")}, "'#12345'"),
        ({"colours": ("navy",) * 6}, "6 colours: .* at most five"),
    ],
)
def test_a_mistake_is_named_before_a_file_is_written(tmp_path, change, message):
    wanted = {"n": 2, "classes": ("striped",), "seed": 0, "out": tmp_path / "out"} | SMALL | change
    with pytest.raises(SelvedgeError, match=message):
        draw_textiles(**wanted)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SelvedgeError, match="out: is a file; name a folder"):
        draw_textiles(1, ("solid",), 0, tmp_path / "out", **SMALL)
    assert (tmp_path / "out").read_text() == "mine"


def test_progress_is_a_line_every_tenth_and_nothing_else_on_a_pipe(tmp_path, capsys):
    draw_textiles(20, ("solid",), 0, tmp_path, **SMALL)
    out, err = capsys.readouterr()
    assert err.splitlines() == [f"textiles: {n}/20" for n in range(2, 21, 2)]
    assert out == f"textiles: 20 in {tmp_path}, 0 of them kept\n"


def test_a_sheet_shows_classes_by_styles_with_their_names(tmp_path):
    path = sheet(tmp_path / "sheet.jpg", ("solid", "striped"), per_class=3, side=48, workers=1)
    page = np.asarray(open_image(path)).astype(int)
    assert page.shape[1] >= 3 * 48
    assert page.shape[0] >= 2 * 48
    left = page[:, :10].reshape(-1, 3)
    assert (left > 240).mean() > 0.9  # paper at the margin
    with pytest.raises(SelvedgeError, match=r"'stripped'.*'striped'"):
        sheet(tmp_path / "other.jpg", ("stripped",), per_class=1, side=48)


# ---- the commands ------------------------------------------------------------------------------------------------------


def test_draw_textiles_draws(tmp_path):
    arguments = ["--n", "2", "--class", "dotted", "--class", "striped", "--seed", "7", "--size", "24", "--workers", "1"]
    result = CliRunner().invoke(
        cli.app,
        ["draw", "textiles", *arguments, "--mode", "tile", "--colours", "navy, #f2e9dc", "--out", str(tmp_path)],
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "dotted-00007.png").exists()
    request = json.loads((tmp_path / "striped-00007.json").read_text())["request"]
    assert request["colours"] == ["navy", "#f2e9dc"]


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["textiles", "--class", "floral", "--style", "ditsi"], "unknown floral style 'ditsi': did you mean 'ditsy'?"),
        (["textiles", "--n", "0"], "n 0: draw at least one textile"),
        (["textiles", "--colours", "navy,wite"], "colour 'wite' is neither"),
        (["garments", "--size", "384"], "--size '384': give width and height as WxH"),
        (["garments", "--size", "384x9"], "64x64 to 4096x4096"),
        (["garments", "--seed", "-3"], "--seed -3: must be 0 or more"),
        (["garments", "--kind", "coatt"], "unknown kind 'coatt': did you mean 'coat'?"),
    ],
)
def test_a_mistake_ends_as_one_line_and_status_1(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["selvedge", "draw", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    err = capsys.readouterr().err
    assert err.startswith("selvedge: ")
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())


def test_draw_garments_asks_the_wardrobe(tmp_path, monkeypatch):
    from drawing.garments import wardrobe

    asked = []
    monkeypatch.setattr(wardrobe, "draw_garments", lambda *args, **named: asked.append((*args, named)))
    for more in (["--kind", "dress", "--kind", "coat", "--ground", "busy"], ["--ground", "plain"], []):
        arguments = ["draw", "garments", "--n", "6", "--size", "768x1024", "--out", str(tmp_path), *more]
        assert CliRunner().invoke(cli.app, arguments).exit_code == 0
    common = (0, tmp_path, (768, 1024), 2)
    assert asked == [
        (6, ["dress", "coat"], *common, {"busy": 1.0}),
        (6, wardrobe.KINDS, *common, {"busy": 0.0}),
        (6, wardrobe.KINDS, *common, {"busy": 0.5}),
    ]


def test_worn_textiles_are_photographs_of_the_size_asked_for(tmp_path):
    paths = draw_textiles(2, ("paisley",), 3, tmp_path, mode="worn", **SMALL)
    assert [path.name for path in paths] == ["paisley-00003.jpg", "paisley-00004.jpg"]
    assert open_image(paths[0]).size == (24, 24)
    assert json.loads((tmp_path / "paisley-00003.json").read_text())["attributes"]["garment"]
    with pytest.raises(SelvedgeError, match=r"'paisly'.*'paisley'"):
        draw_textiles(1, ("paisly",), 0, tmp_path, mode="worn", **SMALL)
