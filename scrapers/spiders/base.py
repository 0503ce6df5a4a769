"""What every spider shares: pictures are asked for once, and each address ends as a row, also when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import scrapy
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError

from scrapers.manifest import Journal, Row
from scrapers.pipelines import Fetched


class Failure(NamedTuple):
    """Why a source cannot be used: one line, and whether it may pass by itself."""

    line: str
    passing: bool


class SwatchSpider(scrapy.Spider):
    """A source that yields pictures; `failures` collects what makes the source itself unusable."""

    name = "swatches"

    def __init__(self, source, classes: tuple[str, ...], journal: Journal, failures: list[Failure]) -> None:
        super().__init__(name=source.name)
        self.source, self.classes, self.journal, self.failures = source, classes, journal, failures

    def picture(self, row: Row) -> Iterator[Request]:
        """Ask for a row's picture unless it is here already."""
        if not self.journal.done(row):
            yield Request(row.url, self.got_picture, errback=self.no_picture, cb_kwargs={"row": row}, dont_filter=True)

    def got_picture(self, response: Response, row: Row) -> Iterator[Fetched]:
        yield Fetched(row, response.body)

    def no_picture(self, failure) -> Iterator[Fetched]:
        """A dead or refused address is a row too."""
        refused = failure.check(IgnoreRequest) and not failure.check(HttpError)  # which is one, to Scrapy
        yield Fetched(failure.request.cb_kwargs["row"], status="refused" if refused else "dead", error=explain(failure))

    def no_page(self, failure) -> None:
        """A listing or table that does not come makes the source unusable: the crawl ends with this line."""
        self.failures.append(Failure(f"{self.source.name}: {failure.request.url} {explain(failure)}", passing=True))


def explain(failure) -> str:
    """An errback's failure in a few words."""
    if failure.check(HttpError):
        return f"answered {failure.value.response.status}"
    return " ".join(str(failure.value).split())[:200] or failure.type.__name__
