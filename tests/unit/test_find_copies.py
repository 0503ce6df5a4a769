"""`measure copies`: training pictures are found in a folder, also turned and recoloured, and other pictures are not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from selvedge.errors import SelvedgeError
from training.evaluation import find_copies


def cloth(seed: int) -> np.ndarray:
    """(128, 128, 3): a drawing of blots in a few colours, another for each seed."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.standard_normal((128, 128)), (0, 0), 6)
    inks = rng.integers(0, 256, (3, 3))
    return inks[np.digitize(noise, np.quantile(noise, (0.4, 0.75)))].astype(np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name, pictures in {
        "train": {f"{i:02}": cloth(i) for i in range(60)},
        "fake": {
            "copy-7": np.rot90(cloth(7)).copy(),
            "copy-20": 255 - cloth(20),  # every fifth sets the threshold, and is found all the same
            **{f"other-{i}": cloth(i) for i in range(500, 504)},
        },
    }.items():
        (tmp_path / name).mkdir()
        for stem, pixels in pictures.items():
            Image.fromarray(pixels).save(tmp_path / name / f"{stem}.png")
    return tmp_path


def test_copies_are_named_with_their_originals_and_others_are_left_alone(folders: Path) -> None:
    found, sheet = find_copies.find(folders / "train", folders / "fake")
    assert found["decidable"]["n"] == 6 and found["decidable"]["suspicious"]["share"] == pytest.approx(2 / 6)
    assert found["p"] < 1e-4
    pairs = {(Path(pair["sample"]).stem, Path(pair["train"]).stem) for pair in found["closest"][:2]}
    assert pairs == {("copy-7", "07"), ("copy-20", "20")}
    assert [row["taken for copies"] for row in find_copies.rows(found)] == [2]
    assert sheet.width > 128


def test_what_cannot_be_told_is_said(folders: Path) -> None:
    for path in list((folders / "train").iterdir())[12:]:
        path.unlink()
    found, _ = find_copies.find(folders / "train", folders / "fake")
    assert found["in_words"] == "copies: nothing could be decided (1 of 1 classes undecidable)"
    assert find_copies.rows(found)[0]["taken for copies"] == "cannot be told"
    for path in list((folders / "train").iterdir())[5:]:
        path.unlink()
    with pytest.raises(SelvedgeError, match="5 pictures are too few to set a threshold by"):
        find_copies.find(folders / "train", folders / "fake")
