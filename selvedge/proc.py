"""Stage processes: one writer at a time, no orphans, their output streamed."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from selvedge.errors import SelvedgeError

PR_SET_PDEATHSIG = 1

# Prefect, MLflow and DVC would call home otherwise.
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "true",
}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for a child: no telemetry, this Python's commands first on PATH."""
    env = {**os.environ, **QUIET, **(extra or {})}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
    return env


def die_with_parent(kill: int = signal.SIGTERM) -> None:
    """Ask Linux to signal this process when its parent dies, so a killed `dvc repro` leaves no stage behind.

    Elsewhere this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, kill, 0, 0, 0)


@contextmanager
def only_writer(name: str, folder: str | Path = "runs/locks") -> Iterator[None]:
    """Hold the lock of stage `name`: a second process that writes the same outs is refused, by name.

    The lock is the operating system's (flock), so a process that was killed leaves none behind.
    """
    path = Path(folder) / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise SelvedgeError(
                f"stage {name} is being run by process {file.read().strip() or '?'} already; wait for it or stop it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def stream(
    command: list[str], line: Callable[[str], None], *, cwd: str | Path | None = None, env: Mapping[str, str] | None = None
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
        preexec_fn=die_with_parent,  # noqa: PLW1509 - a killed flow must not leave dvc running
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
    """End a process that leads its own group, and all that it started: politely, then for good."""
    for kill in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kill)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
            if kill == signal.SIGTERM:
                continue  # the leader is gone; what it started gets the second signal
        except subprocess.TimeoutExpired:
            continue
    process.wait()
