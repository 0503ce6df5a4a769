"""What a shop's pages say of themselves: JSON-LD first, then OpenGraph, then the configured selectors."""

from __future__ import annotations

import html
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urldefrag

from scrapy.http import JsonResponse, Response, TextResponse, XmlResponse

from selvedge.config import Selectors

NO_FILES = ("data:", "blob:", "javascript:", "mailto:", "tel:", "about:")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What shops wrap JSON-LD in, for browsers of long ago.
OPENINGS, CLOSINGS = ("//", "/*", "*/", "<!--", "<![CDATA["), ("//", "/*", "*/", "-->", "]]>", ";")
PRODUCT_LINKS = ("a[itemprop=url]::attr(href), a.product::attr(href)", 'a[href*="/product"]::attr(href)')
OG_IMAGES = ", ".join(
    f'meta[{key}="{name}"]::attr(content)'
    for name in ("og:image", "og:image:url", "og:image:secure_url")
    for key in ("property", "name")
)


@dataclass
class ProductPage:
    """What a page says of the product that it sells."""

    pictures: list[str] = field(default_factory=list)
    sells: bool = False  # it says at all that it sells a product
    # by how far they are to be trusted: the shop's category and the page's place in it, tags, the product's name
    words: list[list[str]] = field(default_factory=list)


def is_page(response: Response) -> bool:
    """Whether an answer is HTML, or text that may be."""
    return isinstance(response, TextResponse) and not isinstance(response, JsonResponse | XmlResponse)


def absolute(response: Response, href: str) -> str | None:
    """An address on a page as a whole one without its fragment; None where it leads to no file."""
    href = CONTROL.sub("", href).strip()
    if not href or href.startswith("#") or href.lower().startswith(NO_FILES):
        return None
    try:
        url = urldefrag(response.urljoin(href)).url
        url.encode()  # JSON can spell half a character, which no manifest can hold
    except ValueError:
        return None
    return url


def values(response: Response, selector: str | None) -> list[str]:
    """What a CSS selector finds, each once: `::attr` and `::text` as they are, elements by the address that they carry."""
    found = []
    for node in response.css(selector) if selector else ():
        if isinstance(node.root, str):
            found.append(node.root)
        else:
            carried = (node.attrib.get(name) for name in ("href", "data-src", "src", "content"))
            found.append(next((value for value in carried if value), ""))
    return list(dict.fromkeys(value.strip() for value in found if value.strip()))


def addresses(response: Response, hrefs: Iterable[str]) -> list[str]:
    """Whole addresses, each once, in order."""
    whole = (absolute(response, href) for href in hrefs)
    return list(dict.fromkeys(url for url in whole if url))


# ---- product pages -------------------------------------------------------------------------------------------------------


def read_product(response: Response, selectors: Selectors) -> ProductPage:
    """A product's pictures from the first of JSON-LD, OpenGraph and selectors that names some, and its words."""
    nodes = json_ld(response)
    products = [node for node in nodes if is_a(node, "Product", "ProductGroup")]
    # a page may also describe what is bought along with it: the one that names this page counts, else the first
    own = [node for node in products if absolute(response, _text(node.get("url"))) == urldefrag(response.url).url]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    named = addresses(response, next(filter(None, (_images(node, by_id) for node in own or products)), []))
    chosen = addresses(response, values(response, selectors.image))
    pictures = named or addresses(response, response.css(OG_IMAGES).getall()) or chosen
    og = [value.lower() for value in response.css('meta[property="og:type"]::attr(content)').getall()]
    sells = bool(products or chosen or any("product" in value for value in og))

    describing = own or products[:1]
    titles = response.css('meta[property="og:title"]::attr(content), h1::text').getall()
    names = [_text(node.get("name")) for node in describing] or titles[:1]
    places = [name for name in _trail(nodes) if name not in names]  # a trail ends with the product itself
    categories = [text for node in describing for text in _texts(node.get("category"))]
    tags = [text for node in describing for text in _texts(node.get("keywords"))]
    return ProductPage(pictures, sells, [[*categories, *places], tags, names])


def _images(product: dict, by_id: dict[str, dict]) -> list[str]:
    """The addresses of a product's `image`: text, an ImageObject, a reference to one, or a list of these."""
    found = []
    for image in _listed(product.get("image")):
        if isinstance(image, dict):
            if not {"url", "contentUrl"} & set(image):
                image = by_id.get(_text(image.get("@id")), image)
            found += [*_texts(image.get("url")), *_texts(image.get("contentUrl"))][:1]
        elif isinstance(image, str):
            found.append(image)
    if not found:  # a group's pictures may hang on its variants; all of them are on this page
        for variant in _listed(product.get("hasVariant")):
            found += _images(variant, by_id) if isinstance(variant, dict) and "hasVariant" not in variant else []
    return [image for image in found if image]


def _trail(nodes: list[dict]) -> Iterator[str]:
    """The names along the page's BreadcrumbList."""
    for node in nodes:
        if is_a(node, "BreadcrumbList"):
            for step in _listed(node.get("itemListElement")):
                if isinstance(step, dict):
                    item = step.get("item")
                    yield _text(step.get("name")) or _text(item.get("name") if isinstance(item, dict) else "")


# ---- listings --------------------------------------------------------------------------------------------------------------


def read_listing(response: Response, selectors: Selectors) -> tuple[bool, list[str]]:
    """Whether a listing gives the pictures themselves, and the addresses of them or of its products' pages."""
    if pictures := addresses(response, values(response, selectors.listing_image)):
        return True, pictures
    if chosen := addresses(response, values(response, selectors.product)):
        return False, chosen
    if named := addresses(response, _item_list(json_ld(response))):
        return False, named
    for links in PRODUCT_LINKS:
        if found := addresses(response, response.css(links).getall()):
            return False, found
    return False, []


def _item_list(nodes: list[dict]) -> Iterator[str]:
    for node in nodes:
        if is_a(node, "ItemList"):
            for step in _listed(node.get("itemListElement")):
                if isinstance(step, str):
                    yield step
                elif isinstance(step, dict):
                    item = step.get("item", step)
                    if isinstance(item, dict) and is_a(item, "Product", "ProductGroup", "ListItem", ""):
                        item = _text(item.get("url")) or _text(item.get("@id"))
                    yield _text(step.get("url")) or _text(item)


def next_link(response: Response, selectors: Selectors) -> str | None:
    """The address of a listing's next page, where the page links to it."""
    links = (
        values(response, selectors.next)
        or response.css("a[rel~=next]::attr(href), link[rel~=next]::attr(href)").getall()
    )
    return next(iter(addresses(response, links)), None)


def total(response: Response, selectors: Selectors) -> int | None:
    """How many products a listing says it has: the last number of `selectors.total`."""
    if not selectors.total:
        return None
    texts = [
        node.root if isinstance(node.root, str) else node.xpath("string()").get("")
        for node in response.css(selectors.total)
    ]
    numbers = re.findall(r"\d+(?:[,.\u00a0\u202f]\d{3})*", " ".join(texts[:1]))
    return int(re.sub(r"\D", "", numbers[-1])) if numbers else None


# ---- JSON-LD ---------------------------------------------------------------------------------------------------------------


def json_ld(response: Response) -> list[dict]:
    """Every object of the page's JSON-LD that describes the page: at the top, in a list, a @graph, or as main entity.

    A block that cannot be read counts as none.
    """
    found: list[dict] = []
    for text in response.css('script[type*="ld+json"]::text').getall():
        waiting = deque([_parsed(text)])
        while waiting:
            value = waiting.popleft()
            if isinstance(value, list):
                waiting.extendleft(reversed(value))
            elif isinstance(value, dict):
                found.append(value)
                waiting.extendleft((value.get("mainEntity"), value.get("@graph")))
    return found


def _parsed(text: str) -> object:
    """A block's JSON; shops wrap it in comments, and leave raw line ends or HTML entities in it."""
    text = _unwrapped(text)
    for candidate in (text, html.unescape(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _unwrapped(text: str) -> str:
    """Text without comment marks around it."""
    for _ in range(10):
        text = text.strip()
        opening = next((mark for mark in OPENINGS if text.startswith(mark)), "")
        closing = next((mark for mark in CLOSINGS if text.endswith(mark)), "")
        text = text.removeprefix(opening).removesuffix(closing)
    return text


def is_a(node: dict, *types: str) -> bool:
    """Whether a JSON-LD object is of one of these types of schema.org; `""` stands for none named."""
    named = [re.split(r"[/:#]", kind)[-1] for kind in _listed(node.get("@type")) if isinstance(kind, str)]
    return not set(types).isdisjoint(named or [""])


def _texts(value: object) -> list[str]:
    """The texts in a JSON-LD value: itself, a list's, an object's name."""
    found = [_text(part.get("name")) if isinstance(part, dict) else _text(part) for part in _listed(value)]
    return [text for text in found if text]


def _text(value: object) -> str:
    return html.unescape(value).strip() if isinstance(value, str) else ""


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


# ---- words -----------------------------------------------------------------------------------------------------------------


def class_of(words: list[list[str]], wanted: dict[str, tuple[str, ...]]) -> str | None:
    """The class whose words the product's contain: whole words, singular or plural, the most trusted first."""
    for texts in words:
        said = [_tokens(text) for text in texts]
        for cls, phrases in wanted.items():
            if any(_contains(tokens, _tokens(phrase)) for phrase in phrases for tokens in said):
                return cls
    return None


def _contains(tokens: list[set[str]], phrase: list[set[str]]) -> bool:
    starts = range(len(tokens) - len(phrase) + 1) if phrase else ()
    return any(all(a & b for a, b in zip(tokens[at:], phrase, strict=False)) for at in starts)


def _tokens(text: str) -> list[set[str]]:
    """Each word of a text as the forms in which it may stand: leaves, leave, leav, leaf."""
    return [_forms(word) for word in re.findall(r"[^\W_]+", text.casefold())]


def _forms(word: str) -> set[str]:
    forms = {word}
    for ending, singular in (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f")):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            forms.add(word.removesuffix(ending) + singular)
    return forms
