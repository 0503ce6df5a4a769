"""prefect.yaml, what it schedules, and that what is scheduled really runs."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import load_flow_from_entrypoint
from prefect.states import Running
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
        ("{name: a, entrypoint: none.py:flow}", "'a': .*none.py"),
    ],
)
def test_a_wrong_deployment_is_named(tmp_path, entry, says):
    path = tmp_path / "prefect.yaml"
    path.write_text(f"deployments: [{entry}]")
    with pytest.raises(SelvedgeError, match=says):
        for plan in serve.read_deployments(path):
            serve._deployment(plan, serve.Place("/", "loom"))


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


@pytest.fixture
def cloth(tmp_path: Path, prefect_api: str) -> Callable[..., tuple[serve.Place, UUID]]:
    """Register the deployment `cloth` of a folder, as `selvedge serve` does, without serving it."""

    def make(folder: str, machine: str = tmp_path.name) -> tuple[serve.Place, UUID]:
        place = serve.Place(str(tmp_path / folder), machine)
        return place, serve._deployment(CLOTH, place).apply()

    return make


CLOTH = serve.Planned("cloth", f"{ROOT}/flows/retrain.py:retrain", None, {}, (serve.Interval(3600),), None, ("mine",))


def test_serving_a_folder_ends_what_was_killed_there_and_leaves_the_runs_of_others_alone(cloth):
    (_, here), (_, other) = cloth("here"), cloth("other")
    with get_client(sync_client=True) as client:
        runs = {id: client.create_flow_run_from_deployment(id, state=Running()).id for id in (here, other)}
        asked_for = client.create_flow_run_from_deployment(here).id
        assert serve._settle_runs(client, [here]) == 0
        assert client.read_flow_run(runs[here]).state_name == "Crashed"
        assert client.read_flow_run(runs[other]).state_name == "Running"
        assert client.read_flow_run(asked_for).state_name == "Scheduled"  # by the button: it is made up for


def test_a_folder_that_is_served_again_has_its_schedule_again(cloth):
    _, here = cloth("here")
    with get_client(sync_client=True) as client:
        client.pause_deployment(here)  # as the runner does at its end
        assert cloth("here")[1] == here
        assert not client.read_deployment(here).paused


def test_what_nobody_can_serve_any_more_is_found_and_what_others_serve_is_not(cloth, tmp_path):
    for name in ("here", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prefect.yaml").touch()
    place, here = cloth("here")
    _, gone = cloth("gone")
    cloth("other")
    cloth("gone", machine="another")
    earlier = RunnerDeployment.from_entrypoint(CLOTH.entrypoint, name=CLOTH.name)  # its path is the working directory
    earlier._path = str(tmp_path / "before-it-moved")
    bare = earlier.apply()
    with get_client(sync_client=True) as client:

        def found(own: bool) -> set[UUID]:
            return {deployment.id for deployment in serve._of_here_or_gone(client, [CLOTH], place, own)}

        assert found(own=True) == {here, gone, bare}
        assert found(own=False) == {here, gone}  # whose the bare one is cannot be known


WEAVE = "stages: {weave: {cmd: 'pwd > place', deps: [params.yaml], outs: [place]}}"
OFTEN = f"""
deployments:
  - name: often
    entrypoint: {ROOT}/flows/retrain.py:retrain
    schedules: [{{interval: 10}}]
    tags: [in a hurry]
    parameters: {{new_snapshot: true}}
    concurrency_limit: {{limit: 1, collision_strategy: CANCEL_NEW}}
"""
# What such a run writes; dvc keeps its own in .dvc.
WRITTEN = ("params.yaml", "place", "dvc.lock", ".gitignore", "runs/locks/serve.lock", ".dvc/cache/", ".dvc/tmp/")


@dataclass
class Server:
    """A `selvedge serve` in `folder`."""

    folder: Path
    home: Path
    api: str | None = None

    def __enter__(self) -> Server:
        env = {**without_server(self.home), "PREFECT_RUNNER_POLL_FREQUENCY": "2"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "selvedge", "serve"],
            cwd=self.folder,
            env={**env, "PREFECT_API_URL": self.api} if self.api else env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A suite that a shell started in the background ignores Ctrl-C, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGINT)

    def stop(self, kill: signal.Signals) -> None:
        """End it as Ctrl-C in a terminal does, or as a service manager does by SIGTERM."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, kill) if kill == signal.SIGINT else self.process.send_signal(kill)
        self.process.wait(timeout=30)
        self.reader.join(timeout=30)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for_a_run(self) -> None:
        """The trap: with a wrong sqlalchemy this waits for ever, and nothing says why."""
        end = time.monotonic() + 180
        while "There is no catalogue yet" not in self.output:  # its last line
            assert time.monotonic() < end and self.process.poll() is None, self.output
            time.sleep(0.2)


def ask(home: Path, query: str) -> list[tuple]:
    """Rows of the database of Prefect's `home`."""
    with closing(sqlite3.connect(f"{(home / 'prefect.db').as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass
class Served:
    """What became of two folders that were served at once on one home, and of the first when it had moved."""

    home: Path
    one: Server
    two: Server
    moved: Server
    before: dict[str, dict[str, bytes]]
    after: dict[str, dict[str, bytes]]
    twice: Server


@pytest.fixture(scope="module")
def served(cold, tmp_path_factory) -> Served:
    folder = tmp_path_factory.mktemp("served").resolve()
    before, after = {}, {}
    for name in ("one", "two"):
        project = make_project(folder / name, WEAVE)
        (project / "prefect.yaml").write_text(OFTEN)
        (project / "params.yaml").write_text(f"# of {name}\n" + (project / "params.yaml").read_text())
        before[name] = tree(project)
    with Server(folder / "one", cold.home) as one, Server(folder / "two", cold.home) as two:
        one.wait_for_a_run()
        two.wait_for_a_run()
        with Server(two.folder, cold.home) as twice:
            twice.process.wait(timeout=60)
        one.stop(signal.SIGINT)
        after["one"] = tree(folder / "one")

        (folder / "one").rename(folder / "three")
        api = re.search(r"http://[0-9.:]+", two.output)[0] + "/api"
        with Server(folder / "three", cold.home, api) as moved:
            moved.wait_for_a_run()
            moved.stop(signal.SIGTERM)
        two.stop(signal.SIGINT)
        after["two"] = tree(folder / "two")
    return Served(cold.home, one, two, moved, before, after, twice)


def test_what_is_scheduled_runs_in_its_own_folder_and_copies_nothing_there(served):
    for server, name in ((served.one, "one"), (served.two, "two")):
        before, after = served.before[name], served.after[name]
        assert after["place"].decode().strip() == str(server.folder)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert {path for path in changed if not path.startswith(WRITTEN)} == set()
        params = re.sub(r"snapshot: \d+", "snapshot: 1", after["params.yaml"].decode())
        assert params != after["params.yaml"].decode()
        assert params == before["params.yaml"].decode()


def test_who_serves_is_told_what_comes_next_and_ctrl_c_or_sigterm_leaves_nothing(served):
    for server in (served.one, served.two, served.moved):
        assert "often: every 0:00:10 UTC; next " in server.output
        assert "history and a button to run one now: http://127.0.0.1:" in server.output
        assert server.process.returncode == 0, server.output
    assert "Traceback" not in served.moved.output
    assert not processes_with(str(served.home))
    assert set(ask(served.home, "SELECT paused FROM deployment")) == {(1,)}  # or another's server schedules in vain


def test_two_servers_on_one_home_make_no_run_twice(served):
    runs = ask(served.home, "SELECT deployment_id, expected_start_time, state_name FROM flow_run WHERE auto_scheduled")
    assert len({run[:2] for run in runs}) == len(runs)
    assert len({deployment for deployment, _, state in runs if state == "Completed"}) > 1


def test_a_folder_is_served_by_one_process_and_a_second_is_told_which(served):
    assert served.twice.process.returncode == 1
    assert (
        served.twice.output == f"selvedge: process {served.two.process.pid} serves this folder already; stop it first\n"
    )


def test_a_project_that_was_moved_runs_at_its_new_place_and_fires_no_more_at_the_old(served):
    three = served.moved.folder
    assert (three / "place").read_text().strip() == str(three)
    assert (three / "params.yaml").read_text().startswith("# of one\n")
    tags = [tag for (tags,) in ask(served.home, "SELECT tags FROM deployment") for tag in json.loads(tags)]
    assert sorted(tag for tag in tags if tag.startswith("in /")) == [f"in {three}", f"in {served.two.folder}"]
    assert "taken out of Prefect, as nobody can serve them any more: often-" in served.moved.output
    waiting = "SELECT count(*) FROM flow_run WHERE state_type = 'SCHEDULED' AND deployment_id NOT IN"
    assert ask(served.home, f"{waiting} (SELECT id FROM deployment)") == [(0,)]


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
