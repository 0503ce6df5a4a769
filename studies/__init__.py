"""Studies: each answers a question once, by `python -m studies.NAME`, and writes its page into reports/."""
