"""The pipeline as a scheduled deployment: what is live becomes the base, crawl again where asked, then run what is stale."""

from __future__ import annotations

import yaml
from prefect import flow

from flows.graph import read_graph
from flows.stages import begin_run, pipeline, run_stage
from selvedge import config
from selvedge.errors import SelvedgeError
from selvedge.io import write_text

BASE = "base"  # the stage that pins


@flow(name="retrain", persist_result=False)
def retrain(new_snapshot: bool = False, stage: str | None = None) -> None:
    """Run the pipeline, or `stage` and what is upstream of it; with `new_snapshot` after crawling again.

    Trainings begin with what is live now: it is pinned first, for it is made by the same graph, which has no circles.
    """
    begin_run()
    if BASE in read_graph():
        run_stage.with_options(name=BASE, task_run_name=BASE)(BASE, force=True)
    if new_snapshot:
        print(f"params.yaml: crawl.snapshot is now {raise_snapshot()}", flush=True)
    pipeline(stage)


def raise_snapshot() -> int:
    """Add one to crawl.snapshot in params.yaml and return it; only these digits change, comments stay."""
    snapshot = config.load().crawl.snapshot + 1
    text = config.PARAMS.read_text()
    node = _child(_child(yaml.compose(text), "crawl"), "snapshot")
    write_text(config.PARAMS, f"{text[: node.start_mark.index]}{snapshot}{text[node.end_mark.index :]}")
    return snapshot


def _child(node: yaml.Node | None, key: str) -> yaml.Node:
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key:
            return value
    raise SelvedgeError(f"{config.PARAMS}: {key!r} is missing; `selvedge params use demo` writes good ones")
