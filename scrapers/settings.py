"""Scrapy's settings, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from selvedge import __version__
from selvedge.config import Crawl
from selvedge.net import EMBEDDED_HOST


def settings(crawl: Crawl, stand_ins: Mapping[str, int]) -> dict:
    """Polite by default; on the embedded shop alone the pauses that spare other people's servers fall away.

    `stand_ins` maps hosts to the ports of loopback where they really are.
    """
    return {
        "USER_AGENT": f"Selvedge/{__version__} (textile research crawler; contact: {crawl.contact or 'loopback only'})",
        "CONTACT": crawl.contact,
        "STAND_INS": dict(stand_ins),
        "PATIENCE": crawl.patience_s,
        # one request at a time a host, paced by how fast it answers; exactly: half of what was asked for is not what was
        # asked for
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": crawl.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": max(crawl.delay_s, 0.1),
        "EXTENSIONS": {"scrapy.extensions.throttle.AutoThrottle": None, "scrapers.pace.Throttle": 0},
        "DOWNLOAD_SLOTS": {EMBEDDED_HOST: {"concurrency": 8, "delay": 0}},
        # many hosts at a time; each holds one place
        "DOWNLOADER": "scrapers.pace.Downloader",
        "SCHEDULER_PRIORITY_QUEUE": "scrapers.pace.HostQueue",
        "CONCURRENT_REQUESTS": 256,
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 64_000_000,  # bytes of pictures that wait to be looked at
        "CONCURRENT_ITEMS": 4,  # so many tasks are begun for each answer; a picture's has one item
        # a lookup blocks a thread, and dead names take long
        "REACTOR_THREADPOOL_MAXSIZE": 64,
        "DNS_TIMEOUT": 20,
        "TWISTED_DNS_RESOLVER": "scrapers.middlewares.PublicResolver",
        # what fails for a moment is asked again, what is gone is not
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [429, 500, 502, 503, 504, 522, 524, 408],
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",  # the row says it
        "DOWNLOAD_TIMEOUT": crawl.timeout_s,
        "REDIRECT_MAX_TIMES": 5,
        # a file that never ends must not fill the memory
        "DOWNLOAD_MAXSIZE": int(crawl.max_megabytes * 1e6),
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        # http and https, nothing else
        "DOWNLOAD_HANDLERS": {
            **dict.fromkeys(("data", "file", "ftp", "s3")),
            **dict.fromkeys(("http", "https"), "scrapers.middlewares.Handler"),
        },
        "DOWNLOADER_MIDDLEWARES": {
            "scrapers.middlewares.Guard": 10,  # before robots.txt is asked for, and after all else has failed
            "scrapers.middlewares.Robots": 100,
            "scrapers.middlewares.OptOut": 540,  # of the last answer, not of a redirect
            "scrapers.middlewares.Decompression": 590,
            "scrapers.middlewares.Redirects": 600,
            "scrapers.pace.Silence": 610,  # counts each try
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
        },
        "HTTPPROXY_ENABLED": False,  # a proxy of the environment would resolve names behind the guard's back
        "METAREFRESH_ENABLED": False,  # a page is what it is
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "ITEM_PIPELINES": {"scrapers.pipelines.Store": 100},
        "LOG_LEVEL": "ERROR",
        "LOG_INSTALL_ROOT_HANDLER": True,
        "LOGSTATS_INTERVAL": 0,
        "DOWNLOADER_STATS": False,
    }
