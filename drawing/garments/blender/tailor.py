"""Sewing patterns of the nine kinds: cut pieces as outlines in metres, the seams that join them, and the trims to add.

A garment is drawn like a technical flat: a front and a back sheet in the plane (x to the viewer's right, z up, on the scale
of the mannequin), so that one drawing can be put round a body, on a hanger or on a table. Where the cloth is wider than the
flat (flare, gathers, pleats, crotch), `Piece.lay` says where the wide cloth starts. numpy only: the tests run without bpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from drawing.garments.blender.figure import Build, build
from drawing.garments.kinds import KINDS

FRONT, BACK = -1, 1
BOLT_GAP = 0.04  # metres between two panels on the bolt


@dataclass(frozen=True)
class Piece:
    """One cut piece: consecutive named edges, counter-clockwise, as polylines (N, 2) in metres on the flat cloth."""

    name: str
    sheet: int  # FRONT or BACK of the flat drawing
    limb: str  # "trunk", "arm", "leg", "hood", "band" or "bag": which body depth lies under it
    edges: tuple[tuple[str, np.ndarray], ...]
    panel: int  # pieces of one panel are cut in one (the two halves of a sleeve)
    to_bolt: np.ndarray  # (2, 3) affine map from cloth to bolt coordinates (grainline up)
    lay: Callable[[np.ndarray], np.ndarray] | None = None  # (N, 2) cloth -> (N, 3): x, z of the flat, and a ripple
    role: str = "cloth"
    side: int = 0  # -1 left, +1 right in the picture, 0 both
    stiff: float = 1.0  # bending stiffness against the garment's
    spreads: bool = False  # laid on a table it spreads to its cut shape, whatever `lay` says

    @property
    def outline(self) -> np.ndarray:
        """(N, 2) the closed outline, first point not repeated."""
        return np.vstack([line[:-1] for _, line in self.edges])

    def edge(self, name: str) -> np.ndarray:
        return dict(self.edges)[name]

    def flat(self, points: np.ndarray) -> np.ndarray:
        """(N, 3): x and z of cloth points on the flat drawing, and how far they ripple out of it (metres)."""
        if self.lay is not None:
            return self.lay(points)
        return np.column_stack([points, np.zeros(len(points))])

    @property
    def area(self) -> float:
        """Square metres of cloth."""
        x, y = self.outline.T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)

    def bolt(self, points: np.ndarray) -> np.ndarray:
        """(N, 2): cloth points in metres on the bolt."""
        return points @ self.to_bolt[:, :2].T + self.to_bolt[:, 2]


@dataclass(frozen=True)
class Seam:
    """Edge `a` is sewn to edge `b`; each is (piece, edge). An `outer` seam is the silhouette of the flat drawing."""

    a: tuple[str, str]
    b: tuple[str, str]
    outer: bool = True
    ease: float = 1.0  # length of a / length of b as cut: 1.8 is gathered


@dataclass(frozen=True)
class Trim:
    """Something added to the draped cloth: where it lies on a piece (cloth metres), how big it is, what it is made of."""

    what: str  # "strip", "patch", "stitch", "button", "cord", "collar", "lapel", "belt", "loop", "zip", "handle"
    piece: str
    line: np.ndarray  # (N, 2) cloth metres: a line, or the outline of a patch
    size: float = 0.0  # metres: width of a strip, radius of a button
    role: str = "cloth"
    colour: tuple[float, float, float] | None = None
    style: str = ""


@dataclass
class Pattern:
    """Everything that is needed to sew one garment."""

    kind: str
    pieces: list[Piece]
    seams: list[Seam]
    trims: list[Trim]
    attributes: dict
    figure: Build
    pinned: tuple[str, ...] = ()  # pieces that stay where they start (a waistband)
    cloth: str = (
        "jersey"  # weight and stiffness: "jersey", "poplin", "knit", "fleece", "crepe", "denim", "wool", "canvas"
    )
    details: dict = field(default_factory=dict)  # measures that the trims need: collar height, waist height ...

    def piece(self, name: str) -> Piece:
        return next(piece for piece in self.pieces if piece.name == name)


def pattern(kind: str, seed: int) -> Pattern:
    """The pattern of garment `seed` of `kind`.

    Raises:
        ValueError: `kind` is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"no garment kind {kind!r}: choose one of {', '.join(KINDS)}")
    rng = np.random.default_rng([seed, KINDS.index(kind), 5])
    figure = build(seed, "female" if kind in ("dress", "skirt", "bag") else None)
    cutters = {"skirt": _skirt, "trousers": _trousers, "dress": _dress, "bag": _bag}
    made = cutters.get(kind, _top)(kind, rng, figure)
    made.pieces = _on_bolt(made.pieces)
    return made


# --- curves ---------------------------------------------------------------------------------------------------------------


def curve(*points, count: int = 24) -> np.ndarray:
    """A Bezier curve (2, 3 or 4 control points) as a polyline (count, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    levels = [np.asarray(point, float)[None] for point in points]
    while len(levels) > 1:
        levels = [a * (1 - t) + b * t for a, b in pairwise(levels)]
    return levels[0]


def length(line: np.ndarray) -> float:
    """Length of a polyline in metres."""
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def resample(line: np.ndarray, count: int) -> np.ndarray:
    """`count` + 1 points evenly along a polyline, ends kept."""
    at = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    return np.column_stack([np.interp(np.linspace(0, at[-1], count + 1), at, line[:, k]) for k in range(line.shape[1])])


def _flip(line: np.ndarray) -> np.ndarray:
    """The same line on the other side of x = 0, run backwards: it keeps an outline counter-clockwise."""
    return (line * [-1, 1])[::-1]


def _join(*lines: np.ndarray) -> np.ndarray:
    return np.vstack([lines[0], *[line[1:] for line in lines[1:]]])


def _mirrored(half: list[tuple[str, np.ndarray]], whole: dict[str, np.ndarray]) -> tuple:
    """A symmetric outline from the edges of its right side; `whole` names the edges that cross x = 0."""
    right = [(f"{name}.right", line) for name, line in half]
    left = [(f"{name}.left", _flip(line)) for name, line in reversed(half)]
    return (("hem", whole["hem"]), *right, ("neck", whole["neck"]), *left)


# --- the bolt -------------------------------------------------------------------------------------------------------------


def _upright(sheet: int) -> np.ndarray:
    """The grain runs up; seen from behind, the cloth's left is the viewer's right."""
    return np.array([[1.0 if sheet == FRONT else -1.0, 0, 0], [0, 1.0, 0]])


def _on_bolt(pieces: list[Piece]) -> list[Piece]:
    """Moves the panels apart on the bolt: side by side, with a gap, all starting at v = 0."""
    at, shift = 0.0, {}
    for panel in sorted({piece.panel for piece in pieces}):
        points = np.vstack([piece.bolt(piece.outline) for piece in pieces if piece.panel == panel])
        low, high = points.min(axis=0), points.max(axis=0)
        shift[panel] = np.array([at - low[0], -low[1]])
        at += high[0] - low[0] + BOLT_GAP
    moved = []
    for piece in pieces:
        to_bolt = piece.to_bolt.copy()
        to_bolt[:, 2] += shift[piece.panel]
        moved.append(replace(piece, to_bolt=to_bolt))
    return moved


# --- tops -----------------------------------------------------------------------------------------------------------------


@dataclass
class Cut:
    """The measures of a top (metres; half widths are quarters of a girth)."""

    neckline: str
    neck: float  # half width of the neck at the shoulder
    front_drop: float
    back_drop: float
    tip: float  # x of the shoulder tip
    chest: float
    waist: float
    hem: float
    hem_z: float
    armhole: float  # depth of the armhole below the shoulder tip
    sleeve: str
    sleeve_length: float
    cuff: float  # width of the flat cuff
    shirt_tail: float = 0.0
    slope: float = 0.42  # drop of the shoulder line a metre


def _quarter(figure: Build, z: float) -> float:
    """A quarter of the trunk's girth at height z (Ramanujan's ellipse, a little more for the flatter section)."""
    a, b, _ = figure.half(z)
    h = ((a - b) / (a + b)) ** 2
    return float(np.pi * (a + b) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h))) / 4 * 1.035)


NECKLINES = {  # half width, drop in front, drop at the back
    "crew": (0.078, 0.075, 0.018),
    "v": (0.080, 0.170, 0.018),
    "scoop": (0.105, 0.135, 0.035),
    "boat": (0.130, 0.045, 0.030),
    "collar": (0.072, 0.070, 0.012),
    "turtle": (0.068, 0.050, 0.012),
    "hood": (0.082, 0.085, 0.020),
    "lapel": (0.078, 0.300, 0.014),
}
SLEEVES = {"none": 0.0, "cap": 0.09, "short": 0.20, "elbow": 0.31, "long": 0.565}
FITS = {"slim": 0.012, "regular": 0.030, "oversized": 0.058}  # ease a quarter, metres


def _choose(rng, *options):
    return options[int(rng.integers(len(options)))]


def _style(kind: str, rng) -> dict:
    """What a customer would be told about this top."""
    fit = _choose(rng, "slim", "regular", "regular", "oversized")
    if kind == "t-shirt":
        sleeve = _choose(rng, "short", "short", "short", "elbow", "cap", "long")
        length_ = _choose(rng, "regular", "regular", "long", "cropped")
        return {
            "neckline": _choose(rng, "crew", "crew", "v", "scoop", "boat"),
            "sleeve": sleeve,
            "fit": fit,
            "length": length_,
        }
    if kind == "shirt":
        collar = _choose(rng, "classic", "classic", "band", "camp")
        sleeve = "short" if collar == "camp" else _choose(rng, "long", "long", "short")
        return {
            "neckline": "collar",
            "collar": collar,
            "sleeve": sleeve,
            "fit": fit,
            "length": "regular",
            "closure": "buttons",
        }
    if kind == "sweater":
        neck = _choose(rng, "crew", "crew", "v", "turtle", "boat")
        fit = _choose(rng, "regular", "oversized")
        return {"neckline": neck, "sleeve": "long", "fit": fit, "length": _choose(rng, "regular", "cropped", "long")}
    if kind == "hoodie":
        fit = _choose(rng, "regular", "oversized")
        closure = _choose(rng, "none", "none", "zip")
        return {
            "neckline": "hood",
            "sleeve": "long",
            "fit": fit,
            "length": _choose(rng, "regular", "regular", "cropped"),
            "closure": closure,
        }
    closure = _choose(rng, "single-breasted", "double-breasted", "belt")
    return {
        "neckline": "lapel",
        "collar": "lapels",
        "sleeve": "long",
        "fit": "regular",
        "length": _choose(rng, "hip", "knee", "midi"),
        "closure": closure,
    }


def _cut(kind: str, style: dict, rng, figure: Build) -> Cut:
    """The measures of a top from its style and the body's measures."""
    ease = FITS[style["fit"]] + {"shirt": 0.008, "sweater": 0.018, "hoodie": 0.028, "coat": 0.026}.get(kind, 0.0)
    bust = _quarter(figure, 1.22) + (0.015 if figure.name == "female" else 0.006)
    chest = bust + ease
    neck, front_drop, back_drop = np.array(NECKLINES[style["neckline"]]) * rng.uniform(0.94, 1.06, 3)
    slim = style["fit"] == "slim"
    waist = chest - (0.022 if slim else 0.0)
    hip_z = {"cropped": 0.965, "regular": 0.845, "long": 0.765, "hip": 0.74, "knee": 0.50, "midi": 0.34}[
        style["length"]
    ]
    hip_z += rng.uniform(-0.02, 0.02)
    hip = _quarter(figure, max(hip_z, 0.88)) + ease * 0.6
    hem = max(chest - 0.004, hip) if hip_z < 0.93 else chest - 0.002
    if style["length"] in ("hip", "knee", "midi"):
        hem = max(chest, hip) + 0.03 + 0.05 * (0.80 - hip_z)
    joint = figure.shoulder[0]
    tip = joint + {"slim": 0.004, "regular": 0.018, "oversized": 0.056}[style["fit"]] + (0.008 if kind == "coat" else 0)
    if style["sleeve"] == "none":
        tip = joint - 0.012
    drop = {"t-shirt": 0.165, "shirt": 0.180, "sweater": 0.190, "hoodie": 0.205, "coat": 0.205, "dress": 0.165}[kind]
    drop += {"slim": -0.005, "regular": 0.0, "oversized": 0.035}[style["fit"]]
    sleeve_length = SLEEVES[style["sleeve"]] * rng.uniform(0.95, 1.05) - (tip - joint) * 0.8
    sleeve_length = max(sleeve_length, 0.08)
    wide = {"none": 0.17, "cap": 0.17, "short": 0.160, "elbow": 0.150, "long": 0.120}[style["sleeve"]]
    wide += {"slim": -0.008, "regular": 0.0, "oversized": 0.025}[style["fit"]]
    if kind in ("sweater", "hoodie"):
        wide = 0.110
    if kind == "coat":
        wide = 0.140
    tail = 0.055 if kind == "shirt" and style["collar"] == "classic" else 0.0
    return Cut(
        style["neckline"],
        neck,
        front_drop,
        back_drop,
        tip,
        chest,
        waist,
        hem,
        hip_z,
        drop,
        style["sleeve"],
        sleeve_length,
        wide,
        tail,
    )


SHOULDER_Z = 1.424  # height of the shoulder line where it meets the neck, a finger above the mannequin


def _bodice(cut: Cut, sheet: int, bottom: float | None = None, bottom_width: float | None = None) -> Piece:
    """Front or back of a top from its shoulders to its hem (or to `bottom`, a waist seam `bottom_width` wide a quarter)."""
    neck_point = np.array([cut.neck, SHOULDER_Z - cut.slope * (cut.neck - 0.06)])
    tip = np.array([cut.tip, SHOULDER_Z - cut.slope * (cut.tip - 0.06)])
    under = np.array([cut.chest, tip[1] - cut.armhole])
    hollow = 0.030 if cut.tip < cut.chest - 0.012 else 0.008
    inner = min(cut.tip, cut.chest) - hollow * 0.4
    armhole = curve(under, (inner + 0.004, under[1] + 0.004), (inner - 0.006, under[1] + cut.armhole * 0.45), tip)
    shoulder = curve(tip, neck_point, count=12)
    hem_z, hem = (cut.hem_z, cut.hem) if bottom is None else (bottom, bottom_width)
    corner = np.array([hem, hem_z + cut.shirt_tail])
    waist_z = 1.06
    if bottom is None and hem_z < 0.95 and abs(cut.waist - cut.chest) > 0.003:
        side = _join(
            curve(corner, (cut.hem, 0.96), (cut.waist, waist_z)), curve((cut.waist, waist_z), (cut.waist, 1.13), under)
        )
    else:
        side = curve(corner, (corner * 0.5 + under * 0.5), under)
    if cut.shirt_tail:
        hem_right = curve((0, hem_z), (hem * 0.55, hem_z - 0.004), (hem * 0.72, corner[1] - 0.004), corner)
        hem_line = _join(_flip(hem_right), hem_right)
    else:
        dip = 0.0 if bottom is not None else 0.008
        right = curve((0, hem_z - dip), (hem * 0.6, hem_z - dip), corner)
        hem_line = _join(_flip(right), right)
    drop = cut.front_drop if sheet == FRONT else cut.back_drop
    neck = _neckline(cut.neckline if sheet == FRONT else "back", neck_point, SHOULDER_Z - drop)
    edges = _mirrored([("side", side), ("armhole", armhole), ("shoulder", shoulder)], {"hem": hem_line, "neck": neck})
    return Piece(
        "front" if sheet == FRONT else "back", sheet, "trunk", edges, 0 if sheet == FRONT else 1, _upright(sheet)
    )


def _neckline(shape: str, point: np.ndarray, low: float) -> np.ndarray:
    """From the right neck point through the middle to the left one."""
    x, z = point
    middle = (0.0, low)
    if shape in ("v", "lapel"):
        right = curve(point, (x * 0.80, z - (z - low) * 0.45), middle)
    elif shape == "scoop":
        right = curve(point, (x * 1.0, z - (z - low) * 0.75), (x * 0.62, low), middle)
    elif shape in ("boat", "back"):
        right = curve(point, (x * 0.80, low + (z - low) * 0.06), (x * 0.5, low), middle)
    else:
        right = curve(point, (x * 0.99, z - (z - low) * 0.62), (x * 0.58, low), middle)
    return _join(right, _flip(right))


def _sleeves(cut: Cut, body: Piece, first_panel: int, angle: float) -> tuple[list[Piece], list[Seam]]:
    """Two sleeves, each cut in one with its fold along the top; `angle` (radians) is how far below the horizon they lie."""
    pieces, seams = [], []
    armhole = body.edge("armhole.right")  # from the underarm up to the shoulder tip
    under, tip = armhole[0], armhole[-1]
    along, across = np.array([np.cos(angle), -np.sin(angle)]), np.array([-np.sin(angle), -np.cos(angle)])
    end = tip + along * cut.sleeve_length
    cuff_low = end + across * cut.cuff
    short = 0.03 - (cuff_low - under) @ along  # a short sleeve still needs an underarm seam
    if short > 0:
        cuff_low = under + along * 0.03 + across * 0.012
    bend = tip + np.array([np.cos(angle * 0.8), -np.sin(angle * 0.8)]) * min(0.1, cut.sleeve_length * 0.45)
    top = curve(end, tip + along * cut.sleeve_length * 0.5, bend, tip)
    low = (
        curve(
            under,
            under + (along * 0.8 + across * 0.1) * min(0.06, cut.sleeve_length * 0.2),
            under * 0.3 + cuff_low * 0.7,
            cuff_low,
        )
        if cut.sleeve_length > 0.25
        else curve(under, cuff_low)
    )
    right = (("armhole", armhole[::-1]), ("under", low), ("cuff", np.array([cuff_low, end])), ("top", top))
    for side, name in ((1, "right"), (-1, "left")):
        edges = right if side == 1 else tuple((key, _flip(line)) for key, line in reversed(right))
        turn = np.pi / 2 - angle
        c, s = np.cos(-turn * side), np.sin(-turn * side)
        upright = np.array([[c, -s], [s, c]])  # the sleeve hangs down, its fold is vertical
        fold = upright @ (tip * [side, 1])
        for sheet, half in ((FRONT, "front"), (BACK, "back")):
            mirror = np.diag([1.0 if sheet == FRONT else -1.0, 1.0])
            to_bolt = np.column_stack([mirror @ upright, mirror @ -fold])
            pieces.append(
                Piece(f"sleeve.{name}.{half}", sheet, "arm", edges, first_panel + (side < 0), to_bolt, side=side)
            )
            seams.append(Seam((f"sleeve.{name}.{half}", "armhole"), (half, f"armhole.{name}"), outer=False))
        seams.append(Seam((f"sleeve.{name}.front", "top"), (f"sleeve.{name}.back", "top")))
        seams.append(Seam((f"sleeve.{name}.front", "under"), (f"sleeve.{name}.back", "under")))
    return pieces, seams


def _body_seams(sleeveless: bool = False) -> list[Seam]:
    names = ["side.right", "side.left", "shoulder.right", "shoulder.left"]
    return [Seam(("front", name), ("back", name)) for name in names]


def _edge_trims(piece: Piece, edge: str, width: float, rib: bool) -> list[Trim]:
    """A rib band on an edge, or the stitches of a hem."""
    line = piece.edge(edge)
    if rib:
        return [Trim("strip", piece.name, line, width, "rib")]
    return [Trim("stitch", piece.name, inset(line, width), style=edge)]


def inset(line: np.ndarray, by: float) -> np.ndarray:
    """A polyline moved `by` metres to its left: into the piece, for an edge of a counter-clockwise outline."""
    tangent = np.gradient(resample(line, 60), axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return resample(line, 60) + np.column_stack([-tangent[:, 1], tangent[:, 0]]) * by


def _top(kind: str, rng, figure: Build) -> Pattern:
    """T-shirt, shirt, sweater, hoodie or coat."""
    style = _style(kind, rng)
    cut = _cut(kind, style, rng, figure)
    rib = kind in ("sweater", "hoodie")
    if rib:
        cut.hem = cut.chest - rng.uniform(0.016, 0.03)
    front, back = _bodice(cut, FRONT), _bodice(cut, BACK)
    pieces, seams = [front, back], _body_seams()
    angle = np.radians(48 if style["sleeve"] == "long" else 36 if style["sleeve"] != "elbow" else 40)
    sleeves, more = _sleeves(cut, front, 2, angle)
    pieces, seams = pieces + sleeves, seams + more
    trims: list[Trim] = []
    band = {"t-shirt": 0.020, "sweater": 0.026, "hoodie": 0.0, "shirt": 0.0, "coat": 0.0}[kind]
    for piece in (front, back):
        trims += _edge_trims(piece, "hem", 0.062 if rib else 0.022, rib)
        if band and style["neckline"] != "turtle":
            trims += _edge_trims(piece, "neck", band, True)
    for piece in sleeves:
        cuffed = rib or (kind == "shirt" and style["sleeve"] == "long")
        trims += _edge_trims(piece, "cuff", 0.065 if cuffed else 0.022, rib)
        if kind == "shirt" and cuffed:
            trims.append(Trim("patch", piece.name, _cuff_patch(piece, 0.062), 0.0012, style="cuff"))
    made = Pattern(
        kind,
        pieces,
        seams,
        trims,
        style,
        figure,
        cloth={"t-shirt": "jersey", "shirt": "poplin", "sweater": "knit", "hoodie": "fleece"}.get(kind, "wool"),
    )
    made.details = {"cut": cut}
    if style["neckline"] == "turtle":
        _add_neck_tube(made, 0.085)
    extra = {"shirt": _shirt_front, "hoodie": _hoodie_front, "coat": _coat_front}.get(kind)
    if extra:
        extra(made, cut, rng)
    return made


def _cuff_patch(piece: Piece, depth: float) -> np.ndarray:
    """The outline of a sewn-on cuff: the end of a sleeve half, `depth` deep."""
    cuff, under, top = piece.edge("cuff"), piece.edge("under"), piece.edge("top")
    first, second = (under[::-1], top) if np.allclose(cuff[0], under[-1]) else (top[::-1], under)

    def until(line):
        at = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
        return np.array([[np.interp(s, at, line[:, k]) for k in (0, 1)] for s in np.linspace(0, depth, 8)])

    return np.vstack([cuff, until(second)[1:], until(first)[::-1][:-1]])


def _add_neck_tube(made: Pattern, height: float) -> None:
    """A turtle neck: two bands that stand on the neckline."""
    for sheet, name in ((FRONT, "front"), (BACK, "back")):
        neck = made.piece(name).edge("neck")[::-1]  # left to right now
        wide = length(neck)
        half = wide / 2
        box = np.array([[-half, 0], [half, 0], [half, height], [-half, height]])
        edges = (("neck", box[[0, 1]]), ("side.right", box[[1, 2]]), ("top", box[[2, 3]]), ("side.left", box[[3, 0]]))

        def lay(points, neck=neck, half=half, height=height):
            at = resample(neck, 80)
            t = (points[:, 0] / half + 1) * 40
            x, z = (np.interp(t, np.arange(81), at[:, k]) for k in (0, 1))
            rise = points[:, 1] / height
            top = neck[[0, -1], 1].mean() + 0.055
            return np.column_stack([x * (1 - 0.12 * rise), z + (top - z) * rise, np.zeros(len(points))])

        made.pieces.append(
            Piece(f"neck.{name}", sheet, "neck", edges, 10 + (sheet == BACK), _upright(sheet), lay, role="rib")
        )
        made.seams.append(Seam((f"neck.{name}", "neck"), (name, "neck"), outer=False))
    for side in ("left", "right"):
        made.seams.append(Seam(("neck.front", f"side.{side}"), ("neck.back", f"side.{side}")))


def _box(x0: float, x1: float, z0: float, z1: float) -> np.ndarray:
    return np.array([[x0, z0], [x1, z0], [x1, z1], [x0, z1]])


BUTTONS = ((0.93, 0.91, 0.86), (0.16, 0.13, 0.11), (0.45, 0.30, 0.18), (0.80, 0.78, 0.74))


def _shirt_front(made: Pattern, cut: Cut, rng) -> None:
    """Placket, buttons, collar and, mostly, a chest pocket."""
    low, high = cut.hem_z - (0.004 if cut.shirt_tail else 0.008), SHOULDER_Z - cut.front_drop
    made.trims.append(Trim("patch", "front", _box(-0.016, 0.016, low, high), 0.0014, style="placket"))
    colour = _choose(rng, *BUTTONS)
    for z in np.linspace(high - 0.055, low + 0.12, 6):
        made.trims.append(Trim("button", "front", np.array([[0.0, z]]), 0.0056, "trim", colour))
    pocket = rng.random() < 0.6
    if pocket:
        x, z = 0.085, 1.205
        shape = np.array(
            [[x - 0.05, z + 0.055], [x - 0.05, z - 0.048], [x, z - 0.066], [x + 0.05, z - 0.048], [x + 0.05, z + 0.055]]
        )
        made.trims.append(Trim("patch", "front", shape, 0.0016, style="pocket"))
    made.attributes["pocket"] = "chest" if pocket else "none"
    made.trims.append(Trim("collar", "front", made.piece("front").edge("neck"), 0.042, style=made.attributes["collar"]))


def _hoodie_front(made: Pattern, cut: Cut, rng) -> None:
    """Hood, kangaroo pocket, and a zip or strings."""
    neck = resample(made.piece("front").edge("neck"), 40)
    _add_hood(made, cut)
    low = cut.hem_z + 0.075
    zipped = made.attributes["closure"] == "zip"
    wide, high = 0.145, 0.19
    right = np.array([[wide, low], [wide, low + 0.055], [wide - 0.045, low + high], [0.006, low + high], [0.006, low]])
    if zipped:
        made.trims.append(Trim("patch", "front", right, 0.0032, style="pocket"))
        made.trims.append(Trim("patch", "front", _flip(right), 0.0032, style="pocket"))
        line = np.array([[0, cut.hem_z], [0, SHOULDER_Z - cut.front_drop]])
        made.trims.append(Trim("zip", "front", line, 0.014, "trim", _choose(rng, (0.2, 0.2, 0.21), (0.75, 0.75, 0.77))))
    else:
        made.trims.append(Trim("patch", "front", np.vstack([right[:4], _flip(right[:4])]), 0.0032, style="pocket"))
    colour = _choose(rng, (0.92, 0.91, 0.88), (0.15, 0.15, 0.16), (0.80, 0.76, 0.68))
    for k, side in ((14, 1), (26, -1)):
        start = neck[k]
        line = curve(
            start, start + np.array([side * 0.012, -0.07]), start + np.array([side * 0.004, -rng.uniform(0.15, 0.19)])
        )
        made.trims.append(Trim("cord", "front", line, 0.0032, "trim", colour))


def _add_hood(made: Pattern, cut: Cut) -> None:
    """A hood as it lies on a table: a back and an arch round the face, joined along the dome."""
    right = made.piece("front").edge("neck")[0]  # right neck point
    wide, high = 0.150, 0.31
    x, z = right
    dome = _join(
        curve(right, (x + 0.055, z + 0.03), (wide, z + 0.09), (wide, z + high * 0.52)),
        curve((wide, z + high * 0.52), (wide, z + high * 0.86), (wide * 0.55, z + high), (0, z + high)),
    )
    back_neck = made.piece("back").edge("neck")[::-1]  # left to right
    edges = (("neck", back_neck), ("dome.right", dome), ("dome.left", _flip(dome)))
    made.pieces.append(Piece("hood.back", BACK, "hood", edges, 10, _upright(BACK)))
    front_neck = made.piece("front").edge("neck")
    cut_at = 15  # the arch stands on the outer parts of the front neckline
    fine = resample(front_neck, 40)
    foot = fine[: cut_at + 1][::-1]  # from the middle out to the neck point
    inner_top = (0.0, z + high - 0.075)
    face = _join(
        curve(inner_top, (0.07, z + high - 0.075), (0.088, z + high * 0.60), (0.088, z + high * 0.46)),
        curve((0.088, z + high * 0.46), (0.088, z + 0.06), (foot[0][0] + 0.03, foot[0][1] + 0.06), foot[0]),
    )
    edges = (
        ("foot.right", foot),
        ("dome.right", dome),
        ("dome.left", _flip(dome)),
        ("foot.left", _flip(foot)),
        ("face", _join(_flip(face), face)),
    )
    made.pieces.append(Piece("hood.front", FRONT, "hood", edges, 11, _upright(FRONT)))
    front = made.piece("front")
    parts = (
        ("neck.right", fine[: cut_at + 1]),
        ("neck.middle", fine[cut_at : 41 - cut_at]),
        ("neck.left", fine[40 - cut_at :]),
    )
    edges = []
    for name, line in front.edges:
        edges += list(parts) if name == "neck" else [(name, line)]
    made.pieces[made.pieces.index(front)] = replace(front, edges=tuple(edges))
    made.seams += [
        Seam(("hood.back", "neck"), ("back", "neck"), outer=False),
        Seam(("hood.front", "foot.right"), ("front", "neck.right"), outer=False),
        Seam(("hood.front", "foot.left"), ("front", "neck.left"), outer=False),
        Seam(("hood.front", "dome.right"), ("hood.back", "dome.right")),
        Seam(("hood.front", "dome.left"), ("hood.back", "dome.left")),
    ]
    made.trims.append(Trim("stitch", "hood.front", inset(made.piece("hood.front").edge("face"), 0.018), style="hem"))


def _coat_front(made: Pattern, cut: Cut, rng) -> None:
    """The overlapping front edge, lapels, collar, buttons, pockets with flaps, and perhaps a belt."""
    low, high = cut.hem_z - 0.008, SHOULDER_Z - cut.front_drop
    double = made.attributes["closure"] != "single-breasted"
    lap = 0.075 if double else 0.030
    made.details |= {"lap": lap, "break": high}
    edge = np.array([[-lap, low], [0.004, low], [0.004, high - 0.004], [-lap * 0.4, high - 0.004], [-lap, high - 0.03]])
    made.trims.append(Trim("patch", "front", edge, 0.0038, style="lap"))
    colour = _choose(rng, *BUTTONS[1:])
    rows = (-lap + 0.022, lap - 0.022) if double else (-0.006,)
    if made.attributes["closure"] != "belt":
        for z in np.linspace(high - 0.045, max(low + 0.2, 0.80), 3 if double else 4):
            for x in rows:
                made.trims.append(Trim("button", "front", np.array([[x, z]]), 0.0115, "trim", colour))
    for side in (-1, 1):
        x = side * 0.125
        made.trims.append(Trim("patch", "front", _box(x - 0.07, x + 0.07, 0.885, 0.94), 0.004, style="flap"))
    made.trims.append(Trim("collar", "front", made.piece("front").edge("neck"), 0.05, style="lapels"))
    neck = resample(made.piece("front").edge("neck"), 80)[:41]  # from the right neck point down to the break
    roll = neck[16:]
    wide = 0.085
    tip = roll[0] + [wide, 0.012]
    notch = roll[0] + [0.030, 0.016]
    right = np.vstack([roll[::4], curve(roll[-1], roll[-1] + [wide * 0.62, 0.06], tip, count=8)[1:], [notch]])
    for outline in (right, _flip(right)):
        made.trims.append(Trim("patch", "front", outline, 0.0045, style="lapel"))
    if made.attributes["closure"] == "belt":
        made.trims.append(Trim("belt", "front", np.array([[-0.3, 1.055], [0.3, 1.055]]), 0.045, "cloth"))


# --- skirts and dresses ---------------------------------------------------------------------------------------------------


def sector(
    sheet: int,
    name: str,
    top_z: float,
    waist: float,
    drop: float,
    spread: float,
    gather: float,
    waves: int,
    panel: int,
    swing: float,
) -> Piece:
    """Front or back of a skirt: a sector of a ring. `waist`: quarter girth where it is sewn on; `drop`: its length;
    `spread`: the angle of the sector in radians (0.02 is a rectangle); `gather`: cut width over sewn width; `waves`:
    folds it starts with; `swing`: how far the flat drawing flares."""
    top_length = 2 * waist * gather
    radius = top_length / spread
    phi = spread / 2

    def at(s: np.ndarray, angle: np.ndarray) -> np.ndarray:
        return np.column_stack([(radius + s) * np.sin(angle), top_z + radius - (radius + s) * np.cos(angle)])

    def lay(points: np.ndarray) -> np.ndarray:
        s = np.hypot(points[:, 0], points[:, 1] - top_z - radius) - radius
        angle = np.arctan2(points[:, 0], top_z + radius - points[:, 1])
        t = angle / phi
        half = waist + swing * np.clip(s, 0, None)
        excess = np.clip((radius + s) * phi / half, 1.0, 3.0)
        wave = half * 2 / max(waves, 1)
        height = np.minimum(wave / np.pi * np.sqrt(excess - 1) * 1.0, 0.045)
        ripple = (
            height * np.cos(t * np.pi * waves + 0.4 * np.sin(3 * t + sheet)) * np.clip(1.02 - np.abs(t), 0, 0.2) * 5
        )
        return np.column_stack([half * t, top_z - s, ripple])

    s, a = np.linspace(0, drop, 24), np.linspace(-phi, phi, 60)
    side = at(s[::-1], np.full(24, phi))
    edges = (
        ("hem", at(np.full(60, drop), a)),
        ("side.right", side),
        ("top", at(np.zeros(60), a[::-1])),
        ("side.left", _flip(side)),
    )
    return Piece(name, sheet, "trunk", edges, panel, _upright(sheet), lay, spreads=gather < 1.1)


def _waistband(made: Pattern, waist: float, top_z: float, height: float, role: str = "cloth") -> None:
    """A band round the waist, front and back, pinned to the body or the hanger."""
    for sheet, name in ((FRONT, "front"), (BACK, "back")):
        box = _box(-waist, waist, top_z, top_z + height)
        edges = (("low", box[[0, 1]]), ("side.right", box[[1, 2]]), ("top", box[[2, 3]]), ("side.left", box[[3, 0]]))
        made.pieces.append(
            Piece(f"band.{name}", sheet, "band", edges, 20 + (sheet == BACK), _upright(sheet), role=role, stiff=6.0)
        )
    for side in ("left", "right"):
        made.seams.append(Seam(("band.front", f"side.{side}"), ("band.back", f"side.{side}")))
    made.pinned = ("band.front", "band.back")
    made.details |= {"waist_z": top_z, "waist": waist, "band": height}


SKIRTS = {  # spread of the sector, gather, waves, swing
    "a-line": (0.42, 1.0, 2, 0.16),
    "circle": (1.75, 1.0, 6, 0.30),
    "gathered": (0.06, 1.85, 9, 0.10),
    "pleated": (0.10, 2.2, 12, 0.12),
    "pencil": (0.02, 1.03, 1, 0.0),
}


def _skirt(kind: str, rng, figure: Build) -> Pattern:
    cut = _choose(rng, "a-line", "circle", "circle", "gathered", "pleated")
    name, drop = [("mini", 0.40), ("knee", 0.56), ("midi", 0.70), ("maxi", 0.86)][
        int(rng.choice(4, p=(0.25, 0.35, 0.3, 0.1)))
    ]
    drop *= rng.uniform(0.95, 1.05)
    spread, gather, waves, swing = SKIRTS[cut]
    top_z, height = 1.035, float(rng.uniform(0.03, 0.045))
    waist = _quarter(figure, top_z) + 0.004
    made = Pattern(kind, [], [], [], {"cut": cut, "length": name, "closure": "side zip"}, figure, cloth="crepe")
    spread *= rng.uniform(0.9, 1.1)
    made.pieces = [
        sector(sheet, label, top_z, waist, drop, spread, gather, waves, panel, swing)
        for sheet, label, panel in ((FRONT, "front", 0), (BACK, "back", 1))
    ]
    made.seams = [Seam(("front", f"side.{side}"), ("back", f"side.{side}")) for side in ("left", "right")]
    _waistband(made, waist, top_z, height)
    for label in ("front", "back"):
        made.seams.append(Seam((label, "top"), (f"band.{label}", "low"), outer=False, ease=gather))
        made.trims += _edge_trims(made.piece(label), "hem", 0.02, rib=False)
        for edge in ("low", "top"):
            made.trims.append(Trim("stitch", f"band.{label}", inset(made.piece(f"band.{label}").edge(edge), 0.003)))
    return made


def _dress(kind: str, rng, figure: Build) -> Pattern:
    shape = _choose(rng, "fit-and-flare", "gathered", "a-line", "shift")
    style = {
        "neckline": _choose(rng, "crew", "v", "scoop", "boat"),
        "sleeve": _choose(rng, "none", "short", "cap", "long"),
        "fit": "slim",
        "length": _choose(rng, "mini", "knee", "midi"),
    }
    hem_z = {"mini": 0.60, "knee": 0.47, "midi": 0.33}[style["length"]] + rng.uniform(-0.02, 0.02)
    cut = _cut("dress", style | {"length": "knee"}, rng, figure)
    cut.hem_z = hem_z
    made = Pattern(kind, [], [], [], style | {"cut": shape}, figure, cloth="crepe")
    if shape in ("fit-and-flare", "gathered"):
        waist_z = 1.055
        waist = _quarter(figure, waist_z) + 0.016
        front, back = (_bodice(cut, sheet, waist_z, waist) for sheet in (FRONT, BACK))
        spread, gather, waves, swing = (1.5, 1.0, 5, 0.27) if shape == "fit-and-flare" else (0.10, 1.75, 8, 0.12)
        skirts = [
            sector(s, f"skirt.{n}", waist_z, waist, waist_z - hem_z, spread, gather, waves, 20 + (s == BACK), swing)
            for s, n in ((FRONT, "front"), (BACK, "back"))
        ]
        made.pieces = [front, back, *skirts]
        made.seams = _body_seams()
        made.seams += [
            Seam(("skirt.front", f"side.{side}"), ("skirt.back", f"side.{side}")) for side in ("left", "right")
        ]
        made.seams += [Seam((f"skirt.{n}", "top"), (n, "hem"), outer=False, ease=gather) for n in ("front", "back")]
        hems = skirts
    else:
        cut.hem = max(cut.chest, _quarter(figure, 0.88) + 0.02) + (0.11 if shape == "a-line" else 0.01)
        front, back = (_bodice(cut, sheet) for sheet in (FRONT, BACK))
        made.pieces, made.seams, hems = [front, back], _body_seams(), [front, back]
    trims = [Trim("stitch", p.name, inset(p.edge("hem"), 0.02)) for p in hems]
    trims += [Trim("stitch", p.name, inset(p.edge("neck"), 0.006)) for p in (front, back)]
    if style["sleeve"] != "none":
        sleeves, seams = _sleeves(cut, front, 2, np.radians(48 if style["sleeve"] == "long" else 36))
        made.pieces, made.seams = made.pieces + sleeves, made.seams + seams
        trims += [Trim("stitch", p.name, inset(p.edge("cuff"), 0.018)) for p in sleeves]
    else:
        trims += [
            Trim("stitch", p.name, inset(p.edge(f"armhole.{side}"), 0.006))
            for p in (front, back)
            for side in ("left", "right")
        ]
    made.trims, made.details = trims, {"cut": cut}
    return made


# --- trousers and bags ----------------------------------------------------------------------------------------------------

TROUSERS = {  # half width of the leg at the thigh's ease, knee, hem; hem height
    "straight": (0.016, 0.118, 0.108, 0.055),
    "wide": (0.030, 0.150, 0.160, 0.050),
    "tapered": (0.018, 0.110, 0.082, 0.075),
    "shorts": (0.026, 0.150, 0.148, 0.50),
}


def _trousers(kind: str, rng, figure: Build) -> Pattern:
    cut = _choose(rng, "straight", "wide", "tapered", "shorts")
    ease, knee, hem, hem_z = TROUSERS[cut]
    height, top_z = 0.038, 1.005
    waist = _quarter(figure, top_z) + 0.004
    hip = _quarter(figure, 0.88) + ease
    crotch = 0.765
    pieces, seams = [], []
    leg_x = 0.096 * figure.girth
    for sheet, name in ((FRONT, "front"), (BACK, "back")):
        reach = 0.040 if sheet == FRONT else 0.085
        for side, label in ((1, "right"), (-1, "left")):
            pieces.append(
                _trouser_half(sheet, side, f"{name}.{label}", waist, hip, crotch, reach, leg_x, knee, hem, hem_z, top_z)
            )
        seams.append(Seam((f"{name}.right", "rise"), (f"{name}.left", "rise"), outer=False))
    for label in ("right", "left"):
        seams += [Seam((f"front.{label}", edge), (f"back.{label}", edge)) for edge in ("side", "inseam")]
    closure = "drawstring" if cut == "tapered" else "fly"
    made = Pattern(
        kind,
        pieces,
        seams,
        [],
        {"cut": cut, "length": "short" if cut == "shorts" else "long", "closure": closure},
        figure,
        cloth="denim" if closure == "fly" else "fleece",
    )
    _waistband(made, waist, top_z, height, "rib" if closure == "drawstring" else "cloth")
    made.pieces = [replace(p, edges=_split_band(p, waist)) if p.limb == "band" else p for p in made.pieces]
    for name in ("front", "back"):
        for label in ("right", "left"):
            made.seams.append(Seam((f"{name}.{label}", "top"), (f"band.{name}", f"low.{label}"), outer=False))
            made.trims += _edge_trims(
                made.piece(f"{name}.{label}"), "hem", 0.05 if cut == "tapered" else 0.02, cut == "tapered"
            )
    _trouser_trims(made, waist, top_z, height, rng)
    return made


def _split_band(piece: Piece, waist: float) -> tuple:
    line = piece.edge("low")
    middle = line.mean(axis=0)
    rest = [(name, edge) for name, edge in piece.edges if name != "low"]
    return (("low.left", np.array([line[0], middle])), ("low.right", np.array([middle, line[1]])), *rest)


def _trouser_half(sheet, side, name, waist, hip, crotch, reach, leg_x, knee, hem, hem_z, top_z) -> Piece:
    """One leg, front or back: the crotch extension reaches past the middle; on the flat it starts folded up at the middle."""
    knee_z = 0.47
    dip = 0.0
    inner_top = np.array([-reach, crotch])
    rise = curve((0, top_z - dip), (0, crotch + 0.09), (-reach * 0.15, crotch + 0.004), inner_top)
    long = hem_z < 0.3
    knee_in, knee_out = np.array([leg_x - knee * 0.92, knee_z]), np.array([leg_x + knee * 0.92, knee_z])
    hem_in, hem_out = np.array([leg_x - hem * 0.95, hem_z]), np.array([leg_x + hem * 0.95, hem_z])
    hip_out = np.array([hip, 0.875])
    top_out = np.array([waist, top_z])
    if long:
        inseam = _join(
            curve(inner_top, (inner_top[0] * 0.3 + knee_in[0] * 0.7 - 0.01, 0.66), knee_in), curve(knee_in, hem_in)
        )
        side_line = _join(
            curve(hem_out, knee_out),
            curve(knee_out, (hip + 0.005, 0.70), hip_out),
            curve(hip_out, (hip * 0.99, 0.94), top_out),
        )
    else:
        inseam = curve(inner_top, hem_in)
        side_line = _join(curve(hem_out, (hip + 0.004, 0.7), hip_out), curve(hip_out, (hip * 0.99, 0.94), top_out))
    edges = (
        ("top", np.array([top_out, (0, top_z)])),
        ("rise", rise),
        ("inseam", inseam),
        ("hem", np.array([hem_in, hem_out])),
        ("side", side_line),
    )
    zs, inner = np.r_[inseam[::-1, 1], rise[::-1][1:, 1]], np.r_[inseam[::-1, 0], rise[::-1][1:, 0]]
    outer_z, outer_x = side_line[:, 1], side_line[:, 0]

    def lay(points: np.ndarray) -> np.ndarray:
        x, z = points[:, 0] * side, points[:, 1]
        low, high = np.interp(z, zs, inner), np.interp(z, outer_z, outer_x)
        start = np.maximum(low, np.where(z < crotch + 0.02, 0.005, 0.0))
        t = (x - low) / np.maximum(high - low, 1e-6)
        return np.column_stack([side * (start + t * (high - start)), z, np.zeros(len(x))])

    if side == -1:
        edges = tuple((key, _flip(line)) for key, line in reversed(edges))
    panel = (0 if sheet == FRONT else 2) + (side < 0)
    return Piece(name, sheet, "leg", edges, panel, _upright(sheet), lay, side=side)


def _trouser_trims(made: Pattern, waist: float, top_z: float, height: float, rng) -> None:
    if made.attributes["closure"] == "drawstring":
        for side in (-1, 1):
            line = curve((side * 0.015, 0), (side * 0.03, -0.08), (side * 0.022, -0.17))
            made.trims.append(
                Trim(
                    "cord",
                    "front.right" if side == 1 else "front.left",
                    line + np.array([0, top_z]),
                    0.0032,
                    "trim",
                    (0.9, 0.89, 0.86),
                )
            )
    else:
        fly = curve((0.036, top_z), (0.036, top_z - 0.15), (0.03, top_z - 0.175), (0.001, top_z - 0.185))
        made.trims.append(Trim("stitch", "front.right", fly, style="fly"))
        made.trims.append(
            Trim("button", "band.front", np.array([[0.014, top_z + height / 2]]), 0.0085, "trim", (0.55, 0.50, 0.42))
        )
        for name, spots in (("front", (-0.10, 0.10)), ("back", (-0.11, 0.0, 0.11))):
            for x in spots:
                made.trims.append(
                    Trim("loop", f"band.{name}", np.array([[x, top_z - 0.006], [x, top_z + height + 0.003]]), 0.011)
                )
    for edge, name in (
        ("top", "band.front"),
        ("top", "band.back"),
        ("low.left", "band.front"),
        ("low.right", "band.front"),
    ):
        made.trims.append(Trim("stitch", name, inset(made.piece(name).edge(edge), 0.003)))
    for side, label in ((1, "right"), (-1, "left")):
        pocket = curve((waist * 0.52, top_z - 0.001), (waist * 0.60, top_z - 0.10), (waist * 1.10, top_z - 0.125)) * [
            side,
            1,
        ]
        made.trims.append(Trim("stitch", f"front.{label}", pocket, style="pocket"))
        made.trims.append(Trim("stitch", f"front.{label}", pocket - np.array([side * 0.0006, 0.006]), style="pocket"))
        x, z = 0.085, 0.90
        shape = np.array(
            [[x - 0.062, z + 0.06], [x - 0.056, z - 0.06], [x, z - 0.085], [x + 0.056, z - 0.06], [x + 0.062, z + 0.06]]
        )
        shape = shape * [side, 1]
        made.trims.append(Trim("patch", f"back.{label}", shape if side == 1 else shape[::-1], 0.0016, style="pocket"))


def _bag(kind: str, rng, figure: Build) -> Pattern:
    cut = _choose(rng, "tote", "tote", "shopper", "bucket")
    wide, high = {"tote": (0.185, 0.40), "shopper": (0.225, 0.33), "bucket": (0.15, 0.30)}[cut]
    wide, high = wide * rng.uniform(0.93, 1.07), high * rng.uniform(0.93, 1.07)
    taper = {"tote": 1.0, "shopper": 0.90, "bucket": 1.12}[cut]
    top_z = 0.56
    pieces = []
    for sheet, name in ((FRONT, "front"), (BACK, "back")):
        low, top = wide * taper, wide
        corner = 0.02
        bottom = np.array([[-low + corner, top_z - high], [low - corner, top_z - high]])
        side = _join(
            curve((low - corner, top_z - high), (low, top_z - high), (low, top_z - high + corner), count=8),
            curve((low, top_z - high + corner), (top, top_z)),
        )
        edges = (
            ("hem", resample(bottom, 30)),
            ("side.right", side),
            ("top", np.array([[top, top_z], [-top, top_z]])),
            ("side.left", _flip(side)),
        )
        pieces.append(Piece(name, sheet, "bag", edges, 0 if sheet == FRONT else 1, _upright(sheet)))
    seams = [Seam(("front", edge), ("back", edge)) for edge in ("hem", "side.right", "side.left")]
    handle = "long" if cut == "tote" and rng.random() < 0.6 else "short"
    made = Pattern(
        kind,
        pieces,
        seams,
        [],
        {"cut": cut, "handles": handle, "size": "large" if wide > 0.2 else "medium"},
        figure,
        cloth="canvas",
    )
    made.details = {"top_z": top_z, "wide": wide, "high": high, "handle": handle, "grip": wide * 0.42}
    for piece in pieces:
        made.trims.append(Trim("stitch", piece.name, inset(piece.edge("top"), 0.028)))
        made.trims.append(
            Trim(
                "handle",
                piece.name,
                np.array([[-wide * 0.42, top_z - 0.05], [wide * 0.42, top_z - 0.05]]),
                0.027,
                style=handle,
            )
        )
    return made
