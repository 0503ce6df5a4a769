"""The commands. The only file of this package that opens rooms, and only when a command needs one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selvedge.errors import SelvedgeError, TryAgain

if TYPE_CHECKING:
    from selvedge.config import Params
    from training.models.bundle import Bundle

app = typer.Typer(
    help="Designs textile patterns with generative networks and puts them on clothes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
params_app = typer.Typer(help="params.yaml: presets, and what each number means.", no_args_is_help=True)
app.add_typer(params_app, name="params")

PASSING = 75  # EX_TEMPFAIL of sysexits.h
PIPED = 10_000  # columns
PIPELINE, USE, KEEP = "The pipeline", "Use the models", "Look after it"
draw_app = typer.Typer(
    help="Textiles and garments drawn by rule, each with a JSON of what is on it.", no_args_is_help=True
)
app.add_typer(draw_app, name="draw", rich_help_panel=USE)
measure_app = typer.Typer(help="The project's measures, on any pictures.", no_args_is_help=True)
app.add_typer(measure_app, name="measure", rich_help_panel=USE)
data_app = typer.Typer(help="What the swatches are, and what goes into them.", no_args_is_help=True)
app.add_typer(data_app, name="data", rich_help_panel=KEEP)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


def _no_file(folder: Path) -> Path:
    """A folder to write: refused before any work where a file is in its way."""
    there = next(path for path in (folder, *folder.absolute().parents) if os.access(path, os.F_OK))
    if not there.is_dir():
        raise SelvedgeError(f"{folder}: cannot be a folder, {there} is a file; name another")
    return folder


def _no_folder(file: Path | None) -> Path | None:
    """A file to write: refused before any work where a folder has its name."""
    if file is not None and os.access(file, os.F_OK) and file.is_dir():
        raise SelvedgeError(f"{file}: is a folder; name a file")
    return file


Out = Annotated[Path, typer.Option(help="Folder to write.", callback=_no_file)]
Inks = Annotated[
    str | None, typer.Option(help='Inks, ground first: "#1b2a49,#f2e9dc"; default: of real cloth, by the seed.')
]


class Network(StrEnum):
    """What can be trained."""

    patterns = "patterns"
    upscaler = "upscaler"
    segmenter = "segmenter"
    classifier = "classifier"


def main() -> None:
    """Run a command; what the user has to mend ends as one line and exit status 1, what may pass by itself as 75."""
    from selvedge import proc

    os.environ.update(proc.QUIET)
    for name, value in proc.THREADS.items():
        os.environ.setdefault(name, value)  # before torch is imported: OpenMP reads it once
    try:
        app()
    except SelvedgeError as error:
        print(f"selvedge: {error}", file=sys.stderr)
        sys.exit(PASSING if isinstance(error, TryAgain) else 1)


@contextmanager
def _resumable() -> Iterator[None]:
    """Ctrl-C ends as one line; typer would swallow it."""
    try:
        yield
    except KeyboardInterrupt:
        raise SelvedgeError("stopped; run the same command to go on") from None


@contextmanager
def _stage(name: str) -> Iterator[Params]:
    """What each stage command begins with: no orphan, one writer (of each number that torchrun gives), checked parameters."""
    from selvedge import config, proc

    proc.die_with_parent()
    params = config.load()
    with proc.only_writer(f"{name}{os.environ.get('RANK', '0').lstrip('0')}"), _resumable():
        yield params


# ---- the pipeline ----------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=PIPELINE)
def init(folder: Annotated[Path, typer.Argument(help="Folder to make a project of; it may exist.")]) -> None:
    """Make a folder a project: params.yaml, presets, dvc.yaml, prefect.yaml, under git and DVC.

    Example: selvedge init my-textiles
    """
    from selvedge import project

    made = project.init(folder)
    typer.echo(f"{folder}: {', '.join(str(path.relative_to(folder)) for path in made)}")
    typer.echo(f"next: cd {folder} && selvedge run")


@app.command(rich_help_panel=PIPELINE)
def run(stage: Annotated[str | None, typer.Option(help="Only this stage and what it needs.")] = None) -> None:
    """Run the whole road as a Prefect flow over the stages of dvc.yaml."""
    from selvedge import config

    config.load()
    from flows.stages import run_pipeline

    with _resumable():
        run_pipeline(stage)


@app.command(rich_help_panel=PIPELINE)
def crawl() -> None:
    """Collect swatch photographs from the sources in params.yaml."""
    with _stage("crawl") as params:
        from scrapers import crawl

        crawl.run(params)


@app.command(rich_help_panel=PIPELINE)
def reconstruct() -> None:
    """Rebuild crops into swatches, a folder a class, split by piece of cloth."""
    with _stage("reconstruct") as params:
        from scrapers import reconstruct

        reconstruct.run(params)


@app.command(rich_help_panel=PIPELINE)
def garments() -> None:
    """Gather garments: items for the catalogue, pairs with masks for the segmenter."""
    with _stage("garments") as params:
        from scrapers import garments

        garments.run(params)


@app.command(rich_help_panel=PIPELINE)
def pin() -> None:
    """Make what is live now the base that trainings begin with; `retrain` does this before it starts."""
    with _stage("base"):
        from selvedge import registry

        pinned = registry.pin_base()
    told = ", ".join(f"{network} {version or 'nothing'}" for network, version in pinned.items())
    typer.echo(f"base: {told} -> {registry.BASE}")


@app.command(rich_help_panel=PIPELINE)
def train(network: Annotated[Network, typer.Argument(help="What to train.")]) -> None:
    """Train a network; the same command goes on where a stopped training was.

    On two processes or GPUs: `torchrun --nproc-per-node 2 -m selvedge train patterns`.
    """
    with _stage(f"train-{network}") as params:
        from training import train

        train.run(network.value, params)


@app.command(rich_help_panel=PIPELINE)
def evaluate() -> None:
    """Measure the trained networks on cloth that they never saw."""
    with _stage("evaluate") as params:
        from training.evaluation import evaluate

        evaluate.run(params)


@app.command(rich_help_panel=PIPELINE)
def register() -> None:
    """Let candidates replace the champion where they are better; keep both in MLflow."""
    with _stage("register") as params:
        from training import register

        register.run(params)


@app.command(rich_help_panel=PIPELINE)
def rollback(
    network: Annotated[str, typer.Argument(help="patterns, upscaler or segmenter.")],
    to: Annotated[
        str | None,
        typer.Option(help="A former version, or how it begins; `shipped`: no champion; default: the last one."),
    ] = None,
    because: Annotated[str, typer.Option(help="The reason, for the ledger and MLflow.")] = "",
) -> None:
    """Bring a former champion back; the gate refuses what was rolled back from then on."""
    with _stage("register") as params:
        from training import register

        typer.echo(register.rollback(network, to=to, why=because, keep=params.gate.keep))
    typer.echo("`dvc repro catalogue` prints the catalogue anew; the gate refuses what was rolled back")


@app.command(rich_help_panel=PIPELINE)
def catalogue(
    seed: Annotated[int | None, typer.Option(help="Another seed gives other patterns; default: params.yaml's.")] = None,
    shard: Annotated[str, typer.Option(help="The i-th of n parts, as i/n, counted from 1.")] = "1/1",
    out: Out = Path("catalogue"),
) -> None:
    """Patterns, tiles, and clothes that wear them, as a page to look at."""
    with _stage(f"catalogue-{out.resolve().name}") as params:
        from inference import catalogue

        catalogue.run(params, seed=seed, shard=shard, out=out)


# ---- use the models ----------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=USE)
def generate(
    cls: Annotated[str, typer.Option("--class", help="The textile class.")],
    n: Annotated[int, typer.Option(min=1, help="How many tiles.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    out: Out = Path("patterns"),
    size: Annotated[
        int | None, typer.Option(help="Pixels a side of one repeat; default: 512 or a little more.")
    ] = None,
    palette: Inks = None,
    repeat: Annotated[str, typer.Option(help="How repeats lie: straight, half-drop or brick.")] = "straight",
    cells: Annotated[int, typer.Option(help="How much cloth goes by before it comes again: 8, 16, 24, ...")] = 8,
    vary: Annotated[
        float,
        typer.Option(min=0, max=1, help="How much cloth of 16 cells and more differs from 8 cells to 8; 0: hardly."),
    ] = 0.5,
    down: Annotated[bool, typer.Option(help="Whether it repeats downwards.")] = True,
    across: Annotated[bool, typer.Option(help="Whether it repeats sideways.")] = True,
    best_of: Annotated[
        int | None,
        typer.Option(min=1, help="Tiles of which the judge chooses each; 1: none; default: 4 if it knows the class."),
    ] = None,
    dpi: Annotated[int, typer.Option(min=1, max=10_000, help="Dots an inch, written into the file.")] = 150,
    upscale: Annotated[bool, typer.Option(help="Enlarge tiles of a generator that cannot print at any size.")] = True,
    model: Annotated[
        Path | None, typer.Option(help="A model directory, of `train-folder` say; default: the live one.")
    ] = None,
) -> None:
    """Generate seamless pattern tiles: a PNG and a JSON each, and a sheet of repeats.

    Example: selvedge generate --class floral --n 12 --size 512 --repeat half-drop --palette "#1b2a49,#f2e9dc" --seed 7
    """
    from inference import patterns

    wish = patterns.Wish(size, _inks(palette), repeat, cells, vary, (down, across), best_of)
    patterns.generate_files(cls, n=n, seed=seed, out=out, wish=wish, upscale=upscale, dpi=dpi, model=model)


@app.command(rich_help_panel=USE)
def train_folder(
    folder: Annotated[Path, typer.Argument(help="Pictures, or a folder of them for each class.")],
    out: Annotated[
        Path, typer.Option(help="Model directory to write; `generate --model` takes it.", callback=_no_file)
    ],
    recipe: Annotated[str, typer.Option(help="plus, or plain: the DCGAN as its paper trained it.")] = "plus",
    each_class: Annotated[bool, typer.Option("--each-class", help="A generator for each class, in OUT/CLASS.")] = False,
    size: Annotated[int, typer.Option(help="Pixels a side of a tile: 32, 64, 128 or 256.")] = 64,
    images: Annotated[int, typer.Option(help="Length of the training, in pictures shown.")] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed trains the same network.")] = 7,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, another number of the recipe; again for more.")
    ] = None,
) -> None:
    """Train a pattern generator on any folder of pictures; the same command goes on where it was stopped.

    Example: selvedge train-folder my-scans --out models/mine --size 64 --images 200000 --set width=32
    """
    from training import folder as any_folder

    given = dict(_setting(word) for word in changes or [])
    with _resumable():
        any_folder.train_folder(
            folder, out, recipe=recipe, each_class=each_class, seed=seed, **{"size": size, "images": images, **given}
        )


def _setting(word: str) -> tuple[str, object]:
    import yaml

    key, equals, value = word.partition("=")
    try:
        if equals:
            return key, yaml.safe_load(value)
    except yaml.YAMLError:
        pass
    raise SelvedgeError(f"--set {word!r}: write KEY=VALUE; `selvedge params explain patterns` names the keys")


@app.command(rich_help_panel=USE)
def walk(
    begin: Annotated[str, typer.Argument(help="CLASS:SEED of the first tile.")],
    end: Annotated[str, typer.Argument(help="CLASS:SEED of the last.")],
    frames: Annotated[int, typer.Option(min=2, help="Tiles, both ends among them.")] = 24,
    palette: Inks = None,
    best_of: Annotated[
        int | None, typer.Option(min=1, help="As in generate: of how many tiles an end is chosen; 1: none.")
    ] = None,
    out: Out = Path("walk"),
) -> None:
    """Walk from one tile to another: a sheet and a GIF.

    Example: selvedge walk floral:7 leaves:12 --frames 24
    """
    from inference import patterns, walk

    wish = patterns.Wish(palette=_inks(palette), best_of=best_of)
    walk.walk_files([_end(begin), _end(end)], frames=frames, out=out, wish=wish)


def _inks(palette: str | None) -> tuple[str, ...] | None:
    return None if palette is None else tuple(word.strip() for word in palette.split(","))


def _end(text: str) -> tuple[str, int]:
    cls, _, seed = text.partition(":")
    if not cls or not seed.isdecimal():
        raise SelvedgeError(f"{text!r}: write CLASS:SEED, for example floral:7")
    return cls, int(seed)


@app.command(rich_help_panel=USE)
def upscale(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: NAME-x4.png beside it.", callback=_no_folder)
    ] = None,
) -> None:
    """Enlarge a tile four times; a seamless tile stays seamless."""
    from inference import upscale

    upscale.upscale_file(image, out or image.with_name(f"{image.stem}-x4.png"))


@app.command("try-on", rich_help_panel=USE)
def try_on(
    tile: Annotated[Path, typer.Argument(help="A pattern tile.")],
    photo: Annotated[Path, typer.Argument(help="A photo of a garment.")],
    mask: Annotated[Path | None, typer.Option(help="White where cloth is; default: the segmenter finds it.")] = None,
    repeats: Annotated[float, typer.Option(min=0.1, help="Times the tile repeats across the garment.")] = 4.0,
    out: Annotated[Path, typer.Option(help="File to write.", callback=_no_folder)] = Path("try-on.png"),
) -> None:
    """Put a pattern onto the garment in a photo; folds and light stay."""
    from inference import composite

    composite.try_on_file(tile, photo, mask=mask, repeats=repeats, out=out)


@draw_app.command("textiles")
def draw_textiles(
    n: Annotated[int, typer.Option(help="How many, 1 or more.")] = 20,
    cls: Annotated[
        list[str] | None,
        typer.Option("--class", help="A textile class; repeat it for several. Default: all ten in turn."),
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="A style of the class, such as ditsy; default: each seed's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The first seed, 0 or more; the same seed gives the same bytes.")] = 0,
    size: Annotated[int, typer.Option(help="Pixels a side, 16 to 8192; a tile is so wide.")] = 512,
    mode: Annotated[
        str, typer.Option(help="scan, photograph, worn, tile (seamless) or flat (its dyes alone).")
    ] = "scan",
    colours: Annotated[
        str,
        typer.Option(help="Up to five trade names or #rrggbb, ground first, with commas; default: a palette a seed."),
    ] = "",
    out: Out = Path("textiles"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Draw textiles: CLASS-SEED.png and .json (attributes, caption) each, and sheet.jpg. What is there is kept.

    Example: selvedge draw textiles --n 20 --class floral --style ditsy --mode tile --colours "navy,#f2e9dc" --out prints
    """
    from drawing import files as drawings

    wanted = [colour.strip() for colour in colours.split(",") if colour.strip()]
    with _resumable():
        drawings.draw_textiles(n, cls or (), seed, out, size, mode, style, wanted, workers)


class Ground(StrEnum):
    """What a drawn garment lies on."""

    plain = "plain"
    busy = "busy"


@draw_app.command("garments")
def draw_garments(
    n: Annotated[int, typer.Option(help="How many, 1 or more.")] = 9,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="t-shirt, shirt, dress ...; repeat it for several. Default: all nine in turn."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same garments, 0 or more.")] = 0,
    size: Annotated[str, typer.Option(metavar="WxH", help="Pixels, 64x64 to 4096x4096.")] = "384x512",
    ground: Annotated[Ground | None, typer.Option(help="What is behind it; default: half and half.")] = None,
    out: Out = Path("garments"),
    workers: Annotated[int, typer.Option(help="Blender processes, 1 to 16; each can use two cores.")] = 2,
) -> None:
    """Draw garments: a photo, its mask, what is true of every pixel, and a JSON each. What is there is kept.

    Example: selvedge draw garments --n 6 --kind dress --kind coat --size 768x1024 --ground busy --out wardrobe
    """
    pixels = _width_and_height(size)
    if seed < 0:
        raise SelvedgeError(f"--seed {seed}: must be 0 or more")
    from drawing.garments import wardrobe

    busy = {None: 0.5, Ground.plain: 0.0, Ground.busy: 1.0}[ground]
    with _resumable():
        wardrobe.draw_garments(n, kind or wardrobe.KINDS, seed, out, pixels, workers, busy=busy)


def _width_and_height(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise SelvedgeError(f"--size {text!r}: give width and height as WxH, such as 384x512")
    if not all(64 <= int(side) <= 4096 for side in (width, height)):
        raise SelvedgeError(f"--size {text!r}: a garment is drawn at 64x64 to 4096x4096 pixels")
    return int(width), int(height)


# ---- measure -------------------------------------------------------------------------------------------------------------


@measure_app.command("sets")
def measure_sets(
    real: Annotated[Path, typer.Argument(help="Folder of real pictures, or of class folders.")],
    fake: Annotated[Path, typer.Argument(help="Folder of the pictures to be measured.")],
    reference: Annotated[
        Path | None, typer.Option(help="More real pictures, for the floor; default: halves of REAL.")
    ] = None,
    extractor: Annotated[
        Path | None,
        typer.Option(
            help="Model directory of a classifier, or torchvision's SqueezeNet 1.0 weights; default: what ships."
        ),
    ] = None,
    inception: Annotated[
        str | None, typer.Option(help="torch-fidelity's Inception weights, a file or `download`: FID proper too.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling.")] = 0,
    resamples: Annotated[int, typer.Option(min=20, help="Bootstrap resamples behind an interval.")] = 200,
    as_json: Json = False,
) -> None:
    """Measure one folder of pictures against another: distances with interval, n and floor; blur, copies, wrong classes.

    Example: selvedge measure sets held-out generated --json
    """
    from training.evaluation import sets

    with _resumable():
        found = sets.measure(
            real,
            fake,
            reference=reference,
            extractor=extractor,
            inception=inception,
            seed=seed,
            resamples=resamples,
        )
    if as_json:
        _print_json(found)
        return
    typer.echo(f"extractor {found['extractor']}")
    _print_rows(sets.rows(found), False)


@measure_app.command("copies")
def measure_copies(
    train: Annotated[Path, typer.Argument(help="Folder of training pictures, or of class folders.")],
    fake: Annotated[Path, typer.Argument(help="Folder of the pictures that may be copies.")],
    held_out: Annotated[
        Path | None, typer.Option(help="Real pictures that are no copies; default: every fifth training picture.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="JPEG to write: the closest pairs.", callback=_no_folder)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the copies that are planted to see what would be found.")] = 0,
    as_json: Json = False,
) -> None:
    """Look for training pictures among others: turned, mirrored, shifted, cropped, recoloured; and say where that cannot be told.

    Example: selvedge measure copies my-scans tiles --sheet closest.jpg
    """
    from selvedge.io import encode_image, write_bytes
    from training.evaluation import find_copies

    with _resumable():
        found, closest = find_copies.find(train, fake, held=held_out, seed=seed)
    if sheet:
        write_bytes(sheet, encode_image(closest, "jpeg"))
    if as_json:
        _print_json(found)
        return
    _print_rows(find_copies.rows(found), False)
    sure = found["decidable"]
    typer.echo(
        f"{found['in_words']}; {sure['suspicious']['share'] or 0:.1%} of {sure['n']} are taken for copies (p {found['p']:.2g})"
    )


@measure_app.command("upscaler")
def measure_upscaler(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of pictures, or of class folders; default: the held-out swatches.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; default: the champion, else what ships.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling.")] = 0,
    as_json: Json = False,
) -> None:
    """Shrink pictures to a quarter and enlarge them again: PSNR beside bicubic's, and the gain, with intervals and n.

    Example: selvedge measure upscaler holiday-photos
    """
    from training.evaluation import networks

    with _resumable():
        _print_scores(networks.upscaler(folder, _network("upscaler", model), seed=seed), as_json)


@measure_app.command("segmenter")
def measure_segmenter(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of NAME.jpg with NAME_mask.png; default: the held-out garments.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; default: the champion, else what ships.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling.")] = 0,
    as_json: Json = False,
) -> None:
    """Find garments in photos and compare with their true masks: IoU, precision, recall, outlines, with intervals and n.

    Example: selvedge measure segmenter my-garments --json
    """
    from training.evaluation import networks

    with _resumable():
        _print_scores(networks.segmenter(folder, _network("segmenter", model), seed=seed), as_json)


def _network(name: str, model: Path | None) -> Bundle:
    """The network in a model directory, else the live one."""
    from inference.live import load_live
    from training.models.bundle import load_bundle

    return load_bundle(model) if model else load_live(name)


def _print_scores(found: dict, as_json: bool) -> None:
    from training.evaluation import networks

    if as_json:
        _print_json(found)
        return
    typer.echo(f"model {found['model']}")
    _print_rows(networks.rows(found), False)


@measure_app.command("palette")
def measure_palette(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    colours: Annotated[str, typer.Option(help='What was asked for: "#1b2a49,#f2e9dc".')],
    as_json: Json = False,
) -> None:
    """How far the main colours of pictures are from those asked for, in CIEDE2000: 1 is just seen, 2 to 3 pass in print.

    Example: selvedge measure palette tiles --colours "#1b2a49,#f2e9dc"
    """
    from training.evaluation import palette

    _print_rows(palette.of_files(pictures, [word.strip() for word in colours.split(",")]), as_json)


# ---- the data ------------------------------------------------------------------------------------------------------------


@data_app.command("card")
def data_card() -> None:
    """Write the data card: counts, licences, colours, sheets, and what was left out (a stage of the pipeline)."""
    with _stage("data-card") as params:
        from scrapers import card

        card.run(params)


@data_app.command("show")
def data_show(browser: Annotated[bool, typer.Option(help="Open it in a browser.")] = True) -> None:
    """Open the data card."""
    from scrapers import card

    page = card.show().resolve()
    typer.echo(page)
    if browser:
        typer.launch(page.as_uri())


@data_app.command("check")
def data_check(
    table: Annotated[Path, typer.Argument(help="A CSV in the clothing-pattern format.")],
    word: Annotated[
        list[str] | None,
        typer.Option(
            help="The table's word for a class, as WORD=CLASS, or WORD= to leave it out; repeat it for several."
        ),
    ] = None,
) -> None:
    """Read a table of addresses as the crawl would, and name every defect by its line; addresses that come again, too.

    Without a params.yaml here any word may be a class. The exit status is 1 for a defect, and for a picture under two classes.

    Example: selvedge data check googleClothingDataset.csv --word "zig zag=zigzag"
    """
    from collections import Counter

    from scrapers.table import decode_table, read_table
    from selvedge import config

    try:
        text = decode_table(table.read_bytes(), str(table))
    except OSError as error:
        raise SelvedgeError(f"{table}: cannot be read ({error.strerror}); name a CSV") from None
    classes = config.load().classes if config.PARAMS.exists() else None
    found = read_table(text, str(table), _words(word or ()), classes)
    again = found.repeats()
    wrong = [repeat for repeat in again if repeat.contradicts]
    for line in _first(repeat for repeat in again if not repeat.contradicts):
        typer.echo(line)
    counts = Counter(row.cls for row in found.rows)
    scales = sum(len(row.scales) for row in found.rows)
    listed = ", ".join(f"{cls} {count:,}" for cls, count in sorted(counts.items()))
    repeated = f", {len(again):,} with an address that comes before" if again else ""
    defects = f"{len(wrong):,} under another class" if wrong else "no defect"
    typer.echo(f"{table}: {len(found.rows):,} rows, {scales:,} scales{repeated}, {defects}: {listed}")
    if wrong:
        end = "a picture has one class: correct a row or take one out, or `selvedge reconstruct` may use neither"
        raise SelvedgeError("\n".join([*_first(wrong), end]))


def _words(pairs: Sequence[str]) -> dict[str, str | None]:
    """WORD=CLASS each -> a source's `words`; WORD= leaves a class out, as null does in params.yaml."""
    for pair in pairs:
        if "=" not in pair:
            raise SelvedgeError(f"--word {pair!r}: write WORD=CLASS, or WORD= to leave it out")
    return {word: cls or None for word, _, cls in (pair.rpartition("=") for pair in pairs)}


def _first(things: Iterable[object], most: int = 50) -> list[str]:
    """The first `most` as lines, and how many more there are."""
    lines = [str(thing) for thing in things]
    return lines[:most] + ([f"and {len(lines) - most:,} more"] if len(lines) > most else [])


@data_app.command("cut-out")
def data_cut_out(
    photos: Annotated[Path, typer.Argument(help="Folder of photos.")],
    boxes: Annotated[Path, typer.Option(help="DeepFashion's list_bbox.txt, or a CSV: file,left,top,right,bottom.")],
    landmarks: Annotated[Path | None, typer.Option(help="DeepFashion's list_landmarks.txt, or a CSV.")] = None,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Side of a cut-out, in pixels.")] = 256,
    out: Out = Path("cut-outs"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Cut garments out of photos by GrabCut: NAME.png on white and NAME_mask.png. What is there is kept.

    The folder can be `garments.source` in params.yaml.
    """
    from scrapers import cutouts
    from selvedge import proc

    found, points = cutouts.read_boxes(boxes), cutouts.read_landmarks(landmarks) if landmarks else None
    with proc.only_writer(f"cut-out-{out.resolve().name}"), _resumable():
        done = cutouts.cut_out_folder(photos, found, out, size, workers or os.cpu_count() or 1, points)
    _print_rows(done.rows(), False)
    for photo, reason in done.errors.items():
        typer.echo(f"{photo}: {reason}", err=True)


@data_app.command("attributes")
def data_attributes(
    path: Annotated[Path, typer.Argument(help="The folder of DeepFashion's or Fashion Product Images' tables.")],
    as_json: Json = False,
) -> None:
    """Read a table of garment attributes and count what is in it; every defect is named by its line."""
    from scrapers import attributes

    _print_rows(attributes.summary(path), as_json)


# ---- look after it -------------------------------------------------------------------------------------------------------


@params_app.command("use")
def params_use(
    name: Annotated[str, typer.Argument(help="A preset: demo, full.")],
    force: Annotated[bool, typer.Option(help="Overwrite an edited params.yaml.")] = False,
) -> None:
    """Copy a preset over params.yaml."""
    from selvedge import config

    config.use(name, force)
    typer.echo(f"params.yaml is now the preset {name}")


@params_app.command("explain")
def params_explain(
    key: Annotated[str, typer.Argument(help="A key or section, such as patterns or crawl.delay_s; default: all.")] = "",
    as_json: Json = False,
) -> None:
    """Say what each number means and which stages it acts on."""
    from selvedge import config

    _print_rows(config.explain(key), as_json)


@app.command(rich_help_panel=KEEP)
def doctor(as_json: Json = False) -> None:
    """Say what is missing here and how to mend it."""
    from selvedge import doctor

    checks = doctor.examine()
    _print_rows([check.row() for check in checks], as_json)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)


@app.command(rich_help_panel=KEEP)
def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on loopback.")] = 5000) -> None:
    """Open MLflow's pages on loopback, to compare runs and models."""
    from selvedge import tracking

    # there are no jobs to run: the eight processes for them make a busy machine wait
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    tracking.serve_ui(port)


@app.command(rich_help_panel=KEEP)
def serve() -> None:
    """Keep the schedules of prefect.yaml: retraining, and the nightly catalogue."""
    from selvedge import config

    config.load()
    from flows.serve import serve_deployments

    serve_deployments()


# ---- what is printed -----------------------------------------------------------------------------------------------------


def _print_json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_rows(rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    """Rows of strings, numbers, None and lists of them, as a table or as JSON; columns of numbers stand to the right."""
    if as_json:
        _print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        counted = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name, overflow="fold", justify="right" if counted else "left")
    for row in rows:
        table.add_row(*(_shown(row.get(name)) for name in names))
    # piped, a table has no width of its own: do not fold it; and what is in brackets is a path or an interval, no style
    wide = None if sys.stdout.isatty() else PIPED
    Console(width=wide, markup=False, emoji=False).print(table)


def _shown(value: object) -> str:
    """A cell: four digits of a number, nothing for None, a list's members with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return str(value)
