"""Cut pieces as one triangle mesh, sewn, draped by a cloth simulation of its own, and refined.

All arrays are numpy; positions in metres. A `Sheet` keeps every piece's own vertices (so that each has its place on the
bolt); vertices that a seam brings together share a number in `weld`.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy  # noqa: F401  (brings mathutils)
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from mathutils.geometry import delaunay_2d_cdt

from drawing.garments.blender.tailor import BACK, Pattern, Piece, length, resample


@dataclass
class Sheet:
    """The meshed garment: V vertices on the flat cloth, F triangles wound with the right side out, S sewn pairs."""

    cloth: np.ndarray  # (V, 2) metres on the flat cloth, in the piece's own frame
    piece: np.ndarray  # (V,) index into pattern.pieces
    faces: np.ndarray  # (F, 3)
    sewn: np.ndarray  # (S, 2) vertices that a seam brings together
    weld: np.ndarray  # (V,) the same number for vertices that are one point of the garment
    borders: dict[tuple[str, str], np.ndarray]  # (piece, edge) -> vertices along it


@dataclass(frozen=True)
class Weave:
    """How a cloth behaves: bending 0..1 (the share of a bend undone in a step) and thickness in metres."""

    bending: float
    thickness: float


WEAVES = {
    "jersey": Weave(0.012, 0.0010),
    "poplin": Weave(0.040, 0.0008),
    "crepe": Weave(0.008, 0.0008),
    "knit": Weave(0.10, 0.0030),
    "fleece": Weave(0.14, 0.0026),
    "denim": Weave(0.16, 0.0014),
    "wool": Weave(0.30, 0.0030),
    "canvas": Weave(0.35, 0.0016),
}


# --- from pieces to a mesh ------------------------------------------------------------------------------------------------


def mesh(pattern: Pattern, step: float) -> Sheet:
    """Triangulates the pieces with edges of about `step` metres; sewn edges get the same number of vertices."""
    counts = _edge_counts(pattern, step)
    cloth, owner, faces, borders, base = [], [], [], {}, 0
    for index, piece in enumerate(pattern.pieces):
        points, triangles, own = _fill(piece, counts, step)
        for name, indices in own.items():
            borders[piece.name, name] = indices + base
        cloth.append(points)
        owner.append(np.full(len(points), index))
        faces.append((triangles if piece.sheet != BACK else triangles[:, ::-1]) + base)
        base += len(points)
    sewn = _sew(pattern, borders)
    return Sheet(np.vstack(cloth), np.concatenate(owner), np.vstack(faces), sewn, _classes(base, sewn), borders)


def _edge_counts(pattern: Pattern, step: float) -> dict[tuple[str, str], int]:
    counts = {(p.name, name): max(2, round(length(line) / step)) for p in pattern.pieces for name, line in p.edges}
    for _ in range(4):  # a chain of seams (rise to rise, band to band) settles in a few passes
        for seam in pattern.seams:
            counts[seam.a] = counts[seam.b] = max(counts[seam.a], counts[seam.b])
    return counts


def _fill(piece: Piece, counts: dict, step: float):
    """Border vertices as counted, a hexagonal lattice inside, a constrained Delaunay triangulation of both."""
    lines = [resample(line, counts[piece.name, name]) for name, line in piece.edges]
    border = np.vstack([line[:-1] for line in lines])
    size = len(border)
    low, high = border.min(axis=0), border.max(axis=0)
    rows = np.arange(low[1], high[1], step * np.sqrt(0.75))
    columns = np.arange(low[0] - step, high[0] + step, step)
    x, z = np.meshgrid(columns, rows)
    x[1::2] += step / 2
    inner = np.column_stack([x.ravel(), z.ravel()])
    inner = inner[_inside(inner, border) & (segment_distance(inner, border, np.roll(border, -1, axis=0)) > step * 0.62)]
    points = np.vstack([border, inner])
    loop = [(k, (k + 1) % size) for k in range(size)]
    out, _, triangles, origin, *_ = delaunay_2d_cdt([Vector(p) for p in points], loop, [list(range(size))], 1, 1e-7)
    if len(out) != len(points):
        raise ValueError(f"piece {piece.name}: its outline crosses itself")
    order = np.array([o[0] for o in origin])
    triangles = order[np.array([list(t) for t in triangles])]
    a, b, c = (points[triangles[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    triangles = triangles[np.abs(area) > 1e-10]
    own, start = {}, 0
    for (name, _), line in zip(piece.edges, lines, strict=True):
        own[name] = (start + np.arange(len(line))) % size
        start += len(line) - 1
    return points, triangles, own


def _inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Even-odd rule."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    hit = np.zeros(len(points), bool)
    for (ax, az), (bx, bz) in zip(a, b, strict=True):
        crosses = (az > points[:, 1]) != (bz > points[:, 1])
        hit ^= crosses & (points[:, 0] < (bx - ax) * (points[:, 1] - az) / (bz - az + 1e-15) + ax)
    return hit


def segment_distance(points: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """(N,) distance of points to the nearest of the segments."""
    best = np.full(len(points), np.inf)
    along = ends - starts
    square = np.maximum((along**2).sum(axis=1), 1e-15)
    for start, direction, size in zip(starts, along, square, strict=True):
        offset = points - start
        t = np.clip(offset @ direction / size, 0, 1)
        away = offset - t[:, None] * direction
        best = np.minimum(best, (away**2).sum(axis=1))
    return np.sqrt(best)


def _sew(pattern: Pattern, borders: dict) -> np.ndarray:
    pairs = []
    for seam in pattern.seams:
        a, b = borders[seam.a], borders[seam.b]
        if _reversed(pattern, seam):
            b = b[::-1]
        pairs.append(np.column_stack([a, b]))
    return np.unique(np.vstack(pairs), axis=0)


def _reversed(pattern: Pattern, seam) -> bool:
    """Whether the two edges run against each other on the flat drawing."""
    a, b = (pattern.piece(name).flat(pattern.piece(name).edge(edge))[[0, -1], :2] for name, edge in (seam.a, seam.b))
    return bool(np.linalg.norm(a - b) > np.linalg.norm(a - b[::-1]))


def _classes(count: int, pairs: np.ndarray) -> np.ndarray:
    """The connected components of the sewn pairs, numbered from 0."""
    parent = np.arange(count)
    changed = True
    while changed:
        low = np.minimum(parent[pairs[:, 0]], parent[pairs[:, 1]])
        before = parent.copy()
        np.minimum.at(parent, pairs[:, 0], low)
        np.minimum.at(parent, pairs[:, 1], low)
        changed = bool((before != parent).any())
    return np.unique(parent, return_inverse=True)[1]


# --- bodies ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """Signed distance to a body on a grid: `low` corner and `cell` in metres, `value` (X, Y, Z), positive outside."""

    low: np.ndarray
    cell: float
    value: np.ndarray

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance (N,) and outward direction (N, 3) at points; far away outside of the grid."""
        spot = (points - self.low) / self.cell
        base = np.clip(np.floor(spot).astype(int), 0, np.array(self.value.shape) - 2)
        t = np.clip(spot - base, 0, 1)
        corner = [
            self.value[base[:, 0] + i, base[:, 1] + j, base[:, 2] + k] for i in (0, 1) for j in (0, 1) for k in (0, 1)
        ]
        x, y, z = t.T
        c00, c01, c10, c11 = (corner[n] * (1 - x) + corner[n + 4] * x for n in range(4))  # (y, z) corners
        c0, c1 = c00 * (1 - y) + c10 * y, c01 * (1 - y) + c11 * y
        dx0, dx1, dx2, dx3 = (corner[n + 4] - corner[n] for n in range(4))
        gx = (dx0 * (1 - y) + dx2 * y) * (1 - z) + (dx1 * (1 - y) + dx3 * y) * z
        gy = (c10 - c00) * (1 - z) + (c11 - c01) * z
        normal = np.column_stack([gx, gy, c1 - c0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        return c0 * (1 - z) + c1 * z, normal


def field_of(vertices: np.ndarray, faces, low, high, cell: float, reach: float = 0.05) -> Field:
    """The distance field of a closed mesh inside the box from `low` to `high`, cut off at `reach` (metres)."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    size = np.maximum(np.ceil((high - low) / cell).astype(int) + 1, 2)
    tree = solid(vertices, faces)
    grid = np.stack(np.meshgrid(*[low[k] + cell * np.arange(size[k]) for k in range(3)], indexing="ij"), axis=-1)
    near = _near_surface(vertices, low, cell, size, reach)
    value = np.full(size, np.nan)
    for i, j, k in np.argwhere(near):
        point = Vector(grid[i, j, k])
        at, normal, _, distance = tree.find_nearest(point)
        value[i, j, k] = distance if (point - at).dot(normal) > 0 else -distance
    return Field(low, cell, _fill_far(value, reach))


def _near_surface(vertices: np.ndarray, low: np.ndarray, cell: float, size: np.ndarray, reach: float) -> np.ndarray:
    """Grid cells within about `reach` of a vertex."""
    near = np.zeros(size, bool)
    spot = np.round((np.asarray(vertices) - low) / cell).astype(int)
    spot = spot[((spot >= 0) & (spot < size)).all(axis=1)]
    near[tuple(spot.T)] = True
    for _ in range(max(2, int(reach / cell * 0.7))):
        wide = near.copy()
        for axis in range(3):
            ahead, behind = [slice(None)] * 3, [slice(None)] * 3
            ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
            wide[tuple(ahead)] |= near[tuple(behind)]
            wide[tuple(behind)] |= near[tuple(ahead)]
        near = wide
    return near


def _fill_far(value: np.ndarray, reach: float) -> np.ndarray:
    """Cells away from the surface: the nearest known cell along x tells the side; deep inside falls further inwards."""
    known = ~np.isnan(value)
    filled = np.where(known, value, 0.0)
    unknown = ~known
    steps = 0
    while unknown.any() and steps < 400:
        steps += 1
        total, count = np.zeros_like(filled), np.zeros(filled.shape)
        for axis in range(3):
            for way in (1, -1):
                shifted, there = np.roll(filled, way, axis), np.roll(~unknown, way, axis)
                edge = [slice(None)] * 3
                edge[axis] = 0 if way == 1 else -1
                there[tuple(edge)] = False
                total += np.where(there, shifted + np.sign(shifted) * 0.004, 0)
                count += there
        new = unknown & (count > 0)
        if not new.any():
            break
        filled[new] = total[new] / count[new]
        unknown &= ~new
    filled[unknown] = reach
    return filled


# --- simulation -----------------------------------------------------------------------------------------------------------


def solid(vertices: np.ndarray, faces) -> BVHTree:
    """A search tree of a body, to keep cloth out of it."""
    return BVHTree.FromPolygons(np.asarray(vertices).tolist(), [tuple(face) for face in faces])


def push_out(points: np.ndarray, tree: BVHTree, gap: float, reach: float = 0.12) -> np.ndarray:
    """Moves the points that lie inside a body, or nearer than `gap` to it, to `gap` metres above its surface."""
    moved = points.copy()
    for k, point in enumerate(points):
        at, normal, _, distance = tree.find_nearest(Vector(point), reach)
        if at is None:
            continue
        above = (Vector(point) - at).dot(normal)
        if above < 0 or distance < gap:
            moved[k] = at + normal * gap
    return moved


@dataclass
class Springs:
    """The sewn cloth as constraints between weld numbers: edges in groups that share no vertex, and bending pairs."""

    groups: list[tuple[np.ndarray, np.ndarray, np.ndarray]]  # first, second, length
    bend: tuple[np.ndarray, np.ndarray, np.ndarray]
    near_keys: np.ndarray  # low * count + high of neighbours, which do not repel each other
    count: int


def springs(sheet: Sheet) -> Springs:
    """Edge lengths as cut, and the distances across each edge when its two triangles lie flat."""
    f, weld = sheet.faces, sheet.weld
    count = int(weld.max()) + 1
    raw = np.vstack([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
    size = np.linalg.norm(sheet.cloth[raw[:, 0]] - sheet.cloth[raw[:, 1]], axis=1)
    pairs, inverse = np.unique(np.sort(weld[raw], axis=1), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    number = np.bincount(inverse)
    rest = np.bincount(inverse, size) / number  # a gathered seam takes the mean of its two sides
    shortest = np.full(len(pairs), np.inf)
    np.minimum.at(shortest, inverse, size)
    rest = np.where(number > 1, shortest, rest)
    groups = [(pairs[g, 0], pairs[g, 1], rest[g]) for g in _colours(pairs, count)]
    bend = _bending(sheet, raw, inverse)
    low, high = np.minimum(bend[0], bend[1]), np.maximum(bend[0], bend[1])
    near = np.unique(np.r_[pairs[:, 0] * count + pairs[:, 1], low * count + high])
    return Springs(groups, bend, near, count)


def _colours(pairs: np.ndarray, count: int) -> list[np.ndarray]:
    """Splits edges into groups without a common vertex (greedy), so that a group is solved at once."""
    used = [0] * count
    colour = np.zeros(len(pairs), int)
    for k, (a, b) in enumerate(pairs.tolist()):
        free = ~(used[a] | used[b])
        bit = free & -free
        used[a] |= bit
        used[b] |= bit
        colour[k] = bit.bit_length() - 1
    return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]


def _bending(sheet: Sheet, raw: np.ndarray, inverse: np.ndarray):
    """For each edge with two triangles: the vertices opposite to it and their distance with both unfolded."""
    f = sheet.faces
    opposite = np.concatenate([f[:, 2], f[:, 0], f[:, 1]])
    a, b, c = sheet.cloth[raw[:, 0]], sheet.cloth[raw[:, 1]], sheet.cloth[opposite]
    swap = sheet.weld[raw[:, 0]] > sheet.weld[raw[:, 1]]
    a, b = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    along = (b - a) / np.maximum(np.linalg.norm(b - a, axis=1, keepdims=True), 1e-9)
    reach = ((c - a) * along).sum(axis=1)
    height = np.abs((c - a)[:, 0] * along[:, 1] - (c - a)[:, 1] * along[:, 0])
    order = np.argsort(inverse, kind="stable")
    twin = np.flatnonzero(np.diff(inverse[order]) == 0)
    p, q = order[twin], order[twin + 1]
    distance = np.hypot(reach[p] - reach[q], height[p] + height[q])
    first, second = sheet.weld[opposite[p]], sheet.weld[opposite[q]]
    keep = first != second
    return first[keep], second[keep], distance[keep]


@dataclass(frozen=True)
class Layers:
    """Which side of a garment lies over the other: `order` (W,) -1, 0 or +1, along `axis`, at least `gap` metres apart."""

    order: np.ndarray
    axis: int
    gap: float


def settle(
    sheet: Sheet,
    start: np.ndarray,
    weave: Weave,
    *,
    frames: int,
    fields=(),
    floor=None,
    pinned=None,
    stiff=None,
    gap=0.004,
    friction=0.35,
    layers: Layers | None = None,
    apart=0.011,
    steady=None,
    steps=13,
    damping=0.994,
) -> np.ndarray:
    """Lets the sewn sheet fall from `start` for `frames` frames of 1/24 s; returns the positions, (W, 3) by weld number.

    Extended position based dynamics (Macklin et al. 2016; small steps, 2019): stiff edges of the cut length, springs
    across edges for bending, contact with `fields` and the `floor` (a height) with Coulomb friction, and repulsion of
    the cloth's own vertices nearer than `apart` metres. `pinned`: (P,) weld numbers that stay. `stiff`: (W,) factor.
    `steady`: weld numbers that hardly move sideways (the shoulders). In the last third gravity is a tenth: the fall is
    over, and the edges of a heavy column of cloth find back to their cut length.
    """
    net = springs(sheet)
    free = np.ones(net.count)
    if pinned is not None:
        free[pinned] = 0.0
    groups = [(a, b, size, *_shares(free, a, b)) for a, b, size in net.groups]
    bend_a, bend_b, bend_size = net.bend
    strength = weave.bending * (np.ones(len(bend_a)) if stiff is None else np.maximum(stiff[bend_a], stiff[bend_b]))
    strength = np.minimum(strength, 0.9)[:, None] * 0.5
    degree = np.maximum(np.bincount(bend_a, minlength=net.count) + np.bincount(bend_b, minlength=net.count), 1)[:, None]
    dt = 1 / 24 / steps
    pull = np.array([0, 0, -9.81]) * dt * dt * free[:, None]
    now, before = start.copy(), start.copy()
    touching = (np.zeros(0, int),) * 2
    for step in range(frames * steps):
        motion = np.clip((now - before) * damping, -3.0 * dt, 3.0 * dt) * free[:, None]
        before = now.copy()
        done = step / (frames * steps)
        now = now + motion + pull * np.interp(done, [0.55, 0.75], [0.7, 0.2])
        if steady is not None:
            now[steady, 0] += 0.1 * (start[steady, 0] - now[steady, 0])
        if step % 8 == 0:
            touching = _close_pairs(now, apart, net)
            over = _layer_pairs(now, layers, apart * 1.6) if layers else None
        for a, b, size, share_a, share_b in groups:
            offset = now[b] - now[a]
            far = np.sqrt((offset * offset).sum(axis=1))
            offset *= ((far - size) / np.maximum(far, 1e-9))[:, None]
            now[a] += offset * share_a
            now[b] -= offset * share_b
        offset = now[bend_b] - now[bend_a]
        far = np.maximum(np.sqrt((offset * offset).sum(axis=1)), 1e-9)
        now += (
            _scatter(offset * (1 - bend_size / far)[:, None] * strength, bend_a, bend_b, net.count)
            / degree
            * 2
            * free[:, None]
        )
        if len(touching[0]):
            now += _repel(now, *touching, apart, net.count) * free[:, None]
        if over is not None:
            now += _stack(now, over, layers, net.count) * free[:, None]
        for field in fields:
            now = _contact(now, before, *field.at(now), gap, friction, free)
        if floor is not None:
            up = np.zeros_like(now)
            up[:, 2] = 1
            now = _contact(now, before, now[:, 2] - floor, up, 0.0, friction, free)
    return now


def _shares(free: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = np.maximum(free[a] + free[b], 1e-9)
    return (free[a] / total)[:, None], (free[b] / total)[:, None]


def _scatter(move: np.ndarray, a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """Adds `move` to vertices a and subtracts it from vertices b."""
    return np.column_stack([np.bincount(a, move[:, k], count) - np.bincount(b, move[:, k], count) for k in range(3)])


def _contact(now, before, distance, normal, gap, friction, free):
    """Pushes points out to `gap` and slows their sliding in proportion to the push (Coulomb)."""
    deep = np.flatnonzero((distance < gap) & (free > 0))
    if not len(deep):
        return now
    push = gap - distance[deep]
    n = normal[deep]
    now[deep] += n * np.minimum(push, 0.02)[:, None]
    slide = now[deep] - before[deep]
    slide -= n * (slide * n).sum(axis=1, keepdims=True)
    speed = np.maximum(np.linalg.norm(slide, axis=1), 1e-12)
    now[deep] -= slide * np.minimum(friction * push / speed, 0.9)[:, None]
    return now


def _hash_pairs(points: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of points in the same or neighbouring cells of a grid with cells of `reach`."""
    cell = np.floor(points / reach).astype(np.int64)
    cell -= cell.min(axis=0) - 1
    ny, nz = cell[:, 1].max() + 2, cell[:, 2].max() + 2
    key = (cell[:, 0] * ny + cell[:, 1]) * nz + cell[:, 2]
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first, second = [], []
    half = [(0, 0, 0)] + [
        (i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) > (0, 0, 0)
    ]
    for i, j, k in half:
        goal = key + (i * ny + j) * nz + k
        start, stop = np.searchsorted(ordered, goal, "left"), np.searchsorted(ordered, goal, "right")
        number = stop - start
        a = np.repeat(np.arange(len(points)), number)
        b = order[np.repeat(start, number) + np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)]
        keep = a < b if (i, j, k) == (0, 0, 0) else slice(None)
        first.append(a[keep])
        second.append(b[keep])
    return np.concatenate(first), np.concatenate(second)


def _close_pairs(points: np.ndarray, apart: float, net: Springs) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of vertices nearer than 1.5 * apart that are not neighbours in the cloth."""
    a, b = _hash_pairs(points, apart * 1.5)
    near = ((points[a] - points[b]) ** 2).sum(axis=1) < (apart * 1.5) ** 2
    a, b = a[near], b[near]
    keys = np.minimum(a, b) * net.count + np.maximum(a, b)
    apart_in_cloth = ~np.isin(keys, net.near_keys)
    return a[apart_in_cloth], b[apart_in_cloth]


def _repel(points, a, b, apart, count) -> np.ndarray:
    offset = points[b] - points[a]
    far = np.maximum(np.sqrt((offset * offset).sum(axis=1)), 1e-6)
    close = far < apart
    a, b, offset, far = a[close], b[close], offset[close], far[close]
    move = offset * (0.5 * (far - apart) / far)[:, None]
    number = np.maximum(np.bincount(a, minlength=count) + np.bincount(b, minlength=count), 1)[:, None]
    return _scatter(move, a, b, count) / number


def _layer_pairs(points: np.ndarray, layers: Layers, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (upper, lower) that lie over each other along the layers' axis."""
    keep = [k for k in range(3) if k != layers.axis]
    flat = np.column_stack([points[:, keep], np.zeros(len(points))])
    a, b = _hash_pairs(flat, reach)
    a, b = np.where(layers.order[a] > layers.order[b], a, b), np.where(layers.order[a] > layers.order[b], b, a)
    facing = (layers.order[a] > 0) & (layers.order[b] < 0)
    facing &= ((flat[a] - flat[b]) ** 2).sum(axis=1) < reach**2
    return a[facing], b[facing]


def _stack(points, pairs, layers: Layers, count) -> np.ndarray:
    a, b = pairs
    lack = layers.gap - (points[a, layers.axis] - points[b, layers.axis])
    lack = np.clip(lack, 0, 0.01) * 0.5
    wrong = lack > 0
    a, b, lack = a[wrong], b[wrong], lack[wrong]
    number = np.maximum(np.bincount(a, minlength=count) + np.bincount(b, minlength=count), 1)
    move = np.zeros((count, 3))
    move[:, layers.axis] = (np.bincount(a, lack, count) - np.bincount(b, lack, count)) / number
    return move


def embed(sheet: Sheet, points: np.ndarray, rounds: int) -> np.ndarray:
    """(W, 3): the welded cloth near `points` with its edges as long as cut: position based dynamics without forces."""
    net = springs(sheet)
    points = points.copy()
    for _ in range(rounds):
        for a, b, size in net.groups:
            offset = points[b] - points[a]
            far = np.maximum(np.sqrt((offset * offset).sum(axis=1)), 1e-9)
            offset *= (0.5 * (far - size) / far)[:, None]
            points[a] += offset
            points[b] -= offset
    return points


# --- after the simulation -------------------------------------------------------------------------------------------------


def welded(sheet: Sheet, points: np.ndarray) -> np.ndarray:
    """(W, 3): one position for each weld number, the mean of its vertices."""
    count = np.bincount(sheet.weld)
    return np.column_stack([np.bincount(sheet.weld, points[:, k]) / count for k in range(3)])


def stretch(sheet: Sheet, points: np.ndarray) -> np.ndarray:
    """(E,) how long each edge of a welded garment (W, 3) is against the flat cloth."""
    points = points[sheet.weld]
    f = sheet.faces
    edges = np.unique(np.sort(np.vstack([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1), axis=0)
    flat = np.linalg.norm(sheet.cloth[edges[:, 0]] - sheet.cloth[edges[:, 1]], axis=1)
    return np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) / flat


def relax(faces: np.ndarray, points: np.ndarray, rounds: int, amount: float = 0.5) -> np.ndarray:
    """Laplacian smoothing of a welded mesh, its open borders along themselves only."""
    edges, inverse = np.unique(
        np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0, return_inverse=True
    )
    border = edges[np.bincount(inverse.ravel()) == 1]
    on_border = np.zeros(len(points), bool)
    on_border[border.ravel()] = True
    use = np.vstack([edges[~on_border[edges[:, 0]] | ~on_border[edges[:, 1]]], border])
    to, of = np.r_[use[:, 0], use[:, 1]], np.r_[use[:, 1], use[:, 0]]
    keep = ~on_border[to] | on_border[of]
    to, of = to[keep], of[keep]
    count = np.maximum(np.bincount(to, minlength=len(points)), 1)[:, None]
    for step in range(rounds * 2):  # a shrinking and a growing step (Taubin): folds keep their size
        mean = np.column_stack([np.bincount(to, points[of, k], len(points)) for k in range(3)]) / count
        points = points + (mean - points) * (amount if step % 2 == 0 else -amount * 1.04)
    return points


def refine(sheet: Sheet, points: np.ndarray) -> tuple[Sheet, np.ndarray]:
    """Loop subdivision of the welded surface; the cloth coordinates are halved linearly, piece by piece."""
    faces = sheet.faces
    pairs = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, inverse = np.unique(pairs, axis=0, return_inverse=True)
    count, size = len(sheet.cloth), len(faces)
    middle = count + inverse.ravel().reshape(3, size).T  # (F, 3): the middle of edges 01, 12, 20
    fine = np.vstack(
        [
            np.column_stack([faces[:, 0], middle[:, 0], middle[:, 2]]),
            np.column_stack([middle[:, 0], faces[:, 1], middle[:, 1]]),
            np.column_stack([middle[:, 2], middle[:, 1], faces[:, 2]]),
            middle,
        ]
    )
    cloth = np.vstack([sheet.cloth, sheet.cloth[edges].mean(axis=1)])
    piece = np.r_[sheet.piece, sheet.piece[edges[:, 0]]]
    old, edge_points, weld = _loop(sheet.weld[faces], points, sheet.weld, edges)
    borders = {}
    lookup = {tuple(edge): count + k for k, edge in enumerate(edges.tolist())}
    for key, line in sheet.borders.items():
        full = []
        for a, b in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
            full += [a, lookup[min(a, b), max(a, b)]]
        borders[key] = np.array([*full, line[-1]])
    return Sheet(cloth, piece, fine, sheet.sewn, weld, borders), np.vstack([old, edge_points])


def _loop(faces: np.ndarray, points: np.ndarray, weld: np.ndarray, edges: np.ndarray):
    """Loop's rules on welded faces: new old points, points on edges, and the weld numbers of the split vertices."""
    pairs = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    opposite = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    uses = np.bincount(inverse, minlength=len(unique))
    across = np.column_stack([np.bincount(inverse, points[opposite, k], len(unique)) for k in range(3)])
    ends = points[unique[:, 0]] + points[unique[:, 1]]
    inner = uses == 2
    edge_points = np.where(inner[:, None], 0.375 * ends + 0.125 * across, 0.5 * ends)
    total = len(points)
    border = unique[~inner]
    on_border = np.zeros(total, bool)
    on_border[border.ravel()] = True

    def mean_of(links):
        to, of = np.r_[links[:, 0], links[:, 1]], np.r_[links[:, 1], links[:, 0]]
        number = np.bincount(to, minlength=total)
        return np.column_stack([np.bincount(to, points[of, k], total) for k in range(3)]) / np.maximum(number, 1)[
            :, None
        ], number

    around, number = mean_of(unique)
    beta = 0.625 - (0.375 + 0.25 * np.cos(2 * np.pi / np.maximum(number, 3))) ** 2
    old = points * (1 - beta[:, None]) + around * beta[:, None]
    along, _ = mean_of(border)
    old[on_border] = 0.75 * points[on_border] + 0.25 * along[on_border]
    table = {tuple(pair): k for k, pair in enumerate(unique.tolist())}
    split = np.sort(weld[edges], axis=1).tolist()
    new_weld = np.array([total + table[tuple(pair)] for pair in split])
    return old, edge_points, np.r_[weld, new_weld]


def normals(faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(W, 3) unit normals of the vertices of a welded mesh."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k in range(3):
        np.add.at(total, faces[:, k], flat)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
