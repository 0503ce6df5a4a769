"""The data card: what the swatches are, where they came from, what they look like, and what was left out and why.

    reports/generated/data/index.html, card.json (the same facts), band.jpg, sheets/CLASS.jpg, rejected/NNN.jpg

The page works without network and script. Not every swatch is opened: colours and sheets are samples, and say their n.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain, zip_longest
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from scrapers import report
from scrapers.looks import INK, PAPER, SWATCHES, Swatch, colours, draw_band, draw_sheet, thumbnail
from scrapers.manifest import RAW, Row, read_manifest
from scrapers.swatches import SPLITS
from selvedge.config import Params, Source
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, sha256_file, write_json, write_text

REPORT, PAGE, CARD = Path("reports/generated/data"), "index.html", "card.json"
INDEX, REJECTED = SWATCHES / "index.csv", SWATCHES / "rejected.csv"
LISTED, HIGH, TEXT = 200, 72, 240  # rejected rows shown; pixels of their pictures' height; characters of an address


@dataclass(frozen=True)
class Rejected:
    """A row that no swatch was made of."""

    id: str
    cls: str
    source: str
    url: str
    reason: str
    file: str


def run(params: Params) -> None:
    """Write the card of data/raw and data/swatches to reports/generated/data; raises SelvedgeError naming what is missing."""
    rows = sorted(read_manifest(), key=lambda row: row.key)
    swatches = [
        Swatch(**{**line, "scale": float(line["scale"]), "rotation": float(line["rotation"])})
        for line in _read(INDEX, Swatch)
    ]
    if not swatches:
        raise SelvedgeError(f"{INDEX}: holds no swatch; run `selvedge reconstruct` again")
    known = {row.id for row in rows}
    if strange := next((swatch for swatch in swatches if swatch.id not in known), None):
        raise SelvedgeError(f"{INDEX}: {strange.file} is of no row of this crawl; run `selvedge reconstruct` again")
    rejected = left_out(rows, swatches, [Rejected(**line) for line in _read(REJECTED, Rejected)], params)
    with atomic_dir(REPORT) as out:
        facts = gather(params, rows, swatches, rejected)
        facts["colours"] = colours(swatches, params.classes)
        facts["sheets"] = [draw_sheet(cls, swatches, out) for cls in params.classes]
        facts["rejected"]["listed"] = list_rejected(rejected, out)
        draw_band(swatches, params.classes).save(out / "band.jpg", quality=88, subsampling=0)
        facts["words"] = words(facts, params)
        write_json(out / CARD, facts)
        write_text(out / PAGE, render(facts))
    print(f"data-card: {facts['sentence']} -> {REPORT / PAGE}", flush=True)


def show() -> Path:
    """Where the page is; raises SelvedgeError naming what to run when it is not there."""
    page = REPORT / PAGE
    if not page.exists():
        raise SelvedgeError(f"{page}: there is no data card yet; run `selvedge data card` first")
    return page


def _read(path: Path, kind: type) -> list[dict[str, str]]:
    """The lines of a table of the rebuild by the names of `kind`; raises SelvedgeError where it is missing or another."""
    if not path.exists():
        raise SelvedgeError(f"{path}: there is no such file; run `selvedge reconstruct` first")
    names = {field.name: "class" if field.name == "cls" else field.name for field in fields(kind)}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [column for column in names.values() if column not in (reader.fieldnames or ())]
        if missing:
            raise SelvedgeError(f"{path}: the column {missing[0]!r} is missing; run `selvedge reconstruct` again")
        return [{name: line[column] or "" for name, column in names.items()} for line in reader]


def left_out(
    rows: Sequence[Row], swatches: Sequence[Swatch], told: Sequence[Rejected], params: Params
) -> list[Rejected]:
    """Every row without a swatch, once, with its reason: what the rebuild told, what did not come, and what nobody told."""
    used, told_ids = {swatch.id for swatch in swatches}, {one.id for one in told}
    found = list(told)
    for row in rows:
        if row.id in used or row.id in told_ids:
            continue
        if row.status != "ok":
            reason = f"{report.STATUS.get(row.status, row.status)}: {report.reason_of(row.error, row.url)}"
        elif row.cls not in params.classes:
            reason = f"class {row.cls} is not in params.yaml"
        else:
            reason = "no swatch, and no reason is known"
        found.append(Rejected(row.id, row.cls, row.source, row.url, reason, row.file))
    return sorted(found, key=lambda one: (one.cls, one.source, one.url, one.id))


# ---- the facts -------------------------------------------------------------------------------------------------------


def gather(
    params: Params, rows: Sequence[Row], swatches: Sequence[Swatch], rejected: Sequence[Rejected]
) -> dict[str, Any]:
    """All counts of the card."""
    by_id = {row.id: row for row in rows}
    used = [by_id[name] for name in dict.fromkeys(swatch.id for swatch in swatches)]
    total = {
        "swatches": len(swatches),
        "pictures": len({row.sha256 for row in used}),
        "cloths": len({swatch.group for swatch in swatches}),
        "classes": len(params.classes),
        "sources": len({swatch.source for swatch in swatches}),
        "rows": len(rows),
        "rows_used": len(used),
        "rejected": len(rejected),
    }
    came = {row.sha256: row.file_width * row.file_height for row in rows if row.status == "ok" and row.file_width}
    return {
        "sentence": _sentence(total),
        "total": total,
        "splits": list(SPLITS),
        "by_class": {cls: _by_split([s for s in swatches if s.cls == cls]) for cls in params.classes},
        "all": _by_split(swatches),
        "sources": [_source(source, rows, swatches) for source in params.crawl.sources],
        "hosts": _hosts(rows),
        "licences": _licences(swatches),
        "pixels": _sizes([value / 1e6 for value in came.values()]),
        "scales": _scales([swatch.scale for swatch in swatches]),
        "same": _same(rows, swatches),
        "rejected": _reasons(rejected),
        "made_of": {"manifest": sha256_file(RAW / "manifest.csv"), "index": sha256_file(INDEX)},
    }


def _sentence(total: dict[str, int]) -> str:
    return (
        f"{_n(total['swatches'], 'swatch', 'swatches')} of {_n(total['pictures'], 'picture')} that show "
        f"{_n(total['cloths'], 'piece')} of cloth in {_n(total['classes'], 'class', 'classes')}, "
        f"from {_n(total['sources'], 'source')}"
    )


def _by_split(swatches: Sequence[Swatch]) -> dict[str, dict[str, int]]:
    found = {}
    for name, mine in {
        **{split: [s for s in swatches if s.split == split] for split in SPLITS},
        "all": swatches,
    }.items():
        found[name] = {"swatches": len(mine), "cloths": len({s.group for s in mine})}
    return found


def _source(source: Source, rows: Sequence[Row], swatches: Sequence[Swatch]) -> dict[str, Any]:
    status = Counter(row.status for row in rows if row.source == source.name)
    mine = [swatch for swatch in swatches if swatch.source == source.name]
    return {
        "name": source.name,
        "kind": source.kind,
        "from": source.site if source.kind == "shop" else source.path,
        "licence": source.licence,
        "rows": status.total(),
        **{word: status[name] for name, word in report.STATUS.items()},
        "rows_used": len({swatch.id for swatch in mine}),
        "cloths": len({swatch.group for swatch in mine}),
        "swatches": len(mine),
        "classes": sorted({swatch.cls for swatch in mine}),
    }


def _hosts(rows: Sequence[Row]) -> dict[str, Any]:
    alive = Counter(report.host_of(row) for row in rows if row.status == "ok")
    most = sorted(alive, key=lambda name: (-alive[name], name))[:10]
    return {
        "hosts": len({report.host_of(row) for row in rows}),
        "hosts_alive": len(alive),
        "alive": alive.total(),
        "most": [{"host": name, "alive": alive[name]} for name in most],
    }


def _licences(swatches: Sequence[Swatch]) -> list[dict[str, Any]]:
    notes: dict[str, list[Swatch]] = defaultdict(list)
    for swatch in swatches:
        notes[swatch.licence].append(swatch)
    return [
        {
            "note": note,
            "swatches": len(notes[note]),
            "rows_used": len({swatch.id for swatch in notes[note]}),
            "sources": sorted({swatch.source for swatch in notes[note]}),
        }
        for note in sorted(notes, key=lambda note: (-len(notes[note]), note))
    ]


def _sizes(megapixels: Sequence[float]) -> dict[str, Any]:
    """Megapixels of the different pictures that came, six bars a decade."""
    names = {-3: "0.001", -2: "0.01", -1: "0.1", 0: "1", 1: "10", 2: "100"}
    found = _histogram(megapixels, 10, 6, names)
    if megapixels:
        ends = {"least": min(megapixels), "median": median(megapixels), "most": max(megapixels)}
        found |= {name: float(f"{value:.4g}") for name, value in ends.items()}
    return found


def _scales(scales: Sequence[float]) -> dict[str, Any]:
    """Scales of the swatches, two bars an octave."""
    names = {k: f"1/{2**-k}" if k < 0 else str(2**k) for k in range(-8, 4)}
    return _histogram(scales, 2, 2, names) | {"enlarged": sum(scale > 1.001 for scale in scales)}


def _histogram(values: Sequence[float], base: float, per: int, names: dict[int, str]) -> dict[str, Any]:
    """Counts on a log axis: `per` bars from each power of `base` to the next; `names` of powers become ticks.

    `at` and `to` are places from 0 to 1 along the axis, which begins and ends at powers of `base`.
    """
    if not values:
        return {"n": 0, "bars": [], "ticks": []}
    places = Counter(math.floor(per * math.log(value, base) + 1e-6) for value in values)
    low = math.floor(min(places) / per)
    high = max(math.ceil((max(places) + 1) / per), low + 1)
    wide = (high - low) * per
    bars = [
        {
            "at": round((k - low * per) / wide, 6),
            "to": round((k + 1 - low * per) / wide, 6),
            "from": float(f"{base ** (k / per):.4g}"),
            "below": float(f"{base ** ((k + 1) / per):.4g}"),
            "n": places[k],
        }
        for k in sorted(places)
    ]
    powers = range(low, high + 1)
    ticks = [{"at": round((k - low) / (high - low), 6), "name": names.get(k, f"{base**k:g}")} for k in powers]
    return {"n": len(values), "bars": bars, "ticks": ticks}


def _same(rows: Sequence[Row], swatches: Sequence[Swatch]) -> dict[str, Any]:
    """Rows that share bytes, cloths that several rows show, and whether any lies on two sides of the split."""
    shared = report.shared_files(rows)
    crossing = sorted((same for same in shared.values() if len({row.cls for row in same}) > 1), key=lambda s: s[0].key)
    shown: dict[str, set[str]] = defaultdict(set)
    sides: dict[str, set[str]] = defaultdict(set)
    for swatch in swatches:
        shown[swatch.group].add(swatch.id)
        sides[swatch.group].add(swatch.split)
    return {
        "rows": sum(len(same) for same in shared.values()),
        "files": len(shared),
        "files_under_two_classes": len(crossing),
        "conflicts": [
            {
                "classes": sorted({row.cls for row in same}),
                "addresses": [_short(row.url) for row in same[:4]],
                "rows": len(same),
            }
            for same in crossing[:LISTED]
        ],
        "cloths_shown_by_several_rows": sum(len(ids) > 1 for ids in shown.values()),
        "most_rows_of_one_cloth": max(map(len, shown.values())),
        "cloths_on_two_sides": sum(len(found) > 1 for found in sides.values()),
    }


def _reasons(rejected: Sequence[Rejected]) -> dict[str, Any]:
    counts = {reason: Counter(one.cls for one in found) for reason, found in _by_reason(rejected).items()}
    reasons = [
        {"reason": reason, "n": count.total(), "by_class": dict(sorted(count.items()))}
        for reason, count in counts.items()
    ]
    return {"n": len(rejected), "reasons": reasons}


def _by_reason(rejected: Sequence[Rejected]) -> dict[str, list[Rejected]]:
    """The most frequent reason first."""
    groups: dict[str, list[Rejected]] = defaultdict(list)
    for one in rejected:
        groups[report.reason_of(one.reason, one.url)].append(one)
    return {reason: groups[reason] for reason in sorted(groups, key=lambda reason: (-len(groups[reason]), reason))}


def _short(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"


def _share(part: int, whole: int) -> str:
    """In percent; never "0 %" of what there is, nor "100 %" of what is not all."""
    percent = 100 * part / whole
    if part in (0, whole) or 1 <= percent <= 99:
        return f"{percent:.0f} %"
    return "under 0.1 %" if percent < 0.1 else "over 99.9 %" if percent > 99.9 else f"{percent:.1f} %"


def _n(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def list_rejected(rejected: Sequence[Rejected], out: Path) -> list[dict[str, str]]:
    """The first rejected rows of each reason in turn; those whose file can be read get a picture in rejected/."""
    groups = _by_reason(rejected)
    turns = zip_longest(*([(group, one) for one in groups[group]] for group in groups))
    chosen = [entry for entry in chain.from_iterable(turns) if entry][:LISTED]
    found = []
    for number, (group, one) in enumerate(chosen):
        picture = thumbnail(RAW / one.file, HIGH) if one.file else None
        name = f"rejected/{number:03d}.jpg" if picture else ""
        if picture:
            (out / "rejected").mkdir(exist_ok=True)
            picture.save(out / name, quality=85)
        said = {"class": one.cls, "source": one.source, "url": _short(one.url), "reason": _short(one.reason)}
        found.append({**said, "group": group, "picture": name})
    return found


# ---- in words --------------------------------------------------------------------------------------------------------


def words(facts: dict[str, Any], params: Params) -> list[dict[str, Any]]:
    """The questions of "Datasheets for Datasets" (Gebru et al., 2018) that the facts answer, in short."""
    return [
        {"question": "How was it collected?", "answers": _collected(facts, params)},
        {"question": "What is in it?", "answers": _contents(facts, params)},
        {"question": "What may it be used for?", "answers": _uses(facts)},
        {"question": "What are its limits?", "answers": _limits(facts)},
    ]


def _collected(facts: dict[str, Any], params: Params) -> list[str]:
    kinds = {"shop": "product pages of the shop", "csv": "addresses of the table", "folder": "files of the folder"}
    sources = [f"{s['name']}: {kinds[s['kind']]} {s['from']}; {_n(s['rows'], 'row')}." for s in facts["sources"]]
    web = any(source.kind != "folder" for source in params.crawl.sources)
    pause = f", at least {params.crawl.delay_s:g} s between two requests to a host" if web else ""
    return [*sources, f"Snapshot {params.crawl.snapshot}{pause}."]


def _contents(facts: dict[str, Any], params: Params) -> list[str]:
    total, settings = facts["total"], params.reconstruct
    turns = ", ".join(f"{angle:g}°" for angle in settings.rotations)
    chosen = "each scale" if settings.scales is None else f"scale {', '.join(map(str, settings.scales))}"
    kind, side, two = settings.format.upper(), settings.size, facts["same"]["cloths_on_two_sides"]
    sides = facts["all"]
    shares = ", ".join(f"{split} {_share(sides[split]['cloths'], total['cloths'])}" for split in SPLITS)
    rest = "; the others are below, each with its reason" if total["rejected"] else ""
    return [
        f"{total['rows_used']:,} of {_n(total['rows'], 'row')} became swatches{rest}.",
        f"A swatch is the middle of a row's crop at {chosen} of the row, turned by {turns}: {side} × {side} px, {kind}.",
        f"Pieces of cloth are split, not pictures: {shares}. {_n(two, 'cloth lies', 'cloths lie')} on two sides.",
        "The class of a picture is its source's word for it.",
    ]


def _uses(facts: dict[str, Any]) -> list[str]:
    lines = []
    for licence in facts["licences"]:
        note = f"“{licence['note']}”" if licence["note"] else "No licence note"
        lines.append(f"{note}: {_n(licence['swatches'], 'swatch', 'swatches')}, from {', '.join(licence['sources'])}.")
    return [
        *lines,
        "A note is the source's own, as params.yaml gives it. Who shows or sells what comes of a picture asks its source.",
    ]


def _limits(facts: dict[str, Any]) -> list[str]:
    total, lines = facts["total"], []
    cloths = {cls: found["all"]["cloths"] for cls, found in facts["by_class"].items()}
    least, most = min(cloths, key=lambda c: (cloths[c], c)), max(cloths, key=lambda c: (cloths[c], c))
    if cloths[least] < cloths[most]:
        lines.append(f"Classes are uneven: {most} has {_n(cloths[most], 'cloth')}, {least} has {cloths[least]:,}.")
    held = {cls: found["test"]["cloths"] for cls, found in facts["by_class"].items()}
    few = min(held, key=lambda c: (held[c], c))
    lines.append(f"The test split shows {_n(facts['all']['test']['cloths'], 'cloth')}; of {few} only {held[few]:,}.")
    alone = [cls for cls in cloths if sum(cls in source["classes"] for source in facts["sources"]) == 1]
    if total["sources"] > 1 and alone:
        lines.append(f"From one source alone, so that its class and its look cannot be told apart: {', '.join(alone)}.")
    hosts = facts["hosts"]
    if hosts["hosts"] > 1 and hosts["most"]:
        first = hosts["most"][0]
        lines.append(
            f"{first['host']} alone gave {_share(first['alive'], hosts['alive'])} of the {hosts['alive']:,} rows that came."
        )
    lost = sum(source["rows"] - source["alive"] for source in facts["sources"])
    if lost:
        lines.append(
            f"{_share(lost, total['rows'])} of the rows gave no picture; those that did are not a random part of them."
        )
    if enlarged := facts["scales"]["enlarged"]:
        lines.append(
            f"{_share(enlarged, total['swatches'])} of the swatches are enlarged: their finest detail is interpolated."
        )
    if crossing := facts["same"]["files_under_two_classes"]:
        lines.append(f"{_n(crossing, 'file')} came under two classes: labels contradict each other there.")
    n = sum(found["n"] for found in facts["colours"].values())
    lines.append(
        f"Colours were measured on {_n(n, 'swatch', 'swatches')}, as they were photographed: no white balance, no colour target."
    )
    return lines


def render(facts: dict[str, Any]) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("scrapers"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["n"] = lambda count: f"{count:,}"
    return environment.get_template("card.html").render(facts, ink=INK, paper=PAPER)
