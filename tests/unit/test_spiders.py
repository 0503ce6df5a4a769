"""The spiders against small shops in memory: how products are found, what becomes of them, and where reading ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import ROOT
from PIL import Image
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import TimeoutError as NoAnswer
from twisted.python.failure import Failure as Errback

from scrapers.demo import shop as embedded
from scrapers.manifest import COLUMNS, Journal, Row
from scrapers.spiders import shop as shop_reader
from scrapers.spiders.base import SwatchSpider
from selvedge.config import CsvSource, DemoShop, ShopSource, load
from selvedge.io import encode_image

SHOP = "https://cloth.example"
FEED = f"{SHOP}/collections/{{}}/products.json?limit=250&page={{}}"
PICTURE = encode_image(Image.effect_noise((40, 30), 50).convert("RGB"), "jpeg")


# ---- a web of one process ------------------------------------------------------------------------------------------------

KINDS = {"{": "application/json", "<?": "application/xml"}


def answer(request: Request, web: dict) -> Response:
    """What the web says to a request; raises what Scrapy's errbacks are given."""
    said = web.get(request.url, PICTURE + request.url.encode() if request.meta.get("picture") else 404)
    if isinstance(said, Exception):
        raise said
    url, said = said if isinstance(said, tuple) else (request.url, said)  # a redirect leads to another address
    status, body = (said, b"") if isinstance(said, int) else (200, said)
    if isinstance(body, dict):
        body = json.dumps(body)
    kind = (
        "application/octet-stream" if isinstance(body, bytes) else KINDS.get(body[:2], KINDS.get(body[:1], "text/html"))
    )
    body = body.encode() if isinstance(body, str) else body
    headers = Headers({"Content-Type": f"{kind}; charset=utf-8"})
    response = responsetypes.from_args(headers=headers, url=url)(
        url, status=status, headers=headers, body=body, request=request
    )
    if status >= 400:
        raise HttpError(response)
    return response


@dataclass
class Crawled:
    """What a crawl asked for and what came of it."""

    pages: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def of(self, cls: str) -> list[str]:
        """The pictures of a class that came, by the last part of their address."""
        return sorted(row.url.rsplit("/", 1)[-1] for row in self.rows if row.cls == cls and row.status == "ok")

    def bad(self) -> dict[str, tuple[str, str]]:
        return {row.url: (row.status, row.error) for row in self.rows if row.status != "ok"}

    def only_failure(self) -> tuple[str, bool]:
        assert len(self.failures) == 1, self.failures
        return tuple(self.failures[0])


@pytest.fixture
def crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Crawled]:
    """Crawl a web with sources, as Scrapy would; again, it goes on from the manifest that the last crawl left."""
    reserved = lambda response: "tdm-reservation" if b"tdm-reservation" in response.body else None  # noqa: E731
    monkeypatch.setattr(shop_reader, "refusal_in_page", reserved)

    def run(web: dict, *sources, classes: tuple[str, ...] = ("floral", "dotted"), most: int = 2000) -> Crawled:
        journal, done = Journal(tmp_path), Crawled()
        spider = SwatchSpider(sources, classes, journal, done.failures, done.warnings)

        async def begin() -> list:
            return [step async for step in spider.start()]

        waiting = deque(asyncio.run(begin()))
        for _ in range(most):
            if not waiting:
                break
            step = waiting.popleft()
            if isinstance(step, Request):
                assert step.dont_filter and bool(step.meta.get("page")) != bool(step.meta.get("picture"))
                (done.pages if step.meta.get("page") else done.pictures).append(step.url)
                try:
                    waiting += step.callback(answer(step, web), **step.cb_kwargs)
                except (HttpError, IgnoreRequest, NoAnswer) as error:
                    failure = Errback(error)
                    failure.request = step
                    waiting += step.errback(failure)
            elif step.status == "ok":
                journal.store(step.row, step.body, 40, 30, "jpg")
            else:
                journal.add(replace(step.row, status=step.status, error=step.error))
        assert not waiting, "the crawl does not end"
        spider.closed("finished")
        done.rows = journal.finish({source.name for source in sources})
        return done

    return run


def shop(**changes: object) -> ShopSource:
    return ShopSource(**{"kind": "shop", "name": "shop", "site": SHOP, "licence": "theirs", **changes})


def feed(*numbers: int, images: int = 1) -> dict:
    def product(i: int) -> dict:
        return {"id": i, "handle": f"p{i}", "images": [{"src": f"//cdn.example/{i}-{n}.jpg"} for n in range(images)]}

    return {"products": [product(i) for i in numbers]}


def ld(*nodes: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def product_page(*images: object, name: str = "Cloth", **more: object) -> str:
    return f"<html>{ld({'@type': 'Product', 'name': name, 'image': list(images), **more})}"


def listing(*links: str, more: str = "") -> str:
    return "<html>" + "".join(f'<a class="product" href="{link}">x</a>' for link in links) + more + "</html>"


def sitemap(*urls: str, index: bool = False) -> str:
    kind, entry = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    entries = "".join(f"<{entry}><loc>{url}</loc></{entry}>" for url in urls)
    return f'<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{kind}>'


# ---- product feeds -------------------------------------------------------------------------------------------------------


def test_a_feed_is_read_page_by_page_and_each_product_is_one_piece_of_cloth(crawl) -> None:
    web = {FEED.format("floral", 1): feed(1, 2, images=2), FEED.format("floral", 2): feed(3)}
    web |= {FEED.format("floral", 3): feed(), FEED.format("dotted", 1): feed(4), FEED.format("dotted", 2): feed()}
    done = crawl(web, shop())
    assert done.of("floral") == ["1-0.jpg", "1-1.jpg", "2-0.jpg", "2-1.jpg", "3-0.jpg"]
    assert done.of("dotted") == ["4-0.jpg"]
    assert done.pages == list(web)  # no product's page, and nothing beyond an empty one
    first, second = (row for row in done.rows if row.url.startswith("https://cdn.example/1-"))
    assert first.group == second.group == f"page/{SHOP}/products/p1"
    assert (first.page_url, first.licence) == (f"{SHOP}/products/p1", "theirs")
    assert not done.failures and not done.warnings


def test_a_feed_that_repeats_itself_ends(crawl) -> None:
    web = {FEED.format("floral", n): feed(1, 2) for n in range(1, 99)}
    done = crawl(web, shop(classes=("floral",)))
    assert done.of("floral") == ["1-0.jpg", "2-0.jpg"]
    assert len(done.pages) == 2


def test_a_class_has_several_categories_and_a_product_in_two_of_them_is_asked_for_once(crawl) -> None:
    web = {FEED.format("flowers", 1): feed(1, 2), FEED.format("roses", 1): feed(2, 3)}
    web |= {FEED.format(name, 2): feed() for name in ("flowers", "roses")}
    source = shop(categories={"floral": ("flowers", "/collections/roses")}, classes=("floral",), max_products=3)
    done = crawl(web, source)
    assert done.pictures == [f"https://cdn.example/{i}-0.jpg" for i in (1, 2, 3)]


def test_a_picture_of_two_products_is_asked_for_once_and_in_two_classes_for_each(crawl) -> None:
    one, two = feed(1)["products"][0], feed(2)["products"][0]
    both = {"products": [one, {**two, "images": [*one["images"], *two["images"]]}]}
    web = {FEED.format(cls, n): body for cls in ("floral", "dotted") for n, body in ((1, both), (2, feed()))}
    done = crawl(web, shop())
    assert sorted(done.pictures) == sorted(["https://cdn.example/1-0.jpg", "https://cdn.example/2-0.jpg"] * 2)
    assert done.of("floral") == done.of("dotted") == ["1-0.jpg", "2-0.jpg"]


def test_a_product_without_pictures_is_a_row_that_says_so(crawl) -> None:
    web = {FEED.format("floral", 1): feed(1, images=0), FEED.format("floral", 2): feed()}
    done = crawl(web, shop(classes=("floral",)))
    assert done.bad() == {f"{SHOP}/products/p1": ("corrupt", "the feed names no picture of the product")}


def test_a_feed_of_nonsense_ends_no_crawl(crawl) -> None:
    strange = [
        7,
        None,
        {},
        {"id": [1], "images": {"src": 1}},
        {"handle": "\ud800", "images": [3, {"src": "/a\x00.jpg"}]},
    ]
    web = {FEED.format("floral", n): {"products": strange} for n in (1, 2)}
    done = crawl(web, shop(classes=("floral",)))
    assert done.of("floral") == ["a.jpg"]
    assert not done.failures


# ---- sitemaps --------------------------------------------------------------------------------------------------------------


def test_a_sitemap_of_sitemaps_is_read_once_each_and_products_go_to_the_class_that_their_words_name(crawl) -> None:
    inner, zipped, top = f"{SHOP}/a.xml", f"{SHOP}/b.xml.gz", f"{SHOP}/sitemap.xml"
    crumbs = {"@type": "BreadcrumbList", "itemListElement": [{"item": {"name": "Home"}}, {"name": "Polka Dots"}]}
    web = {
        top: sitemap(inner, zipped, top, index=True),
        inner: sitemap(f"{SHOP}/products/1", f"{SHOP}/pages/about", f"{SHOP}/products/2"),
        zipped: gzip.compress(
            sitemap(f"{SHOP}/products/3", f"{SHOP}/products/4", f"{SHOP}/products/5", f"{SHOP}/products/9").encode()
        ),
        f"{SHOP}/products/1": product_page("/1.jpg", category="Cotton > Flowers"),
        f"{SHOP}/products/2": f"<html>{ld(crumbs, {'@type': 'Product', 'name': 'A flower?', 'image': '/2.jpg'})}",
        f"{SHOP}/products/3": product_page("/3.jpg", name="Lawn", keywords="cotton, FLOWER, blue"),
        f"{SHOP}/products/4": product_page("/4.jpg", name="Sunflowerseed", category="Food"),
        f"{SHOP}/products/5": product_page("/5.jpg", name="Flower and dot", category={"name": "dots"}),
    }
    source = shop(ways=("sitemap",), categories={"floral": ("flower",), "dotted": ("dot", "polka-dot")})
    done = crawl(web, source)
    assert done.of("floral") == ["1.jpg", "3.jpg"]
    assert done.of("dotted") == ["2.jpg", "5.jpg"]
    assert done.pages.count(top) == 1
    assert f"{SHOP}/pages/about" not in done.pages
    assert done.warnings == [f"shop: {top}: of 6 product pages 1 are of no class here, 1 did not come"]
    assert not done.failures


def test_where_no_address_says_product_every_page_of_the_sitemap_is_looked_at(crawl) -> None:
    web = {f"{SHOP}/sitemap.xml": sitemap(f"{SHOP}/about", f"{SHOP}/lawn-7")}
    web[f"{SHOP}/about"] = '<h1>Floral dreams</h1><meta property="og:image" content="/team.jpg">'
    web[f"{SHOP}/lawn-7"] = product_page("/7.jpg", name="Floral lawn")
    done = crawl(web, shop(ways=("sitemap",), classes=("floral",)))
    assert done.of("floral") == ["7.jpg"]  # and not the team's picture


def test_sitemaps_nested_without_end_end(crawl) -> None:
    class Endless(dict):
        def get(self, url, default=None):
            return sitemap(url.replace(".xml", "x.xml"), url.replace(".xml", "y.xml"), index=True)

    done = crawl(Endless(), shop(ways=("sitemap",)))
    assert len(done.pages) < 20
    assert "leads to no product of these classes" in done.only_failure()[0]


def test_a_sitemap_whose_product_pages_name_no_product_is_given_up_for_the_next_way(crawl) -> None:
    pages = [f"{SHOP}/products/{i}" for i in range(200)]
    web = {f"{SHOP}/sitemap.xml": sitemap(*pages[1:]), **dict.fromkeys(pages, "<h1>floral</h1>")}
    web |= {
        f"{SHOP}/collections/floral": listing("/products/0"),
        pages[0]: '<h1>floral</h1><img class="big" src="/0.jpg">',
    }
    done = crawl(web, shop(classes=("floral",), selectors={"image": "img.big::attr(src)"}))
    assert done.of("floral") == ["0.jpg"]
    assert len(done.pages) < 30


@pytest.mark.parametrize(
    "body",
    [
        "<html>404</html>",
        "",
        b"\x1f\x8bcut",
        gzip.compress(sitemap(f"{SHOP}/products/1").encode())[:-9],
        '<?xml version="1.0"?><rss/>',
    ],
)
def test_what_is_no_sitemap_is_named(crawl, body) -> None:
    line, passing = crawl({f"{SHOP}/sitemap.xml": body}, shop(ways=("sitemap",))).only_failure()
    assert line.startswith(f"shop: {SHOP}/sitemap.xml is ")
    assert not passing


# ---- listing pages ---------------------------------------------------------------------------------------------------------


def test_listings_lead_to_product_pages_and_to_the_next_listing_until_that_was_read(crawl) -> None:
    first, second = f"{SHOP}/collections/floral", f"{SHOP}/collections/floral?page=2"
    web = {
        first: listing("/products/1#reviews", "/products/1", more='<link rel="next" href="?page=2">'),
        second: listing("/products/2", more=f'<a rel="nofollow next" href="{first}">round again</a>'),
        f"{SHOP}/products/1": product_page("//cdn.example/1.jpg#x", f"{SHOP}/1b.jpg", "//cdn.example/1.jpg"),
        f"{SHOP}/products/2": product_page("2.jpg"),
    }
    done = crawl(web, shop(ways=("listing",), classes=("floral",)))
    assert done.pages == [first, f"{SHOP}/products/1", second, f"{SHOP}/products/2"]
    assert done.pictures == ["https://cdn.example/1.jpg", f"{SHOP}/1b.jpg", f"{SHOP}/products/2.jpg"]
    assert {row.group for row in done.rows} == {f"page/{SHOP}/products/1", f"page/{SHOP}/products/2"}


@pytest.mark.parametrize(
    "page",
    [
        ld({"@type": "ItemList", "itemListElement": [{"url": "/x/1"}, {"item": {"@type": "Product", "url": "/x/2"}}]}),
        ld(
            {
                "@type": "CollectionPage",
                "mainEntity": {"@type": "ItemList", "itemListElement": ["/x/1", {"item": "/x/2"}]},
            }
        ),
        '<a itemprop="url" href="/x/1">1</a><a itemprop="url" href="/x/2">2</a><a href="/products/all">',
        '<a href="/x">home</a><div class="tile"><a href="/x/1">1</a></div><div class="tile"><a href="/x/2">2</a></div>',
    ],
    ids=["list", "main-entity", "itemprop", "selector"],
)
def test_product_links_are_found_by_what_the_page_has(crawl, page: str) -> None:
    web = {
        f"{SHOP}/collections/floral": page,
        f"{SHOP}/x/1": product_page("/1.jpg"),
        f"{SHOP}/x/2": product_page("/2.jpg"),
    }
    done = crawl(web, shop(ways=("listing",), classes=("floral",), selectors={"product": ".tile a"}))
    assert done.of("floral") == ["1.jpg", "2.jpg"]


def test_a_page_parameter_counts_up_until_a_page_brings_nothing_new(crawl) -> None:
    web = {f"{SHOP}/cat/flowers?sort=a&page={n}": listing(f"/product/{min(n, 3)}") for n in range(2, 50)}
    web[f"{SHOP}/cat/flowers?sort=a"] = listing("/product/1")
    web |= {f"{SHOP}/product/{n}": product_page(f"/{n}.jpg") for n in (1, 2, 3)}
    source = shop(
        ways=("listing",), categories={"floral": ("/cat/flowers?sort=a",)}, classes=("floral",), page_parameter="page"
    )
    done = crawl(web, source)
    assert done.of("floral") == ["1.jpg", "2.jpg", "3.jpg"]
    assert len([url for url in done.pages if "/cat/" in url]) == 4


def test_a_category_that_leads_to_the_front_page_is_not_there(crawl) -> None:
    """A shop that has no such category and shows its front page instead sells other cloth on it."""
    web = {
        f"{SHOP}/collections/floral": (f"{SHOP}/", listing("/products/1")),
        f"{SHOP}/products/1": product_page("/1.jpg"),
    }
    done = crawl(web, shop(ways=("listing",), classes=("floral",)))
    assert not done.rows
    assert "leads to the shop's front page" in done.only_failure()[0]


# ---- product pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "pictures"),
    [
        (product_page({"@type": "ImageObject", "url": "/a.jpg"}, {"contentUrl": "/b.jpg"}), ["a.jpg", "b.jpg"]),
        (ld([{"@type": ["Thing", "http://schema.org/Product"], "image": "/a.jpg"}]), ["a.jpg"]),
        (
            ld({"@graph": [{"@type": "Product", "image": {"@id": "#i"}}, {"@type": "ImageObject", "@id": "#i", "url": "/a.jpg"}]}),
            ["a.jpg"],
        ),
        (ld({"@type": "ProductGroup", "hasVariant": [{"@type": "Product", "image": "/a.jpg"}, {"image": "/b.jpg"}]}), ["a.jpg", "b.jpg"]),
        (  # what is bought along with it is other cloth
            ld({"@type": "Product", "url": "/products/2", "image": "/2.jpg"}, {"@type": "Product", "url": "/products/1", "image": "/a.jpg"}),
            ["a.jpg"],
        ),
        (  # a broken block before a good one, comments around it, a raw line end in a text
            '<script type="application/ld+json">{"@type": "Product", </script>'
            '<script type="application/ld+json">\n<!-- //<![CDATA[\n'
            '{"@type": "Product", "name": "a\n\tb", "image": "/a.jpg"};\n//]]> --></script>',
            ["a.jpg"],
        ),
        (product_page("", None, 7, "/\ud800.jpg", "data:image/gif;base64,R0lGOD", "http://[broken/a.jpg", "/a.jpg"), ["a.jpg"]),
        (  # OpenGraph only where JSON-LD names none
            product_page() + '<meta property="og:image" content="/a.jpg"><meta property="og:image" content="/b.jpg">',
            ["a.jpg", "b.jpg"],
        ),
        (product_page("/a.jpg") + '<meta property="og:image" content="/logo.jpg"><img class="big" src="/b.jpg">', ["a.jpg"]),
        ('<img class="big" src="/a.jpg" ><img class="big" data-src="/b.jpg" src="data:,x"><img src="/logo.jpg">', ["a.jpg", "b.jpg"]),
    ],
)  # fmt: skip
def test_a_products_pictures_come_from_the_first_that_names_some(crawl, page: str, pictures: list[str]) -> None:
    web = {f"{SHOP}/collections/floral": listing("/products/1"), f"{SHOP}/products/1": page}
    done = crawl(web, shop(ways=("listing",), classes=("floral",), selectors={"image": "img.big"}))
    assert done.of("floral") == pictures
    assert not done.bad()


def test_pages_and_pictures_that_fail_are_rows_with_their_reason(crawl) -> None:
    gone, closed, silent = (f"{SHOP}/products/{n}" for n in (1, 2, 3))
    web = {
        f"{SHOP}/collections/floral": listing(gone, closed, silent, "/products/4", "/products/5", "/products/6"),
        gone: 410,
        closed: IgnoreRequest("Forbidden by robots.txt"),
        silent: "<html>sold out</html>",
        f"{SHOP}/products/4": product_page("/dead.jpg", "/kept-back.jpg", "/4.jpg"),
        f"{SHOP}/dead.jpg": 404,
        f"{SHOP}/kept-back.jpg": IgnoreRequest("Forbidden by robots.txt"),
        f"{SHOP}/products/5": product_page("/5.jpg") + '<meta name="tdm-reservation" content="1">',
        f"{SHOP}/products/6": b"\x89PNG",
    }
    done = crawl(web, shop(ways=("listing",), classes=("floral",), selectors={"image": "img.big"}))
    assert done.of("floral") == ["4.jpg"]
    assert done.bad() == {
        gone: ("dead", "answered 410"),
        closed: ("refused", "Forbidden by robots.txt"),
        silent: ("corrupt", "the page carries no JSON-LD Product with an image, no og:image, nothing at 'img.big'"),
        f"{SHOP}/dead.jpg": ("dead", "answered 404"),
        f"{SHOP}/kept-back.jpg": ("refused", "Forbidden by robots.txt"),
        f"{SHOP}/5.jpg": ("refused", "tdm-reservation"),
        f"{SHOP}/products/6": ("dead", "is no web page"),
    }
    assert f"{SHOP}/5.jpg" not in done.pictures
    assert not done.failures


# ---- which way, and what is unusable -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "no_feed", [404, 500, IgnoreRequest("robots"), "<html>password</html>", {"products": []}, {"products": 1}]
)
def test_a_shop_without_a_feed_is_read_by_its_sitemap_and_one_without_that_by_its_listings(crawl, no_feed) -> None:
    pages = {f"{SHOP}/products/1": product_page("/1.jpg", category="floral"), FEED.format("floral", 1): no_feed}
    by_sitemap = crawl({**pages, f"{SHOP}/sitemap.xml": sitemap(f"{SHOP}/products/1")}, shop(classes=("floral",)))
    by_listing = crawl({**pages, f"{SHOP}/collections/floral": listing("/products/1")}, shop(classes=("floral",)))
    assert by_sitemap.of("floral") == by_listing.of("floral") == ["1.jpg"]
    assert by_sitemap.failures == by_listing.failures == []


def test_the_order_of_ways_is_the_configurations(crawl) -> None:
    web = {FEED.format("floral", 1): feed(1), FEED.format("floral", 2): feed()}
    web |= {f"{SHOP}/collections/floral": listing("/products/2"), f"{SHOP}/products/2": product_page("/2.jpg")}
    assert crawl(web, shop(classes=("floral",), ways=("listing", "shopify"))).of("floral") == ["2.jpg"]
    assert crawl(web, shop(classes=("floral",), ways=("shopify", "listing"))).of("floral") == ["1-0.jpg"]


def test_a_shop_that_cannot_be_read_is_named_with_all_its_answers(crawl) -> None:
    web = {f"{SHOP}/collections/flowers": "<html>nothing</html>"}
    line, passing = crawl(web, shop(categories={"floral": ("flowers",)})).only_failure()
    assert line == (
        f"shop: {FEED.format('flowers', 1)} answered 404 (shopify); {SHOP}/sitemap.xml answered 404 (sitemap); "
        f"{SHOP}/collections/flowers holds no product (listing): {SHOP} cannot be read (category 'flowers', class floral)"
    )
    assert not passing


@pytest.mark.parametrize(("said", "asked"), [(NoAnswer(), 1), (503, 1), (429, 1), (500, 3)])
def test_a_shop_in_trouble_may_pass_and_one_that_is_tired_is_not_asked_another_way(crawl, said, asked: int) -> None:
    urls = FEED.format("floral", 1), f"{SHOP}/sitemap.xml", f"{SHOP}/collections/floral"
    done = crawl(dict.fromkeys(urls, said), shop())
    assert done.only_failure()[1] is True
    assert len(done.pages) == asked


def test_a_later_category_that_fails_is_named_and_the_others_are_kept(crawl) -> None:
    web = {FEED.format(name, 1): feed(i) for i, name in enumerate(("floral", "solid"))}
    web |= {FEED.format(name, 2): feed() for name in ("floral", "solid")}
    classes = ("floral", "dotted", "striped", "checkered", "solid")
    web |= {FEED.format("dotted", 1): 404, FEED.format("striped", 1): 502, FEED.format("checkered", 1): feed()}
    done = crawl(web, shop(), classes=classes)
    assert [tuple(failure) for failure in done.failures] == [
        (f"shop: {FEED.format('dotted', 1)} answered 404 (category 'dotted', class dotted)", False),
        (f"shop: {FEED.format('striped', 1)} answered 502 (category 'striped', class striped)", True),
    ]
    assert done.warnings == [
        f"shop: {FEED.format('checkered', 1)} holds no product (category 'checkered', class checkered)"
    ]
    assert done.of("floral") + done.of("solid") == ["0-0.jpg", "1-0.jpg"]


def test_a_shop_that_is_not_required_only_warns(crawl) -> None:
    done = crawl({}, shop(required=False))
    assert not done.failures
    assert len(done.warnings) == 1 and "cannot be read" in done.warnings[0]


def test_a_selector_that_is_none_is_named_before_anything_is_asked(crawl) -> None:
    done = crawl({}, shop(selectors={"image": "img[", "next": "a.next"}))
    assert done.only_failure()[0].startswith("shop: selectors.image: 'img[' is no CSS selector")
    assert not done.pages


def test_a_source_that_is_cut_off_is_not_taken_for_complete(crawl) -> None:
    spider = SwatchSpider([shop()], ("floral",), Journal(Path("data/raw").absolute() / "x"), failures := [], [])
    asyncio.run(anext(spider.start()))
    spider.closed("shutdown")
    assert [failure.passing for failure in failures] == [True]
    assert "was not read to its end" in failures[0].line


# ---- limits, and what is here already ----------------------------------------------------------------------------------------


def test_limits_stop_a_class_and_a_shop(crawl) -> None:
    web = {FEED.format(name, n): feed(n * 10, n * 10 + 1) for name in ("floral", "dotted") for n in range(1, 50)}
    done = crawl(web, shop(max_products=3))
    assert (len(done.of("floral")), len(done.of("dotted"))) == (3, 3)
    assert len(done.pages) == 4
    assert not done.warnings

    pages = [f"{SHOP}/products/{i}" for i in range(50)]
    web = {f"{SHOP}/sitemap.xml": sitemap(*pages)} | {
        url: product_page(f"{url}.jpg", category="floral") for url in pages
    }
    done = crawl(web, shop(name="b", ways=("sitemap",), max_products=3, classes=("floral",)))
    assert len(done.pages) == 4  # the sitemap and three products

    done = crawl(web, shop(name="c", ways=("sitemap",), max_requests=10, classes=("floral",)))
    assert len(done.pages) + len(done.pictures) == 10
    assert done.warnings == ["c: stopped after 10 requests, as its max_requests says"]
    assert not done.failures


@pytest.mark.parametrize("way", ["sitemap", "listing"])
def test_a_second_crawl_asks_only_for_products_that_are_new_or_were_not_whole(crawl, way: str) -> None:
    pages = [f"{SHOP}/products/{i}" for i in range(4)]
    web = {url: product_page(f"{url}-a.jpg", f"{url}-b.jpg", category="floral") for url in pages}
    start = f"{SHOP}/sitemap.xml" if way == "sitemap" else f"{SHOP}/collections/floral"
    show = sitemap if way == "sitemap" else listing
    source = shop(ways=(way,), classes=("floral",))
    first = crawl({**web, start: show(*pages[:3]), f"{pages[1]}-b.jpg": 404}, source)
    assert len(first.of("floral")) == 5

    second = crawl({**web, start: show(*pages)}, source.model_copy(update={"licence": "CC0"}))
    assert second.pages == [start, pages[1], pages[3]]
    assert second.pictures == [f"{pages[1]}-b.jpg", f"{pages[3]}-a.jpg", f"{pages[3]}-b.jpg"]
    assert len(second.of("floral")) == 8
    assert {row.licence for row in second.rows} == {"CC0"}
    assert crawl({**web, start: show(*pages)}, source).pages == [start]


def test_a_feed_is_read_again_and_only_its_new_pictures_are_fetched(crawl) -> None:
    web = {FEED.format("floral", 1): feed(1, 2), FEED.format("floral", 2): feed()}
    source = shop(classes=("floral",))
    crawl(web, source)
    done = crawl({**web, FEED.format("floral", 1): feed(2, 3)}, source)
    assert done.pictures == ["https://cdn.example/3-0.jpg"]
    assert done.of("floral") == ["2-0.jpg", "3-0.jpg"]  # what the shop no longer sells is not in its manifest


# ---- the configured shops ----------------------------------------------------------------------------------------------------


def configured(name: str) -> ShopSource:
    return next(source for source in load(ROOT / "params/full.yaml").crawl.sources if source.name == name)


@pytest.mark.parametrize(
    ("name", "start", "parameter", "tile", "count"),
    [
        (
            "fashion-fabrics-club",
            "https://www.fashionfabricsclub.com/c97970_check-fabric?PageSize=64",
            "page",
            '<div class="product-image"><img src="/img/{}.jpg"></div>',
            '<span class="result-count">1 - 64 of 1,003</span>',
        ),
        (
            "online-fabric-store",
            "https://www.onlinefabricstore.com/design-plaid-and-check.aspx?mpp=72",
            "pg",
            '<img class="itemImage" src="/img/{}.jpg">',
            '<span class="hawk-customNoOfRecords">Items: 1,003</span>',
        ),
    ],
)
def test_the_old_shops_are_read_from_their_listings_as_the_older_system_did(
    crawl, name, start, parameter, tile, count
) -> None:
    """Pages shaped as the older system's notebook met them, and nothing that today's ways could read."""

    def page(*numbers: int) -> str:
        return "<html>" + count + "".join(tile.format(n) for n in numbers) + '<img src="/logo.jpg"></html>'

    small = count.replace("1,003", "5")
    web = {
        start: page(1, 2),
        f"{start}&{parameter}=2": page(3, 4),
        f"{start}&{parameter}=3": page(4, 5).replace(count, small),
    }
    web[f"{start}&{parameter}=4"] = page(6)  # never asked: the shop said that it has five
    source = configured(name)
    assert not source.required
    done = crawl(web, source, classes=load(ROOT / "params/full.yaml").classes)
    assert done.of("checkered") == [f"{n}.jpg" for n in (1, 2, 3, 4, 5)]
    assert not done.failures
    assert len({row.group for row in done.rows}) == 5
    assert sum("answered 404" in line for line in done.warnings) >= 4  # the classes whose listings are not there
    assert f"{start}&{parameter}=4" not in done.pages


@pytest.mark.parametrize("name", ["fashion-fabrics-club", "online-fabric-store"])
def test_the_old_shops_are_read_from_a_feed_where_they_have_one(crawl, name: str) -> None:
    source = configured(name)
    handles = {cls: [word for word in words if not word.startswith("/")] for cls, words in source.categories.items()}
    assert set(handles) == set(source.classes)
    web = {}
    for number, handle in enumerate(handle for cls in source.classes for handle in handles[cls]):
        url = FEED.replace(SHOP, source.site)
        web |= {url.format(handle, 1): feed(number), url.format(handle, 2): feed()}
    done = crawl(web, source, classes=load(ROOT / "params/full.yaml").classes)
    assert {cls: len(done.of(cls)) for cls in source.classes} == {cls: len(words) for cls, words in handles.items()}
    assert not done.warnings


# ---- tables ------------------------------------------------------------------------------------------------------------------

TABLE = "https://tables.example/t.csv"


def test_a_table_is_read_from_an_address_and_its_pictures_carry_their_boxes(crawl) -> None:
    lines = [
        "dotted,http://a.example/1.jpg,640,480,10,20,400,400,0.79",
        "zz,http://b.example/2.jpg,64,48,0,0,64,48,1;2",
    ]
    source = CsvSource(kind="csv", name="table", path=TABLE, words={"zz": "floral"}, licence="as they say")
    done = crawl({TABLE: "\n".join([",".join(COLUMNS), *lines]), "http://b.example/2.jpg": 404}, source)
    kept, dead = sorted(done.rows, key=lambda row: row.cls)
    assert (kept.crop_x, kept.crop_width, kept.scales, kept.licence) == (10, 400, (0.79,), "as they say")
    assert (dead.cls, dead.status, dead.error) == ("floral", "dead", "answered 404")


def test_all_defects_of_a_table_are_one_failure_and_nothing_of_it_is_fetched(crawl, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = ["dotted,http://a.example/1.jpg,640,480,10,20,400,400,1", "x,http://a.example/2.jpg,a,480,0,0,9,9,1"]
    path.write_text("\n".join([",".join(COLUMNS), *lines]))
    done = crawl({}, CsvSource(kind="csv", name="table", path=str(path), licence="?"))
    line, passing = done.only_failure()
    assert [said.split(":")[0].rsplit(" ", 1)[-1] for said in line.split("\n")] == ["3", "3"]
    assert not passing and not done.pictures


@pytest.mark.parametrize(("said", "passing"), [(404, False), (503, True), (NoAnswer(), True), (b"\xff\xfe", False)])
def test_a_table_that_does_not_come_is_named(crawl, said, passing: bool) -> None:
    line, passes = crawl({TABLE: said}, CsvSource(kind="csv", name="table", path=TABLE, licence="?")).only_failure()
    assert TABLE in line
    assert passes is passing


def test_a_long_table_does_not_keep_a_shop_waiting(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [f"dotted,http://h{n}.example/1.jpg,640,480,10,20,400,400,1" for n in range(500)]
    path.write_text("\n".join([",".join(COLUMNS), *lines]))
    sources = CsvSource(kind="csv", name="table", path=str(path), licence="?"), shop(classes=("dotted",))
    spider = SwatchSpider(sources, ("dotted",), Journal(tmp_path / "raw"), [], [])

    async def first_two() -> list[str]:
        begun = spider.start()
        return [(await anext(begun)).url for _ in range(2)]

    assert asyncio.run(first_two()) == ["http://h0.example/1.jpg", FEED.format("dotted", 1)]


# ---- the embedded shop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["shopify", "sitemap", "listing"])
def test_the_embedded_shop_can_be_read_in_each_way_with_the_same_rows(crawl, monkeypatch, way: str) -> None:
    monkeypatch.setattr(embedded, "_drawing", lambda *_: SimpleNamespace(caption="cloth"))  # drawn in test_crawl.py
    settings = DemoShop(products=3, rows=1, photo_px=224, page_size=2)

    class Embedded(dict):
        def get(self, url: str, default=None):
            parts = embedded.urlsplit(url)
            if parts.path.startswith("/images/"):
                return PICTURE + url.encode()
            try:
                return embedded._answer(settings, parts.path, embedded.parse_qs(parts.query))[1].decode()
            except LookupError:
                return 404

    source = shop(name="demo", site=embedded.BASE, ways=(way,))
    done = crawl(Embedded(), source)
    assert [(row.cls, row.url, row.page_url, row.group) for row in done.rows] == [
        (cls, f"{embedded.BASE}/images/{cls}-{n}.jpg", page, f"page/{page}")
        for cls in ("dotted", "floral")
        for n in range(3)
        for page in [f"{embedded.BASE}/products/{cls}-{n}"]
    ]
    assert not done.failures
    again = crawl(Embedded(), source)
    assert not again.pictures
    assert not {row.page_url for row in again.rows} & set(again.pages)


def test_the_embedded_shops_feed_is_paged_and_the_same_every_day() -> None:
    settings = DemoShop(products=300, rows=1)

    def products(**query: str) -> list[dict]:
        kind, body = embedded._answer(settings, "/collections/floral/products.json", {k: [v] for k, v in query.items()})
        assert kind.startswith("application/json")
        return json.loads(body)["products"]

    assert [len(products(limit="999", page=page)) for page in "123"] == [250, 50, 0]
    assert len(products()) == 30
    product = products(limit="1", page="7")[0]
    assert product["handle"] == "floral-6" and product["images"][0]["src"].endswith("/images/floral-6.jpg")
    assert {"id", "title", "product_type", "tags", "updated_at"} <= set(product)
    assert len({product["id"] for product in products(limit="250")}) == 250
    for wrong in ({"page": "0"}, {"page": "x"}, {"limit": "-1"}):
        with pytest.raises(LookupError):
            products(**wrong)
