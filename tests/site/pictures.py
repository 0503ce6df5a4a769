"""Pictures as they come from the web: good ones of every kind, and bodies that only pretend to be one."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image

SIDE = 48  # pixels


@lru_cache(maxsize=1024)
def picture(seed: int, kind: str = "JPEG", mode: str = "RGB", side: int = SIDE) -> bytes:
    """A small picture of noise; every seed another."""
    noise = np.random.default_rng(seed).integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((side, side), Image.Resampling.NEAREST)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def animation() -> bytes:
    """A GIF of three frames."""
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def lying_on_its_side() -> bytes:
    """A JPEG of 48 x 24 that EXIF says to turn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE // 2), "teal").save(out, "JPEG", exif=exif)
    return out.getvalue()


def two_in_one() -> bytes:
    """A JPEG of two pictures, as some cameras write it (MPO)."""
    out = io.BytesIO()
    first, second = (Image.new("RGB", (SIDE, SIDE), colour) for colour in ("navy", "olive"))
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def wide_png(width: int, height: int) -> bytes:
    """A PNG of one colour, small as a file however many pixels it has."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A small PNG whose comment unpacks to 200 MB."""
    body = picture(1, "PNG")
    content = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 1)
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    return body[:33] + chunk + body[33:]


def zipped(megabytes: float) -> bytes:
    """So many megabytes of nothing, packed by gzip."""
    return gzip.compress(bytes(int(megabytes * 1e6)), 6)


def archive() -> bytes:
    """A ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "not a picture")
    return out.getvalue()


def marked(words: bytes) -> bytes:
    """A JPEG whose XMP says something about data mining."""
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><plus:DataMining>" + words + b"</plus:DataMining></x:xmpmeta>"
    body = picture(77)
    return body[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + body[2:]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
