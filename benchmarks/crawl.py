"""How fast pictures are collected: images a second against plain Scrapy with its FilesPipeline, and whether memory stays flat.

Both crawl the same pictures (360 px JPEGs that the project draws, each different) from one server on loopback with politeness
off: no pauses, eight requests at a time. Runs are interleaved, each is a whole one in a process of its own, from its start to
the last file on the disk. The baseline neither decodes nor syncs; the crawl does both, and keeps a journal. `--long` takes
20,000 pictures and adds `crawl_memory`: by how much the crawl's process grew from the 2,000th picture to its peak.
Not measured: the drawing of the pictures, the crawl's report, real networks.
"""

from __future__ import annotations

import asyncio
import csv
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from benchmarks import Figure, show
from drawing.textiles import CLASSES, render
from scrapers import crawl
from scrapers.demo import shop
from scrapers.manifest import COLUMNS, read_manifest
from selvedge.config import Params
from selvedge.io import encode_image
from selvedge.net import EMBEDDED_HOST
from selvedge.proc import die_with_parent

ROOT = Path(__file__).parents[1]
SIDE = 360  # pixels
DRAWN = 40  # different pictures; each body is one of them and a number
WARM = 2_000  # pictures after which memory should not grow
SPAWN = multiprocessing.get_context("spawn")


# ---- the server ------------------------------------------------------------------------------------------------------


def serve(send: Any, served: Any) -> None:
    """Answer every address that ends in NUMBER.jpg, and one page that lists so many as its query says."""
    die_with_parent()
    bodies = [encode_image(render(CLASSES[i % len(CLASSES)], i, SIDE).image, "jpeg") for i in range(DRAWN)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1]
                status, body = b"404 Not Found", b""
                if path.endswith(b".jpg"):
                    number = int(path.rpartition(b"/")[2][:-4])
                    status, body = b"200 OK", bodies[number % DRAWN] + b"%d" % number
                    served.value += 1
                elif b"/page" in path:
                    status, body = b"200 OK", b"<html>"
                writer.write(
                    b"HTTP/1.1 %b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        send.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


# ---- the two ---------------------------------------------------------------------------------------------------------


def plain_scrapy(port: int, count: int, folder: str) -> None:
    """Scrapy as its documentation has it: items with file_urls, FilesPipeline."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    class Plain(scrapy.Spider):
        name = "plain"

        async def start(self) -> Any:
            yield scrapy.Request(f"http://127.0.0.1:{port}/page")

        def parse(self, response: Any) -> Iterator[dict]:
            for number in range(count):
                yield {"file_urls": [f"http://127.0.0.1:{port}/{number}.jpg"]}

    settings = {
        "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
        "FILES_STORE": folder,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }
    process = CrawlerProcess(settings)
    process.crawl(Plain)
    process.start()


def run_plain(port: int, count: int, folder: Path) -> None:
    """The baseline in a process of its own."""
    process = SPAWN.Process(target=plain_scrapy, args=(port, count, str(folder)))
    process.start()
    process.join()
    kept = sum(1 for path in folder.rglob("*.jpg"))
    assert kept == count, f"the baseline kept {kept} of {count}"


def run_ours(port: int, count: int, folder: Path) -> None:
    """`selvedge crawl` of a table of addresses at the embedded shop's name, on which no pauses are kept."""
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(count):
            url = f"http://{EMBEDDED_HOST}/{number}.jpg"
            writer.writerow((("dotted", "striped")[number % 2], url, SIDE, SIDE, 0, 0, SIDE, SIDE, 0.88))
    params = yaml.safe_load((ROOT / "params/demo.yaml").read_text())
    source = {"kind": "csv", "name": "table", "path": "table.csv", "licence": "MIT"}
    params |= {"classes": ["dotted", "striped"], "crawl": {"snapshot": 1, "delay_s": 0, "sources": [source]}}

    @contextmanager
    def in_its_place(_: Any) -> Iterator[int]:
        yield port

    shop.embedded_shop = in_its_place
    crawl.report.write = lambda *_: None  # its tables and MLflow's run take as long for ten pictures as for thousands
    with chdir(folder), Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        crawl.run(Params.model_validate(params))
        kept = sum(row.status == "ok" for row in read_manifest())
    assert kept == count, f"the crawl kept {kept} of {count}"


# ---- figures ---------------------------------------------------------------------------------------------------------


def seconds(work: Callable[[int, int, Path], None], port: int, count: int) -> float:
    """One whole run in an empty folder."""
    with tempfile.TemporaryDirectory(dir=ROOT / "runs") as name:
        began = time.perf_counter()
        work(port, count, Path(name))
        return time.perf_counter() - began


class Watch(threading.Thread):
    """Resident megabytes of the youngest child process, by pictures served since it began."""

    def __init__(self, served: Any, others: set[int]) -> None:
        super().__init__(daemon=True)
        self.served, self.others, self.before = served, others, served.value
        self.seen: list[tuple[int, float]] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            for child in multiprocessing.active_children():
                if child.pid not in self.others:
                    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
                    self.seen.append((self.served.value - self.before, pages * os.sysconf("SC_PAGESIZE") / 1e6))

    def growth(self) -> tuple[float, float]:
        """Megabytes when WARM pictures had come, and at most after that."""
        warm = max(size for count, size in self.seen if count <= WARM)
        return warm, max(size for _, size in self.seen)


def main() -> None:
    """Print the figures."""
    long = "--long" in sys.argv
    count, rounds = (20_000, 1) if long else (1_200, 3)
    (ROOT / "runs").mkdir(exist_ok=True)
    receive, send = SPAWN.Pipe(duplex=False)
    served = SPAWN.Value("i", 0)
    server = SPAWN.Process(target=serve, args=(send, served), daemon=True)
    server.start()
    port = receive.recv()
    ours, plain = [], []
    for _ in range(rounds):
        plain.append(seconds(run_plain, port, count))
        watch = Watch(served, {server.pid})
        watch.start()
        ours.append(seconds(run_ours, port, count))
        watch.over.set()
    rates = [count / statistics.median(times) for times in (ours, plain)]
    baseline = "Scrapy, FilesPipeline"
    figures = [Figure("crawl", rates[0], "images/s", count, baseline, rates[1], rates[0] / rates[1])]
    if long:
        warm, peak = watch.growth()
        figures.append(Figure("crawl_memory", peak - warm, "MB more", count, f"at {WARM} pictures", warm))
    show(figures)
    server.terminate()


if __name__ == "__main__":
    main()
