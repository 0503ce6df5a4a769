"""Honest measures: every score carries its n, its extractor, an interval and its floor."""
