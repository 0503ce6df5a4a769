"""Colour separations: what a printer may expect of the screens that are read from drawings and of those that G designs."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from drawing.textiles import render
from selvedge.errors import SelvedgeError
from studies import gpu_session
from training import checkpoint
from training.data import to_bytes
from training.evaluation import palette
from training.evaluation.seams import is_periodic
from training.loop import train
from training.models.bundle import load_bundle
from training.models.screens import INKS, NOISE, WAVES, Screens, poured, separated, widen
from training.models.styled import StyledConv
from training.separations import Separations, load, palette_library, printed, ranked, read_folder, separate, windows
from training.tasks.screens import ScreensTask, Settings, held_out_scores, shares

SIDE = 192
INDIGO_CLOTH = ("#1b2a4e", "#f2e9dc", "#c9252f")


@pytest.fixture(scope="module")
def network() -> Screens:
    torch.manual_seed(3)
    return Screens(classes=2, width=8, palettes=4).eval()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Separations:
    """Four drawn tiles, read as a run reads them."""
    folder = tmp_path_factory.mktemp("tiles")
    for cls in ("dotted", "floral"):
        for seed in range(2):
            drawing = render(cls, seed, SIDE, "flat")
            drawing.image.save(folder / f"{cls}-{seed}.png")
            (folder / f"{cls}-{seed}.json").write_text(json.dumps({"attributes": drawing.attributes}))
    return load(folder, folder / "kept.npz")


def latents(network: Screens, n: int, cells: tuple[int, int] = (8, 8), seed: int = 0) -> torch.Tensor:
    return torch.randn(n, network.length(*cells), generator=torch.Generator().manual_seed(seed))


def colours(words: tuple[str, ...]) -> torch.Tensor:
    return torch.tensor([list(bytes.fromhex(word[1:])) for word in words]) / 127.5 - 1


# ---- what G designs ----------------------------------------------------------------------------------------------------


def test_what_rolls_in_rolls_out_to_the_last_bit(network):
    found = is_periodic(latents(network, 3), network, torch.tensor([0, 1, 0]))
    assert found.bits and found.bytes


@torch.no_grad()
def test_one_network_makes_tiles_of_any_size(network):
    z, inks = latents(network, 2, (8, 16)), torch.tensor([3, 6])
    claims = network.screens(z, torch.tensor([0, 1]), inks, cells=(8, 16))
    assert claims.shape == (2, INKS, 64, 128)
    large = separated(claims, enlarge=4, sharpness=32)
    assert large.shape == (2, INKS, 256, 512)
    torch.testing.assert_close(large.sum(1), torch.ones(2, 256, 512))


@torch.no_grad()
def test_cells_that_repeat_make_a_tile_that_repeats(network):
    """A larger tile is made of the same cloth: the waves keep their length."""
    z, label, inks = latents(network, 1), torch.tensor([1]), torch.tensor([4])
    first = network.length(0, 0)
    noise = z[:, first:].unflatten(1, (-1, 8, 8)).repeat(1, 1, 2, 1).flatten(1)
    drift = torch.randn(1, 2 * WAVES, generator=torch.Generator().manual_seed(1))
    z_twice = torch.cat([z[:, :first], noise, drift], 1)
    assert z_twice.shape[1] == network.length(16, 8)
    twice = network.screens(z_twice, label, inks, cells=(16, 8))
    torch.testing.assert_close(twice, network.screens(z, label, inks).repeat(1, 1, 2, 1), atol=1e-4, rtol=1e-4)
    varied = network.screens(z_twice, label, inks, cells=(16, 8), vary=0.5)
    assert (varied - varied.roll(64, 2)).abs().mean() > 100 * (twice - twice.roll(64, 2)).abs().mean()


@torch.no_grad()
def test_cloth_that_varies_is_a_torus_too(network):
    """Rolled by a whole 8 cells, noise and drift roll the tile, to the last bit; so there is no seam either."""
    cells, labels, inks = (16, 24), torch.tensor([0, 1]), torch.tensor([3, 6])
    z, noise = latents(network, 2, cells), (network.length(0, 0), NOISE * 16 * 24)
    begin, local, drift = z.split((*noise, z.shape[1] - sum(noise)), 1)
    rolled = (
        local.unflatten(1, (NOISE, *cells)).roll((8, 16), (2, 3)).flatten(1),
        network.first.straight(drift.unflatten(1, (WAVES, 2, 3))).roll((1, 2), (2, 3)).flatten(1),
    )
    one, two = (network.screens(x, labels, inks, cells, vary=0.7) for x in (z, torch.cat([begin, *rolled], 1)))
    assert torch.equal(two, one.roll((64, 128), (2, 3)))


@torch.no_grad()
def test_waves_that_lie_straight_stay_straight(network):
    drift = network.first.straight(torch.randn(1, WAVES, 3, 2, generator=torch.Generator().manual_seed(0)))[0]
    for (down, across), of in zip(torch.cat([network.first.slow, network.first.fast]).tolist(), drift, strict=True):
        assert bool((of == of[:1]).all()) == (down == 0)  # stripes down the cloth
        assert bool((of == of[:, :1]).all()) == (across == 0)


@torch.no_grad()
def test_inks_beyond_the_palette_are_never_used(network):
    for k in range(1, INKS + 1):
        claims = network.screens(latents(network, 1), torch.tensor([0]), torch.tensor([k]))
        assert separated(claims)[:, k:].eq(0).all()
        assert separated(claims, enlarge=4)[:, k:].eq(0).all()  # nor does enlarging bring them in
        torch.testing.assert_close(separated(claims).sum(1), torch.ones(1, 64, 64))


@torch.no_grad()
def test_the_palette_that_was_asked_for_is_what_is_printed(network):
    tile = to_bytes(network(latents(network, 1, seed=5), torch.tensor([0]), colours(INDIGO_CLOTH)))[0]
    inks = np.array([list(bytes.fromhex(word[1:])) for word in INDIGO_CLOTH], float)
    share, *_ = np.linalg.lstsq(
        np.vstack([inks.T, np.ones(3)]), np.vstack([tile.flatten(1).numpy(), np.ones(64 * 64)]), rcond=None
    )
    assert share.min() > -0.02 and share.max() < 1.02  # every pixel is a mixture of the three, and of nothing else
    claims = torch.full((1, INKS, 64, 64), -1e4)
    claims[:, :3] = torch.eye(3)[torch.arange(64) % 3].T[None, :, None, :]  # a cloth of three inks side by side
    cloth = to_bytes(poured(separated(claims), torch.cat([colours(INDIGO_CLOTH), -torch.ones(3, 3)])[None]))[0]
    assert palette.error(cloth, INDIGO_CLOTH)["worst"] < 1


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_styled_layer_is_the_paper_s_on_a_torus(kernel):
    """Weights modulated and demodulated for each sample, as Karras et al. 2020 write them (eq. 1 and 3)."""
    torch.manual_seed(0)
    layer = StyledConv(5, 4, 6, kernel)

    def as_published(x, style):
        weight = layer.weight[None] * layer.scale(style)[:, None, :, None, None]
        weight = weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-6).sqrt()
        padded = F.pad(x, (kernel // 2,) * 4, mode="circular")
        made = torch.cat([F.conv2d(one[None], w) for one, w in zip(padded, weight, strict=True)])
        return F.leaky_relu(made + layer.bias[:, None, None], 0.2) * 2**0.5

    slopes = []
    for form in (layer, as_published):
        x = torch.arange(2 * 5 * 8 * 6).view(2, 5, 8, 6).sin().requires_grad_(True)
        made = form(x, torch.linspace(-1, 1, 12).view(2, 6))
        slopes.append((made, *torch.autograd.grad((made * made.detach().cos()).sum(), (x, *layer.parameters()))))
    for one, two in zip(*slopes, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


def test_too_many_inks_are_refused(network):
    with pytest.raises(ValueError, match="7 inks"):
        network(latents(network, 1), torch.tensor([0]), torch.zeros(7, 3))


@torch.no_grad()
def test_one_latent_is_one_tile_whatever_else_is_asked_for(network):
    z, labels = latents(network, 3), torch.tensor([0, 1, 1])
    alone = [to_bytes(network(z[i : i + 1], labels[i : i + 1])) for i in range(3)]
    again = [to_bytes(network(z[i : i + 1], labels[i : i + 1])) for i in range(3)]
    assert all(torch.equal(one, two) for one, two in zip(alone, again, strict=True))
    together = to_bytes(network(z, labels))
    assert (together.int() - torch.cat(alone).int()).abs().max() <= 1


@torch.no_grad()
def test_the_latent_chooses_a_palette_of_its_class(network):
    one = copy.deepcopy(network)
    one.library[:] = (
        torch.arange(4, dtype=torch.uint8)[None, :, None, None] + torch.tensor([10, 20])[:, None, None, None]
    )
    z = latents(one, 400)
    found = (one.palette(z, torch.ones(400, dtype=torch.long))[0][:, 0, 0] + 1) * 127.5
    counts = found.round().int().bincount(minlength=24)[20:]
    assert counts.sum() == 400 and counts.min() > 70  # each of the four about equally often


# ---- what is read from drawings ----------------------------------------------------------------------------------------


def test_an_edge_between_two_dyes_is_not_a_third():
    """Half way between black and white lies grey: but no grey lies there where nothing is grey."""
    dyes = np.array([[0, 0, 0], [255, 255, 255], [150, 150, 150]], np.uint8)
    picture = np.zeros((24, 24, 3), np.uint8)
    picture[:, 8:16] = 255
    picture[:, 8] = picture[:, 15] = 128  # blends, nearest to grey
    picture[9:15, 0:6] = 150  # grey that is meant
    maps, _ = separate(picture, dyes)
    assert set(np.unique(maps[:, 8])) <= {0, 1}
    assert (maps[11:13, 2:4] == 2).all()


def test_a_blend_that_covers_a_stretch_is_an_ink():
    dyes = np.array([[0, 0, 0], [250, 250, 250]], np.uint8)
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = 125
    picture[:8, :16] = 250
    maps, inks = separate(picture, dyes)
    assert (abs(inks[maps].astype(int) - picture).max(2) <= 1).all()


def test_inks_are_ranked_and_the_rarest_join_the_nearest():
    dyes = np.array([[10, 10, 10], [240, 0, 0], [0, 0, 240], [240, 240, 240], [230, 0, 10]], np.uint8)
    maps = np.repeat(np.array([0, 1, 2, 4], np.uint8), [2, 3, 9, 1])[None]
    found, inks = ranked(maps, dyes, inks=3)
    assert inks.tolist() == dyes[[0, 2, 1]].tolist()  # ground first, then by area; white covers nothing
    assert found[0].tolist() == [0] * 2 + [2] * 3 + [1] * 9 + [2]


def test_separations_of_a_drawing_give_back_its_picture(drawn):
    """At half the size, which is what G learns from: coverages carry the blends that a hard map cannot."""
    for index, (cls, seed) in enumerate((cls, seed) for cls in ("dotted", "floral") for seed in range(2)):
        picture = torch.from_numpy(np.array(render(cls, seed, SIDE, "flat").image)[:64, :64]).permute(2, 0, 1)[None]
        cut = windows(drawn, torch.tensor([index]), 32, 2, torch.zeros(1, 2, dtype=torch.long))
        back = poured(cut, drawn.palettes[index][None].float())
        apart = (back - F.avg_pool2d(picture.float(), 2)).abs()
        assert apart.mean() < 10 and apart.median() <= 4  # of 255


def test_windows_are_the_tile_itself(drawn):
    tile = drawn.map(0)
    index, far = torch.zeros(2, dtype=torch.long), torch.tensor([[0, 0], [tile.shape[0], 3 * tile.shape[1]]])
    cut = windows(drawn, index, 16, 2, far)
    assert torch.equal(cut[0], cut[1])  # the tile is a torus
    torch.testing.assert_close(cut.sum(1), torch.ones(2, 16, 16))
    assert cut[0, :, 0, 0].tolist() == [float((tile[:2, :2] == ink).float().mean()) for ink in range(INKS)]


def test_the_last_tenth_is_held_out(drawn):
    many = drawn.some(torch.arange(4).repeat(10))
    train_, held = many.split()
    assert len(train_) == 36 and held.labels.bincount().tolist() == [2, 2]


def test_what_was_kept_is_what_was_read(drawn, tmp_path):
    with pytest.raises(SelvedgeError, match="selvedge draw textiles"):
        read_folder(tmp_path)
    Image.new("RGB", (16, 16), "#1b2a4e").save(tmp_path / "solid-1.png")
    facts = {"class": "solid", "colours": [{"hex": "#1b2a4e"}]}
    (tmp_path / "solid-1.json").write_text(json.dumps({"attributes": facts}))
    first = load(tmp_path, tmp_path / "kept.npz")
    assert load(tmp_path, tmp_path / "kept.npz").fingerprint == first.fingerprint == read_folder(tmp_path).fingerprint
    assert first.inks.tolist() == [1] and first.palettes[0, 0].tolist() == [0x1B, 0x2A, 0x4E]


# ---- training ----------------------------------------------------------------------------------------------------------


def small_task(drawn: Separations) -> tuple[ScreensTask, Settings]:
    settings = Settings(images=8, batch=2, precision="fp32", sample_every=8, checkpoint_every=4, width=4, d_width=4)
    return ScreensTask(settings, drawn), settings


def test_a_run_that_was_killed_is_the_same_run(drawn, tmp_path):
    states = []
    for name, stops in (("whole", (None,)), ("killed", (4, None))):
        for stop in stops:
            task, settings = small_task(drawn)
            train(task, settings, seed=1, directory=tmp_path / name, stop_at=stop)
        states.append(checkpoint.digest(checkpoint.load(tmp_path / name / "checkpoint.pt")))
    assert states[0] == states[1]


def test_a_wider_network_begins_with_the_tiles_of_the_narrow_one_and_learns_with_all_its_channels():
    torch.manual_seed(1)
    narrow, wide = Screens(classes=2, width=4), Screens(classes=2, width=7)
    for parameter in narrow.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)  # biases too
    widen(wide, narrow.state_dict())
    z, labels, inks = latents(narrow, 3), torch.tensor([0, 1, 0]), torch.tensor([2, 5, 6])
    with torch.no_grad():
        assert torch.allclose(wide.screens(z, labels, inks), narrow.screens(z, labels, inks), atol=1e-5)
    wide.screens(z, labels, inks)[:, :2].square().sum().backward()
    assert (wide.detail.weight.grad[:, 4:] != 0).all()  # what new channels say is about to be heard
    with pytest.raises(ValueError, match="width 7 cannot become this one of width 4"):
        widen(narrow, wide.state_dict())
    with pytest.raises(ValueError, match="does not fit into"):
        widen(Screens(classes=1, width=7), narrow.state_dict())


def test_a_run_begins_with_what_another_has_learned(drawn, tmp_path):
    task, settings = small_task(drawn)
    train(task, settings, seed=1, directory=tmp_path)
    wider = ScreensTask(replace(settings, width=6), drawn)
    wider.begin_with(checkpoint.load(tmp_path / "checkpoint.pt"))
    z, labels, inks = latents(task.g, 2), torch.tensor([0, 1]), torch.tensor([3, 3])
    with torch.no_grad():
        for now, before in ((wider.g, task.g), (wider.ema["g"], task.ema["g"])):
            assert torch.allclose(now.screens(z, labels, inks), before.screens(z, labels, inks), atol=1e-5)
    assert torch.equal(wider.d.logit.weight, task.d.logit.weight)
    for other in ({"d_width": 5}, {"width": 3}):
        with pytest.raises(SelvedgeError, match=r"of another network: .*(size mismatch|cannot become)"):
            ScreensTask(replace(settings, **other), drawn).begin_with(checkpoint.load(tmp_path / "checkpoint.pt"))


def test_classes_are_shown_as_often_as_was_asked(drawn):
    task = ScreensTask(replace(small_task(drawn)[1], shares="floral=3"), drawn)
    shown = drawn.labels[task.samples(0, 8)]  # an epoch of two dotted tiles and three times two florals
    assert shown.tolist().count(drawn.classes.index("floral")) == 6
    assert shares("", ("a", "b")) == [1, 1]
    for word in ("floral", "floral=0", "paisley=2", "floral=x"):
        with pytest.raises(SelvedgeError, match=word):
            shares(word, drawn.classes)


def test_what_is_exported_prints_the_same_tiles(drawn, tmp_path):
    task, _ = small_task(drawn)
    task.export(tmp_path / "model", images=0)
    bundle = load_bundle(tmp_path / "model")
    assert bundle.card["seamless"] and bundle.card["view"] == 128 and bundle.card["classes"] == ["dotted", "floral"]
    assert torch.equal(bundle.network.library, palette_library(drawn, 96, Settings().seed)[0])
    z, labels = latents(bundle.network, 2), torch.tensor([0, 1])
    with torch.no_grad():
        difference = bundle.network(z, labels) - task.ema["g"](z, labels)
    assert difference.abs().max() < 0.1  # fp16 weights


def test_scores_of_a_generator_on_held_out_tiles_have_their_n_floor_and_interval(drawn):
    task, _ = small_task(drawn)
    held = drawn.some(torch.arange(60) % len(drawn))
    scores = held_out_scores(task.ema["g"], held, seed=1)
    kid = scores["kid_pattern"]
    assert kid["low"] < kid["value"] < kid["high"] and kid["floor"] < kid["low"]  # it was not trained
    assert (kid["n"], kid["n_real"]) == (60, 60)
    assert set(scores["by_class"]) == {"dotted", "floral"}
    assert scores["class_agreement"]["n"] == 60
    assert json.loads(json.dumps(scores)) == scores


def test_a_window_is_printed_in_its_tiles_own_inks(drawn):
    pictures = printed(drawn, 16, 2, seed=3)
    assert pictures.shape == (len(drawn), 3, 16, 16) and pictures.dtype == torch.uint8
    inks = drawn.palettes[0][: int(drawn.inks[0])].float()
    nearest = torch.cdist(pictures[0].flatten(1).T.float(), inks).min(1).values
    assert (nearest < 2).float().mean() > 0.3  # the rest are blends of two where they meet
    assert torch.equal(pictures, printed(drawn, 16, 2, seed=3))
    assert not torch.equal(pictures, printed(drawn, 16, 2, seed=4))


def test_a_device_that_makes_another_tile_is_not_trained_on(drawn, monkeypatch):
    settings, cpu = Settings(width=4, d_width=4), torch.device("cpu")
    assert gpu_session.agrees(settings, drawn, cpu) < 0.01
    move = ScreensTask.to

    def bent(task: ScreensTask, device: torch.device) -> None:
        move(task, device)
        task.g.claims.weight.data *= 1.5

    monkeypatch.setattr(ScreensTask, "to", bent)
    with pytest.raises(SelvedgeError, match="another tile than the CPU does"):
        gpu_session.agrees(settings, drawn, cpu)
