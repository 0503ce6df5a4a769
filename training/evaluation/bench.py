"""The bench: the pictures, the extractor, the judge and the policy that candidate and champion are both measured with."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selvedge.config import Params
from selvedge.errors import SelvedgeError
from selvedge.registry import CLASSIFIER
from training.data import GARMENTS, SWATCHES, Swatches, data_fingerprint, decode, to_bytes
from training.evaluation import agreement, copies, measures, scores, seams
from training.evaluation.features import SHIPPED, Extractor, Looks
from training.evaluation.heldout import fitted, laid, one_of_each
from training.evaluation.masks import load_pairs, segmenter_scores
from training.evaluation.psnr import upscaler_scores
from training.models.bundle import Bundle, as_generator, as_segmenter, as_upscaler, load_bundle

SURE = 0.01  # how rarely so many suspicious samples come by chance where the copy alarm goes off
WAY = 2  # raised where scores come to mean or to hold something else: those of before are then measured anew
PERIODIC = 8  # tiles that are rolled to see whether a network keeps its promise


@dataclass(frozen=True)
class Bench:
    """What scores are measured with; the same for candidate and champion."""

    params: Params

    # ---- what is measured with ------------------------------------------------------------------------------------------

    @cached_property
    def judge(self) -> Extractor:
        """The pipeline's classifier, trained on cloth that no generator sees: it says whether a sample is of its class."""
        judge = Extractor.load(CLASSIFIER)
        if list(judge.bundle.card["classes"]) != list(self.params.classes):
            raise SelvedgeError(f"{CLASSIFIER} tells other classes apart than params.yaml names; train it again")
        return judge

    @cached_property
    def extractor(self) -> Extractor:
        """Whose features distances are measured on, by `evaluation.extractor`; it must know all classes."""
        wanted = self.params.evaluation.extractor
        if wanted == "judge":
            return self.judge
        extractor = Extractor.load(SHIPPED if wanted == "shipped" else wanted)
        strange = [cls for cls in self.params.classes if cls not in extractor.bundle.card.get("classes", ())]
        if strange:
            raise SelvedgeError(
                f"params.yaml: evaluation.extractor {wanted!r} does not know {', '.join(strange)}; "
                "write `judge` there, which is trained on the project's own classes"
            )
        return extractor

    @cached_property
    def held_out(self) -> Swatches:
        """Cloth that no network was trained on."""
        return one_of_each(("test",), self.params.classes, self.params.evaluation.size)

    @cached_property
    def others(self) -> Swatches:
        """Real cloth that floors are measured on."""
        return one_of_each(("train", "judge"), self.params.classes, self.params.evaluation.size)

    @cached_property
    def _looks(self) -> dict[str, Looks]:
        return {"real": self._look(self.held_out), "reference": self._look(self.others)}

    def _look(self, pictures: Swatches) -> Looks:
        return self.extractor.look(pictures.images, self._known_as(pictures.labels))

    def _known_as(self, labels: Tensor) -> np.ndarray:
        """Indices of params.yaml's classes as those of the extractor's."""
        classes = self.extractor.bundle.card["classes"]
        return np.array([classes.index(cls) for cls in self.params.classes])[labels.numpy()]

    @cached_property
    def identity(self) -> dict[str, str]:
        """What scores depend on beside the model: only those with equal identity may be compared."""
        settings = self.params.evaluation
        return {
            "data": data_fingerprint(),
            "garments": data_fingerprint(GARMENTS),
            "extractor": self.extractor.id,
            "judge": self.judge.id,
            "seed": str(self.params.seed),
            "way": str(WAY),
            **{key: str(getattr(settings, key)) for key in ("samples", "sampling_seeds", "size", "copy_samples")},
        }

    # ---- networks -------------------------------------------------------------------------------------------------------

    def measure(self, network: str, directory: Path) -> dict:
        """Everything but `copies` that is known of one model directory; raises BadBundle."""
        bundle = load_bundle(directory)
        measured = {"patterns": self.patterns, "upscaler": self.upscaler, "segmenter": self.segmenter}[network](bundle)
        return {**measured, "model": bundle.version}

    def patterns(self, bundle: Bundle) -> dict:
        """A pattern generator: distances, alarms, classes, copies, seams; over several sampling seeds."""
        settings, classes = self.params.evaluation, self.params.classes
        labels = torch.arange(settings.samples) % len(classes)
        sets = [self.tiles(bundle, labels, self.params.seed + i) for i in range(settings.sampling_seeds)]
        windows = [self.windows(bundle, tiles) for tiles in sets]
        looks = [self.extractor.look(shown, self._known_as(labels)) for shown in windows]
        measured = partial(
            measures.report,
            self._looks["real"],
            reference=self._looks["reference"],
            classes=self.extractor.bundle.card["classes"],
            seed=self.params.seed,
            resamples=settings.resamples,
        )
        reports = [measured(fake) for fake in looks]
        found = {
            "n": settings.samples,
            "sampling_seeds": settings.sampling_seeds,
            "n_real": len(self.held_out),
            "size": settings.size,
            "extractor": self.extractor.id,
            "judge": self.judge.id,
            "scores": measures.across(reports),
            "left_out": reports[0]["left_out"],
            "calibration": reports[0].get("calibration"),
            "by_class": {
                cls: {"scores": measures.across([one["by_class"][cls] for one in reports])}
                for cls in classes
                if all(cls in one.get("by_class", {}) for one in reports)
            },
            "alarms": reports[0]["alarms"],
            "diversity": self._diversity(looks),
            "seams": self._seams(bundle, sets[0], labels),
        }
        if as_generator(bundle).classes:
            found["agreement"] = self._agreement(windows, labels)
        if settings.inception_weights:
            real, fake = (scores.Pictures(fitted(x, scores.SIDE)) for x in (self.held_out.images, windows[0]))
            found["inception"] = scores.standard(real, fake, settings.inception_weights, self.params.seed)
        if settings.second_opinion:
            found["second_opinion"] = self._second_opinion(settings.second_opinion, windows)
        return found

    def tiles(self, bundle: Bundle, labels: Tensor, seed: int) -> Tensor:
        """Tiles (N, 3, size, size) uint8 for indices (N,) of params.yaml's classes, from latents drawn by `seed` alone."""
        if as_generator(bundle).classes:
            known = bundle.card["classes"]
            strange = [cls for cls in self.params.classes if cls not in known]
            if strange:
                raise SelvedgeError(
                    f"generator {bundle.version} cannot make {', '.join(strange)}; it knows {', '.join(known)}"
                )
            labels = torch.tensor([known.index(cls) for cls in self.params.classes])[labels]
        return sample(bundle, labels, seed)

    def windows(self, bundle: Bundle, tiles: Tensor) -> Tensor:
        """Tiles as cloth is seen, at the size of comparison; where a card names no view, a tile is as wide as a swatch."""
        return laid(tiles, bundle.card.get("view") or tiles.shape[-1], self.params.evaluation.size)

    def _diversity(self, looks: Sequence[Looks]) -> dict[str, float]:
        """How far samples of a class lie apart, as a share of how far real ones do: 0 where all are one picture."""
        real, found = self._looks["real"], {}
        for cls, label in zip(self.params.classes, self._known_as(torch.arange(len(self.params.classes))), strict=True):
            scatters = (_scatter(one.features[one.labels == label]) for one in (real, *looks))
            apart = [value for value in scatters if value is not None]
            if len(apart) == 1 + len(looks) and apart[0] > 0:
                found[cls] = float(np.sqrt(np.mean(apart[1:]) / apart[0]))
        return found

    def _agreement(self, windows: Sequence[Tensor], labels: Tensor) -> dict:
        logits = torch.cat([self.judge(shown)[1] for shown in windows]).numpy()
        real = self.judge(self.held_out.images)[1].numpy(), self.held_out.labels.numpy()
        made = labels.repeat(len(windows)).numpy()
        return agreement.agreement(logits, made, self.params.classes, *real, seed=self.params.seed)

    def copies(self, bundle: Bundle) -> tuple[dict, Image.Image]:
        """Whether tiles are training pictures, and a sheet of the closest pairs."""
        labels = torch.arange(self.params.evaluation.copy_samples) % len(self.params.classes)
        shown = self.windows(bundle, self.tiles(bundle, labels, self.params.seed))
        train, cloth, held = self._gallery
        of = labels.numpy(), train.labels.numpy(), held.labels.numpy()
        classes, seed = self.params.classes, self.params.seed
        report = copies.check(shown, train.images, held.images, of, classes, seed=seed, cloth=cloth)
        found = report.json()
        return {**found, "fired": found["p"] < SURE}, report.sheet(shown, train.images)

    @cached_property
    def _gallery(self) -> tuple[Swatches, np.ndarray, Swatches]:
        """What may have been copied, the cloth that each picture of it shows, and cloth that cannot have been."""
        classes = self.params.classes
        return *to_copy(classes, copies.LARGEST), one_of_each(("judge", "test"), classes, copies.LARGEST)

    def _seams(self, bundle: Bundle, tiles: Tensor, labels: Tensor) -> dict:
        """Bits where repeating is promised, and the score of tiles of which nobody said so."""
        if not bundle.card.get("seamless"):
            found = seams.score(tiles.numpy())
            return {"promised": False, **agreement.share_of(int((found > seams.THRESHOLD).sum()), len(found))}
        network = as_generator(bundle)
        z = torch.randn(PERIODIC, network.z_dim, generator=torch.Generator().manual_seed(self.params.seed))
        condition = labels[:PERIODIC] if network.classes else None
        return {"promised": True, **seams.is_periodic(z, network, condition).json()}

    def _second_opinion(self, path: str, windows: Sequence[Tensor]) -> dict:
        """The same distances on other features: whether two networks that learned different things agree."""
        other = Extractor.load(path)
        real, reference = (other.look(x.images) for x in (self.held_out, self.others))
        seed, resamples = self.params.seed, self.params.evaluation.resamples
        measured = partial(measures.report, real, reference=reference, seed=seed, resamples=resamples)
        reports = [measured(other.look(shown)) for shown in windows]
        return {"extractor": other.id, "scores": measures.across(reports), "left_out": reports[0]["left_out"]}

    def upscaler(self, bundle: Bundle) -> dict:
        """Luma PSNR on held-out swatches, picture by picture, and whether enlarged tiles still repeat."""
        held = one_of_each(("test",), self.params.classes)
        tiles = held.images[:PERIODIC, :, :64, :64]
        network = as_upscaler(bundle)
        return {**upscaler_scores(network, held.images), "seams": seams.is_periodic(tiles, network).json()}

    def segmenter(self, bundle: Bundle) -> dict:
        """IoU on garments that it never saw."""
        found = segmenter_scores(as_segmenter(bundle), load_pairs(GARMENTS / "items", bundle.card["size"]))
        return {**found, "each": list(found["by_garment"].values())}


def to_copy(classes: Sequence[str], size: int, root: Path = SWATCHES) -> tuple[Swatches, np.ndarray]:
    """Training pictures area-averaged to `size` pixels, and the piece of cloth that each shows, (N,).

    Of pictures that are quarter turns of each other there is one: the copy alarm looks at all turns anyway, and would find
    two of everything.
    """
    found: dict[tuple, tuple[int, str, Path]] = {}
    with (root / "index.csv").open(newline="", encoding="utf-8") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: row["file"]):
            if row["split"] == "train" and row["class"] in classes:
                picture = row["class"], row["id"], row["scale"], float(row["rotation"]) % 90
                found.setdefault(picture, (classes.index(row["class"]), row["group"], root / row["file"]))
    labels, cloth, files = zip(*found.values(), strict=True)
    return Swatches(decode(files, size), torch.tensor(labels), "train"), np.array(cloth)


@torch.no_grad()
def sample(bundle: Bundle, labels: Tensor, seed: int, batch: int = 64) -> Tensor:
    """Tiles (N, 3, size, size) uint8 for the generator's own class indices (N,), from latents drawn by `seed` alone."""
    g = as_generator(bundle)
    z = torch.randn(len(labels), g.z_dim, generator=torch.Generator().manual_seed(seed))
    condition = labels if g.classes else None
    parts = range(0, len(z), batch)
    return torch.cat(
        [to_bytes(g(z[i : i + batch], None if condition is None else condition[i : i + batch])) for i in parts]
    )


def _scatter(features: np.ndarray) -> float | None:
    """Mean squared distance from their mean of (n, d) features, unbiased; None below two."""
    return float(features.astype(np.float64).var(0, ddof=1).sum()) if len(features) > 1 else None
