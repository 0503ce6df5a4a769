"""Which model is live: the champion out of `register`, else the weights that ship with the package."""

from __future__ import annotations

from pathlib import Path

from selvedge.errors import SelvedgeError
from training.models.bundle import Bundle, load_bundle

CHAMPION = Path("models/champion")  # of the project in whose folder the command runs
SHIPPED = Path(__file__).parent / "weights"


def find_live(network: str) -> Path | None:
    """The directory of the live `patterns`, `upscaler` or `segmenter`; None where there is none."""
    found = (root / network for root in (CHAMPION, SHIPPED) if (root / network).is_dir())
    return next(found, None)


def load_live(network: str) -> Bundle:
    """Load the live network; raises SelvedgeError where there is none, BadBundle naming a file that is missing or wrong."""
    directory = find_live(network)
    if directory is None:
        raise SelvedgeError(
            f"there is no model for {network}: neither {CHAMPION / network} here nor shipped weights; "
            "train one with `selvedge run` (or `make run`)"
        )
    return load_bundle(directory)
