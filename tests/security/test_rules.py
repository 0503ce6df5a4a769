"""The rules by themselves: which addresses are public, what a header or a file reserves, what a decoder may trip over."""

from __future__ import annotations

import io
import json
import random
import time
from email.utils import formatdate

import numpy as np
import pytest
from helpers import small_params
from hypothesis import given
from hypothesis import strategies as st
from pictures import SIDE, animation, picture
from PIL import Image
from protego import Protego
from scrapy.http import HtmlResponse, Request, Response
from scrapy.resolver import dnscache
from scrapy.settings import Settings
from twisted.internet import reactor
from twisted.internet.error import DNSLookupError

from scrapers.manifest import Row
from scrapers.middlewares import LOOPBACK, Guard, PublicResolver, Refused, asked_pause
from scrapers.optout import Reservations, refusal_in_headers, refusal_in_page, refusal_in_robots
from scrapers.pace import retry_after
from scrapers.pipelines import Fetched, judge
from scrapers.settings import settings
from selvedge.config import Params
from selvedge.io import open_image
from selvedge.net import EMBEDDED_HOST, host_of, is_public, refusal

# ---- addresses -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://example.org/a", "scheme"),
        ("data:image/png;base64,AAAA", "scheme"),
        ("//example.org/a", "scheme"),
        ("http://127.0.0.1/a", "public"),
        ("http://127.0.0.1./a", "public"),
        ("http://127.1/a", "public"),
        ("http://0x7f000001/a", "public"),
        ("http://0x7f.0.0.0x1/a", "public"),
        ("http://0177.0.0.1/a", "public"),
        ("http://2130706433/a", "public"),
        ("http://0/a", "public"),
        ("http://[::1]/a", "public"),
        ("http://[::ffff:7f00:1]/a", "public"),
        ("http://[::7f00:1]/a", "public"),
        ("http://[64:ff9b::a00:1]/a", "public"),
        ("http://[2002:a00:1::]/a", "public"),
        ("http://[fd00::1]/a", "public"),
        ("http://10.1.2.3/a", "public"),
        ("http://100.64.0.1/a", "public"),
        ("http://169.254.169.254/latest", "public"),
        ("http://localhost:8080/", "public"),
        ("http://LOCALHOST./", "public"),
        ("http://a.localhost/", "public"),
        ("http://printer.local/", "public"),
        ("http://metadata.google.internal/", "public"),
        (f"http://{LOOPBACK}:8080/", "public"),
        ("http://user:word@example.org/", "password"),
        ("http:///a", "host"),
        ("http://[::1/a", "no address"),
        ("http://example.org:99999/a", "no address"),
    ],
)
def test_addresses_that_are_not_fetched(url: str, why: str) -> None:
    assert why in (refusal(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=c",
        f"http://{EMBEDDED_HOST}/a",
        "http://8.8.8.8/",
        "http://3com.example/",
        "http://a1.example./",
    ],
)
def test_addresses_that_are_fetched(url: str) -> None:
    assert refusal(url) is None


def test_the_embedded_shop_is_the_one_exception_by_its_whole_name() -> None:
    assert all(host_of(f"http://{host}/") == EMBEDDED_HOST for host in (EMBEDDED_HOST, f"{EMBEDDED_HOST.upper()}.:80"))
    for near in (
        f"http://{EMBEDDED_HOST}.example/",
        f"http://x.{EMBEDDED_HOST}/",
        f"http://example.org/{EMBEDDED_HOST}",
    ):
        assert host_of(near) != EMBEDDED_HOST
    assert "public" in refusal(f"http://x.{EMBEDDED_HOST}/")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_ones(address: str) -> None:
    assert is_public(address)


@given(
    st.ip_addresses(network="10.0.0.0/8")
    | st.ip_addresses(network="127.0.0.0/8")
    | st.ip_addresses(network="192.168.0.0/16")
)
def test_private_addresses_are_private_however_ipv6_wraps_them(address) -> None:
    low = int(address)
    wrapped = [f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}", f"2002:{low >> 16:x}:{low & 0xFFFF:x}::"]
    assert not any(is_public(form) for form in (str(address), *wrapped))


def resolve(name: str, address: str):
    """What the crawl's resolver makes of a name that leads to `address`."""
    results: list = []
    resolver = PublicResolver(reactor, cache_size=100, timeout=1)
    dnscache[name] = address
    resolver.getHostByName(name).addBoth(results.append)
    del dnscache[name]
    return results[0]


def test_a_name_that_resolves_to_a_private_address_is_not_connected_to() -> None:
    assert resolve("shop.example", "93.184.216.34") == "93.184.216.34"
    for name in ("rebound.example", "10.0.0.7", "127.1"):  # also where it is a number already
        failure = resolve(name, "10.0.0.7")
        assert failure.check(DNSLookupError)
        assert "10.0.0.7, which is not on the public internet" in str(failure.value)


def guarded(url: str, contact: str = "", **meta: object) -> Request:
    """A request after the guard has seen it."""

    class Crawler:
        settings = Settings({"STAND_INS": {EMBEDDED_HOST: 4242}, "CONTACT": contact, "DOWNLOAD_MAXSIZE": 1000})

    request = Request(url, meta=meta)
    Guard(Crawler).process_request(request)
    return request


def test_no_proxy_of_the_environment_resolves_names_in_the_guards_place() -> None:
    crawl = Params.model_validate(small_params()).crawl
    assert settings(crawl, {})["HTTPPROXY_ENABLED"] is False


def test_the_guard_needs_a_contact_for_all_but_stand_ins() -> None:
    assert guarded(f"http://{EMBEDDED_HOST}/a").meta["proxy"] == f"http://{LOOPBACK}:4242"
    with pytest.raises(Refused, match=r"crawl\.contact is empty"):
        guarded("http://example.org/a")
    assert "proxy" not in guarded("http://example.org/a", contact="me@example.org").meta


def test_a_redirect_from_a_stand_in_does_not_take_its_way_along() -> None:
    request = guarded("http://example.org/a", contact="me@example.org", proxy=f"http://{LOOPBACK}:4242")
    assert "proxy" not in request.meta
    with pytest.raises(Refused, match="a stand-in does not speak"):
        guarded(f"https://{EMBEDDED_HOST}/a")


# ---- reservations --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["noai"], "noai"),
        (["index, NOIMAGEAI"], "noimageai"),
        (["none"], "none"),
        (["selvedge: noml"], "noml"),
        (["Selvedge: follow, noindex"], "noindex"),
        (["otherbot: noai, selvedge: noai"], "noai"),
        (["nofollow", "noimageindex"], "noimageindex"),
        (["unavailable_after: 25 Jun 2040 15:00:00 GMT, noai"], "noai"),
        (["otherbot: noai"], None),
        (["otherbot: noai, none"], None),
        (["selvedge: all, otherbot: noai"], None),
        (["max-image-preview: none"], None),
        (["nofollow, noarchive, nosnippet, all"], None),
        ([""], None),
    ],
)
def test_x_robots_tag(tags: list[str], found: str | None) -> None:
    response = Response("http://x.example/", headers={"X-Robots-Tag": tags})
    assert refusal_in_headers(response) == (f"X-Robots-Tag: {found}" if found else None)


def test_a_sitemap_that_is_not_to_be_indexed_may_be_read() -> None:
    body = b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>'
    assert (
        refusal_in_headers(Response("http://x.example/", headers={"X-Robots-Tag": "noindex, follow"}, body=body))
        is None
    )
    assert refusal_in_headers(Response("http://x.example/", headers={"X-Robots-Tag": "noai"}, body=body))


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        ('<meta name="robots" content="noai">', True),
        ('<META NAME="Robots" CONTENT="index,NoImageAI">', True),
        ('<meta content="none" name="selvedge">', True),
        ('<meta name="tdm-reservation" content="1">', True),
        ('<meta name="tdm-reservation" content="0">', False),
        ('<meta name="otherbot" content="noai">', False),
        ('<meta name="robots" content="max-image-preview:large">', False),
        ('<meta name="description" content="noai">', False),
        ("", False),
    ],
)
def test_meta_of_a_page(head: str, refused: bool) -> None:
    response = HtmlResponse("http://x.example/", body=f"<html><head>{head}</head><p>noai".encode(), encoding="utf-8")
    assert bool(refusal_in_page(response)) is refused
    assert refusal_in_page(Response("http://x.example/", body=head.encode())) is None


@pytest.mark.parametrize(
    ("robots", "refused"),
    [
        ("User-agent: *\nContent-Signal: search=yes,ai-train=no\nAllow: /", True),
        ("Content-Signal: ai-train=no", True),
        ("User-agent: *\nContent-Usage: train-ai=n", True),
        ("User-agent: selvedge\nUser-agent: a\nContent-Signal: ai-train = no", True),
        ("User-agent: *\nContent-Signal: ai-train=yes", False),
        ("User-agent: *\nContent-Signal: search=no", False),
        ("User-agent: otherbot\nContent-Signal: ai-train=no\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nAllow: /\n# Content-Signal: ai-train=no", False),
        ("", False),
    ],
)
def test_content_signals_of_robots_txt(robots: str, refused: bool) -> None:
    assert bool(refusal_in_robots(robots)) is refused


RULES = [
    {"location": "/directory-a/", "tdm-reservation": 1},
    {"location": "/directory-b/html/", "tdm-reservation": 1, "tdm-policy": "https://provider.example/policy.json"},
    {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
    {"location": "/only$", "tdm-reservation": 1},
]


@pytest.mark.parametrize(
    ("path", "reserved"),
    [
        ("/directory-a/x.jpg", True),
        ("/directory-b/html/index.html", True),
        ("/directory-b/images/a/b.jpg", False),
        ("/directory-c/", False),
        ("/only", True),
        ("/only/more", False),
        ("", False),
    ],
)
def test_the_example_of_the_tdm_reservation_protocol(path: str, reserved: bool) -> None:
    assert bool(Reservations(json.dumps(RULES)).refusal(f"https://provider.example{path}")) is reserved


@given(st.text("ab/*$", max_size=12), st.text("ab/", max_size=12))
def test_locations_match_as_robots_txt_does(place: str, path: str) -> None:
    place, path = "/" + place.replace("$", ""), "/" + path
    for pattern in (place, place + "$"):
        ours = Reservations(json.dumps([{"location": pattern, "tdm-reservation": 1}])).refusal(
            f"http://x.example{path}"
        )
        theirs = Protego.parse(f"User-agent: *\nDisallow: {pattern}").can_fetch(f"http://x.example{path}", "selvedge")
        assert bool(ours) is not theirs


@pytest.mark.parametrize(
    "text", ["", "<html>not found</html>", "[" * 100_000, "null", '[1, {"location": 3}]', '{"a": 1}']
)
def test_a_file_that_is_none_reserves_nothing(text: str) -> None:
    assert Reservations(text).refusal("http://x.example/a") is None


def test_crawl_delay_and_request_rate() -> None:
    def asked(*lines: str) -> float:
        return asked_pause(Protego.parse("\n".join(("User-agent: *", *lines))))

    assert asked("Crawl-delay: 2.5") == 2.5
    assert asked("Request-rate: 3/60") == 20
    assert asked("Request-rate: 1/5m", "Crawl-delay: 7") == 300
    assert (
        asked("Disallow: /x")
        == asked("Crawl-delay: soon")
        == asked("Crawl-delay: -3")
        == asked("Crawl-delay: nan")
        == 0
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), (" 7 ", 7), ("-5", None), ("soon", None), ("", None), ("9" * 40, 999_999_999_999)],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert retry_after(Response("http://x.example/", headers={"Retry-After": text})) == seconds


def test_retry_after_as_a_date_goes_by_the_hosts_own_clock() -> None:
    def asked(**headers: str) -> float | None:
        return retry_after(
            Response("http://x.example/", headers={key.replace("_", "-"): value for key, value in headers.items()})
        )

    assert asked(Retry_After=formatdate(1_000_090, usegmt=True), Date=formatdate(1_000_000, usegmt=True)) == 90
    assert asked(Retry_After=formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=2)
    assert asked(Retry_After=formatdate(time.time() - 60, usegmt=True)) == 0
    assert asked(Retry_After="Thu, 99 Jan 2099 00:00:00 GMT") is None
    assert retry_after(Response("http://x.example/")) is None


# ---- pictures ------------------------------------------------------------------------------------------------------------------


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off() -> None:
    deep = np.asarray(open_image(picture(9, "PNG", "I;16")))
    shallow = np.asarray(open_image(picture(9, "PNG", "L")))
    assert np.array_equal(deep, shallow)


def test_an_animation_is_its_first_frame() -> None:
    assert open_image(animation()).getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_no_broken_file_brings_the_crawl_down(kind: str, tmp_path) -> None:
    class NoJournal:
        def lay(self, row: Row, data: bytes, ending: str, folder: str = "files"):
            return row, None

    body = picture(3, kind)
    rng = random.Random(kind)
    for _ in range(150):
        broken = bytearray(body)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(min(len(broken), 400))] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
        broken = bytes(broken[: rng.choice((len(broken), rng.randrange(len(broken))))])
        row, _ = judge(NoJournal(), Fetched(Row("dotted", "u"), broken))
        assert row.error if row.status == "corrupt" else row.file_width


def test_a_body_of_40_megapixels_is_looked_at_and_one_more_is_not() -> None:
    image = io.BytesIO()
    Image.new("1", (8000, 5000)).save(image, "PNG")
    assert open_image(image.getvalue(), mode="L").size == (8000, 5000)
    assert SIDE < 8000
