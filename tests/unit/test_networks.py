"""The networks: the papers' sizes, seams, and what a model directory refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from selvedge.errors import BadBundle
from training.models.bundle import as_classifier, as_generator, as_segmenter, as_upscaler, load_bundle, save_bundle
from training.models.dcgan import Discriminator, Generator, settle_batch_norm
from training.models.fourier import FourierGenerator
from training.models.judge import Judge
from training.models.srresnet import SRResNet, shrink
from training.models.styled import whole_waves
from training.models.torus import UpConv, upsample


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_plain_dcgan_has_the_older_systems_parameters() -> None:
    assert count(Generator(64, 100, 64)) == 3_576_704
    assert count(Discriminator(64, 64)) == 2_765_568


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("classes", [0, 4])
@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_every_size_makes_and_judges_pictures(size: int, classes: int, norm: str) -> None:
    labels = torch.tensor([0, 3]) if classes else None
    tiles = Generator(size, 16, 4, classes)(torch.randn(2, 16), labels)
    assert tiles.shape == (2, 3, size, size)
    assert tiles.abs().max() <= 1
    assert Discriminator(size, 4, classes, norm)(tiles, labels).shape == (2,)


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(2, 9), dy=st.integers(0, 8), dx=st.integers(0, 8), seed=st.integers(0, 99), resize=st.booleans()
)
def test_a_roll_before_a_layer_is_a_roll_behind_it(size: int, dy: int, dx: int, seed: int, resize: bool) -> None:
    torch.manual_seed(seed)
    x = torch.randn(1, 3, size + 3, size + 3, dtype=torch.float64)
    rolled = torch.roll(x, (dy, dx), (2, 3))
    up = UpConv(3, 2, resize=resize).double()
    assert torch.allclose(torch.roll(up(x), (2 * dy, 2 * dx), (2, 3)), up(rolled), atol=1e-12)
    four = upsample(x, 4, wrap=True)
    assert torch.allclose(torch.roll(four, (4 * dy, 4 * dx), (2, 3)), upsample(rolled, 4, wrap=True), atol=1e-12)


def test_waves_and_styles_make_seamless_tiles_of_every_size() -> None:
    """Exactly periodic: a tile's waves rolled by a cell give the tile rolled by that cell's four pixels."""
    torch.manual_seed(0)
    for size in (32, 64):
        g = FourierGenerator(size, 16, 4, classes=3).double().eval()
        z, labels = torch.randn(2, 16, dtype=torch.float64), torch.tensor([0, 2])
        with torch.no_grad():
            tile = g(z, labels)
            g.waves = torch.roll(g.waves, (1, 2), (1, 2))
            assert torch.allclose(g(z, labels), torch.roll(tile, (4, 8), (2, 3)), atol=1e-12)
        assert tile.shape == (2, 3, size, size)
        assert tile.abs().max() <= 1


def test_latents_and_classes_matter_from_the_first_step() -> None:
    torch.manual_seed(0)
    g = FourierGenerator(32, 16, 8, classes=3)
    z = torch.randn(1, 16)
    with torch.no_grad():
        one, other = (g(z, torch.tensor([label])) for label in (0, 1))
        third = g(torch.randn(1, 16), torch.tensor([0]))
    assert (one - other).abs().mean() > 0.2 * one.std()
    assert (one - third).abs().mean() > 0.2 * one.std()


def test_waves_fit_the_tile_a_whole_number_of_times_and_each_direction_once() -> None:
    waves = whole_waves(4).int().tolist()
    assert len(waves) == (9 * 9 - 1) / 2
    assert not {(y, x) for y, x in waves} & {(-y, -x) for y, x in waves}


def test_a_resize_convolution_is_a_convolution_of_the_enlarged_picture_and_makes_no_chequers() -> None:
    torch.manual_seed(0)
    x, up = torch.randn(2, 3, 5, 6), UpConv(3, 4, wrap=False, resize=True)
    kernel = up.weight.flip(2, 3).transpose(0, 1)
    assert torch.allclose(up(x), F.conv2d(F.interpolate(x, scale_factor=2), kernel, padding=1), atol=1e-5)
    even, spread = torch.ones(1, 3, 4, 4), []
    for resize in (True, False):
        spread.append(float(UpConv(3, 4, resize=resize)(even).detach().std((2, 3)).max()))
    assert spread[0] < 1e-5 < 1e-2 < spread[1]


def test_zero_padding_is_not_seamless_so_the_property_can_fail() -> None:
    torch.manual_seed(0)
    x, up = torch.randn(1, 3, 8, 8), UpConv(3, 2, wrap=False)
    assert not torch.allclose(torch.roll(up(x), 2, 2), up(torch.roll(x, 1, 2)), atol=1e-3)


def test_an_untrained_upscaler_is_bicubic() -> None:
    torch.manual_seed(0)
    low = torch.rand(1, 3, 12, 10) * 2 - 1
    large = torch.nn.functional.interpolate(low, scale_factor=4, mode="bicubic", align_corners=False)
    made = SRResNet(8, 2)(low, wrap=False)
    assert torch.allclose(made[:, :, 16:-16, 16:-16], large[:, :, 16:-16, 16:-16], atol=1e-6)
    assert shrink(made).shape == low.shape


def test_settling_batch_norm_measures_what_training_mode_sees_and_leaves_randomness_alone() -> None:
    torch.manual_seed(3)
    g = Generator(32, 16, 4, classes=3)
    with torch.no_grad():
        g(torch.randn(32, 16), torch.arange(32) % 3)  # running statistics of one batch: far from the truth
    before = torch.random.get_rng_state()
    settled = settle_batch_norm(g)
    assert torch.equal(before, torch.random.get_rng_state())
    z, labels = torch.randn(512, 16), torch.arange(512) % 3
    with torch.no_grad():
        in_eval = settled(z, labels)
        in_train = settled.train()(z, labels)
    assert (in_eval - in_train).abs().mean() < 0.02
    assert settle_batch_norm(g)(z, labels).equal(in_eval)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_bundle(
        tmp_path / "m", Judge(3, 32, 4), family="judge", arguments={"classes": 3, "size": 32, "width": 4}, name="x"
    )
    return tmp_path / "m"


def test_a_model_comes_back_as_it_was(bundle: Path) -> None:
    torch.manual_seed(0)
    before, after = Judge(3, 32, 4).eval(), load_bundle(bundle)
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(before(images), after.network(images))
    assert after.card["parameters"] == count(before)
    assert len(after.version) == 12


def test_a_model_of_another_kind_is_refused_by_its_directory(bundle: Path) -> None:
    assert as_classifier(load_bundle(bundle)).size == 32
    for wanted, named in (
        (as_generator, "no pattern generator; name a directory that `selvedge train patterns` made"),
        (as_upscaler, "no upscaler; name a directory that `selvedge train upscaler` made"),
        (as_segmenter, "no segmenter; name a directory that `selvedge train segmenter` made"),
    ):
        with pytest.raises(BadBundle, match=f"{bundle}: the model is a judge, {named}"):
            wanted(load_bundle(bundle))


@pytest.mark.parametrize("name", ["weights.safetensors", "card.json"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BadBundle, match=f"{name}: is missing"):
        load_bundle(bundle)


def test_damaged_weights_and_cards_are_named(bundle: Path) -> None:
    card = json.loads((bundle / "card.json").read_text())
    (bundle / "card.json").write_text(json.dumps({**card, "family": "sphinx"}))
    with pytest.raises(BadBundle, match="family 'sphinx' is unknown; known: dcgan"):
        load_bundle(bundle)
    (bundle / "card.json").write_text(json.dumps({k: v for k, v in card.items() if k != "arguments"}))
    with pytest.raises(BadBundle, match=r"card\.json: has no 'arguments'"):
        load_bundle(bundle)
    (bundle / "card.json").write_text(json.dumps(card))
    data = bytearray((bundle / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (bundle / "weights.safetensors").write_bytes(data)
    with pytest.raises(BadBundle, match="its bytes are not those that card"):
        load_bundle(bundle)
