"""Reads captions back: that a caption says all of a textile's attributes is proven by a reader that knows its language alone."""

from __future__ import annotations

import re
from functools import cache

from drawing.textiles.captions import (
    FABRICS,
    GENERIC,
    NEVER_ALONE,
    NOUNS,
    NUMBERS,
    SHAPES,
    UNITS,
    WHOLE,
    WORDS,
    hued,
)
from drawing.textiles.colours import COLOURS
from selvedge.errors import SelvedgeError

_MARKS = re.compile(r"\"[^\"]*\"|\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*|\S")
Token = tuple[str, object, str]  # kind, value, text


class _Misfit(Exception):
    """A shape that does not go on as the text does, at token `at`."""

    def __init__(self, at: int) -> None:
        self.at = at


def parse(caption: str) -> dict:
    """What a caption states, as `stated` has it; raises SelvedgeError naming the first word that is not understood."""
    tokens = _tokens(caption)
    farthest = 0
    for shape in SHAPES:
        try:
            return _Reader(tokens).read(shape)
        except _Misfit as misfit:
            farthest = max(farthest, misfit.at)
    fault = f"{tokens[farthest][2]!r} is not understood there" if farthest < len(tokens) else "ends too soon"
    raise SelvedgeError(
        f"caption {caption!r}: {fault}; it must say dyes, their shares, style, scale and cloth as we do"
    )


@cache
def _lexicon() -> dict[tuple[str, ...], tuple[str, object]]:
    """Every phrase of the trade, as words, with its kind and value; no phrase has two meanings."""
    phrases: dict[tuple[str, ...], tuple[str, object]] = {}

    def learn(text: str, kind: str, value: object) -> None:
        words = tuple("a" if word == "an" else word for word in _MARKS.findall(text.lower()))
        assert phrases.setdefault(words, (kind, value)) == (kind, value), (text, kind, value, phrases[words])

    for kind, values in WORDS.items():
        for value, texts in values.items():
            for text in texts:
                learn(text, kind, value)
    for name in COLOURS:
        for text in {hued(name)} if name in NEVER_ALONE else {name, hued(name)}:
            learn(text, "colour", name)
    for fabric in FABRICS:
        learn(fabric, "fabric", fabric)
        if "cloth" not in fabric:
            learn(f"{fabric} cloth", "fabric", fabric)
    for cls, styles in NOUNS.items():
        learn(GENERIC[cls], "generic", cls)
        for style, texts in styles.items():
            for text in (*texts[0], *texts[1]):
                learn(text, "style", (cls, style))
    for units in UNITS.values():
        for unit in units:
            learn(unit, "unit", None)
    for number, word in enumerate(NUMBERS):
        learn(word, "number", number)
    for word in (
        "with",
        "in",
        "on",
        "of",
        "a",
        "over",
        "and",
        "all",
        "ground",
        "throughout",
        "degrees",
        "arranged",
        *",.:",
    ):
        learn(word, word, None)
    return phrases


def _tokens(text: str) -> list[Token]:
    """A text as phrases, the longest first. Raises SelvedgeError for a word that is in none."""
    lexicon = _lexicon()
    longest = max(map(len, lexicon))
    marks = [mark if mark[0] == '"' else mark.lower() for mark in _MARKS.findall(text)]
    words = ["a" if mark == "an" else mark for mark in marks]
    tokens: list[Token] = []
    at = 0
    while at < len(words):
        word = words[at]
        for length in range(min(longest, len(words) - at), 0, -1):
            if found := lexicon.get(tuple(words[at : at + length])):
                tokens.append((*found, " ".join(words[at : at + length])))
                break
        else:
            length = 1
            if word.isdigit():
                tokens.append(("number", int(word), word))
            elif word[0] == '"' and len(word) > 2:
                tokens.append(("quoted", word[1:-1], word))
            else:
                raise SelvedgeError(f"caption {text!r}: {word!r} is not a word of this trade")
        at += length
    return tokens


class _Reader:
    """Walks one shape over the tokens and gathers facts, each once."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0
        self.facts: dict = {}
        self.colours: dict[int, tuple[str, str | None]] = {}  # place in the palette -> name, share

    def read(self, shape: str) -> dict:
        self._has("opening")
        for item in shape.split():
            if item[0] == "{":
                getattr(self, "_" + item[1:-1])()
            else:
                self._take(item)
        while self.at < len(self.tokens):
            self._tail()
        return self._whole()

    def _has(self, *kinds: str) -> Token | None:
        """The next token, if it is of one of these kinds."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] in kinds:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def _take(self, *kinds: str) -> Token:
        if token := self._has(*kinds):
            return token
        raise _Misfit(self.at)

    def _note(self, fact: str, value: object) -> None:
        if fact in self.facts:
            raise _Misfit(self.at - 1)
        self.facts[fact] = value

    # Slots of a shape.

    def _fabric(self) -> None:
        self._note("fabric", self._take("fabric", "quoted")[1])

    def _noun(self, colour: bool = False) -> None:
        if number := self._has("number"):
            self._note("motif_count", number[1])
        else:
            self._has("a")
        for kind, fact in (("sized", "scale"), ("laid", "layout"), ("leaning", "angle")):
            if token := self._has(kind):
                self._note(fact, token[1])
        if colour:
            self.colours[1] = (self._take("colour")[1], None)
        kind, value, _ = self._take("style", "quoted")
        self._note("style", value if kind == "style" else (self._take("generic")[1], value))

    def _dyed(self) -> None:
        self._noun(colour=True)

    def _ground(self) -> None:
        share = self._has("dye of one")
        self.colours[0] = (self._take("colour")[1], share and share[1])

    def _palette(self) -> None:
        self._list(0)

    def _others(self) -> None:
        self._list(1)

    def _list(self, place: int) -> None:
        """Colours with their shares; a lone colour of all has none."""
        if place == 0 and (token := self._has("colour")):
            self.colours[0] = (token[1], None)
            return
        kind, share, _ = self._take("dye of one", "dyes")
        while True:
            self.colours[place] = (self._take("colour")[1], share)
            place += 1
            start = self.at
            if not (self._has(",", "with", "and")):
                return
            self._has("and")
            if token := self._has("dye of one", "dyes"):
                kind, share, _ = token
            elif kind == "dye of one" or self.at >= len(self.tokens) or self.tokens[self.at][0] != "colour":
                self.at = start  # the comma belongs to what follows
                return

    def _tail(self) -> None:
        """One more fact, after a comma, a full stop, "and" or nothing."""
        if self._has(".") and self.at == len(self.tokens):
            return
        self._has(",")
        self._has("and")
        if self._has("in"):  # "in a half-drop"; as one phrase it would swallow "in a half-drop peony print"
            self._take("a")
            self._note("layout", self._take("laid")[1])
            return
        kind, value, _ = self._take(
            *("scale", "distance", "layout", "arranged", "direction", "at", "some", "number"),
            *("share of ground", "share of figure"),
        )
        if kind in ("share of ground", "share of figure"):
            place = 0 if kind == "share of ground" else 1
            if place not in self.colours or self.colours[place][1]:
                raise _Misfit(self.at - 1)
            self.colours[place] = (self.colours[place][0], value)
        elif kind == "at":
            self._note("angle", self._take("number")[1])
            self._take("degrees")
        elif kind in ("some", "number"):
            self._note("motif_count", value if kind == "number" else self._take("number")[1])
            self._has("unit")
            self._take("counted")
        elif kind == "arranged":
            self._note("layout", self._take("quoted")[1])
        else:
            self._note({"direction": "angle", "distance": "scale"}.get(kind, kind), value)

    def _whole(self) -> dict:
        """The facts with the defaults of what was not said; raises _Misfit at the end if one is wanting."""
        facts = self.facts
        cls, style = facts["style"]
        if cls == "solid":
            facts.setdefault("scale", WHOLE)
        colours = [self.colours[place] for place in sorted(self.colours)]
        if len(colours) == 1:
            colours = [(colours[0][0], colours[0][1] or "dominant")]
        if "scale" not in facts or not all(share for _, share in colours):
            raise _Misfit(len(self.tokens))
        return {
            "class": cls,
            "style": style,
            "colours": [{"hex": COLOURS[name], "name": name, "share": share} for name, share in colours],
            "scale": facts["scale"],
            "angle": facts.get("angle", 0),
            "layout": facts.get("layout", "plain"),
            "motif_count": facts.get("motif_count", 0),
            "fabric": facts["fabric"],
        }
