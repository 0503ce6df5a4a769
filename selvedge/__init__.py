"""What every room of Selvedge shares: typed parameters, safe files, tracking, processes, the commands."""

__version__ = "0.1.0"
