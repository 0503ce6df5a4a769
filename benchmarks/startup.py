"""How long a user waits before anything happens: `selvedge --help`, a `dvc repro` and a flow with nothing to do.

Measured on a project in a temporary folder whose graph is dvc.yaml's own, with every stage's command replaced by one that
writes its outs at once: what is left is what Selvedge, DVC and Prefect themselves take.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks import Figure, median_seconds, show
from selvedge.proc import environment

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the three figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quick_project(folder)
        prefect_home = {"PREFECT_HOME": str(folder / ".prefect")}

        def run(*command: str) -> None:
            done = subprocess.run(command, cwd=folder, env=environment(prefect_home), capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")

        run("dvc", "repro")
        run("selvedge", "run")  # makes Prefect's database
        show(
            [
                Figure("help", median_seconds(lambda: run("selvedge", "--help"), 7), "s", 7),
                Figure("noop_repro", median_seconds(lambda: run("dvc", "repro"), 5), "s", 5),
                Figure("noop_flow", median_seconds(lambda: run("selvedge", "run"), 3), "s", 3),
            ]
        )


def quick_project(folder: Path) -> None:
    """The project's graph, parameters and code in `folder`, with commands that only write their outs."""
    for room in ("drawing", "scrapers", "training", "inference"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / file, folder / file)
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    read = {dep for stage in graph["stages"].values() for dep in stage["deps"]}
    for stage in graph["stages"].values():
        outs = [next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])]
        files = [*stage.get("metrics", []), *stage.get("plots", [])]
        made = [f"mkdir -p {' '.join(outs)} metrics" if outs else "mkdir -p metrics"]
        made += [f"echo x > {out}/x" for out in outs] + [f"echo '{{}}' > {file}" for file in files]
        for inner in sorted(read):  # what another stage reads inside of an out
            if any(inner.startswith(f"{out}/") for out in outs):
                made.append(f"mkdir -p {inner} && echo x > {inner}/x")
        stage["cmd"] = " && ".join(made)
    (folder / "dvc.yaml").write_text(yaml.safe_dump(graph, sort_keys=False))
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "config", "core.analytics", "false"]):
        subprocess.run(command, cwd=folder, env=environment(), check=True)


if __name__ == "__main__":
    main()
