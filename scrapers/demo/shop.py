"""The embedded fabric shop: what a real one looks like to a crawler, on loopback, with pictures that the project draws.

A product feed for each collection as Shopify has it, a sitemap, listing pages with paging, product pages with JSON-LD
`Product` and OpenGraph, robots.txt, photographs, and a table in the clothing-pattern format whose rows point to larger
photographs with a crop box. What it serves is a function of the parameters alone. To look at it: `python -m scrapers.demo.shop`.
"""

from __future__ import annotations

import csv
import difflib
import html
import io
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from drawing.textiles import CLASSES, STYLES, Drawing, render
from scrapers.manifest import COLUMNS, scales_of
from selvedge.config import DemoShop
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image
from selvedge.net import EMBEDDED_HOST
from selvedge.proc import die_with_parent

BASE = f"http://{EMBEDDED_HOST}"
TABLE_WORDS = {"zigzag": "zig zag"}  # how the public table spells it
FEED_LIMIT, FEED_MOST = 30, 250  # products on a page of a feed: unasked, and at most
IMAGE = r"/images/([a-z]+)-(\d+)\.jpg"
AHEAD = 2 * (os.cpu_count() or 1)  # photographs that are drawn before they are asked for
UPDATED = "2024-01-01T00:00:00Z"  # of every product: what the shop serves does not depend on the day
TABLE_SEED = 1_000_000  # the table's photographs show other cloth than the shop's


@contextmanager
def embedded_shop(settings: DemoShop) -> Iterator[int]:
    """Serve the shop on a free port of loopback from a process of its own; yields the port.

    Raises SelvedgeError for a style that no class has, naming the nearest.
    """
    every = sorted({style for styles in STYLES.values() for style in styles})
    for style in set(settings.styles) - set(every):
        nearest = difflib.get_close_matches(style, every, n=1, cutoff=0.0)[0]
        raise SelvedgeError(f"demo_shop.styles: no class has a style {style!r}: did you mean {nearest!r}?")
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(settings.model_dump_json(), send))
    process.start()
    try:
        if not receive.poll(60):
            raise SelvedgeError("the embedded shop did not start within a minute")
        yield receive.recv()
    finally:
        process.terminate()
        process.join()


def _serve(settings_json: str, send: Any) -> None:
    die_with_parent()
    server = Shop(DemoShop.model_validate_json(settings_json))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # in order, or the pool's semaphores are said to leak
    pool = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), die_with_parent)
    try:
        pool.submit(int).result()  # the workers begin here: they end with the thread that began them
        server.ahead = ReadAhead(server.settings, pool)
        send.send(server.server_port)
        server.serve_forever()
    finally:
        pool.shutdown(cancel_futures=True)


class ReadAhead:
    """Photographs drawn by all cores before they are asked for: a crawl asks for one at a time, and goes by their numbers."""

    def __init__(self, settings: DemoShop, pool: Executor) -> None:
        self.settings, self.pool = settings, pool
        self.begun: dict[tuple[str, int], Future[bytes] | None] = {}  # None: it was served
        self.lock = threading.Lock()

    def picture(self, cls: str, number: int) -> bytes:
        """The JPEG of a product, whose next ones are begun."""
        with self.lock:
            job = self.begun.get((cls, number)) or self._begin(cls, number)
            for nearby in (*range(number + 1, self.settings.products), *range(number)):
                if sum(other is not None and not other.done() for other in self.begun.values()) > AHEAD:
                    break
                if (cls, nearby) not in self.begun:
                    self._begin(cls, nearby)
        picture = job.result()
        self.begun[cls, number] = None
        return picture

    def _begin(self, cls: str, number: int) -> Future[bytes]:
        job = self.begun[cls, number] = self.pool.submit(_photograph, self.settings, cls, number)
        return job


def _photograph(settings: DemoShop, cls: str, number: int) -> bytes:
    return encode_image(_drawing(settings, cls, number, settings.photo_px).image, "jpeg")


class Shop(ThreadingHTTPServer):
    """The shop's server; `log` holds (method, path, user agent) of each request."""

    daemon_threads = True

    def __init__(self, settings: DemoShop, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.settings = settings
        self.ahead: ReadAhead | None = None  # or each photograph is drawn when it is asked for
        self.log: list[tuple[str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    """Answers GET for plain paths, and for whole addresses as a proxy is asked."""

    server: Shop
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for the acknowledgement of its head
    wbufsize = 1 << 16

    def do_GET(self) -> None:  # the name that http.server calls
        parts = urlsplit(self.path)
        self.server.log.append(("GET", parts.path, self.headers.get("User-Agent", "")))
        try:
            kind, body = self._body(parts.path, parse_qs(parts.query))
        except LookupError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self, path: str, query: dict[str, list[str]]) -> tuple[str, bytes]:
        found = re.fullmatch(IMAGE, path)
        if self.server.ahead and found:
            _within(found[1], found[2], self.server.settings.products)
            return "image/jpeg", self.server.ahead.picture(found[1], int(found[2]))
        return _answer(self.server.settings, path, query)

    def log_message(self, *_: Any) -> None:
        """Quiet: the crawl reports."""


def _answer(settings: DemoShop, path: str, query: dict[str, list[str]]) -> tuple[str, bytes]:
    """Content type and body of a path; LookupError where there is nothing."""
    for pattern, page in _ROUTES:
        if found := re.fullmatch(pattern, path):
            return page(settings, query, *found.groups())
    raise LookupError(path)


# ---- pages ---------------------------------------------------------------------------------------------------------------


def _robots(settings: DemoShop, query: dict) -> tuple[str, bytes]:
    return "text/plain", f"User-agent: *\nDisallow: /cart\nSitemap: {BASE}/sitemap.xml\n".encode()


def _home(settings: DemoShop, query: dict) -> tuple[str, bytes]:
    links = "".join(f'<li><a href="/collections/{cls}">{cls}</a></li>' for cls in CLASSES)
    return _page("Fabrics by the yard", f'<ul>{links}</ul><p><a href="/clothing-pattern.csv">table</a></p>')


def _collection(settings: DemoShop, query: dict, cls: str) -> tuple[str, bytes]:
    if cls not in CLASSES:
        raise LookupError(cls)
    page = _number(query, "page", 1)
    first = (page - 1) * settings.page_size
    numbers = range(first, min(first + settings.page_size, settings.products))
    items = "".join(
        f'<li><a class="product" href="/products/{cls}-{i}"><img src="/images/{cls}-{i}.jpg" alt="{cls} {i}" loading="lazy"></a></li>'
        for i in numbers
    )
    more = (
        f'<a rel="next" href="/collections/{cls}?page={page + 1}">more</a>' if numbers.stop < settings.products else ""
    )
    return _page(f"{cls}: {settings.products} fabrics", f'<ul class="grid">{items}</ul>{more} <a href="/cart">cart</a>')


def _feed(settings: DemoShop, query: dict, cls: str) -> tuple[str, bytes]:
    if cls not in CLASSES:
        raise LookupError(cls)
    limit = min(_number(query, "limit", FEED_LIMIT), FEED_MOST)
    first = (_number(query, "page", 1) - 1) * limit
    products = []
    for i in range(first, min(first + limit, settings.products)):
        identity = (CLASSES.index(cls) + 1) * 1_000_000 + i
        products.append(
            {
                "id": identity,
                "title": f"{cls} no. {i}",
                "handle": f"{cls}-{i}",
                "product_type": cls,
                "tags": [cls, "fabric"],
                "updated_at": UPDATED,
                "images": [{"id": identity, "src": f"{BASE}/images/{cls}-{i}.jpg"}],
            }
        )
    return "application/json; charset=utf-8", json.dumps({"products": products}).encode()


def _sitemap_index(settings: DemoShop, query: dict) -> tuple[str, bytes]:
    return _xml("sitemapindex", "sitemap", [f"{BASE}/sitemap-products.xml"])


def _sitemap(settings: DemoShop, query: dict) -> tuple[str, bytes]:
    return _xml("urlset", "url", [f"{BASE}/products/{cls}-{i}" for cls in CLASSES for i in range(settings.products)])


def _product(settings: DemoShop, query: dict, cls: str, number: str) -> tuple[str, bytes]:
    _within(cls, number, settings.products)
    drawing = _drawing(settings, cls, int(number), settings.photo_px)
    title, image = f"{cls} no. {number}", f"{BASE}/images/{cls}-{number}.jpg"
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": title,
        "description": drawing.caption,
        "category": cls,
        "image": [image],
        "license": "MIT",
    }
    trail = [("Fabrics", "/"), (cls, f"/collections/{cls}"), (title, f"/products/{cls}-{number}")]
    steps = [
        {"@type": "ListItem", "position": position, "name": name, "item": f"{BASE}{path}"}
        for position, (name, path) in enumerate(trail, start=1)
    ]
    breadcrumbs = {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps}
    head = "".join(
        f'<meta property="og:{name}" content="{value}">'
        for name, value in (("type", "product"), ("title", title), ("image", image))
    )
    data = "".join(f'<script type="application/ld+json">{json.dumps(part)}</script>' for part in (product, breadcrumbs))
    body = f'<img src="/images/{cls}-{number}.jpg" alt=""><p>{html.escape(drawing.caption)}</p>{data}'
    return _page(title, body, head)


def _image(settings: DemoShop, query: dict, cls: str, number: str) -> tuple[str, bytes]:
    _within(cls, number, settings.products)
    return "image/jpeg", _photograph(settings, cls, int(number))


def _table_image(settings: DemoShop, query: dict, cls: str, number: str) -> tuple[str, bytes]:
    _within(cls, number, settings.rows)
    width, height, *_ = table_geometry(settings, cls, int(number))
    image = _drawing(settings, cls, TABLE_SEED + int(number), max(width, height)).image.crop((0, 0, width, height))
    return "image/jpeg", encode_image(image, "jpeg")


def _table(settings: DemoShop, query: dict) -> tuple[str, bytes]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cls in CLASSES:
        for i in range(settings.rows):
            geometry = table_geometry(settings, cls, i)
            scales = ";".join(f"{scale:.7g}" for scale in scales_of(*geometry[4:]))
            writer.writerow([TABLE_WORDS.get(cls, cls), f"{BASE}/table/{cls}-{i}.jpg", *geometry, scales])
    return "text/csv", out.getvalue().encode()


@lru_cache(maxsize=256)  # a product's page and its picture are asked for one after the other
def _drawing(settings: DemoShop, cls: str, seed: int, size: int) -> Drawing:
    """What the shop sells under a number: the class's styles that it has take turns."""
    sold = [style for style in STYLES[cls] if style in settings.styles] or [None]
    return render(cls, seed, size, style=sold[seed % len(sold)] if settings.styles else None)


@lru_cache
def table_geometry(settings: DemoShop, cls: str, number: int) -> tuple[int, int, int, int, int, int]:
    """Width and height of a table photograph, then its crop's left, top, width, height, in pixels."""
    rng = np.random.default_rng([CLASSES.index(cls), number])
    width, height = (int(settings.photo_px * factor) for factor in rng.uniform(1.0, 1.5, 2))
    crop_width, crop_height = (
        int(side * share) for side, share in zip((width, height), rng.uniform(0.8, 1.0, 2), strict=True)
    )
    left, top = int(rng.integers(width - crop_width + 1)), int(rng.integers(height - crop_height + 1))
    return width, height, left, top, crop_width, crop_height


def _within(cls: str, number: str, count: int) -> None:
    if cls not in CLASSES or int(number) >= count:
        raise LookupError(f"{cls}-{number}")


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    """A number above 0 in an address; LookupError where it is none."""
    text = query.get(name, [str(default)])[0]
    if not re.fullmatch(r"0*[1-9][0-9]{0,5}", text):
        raise LookupError(text)
    return int(text)


def _xml(kind: str, entry: str, urls: list[str]) -> tuple[str, bytes]:
    entries = "".join(f"<{entry}><loc>{url}</loc></{entry}>" for url in urls)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return (
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?><{kind} xmlns="{schema}">{entries}</{kind}>'.encode(),
    )


def _page(title: str, body: str, head: str = "") -> tuple[str, bytes]:
    style = (
        "body{font:16px system-ui;margin:2rem auto;max-width:60rem;color:#222}"
        ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:1rem;list-style:none;padding:0}"
        "img{width:100%;max-width:24rem}"
    )
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{head}<style>{style}</style>'
        f'<h1><a href="/">Selvedge Fabrics</a></h1><h2>{title}</h2>{body}</html>'
    )
    return "text/html; charset=utf-8", text.encode()


_ROUTES: list[tuple[str, Callable[..., tuple[str, bytes]]]] = [
    (r"/robots\.txt", _robots),
    (r"/", _home),
    (r"/collections/([a-z]+)", _collection),
    (r"/collections/([a-z]+)/products\.json", _feed),
    (r"/sitemap\.xml", _sitemap_index),
    (r"/sitemap-products\.xml", _sitemap),
    (r"/products/([a-z]+)-(\d+)", _product),
    (IMAGE, _image),
    (r"/table/([a-z]+)-(\d+)\.jpg", _table_image),
    (r"/clothing-pattern\.csv", _table),
]


if __name__ == "__main__":
    shop = Shop(DemoShop(products=48, rows=16), port=8080)
    print(f"http://127.0.0.1:{shop.server_port}")
    shop.serve_forever()
