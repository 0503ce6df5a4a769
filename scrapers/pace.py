"""How fast a host is asked: one request at a time, never sooner than it wishes, not at all once it fell silent.

Every host has a queue of its own, and no more of its requests leave the scheduler than it answers at a time: a slow host
holds up itself alone.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from scrapy.core.downloader import Downloader as ScrapyDownloader
from scrapy.core.downloader import Slot
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface
from scrapy.utils.asyncio import call_later
from scrapy.utils.defer import _schedule_coro
from twisted.internet.error import ConnectError, ConnectionLost

from selvedge.net import host_of

NO_CONNECTION = (
    *(CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError, DownloadFailedError),
    *(ConnectError, ConnectionLost),
)
TIRED = 3  # connections that failed in a row, after which a host is not asked again
BUSY = (429, 503)  # answers of a host that wants to be left alone for a while


class HostGone(Exception):
    """The host is not asked again in this run: its rows are dead, with this reason."""


@dataclass
class Host:
    """What is known of a host, for as long as the crawl runs."""

    pause: float = 0.0  # least seconds from an answer to the next request: ours, or what its robots.txt asks for
    answered: float = 0.0  # monotonic time of the last answer's end
    resume_at: float = 0.0  # monotonic time before which it asked to be left alone
    waited: float = 0.0  # seconds it asked for since it last answered
    busy: int = 0  # such answers in a row
    failed: int = 0  # connections that failed in a row
    gone: str = ""  # why it is not asked again


class HostSlot(Slot):
    """A host's queue. AutoThrottle moves `delay`; what the host itself wishes holds beside it."""

    def __init__(self, host: Host, concurrency: int, delay: float) -> None:
        super().__init__(concurrency, delay, jitter=0.0)
        self.host = host
        self.out = 0  # requests under way when the queue was last looked at

    def due(self) -> float:
        """The monotonic time from which the next request may leave."""
        return max(self.lastseen + self.delay, self.host.answered + self.host.pause, self.host.resume_at)


class Downloader(ScrapyDownloader):
    """Scrapy's downloader with a memory of each host, which outlives the host's queue."""

    def __init__(self, crawler) -> None:
        super().__init__(crawler)
        least = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self.hosts: defaultdict[str, Host] = defaultdict(lambda: Host(pause=least))
        for name, settings in self.per_slot_settings.items():
            self.hosts[name] = Host(pause=settings["delay"])
        self.under_way: Counter[str] = (
            Counter()
        )  # requests that left the scheduler, also those that wait for robots.txt

    def get_slot_key(self, request: Request) -> str:
        """A queue is a host's: Scrapy would leave a redirect in the queue of the host that it came from."""
        return host_of(request.url)

    def host(self, request: Request) -> Host:
        return self.hosts[self.get_slot_key(request)]

    def paced(self, request: Request) -> bool:
        """Whether a request's host is spared; the embedded shop alone is not."""
        return self.get_slot_key(request) not in self.per_slot_settings

    def room(self, key: str) -> int:
        """How many requests of a host may be under way at a time."""
        allowed = self.per_slot_settings.get(key, {}).get("concurrency", self.domain_concurrency)
        return 2 * allowed - 1

    def _get_slot(self, request: Request, spider=None) -> tuple[str, Slot]:
        key = self.get_slot_key(request)
        if key not in self.slots:
            own = self.per_slot_settings.get(key, {})
            slot = HostSlot(
                self.hosts[key], own.get("concurrency", self.domain_concurrency), own.get("delay", self._delay)
            )
            self.slots[key] = slot
            self._start_slot_gc()
        return key, self.slots[key]

    def _process_queue(self, slot: HostSlot) -> None:
        """Scrapy's, but a pause begins when the answer has ended, and a request counts as under way at once.

        Scrapy counts it when its task begins; until then a queue without pauses would let all its requests go.
        """
        now = time.monotonic()
        if len(slot.transferring) < slot.out:
            slot.host.answered = now
        while slot.queue and slot.host.gone:
            _, answer = slot.queue.popleft()
            answer.errback(HostGone(slot.host.gone))
        while slot.queue and slot.free_transfer_slots() > 0 and not slot.latercall:
            if (early := slot.due() - now) > 0:
                slot.latercall = call_later(early, self._latercall, slot)
                break
            slot.lastseen = now
            request, answer = slot.queue.popleft()
            slot.transferring.add(request)
            _schedule_coro(self._wait_for_download(slot, request, answer))
        slot.out = len(slot.transferring)

    def fetch(self, request: Request, spider=None):
        """Scrapy's, and counted."""
        key = self.get_slot_key(request)
        self.under_way[key] += 1

        def left(result):
            self.under_way[key] -= 1
            return result

        return super().fetch(request).addBoth(left)


class _Room(DownloaderInterface):
    """Shows the queue only those hosts that can take another request."""

    def stats(self, possible_slots) -> list[tuple[int, str]]:
        downloader = self.downloader
        counts = ((downloader.under_way[slot], slot) for slot in possible_slots)
        return [(count, slot) for count, slot in counts if count < downloader.room(slot)]


class HostQueue(DownloaderAwarePriorityQueue):
    """Hosts in turn; a host that is busy keeps its requests here, where they hold no place."""

    def __init__(self, crawler, *args, **kwargs) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._downloader_interface = _Room(crawler)


class Throttle(AutoThrottle):
    """Scrapy's AutoThrottle, and what a host says by 429, 503 and Retry-After.

    It hears of an answer before the host's next request leaves.
    """

    def __init__(self, crawler) -> None:
        super().__init__(crawler)
        self.patience = crawler.settings.getfloat("PATIENCE")

    def _response_downloaded(self, response: Response, request: Request, spider) -> None:
        downloader = self.crawler.engine.downloader
        host = downloader.host(request)
        host.failed = 0
        if response.status in BUSY:
            self._leave_alone(host, retry_after(response))
        else:
            host.busy, host.waited = 0, 0.0
        if downloader.paced(request):
            super()._response_downloaded(response, request, spider)

    def _leave_alone(self, host: Host, asked: float | None) -> None:
        """Wait as long as was asked, or 1, 2, 4 ... seconds; a host that asks for too much is not asked again."""
        wait = max(1.0, host.pause) * 2**host.busy if asked is None else asked
        host.busy += 1
        host.waited += wait
        host.resume_at = max(host.resume_at, time.monotonic() + wait)
        if host.waited > self.patience:
            host.gone = f"the host asked to come back in {host.waited:.0f} s; crawl.patience_s is {self.patience:g}: crawl again later"


def retry_after(response: Response) -> float | None:
    """The seconds that Retry-After asks for, written as such or as a date; None where it is missing or makes no sense."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    try:  # by the host's own clock, if it says what that is
        now = parsedate_to_datetime((response.headers.get("Date") or b"").decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError):
        now = time.time()
    return max(0.0, until - now)


class Silence:
    """The middleware that stops asking a host that is gone, and notices that one is."""

    def __init__(self, crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """A request may have waited in the queue while its host went."""
        if gone := self.crawler.engine.downloader.host(request).gone:
            raise HostGone(gone)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Three connections in a row that failed: more would hold up the rest for nothing."""
        if isinstance(exception, NO_CONNECTION):
            host = self.crawler.engine.downloader.host(request)
            host.failed += 1
            if host.failed >= TIRED and not host.gone:
                host.gone = f"the host failed {TIRED} times in a row: {why(exception)}"


def why(exception: Exception) -> str:
    """A failed connection in a few words, without what differs from one time to the next."""
    if isinstance(exception, CannotResolveHostError):
        return "its name leads nowhere"
    if isinstance(exception, DownloadConnectionRefusedError):
        return "it refuses connections"
    if isinstance(exception, DownloadTimeoutError):
        return "it took too long"
    return "the connection broke off"
