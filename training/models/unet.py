"""Garment masks: segmentation-models-pytorch's U-Net (Ronneberger et al. 2015), one logit a pixel."""

from __future__ import annotations

from torch import Tensor

from selvedge.errors import SelvedgeError
from training.models.kinds import Segmenter


class GarmentUNet(Segmenter):
    """(B, 3, H, W) in -1..1, H and W multiples of 32 -> logits (B, 1, H, W): above 0 is cloth."""

    def __init__(self, encoder: str = "mobilenet_v2") -> None:
        super().__init__()
        import segmentation_models_pytorch as smp  # two seconds that only this network pays

        try:
            # no pretrained encoder: offline, smp would try to download one five times and fail
            self.net = smp.Unet(encoder, encoder_weights=None, in_channels=3, classes=1)
        except (KeyError, ValueError, RuntimeError) as error:
            raise SelvedgeError(
                f"segmenter.encoder: {encoder!r} is none of segmentation-models-pytorch's ({error})"
            ) from None

    def forward(self, images: Tensor) -> Tensor:
        """images in -1..1 -> logits (B, 1, H, W)."""
        return self.net(images)
