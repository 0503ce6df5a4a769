"""The register stage: the gate decides network by network; the winners lie in models/champion/, MLflow mirrors them.

What is live is what a candidate has to beat. Where nothing is, the weights that ship come first, and become the first champion if
they reach the gate's floors; those that come with a newer version of the package are tried once, before the candidate.

models/champion/NETWORK/                what is live: weights, card, scores.json; nothing else, so that what depends on it
                                        changes only with it
models/history/former/NETWORK/VERSION/  what was live before, for `selvedge rollback`
models/history/promotions.jsonl         every decision in the order taken: what, why, by which numbers
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selvedge import provenance, registry, tracking
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, read_json, write_json, write_text
from training.evaluation import page
from training.evaluation.bench import Bench
from training.evaluation.evaluate import MEASURES, of_patterns, others
from training.evaluation.evaluate import REPORT as EVALUATED
from training.evaluation.gate import Decision, decide
from training.models.bundle import load_bundle

METRICS, REPORT = Path("metrics/register.json"), Path("reports/generated/register")
HISTORY, SHIPPED = registry.MODELS / "history", "the weights that ship"
LEDGER, FORMER, SCORES = "promotions.jsonl", "former", "scores.json"
DECISIONS = "decisions.json"
# an example of what a served network is asked; else a picture
ASKED: dict[str, dict[str, list]] = {"patterns": {"class": ["dotted"], "seed": [7]}}


def run(params: Params) -> None:
    """Replace each network's champion by its candidate if the gate says so; a line a network says why."""
    measured = read_json(MEASURES)
    bench = Bench(params)
    history = read_ledger()
    beside = {scores["model"]: scores for scores in measured["beside"].values()}
    trials: list[Trial] = []
    for network in registry.GATED:
        trials += _tried(network, Model(registry.MODELS / network, measured[network]), bench, beside, history)
    decisions = [trial.decision for trial in trials]
    sheets = _write_report(bench, measured, trials, history)
    rows = [_row(trial, measured["measured_on"]) for trial in trials]
    with _rewritten() as (live, shelf):
        for trial in trials:
            if trial.decision.promoted:
                _replace(live, shelf, trial, measured["measured_on"], params.gate.keep)
        _append(shelf, [row for row in rows if not _said(row, history)])
    for trial in trials:
        print(f"register: {trial.decision.network}: {_outcome(trial.decision)}; {trial.decision.reason}", flush=True)
        _mirror(trial, sheets)
    _mirror_classifier()
    last = {decision.network: int(decision.promoted) for decision in decisions}
    write_json(METRICS, {f"{network}_promoted": promoted for network, promoted in last.items()})


@dataclass(frozen=True)
class Model:
    """A model directory and what was measured of it."""

    source: Path
    scores: dict


@dataclass(frozen=True)
class Trial:
    """A model that is to become champion, the champion that it had to beat, and the gate's word."""

    candidate: Model
    champion: Model | None
    decision: Decision


def _tried(
    network: str, candidate: Model, bench: Bench, beside: Mapping[str, dict], history: Sequence[dict]
) -> list[Trial]:
    """The trials of one network: of the weights that ship where they are to be tried, then of the candidate."""
    champion, policy, trials = _champion(network, bench, beside), bench.params.gate, []
    rivals = [candidate]
    if new := _ships_anew(network, champion, history, bench.params.classes):
        rivals.insert(0, Model(new, _scores(network, new, bench, beside)))
    for rival in rivals:
        shipped = rival is not candidate
        # what ships never saw the training pictures, so nobody looks for copies of them in it
        rules = policy.model_copy(update={"least_decidable": 0.0}) if shipped else policy
        decision = decide(
            network, rival.scores, champion.scores if champion else None, rules, withdrawn(network, history)
        )
        if shipped:
            decision = replace(decision, reason=f"{SHIPPED}: {decision.reason}")
        trials.append(Trial(rival, champion, decision))
        champion = rival if decision.promoted else champion
    if champion is None:
        served = f"; commands and catalogue use {SHIPPED}" if registry.find_shipped(network) else ""
        last = trials.pop()
        reason = f"{last.decision.reason}; nothing is live{served}"
        trials.append(replace(last, decision=replace(last.decision, reason=reason)))
    return trials


def _champion(network: str, bench: Bench, beside: Mapping[str, dict]) -> Model | None:
    """What is live; measured anew if its scores are of other data, or of another way to measure."""
    live = registry.find_champion(network)
    if live is None:
        return None
    scores = read_json(live / SCORES) if (live / SCORES).exists() else {}
    if scores.get("measured_on") != bench.identity:
        scores = _scores(network, live, bench, beside)
    return Model(live, scores)


def _scores(network: str, directory: Path, bench: Bench, beside: Mapping[str, dict]) -> dict:
    """What was measured of a model `beside` the candidate, else what is measured now."""
    version = registry.version_of(directory)
    if version in beside:
        return beside[version]
    print(f"register: measuring {network} {version} on these data, by this judge and these settings", flush=True)
    return bench.measure(network, directory)


def _ships_anew(
    network: str, champion: Model | None, history: Sequence[Mapping], classes: Sequence[str]
) -> Path | None:
    """The weights that ship, if they know all classes, and either nothing is live or they were not tried yet."""
    shipped = registry.find_shipped(network)
    if shipped is None or set(classes) - set(load_bundle(shipped).card.get("classes", classes)):
        return None
    tried = {row["candidate"] for row in history if row["network"] == network}
    new = champion is None or registry.version_of(shipped) not in tried | {champion.scores["model"]}
    return shipped if new else None


def _write_report(bench: Bench, measured: dict, trials: Sequence[Trial], history: Sequence[dict]) -> dict[str, Path]:
    """The page, report.md and the decisions: candidates beside the champions that they had to beat.

    Returns the sheet of each pattern generator that is shown, by its version.
    """
    entries = [page.Entry("candidate", {network: registry.MODELS / network for network in registry.GATED}, measured)]
    champions = {trial.decision.network: trial.champion for trial in trials if trial.champion}
    if "patterns" in champions:
        directories = {network: model.source for network, model in champions.items()}
        found = {network: model.scores for network, model in champions.items()}
        entries.append(page.Entry("champion", directories, found))
    shown = [entry.found["patterns"]["model"] for entry in entries]
    entries += [e for e in others(bench.params, measured) if e.found["patterns"]["model"] not in shown]
    drawn = [*EVALUATED.glob("patterns-*.jpg"), *EVALUATED.glob("copies.jpg")]
    decisions = [trial.decision for trial in trials]
    with atomic_dir(REPORT) as out:
        page.write(out, bench, entries, {file.name: file.read_bytes() for file in sorted(drawn)}, decisions, history)
        write_text(out / "report.md", report(decisions))
        write_json(out / DECISIONS, [decision.row() for decision in decisions])
    return {entry.found["patterns"]["model"]: REPORT / f"patterns-{entry.name}.jpg" for entry in reversed(entries)}


def _outcome(decision: Decision) -> str:
    """What became of the candidate, in three words at most."""
    return "promoted" if decision.promoted else "kept the champion" if decision.live else "refused"


def report(decisions: Sequence[Decision]) -> str:
    """The decisions as Markdown, for Prefect."""
    rows = "\n".join(f"| {d.network} | {_outcome(d)} | {d.reason} |" for d in decisions)
    return f"# The gate\n\n| network | decision | why |\n|---|---|---|\n{rows}\n\nPictures: `{REPORT / 'index.html'}`\n"


# ---- what was decided ------------------------------------------------------------------------------------------------


def read_ledger() -> list[dict[str, Any]]:
    """Every decision so far, in order; raises SelvedgeError naming a line that is damaged."""
    path = HISTORY / LEDGER
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise SelvedgeError(
                f"{path}: line {number} is no JSON; restore the file (`dvc checkout {HISTORY}`) or take the line out"
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


def _row(trial: Trial, measured_on: dict) -> dict[str, Any]:
    return {
        "event": "promoted" if trial.decision.promoted else "refused",
        "network": trial.decision.network,
        "candidate": trial.candidate.scores["model"],
        "champion": trial.champion.scores["model"] if trial.champion else None,
        "reason": trial.decision.reason,
        "numbers": trial.decision.numbers,
        "measured_on": measured_on,
    }


def _said(row: dict, history: Sequence[dict]) -> bool:
    """Whether the ledger's last word on this model is the same, or there is nothing to say."""
    if row["candidate"] == row["champion"]:
        return True
    same = (old for old in reversed(history) if all(old[key] == row[key] for key in ("network", "candidate")))
    return next(same, None) == json.loads(json.dumps(row))


# ---- models/champion/ and models/history/ ------------------------------------------------------------------------------


@contextmanager
def _rewritten() -> Iterator[tuple[Path, Path]]:
    """Copies of what is live and of the history, which take their places when the block ends well; the history goes first."""
    with atomic_dir(registry.CHAMPION) as live, atomic_dir(HISTORY) as shelf:
        for source, copy in ((registry.CHAMPION, live), (HISTORY, shelf)):
            if source.exists():
                shutil.copytree(source, copy, dirs_exist_ok=True)
        yield live, shelf


def _replace(live: Path, shelf: Path, trial: Trial, measured_on: dict, keep: int) -> None:
    """Put the candidate where the live model is, which goes to the former ones."""
    network = trial.decision.network
    if (live / network).exists():
        _shelve(shelf, network, live / network, keep)
    _place(live / network, trial.candidate.source)
    write_json(live / network / SCORES, {**trial.candidate.scores, "measured_on": measured_on})


def _place(directory: Path, source: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(source, directory)


def _shelve(shelf: Path, network: str, source: Path, keep: int) -> None:
    """Add a model to the former ones; the newest `keep` of them stay."""
    version, former = registry.version_of(source), shelf / FORMER / network
    _place(former / version, source)
    order = [*(name for name in _shelf(shelf, network) if name != version), version]
    for name in order[:-keep]:
        shutil.rmtree(former / name)
    write_json(former / "order.json", order[-keep:])


def _shelf(root: Path, network: str) -> list[str]:
    """Versions of the former champions, the oldest first."""
    path = root / FORMER / network / "order.json"
    return read_json(path) if path.exists() else []


def _append(out: Path, rows: Sequence[dict]) -> None:
    path = out / LEDGER
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, old + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def rollback(network: str, *, to: str | None = None, why: str = "", keep: int = 3) -> str:
    """Bring back a former champion: the last that was not rolled back itself, or `to`, a version or how it begins.

    `shipped` takes the champion away, and the weights that ship are live.
    What was live does not pass the gate again unless its bytes are brought back by hand. MLflow's alias follows. Returns what
    is live now, in words; raises SelvedgeError where there is nothing to go back to.
    """
    if network not in registry.GATED:
        raise SelvedgeError(f"there is no network {network!r}; there are: {', '.join(registry.GATED)}")
    champion, shipped = registry.CHAMPION / network, registry.find_shipped(network)
    if not champion.exists():
        raise SelvedgeError(f"{champion}: there is no champion to roll back")
    bundle = load_bundle(champion)
    if to == "shipped" and shipped and registry.version_of(shipped) == bundle.version:
        raise SelvedgeError(f"{champion}: holds {SHIPPED} already")
    chosen = None if to == "shipped" else _former(network, bundle.version, to)
    reason = why or "no reason was given"
    row: dict[str, Any] = {
        "event": "rolled back",
        "network": network,
        "candidate": chosen,
        "champion": bundle.version,
        "reason": reason,
        "numbers": {},
        "measured_on": {},
    }
    with _rewritten() as (live, shelf):
        if chosen is None:
            shutil.rmtree(live / network)
        else:
            _place(live / network, HISTORY / FORMER / network / chosen)
        _shelve(shelf, network, champion, keep)
        _append(shelf, [row])
    sha = None if chosen is None else load_bundle(champion).card["sha256"]
    tracking.roll_back(network, bundle.card["sha256"], sha, reason)
    if chosen is None and shipped is None:
        return f"{network}: nothing is live, for no weights ship; {bundle.version} was rolled back ({reason})"
    return f"{network}: {chosen or 'the shipped weights'} live again, {bundle.version} was rolled back ({reason})"


def _former(network: str, live: str, to: str | None) -> str:
    """The version to go back to from the one that is `live`; raises SelvedgeError where there is none, or more than one."""
    known = withdrawn(network, read_ledger())
    shelf = [version for version in _shelf(HISTORY, network) if version != live]
    fits = [version for version in shelf if (version.startswith(to) if to else version not in known)]
    if not fits or (to and len(fits) > 1):
        there = ", ".join(shelf) or "none"
        raise SelvedgeError(
            f"{network}: no former champion{f' begins with {to!r}' if to else ''}; kept are: {there}. "
            "`--to shipped` takes the champion away, and the weights that ship are live"
        )
    return fits[-1]


# ---- MLflow ----------------------------------------------------------------------------------------------------------


def _mirror(trial: Trial, sheets: Mapping[str, Path]) -> None:
    """Keep the model in MLflow's registry with its scores and the decision; the alias `champion` follows the folder."""
    decision, scores = trial.decision, trial.candidate.scores
    if decision.network == "patterns":
        metrics, sheet = of_patterns(scores), sheets.get(scores["model"])
    else:
        metrics = {key: value for key, value in scores.items() if isinstance(value, int | float)}
        sheet = REPORT / {"upscaler": "upscaler.png", "segmenter": "segmenter.jpg"}[decision.network]
    tags = {"decision": _outcome(decision), "reason": decision.reason}
    metrics |= {f"gate.{name}": value for name, value in decision.numbers.items()}
    _enter(decision.network, trial.candidate.source, decision.promoted, tags, metrics, sheet)


def _mirror_classifier() -> None:
    """Keep the classifier that all was measured with; no gate stands before it, so the newest is the champion."""
    card = read_json(registry.CLASSIFIER / registry.CARD)
    tags = {"decision": "measures the others", "reason": "no gate stands before what measures"}
    _enter("classifier", registry.CLASSIFIER, True, tags, card.get("scores", {}), None)


def _enter(
    network: str, source: Path, promoted: bool, tags: Mapping[str, str], metrics: Mapping[str, Any], sheet: Path | None
) -> None:
    card = read_json(source / registry.CARD)
    told = ("family", "images", "seed", "parameters", "begun_with")
    inputs = provenance.of_inputs("register")
    entry = tracking.Entry(
        code=registry.SERVED,
        promoted=promoted,
        tags=tags,
        metrics=metrics,
        params={**card["arguments"], **{key: card[key] for key in told if key in card}},
        data={key.removeprefix("dvc.in."): md5 for key, md5 in inputs.items() if key.startswith("dvc.in.data/")},
        pictures=[path for path in (sheet, REPORT / "index.html") if path and path.exists()],
        example=ASKED.get(network),
        stage="register",
    )
    if version := tracking.register(network, source, entry):
        print(f"register: MLflow: {tracking.MODEL_PREFIX}{network} version {version}", flush=True)
