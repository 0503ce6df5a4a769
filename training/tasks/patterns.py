"""The pattern generator: DCGAN's game (binary cross-entropy, non-saturating) on a torus, one step of D and one of G.

Where tiles are seamless, D sees each batch of fakes rolled by a random offset: the tile's edges lie somewhere in its
picture, and a seam would give them away.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from selvedge.config import Params, Patterns
from training.data import (
    SWATCHES,
    Shuffle,
    Swatches,
    data_card,
    data_fingerprint,
    load_swatches,
    random_crops,
    random_flips,
    sheet,
    to_bytes,
    to_unit,
)
from training.models import build
from training.models.dcgan import Discriminator, settle_batch_norm
from training.tasks.base import BaseTask, Export, Job, autocast, device_of

SHEET_COLUMNS = 8


class PatternTask(BaseTask):
    """G and D with Adam each, and an average of G."""

    def __init__(self, settings: Patterns, data: Swatches, classes: tuple[str, ...], seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.settings, self.data, self.classes = settings, data, classes
        self.shuffle = Shuffle(len(data), seed)
        conditions = len(classes) if settings.conditional else 0
        self.arguments = {
            "size": settings.size,
            "z_dim": settings.z_dim,
            "width": settings.width,
            "classes": conditions,
        }
        if settings.generator == "dcgan":
            self.arguments["seamless"] = settings.seamless
        self.g = build(settings.generator, self.arguments)
        self.d = Discriminator(settings.size, settings.d_width or settings.width, conditions, settings.d_norm)
        self.modules = {"g": self.g, "d": self.d}
        betas = (settings.beta1, 0.999)
        self.optimisers = {
            "g": torch.optim.Adam(self.g.parameters(), settings.lr_g, betas),
            "d": torch.optim.Adam(self.d.parameters(), settings.lr_d, betas),
        }
        self.ema_images = settings.ema_images
        if settings.ema_images:
            self.ema = {"g": copy.deepcopy(self.g).requires_grad_(False)}
        # fixed latents: sheets of one run, and of runs with one seed, can be compared by eye
        self.fixed_z = torch.randn(len(classes) * SHEET_COLUMNS, settings.z_dim)
        self.fixed_labels = torch.arange(len(classes)).repeat_interleave(SHEET_COLUMNS)

    def best_g(self) -> nn.Module:
        """A copy of the averaged generator where there is one, with batch norm's statistics its own."""
        return settle_batch_norm(copy.deepcopy(self.ema["g"])) if self.ema else self.g

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """One step of D on real and fake, then one of G; -log D(G(z)) for G, as the paper trains it."""
        device = device_of(self.g)
        chosen = self.shuffle.at(seen, batch)
        real = random_flips(to_unit(random_crops(self.data.images[chosen], self.settings.size).to(device)))
        labels = self.data.labels[chosen].to(device) if self.settings.conditional else None
        z = torch.randn(batch, self.settings.z_dim, device=device)
        with autocast(self.settings, device):
            fake = self._shifted(self.g(z, labels))

        # D: real up, fake down
        with autocast(self.settings, device):
            d_real, d_fake = self.d(real, labels), self.d(fake.detach(), labels)
        d_loss = d_game(self.settings.loss, d_real.float(), d_fake.float())
        penalty = self._penalty(seen // self.settings.batch, (real, fake.detach().float()), labels)
        self.update("d", d_loss if penalty is None else d_loss + penalty)

        # G: fake up, by D's new opinion
        self.d.requires_grad_(False)
        with autocast(self.settings, device):
            g_fake = self.d(fake, labels)
            g_real = self.d(real, labels) if self.settings.loss == "relativistic" else None
        g_loss = g_game(self.settings.loss, g_fake.float(), None if g_real is None else g_real.float())
        self.update("g", g_loss)
        self.d.requires_grad_(True)
        return {
            "g_loss": g_loss,
            "d_loss": d_loss,
            "d_real": d_real.detach().float().sigmoid().mean(),
            "d_fake": d_fake.detach().float().sigmoid().mean(),
        }

    def _penalty(self, step: int, pictures: tuple[Tensor, ...], labels: Tensor | None) -> Tensor | None:
        """gamma / 2 E |grad D|^2 on real and on fake (Mescheder et al. 2018, eq. 9; Huang et al. 2024), in fp32, lazily."""
        settings = self.settings
        if not settings.penalty or step % settings.penalty_every:
            return None
        total = torch.zeros((), device=pictures[0].device)
        for images in pictures:
            images = images.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(self.d(images, labels).sum(), images, create_graph=True)
            total = total + slope.square().sum((1, 2, 3)).mean()
        return settings.penalty / 2 * settings.penalty_every * total

    def _shifted(self, fake: Tensor) -> Tensor:
        if not self.settings.seamless:
            return fake
        dy, dx = torch.randint(self.settings.size, (2,)).tolist()
        return torch.roll(fake, (dy, dx), (2, 3))

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """A row a class: eight tiles from fixed latents, then four real swatches."""
        device = device_of(self.g)
        labels = self.fixed_labels.to(device)
        fake = self.best_g()(self.fixed_z.to(device), labels if self.settings.conditional else None)
        tiles = to_bytes(fake).cpu().split(SHEET_COLUMNS)
        rows = []
        for label, row in enumerate(tiles):
            index = torch.nonzero(self.data.labels == label).flatten()
            index = index[torch.linspace(0, len(index) - 1, 4).long()]
            gap = torch.full((1, 3, self.settings.size, self.settings.size), 255, dtype=torch.uint8)
            size = self.settings.size
            rows.append(torch.cat([row, gap, self.data.images[index][:, :, :size, :size]]))
        return sheet(rows)


def d_game(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """D's loss on logits: cross-entropy with labels 1 and 0, the hinge (Lim, Ye 2017), or -log sigmoid(real - fake) of
    pairs (Jolicoeur-Martineau 2018)."""
    if loss == "bce":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(fake - real).mean()


def g_game(loss: str, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """G's loss on D's logits: -log D(G(z)), the hinge's -D(G(z)), or -log sigmoid(fake - real) of pairs."""
    if loss == "bce":
        return F.softplus(-fake).mean()
    if loss == "hinge":
        return -fake.mean()
    return F.softplus(real - fake).mean()


def job(params: Params) -> Job:
    """The generator on the swatches of the training split."""
    settings = params.patterns
    data = load_swatches("train", params.classes, settings.view or settings.size)
    task = PatternTask(settings, data, params.classes, params.seed)

    def finish() -> tuple[Export, dict, dict[str, str]]:
        card = {
            "classes": list(params.classes),
            "data": data_card(SWATCHES, "train", len(data)),
            "images": settings.images,
            "seed": params.seed,
            "view": settings.view or settings.size,
            "seamless": settings.seamless,  # who enlarges or prints a tile asks this
        }
        scores = {
            "images": settings.images,
            "trained_on": len(data),
            "parameters_g": sum(p.numel() for p in task.g.parameters()),
            "parameters_d": sum(p.numel() for p in task.d.parameters()),
        }
        return Export(task.best_g(), settings.generator, task.arguments, card), scores, {}

    return Job(task, settings, data_fingerprint(), finish)
