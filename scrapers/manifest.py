"""The rows that every source ends as: the clothing-pattern table's columns, and where each picture came from.

While a crawl goes on, rows are appended to a journal and synced; when it is complete the journal becomes `manifest.csv`,
sorted, so that equal crawls are equal bytes.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from selvedge.errors import SelvedgeError, WriteFailed
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
PROVENANCE = (
    *("boxed", "source", "page_url", "licence", "group", "status", "error", "note"),
    *("bytes", "file_width", "file_height", "sha256", "file"),
)
WINDOW = 224  # pixels; what the table's scales were made for


@dataclass(frozen=True, slots=True)
class Row:
    """One picture, as its source describes it and as it came.

    Sizes and crop are in pixels of the original that the source describes, 0 where it says nothing before the download;
    the crop is left, top, width, height.
    """

    cls: str
    url: str
    width: int = 0
    height: int = 0
    crop_x: int = 0
    crop_y: int = 0
    crop_width: int = 0
    crop_height: int = 0
    scales: tuple[float, ...] = ()
    boxed: bool = False  # the source itself named size and crop
    source: str = ""
    page_url: str = ""
    licence: str = ""
    group: str = ""  # names the piece of cloth
    status: str = "new"  # ok; dead (did not come), corrupt (came, is no picture), refused (may not be fetched)
    error: str = ""  # why it is not ok
    note: str = ""  # what to know of one that is ok: its size is not the recorded one, its crop was clamped
    bytes: int = 0
    file_width: int = 0
    file_height: int = 0
    sha256: str = ""
    file: str = ""  # below data/raw; a corrupt one's lies in quarantine/

    @property
    def id(self) -> str:
        """Twelve hex digits of what the source said, the same before the picture came and after; names the row's files."""
        box = (self.width, self.height, self.crop_x, self.crop_y, self.crop_width, self.crop_height)
        said = [self.source, self.cls, self.url, *(box if self.boxed else ())]
        return sha256_bytes(json.dumps(said).encode())[:12]

    @property
    def key(self) -> tuple:
        """The order of rows in a manifest."""
        return self.source, self.cls, self.url, self.id


def scales_of(crop_width: int, crop_height: int, window: int = WINDOW) -> tuple[float, ...]:
    """The table's scales: window sqrt(2) / shorter side, then each twice the last while below 2.

    At each of them a window rotated by any angle about the crop's centre lies wholly inside the scaled crop.
    """
    scales = [window * math.sqrt(2) / min(crop_width, crop_height)]
    while scales[-1] * 2 < 2:
        scales.append(scales[-1] * 2)
    return tuple(scales)


def with_size(row: Row, width: int, height: int) -> Row:
    """The row after a picture of width x height came: the whole of it as crop where the source named none.

    Where the source recorded another size the crop will scale with the picture, and `note` says so.
    """
    row = replace(row, file_width=width, file_height=height)
    if not row.boxed:
        return replace(
            row, width=width, height=height, crop_width=width, crop_height=height, scales=scales_of(width, height)
        )
    if (width, height) != (row.width, row.height):
        return replace(row, note=f"came as {width}x{height}, recorded as {row.width}x{row.height}: its crop is scaled")
    return row


# ---- journal and manifest ------------------------------------------------------------------------------------------------


class Journal:
    """Rows as they come, one JSON line each; a row is on the disk only after the file that it names is.

    `rows` are this crawl's, also when it was stopped and goes on; `old` are those of the manifest before it, whose pictures
    need not be fetched again. The manifest that is written at the end holds this crawl's rows alone, so that it follows
    from the sources and not from what they once held.

    One thread at a time may `commit`; `lay` and `done` may be called from others meanwhile. Raises WriteFailed when the
    disk is full or refuses.
    """

    def __init__(self, root: Path = RAW) -> None:
        self.root, self.path = root, root / ".journal.jsonl"
        root.mkdir(parents=True, exist_ok=True)
        self.old = {row.id: row for row in _read_manifest(root)}
        self.rows = {row.id: row for row in self._replay()}
        self._taken: list[Row] = []  # over from `old`, not yet in the journal
        self._numbers = itertools.count()

    def _replay(self) -> Iterator[Row]:
        if not self.path.exists():
            return
        for line in self.path.read_bytes().split(b"\n"):
            try:
                yield _from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a crawl that was killed while writing it, or an older version's

    def resume(self) -> None:
        """Forget what did not come before the crawl was stopped: all of it is asked for again, and may come now."""
        kept = {id: row for id, row in self.rows.items() if row.status == "ok"}
        if len(kept) < len(self.rows):
            write_bytes(self.path, b"".join(map(_line, kept.values())))
            self.rows = kept

    def done(self, row: Row) -> bool:
        """Whether the row's picture is here already; one from before is taken over, with what is known of it today."""
        known = self.rows.get(row.id) or self.old.get(row.id)
        if known is None or known.status != "ok" or not self._holds(known):
            return False
        if row.id not in self.rows:
            known = replace(known, page_url=row.page_url, licence=row.licence, group=row.group)
            self.rows[row.id] = known
            self._taken.append(
                known
            )  # not synced one by one: until this crawl is complete the old manifest says it, too
        return True

    def _holds(self, row: Row) -> bool:
        try:
            return (self.root / row.file).stat().st_size == row.bytes
        except OSError:
            return False

    def lay(self, row: Row, data: bytes, ending: str, folder: str = "files") -> Entry:
        """Write a body beside its place, which its own hash names; `commit` puts it there and keeps the row."""
        sha = sha256_bytes(data)
        row = replace(row, bytes=len(data), sha256=sha, file=f"{folder}/{sha[:2]}/{sha}.{ending}")
        path = self.root / row.file
        if path.exists():
            return row, None
        partial = path.with_name(f".{sha[:16]}.partial-{os.getpid()}-{next(self._numbers)}")
        with _disk(path):
            try:
                partial.write_bytes(data)
            except FileNotFoundError:
                partial.parent.mkdir(parents=True, exist_ok=True)
                partial.write_bytes(data)
        return row, partial

    def commit(self, batch: Iterable[Entry]) -> None:
        """Keep rows and their bodies for good: first the bytes, then their names, then the rows."""
        batch = list(batch)
        taken, self._taken = self._taken, []
        with _disk(self.path):
            _sync(partial for _, partial in batch if partial is not None)
            for row, partial in batch:
                if partial is not None:
                    partial.replace(self.root / row.file)
            folders = {(self.root / row.file).parent for row, _ in batch if row.file}
            _sync(folders | {folder.parent for folder in folders})
            if rows := [*taken, *(row for row, _ in batch)]:
                with self.path.open("ab") as file:
                    # a torn line before these ends here
                    file.write(b"\n" + b"".join(map(_line, rows)))
                    file.flush()
                    os.fsync(file.fileno())
        self.rows.update((row.id, row) for row, _ in batch)

    def add(self, row: Row) -> None:
        """Keep a row without a body."""
        self.commit([(row, None)])

    def store(self, row: Row, data: bytes, width: int, height: int, ending: str) -> Row:
        """Keep a picture's bytes under their own hash, then its row."""
        entry = self.lay(replace(with_size(row, width, height), status="ok", error=""), data, ending)
        self.commit([entry])
        return entry[0]

    def finish(self, wanted: set[str]) -> list[Row]:
        """Turn the journal into manifest.csv with the rows of the sources `wanted`; files that no row names are removed."""
        rows = sorted((row for row in self.rows.values() if row.source in wanted), key=lambda row: row.key)
        write_text(self.root / "manifest.csv", _table(rows))
        self.path.unlink(missing_ok=True)
        named = {self.root / row.file for row in rows if row.file}
        for partial in self.root.glob(".*.partial-*"):
            partial.unlink()
        for folder in (self.root / "files", self.root / "quarantine"):
            for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
                if path.is_dir():
                    with suppress(OSError):  # not empty
                        path.rmdir()
                elif path not in named:
                    path.unlink()
            with suppress(OSError):
                folder.rmdir()
        return rows


Entry = tuple[Row, Path | None]  # a row, and where its body lies until it is committed; None where it lies in its place


def _line(row: Row) -> bytes:
    return json.dumps(asdict(row)).encode() + b"\n"


def _sync(paths: Iterable[Path]) -> None:
    """Bring files' bytes, or folders' names, to the disk; together, as then they share the file system's own commits."""
    paths = list(paths)
    if len(paths) == 1:
        _sync_one(paths[0])
        return
    with ThreadPoolExecutor(16, "sync") as threads:
        list(threads.map(_sync_one, paths))


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteFailed(f"{path}: cannot be written ({error.strerror or error}); free space and run again") from error


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
    """A row of a journal's JSON, or of a manifest's text."""
    for field in fields(Row):
        if field.type == "int":
            record[field.name] = int(record[field.name])
        elif field.type == "bool":
            record[field.name] = record[field.name] in (True, "True")
    return Row(**{**record, "scales": tuple(record["scales"])})


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
