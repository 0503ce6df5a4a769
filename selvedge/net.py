"""Which addresses may be fetched: http(s) to public hosts, and the embedded shop as the one named exception."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

# A name that no resolver knows (RFC 6761 reserves .test); the crawl maps it to the port where the shop listens.
EMBEDDED_HOST = "fabrics.selvedge.test"

# Names that never mean a host on the internet (RFC 6761, 6762, 8375, ICANN's .internal).
LOCAL = ("localhost", "local", "internal", "test", "invalid", "onion", "home.arpa", "localdomain")
# What comes after the last dot of a number in one of inet_aton's spellings: 127.1, 0x7f000001, 2130706433.
NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
# IPv6 addresses that stand for an IPv4 one in their last 32 bits: mapped, compatible, translated, NAT64.
EMBEDS_V4 = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
UNICAST = ipaddress.IPv6Network("2000::/3")
TUNNELS = tuple(map(ipaddress.IPv6Network, ("2001::/32", "2002::/16")))  # Teredo, 6to4: who is behind, one cannot tell


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet: not loopback, private, link-local, multicast or reserved.

    An IPv6 address that embeds an IPv4 one is judged by that; one that leads through a tunnel is not public.
    """
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in EMBEDS_V4):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip not in UNICAST or any(ip in network for network in TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def host_of(url: str) -> str:
    """The host of `url`, lower case, without the dot that may end it; empty if `url` is no address."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def refusal(url: str) -> str | None:
    """Why `url` may not be fetched, judged by the address alone; None if it may (its host's IP is checked when it is resolved)."""
    try:
        parts = urlsplit(url)
        _, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme not in ("http", "https"):
        return f"has the scheme {parts.scheme or 'none'!r}; only http and https are fetched"
    host = host_of(url)
    if not host:
        return "names no host"
    if parts.username or parts.password:
        return "carries a user name or password"
    if host == EMBEDDED_HOST:
        return None
    last = host.rpartition(".")[2]
    literal = ":" in host or NUMBER.fullmatch(last)  # what the resolver may read as a number is one, or is refused
    local = any(host == name or host.endswith("." + name) for name in LOCAL)
    if local or (literal and not is_public(host)):
        return f"leads to {host}, which is not on the public internet"
    return None
