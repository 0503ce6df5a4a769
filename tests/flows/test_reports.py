"""What a stage wrote for people becomes an artifact of the flow run, when the stage ran and not when it did not."""

from __future__ import annotations

from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import FlowRunSort

from flows.stages import ARTIFACT, run_pipeline

REPORT = "reports/generated/crawl/report.md"
STAGES = f"""
stages:
  crawl:
    cmd: 'mkdir -p reports/generated/crawl && printf "# Crawl\\\\n\\\\n3 cloths\\\\n" > {REPORT}'
    deps: [yarn]
    outs: [reports/generated/crawl]
  dye: {{cmd: 'cp yarn dyed', deps: [yarn], outs: [dyed]}}
"""


def artifacts_of_last_run() -> dict[str, Artifact]:
    with get_client(sync_client=True) as client:
        run = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)[0]
        of_run = filters.ArtifactFilter(flow_run_id=filters.ArtifactFilterFlowRunId(any_=[run.id]))
        return {artifact.key or "": artifact for artifact in client.read_artifacts(artifact_filter=of_run)}


def test_the_report_of_a_stage_that_ran_is_an_artifact_of_the_run_and_of_an_unchanged_one_is_not(project) -> None:
    folder: Path = project(STAGES)
    run_pipeline()
    found = artifacts_of_last_run()
    assert set(found) == {"crawl-report", ARTIFACT}  # dye wrote none
    assert found["crawl-report"].type == "markdown"
    assert found["crawl-report"].data == "# Crawl\n\n3 cloths\n"

    run_pipeline()
    assert set(artifacts_of_last_run()) == {ARTIFACT}

    (folder / REPORT).unlink()  # DVC has it in its cache
    run_pipeline("crawl")
    assert artifacts_of_last_run()["crawl-report"].data == "# Crawl\n\n3 cloths\n"
