"""Draws garments on request: a job a line on standard input (JSON), an answer a line on standard output.

A job: {"kind", "seed", "presentation", "ground", "size": [w, h], "samples", "colour": [r, g, b] (sRGB 0..1),
"textile": file or null, "repeat": metres, "occluder": true, false or null, "weave": name or null, "out": folder}.
The folder gets truth.npz (render.Shot's arrays) and facts.json. The answer: {"ok": true, "seconds": [sewing, picture]} or
{"ok": false, "error": text}. Blender's own chatter goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np


def main() -> None:
    # Blender prints from C; so the real standard output is kept aside and number 1 is turned to standard error
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            answer = {"ok": True, "seconds": draw(json.loads(line))}
        except Exception as error:  # whatever went wrong with one garment, the next may go well
            traceback.print_exc()
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def draw(job: dict) -> list[float]:
    """Do one job; returns the seconds that sewing and photographing took."""
    from drawing.garments.blender import render, studio
    from drawing.garments.blender.drape import drape

    start = time.monotonic()
    sewn = drape(job["kind"], job["seed"], job["presentation"])
    sewed = time.monotonic()
    look = studio.Look(
        seed=job["seed"], ground=job["ground"], colour=tuple(job["colour"]), textile=job.get("textile"),
        repeat=job.get("repeat") or 0.3, size=tuple(job["size"]), occluder=job.get("occluder"), weave=job.get("weave"),
    )  # fmt: skip
    shot = render.shoot(sewn, look, job["samples"])
    save(shot, dict(sewn.attributes), Path(job["out"]))
    return [round(sewed - start, 2), round(time.monotonic() - sewed, 2)]


def save(shot, attributes: dict, out: Path) -> None:
    """Write the arrays that the wardrobe keeps, and the words."""
    out.mkdir(parents=True, exist_ok=True)
    arrays = ("image", "mask", "uv", "panel", "shading", "weight", "dye")
    np.savez(out / "truth.npz", **{name: getattr(shot, name) for name in arrays})
    (out / "facts.json").write_text(json.dumps({"attributes": attributes, **shot.facts}, default=_plain))


def _plain(value):
    """numpy's numbers and arrays as JSON's."""
    return value.tolist()


if __name__ == "__main__":
    main()
