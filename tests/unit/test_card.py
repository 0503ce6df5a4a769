"""The data card: counts against a hand-made set, sheets that show the right swatches, hostile text, the same bytes."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from helpers import small_params
from PIL import Image

from drawing.textiles import render
from scrapers import card, looks
from scrapers.looks import ACROSS, DOWN, FRAME, GAP, INK, SIDE, Swatch, measure, spread
from scrapers.manifest import Journal, Row
from scrapers.reconstruct import INDEX
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image, sha256_file

CLASSES = ("striped", "dotted", "floral")
EVIL = "https://evil.example/<script>alert(1)</script>?a=\"b'&c"


def params() -> Params:
    return Params.model_validate(small_params())


@cache
def drawn(cls: str, seed: int, size: int) -> Image.Image:
    return render(cls, seed, size).image


def table(path: Path, heads: Iterable[str], lines: Iterable[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(heads), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


@pytest.fixture
def data(workplace: Callable[..., Path]) -> Path:
    """Three classes of five cloths, two turns a row; dotted's first cloth is shown by two rows with the same bytes.

    Seven more rows have no swatch: two that the rebuild left out, dead, corrupt and refused ones, one of a class that is
    not asked for, one that nobody accounts for.
    """
    folder = workplace()
    journal, lines = Journal(), []
    for cls in CLASSES:
        for k in range(5):
            picture = encode_image(drawn(cls, k, 48 + 16 * k))
            for name in ("", "-again") if (cls, k) == ("dotted", 0) else ("",):
                row = Row(cls, f"https://{cls}.example/{k}{name}.png", source="shop", licence="MIT", group=f"{cls}/{k}")
                row = journal.store(row, picture, 48 + 16 * k, 48 + 16 * k, "png")
                split = ("train", "train", "train", "judge", "test")[k]
                for angle in (0.0, 90.0):
                    file = f"{split}/{cls}/{row.id}-r{angle:03.0f}.png"
                    path = folder / "data/swatches" / file
                    path.parent.mkdir(parents=True, exist_ok=True)
                    drawn(cls, k, 48).rotate(angle).save(path)
                    lines.append(
                        {
                            **{"file": file, "sha256": sha256_file(path), "class": cls, "split": split},
                            **{"group": row.group, "id": row.id, "source": "shop", "url": row.url},
                            **{"scale": 2.0 if k == 4 else 0.5, "rotation": angle, "licence": "MIT"},
                        }
                    )
    left = []
    for k in range(2):
        row = Row("floral", f"https://floral.example/left-{k}.png", source="table", group=f"left/{k}")
        left.append(journal.store(row, encode_image(drawn("floral", 90 + k, 60)), 60, 60, "png"))
    evil = replace(left[0], url=EVIL)
    journal.rows.pop(left[0].id)
    journal.add(evil)
    journal.add(Row("dotted", "https://x.example/1", source="table", status="dead", error="answered 404"))
    journal.add(Row("dotted", "https://x.example/2", source="table", status="dead", error="answered 404"))
    journal.add(Row("striped", "https://x.example/3", source="table", status="refused", error="<b>no</b>"))
    journal.store(
        Row("tweed", "https://x.example/4", source="table"), encode_image(Image.new("RGB", (9, 9))), 9, 9, "png"
    )
    journal.store(
        Row("dotted", "https://x.example/5", source="table"), encode_image(Image.new("RGB", (8, 8))), 8, 8, "png"
    )
    journal.finish({"shop", "table"})

    table(card.INDEX, INDEX, lines)
    told = [
        {"id": evil.id, "class": "floral", "source": "table", "url": EVIL, "reason": "<i>twice</i>", "file": evil.file},
        {
            "id": left[1].id,
            "class": "floral",
            "source": "table",
            "url": left[1].url,
            "reason": "too small",
            "file": "gone",
        },
    ]
    table(card.REJECTED, ("id", "class", "source", "url", "reason", "file"), told)
    return folder


def facts() -> dict:
    return json.loads((card.REPORT / "card.json").read_text())


def page() -> str:
    return (card.REPORT / "index.html").read_text()


def test_the_counts_are_those_of_a_hand_made_set(data: Path, capsys) -> None:
    card.run(params())
    found = facts()
    assert found["total"] == {
        **{"swatches": 32, "pictures": 15, "cloths": 15, "classes": 3, "sources": 1},
        **{"rows": 23, "rows_used": 16, "rejected": 7},
    }
    assert found["by_class"]["dotted"] == {
        "train": {"swatches": 8, "cloths": 3},
        "judge": {"swatches": 2, "cloths": 1},
        "test": {"swatches": 2, "cloths": 1},
        "all": {"swatches": 12, "cloths": 5},
    }
    shop, other = found["sources"]
    assert (shop["rows"], shop["alive"], shop["rows_used"], shop["cloths"], shop["swatches"]) == (16, 16, 16, 15, 32)
    assert (other["rows"], other["alive"], other["dead"], other["refused"], other["rows_used"]) == (7, 4, 2, 1, 0)
    assert [(licence["note"], licence["swatches"]) for licence in found["licences"]] == [("MIT", 32)]
    reasons = {entry["reason"]: (entry["n"], entry["by_class"]) for entry in found["rejected"]["reasons"]}
    assert reasons == {
        "dead: answered 404": (2, {"dotted": 2}),
        "refused: <b>no</b>": (1, {"striped": 1}),
        "<i>twice</i>": (1, {"floral": 1}),
        "too small": (1, {"floral": 1}),
        "class tweed is not in params.yaml": (1, {"tweed": 1}),
        "no swatch, and no reason is known": (1, {"dotted": 1}),
    }
    assert found["same"]["rows"] == 2 and found["same"]["files"] == 1 and found["same"]["conflicts"] == []
    assert found["same"]["cloths_shown_by_several_rows"] == 1 and found["same"]["cloths_on_two_sides"] == 0
    assert found["scales"]["n"] == 32 and found["scales"]["enlarged"] == 6  # a cloth a class, two turns
    assert found["pixels"]["n"] == 15 + 4 and found["pixels"]["most"] == 0.01254  # 112 x 112
    assert capsys.readouterr().out.startswith(
        "data-card: 32 swatches of 15 pictures that show 15 pieces of cloth in 3 "
    )
    assert "<h1>32 swatches of 15 pictures that show 15 pieces of cloth in 3 classes, from 1 source.</h1>" in page()


class Elements(HTMLParser):
    """Tags and what they point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.targets = set(), set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]
        self.targets |= {value for name, value in attributes if name in ("src", "href") and value}


def test_the_page_needs_no_network_and_no_script_and_hostile_text_stays_text(data: Path) -> None:
    card.run(params())
    found = Elements(page())
    assert not found.tags & {"script", "link", "iframe", "b", "object"}
    files = {target for target in found.targets if not target.startswith("#")}
    assert {"band.jpg", "card.json", *(f"sheets/{cls}.jpg" for cls in CLASSES)} <= files
    assert all((card.REPORT / file).is_file() for file in files)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page()
    assert "url(" not in page()


def test_what_was_left_out_is_listed_with_a_picture_where_its_file_can_be_read(data: Path) -> None:
    card.run(params())
    listed = {one["url"]: one["picture"] for one in facts()["rejected"]["listed"]}
    assert len(listed) == 7
    with Image.open(card.REPORT / listed[EVIL]) as image:
        assert image.size == (60, 60)
    assert listed["https://floral.example/left-1.png"] == ""  # its file is gone
    assert listed["https://x.example/1"] == ""


def test_of_many_rejected_some_of_each_reason_are_listed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "LISTED", 6)
    card.run(params())
    assert {one["group"] for one in facts()["rejected"]["listed"]} == {
        entry["reason"] for entry in facts()["rejected"]["reasons"]
    }
    assert "6 of them are listed" in page()


def test_the_same_data_is_the_same_bytes(data: Path) -> None:
    card.run(params())
    first = {path: path.read_bytes() for path in card.REPORT.rglob("*") if path.is_file()}
    lines = card.INDEX.read_text().splitlines()
    card.run(params())
    assert {path: path.read_bytes() for path in card.REPORT.rglob("*") if path.is_file()} == first
    # and the order of the index decides nothing that is seen
    random.Random(1).shuffle(rest := lines[1:])
    card.INDEX.write_text("\n".join([lines[0], *rest]) + "\n")
    card.run(params())
    for path, content in first.items():
        if path.suffix == ".jpg":
            assert path.read_bytes() == content, path


def test_what_is_missing_is_said_in_one_line(data: Path) -> None:
    with pytest.raises(SelvedgeError, match=r"reports/generated/data/index.html: .* run `selvedge data card` first"):
        card.show()
    card.run(params())
    assert card.show() == card.REPORT / "index.html"
    card.REJECTED.rename("rejected")
    with pytest.raises(SelvedgeError, match=r"^data/swatches/rejected.csv: .*run `selvedge reconstruct` first$"):
        card.run(params())
    Path("rejected").rename(card.REJECTED)
    text = card.INDEX.read_text()
    card.INDEX.write_text(text.replace("split", "side", 1))
    with pytest.raises(
        SelvedgeError, match=r"index.csv: the column 'split' is missing; run `selvedge reconstruct` again"
    ):
        card.run(params())
    card.INDEX.write_text(text.splitlines()[0] + "\n")
    with pytest.raises(SelvedgeError, match="holds no swatch"):
        card.run(params())
    card.INDEX.write_text(text.replace(text.splitlines()[1].split(",")[5], "f" * 12))
    with pytest.raises(SelvedgeError, match="is of no row of this crawl"):
        card.run(params())
    (Path("data/raw") / "manifest.csv").unlink()
    with pytest.raises(SelvedgeError, match="run `selvedge crawl` first"):
        card.run(params())
    assert card.show().exists()  # what was there is still whole


# ---- which swatches stand for all ------------------------------------------------------------------------------------


def swatch(cloth: int, picture: str = "a", angle: float = 0.0, scale: float = 1.0, split: str = "train") -> Swatch:
    name = f"{cloth:03d}-{picture}-{scale}-{angle}.png"
    return Swatch(name, f"{cloth}{picture}", "dotted", split, f"{cloth:03d}", "shop", "u", scale, angle, "MIT")


def test_a_sheet_never_shows_a_cloth_twice_while_there_are_others() -> None:
    splits = ["train"] * 50 + ["judge"] * 30 + ["test"] * 20
    many = [swatch(k, p, 30.0 * a, split=splits[k]) for k in range(100) for p in "ab" for a in range(12)]
    chosen = spread(many, 32)
    assert len(chosen) == 32
    assert len({s.group for s in chosen}) == 32
    assert {s.rotation for s in chosen} == {0.0}
    share = [sum(s.split == split for s in chosen) for split in ("train", "judge", "test")]
    assert [s.split for s in chosen] == ["train"] * share[0] + ["judge"] * share[1] + ["test"] * share[2]
    assert all(abs(count - wanted) <= 1 for count, wanted in zip(share, (16, 9.6, 6.4), strict=True))


def test_few_cloths_show_their_other_pictures_and_all_scales_but_never_another_turn() -> None:
    few = [swatch(k, p, 30.0 * a, s) for k in range(2) for p in "abc" for a in range(12) for s in (0.5, 1.0)]
    chosen = spread(few, 32)
    assert sorted(s.id for s in chosen) == ["0a", "0b", "0c", "1a", "1b", "1c"]
    assert {s.scale for s in chosen} == {0.5, 1.0}
    assert {s.rotation for s in chosen} == {0.0}
    # a cloth with many pictures does not crowd out the others
    crowd = [swatch(0, chr(97 + k)) for k in range(20)] + [swatch(k) for k in range(1, 5)]
    assert {s.group for s in spread(crowd, 6)} == {"000", "001", "002", "003", "004"}


def test_a_sheet_shows_those_swatches_each_framed_in_the_colour_of_its_split(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(looks, "SWATCHES", tmp_path)
    grey = {}
    swatches = []
    for k in range(40):
        for angle in (0.0, 90.0):
            one = swatch(k, angle=angle, split=("train", "judge", "test")[k % 3])
            grey[one.file] = 40 + 5 * k if angle == 0 else 0
            Image.new("RGB", (224, 224), (grey[one.file],) * 3).save(tmp_path / one.file)
            swatches.append(one)
    told = looks.draw_sheet("dotted", swatches, tmp_path)
    assert (told["cloths"], told["of_cloths"], len(told["swatches"])) == (32, 40, 32)
    sheet = np.asarray(Image.open(tmp_path / told["file"]).convert("RGB")).astype(int)
    cell = SIDE + 2 * FRAME + GAP
    assert sheet.shape[:2] == (DOWN * cell - GAP, ACROSS * cell - GAP)
    for number, shown in enumerate(told["swatches"]):
        left, top = number % ACROSS * cell, number // ACROSS * cell
        middle = sheet[top + cell // 2, left + cell // 2]
        assert np.abs(middle - grey[shown["file"]]).max() <= 2
        ink = np.array(list(bytes.fromhex(INK[shown["split"]][1:])))
        assert np.abs(sheet[top + cell // 2, left + 1] - ink).max() <= 40  # JPEG


# ---- measures --------------------------------------------------------------------------------------------------------


def test_main_colours_are_those_that_were_mixed_in_any_order() -> None:
    pixels = np.array([[201, 37, 47]] * 600 + [[250, 249, 245]] * 300 + [[27, 38, 80]] * 100)
    found = measure(pixels)
    assert [(c["hex"], c["name"], c["share"]) for c in found["main"]] == [
        ("#faf9f5", "white", 0.3),
        ("#c9252f", "scarlet", 0.6),
        ("#1b2650", "navy", 0.1),
    ]
    assert sum(found["lightness"]) == pytest.approx(1) and sum(found["chroma"]) == pytest.approx(1)
    assert found["lightness"][-1] == 0.3  # white is in the last bar alone
    assert measure(np.random.default_rng(0).permutation(pixels)) == found


def test_lightness_and_chroma_are_those_of_oklab() -> None:
    red = measure(np.array([[255, 0, 0]]))  # Ottosson's own: L 0.628, a 0.225, b 0.126
    assert (red["median_lightness"], red["median_chroma"]) == (0.628, 0.258)
    assert red["lightness"][12] == 1 and red["chroma"][17] == 1
    assert measure(np.zeros((0, 3)))["main"] == []


def test_many_colours_are_gathered_into_ten() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 3))
    main = measure(pixels)["main"]
    assert len(main) == 10
    assert sum(c["share"] for c in main) == pytest.approx(1, abs=0.001)


def test_a_histogram_on_a_log_axis_counts_by_hand() -> None:
    found = card._histogram([0.1, 0.1, 0.31, 1.0, 9.99], 10, 2, {-1: "0.1", 0: "1", 1: "10"})
    assert [(bar["n"], bar["at"], bar["to"]) for bar in found["bars"]] == [
        *((3, 0, 0.25), (1, 0.5, 0.75), (1, 0.75, 1)),
    ]
    assert found["ticks"] == [{"at": 0, "name": "0.1"}, {"at": 0.5, "name": "1"}, {"at": 1, "name": "10"}]
    assert found["n"] == 5
    assert card._histogram([], 10, 2, {})["bars"] == []


def test_shares_are_honest_at_the_ends() -> None:
    assert card._share(1, 1000) == "0.1 %"
    assert card._share(999, 1000) == "99.9 %"
    assert card._share(1, 100_000) == "under 0.1 %"
    assert card._share(99_999, 100_000) == "over 99.9 %"
    assert card._share(0, 1000) == "0 %"
    assert card._share(1000, 1000) == "100 %"
    assert card._share(1, 3) == "33 %"
