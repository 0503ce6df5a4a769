"""Shops on the site: one that leads in circles and serves broken data, one that is as it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from unittest import mock

import pytest
from helpers import small_params
from pictures import picture
from website import Answer, Site, page, redirect

from scrapers import crawl
from scrapers.manifest import Row, read_manifest
from selvedge.config import Params

BAD, GOOD = "http://bad.example", "http://feed.example"


def product(*images: str, data: str | None = None, head: str = "") -> Answer:
    """A product's page with JSON-LD."""
    text = data if data is not None else json.dumps({"@type": "Product", "name": "cloth", "image": list(images)})
    return page(f'{head}<script type="application/ld+json">{text}</script>')


def links(*names: str, more: str = "") -> str:
    found = "".join(f'<a class="product" href="/products/{name}">{name}</a>' for name in names)
    return found + (f'<a rel="next" href="{more}">more</a>' if more else "")


def bad_shop(site: Site) -> None:
    """Paging that comes back to where it began, products that are broken, marked, or point into the house."""
    here = site["bad.example"]
    here["/collections/dotted"] = page(links("fine", "broken", "deep", "marked", more="/collections/dotted?page=2"))
    here["/collections/dotted?page=2"] = page(links("inside", "gone", "fine", more="/collections/dotted?page=3"))
    here["/collections/dotted?page=3"] = page(links("round", more="/collections/dotted"))
    here["/products/fine"] = product("/images/fine.jpg", "/images/fine.jpg")
    here["/products/broken"] = product(data='{"@type": "Product", "image": ["/images/never.jpg"')
    here["/products/deep"] = product(data="[" * 50_000)
    here["/products/marked"] = product("/images/marked.jpg", head='<meta name="robots" content="noai">')
    here["/products/inside"] = product(f"http://127.0.0.1:{site.port}/secret.jpg", "file:///etc/passwd")
    here["/products/round"] = redirect("/products/round")
    here["/images/fine.jpg"] = Answer(picture(1))
    here["/images/marked.jpg"] = Answer(picture(2))


def good_shop(site: Site) -> None:
    """Products as Shopify lists them."""
    here = site["feed.example"]
    for cls, numbers in (("dotted", (10, 11)), ("striped", (12,))):
        products = [
            {"id": n, "title": cls, "handle": f"{cls}-{n}", "images": [{"src": f"{GOOD}/images/{n}.jpg"}]}
            for n in numbers
        ]
        feed, nothing = ({"products": found} for found in (products, []))
        for address in ("limit=250&page=1", "limit=250", "page=1&limit=250"):
            here[f"/collections/{cls}/products.json?{address}"] = Answer(json.dumps(feed).encode(), "application/json")
        for address in ("limit=250&page=2", "page=2&limit=250"):
            here[f"/collections/{cls}/products.json?{address}"] = Answer(
                json.dumps(nothing).encode(), "application/json"
            )
        here.update({f"/images/{n}.jpg": Answer(picture(n)) for n in numbers})


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, Row]]]:
    with Site() as site, chdir(tmp_path_factory.mktemp("shops")), mock.patch.object(crawl.report, "write"):
        bad_shop(site)
        good_shop(site)
        sources = [
            {
                "kind": "shop",
                "name": "bad",
                "site": BAD,
                "licence": "of a test",
                "ways": ["listing"],
                "classes": ["dotted"],
            },
            {"kind": "shop", "name": "feed", "site": GOOD, "licence": "of a test"},
        ]
        changes = {"sources": sources, "delay_s": 0, "timeout_s": 5}
        params = Params.model_validate(small_params(classes=["dotted", "striped"], crawl=changes))
        crawl.run(params, site.stand_ins)
        yield site, {row.url: row for row in read_manifest()}


def test_a_shop_as_it_should_be_is_collected(crawled: tuple[Site, dict[str, Row]]) -> None:
    rows = [row for row in crawled[1].values() if row.source == "feed"]
    assert {(row.url, row.cls, row.status) for row in rows} == {
        (f"{GOOD}/images/10.jpg", "dotted", "ok"),
        (f"{GOOD}/images/11.jpg", "dotted", "ok"),
        (f"{GOOD}/images/12.jpg", "striped", "ok"),
    }


def test_paging_in_circles_ends(crawled: tuple[Site, dict[str, Row]]) -> None:
    paths = crawled[0].paths("bad.example")
    listings = [path for path in paths if path.startswith("/collections/dotted")]
    assert sorted(listings) == ["/collections/dotted", "/collections/dotted?page=2", "/collections/dotted?page=3"]
    assert paths.count("/products/fine") == paths.count("/images/fine.jpg") == 1


def test_what_is_wrong_with_a_product_is_its_rows_reason(crawled: tuple[Site, dict[str, Row]]) -> None:
    site, rows = crawled
    found = {url.removeprefix(BAD): (row.status, row.error) for url, row in rows.items() if row.source == "bad"}
    assert found["/images/fine.jpg"] == ("ok", "")
    assert found["/products/broken"][0] == found["/products/deep"][0] == "corrupt"
    assert found["/images/marked.jpg"] == ("refused", '<meta name="robots"> says noai')
    assert found["/products/gone"] == ("dead", "answered 404")
    assert found["/products/round"] == ("dead", "redirected more than 5 times")
    inside = rows[f"http://127.0.0.1:{site.port}/secret.jpg"]
    assert (inside.status, "public" in inside.error) == ("refused", True)
    assert not [visit for visit in site.log if "secret" in visit.path or "marked.jpg" in visit.path]
