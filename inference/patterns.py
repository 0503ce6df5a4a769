"""Pattern tiles from the live generator: one latent a seed, so a seed names a tile for good.

A generator of screens (`training/models/screens.py`) prints a tile at any size, in any palette; the others make tiles of one size
in colours of their own, which an upscaler enlarges four times. All of them repeat straight, by half drop or as bricks.

A GAN's tiles come out more or less well, so a seed may stand for a few latents, of which the judge, the classifier that ships,
chooses the tile that it takes most surely for its class (rejection by a classifier: Razavi et al. 2019, section 3.3).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from inference import pictures
from inference.judge import Judge
from inference.live import load_live
from inference.upscale import upscale as enlarge
from selvedge.errors import SelvedgeError
from selvedge.io import sha256_bytes, write_bytes, write_json
from training.data import sheet, to_bytes, to_image
from training.models.bundle import Bundle, as_generator, as_upscaler, load_bundle
from training.models.screens import CELLS, CRISP, INKS, STRIDE, Screens, filled, poured, separated
from training.models.torus import LAYOUTS, repeated

DPI = 150
SEEDS = 2**63
PRINTED = 512  # pixels a side of a printed tile, or as few more as make whole cells, unless another size is asked for
MOST_CELLS, MOST_PIXELS = 64, 4096
VARY = 0.5  # straight stripes, new motifs: at 1 flowers and zigzags begin to tear
BEST_OF, MOST_LATENTS = 4, 64  # latents that a seed stands for where nothing else is said, and at most
SHEET_COLUMNS, SHEET_TILE = 4, 96  # of sheet.png: pictures a row, and the side of one repeat in pixels


@dataclass(frozen=True)
class Wish:
    """What a designer asks of a tile beside its class and its seed.

    size: pixels a side of one repeat, None for what the generator makes by itself. palette: inks as "#rrggbb", ground first, None
    for one of real cloth that the seed chooses. repeat: how repeats lie, one of LAYOUTS. cells: how much cloth goes by before it
    comes again, in cells of the latent; twice as many hold about twice the motifs a side. vary: 0..1, how much those of more than
    CELLS cells differ from one CELLS to the next; at 0 they all but repeat. wraps: whether it repeats (down, across).
    best_of: latents that the seed stands for, of which the judge chooses; 1 for the seed's own, None for BEST_OF if the judge knows
    the class, else 1.
    """

    size: int | None = None
    palette: tuple[str, ...] | None = None
    repeat: str = "straight"
    cells: int = CELLS
    vary: float = VARY
    wraps: tuple[bool, bool] = (True, True)
    best_of: int | None = 1

    @property
    def plain(self) -> bool:
        """Whether any generator can do it."""
        return self == Wish(repeat=self.repeat, best_of=self.best_of)


class Patterns:
    """A generator, ready to sample: `classes` it was told apart, or any word at all if it is unconditional.

    Raises BadBundle for a model of another kind.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.network = bundle, as_generator(bundle)
        self.conditional = self.network.classes > 0
        self.classes: tuple[str, ...] = tuple(bundle.card.get("classes", ()))
        self.z_dim, self.size = self.network.z_dim, self.network.size
        self.seamless = bool(bundle.card.get("seamless", bundle.card["arguments"].get("seamless", False)))
        self.screens = self.network if isinstance(self.network, Screens) else None

    @property
    def prints(self) -> bool:
        """Whether it makes tiles of any size, so that no upscaler is wanted."""
        return self.screens is not None

    @torch.inference_mode()
    def sample(self, cls: str, seeds: Sequence[int]) -> Tensor:
        """A tile a seed, (N, 3, size, size) uint8; a tile never depends on what else is asked for.

        Raises SelvedgeError for a class that the generator does not know, naming the nearest.
        """
        condition = self.condition(cls)
        # one at a time: in a batch, convolutions may add up in another order and flip a last bit
        return torch.cat([to_bytes(self.network(latent(seed, self.z_dim), condition)) for seed in seeds])

    @torch.inference_mode()
    def tile(self, cls: str, seed: int, wish: Wish | None = None) -> Tensor:
        """The rectangle (3, H, W) uint8 that repeats as `wish` has it: one repeat, two columns for half-drop, two rows for brick.

        Raises SelvedgeError for what cannot be: a size that is no multiple of the cells, a palette of no or too many inks, a
        `vary` outside 0..1, a choice of a class that the judge does not know, anything but a repeat of a generator that does
        not print from screens.
        """
        wish = wish or Wish()
        condition, seed = self.condition(cls), self.chosen(cls, seed, wish)
        if wish.repeat not in LAYOUTS:
            raise SelvedgeError(f"repeat {wish.repeat!r}: is none of {', '.join(LAYOUTS)}")
        if wish.repeat != "straight" and not all(wish.wraps):
            raise SelvedgeError(
                f"repeat {wish.repeat!r}: lies by repeats down and across; a single axis repeats straight"
            )
        if self.screens:
            return self._printed(self.screens, cls, seed, wish)
        if not wish.plain:
            raise SelvedgeError(
                f"this generator ({self.bundle.card['family']}) makes tiles of {self.size} px in colours of its own; "
                "size, palette, cells, vary and single axes are for one that prints from screens"
            )
        if wish.repeat != "straight" and not self.seamless:
            raise SelvedgeError(f"this generator's tiles have edges: they cannot repeat by {wish.repeat}")
        lay = partial(repeated, layout=wish.repeat)
        return to_bytes(self.network(latent(seed, self.z_dim), condition, lay=lay))[0]

    def chosen(self, cls: str, seed: int, wish: Wish) -> int:
        """The seed of the tile that `seed` stands for: its own, or the best of `wish.best_of` that follow from it.

        The best is the one that the judge thinks most likely to be of its class, as the generator makes it before any
        enlarging. It has that tile as its own, so `best_of` 1 gives it again.
        """
        count = self.candidates(cls, wish)
        if count == 1:
            return seed
        seeds = seeds_of(seed, count)
        alone = replace(wish, size=None, best_of=1)
        side = CELLS * STRIDE if self.prints else self.size
        tiles = [self.tile(cls, each, alone)[:, :side, :side] for each in seeds]
        return seeds[int(self.judge.likely(cls, tiles).argmax())]

    def candidates(self, cls: str, wish: Wish) -> int:
        """Of how many latents the tile is chosen; raises SelvedgeError for a choice that cannot be made."""
        known = wish.best_of != 1 and cls in self.judge.classes
        if wish.best_of is None:
            return BEST_OF if known else 1
        if not 1 <= wish.best_of <= MOST_LATENTS:
            raise SelvedgeError(f"best of {wish.best_of}: 1 to {MOST_LATENTS} can be chosen from")
        if wish.best_of > 1 and not known:
            raise SelvedgeError(
                f"best of {wish.best_of}: the judge cannot choose, it knows no class {cls!r}; leave it out, or ask for 1"
            )
        return wish.best_of

    @cached_property
    def judge(self) -> Judge:
        """Opened when a choice is asked for."""
        return Judge()

    def _printed(self, network: Screens, cls: str, seed: int, wish: Wish) -> Tensor:
        z, label = latent(seed, network.length(*self.cells(wish))), self.label(cls)
        colours, inks = network.palette(z, label) if wish.palette is None else filled(inks_of(wish.palette), 1)
        return self.printed(network, z, label, colours, inks, wish)

    def cells(self, wish: Wish) -> tuple[int, int]:
        """Rows and columns of cells that `wish` needs; raises SelvedgeError for a size or a count that cannot be."""
        side = wish.cells * STRIDE
        if wish.cells % CELLS or not 0 < wish.cells <= MOST_CELLS:
            raise SelvedgeError(f"cells {wish.cells}: must be a multiple of {CELLS}, at most {MOST_CELLS}")
        if wish.size is not None and (wish.size % side or not 0 < wish.size <= MOST_PIXELS):
            raise SelvedgeError(f"size {wish.size}: must be a multiple of {side} pixels, at most {MOST_PIXELS}")
        if not 0 <= wish.vary <= 1:
            raise SelvedgeError(f"vary {wish.vary:g}: must be from 0, all but the same every {CELLS} cells, to 1")
        # where it shall not repeat, more cloth is made than is shown, so that no two edges belong together
        rows, columns = (wish.cells + (0 if wraps else CELLS) for wraps in wish.wraps)
        return rows, columns

    def printed(self, network: Screens, z: Tensor, label: Tensor, colours: Tensor, inks: Tensor, wish: Wish) -> Tensor:
        """What a generator of screens makes of a latent (1, length), a class (1,) or shares of classes (1, classes), and inks."""
        cells = self.cells(wish)
        size = wish.size or wish.cells * STRIDE
        times = size // (wish.cells * STRIDE)
        claims = network.screens(z, label, inks, cells, wish.vary, partial(repeated, layout=wish.repeat))
        picture = poured(separated(claims, times, CRISP * times), colours)[0]
        height = size * (2 if wish.repeat == "brick" else 1)
        width = size * (2 if wish.repeat == "half-drop" else 1)
        return to_bytes(picture[:, :height, :width])

    def check(self, cls: str) -> None:
        """Raise SelvedgeError where `cls` is none of the classes, naming the nearest."""
        if not cls.replace("-", "").replace("_", "").isalnum():
            raise SelvedgeError(f"{cls!r} is no class name: letters, digits, - and _ only")
        if self.conditional and cls not in self.classes:
            near = difflib.get_close_matches(cls, self.classes, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SelvedgeError(f"the generator knows no class {cls!r}; {hint}it knows: {', '.join(self.classes)}")

    def label(self, cls: str) -> Tensor:
        """The index (1,) of a class that it was told of; ValueError for one that it was not."""
        return torch.tensor([self.classes.index(cls)])

    def condition(self, cls: str) -> Tensor | None:
        """What the network is told of a class: its label, or nothing if it is unconditional; raises as `check` does."""
        self.check(cls)
        return self.label(cls) if self.conditional else None


def inks_of(palette: Sequence[str]) -> Tensor:
    """ "#rrggbb" each -> (k, 3) in -1..1; raises SelvedgeError for what is no colour, and for no or more than INKS of them."""
    if not 1 <= len(palette) <= INKS:
        raise SelvedgeError(f"a palette of {len(palette)} inks: 1 to {INKS} can be printed")
    for word in palette:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", word):
            raise SelvedgeError(f"ink {word!r}: write it as '#rrggbb', for example '#1b2a49'")
    return torch.tensor([list(bytes.fromhex(word[1:])) for word in palette]).float() / 127.5 - 1


def latent(seed: int, z_dim: int) -> Tensor:
    """The latent (1, z_dim) that `seed` names, standard normal."""
    if not 0 <= seed < SEEDS:
        raise SelvedgeError(f"seed {seed} is out of range: 0 to {SEEDS - 1}")
    return torch.randn(1, z_dim, generator=torch.Generator().manual_seed(seed))


def seeds_of(seed: int, count: int) -> list[int]:
    """The seeds of the latents that `seed` stands for: its own first, so more of them begin with the same."""
    return [seed, *(derived_seed(seed, number) for number in range(1, count))]


def derived_seed(*words: object) -> int:
    """A seed that follows from `words`, of nine digits at most: what one would still type."""
    return int(sha256_bytes("/".join(map(str, words)).encode())[:16], 16) % 10**9


def describe(bundle: Bundle) -> dict[str, str]:
    """What a file says about the model that made it."""
    return {"version": bundle.version, "sha256": bundle.card["sha256"]}


def generate_files(
    cls: str,
    *,
    n: int,
    seed: int,
    out: Path,
    wish: Wish | None = None,
    upscale: bool = True,
    dpi: int = DPI,
    model: Path | None = None,
) -> None:
    """Write `n` tiles with the seeds `seed`, `seed + 1`, ... into `out`, and sheet.png with each repeated 3 x 3.

    Each is CLASS-SEED.png with a CLASS-SEED.json that says how it was made, of a choice also which seed has that tile as its own.
    A generator that prints from screens prints at `wish.size` (PRINTED by default); tiles of others are enlarged four times if
    `upscale`. `model` is a model directory, None for the live one.
    """
    patterns, wish = Patterns(load_bundle(model) if model else load_live("patterns")), wish or Wish()
    if patterns.prints and wish.size is None:
        side = wish.cells * STRIDE
        wish = replace(wish, size=side * math.ceil(PRINTED / side) if upscale and side > 0 else None)
    upscaler = load_live("upscaler") if upscale and not patterns.prints else None
    alone, of, tiles = replace(wish, best_of=1), patterns.candidates(cls, wish), []
    for number in range(seed, seed + n):
        chosen = patterns.chosen(cls, number, wish)
        tile = patterns.tile(cls, chosen, alone)
        if upscaler:
            tile = enlarge(tile, as_upscaler(upscaler), wrap=patterns.seamless)
        data, name = pictures.png(to_image(tile), dpi), f"{cls}-{number}"
        write_bytes(out / f"{name}.png", data)
        facts: dict[str, Any] = {
            "class": cls,
            "seed": number,
            "best_of": of,
            "chosen_seed": chosen,
            "size": list(tile.shape[1:]),
            "dpi": dpi,
            "seamless": patterns.seamless and all(wish.wraps),
            "repeats": {"down": patterns.seamless and wish.wraps[0], "across": patterns.seamless and wish.wraps[1]},
            "layout": wish.repeat,
            "cells": wish.cells,
            "vary": wish.vary,
            "palette": list(wish.palette) if wish.palette else None,
            "upscaled": upscaler is not None,
            "model": describe(patterns.bundle),
            "upscaler": describe(upscaler) if upscaler else None,
            "sha256": sha256_bytes(data),
        }
        write_json(out / f"{name}.json", facts)
        tiles.append(_cell(tile))
    rows = [torch.stack(tiles[i : i + SHEET_COLUMNS]) for i in range(0, n, SHEET_COLUMNS)]
    write_bytes(out / "sheet.png", pictures.png(sheet(rows, gap=12), DPI))
    size = f"{tile.shape[2]}x{tile.shape[1]}"
    choice = f", the best of {of} each" if of > 1 else ""
    seeds = f"seeds {seed} to {seed + n - 1}{choice}"
    print(f"generate: {n} {cls} tiles of {size}, {seeds} -> {out}; look at {out / 'sheet.png'}")


def _cell(tile: Tensor) -> Tensor:
    """A tile as the sheet shows it: 3 x 3 repeats."""
    height, width = (max(1, round(SHEET_TILE * side / min(tile.shape[1:]))) for side in tile.shape[1:])
    small = F.interpolate(tile[None].float(), size=(height, width), mode="area")[0]
    return small.round().to(torch.uint8).repeat(1, 3, 3)
