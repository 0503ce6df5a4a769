"""The crawl's report: counts against hand-made rows, hostile text, the same bytes, and the public table's 632 hosts."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import SHARED, small_params

from scrapers import report
from scrapers.manifest import Row
from scrapers.table import read_table
from selvedge import tracking
from selvedge.config import Params


def params(**changes: dict) -> Params:
    return Params.model_validate(small_params(**changes))


def row(cls: str, url: str, sha: str = "", status: str = "ok", **changes: object) -> Row:
    return Row(cls, url, source="shop", status=status, sha256=sha, **changes)


ROWS = [
    row("dotted", "https://a.example/1.jpg", "aa", bytes=100),
    row("dotted", "https://a.example/2.jpg", "aa", bytes=100),
    row("striped", "https://B.example/3.jpg", "aa", bytes=100),
    row(
        "striped", "https://b.example/4.jpg", "bb", bytes=7, note="came as 20x10, recorded as 40x20: its crop is scaled"
    ),
    row("striped", "https://b.example/5.jpg", "bb", status="corrupt", error="is not a picture"),  # in quarantine
    row("floral", "https://b.example/6.jpg", status="dead", error="answered 404"),
    row("floral", "https://c.example/7.jpg", status="dead", error="answered 404"),
    row("floral", "https://c.example/8.jpg", status="refused", error="refused: https://c.example/8.jpg is private"),
    replace(row("floral", "floral/mine.jpg", "cc", bytes=1000), source="table"),
]


@pytest.fixture
def without_mlflow(workplace, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    return workplace()


def written(rows: list[Row], warnings: tuple[str, ...] = ()) -> tuple[dict, str]:
    report.write(rows, params(), warnings)
    return json.loads((report.REPORT / report.COUNTS).read_text()), (report.REPORT / "report.md").read_text()


def cells(page: str, first: str) -> list[str]:
    """The cells of the first line of a table that begins so."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_counts_are_those_of_hand_made_rows(without_mlflow, capsys) -> None:
    found, page = written(ROWS)
    assert found["rows"] == 9
    assert found["status"] == {"ok": 5, "dead": 2, "corrupt": 1, "refused": 1}
    assert found["by_class"]["striped"] == {"ok": 2, "corrupt": 1}
    assert found["by_source"]["table"] == {"ok": 1}
    assert found["by_host"] == {
        "a.example": {"ok": 2},
        "b.example": {"ok": 2, "corrupt": 1, "dead": 1},  # a host's name has no case
        "c.example": {"dead": 1, "refused": 1},
        "no host (table)": {"ok": 1},
    }
    # three rows came as one file; what is in quarantine is nobody's duplicate
    assert found["duplicates"]["rows"] == 3 and found["duplicates"]["files"] == 1
    assert found["duplicates"]["files_under_two_classes"] == 1
    assert found["duplicates"]["by_class"] == {"striped": 1, "dotted": 2, "floral": 0}
    assert found["duplicates"]["by_host"] == {"a.example": 2, "b.example": 1}
    assert (found["pictures"], found["bytes"]) == (3, 1107)
    assert found["errors"] == {"answered 404": 2, "is not a picture": 1, "refused: ADDRESS is private": 1}

    assert cells(page, "striped") == ["striped", "3", "2", "0", "1", "0", "1", "66.7 %"]
    assert cells(page, "**all**") == ["**all**", "9", "5", "2", "1", "1", "3", "55.6 %"]
    assert (
        "Of 9 addresses from shop, table, 5 gave a picture (55.6 %): 3 different files, 1.11 kB, in 3 classes." in page
    )
    assert "| dead | answered 404 | 2 | https://b.example/6.jpg |" in page
    assert "| came as WxH, recorded as WxH: its crop is scaled | 1 |" in page
    assert capsys.readouterr().out.splitlines()[-1].startswith("crawl: 9 rows, 1 corrupt, 2 dead, 5 ok, 1 refused -> ")


def test_the_same_rows_in_any_order_are_the_same_bytes(without_mlflow) -> None:
    files = (report.METRICS, report.REPORT / report.COUNTS, report.REPORT / "report.md")
    written(ROWS, ("one",))
    first = [path.read_bytes() for path in files]
    written(ROWS[::-1], ("one",))
    assert [path.read_bytes() for path in files] == first


def test_reasons_that_differ_by_address_size_or_place_in_memory_are_one() -> None:
    at = "https://x.example/a(1).jpg"
    assert report.reason_of(f"Getting {at} took longer", at) == report.reason_of(
        "Getting https://y.example/b took longer"
    )
    torn = "is not a picture that can be read (cannot identify image file <_io.BytesIO object at 0x7f12ab>)"
    assert report.reason_of(torn) == report.reason_of(torn.replace("7f12ab", "7fffff"))
    assert report.reason_of("x.example resolves to 10.0.0.1", at) == "HOST resolves to IP"
    assert report.reason_of("9000x8000 is more than 40,000,000 pixels") == "WxH is more than N pixels"
    assert report.reason_of("shows the same as 0a1b2c3d4e5f, 12.5 % larger") == "shows the same as ID, N % larger"
    assert report.reason_of("answered 404") != report.reason_of("answered 410")
    assert report.reason_of("") == "no reason given"


def test_hostile_text_stays_text(without_mlflow) -> None:
    bad = "https://evil.example/<script>alert(1)</script>|x|\n# big\n![a](b)`"
    rows = [*ROWS, row("dotted", bad, status="dead", error="no | way\n<b>\\| [x](javascript:alert(1))")]
    _, page = written(rows, ("# loud | <img src=x>\n- more",))
    assert "<" not in page
    assert not re.search(r"(?<!\\)\[|(?<!\\)`", page)
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        *("# Crawl", "## By class", "## By source", "## By host"),
        *("## Why pictures did not come", "## What to know of those that came", "## Warnings"),
    ]
    assert "- \\# loud \\| &lt;img src=x&gt; - more" in page
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):  # each line of a table has as many cells as its head
        counts = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()}
        assert len(counts) == 1, block


def test_many_hosts_are_summed_on_the_page_and_whole_in_the_numbers(without_mlflow) -> None:
    rows = [row("dotted", f"https://h{k:02d}.example/{i}", f"{k}-{i}") for k in range(50) for i in range(1 + (k < 20))]
    rows += [row("floral", f"https://gone{k}.example/1", status="dead", error="answered 410") for k in range(3)]
    found, page = written(rows)
    assert len(found["by_host"]) == 53
    hosts = page.split("## By host")[1].split("## ")[0]
    assert hosts.count("| h") == 1 + 20 + 1  # two heads
    assert hosts.count("| gone") == 3
    assert cells(hosts, "the 30 other hosts")[1:3] == ["30", "30"]


def test_the_run_in_mlflow_carries_numbers_and_page_and_stays_one_run(workplace) -> None:
    workplace()
    written(ROWS)
    written(ROWS)
    with sqlite3.connect("mlruns/mlflow.db") as database:
        assert database.execute("select name, status from runs").fetchall() == [("crawl", "FINISHED")]
        metrics = dict(database.execute("select key, value from latest_metrics"))
        logged = dict(database.execute("select key, value from params"))
    assert metrics["status.dead"] == 2 and metrics["by_class.striped.ok"] == 2 and metrics["duplicates.rows"] == 3
    assert not any("example" in key for key in metrics)  # hundreds of hosts are no metrics
    assert logged["snapshot"] == "1" and "contact" not in logged
    assert {path.name for path in Path("mlruns/artifacts").rglob("*.*")} == {"counts.json", "report.md"}


TABLE = SHARED / "clothing-pattern/googleClothingDataset.csv"


@pytest.mark.skipif(not TABLE.exists(), reason="the public table is not here")
def test_the_public_tables_hosts_add_up(without_mlflow) -> None:
    text = TABLE.read_text()
    classes = sorted({line.split(",")[0] for line in text.splitlines()[1:]})
    fates = [
        ("ok", ""),
        ("ok", ""),
        ("dead", "answered 404"),
        ("corrupt", "is not a picture"),
        ("refused", "robots.txt"),
    ]
    rows = []
    for k, one in enumerate(read_table(text, "table", {}, classes).rows):
        status, error = fates[k % 5]
        rows.append(replace(one, source="table", status=status, error=error, sha256=str(k) if status == "ok" else ""))
    found, page = written(rows)
    assert found["rows"] == sum(found["status"].values()) == 2749
    assert len(found["by_host"]) == 632
    for status, count in found["status"].items():
        assert sum(host.get(status, 0) for host in found["by_host"].values()) == count
    assert "on 632 hosts" in page
    assert len(page) < 40_000
