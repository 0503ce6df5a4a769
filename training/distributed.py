"""Training on several processes that torchrun starts: each sees its share of a batch, and all take the same step.

    torchrun --nproc-per-node 2 -m selvedge train patterns

No wrapper around networks, for a GAN has two of them and a penalty that goes back twice: gradients are averaged where an optimiser is
about to step, and batch norm's statistics behind each step. So every process holds the same weights, to the bit, and one
checkpoint, written by the first, is that of all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from selvedge.errors import SelvedgeError


def join(device: torch.device) -> None:
    """Meet the other processes, if torchrun started this one, and wait for them; gloo on CPUs, nccl on GPUs."""
    if "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    if dist.is_initialized():
        dist.barrier()  # the first may still be writing the checkpoint that all go on from


def leave() -> None:
    """Part from the others, when all have come so far."""
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0; also before `join`."""
    return dist.get_rank() if dist.is_initialized() else int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """The number of this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else int(os.environ.get("WORLD_SIZE", "1"))


def share(batch: int) -> int:
    """This process's part of a batch; raises SelvedgeError where it does not come out even."""
    if batch % size():
        raise SelvedgeError(f"batch {batch} cannot be shared out among {size()} processes; take a multiple of {size()}")
    return batch // size()


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean of all processes' gradients, in one message."""
    if size() > 1:
        _average([p.grad for p in parameters if p.grad is not None])


@torch.no_grad()
def average_buffers(modules: Iterable[nn.Module]) -> None:
    """The mean of all processes' floating point buffers, batch norm's statistics: each saw another part of the batch."""
    if size() > 1:
        _average([b for module in modules for b in module.buffers() if b.is_floating_point()])


def average(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of each value over the processes."""
    if size() == 1:
        return values
    means = torch.stack([value.detach().double() for value in values.values()])
    dist.all_reduce(means)
    return dict(zip(values, means / size(), strict=True))


def _average(tensors: list[Tensor]) -> None:
    if not tensors:
        return
    flat = torch.cat([t.flatten().float() for t in tensors])
    dist.all_reduce(flat)
    flat /= size()
    for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))
