"""Held-out pictures: one of each piece of cloth, whichever folder order there is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selvedge.errors import SelvedgeError
from training.evaluation.heldout import one_of_each


def swatches(root: Path, cloths: int = 12, shots: int = 4) -> None:
    rows = []
    for cls, shade in (("dotted", 40), ("floral", 200)):
        (root / "test" / cls).mkdir(parents=True)
        for cloth in range(cloths):
            for shot in range(shots):
                name = f"test/{cls}/{cloth}-{shot}.png"
                Image.fromarray(np.full((8, 8, 3), shade + shot, np.uint8)).save(root / name)
                rows.append({"file": name, "class": cls, "split": "test", "group": f"{cls}/{cloth}"})
    with (root / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_each_cloth_is_shown_once_and_all_its_shots_have_a_chance(tmp_path: Path) -> None:
    swatches(tmp_path)
    found = one_of_each(("test",), ("floral", "dotted"), root=tmp_path)
    assert found.labels.tolist() == [1] * 12 + [0] * 12
    values = found.images[:, 0, 0, 0]
    assert set((values - (found.labels == 0) * 160 - 40).tolist()) == {0, 1, 2, 3}
    again = one_of_each(("test",), ("floral", "dotted"), root=tmp_path)
    assert (again.images == found.images).all()


def test_an_empty_class_and_a_missing_index_are_named(tmp_path: Path) -> None:
    with pytest.raises(SelvedgeError, match=r"index.csv: there is no such file"):
        one_of_each(("test",), ("floral",), root=tmp_path)
    swatches(tmp_path, cloths=1)
    with pytest.raises(SelvedgeError, match=r"class 'animal' is empty: .* has none of it in test or judge"):
        one_of_each(("test", "judge"), ("floral", "animal"), root=tmp_path)
