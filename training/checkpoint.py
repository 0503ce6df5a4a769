"""Checkpoints: whole or not at all, everything that an exact resume needs, and a digest that proves it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, write_bytes

State = dict[str, Any]


def save(path: str | Path, state: State) -> None:
    """Write a nested dict of tensors and plain values; the older checkpoint there is kept as `former(path)`."""
    path = Path(path)
    buffer = io.BytesIO()  # torch's own writer turns a full disk into an error without a name
    torch.save(state, buffer)
    if path.exists():
        with atomic_path(former(path)) as link:
            link.unlink()
            os.link(path, link)  # so there is no moment without a checkpoint
    write_bytes(path, buffer.getvalue())


def former(path: Path) -> Path:
    """Where the checkpoint before the last one lies."""
    return path.with_stem(f"{path.stem}-before")


def load(path: str | Path) -> State | None:
    """Read a checkpoint, or None when there is none; of a damaged one the one before, and a line says so.

    Raises SelvedgeError naming a file that is damaged where there is none before it.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        return _read(path)
    except SelvedgeError as error:
        if not former(path).exists():
            raise
        state = _read(former(path))
        print(f"{error}; going on from the one before", flush=True)
        return state


def _read(path: Path) -> State:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise SelvedgeError(f"{path}: is no checkpoint ({reason}); delete it to begin again") from None


def digest(state: Any) -> str:
    """SHA-256 over keys, values and tensor bytes, in a fixed order: equal states, equal digests."""
    sha = hashlib.sha256()

    def feed(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous()
            sha.update(f"{value.dtype}{tuple(value.shape)}".encode())
            sha.update(value.view(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b"")
        elif isinstance(value, Mapping):
            for key in sorted(value, key=str):
                sha.update(str(key).encode())
                feed(value[key])
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for item in value:
                feed(item)
        else:
            sha.update(repr(value).encode())

    feed(state)
    return sha.hexdigest()
