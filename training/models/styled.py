"""Convolutions whose channels a style scales, and the periodic inputs of generators that design repeats, on a torus."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.models.torus import pad_one


class StyledConv(nn.Module):
    """A convolution on the torus whose input channels the style scales; its output has unit variance again.

    Modulation and demodulation of StyleGAN2 (Karras et al. 2020, eq. 1 and 3): scaling the activations and the result is the
    same as scaling the weights of each sample, and one ordinary convolution. Demodulation is a function of weights and style
    alone: no statistics over the tile, so that a tile stays exactly periodic. As few passes over memory as can be, which is
    what a CPU waits for: the activation's gain is part of the result's scale, and nothing is in fp32 under autocast.
    """

    def __init__(self, channels_in: int, channels_out: int, style: int, kernel: int = 3) -> None:
        super().__init__()
        fan = channels_in * kernel**2
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel) / math.sqrt(fan))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.scale = nn.Linear(style, channels_in)
        nn.init.normal_(self.scale.weight, 0, 1 / math.sqrt(style))
        nn.init.ones_(self.scale.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (B, in, H, W), style (B, S) -> (B, out, H, W)."""
        scale = self.scale(style)
        power = scale.float().square() @ self.weight.square().sum((2, 3)).t().float()  # (B, out)
        gain = (2 / (power + 1e-6)).sqrt()[:, :, None, None]
        if self.weight.shape[2] == 1:  # a matrix a sample, for x is larger than that
            h = torch.bmm(self.weight.flatten(1) * scale[:, None], x.flatten(2)).unflatten(2, x.shape[2:])
        else:
            h = F.conv2d(pad_one(x * scale[:, :, None, None].to(x.dtype)), self.weight.to(x.dtype))
        return F.leaky_relu(
            torch.addcmul((math.sqrt(2) * self.bias).to(h.dtype)[:, None, None], h, gain.to(h.dtype)), 0.2
        )


def whole_waves(highest: int) -> Tensor:
    """(K, 2) whole numbers of periods down and across, each direction once: half of the plane without the origin."""
    pairs = [(y, x) for y in range(highest + 1) for x in range(-highest, highest + 1) if y > 0 or x > 0]
    return torch.tensor(pairs, dtype=torch.float32)


def normalise(z: Tensor) -> Tensor:
    """(B, n) to unit mean square, so that style does not depend on a latent's length."""
    return z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
