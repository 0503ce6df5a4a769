"""The rows that every source ends as: the clothing-pattern table's columns, and where each picture came from.

While a crawl goes on, rows are appended to a journal and synced one by one; when it is complete the journal becomes
`manifest.csv`, sorted, so that equal crawls are equal bytes.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes, write_bytes, write_text

RAW = Path("data/raw")
COLUMNS = (
    "Class Name",
    "URL",
    "Original Width",
    "Original Height",
    "Crop X",
    "Crop Y",
    "Crop Width",
    "Crop Height",
    "Scales",
)
PROVENANCE = ("source", "page_url", "licence", "group", "status", "error", "sha256", "file")
WINDOW = 224  # pixels; what the table's scales were made for


@dataclass(frozen=True)
class Row:
    """One picture. Sizes and crop are in pixels of the original, 0 where unknown before the download; the crop is left, top, width, height."""

    cls: str
    url: str
    width: int = 0
    height: int = 0
    crop_x: int = 0
    crop_y: int = 0
    crop_width: int = 0
    crop_height: int = 0
    scales: tuple[float, ...] = ()
    source: str = ""
    page_url: str = ""
    licence: str = ""
    group: str = ""  # names the piece of cloth
    status: str = "new"  # ok, dead, corrupt, refused
    error: str = ""
    sha256: str = ""
    file: str = ""  # below data/raw

    @property
    def key(self) -> tuple:
        """What makes a row this row, before the picture came and after: a crop counts where it is not the whole picture."""
        crop = self.crop_x, self.crop_y, self.crop_width, self.crop_height
        whole = crop == (0, 0, self.width, self.height)
        return self.source, self.cls, self.url, *((0, 0, 0, 0) if whole else crop)

    @property
    def name(self) -> str:
        """Twelve hex digits that name a row whose picture came, for file names."""
        crop = self.crop_x, self.crop_y, self.crop_width, self.crop_height
        return sha256_bytes(json.dumps([self.source, self.cls, self.url, *crop]).encode())[:12]


def scales_of(crop_width: int, crop_height: int, window: int = WINDOW) -> tuple[float, ...]:
    """The table's scales: window sqrt(2) / shorter side, then each twice the last while below 2.

    At each of them a window rotated by any angle about the crop's centre lies wholly inside the scaled crop.
    """
    scales = [window * math.sqrt(2) / min(crop_width, crop_height)]
    while scales[-1] * 2 < 2:
        scales.append(scales[-1] * 2)
    return tuple(scales)


def with_size(row: Row, width: int, height: int) -> Row:
    """The row after the picture came: its true size, and the whole picture as crop where the source named none."""
    if row.crop_width:
        return replace(row, width=row.width or width, height=row.height or height)
    return replace(
        row, width=width, height=height, crop_width=width, crop_height=height, scales=scales_of(width, height)
    )


# ---- the public table --------------------------------------------------------------------------------------------------


def parse_table(text: str, name: str, words: dict[str, str | None], classes: Iterable[str]) -> list[Row]:
    """Rows of a table in the clothing-pattern format; raises SelvedgeError naming table, line and column of a bad value."""
    classes = set(classes)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise SelvedgeError(f"{name}: the column {missing[0]!r} is missing; the table needs {', '.join(COLUMNS)}")
    rows = []
    for line, record in enumerate(reader, start=2):
        where = f"{name}, line {line}"
        cls = words.get(record["Class Name"] or "", record["Class Name"] or "")
        if cls is None:
            continue
        if cls not in classes:
            raise SelvedgeError(
                f"{where}: class {cls!r} is none of params.yaml's; name it in the source's `words` or in classes"
            )
        numbers = {column: _whole(record[column], column, where) for column in COLUMNS[2:8]}
        try:
            scales = tuple(float(part) for part in (record["Scales"] or "").split(";") if part)
        except ValueError:
            raise SelvedgeError(f"{where}: Scales {record['Scales']!r} are no numbers separated by ;") from None
        if not scales or min(scales) <= 0:
            raise SelvedgeError(f"{where}: Scales {record['Scales']!r} must be above 0")
        url = (record["URL"] or "").strip()
        rows.append(Row(cls, url, *numbers.values(), scales=scales, group=f"url/{sha256_bytes(url.encode())[:16]}"))
    if not rows:
        raise SelvedgeError(f"{name}: holds no rows")
    return rows


def _whole(text: str | None, column: str, where: str) -> int:
    try:
        value = int(text or "")
    except ValueError:
        raise SelvedgeError(f"{where}: {column} {text!r} is no whole number") from None
    least = 0 if column in ("Crop X", "Crop Y") else 1
    if value < least:
        raise SelvedgeError(
            f"{where}: {column} is {value}; it must be at least {least}: correct the row or take it out"
        )
    return value


# ---- journal and manifest ------------------------------------------------------------------------------------------------


class Journal:
    """Rows as they come, one JSON line each, on the disk before the next request.

    `rows` are this crawl's, also when it was stopped and goes on; `old` are those of the manifest before it, whose pictures
    need not be fetched again. The manifest that is written at the end holds this crawl's rows alone, so that it follows
    from the sources and not from what they once held.
    """

    def __init__(self, root: Path = RAW) -> None:
        self.root, self.path = root, root / ".journal.jsonl"
        root.mkdir(parents=True, exist_ok=True)
        self.old = {row.key: row for row in _read_manifest(root)}
        self.rows = {row.key: row for row in self._replay()}

    def _replay(self) -> Iterator[Row]:
        if not self.path.exists():
            return
        for line in self.path.read_bytes().split(b"\n"):
            try:
                yield _from_dict(json.loads(line))
            except ValueError:
                continue  # the last line of a crawl that was killed while writing it

    def done(self, row: Row) -> bool:
        """Whether the row's picture is here already; one from before is taken over, with what is known of it today."""
        known = self.rows.get(row.key) or self.old.get(row.key)
        if known is None or known.status != "ok" or not (self.root / known.file).exists():
            return False
        if row.key not in self.rows:
            self.add(replace(known, page_url=row.page_url, licence=row.licence, group=row.group))
        return True

    def add(self, row: Row) -> None:
        """Keep a row."""
        self.rows[row.key] = row
        with self.path.open("ab") as file:
            # a torn line before this one ends here
            file.write(b"\n" + json.dumps(asdict(row)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def store(self, row: Row, data: bytes, width: int, height: int, ending: str) -> Row:
        """Keep a picture's bytes under their own hash, then its row."""
        sha = sha256_bytes(data)
        file = f"files/{sha[:2]}/{sha}.{ending}"
        if not (self.root / file).exists():
            write_bytes(self.root / file, data)
        row = replace(with_size(row, width, height), status="ok", error="", sha256=sha, file=file)
        self.add(row)
        return row

    def finish(self, wanted: set[str]) -> list[Row]:
        """Turn the journal into manifest.csv with the rows of the sources `wanted`; files that no row names are removed."""
        rows = sorted((row for row in self.rows.values() if row.source in wanted), key=lambda row: row.key)
        write_text(self.root / "manifest.csv", _table(rows))
        self.path.unlink(missing_ok=True)
        named = {row.file for row in rows}
        for path in (self.root / "files").rglob("*"):
            if path.is_file() and str(path.relative_to(self.root)) not in named:
                path.unlink()
        return rows


def read_manifest(root: Path = RAW) -> list[Row]:
    """The rows of a finished crawl; raises SelvedgeError when there is none."""
    if not (root / "manifest.csv").exists():
        raise SelvedgeError(f"{root / 'manifest.csv'}: there is no such file; run `selvedge crawl` first")
    return list(_read_manifest(root))


def _read_manifest(root: Path) -> Iterator[Row]:
    path = root / "manifest.csv"
    if not path.exists():
        return
    names = [field.name for field in fields(Row)]
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if tuple(next(reader, ())) != COLUMNS + PROVENANCE:
            raise SelvedgeError(f"{path}: its columns are not those of a manifest; delete data/raw and crawl again")
        for values in reader:
            record = dict(zip(names, values, strict=True))
            yield _from_dict({**record, "scales": [float(part) for part in record["scales"].split(";") if part]})


def _from_dict(record: dict) -> Row:
    numbers = {"width", "height", "crop_x", "crop_y", "crop_width", "crop_height"}
    return Row(**{k: int(v) if k in numbers else tuple(v) if k == "scales" else v for k, v in record.items()})


def _table(rows: Iterable[Row]) -> str:
    """The clothing-pattern table's columns in its order, then where each picture came from."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS + PROVENANCE)
    for row in rows:
        values = asdict(row)
        values["scales"] = ";".join(f"{scale:.7g}" for scale in row.scales)
        writer.writerow(values.values())
    return out.getvalue()
