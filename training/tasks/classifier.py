"""The judge: cross-entropy on textile classes. Also the shortest example of a task; write yours like it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from selvedge.config import Classifier, Params
from training.data import (
    SWATCHES,
    Shuffle,
    Swatches,
    data_card,
    data_fingerprint,
    load_swatches,
    random_colour,
    random_flips,
    random_zoom,
    sheet,
    to_unit,
)
from training.models.bundle import Bundle
from training.models.judge import Judge
from training.precision import autocast
from training.tasks.base import BaseTask, Export, Job, cosine, device_of, load_base


class ClassifierTask(BaseTask):
    """Judge + AdamW with a cosine to zero."""

    def __init__(
        self,
        settings: Classifier,
        data: Swatches,
        held: Swatches,
        classes: tuple[str, ...],
        seed: int,
        base: Bundle | None = None,
    ) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.settings, self.data, self.held, self.classes = settings, data, held, classes
        self.shuffle = Shuffle(len(data), seed)
        self.judge = Judge(len(classes), settings.size, settings.width)
        if base:
            self.judge.load_state_dict(base.network.state_dict())
        self.modules = {"judge": self.judge}
        self.optimisers = {"judge": torch.optim.AdamW(self.judge.parameters(), settings.lr, weight_decay=1e-2)}

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """One step of cross-entropy; a swatch is flipped, turned, zoomed and its colours varied."""
        device = device_of(self.judge)
        chosen = self.samples(seen, batch)
        images = to_unit(self.data.images[chosen].to(device))
        images = random_colour(random_flips(images, quarter_turns=True))
        (images,) = random_zoom(images, scale=(1.0, 1.4), shift=0.15)
        labels = self.data.labels[chosen].to(device)

        self.optimisers["judge"].param_groups[0]["lr"] = self.settings.lr * cosine(seen / self.settings.images)
        with autocast(self.settings.precision, device):
            logits = self.judge(images)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.05)
        self.update("judge", loss)
        return {"loss": loss.detach(), "accuracy": (logits.argmax(1) == labels).float().mean()}

    def sheet(self) -> Image.Image:
        """Held-out swatches, a row a class, at most twelve; those that are taken for another class are crossed out."""
        rows = []
        for label in range(len(self.classes)):
            index = torch.nonzero(self.held.labels == label).flatten()
            index = index[torch.linspace(0, len(index) - 1, min(12, len(index))).long()]
            pictures = self.held.images[index].clone()
            wrong = self.predict(pictures) != label
            cross = torch.eye(pictures.shape[-1], dtype=torch.bool)
            pictures[wrong] = torch.where(cross | cross.flip(1), 255, pictures[wrong])
            rows.append(pictures)
        return sheet(rows)

    @torch.no_grad()
    def predict(self, images: Tensor, batch: int = 256) -> Tensor:
        """(N, 3, size, size) uint8 -> class indices (N,)."""
        device = device_of(self.judge)
        return torch.cat([self.judge(to_unit(part.to(device))).argmax(1).cpu() for part in images.split(batch)])


def job(params: Params) -> Job:
    """The judge on the swatches of its own split, scored on the held-out test split."""
    settings = params.classifier
    data = load_swatches("judge", params.classes, settings.size)
    held = load_swatches("test", params.classes, settings.size)
    arguments = {"classes": len(params.classes), "size": settings.size, "width": settings.width}
    base = load_base("classifier", settings, "judge", arguments, params.classes)
    task = ClassifierTask(settings, data, held, params.classes, params.seed, base)

    def finish() -> tuple[Export, dict, dict[str, str]]:
        predicted = task.predict(held.images)
        right = predicted == held.labels
        by_class = {cls: float(right[held.labels == i].float().mean()) for i, cls in enumerate(params.classes)}
        scores = {
            "accuracy": float(right.float().mean()),
            "n": len(held),
            "by_class": by_class,
            "trained_on": len(data),
        }
        names = params.classes
        pairs = "\n".join(
            f"{names[a]},{names[p]}" for a, p in zip(held.labels.tolist(), predicted.tolist(), strict=True)
        )
        card = {
            "classes": list(params.classes),
            "name": settings.name,
            "data": data_card(SWATCHES, "judge", len(data)),
            "images": settings.images,
            "seed": params.seed,
        }
        return Export(task.judge, "judge", arguments, card), scores, {"confusion.csv": f"actual,predicted\n{pairs}\n"}

    return Job(task, settings, data_fingerprint(), base, finish)
