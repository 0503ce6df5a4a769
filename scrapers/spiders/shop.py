"""A fabric shop, by configuration alone: its product feed, its sitemap, or its listing pages."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from cssselect import SelectorError
from lxml import etree
from parsel.csstranslator import HTMLTranslator
from scrapy.http import Request, Response
from w3lib.url import add_or_replace_parameter

from scrapers.manifest import Row
from scrapers.optout import refusal_in_page
from scrapers.pipelines import Fetched
from scrapers.spiders import markup
from scrapers.spiders.reader import NoPage, Reader, Steps
from selvedge.config import Selectors

FEED_LIMIT = 250  # products on a page of a feed: the most that Shopify gives
SITEMAP_DEPTH = 3  # an index of indexes is as deep as shops go
SITEMAP_BYTES = 50 * 1024 * 1024  # the protocol's limit, unpacked
SPEECHLESS = 20  # product pages that name no product, before the sitemap is given up


class Part(NamedTuple):
    """What is read in one go: a category of a class, or a whole sitemap."""

    name: str
    steps: Steps


class ShopReader(Reader):
    """Reads a shop by the first of its ways that brings a product."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.site = self.source.site.rstrip("/")
        self.wanted = self.source.classes or self.classes
        self.found: Counter[str] = Counter()  # products of each class
        self._read: set[tuple[str, str]] = set()  # classes and pages
        self._old: dict[str, list[Row]] | None = None

    def read(self) -> Steps:
        if bad := list(_bad_selectors(self.source.selectors)):
            self.fail("; ".join(bad), passing=False)
            return
        said: list[tuple[str, NoPage]] = []
        for way in self.source.ways:
            first, *others = self._parts(way)
            trouble = yield from _attempt(first)
            if not self.found.total():
                said.append((way, trouble))
                if trouble.tired:  # to knock at its other doors is no help to it
                    break
                continue
            if trouble is not None:
                self._say(first, trouble)
            for part in others:
                if (trouble := (yield from _attempt(part))) is not None:
                    self._say(part, trouble)
            return
        answers = "; ".join(f"{trouble} ({way})" for way, trouble in said)
        part = f"category {self._handles(self.wanted[0])[0]!r}, class {self.wanted[0]}"
        self.fail(f"{answers}: {self.site} cannot be read ({part})", any(trouble.passing for _, trouble in said))

    def _parts(self, way: str) -> list[Part]:
        """What a way reads, in order; nothing is asked for before its turn."""
        if way == "sitemap":
            return [Part("the sitemap", self._sitemap())]
        read, categories = {"shopify": (self._feed, self._handles), "listing": (self._listing, self._paths)}[way]
        return [
            Part(f"category {category!r}, class {cls}", read(cls, category))
            for cls in self.wanted
            for category in categories(cls)
        ]

    def _say(self, part: Part, trouble: NoPage) -> None:
        """A category that is there and empty is to be known; one that does not come is a failure."""
        if trouble.empty:
            self.warn(f"{trouble} ({part.name})")
        else:
            self.fail(f"{trouble} ({part.name})", trouble.passing)

    def _handles(self, cls: str) -> list[str]:
        """The class's categories as handles and words: a path counts where it names a collection."""
        named = []
        for category in self.source.categories.get(cls, (cls,)):
            if _is_path(category):
                collection = re.search(r"/collections/([^/?#]+)", category)
                named += [collection[1]] if collection else []
            else:
                named.append(category)
        return list(dict.fromkeys(named)) or [cls]

    def _paths(self, cls: str) -> list[str]:
        """The class's categories for listing pages: where it names paths, only these."""
        categories = self.source.categories.get(cls, (cls,))
        return [category for category in categories if _is_path(category)] or list(categories)

    def _full(self, cls: str) -> bool:
        return self.found[cls] >= self.source.max_products

    # ---- a product feed ----------------------------------------------------------------------------------------------

    def _feed(self, cls: str, handle: str) -> Steps:
        """/collections/HANDLE/products.json, page by page, until one brings nothing new."""
        listed: set[str] = set()
        for number in count(1):
            url = f"{self.site}/collections/{quote(handle)}/products.json?limit={FEED_LIMIT}&page={number}"
            response = yield from self.ask(url)
            products = {_identity(product): product for product in _products(response)}
            new = [product for identity, product in products.items() if identity not in listed]
            if not new:
                break
            listed |= set(products)
            for product in new:
                if self._full(cls):
                    return
                yield from self._from_feed(cls, response, product)
        if not listed:
            raise NoPage(url, "holds no product", empty=True)

    def _from_feed(self, cls: str, response: Response, product: dict) -> Iterator[Request | Fetched]:
        """A product's pictures, all of one piece of cloth; its page need not be asked for."""
        page = f"{self.site}/products/{quote(str(product.get('handle') or product.get('id')), errors='replace')}"
        if not self._first_visit(cls, page):
            return
        images = product.get("images")
        images = images if isinstance(images, list) else []
        named = [image.get("src") if isinstance(image, dict) else image for image in images]
        pictures = markup.addresses(response, [name for name in named if isinstance(name, str)])
        yield from self._pictures(cls, page, pictures, missing="the feed names no picture of the product")

    # ---- a sitemap ---------------------------------------------------------------------------------------------------

    def _sitemap(self) -> Steps:
        """Every product page that the sitemap leads to; the page's own words say of which class it is."""
        top = f"{self.site}/sitemap.xml"
        every, troubles = yield from self._pages(top)
        pages = [url for url in every if "/product" in urlsplit(url).path] or every
        wanted = {cls: tuple(self._handles(cls)) for cls in self.wanted}
        others = lost = speechless = 0
        for url in pages:
            if all(self._full(cls) for cls in self.wanted):
                return
            if rows := self._known(url):
                cls = rows[0].cls
                if not self._full(cls) and self._first_visit(cls, url):
                    yield from self._take_over(cls, url, rows)
                continue
            try:
                response = _page(url, (yield from self.ask(url)))
            except NoPage:
                lost += 1
                continue
            page = markup.read_product(response, self.source.selectors)
            speechless += not page.sells
            if speechless == SPEECHLESS and not self.found and pages is not every:
                raise NoPage(top, f"leads to pages that name no product: {SPEECHLESS} of them were read")
            cls = markup.class_of(page.words, wanted) if page.sells else None
            if cls is None:
                others += 1
            elif not self._full(cls) and self._first_visit(cls, url):
                yield from self._from_page(cls, url, response, page)
        if not self.found.total():
            raise next(iter(troubles), NoPage(top, f"leads to no product of these classes ({len(pages)} pages)"))
        for trouble in troubles:
            self.fail(f"{trouble} (the sitemap)", trouble.passing)
        self._sum_up(top, len(pages), others, lost)

    def _sum_up(self, top: str, pages: int, others: int, lost: int) -> None:
        """Say what the sitemap did not bring."""
        if others or lost:
            self.warn(f"{top}: of {pages} product pages {others} are of no class here, {lost} did not come")
        for cls in self.wanted:
            if not self.found[cls]:
                self.warn(f"{top}: no product is of class {cls} (its words: {', '.join(self._handles(cls))})")

    def _pages(self, top: str) -> Steps:
        """The addresses in a sitemap and in those that it names, in order, and which of these did not come.

        What was read is not read again.
        """
        pages: dict[str, None] = {}
        troubles: list[NoPage] = []
        read = {top}
        waiting = [(top, 1)]
        while waiting:
            url, depth = waiting.pop(0)
            try:
                response = yield from self.ask(url)
                is_index, named = _sitemap_entries(url, response)
            except NoPage as error:
                if url == top:
                    raise
                troubles.append(error)
                continue
            if not is_index:
                pages.update(dict.fromkeys(named))
            elif depth < SITEMAP_DEPTH:
                inner = [url for url in named if url not in read]
                read.update(inner)
                waiting += [(url, depth + 1) for url in inner]
        return list(pages), troubles

    # ---- listing pages -----------------------------------------------------------------------------------------------

    def _listing(self, cls: str, category: str) -> Steps:
        """A category's pages, until one brings nothing new, or as many products came as the shop says it has."""
        first = url = self._listing_url(category)
        read: set[str] = set()
        listed: set[str] = set()
        while url and url not in read:
            read.add(url)
            response = _page(url, (yield from self.ask(url)))
            if _is_front(response.url) and not _is_front(url):
                raise NoPage(url, "leads to the shop's front page: there is no such category")
            direct, found = markup.read_listing(response, self.source.selectors)
            new = [address for address in found if address not in listed]
            for address in new:
                if self._full(cls):
                    return
                listed.add(address)
                if direct:
                    yield from self._direct(cls, response, address)
                else:
                    yield from self._product(cls, address)
            total = markup.total(response, self.source.selectors)
            if not new or (total is not None and len(listed) >= total):
                break
            url = markup.next_link(response, self.source.selectors) or self._next_page(url)
        if not listed:
            raise NoPage(first, "holds no product", empty=True)

    def _listing_url(self, category: str) -> str:
        if category.startswith("http"):
            return category
        return f"{self.site}{category if category.startswith('/') else f'/collections/{quote(category)}'}"

    def _next_page(self, url: str) -> str | None:
        name = self.source.page_parameter
        if name is None:
            return None
        now = parse_qs(urlsplit(url).query).get(name, ["1"])[-1]
        return add_or_replace_parameter(url, name, str(int(now) + 1 if now.isdecimal() else 2))

    def _direct(self, cls: str, response: Response, url: str) -> Iterator[Request | Fetched]:
        """A picture right in the listing: a piece of cloth of its own."""
        if self._first_visit(cls, url):
            row = Row(cls, url, **self._origin(response.url), group=f"picture/{url}")
            yield from self._picture(row, refusal_in_page(response))

    def _product(self, cls: str, url: str) -> Steps:
        """A product's page, unless all that it showed is here; a dead page is a dead row, not a dead shop."""
        if not self._first_visit(cls, url):
            return
        if rows := self._known(url, cls):
            yield from self._take_over(cls, url, rows)
            return
        try:
            response = _page(url, (yield from self.ask(url)))
        except NoPage as error:
            row = Row(cls, url, **self._origin(url), group=f"page/{url}")
            yield Fetched(row, status=error.status, error=error.why)
            return
        yield from self._from_page(cls, url, response, markup.read_product(response, self.source.selectors))

    # ---- products ----------------------------------------------------------------------------------------------------

    def _first_visit(self, cls: str, page: str) -> bool:
        """Whether a product of a class is met for the first time; counts it."""
        if (cls, page) in self._read:
            return False
        self._read.add((cls, page))
        self.found[cls] += 1
        return True

    def _from_page(
        self, cls: str, url: str, response: Response, page: markup.ProductPage
    ) -> Iterator[Request | Fetched]:
        selector = self.source.selectors.image
        looked = "no JSON-LD Product with an image, no og:image" + (f", nothing at {selector!r}" if selector else "")
        yield from self._pictures(cls, url, page.pictures, refusal_in_page(response), f"the page carries {looked}")

    def _pictures(
        self, cls: str, page: str, pictures: list[str], refusal: str | None = None, missing: str = ""
    ) -> Iterator[Request | Fetched]:
        """All pictures of a product: they show one piece of cloth."""
        row = Row(cls, page, **self._origin(page), group=f"page/{page}")
        for url in pictures:
            yield from self._picture(replace(row, url=url), refusal)
        if not pictures:
            yield Fetched(row, status="corrupt", error=missing)

    def _picture(self, row: Row, refusal: str | None) -> Iterator[Request | Fetched]:
        if refusal is None:
            yield from self.picture(row)
        elif self.first_time(row):
            yield Fetched(row, status="refused", error=refusal)

    def _origin(self, page: str) -> dict[str, str]:
        return {"source": self.source.name, "page_url": page, "licence": self.source.licence}

    # ---- what is here already ----------------------------------------------------------------------------------------

    def _known(self, page: str, cls: str | None = None) -> list[Row]:
        """The rows that a product's page brought to the manifest before, if all their pictures are here.

        Without `cls` of whatever class the page was then: its words are not read again, so that categories which were
        changed act on pages that are new.
        """
        if self._old is None:
            self._old = defaultdict(list)
            for row in self.journal.old.values():
                if row.source == self.source.name:
                    self._old[row.page_url].append(row)
        rows = [row for row in self._old.get(page, ()) if cls in (None, row.cls)]
        same = {row.cls for row in rows}
        if len(same) != 1 or not same <= set(self.wanted):
            return []
        here = all(row.status == "ok" and (self.journal.root / row.file).exists() for row in rows)
        return rows if here else []

    def _take_over(self, cls: str, page: str, rows: list[Row]) -> Iterator[Request | Fetched]:
        """Keep a known product's rows in this crawl's manifest, with what is known of them today."""
        for row in rows:
            yield from self.picture(Row(cls, row.url, **self._origin(page), group=f"page/{page}"))


def _attempt(part: Part) -> Steps:
    """Read a part; returns why it did not come to its end."""
    try:
        yield from part.steps
    except NoPage as error:
        return error
    return None


def _bad_selectors(selectors: Selectors) -> Iterator[str]:
    for name, selector in selectors:
        try:
            HTMLTranslator().css_to_xpath(selector or "*")
        except SelectorError as error:
            yield f"selectors.{name}: {selector!r} is no CSS selector ({error})"


def _is_path(category: str) -> bool:
    return category.startswith(("/", "http://", "https://"))


def _is_front(url: str) -> bool:
    return not urlsplit(url).path.strip("/")


def _page(url: str, response: Response) -> Response:
    if not markup.is_page(response):
        raise NoPage(url, "is no web page")
    return response


def _products(response: Response) -> list[dict]:
    """The products of a page of a feed; raises NoPage where it is none."""
    try:
        products = json.loads(response.body)["products"]
    except (ValueError, TypeError, KeyError, RecursionError):
        products = None
    if not isinstance(products, list):
        raise NoPage(response.url, "is no product feed")
    return [product for product in products if isinstance(product, dict)]


def _identity(product: dict) -> str:
    return str(product.get("id") or product.get("handle") or json.dumps(product, sort_keys=True))


def _sitemap_entries(url: str, response: Response) -> tuple[bool, list[str]]:
    """Whether a sitemap is an index of others, and the addresses in it; raises NoPage where it is neither."""
    body = response.body
    if body.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            body = unpacker.decompress(body, SITEMAP_BYTES)
        except zlib.error as error:
            raise NoPage(url, f"is no gzip file ({error})") from None
        if not unpacker.eof:
            raise NoPage(url, "is cut off, or unpacks to more than 50 MB: no sitemap may")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    kind = None if root is None else etree.QName(root).localname
    if kind not in ("sitemapindex", "urlset"):
        raise NoPage(url, "is no sitemap")
    # only an entry's own: what it says of its pictures and translations is not followed
    found = root.xpath("*/*[local-name() = 'loc']/text()")
    return kind == "sitemapindex", markup.addresses(response, found)
