"""Crawl the site as a user would: a table of addresses in, rows of the manifest out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from contextlib import chdir
from pathlib import Path
from unittest import mock

from helpers import small_params
from pictures import SIDE, picture
from website import Answer, Site

from scrapers import crawl
from scrapers.manifest import COLUMNS, Row, read_manifest
from selvedge.config import Params

GOOD = "http://good.example/good.jpg"  # a class may not end empty: it is the whole of the second, and in the first


def write_table(path: Path, urls: Iterable[str]) -> Path:
    """A table in the clothing-pattern format; every picture is SIDE x SIDE, and all of it the crop."""
    urls = dict.fromkeys([*urls], "dotted")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((cls, url, SIDE, SIDE, 0, 0, SIDE, SIDE, 7) for url, cls in [*urls.items(), (GOOD, "striped")])
    return path


def table_params(folder: Path, urls: Iterable[str], **changes: object) -> Params:
    """Parameters whose one source is a table of `urls`; quick, and with nobody to spare."""
    source = {
        "kind": "csv",
        "name": "table",
        "path": str(write_table(folder / "table.csv", urls)),
        "licence": "of a test",
    }
    return Params.model_validate(
        small_params(
            classes=["dotted", "striped"], crawl={"sources": [source], "delay_s": 0, "timeout_s": 5, **changes}
        )
    )


def collect(
    folder: Path, site: Site, urls: Iterable[str], more: Mapping[str, int] | None = None, **changes: object
) -> dict[str, Row]:
    """Crawl a table of `urls` in `folder`; the rows by address. `more` are further stand-ins, such as closed ports."""
    site["good.example"]["/good.jpg"] = Answer(picture(0))
    with chdir(folder), mock.patch.object(crawl.report, "write"):  # MLflow's database takes longer than the crawl
        crawl.run(table_params(folder, [*urls, GOOD], **changes), {**site.stand_ins, **(more or {})})
        return {row.url: row for row in read_manifest() if row.cls == "dotted"}
