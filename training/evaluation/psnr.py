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
def restored(network: nn.Module, held: Tensor, batch: int = 16) -> tuple[Tensor, Tensor]:
    """dB of `network` and of bicubic on each picture, (N,) both: (N, 3, H, W) uint8, shrunk to a quarter, enlarged again.

    Of sides that are no multiple of four the last pixels are left out. Bicubic is torch's (a = -0.75), which is 0.1 to 0.2 dB
    better than that of papers (a = -0.5) on Set5 and Set14.
    """
    parameter = next(network.parameters(), None)
    device = None if parameter is None else parameter.device
    height, width = (side // FACTOR * FACTOR for side in held.shape[-2:])
    ours, bicubic = [], []
    for part in held[:, :, :height, :width].split(batch):
        low = shrink(to_unit(part.to(device)))
        plain = F.interpolate(low, scale_factor=FACTOR, mode="bicubic", align_corners=False)
        ours.append(psnr_y(to_bytes(network(low, wrap=False)).cpu(), part))
        bicubic.append(psnr_y(to_bytes(plain).cpu(), part))
    return torch.cat(ours), torch.cat(bicubic)


def upscaler_scores(network: nn.Module, held: Tensor, batch: int = 16) -> dict:
    """Mean PSNR of `network` and of bicubic on held-out pictures (N, 3, H, W) uint8, with a 95 % interval of the gain."""
    ours, bicubic = restored(network, held, batch)
    gain = ours - bicubic
    half = 1.96 * float(gain.std()) / len(gain) ** 0.5 if len(gain) > 1 else 0.0
    return {
        "psnr_y": float(ours.mean()),
        "psnr_y_bicubic": float(bicubic.mean()),
        "gain": float(gain.mean()),
        "gain_low": float(gain.mean()) - half,
        "gain_high": float(gain.mean()) + half,
        "n": len(ours),
        "each": ours.tolist(),
    }
