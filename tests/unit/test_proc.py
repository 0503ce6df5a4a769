"""Stage processes: two never write the same outs, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from selvedge import proc
from selvedge.errors import SelvedgeError

HOLD = (
    "from selvedge import proc; import time\nwith proc.only_writer('weave'): print('held', flush=True); time.sleep(60)"
)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def gone(pid: int, patience: float = 5.0) -> bool:
    end = time.monotonic() + patience
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def test_a_second_writer_is_refused_and_told_of_the_first_until_that_is_killed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    refused = pytest.raises(SelvedgeError, match=f"stage weave is being run by process {holder.pid} already")
    with refused, proc.only_writer("weave"):
        pass
    with proc.only_writer("dye"):  # another stage is free
        pass
    holder.kill()
    holder.wait()
    with proc.only_writer("weave"):
        assert Path("runs/locks/weave.lock").read_text() == str(os.getpid())
    with proc.only_writer("weave"):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), proc.only_writer("weave", tmp_path):
        raise ZeroDivisionError
    with proc.only_writer("weave", tmp_path):
        pass


def test_output_comes_line_by_line_with_the_status_and_without_telemetry(tmp_path):
    lines: list[str] = []
    command = ["sh", "-c", "echo one; echo two >&2; printf 'bad \\377 byte\\n'; echo $DO_NOT_TRACK $X; pwd; exit 7"]
    assert proc.stream(command, lines.append, cwd=tmp_path, env={"X": "y"}) == 7
    assert lines == ["one", "two", "bad � byte", "1 y", str(tmp_path)]


def test_the_commands_of_this_python_come_first():
    assert proc.environment()["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_an_interruption_ends_the_whole_group(tmp_path):
    """As dvc's shell and its stage: a child, and what the child started."""
    pids: list[int] = []

    def line(text: str) -> None:
        pids.append(int(text))
        if len(pids) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        proc.stream(["sh", "-c", "echo $$; sleep 60 & echo $!; wait"], line)
    assert all(gone(pid) for pid in pids)


def test_what_ignores_a_polite_word_is_ended_for_good_and_what_tidies_up_may():
    stubborn = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo $$; while :; do sleep 0.1; done"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert stubborn.stdout is not None and stubborn.stdout.readline()
    proc.stop_group(stubborn, patience=0.5)
    assert stubborn.returncode == -signal.SIGKILL


def test_a_grandchild_may_tidy_up_though_the_leader_ends_at_once(tmp_path):
    tidy = "trap 'sleep 0.5; echo tidy > tidied; exit' TERM; echo ready; while :; do sleep 0.05; done"
    leader = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run(['sh', '-c', {tidy!r}])"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert leader.stdout is not None and leader.stdout.readline() == "ready\n"
    proc.stop_group(leader)
    assert (tmp_path / "tidied").read_text() == "tidy\n"


PARENT = """
import subprocess, sys
child = "from selvedge import proc; import time; proc.die_with_parent(); print('ready', flush=True); time.sleep(60)"
process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True, start_new_session=True)
process.stdout.readline()
print(process.pid, flush=True)
process.wait()
"""

FLOW = """
from selvedge import proc
proc.stream(["sh", "-c", "echo $$; exec sleep 60"], lambda text: print(text, flush=True))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("code", [PARENT, FLOW], ids=["a stage of a killed dvc", "dvc of a killed flow"])
def test_a_child_goes_when_its_parent_is_killed(code):
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    assert gone(child)


def test_a_child_whose_parent_died_before_it_asked_ends_at_once():
    code = "from selvedge import proc; proc.die_with_parent(parent=1_000_000_000); print('still here')"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (child.returncode, child.stdout) == (-signal.SIGTERM, "")
