"""The pattern generator: DCGAN's game (binary cross-entropy, non-saturating) on a torus, one step of D and one of G.

Where tiles are seamless, D sees each batch of fakes rolled by a random offset: the tile's edges lie somewhere in its
picture, and a seam would give them away.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from selvedge.config import Params, Patterns
from selvedge.errors import SelvedgeError
from training import losses
from training.augment import diff_augment
from training.data import (
    SWATCHES,
    BalancedShuffle,
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
from training.evaluation.features import SHIPPED, Extractor
from training.evaluation.heldout import laid, one_of_each
from training.evaluation.kid import kid
from training.models import GENERATORS
from training.models.bundle import Bundle
from training.models.dcgan import Discriminator, settle_batch_norm
from training.models.kinds import PatternGenerator
from training.precision import autocast
from training.tasks.base import BaseTask, Export, Job, device_of, load_base, paced

SHEET_COLUMNS = 8
EMA_RAMP = 0.05  # of the images seen, the longest half-life of a young average (StyleGAN2)


class PatternTask(BaseTask):
    """G and D with Adam each, and an average of G."""

    def __init__(
        self,
        settings: Patterns,
        data: Swatches,
        classes: tuple[str, ...],
        seed: int,
        base: Bundle | None = None,
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.settings, self.data, self.classes = settings, data, classes
        self.pictures = data.images  # to train on, where the networks are
        self.shuffle = BalancedShuffle(data.labels, seed) if settings.balanced else Shuffle(len(data), seed)
        conditions = len(classes) if settings.conditional else 0
        self.arguments = arguments_of(settings, conditions)
        self.g = GENERATORS[settings.generator](**self.arguments)
        if base:
            self.g.load_state_dict(base.network.state_dict())
        self.d = Discriminator(settings.size, settings.d_width or settings.width, conditions, settings.d_norm)
        self.modules = {"g": self.g, "d": self.d}
        # the same weights, for all but second derivatives, which no compiler of torch's gives
        self.fast_g, self.fast_d = (compiled(x) if settings.compile else x for x in (self.g, self.d))
        betas = (settings.beta1, 0.999)
        self.optimisers = {
            "g": torch.optim.Adam(self.g.parameters(), settings.lr_g, betas, fused=True),
            "d": torch.optim.Adam(self.d.parameters(), settings.lr_d, betas, fused=True),
        }
        self.ema_images = settings.ema_images
        self.ema_ramp = EMA_RAMP if settings.ramp_images else 0.0
        self.average = copy.deepcopy(self.g).requires_grad_(False) if settings.ema_images else self.g
        if settings.ema_images:
            self.ema = {"g": self.average}
        self.held_out: HeldOut | None = None
        self.best: dict = {}  # images, score and weights of the generator that scored best so far
        # fixed latents: sheets of one run, and of runs with one seed, can be compared by eye
        self.fixed_z = torch.randn(len(classes) * SHEET_COLUMNS, settings.z_dim)
        self.fixed_labels = torch.arange(len(classes)).repeat_interleave(SHEET_COLUMNS)

    def to(self, device: torch.device) -> None:
        """Move everything, the pictures too: they are decoded once, and cut where they are wanted."""
        super().to(device)
        self.pictures = self.data.images.to(device)

    def now_g(self) -> PatternGenerator:
        """A copy of the averaged generator where there is one, with batch norm's statistics its own."""
        return settle_batch_norm(copy.deepcopy(self.average))

    def best_g(self) -> PatternGenerator:
        """The generator that scored best on held-out cloth where that was asked for, else the one of now."""
        best = self.now_g()
        if self.best:
            best.load_state_dict(self.best["weights"])
        return best

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """One step of D on real and fake, then one of G; -log D(G(z)) for G, as the paper trains it."""
        device = device_of(self.g)
        self._pace(seen + batch)
        chosen = self.samples(seen, batch)
        real = random_flips(to_unit(random_crops(self.pictures[chosen], self.settings.size)))
        labels = self.data.labels[chosen].to(device) if self.settings.conditional else None
        z = torch.randn(batch, self.settings.z_dim, device=device)
        with autocast(self.settings.precision, device):
            fake = self._shifted(self.fast_g(z, labels))

        # D: real up, fake down
        shown, made = self._disturbed(real), self._disturbed(fake.detach())
        with autocast(self.settings.precision, device):
            d_real, d_fake = self.fast_d(shown, labels), self.fast_d(made, labels)
        d_loss = losses.d_loss(self.settings.loss, d_real.float(), d_fake.float())
        penalty = self._penalty(seen // self.settings.batch, (shown, made.float()), labels)
        self.update("d", d_loss if penalty is None else d_loss + penalty)

        # G: fake up, by D's new opinion
        self.d.requires_grad_(False)
        with autocast(self.settings.precision, device):
            g_fake = self.fast_d(self._disturbed(fake), labels)
            g_real = self.fast_d(self._disturbed(real), labels) if self.settings.loss == "relativistic" else None
        g_loss = losses.g_loss(self.settings.loss, g_fake.float(), None if g_real is None else g_real.float())
        self.update("g", g_loss)
        self.d.requires_grad_(True)
        return {
            "g_loss": g_loss,
            "d_loss": d_loss,
            "d_real": d_real.detach().float().sigmoid().mean(),
            "d_fake": d_fake.detach().float().sigmoid().mean(),
        }

    def _penalty(self, step: int, pictures: tuple[Tensor, ...], labels: Tensor | None) -> Tensor | None:
        """R1 and R2 in fp32, lazily: so much the stronger in the few steps that have them."""
        settings = self.settings
        if not settings.penalty or step % settings.penalty_every:
            return None
        return settings.penalty * settings.penalty_every * losses.gradient_penalty(self.d, pictures, labels)

    def _pace(self, seen: int) -> None:
        """Learning rates for the step that ends at `seen` images."""
        settings = self.settings
        share = paced(seen / settings.images, settings.ramp_images / settings.images, settings.decay_from)
        for name, top in (("g", settings.lr_g), ("d", settings.lr_d)):
            for group in self.optimisers[name].param_groups:
                group["lr"] = top * share

    def _disturbed(self, images: Tensor) -> Tensor:
        return diff_augment(images, self.settings.augment, wraps=False)

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
        fake = self.now_g()(self.fixed_z.to(device), labels if self.settings.conditional else None)
        tiles = to_bytes(fake).cpu().split(SHEET_COLUMNS)
        rows = []
        for label, row in enumerate(tiles):
            index = torch.nonzero(self.data.labels == label).flatten()
            index = index[torch.linspace(0, len(index) - 1, 4).long()]
            gap = torch.full((1, 3, self.settings.size, self.settings.size), 255, dtype=torch.uint8)
            size = self.settings.size
            rows.append(torch.cat([row, gap, self.data.images[index][:, :, :size, :size]]))
        return sheet(rows)

    # ---- what is watched -------------------------------------------------------------------------------------------------

    def watch(self, seen: int) -> dict[str, float]:
        """Diversity of tiles and how sure D is of itself; the held-out score where the best generator is to be kept.

        diversity: how far tiles of a class lie apart, in pixels, as a share of real crops; the mean over classes. A line
        warns where it is less than settings.least_diversity. d_sure: the share of pairs in which D holds the real picture for
        the more real one, 0.5 where it knows nothing.
        """
        g, device = self.now_g(), device_of(self.g)
        labels = self.fixed_labels.to(device)
        condition = labels if self.settings.conditional else None
        fake = g(self.fixed_z.to(device), condition).float()
        real = to_unit(self._real_like(self.fixed_labels)).to(device)
        found = {"diversity": self._diversity(fake, real)}
        found["d_sure"] = float((self.d(real, condition) > self.d(fake, condition)).float().mean())
        if found["diversity"] < self.settings.least_diversity:
            print(
                f"patterns: ALARM, collapse at {seen:,} images: tiles of a class differ by {found['diversity']:.0%} of what real "
                "ones do; try another seed, a penalty, or a lower learning rate for D",
                flush=True,
            )
        if self.held_out is not None:
            found["held_out_kid"] = score = self.held_out.score(g)
            if not self.best or score < self.best["score"]:
                weights = {name: value.detach().cpu().clone() for name, value in g.state_dict().items()}
                self.best = {"images": seen, "score": score, "weights": weights}
        return found

    def _real_like(self, labels: Tensor) -> Tensor:
        """As many real crops of each class, the same each time."""
        picked = []
        for label, count in zip(*labels.unique(return_counts=True), strict=True):
            mine = torch.nonzero(self.data.labels == label).flatten()
            picked.append(mine[torch.linspace(0, len(mine) - 1, int(count)).long()])
        room = (self.data.images.shape[-1] - self.settings.size) // 2
        return self.data.images[
            torch.cat(picked), :, room : room + self.settings.size, room : room + self.settings.size
        ]

    def _diversity(self, fake: Tensor, real: Tensor) -> float:
        # to each class its own: real classes differ, and a collapse within one would hide behind that
        labels = self.fixed_labels if self.settings.conditional else torch.zeros_like(self.fixed_labels)
        ratios = []
        for label in labels.unique():
            made, true = (x[(labels == label).to(x.device)].var(0).mean().sqrt() for x in (fake, real))
            ratios.append(float(made / true.clamp_min(1e-6)))
        return sum(ratios) / len(ratios)

    def extra_state(self) -> dict:
        """The best generator so far."""
        return {"best": self.best}

    def load_extra_state(self, state: dict) -> None:
        """Take it back."""
        self.best = state["best"]


class HeldOut:
    """Real cloth that no generator is trained on, and how far a generator's tiles are from it.

    The judge's split: what picks the generator must not be what it is measured by in the end.
    """

    def __init__(self, extractor: Extractor, images: Tensor, classes: Sequence[str], view: int, seed: int) -> None:
        self.extractor, self.classes, self.view, self.seed = extractor, classes, view, seed
        self.real = extractor(images)[0].numpy()

    def score(self, g: PatternGenerator) -> float:
        """The kernel distance (Binkowski et al. 2018) of as many tiles from the same latents each time; smaller is better."""
        tiles, _ = sample(g, len(self.classes), len(self.real), self.seed + 1)
        return kid(self.real, self.extractor(laid(tiles, self.view, self.view))[0].numpy())


@torch.no_grad()
def sample(g: PatternGenerator, classes: int, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """n tiles (n, 3, size, size) uint8, in turn of each class, and their labels (n,); the labels of a generator that knows no
    classes are a count alone."""
    device, labels = device_of(g), torch.arange(n) % classes
    z = torch.randn(n, g.z_dim, generator=torch.Generator().manual_seed(seed))
    parts = zip(z.to(device).split(64), labels.to(device).split(64), strict=True)
    return torch.cat([to_bytes(g(some, of if g.classes else None)).cpu() for some, of in parts]), labels


def arguments_of(settings: Patterns, conditions: int) -> dict[str, Any]:
    """What the generator is constructed with, for so many classes to be told of."""
    common = {"size": settings.size, "z_dim": settings.z_dim, "width": settings.width, "classes": conditions}
    return common | (
        {"seamless": settings.seamless, "resize": settings.resize} if settings.generator == "dcgan" else {}
    )


def compiled(network: nn.Module) -> Callable[..., Tensor]:
    """The network through torch.compile, which shares its weights; raises SelvedgeError where there is no C++ compiler."""
    if not shutil.which(name := os.environ.get("CXX", "g++")):
        raise SelvedgeError(
            f"patterns.compile: needs a C++ compiler, and there is no {name}; install one, or set false"
        )
    return torch.compile(network)


def job(params: Params) -> Job:
    """The generator on the swatches of the training split."""
    settings = params.patterns
    data = load_swatches("train", params.classes, settings.view or settings.size)
    arguments = arguments_of(settings, len(params.classes) if settings.conditional else 0)
    base = load_base("patterns", settings, settings.generator, arguments, params.classes)
    task = PatternTask(settings, data, params.classes, params.seed, base)
    if settings.select:
        view = settings.view or settings.size
        judged = one_of_each(("judge",), params.classes, view).images
        task.held_out = HeldOut(Extractor.load(SHIPPED), judged, params.classes, view, params.seed)

    def finish() -> tuple[Export, dict, dict[str, str]]:
        card = {
            "classes": list(params.classes),
            "data": data_card(SWATCHES, "train", len(data)),
            "images": task.best["images"] if task.best else settings.images,
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
        if task.best:
            scores["selected_at"], scores["held_out_kid"] = task.best["images"], task.best["score"]
        return Export(task.best_g(), settings.generator, task.arguments, card), scores, {}

    return Job(task, settings, data_fingerprint(), base, finish)
