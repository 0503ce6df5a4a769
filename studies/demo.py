"""What came of the demo on this machine, kept: `make run`, then `python -m studies.demo` writes reports/demo.json and demo.md.

The README's numbers of the demo are those of the page. They are one run, one seed, one machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selvedge.io import read_json, write_json, write_text
from training.evaluation.evaluate import MEASURES, figures, of_patterns
from training.register import read_ledger

METRICS, OUT = Path("metrics"), Path("reports")
SCORES = tuple(f"{name}_pattern" for name in ("fd", "kid", "precision", "recall", "coverage"))


def gathered() -> dict[str, Any]:
    """The metrics of every stage, what was measured of each network, and the gate's decisions; SelvedgeError for what is missing."""
    measured = read_json(MEASURES)
    return {
        "cores": os.cpu_count(),
        "metrics": {path.stem: read_json(path) for path in sorted(METRICS.glob("*.json"))},
        "measured": figures(measured),
        "beside": {name: of_patterns(scores) for name, scores in measured["beside"].items()},
        "decisions": [{key: row[key] for key in ("network", "event", "candidate", "reason")} for row in read_ledger()],
    }


def page(found: dict[str, Any]) -> Iterator[str]:
    """reports/demo.md, line by line."""
    yield "# The demo, measured"
    yield ""
    yield f"By `make run`, then `python -m studies.demo`: one run, one seed, {found['cores']} cores."
    yield ""
    yield "| pattern generator | " + " | ".join(SCORES) + " | taken for its class |"
    yield "|---|" + "---|" * (len(SCORES) + 1)
    for name, scores in {"candidate": found["measured"]["patterns"], **found["beside"]}.items():
        told = scores.get("class_agreement")
        cells = [_cell(scores.get(key)) for key in SCORES]
        real = f", real cloth {told['real']:.2f}" if told else ""
        yield f"| {name} | {' | '.join(cells)} | {_cell(told)}{real} |"
    yield ""
    upscaler, segmenter = found["measured"]["upscaler"], found["measured"]["segmenter"]
    yield (
        f"Upscaler: {upscaler['psnr_y']:.2f} dB luma PSNR, {upscaler['gain']:+.2f} [{upscaler['gain_low']:+.2f}, "
        f"{upscaler['gain_high']:+.2f}] over bicubic, n {upscaler['n']}. Segmenter: IoU {segmenter['iou']:.3f} on the nine items, "
        f"worst {segmenter['iou_worst']:.3f}. Classifier: accuracy {found['metrics']['classifier']['accuracy']:.3f}."
    )
    yield ""
    yield "| network | candidate | the gate | why |"
    yield "|---|---|---|---|"
    for one in found["decisions"]:
        yield f"| {one['network']} | {one['candidate']} | {one['event']} | {one['reason']} |"
    yield ""


def _cell(score: dict[str, float] | None) -> str:
    return f"{score['value']:.3g} [{score['low']:.3g}, {score['high']:.3g}]" if score else "not measured"


def main() -> None:
    """See the top of this file."""
    found = gathered()
    write_json(OUT / "demo.json", found)
    write_text(OUT / "demo.md", "\n".join(page(found)))
    print(f"-> {OUT / 'demo.md'}, {OUT / 'demo.json'}")


if __name__ == "__main__":
    main()
