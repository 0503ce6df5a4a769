"""The losses of every training, equation by equation: games of D and G on logits, penalties on D's slope, masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

GAMES = ("bce", "hinge", "relativistic")


def d_loss(game: str, real: Tensor, fake: Tensor) -> Tensor:
    """D's loss on its logits of real and fake pictures, of any shape; relativistic games pair them.

    bce: -log sigmoid(real) - log(1 - sigmoid(fake)) (Goodfellow et al. 2014). hinge: Lim and Ye 2017, eq. 3.
    relativistic: -log sigmoid(real - fake) (Jolicoeur-Martineau 2018).
    """
    if game == "bce":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if game == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(fake - real).mean()


def g_loss(game: str, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """G's loss on D's logits of its fakes: -log sigmoid(fake), the hinge's -fake, or -log sigmoid(fake - real) of pairs."""
    if game == "bce":
        return F.softplus(-fake).mean()
    if game == "hinge":
        return -fake.mean()
    return F.softplus(fake if real is None else real - fake).mean()


def gradient_penalty(d: Callable[..., Tensor], pictures: Sequence[Tensor], *condition: Tensor | None) -> Tensor:
    """E |grad D|^2 / 2 on each of several batches (B, C, H, W), added up: R1 on real ones, R2 on fake ones.

    Mescheder et al. 2018, eq. 9; both together in Huang et al. 2024, eq. 5. `d` takes a batch and its condition and gives
    logits. Double backward: not through torch.compile.
    """
    total = torch.zeros((), device=pictures[0].device)
    for images in pictures:
        images = images.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(d(images, *condition).sum(), images, create_graph=True)
        total = total + slope.square().sum((1, 2, 3)).mean()
    return total / 2


def mask_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Half soft Jaccard, half focal loss with gamma 2 (Lin et al. 2017, eq. 4); logits and 0/1 target, both (B, 1, H, W)."""
    from segmentation_models_pytorch.losses import FocalLoss, JaccardLoss  # two seconds that other trainings do not pay

    return 0.5 * JaccardLoss("binary")(logits, target) + 0.5 * FocalLoss("binary", gamma=2.0)(logits, target)
