"""A table of addresses in the clothing-pattern format, from a file or from an address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

from scrapy.http import Request, Response

from scrapers.manifest import parse_table
from scrapers.spiders.base import Failure, SwatchSpider
from selvedge.errors import SelvedgeError


class TableSpider(SwatchSpider):
    """Asks for each row's picture; a row that is wrong makes the whole table wrong, and is named."""

    async def start(self) -> AsyncIterator[Request]:
        if "://" in self.source.path:
            yield Request(self.source.path, self.table, errback=self.no_page)
        else:
            for request in self.pictures(Path(self.source.path).read_text(encoding="utf-8")):
                yield request

    def table(self, response: Response) -> Iterator[Request]:
        yield from self.pictures(response.body.decode("utf-8", "replace"))

    def pictures(self, text: str) -> Iterator[Request]:
        """A request for each row of the table."""
        try:
            rows = parse_table(text, self.source.path, self.source.words, self.classes)
        except SelvedgeError as error:
            self.failures.append(Failure(str(error), passing=False))
            return
        for row in rows:
            yield from self.picture(replace(row, source=self.source.name, licence=self.source.licence))
