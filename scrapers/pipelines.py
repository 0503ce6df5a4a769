"""From answers to files: judged by content, kept under their own hash, one row an address."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

from PIL import Image

from scrapers.manifest import Journal, Row
from selvedge.errors import BadImage
from selvedge.io import FORMATS, open_image

ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}


@dataclass
class Fetched:
    """What became of a row's address: a body, or an error."""

    row: Row
    body: bytes = b""
    status: str = "ok"
    error: str = ""


def keep(journal: Journal, fetched: Fetched) -> Row:
    """Store a picture, or the reason why there is none."""
    if fetched.status == "ok":
        try:
            image = open_image(fetched.body, fetched.row.url)
            with Image.open(io.BytesIO(fetched.body), formats=FORMATS) as raw:
                ending = ENDINGS[raw.format]
            return journal.store(fetched.row, fetched.body, *image.size, ending)
        except BadImage as error:
            fetched = Fetched(fetched.row, status="corrupt", error=str(error).removeprefix(f"{fetched.row.url}: "))
    row = replace(fetched.row, status=fetched.status, error=fetched.error, sha256="", file="")
    journal.add(row)
    return row


class Store:
    """The pipeline: every row ends in the journal, whatever came of it."""

    def __init__(self, journal: Journal, tell) -> None:
        self.journal, self.tell = journal, tell

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler.spider_journal, crawler.spider_tell)

    def process_item(self, item: Fetched) -> Fetched:
        """Keep it, and count it."""
        self.tell(keep(self.journal, item))
        return item
