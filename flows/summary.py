"""What a pipeline run did, as text for a terminal and as Markdown for Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selvedge.errors import SelvedgeError
from selvedge.io import read_json

METRICS = Path("metrics")
CATALOGUE = Path("catalogue/index.html")
REPORTS = Path("reports/generated")
DECISIONS = REPORTS / "register/decisions.json"
MOST = 40  # figures shown of one file
FIGURES = "Figures of"


@dataclass
class Result:
    """One stage of a run: `ran`, `unchanged`, `restored` (from DVC's cache), `failed`, `stopped` or `not run`."""

    stage: str
    state: str = "not run"
    seconds: float | None = None


Table = tuple[str, list[str], list[list[str]]]  # title, heads, rows


def as_text(results: list[Result]) -> str:
    """The summary for a terminal, without the figures, which the stages printed; the last line names the page to open."""
    parts = []
    for title, heads, rows in (table for table in _tables(results) if not table[0].startswith(FIGURES)):
        widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *rows]
        ]
        parts.append("\n".join([title, *(f"  {line}".rstrip() for line in lines)]))
    return "\n\n".join([*parts, _closing()])


def as_markdown(results: list[Result]) -> str:
    """The summary as Markdown, for Prefect's artifact."""
    parts = []
    for title, heads, rows in _tables(results):
        cells = [heads, ["---"] * len(heads), *rows]
        table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
        parts.append(f"## {title}\n\n{table}")
    return "\n\n".join([*parts, _closing()]) + "\n"


def report_of(stage: str) -> str:
    """The Markdown that a stage left in reports/generated/STAGE/report.md; empty where it left none."""
    path = REPORTS / stage / "report.md"
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _tables(results: list[Result]) -> Iterator[Table]:
    rows = [[r.stage, r.state, "" if r.seconds is None else f"{r.seconds:.1f}"] for r in results]
    rows.append(["in all", "", f"{sum(r.seconds or 0 for r in results):.1f}"])
    yield "Stages", ["stage", "state", "seconds"], rows

    for path in sorted(METRICS.glob("*.json")):
        figures = list(_flatten(_read(path)))
        rows = [[key, value] for key, value in figures[:MOST]]
        if len(figures) > MOST:
            rows.append([f"and {len(figures) - MOST} more", f"in {path}"])
        if rows:
            yield f"{FIGURES} {path.stem}", ["figure", "value"], rows

    decisions = _read(DECISIONS) if DECISIONS.exists() else []
    decisions = decisions if isinstance(decisions, list) else []
    rows = [[str(d["network"]), _outcome(d), str(d["reason"])] for d in decisions]
    if rows:
        yield "Champion", ["network", "decision", "reason"], rows


def _outcome(decision: dict[str, Any]) -> str:
    if decision["promoted"]:
        return "promoted"
    return "kept the old one" if decision.get("live") else "nothing is live"


def _closing() -> str:
    if CATALOGUE.exists():
        return f"Open {CATALOGUE.resolve()}"
    return "There is no catalogue yet: the stage `catalogue` makes it"


def _read(path: Path) -> Any:
    """A metrics file; a broken one must not hide what the run did."""
    try:
        return read_json(path)
    except SelvedgeError as error:
        return {"unreadable": str(error)}


def _flatten(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """`{"a": {"b": 1}}` as `("a.b", "1")`; a short list stays one figure, as an interval is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and len(value) <= 4 and not any(isinstance(item, dict | list) for item in value):
        yield key, ", ".join(map(_short, value))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flatten(inner, f"{key}.{index}" if key else str(index))
    else:
        yield key, _short(value)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
