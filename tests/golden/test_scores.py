"""Scores against references: closed forms, scipy, torch-fidelity on files, hand-made cases; and the gate's rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
import torch_fidelity

from selvedge.config import Gate
from selvedge.errors import SelvedgeError
from selvedge.io import encode_image
from training.data import to_image
from training.evaluation.features import Extractor
from training.evaluation.gate import decide
from training.evaluation.psnr import psnr_y
from training.evaluation.scores import agreement, fid_proper, frechet, score_sets
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


def test_frechet_is_scipys(extractor: Extractor) -> None:
    one, other = (extractor(pictures(200, shift, seed))[0].double().numpy() for shift, seed in ((0, 1), (60, 2)))
    mean, covariance = one.mean(0) - other.mean(0), [np.cov(x, rowvar=False) for x in (one, other)]
    root = scipy.linalg.sqrtm(covariance[0] @ covariance[1]).real
    reference = mean @ mean + np.trace(covariance[0] + covariance[1] - 2 * root)
    assert frechet(torch.tensor(one), torch.tensor(other)) == pytest.approx(reference, rel=1e-5)


def test_frechet_of_known_gaussians_is_the_closed_form() -> None:
    torch.manual_seed(0)
    x = torch.randn(20_000, 4, dtype=torch.float64)
    # means 3 apart in one coordinate, deviations 1 and 2: 9 + 4 (2 - 1)^2
    assert frechet(x, 2 * torch.randn(20_000, 4, dtype=torch.float64) + torch.tensor([3.0, 0, 0, 0])) == pytest.approx(
        13, rel=0.05
    )


def test_scores_of_sets_are_torch_fidelitys_on_the_same_files(extractor: Extractor, tmp_path: Path) -> None:
    real, fake = pictures(80, 0, 1), pictures(80, 60, 2)
    for name, images in (("real", real), ("fake", fake)):
        (tmp_path / name).mkdir()
        for i, image in enumerate(images):
            (tmp_path / name / f"{i:03d}.png").write_bytes(encode_image(to_image(image)))
    ours = score_sets(real, fake, extractor, seed=7, resamples=30)
    theirs = torch_fidelity.calculate_metrics(
        input1=str(tmp_path / "fake"),
        input2=str(tmp_path / "real"),
        feature_extractor=extractor.id,
        **{
            "fid": True,
            "kid": True,
            "isc": True,
            "isc_splits": 1,
            "kid_subset_size": 80,
            "kid_subsets": 50,
            "rng_seed": 7,
        },
        **{"cuda": False, "cache": False, "save_cpu_ram": True, "verbose": False},
    )
    assert ours["fd_pattern"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["kid_pattern"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert ours["is_pattern"] == pytest.approx(theirs["inception_score_mean"], rel=1e-5)
    assert ours["fd_pattern_low"] < ours["fd_pattern"] < ours["fd_pattern_high"]
    assert (ours["n"], ours["n_real"], ours["extractor"]) == (80, 80, extractor.id)


def test_scores_see_a_shift_and_do_not_see_the_order(extractor: Extractor) -> None:
    real, near, far = pictures(90, 0, 1), pictures(90, 3, 2), pictures(90, 80, 3)
    scores = [
        score_sets(real, fake, extractor, seed=1, resamples=20)["fd_pattern"] for fake in (near, far, far.flip(0))
    ]
    assert scores[0] < scores[1]
    assert scores[1] == pytest.approx(scores[2], rel=1e-5)


def test_the_inception_score_is_exp_of_the_mean_kl() -> None:
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.tensor([[9.0, -9.0, -9.0], [-9.0, 9.0, -9.0], [-9.0, -9.0, 9.0]]).repeat(30, 1)
    assert isc_features_to_metric(logits, splits=1)["inception_score_mean"] == pytest.approx(3.0, rel=1e-4)
    assert isc_features_to_metric(logits * 0, splits=1)["inception_score_mean"] == pytest.approx(1.0)


def test_agreement_counts_by_class() -> None:
    logits = torch.eye(3)[[0, 0, 1, 2]]
    found = agreement(logits, torch.tensor([0, 1, 1, 2]), ("a", "b", "c"))
    assert found == {"class_agreement": 0.75, "by_class": {"a": 1.0, "b": 0.5, "c": 1.0}}


def test_psnr_of_a_known_error() -> None:
    real = torch.full((2, 3, 16, 16), 100, dtype=torch.uint8)
    # a grey level of 10 is 10 x 219 / 255 of luma
    assert psnr_y(real + 10, real).tolist() == pytest.approx([20 * np.log10(255 / (10 * 219 / 255))] * 2, rel=1e-5)


def test_foreign_inception_weights_are_refused_before_they_are_unpickled(tmp_path: Path) -> None:
    images = pictures(4, 0, 1)
    with pytest.raises(SelvedgeError, match="there is no such file"):
        fid_proper(images, images, tmp_path / "none.pth")
    (tmp_path / "evil.pth").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(SelvedgeError, match="the SHA-256 is not that of"):
        fid_proper(images, images, tmp_path / "evil.pth")


# ---- the gate ------------------------------------------------------------------------------------------------------------


def fd(value: float, half: float = 1.0) -> dict:
    return {"fd_pattern": value, "fd_pattern_low": value - half, "fd_pattern_high": value + half, "n": 500}


POLICY = Gate(patterns_margin=0.1, upscaler_margin_db=0.2, segmenter_margin=0.01)


@pytest.mark.parametrize(
    ("candidate", "champion", "promoted"),
    [
        (fd(10), None, True),
        (fd(10), fd(20), True),
        (fd(17), fd(20), False),  # 3 is less than 1.41 of noise + 2 of margin
        (fd(16), fd(20), True),
        (fd(16, 4), fd(20), False),
        (fd(30), fd(20), False),
    ],
)
def test_a_generator_must_be_better_beyond_noise_and_margin(
    candidate: dict, champion: dict | None, promoted: bool
) -> None:
    decision = decide("patterns", candidate, champion, POLICY)
    assert decision.promoted is promoted
    assert "\n" not in decision.reason
    assert "fd_pattern" in decision.reason
    assert "n 500" in decision.reason


@pytest.mark.parametrize(("network", "key", "step"), [("upscaler", "psnr_y", 0.2), ("segmenter", "iou", 0.01)])
def test_others_must_rise_by_more_than_the_margin(network: str, key: str, step: float) -> None:
    champion = {key: 0.5, "n": 9}
    assert decide(network, {key: 0.5 + 2 * step, "n": 9}, champion, POLICY).promoted
    assert not decide(network, {key: 0.5 + step / 2, "n": 9}, champion, POLICY).promoted
    assert decide(network, {key: 0.1, "n": 9}, None, POLICY).reason.startswith("first champion")


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
    same = fid_proper(real, real, tmp_path / "inception.pth")
    other = fid_proper(real, pictures(12, 90, 2), tmp_path / "inception.pth")
    assert same["fid_n"] == 12
    assert abs(same["fid"]) < 1e-3 * other["fid"]
