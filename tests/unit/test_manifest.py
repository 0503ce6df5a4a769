"""The journal and the manifest: rows that survive a kill, files that are there before the rows that name them."""

from __future__ import annotations

import csv
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from scrapers.manifest import COLUMNS, Journal, Row, read_manifest
from scrapers.pipelines import Fetched, keep
from selvedge.errors import SelvedgeError, WriteFailed
from selvedge.io import encode_image, sha256_bytes

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


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*")]


def test_what_cannot_be_read_lies_in_quarantine_until_no_row_names_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    body = b"<html>sold out</html>"
    row = keep(journal, Fetched(a_row(1), body))
    assert (row.status, row.bytes, row.sha256) == ("corrupt", len(body), sha256_bytes(body))
    assert row.file == f"quarantine/{row.sha256[:2]}/{row.sha256}.bin"
    assert (tmp_path / row.file).read_bytes() == body
    assert keep(journal, Fetched(a_row(2), b"")).file == ""
    assert keep(journal, Fetched(a_row(3), PICTURE, "dead", "answered 500")).file == ""
    journal.finish({"s"})
    assert (tmp_path / row.file).exists()

    # it is asked for again, and comes: the row names the picture, and the page is gone
    again = Journal(tmp_path)
    assert not again.done(a_row(1))
    assert keep(again, Fetched(a_row(1), PICTURE)).status == "ok"
    again.finish({"s"})
    assert not (tmp_path / "quarantine").exists()


def test_failures_of_a_stopped_crawl_are_forgotten_and_its_pictures_are_not(tmp_path: Path) -> None:
    # a page that failed while the crawl was stopped must not stay as a row, if it now yields other addresses
    stopped = Journal(tmp_path)
    keep(stopped, Fetched(a_row(1), PICTURE))
    keep(stopped, Fetched(a_row(2), status="dead", error="the connection broke off"))
    journal = Journal(tmp_path)
    journal.resume()
    assert [row.url for row in Journal(tmp_path).finish({"s"})] == ["http://x/1.jpg"]


def test_a_file_that_was_damaged_is_fetched_again(tmp_path: Path) -> None:
    row = keep(Journal(tmp_path), Fetched(a_row(1), PICTURE))
    assert Journal(tmp_path).done(a_row(1))
    (tmp_path / row.file).write_bytes(PICTURE[:-1])
    assert not Journal(tmp_path).done(a_row(1))


def test_nothing_of_a_killed_run_is_left_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.lay(a_row(1), PICTURE, "jpg")  # and killed before the commit
    (tmp_path / ".manifest.csv.partial-x").write_text("half")
    (tmp_path / "files/00").mkdir()
    assert len(hidden(tmp_path)) == 2
    again = Journal(tmp_path)
    assert not again.done(a_row(1))
    keep(again, Fetched(a_row(2), PICTURE + b"2"))
    again.finish({"s"})
    assert hidden(tmp_path) == []
    assert len(list((tmp_path / "files").iterdir())) == 1


def test_a_row_is_on_the_disk_only_after_the_file_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told from the calls: a power cut after any of them leaves no row without its file."""
    synced: dict[int, int] = {}  # inode -> when; a folder's is that of its names
    renamed: dict[Path, int] = {}
    clock = iter(range(10**6))
    real_sync, real_replace = os.fsync, Path.replace
    checked = []

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.name == ".journal.jsonl":
            for row in Journal(tmp_path).rows.values():
                file = tmp_path / row.file
                assert synced[file.stat().st_ino] < renamed[file] < synced[file.parent.stat().st_ino]
                assert synced[file.parent.parent.stat().st_ino]
                checked.append(row.file)
        real_sync(handle)
        synced[os.fstat(handle).st_ino] = next(clock)

    def put(path: Path, place: Path) -> Path:
        renamed[Path(place)] = next(clock)
        return real_replace(path, place)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", put)
    journal = Journal(tmp_path)
    journal.commit([journal.lay(replace(a_row(n), status="ok"), PICTURE + bytes([n]), "jpg") for n in range(20)])
    keep(journal, Fetched(a_row(30), b"no picture"))
    assert len(set(checked)) == 21


def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    entry = journal.lay(a_row(1), PICTURE, "jpg")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match=r"journal\.jsonl: cannot be written \(No space left on device\)"):
        journal.commit([entry])
    monkeypatch.undo()
    assert not Journal(tmp_path).rows


def test_bodies_may_be_laid_while_others_are_committed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    def work(part: int) -> None:
        for number in range(part * 25, part * 25 + 25):
            laid.append(journal.lay(replace(a_row(number), status="ok"), PICTURE + bytes([number % 60]), "jpg"))

    laid: list = []
    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or laid:
        batch, laid[:] = laid[:], []
        journal.commit(batch)
    rows = Journal(tmp_path).finish({"s"})
    assert len(rows) == 100
    assert len([path for path in (tmp_path / "files").rglob("*.jpg")]) == 60
