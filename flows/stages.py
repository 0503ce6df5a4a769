"""The pipeline: a Prefect flow over the stages of dvc.yaml, a task each; DVC decides what is stale and runs it."""

from __future__ import annotations

import logging
import re
import signal
import sys
import time
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.runtime import deployment

from flows.graph import Stage, in_order, read_graph
from flows.server import prefect_server
from flows.summary import Result, as_markdown, as_text, report_of
from selvedge import proc
from selvedge.errors import SelvedgeError

ARTIFACT = "pipeline-result"
PASSING = 75  # EX_TEMPFAIL of sysexits.h: a stage that ends so asks to be run again
MISTAKE = "selvedge: "  # how a command's line for the user begins
# What DVC says after each stage about git and remotes: in the history, not on the terminal.
CHATTER = re.compile(
    r"^$|^(To track the changes|To enable auto|Use `dvc push`|Generating lock|Updating lock|\t|Data and pipe)"
)


class StageFailed(SelvedgeError):
    """A command of the pipeline failed; `final` when running it again cannot help."""

    def __init__(self, name: str, reason: str, final: bool):
        super().__init__(name, reason, final)
        self.name, self.reason, self.final = name, reason, final

    def __str__(self) -> str:
        return f"stage {self.name} failed: {self.reason}"


def run_pipeline(stage: str | None = None) -> None:
    """Run all stages, or `stage` and what is upstream of it; `selvedge run`.

    Raises SelvedgeError, one line, when there is no such stage or a stage fails; what depends on that is not run.
    """
    in_order(read_graph(), stage)  # a wrong name is refused before a server is started for it
    with prefect_server(scheduler=False) as (api, own):
        if own:
            print(f"the run in Prefect: {api.removesuffix('/api')}", flush=True)
        pipeline(stage)


@flow(name="pipeline", persist_result=False)
def pipeline(stage: str | None = None) -> None:
    """The stages of dvc.yaml one after another (a training takes every core), then the result as an artifact."""
    begin_run()
    stages = in_order(read_graph(), stage)
    results = {s.name: Result(s.name) for s in stages}
    states: dict[str, State] = {}
    try:
        for s in stages:
            begin, results[s.name].state = time.monotonic(), "stopped"  # unless it comes to an end
            states[s.name] = _task_of(s)(s.name, wait_for=[states[need] for need in s.needs], return_state=True)
            results[s.name].seconds = time.monotonic() - begin
            results[s.name].state = "failed"
            results[s.name].state = states[s.name].result()  # raises what the stage raised
    finally:
        _publish(list(results.values()))


def _task_of(stage: Stage) -> Any:
    """The task of one stage, with retries only where running again can help."""
    retries, delay = 0, 0.0
    if stage.name == "crawl":
        retries, delay = 2, 30.0  # the web has bad minutes
    elif stage.name.startswith("train-"):
        retries, delay = 1, 1.0  # goes on from its checkpoint
    return run_stage.with_options(
        name=stage.name,
        task_run_name=stage.name,
        description=stage.desc,
        retries=retries,
        retry_delay_seconds=delay,
    )


def _may_help(_task: Any, _run: Any, state: State) -> bool:
    """Whether a failed stage is tried again: never when it told the user what to mend."""
    return not getattr(state.data, "final", False)


@task(cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_may_help)
def run_stage(name: str, force: bool = False) -> str:
    """Have DVC run one stage if it is stale, or by `force`; says `ran`, `restored` (from DVC's cache) or `unchanged`."""
    how = ["--single-item", *(["--force"] if force else [])]
    lines = run_command(name, [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", *how, name])
    if any(line.startswith(f"Running stage '{name}'") for line in lines):
        state = "ran"
    else:
        state = "restored" if any(line.startswith(f"Stage '{name}' is cached") for line in lines) else "unchanged"
    if state != "unchanged":
        _publish_report(name)
    return state


def _publish_report(stage: str) -> None:
    """What a stage wrote for people to read, as an artifact of its run; most stages write nothing such."""
    if text := report_of(stage):
        key = f"{stage.lower().replace('_', '-')}-report"
        create_markdown_artifact(key=key, markdown=text, description=f"What the stage {stage} reports")


def run_command(name: str, command: list[str], env: dict[str, str] | None = None) -> list[str]:
    """Run `command` in a task of stage `name`; each line goes to the run's history and to the terminal; returns them.

    Raises StageFailed with the command's own last line for the user. That line is final: who reads it has to mend
    something, and running again would only say it again. A crash or a kill is not, nor exit status 75.
    """
    logger = get_run_logger()
    lines: list[str] = []

    def line(text: str) -> None:
        logger.info(text)
        lines.append(text)
        if not CHATTER.match(text):
            print(f"{name:<16} | {text}", flush=True)

    context = FlowRunContext.get()
    run_id = str(context.flow_run.id) if context and context.flow_run else ""
    # without PYTHONUNBUFFERED a training's lines would come in blocks of 8 kB
    status = proc.stream(command, line, env={"SELVEDGE_FLOW_RUN_ID": run_id, "PYTHONUNBUFFERED": "1", **(env or {})})
    if status != 0:
        raise _failure(name, lines, status)
    return lines


def _failure(name: str, lines: list[str], status: int) -> StageFailed:
    said = [text for text in lines if text.startswith(MISTAKE)]
    by_dvc = [text for text in lines if text.startswith("ERROR: ")]
    ended = re.search(r"exited with (-?\d+)$", by_dvc[-1]) if by_dvc else None
    status = int(ended[1]) if ended else status
    if said:
        return StageFailed(name, said[-1].removeprefix(MISTAKE), final=status != PASSING)
    # a crash: the last line of its traceback says more than DVC's line after it
    last = next((text for text in reversed(lines) if text.strip() and text not in by_dvc), "")
    crashed = ended and last and not last.startswith("> ")
    reason = last.strip() if crashed else by_dvc[-1].removeprefix("ERROR: ") if by_dvc else last or "it said nothing"
    return StageFailed(name, f"{reason} (exit status {status})", final=bool(by_dvc) and not ended)


def _publish(results: list[Result]) -> None:
    """The result on the terminal, and as an artifact of the flow run."""
    print(f"\n{as_text(results)}", flush=True)
    create_markdown_artifact(key=ARTIFACT, markdown=as_markdown(results), description="What the pipeline did")


def begin_run() -> None:
    """What each flow begins with: a scheduled one ends with its runner, and the terminal stays readable.

    Prefect's copies of what the flows print themselves, and of errors that they raise, stay in the history.
    """
    if deployment.id:
        proc.die_with_parent(signal.SIGKILL)  # after SIGTERM it would ask a server for minutes that is gone too
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler) and _not_of_runs not in handler.filters:
            handler.addFilter(_not_of_runs)


def _not_of_runs(record: logging.LogRecord) -> bool:
    return not record.name.startswith(("prefect.flow_runs", "prefect.task_runs"))
