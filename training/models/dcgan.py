"""DCGAN (Radford, Metz, Chintala 2016) on a torus, with or without class conditions.

Unconditional at 64 px with width 64 and z 100 it is the DCGAN of the older systems to the parameter: 3,576,704 in G and
2,765,568 in D. The condition enters G through batch norm's gains and biases (de Vries et al. 2017) and D as a projection
(Miyato, Koyama 2018): logit = conv(h) + <embedding(c), mean h>.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training.models.kinds import Lay, PatternGenerator, as_made
from training.models.torus import UpConv

G = TypeVar("G", bound=PatternGenerator)


def _widths(size: int, width: int) -> list[int]:
    """Feature maps from the 4x4 layer up: 8w 4w 2w w at 64 px; never more than 8w."""
    layers = int(math.log2(size)) - 2
    return [width * min(8, 2 ** (layers - 1 - i)) for i in range(layers)]


class ClassNorm(nn.Module):
    """Batch norm whose gain and bias are the class's own (de Vries et al. 2017); plain batch norm where there are none."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not classes)
        self.gain = nn.Embedding(classes, channels) if classes else None
        self.bias = nn.Embedding(classes, channels) if classes else None
        if self.gain is not None and self.bias is not None:
            nn.init.normal_(self.gain.weight, 1, 0.02)
            nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """(B, channels, H, W) -> the same."""
        x = self.norm(x)
        if self.gain is None or self.bias is None:
            return x
        return x * self.gain(labels)[:, :, None, None] + self.bias(labels)[:, :, None, None]


class Generator(PatternGenerator):
    """z (B, z_dim) [and class indices (B,)] -> (B, 3, size, size) in -1..1, seamless if so built.

    `resize` makes its transposed convolutions those of an enlarged input: no chequers (`torus.UpConv`).
    """

    def __init__(
        self,
        size: int = 64,
        z_dim: int = 100,
        width: int = 64,
        classes: int = 0,
        seamless: bool = True,
        resize: bool = False,
    ) -> None:
        super().__init__()
        self.size, self.z_dim, self.classes = size, z_dim, classes
        widths = _widths(size, width)
        self.first = nn.ConvTranspose2d(z_dim, widths[0], 4, bias=False)
        self.ups = nn.ModuleList(UpConv(here, after, seamless, resize) for here, after in pairwise([*widths, 3]))
        self.norms = nn.ModuleList(ClassNorm(channels, classes) for channels in widths)
        self.apply(init_weights)

    def forward(self, z: Tensor, labels: Tensor | None = None, *, lay: Lay = as_made) -> Tensor:
        """z (B, z_dim), labels (B,) if conditional -> (B, 3, size, size) in -1..1."""
        h = lay(self.first(z[:, :, None, None]))
        for norm, up in zip(self.norms, self.ups, strict=True):
            h = up(F.relu(norm(h, labels)))
        return h.tanh()


class Discriminator(nn.Module):
    """(B, 3, size, size) [and class indices (B,)] -> logits (B,): above 0 is taken for real.

    `norm` is the paper's "batch", "spectral" (Miyato et al. 2018), or "none": without batch norm D cannot tell a batch of
    fakes by its common statistics.
    """

    def __init__(self, size: int = 64, width: int = 64, classes: int = 0, norm: str = "batch") -> None:
        super().__init__()
        widths = _widths(size, width)[::-1]
        batch = norm == "batch"
        layers: list[nn.Module] = []
        for here, following in zip([3, *widths], widths, strict=False):
            layers.append(nn.Conv2d(here, following, 4, 2, 1, bias=not batch))
            if batch and here != 3:
                layers.append(nn.BatchNorm2d(following))
            layers.append(nn.LeakyReLU(0.2, True))
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(widths[-1], 1, 4, bias=not batch)
        self.apply(init_weights)
        self.embedding = nn.Embedding(classes, widths[-1]) if classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Embedding) and not batch:  # no norm brings 0.02 back to scale
                if norm == "spectral":
                    spectral_norm(module)
                elif isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, 0.2)
                else:
                    nn.init.normal_(module.weight, 0, widths[-1] ** -0.5)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """images (B, 3, size, size) in -1..1 -> logits (B,)."""
        h = self.layers(images)
        logits = self.head(h).flatten()
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * h.mean((2, 3))).sum(1)
        return logits


@torch.no_grad()
def settle_batch_norm(generator: G, batches: int = 16, batch: int = 64) -> G:
    """Measure batch norm's means and variances anew on generated batches: those that an average of weights carries along
    are not its own (standing statistics, Brock et al. 2019). Reproducible; torch's randomness is left as it was."""
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return generator.eval()
    device = next(generator.parameters()).device
    source = torch.Generator().manual_seed(0)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    for _ in range(batches):
        z = torch.randn(batch, generator.z_dim, generator=source).to(device)
        labels = torch.randint(generator.classes, (batch,), generator=source).to(device) if generator.classes else None
        generator(z, labels)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return generator.eval()


def init_weights(module: nn.Module) -> None:
    """Convolutions N(0, 0.02), batch norm N(1, 0.02), as the paper has it."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | UpConv):
        nn.init.normal_(module.weight, 0, 0.02)
    elif isinstance(module, nn.BatchNorm2d) and module.affine:
        nn.init.normal_(module.weight, 1, 0.02)
        nn.init.zeros_(module.bias)
