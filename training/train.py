"""The training stage: a task, the loop, a tracked run, and a model directory that is written when all went well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from selvedge import __version__, tracking
from selvedge.config import Params
from selvedge.io import atomic_dir, fingerprint, read_yaml, sha256_file, write_json, write_text
from training import distributed, loop, precision
from training.models.bundle import Bundle, save_bundle
from training.tasks import JOBS

HEADLINE = 6  # numbers of a metrics file, at most: `dvc metrics show` is a table
RUNS, MODELS, METRICS, GRAPH = Path("runs"), Path("models"), Path("metrics"), Path("dvc.yaml")


def run(name: str, params: Params) -> None:
    """Train network `name` as params.yaml says and leave models/NAME, metrics/NAME.json and metrics/NAME.csv.

    Checkpoints and sheets lie in runs/NAME/<hash of parameters, data and code>; the same command goes on from there, and a
    changed number, swatch or line of the network begins anew.
    """
    job = JOBS[name](params)
    settings = getattr(params, name)
    identity = {
        "settings": settings.model_dump(),
        "seed": params.seed,
        "classes": params.classes,
        "data": job.fingerprint,
        "code": _code(name),
        "version": __version__,  # in a project beside an installed package that is all that is known of the code
        "base": job.base.version if job.base else None,
    }
    directory = RUNS / name / fingerprint(identity)
    device = loop.pick_device()
    if distributed.rank():  # the first process does what is not training
        loop.train(job.task, settings, seed=params.seed, directory=directory, title=name, device=device)
        distributed.leave()
        return
    used = precision.computed_in(settings.precision, device)
    print(f"{name}: {settings.images:,} images on {device} in {used}; checkpoints in {directory}", flush=True)

    where = {"device": str(device), "computed_in": used, "threads": torch.get_num_threads()}
    logged = {**settings.model_dump(), "seed": params.seed, **where}
    tags = {"begun_with": job.base.version if job.base else "nothing"}
    with tracking.run(name, logged, directory, stage=f"train-{name}", tags=tags) as tracker:
        history = loop.train(
            job.task, settings, seed=params.seed, directory=directory, log=tracker, title=name, device=device
        )
        distributed.leave()
        export, scores, texts = job.finish()
        with atomic_dir(MODELS / name) as out:
            save_bundle(
                out,
                export.network,
                family=export.family,
                arguments=export.arguments,
                scores=scores,
                **export.card,
                **begun_with(job.base),
            )
        write_json(METRICS / f"{name}.json", headline(scores))
        for file, text in {f"{name}.csv": history.csv(), **texts}.items():
            write_text(METRICS / file, text)
        tracker.metrics(tracking.flat(scores), settings.images)
        tracker.file(MODELS / name / "card.json")
    short = ", ".join(f"{k} {v:.4g}" for k, v in tracking.flat(scores).items() if "." not in k)
    print(f"{name}: {short}", flush=True)


def headline(scores: Mapping[str, Any]) -> dict[str, float]:
    """The few numbers of a training that one compares; the model's card and MLflow have all of them."""
    numbers = {key: value for key, value in scores.items() if isinstance(value, int | float)}
    return dict(list(numbers.items())[:HEADLINE])


def begun_with(base: Bundle | None) -> dict[str, Any]:
    """What the card says of the model that a training began with: its SHA-256, and the versions before it, newest first."""
    if base is None:
        return {"begun_with": None, "lineage": []}
    return {"begun_with": base.card["sha256"], "lineage": [base.version, *base.card.get("lineage", [])]}


def _code(name: str) -> str:
    """Names the code that a training follows from: what its stage in dvc.yaml depends on under training/."""
    stages = read_yaml(GRAPH, "run this in the project's folder")["stages"]
    files = [path for path in stages[f"train-{name}"]["deps"] if path.startswith("training/")]
    return fingerprint([sha256_file(Path(__file__).parents[1] / path) for path in files])
