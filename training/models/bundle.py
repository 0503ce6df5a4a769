"""A model on disk: a directory of weights.safetensors and card.json, which says what they are and holds their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from selvedge.errors import BadBundle
from selvedge.io import read_json, sha256_bytes, sha256_file, write_bytes, write_json
from training.models import FAMILIES, build
from training.models.kinds import Classifier, PatternGenerator, Segmenter, Upscaler

WEIGHTS, CARD = "weights.safetensors", "card.json"
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Bundle:
    """A network of any kind in evaluation mode, its card, and the directory that it was read from."""

    network: nn.Module
    card: dict[str, Any]
    directory: Path | None = None

    @property
    def version(self) -> str:
        """Twelve hex digits of the weights' SHA-256: names these exact bytes."""
        return self.card["sha256"][:12]


def save_bundle(
    directory: str | Path,
    network: nn.Module,
    *,
    family: str,
    arguments: dict[str, Any],
    half: bool = False,
    **card: Any,
) -> None:
    """Write a network and its card (family, constructor arguments, and whatever `card` adds) into `directory`.

    `half` stores floating point weights as fp16: half the bytes, for what ships.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    if half:
        tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    data = save(tensors)
    write_bytes(directory / WEIGHTS, data)
    parameters = sum(p.numel() for p in network.parameters())
    write_json(
        directory / CARD,
        {**card, "family": family, "arguments": arguments, "parameters": parameters, "sha256": sha256_bytes(data)},
    )


def load_bundle(directory: str | Path) -> Bundle:
    """Read a model directory; raises BadBundle naming the file that is missing or not what the card says."""
    directory = Path(directory)
    if not directory.is_dir():
        raise BadBundle(
            f"{directory}: there is no such model; name a directory of {CARD} and {WEIGHTS}, or run the stage that makes it"
        )
    for name in (CARD, WEIGHTS):
        if not (directory / name).is_file():
            raise BadBundle(f"{directory / name}: is missing; run the stage that makes {directory} again")
    card = read_json(directory / CARD)
    for key in ("family", "arguments", "sha256"):
        if key not in card:
            raise BadBundle(f"{directory / CARD}: has no {key!r}; run the stage that makes {directory} again")
    if sha256_file(directory / WEIGHTS) != card["sha256"]:
        raise BadBundle(f"{directory / WEIGHTS}: its bytes are not those that {CARD} names; restore both together")
    if card["family"] not in FAMILIES:
        raise BadBundle(f"{directory / CARD}: family {card['family']!r} is unknown; known: {', '.join(FAMILIES)}")
    network = build(card["family"], card["arguments"])
    try:
        tensors = load_file(directory / WEIGHTS)
        network.load_state_dict({k: v.float() if v.dtype == torch.float16 else v for k, v in tensors.items()})
    except (SafetensorError, RuntimeError) as error:
        raise BadBundle(f"{directory / WEIGHTS}: does not fit its card ({str(error).splitlines()[0]})") from None
    return Bundle(network.eval(), card, directory)


def as_generator(bundle: Bundle) -> PatternGenerator:
    """The network, which makes pattern tiles; raises BadBundle naming the directory of one that does not."""
    return _as_kind(bundle, PatternGenerator, "pattern generator", "patterns")


def as_classifier(bundle: Bundle) -> Classifier:
    """The network, which tells classes apart; raises BadBundle naming the directory of one that does not."""
    return _as_kind(bundle, Classifier, "classifier", "classifier")


def as_upscaler(bundle: Bundle) -> Upscaler:
    """The network, which enlarges pictures; raises BadBundle naming the directory of one that does not."""
    return _as_kind(bundle, Upscaler, "upscaler", "upscaler")


def as_segmenter(bundle: Bundle) -> Segmenter:
    """The network, which finds garments; raises BadBundle naming the directory of one that does not."""
    return _as_kind(bundle, Segmenter, "segmenter", "segmenter")


def _as_kind(bundle: Bundle, kind: type[Network], called: str, training: str) -> Network:
    if isinstance(bundle.network, kind):
        return bundle.network
    where = f"{bundle.directory}: " if bundle.directory else ""
    raise BadBundle(
        f"{where}the model is a {bundle.card['family']}, no {called}; name a directory that `selvedge train {training}` made"
    )
