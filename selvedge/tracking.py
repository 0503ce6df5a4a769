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
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from selvedge import provenance
from selvedge.errors import SelvedgeError
from selvedge.io import read_json, write_json

STORE = Path("mlruns")
EXPERIMENT = "selvedge"
MODEL_PREFIX = "selvedge-"
CHAMPION = "champion"


class Run(Protocol):
    """Where a training or an evaluation reports to."""

    def metrics(self, values: Mapping[str, float], step: int) -> None: ...

    def picture(self, path: Path, step: int) -> None: ...

    def file(self, path: Path) -> None: ...


@contextmanager
def run(task: str, params: Mapping[str, Any], directory: Path, *, stage: str | None = None) -> Iterator[Run]:
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
    tracker.tags({**provenance.of_code(), **(provenance.of_inputs(stage) if stage else {})})
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


def register(
    network: str,
    directory: Path,
    *,
    code: Path,
    promoted: bool,
    tags: Mapping[str, str],
    example: Mapping[str, list] | None = None,
    pictures: Sequence[Path] = (),
    stage: str | None = None,
) -> str | None:
    """Register a model directory as a new version of selvedge-NETWORK; alias `champion` moves to it if `promoted`.

    The version is a pyfunc model from `code`, with the directory (safetensors + card) as its artifact. The same bytes are
    registered once. `example` is an input, a column a key: it becomes the model's signature. `pictures` are files that its
    run keeps beside it. The run is one of `stage` of dvc.yaml. Returns the version, or None where MLflow is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        return None
    mlflow = _mlflow()
    from mlflow.exceptions import MlflowException

    client, name = mlflow.MlflowClient(), f"{MODEL_PREFIX}{network}"
    sha = read_json(directory / "card.json")["sha256"]
    known = client.search_model_versions(f"name = '{name}' and tags.sha256 = '{sha}'")
    if known:
        version = max(known, key=lambda found: int(found.version)).version
    else:
        import pandas
        from mlflow.models import infer_signature

        with (
            warnings.catch_warnings(),
            mlflow.start_run(run_name=f"register-{network}", tags={**_provenance(stage), **tags}),
        ):
            warnings.simplefilter("ignore", UserWarning)  # it would like type hints, and reads them wrongly
            logged = mlflow.pyfunc.log_model(
                name=network,
                python_model=str(code),
                artifacts={"model": str(directory)},
                pip_requirements=["selvedge"],
                signature=infer_signature(pandas.DataFrame(example)) if example else None,
            )
            for path in pictures:
                mlflow.log_artifact(str(path))
        version = mlflow.register_model(logged.model_uri, name, await_registration_for=60).version
        client.set_model_version_tag(name, version, "sha256", sha)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    client.set_registered_model_alias(name, "candidate", version)
    if promoted:
        client.set_registered_model_alias(name, CHAMPION, version)
    else:
        try:
            client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException:
            print(f"register: {name} has no {CHAMPION} in this MLflow store yet", flush=True)
    return str(version)


def roll_back(network: str, withdrawn: str, restored: str | None, reason: str) -> None:
    """Move the alias `champion` of selvedge-NETWORK to the version with SHA-256 `restored`, or take it away.

    The version with SHA-256 `withdrawn` is tagged with the reason. A version that this store does not know is passed over,
    and a line says so; nothing happens where MLflow is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        return
    client, name = _mlflow().MlflowClient(), f"{MODEL_PREFIX}{network}"

    def version_of(sha: str) -> str | None:
        known = client.search_model_versions(f"name = '{name}' and tags.sha256 = '{sha}'")
        if not known:
            print(f"rollback: {name} of SHA-256 {sha[:12]} is not in this MLflow store", flush=True)
        return max(known, key=lambda found: int(found.version)).version if known else None

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

    class Served(mlflow.pyfunc.PythonModel):
        """Loads the model directory once; predict(DataFrame) -> DataFrame."""

        def load_context(self, context):
            self.model = load(Path(context.artifacts["model"]))

        def predict(self, context, model_input, params=None):  # MLflow would read type hints as a schema
            return self.model(model_input)

    mlflow.models.set_model(Served())


def serve_ui(port: int) -> None:
    """MLflow's pages on loopback until interrupted; raises SelvedgeError when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SelvedgeError(
                f"port {port} on loopback is taken; choose another: selvedge ui --port {port + 1}"
            ) from None
    uri = _mlflow().get_tracking_uri()
    print(f"MLflow: http://127.0.0.1:{port}  (ctrl-C ends it)", flush=True)
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--backend-store-uri",
        uri,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    subprocess.run(command, check=False)


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
        mlflow.set_experiment(EXPERIMENT)
    return mlflow


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

        self.metric, self.client, self.pending = Metric, mlflow.MlflowClient(), []
        known = run_id(directory)
        try:
            self.id = self.client.get_run(known).info.run_id if known else None
        except MlflowException:
            self.id = None  # the store was deleted; begin a new run
        if self.id is None:
            experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
            self.id = self.client.create_run(experiment, run_name=task, tags={"task": task}).info.run_id
            self.client.log_batch(self.id, params=[Param(key, str(value)) for key, value in params.items()])
            write_json(directory / "run.json", {"mlflow": self.id})
        else:
            self.client.update_run(self.id, status="RUNNING")
        self.flushed = time.monotonic()

    def tags(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self.client.log_batch(self.id, tags=[RunTag(key, value) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        # MLflow's names know no other signs
        clean = {"".join(c if c.isalnum() or c in "_-./ " else "_" for c in name): v for name, v in values.items()}
        self.pending += [self.metric(name, float(value), now, step) for name, value in clean.items()]
        if len(self.pending) >= 500 or time.monotonic() - self.flushed > 10:
            self.flush()

    def flush(self) -> None:
        for first in range(0, len(self.pending), 1000):
            self.client.log_batch(self.id, metrics=self.pending[first : first + 1000])
        self.pending, self.flushed = [], time.monotonic()

    def picture(self, path: Path, step: int) -> None:
        from PIL import Image

        with Image.open(path) as image:
            self.client.log_image(self.id, image.convert("RGB"), key="samples", step=step)

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
