"""The ablation study: its parts share no drawing, and its page counts what is there and names what is not."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selvedge.config import Patterns
from selvedge.errors import SelvedgeError
from studies import ablation, common


def test_the_parts_share_no_drawing_and_have_each_class_in_its_share(tmp_path: Path) -> None:
    for label, cls in enumerate(("dotted", "floral")):
        for i in range(20):
            Image.fromarray(np.full((8, 8, 3), 100 * label + i, np.uint8)).save(tmp_path / f"{cls}-{i:05d}.png")
    cloth = common.DrawnCloth(tmp_path, 8, 8)
    shades = {part: set(cloth.parts[part].images[:, 0, 0, 0].tolist()) for part in common.PARTS}
    assert {part: len(found) for part, found in shades.items()} == {"train": 28, "pick": 6, "test": 6}
    assert len(set.union(*shades.values())) == 40
    assert cloth.parts["test"].labels.tolist() == [0, 0, 0, 1, 1, 1]
    windows = [common.DrawnCloth(tmp_path, 4, 8).parts for _ in range(2)]
    assert [windows[0][part].images.shape[-1] for part in common.PARTS] == [8, 4, 4]  # trainings cut their own
    assert torch.equal(*(some["test"].images for some in windows))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SelvedgeError, match="holds no drawing"):
        common.DrawnCloth(tmp_path / "empty", 8, 8)


def test_every_row_is_a_training_that_can_be() -> None:
    for row, changes in ablation.ROWS.items():
        settings = Patterns(**{**ablation.BASE, **changes, "size": 32, "width": 8, "images": 100})
        assert (settings.loss == "bce") or row in ("hinge", "relativistic", "DCGAN+")


def test_the_page_compares_seed_by_seed_and_names_what_is_missing() -> None:
    def one(row: str, seed: int, kid: float) -> dict:
        more = {"fd": 1.0, "recall": 0.5, "coverage": 0.5, "selected_at": 100, "n": 10, "n_real": 20}
        return {"row": row, "seed": seed, "kid": kid, **more}

    options = Namespace(size=32, view=64, width=8, images=100, seeds=2, claim_seeds=2, rows=tuple(ablation.ROWS))
    found = [
        one("plain", 0, 1.0),
        one("DCGAN+", 0, 0.5),
        one("plain", 1, 2.0),
        one("DCGAN+", 1, 0.9),
        one("hinge", 0, 1.1),
    ]
    text = ablation.page(found, options, {"kid": 0.01})
    # changes of -50 % and -55 %, not of the means
    row = next(line for line in text.splitlines() if line.startswith("| DCGAN+ |"))
    assert "-52% [-84%, -21%]" in row
    assert next(line for line in text.splitlines() if line.startswith("| hinge |")).split("|")[3].strip() == "+10%"
    assert "hinge (1)" in text
    assert "DCGAN+ (" not in text.split("Not run yet")[1]
    assert "; 2 seeds. KID" in text
    options.rows = ("plain", "DCGAN+")  # of rows that were not asked for nothing is lacking
    assert "Not run yet" not in ablation.page([one for one in found if one["row"] != "hinge"], options, {"kid": 0.01})
    options.claim_seeds, options.rows = 5, tuple(ablation.ROWS)
    text = ablation.page(found, options, {"kid": 0.01})
    assert "; 2 seeds, 5 of plain, plain at batch 128, DCGAN+. KID" in text
    assert "the paper's own" not in text
    assert "plain (3)" in text.split("Not run yet")[1] and "hinge (1)" in text and "DCGAN+ (3)" in text
    text = ablation.page([*found, one(ablation.AS_PUBLISHED, 1, 3.0)], options, {"kid": 0.01})
    assert "DCGAN+ against plain at batch 128, the paper's own: -70% of the KID, seed by seed." in text


def test_rows_are_asked_for_by_name(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    asked = common.parser("", 100, ablation.ROWS)
    needed = ["--drawn", str(tmp_path), "--out", str(tmp_path / "page.md")]
    assert asked.parse_args(needed).rows == tuple(ablation.ROWS)
    assert asked.parse_args([*needed, "--rows", "plain,DCGAN+"]).rows == ("plain", "DCGAN+")
    with pytest.raises(SystemExit):
        asked.parse_args([*needed, "--rows", "plain,hinges"])
    assert "there is no row hinges; there are: plain, " in capsys.readouterr().err
