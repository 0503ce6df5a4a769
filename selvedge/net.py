"""Which addresses may be fetched: http(s) to public hosts, and the embedded shop as the one named exception."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

# A name that no resolver knows (RFC 6761 reserves .test); the crawl maps it to the port where the shop listens.
EMBEDDED_HOST = "fabrics.selvedge.test"


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet: not loopback, private, link-local, multicast or reserved."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not (mapped or ip).is_multicast


def refusal(url: str) -> str | None:
    """Why `url` may not be fetched, judged by the address alone; None if it may (its host's IP is checked when it is resolved)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme not in ("http", "https"):
        return f"has the scheme {parts.scheme or 'none'!r}; only http and https are fetched"
    if not host:
        return "names no host"
    if parts.username or parts.password:
        return "carries a user name or password"
    if host == EMBEDDED_HOST:
        return None
    literal = host.replace(":", "").replace(".", "").isdigit() or ":" in host
    if (
        host == "localhost"
        or host.endswith((".localhost", ".local", ".internal", ".test"))
        or (literal and not is_public(host))
    ):
        return f"leads to {host}, which is not on the public internet"
    return None


def is_embedded(url: str) -> bool:
    """Whether `url` leads to the embedded shop."""
    return urlsplit(url).hostname == EMBEDDED_HOST
