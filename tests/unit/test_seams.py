"""Seams: a promise is checked to the bit and a broken one is seen; tiles of unknown origin are told from crops."""

from functools import cache

import numpy as np
import pytest
import torch

from drawing.textiles import render
from selvedge.errors import SelvedgeError
from training.evaluation import seams
from training.models.dcgan import Generator
from training.models.fourier import FourierGenerator
from training.models.screens import Screens
from training.models.srresnet import SRResNet


def latents(network: torch.nn.Module) -> torch.Tensor:
    return torch.randn(3, network.z_dim, generator=torch.Generator().manual_seed(0))


def sharp(network: SRResNet) -> SRResNet:
    """An upscaler whose last layer is not zero, so that all of it counts."""
    torch.nn.init.normal_(network.tail.weight, std=0.05)
    return network


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("family", [Generator, FourierGenerator])
def test_a_generator_on_the_torus_keeps_its_promise_to_the_bit(family, classes):
    torch.manual_seed(1)
    network = family(size=32, z_dim=8, width=4, classes=classes)
    labels = torch.tensor([0, 1, 2]) if classes else None
    found = seams.is_periodic(latents(network), network, labels)
    assert found.json() == {"bits": True, "bytes": True, "difference": 0.0, "n": 3, "shifts": 4}


def test_a_generator_of_screens_keeps_it_too_and_tells_to_what_map_its_tile_belongs():
    torch.manual_seed(1)
    found = seams.is_periodic(latents(network := Screens(classes=2, width=4)), network, torch.tensor([0, 1, 1]))
    assert found.bytes and found.n == 3


def test_a_check_leaves_the_network_and_the_cores_as_they_were():
    network, cores = Generator(size=32, z_dim=8, width=4).half().train(), torch.get_num_threads()
    seams.is_periodic(latents(network), network)
    assert network.training
    assert network.first.weight.dtype == torch.float16
    assert torch.get_num_threads() == cores


def test_a_generator_with_edges_is_found_out():
    torch.manual_seed(1)
    network = Generator(size=32, z_dim=8, width=4, seamless=False)
    for up in network.ups:
        torch.nn.init.normal_(up.weight, std=0.3)
    found = seams.is_periodic(latents(network), network)
    assert not found.bits
    assert not found.bytes
    assert found.difference > 0.1


def test_an_upscaler_keeps_its_promise_and_one_that_mirrors_its_edges_does_not():
    torch.manual_seed(1)
    tiles = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    assert seams.is_periodic(tiles, sharp(SRResNet(8, 2))).bits

    class Mirrors(SRResNet):
        def forward(self, x, wrap=True):
            return super().forward(x, wrap=False)

    assert not seams.is_periodic(tiles, sharp(Mirrors(8, 2))).bytes


@cache
def tile(cls: str, seed: int, size: int = 96) -> np.ndarray:
    """A seamless drawn tile (3, H, W), begun anywhere."""
    drawn = np.asarray(render(cls, seed, size, "tile").image)
    return np.roll(drawn, (seed * 7 % 50, seed * 11 % 50), (0, 1)).transpose(2, 0, 1)


def crop(picture: np.ndarray) -> np.ndarray:
    return picture[:, : int(picture.shape[1] * 0.77), : int(picture.shape[2] * 0.71)]


def scores(pictures: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([seams.score(picture[None]) for picture in pictures])


def test_tiles_are_told_from_crops_at_the_threshold():
    tiles = [tile(cls, seed) for cls in ("floral", "paisley", "animal", "checkered") for seed in range(4)]
    assert (scores(tiles) <= seams.THRESHOLD).mean() >= 15 / 16
    assert (scores([crop(picture) for picture in tiles]) > seams.THRESHOLD).mean() >= 15 / 16


def test_a_seam_is_seen_on_either_axis_and_however_soft_and_the_score_does_not_depend_on_the_axis():
    whole = tile("leaves", 1)
    for axis in (1, 2):
        cut = whole.take(range(int(whole.shape[axis] * 0.7)), axis)
        assert seams.score(cut[None])[0] > seams.THRESHOLD
        assert seams.score(cut.swapaxes(1, 2)[None])[0] == pytest.approx(seams.score(cut[None])[0], rel=1e-4)
    soft = torch.nn.functional.avg_pool2d(torch.from_numpy(crop(whole).copy()).float(), 3, 1).round().to(torch.uint8)
    assert seams.score(soft[None])[0] > seams.THRESHOLD


def test_a_stripe_too_wide_is_a_seam_where_no_line_shows():
    """Stripes 8 px wide, begun in the middle of one: the picture meets itself within a colour."""
    stripes = np.where((np.arange(80) + 4) // 8 % 2, 200, 60).astype(np.uint8)
    whole, cut = (np.broadcast_to(stripes[:width], (1, 3, 40, width)) for width in (64, 68))
    assert seams.score(whole)[0] <= seams.THRESHOLD  # four times light and dark
    assert seams.score(cut)[0] > seams.THRESHOLD  # and a stripe of 12 px


def test_rolling_a_seamless_tile_changes_little_and_a_plain_one_has_no_seam():
    whole = np.stack([np.roll(tile("floral", 2), by, (1, 2)) for by in ((0, 0), (13, 5), (40, 31))])
    assert (seams.score(whole) <= seams.THRESHOLD).all()
    plain = torch.full((2, 3, 32, 40), 90, dtype=torch.uint8)
    assert seams.score(plain).tolist() == [0.0, 0.0]
    grain = np.random.default_rng(0).integers(80, 100, (20, 3, 32, 40), dtype=np.uint8)
    assert (seams.score(grain) <= seams.THRESHOLD).all()


def test_what_cannot_be_scored_is_refused():
    for wrong in (
        torch.zeros(1, 3, 20, 64, dtype=torch.uint8),
        torch.zeros(1, 3, 64, 64),
        np.zeros((3, 64, 64), np.uint8),
    ):
        with pytest.raises(SelvedgeError, match="24 pixels a side or more"):
            seams.score(wrong)


def test_calibration_counts():
    rng = np.random.default_rng(0)
    found = seams.calibrate(rng.normal(0, 1, 2000), rng.normal(3, 1, 1000), alarms=0.01)
    assert found["auc"] == pytest.approx(0.983, abs=0.005)  # of two Gaussians three deviations apart: Phi(3 / sqrt 2)
    assert found["false_alarms"]["n"] == 2000
    assert found["false_alarms"]["share"] <= 0.01
    assert found["found"]["share"] == pytest.approx(0.75, abs=0.05)
    nothing = seams.rates([0.0, 0.0], [0.0], 0.0)
    assert nothing["found"]["share"] == 0.0
