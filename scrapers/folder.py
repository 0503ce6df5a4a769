"""A folder of class folders as a source: no network, groups by file name or by runs of consecutive frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from scrapers.manifest import Journal, Row
from scrapers.pipelines import Fetched, keep
from selvedge.config import FolderSource
from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import list_images


def collect(source: FolderSource, classes: tuple[str, ...], journal: Journal) -> Iterator[Row]:
    """Keep every picture of the folder; raises SelvedgeError naming a missing folder, an empty class, a corrupt file."""
    root = Path(source.path)
    if not root.is_dir():
        raise SelvedgeError(f"{source.name}: {root} is no folder; correct crawl.sources in params.yaml")
    folders = {
        source.words.get(folder.name, folder.name): folder for folder in sorted(root.iterdir()) if folder.is_dir()
    }
    for cls in classes:
        if cls not in folders:
            continue  # another source may have it; whether a class stays empty is judged when all are read
        files = list_images(folders[cls])
        if not files:
            raise SelvedgeError(f"{source.name}: class {cls!r} is empty: {folders[cls]} holds no picture")
        groups = group_files(files, source)
        for file in files:
            row = Row(
                cls,
                f"{folders[cls].name}/{file.name}",
                source=source.name,
                licence=source.licence,
                group=f"{source.name}/{cls}/{groups[file]}",
            )
            if journal.done(row):
                continue
            kept = keep(journal, Fetched(row, file.read_bytes()))
            if kept.status != "ok":
                raise BadImage(f"{file}: {kept.error}; mend it or take it out of the folder")
            yield kept


def group_files(files: list[Path], source: FolderSource) -> dict[Path, str]:
    """The piece of cloth that each file shows: by pattern, by runs of consecutive numbers, or each its own."""
    if source.group_pattern is not None:
        return {file: _by_pattern(file, source) for file in files}
    if source.run_length is None:
        return {file: file.stem for file in files}
    groups: dict[Path, str] = {}
    first, last, length = "", None, 0
    for file in sorted(files, key=lambda file: (_stem_number(file)[0], _stem_number(file)[1], file.name)):
        stem, number = _stem_number(file)
        follows = last is not None and last[0] == stem and number == last[1] + 1
        if not follows or length == source.run_length:
            first, length = file.stem, 0
        groups[file], last, length = first, (stem, number), length + 1
    return groups


def _by_pattern(file: Path, source: FolderSource) -> str:
    found = re.search(source.group_pattern or "", file.stem)
    if not found:
        raise SelvedgeError(f"{source.name}: group_pattern {source.group_pattern!r} does not match {file.name}")
    return found.group(1) if found.groups() else found.group(0)


def _stem_number(file: Path) -> tuple[str, int]:
    """`striped_00017` -> ("striped_", 17)."""
    found = re.fullmatch(r"(.*?)(\d+)", file.stem)
    return (found.group(1), int(found.group(2))) if found else (file.stem, -1)
