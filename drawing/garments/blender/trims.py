"""What is added to a draped garment: ribs, pockets, plackets, collars, lapels, buttons, cords, zips, handles, stitches.

Most trims are drawn on the flat cloth of a piece and carried along with it: a point of the cut piece is found in its
draped triangles, and the trim lies a millimetre or two above it. Metres throughout.
"""

from __future__ import annotations

import bpy  # noqa: F401  (brings mathutils)
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from drawing.garments.blender import solver
from drawing.garments.blender.body import _tube as tube
from drawing.garments.blender.meshes import Part
from drawing.garments.blender.tailor import BACK, BOLT_GAP, Pattern, Piece, Trim, inset, resample

FIRST_PANEL = 100  # panels of added pieces


class Draped:
    """Where points of the cut pieces have gone."""

    def __init__(self, made: Pattern, sheet: solver.Sheet, surface: np.ndarray):
        self.made, self.sheet, self.surface = made, sheet, surface
        self.normals = solver.normals(sheet.weld[sheet.faces], surface)
        self.trees: dict[str, tuple[BVHTree, np.ndarray]] = {}
        self.whole = BVHTree.FromPolygons(surface.tolist(), sheet.weld[sheet.faces].tolist())

    def at(self, name: str, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions (N, 3) and normals (N, 3) of cloth points (N, 2) of piece `name`."""
        if name not in self.trees:
            index = next(k for k, piece in enumerate(self.made.pieces) if piece.name == name)
            faces = self.sheet.faces[self.sheet.piece[self.sheet.faces[:, 0]] == index]
            flat = np.column_stack([self.sheet.cloth, np.zeros(len(self.sheet.cloth))])
            self.trees[name] = BVHTree.FromPolygons(flat.tolist(), faces.tolist()), faces
        tree, faces = self.trees[name]
        found = [tree.find_nearest(Vector((u, v, 0.0))) for u, v in np.atleast_2d(points)]
        spot = np.array([hit[0][:2] for hit in found])
        triangle = faces[[hit[2] for hit in found]]
        a, b, c = (self.sheet.cloth[triangle[:, k]] for k in range(3))
        area = _cross(b - a, c - a)
        wb, wc = _cross(spot - a, c - a) / area, _cross(b - a, spot - a) / area
        weights = np.stack([1 - wb - wc, wb, wc], axis=1)[..., None]
        corner = self.sheet.weld[triangle]
        normal = (self.normals[corner] * weights).sum(axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        return (self.surface[corner] * weights).sum(axis=1), normal

    def outside(self, points: np.ndarray, gap: float, reach: float = 0.03) -> np.ndarray:
        """Moves points that are below the cloth's right side, or too near, to `gap` above it."""
        return solver.push_out(points, self.whole, gap, reach)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def sew_on(made: Pattern, sheet: solver.Sheet, surface: np.ndarray, presentation: str, apex: float):
    """The parts of all trims of a pattern, and the stitch lines (each (N, 3)). `apex`: height of a bag's handles."""
    draped = Draped(made, sheet, surface)
    parts: list[Part] = []
    stitches: list[np.ndarray] = []
    bolt = max(piece.bolt(piece.outline)[:, 0].max() for piece in made.pieces) + BOLT_GAP
    for number, trim in enumerate(made.trims):
        piece = made.piece(trim.piece)
        name = f"{trim.style or trim.what}.{number}"
        if trim.what == "stitch":
            stitches.append(_line(draped, trim.piece, trim.line, 0.0005))
        elif trim.what == "strip":
            part = _strip(draped, piece, trim, name, FIRST_PANEL + number, bolt)
            parts.append(part)
        elif trim.what in ("patch", "loop", "belt"):
            part = _patch(draped, piece, trim, name, FIRST_PANEL + number, bolt)
            parts.append(part)
            stitches += _around(draped, piece, trim)
        elif trim.what == "button":
            parts += _button(draped, piece, trim, name)
        elif trim.what == "cord":
            parts += _cord(draped, piece, trim, name)
        elif trim.what == "zip":
            parts += _zip(draped, piece, trim, name)
        elif trim.what == "collar":
            part = _collar(draped, trim, name, FIRST_PANEL + number, bolt, presentation)
            parts.append(part)
        elif trim.what == "handle":
            part, lines = _handle(draped, piece, trim, name, FIRST_PANEL + number, bolt, presentation, apex)
            parts.append(part)
            stitches += lines
        if trim.what in ("strip", "patch", "loop", "belt", "collar", "handle"):
            bolt = max(bolt, float(parts[-1].uv[:, 0].max()) + BOLT_GAP)
    return parts, stitches


def _line(draped: Draped, name: str, line: np.ndarray, above: float) -> np.ndarray:
    count = max(8, int(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() / 0.006))
    at, normal = draped.at(name, resample(line, count))
    return (at + normal * above).astype(np.float32)


def _grid(rows: int, columns: int, flip: bool = False) -> list[tuple[int, ...]]:
    """Quads of a grid of vertices in row-major order."""
    faces = []
    for r in range(rows - 1):
        for c in range(columns - 1):
            k = r * columns + c
            face = (k, k + 1, k + columns + 1, k + columns)
            faces.append(face[::-1] if flip else face)
    return faces


def _shifted(uv: np.ndarray, bolt: float) -> np.ndarray:
    """A new piece's coordinates, moved to a free place on the bolt."""
    return (uv - uv.min(axis=0) + [bolt, 0.0]).astype(np.float32)


def _strip(draped: Draped, piece: Piece, trim: Trim, name: str, panel: int, bolt: float) -> Part:
    """A knitted band along an edge, a little thicker than the cloth and rolled at both sides."""
    thick = 0.0012 + solver.WEAVES[draped.made.cloth].thickness * 0.5
    levels = np.array([0.0, 0.0, 0.08, 0.3, 0.5, 0.7, 0.92, 1.0, 1.0])
    lift = np.array([-1.0, 0.55, 0.95, 1.0, 1.0, 1.0, 0.95, 0.5, -0.2]) * thick
    count = max(10, int(np.linalg.norm(np.diff(trim.line, axis=0), axis=1).sum() / 0.008))
    rows, uv = [], []
    for level, up in zip(levels, lift, strict=True):
        line = resample(inset(trim.line, level * trim.size) if level else resample(trim.line, 60), count)
        at, normal = draped.at(piece.name, line)
        rows.append(at + normal * up)
        along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(resample(trim.line, count), axis=0), axis=1))]
        uv.append(np.column_stack([along, np.full(count + 1, level * trim.size)]))
    flip = piece.sheet == BACK
    return Part(
        f"rib.{name}",
        trim.role,
        np.vstack(rows).astype(np.float32),
        _grid(len(rows), count + 1, flip),
        _shifted(np.vstack(uv), bolt),
        panel,
    )


def _patch(draped: Draped, piece: Piece, trim: Trim, name: str, panel: int, bolt: float) -> Part:
    """A second layer of cloth over an outline: a pocket, placket, flap, cuff, lapel, belt or belt loop."""
    outline = trim.line
    thick = trim.size
    if trim.what in ("loop", "belt"):
        half = trim.size / 2
        outline, thick = _ribbon(trim.line, half), 0.0026
    flat = Piece(name, -1, "trunk", _sides(outline), panel, piece.to_bolt)
    points, triangles, _ = solver._fill(
        flat,
        {(name, side): max(2, round(np.linalg.norm(line[-1] - line[0]) / 0.009)) for side, line in flat.edges},
        0.009,
    )
    border = sum(max(2, round(np.linalg.norm(line[-1] - line[0]) / 0.009)) for _, line in flat.edges)
    at, normal = draped.at(piece.name, points)
    top, foot = at + normal * thick, at[:border] + normal[:border] * -0.0006
    near = solver.segment_distance(points, outline, np.roll(outline, -1, axis=0))
    top -= normal * (thick * 0.35 * np.exp(-near / 0.002))[:, None]  # the pressed edge
    flip = piece.sheet == BACK
    faces = [tuple(t[::-1] if flip else t) for t in triangles.tolist()]
    size = len(points)
    for k in range(border):
        n = (k + 1) % border
        rim = (k, size + k, size + n, n)
        faces.append(rim[::-1] if flip else rim)
    uv = piece.bolt(np.vstack([points, points[:border]]))
    return Part(
        name, trim.role, np.vstack([top, foot]).astype(np.float32), faces, _shifted(uv, bolt), panel, colour=trim.colour
    )


def _sides(outline: np.ndarray) -> tuple:
    """Each side of a polygon as an edge, counter-clockwise."""
    x, y = outline.T
    if (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() < 0:
        outline = outline[::-1]
    return tuple(
        (f"side.{k}", np.array([a, b]))
        for k, (a, b) in enumerate(zip(outline, np.roll(outline, -1, axis=0), strict=True))
    )


def _ribbon(line: np.ndarray, half: float) -> np.ndarray:
    """The outline of a straight ribbon about a line of two points."""
    along = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    across = np.array([-along[1], along[0]]) * half
    return np.array([line[0] - across, line[1] - across, line[1] + across, line[0] + across])


STITCHED = ("pocket", "placket", "cuff", "flap", "lapel", "lap")


def _around(draped: Draped, piece: Piece, trim: Trim) -> list[np.ndarray]:
    """The topstitching of a patch, a few millimetres inside its outline."""
    if trim.style not in STITCHED:
        return []
    outline = np.vstack([line[:1] for _, line in _sides(trim.line)])
    lines = []
    for k in range(len(outline)):
        a, b = outline[k], outline[(k + 1) % len(outline)]
        before, after = outline[k - 1], outline[(k + 2) % len(outline)]
        start, end = _corner(before, a, b, 0.005), _corner(a, b, after, 0.005)
        lines.append(_line(draped, piece.name, np.array([start, end]), trim.size + 0.0003))
    return lines


def _corner(before, corner, after, by: float) -> np.ndarray:
    """The corner of an outline moved inside by `by` from both its sides (counter-clockwise)."""
    first, second = corner - before, after - corner
    first, second = first / max(np.linalg.norm(first), 1e-9), second / max(np.linalg.norm(second), 1e-9)
    n1, n2 = np.array([-first[1], first[0]]), np.array([-second[1], second[0]])
    middle = n1 + n2
    return corner + middle * by / max(1.0 + n1 @ n2, 0.4)


def _frame_at(draped: Draped, piece: Piece, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Position, right, up and normal of the cloth at a point."""
    spots = point + 0.006 * np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
    at, normals = draped.at(piece.name, spots)
    normal = normals.mean(axis=0)
    normal /= np.linalg.norm(normal)
    up = at[2] - at[4] + 1e-6
    up -= normal * (up @ normal)
    up /= np.linalg.norm(up)
    return at[0], np.cross(up, normal), up, normal


def _button(draped: Draped, piece: Piece, trim: Trim, name: str) -> list[Part]:
    """A four-hole button with a rim."""
    at, right, up, normal = _frame_at(draped, piece, trim.line[0])
    r = trim.size
    lift = 0.0022 + 0.0028 * (draped.made.kind == "coat")
    profile = np.array(
        [[0.0, 0.55], [0.45, 0.55], [0.68, 0.60], [0.80, 0.85], [0.92, 0.85], [1.0, 0.5], [1.0, 0.0]]
    ) * [r, r * 0.34]
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    rings = [np.column_stack([p * np.cos(turn), p * np.sin(turn), np.full(28, h)]) for p, h in profile]
    local = np.vstack(rings)
    faces = [
        (k * 28 + c, (k + 1) * 28 + c, (k + 1) * 28 + (c + 1) % 28, k * 28 + (c + 1) % 28)
        for k in range(len(rings) - 1)
        for c in range(28)
    ]
    holes, dark = [], []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        base = len(holes) * 10
        ring = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        holes.append(
            np.column_stack(
                [
                    x * 0.2 * r + 0.11 * r * np.cos(ring),
                    y * 0.2 * r + 0.11 * r * np.sin(ring),
                    np.full(10, r * 0.19 + 0.0001),
                ]
            )
        )
        dark.append(tuple(range(base, base + 10)))
    basis = np.vstack([right, up, normal])
    place = lambda points: (points @ basis + at + normal * lift).astype(np.float32)  # noqa: E731
    body, eyes = place(local), place(np.vstack(holes))
    return [
        Part(name, "trim", body, faces, np.zeros((len(body), 2), np.float32), colour=trim.colour),
        Part(f"{name}.holes", "trim", eyes, dark, np.zeros((len(eyes), 2), np.float32), colour=(0.06, 0.05, 0.05)),
    ]


def _cord(draped: Draped, piece: Piece, trim: Trim, name: str) -> list[Part]:
    """A drawstring that lies on the cloth, with an eyelet and a tip."""
    line = _line(draped, trim.piece, trim.line, trim.size + 0.0035).astype(float)
    for _ in range(6):
        line[1:-1] = line[1:-1] * 0.5 + (line[:-2] + line[2:]) * 0.25
    size = np.full(len(line), trim.size)
    vertices, faces = tube(line, size, size, np.array([0.31, 0.25, 0.91]), 12)
    tip = np.vstack([line[-4:], line[-1:] + (line[-1:] - line[-2:-1]) * 1.2])
    wide = np.full(len(tip), trim.size * 1.12)
    end, end_faces = tube(tip, wide, wide, np.array([0.31, 0.25, 0.91]), 12)
    at, right, up, normal = _frame_at(draped, piece, trim.line[0])
    turn = np.linspace(0, 2 * np.pi, 24)
    circle = at + normal * 0.0042 + np.outer(np.cos(turn), right * 0.0062) + np.outer(np.sin(turn), up * 0.0062)
    ring, ring_faces = tube(circle, np.full(24, 0.0015), np.full(24, 0.0015), normal, 8)
    metal = (0.72, 0.71, 0.69)
    empty = lambda points: np.zeros((len(points), 2), np.float32)  # noqa: E731
    return [
        Part(name, "trim", vertices.astype(np.float32), faces, empty(vertices), colour=trim.colour),
        Part(f"{name}.tip", "trim", end.astype(np.float32), end_faces, empty(end), colour=metal),
        Part(f"{name}.eyelet", "trim", ring.astype(np.float32), ring_faces, empty(ring), colour=metal),
    ]


def _zip(draped: Draped, piece: Piece, trim: Trim, name: str) -> list[Part]:
    """Tape, teeth and puller of a zip along a line."""
    count = int(np.linalg.norm(trim.line[1] - trim.line[0]) / 0.005)
    line = resample(trim.line, count)
    rows = []
    for x in (-1, -0.35, 0.35, 1):
        at, normal = draped.at(piece.name, line + np.array([x * trim.size, 0]))
        rows.append(at + normal * 0.0026)
    tape = np.vstack(rows).astype(np.float32)
    at, normal = draped.at(piece.name, line)
    middle = at + normal * 0.0032
    bump = np.where(np.arange(count + 1) % 2 == 0, 0.0031, 0.0022)
    teeth, teeth_faces = tube(middle, np.full(count + 1, 0.0018), bump, normal.mean(axis=0), 8)
    spot, _, up, out = _frame_at(draped, piece, line[-4])
    pull = np.vstack([spot + out * 0.006 - up * d for d in (0.0, 0.006, 0.014, 0.024)])
    puller, puller_faces = tube(pull, np.full(4, 0.0016), np.array([0.005, 0.0045, 0.0034, 0.0044]), out, 10)
    empty = lambda points: np.zeros((len(points), 2), np.float32)  # noqa: E731
    metal = (0.66, 0.66, 0.67)
    return [
        Part(f"{name}.tape", "trim", tape, _grid(4, count + 1, True), empty(tape), colour=trim.colour),
        Part(f"{name}.teeth", "trim", teeth.astype(np.float32), teeth_faces, empty(teeth), colour=metal),
        Part(f"{name}.puller", "trim", puller.astype(np.float32), puller_faces, empty(puller), colour=metal),
    ]


def _neck_loop(draped: Draped, skip: float) -> np.ndarray:
    """(N, 3) the neckline from the front's middle to the viewer's right, round the back, and to the middle again.

    `skip` leaves out that share of the front line at both ends (a coat's collar starts at the notch)."""
    front, back = (draped.made.piece(name).edge("neck") for name in ("front", "back"))
    fine = resample(front, 80)
    first = int(40 * (1 - skip))
    right, left = fine[: first + 1][::-1], fine[80 - first :][::-1]
    line = [draped.at("front", right)[0], draped.at("back", resample(back, 60))[0][1:-1], draped.at("front", left)[0]]
    loop = np.vstack(line)
    loop = resample(loop, 120)
    for _ in range(4):
        loop[1:-1] = loop[1:-1] * 0.5 + (loop[:-2] + loop[2:]) * 0.25
    return loop


def _collar(draped: Draped, trim: Trim, name: str, panel: int, bolt: float, presentation: str) -> Part:
    """A collar swept along the neckline: a stand, and mostly a fold and a leaf that lies on the shoulders."""
    lapels = trim.style == "lapels"
    loop = _neck_loop(draped, 0.52 if lapels else 0.0)
    up, ahead = (
        (np.array([0, 1.0, 0]), np.array([0, 0, 1.0]))
        if presentation == "flat"
        else (np.array([0, 0, 1.0]), np.array([0, -1.0, 0]))
    )
    t = np.linspace(-1, 1, len(loop))
    centre = (loop.min(axis=0) + loop.max(axis=0)) / 2
    dx, df = loop[:, 0] - centre[0], (loop - centre) @ ahead
    ax, af = max(np.ptp(dx) / 2, 0.02), max(np.ptp(df) / 2, 0.02)
    out = np.outer(dx / ax**2, [1.0, 0, 0]) + np.outer(df / af**2, ahead)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    for _ in range(12):
        out[1:-1] = out[1:-1] * 0.5 + (out[:-2] + out[2:]) * 0.25
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    ends = np.clip((np.abs(t) - 0.55) / 0.45, 0, 1)
    stand = {"band": 0.030, "classic": 0.030, "camp": 0.016, "lapels": 0.024}[trim.style] * (
        1 - (0.85 if lapels else 0.35) * ends**1.5
    )
    leaf = {"band": 0.0, "classic": 0.044, "camp": 0.062, "lapels": 0.064}[trim.style]
    reach = leaf * (1 + (0.55 if not lapels else 0.05) * ends**3)
    side = np.outer(np.sign(t) * -1.0 * ends**2, [1.0, 0, 0])
    side *= np.sign(loop[len(loop) // 4, 0] - centre[0]) * 1.0
    thick = 0.0022 if not lapels else 0.004
    rows, across = [loop - up * 0.004 + out * 0.0012], [0.0]
    for k in np.linspace(0.15, 1, 7):
        lean = -0.006 * k**2
        rows.append(loop + up * (stand * k)[:, None] + out * (lean + 0.0012))
        across.append(0.03 * k)
    if leaf:
        top = rows[-1]
        for a in np.radians([40, 80, 120]):
            rows.append(top + up * (0.004 * np.sin(a)) + out * (0.004 * (1 - np.cos(a))))
            across.append(across[-1] + 0.003)
        start = rows[-1]
        for k in np.linspace(0.12, 1, 10):
            rows.append(start + (-up * 0.86 + out * 0.46 + side * 0.42) * (reach * k)[:, None])
            across.append(0.04 + leaf * k)
    grid = np.stack(rows)
    first = 8 if not leaf else 11
    for _ in range(3):
        for r in range(first, len(grid)):
            grid[r] = draped.outside(grid[r], 0.0035 + thick, 0.05)
        grid[first:-1] = (
            grid[first:-1] * 0.5 + (grid[first - 1 : -2] + grid[first + 1 :]) * 0.25 if leaf else grid[first:-1]
        )
    if presentation == "flat":
        grid[..., 2] = np.maximum(grid[..., 2], 0.0012)
    uv = np.stack([np.column_stack([np.linspace(0, 0.44, len(loop)), np.full(len(loop), v)]) for v in across])
    return Part(
        f"collar.{name}",
        "cloth",
        grid.reshape(-1, 3).astype(np.float32),
        _grid(len(grid), len(loop)),
        _shifted(uv.reshape(-1, 2), bolt),
        panel,
        thickness=thick,
    )


def _handle(
    draped: Draped, piece: Piece, trim: Trim, name: str, panel: int, bolt: float, presentation: str, apex: float
):
    """A strap sewn to a bag at two places; it runs up over a hook, or lies in an arch on the table."""
    half = trim.size / 2
    (x0, z0), (x1, _) = trim.line
    ends = []
    for x in (x0, x1):
        at, normal = draped.at(piece.name, np.array([[x, z0 + k] for k in np.linspace(0, 0.045, 6)]))
        ends.append(at + normal * 0.0022)
    flat = presentation == "flat"
    top = (ends[0][-1] + ends[1][-1]) / 2
    rise = apex - draped.made.details["top_z"]
    if flat:
        peak = top + np.array([0.0, rise * 0.9, 0])
        peak[2] = 0.004 if piece.sheet == BACK else 0.008
    else:
        peak = np.array([0.0, piece.sheet * 0.010, apex])
    arch = _arch(ends[0][-1], ends[1][-1], peak, flat)
    line = np.vstack([ends[0], arch[1:-1], ends[1][::-1]])
    line = resample(line, 70)
    for _ in range(3):
        line[6:-6] = line[6:-6] * 0.5 + (line[5:-7] + line[7:-5]) * 0.25
    facing = np.array([0, 0, 1.0]) if flat else np.array([0, float(piece.sheet), 0])
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.cross(tangent, facing)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    rows = [line + across * (half * k) for k in (-1, -0.5, 0, 0.5, 1)]
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    uv = np.vstack([np.column_stack([np.full(len(line), half * (k + 1)), along]) for k in (-1, -0.5, 0, 0.5, 1)])
    part = Part(
        f"handle.{name}",
        "cloth",
        np.vstack(rows).astype(np.float32),
        _grid(5, len(line), True),
        _shifted(uv, bolt),
        panel,
        thickness=0.003,
    )
    up = facing * 0.0022
    stitches = [(line + across * (half - 0.003) * k + up).astype(np.float32) for k in (-1, 1)]
    return part, stitches


def _arch(start: np.ndarray, end: np.ndarray, peak: np.ndarray, flat: bool) -> np.ndarray:
    """From `start` up to `peak` and down to `end`; round on a table, nearly straight to a small bend on a hook."""
    t = np.linspace(0, 1, 60)[:, None]
    if flat:
        turn = np.pi * t
        middle = (start + end) / 2
        return middle + (start - middle) * np.cos(turn) + (peak - middle) * np.sin(turn) ** 0.8
    width = 0.020
    left, right = peak + np.array([-width, 0, -0.022]), peak + np.array([width, 0, -0.022])
    if start[0] > end[0]:
        left, right = right, left
    turn = np.linspace(np.pi, 0, 16)[:, None]
    bend = (
        peak - [0, 0, 0.022] + (left - right) / 2 * -np.cos(turn) * [1, 1, 0] + np.array([0, 0, 0.022]) * np.sin(turn)
    )
    legs = np.linspace(0, 1, 24)[:, None]
    return np.vstack([start + (left - start) * legs, bend[1:-1], right + (end - right) * legs])
