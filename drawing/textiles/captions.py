"""A textile in a fabric seller's words, and back: `parse(caption(a, rng)) == stated(a)` for every drawing.

One grammar serves both ways: WORDS says each fact, SHAPES order the facts, and each phrase belongs to one fact alone.
Numbers are told in bands (SHARES, SCALES, STEP); `stated` is what remains of a drawing's attributes in words.
"""

from __future__ import annotations

import bisect
import math
import re

import numpy as np

from drawing.textiles.colours import COLOURS

Rng = np.random.Generator
MOST_WORDS = 45

# --- bands --------------------------------------------------------------------------------------------------------

# A band and the least value that is no longer in it.
SHARES = (("trace", 0.03), ("touch", 0.12), ("fifth", 0.27), ("third", 0.42), ("half", 0.62), ("dominant", math.inf))
SCALES = (  # width of the repeat over width of the picture
    ("tiny", 0.06), ("small", 0.14), ("medium", 0.3), ("large", 0.6), ("oversized", 1.2), ("giant", math.inf),
)  # fmt: skip
STEP = 15  # degrees
WHOLE = "oversized"  # a solid's repeat is the picture: its scale says how near one looks
LINED = ("striped", "zigzag")  # their direction is said even when it is upright


def _band(bands: tuple[tuple[str, float], ...], value: float) -> str:
    return bands[bisect.bisect_right([limit for _, limit in bands[:-1]], value)][0]


def stated(attributes: dict) -> dict:
    """What a caption states of a drawing's attributes: shares and scale as bands, the angle to the nearest STEP.

    A single colour is dominant without a word.
    """
    return {
        "class": attributes["class"],
        "style": attributes["style"],
        "colours": [
            {"hex": COLOURS[colour["name"]], "name": colour["name"], "share": _band(SHARES, colour["share"])}
            for colour in attributes["colours"]
        ],
        "scale": _band(SCALES, attributes["scale"] / attributes["size"]),
        "angle": math.floor(attributes["angle"] / STEP + 0.5) * STEP % 180,
        "layout": attributes["layout"],
        "motif_count": attributes["motif_count"],
        "fabric": attributes["fabric"],
    }


# --- words --------------------------------------------------------------------------------------------------------

# kind of phrase -> value -> the ways to say it. "dye of one" is followed by one colour, "dyes" by any number.
WORDS: dict[str, dict] = {
    "dye of one": {
        "dominant": ("mostly", "predominantly", "chiefly", "largely"),
        "half": ("half", "about half", "roughly half"),
        "third": ("a third", "about a third", "a good third"),
        "fifth": ("a fifth", "about a fifth", "a fair amount of", "a measure of"),
        "touch": ("a touch of", "a dash of", "a little"),
        "trace": ("a trace of", "a hint of", "a whisper of"),
    },
    "dyes": {
        "half": ("half each of", "about half each of"),
        "third": ("a third each of", "about a third each of"),
        "fifth": ("a fifth each of", "about a fifth each of"),
        "touch": ("touches of", "dashes of", "accents of"),
        "trace": ("traces of", "hints of", "whispers of"),
    },
    "share of ground": {
        "dominant": ("with plenty of ground showing", "the ground dominant", "mostly ground"),
        "half": ("half of it ground", "about half ground", "the ground about half"),
        "third": ("a third of it ground", "about a third ground", "the ground about a third"),
        "fifth": ("a fifth of it ground", "about a fifth ground", "the ground about a fifth"),
        "touch": ("with little ground showing", "a touch of ground showing", "the ground a mere touch"),
        "trace": ("with hardly any ground showing", "the ground a bare trace", "with barely a trace of ground"),
    },
    "share of figure": {  # of the one colour that is not the ground
        "dominant": ("the figure dominant", "mostly figure"),
        "half": ("half of it figure", "the figure about half"),
        "third": ("a third of it figure", "the figure about a third"),
        "fifth": ("a fifth of it figure", "the figure about a fifth"),
        "touch": ("the figure a mere touch", "the figure sparing"),
        "trace": ("the figure a bare trace", "the figure but a whisper"),
    },
    "sized": {  # the motif or line: where a repeat holds few
        "tiny": ("tiny", "minute", "micro-scale", "miniature"),
        "small": ("small", "small-scale", "neat", "petite"),
        "medium": ("medium", "medium-scale", "mid-sized", "middling"),
        "large": ("large", "large-scale", "bold", "big"),
        "oversized": ("oversized", "extra-large", "very large", "outsize"),
        "giant": ("giant", "enormous", "huge", "blown-up"),
    },
    "scale": {  # of the repeat, which may hold many motifs
        "tiny": ("in a tiny repeat", "with a tiny repeat", "the repeat tiny"),
        "small": ("in a small repeat", "with a small repeat", "the repeat small"),
        "medium": ("in a medium repeat", "with a medium repeat", "the repeat of middling size"),
        "large": ("in a large repeat", "with a large repeat", "the repeat large"),
        "oversized": ("in an oversized repeat", "with a very large repeat", "the repeat oversized"),
        "giant": ("in a giant repeat", "with a giant repeat", "the repeat larger than the picture"),
    },
    "distance": {  # the scale of a solid
        "tiny": ("seen from far across the room", "from far across the room"),
        "small": ("seen from across the room", "from across the room"),
        "medium": ("seen from well back", "from well back"),
        "large": ("seen from a step back", "from a step back"),
        "giant": ("seen close up", "close up", "in close-up"),
    },
    "laid": {
        "straight": ("straight-set", "square-set"),
        "half-drop": ("half-drop", "half-dropped"),
        "brick": ("brick-set", "brick-laid"),
        "tossed": ("tossed", "scattered"),
        "all-over": ("all-over", "edge-to-edge"),
    },
    "layout": {
        "straight": ("in straight rows", "set square", "in a straight repeat", "lined up in rows"),
        "half-drop": ("in a half-drop repeat", "each column dropped by half", "every other column dropped"),
        "brick": ("in a brick repeat", "set like bricks", "in bricked rows"),
        "tossed": ("tossed every way", "strewn freely", "in a tossed layout", "scattered at random"),
        "all-over": ("all over the cloth", "from edge to edge", "in an all-over layout"),
    },
    "leaning": {0: ("vertical", "upright", "lengthwise"), 90: ("horizontal", "crosswise")},
    "direction": {
        0: ("vertically", "set vertically", "running lengthwise", "running up the cloth"),
        45: ("on the bias", "set on the bias", "running on the bias"),
        90: ("horizontally", "set horizontally", "running crosswise", "running across the cloth"),
        135: ("on the opposite bias", "set on the opposite bias", "running on the opposite bias"),
    },
    "at": {"degrees": ("at", "set at", "turned to", "leaning at")},
    "some": {"": ("some", "some", "just", "exactly")},
    "counted": {"": ("to the picture", "in the picture", "in view", "on show", "in all")},
    "opening": {"": ("new in :", "off the roll :", "by the metre :", "on the bolt :", "fresh from the mill :")},
}
FABRICS = (
    *("acetate", "barkcloth", "batiste", "boucle", "broadcloth", "brocade", "calico", "cambric", "canvas", "cashmere"),
    *(
        "challis",
        "chambray",
        "chenille",
        "chiffon",
        "chintz",
        "corduroy",
        "cotton",
        "crepe",
        "damask",
        "denim",
        "dobby",
    ),
    *("drill", "faille", "felt", "flannel", "fleece", "gabardine", "gauze", "georgette", "habotai", "hemp", "hopsack"),
    *(
        "jacquard",
        "jersey",
        "knit",
        "lace",
        "lawn",
        "linen",
        "lycra",
        "melton",
        "merino",
        "modal",
        "moleskin",
        "muslin",
    ),
    *("nylon", "organza", "organdie", "oxford", "percale", "pique", "plush", "polyester", "ponte", "poplin", "ramie"),
    *("rayon", "sateen", "satin", "seersucker", "serge", "silk", "suiting", "taffeta", "tencel", "terry", "tulle"),
    *("tweed", "twill", "velour", "velvet", "viscose", "voile", "wool", "worsted", "faux fur", "fur", "silk twill"),
    *("silk crepe", "silk satin", "cotton lawn", "cotton poplin", "cotton sateen", "cotton voile", "cotton jersey"),
    *("cotton drill", "cotton canvas", "cotton jacquard", "wool challis", "linen blend", "viscose crepe"),
    *(
        "crepe de chine",
        "barathea",
        "upholstery",
        "furnishing cotton",
        "quilting cotton",
        "swimwear",
        "minky",
        "mohair",
    ),
)
# Colours by their hue: "rose pink stripes" are no roses, and denim blue is no denim. Before a noun always, else now and
# then; some colours make no sense alone.
HUES = {
    "green": "apple bottle celadon emerald eucalyptus fern forest jade kelly lime mint moss olive pistachio sage spruce",
    "blue": "airforce azure cobalt cornflower denim ice indigo lagoon midnight navy petrol royal sky steel",
    "pink": "blush bubblegum carnation coral fuchsia powder rose salmon shell watermelon raspberry",
    "red": "brick burgundy cherry crimson oxblood scarlet",
    "orange": "amber apricot peach pumpkin rust tangerine",
    "yellow": "butter canary citron honey marigold mustard ochre saffron straw",
    "brown": "camel chestnut chocolate cinnamon copper espresso fawn mocha tan tobacco walnut",
    "grey": "charcoal dove graphite pewter silver slate",
    "purple": "amethyst aubergine grape heather lavender lilac mauve orchid plum violet wisteria",
    "beige": "buff sand stone oatmeal",
    "white": "pearl cream",
    "black": "ink",
}
_HUED = {name: f"{name} {hue}" for hue, names in HUES.items() for name in names.split()}
NEVER_ALONE = ("airforce", "apple", "bottle", "brick", "denim", "ice", "kelly", "powder", "royal", "shell", "steel")
UNITS = {
    "dotted": ("dots", "spots"),
    "floral": ("motifs", "figures"),
    "novelty": ("motifs", "figures"),
    "paisley": ("motifs", "figures"),
    "leaves": ("motifs", "figures"),
    "animal": ("markings", "figures"),
    "checkered": ("repeats", "checks"),
    "zigzag": ("motifs", "figures"),
}
COUNTABLE = ("dotted", "floral", "leaves", "paisley", "novelty")  # one may say "42 small polka dots"
NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)

# --- nouns --------------------------------------------------------------------------------------------------------

# class -> style -> what the trade calls one of it | what it calls many. None begins with a colour's name: "cabbage-rose
# print" and "roses", never "rose print".
_NOUNS: dict[str, dict[str, str]] = {
    "solid": {
        "plain weave": "plain weave, tabby weave, flat plain weave",
        "twill": "twill weave, two-and-two twill, fine diagonal twill",
        "herringbone": "herringbone weave, broken-twill herringbone",
        "denim": "jeans weave, three-and-one jeans weave",
        "linen slub": "slub weave, slubbed weave, weave with uneven slubs",
        "satin": "satin weave, satin face, lustrous satin weave",
        "basket weave": "basket weave, hopsack weave, two-by-two basket weave",
        "jersey": "plain jersey knit, stocking-stitch knit",
    },
    "striped": {
        "pin": "pinstripe, chalk stripe | pin stripes, hairline stripes",
        "Bengal": "Bengal stripe, shirting stripe | Bengal stripes, even shirting stripes",
        "awning": "awning stripe, deckchair stripe | awning stripes, cabana stripes",
        "regimental": "regimental stripe, club-tie stripe | regimental stripes, club stripes",
        "multi": "multi-stripe, barcode stripe | stripes of many widths, mixed stripes",
        "ticking": "ticking stripe, mattress stripe | ticking stripes, mattress-ticking stripes",
        "Breton": "Breton stripe, sailor stripe | Breton stripes, sailor stripes",
    },
    "checkered": {
        "gingham": "gingham check, picnic check | gingham checks, gingham squares",
        "buffalo": "buffalo check, lumberjack check | buffalo checks, lumberjack squares",
        "windowpane": "windowpane check, overcheck | windowpanes, windowpane lines",
        "tartan": "tartan, clan plaid, tartan plaid",
        "madras": "madras plaid, madras check | madras checks",
        "houndstooth": "houndstooth, dogtooth check | houndstooth checks, puppytooth checks",
        "glen": "glen check, Prince of Wales check, glen plaid",
        "checkerboard": "checkerboard, chequerboard print | chequers, checkerboard squares",
        "argyle": "argyle, argyle knit | argyle diamonds, argyle lozenges",
    },
    "dotted": {
        "pin": "pin dot, pindot print | pin dots, pinhead dots",
        "polka": "polka dot, polka-dot print | polka dots",
        "sizes": "mixed-dot print, print of dots in several sizes | dots of several sizes, mixed dots",
        "painted": "brushed-dot print, hand-painted dot | hand-painted dots, brush dabs",
        "dalmatian": "dalmatian spot, dalmatian print | dalmatian spots, uneven dalmatian spots",
        "ring": "ring-dot print, coin-dot print | ring dots, coin dots",
        "confetti": "confetti dot, confetti print | confetti dots, confetti spots",
        "clip": "clip dot, dotted Swiss | clip dots, Swiss dots",
        "rows": "dot-stripe print, string-of-dots stripe | dots strung in lines, strings of dots",
        "knitted": "knitted dot, knitted-spot pattern | knitted dots, knitted-in spots",
        "large": "moon-spot print, saucer-spot print | moon spots, saucer spots",
        "halftone": "halftone dot, op-art dot print | halftone dots, op-art dots",
    },
    "zigzag": {
        "chevron": "chevron, chevron stripe | chevrons, chevron bands",
        "bold": "statement chevron, block chevron | statement chevrons, block chevrons",
        "ric-rac": "ric-rac print, ric-rac zigzag | ric-rac lines, ric-rac zigzags",
        "herringbone": "herringbone zigzag, tweed herringbone | herringbone ribs, herringbone zigzags",
        "flame": "flame stitch, bargello flame stitch | bargello flames, flame-stitch points",
        "ikat": "ikat zigzag, ikat chevron | ikat zigzags, ikat chevrons",
        "wave": "wave knit, zigzag knit | knitted waves, knitted zigzag courses",
        "serape": "serape stripe, serape zigzag | serape bands, stepped serape zigzags",
        "Fair Isle": "Fair Isle zigzag, Fair Isle band | Fair Isle zigzags, Fair Isle bands",
        "brushed": "brushstroke zigzag, hand-brushed zigzag | brushed zigzags, brushstroke zigzags",
        "pleated": "pleated zigzag, folded-paper chevron | pleated zigzags, folded-paper chevrons",
    },
    "floral": {
        "ditsy": "ditsy print, ditsy floral | ditsy flowers, ditsy blossoms",
        "large blooms": "full-bloom print, peony-and-poppy print | full-blown blooms, peonies and poppies",
        "roses": "cabbage-rose print, chintz of roses | roses, cabbage roses",
        "trailing stems": "trailing floral, climbing-stem print | trailing stems, climbing flowers",
        "Liberty": "Liberty-style floral, meadow print | meadow flowers, Liberty-style flowers",
        "Nordic": "Nordic floral, Scandinavian flower print | Nordic flowers, cut-out Nordic blooms",
        "toile": "toile, engraved floral toile | engraved toile sprays, toile flowers",
        "hibiscus": "hibiscus print, aloha print | hibiscus flowers, aloha blossoms",
        "botanical sprays": "botanical print, herbal-spray print | botanical sprays, herbal sprays",
    },
    "leaves": {
        "palm": "palm-frond print, palm print | palm fronds, palm leaves",
        "jungle": "jungle print, monstera print | jungle leaves, monstera leaves",
        "fern": "fern-frond print, fern-leaf print | ferns, unfurled ferns",
        "camouflage": "camouflage print, woodland camouflage print | camouflage patches",
        "sprigs": "leaf-sprig print, watercolour sprig print | leafy sprigs, watercolour sprigs",
        "autumn": "autumn-leaf print, fallen-leaf print | autumn leaves, fallen leaves",
        "ivy": "ivy print, climbing-ivy print | ivy leaves, ivy vines",
        "willow": "willow-bough print, willow-leaf print | willow boughs, willow leaves",
        "mid-century": "mid-century leaf print, fifties leaf print | mid-century leaves, fifties leaves",
    },
    "paisley": {
        "Kashmir": "Kashmir paisley, shawl paisley | Kashmir botehs, shawl paisleys",
        "bandana": "bandana paisley, bandana print | bandana paisleys, bandana teardrops",
        "beaded": "beaded paisley, paisley of beads | beaded paisleys, beaded teardrops",
        "outlined": "outlined paisley, pen-drawn paisley | outlined paisleys, pen-drawn botehs",
        "big and small": "mother-and-child paisley, vine paisley | paisleys with their young, mother-and-child botehs",
        "ditsy": "ditsy paisley, tie paisley | ditsy paisleys, ditsy botehs",
    },
    "animal": {
        "leopard": "leopard print, leopard-skin print | leopard spots, leopard rosettes",
        "jaguar": "jaguar print, jaguar-skin print | jaguar spots, jaguar rosettes",
        "cheetah": "cheetah print, cheetah-skin print | cheetah spots",
        "ocelot": "ocelot print, ocelot-skin print | ocelot spots, ocelot chains",
        "zebra": "zebra print, zebra-skin print | zebra stripes",
        "tiger": "tiger print, tiger-skin print | tiger stripes",
        "giraffe": "giraffe print, giraffe-skin print | giraffe patches",
        "cow": "cow print, cowhide print | cowhide patches, cow patches",
        "python": "python print, python-skin print | python scales",
        "snake": "snakeskin print, viper-skin print | snake scales, snake diamonds",
        "crocodile": "crocodile print, crocodile-skin print | crocodile scales, crocodile plates",
    },
    "novelty": {
        "cherries": "cherry-bunch print, print of cherries | cherries, bunches of cherries",
        "lemons": "citrus print, citrus-fruit print | lemons, citrus fruits",
        "strawberries": "strawberry print, strawberry conversational | strawberries, ripe strawberries",
        "pineapples": "pineapple print, pineapple conversational | pineapples",
        "watermelon": "melon-slice print, print of melons | melon slices, slices of melon",
        "stars": "star print, print of stars | stars, cut-out stars",
        "clouds": "night-sky print, moon-and-cloud print | clouds and moons, sleepy clouds",
        "boats": "sailing-boat print, regatta print | sailing boats, little boats",
        "nautical": "nautical print, anchor print | anchors and wheels, anchors and lifebuoys",
        "swallows": "swallow print, bird print | swallows, swallows in flight",
        "fish": "fish print, shoal print | fishes, swimming fishes",
        "cats": "cat print, print of cats | cats, kittens",
        "dogs": "dog print, print of dogs | dogs, puppies",
        "hearts": "heart print, sweetheart print | hearts, love-hearts",
        "letters": "letter print, alphabet print | letters, capital letters",
        "mushrooms": "mushroom print, toadstool print | mushrooms, toadstools",
        "bows": "ribbon-bow print, bow print | bows, ribbon bows",
        "cars": "motor-car print, car print | cars, motor cars",
        "bicycles": "bicycle print, cycling print | bicycles, push-bikes",
    },
}


def _split(texts: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    single, _, plural = texts.partition("|")
    return tuple(text.strip() for text in single.split(",")), tuple(
        text.strip() for text in plural.split(",") if plural
    )


NOUNS = {cls: {style: _split(texts) for style, texts in styles.items()} for cls, styles in _NOUNS.items()}
GENERIC = {cls: f"{cls} pattern" for cls in NOUNS}  # for a style that has no noun: 'a "new style" floral pattern'

# --- shapes -------------------------------------------------------------------------------------------------------

# The head of a caption, by number of colours; what it does not say follows it (see _tails).
SHAPES_OF_MANY = (
    "{ground} {fabric} with {noun} in {others}",
    "{ground} {fabric} : {noun} in {others}",
    "{noun} in {others} on {ground} {fabric}",
    "{noun} on {ground} {fabric} , in {others}",
    "{noun} on {ground} {fabric} with {others}",
    "{others} in {noun} on {ground} {fabric}",
    "on {ground} {fabric} , {noun} in {others}",
    "{fabric} with a {ground} ground and {noun} in {others}",
    "{noun} in {others} over a {ground} ground , on {fabric}",
    "{noun} on {fabric} , in {palette}",
    "{noun} in {palette} , on {fabric}",
    "{fabric} with {noun} in {palette}",
    "{fabric} in {palette} , with {noun}",
    "{palette} : {noun} on {fabric}",
    "{palette} on {fabric} , in {noun}",
    "on {fabric} , {noun} in {palette}",
)
SHAPES_OF_TWO = (
    "{ground} {fabric} with {dyed}",
    "{ground} {fabric} : {dyed}",
    "{dyed} on {ground} {fabric}",
    "on {ground} {fabric} , {dyed}",
)
SHAPES_OF_ONE = (
    "{ground} {fabric} in {noun}",
    "{ground} {fabric} with {noun}",
    "{ground} {fabric} : {noun}",
    "{ground} , {noun} of {fabric}",
    "{noun} in {ground} {fabric}",
    "{noun} in {palette} , on {fabric}",
    "{noun} of {fabric} in {palette}",
    "{fabric} in {palette} , {noun}",
    "{fabric} in {noun} , all {palette}",
    "{palette} throughout : {noun} of {fabric}",
)
SHAPES = SHAPES_OF_MANY + SHAPES_OF_TWO + SHAPES_OF_ONE


# --- saying -------------------------------------------------------------------------------------------------------


def caption(attributes: dict, rng: Rng) -> str:
    """All that `stated(attributes)` holds, in one or two sentences of at most about MOST_WORDS words."""
    facts = stated(attributes)
    many = (
        attributes["motif_count"] * (attributes["scale"] / attributes["size"]) ** 2 > 5
    )  # motifs in one repeat, about
    few = not many and (facts["motif_count"] > 0 or facts["layout"] == "plain")
    text = ""
    for _ in range(8):  # a long one is told again, shorter
        drawn = _Speaker(facts, rng, few).say()
        if not text or len(drawn.split()) < len(text.split()):
            text = drawn
        if len(text.split()) <= MOST_WORDS - 5:
            break
    return text


class _Speaker:
    """Says facts one by one; `left` are those that the head of the caption has not said yet.

    `few`: a repeat holds so few motifs that its size is theirs, and they may be called large or small.
    """

    def __init__(self, facts: dict, rng: Rng, few: bool) -> None:
        self.facts, self.rng, self.few, self.left = facts, rng, few, []

    def say(self) -> str:
        colours = len(self.facts["colours"])
        self._plan()
        shapes = SHAPES_OF_ONE if colours == 1 else SHAPES_OF_MANY
        if colours == 2 and self.rng.random() < 0.35:
            shapes = SHAPES_OF_TWO
        words = self._one_of("opening", "") + " " if self.rng.random() < 0.1 else ""
        for item in str(self.rng.choice(shapes)).split():
            words += (getattr(self, "_" + item[1:-1])() if item[0] == "{" else item) + " "
        return _written(words + self._tails())

    def _plan(self) -> None:
        """Which facts, besides colours, style and fabric, there are to say."""
        facts = self.facts
        solid = facts["class"] == "solid"
        self.left = ["distance" if solid else "scale"] if not (solid and facts["scale"] == WHOLE) else []
        if facts["angle"] or facts["class"] in LINED:
            self.left.append("direction")
        if facts["layout"] != "plain":
            self.left.append("layout")
        if facts["motif_count"]:
            self.left.append("count")

    def _one_of(self, kind: str, value: object) -> str:
        return str(self.rng.choice(WORDS[kind][value]))

    def _takes(self, fact: str, chance: float) -> bool:
        """Whether the head says a fact; then it is not left."""
        if fact in self.left and self.rng.random() < chance:
            self.left.remove(fact)
            return True
        return False

    # Slots of a shape.

    def _fabric(self) -> str:
        fabric = self.facts["fabric"]
        if fabric not in FABRICS:
            return f'"{fabric}"'
        return f"{fabric} cloth" if self.rng.random() < 0.15 and "cloth" not in fabric else fabric

    def _noun(self, colour: str = "") -> str:
        """The style with some of its adjectives: "a large-scale half-drop peony print", "42 small polka dots"."""
        cls, style = self.facts["class"], self.facts["style"]
        single, plural = NOUNS.get(cls, {}).get(style) or ((f'"{style}" {GENERIC[cls]}',), ())
        many = bool(plural) and self.rng.random() < 0.5
        words = [str(self.rng.choice(plural if many else single)), colour]
        if self.facts["angle"] in WORDS["leaning"] and self._takes("direction", 0.3):
            words.append(self._one_of("leaning", self.facts["angle"]))
        if self.facts["layout"] in WORDS["laid"] and self._takes("layout", 0.35):
            words.append(self._one_of("laid", self.facts["layout"]))
        if self.few and self._takes("scale", 0.7):
            words.append(self._one_of("sized", self.facts["scale"]))
        if not many:
            words.append("a")
        elif cls in COUNTABLE and self.facts["motif_count"] > 1 and self._takes("count", 0.4):
            words.append(self._number(self.facts["motif_count"]))
        return " ".join(word for word in reversed(words) if word)

    def _dyed(self) -> str:
        """The noun of a textile of two colours with the second before it: "small ivory pin stripes"."""
        self.left.append("share of figure")
        return self._noun(hued(self.facts["colours"][1]["name"]))

    def _ground(self) -> str:
        colours = self.facts["colours"]
        word = self._colour(colours[0]["name"])
        if len(colours) > 1:
            if colours[0]["share"] == "dominant" and self.rng.random() < 0.4:
                return self._one_of("dye of one", "dominant") + " " + word
            self.left.insert(0, "share of ground")
        return word

    def _palette(self) -> str:
        colours = self.facts["colours"]
        return self._list(colours) if len(colours) > 1 else self._colour(colours[0]["name"])

    def _others(self) -> str:
        return self._list(self.facts["colours"][1:])

    def _list(self, colours: list[dict]) -> str:
        """Colours in order with their shares; neighbours of one share may go together."""
        groups: list[tuple[str, list[str]]] = []
        for colour in colours:
            share, word = colour["share"], self._colour(colour["name"])
            if groups and groups[-1][0] == share and share in WORDS["dyes"]:
                groups[-1][1].append(word)
            else:
                groups.append((share, [word]))
        parts = [
            self._one_of("dyes" if len(words) > 1 else "dye of one", share) + " " + _joined(words)
            for share, words in groups
        ]
        if any(len(words) > 1 for _, words in groups[:-1]):
            return " , ".join(parts)
        return _joined(parts, str(self.rng.choice(["and", "with"])) if len(parts) == 2 else "and")

    def _colour(self, name: str) -> str:
        """A colour where no motif follows."""
        return hued(name) if name in NEVER_ALONE or self.rng.random() < 0.3 else name

    # What follows the head.

    def _tails(self) -> str:
        """The facts that are left, after commas or as a second sentence."""
        facts = list(self.left)
        self.rng.shuffle(facts)
        words = [self._tail(fact) for fact in facts]
        if not words:
            return ""
        stop = int(self.rng.integers(len(words) + 1)) if self.rng.random() < 0.4 else len(words)
        if stop == len(words):
            return self._after(words)
        second = _joined(words[stop:]) if self.rng.random() < 0.6 else " , ".join(words[stop:])
        return (self._after(words[:stop]) if stop else "") + " . " + second

    def _after(self, words: list[str]) -> str:
        """Facts after the head, the last perhaps with "and"; a first that leans on a preposition needs no comma."""
        smooth = words[0].split()[0] in ("in", "on", "at", "set", "with") and self.rng.random() < 0.4
        text = _joined(words, ", and") if self.rng.random() < 0.3 and len(words) > 2 else " , ".join(words)
        return text if smooth else ", " + text

    def _tail(self, fact: str) -> str:
        facts = self.facts
        if fact == "count":
            return self._count(facts["motif_count"])
        if fact == "direction" and (
            facts["angle"] not in WORDS["direction"] or (self.rng.random() < 0.2 and facts["angle"] % 90)
        ):
            return f"{self._one_of('at', 'degrees')} {facts['angle']} degrees"
        if fact == "layout" and facts["layout"] == "half-drop" and self.rng.random() < 0.4:
            return "in a half-drop"
        if fact == "layout" and facts["layout"] not in WORDS["layout"]:
            return f'arranged "{facts["layout"]}"'
        shares = {"share of ground": 0, "share of figure": 1}
        key = "angle" if fact == "direction" else "scale" if fact == "distance" else fact
        value = facts["colours"][shares[fact]]["share"] if fact in shares else facts[key]
        return self._one_of(fact, value)

    def _count(self, number: int) -> str:
        words = [self._number(number)]
        if number > 9 and self.rng.random() < 0.5:
            words.insert(0, self._one_of("some", ""))
        if number > 1 and self.rng.random() < 0.5:
            words.append(str(self.rng.choice(UNITS.get(self.facts["class"], UNITS["floral"]))))
        return " ".join([*words, self._one_of("counted", "")])

    def _number(self, number: int) -> str:
        return NUMBERS[number] if number < len(NUMBERS) and self.rng.random() < 0.7 else str(number)


def hued(name: str) -> str:
    """A colour as no thing is called."""
    return _HUED.get(name, name)


def _joined(words: list[str], last: str = "and") -> str:
    return f" {last} ".join([" , ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _written(words: str) -> str:
    """Words and marks as one writes them: spaces, articles, capitals, a full stop or none."""
    text = re.sub(r"\s+([,.:])", r"\1", " ".join(words.split()))
    text = re.sub(r"\b(a) (?=[aeio]|u(?!ni))(?!eu|one\b)", r"an ", text)
    text = re.sub(r"(^|\. )([a-z])", lambda found: found[1] + found[2].upper(), text)
    return text + "." if ". " in text else text
