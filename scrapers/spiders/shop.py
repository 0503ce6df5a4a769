"""A fabric shop: listing pages with paging, product pages with JSON-LD `Product`, their pictures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from scrapy.http import Request, Response

from scrapers.manifest import Row
from scrapers.pipelines import Fetched
from scrapers.spiders.base import SwatchSpider


class ShopSpider(SwatchSpider):
    """Walks each class's listing; the product's page says what its pictures are."""

    async def start(self) -> AsyncIterator[Request]:
        for cls in self.source.classes or self.classes:
            word = self.source.words.get(cls, cls)
            url = self.source.listing.replace("{class}", word)
            yield Request(url, self.listing, errback=self.no_page, cb_kwargs={"cls": cls, "seen": 0})

    def listing(self, response: Response, cls: str, seen: int) -> Iterator[Request]:
        """Products of one page, then the next page; Scrapy's filter of seen addresses ends loops."""
        for href in response.css("a.product::attr(href), a[itemprop=url]::attr(href)").getall():
            if seen >= self.source.max_products:
                return
            seen += 1
            yield response.follow(
                href, self.product, errback=self.no_picture, cb_kwargs={"row": self.row(cls, response.urljoin(href))}
            )
        if href := response.css("a[rel=next]::attr(href), link[rel=next]::attr(href)").get():
            yield response.follow(href, self.listing, errback=self.no_page, cb_kwargs={"cls": cls, "seen": seen})

    def product(self, response: Response, row: Row) -> Iterator[Request | Fetched]:
        """The pictures that the product's JSON-LD names; all of them show one piece of cloth."""
        pictures = product_images(response)
        for url in pictures:
            yield from self.picture(
                replace(row, url=response.urljoin(url), page_url=response.url, group=f"page/{response.url}")
            )
        if not pictures:
            row = replace(row, url=response.url, page_url=response.url)
            yield Fetched(row, status="corrupt", error="the page carries no JSON-LD Product with an image")

    def row(self, cls: str, url: str) -> Row:
        """What is known of a product before its page is read: one dead page is a dead row, not a dead shop."""
        return Row(cls, url, source=self.source.name, page_url=url, licence=self.source.licence, group=f"page/{url}")


def product_images(response: Response) -> list[str]:
    """The `image`s of the page's schema.org Product, in order, each once; broken JSON-LD counts as none."""
    images: list[str] = []
    for text in response.css('script[type="application/ld+json"]::text').getall():
        try:
            nodes = json.loads(text)
        except ValueError:
            continue
        for node in _nodes(nodes):
            if "Product" in _listed(node.get("@type")):
                images += [i.get("url", "") if isinstance(i, dict) else i for i in _listed(node.get("image"))]
    return list(dict.fromkeys(i for i in images if isinstance(i, str) and i))


def _nodes(value) -> Iterator[dict]:
    """Every object of a JSON-LD document: one, a list, or a @graph."""
    for node in _listed(value):
        if isinstance(node, dict):
            yield node
            yield from _nodes(node.get("@graph"))


def _listed(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
