"""Super-resolution x4: L1 first, then SRGAN's critic joins (Ledig et al. 2017), on crops of the training swatches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from selvedge.config import Params, Upscaler
from selvedge.errors import BadParams
from training import losses
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
from training.evaluation.psnr import upscaler_scores
from training.models.bundle import Bundle
from training.models.srresnet import FACTOR, PatchCritic, SRResNet, shrink
from training.precision import autocast
from training.tasks.base import BaseTask, Export, Job, cosine, device_of, load_base

MARGIN = 8  # pixels at a crop's edge that no loss counts: there the network had to guess what lies outside


class UpscalerTask(BaseTask):
    """SRResNet and a patch critic, Adam each."""

    def __init__(
        self, settings: Upscaler, data: Swatches, held: Swatches, seed: int, base: Bundle | None = None
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.settings, self.data, self.held = settings, data, held
        self.shuffle = Shuffle(len(data), seed)
        self.arguments = {"width": settings.width, "blocks": settings.blocks}
        self.g, self.critic = SRResNet(**self.arguments), PatchCritic()
        if base:
            self.g.load_state_dict(base.network.state_dict())
        self.modules = {"g": self.g, "critic": self.critic}
        self.optimisers = {
            "g": torch.optim.Adam(self.g.parameters(), settings.lr, (0.9, 0.999)),
            "critic": torch.optim.Adam(self.critic.parameters(), settings.lr, (0.5, 0.999)),
        }

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """L1 on what bicubic leaves to do; from `adversarial_from` images on also the critic's opinion."""
        device, settings = device_of(self.g), self.settings
        high = to_unit(random_crops(self.data.images[self.samples(seen, batch)], settings.crop).to(device))
        high = random_flips(high, quarter_turns=True)
        low = shrink(high)
        self.optimisers["g"].param_groups[0]["lr"] = settings.lr * max(0.05, cosine(seen / settings.images))

        with autocast(settings.precision, device):
            made = self.g(low, wrap=False)
        made, high = _inner(made.float()), _inner(high)
        l1 = F.l1_loss(made, high)
        adversarial = settings.adversarial_weight > 0 and seen >= settings.adversarial_from
        critic_loss = self._critic_step(high, made.detach()) if adversarial else torch.zeros(())
        loss = l1
        if adversarial:
            self.critic.requires_grad_(False)
            with autocast(settings.precision, device):
                opinion = self.critic(made)
            loss = l1 + settings.adversarial_weight * losses.g_loss("bce", opinion.float())
        self.update("g", loss)
        self.critic.requires_grad_(True)
        return {"l1": l1.detach(), "critic_loss": critic_loss}

    def _critic_step(self, real: Tensor, made: Tensor) -> Tensor:
        with autocast(self.settings.precision, device_of(self.critic)):
            on_real, on_made = self.critic(real), self.critic(made)
        loss = losses.d_loss("bce", on_real.float(), on_made.float())
        self.update("critic", loss)
        return loss.detach()

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """Six held-out swatches, a row each: bicubic, made, real."""
        device = device_of(self.g)
        index = torch.linspace(0, len(self.held) - 1, 6).long()
        high = to_unit(self.held.images[index].to(device))
        low = shrink(high)
        bicubic = F.interpolate(low, scale_factor=FACTOR, mode="bicubic", align_corners=False)
        columns = [to_bytes(x).cpu() for x in (bicubic, self.g(low, wrap=False), high)]
        return sheet([torch.stack(row) for row in zip(*columns, strict=True)])


def _inner(x: Tensor) -> Tensor:
    return x[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def job(params: Params) -> Job:
    """The upscaler on the training split, scored against bicubic on the held-out test split."""
    settings = params.upscaler
    data = load_swatches("train", params.classes)
    held = load_swatches("test", params.classes)
    side = data.images.shape[-1]
    if settings.crop > side:
        raise BadParams(f"params.yaml: upscaler.crop: {settings.crop} is more than a swatch's {side} pixels")
    base = load_base("upscaler", settings, "srresnet", {"width": settings.width, "blocks": settings.blocks})
    task = UpscalerTask(settings, data, held, params.seed, base)

    def finish() -> tuple[Export, dict, dict[str, str]]:
        card = {
            "factor": FACTOR,
            "data": data_card(SWATCHES, "train", len(data)),
            "images": settings.images,
            "seed": params.seed,
        }
        return Export(task.g, "srresnet", task.arguments, card), upscaler_scores(task.g, held.images), {}

    return Job(task, settings, data_fingerprint(), base, finish)
