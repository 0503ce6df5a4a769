"""Files: written whole or not at all, hashed, and pictures opened with care."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selvedge.errors import BadImage, SelvedgeError, WriteFailed

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` when the block ends well, and vanishes when not.

    Raises WriteFailed (disk full, no permission) naming `path`; the old content, if any, is untouched then.
    """
    path = Path(path)
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        partial.chmod(0o644)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> WriteFailed:
    """What the disk said, and what to do about it."""
    remedy = "free space and run again"
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY):
        remedy = "a file or folder is in its way: move that, or choose another name"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "choose a place where you may write"
    return WriteFailed(f"{path}: cannot be written ({error.strerror or error}); {remedy}")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON; raises SelvedgeError naming the file when it is missing or is not JSON."""
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise SelvedgeError(f"{path}: there is no such file") from None
    except OSError as error:
        raise SelvedgeError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise SelvedgeError(f"{path}: is not JSON ({error}); make it again") from None


def read_yaml(path: str | Path, if_missing: str, error: type[SelvedgeError] = SelvedgeError) -> Any:
    """Read YAML; raises `error` naming the file when it is missing (with what to do then) or is not YAML."""
    import yaml

    try:
        return yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise error(f"{path}: there is no such file here; {if_missing}") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise error(f"{path}: is not YAML: {' '.join(str(problem).split())}") from None


@contextmanager
def atomic_dir(path: str | Path) -> Iterator[Path]:
    """Yield an empty directory beside `path` that takes its place when the block ends well, and vanishes when not.

    Raises WriteFailed naming `path` when the disk is full or refuses.
    """
    path = Path(path)
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial-", dir=path.parent))
        yield partial
        partial.chmod(0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial-", dir=path.parent))
            path.replace(old)
            partial.replace(path)
            shutil.rmtree(old)
        else:
            partial.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        if partial is not None and partial.exists():
            shutil.rmtree(partial, ignore_errors=True)


def sha256_bytes(data: bytes) -> str:
    """The SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str | Path) -> str:
    """The SHA-256 of a file in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """Sixteen hex digits that name a JSON-like value: equal values, equal names."""
    return sha256_bytes(json.dumps(value, sort_keys=True, default=str).encode())[:16]


def open_image(source: str | Path | bytes, name: str | None = None, mode: str = "RGB") -> Image.Image:
    """Open and decode a picture, upright (EXIF applied), in `mode`.

    The format is judged by content. Raises BadImage with the name of the file when it cannot be read, is truncated, or
    has more than 40 megapixels (checked before a pixel is decoded).
    """
    from PIL import ImageOps

    with _decoding(source, name) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255 instead of scaling them
            upright = upright.convert("I").point([value >> 8 for value in range(1 << 16)], "L")
        return upright.convert(mode)


def look_at_image(source: str | Path | bytes, name: str | None = None) -> tuple[int, int, str]:
    """Width and height, upright, and format of a picture that decodes to its end, told as quickly as that can be.

    Raises BadImage as open_image does.
    """
    with _decoding(source, name) as image:
        width, height = image.size
        image.draft(None, (width // 8, height // 8))  # a JPEG is read whole, but fewer pixels are made of it
        image.load()
        turned = image.getexif().get(0x0112, 1) >= 5
        kind = image.format or ""  # an opened picture has one
        return (height, width, kind) if turned else (width, height, kind)


@contextmanager
def _decoding(source: str | Path | bytes, name: str | None) -> Iterator[Image.Image]:
    """A picture whose head is read and found to be no bomb; what goes wrong then is BadImage."""
    from PIL import Image

    name = name or (str(source) if not isinstance(source, bytes) else f"{len(source)} bytes")
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadImage(f"{name}: {image.width}x{image.height} is more than {MAX_PIXELS:,} pixels")
            yield image
    except FileNotFoundError:
        raise BadImage(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise BadImage(f"{name}: is a folder; name a picture") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = str(error).split("\n")[0]
        raise BadImage(f"{name}: is not a picture that can be read ({reason})") from None


def encode_image(image: Image.Image, kind: str = "png", dpi: int | None = None) -> bytes:
    """Encode as `png` or `jpeg` (quality 95, 4:4:4: a fabric's colour lines survive); the same picture, the same bytes."""
    out = io.BytesIO()
    extra = {"dpi": (dpi, dpi)} if dpi else {}
    if kind == "jpeg":
        image.save(out, "JPEG", quality=95, subsampling=0, **extra)
    else:
        image.save(out, "PNG", compress_level=6, **extra)
    return out.getvalue()


def list_images(folder: str | Path) -> list[Path]:
    """The picture files right in `folder` by ending, sorted by name."""
    endings = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in endings and not p.name.startswith("."))
