"""Everything that is wanted of a short loan of a GPU, in one call: check, measure, train the champion, bring it back.

    python -m studies.gpu_session --data runs/screens/tiles --minutes 8 --out "$OUT"

`--data` needs only its DATA.npz. First a step on the device is held against the same step on the CPU; then `benchmarks.train_gan`
runs there; then the generator of screens trains for as long as is left, and leaves in OUT its averaged weights in fp16 with
card and scores, its sheets, its losses and the two figures. `--from CHECKPOINT` goes on from a G as wide or narrower, and a D
of the same width. On a machine without a GPU it does the same on the CPU, which is how it is tried.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from selvedge.errors import SelvedgeError
from selvedge.io import write_json, write_text
from training import checkpoint, loop
from training.separations import Separations, load
from training.tasks.screens import ScreensTask, Settings, held_out_scores

PROBE = 20  # steps by which the speed is known
SPARE = 45  # seconds kept for scores and files


def agrees(settings: Settings, data: Separations, device: torch.device) -> float:
    """The largest difference of a tile made on the device and on the CPU, in grey levels; raises SelvedgeError beyond 2."""
    task = ScreensTask(replace(settings, precision="fp32"), data)
    z, labels = task.fixed_z[:8], task.fixed_labels[:8]
    with torch.no_grad():
        here = task.g.screens(z, labels, torch.full((8,), 3))
        task.to(device)
        there = task.g.screens(z.to(device), labels.to(device), torch.full((8,), 3, device=device)).cpu()
    apart = float((here - there)[:, :3].abs().max() * 127.5)
    if apart > 2:
        raise SelvedgeError(f"{device}: makes another tile than the CPU does, by {apart:.1f} grey levels")
    return apart


def speed(settings: Settings, data: Separations, device: torch.device) -> float:
    """Images a second, of PROBE steps after as many to warm up."""
    task = ScreensTask(settings, data)
    task.to(device)
    loop.set_training(task, True)
    for step in range(2 * PROBE):
        if step == PROBE:
            began = time.perf_counter()
        losses = task.step(step * settings.batch, settings.batch)
        float(losses["d_loss"])  # waits for the device
    return PROBE * settings.batch / (time.perf_counter() - began)


def main() -> None:
    """See the top of this file."""
    began = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--from", dest="start", type=Path)
    for name, value in {"batch": 128, "width": 64, "d_width": 64, "lr": 5e-4, "seed": 7}.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    given = parser.parse_args()
    device = loop.pick_device()
    data, held = load(given.data, given.data.with_suffix(".npz")).split()
    settings = Settings(
        batch=given.batch,
        width=given.width,
        d_width=given.d_width,
        lr_g=given.lr,
        lr_d=given.lr,
        seed=given.seed,
        penalty=3.0,
    )
    found: dict = {"device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu"}
    found["grey_levels_from_cpu"] = agrees(settings, data, device)

    # The figure
    for name, more in {"train_gan": [], "train_gan_compiled": ["--compile"]}.items():
        command = [sys.executable, "-m", "benchmarks.train_gan", "--json", "--device", device.type, *more]
        done = subprocess.run(command, capture_output=True, text=True)
        found[name] = (
            (done.stderr if done.returncode else done.stdout).strip() or f"exit {done.returncode}"
        ).splitlines()[-1]
        print(done.stdout, done.stderr, flush=True)

    # The champion
    rate = found["images_per_second"] = speed(settings, data, device)
    left = given.minutes * 60 - SPARE - (time.perf_counter() - began)
    images = max(4 * settings.batch, int(rate * left) // settings.batch * settings.batch)
    settings = replace(settings, images=images, sample_every=images // 8, checkpoint_every=images // 4)
    print(f"gpu_session: {rate:,.0f} images/s; {images:,} images in {left:.0f} s", flush=True)
    task, runs = ScreensTask(settings, data), given.out / "run"
    if given.start:
        state = checkpoint.load(given.start)
        if state is None:
            raise SystemExit(f"gpu_session: {given.start}: there is no such file")
        task.begin_with(state)
    history = loop.train(task, settings, seed=settings.seed, directory=runs, title="screens", device=device)
    write_text(given.out / "losses.csv", history.csv())
    task.to(torch.device("cpu"))
    facts = {"tiles": len(data), "sha256": data.fingerprint, "licences": ["MIT, drawn by this project"]}
    scores = held_out_scores(task.ema["g"], held, settings.seed)
    task.export(given.out / "model", data=facts, images=images, scores=scores, device=found["device"])
    newest = sorted((runs / "samples").glob("*.png"))[-1]
    shutil.copy(newest, given.out / "samples.png")
    shutil.rmtree(runs)  # checkpoints are larger than what may come back
    write_json(
        given.out / "found.json", found | {"images": images, "seconds": time.perf_counter() - began, "scores": scores}
    )
    print(f"-> {given.out}: model, samples.png, losses.csv, found.json", flush=True)


if __name__ == "__main__":
    main()
