"""Garments cut out of photos: the right pixels, nothing lost in silence, and many of them that a stop does not spoil."""

import csv
import itertools
import json
import os

import cv2
import numpy as np
import pytest
from helpers import SHARED
from PIL import Image, ImageDraw

from benchmarks.cutouts import box_of, landmarks_of, overlap, pairs
from drawing.garments.items import load_item
from scrapers import cutouts
from scrapers.cutouts import cut_out, cut_out_folder, read_boxes, read_landmarks
from scrapers.garments import from_folder
from selvedge.config import GarmentFolder
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image


@pytest.fixture(autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def shipped(kind, part=3):
    """A garment that ships, its sides divided by `part`, and where it is."""
    item = load_item(kind)
    size = item.image.shape[1] // part, item.image.shape[0] // part
    mask = cv2.resize(item.garment.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    return Image.fromarray(item.image).resize(size, Image.Resampling.BOX), mask


def jacket(size=(160, 200), colour=(170, 40, 50)):
    """A photo of a jacket: a body and two arms that hang off it, with ground between; its box and where it is."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((55, 40, 104, 160), fill=255)  # body
    draw.polygon([(55, 40), (40, 44), (24, 150), (36, 152), (55, 64)], fill=255)
    draw.polygon([(104, 40), (119, 44), (135, 150), (123, 152), (104, 64)], fill=255)
    noise = np.random.default_rng(0).normal(0, 8, (size[1], size[0], 1))
    there = np.asarray(mask)[..., None] > 0
    picture = np.clip(np.where(there, colour, (120, 140, 110)) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(picture), there[..., 0]


LANDMARKS = [(60, 43), (100, 43), (28, 148), (132, 148), (58, 157), (102, 157)]  # collar, cuffs, hem
BOX = (20, 36, 140, 165)


def laid_back(cut, box, shape):
    found = np.zeros(shape, bool)
    found[box[1] : box[3], box[0] : box[2]] = np.asarray(cut.mask) >= 128
    return found


@pytest.mark.parametrize("kind", ["t-shirt", "dress", "trousers", "coat"])
@pytest.mark.parametrize("marked", [False, True])
def test_a_garment_is_cut_out_far_better_than_by_its_box(kind, marked):
    case = shipped(kind)
    good, plain = overlap(case, landmarks_of(case[1]) if marked else None)
    assert good > 0.8
    assert good > 1.2 * plain


def test_the_ground_between_arm_and_body_is_not_cloth_though_the_hull_holds_it():
    photo, there = jacket()
    for marks in (None, LANDMARKS):
        found = laid_back(cut_out(photo, BOX, marks, None), BOX, there.shape)
        assert not found[130, 46] and not found[130, 113]
        assert (found & there).sum() / (found | there).sum() > 0.95


def test_landmarks_save_cloth_of_the_colour_of_its_surroundings():
    """Of a jumper of two colours the half that is like the wall is lost by the box, and kept by its landmarks."""
    photo = np.full((200, 160, 3), (200, 198, 190), np.uint8)
    photo[50:100, 40:120] = (30, 60, 140)
    photo[100:150, 40:120] = (203, 200, 193)
    photo = np.clip(photo + np.random.default_rng(1).normal(0, 4, photo.shape), 0, 255).astype(np.uint8)
    there = np.zeros((200, 160), bool)
    there[50:150, 40:120] = True
    box = (34, 44, 126, 156)
    marks = [(42, 52), (118, 52), (42, 148), (118, 148)]

    def iou(landmarks):
        found = laid_back(cut_out(Image.fromarray(photo), box, landmarks, None), box, there.shape)
        return (found & there).sum() / (found | there).sum()

    assert iou(None) < 0.6
    assert iou(marks) > 0.75


def test_same_call_same_bytes():
    photo, _ = jacket()
    one = cut_out(photo, BOX, LANDMARKS)
    cv2.setRNGSeed(99)
    np.random.default_rng().random()
    two = cut_out(photo, BOX, LANDMARKS)
    assert one.image.tobytes() == two.image.tobytes()
    assert one.mask.tobytes() == two.mask.tobytes()


@pytest.mark.parametrize("size", [96, 256, 301])
def test_it_is_a_square_with_a_white_rim_and_the_aspect_of_the_box(size):
    photo, _ = jacket()
    cut = cut_out(photo, BOX, LANDMARKS, size)
    assert cut.image.size == cut.mask.size == (size, size)
    assert (cut.image.mode, cut.mask.mode) == ("RGB", "L")
    mask, pixels = np.asarray(cut.mask), np.asarray(cut.image)
    rim = int(size * 0.03)
    assert not mask[:rim].any() and not mask[:, :rim].any() and not mask[-rim:].any() and not mask[:, -rim:].any()
    assert (pixels[mask == 0] == 255).all()
    _, _, wide, high = cv2.boundingRect((mask >= 128).astype(np.uint8))
    assert wide / high == pytest.approx((135 - 24) / (160 - 40), rel=0.03)


def test_without_a_size_the_box_stays_as_it_is():
    photo, _ = jacket()
    cut = cut_out(photo, BOX, None, None, ground=(0, 0, 255))
    assert cut.image.size == (BOX[2] - BOX[0], BOX[3] - BOX[1])
    assert cut.image.getpixel((0, 0)) == (0, 0, 255)


def test_the_edge_is_soft_and_holds_nothing_of_the_old_ground():
    """On a green ground, a red garment's edge would be brown or olive: on white it must run from red to white."""
    photo, _ = jacket(colour=(190, 40, 50))
    green = np.asarray(photo).copy()
    there = jacket()[1]
    green[~there] = (20, 200, 40)
    blurred = cv2.GaussianBlur(green, (0, 0), 1.2)
    cut = cut_out(Image.fromarray(blurred), BOX, None, None)
    mask, pixels = np.asarray(cut.mask), np.asarray(cut.image).astype(int)
    edge = (mask > 40) & (mask < 215)
    assert edge.sum() > 200
    assert np.percentile(pixels[edge][:, 1] - pixels[edge][:, 2], 95) < 25  # green over blue: 160 on the old ground
    assert np.percentile(pixels[edge][:, 1] - pixels[edge][:, 0], 95) < 10


@pytest.mark.parametrize("ground", [(255, 255, 255), (20, 200, 40), (128, 128, 128)])
@pytest.mark.parametrize("whole", [False, True])
def test_on_a_plain_ground_as_in_a_shop_no_ground_is_left(ground, whole):
    photo, there = jacket()
    plain = np.asarray(photo).copy()
    plain[~there] = ground
    box = (0, 0, *photo.size) if whole else BOX
    found = laid_back(cut_out(Image.fromarray(cv2.GaussianBlur(plain, (0, 0), 1)), box, None, None), box, there.shape)
    assert not found[130, 46] and not found[130, 113]  # between the arms and the body
    near = cv2.dilate(there.astype(np.uint8), np.ones((5, 5))) > 0
    assert not (found & ~near).any()
    assert (found & there).sum() / there.sum() > 0.98


def test_where_grabcut_finds_nothing_the_hull_or_the_box_is_kept_and_said(monkeypatch):
    monkeypatch.setattr(cutouts, "_passed", lambda pixels, labels: np.zeros(labels.shape, bool))
    photo, _ = jacket()
    cut = cut_out(photo, BOX, LANDMARKS)
    assert "hull" in cut.note and 0.4 < cut.kept_share < 0.95
    cut = cut_out(photo, BOX)
    assert "the box is kept" in cut.note and cut.kept_share > 0.95
    assert (np.asarray(cut.image) < 250).any()


def test_a_picture_of_one_colour_is_not_lost_in_silence():
    cut = cut_out(Image.new("RGB", (100, 120), "grey"), (20, 20, 80, 100))
    assert cut.note
    assert np.asarray(cut.mask).max() == 255


def test_a_box_that_covers_the_whole_picture_still_finds_the_garment():
    photo, there = jacket()
    box = (0, 0, *photo.size)
    found = laid_back(cut_out(photo, box, None, None), box, there.shape)
    assert (found & there).sum() / (found | there).sum() > 0.85


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((200, 10, 300, 90), "outside the picture of 160x200"),
        ((-50, -50, -1, -1), "outside"),
        ((50, 60, 50, 90), "empty"),
        ((90, 60, 50, 90), "left, top, right, bottom"),
        ((10, 10, 14, 90), "less than 8 pixels"),
        ((10, float("nan"), 50, 90), "empty"),
    ],
)
def test_a_box_that_holds_nothing_is_refused(box, words):
    with pytest.raises(SelvedgeError, match=words):
        cut_out(jacket()[0], box)


def test_what_a_person_should_look_at_is_said():
    photo, _ = jacket()
    assert "runs out" in cut_out(photo, (20, 36, 400, 165)).note
    assert "2 of 6 landmarks lie outside" in cut_out(photo, BOX, [*LANDMARKS[:4], (150, 190), (1, 1)]).note
    assert "fewer than three" in cut_out(photo, BOX, LANDMARKS[:2]).note
    assert "on a line" in cut_out(photo, BOX, [(50, 60), (60, 70), (70, 80)]).note
    assert cut_out(photo, BOX, LANDMARKS).note == ""


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_boxes_and_landmarks_of_deepfashions_lists(tmp_path):
    (tmp_path / "list_bbox.txt").write_text(
        "2\nimage_name  x_1  y_1  x_2  y_2\nimg/A_B/img_00000001.jpg   072 079 232 273\nimg/A_B/img_00000002.jpg   067 059 155 161\n"
    )
    assert read_boxes(tmp_path / "list_bbox.txt")["img/A_B/img_00000001.jpg"] == (72, 79, 232, 273)
    (tmp_path / "list_landmarks.txt").write_text(
        "1\nimage_name  clothes_type  landmark_visibility_1 landmark_location_x_1 landmark_location_y_1\n"
        "img/A_B/img_00000001.jpg  2  0 146 102  1 173 095  2 000 000  0 205 255\n"
    )
    assert read_landmarks(tmp_path / "list_landmarks.txt") == {
        "img/A_B/img_00000001.jpg": [(146, 102), (173, 95), (205, 255)]
    }


def test_one_csv_may_hold_both(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("file,left,top,right,bottom,x1,y1,x2,y2\na.jpg,1,2,30,40.5,5,6,7,8\nb.jpg,1,2,30,40,,,,\n")
    assert read_boxes(path) == {"a.jpg": (1, 2, 30, 40.5), "b.jpg": (1, 2, 30, 40)}
    assert read_landmarks(path) == {"a.jpg": [(5, 6), (7, 8)], "b.jpg": []}


def test_every_defect_of_a_csv_is_told_by_its_line(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("file,left,top,right,bottom\na.jpg,1,2,x,40\nb.jpg,9,2,3,40\nc.jpg,1,2,3,inf\nd.jpg,1,2,30,40\n")
    with pytest.raises(SelvedgeError) as error:
        read_boxes(path)
    lines = str(error.value).split("\n")
    assert [line.split(": ")[0].rpartition("line ")[2] for line in lines] == ["2", "3", "4"]
    assert "right is 'x'" in lines[0] and "empty" in lines[1] and "inf" in lines[2]
    path.write_text("file,left,top,right,bottom\na.jpg,1,2,30,40\na.jpg,1,2,30,40\n,1,2,3,4\n")
    with pytest.raises(SelvedgeError, match=r"line 3: a\.jpg is on line 2 too\n.*line 4: no file"):
        read_boxes(path)
    path.write_text("name,left,top\n")
    with pytest.raises(SelvedgeError, match="line 1: no column file, right, bottom"):
        read_boxes(path)


# ---- many ------------------------------------------------------------------------------------------------------------


def quiet(_line):
    pass


@pytest.fixture
def photos(tmp_path):
    """Four photos below Img/img, one of which is no picture, and their boxes."""
    root = tmp_path / "Img"
    boxes = {}
    for i, colour in enumerate([(170, 40, 50), (40, 60, 160), (230, 180, 40)]):
        name = f"img/Red_Jacket/img_{i}.jpg"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode_image(jacket(colour=colour)[0], "jpeg"))
        boxes[name] = BOX
    (root / "img/Red_Jacket/torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    return root, boxes | {"img/Red_Jacket/torn.jpg": BOX, "img/none.jpg": BOX}


def index_of(out):
    with (out / "index.csv").open() as file:
        return {row["photo"]: row for row in csv.DictReader(file)}


def test_a_folder_becomes_what_the_garments_stage_reads(photos, tmp_path):
    root, boxes = photos
    out, said = tmp_path / "out", []
    done = cut_out_folder(root, boxes, out, 96, 2, {"img/Red_Jacket/img_0.jpg": LANDMARKS}, said.append)
    assert (done.made, done.kept, len(done.errors)) == (3, 0, 2)
    assert "is not a picture" in done.errors["img/Red_Jacket/torn.jpg"]
    assert "cannot be read (No such file" in done.errors["img/none.jpg"]
    assert said[-1] == "cut-outs: 5/5, 2 errors"
    rows = index_of(out)
    assert len(rows) == 5
    good = rows["img/Red_Jacket/img_0.jpg"]
    assert (good["file"], good["landmarks"], good["error"]) == ("img-Red_Jacket-img_0.png", "6", "")
    assert 0.3 < float(good["kept_share"]) < 0.8
    assert done.sheet == out / "overview/sheet.jpg" and done.sheet.exists()

    pairs_read = list(from_folder(GarmentFolder(kind="folder", path=str(out), licence="mine"), seed=1))
    assert len(pairs_read) == 3
    assert {name for _, name, *_ in pairs_read} == {f"img-Red_Jacket-img_{i}" for i in range(3)}


def test_the_img_folder_itself_may_be_named(photos, tmp_path):
    root, boxes = photos
    done = cut_out_folder(root / "img", dict(itertools.islice(boxes.items(), 1)), tmp_path / "out", 96, 1, say=quiet)
    assert done.made == 1


def test_what_is_there_is_kept_and_what_changed_is_made_again(photos, tmp_path):
    root, boxes = photos
    out = tmp_path / "out"
    boxes = {name: box for name, box in boxes.items() if "img_" in name}
    first = cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("*.png")}
    again = cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    assert (first.made, again.made, again.kept) == (3, 0, 3)
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.glob("*.png")} == before
    table = (out / "index.csv").read_bytes()

    (out / "img-Red_Jacket-img_1_mask.png").unlink()  # a lost mask, a damaged picture, another box
    (out / "img-Red_Jacket-img_2.png").write_bytes(b"x")
    mended = cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    assert (mended.made, mended.kept) == (2, 1)
    assert (out / "index.csv").read_bytes() == table
    moved = cut_out_folder(root, boxes | {"img/Red_Jacket/img_0.jpg": (10, 30, 150, 170)}, out, 96, 1, say=quiet)
    assert (moved.made, moved.kept) == (1, 2)


def test_a_stopped_call_goes_on_where_it_was(photos, tmp_path, monkeypatch):
    root, boxes = photos
    out = tmp_path / "out"
    boxes = {name: box for name, box in boxes.items() if "img_" in name}
    monkeypatch.setattr(cutouts, "_write_index", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    journal = out / cutouts.JOURNAL
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(lines[:2]) + "\n" + lines[2][:30])  # as a lost process leaves it
    monkeypatch.undo()
    done = cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    assert (done.made, done.kept) == (1, 2)
    assert not journal.exists()
    assert json.loads(lines[0])["sha256"] == index_of(out)["img/Red_Jacket/img_0.jpg"]["sha256"]


def test_a_photo_that_became_bad_leaves_no_old_cut_out(photos, tmp_path):
    root, boxes = photos
    out = tmp_path / "out"
    boxes = {name: box for name, box in boxes.items() if "img_" in name}
    cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    (root / "img/Red_Jacket/img_1.jpg").write_bytes(b"no picture")
    done = cut_out_folder(root, boxes, out, 96, 1, say=quiet)
    assert list(done.errors) == ["img/Red_Jacket/img_1.jpg"]
    assert not list(out.glob("*img_1*.png"))


def test_names_never_meet_nor_leave_the_folder(tmp_path):
    names = cutouts._names(dict.fromkeys(["a/b.jpg", "a-b.png", "A/b.jpg", "x_mask.png", "../../etc/x.jpg"], BOX))
    assert names["a/b.jpg"] == "a-b"
    assert len({name.lower() for name in names.values()}) == 5
    assert not any("/" in name or name.startswith(".") or name.endswith("_mask") for name in names.values())
    (tmp_path / "photos").mkdir()
    (tmp_path / "secret.png").write_bytes(encode_image(jacket()[0]))
    with pytest.raises(SelvedgeError, match=r"no photo could be cut out.*leaves the folder"):
        cut_out_folder(tmp_path / "photos", {"../secret.png": BOX}, tmp_path / "out", 96, 1, say=quiet)


def test_an_empty_table_or_a_missing_folder_is_said(tmp_path):
    with pytest.raises(SelvedgeError, match="names no photo"):
        cut_out_folder(tmp_path, {}, tmp_path / "out")
    with pytest.raises(SelvedgeError, match="is no folder of photos"):
        cut_out_folder(tmp_path / "nowhere", {"a.jpg": BOX}, tmp_path / "out")


@pytest.mark.skipif(
    not (SHARED / "garment-items").is_dir(), reason="the real garment photos are not here: they are not the project's"
)
def test_real_garments_are_cut_out():
    """Their masks were made by GrabCut and checked by eye: they flatter. Three of them keep the suite short."""
    cases = pairs(SHARED / "garment-items")[::9]
    assert np.mean([overlap(case, None)[0] for case in cases]) > 0.95


def test_the_processes_do_not_fight_for_cores(monkeypatch):
    monkeypatch.setattr(cutouts, "die_with_parent", lambda parent: None)
    cutouts._begin(os.getppid())
    assert cv2.getNumThreads() == 1


def test_boxes_have_room_in_the_benchmark():
    mask = np.zeros((50, 60), bool)
    mask[10:30, 20:40] = True
    assert box_of(mask, 4) == (16, 6, 44, 34)
