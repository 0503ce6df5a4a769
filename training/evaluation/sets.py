"""`selvedge measure sets REAL FAKE`: the same measures for any two folders of pictures.

Every picture is judged alike: alpha lies on white, grey counts as RGB, the middle square is cut out, and that is averaged
by area to the extractor's size, without aliasing. So sizes may differ, and the format says nothing as long as it is lossless;
JPEG is part of what is compared, and is neither added nor taken away.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selvedge.errors import BadImage, SelvedgeError
from selvedge.io import atomic_path, list_images, open_image
from training.data import to_tensor
from training.evaluation.features import SHIPPED, Extractor, Looks

CACHE = Path("runs/cache/looks")
LISTED = 20  # unreadable files named in one error
CHUNK = 64  # pictures in memory at a time


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


def read(path: Path) -> Tensor:
    """The middle square of a picture, (3, S, S) uint8; alpha lies on white. Raises BadImage with the file's name."""
    image = open_image(path, mode="RGBA")
    if image.getextrema()[3][0] < 255:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return to_tensor(image.convert("RGB").crop((left, top, left + side, top + side)))


def chunks(files: Sequence[Path]) -> Iterator[list[tuple[int, Tensor]]]:
    """Index and pixels of all files, some at a time; raises one BadImage that names every file that cannot be read."""

    def one(index: int) -> tuple[int, Tensor | str]:
        try:
            return index, read(files[index])
        except BadImage as error:
            return index, str(error)

    bad: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, len(files), CHUNK):
            found = list(pool.map(one, range(start, min(start + CHUNK, len(files)))))
            bad += [value for _, value in found if isinstance(value, str)]
            yield [(index, value) for index, value in found if not isinstance(value, str)]
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
    for found in chunks(pictures.files):
        by_size: dict[int, list[tuple[int, Tensor]]] = defaultdict(list)
        for index, pixels in found:
            by_size[pixels.shape[-1]].append((index, pixels))
        for group in by_size.values():
            parts.append(([index for index, _ in group], extractor.look(torch.stack([x for _, x in group]))))
    order = np.argsort(np.concatenate([indices for indices, _ in parts]), kind="stable")
    columns = ("features", "logits", "mean_colour", "sharpness")
    values = [np.concatenate([getattr(looks, name) for _, looks in parts])[order] for name in columns]
    made = Looks(*values, extractor.id)
    if kept is not None:
        with atomic_path(kept) as partial, partial.open("wb") as file:
            np.savez(file, **dict(zip(columns, values, strict=True)))
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
            looks = Looks(*(stored[name] for name in ("features", "logits", "mean_colour", "sharpness")), "")
            return looks if len(looks) == len(looks.logits) == count else None
    except (OSError, ValueError, KeyError, EOFError):
        return None


def load_extractor(path: str | Path | None = None) -> Extractor:
    """The extractor that ships, or the classifier in a model directory; raises BadBundle."""
    return Extractor.load(path or SHIPPED)
