"""The evaluation stage: each candidate on cloth that it never saw; numbers for DVC and MLflow, a page to look at.

reports/generated/evaluate/measures.json   everything that was measured; the gate reads it
reports/generated/evaluate/index.html      the page; report.md says the same in short
metrics/evaluation.json                    the six figures that `dvc metrics diff` compares
metrics/agreement.csv, made_as.csv         what the judge says, for `dvc plots`
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from selvedge import tracking
from selvedge.config import Params
from selvedge.io import atomic_dir, encode_image, write_json, write_text
from selvedge.registry import GATED, MODELS
from training.evaluation import copies, page
from training.evaluation.bench import Bench
from training.evaluation.sets import BY_EXTRACTOR
from training.models.bundle import load_bundle

REPORT = Path("reports/generated/evaluate")
MEASURES = REPORT / "measures.json"
METRICS, AGREEMENT, MADE_AS = (
    Path("metrics/evaluation.json"),
    Path("metrics/agreement.csv"),
    Path("metrics/made_as.csv"),
)


def run(params: Params) -> None:
    """Measure models/patterns, upscaler and segmenter; write the figures, the report and its page."""
    bench = Bench(params)
    logged = {**params.evaluation.model_dump(), "seed": params.seed}
    directory = Path("runs/evaluate") / bench.identity["data"][:16]
    with tracking.run("evaluate", logged, directory, stage="evaluate") as tracker:
        found: dict[str, Any] = {}
        for network in GATED:
            print(f"evaluate: measuring {network}", flush=True)
            found[network] = bench.measure(network, MODELS / network)
        known: dict[str, bytes] = {}
        if params.evaluation.copy_samples:
            print("evaluate: looking for copies of training pictures", flush=True)
            found["patterns"]["copies"], closest = bench.copies(load_bundle(MODELS / "patterns"))
            known["copies.jpg"] = encode_image(closest, "jpeg")
        beside = {}
        for name, place in params.evaluation.beside.items():
            print(f"evaluate: measuring {name}", flush=True)
            beside[name] = bench.measure("patterns", Path(place))
        found |= {"beside": beside, "measured_on": bench.identity}
        entries = [page.Entry("candidate", {network: MODELS / network for network in GATED}, found)]
        entries += others(params, found)
        with atomic_dir(REPORT) as out:
            write_json(out / MEASURES.name, found)
            pictures = page.write(out, bench, entries, known)
            write_text(out / "report.md", report(found))
        write_json(METRICS, headline(found))
        write_csv(found["patterns"])
        tracker.metrics(tracking.flat(figures(found)), 0)
        for name in [*pictures, "index.html", "report.md", MEASURES.name]:
            tracker.file(REPORT / name)
    for line in summary(found):
        print(f"evaluate: {line}", flush=True)
    print(f"evaluate: {REPORT / 'index.html'}", flush=True)


def others(params: Params, found: dict) -> list[page.Entry]:
    """Columns of the page for the generators that stand beside the candidate."""
    return [
        page.Entry(name, {"patterns": Path(directory)}, {"patterns": found["beside"][name]})
        for name, directory in params.evaluation.beside.items()
    ]


# ---- figures ---------------------------------------------------------------------------------------------------------


def named(scores: dict, extractor: str) -> dict:
    """Scores under the names that they are known by: those of an extractor's features bear its name."""
    name = extractor.partition("@")[0]
    return {f"{key}_{name}" if key in BY_EXTRACTOR else key: value for key, value in scores.items()}


def headline(found: dict) -> dict[str, float]:
    """The six numbers that `dvc metrics diff` compares at a glance; the report and MLflow have all of them."""
    patterns = found["patterns"]
    scores = named(patterns["scores"], patterns["extractor"])
    name = patterns["extractor"].partition("@")[0]
    short = {key: scores[key]["value"] for key in (f"fd_{name}", f"recall_{name}") if key in scores}
    if "agreement" in patterns:
        short["class_agreement"] = patterns["agreement"]["accuracy"]
    if "copies" in patterns:
        short["copies_decidable"] = patterns["copies"]["decidable"]["classes"]["share"]
    return {**short, "upscaler_gain_db": found["upscaler"]["gain"], "segmenter_iou": found["segmenter"]["iou"]}


def figures(found: dict) -> dict:
    """What MLflow keeps of each network, by its name."""
    upscaler, segmenter = (
        {k: v for k, v in found[network].items() if isinstance(v, int | float)} for network in ("upscaler", "segmenter")
    )
    return {"patterns": of_patterns(found["patterns"]), "upscaler": upscaler, "segmenter": segmenter}


def of_patterns(patterns: dict) -> dict:
    """Each score with its interval and its floor, and the alarms as 0 or 1."""
    short = {
        name: {"value": score["value"], "low": score["low"], "high": score["high"]}
        | ({"floor": score["floor"]["value"]} if score.get("floor") else {})
        for name, score in named(patterns["scores"], patterns["extractor"]).items()
    }
    short |= {"n": patterns["n"], "n_real": patterns["n_real"]}
    if "agreement" in patterns:
        told = patterns["agreement"]
        short["class_agreement"] = {
            "value": told["accuracy"],
            "low": told["interval"][0],
            "high": told["interval"][1],
            "real": told["real"]["accuracy"],
        }
    if patterns["diversity"]:
        short["least_diversity"] = min(patterns["diversity"].values())
    short["alarm"] = {alarm["alarm"]: int(alarm["fired"]) for alarm in patterns["alarms"]}
    if "copies" in patterns:
        decided = patterns["copies"]["decidable"]
        short["alarm"]["training_copies"] = int(patterns["copies"]["fired"])
        short["copies_decidable"] = {name: decided[name]["share"] for name in ("samples", "classes")}
    if "inception" in patterns:
        short["inception"] = patterns["inception"]
    return short


def write_csv(patterns: dict) -> None:
    """What `dvc plots` draws: the judge's agreement by class, beside that on real cloth; made as against taken for."""
    told = patterns.get("agreement")
    rows: list[dict] = []
    pairs: list[dict] = []
    if told:
        for cls, one in told["by_class"].items():
            rows.append({"class": cls, "agreement": one["accuracy"], "real": told["real"]["by_class"][cls]["accuracy"]})
        for made, row in zip(told["classes"], told["confusion"], strict=True):
            for taken, count in zip(told["classes"], row, strict=True):
                pairs += [{"made_as": made, "taken_for": taken}] * count
    write_text(AGREEMENT, _csv(rows, ["class", "agreement", "real"]))
    write_text(MADE_AS, _csv(pairs, ["made_as", "taken_for"]))


def _csv(rows: list[dict], columns: list[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# ---- in words --------------------------------------------------------------------------------------------------------


def summary(found: dict) -> list[str]:
    """A line a network, then one for each alarm that went off, and for each check that decided nothing or not all."""
    patterns, upscaler, segmenter = (found[network] for network in GATED)
    name = patterns["extractor"].partition("@")[0]
    parts = []
    for key, digits in (("fd", 2), ("kid", 4), ("is", 2)):
        score = patterns["scores"].get(key)
        if score is None:
            parts.append(f"{key}_{name} left out ({patterns['left_out'].get(key, 'not measured')})")
            continue
        floor = f", real against real {score['floor']['value']:.{digits}f}" if score.get("floor") else ""
        parts.append(
            f"{key}_{name} {score['value']:.{digits}f} [{score['low']:.{digits}f}, {score['high']:.{digits}f}]{floor}"
        )
    if told := patterns.get("agreement"):
        parts.append(f"class agreement {told['accuracy']:.0%} (real cloth {told['real']['accuracy']:.0%})")
    counts = f"n {patterns['n']} from each of {patterns['sampling_seeds']} seeds, against {patterns['n_real']} pieces of cloth"
    lines = [
        f"patterns: {'; '.join(parts)}; {counts}",
        f"upscaler: {upscaler['psnr_y']:.2f} dB, bicubic {upscaler['psnr_y_bicubic']:.2f} dB, gain {upscaler['gain']:+.2f} "
        f"[{upscaler['gain_low']:+.2f}, {upscaler['gain_high']:+.2f}] at n {upscaler['n']}",
        f"segmenter: IoU {segmenter['iou']:.3f}, worst {segmenter['iou_worst']:.3f}, at n {segmenter['n']}",
    ]
    return [*lines, *(f"ALARM {line}" for line in alarms(patterns)), *(f"BLIND {line}" for line in blind(patterns))]


def alarms(patterns: dict) -> list[str]:
    """What went off, in words."""
    found = [
        f"{alarm['alarm']}: {alarm['what']} (p {alarm['p']:.2g})" for alarm in patterns["alarms"] if alarm["fired"]
    ]
    if (copied := patterns.get("copies", {})).get("fired"):
        share = copied["decidable"]["suspicious"]
        found.append(f"training copies: {share['share']:.1%} of {share['n']} samples (p {copied['p']:.2g})")
    seams = patterns["seams"]
    if seams["promised"] and not seams["bytes"]:
        found.append(f"seams: rolled latents give other tiles, by up to {seams['difference']:.2g} of 2")
    return found


def blind(patterns: dict) -> list[str]:
    """What was not seen because nothing could be decided, in words: a check that cannot fail is no good news."""
    found = patterns.get("copies")
    lines = [] if found else ["copies: nobody looked for them (evaluation.copy_samples is 0)"]
    if found and found["undecidable"]:
        lines.append(copies.in_words(found))
    if not patterns["alarms"]:
        lines.append(f"alarms: nothing could be decided ({patterns['left_out'].get('alarms', 'none was asked')})")
    return lines


def report(found: dict) -> str:
    """The report as Markdown, for Prefect and for the terminal."""
    patterns = found["patterns"]
    lines = "\n".join(f"- {line}" for line in summary(found))
    told = patterns.get("agreement")
    table = ""
    if told:
        rows = "\n".join(
            f"| {cls} | {_share(one)} | {_share(told['real']['by_class'][cls])} | {one['taken_for'] or ''} | "
            f"{patterns['diversity'].get(cls, float('nan')):.2f} |"
            for cls, one in told["by_class"].items()
        )
        table = (
            "\n| class | the judge agrees | on real cloth | else mostly taken for | diversity, of real |\n"
            f"|---|---|---|---|---|\n{rows}\n"
        )
    unseen = patterns.get("copies", {}).get("undecidable", {})
    left = "".join(
        f"- {name}: {why}\n"
        for name, why in (*patterns["left_out"].items(), *((f"copies of {cls}", why) for cls, why in unseen.items()))
    )
    return (
        "# Evaluation\n\nMeasured on held-out pieces of cloth that no network was trained on, one picture of each. Extractor: "
        f"`{patterns['extractor']}`; its scores are not FID and compare only with others by the same extractor at the same n.\n\n"
        f"{lines}\n{table}{f'{chr(10)}Left out:{chr(10)}{chr(10)}{left}' if left else ''}\nPictures: `{REPORT / 'index.html'}`\n"
    )


def _share(one: dict) -> str:
    if not one["n"]:
        return "none"
    low, high = one["interval"]
    return f"{one['accuracy']:.0%} [{low:.0%}, {high:.0%}] of {one['n']}"
