"""Which model is live, which ships, which trainings begin with: the one place that knows where each lies.

models/champion/NETWORK/   what won the gate; before there is one, the weights that ship are live
models/base/NETWORK/       what trainings begin with: the live model of the moment when a retraining began, pinned there,
                           for what is live comes out of the same graph and DVC's has no circles; base.json names it
inference/weights/NETWORK/ what ships with the package
A model is a directory of weights.safetensors and card.json; its version is how its SHA-256 begins.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, read_json, write_json

MODELS = Path("models")
CHAMPION, BASE = MODELS / "champion", MODELS / "base"
SHIPPED = Path(__file__).parents[1] / "inference" / "weights"
GATED = ("patterns", "upscaler", "segmenter")  # the networks that the gate decides about
CLASSIFIER = MODELS / "classifier"  # measures the others, so that no gate stands before it
TRAINED = (*GATED, "classifier")
SERVED = Path(__file__).parents[1] / "inference" / "served.py"  # what MLflow runs to serve a model
CARD, RECORD = "card.json", "base.json"


def find_champion(network: str) -> Path | None:
    """The directory of the network's champion, if there is one in this project."""
    return _there(CHAMPION / network)


def find_shipped(network: str) -> Path | None:
    """The directory of the network's weights that ship, if any do."""
    return _there(SHIPPED / network)


def find_live(network: str) -> Path | None:
    """The directory of the live network: the champion, else what ships; the classifier that was trained last."""
    return _there(CLASSIFIER) if network == "classifier" else find_champion(network) or find_shipped(network)


def version_of(directory: Path) -> str:
    """Twelve hex digits that name a model's bytes, as its card has them."""
    return read_json(directory / CARD)["sha256"][:12]


def pin_base() -> dict[str, str | None]:
    """Make models/base what is live now, and return the versions; a network of which nothing is live has a record alone."""
    pinned: dict[str, str | None] = {}
    with atomic_dir(BASE) as out:
        for network in TRAINED:
            live = find_live(network)
            pinned[network] = version_of(live) if live else None
            if live:
                names = (CARD, "weights.safetensors")
                (out / network).mkdir()
                for name in names:
                    shutil.copyfile(live / name, out / network / name)
            write_json(out / network / RECORD, {"version": pinned[network]})
    return pinned


def find_base(network: str, begin_with: str) -> Path | None:
    """The directory of the model that a training begins with, None for nothing.

    `begin_with`: live (the base that was pinned), shipped, nothing, or a model directory. Raises SelvedgeError where weights
    that were asked for by name are not there.
    """
    if begin_with == "nothing":
        return None
    if begin_with == "live":
        return BASE / network if (BASE / network / CARD).is_file() else None
    place = find_shipped(network) if begin_with == "shipped" else _there(Path(begin_with))
    if place is None:
        what = f"no {network} ships" if begin_with == "shipped" else f"there is no model in {begin_with}"
        raise SelvedgeError(f"params.yaml: {network}.begin_with: {what}; write `live`, `nothing` or a model directory")
    return place


def _there(directory: Path) -> Path | None:
    return directory if directory.is_dir() else None  # one that is damaged is not passed over: who loads it says so
