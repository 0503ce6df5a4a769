"""One crawl of a web that does its worst; then what became of each address, and what the web saw of the crawler."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crawling import GOOD, collect
from pictures import (
    SIDE,
    SVG,
    animation,
    archive,
    lying_on_its_side,
    marked,
    picture,
    text_bomb,
    two_in_one,
    wide_png,
    zipped,
)
from website import Answer, Site, endless, page, redirect, text

from scrapers.manifest import Row
from selvedge.io import sha256_bytes

CONTACT = "textiles@example.org"
UNPACKED = 26  # megabytes, one more than is taken

READABLE = {
    "/a.jpg": picture(1),
    "/a.png": picture(2, "PNG"),
    "/a.webp": picture(3, "WEBP"),
    "/a.bmp": picture(4, "BMP"),
    "/a.tif": picture(5, "TIFF"),
    "/cmyk.jpg": picture(6, "JPEG", "CMYK"),
    "/palette.png": picture(7, "PNG", "P"),
    "/alpha.png": picture(8, "PNG", "RGBA"),
    "/grey16.png": picture(9, "PNG", "I;16"),
    "/moves.gif": animation(),
    "/two.jpg": two_in_one(),
    "/turned.jpg": lying_on_its_side(),
    "/a-jpeg-named.png": picture(10),
}
CORRUPT = {
    "/page.jpg": b"<html>sold out</html>",
    "/drawing.jpg": SVG,
    "/cut.jpg": picture(20)[:-200],
    "/cut.png": picture(21, "PNG")[:-60],
    "/archive.tif": archive(),
    "/empty.jpg": b"",
    "/42-megapixels.png": wide_png(7000, 6000),
    "/400-megapixels.png": wide_png(20_000, 20_000),
    "/text-bomb.png": text_bomb(),
    "/tag.tif": b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 600,
}


def hostile(site: Site, closed: int) -> dict[str, list[str]]:
    """Put up the hosts; returns the addresses to ask for, by topic."""
    asked: dict[str, list[str]] = {}

    def host(topic: str, name: str, answers: dict, robots: Answer | None = None) -> None:
        site[name].update(answers)
        if robots is not None:
            site[name]["/robots.txt"] = robots
        asked.setdefault(topic, []).extend(f"http://{name}{path}" for path in answers if not path.startswith("/."))

    host("readable", "kinds.example", {path: Answer(body, "text/html") for path, body in READABLE.items()})
    host("corrupt", "lies.example", {path: Answer(body) for path, body in CORRUPT.items()})
    host(
        "too large",
        "big.example",
        {
            "/told.jpg": Answer(endless(), length=26_000_000),
            "/endless.jpg": Answer(endless()),
            "/bomb.jpg": Answer(zipped(UNPACKED), headers={"Content-Encoding": "gzip"}),
            "/chunks.jpg": Answer(
                endless(b"10000\r\n" + b"x" * 0x10000 + b"\r\n"), headers={"Transfer-Encoding": "chunked"}
            ),
        },
    )
    host(
        "packed",
        "packed.example",
        {"/many.jpg": Answer(zipped(1), headers={"Content-Encoding": "gzip, gzip, gzip, gzip"})},
    )
    host("packed", "packed.example", {"/not.jpg": Answer(picture(30), headers={"Content-Encoding": "gzip"})})
    host(
        "packed fairly",
        "packed.example",
        {"/fair.jpg": Answer(gzip(picture(31)), headers={"Content-Encoding": "gzip"})},
    )
    host("broken off", "short.example", {"/a.jpg": Answer(picture(32), length=9_000)})
    host(
        "broken off",
        "heads.example",
        {"/a.jpg": Answer(picture(33), headers={f"X-{i}": "y" * 9000 for i in range(40)})},
    )
    host("drips", "drips.example", {"/a.jpg": Answer(endless(b"x", 0.2))})

    here = site.port
    host(
        "redirected away",
        "leads.example",
        {
            "/loopback.jpg": redirect(f"http://127.0.0.1:{here}/secret"),
            "/name.jpg": redirect(f"http://localhost:{here}/secret"),
            "/dot.jpg": redirect(f"http://localhost.:{here}/secret"),
            "/hex.jpg": redirect(f"http://0x7f000001:{here}/secret"),
            "/short.jpg": redirect(f"http://127.1:{here}/secret"),
            "/number.jpg": redirect(f"http://2130706433:{here}/secret"),
            "/mapped.jpg": redirect(f"http://[::ffff:7f00:1]:{here}/secret"),
            "/six.jpg": redirect(f"http://[::1]:{here}/secret", 307),
            "/private.jpg": redirect("http://10.0.0.1/secret", 301),
            "/metadata.jpg": redirect("http://169.254.169.254/latest/meta-data", 308),
            "/proxy.jpg": redirect(f"http://stand-in.localhost:{here}/secret"),
            "/file.jpg": redirect("file:///etc/passwd"),
            "/twice.jpg": redirect("http://good.example/away.jpg"),
            "/password.jpg": redirect("http://user:word@good.example/good.jpg"),
        },
    )
    site["good.example"]["/away.jpg"] = redirect(f"http://127.0.0.1:{here}/secret")
    host("round in circles", "leads.example", {"/loop.jpg": redirect("/loop.jpg")})
    host("redirected well", "leads.example", {"/well.jpg": redirect("http://good.example/well.jpg")})
    site["good.example"]["/well.jpg"] = Answer(picture(40))
    host("literal", "x.example", {})
    asked["literal"] = [
        "http://127.0.0.1/a.jpg",
        "http://[::1]/a.jpg",
        "ftp://good.example/a.jpg",
        "file:///etc/passwd",
    ]

    forbids = text("User-agent: otherbot\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\nAllow: /private/open/\n")
    host("forbidden", "forbids.example", {"/private/a.jpg": Answer(picture(50))}, forbids)
    host(
        "allowed",
        "forbids.example",
        {"/private/open/a.jpg": Answer(picture(51)), "/b.jpg": Answer(picture(52))},
        forbids,
    )
    named = text("User-agent: Selvedge\nDisallow: /\n\nUser-agent: *\nAllow: /\n")
    host("forbidden", "named.example", {"/a.jpg": Answer(picture(53))}, named)
    host("allowed", "gone-robots.example", {"/a.jpg": Answer(picture(54))}, text("", status=410))
    host("allowed", "moved.example", {"/a.jpg": Answer(picture(55))}, redirect("http://good.example/their-robots.txt"))
    host("forbidden", "moved.example", {"/shut/a.jpg": Answer(picture(56))})
    site["good.example"]["/their-robots.txt"] = text("User-agent: *\nDisallow: /shut\n")
    host("no robots.txt", "tired.example", {"/a.jpg": Answer(picture(57))}, text("", status=500))
    host(
        "no robots.txt",
        "flood.example",
        {"/a.jpg": Answer(picture(58))},
        Answer(endless(b"Disallow: /x\n" * 999), "text/plain"),
    )
    host(
        "no robots.txt", "sly.example", {"/a.jpg": Answer(picture(59))}, redirect(f"http://127.0.0.1:{here}/robots.txt")
    )
    signal = text("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n")
    host("reserved", "signal.example", {"/a.jpg": Answer(picture(60))}, signal)

    def tagged(*values: str) -> Answer:
        body = picture(sum(map(len, values)) + 61)
        return Answer(body, headers=dict(zip(("X-Robots-Tag", "x-robots-tag"), values, strict=False)))

    words = ("noai", "noimageai", "noindex", "noimageindex", "noml", "none", "selvedge: noai", "all, NoAI")
    refusing = {f"/{number}.jpg": tagged(word) for number, word in enumerate(words)}
    host("reserved", "tags.example", {**refusing, "/two.jpg": tagged("otherbot: nofollow", "noai")})
    other = (
        "otherbot: noai",
        "nofollow",
        "max-image-preview: none",
        "unavailable_after: 25 Jun 2040 15:00:00 GMT",
        "otherbot: noai, none",
    )
    host("not reserved", "tags.example", {f"/o{number}.jpg": tagged(word) for number, word in enumerate(other)})
    host("reserved", "tdm-header.example", {"/a.jpg": Answer(picture(90), headers={"TDM-Reservation": "1"})})
    host("not reserved", "tdm-header.example", {"/b.jpg": Answer(picture(91), headers={"tdm-reservation": "0"})})
    rules = '[{"location": "/", "tdm-reservation": 1}, {"location": "/free/*.jpg$", "tdm-reservation": 0}]'
    site["tdm.example"]["/.well-known/tdmrep.json"] = Answer(rules.encode(), "application/json")
    host("reserved", "tdm.example", {"/a.jpg": Answer(picture(92)), "/free/a.jpg?x": Answer(picture(93))})
    host("not reserved", "tdm.example", {"/free/a.jpg": Answer(picture(94))})
    site["html-tdm.example"]["/.well-known/tdmrep.json"] = page("welcome to our shop")
    host("not reserved", "html-tdm.example", {"/a.jpg": Answer(picture(95))})
    prohibited = b"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING"
    host("reserved", "marked.example", {"/a.jpg": Answer(marked(prohibited))})
    host("not reserved", "marked.example", {"/b.jpg": Answer(marked(b"http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"))})

    asked["nowhere"] = ["http://nowhere.example/a.jpg"]
    asked["dead"] = [f"http://closed.example/{i}.jpg" for i in range(6)]
    site["good.example"]["/missing.jpg"] = Answer(b"gone", "text/plain", 404)
    asked["answered 404"] = ["http://good.example/missing.jpg"]
    return asked


def gzip(data: bytes) -> bytes:
    import gzip as module

    return module.compress(data)


class Outcome:
    """The site's log, the rows, and the addresses by topic."""

    def __init__(self, folder: Path, site: Site, asked: dict[str, list[str]], rows: dict[str, Row]) -> None:
        self.folder, self.site, self.asked, self.rows = folder, site, asked, rows

    def of(self, topic: str) -> list[Row]:
        """The rows of a topic; each of its addresses has one."""
        return [self.rows[url] for url in self.asked[topic]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("hostile")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with Site() as site, pytest.MonkeyPatch.context() as patch:
        patch.setenv("http_proxy", f"http://127.0.0.1:{site.port}")
        asked = hostile(site, closed)
        urls = [url for topic in asked.values() for url in topic]
        random.Random(7).shuffle(urls)
        rows = collect(folder, site, urls, {"closed.example": closed}, contact=CONTACT, timeout_s=2)
        yield Outcome(folder, site, asked, rows)


def every(rows: list[Row], status: str, says: Callable[[str], bool] | str = "") -> None:
    test = says if callable(says) else lambda error: says in error
    wrong = [(row.url, row.status, row.error) for row in rows if row.status != status or not test(row.error)]
    assert rows and not wrong


def test_each_address_ends_as_one_row(outcome: Outcome) -> None:
    urls = [url for topic in outcome.asked.values() for url in topic]
    assert sorted(outcome.rows) == sorted({*urls, GOOD})
    assert all(row.licence == "of a test" for row in outcome.rows.values())


def test_pictures_of_every_kind_are_known_by_their_content(outcome: Outcome) -> None:
    rows = outcome.of("readable")
    every(rows, "ok")
    for row in rows:
        path = outcome.folder / "data/raw" / row.file
        body = READABLE[row.url.removeprefix("http://kinds.example")]
        assert path.read_bytes() == body, "kept as it came"
        assert (row.sha256, row.bytes) == (sha256_bytes(body), len(body))
        assert path.stem == row.sha256
    endings = {row.url.rpartition("/")[2]: row.file.rpartition(".")[2] for row in rows}
    assert endings["a-jpeg-named.png"] == endings["two.jpg"] == "jpg"
    assert {endings[name] for name in ("a.webp", "a.bmp", "a.tif", "moves.gif")} == {"webp", "bmp", "tif", "gif"}
    turned = outcome.rows["http://kinds.example/turned.jpg"]
    assert (turned.file_width, turned.file_height) == (SIDE // 2, SIDE)


def test_what_cannot_be_read_is_in_quarantine_with_its_reason(outcome: Outcome) -> None:
    rows = outcome.of("corrupt")
    every(rows, "corrupt")
    for row in rows:
        body = CORRUPT[row.url.removeprefix("http://lies.example")]
        assert row.error and row.url not in row.error
        if body:
            assert row.file == f"quarantine/{row.sha256[:2]}/{row.sha256}.bin"
            assert (outcome.folder / "data/raw" / row.file).read_bytes() == body
            assert row.bytes == len(body)
        assert row.width == SIDE, "what the table said of it stays"
    reasons = {row.url.rpartition("/")[2]: row.error for row in rows}
    assert reasons["42-megapixels.png"] == "7000x6000 is more than 40,000,000 pixels"
    assert "20000x20000" in reasons["400-megapixels.png"] or "decompression bomb" in reasons["400-megapixels.png"]


def test_nothing_larger_than_25_megabytes_comes_packed_or_endless(outcome: Outcome) -> None:
    every(outcome.of("too large"), "refused", "larger than 25 MB")
    many, broken = outcome.of("packed")
    assert (many.status, many.error) == ("refused", "packed 4 times over")
    assert (broken.status, broken.error) == ("dead", "its Content-Encoding gzip cannot be unpacked")
    every(outcome.of("packed fairly"), "ok")


def test_what_breaks_off_or_drips_is_dead(outcome: Outcome) -> None:
    every(outcome.of("broken off"), "dead", "the connection broke off")
    every(outcome.of("drips"), "dead", "took too long")
    every(outcome.of("answered 404"), "dead", "answered 404")


def test_no_hop_leads_to_an_address_that_is_not_public(outcome: Outcome) -> None:
    every(outcome.of("redirected away"), "refused", "redirected to ")
    every(outcome.of("literal"), "refused")
    every(outcome.of("round in circles"), "dead", "redirected more than 5 times")
    every(outcome.of("redirected well"), "ok")
    assert not [visit for visit in outcome.site.log if "secret" in visit.path or not visit.host.endswith(".example")]


def test_robots_txt_is_asked_for_first_and_once_and_obeyed(outcome: Outcome) -> None:
    every(outcome.of("forbidden"), "refused", "robots.txt forbids it")
    every(outcome.of("allowed"), "ok")
    every(outcome.of("no robots.txt"), "refused", "robots.txt")
    site = outcome.site
    for host in {visit.host for visit in site.log} - {"tired.example", "flood.example", "sly.example", "good.example"}:
        paths = site.paths(host)
        assert paths[0] == "/robots.txt" and paths.count("/robots.txt") == 1, host
        assert paths.count("/.well-known/tdmrep.json") <= 1
    for host in ("tired.example", "flood.example", "sly.example", "named.example", "signal.example"):
        assert set(site.paths(host)) == {"/robots.txt"}
    assert "/private/a.jpg" not in site.paths("forbids.example")


def test_reservations_are_respected_wherever_they_are_said(outcome: Outcome) -> None:
    every(outcome.of("reserved"), "refused", lambda error: bool(error))
    every(outcome.of("not reserved"), "ok")
    assert outcome.rows["http://tags.example/0.jpg"].error == "X-Robots-Tag: noai"
    assert outcome.site.paths("tdm.example") == ["/robots.txt", "/.well-known/tdmrep.json", "/free/a.jpg"]
    assert "DMI-PROHIBITED-GENAIMLTRAINING" in outcome.rows["http://marked.example/a.jpg"].error
    # nothing of them is kept
    kept = {path.stem for path in (outcome.folder / "data/raw").rglob("*.*")}
    bodies = [marked(b"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING"), picture(92), picture(90)]
    assert not kept & {sha256_bytes(body) for body in bodies}


def test_a_host_that_refuses_connections_is_left_alone(outcome: Outcome) -> None:
    every(outcome.of("dead"), "dead", "the host failed 3 times in a row: it refuses connections")


def test_a_proxy_of_the_environment_carries_no_request_past_the_guard(outcome: Outcome) -> None:
    every(outcome.of("nowhere"), "dead", "leads nowhere")
    assert not outcome.site.paths("nowhere.example")


def test_every_request_says_who_asks_and_one_is_under_way_at_a_time(outcome: Outcome) -> None:
    agents = {visit.user_agent for visit in outcome.site.log}
    assert len(agents) == 1
    assert agents.pop().startswith("Selvedge/") and CONTACT in next(iter(outcome.site.log)).user_agent
    # where the crawler hung up, the site may notice late
    cut_off = {"big.example", "drips.example", "flood.example", "heads.example"}
    assert {host for host, most in outcome.site.busiest.items() if most > 1} <= cut_off
