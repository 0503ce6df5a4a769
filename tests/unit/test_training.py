"""The loop: it counts images, learns, resumes exactly, and stops with a clear word when a loss is no number."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from selvedge.config import Classifier, Patterns, Upscaler
from selvedge.errors import SelvedgeError
from training import checkpoint, loop
from training.augment import diff_augment
from training.data import (
    BalancedShuffle,
    Shuffle,
    Swatches,
    decode,
    load_swatches,
    random_crops,
    random_flips,
    sheet,
    to_bytes,
    to_unit,
)
from training.tasks.classifier import ClassifierTask
from training.tasks.patterns import PatternTask
from training.tasks.upscaler import UpscalerTask

CPU = torch.device("cpu")
CLASSES = ("a", "b")


def noise(n: int = 24, size: int = 32) -> Swatches:
    """Class a is dark, class b is light."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    images = torch.randint(0, 100, (n, 3, size, size), generator=generator) + labels[:, None, None, None] * 150
    return Swatches(images.to(torch.uint8), labels, "noise")


def pattern_task(**changes: object) -> tuple[PatternTask, Patterns]:
    values = {
        **{"images": 48, "batch": 8, "size": 32, "width": 4, "z_dim": 8, "ema_images": 16},
        **{"sample_every": 16, "checkpoint_every": 16, "precision": "bf16", **changes},
    }
    settings = Patterns(**values)
    return PatternTask(settings, noise(size=settings.view or settings.size), CLASSES, seed=5), settings


def end_state(directory: Path) -> str:
    return checkpoint.digest(checkpoint.load(directory / "checkpoint.pt"))


@pytest.mark.parametrize(
    "backend",
    [
        "aot_eager",
        pytest.param(
            "inductor", marks=[pytest.mark.long, pytest.mark.skipif(not shutil.which("g++"), reason="no g++")]
        ),
    ],
)
def test_compiled_networks_have_the_gradients_of_eager_ones(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, gradients = torch.compile, {}
    if backend != "inductor":
        monkeypatch.setenv("CXX", sys.executable)  # is there; nothing is compiled by it
    monkeypatch.setattr(torch, "compile", lambda network: real(network, backend=backend))
    for compiled in (False, True):
        changes = {"loss": "relativistic", "d_norm": "none", "penalty": 1.0, "penalty_every": 1, "precision": "fp32"}
        task, _ = pattern_task(compile=compiled, **changes)
        loop.set_training(task, True)
        for seen in (0, 8):  # the second step is of weights that both have changed
            torch.manual_seed(seen)
            task.step(seen, 8)
        gradients[compiled] = {
            f"{name}.{key}": value.grad for name in "dg" for key, value in task.modules[name].named_parameters()
        }
    still = [name for name, value in gradients[False].items() if not value.any()]
    assert still == ["d.head.bias"]  # in a difference of logits it cancels
    torch.testing.assert_close(gradients[True], gradients[False], rtol=1e-3, atol=1e-5)


def test_compiling_without_a_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(
        SelvedgeError, match=r"patterns\.compile: needs a C\+\+ compiler, and there is no no-such-compiler"
    ):
        pattern_task(compile=True)


PLUS = {
    **{"d_norm": "spectral", "loss": "hinge", "penalty": 0.5, "augment": ["colour", "shift", "cutout"], "view": 40},
    **{"balanced": True, "ramp_images": 16, "decay_from": 0.5, "images": 64},
}
WAVES = {"generator": "fourier", "d_norm": "none", "loss": "relativistic", "penalty": 1.0, "penalty_every": 2}


@pytest.mark.parametrize("changes", [{"images": 51}, PLUS, WAVES])
def test_k_steps_and_the_rest_are_n_steps(tmp_path: Path, changes: dict) -> None:
    for name, stop_at in (("whole", None), ("parts", 16), ("parts", 32), ("parts", None)):
        task, settings = pattern_task(**changes)
        torch.manual_seed(len(name))  # what was drawn before must not matter
        history = loop.train(task, settings, seed=5, directory=tmp_path / name, device=CPU, stop_at=stop_at)
    assert end_state(tmp_path / "whole") == end_state(tmp_path / "parts")
    assert checkpoint.load(tmp_path / "whole/checkpoint.pt")["images"] == settings.images
    assert history.csv().splitlines()[0] == "images,g_loss,d_loss,d_real,d_fake"
    assert history.rows[-1]["images"] == settings.images


def test_a_stop_within_a_stretch_loses_no_row_and_no_step_of_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "POINTS", 10)
    rows = []
    for folder, stops in (("whole", [None]), ("parts", [16, 32, None])):
        for stop in stops:
            task, settings = pattern_task(images=104)
            settings = settings.model_copy(update={"batch": 2, "sample_every": 104})
            history = loop.train(task, settings, seed=5, directory=tmp_path / folder, device=CPU, stop_at=stop)
        rows.append(history.rows)
    assert len(rows[0]) == 11
    assert rows[0] == rows[1]


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    task, settings = pattern_task()
    loop.train(task, settings, seed=5, directory=tmp_path, device=CPU, stop_at=16)
    other, settings = pattern_task(width=8)
    with pytest.raises(SelvedgeError, match=r"checkpoint\.pt: is the checkpoint of another configuration .*delete it"):
        loop.train(other, settings, seed=5, directory=tmp_path, device=CPU)


def test_another_seed_is_another_training(tmp_path: Path) -> None:
    digests = set()
    for seed in (5, 6):
        task, settings = pattern_task()
        loop.train(task, settings, seed=seed, directory=tmp_path / str(seed), device=CPU)
        digests.add(end_state(tmp_path / str(seed)))
    assert len(digests) == 2


KILLED = """
import sys, time, pathlib, torch
sys.path.insert(0, {tests!r})
from test_training import CPU, loop, pattern_task
task, settings = pattern_task(images=160)
step = task.step
def slow(seen, batch):
    time.sleep(0.05)  # so that the kill falls between steps of a training that is under way
    return step(seen, batch)
task.step = slow
loop.train(task, settings, seed=5, directory=pathlib.Path(sys.argv[1]), device=CPU)
"""


def test_kill_9_and_the_same_command_again_is_the_same_training(tmp_path: Path) -> None:
    """Weights, optimisers, averages and history of a training that was killed twice, by sha256 of all of them."""
    task, settings = pattern_task(images=160)
    loop.train(task, settings, seed=5, directory=tmp_path / "whole", device=CPU)
    command = [sys.executable, "-c", KILLED.format(tests=str(Path(__file__).parent)), str(tmp_path / "killed")]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    for least in (16, 64):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        path = tmp_path / "killed/checkpoint.pt"
        patience = time.monotonic() + 120
        while not path.exists() or (checkpoint.load(path) or {})["images"] < least:
            assert process.poll() is None, "the training ended before it was killed"
            assert time.monotonic() < patience
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert checkpoint.load(path)["images"] < 160
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert end_state(tmp_path / "killed") == end_state(tmp_path / "whole")
    assert sorted(p.name for p in (tmp_path / "killed/samples").iterdir()) == sorted(
        p.name for p in (tmp_path / "whole/samples").iterdir()
    )


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    task, settings = pattern_task()
    step = task.step
    task.step = lambda seen, batch: {
        **step(seen, batch),
        **({"g_loss": torch.tensor(float("nan"))} if seen >= 24 else {}),
    }
    with pytest.raises(
        SelvedgeError, match=r"training diverged: g_loss is no number; the last good checkpoint is kept"
    ):
        loop.train(task, settings, seed=5, directory=tmp_path, device=CPU)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["images"] == 16


def test_the_classifier_learns_what_is_easy(tmp_path: Path) -> None:
    settings = Classifier(images=640, batch=16, size=32, width=4, lr=5e-3, sample_every=320, checkpoint_every=320)
    task = ClassifierTask(settings, noise(), noise(), CLASSES, seed=1)
    history = loop.train(task, settings, seed=1, directory=tmp_path, device=CPU)
    assert (task.predict(noise().images) == noise().labels).all()
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]


def test_the_upscaler_trains_with_and_without_its_critic(tmp_path: Path) -> None:
    settings = Upscaler(
        images=32, batch=4, width=4, blocks=1, crop=32, adversarial_from=16, sample_every=32, checkpoint_every=32
    )
    task = UpscalerTask(settings, noise(size=48), noise(size=48), seed=1)
    history = loop.train(task, settings, seed=1, directory=tmp_path, device=CPU)
    critic = [row["critic_loss"] for row in history.rows]
    assert critic[0] == 0
    assert critic[-1] > 0


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    with pytest.raises(SelvedgeError, match=r"checkpoint\.pt: is no checkpoint .*; delete it to begin again"):
        checkpoint.load(tmp_path / "checkpoint.pt")


def test_a_checkpoint_cut_short_falls_back_to_the_one_before(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    task, settings = pattern_task()
    loop.train(task, settings, seed=5, directory=tmp_path / "whole", device=CPU)
    task, settings = pattern_task()
    loop.train(task, settings, seed=5, directory=tmp_path / "cut", device=CPU, stop_at=32)
    path = tmp_path / "cut/checkpoint.pt"
    path.write_bytes(path.read_bytes()[:2000])
    task, settings = pattern_task()
    loop.train(task, settings, seed=5, directory=tmp_path / "cut", device=CPU)
    told = capsys.readouterr().out
    assert "checkpoint.pt: is no checkpoint" in told
    assert "going on from the one before" in told
    assert "going on at 16 of 48" in told
    assert end_state(tmp_path / "whole") == end_state(tmp_path / "cut")


# ---- what is watched -----------------------------------------------------------------------------------------------------


def test_a_planted_collapse_is_told_and_a_healthy_generator_is_not(capsys: pytest.CaptureFixture) -> None:
    task, _ = pattern_task(least_diversity=0.2)
    found = task.watch(16)
    torch.nn.init.normal_(task.ema["g"].ups[-1].weight, std=0.3)
    healthy = task.watch(16)
    assert healthy["diversity"] > 0.2
    assert 0 <= found["d_sure"] <= 1
    capsys.readouterr()
    task.fixed_z[:] = task.fixed_z[:1]  # every latent gives one tile
    assert task.watch(16)["diversity"] < 0.01
    assert "ALARM, collapse at 16 images" in capsys.readouterr().out


def test_the_generator_that_scored_best_is_kept_through_a_resume_and_leaves_the_training(tmp_path: Path) -> None:
    class Told:
        """Scores that fall and rise again."""

        def __init__(self) -> None:
            self.scores = {16: 3.0, 32: 1.0, 48: 2.0}

        def score(self, g: torch.nn.Module) -> float:
            self.seen.append(checkpoint.digest(g.state_dict()))
            return self.scores[16 * len(self.seen)]

    seen: list[str] = []
    for stop_at in (32, None):
        task, settings = pattern_task()
        task.held_out = Told()
        task.held_out.seen = seen
        loop.train(task, settings, seed=5, directory=tmp_path, device=CPU, stop_at=stop_at)
    assert len(seen) == 3
    assert (task.best["images"], task.best["score"]) == (32, 1.0)
    assert checkpoint.digest(task.best_g().state_dict()) == seen[1] != seen[2]


def test_rates_rise_and_fall_and_the_young_average_forgets_fast() -> None:
    from training.tasks.base import paced

    assert [paced(p, 0.2, 0.5) for p in (0.1, 0.2, 0.5)] == [0.5, 1.0, 1.0]
    assert paced(0.75, 0.2, 0.5) == pytest.approx(0.5)
    assert paced(1.0, 0.2, 0.5) == pytest.approx(0.0)
    assert paced(1.0, 0.0, 1.0) == 1.0
    task, _ = pattern_task(ramp_images=16, ema_images=10_000)
    with torch.no_grad():
        for value in task.g.parameters():
            value.fill_(1.0)
        for value in task.ema["g"].parameters():
            value.zero_()
    loop._update_ema(task, 8, 160)  # a half-life of 8 images, a twentieth of those seen
    assert next(task.ema["g"].parameters()).mean() == pytest.approx(0.5)


# ---- data ----------------------------------------------------------------------------------------------------------------


def test_every_epoch_shows_every_sample_once_in_another_order() -> None:
    shuffle = Shuffle(10, seed=3)
    shown = torch.cat([shuffle.at(seen, 4) for seen in range(0, 20, 4)])
    assert shown[:10].sort().values.tolist() == shown[10:].sort().values.tolist() == list(range(10))
    assert shown[:10].tolist() != shown[10:].tolist()
    assert torch.equal(shuffle.at(7, 9), torch.cat([shuffle.at(7, 3), shuffle.at(10, 6)]))


def test_bytes_survive_the_way_to_floats_and_back() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_bytes(to_unit(images)), images)


def test_a_balanced_shuffle_shows_each_class_as_often_and_each_picture_of_a_class_in_turn() -> None:
    labels = torch.tensor([0] * 30 + [1] * 3 + [2] * 7)
    shuffle = BalancedShuffle(labels, seed=2)
    shown = torch.cat([shuffle.at(seen, 9) for seen in range(0, 90, 9)])
    assert torch.bincount(labels[shown]).tolist() == [30, 30, 30]
    assert torch.bincount(shown, minlength=40)[:30].tolist() == [1] * 30  # an epoch of the large class
    assert torch.bincount(shown, minlength=40)[30:33].tolist() == [10] * 3
    assert torch.equal(shuffle.at(4, 10), torch.cat([shuffle.at(4, 3), shuffle.at(7, 7)]))


def test_what_d_sees_is_disturbed_sample_by_sample_and_lets_the_gradient_through() -> None:
    torch.manual_seed(0)
    x = (torch.rand(1, 3, 16, 16) * 2 - 1).repeat(6, 1, 1, 1).requires_grad_()
    for kind in ("colour", "shift", "cutout"):
        seen = diff_augment(x, [kind], wraps=True)
        assert seen.shape == x.shape
        assert len({tuple(one.flatten().tolist()) for one in seen}) == 6
        (slope,) = torch.autograd.grad(seen.square().sum(), x)
        assert slope.abs().sum() > 0
    rolled = diff_augment(x, ["shift"], wraps=True)
    assert torch.equal(rolled.flatten(2).sort().values, x.flatten(2).sort().values)  # nothing is lost around the torus
    moved = diff_augment(torch.ones(50, 3, 16, 16), ["shift"], wraps=False)
    assert {round(value, 3) for value in moved.mean((1, 2, 3)).tolist()} <= {
        round((16 - a) * (16 - b) / 256, 3) for a in range(3) for b in range(3)
    }
    holes = (diff_augment(torch.ones(200, 3, 16, 16), ["cutout"], wraps=False) == 0).float().mean((1, 2, 3))
    assert holes.min() > 0
    assert holes.max() <= 0.25
    assert torch.equal(diff_augment(x, [], wraps=False), x)


def test_augmentation_is_per_sample() -> None:
    torch.manual_seed(0)
    one = torch.arange(16.0).view(1, 1, 4, 4)
    flipped = random_flips(one.repeat(64, 1, 1, 1))
    assert {float(x[0, 0, 0]) for x in flipped} == {0.0, 3.0}
    crops = random_crops(one.repeat(64, 1, 1, 1), 2)
    assert {float(x[0, 0, 0]) for x in crops} == {0, 1, 2, 4, 5, 6, 8, 9, 10}


def test_pictures_shrink_without_aliasing(tmp_path: Path) -> None:
    from PIL import Image

    stripes = np.zeros((224, 224, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than 64 px can show: must become an even grey
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    small = decode([tmp_path / "stripes.png"], 64).float()
    assert small[:, :, :, 4:-4].std() < 3
    assert abs(float(small.mean()) - 127.5) < 2


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "train/a").mkdir(parents=True)
    with pytest.raises(SelvedgeError, match=r"class 'a' is empty: .*train/a holds no picture"):
        load_swatches("train", ["a"], 32, tmp_path)


def test_sheets_have_a_place_for_each_picture() -> None:
    rows = [torch.zeros(3, 3, 8, 8, dtype=torch.uint8), torch.zeros(2, 3, 8, 8, dtype=torch.uint8)]
    assert sheet(rows).size == (3 * 10 + 2, 2 * 10 + 2)


# ---- penalties -----------------------------------------------------------------------------------------------------------


def test_the_penalty_and_its_gradient_are_those_of_a_discriminator_whose_slope_is_known() -> None:
    """D(x) = <w, x>^2 / 2 has the slope <w, x> w: what is differentiated twice can be written down."""

    class Square(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.randn(3 * 4 * 4, dtype=torch.float64))

        def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
            return (x.flatten(1) @ self.w).square() / 2

    torch.manual_seed(0)
    task, _ = pattern_task(penalty=3.0, penalty_every=2)
    task.d = Square()
    real, fake = (torch.randn(5, 3, 4, 4, dtype=torch.float64) for _ in range(2))
    assert task._penalty(1, (real, fake), None) is None  # lazily: every other step, and twice as much then
    found = task._penalty(2, (real, fake), None)
    w = task.d.w.detach().requires_grad_(True)
    slopes = [(x.flatten(1) @ w)[:, None] * w for x in (real, fake)]
    known = 3.0 / 2 * 2 * sum(slope.square().sum(1).mean() for slope in slopes)
    assert float(found.detach()) == pytest.approx(float(known.detach()))
    found.backward()
    known.backward()
    assert torch.allclose(task.d.w.grad, w.grad)
