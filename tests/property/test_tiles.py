"""Seamless by construction: what rolls in around the torus rolls out around it, to the last bit."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.upscale import edges_meet, upscale
from training.data import to_bytes
from training.models.dcgan import Generator
from training.models.srresnet import SRResNet
from training.models.torus import UpConv

ROLL = st.integers(-9, 9)
SIDES = (4, 8, 16)  # of feature maps; at odd sides vector instructions end elsewhere and flip a last bit


def random_srresnet(width: int = 8, blocks: int = 2) -> SRResNet:
    """An upscaler whose last layer is not zero, so that all of it counts."""
    torch.manual_seed(3)
    network = SRResNet(width, blocks)
    torch.nn.init.normal_(network.tail.weight, std=0.05)
    return network.eval()


@settings(max_examples=25, deadline=None)
@given(dy=ROLL, dx=ROLL, side=st.sampled_from(SIDES), channels=st.integers(1, 5), seed=st.integers(0, 99))
@torch.no_grad()
def test_upconv_rolls_by_twice(dy, dx, side, channels, seed):
    torch.manual_seed(seed)
    layer, x = UpConv(channels, 3), torch.randn(1, channels, side, side)
    assert torch.equal(layer(torch.roll(x, (dy, dx), (2, 3))), torch.roll(layer(x), (2 * dy, 2 * dx), (2, 3)))


@settings(max_examples=15, deadline=None)
@given(dy=ROLL, dx=ROLL, height=st.sampled_from(SIDES), width=st.sampled_from(SIDES), seed=st.integers(0, 99))
@torch.no_grad()
def test_upscaler_rolls_by_four_times(dy, dx, height, width, seed):
    network = random_srresnet()
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    rolled = network(torch.roll(x, (dy, dx), (2, 3)), wrap=True)
    assert torch.equal(rolled, torch.roll(network(x, wrap=True), (4 * dy, 4 * dx), (2, 3)))


@settings(max_examples=15, deadline=None)
@given(dy=ROLL, dx=ROLL, height=st.integers(4, 14), width=st.integers(4, 14), seed=st.integers(0, 99))
@torch.no_grad()
def test_upscaler_of_odd_sizes_rolls_too_up_to_float_noise(dy, dx, height, width, seed):
    network = random_srresnet()
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    rolled = network(torch.roll(x, (dy, dx), (2, 3)), wrap=True)
    torch.testing.assert_close(
        rolled, torch.roll(network(x, wrap=True), (4 * dy, 4 * dx), (2, 3)), atol=1e-5, rtol=1e-5
    )


@settings(max_examples=10, deadline=None)
@given(dy=st.integers(0, 3), dx=st.integers(0, 3), classes=st.sampled_from([0, 3]), seed=st.integers(0, 99))
@torch.no_grad()
def test_generated_tile_rolls_with_its_coarsest_map(dy, dx, classes, seed):
    torch.manual_seed(seed)
    generator = Generator(size=32, z_dim=8, width=4, classes=classes).eval()
    z, label = torch.randn(1, 8), torch.tensor([1]) if classes else None
    tile = generator(z, label)
    rolled = generator(z, label, lay=lambda cells: torch.roll(cells, (dy, dx), (2, 3)))
    assert torch.equal(rolled, torch.roll(tile, (8 * dy, 8 * dx), (2, 3)))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), down=st.integers(1, 2), across=st.integers(1, 3))
def test_enlarging_the_repeat_is_repeating_the_enlarged(seed, down, across):
    """What a printer sees: there is no seam, for the seam looks like any other line of the cloth."""
    generator = torch.Generator().manual_seed(seed)
    tile = torch.randint(0, 256, (3, 12, 12), generator=generator, dtype=torch.uint8)
    network = random_srresnet()
    repeated = upscale(tile.repeat(1, down, across), network, wrap=True)
    difference = repeated.int() - upscale(tile, network, wrap=True).repeat(1, down, across).int()
    assert difference.abs().max() <= 1


@pytest.mark.parametrize("wrap", [True, False], ids=["tile", "picture"])
def test_pieces_are_the_whole(wrap, monkeypatch):
    from inference import upscale as module

    picture = torch.randint(0, 256, (3, 53, 70), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    network = random_srresnet()
    whole = upscale(picture, network, wrap)
    monkeypatch.setattr(module, "PIECE", 20)
    pieces = upscale(picture, network, wrap)
    assert (whole.int() - pieces.int()).abs().max() <= 1  # float noise may flip a rounding
    assert (whole != pieces).float().mean() < 1e-3


@torch.no_grad()
def test_edges_tell_a_tile_from_a_picture():
    torch.manual_seed(0)
    tile = to_bytes(Generator(size=64, z_dim=8, width=4).eval()(torch.randn(1, 8)))[0]
    smooth = torch.nn.functional.avg_pool2d(tile[None].float().repeat(1, 1, 3, 3), 5, 1)[0, :, 62:126, 62:126].to(
        torch.uint8
    )
    assert edges_meet(smooth)
    slope = torch.linspace(0, 255, 64).to(torch.uint8).expand(3, 64, 64)
    assert not edges_meet(slope)
    assert not edges_meet(slope.transpose(1, 2))
    assert edges_meet(torch.full((3, 32, 32), 90, dtype=torch.uint8))
