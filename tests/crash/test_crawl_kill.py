"""A crawl that is killed at random moments and started again by the same command ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import small_params

from scrapers.manifest import read_manifest
from selvedge.io import sha256_file

# 120 pictures of styles that are drawn quickly
SHOP = {
    "products": 32,
    "rows": 8,
    "photo_px": 224,
    "page_size": 24,
    "styles": ["Bengal", "awning", "knitted", "Nordic"],
}
ROWS = 120
LEAD = 20  # rows at most that a run may add before it is killed: five runs leave something to do
SEED = int(os.environ.get("KILL_SEED", "20"))


# `selvedge crawl` where MLflow is not installed: its database takes longer than the crawl
COMMAND = "import runpy, sys; sys.modules['mlflow'] = None; sys.argv[1:] = ['crawl']; runpy.run_module('selvedge', None, '__main__')"


def start(folder: Path) -> subprocess.Popen:
    """`selvedge crawl` in a process group of its own."""
    command = (sys.executable, "-c", COMMAND)
    with (folder / "crawl.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def finish(folder: Path) -> None:
    """Run the command to its end."""
    assert start(folder).wait(300) == 0, (folder / "crawl.log").read_text()


def tree(folder: Path) -> dict[str, str]:
    """Every file below data/raw, hidden ones too, with its hash."""
    raw = folder / "data/raw"
    return {str(path.relative_to(raw)): sha256_file(path) for path in sorted(raw.rglob("*")) if path.is_file()}


def journal_rows(folder: Path) -> int:
    try:
        return (folder / "data/raw/.journal.jsonl").read_bytes().count(b'"status": "ok"')
    except FileNotFoundError:
        return 0


def kill(process: subprocess.Popen, how: str) -> None:
    """The whole group at once; the command alone, whose children must go with it; or a polite end."""
    if how == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal(signal.SIGKILL if how == "alone" else signal.SIGTERM)
    # while it waits for the web it ends politely; before and after that there is nothing to be polite about
    ends = (128 + signal.SIGTERM, -signal.SIGTERM) if how == "polite" else (-signal.SIGKILL,)
    assert process.wait(60) in ends


def all_gone(process: subprocess.Popen, patience: float = 2.0) -> bool:
    """Whether nobody of the process's group lives on; who is dead and not yet buried does not count."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        alive = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, group = path.read_text().rpartition(")")[2].split()[:3]
                alive += int(group) == process.pid and state not in "ZX"
        if not alive:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = project(tmp_path_factory.mktemp("undisturbed"))
    finish(folder)
    assert {row.status for row in read_manifest(folder / "data/raw")} == {"ok"}
    found = tree(folder)
    assert len(found) == ROWS + 1  # the manifest
    return found


def project(folder: Path) -> Path:
    import yaml

    (folder / "params.yaml").write_text(yaml.safe_dump(small_params(demo_shop=SHOP), sort_keys=False))
    return folder


def killed(folder: Path, rng: random.Random, how: str) -> str | None:
    """Start the crawl and kill it once it has added a random number of rows; what was hit, None if it had ended."""
    before = journal_rows(folder)
    aim, late = before + rng.randint(0, LEAD), rng.uniform(0, 0.1)
    process = start(folder)
    while process.poll() is None and journal_rows(folder) < aim:
        time.sleep(0.002)
    time.sleep(late)
    if process.poll() is not None:
        return None
    kill(process, how)
    assert all_gone(process), f"something of it goes on after {how}"
    after = journal_rows(folder)
    if how == "alone":  # the shop goes, too: who went on would write down that nothing can be had there
        assert b'"dead"' not in (folder / "data/raw/.journal.jsonl").read_bytes()
    return f"{how}: aimed at {aim} rows + {late:.3f} s, {before} -> {after} rows"


def test_five_kills_at_random_moments_change_no_byte(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    folder, rng = project(tmp_path), random.Random(SEED)
    hits = [killed(folder, rng, how) for how in ("group", "alone", "group", "polite", "group")]
    print(f"seed {SEED}", *hits, sep="\n")
    assert all(hits)
    rows = [int(hit.rpartition(" -> ")[2].split()[0]) for hit in hits if hit]
    assert sum(count > 0 for count in rows) >= 4, "the crawl was under way"
    assert rows == sorted(rows) and rows[-1] < ROWS, "what had come was kept, and there was more to come"
    finish(folder)
    assert tree(folder) == undisturbed


@pytest.mark.long
def test_fifty_kills_at_random_moments_change_no_byte(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    rng, hits, number = random.Random(seed), 0, 0
    print(f"seed {seed}")
    while hits < 50:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        project(folder)
        while hits < 50:  # until a run comes to its end
            process = start(folder)
            moment, how = rng.uniform(0, 5), rng.choice(("group", "group", "alone", "polite"))
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            if process.poll() is not None:
                assert process.returncode == 0, (folder / "crawl.log").read_text()
                break
            print(f"{how} after {moment:.2f} s, {journal_rows(folder)} rows")
            kill(process, how)
            hits += 1
        finish(folder)
        assert tree(folder) == undisturbed, f"seed {seed}, folder {number}"
