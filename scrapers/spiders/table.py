"""A table of addresses in the clothing-pattern format, from a file or from an address."""

from __future__ import annotations

from pathlib import Path

from scrapers.spiders.reader import Failure, NoPage, Reader, Steps
from scrapers.table import decode_table, read_table
from selvedge.errors import SelvedgeError


class TableReader(Reader):
    """Asks for each row's picture, as fast as Scrapy takes them; a row that is wrong makes the whole table wrong."""

    def read(self) -> Steps:
        source = self.source
        try:
            if "://" in source.path:
                data = (yield from self.ask(source.path)).body
            else:
                data = Path(source.path).read_bytes()
            text = decode_table(data, source.path)
            rows = read_table(text, source.path, source.words, self.classes, source.name, source.licence).rows
        except NoPage as error:
            self.fail(str(error), error.passing)
            return
        except OSError as error:
            self.fail(f"{source.path}: {error.strerror or error}", passing=False)
            return
        except SelvedgeError as error:
            self.failures.append(Failure(str(error), passing=False))  # each of its lines names the table already
            return
        for row in rows:
            yield from self.picture(row)
