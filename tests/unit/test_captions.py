"""Captions: what a seller writes holds every fact of a textile, and reading it back finds them."""

import re

import captions_reader
import numpy as np
import pytest
from captions_reader import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from drawing import textiles
from drawing.textiles import captions
from drawing.textiles.captions import FABRICS, MOST_WORDS, NOUNS, caption, stated
from drawing.textiles.colours import COLOURS, NAMES
from drawing.textiles.design import LAYOUTS
from selvedge.errors import SelvedgeError

STYLES = [(cls, style) for cls, styles in textiles.STYLES.items() for style in styles]


def _attributes(**changes) -> dict:
    """A navy cotton with ivory pinstripes."""
    shares = changes.pop("shares", {"navy": 0.9, "ivory": 0.1})
    colours = [{"name": name, "hex": COLOURS[name], "share": share} for name, share in shares.items()]
    plain = {"class": "striped", "style": "pin", "scale": 20.0, "size": 256, "angle": 1.2, "layout": "plain"}
    return plain | {"colours": colours, "motif_count": 0, "fabric": "cotton"} | changes


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---- the law -----------------------------------------------------------------------------------------------------------


def _misread(cls: str, seeds: range) -> list[str]:
    """Captions of drawings that the reader does not take for what they state, or that are too long."""
    found = []
    for seed in seeds:
        mode = textiles.MODES[seed % len(textiles.MODES)]  # photographs lie at any angle, tiles hold whole repeats
        drawing = textiles.render(cls, seed, 16, mode)
        again, facts = caption(drawing.attributes, _rng(seed)), stated(drawing.attributes)
        found += [text for text in (drawing.caption, again) if parse(text) != facts]
        found += [drawing.caption] if len(drawing.caption.split()) > MOST_WORDS else []
    return found


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_a_drawing_is_read_back_from_its_caption(cls):
    assert _misread(cls, range(25)) == []


@pytest.mark.long
@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_many_drawings_are_read_back_from_their_captions(cls):
    assert _misread(cls, range(25, 600)) == []


@st.composite
def _any_attributes(draw) -> dict:
    cls, style = draw(st.sampled_from(STYLES))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    weights = np.array([draw(st.floats(0.001, 1)) for _ in names])
    return _attributes(
        **{"class": cls, "style": style},
        shares=dict(zip(names, (weights / weights.sum()).tolist(), strict=True)),
        scale=draw(st.floats(0.5, 2000)),
        size=draw(st.integers(16, 1024)),
        angle=draw(st.floats(0, 180, exclude_max=True)),
        layout=draw(st.sampled_from(LAYOUTS)),
        motif_count=draw(st.integers(0, 30) | st.integers(0, 100_000)),
        fabric=draw(st.sampled_from(FABRICS)),
    )


@settings(max_examples=400, deadline=None, derandomize=True)
@given(_any_attributes(), st.integers(0, 1 << 30))
def test_whatever_is_on_a_textile_is_read_back(attributes, seed):
    text = caption(attributes, _rng(seed))
    assert parse(text) == stated(attributes), text


@pytest.mark.parametrize("cls,style", STYLES)
def test_every_style_has_its_nouns_and_all_are_read_back(cls, style):
    assert style in NOUNS[cls], f"captions.NOUNS lacks the nouns of {cls} {style!r}"
    attributes = _attributes(**{"class": cls, "style": style})
    said = [caption(attributes, _rng(seed)) for seed in range(25)]
    assert all(parse(text) == stated(attributes) for text in said)
    nouns = [noun for nouns in NOUNS[cls][style] for noun in nouns]
    assert len(nouns) >= 2
    assert len({noun for noun in nouns if any(noun.lower() in text.lower() for text in said)}) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_every_colour_is_read_back_from_every_place(name):
    other = "white" if name != "white" else "black"
    for seed in range(12):
        for shares in (
            {name: 1.0},
            {name: 0.7, other: 0.3},
            {other: 0.7, name: 0.3},
            {other: 0.5, name: 0.1, "teal": 0.4},
        ):
            shares = {key: shares[key] for key in shares}
            attributes = _attributes(**STYLE_OF[seed % len(STYLE_OF)], shares=shares, angle=90.0)
            text = caption(attributes, _rng(seed))
            assert parse(text) == stated(attributes), text


STYLE_OF = [{"class": cls, "style": style} for cls, style in STYLES]


@pytest.mark.parametrize("angle", range(0, 180, 5))
def test_an_angle_is_told_to_the_nearest_fifteen_degrees(angle):
    said = [caption(_attributes(angle=float(angle)), _rng(seed)) for seed in range(10)]
    assert {parse(text)["angle"] for text in said} == {round(angle / 15) * 15 % 180}


@pytest.mark.parametrize(
    "style,fabric,layout", [("brand new", "cotton", "plain"), ("pin", "Duchesse Mousse 3", "ogee")]
)
def test_what_the_tables_lack_is_said_by_name(style, fabric, layout):
    attributes = _attributes(style=style, fabric=fabric, layout=layout)
    for seed in range(20):
        assert parse(caption(attributes, _rng(seed))) == stated(attributes)


# ---- words -------------------------------------------------------------------------------------------------------------


def test_a_caption_of_a_seller_is_understood():
    facts = parse("Mostly navy cotton with neat ivory pin stripes, set vertically, the figure a mere touch")
    assert facts == stated(_attributes())
    facts = parse(
        "A large-scale half-drop peony-and-poppy print in a third blush and a touch of fern and a trace of ivory "
        "on black viscose, about half ground, some 42 to the picture"
    )
    assert [colour["name"] for colour in facts["colours"]] == ["black", "blush", "fern", "ivory"]
    assert [colour["share"] for colour in facts["colours"]] == ["half", "third", "touch", "trace"]
    assert (facts["layout"], facts["motif_count"], facts["scale"]) == ("half-drop", 42, "large")


@pytest.mark.parametrize(
    "cls,style,fabric,shares",
    [
        ("floral", "roses", "chintz", {"rose": 0.6, "ivory": 0.4}),
        ("solid", "denim", "denim", {"denim": 0.8, "white": 0.2}),
        ("leaves", "fern", "cotton", {"ivory": 0.7, "fern": 0.3}),
        ("novelty", "cherries", "cotton", {"cherry": 0.6, "apple": 0.3, "stone": 0.1}),
        ("novelty", "watermelon", "cotton", {"watermelon": 0.6, "shell": 0.4}),
        ("dotted", "polka", "silk", {"powder blue": 0.6, "powder": 0.2, "duck egg": 0.2}),
        ("checkered", "gingham", "cotton", {"sky": 0.5, "brick": 0.5}),
    ],
)
def test_colours_are_not_taken_for_things(cls, style, fabric, shares):
    attributes = _attributes(**{"class": cls, "style": style, "layout": "brick"}, fabric=fabric, shares=shares)
    for seed in range(60):
        text = caption(attributes, _rng(seed))
        assert parse(text) == stated(attributes), text


def test_a_colour_before_a_noun_or_a_cloth_never_makes_another_word_with_it():
    phrases = {
        noun.lower() for styles in NOUNS.values() for pair in styles.values() for nouns in pair for noun in nouns
    }
    starts = {" ".join(phrase.split()[:2]) for phrase in phrases | set(FABRICS)}
    for name in NAMES:
        hued = captions.hued(name)
        for start in starts:
            words = tuple(f"{hued} {start}".split())
            longer = [words[:i] for i in range(len(hued.split()) + 1, len(words) + 1)]
            assert not any(phrase in captions_reader._lexicon() for phrase in longer), words


@pytest.mark.parametrize("cls", textiles.CLASSES)
def test_sellers_do_not_repeat_themselves(cls):
    attributes = textiles.render(cls, 1, 16).attributes
    words = "|".join(sorted((captions.hued(name) for name in NAMES), key=len, reverse=True))
    words += "|" + "|".join(sorted(NAMES, key=len, reverse=True))
    said = [re.sub(rf"\b({words})\b|\d+", "*", caption(attributes, _rng(seed)).lower()) for seed in range(200)]
    assert len(set(said)) >= 40


@pytest.mark.parametrize(
    "text,word",
    [
        ("Mostly navy cotton with wibbly ivory pin stripes", "wibbly"),
        ("Navy blue moleskin with a pinstripe in plaid", "plaid"),
        ("Mostly navy cotton with neat cotton pin stripes, set vertically", "cotton"),
        ("Mostly navy cotton with neat ivory pin stripes, neat", "neat"),
        ("a photo of a dress", "photo"),
        ('Mostly navy "', '"'),
    ],
)
def test_what_is_not_understood_is_named(text, word):
    with pytest.raises(SelvedgeError, match=re.escape(f"{word!r} is not")):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "Navy cotton", "Mostly navy cotton with ivory pin stripes, the figure a mere touch"]
)
def test_a_fact_that_is_wanting_is_an_error(text):
    with pytest.raises(SelvedgeError, match="ends too soon"):
        parse(text)
