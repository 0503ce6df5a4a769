"""The page that a person decides by: every candidate and the champion side by side, from the same latents.

One file without scripts or addresses: pictures are inside it, so that it can be mailed. The same pictures also lie beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from PIL import Image
from torch import Tensor

from selvedge.io import encode_image, look_at_image, write_bytes, write_text
from training.data import GARMENTS, Swatches, sheet, to_bytes, to_unit
from training.evaluation import copies
from training.evaluation.bench import Bench
from training.evaluation.gate import Decision
from training.evaluation.heldout import fitted, one_of_each
from training.evaluation.masks import load_pairs, predict_masks
from training.models.bundle import as_segmenter, as_upscaler, load_bundle
from training.models.srresnet import FACTOR, shrink

COLUMNS = 8  # tiles of a class
ENLARGED = 5  # swatches to show enlarged
SCORES = (
    ("fd", "Frechet distance", "smaller is better; it falls with n"),
    ("fd_infinity", "Frechet distance at infinite n", "smaller is better; where both are alike, it scatters around 0"),
    ("kid", "kernel distance", "smaller is better; where both are alike, it scatters around 0"),
    ("is", "inception score", "larger is better; 1 to the number of classes"),
    ("precision", "precision", "share of tiles that lie among real cloth"),
    ("recall", "recall", "share of real cloth that lies among tiles"),
    ("density", "density", "how thick tiles lie among real cloth; 1 is real"),
    ("coverage", "coverage", "share of real cloth with a tile near by"),
    ("mean_colour_distance", "mean colours apart", "levels of 255"),
    ("sharpness_distance", "sharpness apart", "powers of ten"),
    ("agreement", "the extractor agrees with the class", "larger is better"),
)


@dataclass(frozen=True)
class Entry:
    """A column of the page: a name, the directory of each network, and what was measured of them."""

    name: str
    directories: Mapping[str, Path]
    found: dict


def write(
    out: Path,
    bench: Bench,
    entries: Sequence[Entry],
    known: Mapping[str, bytes] | None = None,
    decisions: Sequence[Decision] = (),
    history: Sequence[dict] = (),
) -> list[str]:
    """Write index.html and its pictures into `out`; returns the pictures' names. `known` pictures are not drawn again."""
    data = dict(known or {})
    for entry in entries:
        _once(data, f"patterns-{entry.name}.jpg", partial(_patterns, bench, entry))
    size, classes = bench.params.evaluation.size, bench.params.classes
    _once(data, "patterns-real.jpg", lambda: _real(bench.held_out, len(classes), size))
    _once(data, "upscaler.png", lambda: _upscalers(bench, [e for e in entries if "upscaler" in e.found]))
    _once(data, "segmenter.jpg", lambda: _segmenters([e for e in entries if "segmenter" in e.found]))
    for name, content in data.items():
        write_bytes(out / name, content)
    html = _template().render(
        entries=entries,
        decisions=decisions,
        history=history,
        classes=classes,
        scores=SCORES,
        columns=COLUMNS,
        in_words=copies.in_words,
        size=size,
        images={name: _uri(name, content) for name, content in data.items()},
        sizes={name: look_at_image(content, name)[:2] for name, content in data.items()},
    )
    write_text(out / "index.html", html)
    return list(data)


def _once(data: dict[str, bytes], name: str, draw: Callable[[], Image.Image]) -> None:
    if name not in data:
        data[name] = encode_image(draw(), "jpeg" if name.endswith(".jpg") else "png")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("training.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _uri(name: str, content: bytes) -> str:
    kind = "jpeg" if name.endswith(".jpg") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


# ---- pictures --------------------------------------------------------------------------------------------------------


def _patterns(bench: Bench, entry: Entry) -> Image.Image:
    """A row a class, from latents that are the same for every generator of that latent size, seen as cloth."""
    bundle = load_bundle(entry.directories["patterns"])
    labels = torch.arange(len(bench.params.classes)).repeat_interleave(COLUMNS)
    tiles = bench.tiles(bundle, labels, bench.params.seed)
    return sheet(bench.windows(bundle, tiles).split(COLUMNS), gap=4)


def _real(held: Swatches, classes: int, size: int) -> Image.Image:
    rows = []
    for label in range(classes):
        mine = held.images[held.labels == label]
        row = mine[torch.linspace(0, len(mine) - 1, min(COLUMNS, len(mine))).long()]
        blank = torch.full((COLUMNS - len(row), 3, size, size), 255, dtype=torch.uint8)
        rows.append(torch.cat([row, blank]))
    return sheet(rows, gap=4)


@torch.no_grad()
def _upscalers(bench: Bench, entries: Sequence[Entry]) -> Image.Image:
    """Swatches: shrunk to a quarter, enlarged by bicubic and by each upscaler, and as they were; detail of 128 pixels."""
    held = one_of_each(("test",), bench.params.classes).images
    chosen = held[torch.linspace(0, len(held) - 1, ENLARGED).long()]
    side = min(128, chosen.shape[-1] // FACTOR * FACTOR)
    real = chosen[:, :, :side, :side]
    low = shrink(to_unit(real))
    rows = [fitted_nearest(to_bytes(low), side), to_bytes(F.interpolate(low, (side, side), mode="bicubic"))]
    networks = [as_upscaler(load_bundle(entry.directories["upscaler"])) for entry in entries]
    rows += [to_bytes(network(low, wrap=False)) for network in networks]
    return sheet([*rows, real], gap=4)


def fitted_nearest(images: Tensor, side: int) -> Tensor:
    """(N, 3, h, h) uint8 -> (N, 3, side, side), each pixel a square."""
    return F.interpolate(images.float(), (side, side), mode="nearest").to(torch.uint8)


def _segmenters(entries: Sequence[Entry]) -> Image.Image:
    """Garments: photo, true mask, and the mask that each segmenter found."""
    rows: list[Tensor] = []
    for entry in entries:
        bundle = load_bundle(entry.directories["segmenter"])
        pairs = load_pairs(GARMENTS / "items", bundle.card["size"])
        images, masks = pairs.images[:9], pairs.masks[:9]
        if not rows:
            rows = [images, masks.expand(-1, 3, -1, -1)]
        found = (predict_masks(as_segmenter(bundle), images).to(torch.uint8) * 255).expand(-1, 3, -1, -1)
        rows.append(fitted(found, rows[0].shape[-1]))
    return sheet(rows, gap=4)
