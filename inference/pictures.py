"""Pictures as files, the same bytes each time: PNG for tiles to print, JPEG for pictures to show."""

from __future__ import annotations

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from training.data import to_image


def png(image: Image.Image, dpi: int) -> bytes:
    """A PNG that says that it is sRGB, and at how many dots an inch it prints."""
    info = PngInfo()
    info.add(b"sRGB", b"\x00")  # rendering intent: perceptual
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6, pnginfo=info, dpi=(dpi, dpi))
    return out.getvalue()


def jpeg(image: Image.Image, quality: int = 92, dpi: int = 72) -> bytes:
    """A JPEG with full colour resolution (4:4:4): a print's thin coloured lines survive."""
    out = io.BytesIO()
    # no `optimize`: Pillow's buffer for it is too small for noisy cloth, and it dies
    image.save(out, "JPEG", quality=quality, subsampling=0, dpi=(dpi, dpi))
    return out.getvalue()


def repeat(tile: Tensor, down: int, across: int) -> Image.Image:
    """(3, H, W) uint8 laid `down` times `across` without a gap."""
    return to_image(tile.repeat(1, down, across))
