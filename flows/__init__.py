"""Prefect lives here and nowhere else: the pipeline over dvc.yaml, its schedules, the nightly catalogues."""

import os

from selvedge.proc import QUIET

# Prefect reads these when it is first imported, which is after this.
os.environ.update(QUIET)
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")  # the run's history has the rest
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # a fresh home takes 12 s and more
