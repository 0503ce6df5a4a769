"""The Prefect server that a flow reports to: the user's, or one of our own on loopback while it is needed.

Prefect could start a temporary one itself, but that one runs no scheduler, outlives a killed flow, and of two that
begin on a fresh home one times out while the other makes the database.

Several may run on one home at once, each with a scheduler: a scheduled run has a key in their common database, so that
none is made twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from selvedge import proc
from selvedge.errors import SelvedgeError

HOST = "127.0.0.1"
PORT = 4200  # Prefect's own; another one where it is taken
PATIENCE = 120.0  # a fresh home makes its database first, 10 s on two quiet cores


@contextmanager
def prefect_server(*, scheduler: bool) -> Iterator[tuple[str, bool]]:
    """Yield the API's address, and whether it is our own server, started here and stopped at the end.

    Where PREFECT_API_URL is set (environment or Prefect's profile) that server is used. `scheduler` makes runs of
    schedules; `selvedge run` needs none. Raises SelvedgeError when the server does not answer.
    """
    configured = PREFECT_API_URL.value()
    if configured:
        with get_client(sync_client=True) as client:
            trouble = client.api_healthcheck()
        if trouble is not None:
            raise SelvedgeError(
                f"PREFECT_API_URL is {configured}, and no Prefect answers there ({trouble}); start it or unset this"
            )
        yield configured, False
        return

    home = Path(PREFECT_HOME.value())
    process, api = _start(home, scheduler)
    before = os.environ.get("PREFECT_API_URL")
    os.environ["PREFECT_API_URL"] = api  # for child processes
    try:
        with temporary_settings({PREFECT_API_URL: api}):
            try:
                yield api, True
            finally:
                _hand_in()
    finally:
        if before is None:
            os.environ.pop("PREFECT_API_URL", None)
        else:
            os.environ["PREFECT_API_URL"] = before
        proc.stop_group(process)


def _start(home: Path, scheduler: bool) -> tuple[subprocess.Popen, str]:
    """Start a server on `home` and wait until it answers; one at a time, so that one makes the database."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "selvedge-server.log"
    with (home / "selvedge-server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = _free_port()
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
        if not scheduler:
            command += ["--no-scheduler", "--no-late-runs"]
        origins = f"http://{HOST}:{port},http://localhost:{port}"  # or any web page could start runs
        log.write_text("")
        with log.open("a") as out:  # another server of this home may still write to it
            process = subprocess.Popen(
                command,
                env=proc.environment({"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origins}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the flow, which then still has a server to report to
                preexec_fn=partial(proc.die_with_parent, parent=os.getpid()),
            )
        try:
            _wait_until_healthy(process, f"http://{HOST}:{port}/api", log)
        except BaseException:
            proc.stop_group(process)
            raise
    return process, f"http://{HOST}:{port}/api"


def _wait_until_healthy(process: subprocess.Popen, api: str, log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with direct.open(f"{api}/health", timeout=5) as answer:
                if json.load(answer) is True:
                    return
        except (OSError, ValueError):
            time.sleep(0.1)
    tail = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
    raise SelvedgeError(
        f"Prefect's server did not start ({''.join(tail).strip() or 'it said nothing'}); {log} has more"
    )


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise SelvedgeError("no port is free on loopback")


def _hand_in() -> None:
    """Send what Prefect still holds in this process: the states of tasks travel as events, behind the flow's back."""
    EventsWorker.drain_all(timeout=10)
    APILogWorker.drain_all(timeout=10)
