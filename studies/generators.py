"""The three generators of patterns side by side: plain DCGAN, DCGAN+ and the champion, on the same drawn cloth.

    selvedge draw textiles --n 12000 --size 256 --mode flat --seed 2000000 --out tiles
    python -m studies.generators --tiles tiles --equal BUNDLE --champion BUNDLE --images N --real NAME=DIR ...

trains the two DCGANs (they go on where they stopped) and writes reports/patterns.md, docs/patterns.jpg and docs/champion.jpg.
All see windows of the same tiles, 128 px of them as 64; `--equal` is the champion after as many images as they see,
`--champion` the one that ships. `--real` names folders of class folders of pictures, of which only numbers are reported.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor

from selvedge.errors import SelvedgeError
from selvedge.io import atomic_path, write_text
from studies.ablation import run
from studies.common import HEAD, SEED, SIZE, agreement, photographs, row
from training.data import Swatches, sheet, to_bytes
from training.evaluation.features import SHIPPED, Extractor
from training.models.bundle import Bundle, load_bundle
from training.models.screens import CRISP, poured, separated
from training.separations import Separations, load, printed
from training.tasks.patterns import sample
from training.tasks.screens import SHRINK

ROOM = 96  # pixels of a training window, out of which a tile's SIZE is cropped
COLUMNS = 5  # tiles of a class and a generator on the sheet
PRINTS, LARGER = 6, 3  # prints of a class by the champion; how many times its own size


def pictures(data: Separations, size: int, seed: int) -> Swatches:
    """A window of each tile, in its own colours: `size` pixels of it, begun anywhere."""
    return Swatches(printed(data, size, SHRINK, seed), data.labels, "drawn")


def tiles_of(bundle_at: Path, classes: tuple[str, ...], n: int) -> tuple[Tensor, Tensor]:
    """n tiles of a model directory and their labels, indices of `classes`."""
    bundle = load_bundle(bundle_at)
    names = tuple(bundle.card.get("classes", ()))
    if set(names) != set(classes):
        raise SelvedgeError(
            f"{bundle_at}: knows {', '.join(names) or 'no classes'}; the tiles are of {', '.join(classes)}"
        )
    made, labels = sample(bundle.network, len(names), n, SEED)
    return made, torch.tensor([classes.index(name) for name in names])[labels]


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=Path, required=True)
    parser.add_argument("--equal", type=Path, required=True)
    parser.add_argument("--champion", type=Path, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--real", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path("reports/patterns.md"))
    parser.add_argument("--sheet", type=Path, default=Path("docs/patterns.jpg"))
    parser.add_argument("--prints", type=Path, default=Path("docs/champion.jpg"))
    given = parser.parse_args()

    # Data
    data, held = load(given.tiles, given.tiles.with_suffix(".npz")).split()
    classes, extractor = data.classes, Extractor.load(SHIPPED)
    test = pictures(held, SIZE, SEED)
    even = torch.arange(len(data)) % 9 == 0
    pick, train = data.some(torch.nonzero(even).flatten()), data.some(torch.nonzero(~even).flatten())
    parts = {"train": pictures(train, ROOM, SEED), "pick": pictures(pick, SIZE, SEED), "test": test}
    cloth = SimpleNamespace(classes=classes, parts=parts)

    # Generators
    options = SimpleNamespace(
        size=SIZE,
        width=32,
        images=given.images,
        samples=given.samples,
        view=ROOM,
        drawn=f"{given.tiles.name}-{data.fingerprint}",
    )
    made: dict[str, tuple[Tensor, Tensor]] = {}
    for name, title in (("plain", "plain DCGAN"), ("DCGAN+", "DCGAN+")):
        found = run(name, SEED, cloth, options, extractor)
        made[title] = tiles_of_run(found, name, options, classes)
    made["champion, equal images"] = tiles_of(given.equal, classes, given.samples)
    made["champion, as it ships"] = tiles_of(given.champion, classes, given.samples)

    # Scores
    looks = {name: extractor.look(tiles) for name, (tiles, _) in made.items()}
    real = extractor.look(test.images)
    again = extractor.look(pictures(pick, SIZE, SEED + 1).images)
    lines = [row("other drawn cloth (the floor)", real, again, agreement(extractor, again, pick.labels, classes))]
    for name, (_, labels) in made.items():
        right = "no classes" if name.startswith("plain") else agreement(extractor, looks[name], labels, classes)
        lines.append(row(name, real, looks[name], right))
    real_lines = []
    for entry in given.real:
        title, shown = photographs(entry)
        cloth_looks = extractor.look(shown)
        real_lines += [row(f"{title} ({len(shown)}): {name}", cloth_looks, looks[name], "") for name in made]

    # The page
    show(given.sheet, made, test, classes)
    show_prints(given.prints, load_bundle(given.champion))
    equal, final = (load_bundle(path).card for path in (given.equal, given.champion))
    write_text(
        given.out,
        "\n".join(page(lines, real_lines, given, len(test), equal.get("images"), final.get("images"))),
    )
    print(f"-> {given.out}, {given.sheet}, {given.prints}")


def tiles_of_run(found: dict, name: str, options: SimpleNamespace, classes: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """The tiles of a finished run of the ablation; those of a generator without classes lie in rows all the same."""
    model = Path(found["folder"]) / "model"
    return sample(load_bundle(model).network, len(classes), options.samples, SEED)


def show(path: Path, made: dict, test: Swatches, classes: tuple[str, ...]) -> None:
    """A row a class: tiles of each generator, then drawn cloth."""
    gap, rows = torch.full((1, 3, SIZE, SIZE), 255, dtype=torch.uint8), []
    for label in range(len(classes)):
        cells = []
        for tiles, labels in [*made.values(), (test.images, test.labels)]:
            cells += [tiles[labels == label][:COLUMNS], gap]
        rows.append(torch.cat(cells[:-1]))
    with atomic_path(path) as partial:
        sheet(rows).save(partial, "JPEG", quality=88)


@torch.no_grad()
def show_prints(path: Path, bundle: Bundle) -> None:
    """What the champion prints, at three times its size: a row a class, of seeds that nobody chose."""
    g, classes = bundle.network, bundle.card["classes"]
    z = torch.randn(len(classes) * PRINTS, g.z_dim, generator=torch.Generator().manual_seed(SEED))
    rows = []
    for label, part in enumerate(z.split(PRINTS)):
        labels = torch.full((PRINTS,), label)
        colours, inks = g.palette(part, labels)
        rows.append(to_bytes(poured(separated(g.screens(part, labels, inks), LARGER, CRISP * LARGER), colours)))
    with atomic_path(path) as partial:
        sheet(rows, gap=5).save(partial, "JPEG", quality=85)


def page(
    lines: list[str], real_lines: list[str], given: argparse.Namespace, n: int, equal: int, final: int
) -> list[str]:
    """reports/patterns.md."""
    shown = [
        "# Three generators of patterns",
        "",
        "By `python -m studies.generators`.",
        "",
        f"All were shown windows of the same drawn tiles ({SHRINK * SIZE} px of cloth as {SIZE}) and make tiles of {SIZE} px. The plain "
        f"DCGAN (at batch 64) and DCGAN+ (`training/recipes.py`, at width 32) saw {given.images:,} images, the champion "
        f"(`training/models/screens.py`) {equal:,} and, as it ships, {final:,}; one training each. {given.samples} tiles against {n} "
        "windows of held-out tiles, on the shipped extractor; brackets are 95 % over resampled pictures.",
        "",
        *HEAD,
        *lines,
        "",
        f"![tiles by class](../docs/{given.sheet.name})",
        "",
        f"![the champion's prints](../docs/{given.prints.name})",
        "",
        "Above, from the left: plain DCGAN (without classes), DCGAN+, champion at equal images, champion as it ships, drawn cloth. "
        f"Below: what ships, printed larger, {PRINTS} of each class as they come.",
        "",
    ]
    if real_lines:
        shown += [
            "## Against photographs of real cloth",
            "",
            "None of the generators was shown any of it, or any photograph: what they made is flat, without light, folds and weave.",
            "",
            *HEAD,
            *real_lines,
            "",
        ]
    return shown


if __name__ == "__main__":
    main()
