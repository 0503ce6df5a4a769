"""A generator that works as a textile printer does: it designs colour separations, and the inks are poured in afterwards.

G says how much of each place each ink claims; a softmax makes coverages of it, and the picture is the sum of coverage x
colour. So a palette is obeyed exactly, and claims that are enlarged before the softmax give edges as crisp at any size.
All that varies from place to place enters as in PSGAN (Bergmann et al. 2017): local noise, and waves that fit the tile a
whole number of times; a style (global latent, class, number of inks) scales the channels of each convolution. On a torus.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.models.kinds import Lay, PatternGenerator, as_made
from training.models.styled import StyledConv, normalise, whole_waves
from training.models.torus import pad_one, upsample

INKS = 6  # screens; of a picture in k inks the first k are used, the ground first
STRIDE = 8  # pixels a side of a cell
CELLS = 8  # cells a side of a tile: the size that the waves were learned at
LOW, HIGH = 3, 7  # the highest number of waves a tile, at the level of cells and at that of half cells
WAVES = len(whole_waves(HIGH))
COARSE, FINE = 8, 1  # local noise: channels a cell, channels a half cell
NOISE = COARSE + 4 * FINE  # numbers of it a cell
DETAIL = 16  # feature maps at full size
UNUSED = -1e4  # the claim of an ink that is not there
SOFT = (0.1065, 0.787)  # a Gaussian of half a pixel at one pixel, and at none
CRISP = 8.0  # how many times claims are taken before the softmax: 1 beside 0 becomes 0.9997, 0.5 beside 0.5 stays


class Latents(nn.Module):
    """Everything that is not the same everywhere, as one map of cells: noise and waves, as the style mixes them.

    Channels: `low` for the level of cells, then four times `high`, for the four quarters of each cell.
    """

    slow: Tensor  # (waves, 2) whole periods down and across, those of the level of cells
    fast: Tensor

    def __init__(self, low: int, high: int, style: int) -> None:
        super().__init__()
        waves = whole_waves(HIGH)
        slow = waves.abs().amax(1) <= LOW
        self.register_buffer("slow", waves[slow], persistent=False)
        self.register_buffer("fast", waves[~slow], persistent=False)
        self.low = StyledConv(COARSE + 2 * len(self.slow), low, style, kernel=1)
        self.high = StyledConv(FINE + 2 * len(self.fast), high, style, kernel=1)

    def forward(self, noise: Tensor, begin: Tensor, style: Tensor) -> Tensor:
        """noise (B, COARSE + 4 FINE, h, w), style (B, S), begin (B, waves, m, n) in periods, a value for each of m x n parts of
        the map -> (B, low + 4 high, h, w)."""
        h, w = noise.shape[2:]
        slow, fast = begin.split((len(self.slow), len(self.fast)), 1)
        low = torch.cat([noise[:, :COARSE], sines(self.slow, slow, h, w, CELLS)], 1)
        fine = F.pixel_shuffle(noise[:, COARSE:], 2)
        high = torch.cat([fine, sines(self.fast, fast, 2 * h, 2 * w, 2 * CELLS)], 1)
        return torch.cat([self.low(low, style), F.pixel_unshuffle(self.high(high, style), 2)], 1)

    def straight(self, drift: Tensor) -> Tensor:
        """The drift (B, waves, m, n) of waves in parts of a tile, the same along the crests of those that lie straight.

        So stripes and checks stay straight when their widths vary.
        """
        down, across = torch.cat([self.slow, self.fast])[:, :, None, None].unbind(1)
        return torch.where(down == 0, drift[:, :, :1], torch.where(across == 0, drift[..., :1], drift))


class Block(nn.Module):
    """Two styled convolutions beside a shortcut, at unit variance."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(StyledConv(channels, channels, style) for _ in range(2))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        h = x
        for conv in self.convs:
            h = conv(h, style)
        return (x + h) * math.sqrt(0.5)


class Screens(PatternGenerator):
    """z (B, z_dim), class indices (B,) [, a palette] -> (B, 3, size, size) in -1..1; every tile is seamless.

    z is the global latent (`latent` numbers), one that chooses a palette, where each wave begins, and the noise of each cell.
    `palettes` is the size of the library for each class, which the buffers `library` (classes, palettes, INKS, 3) uint8 and
    `library_inks` (classes, palettes) hold: palettes of real cloth, so that z alone decides a tile.
    """

    library: Tensor
    library_inks: Tensor

    def __init__(self, classes: int, size: int = 64, latent: int = 64, width: int = 40, palettes: int = 96) -> None:
        super().__init__()
        if size != CELLS * STRIDE:
            raise ValueError(
                f"size {size}: a tile is learned at {CELLS * STRIDE}; larger ones are more cells, or enlarged"
            )
        self.size, self.classes, self.latent = size, classes, latent
        self.z_dim = self.length(CELLS, CELLS)
        style = 2 * latent
        self.class_style, self.ink_style = nn.Embedding(classes, latent // 2), nn.Embedding(INKS, latent // 4)
        into, out = nn.Linear(latent + latent // 2 + latent // 4, style), nn.Linear(style, style)
        self.mapping = nn.Sequential(into, nn.LeakyReLU(0.2), out)
        # unit variance all through: z must be heard
        for layer, gain in ((into, 2.0), (out, 1.0)):
            nn.init.normal_(layer.weight, 0, math.sqrt(gain / layer.in_features))
            nn.init.zeros_(layer.bias)
        self.first = Latents(3 * width, width, style)
        self.coarse = nn.ModuleList(Block(3 * width, style) for _ in range(2))
        self.into_middle = StyledConv(4 * width, 2 * width, style)
        self.middle = Block(2 * width, style)
        self.into_fine = StyledConv(2 * width, width, style)
        self.fine = StyledConv(width, width, style)
        self.detail, self.claims = nn.Conv2d(width, 4 * DETAIL, 1), nn.Conv2d(DETAIL, INKS, 3)
        with torch.no_grad():  # the four pixels of a quarter begin alike (Aitken et al. 2017): no chequers to unlearn
            weight, bias = self.detail.parameters()
            weight.copy_(weight[::4].repeat_interleave(4, 0))
            bias.zero_()
        self.register_buffer("library", torch.zeros(classes, palettes, INKS, 3, dtype=torch.uint8))
        self.register_buffer("library_inks", torch.full((classes, palettes), INKS))

    def length(self, rows: int, columns: int) -> int:
        """Numbers in the latent of a tile of so many cells."""
        return self.latent + 1 + WAVES + NOISE * rows * columns + self._drift(rows, columns)

    def _drift(self, rows: int, columns: int) -> int:
        """Of these, those that say how far each wave drifts in each CELLS x CELLS cells of a larger tile."""
        parts = rows // CELLS * (columns // CELLS)
        return WAVES * parts if parts > 1 else 0

    def forward(
        self, z: Tensor, labels: Tensor | None = None, palette: Tensor | None = None, *, lay: Lay = as_made
    ) -> Tensor:
        """z (B, z_dim), labels (B,); palette (k, 3) or (B, k, 3) in -1..1, ground first, or each class's own, by z."""
        if labels is None:
            raise ValueError("a generator of screens has a class for each tile: give labels")
        colours, inks = self.palette(z, labels) if palette is None else filled(palette, len(z))
        return poured(separated(self.screens(z, labels, inks, lay=lay)), colours)

    def screens(
        self,
        z: Tensor,
        labels: Tensor,
        inks: Tensor,
        cells: tuple[int, int] = (CELLS, CELLS),
        vary: float = 0.0,
        lay: Lay = as_made,
    ) -> Tensor:
        """Claims (B, INKS, 8 rows, 8 columns) of tiles of `cells` (rows, columns); z (B, length(rows, columns)).

        Claims are about 0..1 and sum to 1: coverages as a linear layer gives them, for a softmax in training would be deaf
        wherever it is sure. labels and inks (B,): class indices, and how many inks (1 to INKS) there are; claims of the
        others are UNUSED. A larger tile has more cells of the same size; multiples of 8 cells keep the waves whole.
        `labels` may be shares (B, classes) instead, for what lies between classes; `lay` is given the map of cells. The waves of a
        larger tile come again every 8 cells, and all but the noise with them, unless they `vary`: then each begins elsewhere
        in each 8 x 8 cells, by up to half of `vary` periods either way, and runs faster or slower in between.
        """
        classes = labels @ self.class_style.weight if labels.is_floating_point() else self.class_style(labels)
        rows, columns = cells
        words = [normalise(z[:, : self.latent]), classes, self.ink_style(inks - 1)]
        style = self.mapping(torch.cat(words, 1))
        begin, noise, drift = z[:, self.latent + 1 :].split(
            (WAVES, NOISE * rows * columns, self._drift(rows, columns)), 1
        )
        begin = torch.special.ndtr(begin)[:, :, None, None]
        if vary and drift.shape[1]:
            drift = torch.special.ndtr(drift).unflatten(1, (WAVES, rows // CELLS, columns // CELLS)) - 0.5
            begin = begin + vary * self.first.straight(drift)
        found = lay(self.first(noise.unflatten(1, (-1, *cells)), begin, style))
        low, high = found.split(
            (found.shape[1] - 4 * self.first.high.bias.numel(), 4 * self.first.high.bias.numel()), 1
        )
        for block in self.coarse:
            low = block(low, style)
        h = self.into_middle(torch.cat([upsample(low, 2, mode="bilinear"), F.pixel_shuffle(high, 2)], 1), style)
        h = self.into_fine(upsample(self.middle(h, style), 2, mode="bilinear"), style)
        h = F.leaky_relu(F.pixel_shuffle(self.detail(self.fine(h, style)), 2), 0.2)
        claims = self.claims(pad_one(h))
        unused = (torch.arange(INKS, device=z.device) >= inks[:, None])[:, :, None, None]
        claims = claims.float().masked_fill(unused, 0)
        claims = claims + (1 - claims.sum(1, keepdim=True)) / inks[:, None, None, None]
        return claims.masked_fill(unused, UNUSED)

    def palette(self, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The palette that z chooses from the class's library: colours (B, INKS, 3) in -1..1 and inks (B,)."""
        count = self.library.shape[1]
        share = torch.special.ndtr(z[:, self.latent].double())  # a normal number to 0..1
        chosen = (share * count).long().clamp(max=count - 1)
        return self.library[labels, chosen].float() / 127.5 - 1, self.library_inks[labels, chosen]


@torch.no_grad()
def widen(wide: Screens, narrow: dict[str, Tensor]) -> None:
    """Give `wide` what a narrower one of the same classes learned (its state dict): it makes the same tiles, and has room.

    What the new channels say is heard by none of the old ones yet (zeros), while they listen to all (as they were begun), so
    that they have something to learn from the first step (Net2Net, Chen et al. 2016, with the identity kept by zeros).
    Raises ValueError where the two differ in more than their width.
    """
    state = wide.state_dict()
    width, old = state["fine.bias"].numel(), narrow["fine.bias"].numel()
    joined = torch.cat([torch.arange(3 * old), 3 * width + torch.arange(old)])  # of cells and of their quarters
    if state.keys() != narrow.keys() or width < old:
        raise ValueError(f"a network of width {old} cannot become this one of width {width}")
    for name, value in narrow.items():
        target = state[name]
        if target.dim() != value.dim() or any(a < b for a, b in zip(target.shape, value.shape, strict=True)):
            raise ValueError(f"{name}: {tuple(value.shape)} does not fit into {tuple(target.shape)}")
        places = [torch.arange(side) for side in value.shape]
        if name.startswith("into_middle.") and 4 * old in value.shape:
            places[value.shape.index(4 * old)] = joined
        if value.dim() == 4 and target.shape[1] > value.shape[1]:
            target[places[0]] = 0
        target[torch.meshgrid(*places, indexing="ij")] = value


def sines(waves: Tensor, begin: Tensor, rows: int, columns: int, period: int) -> Tensor:
    """(B, 2 W, rows, columns): cosines, then sines, of W waves (down, across) that run so often over `period` places.

    They begin where `begin` (B, W, m, n) says, in periods; values for m x n parts of the map go over into each other.
    """
    if begin.shape[2:] != (1, 1):
        begin = upsample(begin, (rows // begin.shape[2], columns // begin.shape[3]), mode="bilinear")
    down, across = (torch.arange(n, device=waves.device) % period / period for n in (rows, columns))
    turns = waves[:, 0, None, None] * down[:, None] + waves[:, 1, None, None] * across + begin
    strength = waves.norm(dim=1)[:, None, None].rsqrt() * math.sqrt(2)  # low frequencies lead, as they do in pictures
    return torch.cat([(2 * math.pi * turns).cos() * strength, (2 * math.pi * turns).sin() * strength], 1)


def separated(claims: Tensor, enlarge: int = 1, sharpness: float = CRISP) -> Tensor:
    """Claims (B, INKS, H, W) -> coverages (B, INKS, enlarge H, enlarge W) in 0..1 that sum to 1.

    Enlarged as claims, bicubic on the torus, an edge stays where it was, and as narrow as it was in pixels if `sharpness`,
    which multiplies the claims, grows with `enlarge`. They are softened before, for contours would else show G's pixels.
    """
    if enlarge > 1:
        claims = upsample(softened(claims), enlarge, wrap=True)
    return (claims * sharpness).softmax(1)


def softened(x: Tensor) -> Tensor:
    """Maps (B, C, H, W) under a Gaussian of half a pixel on the torus: stairs become slopes, and what is a pixel wide stays."""
    near, here = SOFT
    rows = pad_one(x)[..., 1:-1]
    x = (rows[:, :, :-2] + rows[:, :, 2:]) * near + rows[:, :, 1:-1] * here
    columns = pad_one(x)[:, :, 1:-1]
    return (columns[..., :-2] + columns[..., 2:]) * near + columns[..., 1:-1] * here


def poured(coverage: Tensor, colours: Tensor) -> Tensor:
    """Coverages (B, INKS, H, W) in colours (B, INKS, 3) -> pictures (B, 3, H, W), mixed as the colours' numbers are."""
    return torch.einsum("bkhw,bkc->bchw", coverage, colours)


def filled(palette: Tensor, batch: int) -> tuple[Tensor, Tensor]:
    """A palette (k, 3) or (B, k, 3) as colours (B, INKS, 3), black beyond its k, and inks (B,); raises ValueError for k > INKS."""
    palette = palette.expand(batch, -1, -1)
    k = palette.shape[1]
    if not 1 <= k <= INKS:
        raise ValueError(f"a palette of {k} inks: 1 to {INKS} can be printed")
    return F.pad(palette, (0, 0, 0, INKS - k), value=-1.0), torch.full((batch,), k, device=palette.device)
