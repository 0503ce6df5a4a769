"""Two processes on one machine: the same weights in both, an exact resume, and the step that one process would take."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from selvedge.errors import SelvedgeError
from training import distributed

SCRIPT = """
import json, pathlib, sys, torch
sys.path.insert(0, {tests!r})
torch.set_num_threads(1)
from test_training import CPU, WAVES, checkpoint, loop, pattern_task
from training import distributed
for kind, changes in (("dcgan", {{}}), ("waves", WAVES)):
    for folder, stop in (("whole", None), ("parts", 16), ("parts", None)):
        task, settings = pattern_task(**changes)
        loop.train(task, settings, seed=5, directory=pathlib.Path({out!r}, kind, folder), device=CPU, stop_at=stop)
        digests = {{name: checkpoint.digest(module.state_dict()) for name, module in
                   (("g", task.g), ("d", task.d), *(("ema " + n, average) for n, average in task.ema.items()))}}
        print(json.dumps(["said", kind, folder, distributed.rank(), digests]), flush=True)
distributed.leave()
"""


def test_both_hold_the_same_weights_and_a_resumed_run_is_the_same_run(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parent), out=str(tmp_path)))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    said = {}
    for found in re.findall(r'\["said".*?\}\]', done.stdout):
        _, kind, folder, rank, digests = json.loads(found)
        said[kind, folder, rank] = digests  # of "parts" the last: it was resumed
    assert len(said) == 8
    for kind in ("dcgan", "waves"):
        whole = said[kind, "whole", 0]
        assert whole["g"] != whole["d"]
        assert all(said[kind, folder, rank] == whole for folder in ("whole", "parts") for rank in (0, 1))
        assert len(list((tmp_path / kind / "whole/samples").glob("*.png"))) == 3  # by the first alone


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "size", lambda: 3)
    with pytest.raises(SelvedgeError, match="batch 8 cannot be shared out among 3 processes; take a multiple of 3"):
        distributed.share(8)


def test_alone_nothing_is_averaged() -> None:
    layer = torch.nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    before = layer.weight.grad.clone()
    distributed.average_gradients(layer.parameters())
    assert torch.equal(layer.weight.grad, before)
    values = {"loss": torch.tensor(2.0)}
    assert distributed.average(values) is values
    assert (distributed.rank(), distributed.size(), distributed.share(7)) == (0, 1, 7)
