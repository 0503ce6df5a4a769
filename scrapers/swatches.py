"""Which pieces of cloth there are, under which class, and on which side of the split each one lies.

A piece of cloth is all that hangs together: rows of one group (address, product, run of frames), equal bytes, and pictures
that show the same. It lies on one side of the split as a whole, and stays there: `data/splits.csv` remembers.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from scrapers.duplicates import Pair, orientations_from
from scrapers.manifest import RAW, Row
from selvedge.config import Reconstruct, Split
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes

SPLITS = ("train", "judge", "test")  # from what everyone may see to what is held out
LEDGER = Path("data/splits.csv")
COLUMNS = ("group", "class", "split")


@dataclass(frozen=True)
class Rejected:
    """A row with a picture that is left out, and why."""

    row: Row
    kind: Literal["conflict", "duplicate", "another"]
    reason: str


@dataclass(frozen=True)
class Moved:
    """A group that left its side since it turned out to be one cloth with another group, which is held out more."""

    group: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """What to rebuild: the rows, and by their id the piece of cloth and the side of the split."""

    rows: list[Row]
    cloths: dict[str, str]
    sides: dict[str, str]
    rejected: list[Rejected]
    moved: list[Moved]
    ledger: str  # the text for data/splits.csv
    renewed: str  # why the ledger was begun anew; empty when it was not


def plan(
    rows: Iterable[Row],
    pairs: Iterable[Pair],
    settings: Reconstruct,
    classes: Sequence[str],
    seed: int,
    ledger: str | None = None,
    path: str | Path = LEDGER,
) -> Plan:
    """Decide on all rows of a manifest; a function of its arguments alone, whatever the order of the rows.

    `pairs` are those of `duplicates.find`, `ledger` the text of `path` or None. Raises SelvedgeError for a class with fewer
    than three pieces of cloth, for one that has a side without any, and for a damaged ledger.
    """
    rows = sorted((row for row in rows if row.status == "ok"), key=lambda row: row.key)
    present = {row.sha256 for row in rows}
    pairs = sorted((pair for pair in pairs if {pair.a, pair.b} <= present), key=lambda pair: (pair.a, pair.b))
    pictures = _pictures(rows, pairs)
    pieces = cloths(rows, pairs)
    kept, rejected = without_conflicts(rows, pictures, settings.conflicts)
    if settings.duplicates == "drop":
        kept, twins = without_duplicates(kept, pictures, pairs)
        rejected += twins
    kept = [row for row in kept if row.cls in classes]
    rejected = [left_out for left_out in rejected if left_out.row.cls in classes]

    known, renewed = read_ledger(ledger, settings.split, seed, path)
    sides, moved = _settled(rows, pieces, known)
    for cls in sorted(classes):
        _assign(cls, sorted({pieces[row.id] for row in kept if row.cls == cls}), sides, settings.split, seed, path)

    # what was left out of a cloth is remembered with it: when its twin is gone one day, it must not change sides
    entries = dict(known)
    for row in rows:
        if pieces[row.id] in sides:
            entries[row.group] = known.get(row.group, (row.cls,))[0], sides[pieces[row.id]]
    entries |= {row.group: (row.cls, sides[pieces[row.id]]) for row in kept}
    return Plan(
        kept,
        {row.id: pieces[row.id] for row in kept},
        {row.id: sides[pieces[row.id]] for row in kept},
        rejected,
        moved,
        write_ledger(entries, settings.split, seed),
        renewed,
    )


# ---- what belongs together -----------------------------------------------------------------------------------------------


class Union:
    """Which names belong together (union-find)."""

    def __init__(self) -> None:
        self.parent: dict[Hashable, Hashable] = {}

    def find(self, name: Hashable) -> Hashable:
        """The name that stands for all that belong with `name`."""
        root = name
        while (above := self.parent.setdefault(root, root)) != root:
            root = above
        while self.parent[name] != root:
            self.parent[name], name = root, self.parent[name]
        return root

    def join(self, one: Hashable, other: Hashable) -> None:
        """From now on these two belong together."""
        self.parent[self.find(one)] = self.find(other)


def cloths(rows: Iterable[Row], pairs: Iterable[Pair]) -> dict[str, str]:
    """Row id -> the piece of cloth it shows, named by the smallest of its groups' names.

    Rows of one group are one piece, and so are groups that share a file's bytes or pictures that show the same. Give it
    rows that will be left out too: what they connect stays connected.
    """
    rows, union = list(rows), Union()
    for row in rows:
        union.join(("group", row.group), ("sha256", row.sha256))
    for pair in pairs:
        union.join(("sha256", pair.a), ("sha256", pair.b))
    names: dict[Hashable, str] = {}
    for row in rows:
        root = union.find(("group", row.group))
        names[root] = min(names.get(root, row.group), row.group)
    return {row.id: names[union.find(("group", row.group))] for row in rows}


def _pictures(rows: Iterable[Row], pairs: Iterable[Pair]) -> dict[str, str]:
    """SHA-256 -> the smallest SHA-256 of those that show the same picture."""
    union = Union()
    for pair in pairs:
        union.join(pair.a, pair.b)
    shas = sorted({row.sha256 for row in rows})
    smallest: dict[Hashable, str] = {}
    for sha in shas:
        smallest.setdefault(union.find(sha), sha)
    return {sha: smallest[union.find(sha)] for sha in shas}


# ---- what is left out ----------------------------------------------------------------------------------------------------


def without_conflicts(
    rows: Iterable[Row], pictures: dict[str, str], rule: Literal["majority", "drop"]
) -> tuple[list[Row], list[Rejected]]:
    """The rows whose class is beyond doubt, and those left out: one picture, or one group, under two classes.

    `majority`: the class that most distinct addresses name is right, and rows of another are left out; at a tie all are.
    `drop`: all are. Pictures are judged first, then groups by the rows that remain.
    """
    kept, rejected = list(rows), []
    for what, name_of in (("picture", lambda row: pictures[row.sha256]), ("group", lambda row: row.group)):
        right: dict[str, str | None] = {}
        reasons: dict[str, str] = {}
        for name, members in _by(kept, name_of).items():
            addresses = {
                cls: len({row.url for row in named}) for cls, named in _by(members, lambda row: row.cls).items()
            }
            if len(addresses) == 1:
                continue
            most = max(addresses.values())
            top = [cls for cls, count in addresses.items() if count == most]
            right[name] = top[0] if len(top) == 1 and rule == "majority" else None
            counts = ", ".join(f"{cls} at {addresses[cls]}" for cls in sorted(addresses))
            reasons[name] = f"one {what} under {len(addresses)} classes: {counts}"
        wrong = [row for row in kept if name_of(row) in right and row.cls != right[name_of(row)]]
        rejected += [Rejected(row, "conflict", reasons[name_of(row)]) for row in wrong]
        ids = {row.id for row in wrong}
        kept = [row for row in kept if row.id not in ids]
    return kept, rejected


def without_duplicates(
    rows: Iterable[Row], pictures: dict[str, str], pairs: Iterable[Pair]
) -> tuple[list[Row], list[Rejected]]:
    """One picture of those that show the same under one class: the largest, then the one with the smallest address.

    Where a table names several crops of that picture, each stays: they are different views of the cloth.
    """
    rows = list(rows)
    links: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        links[pictures[pair.a]].append(pair)
    left_out: dict[str, str] = {}
    for members in _by(rows, lambda row: (pictures[row.sha256], row.cls)).values():
        if len(members) == 1:
            continue
        order = sorted(members, key=lambda row: (-row.file_width * row.file_height, row.url, row.id))
        best = order[0]
        turned = orientations_from(best.sha256, links[pictures[best.sha256]])
        crops = set()
        for row in order:
            crop = (row.crop_x, row.crop_y, row.crop_width, row.crop_height)
            if row.sha256 == best.sha256 and crop not in crops:
                crops.add(crop)
            elif row.sha256 == best.sha256:
                left_out[row.id] = f"has the same bytes as {best.url}"
            else:
                left_out[row.id] = f"shows the same as {best.url} ({turned[row.sha256]})"
    rejected = [Rejected(row, "duplicate", left_out[row.id]) for row in rows if row.id in left_out]
    return [row for row in rows if row.id not in left_out], rejected


def _by(rows: Iterable[Row], name_of: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[name_of(row)].append(row)
    return found


# ---- sides ---------------------------------------------------------------------------------------------------------------


def _settled(
    rows: Iterable[Row], pieces: dict[str, str], known: dict[str, tuple[str, str]]
) -> tuple[dict[str, str], list[Moved]]:
    """Piece of cloth -> side, for those with a group that the ledger knows, and the groups that must leave theirs.

    Where groups of one piece lie on several sides it goes to the most held out of them: nothing ever leaves test.
    """
    groups = {row.group: pieces[row.id] for row in rows if row.group in known}
    sides: dict[str, str] = {}
    for group, piece in groups.items():
        sides[piece] = max(sides.get(piece, SPLITS[0]), known[group][1], key=SPLITS.index)
    moved = [
        Moved(group, known[group][1], sides[piece])
        for group, piece in sorted(groups.items())
        if known[group][1] != sides[piece]
    ]
    return sides, moved


def _assign(
    cls: str, names: list[str], sides: dict[str, str], shares: Split, seed: int, path: str | Path = LEDGER
) -> None:
    """Put those of a class's pieces that have no side yet into `sides`.

    In the order of a hash, each goes to the side that lacks most of its share; an empty side comes before all (test, then
    judge, then train). From scratch each side is then less than one piece from its share if all shares are at least one
    piece; if some are less, these get one piece, and the others give at most one for each.
    """
    if not names:
        raise SelvedgeError(
            f"class {cls!r} is empty: {RAW} holds no picture of it that can be used; add a source or take it out of classes"
        )
    if len(names) < len(SPLITS):
        raise SelvedgeError(
            f"class {cls!r} shows {len(names)} piece(s) of cloth; {len(SPLITS)} are needed, one each for {', '.join(SPLITS)}: "
            "add pictures, or take it out of classes"
        )
    # decimal shares as they are written: a binary 0.1 would decide ties by its last bit
    lacks = {side: Fraction(str(getattr(shares, side))) * len(names) for side in reversed(SPLITS)}
    empty = set(SPLITS)
    for name in names:
        if name in sides:
            lacks[sides[name]] -= 1
            empty.discard(sides[name])
    new = [name for name in names if name not in sides]
    for name in sorted(new, key=lambda name: sha256_bytes(f"{seed}/{cls}/{name}".encode())):
        sides[name] = max(lacks, key=lambda side: (side in empty, 0 if side in empty else lacks[side]))
        lacks[sides[name]] -= 1
        empty.discard(sides[name])
    if empty:
        raise SelvedgeError(
            f"class {cls!r} has no cloth for {', '.join(sorted(empty))}: {path} has put all {len(names)} elsewhere; "
            f"add pictures, or delete {path} to split everything anew"
        )


# ---- the ledger ------------------------------------------------------------------------------------------------------------


def _heading(shares: Split, seed: int) -> str:
    return f"# seed {seed}; " + ", ".join(f"{side} {getattr(shares, side):g}" for side in SPLITS)


def read_ledger(
    text: str | None, shares: Split, seed: int, path: str | Path = LEDGER
) -> tuple[dict[str, tuple[str, str]], str]:
    """Group -> (class, side) of a ledger's text, and why it does not count, if it does not: another seed or other shares.

    Raises SelvedgeError with file and line when it is damaged.
    """
    if text is None:
        return {}, ""
    heading, _, table = text.partition("\n")
    if not re.fullmatch(r"# seed \d+; train [\d.e-]+, judge [\d.e-]+, test [\d.e-]+", heading):
        raise _damaged(path, 1, f"{heading[:60]!r} does not say seed and shares")
    if heading != _heading(shares, seed):
        return (
            {},
            f"{path} was made with {heading[2:]}, now it is {_heading(shares, seed)[2:]}: all cloth is split anew",
        )
    reader = csv.reader(io.StringIO(table))
    if tuple(next(reader, ())) != COLUMNS:
        raise _damaged(path, 2, f"its columns are not {','.join(COLUMNS)}")
    entries: dict[str, tuple[str, str]] = {}
    for values in reader:
        line = reader.line_num + 1
        if len(values) != len(COLUMNS):
            raise _damaged(path, line, f"{len(values)} values, not {len(COLUMNS)}")
        group, cls, side = values
        if side not in SPLITS:
            raise _damaged(path, line, f"{side!r} is none of {', '.join(SPLITS)}")
        if group in entries:
            raise _damaged(path, line, f"group {group!r} was named before")
        entries[group] = cls, side
    return entries, ""


def write_ledger(entries: dict[str, tuple[str, str]], shares: Split, seed: int) -> str:
    """A ledger's text, sorted by class and group."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(((group, *values) for group, values in entries.items()), key=lambda row: (row[1], row[0])))
    return _heading(shares, seed) + "\n" + out.getvalue()


def _damaged(path: str | Path, line: int, what: str) -> SelvedgeError:
    return SelvedgeError(
        f"{path}:{line}: {what}; mend the line or bring an older copy back. Without the file all cloth is split anew, and what "
        "was held out may train"
    )
