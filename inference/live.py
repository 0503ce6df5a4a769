"""The live network, ready to use."""

from __future__ import annotations

from selvedge.errors import SelvedgeError
from selvedge.registry import CHAMPION, find_live
from training.models.bundle import Bundle, load_bundle


def load_live(network: str) -> Bundle:
    """Load the live network; raises SelvedgeError where there is none, BadBundle naming a file that is missing or wrong."""
    directory = find_live(network)
    if directory is None:
        raise SelvedgeError(
            f"there is no model for {network}: neither {CHAMPION / network} here nor shipped weights; "
            "train one with `selvedge run` (or `make run`)"
        )
    return load_bundle(directory)
