"""The public table of addresses: the clothing-pattern data set's CSV, and any other in its format."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from scrapers.manifest import COLUMNS, Row
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes

NUMBERS = COLUMNS[2:8]


def decode_table(data: bytes, name: str) -> str:
    """A table's bytes as text; raises SelvedgeError naming the line that is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SelvedgeError(
            f"{name}, line {line}: the byte 0x{data[error.start]:02x} is no UTF-8 text; save the table as UTF-8"
        ) from None


@dataclass(frozen=True)
class Repeat:
    """A line whose picture an earlier line has too: `row` and `before`. Each is a row to the crawl, of one piece of cloth."""

    table: str
    line: int
    first: int
    row: Row
    before: Row

    @property
    def contradicts(self) -> bool:
        """Whether the two say different classes of one picture."""
        return self.row.cls != self.before.cls

    def __str__(self) -> str:
        how = f"under another class, {self.row.cls}, there {self.before.cls}"
        facts = [how if self.contradicts else f"as {self.row.cls} too"]
        for what, now, then in zip(("size", "crop"), _box(self.row), _box(self.before), strict=True):
            facts.append(f"{what} {now}, there {then}" if now != then else f"the same {what}")
        return f"{self.table}, line {self.line}: the picture of line {self.first} again, {'; '.join(facts)}"


def _box(row: Row) -> tuple[str, str]:
    """Size and crop in words."""
    return f"{row.width}x{row.height}", f"{row.crop_width}x{row.crop_height} at {row.crop_x},{row.crop_y}"


@dataclass(frozen=True)
class Table:
    """A table that was read: its rows, and the line where each begins."""

    name: str
    rows: list[Row]
    lines: list[int]

    def repeats(self) -> list[Repeat]:
        """Each line whose address an earlier line has, beside the first that has it."""
        first: dict[str, tuple[int, Row]] = {}
        found = []
        for line, row in zip(self.lines, self.rows, strict=True):
            there, before = first.setdefault(row.url, (line, row))
            if there != line:
                found.append(Repeat(self.name, line, there, row, before))
        return found


def read_table(
    text: str,
    name: str,
    words: dict[str, str | None],
    classes: Iterable[str] | None,
    source: str = "",
    licence: str = "",
) -> Table:
    """Read a table in the clothing-pattern format; `words` lead to our classes, None leaves one out; `classes` None takes any.

    Raises SelvedgeError with every defect of the table, one line each, in the order of the table's lines.
    """
    reading = _Reading(name, words, None if classes is None else frozenset(classes), source, licence)
    found = reading.read(text)
    if reading.defects:
        raise SelvedgeError("\n".join(reading.defects))
    if not found:
        raise SelvedgeError(f"{name}: holds no rows")
    return Table(name, [row for _, row in found], [line for line, _ in found])


class _Reading:
    """One reading of a table: rows that are right, and `defects` of all that are not."""

    def __init__(
        self, name: str, words: dict[str, str | None], classes: frozenset[str] | None, source: str, licence: str
    ):
        self.name, self.words, self.classes = name, words, classes
        self.source, self.licence = source, licence
        self.defects: list[str] = []
        self.first: dict[str | tuple, int] = {}  # a row's id, a record's values -> the line that had them first

    def read(self, text: str) -> list[tuple[int, Row]]:
        """Line and row of all that are right, with everything that is wrong put into `defects`."""
        records = self._records(text)
        line, header = next(records, (1, []))
        header = [cell.strip() for cell in header]
        for column in COLUMNS:
            if column not in header:
                self._say(line, f"the column {column!r} is missing; the table needs {', '.join(COLUMNS)}")
            elif header.count(column) > 1:
                self._say(line, f"the column {column!r} is there {header.count(column)} times; leave one")
        rows = []
        for line, cells in records:
            if len(cells) != len(header):
                self._say(line, f"has {len(cells)} cells, and the header {len(header)}: a comma or a quote is wrong")
                continue
            record = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            if (row := self._row(line, record)) is not None:
                rows.append((line, row))
        return rows

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Each record with the line where it begins; blank lines are none."""
        reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""))
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            self._say(line, f"cannot be read on from here ({error})")

    def _row(self, line: int, record: dict[str, str]) -> Row | None:
        """The record as a row; None where it is left out or wrong. Columns that the table lacks were said already."""
        cls = record.get("Class Name")
        if cls is not None:
            cls = self.words.get(cls, cls)
            if cls is None:
                return None
            if not self._known(cls):
                ours = "none of params.yaml's; name it in the source's `words` or in classes"
                self._say(line, f"class {cls!r} is {'no word; name one' if self.classes is None else ours}")
        values = tuple(record.get(column) for column in COLUMNS)
        if not self._first_time(line, values, "is the same as"):
            return None
        before = len(self.defects)
        url = self._url(line, record)
        numbers = [self._number(line, column, record) for column in NUMBERS]
        scales = self._scales(line, record)
        if len(self.defects) == before:
            self._check_crop(line, record)
        if not self._known(cls) or len(self.defects) > before or not set(COLUMNS) <= set(record):
            return None
        group = f"url/{sha256_bytes(url.encode())[:16]}"
        row = Row(cls, url, *numbers, scales=scales, boxed=True, source=self.source, licence=self.licence, group=group)
        return row if self._first_time(line, row.id, "names the class, picture and crop of") else None

    def _known(self, cls: str | None) -> bool:
        return bool(cls) if self.classes is None else cls in self.classes

    def _url(self, line: int, record: dict[str, str]) -> str:
        """An address of any scheme: whether it may be fetched is the crawl's to judge, row by row."""
        url = record.get("URL", "")
        if "URL" in record and not _is_address(url):
            self._say(line, f"URL {url!r} is no address")
        return url

    def _number(self, line: int, column: str, record: dict[str, str]) -> int:
        """A column's whole number; 0 where it is wrong."""
        if (text := record.get(column)) is None:
            return 0
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            self._say(line, f"{column} {text!r} is no whole number")
            return 0
        value, least = int(text), 0 if column in ("Crop X", "Crop Y") else 1
        if value < least:
            self._say(line, f"{column} is {value}; it must be at least {least}: correct the row or take it out")
        return value

    def _scales(self, line: int, record: dict[str, str]) -> tuple[float, ...]:
        if (text := record.get("Scales")) is None:
            return ()
        try:
            scales = tuple(float(part) for part in text.split(";") if part.strip())
        except ValueError:
            self._say(line, f"Scales {text!r} are no numbers separated by ;")
            return ()
        if not scales or not all(math.isfinite(scale) and scale > 0 for scale in scales):
            self._say(line, f"Scales {text!r} must be above 0")
        return scales

    def _check_crop(self, line: int, record: dict[str, str]) -> None:
        """A crop may run out of the picture by a little, as 76 of the public table do; it may not lie beside it."""
        for start, size in (("Crop X", "Original Width"), ("Crop Y", "Original Height")):
            if start in record and size in record and int(record[start]) >= int(record[size]):
                self._say(line, f"{start} is {record[start]}: outside of the picture, whose {size} is {record[size]}")

    def _first_time(self, line: int, key: str | tuple, what: str) -> bool:
        if key in self.first:
            self._say(line, f"{what} line {self.first[key]}; take one out")
        return self.first.setdefault(key, line) == line

    def _say(self, line: int, what: str) -> None:
        self.defects.append(f"{self.name}, line {line}: {what}")


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).port != 0 and "://" in text and not re.search(r"\s", text)
    except ValueError:  # brackets that do not close, a port that is no number
        return False
