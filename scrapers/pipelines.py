"""From answers to files: judged by content, kept under their own hash, one row an address."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from scrapers.manifest import Entry, Journal, Row, with_size
from scrapers.optout import refusal_in_picture
from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import look_at_image

ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}
JUDGES = 2  # threads that decode: at 40 megapixels each may need half a gigabyte
BATCH = 64  # rows that are synced together


@dataclass
class Fetched:
    """What became of a row's address: a body, or an error."""

    row: Row
    body: bytes = b""
    status: str = "ok"
    error: str = ""


def keep(journal: Journal, fetched: Fetched) -> Row:
    """Store a picture, or the reason why there is none."""
    entry = judge(journal, fetched)
    journal.commit([entry])
    return entry[0]


def judge(journal: Journal, fetched: Fetched) -> Entry:
    """Decode a body; it is laid beside its place as a picture, or in quarantine with the reason. To be committed."""
    row = replace(fetched.row, status=fetched.status, error=fetched.error, bytes=0, sha256="", file="")
    if fetched.status == "ok":
        try:
            width, height, ending = _look(fetched.body, row.url)
            return journal.lay(with_size(row, width, height), fetched.body, ending)
        except BadImage as error:
            row = replace(row, status="corrupt", error=str(error).removeprefix(f"{row.url}: "))
    if row.status == "corrupt" and fetched.body:
        return journal.lay(row, fetched.body, "bin", "quarantine")
    return row, None


def _look(body: bytes, name: str) -> tuple[int, int, str]:
    """Width and height, upright, and the ending that fits the content; raises BadImage whatever a decoder trips over."""
    try:
        width, height, kind = look_at_image(body, name)
        return width, height, ENDINGS[kind]
    except (BadImage, MemoryError):
        raise
    except Exception as error:
        raise BadImage(f"{name}: is not a picture that can be read ({type(error).__name__}: {error})") from error


class Store:
    """The pipeline: every row ends in the journal, whatever came of it.

    Pictures are decoded and written by threads; one thread commits what has come meanwhile, so that rows share their syncs.
    """

    def __init__(self, crawler) -> None:
        self.crawler = crawler
        self.journal: Journal = crawler.journal
        self.judges = ThreadPoolExecutor(JUDGES, "judge")
        self.writer = ThreadPoolExecutor(1, "writer")
        self.waiting: list[tuple[Entry, asyncio.Future]] = []
        self.committing: asyncio.Task | None = None
        self.broken = False

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def open_spider(self) -> None:
        self.tell = Teller()

    async def process_item(self, item: Fetched) -> Fetched:
        """Keep it, and count it; a disk that refuses ends the crawl."""
        try:
            entry = await self._in(self.judges, judge_web, self.journal, item)
            await self._commit(entry)
        except Exception as error:
            self._stop(str(error) if isinstance(error, SelvedgeError) else f"{item.row.url}: {error!r}")
        else:
            self.tell(entry[0])
        return item

    async def _commit(self, entry: Entry) -> None:
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((entry, done))
        if self.committing is None:
            self.committing = asyncio.ensure_future(self._drain())
        await done

    async def _drain(self) -> None:
        """Commit what waits, batch by batch, until nothing does."""
        while self.waiting:
            batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            try:
                await self._in(self.writer, self.journal.commit, [entry for entry, _ in batch])
            except Exception as error:
                for _, done in batch:
                    done.set_exception(error)
            else:
                for _, done in batch:
                    done.set_result(None)
        self.committing = None

    def _in(self, threads: ThreadPoolExecutor, work, *args) -> asyncio.Future:
        return asyncio.get_running_loop().run_in_executor(threads, work, *args)

    def _stop(self, line: str) -> None:
        if not self.broken:
            self.broken = True
            self.crawler.failures.append((line, False))
            self._closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="broken"))

    async def close_spider(self) -> None:
        """What was taken over from the crawl before is kept, too."""
        try:
            await self._in(self.writer, self.journal.commit, [])
        except SelvedgeError as error:
            self.crawler.failures.append((str(error), False))
        self.judges.shutdown()
        self.writer.shutdown()
        self.tell.show()


def judge_web(journal: Journal, fetched: Fetched) -> Entry:
    """What `judge` does, of a picture that someone else published and may have marked."""
    if fetched.status == "ok" and (reason := refusal_in_picture(fetched.body)):
        fetched = Fetched(fetched.row, status="refused", error=reason)
    return judge(journal, fetched)


class Teller:
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
