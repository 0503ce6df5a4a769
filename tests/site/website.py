"""A web that behaves as it is told, on loopback: any number of hosts, polite and hostile, and a log of how they were asked.

The crawler reaches it as a proxy, so its hosts have whatever names a test gives them:

    with Site() as site:
        site["slow.example"]["/a.jpg"] = Answer(picture(1), wait=1)
        crawl.run(params, site.stand_ins)
        assert site.busiest["slow.example"] == 1
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit


class Visit(NamedTuple):
    """One request as it arrived; `time` is monotonic."""

    time: float
    host: str
    path: str
    user_agent: str


@dataclass(frozen=True)
class Answer:
    """What a path answers."""

    body: bytes | Callable[[], Iterable[bytes]] = b""  # a function's pieces are sent without a length, until it ends
    kind: str = "image/jpeg"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0  # seconds before the answer begins
    length: int | None = None  # what Content-Length says, where it lies


Answers = Answer | list[Answer]  # of a list, each visit gets the next, and the last one for ever


class Site:
    """Hosts by name, each a dict from path (with query) to Answer; what is not there is 404, robots.txt allows all."""

    def __init__(self) -> None:
        self.hosts: dict[str, dict[str, Answers]] = defaultdict(dict)
        self.log: list[Visit] = []
        self.answered: list[Visit] = []  # with the time when the answer was out
        self.busiest: Counter[str] = Counter()  # most requests at one time
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __getitem__(self, host: str) -> dict[str, Answers]:
        return self.hosts[host]

    def __enter__(self) -> Site:
        self.server = _Server(self)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def stand_ins(self) -> dict[str, int]:
        """What a crawl needs to know to find the hosts here."""
        return dict.fromkeys(self.hosts, self.port)

    def paths(self, host: str) -> list[str]:
        """What a host was asked for, in order."""
        return [visit.path for visit in self.log if visit.host == host]

    def pauses(self, host: str) -> list[float]:
        """Seconds from each request of a host to its next."""
        times = [visit.time for visit in self.log if visit.host == host]
        return [after - before for before, after in pairwise(times)]

    # ---- for the server's threads ------------------------------------------------------------------------------------

    def arrived(self, host: str, path: str, user_agent: str) -> Answer | None:
        """Log a request and find its answer."""
        with self._lock:
            self.log.append(Visit(time.monotonic(), host, path, user_agent))
            self._open[host] += 1
            self.busiest[host] = max(self.busiest[host], self._open[host])
            answer = self.hosts.get(host, {}).get(path)
            if isinstance(answer, list):
                times = sum(visit[1:3] == (host, path) for visit in self.log)
                answer = answer[min(times, len(answer)) - 1]
            return answer

    def left(self, host: str, path: str) -> None:
        """The answer is out, or broke off."""
        with self._lock:
            self._open[host] -= 1
            self.answered.append(Visit(time.monotonic(), host, path, ""))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site

    def handle_error(self, *_: object) -> None:
        """A crawler that hangs up is what many answers here are made for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:  # the name that http.server calls
        parts = urlsplit(self.path)
        host = parts.hostname or self.headers.get("Host", "")  # asked as a proxy, or directly
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self.server.site.arrived(host, path, self.headers.get("User-Agent", ""))
        try:
            self._answer(answer or Answer(b"nothing here", "text/plain", 404))
        except OSError:
            self.close_connection = True
        finally:
            self.server.site.left(host, path)

    def _answer(self, answer: Answer) -> None:
        time.sleep(answer.wait)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if callable(answer.body):
            if answer.length is not None:
                self.send_header("Content-Length", str(answer.length))
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in answer.body():
                self.wfile.write(piece)
            self.connection.shutdown(socket.SHUT_WR)
            self.close_connection = True
            return
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.length is not None and answer.length != len(answer.body):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet: the site has its own log."""


# ---- answers ---------------------------------------------------------------------------------------------------------------


def page(body: str, **more: object) -> Answer:
    """An HTML page."""
    return Answer(f"<!doctype html><title>a page</title>{body}".encode(), "text/html; charset=utf-8", **more)


def text(body: str, **more: object) -> Answer:
    """A robots.txt, for instance."""
    return Answer(body.encode(), "text/plain", **more)


def redirect(to: str, status: int = 302) -> Answer:
    return Answer(b"", "text/plain", status, {"Location": to})


def endless(piece: bytes = b"\xff\xd8" + b"x" * 65534, pause: float = 0.0) -> Callable[[], Iterator[bytes]]:
    """A body that never ends; with a pause it only drips."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield piece
            if pause:
                time.sleep(pause)

    return pieces
