"""How well a picture is restored: PSNR of luma, as super-resolution papers count it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data import to_bytes, to_unit
from training.models.srresnet import FACTOR, shrink


def psnr_y(made: Tensor, real: Tensor, border: int = FACTOR) -> Tensor:
    """dB per picture, (N,): luma (BT.601, 16..235) of (N, 3, H, W) uint8, without `border` pixels at each edge."""
    weights = torch.tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1) / 255
    difference = ((made.float() - real.float()) * weights).sum(1)[:, border:-border, border:-border]
    error = difference.square().mean((1, 2)).clamp_min(1e-10)
    return 10 * torch.log10(255**2 / error)


@torch.no_grad()
def upscaler_scores(network: nn.Module, held: Tensor, batch: int = 16) -> dict:
    """Mean PSNR of `network` and of bicubic on held-out pictures (N, 3, H, W) uint8, with a 95 % interval of the gain."""
    device = next(network.parameters()).device
    ours, bicubic = [], []
    side = held.shape[-1] // FACTOR * FACTOR
    for part in held[:, :, :side, :side].split(batch):
        low = shrink(to_unit(part.to(device)))
        plain = F.interpolate(low, scale_factor=FACTOR, mode="bicubic", align_corners=False)
        ours.append(psnr_y(to_bytes(network(low, wrap=False)).cpu(), part))
        bicubic.append(psnr_y(to_bytes(plain).cpu(), part))
    ours, bicubic = torch.cat(ours), torch.cat(bicubic)
    gain = ours - bicubic
    half = 1.96 * float(gain.std()) / len(gain) ** 0.5 if len(gain) > 1 else 0.0
    return {
        "psnr_y": float(ours.mean()),
        "psnr_y_bicubic": float(bicubic.mean()),
        "gain": float(gain.mean()),
        "gain_low": float(gain.mean()) - half,
        "gain_high": float(gain.mean()) + half,
        "n": len(ours),
    }
