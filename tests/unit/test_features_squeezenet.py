"""SqueezeNet from a file of torchvision's weights as an extractor: its features, its name, and files that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import SHARED
from PIL import Image
from torchvision.models import squeezenet1_0
from torchvision.transforms.functional import normalize

from selvedge.errors import BadBundle
from selvedge.io import sha256_file
from training.evaluation import features, sets
from training.evaluation.features import Extractor

IMAGENET = SHARED.parent / "weights" / "squeezenet1_0_imagenet.pth"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision's, of a network that has learnt nothing."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "squeezenet.pth"
    torch.save(squeezenet1_0().state_dict(), path)
    return path


def test_features_and_logits_are_torchvisions(weights) -> None:
    extractor = Extractor.load(weights)
    images = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    found, logits = extractor(images, batch=1)
    network = squeezenet1_0().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    x = normalize(images / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        assert torch.allclose(logits, network(x), atol=1e-4)
        assert torch.allclose(found, network.features(x).mean((2, 3)), atol=1e-4)
    assert found.shape == (2, 512) and logits.shape == (2, 1000)
    assert extractor.id == f"squeezenet@{sha256_file(weights)[:12]}"


def test_a_large_picture_is_shrunk_without_aliasing(weights) -> None:
    stripes = torch.zeros(1, 3, 448, 448, dtype=torch.uint8)
    stripes[..., ::2] = 255
    plain = torch.full_like(stripes, 128)
    found = Extractor.load(weights)(torch.cat([stripes, plain]))[0]
    assert (found[0] - found[1]).abs().max() < 0.05 * found[1].abs().max()


def test_other_files_are_refused_by_name(weights, tmp_path) -> None:
    whole = weights.read_bytes()
    for name, data in {
        "cut.pth": whole[: len(whole) // 2],
        "zeros.pth": whole[:700_000] + bytes(2000) + whole[702_000:],  # torch.load does not see these
        "empty.pth": b"",
        "text.pth": b"weights",
        "runs-code.pth": b"cos\nsystem\n(S'touch owned'\ntR.",
        "squeezenet1_0-00000000.pth": whole,  # not the bytes that its name promises
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadBundle, match=rf"{name}: is not torchvision's SqueezeNet 1.0 \(it is damaged"):
            Extractor.load(tmp_path / name)
    for name, value in {
        "list.pth": [1],
        "other.pth": torch.nn.Linear(2, 2).state_dict(),
        "numbers.pth": {1: 2},
    }.items():
        torch.save(value, tmp_path / name)
        with pytest.raises(BadBundle, match=rf"{name}: .* or of another network\); bring squeezenet1_0-b66bff10.pth"):
            Extractor.load(tmp_path / name)
    with pytest.raises(BadBundle, match="there is no such model"):
        Extractor.load(tmp_path / "nowhere.pth")


def test_sets_are_measured_by_class_although_it_knows_none_of_them(weights, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(features._ImageNet, "size", 48)
    for name, first in (("real", 0), ("fake", 500)):
        for number, cls in enumerate(("dotted", "striped", name)):  # the third is in one set alone
            (tmp_path / name / cls).mkdir(parents=True)
            for seed in range(32):
                cells = np.random.default_rng(first + 100 * number + seed).integers(0, 256, (6, 6, 3))
                Image.fromarray(cells.astype(np.uint8)).resize((48, 48)).save(tmp_path / name / cls / f"{seed}.png")
    found = sets.measure("real", "fake", extractor=weights, resamples=20)
    assert found["fd_squeezenet"]["n"] == 96 and found["extractor"].startswith("squeezenet@")
    assert found["fd_squeezenet"]["low"] <= found["fd_squeezenet"]["value"] <= found["fd_squeezenet"]["high"]
    assert set(found["by_class"]) == {"dotted", "striped"}
    assert found["by_class"]["dotted"]["fd"]["n"] == 32
    assert not any(name.startswith("agreement") for name in found)
    assert found["left_out"]["agreement"] == "squeezenet does not know the classes dotted, striped"
    assert "twice the 512 features" in found["left_out"]["fd_infinity"]
    json.dumps(found)


@pytest.mark.skipif(not IMAGENET.is_file(), reason=f"{IMAGENET.name} is not beside the project (../shared/weights)")
def test_imagenets_weights_know_black_and_white_stripes_from_red_dots() -> None:
    """Zebra is class 340."""
    stripes = torch.full((1, 3, 224, 224), 245, dtype=torch.uint8)
    x, y = torch.meshgrid(torch.arange(224), torch.arange(224), indexing="xy")
    stripes[:, :, (x + 12 * torch.sin(y / 20)) % 24 < 11] = 15
    logits = Extractor.load(IMAGENET)(stripes)[1][0]
    assert 340 in logits.topk(20).indices
