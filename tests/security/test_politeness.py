"""How hosts are asked, told from the web's own log: pauses, Retry-After, and slow hosts that hold up themselves alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
from crawling import collect
from pictures import picture
from website import Answer, Site, redirect, text

from scrapers.demo import shop
from scrapers.manifest import Row
from selvedge.net import EMBEDDED_HOST

DELAY, PATIENCE = 0.25, 30.0
FAST, SLOW = 16, 7  # hosts that answer at once; pictures of the host that does not
CROWD = 300  # addresses on a host whose robots.txt is slow to come: more than the crawl keeps under way
NOW_AND_THEN = 5.0  # seconds from the test's start until the host of dates is there again


class Outcome:
    """The site with its log, the rows by address, and when the test began."""

    def __init__(self, site: Site, rows: dict[str, Row], began: float) -> None:
        self.site, self.rows, self.began = site, rows, began

    def of(self, host: str) -> list[Row]:
        return [row for url, row in self.rows.items() if url.startswith(f"http://{host}/")]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    with Site() as site:
        urls = []

        def host(name: str, count: int, robots: str = "", **answers: object) -> None:
            for number in range(count):
                site[name][f"/{number}.jpg"] = answers.get(f"at_{number}") or Answer(
                    picture(hash_of(name) + number), **more
                )
                urls.append(f"http://{name}/{number}.jpg")
            if robots:
                site[name]["/robots.txt"] = text(robots)

        more: dict = {}
        host("crowd.example", CROWD)  # first in the table
        site["crowd.example"]["/robots.txt"] = text("User-agent: *\nDisallow: /\n", wait=6)
        more = {"wait": 0.6}
        host("slow.example", SLOW)
        more = {}
        for number in range(FAST):
            host(f"fast{number}.example", 2)
        host("paced.example", 3, "User-agent: *\nCrawl-delay: 0.6\n")
        host("named.example", 3, "User-agent: selvedge\nCrawl-delay: 0.5\n\nUser-agent: *\nCrawl-delay: 4000\n")
        host("rate.example", 3, "User-agent: *\nRequest-rate: 2/1\n")
        host("glacier.example", 3, "User-agent: *\nCrawl-delay: 4000\n")
        host("bounces.example", 3, **{f"at_{i}": redirect(f"http://paced.example/more{i}.jpg") for i in range(3)})
        for i in range(3):
            site["paced.example"][f"/more{i}.jpg"] = Answer(picture(900 + i))

        busy = Answer(b"", "text/plain", 429, {"Retry-After": "2"})
        host("busy.example", 4, at_1=[busy, Answer(picture(910))])
        later = Answer(b"", "text/plain", 503, {"Retry-After": formatdate(time.time() + NOW_AND_THEN, usegmt=True)})
        host("dates.example", 2, at_0=[later, Answer(picture(911))])
        host(
            "tomorrow.example",
            5,
            **{f"at_{i}": Answer(b"", "text/plain", 429, {"Retry-After": "86400"}) for i in range(5)},
        )
        host("stubborn.example", 1, at_0=Answer(b"", "text/plain", 429))
        began = time.monotonic()
        folder = tmp_path_factory.mktemp("polite")
        yield Outcome(site, collect(folder, site, urls, delay_s=DELAY, patience_s=PATIENCE, timeout_s=20), began)


def hash_of(name: str) -> int:
    """A number for a name, the same every day."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 10**9


def ok(rows: list[Row]) -> bool:
    return bool(rows) and {row.status for row in rows} == {"ok"}


def test_every_host_is_asked_at_most_one_thing_at_a_time_and_never_sooner_than_delay_s(outcome: Outcome) -> None:
    assert set(outcome.site.busiest.values()) == {1}
    for host in outcome.site.busiest:
        assert min(outcome.site.pauses(host), default=DELAY) >= DELAY, host


@pytest.mark.parametrize(("host", "pause", "requests"), [("paced", 0.6, 8), ("named", 0.5, 5), ("rate", 0.5, 5)])
def test_what_robots_txt_asks_for_between_requests_is_kept(
    outcome: Outcome, host: str, pause: float, requests: int
) -> None:
    pauses = outcome.site.pauses(f"{host}.example")
    assert ok(outcome.of(f"{host}.example"))
    assert len(pauses) == requests - 1  # also those that another host redirected here
    assert min(pauses) >= pause


def test_a_crawl_delay_beyond_patience_is_a_refusal(outcome: Outcome) -> None:
    assert outcome.site.paths("glacier.example") == ["/robots.txt"]
    assert {(row.status, row.error) for row in outcome.of("glacier.example")} == {
        ("refused", "robots.txt asks for 4000 s between requests; crawl.patience_s is 30")
    }


def test_retry_after_in_seconds_holds_back_the_whole_host(outcome: Outcome) -> None:
    visits = [visit for visit in outcome.site.log if visit.host == "busy.example"]
    first = next(i for i, visit in enumerate(visits) if visit.path == "/1.jpg")
    assert visits[first + 1].time - visits[first].time >= 2
    assert [visit.path for visit in visits].count("/1.jpg") == 2
    assert ok(outcome.of("busy.example"))


def test_retry_after_as_a_date_holds_back_too(outcome: Outcome) -> None:
    visits = [visit for visit in outcome.site.log if visit.host == "dates.example"]
    first = next(i for i, visit in enumerate(visits) if visit.path == "/0.jpg")
    assert visits[first + 1].time - outcome.began >= NOW_AND_THEN - 1.1  # dates have whole seconds
    assert ok(outcome.of("dates.example"))


def test_a_host_that_asks_for_too_long_is_not_asked_again(outcome: Outcome) -> None:
    paths = outcome.site.paths("tomorrow.example")
    assert len([path for path in paths if path.endswith(".jpg")]) == 1
    rows = outcome.of("tomorrow.example")
    assert {row.status for row in rows} == {"dead"}
    assert len(rows) == 5 and all("asked to come back in 86400 s" in row.error for row in rows)


def test_what_waits_for_a_host_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the embedded shop alone is asked several things at a time, so that some wait when one answer says to come tomorrow
    with Site() as site:
        tomorrow = Answer(b"", "text/plain", 429, {"Retry-After": "86400"}, wait=0.2)
        site[EMBEDDED_HOST].update({f"/{i}.jpg": tomorrow for i in range(30)})

        @contextmanager
        def in_its_place(_: object) -> Iterator[int]:
            yield site.port

        monkeypatch.setattr(shop, "embedded_shop", in_its_place)
        rows = collect(tmp_path, site, [f"http://{EMBEDDED_HOST}/{i}.jpg" for i in range(30)])
        assert sorted(row.status for row in rows.values()) == ["dead"] * 30 + ["ok"]
        assert site.busiest[EMBEDDED_HOST] == 8
        assert len(site.paths(EMBEDDED_HOST)) == 2 + 8


def test_without_retry_after_each_pause_is_twice_the_last(outcome: Outcome) -> None:
    pauses = outcome.site.pauses("stubborn.example")[-2:]
    assert pauses[0] >= 1 and pauses[1] >= 2
    assert [(row.status, row.error) for row in outcome.of("stubborn.example")] == [("dead", "answered 429")]


def test_a_slow_host_does_not_hold_up_fast_ones(outcome: Outcome) -> None:
    slow = [
        visit.time for visit in outcome.site.answered if visit.host == "slow.example" and visit.path.endswith(".jpg")
    ]
    fast = [visit.time for visit in outcome.site.answered if visit.host.startswith("fast")]
    assert len(slow) == SLOW and len(fast) == FAST * 4
    assert max(fast) < sorted(slow)[4]
    # nor do hundreds of addresses that wait for one robots.txt
    (robots,) = [visit.time for visit in outcome.site.answered if visit.host == "crowd.example"]
    assert max(fast) < robots


def test_all_came_that_could(outcome: Outcome) -> None:
    lost = {row.url.split("/")[2] for row in outcome.rows.values() if row.status != "ok"}
    assert lost == {"crowd.example", "glacier.example", "tomorrow.example", "stubborn.example"}
