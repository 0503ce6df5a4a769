"""Errors that are the user's to mend: one line that names the file, row or key and says what to do."""


class SelvedgeError(Exception):
    """Shown as one line, without a traceback; the process exits with 1."""


class TryAgain(SelvedgeError):
    """What failed may pass by itself (a shop that answers 500); the process exits with 75, and the flow tries again."""


class BadParams(SelvedgeError):
    """params.yaml holds an unknown key or an impossible value."""


class BadImage(SelvedgeError):
    """A file is not a picture that can be read."""


class BadBundle(SelvedgeError):
    """A model directory misses a file or its bytes are not those its card names."""


class WriteFailed(SelvedgeError):
    """The disk is full or refuses; nothing half-written was left."""
