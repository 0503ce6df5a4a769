"""The register stage: the gate decides network by network; the winners lie in models/champion/, MLflow mirrors them.

What is live is what a candidate has to beat: the champion, and before there is one the weights that ship, which so become it.
Those that come with a newer version of the package are tried once, before the candidate.

models/champion/NETWORK/                 what is live: weights, card, scores.json
models/champion/former/NETWORK/VERSION/  what was live before, for `selvedge rollback`
models/champion/promotions.jsonl         every decision in the order taken: what, why, by which numbers
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selvedge import tracking
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, read_json, write_json, write_text
from training.evaluation import page
from training.evaluation.bench import MODELS, NETWORKS, Bench
from training.evaluation.evaluate import MEASURES, others
from training.evaluation.evaluate import REPORT as EVALUATED
from training.evaluation.features import SHIPPED as EXTRACTOR
from training.evaluation.gate import Decision, decide
from training.models.bundle import load_bundle

CHAMPION, METRICS, REPORT = MODELS / "champion", Path("metrics/register.json"), Path("reports/generated/register")
WEIGHTS, ADOPTED = EXTRACTOR.parent, "the weights that ship"
LEDGER, FORMER, SCORES = "promotions.jsonl", "former", "scores.json"
SERVED = {"patterns": Path(__file__).parents[1] / "inference" / "served_patterns.py"}
EXAMPLE = {"class": ["dotted"], "seed": [7]}


def run(params: Params) -> None:
    """Replace each network's champion by its candidate if the gate says so; a line a network says why."""
    measured = read_json(MEASURES)
    bench = Bench(params)
    history = read_ledger()
    live = {network: _live(network, params.classes) for network in NETWORKS}
    beside = {scores["model"]: scores for scores in measured["beside"].values()}
    known = {network: _known(network, live[network], bench, beside) for network in NETWORKS}
    adopted = [network for network in NETWORKS if live[network] == WEIGHTS / network]
    trials: list[Trial] = []
    for network in NETWORKS:
        champion = known[network]
        rivals = [(MODELS / network, measured[network])]
        if new := _arrived(network, live[network], history, params.classes):
            rivals.insert(0, (new, _scores(network, load_bundle(new).version, new, bench, beside)))
        for source, scores in rivals:
            trials.append(Trial(source, scores, _decide(network, source, scores, champion, history, params), champion))
            champion = scores if trials[-1].decision.promoted else champion
    decisions = [trial.decision for trial in trials]
    entries = [page.Entry("candidate", MODELS, measured)]
    champions = {network: scores for network, scores in known.items() if scores}
    if "patterns" in champions:
        entries.append(page.Entry("champion", live["patterns"].parent, champions))
    shown = [entry.found["patterns"]["model"] for entry in entries]
    entries += [entry for entry in others(params, measured) if entry.found["patterns"]["model"] not in shown]
    drawn = [*EVALUATED.glob("patterns-*.jpg"), *EVALUATED.glob("copies.jpg")]
    with atomic_dir(REPORT) as out:
        page.write(out, bench, entries, {file.name: file.read_bytes() for file in sorted(drawn)}, decisions, history)
        write_text(out / "report.md", report(decisions))
    rows = [_adoption(network, known[network], bench) for network in adopted]
    rows += [_row(trial, measured["measured_on"]) for trial in trials]
    with atomic_dir(CHAMPION) as out:
        _keep(out)
        for network in adopted:
            scores = {**known[network], "measured_on": bench.identity}
            _replace(out, network, WEIGHTS / network, scores, params.gate.keep)
        for trial in trials:
            if trial.decision.promoted:
                scores = {**trial.scores, "measured_on": measured["measured_on"]}
                _replace(out, trial.decision.network, trial.source, scores, params.gate.keep)
        _append(out, [row for row in rows if not _said(row, history)])
    for network in adopted:
        print(f"register: {network}: {ADOPTED} are the first champion", flush=True)
        _mirror_adopted(network)
    for trial in trials:
        said = "promoted" if trial.decision.promoted else "kept the champion"
        print(f"register: {trial.decision.network}: {said}; {trial.decision.reason}", flush=True)
        _mirror(trial)
    write_json(METRICS, {"decisions": [decision.row() for decision in decisions]})


@dataclass(frozen=True)
class Trial:
    """A model that is to become champion, what was measured of it, the gate's word, and what was measured of the champion."""

    source: Path
    scores: dict
    decision: Decision
    champion: dict | None


def _live(network: str, classes: Sequence[str]) -> Path | None:
    """What is live: the champion, else the weights that ship if they know all `classes`, else nothing."""
    if (CHAMPION / network).exists():
        return CHAMPION / network
    return WEIGHTS / network if _ships(network, classes) else None


def _ships(network: str, classes: Sequence[str]) -> bool:
    shipped = WEIGHTS / network
    return shipped.is_dir() and not set(classes) - set(load_bundle(shipped).card.get("classes", classes))


def _known(network: str, live: Path | None, bench: Bench, beside: Mapping[str, dict]) -> dict | None:
    """What is known of the live model, maybe from `beside` the candidate; measured anew if that was on other data or before."""
    if live is None:
        return None
    bundle = load_bundle(live)
    scores = read_json(live / SCORES) if (live / SCORES).exists() else {}
    if scores.get("measured_on") == bench.identity:
        return scores
    return _scores(network, bundle.version, live, bench, beside)


def _scores(network: str, version: str, directory: Path, bench: Bench, beside: Mapping[str, dict]) -> dict:
    """What was measured of a model `beside` the candidate, else what is measured now."""
    if version in beside:
        return beside[version]
    print(f"register: measuring {network} {version} on these data, by this judge and these settings", flush=True)
    return bench.measure(network, directory)


def _arrived(network: str, live: Path | None, history: Sequence[Mapping], classes: Sequence[str]) -> Path | None:
    """The weights that ship, where they came after the champion (a newer version of this package) and were never tried."""
    shipped = WEIGHTS / network
    if live is None or live == shipped or not _ships(network, classes):
        return None
    version = load_bundle(shipped).version
    tried = {row["candidate"] for row in history if row["network"] == network}
    return None if version in tried | {load_bundle(live).version} else shipped


def _decide(
    network: str, source: Path, candidate: dict, champion: dict | None, history: Sequence[dict], params: Params
) -> Decision:
    if champion is not None and champion["model"] == candidate["model"]:
        return Decision(network, False, "the candidate is the champion, byte for byte")
    decision = decide(network, candidate, champion, params.gate, withdrawn(network, history))
    return replace(decision, reason=f"{ADOPTED} now: {decision.reason}") if source == WEIGHTS / network else decision


def report(decisions: Sequence[Decision]) -> str:
    """The decisions as Markdown, for Prefect."""
    rows = "\n".join(
        f"| {d.network} | {'promoted' if d.promoted else 'champion kept'} | {d.reason} |" for d in decisions
    )
    return f"# The gate\n\n| network | decision | why |\n|---|---|---|\n{rows}\n\nPictures: `{REPORT / 'index.html'}`\n"


# ---- what was decided ------------------------------------------------------------------------------------------------


def read_ledger() -> list[dict[str, Any]]:
    """Every decision so far, in order; raises SelvedgeError naming a line that is damaged."""
    path = CHAMPION / LEDGER
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise SelvedgeError(
                f"{path}: line {number} is no JSON; restore the file (`dvc checkout {CHAMPION}`) or take the line out"
            ) from None
    return rows


def withdrawn(network: str, history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Versions of a network that were rolled back and not brought back since, with the reason given."""
    found: dict[str, str] = {}
    for row in history:
        if row["network"] != network:
            continue
        if row["event"] == "rolled back":
            found[row["champion"]] = row["reason"]
        if row["event"] != "refused":
            found.pop(row["candidate"], None)  # it is live again
    return found


def _adoption(network: str, scores: dict, bench: Bench) -> dict[str, Any]:
    return {
        "event": "adopted",
        "network": network,
        "candidate": scores["model"],
        "champion": None,
        "reason": ADOPTED,
        "numbers": {},
        "measured_on": bench.identity,
    }


def _row(trial: Trial, measured_on: dict) -> dict[str, Any]:
    return {
        "event": "promoted" if trial.decision.promoted else "refused",
        "network": trial.decision.network,
        "candidate": trial.scores["model"],
        "champion": trial.champion["model"] if trial.champion else None,
        "reason": trial.decision.reason,
        "numbers": trial.decision.numbers,
        "measured_on": measured_on,
    }


def _said(row: dict, history: Sequence[dict]) -> bool:
    """Whether the ledger's last word on this network is the same, or there is nothing to say."""
    if row["candidate"] == row["champion"]:
        return True
    last = next((old for old in reversed(history) if old["network"] == row["network"]), None)
    return last == json.loads(json.dumps(row))


# ---- models/champion/ ------------------------------------------------------------------------------------------------


def _keep(out: Path) -> None:
    """Begin with all that is there."""
    if CHAMPION.exists():
        shutil.copytree(CHAMPION, out, dirs_exist_ok=True)


def _replace(out: Path, network: str, source: Path | None, scores: dict | None, keep: int) -> None:
    """Put a model where the live one is, which moves to the former ones; the newest `keep` of them stay. None: no model."""
    live, shelf = out / network, out / FORMER / network
    if live.exists():
        version = load_bundle(live).version
        shutil.rmtree(shelf / version, ignore_errors=True)
        shelf.mkdir(parents=True, exist_ok=True)
        live.rename(shelf / version)
        order = [*(name for name in _shelf(out, network) if name != version), version]
        for name in order[:-keep]:
            shutil.rmtree(shelf / name)
        write_json(shelf / "order.json", order[-keep:])
    if source is not None:
        shutil.copytree(source, live)
        if scores is not None:
            write_json(live / SCORES, scores)


def _shelf(root: Path, network: str) -> list[str]:
    """Versions of the former champions, the oldest first."""
    path = root / FORMER / network / "order.json"
    return read_json(path) if path.exists() else []


def _append(out: Path, rows: Sequence[dict]) -> None:
    path = out / LEDGER
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, old + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def find_shipped(network: str) -> str | None:
    """The version of the network's weights that ship, if any do."""
    return load_bundle(WEIGHTS / network).version if (WEIGHTS / network).is_dir() else None


def rollback(network: str, *, to: str | None = None, why: str = "", keep: int = 3) -> str:
    """Bring back a former champion: the last that was not rolled back itself, or `to`, a version or how it begins.

    `shipped` takes the champion away, and the weights that ship are live.
    What was live does not pass the gate again unless its bytes are brought back by hand. MLflow's alias follows. Returns what
    is live now, in words; raises SelvedgeError where there is nothing to go back to.
    """
    if network not in NETWORKS:
        raise SelvedgeError(f"there is no network {network!r}; there are: {', '.join(NETWORKS)}")
    live = CHAMPION / network
    if not live.exists():
        raise SelvedgeError(f"{live}: there is no champion to roll back; the shipped weights are live")
    bundle, shelf = load_bundle(live), _shelf(CHAMPION, network)
    if to == "shipped":
        if find_shipped(network) == bundle.version:
            raise SelvedgeError(f"{live}: holds {ADOPTED} already")
        chosen = None
    else:
        known = withdrawn(network, read_ledger())
        fits = [version for version in shelf if (version.startswith(to) if to else version not in known)]
        if not fits or (to and len(fits) > 1):
            there = ", ".join(shelf) or "none"
            raise SelvedgeError(
                f"{network}: no former champion{f' begins with {to!r}' if to else ''}; kept are: {there}. "
                "`--to shipped` takes the champion away, and the weights that ship are live"
            )
        chosen = fits[-1]
    reason = why or "no reason was given"
    row = {
        "event": "rolled back",
        "network": network,
        "candidate": chosen,
        "champion": bundle.version,
        "reason": reason,
        "numbers": {},
        "measured_on": {},
    }
    with atomic_dir(CHAMPION) as out:
        _keep(out)
        source = None if chosen is None else CHAMPION / FORMER / network / chosen
        _replace(out, network, source, None, keep)
        if chosen is not None:
            order = [version for version in _shelf(out, network) if version != chosen]
            shutil.rmtree(out / FORMER / network / chosen, ignore_errors=True)
            write_json(out / FORMER / network / "order.json", order)
        _append(out, [row])
    if network in SERVED:
        sha = None if chosen is None else load_bundle(live).card["sha256"]
        tracking.roll_back(network, bundle.card["sha256"], sha, reason)
    if chosen is None and find_shipped(network) is None:
        return f"{network}: nothing is live, for no weights ship; {bundle.version} was rolled back ({reason})"
    return f"{network}: {chosen or 'the shipped weights'} live again, {bundle.version} was rolled back ({reason})"


# ---- MLflow ----------------------------------------------------------------------------------------------------------


def _mirror_adopted(network: str) -> None:
    """Keep the weights that ship in MLflow's registry, as champion."""
    if network in SERVED:
        tags = {"decision": "adopted", "reason": ADOPTED}
        tracking.register(network, WEIGHTS / network, code=SERVED[network], promoted=True, tags=tags, example=EXAMPLE)


def _mirror(trial: Trial) -> None:
    """Keep the model in MLflow's registry, with the decision; the alias `champion` follows the folder."""
    decision = trial.decision
    code = SERVED.get(decision.network)
    if code is None:
        return
    tags = {
        "decision": "promoted" if decision.promoted else "kept",
        "reason": decision.reason,
        **{name: f"{value:.6g}" for name, value in decision.numbers.items()},
    }
    version = tracking.register(
        decision.network,
        trial.source,
        code=code,
        promoted=decision.promoted,
        tags=tags,
        example=EXAMPLE,
        pictures=[REPORT / "index.html"],
    )
    if version:
        print(f"register: MLflow: {tracking.MODEL_PREFIX}{decision.network} version {version}", flush=True)
