"""params.yaml, typed: every number that a user edits, what it means, and the refusal of what cannot be.

The file is the one owner of these numbers; `dvc.yaml` says which stage each section acts on.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from selvedge.errors import BadParams, SelvedgeError
from selvedge.io import read_yaml, write_bytes

PARAMS = Path("params.yaml")
PRESETS = Path("params")

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A frozen section of params.yaml that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


# ---- where swatches come from -------------------------------------------------------------------------------------


class Selectors(Section):
    """Where a shop's pages carry no data for machines: CSS selectors, with `::attr(...)` or `::text` where they read a value."""

    product: str | None = Field(default=None, description="in a listing: links to product pages")
    image: str | None = Field(default=None, description="on a product's page: addresses of its pictures")
    listing_image: str | None = Field(
        default=None,
        description="in a listing: addresses of the pictures themselves, where product pages are not wanted",
    )
    next: str | None = Field(default=None, description="in a listing: the link to the next page")
    total: str | None = Field(
        default=None, description="in a listing: text whose last number is how many products there are"
    )


class ShopSource(Section):
    """A fabric shop, by configuration alone: product feed, sitemap or listing pages; selectors only where all else is missing."""

    kind: Literal["shop"]
    name: str = Field(pattern=r"^[a-z0-9-]+$", description="names the source in the manifest")
    site: str = Field(pattern=r"^https?://[^/]+", description="the shop's address, such as https://example.org")
    categories: dict[str, tuple[str, ...]] = Field(
        default={},
        description="class -> the shop's categories: a collection's handle, a path, or a word in its products' own "
        "categories (sitemap); a class that is not named here goes by its own name",
    )
    classes: tuple[str, ...] | None = Field(default=None, description="only these classes; null takes all")
    ways: tuple[Literal["shopify", "sitemap", "listing"], ...] = Field(
        default=("shopify", "sitemap", "listing"),
        min_length=1,
        description="how products are found, in the order in which ways are tried: /collections/HANDLE/products.json, "
        "/sitemap.xml, listing pages; the first that works for a shop is used",
    )
    selectors: Selectors = Field(default=Selectors(), description="for pages without JSON-LD, OpenGraph or rel=next")
    page_parameter: str | None = Field(
        default=None, description="query parameter that numbers a listing's pages, where there is no link to the next"
    )
    licence: str = Field(description="licence note that every row of this source carries")
    max_products: Positive = Field(default=100_000, description="stop a class after so many products")
    max_requests: Positive | None = Field(
        default=None, description="stop the shop after so many requests; null: no limit"
    )
    required: bool = Field(
        default=True, description="whether the crawl fails where the shop cannot be read; else it only reports so"
    )


class CsvSource(Section):
    """A table in the clothing-pattern data set's format: class, address, size, crop box, scales."""

    kind: Literal["csv"]
    name: str = Field(pattern=r"^[a-z0-9-]+$", description="names the source in the manifest")
    path: str = Field(description="a file, or the table's address")
    words: dict[str, str | None] = Field(
        default={}, description="the table's word for a class -> ours; null leaves it out"
    )
    licence: str = Field(description="licence note that every row of this source carries")


class FolderSource(Section):
    """A folder of class folders of pictures."""

    kind: Literal["folder"]
    name: str = Field(pattern=r"^[a-z0-9-]+$", description="names the source in the manifest")
    path: str = Field(description="the folder that holds one folder a class")
    words: dict[str, str | None] = Field(default={}, description="a folder's name -> our class; null leaves it out")
    licence: str = Field(description="licence note that every row of this source carries")
    group_pattern: str | None = Field(
        default=None, description="regular expression on the file's stem; its first group names the piece of cloth"
    )
    run_length: Positive | None = Field(
        default=None, description="files with consecutive numbers show one piece of cloth; a run is at most so long"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> FolderSource:
        if self.group_pattern is not None and self.run_length is not None:
            raise ValueError("group_pattern and run_length exclude each other: leave one out")
        return self


Source = Annotated[ShopSource | CsvSource | FolderSource, Field(discriminator="kind")]


class Crawl(Section):
    """What is collected."""

    snapshot: Positive = Field(description="raise it to crawl again: the web itself is no dependency of the graph")
    contact: str = Field(
        default="", description="address or mailbox in the user agent; without one the crawl does not leave loopback"
    )
    delay_s: float = Field(default=1.0, ge=0, description="least pause between two requests to one host, in seconds")
    timeout_s: float = Field(default=30.0, gt=0, description="patience for one answer, in seconds")
    max_megabytes: float = Field(default=25.0, gt=0, le=1000, description="a larger file is refused")
    patience_s: float = Field(
        default=300.0, ge=0, description="longest wait that a host may ask for (Retry-After, Crawl-delay), in seconds"
    )
    sources: tuple[Source, ...] = Field(min_length=1, description="shops, CSV tables and folders")


class DemoShop(Section):
    """The embedded fabric shop that stands in for the web; it acts when a source's address is on its host."""

    products: Positive = Field(description="products a class on the shop's pages")
    rows: Positive = Field(description="rows a class in the shop's CSV table")
    photo_px: int = Field(default=360, ge=224, le=1024, description="side of a product photograph, in pixels")
    page_size: Positive = Field(default=24, description="products on one listing page")
    styles: tuple[str, ...] = Field(
        default=(), description="the styles it sells; a class without one of them sells all of its styles"
    )


class Split(Section):
    """Shares of the pieces of cloth; one piece is never on two sides."""

    train: Fraction = Field(description="share for generators, upscaler")
    judge: Fraction = Field(description="share for the classifier that judges: no generator sees it")
    test: Fraction = Field(description="share held out: the reference of every score")

    @model_validator(mode="after")
    def _whole(self) -> Split:
        if abs(self.train + self.judge + self.test - 1) > 1e-6:
            raise ValueError("train + judge + test must be 1")
        if min(self.train, self.judge, self.test) <= 0:
            raise ValueError("each of train, judge, test must be above 0")
        return self


class Reconstruct(Section):
    """Crops rebuilt into square swatches, a folder a class."""

    size: int = Field(default=224, ge=32, le=1024, description="side of a swatch, in pixels")
    scales: tuple[int, ...] | None = Field(
        default=None, description="which of a row's scales, by index from 0 (the widest view); null takes all"
    )
    rotations: tuple[float, ...] = Field(
        default=tuple(30.0 * k for k in range(12)), min_length=1, description="angles in degrees, counter-clockwise"
    )
    format: Literal["jpeg", "png"] = Field(default="jpeg", description="jpeg is quality 95, 4:4:4")
    duplicates: Literal["group", "drop"] = Field(
        default="group",
        description="pictures that show the same (turned, flipped, rescaled): kept on one side of the split, or one of them kept",
    )
    conflicts: Literal["majority", "drop"] = Field(
        default="majority",
        description="one cloth under two classes: the class that more addresses name, none at a tie; or none at all",
    )
    max_aspect_change: Fraction = Field(
        default=0.05,
        description="a picture whose width to height differs by more than this share from the recorded is another picture",
    )
    split: Split = Field(description="shares of train, judge and test")


class DrawnGarments(Section):
    """Path-traced garments with exact masks: nine items, and those that ship for the segmenter to learn from."""

    kind: Literal["drawn"] = Field(description="drawn: the project draws them; folder: photos with masks")
    train: Positive | None = Field(default=None, description="garments to learn from, at most; default: all there are")
    also: str | None = Field(default=None, description="a folder of `selvedge draw garments`: more to learn from")
    width: int = Field(default=384, ge=96, description="of an item's picture, in pixels")
    height: int = Field(default=512, ge=128, description="of an item's picture, in pixels")


class GarmentFolder(Section):
    """Photos NAME.jpg with masks NAME_mask.png (white is cloth): the catalogue's items, some kept for training."""

    kind: Literal["folder"] = Field(description="drawn: the project draws them; folder: photos with masks")
    path: str = Field(description="the folder")
    licence: str = Field(description="licence note of the photos")
    train_share: Fraction = Field(default=0.67, description="share of the pairs that trains the segmenter")


GarmentSource = Annotated[DrawnGarments | GarmentFolder, Field(discriminator="kind")]


class Garments(Section):
    """Pictures of clothes: items for the catalogue, pairs with masks for the segmenter."""

    source: GarmentSource = Field(description="drawn, or a folder of photos with masks")


# ---- what is trained -----------------------------------------------------------------------------------------------


class Training(Section):
    """What every training shares."""

    begin_with: str = Field(
        default="live",
        description="weights to begin with: `live` (as pinned in models/base), `shipped`, `nothing`, or a model directory",
    )
    images: Positive = Field(description="length of the training, counted in real images shown")
    batch: int = Field(ge=2, description="images a step")
    precision: Literal["fp32", "bf16"] = Field(
        default="fp32", description="bf16 is twice as fast on hardware that has it; on other it is fp32 all the same"
    )
    sample_every: Positive = Field(default=10_000, description="images between two sheets of samples")
    checkpoint_every: Positive = Field(default=10_000, description="images between two checkpoints")


class Patterns(Training):
    """The pattern generator: a DCGAN, or waves and styles, on a torus."""

    generator: Literal["dcgan", "fourier"] = Field(
        default="dcgan",
        description="the older systems' DCGAN; or whole waves shaped by styles, which learns repeats faster",
    )
    size: Literal[32, 64, 128, 256] = Field(default=64, description="side of a generated tile, in pixels")
    view: int | None = Field(
        default=None,
        ge=32,
        le=512,
        description="side to which a swatch is scaled before a random crop of `size`; null: size",
    )
    z_dim: Positive = Field(default=100, description="length of the latent vector")
    width: Positive = Field(default=64, description="feature maps of the last hidden layer of G and the first of D")
    d_width: int | None = Field(default=None, gt=0, description="feature maps of D's first layer; null: as width")
    conditional: bool = Field(
        default=True, description="one network for all classes, told which; false is one for all, untold"
    )
    seamless: bool = Field(default=True, description="circular padding: each tile repeats without a seam")
    resize: bool = Field(
        default=False, description="G's transposed convolutions work as on an enlarged input: no chequers (dcgan alone)"
    )
    d_norm: Literal["batch", "spectral", "none"] = Field(
        default="batch", description="the paper's batch norm in D; spectral norm; or none, for use with a penalty"
    )
    loss: Literal["bce", "hinge", "relativistic"] = Field(
        default="bce", description="the paper's cross-entropy, the hinge, or real against fake in pairs"
    )
    penalty: float = Field(
        default=0.0, ge=0, description="weight of the zero-centred gradient penalty on real and fake; 0 is none"
    )
    penalty_every: Positive = Field(
        default=4, description="steps between two penalties, each of which weighs so much more"
    )
    lr_g: float = Field(default=2e-4, gt=0, description="Adam's learning rate of G")
    lr_d: float = Field(default=2e-4, gt=0, description="Adam's learning rate of D")
    beta1: Fraction = Field(default=0.5, description="Adam's first moment")
    ema_images: int = Field(default=5_000, ge=0, description="half-life of G's moving average, in images; 0 is none")
    ramp_images: int = Field(
        default=0,
        ge=0,
        description="images over which the learning rates rise; the average's half-life is short at first too",
    )
    decay_from: Fraction = Field(
        default=1.0,
        description="share of the training after which the learning rates fall to 0 along a cosine; 1 is never",
    )
    augment: tuple[Literal["colour", "shift", "cutout"], ...] = Field(
        default=(), description="DiffAugment of what D sees, sample by sample"
    )
    balanced: bool = Field(default=False, description="as many pictures of each class, however many there are")
    select: bool = Field(
        default=False, description="keep the generator that scored best on the judge's cloth, not the last one"
    )
    compile: bool = Field(
        default=False,
        exclude=True,  # a run's identity is what is learned, not how fast
        description="torch.compile of G and D, but for the penalty's second derivatives; meant for GPUs, on a CPU it gains nothing",
    )
    least_diversity: float = Field(
        default=0.2, ge=0, description="tiles that differ less than this share of real ones raise the collapse alarm"
    )

    @model_validator(mode="after")
    def _sees_whole(self) -> Patterns:
        if self.view is not None and self.view < self.size:
            raise ValueError(f"view {self.view} is less than size {self.size}")
        if self.generator == "fourier" and not self.seamless:
            raise ValueError("generator fourier is always seamless: leave `seamless` true, or take dcgan")
        return self


class Upscaler(Training):
    """Super-resolution, x4, on a torus: SRResNet on top of bicubic, then SRGAN."""

    width: Positive = Field(default=64, description="feature maps")
    blocks: Positive = Field(default=16, description="residual blocks")
    crop: int = Field(default=96, ge=32, multiple_of=16, description="side of a high-resolution crop, in pixels")
    lr: float = Field(default=2e-4, gt=0, description="Adam's learning rate")
    adversarial_from: int = Field(default=0, ge=0, description="images of plain L1 training before the critic joins")
    adversarial_weight: float = Field(
        default=5e-3, ge=0, description="weight of the critic's loss beside L1; 0 is none"
    )


class Segmenter(Training):
    """Garment masks: a U-Net of segmentation-models-pytorch."""

    encoder: str = Field(default="mobilenet_v2", description="an encoder's name in segmentation-models-pytorch")
    size: int = Field(default=192, ge=64, multiple_of=32, description="side to which a picture is fitted, in pixels")
    lr: float = Field(default=1e-3, gt=0, description="AdamW's learning rate")


class Classifier(Training):
    """The judge: tells textile classes apart; its features are what scores are measured on."""

    name: str = Field(
        default="pattern", pattern=r"^[a-z0-9]+$", description="names the scores: fd_NAME, kid_NAME, is_NAME"
    )
    size: int = Field(default=64, ge=32, multiple_of=16, description="side of its input, in pixels")
    width: Positive = Field(default=32, description="feature maps of the first layer")
    lr: float = Field(default=2e-3, gt=0, description="AdamW's learning rate")


class Evaluation(Section):
    """How honestly, and on how much, models are measured."""

    samples: int = Field(ge=50, description="generated tiles of each sampling seed, split evenly over the classes")
    sampling_seeds: int = Field(default=2, ge=2, le=20, description="sets of tiles, each from latents of its own")
    size: int = Field(default=96, ge=32, description="pixels a side at which real and generated cloth are compared")
    resamples: int = Field(default=200, ge=20, description="bootstrap resamples behind an interval")
    extractor: str = Field(
        default="shipped",
        description="whose features distances are measured on: `shipped`, `judge` (models/classifier), or a model directory",
    )
    second_opinion: str | None = Field(
        default=None, description="another extractor for the same distances: a model directory, or SqueezeNet's weights"
    )
    copy_samples: int = Field(default=200, ge=0, description="tiles that are compared with every training swatch")
    beside: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")], str] = Field(
        default={},
        description="further generators to be measured and shown beside the candidate, {name: model directory}",
    )
    inception_weights: str | None = Field(
        default=None, description="torch-fidelity's Inception weights file; with it FID proper is measured too"
    )

    @field_validator("beside")
    @classmethod
    def _names_are_free(cls, beside: dict[str, str]) -> dict[str, str]:
        if taken := {"candidate", "champion", "real"} & beside.keys():
            raise ValueError(f"{', '.join(sorted(taken))}: the page has a column of this name already; take another")
        return beside


class Gate(Section):
    """When a candidate replaces the champion. Floors are to be reached by the lower end of a 95 % interval."""

    score: Literal["fd", "kid"] = Field(
        default="fd", description="the distance by which pattern generators are compared"
    )
    patterns_margin: float = Field(
        default=0.0, ge=0, description="share by which it must fall, beyond the intervals' noise"
    )
    class_fall: float = Field(
        default=0.2, ge=0, le=1, description="share of a class's tiles that the judge may know less often, at most"
    )
    least_diversity: float = Field(
        default=0.25,
        ge=0,
        description="how far tiles of a class lie apart, as a share of real ones; below it is collapse",
    )
    least_decidable: Fraction = Field(
        default=0.0,
        description="share of the classes in which copies can be told from other cloth, below which no generator is promoted; "
        "0: the gate only says that it cannot see them",
    )
    patterns_floor: Fraction = Field(
        default=0.3,
        description="nothing becomes live below it: how far tiles come from chance (0; an untrained network has 0.1) to real cloth "
        "(1) in being taken for their class by the judge; without classes, the share of real cloth with a tile near by",
    )
    upscaler_floor_db: float = Field(
        default=0.0, description="nothing becomes live below it: dB of PSNR over bicubic, which costs nothing to train"
    )
    segmenter_floor: Fraction = Field(
        default=0.6,
        description="nothing becomes live below it: mean IoU; at 0.6 a quarter of the cloth is missed, and as much beside it dressed",
    )
    upscaler_margin_db: float = Field(default=0.0, ge=0, description="dB of PSNR by which an upscaler must win")
    segmenter_margin: float = Field(default=0.0, ge=0, description="IoU by which a segmenter must win")
    keep: Positive = Field(default=3, description="former champions of a network to keep for `selvedge rollback`")


class Catalogue(Section):
    """Patterns, tiles, and clothes that wear them."""

    title: str = Field(default="Selvedge", description="on the cover")
    patterns_per_class: Positive = Field(default=2, description="patterns a class")
    best_of: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="tiles of which the judge that ships chooses each pattern; 1: none; default: 4 if it knows the class",
    )
    repeats: float = Field(default=4.0, gt=0, description="times the tile repeats across a garment's width")
    masks: Literal["given", "predicted"] = Field(
        default="given", description="cut garments out by the photo's own mask, or by the champion segmenter"
    )
    dpi: int = Field(default=150, gt=0, le=10_000, description="print resolution written into the files")


class Params(Section):
    """All of params.yaml."""

    seed: int = Field(ge=0, description="of every random choice")
    classes: tuple[str, ...] = Field(
        min_length=2, description="the textile classes; folders and conditions are named so"
    )
    crawl: Crawl
    demo_shop: DemoShop
    reconstruct: Reconstruct
    garments: Garments
    patterns: Patterns
    upscaler: Upscaler
    segmenter: Segmenter
    classifier: Classifier
    evaluation: Evaluation
    gate: Gate
    catalogue: Catalogue

    @field_validator("classes")
    @classmethod
    def _names(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError("a class is named twice")
        for name in classes:
            if not name.replace("-", "").replace("_", "").isalnum() or name != name.lower():
                raise ValueError(f"{name!r} is no class name: lower-case letters, digits, - and _ only")
        return classes

    @model_validator(mode="after")
    def _mapped(self) -> Params:
        for source in self.crawl.sources:
            ours = [*source.categories, *(source.classes or ())] if source.kind == "shop" else source.words.values()
            for name in ours:
                if name is not None and name not in self.classes:
                    raise ValueError(f"crawl.sources {source.name}: {name!r} is not in classes")
        return self


# ---- reading --------------------------------------------------------------------------------------------------------


def load(path: str | Path = PARAMS) -> Params:
    """Read and check params.yaml; raises BadParams naming each wrong key and, for an unknown one, the nearest right one."""
    path = Path(path)
    raw = read_yaml(path, remedy(), BadParams)
    if not isinstance(raw, dict):
        raise BadParams(f"{path}: holds no parameters; {remedy()}")
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        raise BadParams("\n".join(_say(path, problem) for problem in error.errors())) from None


def patterns(values: Mapping[str, Any], where: str) -> Patterns:
    """The numbers of a pattern generator, checked as those of params.yaml are; BadParams names `where` they stand."""
    try:
        return Patterns.model_validate(dict(values))
    except ValidationError as error:
        problems = [{**problem, "loc": ("patterns", *problem["loc"])} for problem in error.errors()]
        raise BadParams("\n".join(_say(where, problem) for problem in problems)) from None


def _say(path: str | Path, problem: Any) -> str:
    """One line for one problem of pydantic's."""
    where = [part for part in problem["loc"] if part not in ("shop", "csv", "folder", "drawn")]
    key = ".".join(str(part) for part in where)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(where[:-1])
        near = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"{path}: unknown key {key!r}; {hint}"
    if problem["type"] == "missing":
        return f"{path}: {key!r} is missing; `selvedge params explain {key.split('.')[0]}` says what it means"
    message = problem["msg"].removeprefix("Value error, ")
    got = f" (got {problem['input']!r})" if isinstance(problem["input"], int | float | str | bool) else ""
    return f"{path}: {key + ': ' if key else ''}{message}{got}"


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """The Section classes in an annotation such as `tuple[Shop | Csv, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple, Annotated):
        for part in get_args(annotation):
            yield from _sections(part)


def _keys_at(where: list[Any]) -> list[str]:
    """The known keys of the section at `where`; of all its variants when it is a union."""
    sections: list[type[Section]] = [Params]
    for part in where:
        if isinstance(part, int):
            continue
        found = [s.model_fields[part].annotation for s in sections if part in s.model_fields]
        sections = [inner for annotation in found for inner in _sections(annotation)]
    return sorted({name for section in sections for name in section.model_fields})


# ---- presets and explanations ------------------------------------------------------------------------------------------


def presets() -> dict[str, Path]:
    """The presets by name."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.yaml"))}


def remedy() -> str:
    """What to do where good parameters are missing: a preset brings them back, but only a project's folder has presets."""
    if presets():
        return "`selvedge params use demo` writes good ones"
    return "no project lies in this folder: go to your project's folder and run the command there"


def use(name: str, force: bool = False) -> None:
    """Copy preset `name` over params.yaml; refuses if that was edited, unless `force`."""
    known = presets()
    if not known:
        raise SelvedgeError(f"{PRESETS}: there are no presets here; {remedy()}")
    if name not in known:
        raise SelvedgeError(f"there is no preset {name!r}; there are: {', '.join(known)}")
    if PARAMS.exists() and not force:
        now = PARAMS.read_bytes()
        if all(now != path.read_bytes() for path in known.values()):
            raise SelvedgeError(f"{PARAMS} was edited and would be lost; keep a copy, or say --force")
    load(known[name])
    write_bytes(PARAMS, known[name].read_bytes())


def explain(prefix: str = "") -> list[dict[str, str]]:
    """Rows of key, value now, meaning and the stages it acts on, for keys that begin with `prefix`."""
    params = load() if PARAMS.exists() else None
    acts = _acting_stages()
    rows = list(_explain(Params, params, "", acts))
    chosen = [row for row in rows if row["key"] == prefix or row["key"].startswith(prefix + ".") or not prefix]
    if not chosen:
        near = difflib.get_close_matches(prefix, [row["key"] for row in rows], n=1, cutoff=0.3)
        raise SelvedgeError(f"there is no parameter {prefix!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return chosen


def _explain(section: type[Section], value: Any, prefix: str, acts: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    for name, field in section.model_fields.items():
        key = f"{prefix}{name}"
        now = getattr(value, name, None) if value is not None else None
        inner = list(_sections(field.annotation))
        if inner and not isinstance(now, tuple):
            live = [type(now)] if isinstance(now, Section) else inner
            for sub in live:
                yield from _explain(sub, now, f"{key}.", acts)
            continue
        stages = sorted({s for prefix_, found in acts.items() for s in found if f"{key}.".startswith(f"{prefix_}.")})
        shown = [f"{s.kind} {s.name}" for s in now] if inner and isinstance(now, tuple) else now
        yield {
            "key": key,
            "value": "" if value is None else _short(shown),
            "means": field.description or "",
            "acts on": ", ".join(stages) or "-",
        }


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _acting_stages(graph: str | Path = "dvc.yaml") -> dict[str, list[str]]:
    """Parameter prefix -> the stages of dvc.yaml that depend on it."""
    path = Path(graph)
    if not path.exists():
        return {}
    acts: dict[str, list[str]] = {}
    for stage, spec in read_yaml(path, "")["stages"].items():
        for entry in spec.get("params", []):
            if isinstance(entry, str):
                acts.setdefault(entry, []).append(stage)
    return acts
