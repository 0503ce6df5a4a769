"""Catalogues at night, outside the graph: other patterns each time, the work spread over processes."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

from prefect import flow, task, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import Field

from flows.stages import begin_run, run_command
from selvedge import config

ARTIFACT = "nightly-catalogue"
WORKERS = 2
# by Prefect's types (3.8.8) none of its runners fits its own flow: it casts them too
RUNNER = cast(TaskRunner[PrefectFuture[None]], ThreadPoolTaskRunner(max_workers=WORKERS))


@flow(name="nightly-catalogue", task_runner=RUNNER, persist_result=False)
def nightly_catalogue(
    seed: Annotated[int, Field(ge=0)] | None = None,
    shards: Annotated[int, Field(ge=1)] = WORKERS,
    out: str | None = None,
) -> None:
    """Print a catalogue of the champion in `shards` parts, each in a folder of its own under `out`.

    By default the seed is the day on which the run was due, so each night has other patterns and a repeated run the
    same, and `out` is catalogues/ and that day.
    """
    begin_run()
    config.load()
    day = (flow_run.scheduled_start_time or datetime.now(UTC)).date()
    seed = day.toordinal() if seed is None else seed
    folder = Path(out or f"catalogues/{day.isoformat()}")

    parts = make_part.map(
        list(range(1, shards + 1)), shards=unmapped(shards), seed=unmapped(seed), folder=unmapped(folder)
    )
    wait(parts)
    states = [part.state for part in parts]
    lines = [_line(folder, i, shards, state.is_completed()) for i, state in enumerate(states, 1)]
    create_markdown_artifact(key=ARTIFACT, markdown=f"## Catalogue of {day}, seed {seed}\n\n" + "\n".join(lines) + "\n")
    print(f"catalogue of {day}, seed {seed}:", *lines, sep="\n", flush=True)
    for state in states:
        state.result()  # raises what the part raised


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="part-{part}-of-{shards}")
def make_part(part: int, shards: int, seed: int, folder: Path) -> None:
    """One part of the catalogue, in a process of its own."""
    command = [sys.executable, "-m", "selvedge", "catalogue", "--seed", str(seed), "--shard", f"{part}/{shards}"]
    threads = max(1, (os.cpu_count() or 1) // min(WORKERS, shards))
    name = f"part-{part}-of-{shards}"
    run_command(name, [*command, "--out", str(folder / name)], env={"OMP_NUM_THREADS": str(threads)})


def _line(folder: Path, part: int, shards: int, done: bool) -> str:
    page = folder / f"part-{part}-of-{shards}" / "index.html"
    if not done:
        return f"- part {part} of {shards}: failed"
    return f"- [part {part} of {shards}]({page.resolve().as_uri()}): {page}"
