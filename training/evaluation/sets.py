"""`selvedge measure sets REAL FAKE`: the same measures for any two folders of pictures.

Every picture is judged alike: alpha lies on white, grey counts as RGB, the middle square is cut out, and that is averaged
by area to the extractor's size, without aliasing. So sizes may differ, and the format says nothing as long as it is lossless;
JPEG is part of what is compared, and is neither added nor taken away.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import atomic_path, list_images, open_image
from training.data import to_tensor
from training.evaluation import measures, scores
from training.evaluation.features import SHIPPED, Extractor, Looks

CACHE = Path("runs/cache/looks")
LISTED = 20  # unreadable files named in one error
CHUNK = 64  # pictures in memory at a time
COLUMNS = ("features", "logits", "mean_colour", "sharpness")  # of looks, that are kept
T = TypeVar("T")


@dataclass(frozen=True)
class PictureSet:
    """A folder's pictures: by class where they lie in class folders, sorted by name."""

    root: Path
    files: tuple[Path, ...]
    classes: tuple[str, ...]  # of each file; empty strings in a flat folder

    @classmethod
    def of(cls, root: str | Path) -> PictureSet:
        """Pictures right in `root`, or in its class folders; raises SelvedgeError where there is none."""
        root = Path(root)
        if not root.is_dir():
            raise SelvedgeError(f"{root}: is no folder; name one that holds pictures, or class folders of pictures")
        files = [(file, "") for file in list_images(root)]
        for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
            files += [(file, folder.name) for file in list_images(folder)]
        if not files:
            raise SelvedgeError(f"{root}: holds no picture, nor do its folders; name one that does")
        return cls(root, tuple(file for file, _ in files), tuple(name for _, name in files))

    def __len__(self) -> int:
        return len(self.files)


def on_white(path: Path) -> Image.Image:
    """A picture as RGB; alpha lies on white. Raises BadImage with the file's name."""
    image = open_image(path, mode="RGBA")
    if np.asarray(image.getchannel("A")).min() < 255:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def read(path: Path) -> Tensor:
    """The middle square of a picture, (3, S, S) uint8; alpha lies on white. Raises BadImage with the file's name."""
    image = on_white(path)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return to_tensor(image.crop((left, top, left + side, top + side)))


def chunks(files: Sequence[Path], reader: Callable[[Path], T]) -> Iterator[list[tuple[int, T]]]:
    """Index of all files and what `reader` makes of them, some at a time.

    Raises one BadImage that names every file that `reader` raises SelvedgeError for; behind the first of them nothing
    more is given out.
    """

    def one(index: int) -> tuple[int, T] | str:
        try:
            return index, reader(files[index])
        except SelvedgeError as error:
            return str(error)

    bad: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, len(files), CHUNK):
            found = list(pool.map(one, range(start, min(start + CHUNK, len(files)))))
            bad += [reason for reason in found if isinstance(reason, str)]
            if not bad:
                yield [value for value in found if not isinstance(value, str)]
    if bad:
        more = f"\nand {len(bad) - LISTED} more" if len(bad) > LISTED else ""
        raise BadImage("\n".join(bad[:LISTED]) + f"{more}\nmend these files or take them out")


def look(pictures: PictureSet, extractor: Extractor, cache: Path | None = CACHE) -> Looks:
    """What is measured of a folder; kept in `cache` by the pictures' pixels and the extractor's bytes.

    Pictures of one size go through the network together; neither batch nor order changes what is found.
    """
    kept = None if cache is None else cache / f"{_stamp(pictures.files, extractor.id)}.npz"
    if kept is not None and (known := _known(kept, len(pictures))) is not None:
        return replace(known, extractor=extractor.id)
    parts: list[tuple[list[int], Looks]] = []
    for found in chunks(pictures.files, read):
        by_size: dict[int, list[tuple[int, Tensor]]] = defaultdict(list)
        for index, pixels in found:
            by_size[pixels.shape[-1]].append((index, pixels))
        for group in by_size.values():
            parts.append(([index for index, _ in group], extractor.look(torch.stack([x for _, x in group]))))
    order = np.argsort(np.concatenate([indices for indices, _ in parts]), kind="stable")
    values = {name: np.concatenate([getattr(looks, name) for _, looks in parts])[order] for name in COLUMNS}
    made = Looks(**values, extractor=extractor.id)
    if kept is not None:
        with atomic_path(kept) as partial, partial.open("wb") as file:
            np.savez(
                file,
                features=made.features,
                logits=made.logits,
                mean_colour=made.mean_colour,
                sharpness=made.sharpness,
            )
    return made


def _stamp(files: Iterable[Path], extractor: str) -> str:
    """Names a list of files' bytes in their order, and who looks at them."""
    digest = hashlib.sha256(extractor.encode())
    for file in files:
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise BadImage(f"{file}: cannot be read ({error.strerror})") from None
    return digest.hexdigest()[:24]


def _known(path: Path, count: int) -> Looks | None:
    """Kept looks, unless they are missing, damaged or of another number of pictures."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            looks = Looks(**{name: stored[name] for name in COLUMNS}, extractor="")
            return looks if len(looks) == len(looks.logits) == count else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def load_extractor(path: str | Path | None = None) -> Extractor:
    """The extractor that ships, the classifier in a model directory, or SqueezeNet from a file; raises BadBundle."""
    return Extractor.load(path or SHIPPED)


# ---- the command -----------------------------------------------------------------------------------------------------------


def measure(
    real: str | Path,
    fake: str | Path,
    *,
    reference: str | Path | None = None,
    extractor: str | Path | None = None,
    inception: str | Path | None = None,
    seed: int = 0,
    resamples: int = 200,
) -> dict:
    """Every measure of the folder `fake` against `real`; scores that an extractor gives are named by it.

    `reference`: further real pictures, for the floor. `extractor`: see `Extractor.load`. `inception`: torch-fidelity's
    Inception weights, a file or `download`; then FID, KID, the inception score, precision and recall proper are measured
    too. Class folders of the same names in both make scores by class; where they are the extractor's classes, agreement
    too, and floors by class. Raises SelvedgeError for what cannot be measured at all.
    """
    eyes = load_extractor(extractor)
    classes = tuple(eyes.bundle.card["classes"])
    sets = {name: PictureSet.of(root) for name, root in (("real", real), ("fake", fake)) if root is not None}
    if reference is not None:
        sets["reference"] = PictureSet.of(reference)
    looks = {name: look(pictures, eyes) for name, pictures in sets.items()}
    labelled = all(set(pictures.classes) <= set(classes) for pictures in sets.values())
    if labelled:
        looks = {
            name: replace(found, labels=np.array([classes.index(cls) for cls in sets[name].classes]))
            for name, found in looks.items()
        }
    found = measures.report(
        looks["real"],
        looks["fake"],
        reference=looks.get("reference"),
        classes=classes if labelled else (),
        seed=seed,
        resamples=resamples,
    )
    if not labelled and (parts := _by_class(sets, looks, seed, resamples)):
        found["by_class"] = parts
        found["left_out"]["agreement"] = f"{eyes.name} does not know the classes {_listed(parts)}"
    named = {f"{key}_{eyes.name}" if key in BY_EXTRACTOR else key: value for key, value in found.items()}
    named |= {"extractor": eyes.id, "real": str(real), "fake": str(fake), "seed": seed}
    named["another_distribution"] = _apart(found)
    if inception is not None:
        named |= {
            "inception": scores.standard(_Folder(sets["real"].files), _Folder(sets["fake"].files), inception, seed)
        }
    return named


BY_EXTRACTOR = ("fd", "fd_infinity", "kid", "is", "precision", "recall", "density", "coverage", "agreement")


def _by_class(sets: dict[str, PictureSet], looks: dict[str, Looks], seed: int, resamples: int) -> dict[str, dict]:
    """{class: {metric: score, "left_out"}} of the classes that both sets have, whether or not the extractor knows them."""
    of_class = {name: np.array(sets[name].classes) for name in ("real", "fake")}
    found = {}
    for cls in sorted(set(of_class["real"]) & set(of_class["fake"]) - {""}):
        one, other = (looks[name][of_class[name] == cls] for name in ("real", "fake"))
        with measures.one_thread():
            scores, left_out = measures.pair_scores(one, other, seed=seed, resamples=resamples)
        found[str(cls)] = {**scores, "n": len(other), "n_real": len(one), "left_out": left_out}
    return found


def _apart(found: dict) -> bool:
    """Whether the sets are of two domains: their kernel distance is beyond that of real pictures among each other.

    Alarms then have nothing to warn of. They ask whether a generator's pictures could be its training cloth's.
    """
    kid = found.get("kid", {})
    return bool(kid.get("floor")) and kid["low"] > max(kid["floor"]["high"], 0.0)


def _listed(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


class _Folder(torch.utils.data.Dataset):
    """Pictures as torch-fidelity wants them, all squares of 299, which is what Inception looks at."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return squared(read(self.files[index]), scores.SIDE)


def squared(pixels: Tensor, side: int) -> Tensor:
    """(3, S, S) uint8 -> (3, side, side) uint8, averaged by area where it shrinks."""
    if pixels.shape[-1] == side:
        return pixels
    x = F.interpolate(pixels[None].float(), (side, side), mode="bicubic", antialias=True, align_corners=False)
    return x[0].round().clamp(0, 255).to(torch.uint8)


def rows(found: dict) -> list[dict[str, str]]:
    """A measurement as rows of a table: score, value, interval, n, floor; then what was left out, and alarms."""
    table = []
    for name, value in found.items():
        if not isinstance(value, dict) or "value" not in value:
            continue
        floor = value.get("floor")
        table.append(
            {
                "score": name,
                "value": f"{value['value']:.4g}",
                "95 %": f"[{value['low']:.4g}, {value['high']:.4g}]",
                "n": f"{value['n']} against {value['n_real']}",
                "real against real": "" if not floor else f"{floor['value']:.4g} at n {floor['n']}",
            }
        )
    for name, number in found.get("inception", {}).items():
        if name not in ("n", "n_real"):
            table.append(_row(f"{name} (Inception)", f"{number:.4g}", f"{found['inception']['n']}"))
    for name, reason in found.get("left_out", {}).items():
        table.append(_row(name, f"left out: {reason}", ""))
    fired = [alarm for alarm in found.get("alarms", []) if alarm["fired"]]
    for alarm in fired:
        name = "not the same distribution" if found.get("another_distribution") else f"ALARM: {alarm['alarm']}"
        table.append(_row(name, f"{alarm['what']} (p {alarm['p']:.2g})", str(alarm["n"])))
    if fired and found.get("another_distribution"):
        table.append(_row("copies", "`selvedge measure copies TRAIN FAKE` looks for those of training pictures", ""))
    return table


def _row(name: str, value: str, n: str) -> dict[str, str]:
    return {"score": name, "value": value, "95 %": "", "n": n, "real against real": ""}
