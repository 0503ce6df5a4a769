"""The evaluation stage: each candidate on cloth that it never saw; numbers for DVC and MLflow, a page to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from selvedge import tracking
from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.io import atomic_dir, write_json, write_text
from training.data import GARMENTS, data_fingerprint, load_swatches, sheet, to_bytes
from training.evaluation import scores as score
from training.evaluation.features import Extractor
from training.evaluation.masks import load_pairs, predict_masks, segmenter_scores
from training.evaluation.psnr import upscaler_scores
from training.models.bundle import Bundle, load_bundle

MODELS, METRICS, REPORT = Path("models"), Path("metrics/evaluation.json"), Path("reports/generated/evaluation")
NETWORKS = ("patterns", "upscaler", "segmenter")


def run(params: Params) -> None:
    """Measure models/patterns, upscaler and segmenter; write metrics/evaluation.json and a report with sheets."""
    bench = Bench(params)
    found: dict[str, dict] = {}
    logged = {**params.evaluation.model_dump(), "seed": params.seed}
    with tracking.run("evaluate", logged, Path("runs/evaluate") / bench.identity["data"][:16]) as tracker:
        for network in NETWORKS:
            print(f"evaluate: measuring {network}", flush=True)
            found[network] = bench.measure(network, MODELS / network)
        found["measured_on"] = bench.identity
        with atomic_dir(REPORT) as out:
            pictures = {f"{name}.png": draw() for name, draw in bench.sheets(MODELS).items()}
            for name, image in pictures.items():
                image.save(out / name, "PNG")
            write_text(out / "report.md", report(found, params))
        write_json(METRICS, found)
        tracker.metrics(tracking.flat({name: found[name] for name in NETWORKS}), 0)
        for name in pictures:
            tracker.file(REPORT / name)
        tracker.file(REPORT / "report.md")
    for line in summary(found, params.classifier.name):
        print(f"evaluate: {line}", flush=True)


@dataclass(frozen=True)
class Bench:
    """The pictures, the judge and the policy that everything is measured with; the same for candidate and champion."""

    params: Params

    @cached_property
    def extractor(self) -> Extractor:
        """The judge."""
        extractor = Extractor.load(MODELS / "classifier")
        if list(extractor.bundle.card["classes"]) != list(self.params.classes):
            raise SelvedgeError("models/classifier tells other classes apart than params.yaml names; train it again")
        return extractor

    @cached_property
    def reference(self) -> Tensor:
        """The held-out real swatches, as large as the judge looks at them."""
        return load_swatches("test", self.params.classes, self.extractor.bundle.network.size).images

    @property
    def identity(self) -> dict[str, str]:
        """What scores depend on beside the model: only those with equal identity may be compared."""
        return {
            "data": data_fingerprint(),
            "garments": data_fingerprint(GARMENTS),
            "extractor": self.extractor.id,
            "samples": str(self.params.evaluation.samples),
            "seed": str(self.params.seed),
        }

    def measure(self, network: str, directory: Path) -> dict:
        """The scores of one model directory; raises BadBundle."""
        bundle = load_bundle(directory)
        measured = {"patterns": self._patterns, "upscaler": self._upscaler, "segmenter": self._segmenter}[network](
            bundle
        )
        return {**measured, "model": bundle.version}

    def _patterns(self, bundle: Bundle) -> dict:
        settings, seed = self.params.evaluation, self.params.seed
        classes = self.params.classes
        labels = torch.arange(settings.samples) % len(classes)
        fake = sample(bundle, labels, seed)
        found = score.score_sets(self.reference, fake, self.extractor, seed=seed, resamples=settings.resamples)
        if bundle.network.classes:
            found |= score.agreement(self.extractor(fake)[1], labels, classes)
        train = load_swatches("train", classes, self.extractor.bundle.network.size).images
        found["floor"] = score.real_floor(self.reference, train, settings.samples, self.extractor, seed)
        if settings.inception_weights:
            found |= score.fid_proper(self.reference, fake, settings.inception_weights)
        return found

    def _upscaler(self, bundle: Bundle) -> dict:
        return upscaler_scores(bundle.network, load_swatches("test", self.params.classes).images)

    def _segmenter(self, bundle: Bundle) -> dict:
        return segmenter_scores(bundle.network, load_pairs(GARMENTS / "items", bundle.card["size"]))

    def sheets(self, models: Path) -> dict[str, Callable[[], Image.Image]]:
        """Pictures by name: a row a class of generated and real ones, and found masks."""
        return {
            "patterns": lambda: self._pattern_sheet(models / "patterns"),
            "segmenter": lambda: self._mask_sheet(models / "segmenter"),
        }

    def _pattern_sheet(self, directory: Path) -> Image.Image:
        bundle, classes = load_bundle(directory), self.params.classes
        labels = torch.arange(len(classes)).repeat_interleave(8)
        tiles = sample(bundle, labels, self.params.seed)
        real = load_swatches("test", classes, bundle.network.size)
        rows = []
        for label, row in enumerate(tiles.split(8)):
            others = real.images[real.labels == label]
            gap = torch.full_like(row[:1], 255)
            rows.append(torch.cat([row, gap, others[torch.linspace(0, len(others) - 1, 4).long()]]))
        return sheet(rows)

    def _mask_sheet(self, directory: Path) -> Image.Image:
        bundle = load_bundle(directory)
        pairs = load_pairs(GARMENTS / "items", bundle.card["size"])
        found = predict_masks(bundle.network, pairs.images[:9]).to(torch.uint8) * 255
        masks = [mask.expand(-1, 3, -1, -1) for mask in (pairs.masks[:9], found)]
        return sheet([pairs.images[:9], *masks])


@torch.no_grad()
def sample(bundle: Bundle, labels: Tensor, seed: int, batch: int = 64) -> Tensor:
    """Tiles (N, 3, size, size) uint8 for class indices (N,), from latents drawn by `seed` alone."""
    g = bundle.network
    z = torch.randn(len(labels), g.z_dim, generator=torch.Generator().manual_seed(seed))
    condition = labels if g.classes else None
    parts = range(0, len(z), batch)
    return torch.cat(
        [to_bytes(g(z[i : i + batch], None if condition is None else condition[i : i + batch])) for i in parts]
    )


# ---- in words --------------------------------------------------------------------------------------------------------


def summary(found: dict, name: str) -> list[str]:
    """A line a network."""
    p, u, s = found["patterns"], found["upscaler"], found["segmenter"]
    agree = f", class agreement {p['class_agreement']:.0%}" if "class_agreement" in p else ""
    fid = f", FID {p['fid']:.1f}" if "fid" in p else ""
    return [
        f"patterns: fd_{name} {p[f'fd_{name}']:.2f} [{p[f'fd_{name}_low']:.2f}, {p[f'fd_{name}_high']:.2f}] at n {p['n']} "
        f"(real against real: {p['floor'][f'fd_{name}']:.2f} at n {p['floor']['n']}), kid_{name} {p[f'kid_{name}']:.4f}, "
        f"is_{name} {p[f'is_{name}']:.2f} (real: {p['floor'][f'is_{name}']:.2f}){agree}{fid}",
        f"upscaler: {u['psnr_y']:.2f} dB, bicubic {u['psnr_y_bicubic']:.2f} dB, gain {u['gain']:+.2f} "
        f"[{u['gain_low']:+.2f}, {u['gain_high']:+.2f}] at n {u['n']}",
        f"segmenter: IoU {s['iou']:.3f}, worst {s['iou_worst']:.3f}, at n {s['n']}",
    ]


def report(found: dict, params: Params) -> str:
    """The report as Markdown."""
    lines = "\n".join(f"- {line}" for line in summary(found, params.classifier.name))
    p = found["patterns"]
    by_class = "\n".join(f"| {cls} | {share:.0%} |" for cls, share in p.get("by_class", {}).items())
    table = f"\n| class | taken for it by the judge |\n|---|---|\n{by_class}\n" if by_class else ""
    return (
        "# Evaluation\n\nMeasured on held-out pieces of cloth that no network was trained on. Extractor: "
        f"`{p['extractor']}`; its scores are not FID and compare only with others by the same extractor at the same n.\n\n"
        f"{lines}\n{table}\n![a row a class: eight generated, four real](patterns.png)\n\n"
        "![photo, true mask, found mask](segmenter.png)\n"
    )
