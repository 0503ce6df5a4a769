"""The commands. The only file of this package that opens rooms, and only when a command needs one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selvedge.errors import SelvedgeError, TryAgain

if TYPE_CHECKING:
    from selvedge.config import Params

app = typer.Typer(
    help="Designs textile patterns with generative networks and puts them on clothes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
params_app = typer.Typer(help="params.yaml: presets, and what each number means.", no_args_is_help=True)
app.add_typer(params_app, name="params")

PASSING = 75  # EX_TEMPFAIL of sysexits.h
PIPELINE, USE, KEEP = "The pipeline", "Use the models", "Look after it"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


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
    """What each stage command begins with: no orphan, one writer, checked parameters."""
    from selvedge import config, proc

    proc.die_with_parent()
    params = config.load()
    with proc.only_writer(name), _resumable():
        yield params


# ---- the pipeline ----------------------------------------------------------------------------------------------------


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
def train(network: Annotated[Network, typer.Argument(help="What to train.")]) -> None:
    """Train a network; the same command goes on where a stopped training was."""
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
def catalogue(
    seed: Annotated[int | None, typer.Option(help="Another seed gives other patterns; default: params.yaml's.")] = None,
    shard: Annotated[str, typer.Option(help="The i-th of n parts, as i/n, counted from 1.")] = "1/1",
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("catalogue"),
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
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("patterns"),
    upscale: Annotated[bool, typer.Option(help="Enlarge each tile four times.")] = True,
) -> None:
    """Generate seamless pattern tiles with the champion: a PNG and a JSON each, and a sheet of repeats."""
    from inference import patterns

    patterns.generate_files(cls, n=n, seed=seed, out=out, upscale=upscale)


@app.command(rich_help_panel=USE)
def upscale(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    out: Annotated[Path | None, typer.Option(help="File to write; default: NAME-x4.png beside it.")] = None,
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
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("try-on.png"),
) -> None:
    """Put a pattern onto the garment in a photo; folds and light stay."""
    from inference import composite

    composite.try_on_file(tile, photo, mask=mask, repeats=repeats, out=out)


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
def ui(port: Annotated[int, typer.Option(help="Port on loopback.")] = 5000) -> None:
    """Open MLflow's pages on loopback, to compare runs and models."""
    from selvedge import tracking

    tracking.serve_ui(port)


@app.command(rich_help_panel=KEEP)
def serve() -> None:
    """Keep the schedules of prefect.yaml: retraining, and the nightly catalogue."""
    from selvedge import config

    config.load()
    from flows.serve import serve_deployments

    serve_deployments()


def _print_rows(rows: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    # piped, a table has no width of its own: do not fold it
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
