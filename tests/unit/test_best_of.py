"""What choosing is worth, measured: the choices are those that `generate` makes, and the page has a row each."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from PIL import Image
from test_generators_study import NAMES, save_champion, save_tiles

from inference.patterns import Patterns, Wish
from studies import best_of
from training.models.bundle import load_bundle


def test_the_page_has_a_row_a_choice_by_each_extractor_and_photographs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(best_of, "CHOICES", (1, 2, 4))
    save_tiles(Path("tiles.npz"))
    save_champion(Path("late"), 9000)
    Path("docs").mkdir()
    for number in range(12):
        Path("real/any").mkdir(parents=True, exist_ok=True)
        Image.effect_noise((80, 70), 20 + number).convert("RGB").save(f"real/any/{number}.png")
    given = ["--tiles", "tiles", "--champion", "late", "--real", "cloth=real", "--others", str(best_of.JUDGE)]
    monkeypatch.setattr(sys, "argv", ["best_of", *given])
    best_of.main()
    page = Path("reports/best_of.md").read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    photos = [f"against cloth (12): best of {count}" for count in (1, 4)]
    each = ["generator", "other drawn cloth (the floor)", *(f"best of {count}" for count in (1, 2, 4)), *photos]
    assert rows == each * 2
    assert Image.open("docs/best_of.jpg").height > 10 * 64


def test_its_choices_are_those_that_are_generated(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(best_of, "CHOICES", (1, 4))
    save_champion(tmp_path, 1)
    patterns = Patterns(load_bundle(tmp_path))
    labels = torch.tensor([3, 0])
    tiles, says = best_of.candidates(patterns, NAMES, labels)
    for seed, label in enumerate(labels.tolist()):
        chosen = tiles[seed, says[seed].argmax()]
        assert torch.equal(chosen, patterns.tile(NAMES[label], seed, Wish(best_of=4)))
