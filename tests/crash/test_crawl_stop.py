"""A crawl whose own process is stopped or dies: what came is kept, no manifest claims to be whole, the next run is."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest
from crawling import GOOD, collect
from pictures import picture
from website import Answer, Site

from scrapers.manifest import Journal, Row
from selvedge.errors import SelvedgeError, TryAgain

COUNT = 12


def stop_after(rows: int, folder: Path, number: int) -> threading.Thread:
    """Signal the crawl's process, the one child of this one, when so many rows are in the journal."""

    def work() -> None:
        end = time.monotonic() + 60
        journal = folder / "data/raw/.journal.jsonl"
        while time.monotonic() < end and not (journal.exists() and journal.read_bytes().count(b'"ok"') >= rows):
            time.sleep(0.01)
        for child in multiprocessing.active_children():
            os.kill(child.pid, number)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (signal.SIGTERM, TryAgain, "the crawl was stopped (shutdown); what was fetched is kept: run again to go on"),
        (signal.SIGINT, TryAgain, "the crawl was stopped (shutdown); what was fetched is kept: run again to go on"),
        (signal.SIGKILL, SelvedgeError, "the crawl's process ended with status -9; run again to go on where it was"),
    ],
)
def test_a_stopped_crawl_says_so_and_goes_on(tmp_path: Path, number: int, kind: type, says: str) -> None:
    with Site() as site:
        for i in range(COUNT):
            site["steady.example"][f"/{i}.jpg"] = Answer(picture(i), wait=0.05)
        urls = [f"http://steady.example/{i}.jpg" for i in range(COUNT)]
        stopper = stop_after(3, tmp_path, number)
        with pytest.raises(kind) as error:
            collect(tmp_path, site, urls)
        stopper.join()
        assert type(error.value) is kind
        assert str(error.value) == says
        raw = tmp_path / "data/raw"
        assert not (raw / "manifest.csv").exists()
        assert 0 < len(list((raw / "files").rglob("*.jpg"))) < COUNT

        asked = len(site.log)
        rows = collect(tmp_path, site, urls)
        assert {row.status for row in rows.values()} == {"ok"} and len(rows) == COUNT + 1
        fetched = [visit.path for visit in site.log[asked:] if visit.path.endswith(".jpg")]
        assert len(fetched) <= COUNT + 2 - 3, "what had come is not fetched again"


def test_what_failed_before_a_stop_is_no_row_of_the_next_run(tmp_path: Path) -> None:
    # a product's page that did not come while the crawl was stopped; next time it comes, and its pictures are the rows
    page = Row("dotted", "http://shop.example/page", source="table", status="dead", error="the connection broke off")
    Journal(tmp_path / "data/raw").add(page)
    with Site() as site:
        assert list(collect(tmp_path, site, [])) == [GOOD]


def test_a_full_disk_ends_the_crawl_with_one_line_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with Site() as site:
        for i in range(COUNT):
            site["big.example"][f"/{i}.bmp"] = Answer(picture(i, "BMP", side=80))  # 19 kB
        urls = [f"http://big.example/{i}.bmp" for i in range(COUNT)]
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, hard))  # bytes of a file; what the crawl starts inherits it
        try:
            with pytest.raises(
                SelvedgeError, match=r"data/raw/files/.*: cannot be written \(File too large\); free space"
            ):
                collect(tmp_path, site, urls)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert not (tmp_path / "data/raw/manifest.csv").exists()
        assert {row.status for row in collect(tmp_path, site, urls).values()} == {"ok"}
        assert not list((tmp_path / "data/raw").rglob(".*"))
