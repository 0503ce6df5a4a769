"""What a crawl brought: alive, dead, corrupt, refused, duplicate; as a DVC metric, in MLflow, and as Markdown to read.

Nothing in it tells the time: equal rows are equal bytes.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapers.manifest import RAW, Row
from selvedge import tracking
from selvedge.config import Params
from selvedge.io import atomic_dir, fingerprint, write_json, write_text

METRICS, REPORT, RUNS = Path("metrics/crawl.json"), Path("reports/generated/crawl"), Path("runs/crawl")
PAGE, COUNTS = "report.md", "counts.json"
STATUS = {"ok": "alive", "dead": "dead", "corrupt": "corrupt", "refused": "refused"}  # as rows say it: as people do
HOSTS, REASONS, WARNINGS = 20, 20, 50  # lines of each that the page shows; the rest are summed


def write(rows: list[Row], params: Params, warnings: Sequence[str]) -> None:
    """Write the report, its counts and metrics/crawl.json, log them to MLflow, and print one line."""
    rows = sorted(rows, key=lambda row: row.key)
    found = count(rows, params)
    with atomic_dir(REPORT) as out:
        write_text(out / PAGE, as_markdown(rows, params, warnings))
        write_json(out / COUNTS, found)
    write_json(METRICS, headline(found))
    track(found, params)
    status = ", ".join(f"{n} {s}" for s, n in sorted(found["status"].items()))
    print(f"crawl: {len(rows)} rows, {status} -> {RAW}, report in {REPORT / PAGE}", flush=True)


def track(found: dict[str, Any], params: Params) -> None:
    """Log the counts and the page as a run of MLflow; a crawl of the same sources and snapshot goes on with its run.

    Hosts and reasons are hundreds of names: they stay in the files.
    """
    settings = params.crawl.model_dump(exclude={"sources", "contact"})
    logged = {**settings, "sources": [s.name for s in params.crawl.sources], "classes": list(params.classes)}
    directory = RUNS / fingerprint([params.crawl.model_dump(), params.classes])
    numbers = {key: value for key, value in found.items() if key not in ("by_host", "errors")}
    numbers["duplicates"] = {key: value for key, value in found["duplicates"].items() if key != "by_host"}
    with tracking.run("crawl", logged, directory, stage="crawl") as tracker:
        tracker.metrics(tracking.flat(numbers), params.crawl.snapshot)
        tracker.file(REPORT / COUNTS)
        tracker.file(REPORT / PAGE)


def headline(found: dict[str, Any]) -> dict[str, float]:
    """The few numbers that one compares from crawl to crawl."""
    duplicates = found["duplicates"]["rows"]
    return {key: found[key] for key in ("rows", "alive_share", "pictures", "bytes")} | {"duplicate_rows": duplicates}


# ---- counting --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Rows of one class, source or host: by status, and those whose bytes another row has too."""

    status: Counter[str] = field(default_factory=Counter)
    duplicate: int = 0

    @property
    def rows(self) -> int:
        return self.status.total()

    @property
    def lost(self) -> int:
        return self.rows - self.status["ok"]

    @property
    def alive_share(self) -> float:
        return self.status["ok"] / self.rows if self.rows else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.status + other.status, self.duplicate + other.duplicate)


def count(rows: Sequence[Row], params: Params) -> dict[str, Any]:
    """The crawl in numbers; `duplicates` are rows whose bytes another row has too, `bytes` those of different files."""
    by_class, by_source, by_host = _by_class(rows, params), _by_source(rows, params), tally(rows, host_of)
    total = sum(by_class.values(), Tally())
    shared = shared_files(rows)
    return {
        "rows": len(rows),
        "status": dict(total.status),
        "alive_share": round(total.alive_share, 4),
        "by_class": {name: dict(found.status) for name, found in by_class.items()},
        "by_source": {name: dict(found.status) for name, found in by_source.items()},
        "by_host": {name: dict(found.status) for name, found in by_host.items()},
        "duplicates": {
            "rows": total.duplicate,
            "files": len(shared),
            "files_under_two_classes": sum(len({row.cls for row in same}) > 1 for same in shared.values()),
            "by_class": {name: found.duplicate for name, found in by_class.items()},
            "by_source": {name: found.duplicate for name, found in by_source.items()},
            "by_host": {name: found.duplicate for name, found in by_host.items() if found.duplicate},
        },
        "pictures": len(_files(rows)),
        "bytes": sum(_files(rows).values()),
        "size_differs": sum(1 for row in rows if row.status == "ok" and row.note),
        "errors": dict(Counter(reason_of(row.error, row.url) for row in rows if row.status != "ok")),
    }


def tally(rows: Sequence[Row], of: Callable[[Row], str], names: Iterable[str] = ()) -> dict[str, Tally]:
    """Counts by what `of` says of a row: `names` first, also those without a row, then the others sorted."""
    twice = shared_files(rows)
    found = {name: Tally() for name in (*names, *sorted({of(row) for row in rows} - set(names)))}
    for row in rows:
        mine = found[of(row)]
        mine.status[row.status] += 1
        mine.duplicate += row.sha256 in twice
    return found


def _by_class(rows: Sequence[Row], params: Params) -> dict[str, Tally]:
    return tally(rows, lambda row: row.cls, params.classes)


def _by_source(rows: Sequence[Row], params: Params) -> dict[str, Tally]:
    return tally(rows, lambda row: row.source, [source.name for source in params.crawl.sources])


def shared_files(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """SHA-256 -> the rows that came as these same bytes, where there is more than one."""
    same: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.status == "ok":
            same[row.sha256].append(row)
    return {sha: found for sha, found in same.items() if len(found) > 1}


def _files(rows: Iterable[Row]) -> dict[str, int]:
    """SHA-256 -> bytes of the different pictures that came."""
    return {row.sha256: row.bytes for row in rows if row.status == "ok"}


def host_of(row: Row) -> str:
    """The host of a row's address; a folder's files have none."""
    try:
        return urlsplit(row.url).hostname or f"no host ({row.source})"
    except ValueError:
        return f"no host ({row.source})"


def reason_of(error: str, url: str = "") -> str:
    """An error without what differs from row to row, so that equal reasons count as one."""
    text = " ".join(error.split())
    if url:
        text = text.replace(url, "ADDRESS")
    text = re.sub(r"\bhttps?://[^\s,;)]+", "ADDRESS", text)
    text = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "FILE", text)
    host = host_of(Row("", url)) if "://" in url else ""
    if host:
        text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "HOST", text, flags=re.IGNORECASE)
    text = re.sub(r"\b\d{1,3}(\.\d{1,3}){3}\b", "IP", text)
    text = re.sub(r"\b(?=[a-f]*\d)[0-9a-f]{12,64}\b", "ID", text)
    text = re.sub(r"\b\d+x\d+\b", "WxH", text)
    text = re.sub(r"(?<![\w/.])\d+\.\d+\b(?!\.)", "N", text)
    text = re.sub(r"\b\d{1,3}(,\d{3})+\b|\b\d{4,}\b", "N", text)  # a status of HTTP has three digits, and stays
    return text[:160] or "no reason given"


# ---- in words --------------------------------------------------------------------------------------------------------


def as_markdown(rows: Sequence[Row], params: Params, warnings: Sequence[str]) -> str:
    """The page: a sentence, totals, tables by class, source and host, the reasons, what to know of those that came."""
    by_host = tally(rows, host_of)
    parts = [
        f"# Crawl\n\n{sentence(rows, params)}",
        "\n".join(f"- {line}" for line in _totals(rows, len(by_host))),
        f"## By class\n\n{_tally_table('class', _by_class(rows, params), total=True)}",
        f"## By source\n\n{_tally_table('source', _by_source(rows, params), total=True)}",
        f"## By host\n\n{_hosts(by_host)}",
    ]
    if lost := [row for row in rows if row.status != "ok"]:
        parts.append(f"## Why pictures did not come\n\n{_reasons(lost)}")
    if noted := [row for row in rows if row.status == "ok" and row.note]:
        parts.append(f"## What to know of those that came\n\n{_notes(noted)}")
    if warnings:
        shown = [f"- {escape(line)}" for line in warnings[:WARNINGS]]
        if len(warnings) > WARNINGS:
            shown.append(f"- and {len(warnings) - WARNINGS:,} more")
        parts.append("## Warnings\n\n" + "\n".join(shown))
    return "\n\n".join(parts) + "\n"


def sentence(rows: Sequence[Row], params: Params) -> str:
    """What was collected, in one sentence."""
    files, alive = _files(rows), sum(row.status == "ok" for row in rows)
    classes = {row.cls for row in rows if row.status == "ok"}
    sources = [escape(source.name) for source in params.crawl.sources]
    return (
        f"Of {_n(len(rows), 'address', 'addresses')} from {', '.join(sources)}, {alive:,} gave a picture"
        f" ({_share(alive, len(rows))}): {_n(len(files), 'different file')}, {size(sum(files.values()))}, "
        f"in {_n(len(classes), 'class', 'classes')}."
    )


def _totals(rows: Sequence[Row], hosts: int) -> list[str]:
    status = Counter(row.status for row in rows)
    shared = shared_files(rows)
    twice = sum(len(same) for same in shared.values())
    crossing = sum(len({row.cls for row in same}) > 1 for same in shared.values())
    noted = sum(1 for row in rows if row.status == "ok" and row.note)
    kinds = ", ".join(f"{STATUS.get(name, name)} {status[name]:,}" for name in _columns(status))
    lines = [f"{kinds} of {_n(len(rows), 'row')} on {_n(hosts, 'host')}"]
    also = f", {_n(crossing, 'of these files', 'of these files')} under two classes" if crossing else ""
    lines.append(f"duplicate {twice:,}: rows whose bytes another row has too ({_n(len(shared), 'file')}{also})")
    if noted:
        lines.append(f"{_n(noted, 'picture')} came otherwise than the source recorded")
    return lines


def _columns(status: Iterable[str]) -> list[str]:
    """The statuses that a table shows: always the four, and what else there is."""
    return [*STATUS, *sorted(set(status) - set(STATUS))]


def _tally_table(head: str, found: dict[str, Tally], total: bool = False, rest: tuple[str, Tally] | None = None) -> str:
    names = _columns(status for one in found.values() for status in one.status)
    heads = [head, "rows", *(STATUS.get(name, name) for name in names), "duplicate", "alive share"]

    def line(name: str, one: Tally) -> list[str]:
        numbers = [one.rows, *(one.status[status] for status in names), one.duplicate]
        return [name, *(f"{number:,}" for number in numbers), _share(one.status["ok"], one.rows)]

    lines = [line(escape(name), one) for name, one in found.items()]
    if rest:
        lines.append(line(*rest))
    if total:
        lines.append(line("**all**", sum(found.values(), Tally())))
    return table(heads, lines, left=1)


def _hosts(found: dict[str, Tally]) -> str:
    """The hosts with the most rows, those of which least came, and the sum of the others."""
    busy = sorted(found, key=lambda name: (-found[name].rows, name))[:HOSTS]
    if len(found) <= HOSTS:
        return _tally_table("host", {name: found[name] for name in busy})
    losers = (name for name in found if found[name].lost)
    bad = sorted(losers, key=lambda name: (found[name].alive_share, -found[name].lost, name))[:HOSTS]
    others = [one for name, one in found.items() if name not in {*busy, *bad}]
    parts = [f"The {HOSTS} with the most rows:", _tally_table("host", {name: found[name] for name in busy})]
    rest = (f"the {_n(len(others), 'other host')}", sum(others, Tally())) if others else None
    if bad:
        parts.append(f"The {len(bad)} of which least came, and all that are in neither table:")
        parts.append(_tally_table("host", {name: found[name] for name in bad}, rest=rest))
    elif rest:
        parts.append(_tally_table("host", {}, rest=rest))
    return "\n\n".join(parts)


def _reasons(lost: Sequence[Row]) -> str:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in lost:
        groups[STATUS.get(row.status, row.status), reason_of(row.error, row.url)].append(row)
    order = sorted(groups, key=lambda key: (-len(groups[key]), key))
    lines = [
        [status, escape(reason), f"{len(groups[status, reason]):,}", _example(groups[status, reason][0].url)]
        for status, reason in order[:REASONS]
    ]
    if others := order[REASONS:]:
        count = sum(len(groups[key]) for key in others)
        lines.append(["", f"{_n(len(others), 'other reason')}", f"{count:,}", ""])
    return table(["", "reason", "rows", "for example"], lines, left=2)


def _notes(noted: Sequence[Row]) -> str:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in noted:
        groups[reason_of(row.note, row.url)].append(row)
    order = sorted(groups, key=lambda key: (-len(groups[key]), key))[:REASONS]
    return table(
        ["note", "rows", "for example", "which says"],
        [
            [escape(key), f"{len(groups[key]):,}", _example(groups[key][0].url), escape(groups[key][0].note)]
            for key in order
        ],
        left=1,
    )


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], left: int) -> str:
    """A table of cells that are Markdown already; the first `left` columns hold words, of the others those with numbers."""
    lines = list(lines)
    numbers = [k >= left and all(re.fullmatch(r"[\d,.]*( %)?|–", line[k]) for line in lines) for k in range(len(heads))]
    ruler = ["---:" if number else "---" for number in numbers]
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ruler, *lines])


def escape(text: str) -> str:
    """Text as Markdown that shows it as it is, on one line: no cell, tag, link or heading begins in it."""
    text = "".join(c if c.isprintable() else " " for c in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\|`*\[\]~])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^([#+=-])", r"\\\1", text)


def _example(url: str) -> str:
    return escape(url if len(url) <= 200 else f"{url[:199]}…")


def size(count: int) -> str:
    """Bytes as people say them."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= least:
            return f"{count / least:.3g} {unit}"
    return f"{count} bytes"


def _n(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
