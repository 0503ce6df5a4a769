"""The crawl stage: every source ends as rows of one manifest and files named by their own hash, below data/raw."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from warnings import filterwarnings

from scrapers import folder, report
from scrapers.manifest import Journal, Row
from scrapers.table import decode_table, read_table
from selvedge.config import CsvSource, Params, ShopSource
from selvedge.errors import SelvedgeError, TryAgain
from selvedge.net import EMBEDDED_HOST, host_of, refusal
from selvedge.proc import die_with_parent


def run(params: Params, stand_ins: Mapping[str, int] | None = None) -> None:
    """Collect all sources; the same command goes on where a stopped crawl was. Raises SelvedgeError in one line.

    `stand_ins` maps names of hosts to ports of loopback where tests have put up something in their place.
    """
    journal = Journal()
    journal.resume()
    for source in params.crawl.sources:
        if source.kind == "folder":
            count = sum(1 for _ in folder.collect(source, params.classes, journal))
            print(f"crawl: {source.name}: {count} new pictures from {source.path}", flush=True)
    journal.commit([])
    warnings: list[str] = []
    if any(source.kind != "folder" for source in params.crawl.sources):
        warnings = _crawl_web(params, dict(stand_ins or {}))
        journal = Journal()
    for line in warnings:
        print(f"crawl: {line}", flush=True)
    wanted = {source.name for source in params.crawl.sources}
    _refuse_empty(params, [row for row in journal.rows.values() if row.source in wanted])
    rows = journal.finish(wanted)
    report.write(rows, params, warnings)


# ---- the web -------------------------------------------------------------------------------------------------------------


def _crawl_web(params: Params, stand_ins: dict[str, int]) -> list[str]:
    """Run Scrapy in a process of its own, as its reactor starts only once in one; returns warnings."""
    from scrapers.demo.shop import embedded_shop

    needs_shop = False
    for source in params.crawl.sources:
        if source.kind == "folder":
            continue
        hosts = {host_of(address): address for address in _addresses(source, params) if refusal(address) is None}
        needs_shop |= EMBEDDED_HOST in hosts
        outside = [address for host, address in hosts.items() if host not in (EMBEDDED_HOST, *stand_ins)]
        if outside and not params.crawl.contact:
            raise SelvedgeError(
                f"{source.name}: {outside[0]} is on the internet, and crawl.contact is empty; name an address or mailbox first"
            )
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        if needs_shop:
            stand_ins[EMBEDDED_HOST] = stack.enter_context(embedded_shop(params.demo_shop))
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=_scrapy, args=(params.model_dump_json(), stand_ins, send), daemon=True)
        with _ended_together(process):
            send.close()
            told: dict[str, Any] | None = None
            with suppress(EOFError):
                told = receive.recv()
            process.join()
    if told is None:
        raise SelvedgeError(
            f"the crawl's process ended with status {process.exitcode}; run again to go on where it was"
        )
    if told["failures"]:
        _raise(told["failures"])
    if told["reason"] != "finished":
        raise TryAgain(f"the crawl was stopped ({told['reason']}); what was fetched is kept: run again to go on")
    return told["warnings"]


def _addresses(source: ShopSource | CsvSource, params: Params) -> list[str]:
    """Where a source begins; for a table in a file, all that it points to. Raises SelvedgeError naming what is wrong."""
    if source.kind == "shop":
        return [source.site]
    if "://" in source.path:
        return [source.path]
    if not Path(source.path).is_file():
        raise SelvedgeError(
            f"{source.name}: {source.path}: there is no such file; correct crawl.sources in params.yaml"
        )
    text = decode_table(Path(source.path).read_bytes(), source.path)
    return [row.url for row in read_table(text, source.path, source.words, params.classes).rows]


@contextmanager
def _ended_together(process: multiprocessing.process.BaseProcess) -> Iterator[None]:
    """Start a process, and end it with the block: if this one is told to end, that one may store what has come first."""
    before = signal.getsignal(signal.SIGTERM)
    main = threading.current_thread() is threading.main_thread()

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    process.start()
    try:
        if main:
            signal.signal(signal.SIGTERM, leave)
        yield
    except BaseException:
        process.join(0.2)  # Ctrl-C and a stopped flow signal the whole group: it may be about to end
        for end in (process.terminate, process.kill):
            if process.is_alive():
                end()
                process.join(10)
        raise
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _raise(failures: list[tuple[str, bool]]) -> None:
    """What is wrong for good comes before what may pass by itself; the latter alone is worth another try."""
    mistakes = [line for line, passing in failures if not passing]
    line = (mistakes or [line for line, _ in failures])[0]
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    kind = SelvedgeError if mistakes else TryAgain
    raise kind(f"{line}{more}; what was fetched is kept: run again to go on")


def _scrapy(params_json: str, stand_ins: dict[str, int], send: Any) -> None:
    """In the crawl's process: one spider for all sources; then what came of it goes back through the pipe."""
    # at once: it must not write on beside the next run, and whatever is cut off is gone on with
    die_with_parent(signal.SIGKILL)
    filterwarnings("ignore", module="PIL")  # a row says what is wrong with a picture
    sys.setswitchinterval(0.0005)  # or the network waits 5 ms for a thread that looks at a picture
    from scrapy.crawler import CrawlerProcess

    from scrapers.settings import settings
    from scrapers.spiders.base import Failure, SwatchSpider

    params = Params.model_validate_json(params_json)
    sources = [source for source in params.crawl.sources if source.kind != "folder"]
    failures: list[Failure] = []
    warnings: list[str] = []
    process = CrawlerProcess(settings(params.crawl, stand_ins))
    crawler = process.create_crawler(SwatchSpider)
    crawler.journal, crawler.failures = Journal(), failures  # for the pipeline
    process.crawl(
        crawler, sources=sources, classes=params.classes, journal=crawler.journal, failures=failures, warnings=warnings
    )
    process.start()
    if mistakes := crawler.stats.get_value("spider_exceptions/count"):
        warnings.append(f"{mistakes} answers could not be read, by a mistake of the crawl's own; it is said above")
    reason = crawler.stats.get_value("finish_reason", "it did not start")
    send.send({"failures": [tuple(failure) for failure in failures], "warnings": warnings, "reason": reason})


def _refuse_empty(params: Params, rows: list[Row]) -> None:
    alive = Counter(row.cls for row in rows if row.status == "ok")
    for cls in params.classes:
        if not alive[cls]:
            names = ", ".join(source.name for source in params.crawl.sources)
            raise SelvedgeError(
                f"class {cls!r} is empty: no picture came from {names}; add a source or take it out of classes"
            )
