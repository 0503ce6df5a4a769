"""Stage processes: one writer at a time, no orphans, their output streamed."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from selvedge.errors import SelvedgeError

PR_SET_PDEATHSIG = 1
BUSY = "stage {name} is being run by process {other} already; wait for it or stop it"
# Opened here: between fork and exec, where it is called, dlopen may hang.
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# Prefect, MLflow and DVC would call home otherwise.
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "true",
}
# OpenMP's threads wait for each other by spinning. Two trainings on two cores then slow each other down twentyfold
# (measured); a short spin costs neither of them anything.
THREADS = {"GOMP_SPINCOUNT": "10000"}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a child: no telemetry, this Python's commands first on PATH."""
    env = {**os.environ, **QUIET, **(extra or {})}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
    return env


def die_with_parent(kill: int = signal.SIGTERM, parent: int | None = None) -> None:
    """Ask Linux to signal this process when its parent dies, so a killed `dvc repro` leaves no stage behind.

    Who knows its `parent`'s id also ends when that died before the question. Elsewhere than on Linux this does nothing.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, kill, 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), kill)


def identity(pid: int) -> str:
    """A process's id and when it began, `PID:TICKS`, which no later process has; `PID:` if there is no such process."""
    try:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        began = "" if not _exists(pid) else "?"  # elsewhere than on Linux the id alone has to do
    return f"{pid}:{began}"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def only_writer(name: str, folder: str | Path = "runs/locks", refusal: str = BUSY) -> Iterator[None]:
    """Hold the lock `name`: a second process is refused with SelvedgeError, by `refusal` with its `name` and the `other`'s id.

    The lock is the operating system's (flock), so a process that was killed leaves none behind.
    """
    path = Path(folder) / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise SelvedgeError(refusal.format(name=name, other=file.read().strip() or "?")) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def stream(
    command: list[str],
    line: Callable[[str], None],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run `command` in its own process group, hand each line of its output to `line`, return its exit status.

    If this process is interrupted, the whole group is ended before the interruption goes on.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=partial(die_with_parent, parent=os.getpid()),  # a killed flow must not leave dvc running
    )
    assert process.stdout is not None
    try:
        for text in process.stdout:
            line(text.rstrip("\n"))
        return process.wait()
    except BaseException:
        stop_group(process)
        raise


def stop_group(process: subprocess.Popen, patience: float = 10.0) -> None:
    """End a process that leads its own group, and all that it started: politely, after `patience` seconds for good."""
    there = _signal_group(process.pid, signal.SIGTERM)
    end = time.monotonic() + patience
    while there and time.monotonic() < end:
        process.poll()  # a leader that ended counts until it is waited for
        time.sleep(0.02)
        there = _signal_group(process.pid, 0)
    if there:
        _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, kill: int) -> bool:
    """Signal a process group; whether there is still one. Signal 0 only asks."""
    try:
        os.killpg(group, kill)
    except ProcessLookupError:
        return False
    return True
