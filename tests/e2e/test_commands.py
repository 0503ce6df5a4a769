"""Every command as a user types it: what it prints, which files it writes, and one line where something wrong is typed."""

from __future__ import annotations

import ast
import inspect
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing
import urllib.request
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import test_road
import yaml
from helpers import ROOT, small_params
from PIL import Image
from typer.main import get_command

from selvedge import cli, doctor, proc
from selvedge.io import open_image

ROOMS = ("selvedge", "scrapers", "training", "inference", "flows", "drawing")
COLUMNS = "Class Name,URL,Original Width,Original Height,Crop X,Crop Y,Crop Width,Crop Height,Scales"


# ---- how commands are typed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What came of a line: exit status, standard output and error."""

    status: int
    out: str
    err: str


def typed(line: str, folder: Path) -> Typed:
    """Type `selvedge LINE` in `folder`: the command's own `main`, in this process, for torch is opened once then."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, chdir(folder), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["selvedge", *shlex.split(line)])
        patch.setattr(proc, "LIBC", None)  # or a stage would ask that this process die with the shell that began it
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
    return Typed(status, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Example:
    """A line, what it prints, and the files that it writes: {path: size of the picture, or None}."""

    line: str
    says: tuple[str, ...] = ()
    writes: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    status: int = 0

    def check(self, folder: Path) -> Typed:
        """Type it and see that all of this is so."""
        for path in self.writes:
            assert not (folder / path).exists(), f"{path} is there before"
        done = typed(self.line, folder)
        assert done.status == self.status, done.err
        for text in self.says:
            assert text in done.out + done.err, f"{self.line}: no {text!r} in {done.out}{done.err}"
        for path, size in self.writes.items():
            assert (folder / path).stat().st_size
            assert size is None or open_image(folder / path).size == size, path
        return done


@cache
def commands() -> dict[str, typing.Any]:
    """Every command by its words, `measure palette` say."""
    found, todo = {}, [("", get_command(cli.app))]
    while todo:
        words, command = todo.pop()
        if hasattr(command, "commands"):
            todo += [(f"{words} {name}".strip(), inner) for name, inner in command.commands.items()]
        else:
            found[words] = command
    return found


def command_of(words: list[str]) -> str | None:
    """The command that a line's words begin with."""
    known = commands()
    return next((name for n in (2, 1) if (name := " ".join(words[:n])) in known), None)


# ---- material --------------------------------------------------------------------------------------------------------


def cloth(seed: int, side: int = 48) -> Image.Image:
    cells = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC)


def pictures(folder: Path, seeds: range, side: int = 48) -> None:
    folder.mkdir(parents=True)
    for seed in seeds:
        cloth(seed, side).save(folder / f"{seed:03d}.png")


def garment(folder: Path, name: str, wide: int) -> None:
    """A photo of 64x64 whose left `wide` columns are a garment, and its mask."""
    folder.mkdir(parents=True, exist_ok=True)
    photo, mask = cloth(wide, 64), Image.new("L", (64, 64))
    photo.paste((170, 40, 50), (0, 0, wide, 64))
    mask.paste(255, (0, 0, wide, 64))
    photo.save(folder / f"{name}.png")
    mask.save(folder / f"{name}_mask.png")


def save_segmenter(folder: Path) -> None:
    """A segmenter that takes all of a picture for cloth."""
    import torch

    from training.models.bundle import save_bundle
    from training.models.unet import GarmentUNet

    network = GarmentUNet()
    last = network.net.segmentation_head[0]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.fill_(1.0)
    save_bundle(folder, network, family="unet", arguments={}, size=64)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """OpenCV's threads do not survive a fork, and `data cut-out` forks; in a user's process none have been started by then."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@pytest.fixture(scope="module", autouse=True)
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An MLflow store for all of them: a new one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db")
        yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no project, with a designer's pictures and tables, and a segmenter, since none ships."""
    desk = tmp_path_factory.mktemp("desk")
    for number, (name, cls) in enumerate((f, c) for f in ("real", "generated") for c in ("striped", "dotted")):
        pictures(desk / f"{name}-pictures/{cls}", range(100 * number, 100 * number + 16), 32)
    pictures(desk / "photos", range(4))
    pictures(desk / "scans", range(12), 32)
    cloth(1, 16).save(desk / "tile.png")
    Image.new("RGB", (16, 16), (27, 42, 73)).save(desk / "navy.png")
    garment(desk / "my-garments", "coat", 32)
    garment(desk / "my-garments", "vest", 16)
    save_segmenter(desk / "models/champion/segmenter")
    row = "dotted,http://example.org/{}.jpg,640,480,0,0,{},400,0.79;1.58"
    rows = [row.format("a", 400), row.format("b", 400), row.format("a", 300)]
    (desk / "table.csv").write_text("\n".join([COLUMNS, *rows]))
    (desk / "boxes.csv").write_text(
        "file,left,top,right,bottom\ncoat.png,0,2,40,62\nvest.png,0,2,24,62\nnone.png,0,0,9,9\n"
    )
    from scrapers.attributes import STYLES

    shirt = "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Shirt"
    (desk / "products").mkdir()
    (desk / "products/styles.csv").write_text(f"{','.join(STYLES)}\n{shirt}\n")
    return desk


# ---- what is typed where no project is --------------------------------------------------------------------------------

DESK = (
    Example(
        "generate --class floral --n 2 --size 64 --repeat half-drop --palette '#1b2a49,#f2e9dc' --seed 3 --out patterns",
        ("generate: 2 floral tiles of 128x64", "patterns/sheet.png"),
        {"patterns/floral-3.png": (128, 64), "patterns/floral-4.json": None, "patterns/sheet.png": None},
    ),
    Example(
        "walk floral:7 leaves:12 --frames 3 --best-of 1",
        ("walk: 3 frames -> walk",),
        {"walk/walk.png": None, "walk/walk.gif": (192, 192), "walk/walk.json": None},
    ),
    Example("upscale tile.png", ("-> tile-x4.png, 64x64",), {"tile-x4.png": (64, 64)}),
    Example(
        "try-on tile.png my-garments/coat.png --mask my-garments/coat_mask.png --repeats 2 --out worn.jpg",
        ("try-on: tile.png on my-garments/coat.png, 2 repeats across -> worn.jpg",),
        {"worn.jpg": (64, 64)},
    ),
    Example("try-on tile.png my-garments/coat.png", ("-> try-on.png",), {"try-on.png": (64, 64)}),
    Example(
        "train-folder scans --out models/mine --size 32 --images 16 --set width=4 --set batch=4",
        ("mine: 10 pictures of scans", "16/16 images", "-> models/mine; look at models/mine/samples.png"),
        {"models/mine/weights.safetensors": None, "models/mine/card.json": None, "models/mine/samples.png": None},
    ),
    Example(
        "draw textiles --n 2 --class dotted --class striped --size 32 --mode tile --colours 'navy,#f2e9dc' --workers 1",
        ("textiles: 2 in textiles, 0 of them kept",),
        {"textiles/dotted-00000.png": (32, 32), "textiles/striped-00000.json": None, "textiles/sheet.jpg": None},
    ),
    Example(
        "draw garments --n 1 --kind dress", ("the drawing interpreter is not there; run `make drawing`",), status=1
    ),
    Example("measure sets real-pictures generated-pictures", ("extractor pattern@", "fd_pattern", "real against real")),
    Example("measure sets real-pictures generated-pictures --resamples 20 --json", ('"kid_pattern"',)),
    Example(
        "measure copies scans photos --sheet closest.jpg",
        ("cannot be told", "copies: nothing could be decided (1 of 1 classes undecidable); 0.0% of 0"),
        {"closest.jpg": None},
    ),
    Example("measure copies scans photos --json", ('"in_words": "copies: nothing could be decided',)),
    Example("measure upscaler photos", ("model ", "psnr_y_bicubic", "gain", " dB")),
    Example("measure upscaler photos --json", ('"psnr_y"',)),
    Example("measure segmenter my-garments", ("iou", "0.375", "0.250, vest.png")),
    Example("measure segmenter my-garments --json", ('"boundary_f"',)),
    Example("measure palette navy.png --colours '#1b2a49,#f2e9dc'", ("#1b2a49 (100%) for #1b2a49",)),
    Example("measure palette navy.png photos --colours '#1b2a49' --json", ('"worst": 0.0',)),
    Example(
        "data check table.csv",
        (
            "table.csv, line 4: the picture of line 2 again, as dotted too; the same size; "
            "crop 300x400 at 0,0, there 400x400 at 0,0\n",
            "table.csv: 3 rows, 6 scales, 1 with an address that comes before, no defect: dotted 3\n",
        ),
    ),
    Example(
        "data cut-out my-garments --boxes boxes.csv --size 32 --workers 1 --out cut-outs",
        ("cut out       2", "errors        1", "none.png: cannot be read"),
        {"cut-outs/coat.png": (32, 32), "cut-outs/vest_mask.png": (32, 32), "cut-outs/index.csv": None},
    ),
    Example("data attributes products", ("layout", "Fashion Product Images", "Shirts")),
    Example("data attributes products --json", ('"what": "layout"',)),
    Example(
        "init my-textiles",
        ("my-textiles: params.yaml, ", "next: cd my-textiles && selvedge run"),
        {"my-textiles/params.yaml": None, "my-textiles/dvc.yaml": None, "my-textiles/.dvc/config": None},
    ),
    Example("params explain patterns.lr_g", ("Adam's learning rate of G",)),
    Example(
        "doctor", ("no project lies in this folder", "there is no dvc.yaml in", "models/champion/segmenter, "), status=1
    ),
)

# ---- what is typed in a project: one line after another ----------------------------------------------------------------

ROAD = (
    Example("params explain reconstruct.format", ("jpeg is quality 95, 4:4:4", "reconstruct", "jpeg")),
    Example("params explain patterns --json", ('"key": "patterns.lr_g"', '"acts on": "train-patterns"')),
    Example("params use full", ("params.yaml was edited and would be lost",), status=1),
    Example("crawl", ("crawl: mine: 30 new pictures",), {"data/raw/manifest.csv": None, "metrics/crawl.json": None}),
    Example("reconstruct", ("reconstruct: train 15 of 15 cloths",), {"data/swatches/index.csv": None}),
    Example("data card", ("-> reports/generated/data/index.html",), {"reports/generated/data/index.html": None}),
    Example("data show --no-browser", ("reports/generated/data/index.html\n",)),
    Example("garments", ("garments: 1 items, 1 for training",), {"data/garments/items/vest.png": (64, 64)}),
    Example("train upscaler", ("upscaler: 16/16 images",), {"models/upscaler/card.json": None}),
    Example("measure upscaler --model models/upscaler", ("psnr_y_bicubic",)),  # of the held-out swatches
    Example(
        "catalogue --seed 3 --out shown",
        ("catalogue: 3 patterns made, on 1 garments -> shown/index.html",),
        {"shown/index.html": None, "shown/patterns/floral-01/vest.jpg": (64, 64)},
    ),
    Example("catalogue --seed 3 --shard 1/3 --out shown", ("catalogue: 0 patterns made, 1 were there",)),
    Example("pin", ("base: patterns ", "-> models/base"), {"models/base/upscaler/base.json": None}),
    Example("rollback upscaler --to shipped --because moire", ("shipped weights live again", "(moire)")),
    Example("params use full --force", ("params.yaml is now the preset full",)),
)

# ---- what is typed in other files: this takes minutes, or is a server --------------------------------------------------

# command -> the file of the test that starts it
ELSEWHERE = {
    "run": "flows/conftest.py",  # the fixture of test_pipeline.py
    "serve": "flows/test_schedules.py",
    "draw garments": "unit/test_drawings.py",
    "ui": "e2e/test_commands.py",
}
# stages that `dvc repro` types, all the way down the road of test_road.py
STAGES = ("evaluate", "register")


def test_every_command_is_typed_by_a_test() -> None:
    works = [example.line for example in (*DESK, *ROAD) if not example.status]
    here = {command_of(shlex.split(line)) for line in works} | {"doctor"}  # whose status says what is missing here
    assert commands().keys() - here - ELSEWHERE.keys() - set(STAGES) == set()
    for measure in (name for name in commands() if name.startswith("measure ")):
        typed_as = {line.endswith(" --json") for line in works if line.startswith(f"{measure} ")}
        assert typed_as == {True, False}, f"{measure} is typed for a table and for JSON"


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_is_typed_elsewhere_is_typed_there(command: str) -> None:
    words, tree = command.split(), ast.parse((ROOT / "tests" / ELSEWHERE[command]).read_text())
    lists = [
        [getattr(word, "value", None) for word in node.elts] for node in ast.walk(tree) if isinstance(node, ast.List)
    ]
    assert any(line[i : i + len(words)] == words for line in lists for i in range(len(line)))


@pytest.mark.parametrize("stage", STAGES)
def test_what_dvc_types_is_a_stage_of_the_road(stage: str) -> None:
    assert yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]["cmd"] == f"selvedge {stage}"
    assert stage in test_road.STAGES


@pytest.mark.parametrize("example", DESK, ids=lambda example: example.line)
def test_a_command_does_what_it_says(desk: Path, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELVEDGE_DRAW_PYTHON", "no/such/python")
    said = {"kept": [0], "gpu": None, "threads": 2, "versions": "torch 2"}
    monkeypatch.setattr(doctor, "TORCH", f"print({json.dumps(json.dumps(said))})")  # test_doctor.py asks torch itself
    done = example.check(desk)
    if example.line.endswith("--json"):
        assert json.loads(done.out)


def test_a_project_goes_from_pictures_to_a_catalogue(tmp_path: Path) -> None:
    source = {"kind": "folder", "name": "mine", "path": "cloth", "licence": "MIT"}
    params = small_params(
        crawl={"sources": [source]},
        garments={"source": {"kind": "folder", "path": "my-garments", "licence": "MIT"}},
        catalogue={"best_of": 1},
    )
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    shutil.copytree(ROOT / "params", tmp_path / "params")
    for number, cls in enumerate(params["classes"]):
        pictures(tmp_path / f"cloth/{cls}", range(100 * number, 100 * number + 10), 96)
    for name, wide in (("coat", 32), ("vest", 16)):
        garment(tmp_path / "my-garments", name, wide)
    for example in ROAD:
        if example.line.startswith("rollback"):
            shutil.copytree(tmp_path / "models/upscaler", tmp_path / "models/champion/upscaler")
        example.check(tmp_path)
    assert not (tmp_path / "models/champion/upscaler").exists()
    assert "moire" in (tmp_path / "models/history/promotions.jsonl").read_text()
    assert (tmp_path / "params.yaml").read_bytes() == (tmp_path / "params/full.yaml").read_bytes()


def test_a_table_shows_numbers_short_and_to_the_right_and_leaves_brackets_alone(capsys: pytest.CaptureFixture) -> None:
    rows = [
        {"file": "[bold]/a.png", "mean": 0.123456, "n": 1234567, "found": ["red", 2.5], "low": None},
        {"file": "b.png", "mean": 12345.6, "n": 8, "found": [], "low": 1.0},
    ]
    cli._print_rows(rows, False)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "file            mean          n  found     low",
        "[bold]/a.png  0.1235  1,234,567  red, 2.5",
        "b.png         12,346          8              1",
    ]


def test_a_table_that_is_piped_is_not_folded() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "selvedge", "params", "explain", "reconstruct"],
        cwd=ROOT,
        env=proc.environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line for line in done.stdout.splitlines() if line.startswith("reconstruct.")]
    assert len(rows) + 1 == len(done.stdout.splitlines())  # and the header
    assert max(map(len, rows)) > 120


# ---- what is said in a folder without a project -------------------------------------------------------------------------

OF_A_PROJECT = (
    *("crawl", "reconstruct", "garments", "train patterns", "evaluate", "register", "catalogue", "run", "serve"),
    *("rollback patterns", "data card", "params use demo"),
)


@pytest.mark.parametrize("line", OF_A_PROJECT)
def test_without_a_project_a_command_says_so_and_advises_nothing_that_fails(line: str, tmp_path: Path) -> None:
    done = typed(line, tmp_path)
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "no project lies in this folder" in done.err
    assert "params use" not in done.err
    assert not list(tmp_path.iterdir())


def test_where_presets_are_they_are_the_advice(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "params", tmp_path / "params")
    done = typed("crawl", tmp_path)
    assert "`selvedge params use demo` writes good ones" in done.err
    assert typed("params use demo", tmp_path).status == 0
    assert typed("params explain seed", tmp_path).status == 0


# ---- wrong things ------------------------------------------------------------------------------------------------------

MISSING = "missing"
EMPTY = "empty"  # a folder
NOTES = "notes.png"  # a text
SPOILT = "spoilt"  # a folder of a text that is called a picture
WRONG = {
    "picture": (MISSING, EMPTY, NOTES),
    "pictures": (MISSING, EMPTY, NOTES, SPOILT),  # a folder of them
    "model": (MISSING, EMPTY, NOTES),
    "table": (MISSING, EMPTY, "tile.png"),
    "out folder": (NOTES, f"{NOTES}/below"),
    "out file": (EMPTY,),
}
PATHS = {
    "init": {"folder": ("out folder", "init {}")},
    "catalogue": {"out": ("out folder", "catalogue --out {}")},
    "generate": {
        "out": ("out folder", "generate --class floral --out {}"),
        "model": ("model", "generate --class floral --model {}"),
    },
    "train-folder": {
        "folder": ("pictures", "train-folder {} --out new"),
        "out": ("out folder", "train-folder scans --out {}"),
    },
    "walk": {"out": ("out folder", "walk floral:7 leaves:12 --out {}")},
    "upscale": {"image": ("picture", "upscale {}"), "out": ("out file", "upscale tile.png --out {}")},
    "try-on": {
        "tile": ("picture", "try-on {} tile.png"),
        "photo": ("picture", "try-on tile.png {}"),
        "mask": ("picture", "try-on tile.png tile.png --mask {}"),
        "out": ("out file", "try-on tile.png tile.png --out {}"),
    },
    "draw textiles": {"out": ("out folder", "draw textiles --n 1 --size 16 --out {}")},
    "draw garments": {"out": ("out folder", "draw garments --n 1 --out {}")},
    "measure sets": {
        "real": ("pictures", "measure sets {} photos"),
        "fake": ("pictures", "measure sets photos {}"),
        "reference": ("pictures", "measure sets photos photos --reference {}"),
        "extractor": ("model", "measure sets photos photos --extractor {}"),
        "inception": ("table", "measure sets photos photos --inception {}"),
    },
    "measure copies": {
        "train": ("pictures", "measure copies {} photos"),
        "fake": ("pictures", "measure copies photos {}"),
        "held_out": ("pictures", "measure copies photos photos --held-out {}"),
        "sheet": ("out file", "measure copies scans photos --sheet {}"),
    },
    "measure upscaler": {
        "folder": ("pictures", "measure upscaler {}"),
        "model": ("model", "measure upscaler photos --model {}"),
    },
    "measure segmenter": {
        "folder": ("pictures", "measure segmenter {}"),
        "model": ("model", "measure segmenter my-garments --model {}"),
    },
    "measure palette": {"pictures": ("pictures", "measure palette {} --colours '#ffffff'")},
    "data check": {"table": ("table", "data check {}")},
    "data cut-out": {
        "photos": ("pictures", "data cut-out {} --boxes boxes.csv --out cut"),
        "boxes": ("table", "data cut-out photos --boxes {} --out cut"),
        "landmarks": ("table", "data cut-out photos --boxes boxes.csv --landmarks {} --out cut"),
        "out": ("out folder", "data cut-out photos --boxes boxes.csv --out {}"),
    },
    "data attributes": {"path": ("table", "data attributes {}")},
}
MISTAKES = [
    (line.format(shlex.quote(wrong)), wrong)
    for options in PATHS.values()
    for kind, line in options.values()
    for wrong in WRONG[kind]
]


def test_every_path_that_a_command_takes_is_typed_wrongly() -> None:
    takes = {}
    for name, command in commands().items():
        hints = typing.get_type_hints(inspect.unwrap(command.callback), vars(cli) | {"Params": None})
        if paths := {option for option, hint in hints.items() if Path in (hint, *_parts(hint))}:
            takes[name] = paths
    takes["measure sets"].add("inception")  # a file, or the word `download`
    assert {name: set(options) for name, options in PATHS.items()} == takes


def _parts(hint: typing.Any) -> Iterator[typing.Any]:
    for part in typing.get_args(hint):
        yield part
        yield from _parts(part)


@pytest.mark.parametrize(("line", "wrong"), MISTAKES, ids=lambda text: text)
def test_a_wrong_path_ends_as_one_line_that_names_it(desk: Path, tmp_path: Path, line: str, wrong: str) -> None:
    for name in ("photos", "scans", "my-garments", "tile.png", "boxes.csv", "models"):
        (tmp_path / name).symlink_to(desk / name)
    (tmp_path / EMPTY).mkdir()
    (tmp_path / SPOILT).mkdir()
    (tmp_path / NOTES).write_text("no picture\n")
    shutil.copy(tmp_path / NOTES, tmp_path / SPOILT / "a.png")
    before = {path.name for path in tmp_path.iterdir()}
    done = typed(line, tmp_path)
    assert done.status == 1
    assert done.err.startswith("selvedge: ")
    assert wrong in done.err
    assert done.err.count("\n") == 1 or "\nmend these files or take them out\n" in done.err
    assert {path.name for path in tmp_path.iterdir()} - before <= {"runs", "cut"}  # no output of a failed command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("generate --class nope", "the generator knows no class 'nope'"),
        ("generate --class floral --palette ''", "ink '': write it as '#rrggbb'"),
        ("generate --class floral --model {shipped}/upscaler", "the model is a srresnet, no pattern generator"),
        ("measure upscaler photos --model {shipped}/patterns", "the model is a screens, no upscaler"),
        ("measure segmenter photos --model {shipped}/upscaler", "the model is a srresnet, no segmenter"),
        (
            "measure sets photos photos --extractor {shipped}/patterns",
            "patterns: the model is a screens, no classifier",
        ),
        ("measure palette photos --colours red", "colour 'red': write it as '#rrggbb'"),
        ("train-folder scans --out new --set width", "--set 'width': write KEY=VALUE"),
        ("train-folder scans --out new --set width=[", "--set 'width=[': write KEY=VALUE"),
        ("train-folder photos --out new", "class 'photos' has 4 pictures"),
        ("walk floral:7 leaves", "'leaves': write CLASS:SEED"),
        ("data check table.csv --word dotted", "--word 'dotted': write WORD=CLASS"),
        ("data check table.csv --word dotted=", "table.csv: holds no rows"),
        ("params explain patterns.lrg", "did you mean 'patterns.lr_g'?"),
        ("data show", "run `selvedge data card` first"),
    ],
)
def test_other_mistakes_are_named_too(desk: Path, line: str, says: str) -> None:
    done = typed(line.format(shipped=ROOT / "inference/weights"), desk)
    assert done.status == 1
    assert done.err.startswith("selvedge: ")
    assert done.err.count("\n") == 1
    assert says in done.err


def test_what_cannot_be_an_option_is_a_matter_of_use(tmp_path: Path) -> None:
    for line in ("ui --port 0", "ui --port 99999", "generate --class floral --dpi 99999", "train loom", "weave"):
        done = typed(line, tmp_path)
        assert done.status == 2, line
        assert "Traceback" not in done.err


def test_without_a_segmenter_try_on_asks_for_a_mask(desk: Path, tmp_path: Path) -> None:
    shutil.copy(desk / "tile.png", tmp_path)
    done = typed("try-on tile.png tile.png", tmp_path)
    assert done.status == 1
    assert "tile.png: no segmenter is here to find its garment: give a mask, white where cloth is" in done.err
    assert "there is no model for segmenter" in typed("measure segmenter", tmp_path).err


# ---- a table of addresses ----------------------------------------------------------------------------------------------


def check(tmp_path: Path, *rows: str, options: str = "") -> Typed:
    (tmp_path / "t.csv").write_text("\n".join([COLUMNS, *rows]))
    return typed(f"data check t.csv {options}", tmp_path)


def test_a_picture_under_two_classes_is_an_error_and_a_picture_twice_is_a_note(tmp_path: Path) -> None:
    row = "{},http://example.org/{}.jpg,640,480,0,0,{},400,0.79"
    done = check(
        tmp_path, row.format("solid", "a", 400), row.format("solid", "a", 300), row.format("striped", "a", 400)
    )
    assert done.status == 1
    assert done.out.splitlines() == [
        "t.csv, line 3: the picture of line 2 again, as solid too; the same size; "
        "crop 300x400 at 0,0, there 400x400 at 0,0",
        "t.csv: 3 rows, 3 scales, 2 with an address that comes before, 1 under another class: solid 2, striped 1",
    ]
    assert done.err.splitlines() == [
        "selvedge: t.csv, line 4: the picture of line 2 again, under another class, striped, there solid; "
        "the same size; the same crop",
        "a picture has one class: correct a row or take one out, or `selvedge reconstruct` may use neither",
    ]
    assert check(tmp_path, row.format("solid", "a", 400), row.format("solid", "a", 300)).status == 0


def test_a_flood_of_notes_is_cut(tmp_path: Path) -> None:
    rows = [f"solid,http://example.org/a.jpg,640,480,0,0,{400 - k},400,0.79" for k in range(60)]
    done = check(tmp_path, *rows)
    assert len(done.out.splitlines()) == 50 + 2
    assert "\nand 9 more\nt.csv: 60 rows" in done.out


def test_words_are_free_without_parameters_and_those_of_params_yaml_with_them(tmp_path: Path) -> None:
    row = "zig zag,http://example.org/a.jpg,640,480,0,0,400,400,0.79"
    assert check(tmp_path, row).out.endswith("no defect: zig zag 1\n")
    assert check(tmp_path, row, options="--word 'zig zag=zigzag'").out.endswith("no defect: zigzag 1\n")
    assert "line 2: class '' is no word; name one" in check(tmp_path, row.removeprefix("zig zag")).err
    shutil.copy(ROOT / "params.yaml", tmp_path)
    done = check(tmp_path, row)
    assert done.status == 1
    assert "line 2: class 'zig zag' is none of params.yaml's" in done.err
    assert check(tmp_path, row, options="--word 'zig zag=zigzag'").status == 0


# ---- what help and README say ------------------------------------------------------------------------------------------


def of_help() -> list[str]:
    """The examples in the commands' help."""
    return [line for command in commands().values() for line in re.findall(r"Example: selvedge (.+)", command.help)]


def of_readme() -> list[str]:
    """The lines of README's sh blocks that type `selvedge`."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [part.strip() for block in blocks for line in block.splitlines() for part in line.split("&&")]
    return [line.removeprefix("selvedge ") for line in lines if line.startswith("selvedge ")]


@pytest.mark.parametrize("line", [*of_help(), *of_readme()])
def test_an_example_is_a_line_that_the_parser_takes(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)
    name = command_of(words)
    assert name, f"there is no command in {line!r}"
    commands()[name].make_context(name, words[len(name.split()) :])


def advice() -> list[tuple[str, str]]:
    """What messages, help and README write as `selvedge ...`: where, and the words."""
    files = [ROOT / "README.md", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
    return [
        (str(file.relative_to(ROOT)), words)
        for file in files
        for words in re.findall(r"`selvedge ([^`\n]+)`", file.read_text())
    ]


def test_what_is_advised_exists() -> None:
    groups = {name.split()[0] for name in commands() if " " in name}
    wrong = []
    for file, line in advice():
        words = line.replace("'", "").split()
        name = command_of(words)
        if name is None and not (words[0] in groups and (len(words) == 1 or "{" in words[1] or "|" in words[1])):
            wrong.append(f"{file}: `selvedge {line}`: no such command")
            continue
        known = {opt for p in commands()[name].params for opt in (*p.opts, *p.secondary_opts)} if name else set()
        wrong += [
            f"{file}: `selvedge {line}`: no option {word}"
            for word in words
            if word.startswith("--") and word.split("=")[0].rstrip("]") not in known
        ]
    assert not wrong, "\n".join(wrong)


# ---- a server ----------------------------------------------------------------------------------------------------------


def test_ui_answers_on_loopback_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mark = f"of-{tmp_path.name}-{port}"
    log = tmp_path / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "selvedge", "ui", "--port", str(port)],
            cwd=tmp_path,
            env={**proc.environment(), "SELVEDGE_TEST": mark},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        said = wait_for("Ctrl-C ends it", log, server, patience=120)
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=30).read().decode()
    finally:
        os.killpg(server.pid, signal.SIGINT)  # as the terminal does
        server.wait(timeout=30)
    assert f"http://127.0.0.1:{port}/#/experiments/" in said
    assert "MLflow" in page
    assert not processes_of(mark, patience=30)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def wait_for(words: str, log: Path, server: subprocess.Popen, patience: float) -> str:
    """What a server has written as soon as `words` stand in it."""
    end = time.monotonic() + patience
    while words not in (said := log.read_text()):
        assert server.poll() is None and time.monotonic() < end, said
        time.sleep(0.1)
    return said


def processes_of(mark: str, patience: float) -> list[str]:
    """Processes whose environment holds `mark` and that do not end within `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark.encode() in environ.read_bytes():
                    found.append(environ.with_name("cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.2)
