"""The graph of stages as dvc.yaml writes it: which stage needs which, and an order to run them in."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selvedge.errors import SelvedgeError
from selvedge.io import read_yaml

GRAPH = Path("dvc.yaml")


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml, and the stages that make what it reads."""

    name: str
    desc: str
    needs: tuple[str, ...]


def read_graph(path: str | Path = GRAPH) -> dict[str, Stage]:
    """The stages of dvc.yaml by name, in the order of the file.

    Stage b needs stage a when a path that b depends on is an output of a (out, metric or plot), lies inside one, or
    holds one. Raises SelvedgeError when the file is missing or is no graph of stages.
    """
    specs = _read_specs(Path(path))
    makes = {name: set(_paths(spec, "outs", "metrics", "plots")) for name, spec in specs.items()}
    reads = {name: set(_paths(spec, "deps")) for name, spec in specs.items()}
    return {
        name: Stage(
            name=name,
            desc=spec.get("desc", ""),
            needs=tuple(a for a in specs if any(_touch(read, made) for read in reads[name] for made in makes[a])),
        )
        for name, spec in specs.items()
    }


def in_order(graph: dict[str, Stage], last: str | None = None) -> list[Stage]:
    """Stage `last` and everything upstream of it, or all stages, each after what it needs; else as the file has them.

    Raises SelvedgeError naming the nearest stage when there is no `last`, and naming a cycle when there is one.
    """
    if last is not None and last not in graph:
        near = difflib.get_close_matches(last, graph, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(graph)}"
        raise SelvedgeError(f"{GRAPH}: there is no stage {last!r}; {hint}")
    order: list[Stage] = []

    def visit(name: str, road: tuple[str, ...]) -> None:
        if name in road:
            cycle = (*road[road.index(name) :], name)
            raise SelvedgeError(f"{GRAPH}: stages wait for each other: {' <- '.join(cycle)}; cut one of these edges")
        if graph[name] not in order:
            for need in graph[name].needs:
                visit(need, (*road, name))
            order.append(graph[name])

    for name in graph if last is None else [last]:
        visit(name, ())
    return order


def _read_specs(path: Path) -> dict[str, dict[str, Any]]:
    raw = read_yaml(path, "run this in the project's folder")
    stages = raw.get("stages") if isinstance(raw, dict) else None
    if not isinstance(stages, dict) or not stages:
        raise SelvedgeError(f"{path}: holds no stages")
    for name, spec in stages.items():
        if not isinstance(spec, dict) or "cmd" not in spec:
            raise SelvedgeError(f"{path}: stage {name!r} has no cmd; stages made by foreach or matrix cannot be read")
    return stages


def _paths(spec: dict[str, Any], *keys: str) -> Iterator[str]:
    """The paths under `keys`, from the project's folder; an entry is a path or {path: its options}."""
    for key in keys:
        entries: Iterable[Any] = spec.get(key) or []
        for entry in entries:
            path = next(iter(entry)) if isinstance(entry, dict) else entry
            yield posixpath.normpath(posixpath.join(spec.get("wdir", "."), path))


def _touch(a: str, b: str) -> bool:
    """Whether two paths are the same, or one lies inside the other."""
    return a == b or a.startswith(f"{b}/") or b.startswith(f"{a}/")
