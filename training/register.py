"""The register stage: the gate decides network by network; the winners lie in models/champion/, MLflow mirrors them."""

from __future__ import annotations

import shutil
from pathlib import Path

from selvedge import tracking
from selvedge.config import Params
from selvedge.io import atomic_dir, read_json, write_json
from training.evaluation.evaluate import METRICS as EVALUATION
from training.evaluation.evaluate import MODELS, NETWORKS, Bench
from training.evaluation.gate import Decision, decide
from training.models.bundle import load_bundle

CHAMPION, METRICS = MODELS / "champion", Path("metrics/register.json")
SERVED = {"patterns": Path(__file__).parents[1] / "inference" / "served_patterns.py"}


def run(params: Params) -> None:
    """Replace each network's champion by its candidate if the gate says so; a line a network says why."""
    measured = read_json(EVALUATION)
    bench = Bench(params)
    decisions = [_decide(network, measured, bench, params) for network in NETWORKS]
    with atomic_dir(CHAMPION) as out:
        for decision in decisions:
            target = out / decision.network
            if decision.promoted:
                shutil.copytree(MODELS / decision.network, target)
                write_json(
                    target / "scores.json", {**measured[decision.network], "measured_on": measured["measured_on"]}
                )
            else:
                shutil.copytree(CHAMPION / decision.network, target)
    for decision in decisions:
        print(
            f"register: {decision.network}: {'promoted' if decision.promoted else 'kept the champion'}; {decision.reason}",
            flush=True,
        )
        _mirror(decision, measured)
    write_json(METRICS, {"decisions": [decision.row() for decision in decisions]})


def _decide(network: str, measured: dict, bench: Bench, params: Params) -> Decision:
    """The gate's word; a champion that was measured on other data or by another judge is measured anew first."""
    candidate, live = load_bundle(MODELS / network), CHAMPION / network
    if not live.exists():
        return decide(network, measured[network], None, params.gate)
    champion = load_bundle(live)
    if champion.card["sha256"] == candidate.card["sha256"]:
        return Decision(network, False, "the candidate is the champion, byte for byte")
    known = read_json(live / "scores.json") if (live / "scores.json").exists() else {}
    if known.get("measured_on") != bench.identity:
        print(f"register: measuring the champion's {network} anew: data, judge or sample count changed", flush=True)
        known = bench.measure(network, live)
    return decide(network, measured[network], known, params.gate)


def _mirror(decision: Decision, measured: dict) -> None:
    """Keep the candidate in MLflow's registry, with the decision; the alias `champion` follows the folder."""
    code = SERVED.get(decision.network)
    if code is None:
        return
    flat = tracking.flat({k: v for k, v in measured[decision.network].items() if not isinstance(v, dict)})
    tags = {
        "decision": "promoted" if decision.promoted else "kept",
        "reason": decision.reason,
        **{k: f"{v:.6g}" for k, v in flat.items()},
    }
    version = tracking.register(
        decision.network,
        MODELS / decision.network,
        code=code,
        promoted=decision.promoted,
        tags=tags,
        example={"class": ["dotted"], "seed": [7]},
    )
    if version:
        print(f"register: MLflow: {tracking.MODEL_PREFIX}{decision.network} version {version}", flush=True)
