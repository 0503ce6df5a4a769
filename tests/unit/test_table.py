"""The public table's format: what a row says, and every defect of a table at once, each with its line."""

from __future__ import annotations

import pytest
from helpers import SHARED

from scrapers.manifest import COLUMNS, Row, scales_of
from scrapers.table import decode_table, read_table
from selvedge.errors import SelvedgeError

HEADER = ",".join(COLUMNS)
GOOD = "dotted,http://x.org/a.jpg,640,480,10,20,400,400,0.79;1.58"


def parse(*lines: str, header: str = HEADER) -> list[Row]:
    words = {"zig zag": "zigzag", "old": None}
    return read_table("\n".join([header, *lines]), "table.csv", words, ["dotted", "zigzag"], "table", "MIT").rows


def defects(*lines: str, header: str = HEADER) -> list[str]:
    with pytest.raises(SelvedgeError) as error:
        parse(*lines, header=header)
    return str(error.value).split("\n")


def test_a_row_says_what_the_table_says() -> None:
    row = parse(GOOD)[0]
    assert (row.cls, row.width, row.height) == ("dotted", 640, 480)
    assert (row.crop_x, row.crop_y, row.crop_width, row.crop_height) == (10, 20, 400, 400)
    assert row.scales == (0.79, 1.58)
    assert (row.boxed, row.source, row.licence) == (True, "table", "MIT")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dotted,http://x,640,480,-1,20,400,400,0.79", "Crop X is -1; it must be at least 0"),
        ("dotted,http://x,640,480,0,20,0,400,0.79", "Crop Width is 0; it must be at least 1"),
        ("dotted,http://x,640,-480,0,20,9,400,0.79", "Original Height is -480; it must be at least 1"),
        ("dotted,http://x,640,,0,20,9,400,0.79", "Original Height '' is no whole number"),
        ("dotted,http://x,640,4_80,0,20,9,400,0.79", "Original Height '4_80' is no whole number"),
        ("dotted,http://x,640.5,480,0,20,9,400,0.79", "Original Width '640.5' is no whole number"),
        ("dotted,http://x,640,480,640,20,9,400,0.79", "Crop X is 640: outside of the picture"),
        ("dotted,http://x,640,480,0,20,9,400,", "Scales '' must be above 0"),
        ("dotted,http://x,640,480,0,20,9,400,1;-2", "Scales '1;-2' must be above 0"),
        ("dotted,http://x,640,480,0,20,9,400,nan", "Scales 'nan' must be above 0"),
        ("dotted,http://x,640,480,0,20,9,400,inf", "Scales 'inf' must be above 0"),
        ("dotted,http://x,640,480,0,20,9,400,a;b", "Scales 'a;b' are no numbers"),
        ("dottd,http://x,640,480,0,20,9,400,1", "class 'dottd' is none of params.yaml's"),
        ("dotted,,640,480,0,20,9,400,1", "URL '' is no address"),
        ("dotted,x.org/a.jpg,640,480,0,20,9,400,1", "URL 'x.org/a.jpg' is no address"),
        ("dotted,http://[x/a.jpg,640,480,0,20,9,400,1", "URL 'http://[x/a.jpg' is no address"),
        ("dotted,http://x,640,480,0,20,9,400", "has 8 cells, and the header 9"),
        ("dotted,http://x,a.jpg,640,480,0,20,9,400,1", "has 10 cells, and the header 9"),
    ],
)
def test_a_defect_is_named_by_its_line(line: str, message: str) -> None:
    said = defects(GOOD, line)
    assert len(said) == 1
    assert said[0].startswith(f"table.csv, line 3: {message}")


def test_every_defect_of_every_row_is_said_at_once_in_the_tables_order() -> None:
    said = defects(
        GOOD,
        "dottd,http://x.org/b.jpg,abc,0,0,0,-3,400,x",  # five in one row
        "",  # a blank line counts as a line
        '"dotted","http://x.org/c\nd.jpg",640,480,0,0,400,400,1',  # a cell of two lines, and no address
        GOOD,
        "dotted,http://x.org/e.jpg,640",
    )
    assert [line.split(": ")[0].removeprefix("table.csv, line ") for line in said] == ["3"] * 5 + ["5", "7", "8"]
    assert "class 'dottd'" in said[0]
    assert [said[i].split(": ")[1][:12] for i in (1, 2, 3)] == ["Original Wid", "Original Hei", "Crop Width i"]
    assert said[6] == "table.csv, line 7: is the same as line 2; take one out"


def test_an_address_may_come_again_with_other_values_but_not_with_the_same() -> None:
    other_crop, other_class = GOOD.replace(",400,400,", ",300,300,"), GOOD.replace("dotted", "zigzag")
    assert len(parse(GOOD, other_crop, other_class)) == 3
    assert "line 3: is the same as line 2" in defects(GOOD, GOOD)[0]
    # to a crawl these two are one picture: of two rows with one name the first would be lost
    assert "line 3: names the class, picture and crop of line 2" in defects(GOOD, GOOD.replace("0.79", "0.790"))[0]


def test_an_address_that_comes_again_is_told_with_all_that_differs() -> None:
    other_crop, other_class = GOOD.replace("10,20,400,400", "0,0,300,200"), GOOD.replace("dotted", "zigzag")
    other_size = GOOD.replace("640,480", "1280,960")
    text = "\n".join([HEADER, GOOD, "", other_crop, other_class, GOOD.replace("a.jpg", "b.jpg"), other_size])
    again = read_table(text, "t.csv", {}, ["dotted", "zigzag"]).repeats()
    assert [str(repeat) for repeat in again] == [
        "t.csv, line 4: the picture of line 2 again, as dotted too; the same size; "
        "crop 300x200 at 0,0, there 400x400 at 10,20",
        "t.csv, line 5: the picture of line 2 again, under another class, zigzag, there dotted; the same size; the same crop",
        "t.csv, line 7: the picture of line 2 again, as dotted too; size 1280x960, there 640x480; the same crop",
    ]
    assert [repeat.contradicts for repeat in again] == [False, True, False]


def test_where_no_classes_are_given_every_word_is_one_but_none_at_all() -> None:
    text = "\n".join([HEADER, GOOD.replace("dotted", "zig zag"), GOOD.replace("dotted", "old"), GOOD])
    rows = read_table(text, "t", {"zig zag": "zigzag", "old": None}, None).rows
    assert [row.cls for row in rows] == ["zigzag", "dotted"]
    with pytest.raises(SelvedgeError, match=r"^t, line 2: class '' is no word; name one$"):
        read_table("\n".join([HEADER, GOOD.replace("dotted", "")]), "t", {}, None)


def test_words_map_classes_and_leave_them_out_with_all_that_is_wrong_in_them() -> None:
    rows = parse(GOOD.replace("dotted", "zig zag"), GOOD.replace("dotted", "old").replace("640", "?"))
    assert [row.cls for row in rows] == ["zigzag"]


def test_all_missing_columns_come_first_and_the_others_are_checked_all_the_same() -> None:
    header = HEADER.replace("Crop X,", "").removesuffix(",Scales")
    said = defects("dotted,http://x.org/a.jpg,640,480,20,0,400", header=header)
    assert said[0].startswith("table.csv, line 1: the column 'Crop X' is missing; the table needs Class Name, URL")
    assert said[1].startswith("table.csv, line 1: the column 'Scales' is missing")
    assert said[2:] == ["table.csv, line 2: Crop Width is 0; it must be at least 1: correct the row or take it out"]
    assert "'Scales' is there 2 times" in defects(f"{GOOD},1", header=f"{HEADER},Scales")[0]


def test_more_columns_in_any_order_spaces_and_a_byte_order_mark_do_no_harm() -> None:
    assert parse(GOOD.replace(",", " , "), header=f"\ufeff{HEADER}") == parse(GOOD)
    header = ",".join(["note", *reversed(COLUMNS)])
    row = parse(",".join(["mine", *reversed(GOOD.split(","))]), header=header)[0]
    assert (row.cls, row.width, row.scales) == ("dotted", 640, (0.79, 1.58))


def test_an_empty_table_is_named() -> None:
    with pytest.raises(SelvedgeError, match=r"^t: holds no rows$"):
        read_table(HEADER, "t", {}, [])
    with pytest.raises(SelvedgeError, match="t, line 1: the column 'Class Name' is missing"):
        read_table("", "t", {}, [])


def test_text_that_is_not_utf8_is_named_by_its_line() -> None:
    assert decode_table(b"\xef\xbb\xbfa\n", "t") == "a\n"
    with pytest.raises(SelvedgeError, match="t, line 2: the byte 0xe9 is no UTF-8 text; save the table as UTF-8"):
        decode_table("Class Name\nd\xe9j\xe0".encode("latin-1"), "t")


@pytest.mark.skipif(not SHARED.exists(), reason="the real table lies in ../shared/data, which is not here")
def test_the_real_table_is_read_whole_and_its_scales_are_the_recipes() -> None:
    text = decode_table((SHARED / "clothing-pattern/googleClothingDataset.csv").read_bytes(), "real")
    classes = ["solid", "striped", "dotted", "checkered", "zigzag", "floral"]
    table = read_table(text, "real", {"zig zag": "zigzag"}, classes)
    rows = table.rows
    assert [(repeat.line, repeat.first, repeat.contradicts) for repeat in table.repeats()] == [
        *((163, 161, False), (185, 137, False), (190, 139, False), (910, 421, False)),
        *((1866, 23, True), (1932, 1359, True), (2076, 1876, False)),
    ]
    assert len(rows) == len({row.id for row in rows}) == 2749
    assert sum(len(row.scales) for row in rows) == 6421
    assert sum(len(row.scales) for row in rows) * 12 == 77_052
    fewer = 0
    for row in rows:
        ours = scales_of(row.crop_width, row.crop_height)
        assert row.scales == pytest.approx(ours[: len(row.scales)], rel=1e-5)
        fewer += len(row.scales) < len(ours)
    assert fewer == 112
