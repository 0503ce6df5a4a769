"""The page that puts the generators of patterns side by side: every row measured, every class shown, no run done twice."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from drawing.textiles import CLASSES
from selvedge.errors import SelvedgeError
from studies import ablation
from studies import generators as generators_study
from training.models.bundle import save_bundle
from training.models.screens import INKS, Screens

NAMES = sorted(CLASSES)


def save_tiles(cache: Path, each: int = 12) -> None:
    """Separations of stripes of two inks: the fewer, the later the class."""
    count = len(NAMES) * each
    labels = np.repeat(np.arange(len(NAMES)), each)
    maps = np.stack([np.tile(np.arange(64) * (12 - label) // 64 % 2, (64, 1)) for label in labels]).astype(np.uint8)
    palettes = np.random.default_rng(0).integers(0, 256, (count, INKS, 3)).astype(np.uint8)
    shapes, inks = np.full((count, 2), 64), np.full(count, 2)
    np.savez(
        cache, classes=np.array(NAMES), maps=maps.ravel(), shapes=shapes, palettes=palettes, inks=inks, labels=labels
    )


def save_champion(folder: Path, images: int, classes: list[str] = NAMES) -> None:
    torch.manual_seed(images)
    arguments = {"classes": len(classes), "width": 8, "latent": 8, "palettes": 4}
    network = Screens(**arguments)
    save_bundle(folder, network, family="screens", arguments=arguments, classes=classes, seamless=True, images=images)


def study(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["--tiles", "tiles", "--equal", "early", "--champion", "late", "--images", "64", "--samples", "50"]
    monkeypatch.setattr(sys, "argv", ["generators", *given, "--real", "cloth=real"])
    Path("docs").mkdir(exist_ok=True)
    generators_study.main()


@pytest.mark.long
def test_the_page_measures_each_generator_and_a_second_call_trains_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_tiles(Path("tiles.npz"))
    save_champion(Path("early"), 64)
    save_champion(Path("late"), 9000)
    for number in range(12):
        Path("real/any").mkdir(parents=True, exist_ok=True)
        Image.effect_noise((80, 70), 20 + number).convert("RGB").save(f"real/any/{number}.png")
    study(monkeypatch)
    page = Path("reports/patterns.md").read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    generators = ["plain DCGAN", "DCGAN+", "champion, equal images", "champion, as it ships"]
    assert rows == [
        *("generator", "other drawn cloth (the floor)", *generators),
        *("generator", *(f"cloth (12): {name}" for name in generators)),
    ]
    assert "saw 64 images" in page and "64 and, as it ships, 9,000" in page
    assert Image.open("docs/champion.jpg").height > 10 * 3 * 64
    sheet = Image.open("docs/patterns.jpg")
    assert sheet.height >= 10 * 64 and sheet.width >= 20 * 64
    monkeypatch.setattr(ablation.loop, "train", lambda *_, **__: pytest.fail("trained again"))
    study(monkeypatch)
    assert Path("reports/patterns.md").read_text() == page


def test_a_champion_of_other_classes_is_refused(tmp_path, monkeypatch) -> None:
    save_champion(tmp_path / "odd", 1, ["plain", "striped"])
    with pytest.raises(SelvedgeError, match=r"odd: knows plain, striped; the tiles are of animal"):
        generators_study.tiles_of(tmp_path / "odd", tuple(NAMES), 10)
