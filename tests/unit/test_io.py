"""Files are written whole or not at all; pictures are opened with care."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from selvedge.errors import BadImage, SelvedgeError, WriteFailed
from selvedge.io import (
    atomic_dir,
    atomic_path,
    encode_image,
    open_image,
    read_json,
    read_yaml,
    write_bytes,
    write_json,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_bytes(target, b"old")
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_directory_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "d"
    with atomic_dir(target) as out:
        (out / "one").write_text("1")
    with pytest.raises(RuntimeError), atomic_dir(target) as out:
        (out / "two").write_text("2")
        raise RuntimeError
    assert names(target) == ["one"]
    with atomic_dir(target) as out:
        (out / "two").write_text("2")
    assert names(target) == ["two"]
    assert names(tmp_path) == ["d"]


FULL_DISK = """
import resource, sys
from selvedge.errors import WriteFailed
from selvedge.io import write_bytes, atomic_dir
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the kernel refuses byte 1,001, as a full disk would
try:
    if sys.argv[1] == "file":
        write_bytes("out/big.bin", b"x" * 5000)
    else:
        with atomic_dir("out/folder") as out:
            (out / "small").write_bytes(b"x")
            (out / "big").write_bytes(b"x" * 5000)
except WriteFailed as error:
    sys.exit(f"selvedge: {error}")
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK, what], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"selvedge: out/{'big.bin' if what == 'file' else 'folder'}: cannot be written")
    assert names(tmp_path / "out") == []


def test_a_full_disk_while_a_checkpoint_is_written(tmp_path: Path) -> None:
    code = FULL_DISK.replace('if sys.argv[1] == "file":', "if True:").replace(
        'write_bytes("out/big.bin", b"x" * 5000)',
        'import torch; from training import checkpoint; checkpoint.save("out/big.bin", {"w": torch.zeros(9999)})',
    )
    done = subprocess.run([sys.executable, "-c", code, "x"], cwd=tmp_path, capture_output=True, text=True)
    assert "selvedge: out/big.bin: cannot be written" in done.stderr
    assert names(tmp_path / "out") == []


def test_what_is_in_the_way_of_a_file_is_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file/below", tmp_path / "folder"):
        with pytest.raises(WriteFailed, match="a file or folder is in its way: move that, or choose another name"):
            write_bytes(path, b"x")
    assert names(tmp_path) == ["file", "folder"]


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="is a folder; name a picture"):
        open_image(tmp_path)
    with pytest.raises(SelvedgeError, match=r"cannot be read \(Is a directory\)"):
        read_json(tmp_path)
    with pytest.raises(SelvedgeError, match=r"cannot be read \(Is a directory\)"):
        read_yaml(tmp_path, "")


def test_equal_values_are_equal_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, "ü"]})
    write_json(tmp_path / "b.json", {"a": [1.5, "ü"], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_json(tmp_path / "a.json") == {"b": 1, "a": [1.5, "ü"]}
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(SelvedgeError, match=r"a\.json: is not JSON"):
        read_json(tmp_path / "a.json")


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    whole = encode_image(Image.effect_noise((64, 64), 80).convert("RGB"), "jpeg")
    for name, data in {"cut.jpg": whole[: len(whole) // 2], "text.png": b"<html>", "empty.png": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadImage, match=name):
            open_image(tmp_path / name)
    with pytest.raises(BadImage, match="no such file"):
        open_image(tmp_path / "none.png")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("1", (7000, 7000)).save(out, "PNG")
    with pytest.raises(BadImage, match="7000x7000 is more than 40,000,000 pixels"):
        open_image(out.getvalue(), "bomb.png")


def test_pictures_come_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (20, 10))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert open_image(tmp_path / "turned.jpg").size == (10, 20)


def test_write_failed_is_a_users_error() -> None:
    assert issubclass(WriteFailed, SelvedgeError)
