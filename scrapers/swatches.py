"""Which pieces of cloth there are, and on which side of the split each one lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scrapers.manifest import Row
from selvedge.config import Split
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes

SPLITS = ("train", "judge", "test")


def usable(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Rows with a picture, and those left out because the same bytes lie under two classes (which is right is not known)."""
    alive = [row for row in rows if row.status == "ok"]
    classes: dict[str, set[str]] = defaultdict(set)
    for row in alive:
        classes[row.sha256].add(row.cls)
    conflicts = [row for row in alive if len(classes[row.sha256]) > 1]
    return [row for row in alive if len(classes[row.sha256]) == 1], conflicts


def cloths(rows: Iterable[Row]) -> dict[tuple, str]:
    """Row key -> the piece of cloth it shows: rows of one group, and groups that share a file's bytes, are one piece.

    A piece is named by the smallest of its groups' names.
    """
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    rows = list(rows)
    for row in rows:
        one, other = find(f"g:{row.group}"), find(f"s:{row.sha256}")
        parent[max(one, other)] = min(one, other)
    names: dict[str, str] = {}
    for row in rows:
        root = find(f"g:{row.group}")
        names[root] = min(names.get(root, row.group), row.group)
    return {row.key: names[find(f"g:{row.group}")] for row in rows}


def split_cloths(cls: str, names: Iterable[str], shares: Split, seed: int) -> dict[str, str]:
    """Piece of cloth -> split, for the pieces of one class: in the order of a hash, by share, at least one in each split.

    Raises SelvedgeError naming the class when it has fewer than three pieces.
    """
    order = sorted(set(names), key=lambda name: sha256_bytes(f"{seed}/{name}".encode()))
    if len(order) < len(SPLITS):
        raise SelvedgeError(
            f"class {cls!r} shows {len(order)} piece(s) of cloth; {len(SPLITS)} are needed, one each for {', '.join(SPLITS)}: "
            "add pictures, or take it out of classes"
        )
    judge = max(1, round(len(order) * shares.judge))
    test = max(1, round(len(order) * shares.test))
    while judge + test > len(order) - 1:
        judge, test = (judge - 1, test) if judge >= test else (judge, test - 1)
    sides = ["test"] * test + ["judge"] * judge + ["train"] * (len(order) - test - judge)
    return dict(zip(order, sides, strict=True))
