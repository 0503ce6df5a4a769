"""Scores against references: closed forms, scipy, torch-fidelity on files, hand-made cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch_fidelity

from selvedge.errors import SelvedgeError
from selvedge.io import encode_image
from training.data import to_image
from training.evaluation.features import Extractor
from training.evaluation.heldout import fitted
from training.evaluation.measures import pair_scores
from training.evaluation.psnr import psnr_y
from training.evaluation.scores import Pictures, standard
from training.models.bundle import save_bundle
from training.models.judge import Judge


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("judge")
    arguments = {"classes": 3, "size": 32, "width": 4}
    save_bundle(
        folder, Judge(**arguments), family="judge", arguments=arguments, name="pattern", classes=["a", "b", "c"]
    )
    return Extractor.load(folder)


def pictures(n: int, shift: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(0, 156, (n, 3, 32, 32), generator=generator) + shift).to(torch.uint8)


def test_our_scores_are_torch_fidelitys_with_our_extractor_on_the_same_files(
    extractor: Extractor, tmp_path: Path
) -> None:
    """torch-fidelity is the harness: it reads the files, asks the extractor by its id, and comes to the same numbers."""
    sets = {"real": pictures(80, 0, 1), "fake": pictures(80, 60, 2)}
    for name, images in sets.items():
        (tmp_path / name).mkdir()
        for i, image in enumerate(images):
            (tmp_path / name / f"{i:03d}.png").write_bytes(encode_image(to_image(image)))
    ours, _ = pair_scores(*(extractor.look(sets[name]) for name in ("real", "fake")), seed=7)
    theirs = torch_fidelity.calculate_metrics(
        input1=str(tmp_path / "fake"),
        input2=str(tmp_path / "real"),
        feature_extractor=extractor.id,
        **{
            "fid": True,
            "kid": True,
            "isc": True,
            "prc": True,
            "isc_splits": 1,
            "kid_subset_size": 80,
            "kid_subsets": 50,
            "rng_seed": 7,
        },
        **{"cuda": False, "cache": False, "save_cpu_ram": True, "verbose": False},
    )
    assert ours["fd"]["value"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["kid"]["value"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=2e-3)  # in fp32
    assert ours["is"]["value"] == pytest.approx(theirs["inception_score_mean"], rel=1e-5)
    assert ours["fd"]["low"] < ours["fd"]["value"] < ours["fd"]["high"]


def test_the_inception_score_is_exp_of_the_mean_kl() -> None:
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.tensor([[9.0, -9.0, -9.0], [-9.0, 9.0, -9.0], [-9.0, -9.0, 9.0]]).repeat(30, 1)
    assert isc_features_to_metric(logits, splits=1)["inception_score_mean"] == pytest.approx(3.0, rel=1e-4)
    assert isc_features_to_metric(logits * 0, splits=1)["inception_score_mean"] == pytest.approx(1.0)


def test_psnr_of_a_known_error() -> None:
    real = torch.full((2, 3, 16, 16), 100, dtype=torch.uint8)
    # a grey level of 10 is 10 x 219 / 255 of luma
    assert psnr_y(real + 10, real).tolist() == pytest.approx([20 * np.log10(255 / (10 * 219 / 255))] * 2, rel=1e-5)


def test_foreign_inception_weights_are_refused_before_they_are_unpickled(tmp_path: Path) -> None:
    images = Pictures(pictures(4, 0, 1))
    with pytest.raises(SelvedgeError, match="there is no such file"):
        standard(images, images, tmp_path / "none.pth", 1)
    (tmp_path / "evil.pth").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(SelvedgeError, match="the SHA-256 is not that of"):
        standard(images, images, tmp_path / "evil.pth", 1)


@pytest.mark.long
def test_fid_proper_runs_on_a_weights_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Inception with random weights, which stand in for the file that has to be downloaded: all but its numbers."""
    from torch_fidelity import feature_extractor_inceptionv3 as inception

    from selvedge.io import sha256_file
    from training.evaluation import scores

    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: {})
    with monkeypatch.context() as patch:
        patch.setattr(inception.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = inception.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    torch.save(network.state_dict(), tmp_path / "inception.pth")
    monkeypatch.setattr(scores, "INCEPTION_SHA256", sha256_file(tmp_path / "inception.pth")[:8])
    real = pictures(12, 0, 1)
    sets = [Pictures(fitted(x, scores.SIDE)) for x in (real, real, pictures(12, 90, 2))]
    same, other = (standard(sets[0], one, tmp_path / "inception.pth", 1) for one in sets[1:])
    assert same["n"] == 12
    assert abs(same["frechet_inception_distance"]) < 1e-3 * other["frechet_inception_distance"]
