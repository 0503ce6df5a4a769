"""How a site says that machines may not learn from it: in headers, in a page, in robots.txt, in tdmrep.json, in a picture.

Each function returns the reason for a refusal in a few words, or None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from scrapy.http import Response, TextResponse

AGENT = "selvedge"  # the name by which rules for robots call this crawler
REFUSING = ("noai", "noimageai", "noml", "noindex", "noimageindex", "none")  # none is noindex and nofollow
# Words of X-Robots-Tag that a colon follows without being a robot's name.
VALUED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
# PLUS's data-mining property as XMP carries it in a picture: https://ns.useplus.org/LDF/ldf-XMPSpecification
PROHIBITED = re.compile(rb"DMI-PROHIBITED[A-Z-]*")
SITEMAP = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]")


def refusal_in_headers(response: Response) -> str | None:
    """X-Robots-Tag and tdm-reservation of an answer.

    A sitemap may ask not to be indexed itself (WordPress' do): that is no word about what it lists.
    """
    tags = [value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")]
    words = [word for tag in tags for word in _for_us(tag)]
    if SITEMAP.search(response.body[:2048]):
        words = [word for word in words if word not in ("noindex", "none")]
    if found := _refusing(words):
        return f"X-Robots-Tag: {found}"
    if any(value.strip() == b"1" for value in response.headers.getlist("tdm-reservation")):
        return "tdm-reservation: 1 in its header"
    return None


def _for_us(tag: str) -> list[str]:
    """The words of one X-Robots-Tag header that are meant for all robots or for this one; a name holds until the next."""
    words, ours = [], True
    for part in tag.lower().split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip() not in VALUED:
            ours, part = name.strip() in (AGENT, "*"), rest
        if ours:
            words.append(part.strip())
    return words


def _refusing(words: Iterable[str]) -> str | None:
    return next((word for word in words if word in REFUSING), None)


def refusal_in_page(response: Response) -> str | None:
    """What a page says in its `meta`: robots, selvedge, tdm-reservation."""
    if not isinstance(response, TextResponse):
        return None
    for meta in response.css("meta[name][content]") if b"<" in response.body else ():
        name, content = meta.attrib["name"].strip().lower(), meta.attrib["content"].strip().lower()
        if name in ("robots", AGENT) and (found := _refusing(re.split(r"[\s,]+", content))):
            return f'<meta name="{name}"> says {found}'
        if name == "tdm-reservation" and content == "1":
            return '<meta name="tdm-reservation"> says 1'
    return None


def refusal_in_picture(data: bytes) -> str | None:
    """What a picture's own metadata says (IPTC and PLUS, "Data Mining")."""
    found = PROHIBITED.search(data)
    return f"its metadata says {found.group().decode()}" if found else None


def refusal_in_robots(text: str) -> str | None:
    """Content-Signal or Content-Usage of robots.txt, which reserve the rights to training there (draft-ietf-aipref-attach)."""
    said: dict[str, str] = {}  # robot -> what is said to it
    group: list[str] = []
    naming = False
    for line in text.splitlines():
        field, _, value = line.partition("#")[0].partition(":")
        field, value = field.strip().lower(), value.strip().lower()
        if field == "user-agent":
            group = [*(group if naming else []), value]
        elif field in ("content-signal", "content-usage") and re.search(
            r"\b(ai-train\s*=\s*no|train-ai\s*=\s*n)\b", value
        ):
            said.update(dict.fromkeys(group or ["*"], f"{field}: {value}"))
        naming = field == "user-agent" if field else naming
    found = said.get(AGENT) or said.get("*")
    return f"robots.txt says {found}" if found else None


class Reservations:
    """/.well-known/tdmrep.json: places on a host, and whether text and data mining is reserved there (W3C TDMRep)."""

    def __init__(self, text: str = "") -> None:
        try:
            rules = json.loads(text)
        except (ValueError, RecursionError):
            rules = []  # none, or the page that a host shows for whatever it has not
        self.rules = [
            (rule["location"], str(rule.get("tdm-reservation")).strip() in ("1", "True"))
            for rule in (rules if isinstance(rules, list) else [rules])
            if isinstance(rule, dict) and isinstance(rule.get("location"), str)
        ]

    def refusal(self, url: str) -> str | None:
        """The longest matching location decides, as in robots.txt; of two as long, the reservation."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        matching = [(len(place), reserved, place) for place, reserved in self.rules if _matches(place, path)]
        _, reserved, place = max(matching, default=(0, False, ""))
        return f"tdmrep.json reserves {place}" if reserved else None


def _matches(place: str, path: str) -> bool:
    """Whether robots.txt's kind of pattern matches: a prefix, with * for anything and $ for the end."""
    end = place.endswith("$")
    first, *others = place.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not others:
        return not end or path == first
    # piece by piece, as far left as each goes: a regular expression would take for ever on a hostile pattern
    at = len(first)
    for piece in others[:-1]:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return path.endswith(others[-1]) and len(path) - len(others[-1]) >= at if end else path.find(others[-1], at) >= 0
