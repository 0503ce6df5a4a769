"""What holds a garment up: a shop mannequin without a head, clothes hangers, a clip hanger and a hook, built from numbers.

Metres, z up, the front looks towards -y (the camera). The mannequin stands on z = 0 in an A-pose, so that sleeves hang free.
"""

from __future__ import annotations

import bpy
import numpy as np

from drawing.garments.blender.figure import Build, arm_line, leg_line
from drawing.garments.blender.meshes import Part

SKIN = (
    (0.93, 0.91, 0.88),
    (0.80, 0.72, 0.62),
    (0.30, 0.29, 0.28),
    (0.88, 0.84, 0.80),
)  # matt plaster, linen, graphite, sand
WOOD = ((0.62, 0.44, 0.27), (0.40, 0.26, 0.16), (0.82, 0.68, 0.48), (0.12, 0.11, 0.10))
STEEL = (0.72, 0.72, 0.74)


def mannequin(figure: Build, seed: int, voxel: float = 0.0075) -> Part:
    """The mannequin of `figure` as one closed smooth mesh; `voxel` (metres) is its resolution."""
    pieces = [_trunk(figure)]
    if figure.name == "female":
        z = 1.222
        for side in (-1, 1):
            pieces.append(_ellipsoid((side * 0.064, -0.056, z), (0.074, 0.060, 0.080)))
    else:
        for side in (-1, 1):
            pieces.append(_ellipsoid((side * 0.075, -0.066, 1.255), (0.085, 0.050, 0.060)))
    for side in (-1, 1):
        pieces += _arm(figure, side) + _leg(figure, side)
    vertices, faces = _fuse(pieces, voxel, rounds=max(4, round(0.16 / voxel)))
    colour = SKIN[int(np.random.default_rng([seed, 78]).integers(len(SKIN)))]
    return Part("mannequin", "stand", vertices, faces, np.zeros((len(vertices), 2), np.float32), colour=colour)


def _trunk(figure: Build):
    """The trunk as rings of superellipses (flatter in front and back than an ellipse), closed at both ends."""
    table = figure.sections
    z = np.linspace(table[0, 0], table[-1, 0], 90)
    half = np.column_stack([_smooth_interp(z, table[:, 0], table[:, k]) for k in (1, 2, 3)])
    rings = []
    for height, (a, b, y) in zip(z, half, strict=True):
        rings.append(_ring((0, y, height), (a, b), 2.3))
    rings = [_ring((0, half[0, 2], z[0] - 0.02), half[0, :2] * 0.4, 2.0), *rings]
    cap = [
        _ring((0, half[-1, 2], z[-1] + up), half[-1, :2] * k, 2.0)
        for up, k in ((0.008, 0.96), (0.014, 0.8), (0.018, 0.4))
    ]
    return _loft(rings + cap)


def _arm(figure: Build, side: int):
    line = arm_line(figure, side)
    hand_start, tip = line[2], line[3]
    direction = (tip[:3] - hand_start[:3]) / np.linalg.norm(tip[:3] - hand_start[:3])
    upper = line[:3].copy()
    upper[0, 3] *= 0.96
    along = _resample(upper, 26)
    swell = np.interp(np.linspace(0, 1, 26), [0, 0.25, 0.52, 0.68, 1.0], [1.0, 1.03, 1.0, 1.10, 1.0])
    along[:, 3] *= swell
    palm = np.vstack([line[2, :3] + direction * k for k in (0.0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.168)])
    wide = np.array([1.0, 1.12, 1.38, 1.42, 1.25, 0.92, 0.40]) * line[2, 3]
    thin = np.array([1.0, 0.78, 0.62, 0.56, 0.46, 0.36, 0.2]) * line[2, 3]
    hand = _tube(palm, wide, thin, np.array([0.0, 1.0, 0.0]))
    thumb_base = line[2, :3] + direction * 0.03 + np.array([0, -0.018, 0])
    thumb = np.vstack([thumb_base + (direction + np.array([0, -0.55, 0])) * k for k in (0, 0.03, 0.06)])
    return [
        _tube(along[:, :3], along[:, 3], along[:, 3], np.array([0.0, 1.0, 0.0])),
        hand,
        _tube(thumb, np.array([0.014, 0.012, 0.007]), np.array([0.014, 0.011, 0.007]), np.array([0.0, 1.0, 0.0])),
        _ellipsoid(tuple(line[0, :3] + np.array([side * -0.012, 0, -0.004])), (0.054 * figure.girth,) * 3),
    ]


def _leg(figure: Build, side: int):
    line = _resample(leg_line(figure, side), 40)
    ankle = line[-1]
    foot = np.array(
        [[ankle[0], ankle[1] + dy, dz] for dy, dz in ((0.055, 0.035), (0.0, 0.050), (-0.08, 0.036), (-0.17, 0.020))]
    )
    return [
        _tube(line[:, :3], line[:, 3], line[:, 3], np.array([0.0, 1.0, 0.0])),
        _tube(
            np.vstack([ankle[:3], ankle[:3] * [1, 1, 0] + [0, 0, 0.03]]),
            np.full(2, 0.035),
            np.full(2, 0.035),
            np.array([0, 1.0, 0]),
        ),
        _tube(
            foot, np.array([0.022, 0.034, 0.042, 0.022]), np.array([0.026, 0.044, 0.030, 0.014]), np.array([1.0, 0, 0])
        ),
    ]


def hanger(width: float, slope: float, z: float, seed: int) -> list[Part]:
    """A clothes hanger: half width and drop of the shoulders (metres); z is the height where its arms meet the hook."""
    rng = np.random.default_rng([seed, 79])
    t = np.linspace(-1, 1, 61)
    x = t * width
    drop = slope * (np.abs(t) ** 1.06 * 0.9 + np.abs(t) ** 6 * 0.1)
    line = np.column_stack([x, 0.012 * (np.abs(t) ** 2), z - drop])
    thick = np.interp(np.abs(t), [0, 0.7, 1], [0.011, 0.013, 0.010])
    deep = np.interp(np.abs(t), [0, 0.55, 0.94, 1], [0.008, 0.014, 0.021, 0.016])
    vertices, faces = _tube(line, deep, thick, np.array([0.0, 1.0, 0.0]))
    colour = WOOD[int(rng.integers(len(WOOD)))]
    return [_stand("hanger", vertices, faces, colour), _hook(z)]


def _hook(z: float) -> Part:
    """The wire hook of a hanger, from its bar up over the rail."""
    turn = np.linspace(np.radians(-60), np.radians(200), 30)
    arc = np.column_stack([0.022 * np.cos(turn), np.zeros(30), z + 0.088 + 0.022 * np.sin(turn)])[::-1]
    start = np.array([[0.0, 0, z], [0.0, 0, z + 0.035], [-0.006, 0, z + 0.058]])
    line = _resample(np.column_stack([np.vstack([start, arc[3:]]), np.full(30, 0.0019)]), 60)
    return _stand("hook", *_tube(line[:, :3], line[:, 3], line[:, 3], np.array([0, 1.0, 0])), STEEL)


def clip_hanger(width: float, clips: float, z: float, seed: int) -> list[Part]:
    """A bar with two clips at x = -clips and +clips whose jaws end at height z (metres)."""
    bar_z = z + 0.062
    line = np.column_stack([np.linspace(-width, width, 20), np.zeros(20), np.full(20, bar_z)])
    parts = [
        _stand("bar", *_tube(line, np.full(20, 0.004), np.full(20, 0.004), np.array([0, 1.0, 0])), STEEL),
        _hook(bar_z),
    ]
    dark = (0.13, 0.13, 0.14)
    for side in (-1, 1):
        for front in (-1, 1):
            jaw = np.array(
                [
                    [side * clips, front * y, z + dz]
                    for y, dz in ((0.0045, 0.068), (0.011, 0.05), (0.012, 0.01), (0.0065, -0.022))
                ]
            )
            vertices, faces = _tube(
                jaw, np.full(4, 0.0022), np.array([0.010, 0.013, 0.016, 0.019]), np.array([0, 1.0, 0])
            )
            parts.append(_stand(f"clip.{side}.{front}", vertices, faces, dark))
    return parts


def peg(z: float) -> list[Part]:
    """A wall hook for a bag: a rod towards the camera with an upturned end, its saddle at height z (metres)."""
    bend = np.linspace(0, np.pi / 2, 8)
    rod = np.array([[0, 0.10, z + 0.02], [0, 0.06, z - 0.004], [0, 0.0, z - 0.006], [0, -0.03, z - 0.004]])
    end = np.column_stack([np.zeros(8), -0.03 - 0.018 * np.sin(bend), z - 0.004 + 0.018 * (1 - np.cos(bend))])
    line = np.vstack([rod, end[1:], end[-1:] + np.array([0, 0, 0.012])])
    size = np.full(len(line), 0.006)
    plate = _tube(
        np.array([[0, 0.094, z + 0.02], [0, 0.102, z + 0.02]]),
        np.full(2, 0.028),
        np.full(2, 0.028),
        np.array([1.0, 0, 0]),
    )
    return [_stand("peg", *_tube(line, size, size, np.array([1.0, 0, 0])), STEEL), _stand("plate", *plate, STEEL)]


def table(size: float = 3.0, cells: int = 12) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The table top z = 0 as a grid, for collisions only: the photographer brings their own."""
    axis = np.linspace(-size / 2, size / 2, cells + 1)
    x, y = np.meshgrid(axis, axis)
    vertices = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
    row = cells + 1
    faces = [
        (r * row + c, r * row + c + 1, (r + 1) * row + c + 1, (r + 1) * row + c)
        for r in range(cells)
        for c in range(cells)
    ]
    return vertices, faces


def _stand(name: str, vertices: np.ndarray, faces, colour) -> Part:
    return Part(
        name, "stand", vertices.astype(np.float32), faces, np.zeros((len(vertices), 2), np.float32), colour=colour
    )


def _smooth_interp(x, xp, fp):
    """A monotone-ish smooth curve through the points (cubic Hermite with centred slopes)."""
    slope = np.gradient(fp, xp)
    k = np.clip(np.searchsorted(xp, x) - 1, 0, len(xp) - 2)
    h = xp[k + 1] - xp[k]
    t = (x - xp[k]) / h
    return (
        (2 * t**3 - 3 * t**2 + 1) * fp[k]
        + (t**3 - 2 * t**2 + t) * h * slope[k]
        + (3 * t**2 - 2 * t**3) * fp[k + 1]
        + (t**3 - t**2) * h * slope[k + 1]
    )


def _resample(line: np.ndarray, count: int) -> np.ndarray:
    """`count` evenly spaced points of a polyline whose first three columns are a position; smooth between the points."""
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line[:, :3], axis=0), axis=1))]
    at = np.linspace(0, length[-1], count)
    return np.column_stack([_smooth_interp(at, length, line[:, k]) for k in range(line.shape[1])])


def _ring(centre, half, power: float, count: int = 48) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    x = np.sign(c) * np.abs(c) ** (2 / power) * half[0]
    y = np.sign(s) * np.abs(s) ** (2 / power) * half[1]
    return np.column_stack([centre[0] + x, centre[1] + y, np.full(count, centre[2])])


def _loft(rings: list[np.ndarray]):
    """Quads between rings of equal size, and a fan over each end."""
    count = len(rings[0])
    vertices = np.vstack([*rings, rings[0].mean(axis=0), rings[-1].mean(axis=0)])
    faces: list[tuple[int, ...]] = []
    for r in range(len(rings) - 1):
        for k in range(count):
            n = (k + 1) % count
            faces.append((r * count + k, r * count + n, (r + 1) * count + n, (r + 1) * count + k))
    low, high, last = len(vertices) - 2, len(vertices) - 1, (len(rings) - 1) * count
    faces += [(low, (k + 1) % count, k) for k in range(count)]
    faces += [(high, last + k, last + (k + 1) % count) for k in range(count)]
    return vertices, faces


def _tube(line: np.ndarray, wide: np.ndarray, thin: np.ndarray, up: np.ndarray, count: int = 20):
    """A tube along a polyline: `wide` is its half size along `up`, `thin` across it; its ends are rounded off."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    first = up - tangent * (tangent @ up)[:, None]
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    rings = []
    for k, point in enumerate(line):
        rings.append(point + np.outer(np.cos(turn), first[k] * wide[k]) + np.outer(np.sin(turn), second[k] * thin[k]))

    def rounded(k: int, sign: float) -> list[np.ndarray]:
        size = min(wide[k], thin[k])
        steps = np.radians([30, 55, 75, 86])
        return [(rings[k] - line[k]) * np.cos(a) + line[k] + sign * tangent[k] * size * np.sin(a) for a in steps]

    return _loft(rounded(0, -1)[::-1] + rings + rounded(len(line) - 1, 1))


def _ellipsoid(centre, half, rows: int = 16, count: int = 24):
    turn = np.linspace(-np.pi / 2, np.pi / 2, rows + 2)[1:-1]
    rings = [
        _ring(
            (centre[0], centre[1], centre[2] + half[2] * np.sin(a)),
            (half[0] * np.cos(a), half[1] * np.cos(a)),
            2,
            count,
        )
        for a in turn
    ]
    return _loft(rings)


def _fuse(pieces, voxel: float, rounds: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The union of overlapping closed meshes as one skin: voxel remesh, then `rounds` of smoothing."""
    vertices, faces, base = [], [], 0
    for points, loops in pieces:
        vertices.append(points)
        faces += [tuple(i + base for i in loop) for loop in loops]
        base += len(points)
    mesh = bpy.data.meshes.new("fuse")
    mesh.from_pydata(np.vstack(vertices).tolist(), [], faces)
    thing = bpy.data.objects.new("fuse", mesh)
    bpy.context.scene.collection.objects.link(thing)
    remesh = thing.modifiers.new("remesh", "REMESH")
    remesh.mode, remesh.voxel_size, remesh.use_smooth_shade = "VOXEL", voxel, True
    smooth = thing.modifiers.new("smooth", "SMOOTH")
    smooth.factor, smooth.iterations = 0.5, rounds
    done = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    result = done.to_mesh()
    points = np.empty(len(result.vertices) * 3, np.float32)
    result.vertices.foreach_get("co", points)
    loops = [tuple(polygon.vertices) for polygon in result.polygons]
    done.to_mesh_clear()
    bpy.data.objects.remove(thing)
    bpy.data.meshes.remove(mesh)
    return points.reshape(-1, 3), loops
