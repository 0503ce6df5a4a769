"""The crawl: the embedded shop whole, shops and tables that fail, a crawl that is stopped, folders."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers import SHARED, SHOP, small_params
from PIL import Image

from scrapers import crawl
from scrapers.demo import shop
from scrapers.folder import group_files
from scrapers.manifest import COLUMNS, read_manifest
from selvedge.config import FolderSource, Params
from selvedge.errors import BadImage, SelvedgeError, TryAgain
from selvedge.io import sha256_file


def params(**changes: dict) -> Params:
    return Params.model_validate(small_params(**changes))


def files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256_file(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_embedded_shop_and_its_table_are_collected_whole_and_with_the_same_bytes(workplace, capfd) -> None:
    folder = workplace()
    crawl.run(params())
    rows = read_manifest()
    assert {(row.source, row.status) for row in rows} == {("shop", "ok"), ("table", "ok")}
    by_source = {name: [row for row in rows if row.source == name] for name in ("shop", "table")}
    assert len(by_source["shop"]) == 3 * 5  # two listing pages each
    assert len(by_source["table"]) == 3 * 2
    assert all(row.page_url.startswith(f"{SHOP}/products/") and row.licence for row in by_source["shop"])
    assert all(row.width > row.crop_width or row.height > row.crop_height for row in by_source["table"])
    assert all(sha256_file(folder / "data/raw" / row.file) == row.sha256 for row in rows)
    first = files(folder / "data/raw")

    # the same again: nothing is fetched twice, and the bytes are the same, also from nothing
    assert "crawl: 21 pictures" in capfd.readouterr().out
    crawl.run(params())
    assert "crawl: 0 pictures" in capfd.readouterr().out
    assert files(folder / "data/raw") == first
    (folder / "data/raw").rename(folder / "old")
    crawl.run(params())
    assert files(folder / "data/raw") == first
    assert json.loads((folder / "reports/generated/crawl/counts.json").read_text())["status"] == {"ok": 21}


@contextmanager
def broken_shop(answer) -> Iterator[int]:
    """The embedded shop in this process, with another way to answer."""
    server = shop.Shop(params().demo_shop)
    real = shop._answer
    shop._answer = lambda settings, path, query: answer(path) or real(settings, path, query)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        shop._answer = real
        server.shutdown()


@pytest.fixture
def with_shop(monkeypatch: pytest.MonkeyPatch, workplace):
    """Crawl against a shop that answers as told; returns the error's text, or None."""

    def run(answer, **changes: dict) -> str | None:
        workplace()
        with broken_shop(answer) as port:

            @contextmanager
            def embedded(_) -> Iterator[int]:
                yield port

            monkeypatch.setattr(shop, "embedded_shop", embedded)
            monkeypatch.setattr(crawl.report, "write", lambda *_: None)  # MLflow's database takes longer than the crawl
            try:
                crawl.run(params(**changes))
            except SelvedgeError as error:
                run.raised = type(error)
                return str(error)
        return None

    return run


def test_a_shop_that_answers_500_is_named_and_nothing_half_written_is_left(with_shop, monkeypatch) -> None:
    original = shop._Handler.do_GET

    def do_get(self) -> None:
        if "/collections/dotted/" in self.path:
            self.send_error(500)
        else:
            original(self)

    monkeypatch.setattr(shop._Handler, "do_GET", do_get)
    said = with_shop(lambda path: None)
    assert said.startswith(f"shop: {SHOP}/collections/dotted/products.json")
    assert "answered 500" in said
    assert "run again to go on" in said
    assert with_shop.raised is TryAgain  # exit status 75: the flow tries again by itself
    assert not Path("data/raw/manifest.csv").exists()
    assert not list(Path("data/raw").rglob("*.partial-*"))


def test_dead_and_corrupt_pictures_are_rows_with_their_reason(with_shop) -> None:
    def answer(path: str):
        if path == "/images/dotted-1.jpg":
            raise LookupError
        if path == "/images/dotted-2.jpg":
            return "image/jpeg", b"<html>sold out</html>"
        if path == "/products/floral-0":
            raise LookupError
        if path == "/products/floral-1":
            return "text/html", b'<script type="application/ld+json">{"@type": "Product"</script>'
        return None

    source = {"kind": "shop", "name": "shop", "site": SHOP, "licence": "MIT", "ways": ["listing"]}
    assert with_shop(answer, crawl={"sources": [source]}) is None
    bad = {row.url: row for row in read_manifest() if row.status != "ok"}
    assert bad[f"{SHOP}/images/dotted-1.jpg"].status == "dead"
    assert bad[f"{SHOP}/images/dotted-1.jpg"].error == "answered 404"
    assert bad[f"{SHOP}/images/dotted-2.jpg"].status == "corrupt"
    assert "is not a picture" in bad[f"{SHOP}/images/dotted-2.jpg"].error
    assert bad[f"{SHOP}/products/floral-0"].error == "answered 404"
    assert "no JSON-LD Product" in bad[f"{SHOP}/products/floral-1"].error
    assert len(bad) == 4


def test_robots_txt_is_obeyed(with_shop) -> None:
    def answer(path: str):
        return ("text/plain", b"User-agent: *\nDisallow: /images/\n") if path == "/robots.txt" else None

    assert with_shop(answer) is None
    rows = {row.status for row in read_manifest() if row.source == "shop"}
    assert rows == {"refused"}
    assert "robots.txt" in next(row.error for row in read_manifest() if row.source == "shop")


def test_an_empty_class_is_named(with_shop) -> None:
    def answer(path: str):
        return ("image/jpeg", b"") if "/floral-" in path and path.endswith(".jpg") else None

    assert with_shop(answer).startswith("class 'floral' is empty: no picture came from shop, table")


def test_a_bad_row_of_a_table_stops_the_crawl(with_shop) -> None:
    table = shop._table(params().demo_shop, {})[1].decode().splitlines()
    first = next(i for i, line in enumerate(table) if line.startswith("dotted"))
    cells = table[first].split(",")
    cells[4] = "-3"
    body = "\n".join([*table[:first], ",".join(cells), *table[first + 1 :]]).encode()
    said = with_shop(lambda path: ("text/csv", body) if path.endswith(".csv") else None)
    assert f"clothing-pattern.csv, line {first + 1}: Crop X is -3; it must be at least 0" in said
    assert with_shop.raised is SelvedgeError


def test_the_crawl_does_not_leave_loopback_without_a_contact(workplace) -> None:
    workplace()
    source = {"kind": "shop", "name": "far", "site": "https://example.org", "licence": "?"}
    with pytest.raises(
        SelvedgeError, match=r"far: https://example\.org is on the internet, and crawl\.contact is empty"
    ):
        crawl.run(params(crawl={"sources": [source]}))
    Path("t.csv").write_text(f"{','.join(COLUMNS)}\ndotted,https://example.org/a.jpg,9,9,0,0,9,9,1\n")
    table = {"kind": "csv", "name": "far", "path": "t.csv", "licence": "?"}
    with pytest.raises(SelvedgeError, match=r"far: https://example\.org/a\.jpg is on the internet"):
        crawl.run(params(crawl={"sources": [table]}))


# ---- folders -----------------------------------------------------------------------------------------------------------------


def folder_source(path: Path, **changes: object) -> FolderSource:
    return FolderSource(kind="folder", name="f", path=str(path), licence="mine", **changes)


def test_runs_of_consecutive_frames_are_one_piece_of_cloth() -> None:
    names = [*range(1, 9), *range(33, 49), 60]
    paths = [Path(f"striped_{n:05d}.jpg") for n in names]
    groups = group_files(paths, folder_source(Path(), run_length=8))
    sizes = [list(groups.values()).count(g) for g in dict.fromkeys(groups.values())]
    assert sizes == [8, 8, 8, 1]
    assert groups[Path("striped_00041.jpg")] == "striped_00041"


def test_groups_by_a_pattern_in_the_name() -> None:
    paths = [Path("cloth7_a.jpg"), Path("cloth7_b.jpg"), Path("cloth8_a.jpg")]
    groups = group_files(paths, folder_source(Path(), group_pattern=r"^(cloth\d+)_"))
    assert list(groups.values()) == ["cloth7", "cloth7", "cloth8"]
    with pytest.raises(SelvedgeError, match=r"does not match cloth7_a\.jpg"):
        group_files(paths, folder_source(Path(), group_pattern="^x"))


def test_a_folder_is_a_source_and_its_faults_are_named(workplace) -> None:
    root = workplace()
    for cls in ("striped", "dotted", "floral"):
        (root / "cloth" / cls).mkdir(parents=True)
        for i in range(3):
            Image.effect_noise((64, 64), 90).convert("RGB").save(root / "cloth" / cls / f"{i}.png")
    source = {"kind": "folder", "name": "mine", "path": "cloth", "licence": "mine"}
    crawl.run(params(crawl={"sources": [source]}))
    assert [row.status for row in read_manifest()] == ["ok"] * 9
    manifest = Path("data/raw/manifest.csv").read_bytes()

    (root / "cloth/dotted/9.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(BadImage, match=r"cloth/dotted/9\.png: is not a picture"):
        crawl.run(params(crawl={"sources": [source]}))
    assert Path("data/raw/manifest.csv").read_bytes() == manifest
    for path in (root / "cloth/dotted").iterdir():
        path.unlink()
    with pytest.raises(SelvedgeError, match="class 'dotted' is empty: cloth/dotted holds no picture"):
        crawl.run(params(crawl={"sources": [source]}))
    with pytest.raises(SelvedgeError, match="nowhere is no folder"):
        crawl.run(params(crawl={"sources": [{**source, "path": "nowhere"}]}))


@pytest.mark.skipif(not SHARED.exists(), reason="real swatches lie in ../shared/data, which is not here")
def test_the_real_finger_camera_runs_are_36_pieces_of_cloth(workplace) -> None:
    workplace()
    path = SHARED / "clothing-pattern/finger-camera-256"
    classes = ["solid", "striped", "dotted", "checkered", "zigzag", "floral"]
    source = {
        "kind": "folder",
        "name": "finger",
        "path": str(path),
        "licence": "?",
        "run_length": 8,
        "words": {"zig zag": "zigzag"},
    }
    crawl.run(Params.model_validate(small_params(classes=classes, crawl={"sources": [source]})))
    rows = read_manifest()
    assert len(rows) == 288
    sizes = {group: sum(row.group == group for row in rows) for group in {row.group for row in rows}}
    assert set(sizes.values()) == {8}


def test_a_shop_of_few_styles_sells_those_and_an_unknown_one_is_named():
    settings = params().demo_shop.model_copy(update={"styles": ("polka", "ring")})
    sold = {shop._drawing(settings, "dotted", number, 32).attributes["style"] for number in range(6)}
    assert sold == {"polka", "ring"}
    assert len({shop._drawing(settings, "zigzag", number, 32).attributes["style"] for number in range(12)}) > 3
    with (
        pytest.raises(SelvedgeError, match=r"'pokla'.*'polka'"),
        shop.embedded_shop(params().demo_shop.model_copy(update={"styles": ("pokla",)})),
    ):
        pass
