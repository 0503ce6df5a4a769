"""Scrapy's settings, each with its reason."""

from __future__ import annotations

from selvedge import __version__
from selvedge.config import Crawl
from selvedge.net import EMBEDDED_HOST


def settings(crawl: Crawl) -> dict:
    """Polite by default; on the embedded shop alone the pauses that spare other people's servers fall away."""
    return {
        "USER_AGENT": f"Selvedge/{__version__} (textile research crawler; contact: {crawl.contact or 'loopback only'})",
        "ROBOTSTXT_OBEY": True,
        # one request at a time a host, paced by how fast it answers
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": crawl.delay_s,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": max(crawl.delay_s, 0.1),
        "DOWNLOAD_SLOTS": {EMBEDDED_HOST: {"concurrency": 4, "delay": 0, "randomize_delay": False, "throttle": False}},
        # what fails for a moment is asked again, what is gone is not
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [429, 500, 502, 503, 504, 522, 524, 408],
        "DOWNLOAD_TIMEOUT": crawl.timeout_s,
        "REDIRECT_MAX_TIMES": 5,
        # a file that never ends must not fill the memory
        "DOWNLOAD_MAXSIZE": int(crawl.max_megabytes * 1e6),
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        "TWISTED_DNS_RESOLVER": "scrapers.middlewares.PublicResolver",
        "DOWNLOADER_MIDDLEWARES": {"scrapers.middlewares.Guard": 50},  # before robots.txt is asked for
        "ITEM_PIPELINES": {"scrapers.pipelines.Store": 100},
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "WARNING",
        "LOG_INSTALL_ROOT_HANDLER": True,
        "LOGSTATS_INTERVAL": 0,
    }
