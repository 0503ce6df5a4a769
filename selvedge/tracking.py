"""Runs, metrics, pictures and model versions: the only importer of MLflow, and only when it is used.

Where MLflow is not installed (a bare GPU machine), a run logs JSON lines into its directory instead, and says so.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from selvedge import proc, provenance
from selvedge.errors import SelvedgeError
from selvedge.io import read_json, write_json

STORE = Path("mlruns")
EXPERIMENT = "selvedge"
MODEL_PREFIX = "selvedge-"
CHAMPION = "champion"
KIND = {"mlflow.experimentKind": "custom_model_development"}  # else MLflow opens it on traces of language models
PROCESS = "selvedge.process"  # tag of a run: who writes it
SLOW = 5.0  # seconds without an answer after which a line says what is waited for


class Run(Protocol):
    """Where a training or an evaluation reports to."""

    def metrics(self, values: Mapping[str, float], step: int) -> None: ...

    def picture(self, path: Path, step: int) -> None: ...

    def file(self, path: Path) -> None: ...


@contextmanager
def run(
    task: str,
    params: Mapping[str, Any],
    directory: Path,
    *,
    stage: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Run]:
    """A run of `task`; the one that `directory` remembers is gone on with, so a resumed training stays one run.

    The run carries the git commit and the Prefect run id; that of a `stage` of dvc.yaml also the hashes of what it reads,
    from its start, and of what it made, once it ended well. So one can walk from a picture back to the bytes. Its id is
    kept in `directory`/run.json.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("mlflow") is None:
        print(f"{task}: MLflow is not installed here; logging to {directory / 'log.jsonl'}", flush=True)
        yield _Lines(directory / "log.jsonl", task, params)
        return
    tracker = _MlflowRun(task, params, directory)
    tracker.tags({**(tags or {}), **provenance.of_code(), **(provenance.of_inputs(stage) if stage else {})})
    try:
        yield tracker
    except BaseException as error:
        tracker.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    tracker.tags(provenance.of_outs(stage) if stage else {})
    tracker.end("FINISHED")


def run_id(directory: Path) -> str | None:
    """The MLflow run that `directory` belongs to, if one was begun."""
    path = directory / "run.json"
    return read_json(path)["mlflow"] if path.exists() else None


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers of a nested mapping, keys joined by dots."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            numbers.update(flat(value, f"{prefix}{name}."))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers[f"{prefix}{name}"] = float(value)
    return numbers


# ---- the registry ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """What a registered version tells of a model, beside its bytes."""

    code: Path  # the file that MLflow runs to serve it
    promoted: bool
    tags: Mapping[str, str]  # the gate's decision and reason
    metrics: Mapping[str, Any] = field(default_factory=dict)  # scores with low, high and floor; may be nested
    params: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)  # path: hash by DVC
    pictures: Sequence[Path] = ()  # files to look at
    example: Mapping[str, list] | None = None  # an input, a column a key: it becomes the signature
    stage: str | None = None  # of dvc.yaml, that registers it


def register(network: str, directory: Path, entry: Entry) -> str | None:
    """Register a model directory as a new version of selvedge-NETWORK; alias `champion` moves to it if it was promoted.

    The version is a pyfunc model, with the directory (safetensors + card) as its artifact. Its run holds what a person
    compares by: scores as metrics, parameters, pictures, data and the gate's word. The same bytes are one version: what is new
    of them is added. Returns the version, or None where MLflow is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        return None
    mlflow = _mlflow()
    from mlflow.exceptions import MlflowException

    client, name = mlflow.MlflowClient(), f"{MODEL_PREFIX}{network}"
    sha = read_json(directory / "card.json")["sha256"]
    version = _version_of(client, name, sha) or _new_version(mlflow, name, network, directory, entry, sha)
    run = client.get_model_version(name, version).run_id
    _log_entry(client, run, entry)
    for key, value in entry.tags.items():
        client.set_model_version_tag(name, version, key, value)
    client.set_registered_model_alias(name, "candidate", version)
    if entry.promoted:
        client.set_registered_model_alias(name, CHAMPION, version)
    else:
        try:
            client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException:
            print(f"register: {name} has no {CHAMPION} in this MLflow store yet", flush=True)
    return version


def _version_of(client: Any, name: str, sha: str) -> str | None:
    """The newest version of these bytes, if there is one."""
    known = client.search_model_versions(f"name = '{name}' and tags.sha256 = '{sha}'")
    return str(max(int(found.version) for found in known)) if known else None


def _new_version(mlflow: Any, name: str, network: str, directory: Path, entry: Entry, sha: str) -> str:
    import pandas
    from mlflow.models import infer_signature

    tags = {**_provenance(entry.stage), "task": "register"}
    with warnings.catch_warnings(), mlflow.start_run(run_name=f"{network}-{sha[:12]}", tags=tags):
        warnings.simplefilter("ignore", UserWarning)  # it would like type hints, and reads them wrongly
        logged = mlflow.pyfunc.log_model(
            name=network,
            python_model=str(entry.code),
            artifacts={"model": str(directory)},
            pip_requirements=["selvedge"],
            signature=infer_signature(pandas.DataFrame(entry.example)) if entry.example else None,
        )
    version = mlflow.register_model(logged.model_uri, name, await_registration_for=60).version
    mlflow.MlflowClient().set_model_version_tag(name, version, "sha256", sha)
    return str(version)


def _log_entry(client: Any, run: str, entry: Entry) -> None:
    """Scores, parameters, data, pictures and tags of a version, on its run."""
    from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag

    now = int(time.time() * 1000)
    known = client.get_run(run).data.params  # a parameter is written once
    client.log_batch(
        run,
        metrics=[Metric(_plain(key), value, now, 0) for key, value in flat(entry.metrics).items()],
        params=[Param(key, str(value)) for key, value in entry.params.items() if key not in known],
        tags=[RunTag(key, value) for key, value in entry.tags.items()],
    )
    data = [
        DatasetInput(Dataset(name=path, digest=md5[:32], source_type="local", source=json.dumps({"path": path})))
        for path, md5 in entry.data.items()
    ]
    if data:
        client.log_inputs(run, datasets=data)
    for path in entry.pictures:
        if path.suffix in (".jpg", ".png"):  # under one name, so that runs can be compared by it
            _log_image(client, run, path, "sheet", 0)
        client.log_artifact(run, str(path))


def _log_image(client: Any, run: str, path: Path, key: str, step: int) -> None:
    from PIL import Image

    with Image.open(path) as image:
        client.log_image(run, image.convert("RGB"), key=key, step=step)


def roll_back(network: str, withdrawn: str, restored: str | None, reason: str) -> None:
    """Move the alias `champion` of selvedge-NETWORK to the version with SHA-256 `restored`, or take it away.

    The version with SHA-256 `withdrawn` is tagged with the reason. A version that this store does not know is passed over,
    and a line says so; nothing happens where MLflow is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        return
    client, name = _mlflow().MlflowClient(), f"{MODEL_PREFIX}{network}"

    def version_of(sha: str) -> str | None:
        known = _version_of(client, name, sha)
        if known is None:
            print(f"rollback: {name} of SHA-256 {sha[:12]} is not in this MLflow store", flush=True)
        return known

    if (old := version_of(withdrawn)) is not None:
        client.set_model_version_tag(name, old, "decision", "rolled back")
        client.set_model_version_tag(name, old, "reason", reason)
    new = None if restored is None else version_of(restored)
    if new is not None:
        client.set_registered_model_alias(name, CHAMPION, new)
        client.set_model_version_tag(name, new, "decision", "restored")
    elif old is not None:
        client.delete_registered_model_alias(name, CHAMPION)


def publish(load: Any) -> None:
    """Make a models-from-code file a pyfunc model: `load(model_directory)` returns what predicts a DataFrame.

    Called by the code file that `register` was given, in the process that loads the model.
    """
    mlflow = _mlflow(connect=False)
    from mlflow.pyfunc import PythonModel

    class Served(PythonModel):
        """Loads the model directory once; predict(DataFrame) -> DataFrame."""

        def load_context(self, context):
            self.model = load(Path(context.artifacts["model"]))

        def predict(self, context, model_input, params=None):  # MLflow would read type hints as a schema
            return self.model(model_input)

    mlflow.models.set_model(Served())


def serve_ui(port: int) -> None:
    """MLflow's pages on loopback until interrupted; says where to look once they are ready.

    Raises SelvedgeError when the port is taken, or the server ends by itself.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SelvedgeError(
                f"port {port} on loopback is taken; choose another: selvedge ui --port {port + 1}"
            ) from None
    mlflow = _mlflow()
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", mlflow.get_tracking_uri()]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(
        command,
        env=proc.environment(),
        start_new_session=True,  # so that all of it is ended at once
        preexec_fn=partial(proc.die_with_parent, parent=os.getpid()),
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(server, f"{base}/health")
        for line in _addresses(mlflow, base):
            print(line, flush=True)
        server.wait()
    finally:
        proc.stop_group(server)
    raise SelvedgeError(f"MLflow's server ended by itself, exit status {server.returncode}")


def _wait_for(server: subprocess.Popen, address: str) -> None:
    """Return when the server answers; a line says what is waited for where that takes longer than a few seconds."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    begin, told = time.monotonic(), False
    while server.poll() is None:
        try:
            with direct.open(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
        if not told and time.monotonic() - begin > SLOW:
            print("MLflow: waiting for its server, which imports for some seconds on a busy machine", flush=True)
            told = True
    raise SelvedgeError(f"MLflow's server did not start, exit status {server.returncode}; its own lines are above")


def _addresses(mlflow: Any, base: str) -> Iterator[str]:
    """What people come for: the table of runs, each registered model, and its champion beside the newest other version."""
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
    yield f"runs:     {base}/#/experiments/{experiment}/runs"
    for model in client.search_registered_models(f"name LIKE '{MODEL_PREFIX}%'"):
        yield f"model:    {base}/#/models/{model.name}"
        versions = client.search_model_versions(f"name = '{model.name}'")
        champion = [one for one in versions if one.version == model.aliases.get(CHAMPION)]
        others = sorted((one for one in versions if one not in champion), key=lambda one: int(one.version))
        if champion and others:
            # of runs: MLflow's own page that compares versions shows an error
            runs = json.dumps([one.run_id for one in (*champion, others[-1])], separators=(",", ":"))
            query = f"runs={urllib.parse.quote(runs)}&experiments={urllib.parse.quote(json.dumps([experiment]))}"
            yield f"compare:  {base}/#/compare-runs?{query}"
    yield "Ctrl-C ends it"


# ---- how it is done ----------------------------------------------------------------------------------------------------


def _mlflow(connect: bool = True) -> Any:
    """Import MLflow, and point it to MLFLOW_TRACKING_URI or to the embedded sqlite store, made once under a lock."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import logging

    import mlflow

    if not connect:
        return mlflow
    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking", "mlflow.utils.environment"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with _environment_kept("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
        if uri := os.environ.get("MLFLOW_TRACKING_URI"):
            mlflow.set_tracking_uri(uri)
        else:
            _open_store(mlflow, STORE.resolve())
        experiment = mlflow.set_experiment(EXPERIMENT)
    client = mlflow.MlflowClient()
    for key, value in KIND.items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)
    _end_what_was_killed(client, experiment.experiment_id)
    return mlflow


def _end_what_was_killed(client: Any, experiment: str) -> None:
    """End the runs that are RUNNING by their record and whose process on this machine is gone: KILLED, as they were."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        host, _, process = run.data.tags.get(PROCESS, "").partition(" ")
        if host == socket.gethostname() and process != proc.identity(int(process.split(":")[0])):
            client.set_terminated(run.info.run_id, "KILLED")


def _open_store(mlflow: Any, root: Path) -> None:
    """Point MLflow to the embedded store, which is made on first use."""
    root.mkdir(exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{root / 'mlflow.db'}")
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # three processes that create the database at once break it for good
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            mlflow.create_experiment(EXPERIMENT, artifact_location=(root / "artifacts").as_uri())


@contextmanager
def _environment_kept(*names: str) -> Iterator[None]:
    """Leave variables as they were: MLflow writes its choices there, where the next project's would read them as the user's."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _plain(name: str) -> str:
    """A metric's name with the signs that MLflow's names know."""
    return "".join(c if c.isalnum() or c in "_-./ " else "_" for c in name)


def _provenance(stage: str | None) -> dict[str, str]:
    """The tags of a run that begins when all is done: code, inputs and outs at once."""
    of_stage = {**provenance.of_inputs(stage), **provenance.of_outs(stage)} if stage else {}
    return {**provenance.of_code(), **of_stage}


class _MlflowRun:
    """Batches metrics: a database transaction for many of them, not for each."""

    def __init__(self, task: str, params: Mapping[str, Any], directory: Path) -> None:
        mlflow = _mlflow()
        from mlflow.entities import Metric, Param
        from mlflow.exceptions import MlflowException

        self.metric, self.client = Metric, mlflow.MlflowClient()
        self.pending: list[Metric] = []
        known = run_id(directory)
        try:
            found = self.client.get_run(known).info.run_id if known else None
        except MlflowException:
            found = None  # the store was deleted; begin a new run
        if found:
            self.id: str = found
        else:
            experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
            self.id = self.client.create_run(experiment, run_name=task, tags={"task": task}).info.run_id
            self.client.log_batch(self.id, params=[Param(key, str(value)) for key, value in params.items()])
            write_json(directory / "run.json", {"mlflow": self.id})
        # the process first: a run that is RUNNING by a process that is gone is ended by the next to come
        self.client.set_tag(self.id, PROCESS, f"{socket.gethostname()} {proc.identity(os.getpid())}")
        self.client.update_run(self.id, status="RUNNING")
        self.flushed = time.monotonic()

    def tags(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self.client.log_batch(self.id, tags=[RunTag(key, value) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self.pending += [self.metric(_plain(name), float(value), now, step) for name, value in values.items()]
        if len(self.pending) >= 500 or time.monotonic() - self.flushed > 10:
            self.flush()

    def flush(self) -> None:
        for first in range(0, len(self.pending), 1000):
            self.client.log_batch(self.id, metrics=self.pending[first : first + 1000])
        self.pending, self.flushed = [], time.monotonic()

    def picture(self, path: Path, step: int) -> None:
        _log_image(self.client, self.id, path, "samples", step)

    def file(self, path: Path) -> None:
        self.client.log_artifact(self.id, str(path))

    def end(self, status: str) -> None:
        self.flush()
        self.client.set_terminated(self.id, status)


class _Lines:
    """JSON lines, where MLflow is absent."""

    def __init__(self, path: Path, task: str, params: Mapping[str, Any]) -> None:
        self.path = path
        self._write({"task": task, "params": dict(params)})

    def _write(self, row: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row, default=str) + "\n")

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        self._write({"step": step, **values})

    def picture(self, path: Path, step: int) -> None:
        self._write({"step": step, "picture": str(path)})

    def file(self, path: Path) -> None:
        self._write({"file": str(path)})
