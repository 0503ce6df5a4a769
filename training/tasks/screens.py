"""The designer of separations: G makes coverages, D judges windows of coverages, and neither ever sees a colour.

Relativistic pairs with zero-centred penalties on real and fake (R3GAN, Huang et al. 2024, eq. 2 and 5). Real are windows of
drawn tiles, cut anywhere on their tori; fake are G's tiles, rolled at random. D sees no edge as a wrap, so that a seam in a
fake would be a line that no window shows.

`python -m training.tasks.screens --data TILES --out runs/screens/NAME --images 400000`; the same again goes on. One that
has learned what it can goes on wider: `--begin-with runs/screens/NAME/checkpoint.pt --width 64 --out runs/screens/WIDER`.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from selvedge.errors import SelvedgeError
from training import checkpoint, distributed, losses
from training.checkpoint import State
from training.data import Shuffle, sheet, to_bytes
from training.evaluation.agreement import share_of
from training.evaluation.features import SHIPPED, Extractor
from training.evaluation.measures import pair_scores
from training.loop import train
from training.models.bundle import save_bundle
from training.models.screens import INKS, UNUSED, Screens, poured, widen
from training.precision import autocast
from training.separations import Separations, load, palette_library, printed, windows
from training.tasks.base import BaseTask, cosine, device_of

SHEET_COLUMNS = 8
SHRINK = 2  # pixels of a drawn tile become one of G's: G's tile is half as wide as a swatch
ONE_WAY = ("novelty",)  # classes with letters in them, which are not mirrored


@dataclass(frozen=True)
class Settings:
    """What a run is decided by; `training.loop` reads the first five."""

    images: int = 400_000
    batch: int = 32
    precision: str = "bf16"
    sample_every: int = 20_000
    checkpoint_every: int = 10_000
    width: int = 40
    d_width: int = 32
    lr_g: float = 4e-4
    lr_d: float = 4e-4
    decay_from: float = 0.7  # share of the training after which learning rates fall to a tenth
    penalty: float = 1.0
    penalty_every: int = 8
    noise: float = 0.1  # added to real and fake alike
    ema_images: int = 5_000
    shares: str = ""  # "floral=6,solid=1": how often a tile of a class is shown in an epoch; once if not said
    seed: int = 7


class Discriminator(nn.Module):
    """(B, INKS, 64, 64) in -1..1, class indices (B,), inks (B,) -> logits (B,): above 0 is taken for real.

    Plain edges: it sees a window of a cloth and not a torus. Class and inks are judged by projection (Miyato, Koyama 2018).
    """

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        widths = (INKS, width, 3 * width, 4 * width, 6 * width)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths))
        self.convs = nn.ModuleList(nn.Conv2d(b, b, 3, 1, 1) for b in widths[1:])
        self.dense = nn.Linear(16 * widths[-1], 8 * width)
        self.logit = nn.Linear(8 * width, 1)
        self.class_logit, self.ink_logit = nn.Embedding(classes, 8 * width), nn.Embedding(INKS, 8 * width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                weight, bias = module.parameters()
                nn.init.kaiming_normal_(weight, 0.2)
                nn.init.zeros_(bias)
        for embedding in (self.class_logit, self.ink_logit):
            nn.init.normal_(embedding.weight, 0, 1 / (8 * width) ** 0.5)

    def forward(self, x: Tensor, labels: Tensor, inks: Tensor) -> Tensor:
        """Logits, one a window."""
        for down, conv in zip(self.downs, self.convs, strict=True):
            x = F.leaky_relu(down(x), 0.2)
            x = (x + F.leaky_relu(conv(x), 0.2)) * 0.7
        h = F.leaky_relu(self.dense(x.flatten(1)), 0.2)
        asked = self.class_logit(labels) + self.ink_logit(inks - 1)
        return self.logit(h).flatten() + (h * asked).sum(1)


class ScreensTask(BaseTask):
    """G and D with Adam each, and an average of G."""

    def __init__(self, settings: Settings, data: Separations) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.settings, self.data = settings, data
        times = torch.tensor(shares(settings.shares, data.classes))
        self.pool = torch.arange(len(data)).repeat_interleave(times[data.labels])
        self.shuffle = Shuffle(len(self.pool), settings.seed)
        self.arguments = {"classes": len(data.classes), "width": settings.width}
        self.g = Screens(**self.arguments)
        self.g.library, self.g.library_inks = palette_library(data, self.g.library.shape[1], settings.seed)
        self.d = Discriminator(len(data.classes), settings.d_width)
        self.modules = {"g": self.g, "d": self.d}
        self.optimisers = {
            "g": torch.optim.Adam(self.g.parameters(), settings.lr_g, (0.0, 0.99), fused=True),
            "d": torch.optim.Adam(self.d.parameters(), settings.lr_d, (0.0, 0.99), fused=True),
        }
        self.average = copy.deepcopy(self.g).requires_grad_(False)
        self.ema = {"g": self.average}
        self.ema_images = settings.ema_images
        self.mirrored = torch.tensor([name not in ONE_WAY for name in data.classes])
        # fixed latents: sheets of one run, and of runs with one seed, can be compared by eye
        self.fixed_z = torch.randn(len(data.classes) * SHEET_COLUMNS, self.g.z_dim)
        self.fixed_labels = torch.arange(len(data.classes)).repeat_interleave(SHEET_COLUMNS)

    def begin_with(self, state: State) -> None:
        """Take over G, its average and D from another run's checkpoint; G may be wider than it was there.

        Raises SelvedgeError for a D of another width, and for a G that is wider than this one or knows other classes.
        """
        try:
            widen(self.g, state["modules"]["g"])
            self.average = copy.deepcopy(self.g).requires_grad_(False)
            self.ema = {"g": self.average}
            widen(self.average, state["ema"]["g"])
            self.d.load_state_dict(state["modules"]["d"])
        except (ValueError, RuntimeError) as error:
            raise SelvedgeError(
                f"that checkpoint is of another network: {str(error).splitlines()[-1].strip()}"
            ) from None

    def samples(self, seen: int, batch: int) -> Tensor:
        """Indices of tiles, each as often as its class's share says."""
        return self.pool[super().samples(seen, batch)]

    def to(self, device: torch.device) -> None:
        """Move everything, the tiles too: windows are cut where the networks are."""
        super().to(device)
        self.data, self.mirrored = self.data.to(device), self.mirrored.to(device)

    def step(self, seen: int, batch: int) -> dict[str, Tensor]:
        """One step of D on windows and tiles of the same classes and numbers of inks, then one of G."""
        settings, device = self.settings, device_of(self.g)
        self._decay(seen / settings.images)
        chosen = self.samples(seen, batch).to(device)
        labels, inks = self.data.labels[chosen], self.data.inks[chosen]
        real = windows(self.data, chosen, self.g.size, SHRINK)
        flip = (torch.rand(batch, device=device) < 0.5) & self.mirrored[labels]
        real = torch.where(flip[:, None, None, None], real.flip(3), real).contiguous(memory_format=torch.channels_last)
        z = torch.randn(batch, self.g.z_dim, device=device)
        with autocast(settings.precision, device):
            claims = self.g.screens(z, labels, inks)
        fake = torch.roll(claims, torch.randint(self.g.size, (2,)).tolist(), (2, 3))
        fake = torch.where(fake == UNUSED, 0, fake)
        real, fake = (self._shown(x) for x in (real, fake))
        shown = fake.detach().requires_grad_(True)

        # D: real up, fake down, by -log sigmoid(real - fake)
        with autocast(settings.precision, device):
            d_real, d_fake = self.d(real, labels, inks), self.d(shown, labels, inks)
        apart = d_real.float() - d_fake.float()
        d_loss = F.softplus(-apart).mean()  # losses.d_loss of relativistic pairs
        penalty = self._penalty(seen // settings.batch, (real, fake.detach()), labels, inks)
        self.update("d", d_loss if penalty is None else d_loss + penalty)

        # G: fake up, by -log sigmoid(fake - real). D judges each tile by itself, so what it just said of how its own loss
        # changes with a tile is what G needs, but for the sign and sigmoid(real - fake) / sigmoid(fake - real): no second pass
        ratio = apart.detach().clamp(-15, 15).exp()[:, None, None, None]
        self.optimisers["g"].zero_grad(set_to_none=True)
        fake.backward(-ratio * shown.grad)
        distributed.average_gradients(self.g.parameters())
        self.optimisers["g"].step()
        apart = apart.detach()
        return {
            "g_loss": F.softplus(apart).mean(),
            "d_loss": d_loss.detach(),
            "apart": apart.mean(),
            "told": (apart > 0).float().mean(),
        }

    def _shown(self, coverage: Tensor) -> Tensor:
        """What D sees of coverages: -1..1, and a little noise, so that whole numbers do not give real ones away."""
        return coverage * 2 - 1 + self.settings.noise * torch.randn_like(coverage)

    def _penalty(self, step: int, pictures: tuple[Tensor, ...], labels: Tensor, inks: Tensor) -> Tensor | None:
        """R1 and R2 in fp32, lazily: so much the stronger in the few steps that have them."""
        settings = self.settings
        if step % settings.penalty_every:
            return None
        return settings.penalty * settings.penalty_every * losses.gradient_penalty(self.d, pictures, labels, inks)

    def _decay(self, progress: float) -> None:
        late = max(0.0, (progress - self.settings.decay_from) / (1 - self.settings.decay_from))
        for name, rate in (("g", self.settings.lr_g), ("d", self.settings.lr_d)):
            self.optimisers[name].param_groups[0]["lr"] = rate * (0.1 + 0.9 * cosine(late))

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """A row a class: eight tiles from fixed latents in palettes of real cloth, then four real windows in theirs."""
        g, size = self.average, self.g.size
        device = device_of(g)
        fake = to_bytes(g(self.fixed_z.to(device), self.fixed_labels.to(device))).cpu().split(SHEET_COLUMNS)
        gap, rows = torch.full((1, 3, size, size), 255, dtype=torch.uint8), []
        for label, row in enumerate(fake):
            index = torch.nonzero(self.data.labels == label).flatten()
            index = index[torch.linspace(0, len(index) - 1, 4).long()]
            cut = windows(self.data, index, size, SHRINK, torch.zeros(4, 2, dtype=torch.long))
            real = to_bytes(poured(cut, self.data.palettes[index].float() / 127.5 - 1)).cpu()
            rows.append(torch.cat([row, gap, real]))
        return sheet(rows)

    def export(self, directory: Path, **card: object) -> None:
        """The averaged generator as a model directory, its weights in fp16."""
        facts = {"classes": list(self.data.classes), "seamless": True, "view": SHRINK * self.g.size}
        save_bundle(directory, self.average, family="screens", arguments=self.arguments, half=True, **facts, **card)


def shares(words: str, classes: tuple[str, ...]) -> list[int]:
    """ "floral=6,solid=1" as a number a class, 1 where nothing is said; raises SelvedgeError for a word that is none."""
    found = dict.fromkeys(classes, 1)
    for word in filter(None, words.split(",")):
        name, _, times = word.partition("=")
        if name not in found or not times.isdecimal() or not int(times):
            raise SelvedgeError(f"--shares {word!r}: CLASS=N, N from 1, is wanted, CLASS one of {', '.join(classes)}")
        found[name] = int(times)
    return list(found.values())


def main() -> None:
    """Train, or go on, and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of flat tiles; its separations are kept in DATA.npz"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, samples and export")
    parser.add_argument("--begin-with", type=Path, help="checkpoint.pt of another run, as narrow or narrower")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    given = vars(parser.parse_args())
    folder, out, begin = given.pop("data"), given.pop("out"), given.pop("begin_with")
    settings = Settings(**given)
    data, held = load(folder, folder.with_suffix(".npz")).split()
    print(f"screens: {len(data):,} tiles, {len(held):,} held out; {settings}", flush=True)
    task, before = ScreensTask(settings, data), 0
    if begin:
        state = checkpoint.load(begin)
        if state is None:
            raise SystemExit(f"screens: {begin}: there is no such file")
        task.begin_with(state)
        before = state["images"]
    train(task, settings, seed=settings.seed, directory=out, title="screens")
    leader = not distributed.rank()
    distributed.leave()
    if not leader:
        return
    task.export(
        out / "export",
        data={
            "tiles": len(data),
            "sha256": data.fingerprint,
            "licences": ["MIT, drawn by this project"],
        },
        images=before + settings.images,
        begun_with={"images": before},
        settings=asdict(settings),
        scores=held_out_scores(task.average, held, settings.seed),
    )


@torch.no_grad()
def held_out_scores(generator: Screens, held: Separations, seed: int) -> dict:
    """Tiles of each class, in palettes of its library, against windows of held-out tiles, on the shipped extractor."""
    extractor = Extractor.load(SHIPPED)
    labels = held.labels
    z = torch.randn(len(held), generator.z_dim, generator=torch.Generator().manual_seed(seed))
    fake = torch.cat([to_bytes(generator(a, b)) for a, b in zip(z.split(50), labels.split(50), strict=True)])
    real, again = (extractor.look(printed(held, generator.size, SHRINK, seed + i)) for i in range(2))
    looks = extractor.look(fake)
    found, floor = (pair_scores(real, other, seed=seed, resamples=500)[0] for other in (looks, again))
    names = list(extractor.bundle.card["classes"])
    right = looks.logits.argmax(1) == np.array([names.index(name) for name in held.classes])[labels.numpy()]
    return {
        "measured_on": "windows of held-out drawn tiles; the floor is other windows of the same tiles",
        "extractor": looks.extractor,
        **{
            f"{name}_pattern": {key: found[name][key] for key in ("value", "low", "high", "n", "n_real")}
            | {"floor": floor[name]["value"]}
            for name in ("kid", "fd")
            if name in found
        },
        "class_agreement": share_of(int(right.sum()), len(right)),
        "by_class": {name: float(right[labels.numpy() == i].mean()) for i, name in enumerate(held.classes)},
    }


if __name__ == "__main__":
    main()
