"""Make the champion what ships: `python -m training.ship patterns upscaler` fills inference/weights/.

Weights are stored as fp16, their card keeps data, licences, images, seed and scores. A model trained on anything but what
its licence lets pass on must not ship; who runs this reads the licences that it prints.
"""

from __future__ import annotations

import sys

from selvedge.errors import SelvedgeError
from selvedge.io import read_json
from selvedge.registry import CHAMPION, SHIPPED
from training.models.bundle import WEIGHTS, load_bundle, save_bundle

MOST_BYTES = 16_000_000


def ship(network: str) -> None:
    """Copy the champion's `network` as fp16; raises SelvedgeError where it is larger than may ship."""
    bundle = load_bundle(CHAMPION / network)
    scores = {**bundle.card.get("scores", {}), "evaluation": read_json(CHAMPION / network / "scores.json")}
    card = {k: v for k, v in bundle.card.items() if k not in ("family", "arguments", "parameters", "sha256", "scores")}
    family, arguments = bundle.card["family"], bundle.card["arguments"]
    save_bundle(SHIPPED / network, bundle.network, family=family, arguments=arguments, half=True, scores=scores, **card)
    size = (SHIPPED / network / WEIGHTS).stat().st_size
    if size > MOST_BYTES:
        raise SelvedgeError(
            f"{SHIPPED / network}: {size:,} bytes are more than the {MOST_BYTES:,} that may ship; delete it"
        )
    print(f"{network}: {size / 1e6:.2f} MB, trained on: {'; '.join(card['data']['licences'])}")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        ship(name)
