"""What a run was made from and what it made: the code's commit, the Prefect run, and hashes of data as DVC computes them.

dvc.lock is no witness: before a stage ends it still holds what an earlier run, maybe on another machine, made. So a stage's
inputs and outs are hashed as they lie there, by DVC itself, which remembers the hash of a file that did not change.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

CODE = ("*.py", "*.html", "dvc.yaml", "pyproject.toml")


def of_code() -> dict[str, str]:
    """Tags `git_commit`, `git_dirty` (code was edited since) and `prefect_flow_run`, as far as there are such."""
    tags = {}
    commit = _git("rev-parse", "HEAD")
    if commit:
        tags["git_commit"] = commit
        if _git("status", "--porcelain", "--", *CODE):
            tags["git_dirty"] = "true"
    if flow := os.environ.get("SELVEDGE_FLOW_RUN_ID"):
        tags["prefect_flow_run"] = flow
    return tags


def of_inputs(stage: str) -> dict[str, str]:
    """Tags `dvc.in.PATH` with the hash of each thing that `stage` of dvc.yaml reads and another stage made."""
    with _Pipeline(stage) as pipeline:
        return pipeline.tags("in", pipeline.read_from_others())


def of_outs(stage: str) -> dict[str, str]:
    """Tags `dvc.out.PATH` with the hash of each out of `stage` of dvc.yaml; metrics and plots are no such."""
    with _Pipeline(stage) as pipeline:
        return pipeline.tags("out", pipeline.outs())


class _Pipeline:
    """A stage in its DVC repository; without a repository, or without such a stage, there is nothing to name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.repo: Repo | None = None
        self.stage: PipelineStage | None = None

    def __enter__(self) -> _Pipeline:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
        from dvc.scm import SCMError

        try:
            self.repo = Repo()
            self.stage = self.repo.stage.load_one(name=self.name)
        except (DvcException, SCMError):
            self.stage = None
        return self

    def __exit__(self, *_: object) -> None:
        if self.repo is not None:
            self.repo.close()

    def read_from_others(self) -> list[Output]:
        if self.repo is None or self.stage is None:
            return []
        made = [out.fs_path for stage in self.repo.index.stages if stage is not self.stage for out in stage.outs]
        return [dep for dep in self.stage.deps if dep.protocol == "local" and _touches(dep.fs_path, made)]

    def outs(self) -> list[Output]:
        found = self.stage.outs if self.stage is not None else []
        return [out for out in found if not (out.metric or out.plot)]

    def tags(self, side: str, paths: Iterable[Output]) -> dict[str, str]:
        return {f"dvc.{side}.{path.def_path}": str(path.get_hash().value) for path in paths if path.exists}


def _touches(path: str, others: Iterable[str]) -> bool:
    """Whether a path is one of the others, lies inside one, or holds one."""
    return any(
        path == other or path.startswith(f"{other}{os.sep}") or other.startswith(f"{path}{os.sep}") for other in others
    )


def _git(*arguments: str) -> str:
    """What git says, "" where it is no repository or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
