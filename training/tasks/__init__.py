"""What can be trained, one task a file; a new one is one line here."""

from __future__ import annotations

from collections.abc import Callable

from training.tasks import classifier, patterns, segmenter, upscaler
from training.tasks.base import Job

JOBS: dict[str, Callable[..., Job]] = {
    "classifier": classifier.job,
    "patterns": patterns.job,
    "upscaler": upscaler.job,
    "segmenter": segmenter.job,
}
