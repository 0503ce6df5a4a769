"""What stands between a spider and the network: which addresses may be fetched, also after redirects and name lookups."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from selvedge.net import is_embedded, is_public, refusal


class Guard:
    """Refuses what net.refusal refuses, on every hop; sends the embedded shop's requests to where it listens."""

    def __init__(self, crawler) -> None:
        self.port = crawler.settings.getint("EMBEDDED_PORT")
        self.may_leave = bool(crawler.settings.get("CONTACT"))

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_request(self, request):
        """A redirect is a new request, so each hop comes through here."""
        if reason := refusal(request.url):
            raise IgnoreRequest(f"refused: {request.url} {reason}")
        if is_embedded(request.url):
            # as a proxy, so that the shop keeps one name whatever port is free
            request.meta["proxy"] = f"http://127.0.0.1:{self.port}"
        elif not self.may_leave:
            raise IgnoreRequest(f"refused: {request.url} is on the internet, and params.yaml's crawl.contact is empty")
        return None


class PublicResolver(CachingThreadedResolver):
    """A name that resolves to a private address is refused where the connection is made."""

    def getHostByName(self, name: str, timeout=()) -> Deferred:
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    @staticmethod
    def _checked(address: str, name: str) -> str:
        # the proxy of the embedded shop is an address, not a name, and does not come through here as one
        if not is_public(address) and name != address:
            raise DNSLookupError(f"{name} resolves to {address}, which is not on the public internet")
        return address
