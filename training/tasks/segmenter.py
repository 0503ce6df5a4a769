"""Garment masks: a U-Net on Jaccard and focal loss, half each, on garments with known masks."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from selvedge.config import Params, Segmenter
from training.data import (
    GARMENTS,
    Shuffle,
    data_card,
    data_fingerprint,
    random_colour,
    random_flips,
    random_zoom,
    sheet,
    to_unit,
)
from training.evaluation.masks import Pairs, load_pairs, predict_masks, segmenter_scores
from training.losses import mask_loss
from training.models.bundle import Bundle
from training.models.unet import GarmentUNet
from training.precision import autocast
from training.tasks.base import BaseTask, Export, Job, cosine, device_of, load_base


class SegmenterTask(BaseTask):
    """U-Net + AdamW with a cosine to zero."""

    def __init__(self, settings: Segmenter, data: Pairs, held: Pairs, seed: int, base: Bundle | None = None) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.settings, self.data, self.held = settings, data, held
        self.shuffle = Shuffle(len(data), seed)
        self.net = GarmentUNet(settings.encoder)
        if base:
            self.net.load_state_dict(base.network.state_dict())
        self.modules = {"net": self.net}
        self.optimisers = {"net": torch.optim.AdamW(self.net.parameters(), settings.lr, weight_decay=1e-2)}

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """One step; picture and mask are flipped, zoomed and shifted together, colours varied."""
        device, settings = device_of(self.net), self.settings
        chosen = self.samples(seen, batch)
        both = torch.cat([to_unit(self.data.images[chosen]), self.data.masks[chosen].float() / 255], 1).to(device)
        (both,) = random_zoom(random_flips(both), scale=(0.8, 1.3), shift=0.2)
        images, target = random_colour(both[:, :3], 0.3), (both[:, 3:] > 0.5).float()

        self.optimisers["net"].param_groups[0]["lr"] = settings.lr * cosine(seen / settings.images)
        with autocast(settings.precision, device):
            logits = self.net(images)
        loss = mask_loss(logits.float(), target)
        self.update("net", loss)
        return {"loss": loss.detach()}

    def sheet(self) -> Image.Image:
        """Nine held-out garments: photo, true mask, found mask."""
        index = torch.linspace(0, len(self.held) - 1, min(9, len(self.held))).long()
        images, masks = self.held.images[index], self.held.masks[index]
        found = predict_masks(self.net, images).to(torch.uint8) * 255
        return sheet([images, masks.expand(-1, 3, -1, -1), found.expand(-1, 3, -1, -1)])


def job(params: Params) -> Job:
    """The segmenter on training garments, scored on the items, which it never sees."""
    settings = params.segmenter
    data, held = load_pairs(GARMENTS / "train", settings.size), load_pairs(GARMENTS / "items", settings.size)
    arguments = {"encoder": settings.encoder}
    base = load_base("segmenter", settings, "unet", arguments)
    task = SegmenterTask(settings, data, held, params.seed, base)

    def finish() -> tuple[Export, dict, dict[str, str]]:
        card = {
            "size": settings.size,
            "data": data_card(GARMENTS, "train", len(data)),
            "images": settings.images,
            "seed": params.seed,
        }
        return Export(task.net, "unet", arguments, card), segmenter_scores(task.net, held), {}

    return Job(task, settings, data_fingerprint(GARMENTS), base, finish)
