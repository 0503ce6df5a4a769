"""The attribute tables of DeepFashion and of Fashion Product Images, as their files really are."""

import tracemalloc

import numpy as np
import pytest

from scrapers import attributes
from scrapers.attributes import detect, identifiers, load, one_hot, select, summary
from selvedge.errors import SelvedgeError

FILES = [f"img/Sheer_Pleated-Front_Blouse/img_0000000{i}.jpg" for i in (1, 2, 3)]
NAMES = [
    ("a-line", 3),
    ("abstract chevron print", 1),
    ("chevron", 1),
    ("knit", 2),
    ("zip-up", 4),
    ("red carpet chic", 5),
]
LABELS = ["-1 1 -1 -1  0  1", "1 -1  1 -1 -1 -1", "-1 -1 -1 -1 -1 1"]


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def rows(path, header, lines):
    write(path, [str(len(lines)), header, *lines])


@pytest.fixture
def deepfashion(tmp_path):
    """Anno_coarse and Eval with three pictures, in DeepFashion's columns."""
    anno = tmp_path / "Anno_coarse"
    rows(anno / "list_attr_cloth.txt", "attribute_name  attribute_type", [f"{n:<30}{k}" for n, k in NAMES])
    rows(
        anno / "list_attr_img.txt",
        "image_name  attribute_labels",
        [f"{f}   {v} " for f, v in zip(FILES, LABELS, strict=True)],
    )
    rows(
        anno / "list_category_cloth.txt",
        "category_name  category_type",
        ["Blouse         1", "Jeans          2", "Dress          3"],
    )
    rows(
        anno / "list_category_img.txt",
        "image_name  category_label",
        [f"{f}   {c}" for f, c in zip(FILES, (1, 3, 2), strict=True)],
    )
    boxes = ["072 079 232 273", "048 062 214 298", "001 002 100 200"]
    rows(
        anno / "list_bbox.txt",
        "image_name  x_1  y_1  x_2  y_2",
        [f"{f} {b}" for f, b in zip(FILES, boxes, strict=True)],
    )
    header = "image_name  clothes_type  landmark_visibility_1 landmark_location_x_1 landmark_location_y_1"
    points = [
        "1  0 146 102  0 173 095  0 094 242  1 205 255  0 136 229  2 000 000",
        "3  " + "  ".join(f"0 {i:03} {i:03}" for i in range(10, 18)),
        "2  0 010 020  0 030 040  0 050 060  0 070 080",
    ]
    rows(anno / "list_landmarks.txt", header, [f"{f}  {p}" for f, p in zip(FILES, points, strict=True)])
    split = [f"{f} {s}" for f, s in zip(FILES, ("train", "val", "test"), strict=True)]
    rows(tmp_path / "Eval/list_eval_partition.txt", "image_name  evaluation_status", split)
    return tmp_path


def test_deepfashion_is_read_whole(deepfashion):
    data = load(deepfashion)
    assert data.files == FILES
    assert data.names == tuple(name for name, _ in NAMES)
    assert data.bins["abstract chevron print"] == "texture" and data.bins["red carpet chic"] == "style"
    assert data.values.dtype == np.int8
    assert data.values.tolist() == [[-1, 1, -1, -1, 0, 1], [1, -1, 1, -1, -1, -1], [-1, -1, -1, -1, -1, 1]]
    assert data.categories == ["Blouse", "Dress", "Jeans"]  # numbered from 1
    assert data.category_types == {"Blouse": "upper", "Jeans": "lower", "Dress": "full"}
    assert data.split == ["train", "val", "test"]
    assert data.boxes[0].tolist() == [72, 79, 232, 273]
    assert data.points(0) == [(146, 102), (173, 95), (94, 242), (205, 255), (136, 229)]  # the sixth is cut off
    assert len(data.points(1)) == 8
    assert data.points(2)[-1] == (70, 80)
    assert data.notes == ()


def test_landmarks_with_a_variation_type_too(deepfashion):
    """The README names that column, readers of the file do without it: the header decides."""
    path = deepfashion / "Anno_coarse/list_landmarks.txt"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("clothes_type", "clothes_type  variation_type")
    lines[2:] = [line.replace(".jpg  ", ".jpg  ", 1).replace("  0 ", "  5  0 ", 1) for line in lines[2:]]
    write(path, lines)
    assert load(deepfashion).points(2) == [(10, 20), (30, 40), (50, 60), (70, 80)]


def test_the_order_of_the_other_files_does_not_matter(deepfashion):
    before = load(deepfashion)
    for name in ("Anno_coarse/list_bbox.txt", "Anno_coarse/list_category_img.txt", "Eval/list_eval_partition.txt"):
        count, header, *lines = (deepfashion / name).read_text().splitlines()
        write(deepfashion / name, [count, header, *lines[::-1]])
    after = load(deepfashion)
    assert (after.categories, after.split) == (before.categories, before.split)
    assert np.array_equal(after.boxes, before.boxes)


def test_what_is_not_there_is_said(deepfashion):
    for name in ("Anno_coarse/list_bbox.txt", "Anno_coarse/list_landmarks.txt", "Eval/list_eval_partition.txt"):
        (deepfashion / name).unlink()
    data = load(deepfashion)
    assert data.boxes is None and data.landmarks is None and data.split == ["", "", ""]
    assert data.points(0) == []
    assert len(data.notes) == 3
    (deepfashion / "Anno_coarse/list_category_cloth.txt").unlink()
    with pytest.raises(SelvedgeError, match=r"list_category_cloth\.txt: cannot be read"):
        load(deepfashion)


def test_all_defects_of_a_file_at_once_by_line(deepfashion):
    path = deepfashion / "Anno_coarse/list_attr_img.txt"
    write(
        path,
        [
            "7",
            "image_name  attribute_labels",
            f"{FILES[0]} -1 1 -1 -1 0 1",
            f"{FILES[1]} -1 1 -1",
            f"{FILES[2]} -1 2 -1 -1 0 1",
            f"{FILES[0]} 0 0 0 0 0 0",
            "img/x.jpg 1 / 1 1 1 1",
            "img/y.jpg 1 11 1 1 1 1",
        ],
    )
    with pytest.raises(SelvedgeError) as error:
        load(deepfashion)
    told = str(error.value).replace(str(path), "F").split("\n")
    assert told == [
        f"F, line 4: {FILES[1]}: has 3 labels, 6 are named",
        f"F, line 5: {FILES[2]}: '2' is no label: -1, 0 or 1",
        f"F, line 6: {FILES[0]} is there twice",
        "F, line 7: img/x.jpg: '/' is no label: -1, 0 or 1",
        "F, line 8: img/y.jpg: '11' is no label: -1, 0 or 1",
        "F, line 1: says 7 rows, 6 follow",
    ]


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("list_bbox.txt", f"{FILES[2]} 100 002 001 200", "line 5: .*the box 100 002 001 200 is empty"),
        ("list_bbox.txt", f"{FILES[2]} 100 002 x 200", "line 5: .*'x' is no whole number"),
        ("list_bbox.txt", f"{FILES[2]} 1 2 3", "line 5: .*has 3 values, not 4"),
        ("list_bbox.txt", "img/other.jpg 1 2 30 40", "line 5: img/other.jpg is not in list_attr_img.txt"),
        ("list_bbox.txt", f"{FILES[0]} 1 2 30 40", "line 5: .* is there twice"),
        ("list_category_img.txt", f"{FILES[2]} 0", "line 5: .*'0' is no category: they are numbered 1 to 3"),
        ("list_category_img.txt", f"{FILES[2]} 4", "'4' is no category"),
        ("list_landmarks.txt", f"{FILES[2]} 4  0 1 1", "clothes type '4' is none of"),
        ("list_landmarks.txt", f"{FILES[2]} 2  0 1 1", "has 4 points of 3 numbers, not 3 numbers"),
        ("list_landmarks.txt", f"{FILES[2]} 2  9 1 1 0 1 1 0 1 1 0 1 1", "visibility 9 is none of"),
        ("list_attr_cloth.txt", "chevron print 6", "type 6 of 'chevron print' is none of 1, 2, 3, 4, 5"),
        ("list_attr_cloth.txt", "chevron", "is no name with its type"),
        ("list_attr_cloth.txt", "knit 2", "'knit' is named twice"),
    ],
)
def test_a_bad_line_is_named(deepfashion, name, line, words):
    path = deepfashion / "Anno_coarse" / name
    lines = path.read_text().splitlines()
    write(path, [*lines[:-1], line])
    with pytest.raises(SelvedgeError, match=words):
        load(deepfashion)


def test_a_picture_that_a_file_leaves_out_is_named(deepfashion):
    path = deepfashion / "Eval/list_eval_partition.txt"
    rows(path, "image_name  evaluation_status", [f"{FILES[0]} train"])
    with pytest.raises(SelvedgeError, match=r"2 pictures of list_attr_img\.txt are missing, the first is .*2\.jpg"):
        load(deepfashion)


def test_only_fifty_defects_are_printed(deepfashion):
    lines = [f"img/{i}.jpg 1" for i in range(80)]
    rows(deepfashion / "Anno_coarse/list_attr_img.txt", "image_name  attribute_labels", lines)
    with pytest.raises(SelvedgeError) as error:
        load(deepfashion)
    told = str(error.value).split("\n")
    assert len(told) == 51 and told[-1].endswith("and 30 more defects")


def test_the_labels_are_streamed_and_a_false_count_reserves_nothing(tmp_path):
    """2,000 pictures with 1,000 labels: 5.9 MB of text must need little more than the 2 MB of its int8."""
    path = tmp_path / "list_attr_img.txt"
    line = " ".join(["-1", "1", "0", "-1"] * 250)
    rows(path, "image_name  attribute_labels", [f"img/{i}.jpg {line}" for i in range(2000)])
    tracemalloc.start()
    files, values = attributes._labels(path, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(files) == 2000 and values.shape == (2000, 1000)
    assert values[7, :4].tolist() == [-1, 1, 0, -1]
    assert peak < 2 * values.nbytes
    path.write_text(path.read_text().replace("2000", "9" * 15, 1))
    with pytest.raises(SelvedgeError, match="says 999,999,999,999,999 rows, 2,000 follow"):
        attributes._labels(path, 1000)


# ---- the small one ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fine(tmp_path):
    """Anno_fine: lists of pictures, and files that go along with them line by line."""
    anno = tmp_path / "Anno_fine"
    rows(
        anno / "list_attr_cloth.txt",
        "attribute_name  attribute_type",
        ["floral 1", "long_sleeve 2", "maxi_length 3", "v_neckline 4", "denim 5", "tight 6"],
    )
    rows(anno / "list_category_cloth.txt", "category_name  category_type", ["Blouse 1", "Dress 3"])
    for i, split in enumerate(("train", "val", "test")):
        write(anno / f"{split}.txt", [FILES[i]])
        write(anno / f"{split}_attr.txt", ["1 0 0 1 0 0 "])
        write(anno / f"{split}_cate.txt", ["2"])
        write(anno / f"{split}_bbox.txt", ["72 79 232 273 "])
        write(anno / f"{split}_landmarks.txt", ["146 102 173 95 94 242 205 255 136 229 177 232 0 0 0 0 "])
    return anno


def test_the_fine_attributes(fine):
    data = load(fine.parent)
    assert data.layout == "DeepFashion, fine attributes"
    assert (data.files, data.split) == (FILES, ["train", "val", "test"])
    assert list(data.bins.values()) == ["texture", "sleeve", "length", "neckline", "fabric", "fit"]
    assert data.values[0].tolist() == [1, -1, -1, 1, -1, -1]  # its 0 is a no
    assert data.categories == ["Dress"] * 3
    assert len(data.points(0)) == 6
    assert data.boxes.shape == (3, 4)


def test_fine_files_that_do_not_go_together_are_refused(fine):
    write(fine / "val_attr.txt", ["1 0 0 1 0 0", "1 0 0 1 0 0"])
    with pytest.raises(SelvedgeError, match=r"val_attr\.txt: has 2 lines, val\.txt 1"):
        load(fine)
    write(fine / "val_attr.txt", ["1 0 0 1 0 2"])
    with pytest.raises(SelvedgeError, match=r"val_attr\.txt, line 1: '2' is no label: 0 or 1"):
        load(fine)


def test_the_whole_one_is_taken_where_both_are(deepfashion, fine):
    assert detect(deepfashion)[0] == "deepfashion"
    assert detect(fine)[0] == "deepfashion-fine"


# ---- choosing --------------------------------------------------------------------------------------------------------


def test_frequent_attributes_are_kept_by_bin(deepfashion):
    data = load(deepfashion)
    assert select(data, least=1).names == ("a-line", "abstract chevron print", "chevron", "red carpet chic")
    assert select(data, least=2).names == ("red carpet chic",)
    assert select(data, least={"texture": 1, "shape": 1}, bins=["texture", "shape"]).names == (
        *("a-line", "abstract chevron print", "chevron"),
    )
    assert select(data, most={"texture": 1}).names == (
        *("a-line", "abstract chevron print", "knit", "zip-up", "red carpet chic"),
    )
    kept = select(data, least=2)
    assert kept.values.tolist() == [[1], [-1], [1]]
    assert kept.bins == {"red carpet chic": "style"}
    with pytest.raises(SelvedgeError, match="no bin 'colour' among shape, texture"):
        select(data, bins=["colour"])


def test_identifiers_are_words_in_five_bins(deepfashion):
    found = identifiers(load(deepfashion))
    assert set(found.bins.values()) == {"texture", "fabric", "shape", "part", "category"}
    column = found.names.index("texture: chevron")
    assert found.values[:, column].tolist() == [1, 1, -1]  # by either of its attributes
    assert found.values[:, found.names.index("part: zip-up")].tolist() == [0, -1, -1]
    assert found.values[:, found.names.index("category: Dress")].tolist() == [-1, 1, -1]
    assert not any("carpet" in name for name in found.names)


def test_one_hot_vectors(deepfashion):
    vectors, names = one_hot(load(deepfashion), rows=[1, 0])
    assert names[-3:] == ("Blouse", "Dress", "Jeans")
    assert vectors.tolist() == [[1, 0, 1, 0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1, 1, 0, 0]]


# ---- Fashion Product Images ------------------------------------------------------------------------------------------

STYLES = """id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName
15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt
39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012,Casual,"Peter England, Men Party Blue Jeans"
59263,Women,Accessories,Watches,Watches,Silver,Winter,2016,NA,Titan Women Silver Watch
21379,Men,Personal Care,Fragrance,Perfume,NA,Spring,,Casual,Boss Men Perfume, After Shave, and more
7990,Men,Apparel,Topwear,Tshirts,Blue,Fall,2011,Sports,Nike 12" Jersey
"""


@pytest.fixture
def products(tmp_path):
    (tmp_path / "styles.csv").write_text(STYLES)
    (tmp_path / "images").mkdir()
    for name in (15970, 39386, 59263, 21379):
        (tmp_path / f"images/{name}.jpg").touch()
    return tmp_path


def test_products_with_their_known_defects(products):
    data = load(products)
    assert data.files == [f"images/{i}.jpg" for i in (15970, 39386, 59263, 21379, 7990)]
    assert data.categories == ["Shirts", "Jeans", "Watches", "Perfume", "Tshirts"]
    assert set(data.bins.values()) == set(attributes.STYLES[1:9])
    values = dict(zip(data.names, data.values.T.tolist(), strict=True))
    assert values["baseColour: Blue"] == [-1, 1, -1, 0, 1]
    assert values["usage: Casual"] == [1, 1, 0, 1, -1]
    assert values["year: 2011"] == [1, -1, -1, 0, 1]
    assert "commas in productDisplayName that are not quoted, lines: 1 (5)" in data.notes
    assert {"baseColour unknown, lines: 1", "year unknown, lines: 1", "usage unknown, lines: 1"} <= set(data.notes)
    assert data.notes[-1] == "missing pictures: 1 (images/7990.jpg)"


def test_a_surplus_name_is_read_right(products):
    rows_read, _ = attributes._styles(products / "styles.csv")
    assert rows_read[3][9] == "Boss Men Perfume, After Shave, and more"
    assert rows_read[1][9] == "Peter England, Men Party Blue Jeans"
    assert len(rows_read[4]) == 10  # its quotation mark swallowed nothing


def test_bad_product_lines_are_named(products):
    path = products / "styles.csv"
    path.write_text(
        STYLES
        + "15970,Men,Apparel,Topwear,Shirts,Blue,Fall,2011,Casual,Again\n"
        + "x1,Men,Apparel,Topwear,Shirts,Blue,Fall,2011,Casual,No id\n"
        + "5,Men,Apparel\n"
        + "6,Men,Apparel,Topwear,Shirts,Navy, Blue,Fall,2011,Casual,Moved\n"
    )
    with pytest.raises(SelvedgeError) as error:
        load(products)
    told = str(error.value).replace(f"{path}, ", "").split("\n")
    assert told == [
        "line 7: the id 15970 is on line 2 too",
        "line 8: the id 'x1' is no number",
        "line 9: has 3 cells, not 10",
        "line 10: the year 'Fall' is no number: a comma too many before it?",
    ]
    path.write_text("id,gender\n1,Men\n")
    with pytest.raises(SelvedgeError, match="line 1: the columns are id,gender, not id,gender,master"):
        load(products)


# ---- what the command prints -----------------------------------------------------------------------------------------


def test_the_summary_counts(deepfashion):
    table = summary(deepfashion)
    assert all(set(row) == {"what", "name", "attributes", "pictures"} for row in table)
    found = {(row["what"], row["name"]): (row["attributes"], row["pictures"]) for row in table}
    assert found["layout", "DeepFashion, category and attribute prediction"] == ("6", "3")
    assert found["split", "train"] == ("", "1")
    assert found["bin", "texture"] == ("2", "2")
    assert found["bin", "fabric"] == ("1", "0")
    assert found["category", "Dress"] == ("", "1")
    assert found["landmarks", "in the picture"] == ("", "3")


def test_the_summary_says_the_notes(products):
    notes = [row["name"] for row in summary(products) if row["what"] == "note"]
    assert any("not quoted" in note for note in notes)


def test_an_unknown_folder_is_refused(tmp_path):
    with pytest.raises(SelvedgeError, match=r"neither DeepFashion's .* nor Fashion Product Images \(styles\.csv\)"):
        load(tmp_path)
