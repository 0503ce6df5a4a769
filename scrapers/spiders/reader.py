"""What every reader of a source shares: it asks for a page and goes on with the answer, and each picture ends as a row.

A reader is one generator that tells its story from the top: it yields a request for a page and is given the page, or the
reason why there is none; what else it yields, requests for pictures and rows that are decided, goes to Scrapy as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, NamedTuple

from scrapy.exceptions import IgnoreRequest, ResponseDataLossError
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError

from scrapers.manifest import Journal, Row
from scrapers.pace import NO_CONNECTION, HostGone
from scrapers.pipelines import Fetched
from selvedge.config import CsvSource, ShopSource

# Answers of a server that is tired or broken for a while: it is not to be asked another way, but later.
TIRED = (408, 429, 502, 503, 504, 522, 524)
SILENT = (*NO_CONNECTION, ResponseDataLossError, HostGone)  # no answer at all

Steps = Generator[Request | Fetched, Any, Any]


class Failure(NamedTuple):
    """Why a source cannot be used: one line, and whether it may pass by itself."""

    line: str
    passing: bool


class NoPage(Exception):
    """A page that did not come, or is not what it was asked for."""

    def __init__(self, url: str, why: str, passing: bool = False, **kind: bool) -> None:
        super().__init__(f"{url} {why}")
        self.url, self.why, self.passing = url, why, passing
        self.status = "refused" if kind.get("refused") else "dead"  # of the row that it is then
        self.tired = kind.get("tired", False)  # nothing else there would come either
        self.empty = kind.get("empty", False)  # it came, and holds no product


class LimitReached(Exception):
    """The source's `max_requests` are spent."""


class Reader:
    """Reads one source; `failures` collects what makes it unusable, `warnings` what is only to be known."""

    def __init__(
        self,
        source: ShopSource | CsvSource,
        classes: tuple[str, ...],
        journal: Journal,
        failures: list[Failure],
        warnings: list[str],
    ) -> None:
        self.source, self.classes, self.journal = source, classes, journal
        self.failures, self.warnings = failures, warnings
        self.finished = False
        self._asked: set[str] = set()  # rows by id
        self._requests = 0
        self._limit = getattr(source, "max_requests", None)

    def read(self) -> Steps:
        """The whole source, from the top."""
        raise NotImplementedError

    def start(self) -> Iterator[Request | Fetched]:
        """The first requests; Scrapy's answers to them bring the others."""
        steps = self.read()
        return self._go_on(steps, partial(next, steps))

    def fail(self, line: str, passing: bool) -> None:
        """Say that the source is unusable; the crawl ends with this line if the source is required."""
        if getattr(self.source, "required", True):
            self.failures.append(Failure(f"{self.source.name}: {line}", passing))
        else:
            self.warn(line)

    def warn(self, line: str) -> None:
        """Say what is to be known of the source."""
        self.warnings.append(f"{self.source.name}: {line}")

    # ---- pages -----------------------------------------------------------------------------------------------------

    def ask(self, url: str) -> Steps:
        """A page: `response = yield from self.ask(url)`. Raises NoPage, and LimitReached."""
        if not self._may_ask():
            raise LimitReached
        try:
            request = Request(url, self._answered, errback=self._unanswered, meta={"page": True}, dont_filter=True)
        except ValueError as error:
            raise NoPage(url, f"is no address ({error})", refused=True) from None
        return (yield request)

    def _go_on(self, steps: Steps, resume: Callable[[], Request | Fetched]) -> Iterator[Request | Fetched]:
        """Run the reader until it asks for a page; the page's answer goes on with it."""
        try:
            step = resume()
            while not (isinstance(step, Request) and step.meta.get("page")):
                yield step
                step = next(steps)
        except StopIteration:
            self.finished = True
            return
        except LimitReached:
            self.finished = True
            return
        step.cb_kwargs["steps"] = steps
        yield step

    def _answered(self, response: Response, steps: Steps) -> Iterator[Request | Fetched]:
        yield from self._go_on(steps, partial(steps.send, response))

    def _unanswered(self, failure) -> Iterator[Request | Fetched]:
        steps = failure.request.cb_kwargs["steps"]
        yield from self._go_on(steps, partial(steps.throw, no_page(failure)))

    def _may_ask(self) -> bool:
        """Count a request against the source's limit; those that Scrapy repeats or redirects count once."""
        self._requests += 1
        if self._limit is None or self._requests <= self._limit:
            return True
        if self._requests == self._limit + 1:
            self.warn(f"stopped after {self._limit} requests, as its max_requests says")
        return False

    # ---- pictures --------------------------------------------------------------------------------------------------

    def picture(self, row: Row) -> Iterator[Request | Fetched]:
        """Ask for a row's picture, once, unless it is here already."""
        if not self.first_time(row) or self.journal.done(row) or not self._may_ask():
            return
        try:
            request = Request(
                row.url,
                self.got_picture,
                errback=self.no_picture,
                meta={"picture": True},
                cb_kwargs={"row": row},
                dont_filter=True,
            )
        except ValueError as error:
            yield Fetched(row, status="refused", error=f"is no address ({error})")
            return
        yield request

    def first_time(self, row: Row) -> bool:
        """Whether the row is met for the first time; a shop shows one picture in many places."""
        if row.id in self._asked:
            return False
        self._asked.add(row.id)
        return True

    def got_picture(self, response: Response, row: Row) -> Iterator[Fetched]:
        yield Fetched(row, response.body)

    def no_picture(self, failure) -> Iterator[Fetched]:
        """A dead or refused address is a row too."""
        error = no_page(failure)
        yield Fetched(failure.request.cb_kwargs["row"], status=error.status, error=error.why)


def no_page(failure) -> NoPage:
    """An errback's failure as what a reader is told; what may pass by itself is marked so."""
    url, why, error = failure.request.url, explain(failure), failure.value
    if isinstance(error, HttpError):
        status = error.response.status
        return NoPage(url, why, passing=status in TIRED or status >= 500, tired=status in TIRED)
    if isinstance(error, IgnoreRequest):  # a robots.txt that did not come may come later
        return NoPage(url, why, passing=getattr(error, "passing", False), refused=True)
    silent = isinstance(error, SILENT) or isinstance(error.__cause__, SILENT)
    return NoPage(url, why, passing=silent, tired=silent)


def explain(failure) -> str:
    """An errback's failure in a few words."""
    if failure.check(HttpError):
        return f"answered {failure.value.response.status}"
    return " ".join(str(failure.value).split())[:200] or failure.type.__name__
