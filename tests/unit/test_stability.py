"""Late in training: what the ratio says of a run that stays, of one that falls apart, and of one that is too short to say."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selvedge.errors import SelvedgeError
from studies import stability
from studies.common import DrawnCloth
from training.evaluation.features import SHIPPED, Extractor


def test_the_ratio_of_three_kinds_of_runs() -> None:
    falling = [(i * 100, 48 - i if i < 8 else 40) for i in range(1, 41)]
    stays = stability.ratio(falling, 10)
    assert (stays["ratio"], stays["best"], stays["final"], stays["long"]) == (1.0, 40.0, 40.0, True)
    apart = stability.ratio([(i * 100, 40 + max(0, i - 5)) for i in range(1, 41)], 10)
    assert apart["ratio"] == pytest.approx((74 - 10) / (40 - 10))
    assert apart["long"]
    short = stability.ratio([(i * 100, 100 - i) for i in range(1, 41)], 10)
    assert (short["ratio"], short["long"]) == (1.0, False)
    creeping = [(i * 100, 48 - i if i < 7 else 41.2 - i / 40) for i in range(1, 41)]  # hardly better at the end
    assert stability.ratio(creeping, 10) == {
        **stays,
        "best": pytest.approx(40.225),
        "final": pytest.approx(40.225),
        "at": 700,
    }
    text = stability.page(
        {"plain DCGAN": [apart], "DCGAN+": [stays, short]},
        Namespace(size=8, view=8, width=4, images=1, samples=2, drawings=9, chart=Path("late.png")),
        10.0,
    )
    assert "| plain DCGAN | 2.13 | 40.0 at 200 | 74.0 | 1 of 1 |" in text
    assert "| 1 of 2 |" in text
    assert "(../docs/late.png)" in text


def test_a_run_keeps_its_looks_and_is_not_trained_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stability, "LOOKS", 4)
    rng = np.random.default_rng(0)
    for cls in ("dotted", "floral"):
        for i in range(20):
            picture = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
            picture.save(tmp_path / f"{cls}-{i:05d}.png")
    cloth, extractor = DrawnCloth(tmp_path, 32, 32), Extractor.load(SHIPPED)
    real = extractor.look(torch.cat([cloth.parts[part].images for part in ("pick", "test")]))
    options = Namespace(size=32, width=4, images=256, samples=12, drawn="here", view=32)
    few = stability.fewer(cloth, 5, 32).parts
    assert sorted(few["train"].labels.tolist()) == [0, 0, 0, 1, 1]  # the first of each class
    assert torch.equal(few["train"].images[0], cloth.parts["train"].images[0]) and few["test"] is cloth.parts["test"]
    with pytest.raises(SelvedgeError, match=r"--drawings 99: there are 28 to train on"):
        stability.fewer(cloth, 99, 32)
    looks = stability.run("DCGAN+", 0, cloth, real, options, extractor)
    assert [images for images, _ in looks] == [64, 128, 192, 256]
    assert all(np.isfinite(fd) and fd > 0 for _, fd in looks)
    stability.chart({"DCGAN+": [looks, looks]}, 1.0, tmp_path / "late.png")
    assert Image.open(tmp_path / "late.png").size == (880, 495)
    monkeypatch.setattr(stability.loop, "train", lambda *_, **__: pytest.fail("trained again"))
    assert stability.run("DCGAN+", 0, cloth, real, options, extractor) == looks
