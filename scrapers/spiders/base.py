"""The one spider of a crawl: it reads all sources on the web, so that what is owed to a host holds over all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence

import scrapy
from scrapy.http import Request

from scrapers.manifest import Journal
from scrapers.pipelines import Fetched
from scrapers.spiders.reader import Failure, Reader, explain
from scrapers.spiders.shop import ShopReader
from scrapers.spiders.table import TableReader
from selvedge.config import CsvSource, ShopSource

__all__ = ["Failure", "SwatchSpider", "explain"]

READERS: dict[str, type[Reader]] = {"shop": ShopReader, "csv": TableReader}


class SwatchSpider(scrapy.Spider):
    """Starts a reader for each source.

    `failures` collects what makes a source unusable; `warnings` what is only to be known, and the failures of sources
    that are not required.
    """

    name = "swatches"

    def __init__(
        self,
        sources: Sequence[ShopSource | CsvSource],
        classes: tuple[str, ...],
        journal: Journal,
        failures: list[Failure],
        warnings: list[str],
    ) -> None:
        super().__init__()
        self.readers = [READERS[s.kind](s, classes, journal, failures, warnings) for s in sources]

    async def start(self) -> AsyncIterator[Request | Fetched]:
        """The sources' first requests, in turns: a long table does not keep a shop waiting."""
        waiting = deque(reader.start() for reader in self.readers)
        while waiting:
            steps = waiting.popleft()
            if (step := next(steps, None)) is not None:
                yield step
                waiting.append(steps)

    def closed(self, reason: str) -> None:
        """Scrapy's last word: a source that was not read to its end is not complete, whatever stopped it."""
        for reader in self.readers:
            if not reader.finished:
                reader.fail(f"was not read to its end (the crawl ended: {reason})", passing=True)
