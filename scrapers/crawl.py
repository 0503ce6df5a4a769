"""The crawl stage: every source ends as rows of one manifest and files named by their own hash, below data/raw."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from scrapers import folder
from scrapers.manifest import RAW, Journal, Row, parse_table
from selvedge.config import CsvSource, Params, ShopSource
from selvedge.errors import SelvedgeError, TryAgain
from selvedge.io import write_json
from selvedge.net import is_embedded
from selvedge.proc import die_with_parent

METRICS = Path("metrics/crawl.json")


def run(params: Params) -> None:
    """Collect all sources; the same command goes on where a stopped crawl was. Raises SelvedgeError in one line."""
    journal = Journal()
    for source in params.crawl.sources:
        if source.kind == "folder":
            count = sum(1 for _ in folder.collect(source, params.classes, journal))
            print(f"crawl: {source.name}: {count} new pictures from {source.path}", flush=True)
    web = [source for source in params.crawl.sources if source.kind != "folder"]
    for source in web:
        outside = [address for address in _addresses(source, params) if not is_embedded(address)]
        if outside and not params.crawl.contact:
            raise SelvedgeError(
                f"{source.name}: {outside[0]} is on the internet, and crawl.contact is empty; name an address or mailbox first"
            )
    if web:
        _crawl_web(params)
        journal = Journal()
    wanted = {source.name for source in params.crawl.sources}
    _refuse_empty(params, [row for row in journal.rows.values() if row.source in wanted])
    rows = journal.finish(wanted)
    report(rows, params.classes)


def _addresses(source: ShopSource | CsvSource, params: Params) -> list[str]:
    """Where a source begins; for a table in a file, all that it points to. Raises SelvedgeError naming what is wrong."""
    if source.kind == "shop":
        return [source.listing]
    if "://" in source.path:
        return [source.path]
    if not Path(source.path).is_file():
        raise SelvedgeError(
            f"{source.name}: {source.path}: there is no such file; correct crawl.sources in params.yaml"
        )
    text = Path(source.path).read_text(encoding="utf-8")
    return [row.url for row in parse_table(text, source.path, source.words, params.classes)]


def _crawl_web(params: Params) -> None:
    """Run Scrapy in a process of its own: its reactor starts only once in one."""
    from scrapers.demo.shop import embedded_shop

    web = [source for source in params.crawl.sources if source.kind != "folder"]
    addresses = [source.listing if source.kind == "shop" else source.path for source in web]
    # a table in a file may point to the shop, too
    needs_shop = any(is_embedded(a) or "://" not in a for a in addresses)
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        port = stack.enter_context(embedded_shop(params.demo_shop)) if needs_shop else 0
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=_scrapy, args=(params.model_dump_json(), port, send), daemon=True)
        process.start()
        send.close()
        failures: list[tuple[str, bool]] | None = None
        with suppress(EOFError):
            failures = receive.recv()
        process.join()
    if failures is None:
        raise SelvedgeError(
            f"the crawl's process ended with status {process.exitcode}; run again to go on where it was"
        )
    if failures:
        mistakes = [line for line, passing in failures if not passing]
        line = (mistakes or [line for line, _ in failures])[0]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        kind = SelvedgeError if mistakes else TryAgain
        raise kind(f"{line}{more}; what was fetched is kept: run again to go on")


def _scrapy(params_json: str, port: int, send: Any) -> None:
    """In the crawl's process: one spider a source, then the failures go back through the pipe."""
    die_with_parent()
    from scrapy.crawler import CrawlerProcess

    from scrapers.settings import settings
    from scrapers.spiders.base import Failure
    from scrapers.spiders.shop import ShopSpider
    from scrapers.spiders.table import TableSpider

    params = Params.model_validate_json(params_json)
    web = [source for source in params.crawl.sources if source.kind != "folder"]
    failures: list[Failure] = []
    process = CrawlerProcess({**settings(params.crawl), "EMBEDDED_PORT": port, "CONTACT": params.crawl.contact})
    journal, tell = Journal(), _Teller()
    for source in web:
        crawler = process.create_crawler(ShopSpider if source.kind == "shop" else TableSpider)
        crawler.spider_journal, crawler.spider_tell = journal, tell
        process.crawl(crawler, source=source, classes=params.classes, journal=journal, failures=failures)
    process.start()
    tell.show()
    send.send([tuple(failure) for failure in failures])


class _Teller:
    """Counts rows by status and says so now and then."""

    def __init__(self) -> None:
        self.counts, self.began, self.shown = Counter(), time.monotonic(), time.monotonic()

    def __call__(self, row: Row) -> None:
        self.counts[row.status] += 1
        if time.monotonic() - self.shown > 5:
            self.show()

    def show(self) -> None:
        """One line: how many pictures came, at what rate, what failed."""
        self.shown = time.monotonic()
        total = sum(self.counts.values())
        rest = ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items()) if status != "ok")
        rate = total / max(self.shown - self.began, 1e-9)
        print(f"crawl: {self.counts['ok']} pictures, {rate:.0f} a second{', ' + rest if rest else ''}", flush=True)


def _refuse_empty(params: Params, rows: list[Row]) -> None:
    alive = Counter(row.cls for row in rows if row.status == "ok")
    for cls in params.classes:
        if not alive[cls]:
            names = ", ".join(source.name for source in params.crawl.sources)
            raise SelvedgeError(
                f"class {cls!r} is empty: no picture came from {names}; add a source or take it out of classes"
            )


def report(rows: list[Row], classes: tuple[str, ...]) -> None:
    """Counts by status, class and source as a DVC metric, and one line."""
    status = Counter(row.status for row in rows)
    by_class = {cls: Counter(row.status for row in rows if row.cls == cls) for cls in classes}
    by_source = {name: Counter(r.status for r in rows if r.source == name) for name in sorted({r.source for r in rows})}
    write_json(
        METRICS,
        {
            "rows": len(rows),
            "status": dict(status),
            "by_class": {k: dict(v) for k, v in by_class.items()},
            "by_source": {k: dict(v) for k, v in by_source.items()},
            "pictures": len({row.sha256 for row in rows if row.sha256}),
        },
    )
    print(f"crawl: {len(rows)} rows, {', '.join(f'{n} {s}' for s, n in sorted(status.items()))} -> {RAW}", flush=True)
