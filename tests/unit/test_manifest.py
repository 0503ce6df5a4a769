"""Rows: the public table's columns, what is refused by line, and a journal that survives a kill."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import SHARED
from PIL import Image

from scrapers.manifest import COLUMNS, Journal, Row, parse_table, read_manifest, scales_of
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image

HEADER = ",".join(COLUMNS)
GOOD = "dotted,http://x.org/a.jpg,640,480,10,20,400,400,0.79;1.58"


def parse(*lines: str) -> list[Row]:
    return parse_table(
        "\n".join([HEADER, *lines]), "table.csv", {"zig zag": "zigzag", "old": None}, ["dotted", "zigzag"]
    )


def test_a_row_says_what_the_table_says() -> None:
    row = parse(GOOD)[0]
    assert (row.cls, row.width, row.height) == ("dotted", 640, 480)
    assert (row.crop_x, row.crop_y, row.crop_width, row.crop_height) == (10, 20, 400, 400)
    assert row.scales == (0.79, 1.58)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dotted,http://x,640,480,-1,20,400,400,0.79", "table.csv, line 3: Crop X is -1; it must be at least 0"),
        ("dotted,http://x,640,480,0,20,0,400,0.79", "table.csv, line 3: Crop Width is 0; it must be at least 1"),
        ("dotted,http://x,640,,0,20,9,400,0.79", "table.csv, line 3: Original Height '' is no whole number"),
        ("dotted,http://x,640,480,0,20,9,400,", "table.csv, line 3: Scales '' must be above 0"),
        ("dotted,http://x,640,480,0,20,9,400,a;b", "table.csv, line 3: Scales 'a;b' are no numbers"),
        ("dottd,http://x,640,480,0,20,9,400,1", "table.csv, line 3: class 'dottd' is none of params.yaml's"),
    ],
)
def test_a_bad_row_is_named_by_its_line(line: str, message: str) -> None:
    with pytest.raises(SelvedgeError) as error:
        parse(GOOD, line)
    assert message in str(error.value)


def test_words_map_classes_and_leave_them_out() -> None:
    rows = parse(GOOD.replace("dotted", "zig zag"), GOOD.replace("dotted", "old"))
    assert [row.cls for row in rows] == ["zigzag"]


def test_a_missing_column_and_an_empty_table_are_named() -> None:
    with pytest.raises(SelvedgeError, match=r"t: the column 'Scales' is missing"):
        parse_table(HEADER.removesuffix(",Scales"), "t", {}, [])
    with pytest.raises(SelvedgeError, match="t: holds no rows"):
        parse_table(HEADER, "t", {}, [])


@pytest.mark.skipif(not SHARED.exists(), reason="the real table lies in ../shared/data, which is not here")
def test_the_real_table_is_read_whole_and_its_scales_are_the_recipes() -> None:
    text = (SHARED / "clothing-pattern/googleClothingDataset.csv").read_text()
    classes = ["solid", "striped", "dotted", "checkered", "zigzag", "floral"]
    rows = parse_table(text, "real", {"zig zag": "zigzag"}, classes)
    assert len(rows) == 2749
    assert sum(len(row.scales) for row in rows) == 6421
    assert sum(len(row.scales) for row in rows) * 12 == 77_052
    fewer = 0
    for row in rows:
        ours = scales_of(row.crop_width, row.crop_height)
        assert row.scales == pytest.approx(ours[: len(row.scales)], rel=1e-5)
        fewer += len(row.scales) < len(ours)
    assert fewer == 112


# ---- journal ---------------------------------------------------------------------------------------------------------------

PICTURE = encode_image(Image.effect_noise((40, 30), 50).convert("RGB"), "jpeg")


def a_row(number: int, source: str = "s") -> Row:
    return Row("dotted", f"http://x/{number}.jpg", source=source, group=f"g{number}")


def test_a_journal_cut_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        journal.store(a_row(number), PICTURE + bytes([number]), 40, 30, "jpg")
    whole = journal.path.read_bytes()
    for cut in range(0, len(whole), 7):
        journal.path.write_bytes(whole[:cut])
        again = Journal(tmp_path)
        for number in range(3):
            if not again.done(a_row(number)):
                again.store(a_row(number), PICTURE + bytes([number]), 40, 30, "jpg")
        assert [row.url for row in again.rows.values()] == [f"http://x/{n}.jpg" for n in range(3)]
        assert again.path.read_bytes().count(b'"ok"') >= 3
    rows = Journal(tmp_path).finish({"s"})
    assert [row.status for row in rows] == ["ok"] * 3
    assert not journal.path.exists()


def test_the_manifest_is_sorted_holds_the_tables_columns_and_comes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add(replace(a_row(9), status="dead", error="answered 404"))
    for number in (2, 1):
        journal.store(a_row(number), PICTURE + bytes([number]), 400, 300, "jpg")
    journal.store(a_row(5, source="gone"), PICTURE + b"5", 40, 30, "jpg")
    rows = journal.finish({"s"})
    assert read_manifest(tmp_path) == [
        replace(row, scales=tuple(float(f"{scale:.7g}") for scale in row.scales)) for row in rows
    ]
    with (tmp_path / "manifest.csv").open() as file:
        records = list(csv.DictReader(file))
    assert list(records[0])[:9] == list(COLUMNS)
    assert [record["URL"][-5] for record in records] == ["1", "2", "9"]
    assert records[0]["Crop Width"] == "400"
    assert records[2]["status"] == "dead"
    # files of sources that are no longer wanted go
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 2


def test_a_second_crawl_takes_over_what_is_still_there_and_drops_what_is_not(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    for number in (1, 2):
        first.store(a_row(number), PICTURE + bytes([number]), 40, 30, "jpg")
    first.finish({"s"})
    second = Journal(tmp_path)
    assert second.done(replace(a_row(2), licence="CC0"))
    assert not second.done(a_row(3))
    second.store(a_row(3), PICTURE + b"3", 40, 30, "jpg")
    rows = Journal(tmp_path).finish({"s"})  # as after a stop: the journal alone says what this crawl saw
    assert [(row.url[-5], row.licence) for row in rows] == [("2", "CC0"), ("3", "")]
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 2


def test_a_manifest_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SelvedgeError, match="its columns are not those of a manifest"):
        read_manifest(tmp_path)
    with pytest.raises(SelvedgeError, match="run `selvedge crawl` first"):
        read_manifest(tmp_path / "nowhere")
