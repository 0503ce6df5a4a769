"""`selvedge run`: what a user sees, and what Prefect remembers of it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from flows.stages import ARTIFACT, StageFailed, run_pipeline
from flows.summary import as_markdown
from selvedge.errors import SelvedgeError


def last_run(client: SyncPrefectClient) -> FlowRun:
    return client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)[0]


def tasks_of(client: SyncPrefectClient, run: FlowRun, done: int) -> dict[str, str]:
    """Names and states of a run's tasks; they travel as events, a moment behind the flow."""
    of_run = filters.FlowRunFilter(id=filters.FlowRunFilterId(any_=[run.id]))
    for _ in range(100):
        tasks = client.read_task_runs(flow_run_filter=of_run)
        states = {task.name: task.state_name or "" for task in tasks}
        if sum(state in ("Completed", "Failed") for state in states.values()) == done:
            return states
        time.sleep(0.1)
    return states


def test_the_pipeline_runs_shows_its_result_and_changes_nothing_the_second_time(project, capsys):
    folder: Path = project()
    run_pipeline()
    out = capsys.readouterr().out
    assert (folder / "dyed").read_text() == "wool\n"
    assert "weave            | woven" in out
    assert "git add" not in out and "dvc push" not in out
    assert "width.mean" not in out  # the stages printed their figures; all of them are in the artifact
    assert out.rstrip().endswith("There is no catalogue yet: the stage `catalogue` makes it")

    with get_client(sync_client=True) as client:
        run = last_run(client)
        assert run.state_name == "Completed"
        assert tasks_of(client, run, done=3) == dict.fromkeys(["weave", "dye", "measure"], "Completed")
        logs = [log.message for log in client.read_logs()]
        assert "woven" in logs

    (folder / "catalogue").mkdir()
    (folder / "catalogue/index.html").write_text("<!doctype html>")
    run_pipeline()
    out = capsys.readouterr().out
    assert out.count("unchanged") == 3
    assert out.rstrip().splitlines()[-1] == f"Open {folder.resolve()}/catalogue/index.html"

    with get_client(sync_client=True) as client:
        key = filters.ArtifactFilter(key=filters.ArtifactFilterKey(any_=[ARTIFACT]))
        run_id = filters.ArtifactFilterFlowRunId(any_=[last_run(client).id])
        artifacts = client.read_artifacts(artifact_filter=key.model_copy(update={"flow_run_id": run_id}))
        assert len(artifacts) == 1
        assert "| weave | unchanged |" in artifacts[0].data
        assert "| width.mean | 1.25 |" in artifacts[0].data
        assert "| width.ci | 1, 1.5 |" in artifacts[0].data


def test_what_dvc_has_in_its_cache_is_restored_and_said_so(project, capsys):
    folder: Path = project()
    run_pipeline("dye")
    (folder / "dyed").unlink()
    (folder / "dvc.lock").unlink()
    run_pipeline("dye")
    out = capsys.readouterr().out
    assert out.count("restored") == 2
    assert "measure" not in out


def test_champion_decisions_are_told(project, capsys):
    folder: Path = project()
    (folder / "metrics").mkdir()
    (folder / "reports/generated/register").mkdir(parents=True)
    decision = '[{"network": "patterns", "promoted": false, "live": "0a", "reason": "fd 3 | was 2"}]'
    (folder / "reports/generated/register/decisions.json").write_text(decision)
    (folder / "metrics/broken.json").write_text("{")
    run_pipeline("weave")
    out = capsys.readouterr().out
    assert "patterns  kept the old one  fd 3 | was 2" in out
    assert "metrics/broken.json: is not JSON" in as_markdown([])


MISTAKE = """
stages:
  train-weft: {cmd: 'echo try >> tries; echo "selvedge: row 3 has no cloth" >&2; exit 1', deps: [yarn], outs: [weft]}
  sew: {cmd: 'cp weft sewn', deps: [weft], outs: [sewn]}
"""


def test_a_users_mistake_ends_the_run_with_one_line_is_not_retried_and_stops_dependants(project, capsys):
    folder: Path = project(MISTAKE)
    with pytest.raises(SelvedgeError) as error:
        run_pipeline()
    assert str(error.value) == "stage train-weft failed: row 3 has no cloth"
    assert (folder / "tries").read_text() == "try\n"
    assert not (folder / "sewn").exists()
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    rows = [line.split() for line in captured.out.splitlines()]
    assert ["sew", "not", "run"] in rows
    with get_client(sync_client=True) as client:
        run = last_run(client)
        assert run.state_name == "Failed"
        assert "row 3 has no cloth" in (run.state.message or "")
        assert tasks_of(client, run, done=1) == {"train-weft": "Failed"}


CRASH = """
stages:
  train-weft:
    cmd: 'echo try >> tries; echo "Error: loom jammed"; test $(wc -l < tries) -ge {n} || exit {status}; cp yarn w'
    deps: [yarn]
    outs: [w]
"""


def test_a_training_that_crashed_is_tried_once_more(project, capsys):
    folder: Path = project(CRASH.replace("{n}", "2").replace("{status}", "3"))
    run_pipeline()
    assert (folder / "tries").read_text() == "try\n" * 2
    assert (folder / "w").exists()


def test_and_not_more_often(project):
    folder: Path = project(CRASH.replace("{n}", "9").replace("{status}", "3"))
    with pytest.raises(StageFailed, match=r"^stage train-weft failed: Error: loom jammed \(exit status 3\)$"):
        run_pipeline()
    assert (folder / "tries").read_text() == "try\n" * 2


def test_a_stage_that_says_it_is_a_passing_trouble_is_tried_again_though_it_speaks_to_the_user(project):
    folder: Path = project(CRASH.replace("{n}", "2").replace("{status}", "75").replace("Error", "selvedge"))
    run_pipeline()
    assert (folder / "tries").read_text() == "try\n" * 2


def test_what_dvc_refuses_is_told_in_its_words(project):
    project("stages: {dye: {cmd: 'true', deps: [no-such-file], outs: [dyed]}}")
    with pytest.raises(StageFailed, match="no-such-file") as error:
        run_pipeline()
    assert error.value.final


def test_a_stage_knows_the_flow_run_that_it_belongs_to(project):
    folder: Path = project("stages: {note: {cmd: 'echo $SELVEDGE_FLOW_RUN_ID > id', outs: [id]}}")
    run_pipeline()
    with get_client(sync_client=True) as client:
        assert (folder / "id").read_text().strip() == str(last_run(client).id)


def test_an_unknown_stage_is_refused_before_anything_starts(project):
    project()
    with pytest.raises(SelvedgeError, match="did you mean 'weave'"):
        run_pipeline("wave")


def test_two_first_runs_at_once_on_a_fresh_home_both_come_through(cold):
    for output, status in zip(cold.outputs, cold.statuses, strict=True):
        assert status == 0, output
        assert re.search(r"\n  dye +ran ", output), output
        assert "Error" not in output and "Traceback" not in output
