"""prefect.yaml, what it schedules, and that what is scheduled really runs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from tiny_projects import ROOT, make_project, without_server

from flows import retrain, serve
from flows.catalogue import nightly_catalogue
from selvedge import config
from selvedge.errors import SelvedgeError


def test_our_schedules_can_be_read_loaded_and_name_their_next_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    planned = serve.read_deployments()
    assert {plan.name for plan in planned} == {"retrain", "nightly-catalogue"}
    for plan in planned:
        flow = load_flow_from_entrypoint(plan.entrypoint)
        assert flow.name == plan.name
        flow.validate_parameters(plan.parameters)
        assert plan.limit and plan.limit.limit == 1
        assert all(serve._next(schedule) for schedule in plan.schedules)
    retraining = next(plan for plan in planned if plan.name == "retrain")
    assert serve._next(retraining.schedules[0]).strftime("%A %H:%M") == "Monday 02:00"


def test_prefect_deploy_reads_the_same_file():
    from prefect.cli.deploy._models import PrefectYamlModel

    read = PrefectYamlModel.model_validate(yaml.safe_load((ROOT / "prefect.yaml").read_text()))
    assert {plan.name for plan in read.deployments} == {
        plan.name for plan in serve.read_deployments(ROOT / "prefect.yaml")
    }


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{name: a, entrypoint: b, schedules: [{cron: 61 * * * *}]}", "'a'.*cron"),
        ("{name: a, entrypoint: b, schedules: [{}]}", "one of cron, interval, rrule"),
        ("{name: a}", "'entrypoint' is missing"),
        ("{name: a, entrypoint: b, schedule: []}", "did you mean 'schedules'"),
    ],
)
def test_a_wrong_deployment_is_named(tmp_path, entry, says):
    path = tmp_path / "prefect.yaml"
    path.write_text(f"deployments: [{entry}]")
    with pytest.raises(SelvedgeError, match=says):
        serve.read_deployments(path)


@pytest.mark.parametrize("crawl", ["crawl:\n  # why\n  snapshot: 9   # and this\n", "crawl: {snapshot: 9,\n"])
def test_a_new_snapshot_changes_one_number_and_keeps_comments(tmp_path, monkeypatch, crawl):
    text = (ROOT / "params.yaml").read_text()
    head, rest = text.split("crawl:\n  snapshot: 1\n")
    if crawl.startswith("crawl: {"):
        source = "{kind: folder, name: a, path: b, licence: c}"
        rest = f" sources: [{source}]}}\n\ndemo_shop:{rest.split('demo_shop:')[1]}"
    text = f"# é: more than one byte\n{head}{crawl}{rest}"
    (tmp_path / "params.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert retrain.raise_snapshot() == 10
    assert (tmp_path / "params.yaml").read_text() == text.replace("snapshot: 9", "snapshot: 10")
    assert config.load().crawl.snapshot == 10


def test_the_nightly_catalogue_prints_each_part_in_its_folder_and_names_the_part_that_fails(
    project, monkeypatch, capsys
):
    """The command is stood in for: here the flow is looked at, not the catalogue."""
    folder: Path = project()
    fake = folder / "selvedge.py"
    fake.write_text(
        "import sys, pathlib\n"
        "args = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
        "if args['--shard'] == '3/3': sys.exit('selvedge: no garment left')\n"
        "out = pathlib.Path(args['--out']); out.mkdir(parents=True)\n"
        "(out / 'index.html').write_text(args['--seed'] + ' ' + args['--shard'])\n"
    )
    nightly_catalogue(shards=2)
    day = date.fromisoformat(next((folder / "catalogues").iterdir()).name)
    pages = sorted((folder / "catalogues").glob("*/*/index.html"))
    assert [page.read_text() for page in pages] == [f"{day.toordinal()} 1/2", f"{day.toordinal()} 2/2"]
    assert f"catalogues/{day}/part-2-of-2/index.html" in capsys.readouterr().out

    with pytest.raises(SelvedgeError, match=r"^stage part-3-of-3 failed: no garment left"):
        nightly_catalogue(seed=5, shards=3, out="other")
    assert (folder / "other/part-1-of-3/index.html").read_text() == "5 1/3"


def test_what_is_scheduled_runs_in_this_folder_and_ctrl_c_leaves_nothing(cold, tmp_path):
    """The trap: with a wrong sqlalchemy this waits for ever, and nothing says why."""
    folder = make_project(
        tmp_path / "served", "stages: {weave: {cmd: 'pwd > place', deps: [params.yaml], outs: [place]}}"
    )
    (folder / "prefect.yaml").write_text(
        f"deployments: [{{name: often, entrypoint: '{ROOT}/flows/retrain.py:retrain', schedules: [{{interval: 5}}],"
        " parameters: {new_snapshot: true}, concurrency_limit: {limit: 1, collision_strategy: CANCEL_NEW}}]"
    )
    serving = subprocess.Popen(
        [sys.executable, "-m", "selvedge", "serve"],
        cwd=folder,
        env={**without_server(cold.home), "PREFECT_RUNNER_POLL_FREQUENCY": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A suite that a shell started in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        ran = wait_for_completed_run(cold.home / "prefect.db", "retrain", patience=60)
    finally:
        os.killpg(serving.pid, signal.SIGINT)
        output = serving.communicate(timeout=30)[0]
    assert ran, output
    assert (folder / "place").read_text().strip() == str(folder.resolve())
    assert "  snapshot: 1\n" not in (folder / "params.yaml").read_text()
    assert "often: every 0:00:05 UTC; next " in output
    assert "history and a button to run one now: http://127.0.0.1:" in output
    assert serving.returncode == 0, output
    assert not processes_with(str(cold.home))


def wait_for_completed_run(database: Path, flow: str, patience: float) -> bool:
    runs = "flow_run r JOIN flow f ON f.id = r.flow_id"
    query = f"SELECT count(*) FROM {runs} WHERE f.name = ? AND r.state_name = 'Completed'"
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as connection:
            if connection.execute(query, [flow]).fetchone()[0]:
                return True
        time.sleep(0.5)
    return False


def processes_with(word: str) -> list[str]:
    """Commands of processes whose environment has `word`, after giving them a moment to end."""
    for _ in range(50):
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if word.encode() in environ.read_bytes():
                    found.append(environ.with_name("cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        if not found:
            break
        time.sleep(0.1)
    return found
