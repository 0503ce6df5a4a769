"""What stands between a spider and the network: which addresses may be fetched, what a site allows, how much may come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy.core.downloader.handlers import http11
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.resolver import CachingThreadedResolver, dnscache
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import DNSLookupError
from twisted.web._newclient import HEADER, STATUS

from scrapers.optout import AGENT, Reservations, refusal_in_headers, refusal_in_robots
from scrapers.pace import NO_CONNECTION, HostGone, why
from selvedge.net import host_of, is_public, refusal

LOOPBACK = "stand-in.localhost"  # what the resolver alone knows, and net.refusal keeps from being asked for
ROBOTS_SIZE = 512 * 1024  # bytes of a robots.txt that are read; RFC 9309 wants at least 500 KiB
HEAD_SIZE = 256 * 1024  # bytes of an answer's head; Scrapy bounds bodies alone
PICTURES = b"image/jpeg, image/png, image/webp, image/gif;q=0.8, image/*;q=0.5, */*;q=0.1"


class Refused(IgnoreRequest):
    """May not be fetched, or not so much of it: the row is refused, with this reason."""


class CameToNothing(Exception):
    """What was asked for did not come: the row is dead, with this reason."""


# ---- addresses -----------------------------------------------------------------------------------------------------------


class Guard:
    """Refuses what net.refusal refuses, on every hop; sends requests for a stand-in to where it listens on loopback."""

    def __init__(self, crawler) -> None:
        self.stand_ins: dict[str, int] = dict(crawler.settings.getdict("STAND_INS"))
        self.may_leave = bool(crawler.settings.get("CONTACT"))
        self.most = crawler.settings.getint("DOWNLOAD_MAXSIZE")

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """A redirect is a new request, so each hop comes through here."""
        request.meta.pop("proxy", None)  # a redirect brings that of the host before
        came = "redirected to " if request.meta.get("redirect_urls") else ""
        if reason := refusal(request.url):
            raise Refused(f"{came}{request.url} {reason}")
        if port := self.stand_ins.get(host_of(request.url)):
            if not request.url.startswith("http:"):
                raise Refused(f"{came}{request.url} has the scheme https, which a stand-in does not speak")
            # as a proxy, so that the stand-in keeps one name whatever port is free
            request.meta["proxy"] = f"http://{LOOPBACK}:{port}"
        elif not self.may_leave:
            raise Refused(f"{came}{request.url} is on the internet, and params.yaml's crawl.contact is empty")
        if request.meta.get("picture"):
            request.headers.setdefault(b"Accept", PICTURES)

    def process_response(self, request: Request, response: Response) -> Response:
        """A redirect that was not followed leads where nothing may be fetched."""
        if 300 <= response.status < 400 and (place := response.headers.get("Location")):
            url = urljoin(request.url, place.decode("latin-1"))
            if reason := refusal(url):
                raise Refused(f"redirected to {url[:100]}, which {reason}")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """The last word on what went wrong, after all tries."""
        if isinstance(exception, DownloadCancelledError):
            raise Refused(f"larger than {self.most / 1e6:g} MB") from exception
        if isinstance(exception, (*NO_CONNECTION, ResponseDataLossError)):
            address = dnscache.get(host_of(request.url))
            if address and not is_public(address):
                raise Refused(f"{host_of(request.url)} resolves to {address}, which is not on the public internet")
            raise CameToNothing(why(exception)) from exception


class PublicResolver(CachingThreadedResolver):
    """A name that resolves to a private address is refused where the connection is made: what is checked is what is used.

    One IPv4 address is asked for, checked and connected to; also a number goes this way, however it is spelt.
    """

    def getHostByName(self, name: str, timeout=()) -> Deferred:
        if name == LOOPBACK:
            return succeed("127.0.0.1")
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    @staticmethod
    def _checked(address: str, name: str) -> str:
        if not is_public(address):
            raise DNSLookupError(f"{name} resolves to {address}, which is not on the public internet")
        return address


# ---- what a site allows --------------------------------------------------------------------------------------------------


@dataclass
class Rules:
    """What a site (scheme, host and port) allows."""

    robots: Protego | None = None
    reservations: Reservations = field(default_factory=Reservations)
    refused: str | None = None  # why nothing may be fetched

    def refusal(self, url: str) -> str | None:
        """Why `url` may not be fetched."""
        if self.refused:
            return self.refused
        if self.robots and not self.robots.can_fetch(url, AGENT):
            return "robots.txt forbids it"
        return self.reservations.refusal(url)


class Robots:
    """robots.txt (RFC 9309) and tdmrep.json, asked for once a site, before anything else of it."""

    def __init__(self, crawler) -> None:
        self.crawler = crawler
        self.patience = crawler.settings.getfloat("PATIENCE")
        self.sites: dict[tuple[str, str], asyncio.Future[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for the site's rules and obey them."""
        if request.meta.get("rules"):
            return
        parts = urlsplit(request.url)
        site = parts.scheme, parts.netloc
        if site not in self.sites:
            self.sites[site] = asyncio.ensure_future(self._read(f"{parts.scheme}://{parts.netloc}", request))
        rules = self.sites[site]
        if reason := (rules.result() if rules.done() else await asyncio.shield(rules)).refusal(request.url):
            raise Refused(reason)

    async def _read(self, site: str, request: Request) -> Rules:
        host = self.crawler.engine.downloader.host(request)
        try:
            response = await self._get(f"{site}/robots.txt")
        except (HostGone, CameToNothing) as error:
            host.gone = host.gone or f"robots.txt did not come: {error}"
            return Rules()  # Silence says that the host is gone
        except Exception as error:
            return Rules(refused=f"robots.txt did not come: {' '.join(str(error).split())[:150]}")
        if response.status == 429 or response.status >= 500:
            return Rules(refused=f"robots.txt answered {response.status}: nothing may be fetched for now")
        if not 200 <= response.status < 300:
            rules = Rules()  # there is none
        else:
            text = response.body[:ROBOTS_SIZE].decode("utf-8", "replace").removeprefix("\ufeff")
            rules = Rules(Protego.parse(text), refused=refusal_in_robots(text))
            if (pause := asked_pause(rules.robots)) > self.patience:
                rules.refused = (
                    f"robots.txt asks for {pause:g} s between requests; crawl.patience_s is {self.patience:g}"
                )
            host.pause = max(host.pause, pause)
        if not rules.refusal(place := f"{site}/.well-known/tdmrep.json"):
            rules.reservations = await self._reservations(place)
        return rules

    async def _reservations(self, url: str) -> Reservations:
        try:
            response = await self._get(url, dont_retry=True)
        except Exception:
            return Reservations()  # nothing is reserved there; a host that is gone is noticed elsewhere
        return Reservations(response.text if response.status == 200 and hasattr(response, "text") else "")

    async def _get(self, url: str, **meta: bool) -> Response:
        meta = {"rules": True, "download_maxsize": 8 * ROBOTS_SIZE, **meta}
        return await self.crawler.engine.download_async(Request(url, meta=meta, callback=NO_CALLBACK, dont_filter=True))


def asked_pause(robots: Protego) -> float:
    """Seconds between two requests that Crawl-delay and Request-rate ask for, whichever is longer."""
    rate = robots.request_rate(AGENT)
    return max(robots.crawl_delay(AGENT) or 0.0, rate.seconds / rate.requests if rate else 0.0)


class OptOut:
    """Refuses an answer whose header says that machines may not learn from it."""

    def process_response(self, request: Request, response: Response) -> Response:
        asked = 200 <= response.status < 300 and not request.meta.get("rules")
        if asked and (reason := refusal_in_headers(response)):
            raise Refused(reason)
        return response


# ---- how much may come ---------------------------------------------------------------------------------------------------


class Decompression(HttpCompressionMiddleware):
    """Scrapy's, with a reason that can be read."""

    def process_response(self, request: Request, response: Response) -> Request | Response:
        codings = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
        try:
            if codings.count(",") > 2:
                raise Refused(f"packed {codings.count(',') + 1} times over")
            return super().process_response(request, response)
        except Refused:
            raise
        except IgnoreRequest as error:
            raise Refused(f"larger than {self._max_size / 1e6:g} MB once unpacked") from error
        except Exception as error:
            raise CameToNothing(f"its Content-Encoding {codings[:40]} cannot be unpacked") from error


class Redirects(RedirectMiddleware):
    """Scrapy's; an address that leads round in circles is dead."""

    def process_response(self, request: Request, response: Response) -> Request | Response:
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise CameToNothing(f"redirected more than {self.max_redirect_times} times") from error


class _Protocol(http11._LenientHTTP11ClientProtocol):
    """An answer whose head never ends breaks off."""

    head = 0

    def request(self, request):
        self.head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        if self._parser is not None and self._parser.state in (STATUS, HEADER):
            self.head += len(data)
            if self.head > HEAD_SIZE:
                self.transport.abortConnection()
                return
        super().dataReceived(data)


class _Factory(http11._LenientHTTP11ClientFactory):
    def buildProtocol(self, address) -> _Protocol:
        return _Protocol(self._quiescentCallback)


class Handler(http11.HTTP11DownloadHandler):
    """Scrapy's, with bounded heads; idle connections do not pile up over hundreds of hosts."""

    def __init__(self, crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory
        self._pool.cachedConnectionTimeout = 15
        self._pool.maxPersistentPerHost = 8  # the stand-ins are one host to it
