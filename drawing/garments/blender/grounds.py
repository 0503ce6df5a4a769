"""Places to photograph clothes in: paper, tables, floors, walls and rooms, each decided by a random generator.

A ground named "plain" keeps one surface; "busy" has the patterns and things of a home. Nothing here is in the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from drawing.garments.blender.materials import Graph, linear, mark, periodic_noise, picture, solid_material

Rng = np.random.Generator


@dataclass(frozen=True)
class Box:
    """Where the garment and its stand are: the corners of their bounding box in metres, (3,) each."""

    low: np.ndarray
    high: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        return (self.low + self.high) / 2


def lay(rng: Rng, presentation: str, ground: str, box: Box, points: np.ndarray) -> str:
    """Build the ground around `box`; `points` (N, 3) are the garment's vertices. Returns the ground's name."""
    places = {
        ("flat", "plain"): (paper_table, paper_table, white_table, smooth_sheet),
        ("flat", "busy"): (boards, boards, tiled_floor, shag_carpet, rug, rumpled_sheet, blanket, printed_sheet),
        ("hung", "plain"): (plaster_wall, plaster_wall, paper_wall),
        ("hung", "busy"): (brick_wall, plank_wall, tiled_wall, wallpaper, wardrobe, curtain_wall, plaster_corner),
        ("worn", "plain"): (sweep,),
        ("worn", "busy"): (living_room, living_room, study, garden, loft, shop_floor),
    }[presentation, ground]
    place = places[rng.integers(len(places))]
    place(rng, box, points)
    return place.__name__


# ---- shapes ----------------------------------------------------------------------------------------------------------


def grid(name: str, x: np.ndarray, y: np.ndarray, z: np.ndarray, material, scale: float = 1.0) -> bpy.types.Object:
    """A smooth surface over (H, W) arrays of points; its uv map "metres" counts along the surface."""
    h, w = x.shape
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    i = np.arange(h * w).reshape(h, w)
    faces = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], -1).reshape(-1, 4)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    step = np.linalg.norm(np.diff(np.stack([x, y, z], -1), axis=1), axis=-1)
    rise = np.linalg.norm(np.diff(np.stack([x, y, z], -1), axis=0), axis=-1)
    u = np.concatenate([np.zeros((h, 1)), np.cumsum(step, 1)], 1)
    v = np.concatenate([np.zeros((1, w)), np.cumsum(rise, 0)], 0)
    uv = np.stack([u, v], -1).reshape(-1, 2) * scale
    layer = mesh.uv_layers.new(name="metres")
    layer.data.foreach_set("uv", uv[faces.ravel()].astype(np.float32).ravel())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def floor(z: float, material, size: float = 6.0, at: tuple[float, float] = (0.0, 0.0)) -> bpy.types.Object:
    a = np.linspace(-size / 2, size / 2, 2)
    x, y = np.meshgrid(a + at[0], a + at[1])
    return grid("floor", x, y, np.full_like(x, z), material)


def wall(y: float, material, z: tuple[float, float] = (-0.5, 3.2), width: float = 7.0, x0: float = 0.0):
    x, zz = np.meshgrid(np.linspace(-width / 2, width / 2, 2) + x0, np.linspace(*z, 2))
    return grid("wall", x, np.full_like(x, y), zz, material)


def block(name: str, low, high, material, bevel: float = 0.004, turn: float = 0.0) -> bpy.types.Object:
    """A box from corner `low` to `high` with bevelled edges, turned about z by `turn` radians."""
    import bmesh  # Blender's own, there once bpy is

    low, high = np.asarray(low, float), np.asarray(high, float)
    mesh = bpy.data.meshes.new(name)
    shape = bmesh.new()
    bmesh.ops.create_cube(shape, size=1.0)
    bmesh.ops.scale(shape, vec=tuple(high - low), verts=shape.verts)
    if bevel:
        bmesh.ops.bevel(
            shape, geom=list(shape.edges), offset=min(bevel, 0.45 * float((high - low).min())), segments=3,
            profile=0.5, affect="EDGES",
        )  # fmt: skip
    shape.to_mesh(mesh)
    shape.free()
    mesh.polygons.foreach_set("use_smooth", np.full(len(mesh.polygons), bevel > 0.02))
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    thing.location, thing.rotation_euler = (low + high) / 2, (0, 0, turn)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def lathe(name: str, profile, material, at, segments: int = 40) -> bpy.types.Object:
    """A turned thing (vase, lamp, pot): `profile` is (radius, height) pairs in metres from the bottom up."""
    turn = np.linspace(0, 2 * np.pi, segments + 1)
    r, z = np.asarray(profile, float).T
    # a smooth outline through the given points
    t, fine = np.linspace(0, 1, len(r)), np.linspace(0, 1, 6 * len(r))
    r, z = np.interp(fine, t, r), np.interp(fine, t, z)
    x = at[0] + r[:, None] * np.cos(turn)
    y = at[1] + r[:, None] * np.sin(turn)
    return grid(name, x, y, at[2] + z[:, None] + 0 * turn, material)


def _metres(graph: Graph):
    return graph.add("UVMap", {"uv_map": "metres"}).outputs[0]


def _tone(rng: Rng, colours, spread: float = 0.04) -> tuple[float, float, float]:
    """One of the sRGB `colours`, a little off."""
    colour = np.asarray(colours[rng.integers(len(colours))]) + rng.normal(0, spread / 5, 3) + rng.normal(0, spread / 2)
    return tuple(float(c) for c in np.clip(colour, 0.02, 0.92))


# ---- materials -------------------------------------------------------------------------------------------------------

PAPERS = (
    (0.88, 0.87, 0.85), (0.80, 0.80, 0.80), (0.70, 0.71, 0.72), (0.86, 0.80, 0.72), (0.55, 0.57, 0.60),
    (0.72, 0.80, 0.83), (0.84, 0.74, 0.70), (0.70, 0.75, 0.66), (0.42, 0.43, 0.45), (0.90, 0.89, 0.88),
)  # fmt: skip
WALLS = ((0.86, 0.85, 0.82), (0.80, 0.79, 0.76), (0.70, 0.72, 0.72), (0.84, 0.80, 0.72), (0.62, 0.66, 0.64))
WOODS = (
    ((0.23, 0.14, 0.09), (0.34, 0.22, 0.14), (0.43, 0.29, 0.19)),  # walnut
    ((0.55, 0.38, 0.23), (0.66, 0.48, 0.30), (0.76, 0.58, 0.39)),  # oak
    ((0.62, 0.50, 0.36), (0.73, 0.61, 0.46), (0.82, 0.71, 0.56)),  # ash
    ((0.42, 0.40, 0.38), (0.52, 0.50, 0.47), (0.62, 0.60, 0.57)),  # greyed laminate
    ((0.50, 0.27, 0.13), (0.63, 0.37, 0.18), (0.73, 0.47, 0.25)),  # cherry
)
CLOTHES = (
    (0.62, 0.07, 0.10), (0.86, 0.84, 0.80), (0.36, 0.10, 0.16), (0.20, 0.25, 0.33), (0.80, 0.72, 0.60),
    (0.50, 0.56, 0.46), (0.72, 0.62, 0.68), (0.30, 0.30, 0.31), (0.75, 0.80, 0.86),
)  # fmt: skip


def painted(
    name: str, colour, *, rough: float = 0.9, relief: float = 0.0004, size: float = 0.012, blotch: float = 0.05
):
    """Paint, paper or plaster: one colour with faint blotches and a little relief."""
    graph = Graph(name)
    where = graph.add("TexCoord").outputs["Object"]
    slow = graph.add("TexNoise", Vector=where, Scale=2.2, Detail=4.0).outputs[0]
    fine = graph.add("TexNoise", Vector=where, Scale=1 / size, Detail=3.0).outputs[0]
    base = linear(colour)
    dim = tuple(c * (1 - 2 * blotch) for c in base)
    colour = graph.mix(slow, dim, tuple(c * (1 + blotch) for c in base))
    bump = graph.add("Bump", Strength=1.0, Distance=relief, Height=fine)
    return graph.surface(
        graph.add("BsdfPrincipled", Base_Color=colour, Roughness=rough, Specular_IOR_Level=0.25, Normal=bump)
    )


def wood(rng: Rng, board: tuple[float, float] = (1.1, 0.12), *, upright: bool = False, tones=None, gloss: float = 0.35):
    """Boards of `board` metres, length and width, each with its own tone and grain."""
    graph = Graph("wood")
    tones = tones or WOODS[rng.integers(len(WOODS))]
    parts = graph.add("SeparateXYZ", Vector=_metres(graph))
    u, v = parts.outputs[0], parts.outputs[1]
    along, across = (v, u) if upright else (u, v)
    flat = graph.add("CombineXYZ", X=along, Y=across).outputs[0]
    brick = graph.add(
        "TexBrick", {"offset": 0.37, "offset_frequency": 2}, Vector=flat, Color1=(0, 0, 0), Color2=(1, 1, 1),
        Mortar=(0.5, 0.5, 0.5), Scale=1.0, Mortar_Size=0.0011, Mortar_Smooth=0.3, Brick_Width=board[0],
        Row_Height=board[1],
    )  # fmt: skip
    each, gap = graph.add("SeparateColor", Color=brick.outputs[0]).outputs[0], brick.outputs[1]
    own = graph.math("MULTIPLY", each, 91.7)
    grain_at = graph.add(
        "CombineXYZ", X=graph.math("MULTIPLY", along, 2.0), Y=graph.math("MULTIPLY", across, 26.0), Z=own
    )
    rings = graph.add("TexNoise", Vector=grain_at, Scale=1.0, Detail=4.0, Roughness=0.55, Distortion=0.8).outputs[0]
    fibre_at = graph.add(
        "CombineXYZ", X=graph.math("MULTIPLY", along, 9.0), Y=graph.math("MULTIPLY", across, 420.0), Z=own
    )
    fibres = graph.add("TexNoise", Vector=fibre_at, Scale=1.0, Detail=2.0).outputs[0]
    shade = graph.math("ADD", graph.math("MULTIPLY", rings, 0.75), graph.math("MULTIPLY", each, 0.28))
    shade = graph.math("ADD", shade, graph.math("MULTIPLY", graph.math("SUBTRACT", fibres, 0.5), 0.35))
    colour = graph.ramp(shade, (0.28, linear(tones[0])), (0.52, linear(tones[1])), (0.80, linear(tones[2])))
    colour = graph.mix(gap, colour, tuple(c * 0.18 for c in linear(tones[0])))
    height = graph.math("SUBTRACT", graph.math("MULTIPLY", fibres, 0.00018), graph.math("MULTIPLY", gap, 0.0012))
    bump = graph.add("Bump", Strength=1.0, Distance=1.0, Height=height)
    rough = graph.math("ADD", graph.math("MULTIPLY", fibres, 0.2), gloss)
    return graph.surface(
        graph.add("BsdfPrincipled", Base_Color=colour, Roughness=rough, Specular_IOR_Level=0.4, Normal=bump)
    )


def masonry(rng: Rng, kind: str):
    """`kind` "brick", "tile" (glazed, on walls) or "stone" (large floor tiles, laid slantwise at times)."""
    graph = Graph(kind)
    width, height, gap = {"brick": (0.225, 0.075, 0.010), "tile": (0.15, 0.15, 0.003), "stone": (0.33, 0.33, 0.004)}[
        kind
    ]
    if kind == "tile" and rng.random() < 0.5:
        width, height = 0.20, 0.075
    tones = {
        "brick": ((0.45, 0.22, 0.15), (0.62, 0.36, 0.26), (0.80, 0.78, 0.74)),
        "tile": ((0.88, 0.88, 0.86), (0.60, 0.72, 0.70), (0.80, 0.84, 0.86)),
        "stone": ((0.80, 0.74, 0.64), (0.62, 0.60, 0.56), (0.72, 0.66, 0.58)),
    }[kind]
    base = linear(_tone(rng, tones, 0.05))
    where = graph.add(
        "Mapping", Vector=_metres(graph), Rotation=(0, 0, 0.785 if kind == "stone" and rng.random() < 0.5 else 0)
    )
    brick = graph.add(
        "TexBrick", {"offset": 0.5 if width != height else 0.0, "offset_frequency": 2}, Vector=where,
        Color1=(0, 0, 0), Color2=(1, 1, 1), Mortar=(0.5, 0.5, 0.5), Scale=1.0, Mortar_Size=gap / 2,
        Mortar_Smooth=0.25, Brick_Width=width, Row_Height=height,
    )  # fmt: skip
    each, joint = graph.add("SeparateColor", Color=brick.outputs[0]).outputs[0], brick.outputs[1]
    cloud = graph.add(
        "TexNoise", Vector=where, Scale=14.0 if kind != "stone" else 5.0, Detail=6.0, Roughness=0.65
    ).outputs[0]
    varied = graph.math(
        "ADD", graph.math("MULTIPLY", each, 0.55 if kind == "brick" else 0.12), graph.math("MULTIPLY", cloud, 0.7)
    )
    colour = graph.ramp(varied, (0.2, tuple(0.62 * c for c in base)), (0.95, tuple(min(0.9, 1.18 * c) for c in base)))
    if kind == "tile":
        colour = graph.mix(0.75, colour, base)
    mortar = linear((0.62, 0.60, 0.56) if kind != "tile" else (0.75, 0.74, 0.72))
    colour = graph.mix(joint, colour, mortar)
    grit = graph.add("TexNoise", Vector=where, Scale=160.0, Detail=4.0).outputs[0]
    deep = {"brick": (0.007, 0.0022), "tile": (0.0015, 0.0), "stone": (0.0012, 0.0002)}[kind]
    height_node = graph.math("SUBTRACT", graph.math("MULTIPLY", grit, deep[1]), graph.math("MULTIPLY", joint, deep[0]))
    bump = graph.add("Bump", Strength=1.0, Distance=1.0, Height=height_node)
    gloss = graph.mix(
        joint, *(((r,) * 3) for r in {"brick": (0.9, 0.95), "tile": (0.12, 0.8), "stone": (0.3, 0.8)}[kind])
    )
    return graph.surface(
        graph.add("BsdfPrincipled", Base_Color=colour, Roughness=gloss, Specular_IOR_Level=0.4, Normal=bump)
    )


def woven(
    name: str, colour, *, image=None, size: tuple[float, float] = (1.0, 1.0), pile: float = 0.0, pitch: float = 0.0016
):
    """A household textile: plain or with an `image` of `size` metres; `pile` in metres makes it a carpet or a fleece."""
    graph = Graph(name)
    uv = _metres(graph)
    if image is not None:
        at = graph.add("Mapping", Vector=uv, Scale=(1 / size[0], 1 / size[1], 1.0))
        colour = graph.add("TexImage", {"image": image}, Vector=at).outputs[0]
    else:
        node = graph.add("RGB")
        node.outputs[0].default_value = (*linear(colour), 1.0)
        colour = node.outputs[0]
    if pile:
        tuft = graph.add("TexNoise", Vector=uv, Scale=0.55 / pile, Detail=3.0, Roughness=0.65, Distortion=0.25).outputs[
            0
        ]
        dark = graph.math("MULTIPLY_ADD", tuft, 1.7)
        dark.node.inputs[2].default_value = 0.12
        colour = graph.vector("SCALE", colour, dark)
        height = graph.math("MULTIPLY", tuft, 0.9 * pile)
    else:
        thread = graph.add("TexNoise", Vector=uv, Scale=1 / pitch, Detail=1.0).outputs[0]
        crumple = graph.add("TexNoise", Vector=uv, Scale=22.0, Detail=3.0, Roughness=0.5, Distortion=0.6).outputs[0]
        height = graph.math("ADD", graph.math("MULTIPLY", thread, 0.0002), graph.math("MULTIPLY", crumple, 0.0035))
    bump = graph.add("Bump", Strength=1.0, Distance=1.0, Height=height)
    return graph.surface(
        graph.add(
            "BsdfPrincipled",
            Base_Color=colour,
            Roughness=0.95,
            Specular_IOR_Level=0.08,
            Normal=bump,
            Sheen_Weight=0.15 if pile else 0.0,
        )
    )


# ---- drawn patterns --------------------------------------------------------------------------------------------------


def _mirrored(field: np.ndarray) -> np.ndarray:
    half = np.concatenate([field, field[:, ::-1]], 1)
    return np.concatenate([half, half[::-1]], 0)


def rug_picture(rng: Rng) -> np.ndarray:
    """An oriental rug, (1200, 800, 3) sRGB: rosettes on a lattice, a medallion, nested borders, mirrored both ways."""
    dyes = rng.permutation(
        [(0.42, 0.09, 0.10), (0.13, 0.15, 0.27), (0.48, 0.29, 0.16), (0.12, 0.24, 0.20), (0.36, 0.34, 0.36)]
    )
    field, border, accent = dyes[0], dyes[1], dyes[2]
    pale, gold = np.array((0.78, 0.70, 0.55)), np.array((0.62, 0.44, 0.24))
    h, w = 600, 400
    y, x = np.mgrid[0:h, 0:w].astype(float)
    edge = np.minimum(x, y)
    medal = np.hypot((w - x) / (0.55 * w), (h - y) / (0.5 * h))
    medal += 0.05 * np.cos(12 * np.arctan2(h - y, w - x))
    out = np.where((medal < 1)[..., None], border, field)
    out = np.where((np.abs(medal - 1) < 0.025)[..., None], pale, out)
    cell = float(rng.uniform(38, 60))
    petals = int(rng.choice((4, 6, 8)))
    for shift, size in ((0.0, 0.42), (0.5, 0.26)):
        out = _rosettes(out, x / cell + shift, y / cell + shift, size, petals, pale, accent, gold)
    vine = np.abs(np.sin(np.pi * (x + y) / cell) + 0.5 * np.sin(np.pi * (x - y) / cell * 1.5)) < 0.05
    out = np.where(vine[..., None], gold, out)
    for low, high, ground in (
        (0, 9, border),
        (9, 14, pale),
        (14, 74, accent),
        (74, 79, pale),
        (79, 96, border),
        (96, 100, gold),
    ):
        band = (edge >= low) & (edge < high)
        run = np.where(x < y, y, x) / (high - low)
        strip = np.broadcast_to(ground, out.shape)
        if high - low > 10:
            strip = _rosettes(strip, run, (edge - low) / (high - low), 0.40, petals, pale, field, gold)
        out = np.where(band[..., None], strip, out)
    out = _mirrored(out)
    shape = out.shape[:2]
    wear = (
        0.07 * periodic_noise(rng, shape, 120, 3)
        + 0.06 * periodic_noise(rng, shape, 2, 2)
        + 0.05 * periodic_noise(rng, shape, 90, 90)
    )
    return np.clip(out * (1 + wear[..., None]), 0, 1)


def _rosettes(
    out: np.ndarray, u: np.ndarray, v: np.ndarray, size: float, petals: int, outer, inner, heart
) -> np.ndarray:
    """Flowers with so many petals at the whole numbers (plus a half) of u and v, in three colours."""
    du, dv = u % 1 - 0.5, v % 1 - 0.5
    r = np.hypot(du, dv) / size / (0.75 + 0.25 * np.cos(petals * np.arctan2(dv, du)))
    for radius, colour in ((1.0, outer), (0.78, inner), (0.34, heart)):
        out = np.where((r < radius)[..., None], colour, out)
    return out


def paper_pattern(rng: Rng, colours) -> np.ndarray:
    """Wallpaper or bed linen, periodic, (512, 512, 3) sRGB: stripes, checks, dots, or leaves in two or three colours."""
    a, b, c = (np.asarray(_tone(rng, colours, 0.06)) for _ in range(3))
    y, x = np.mgrid[0:512, 0:512] / 512 * 2 * np.pi
    kind = rng.integers(4)
    if kind == 0:
        n = int(rng.integers(3, 9))
        mask, other = np.sin(n * x) > rng.uniform(-0.4, 0.5), np.sin(n * x + 1.6) > 0.93
    elif kind == 1:
        n = int(rng.integers(2, 7))
        mask, other = np.sin(n * x) > 0.2, np.sin(n * y) > 0.2
    elif kind == 2:
        n = int(rng.integers(3, 8))
        mask, other = np.cos(n * x) + np.cos(n * y) > 1.2, np.cos(n * x) + np.cos(n * y) < -1.5
    else:
        field = periodic_noise(rng, (512, 512), 26, 26)
        mask, other = field > 0.55, np.abs(field + 0.4) < 0.09
    out = np.where(mask[..., None], b, a)
    out = np.where((other & (mask | (kind != 1)))[..., None], c, out)
    if kind == 1:
        out = np.where((other & ~mask)[..., None], (a + b) / 2, out)
    return np.clip(out, 0, 1)


def folds(rng: Rng, points: np.ndarray, size: float, depth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A sheet lying about: grid points x, y and height; folds rise beside the garment and never through it."""
    n = 360
    a = np.linspace(-size / 2, size / 2, n)
    x, y = np.meshgrid(a, a)
    height = np.zeros((n, n))
    for _ in range(5):
        turn, wide = rng.uniform(0, np.pi), rng.uniform(6, 14)
        field = periodic_noise(rng, (n, n), wide * 3, wide * 3)
        along = np.cos(turn) * x + np.sin(turn) * y
        height += np.exp(
            -(((field + along * rng.uniform(1, 4)) % 2.2 - 1.1) ** 2) / rng.uniform(0.006, 0.03)
        ) * rng.uniform(0.3, 1)
    height += 0.5 * periodic_noise(rng, (n, n), 14, 14)
    near = np.zeros((n, n))
    spot = np.clip(((points[:, :2] + size / 2) / size * (n - 1)).round().astype(int), 0, n - 1)
    near[spot[:, 1], spot[:, 0]] = 1
    # blur the garment's shadow on the sheet: within a hand's breadth the sheet is pressed flat
    f = np.fft.fftfreq(n)
    blur = np.exp(-2 * np.pi**2 * 5.0**2 * (f[:, None] ** 2 + f[None] ** 2))
    near = np.clip(np.fft.ifft2(np.fft.fft2(near) * blur).real * 25, 0, 1)
    return x, y, depth * (np.maximum(height, 0) * (1 - near) - 0.02)


# ---- laid flat -------------------------------------------------------------------------------------------------------


def paper_table(rng: Rng, box: Box, points) -> None:
    floor(box.low[2], painted("paper", _tone(rng, PAPERS), relief=0.0001, size=0.004, blotch=0.015))


def white_table(rng: Rng, box: Box, points) -> None:
    floor(
        box.low[2],
        painted("table", _tone(rng, ((0.86, 0.86, 0.85), (0.82, 0.81, 0.79))), rough=0.45, relief=0.0, blotch=0.01),
    )


def smooth_sheet(rng: Rng, box: Box, points) -> None:
    x, y, z = folds(rng, points, 4.0, 0.007)
    grid(
        "sheet",
        x,
        y,
        z + box.low[2],
        woven("sheet", _tone(rng, ((0.84, 0.83, 0.80), (0.78, 0.80, 0.82), (0.82, 0.76, 0.70)))),
    )


def boards(rng: Rng, box: Box, points) -> None:
    floor(box.low[2], wood(rng, [(1.2, 0.13), (0.42, 0.07), (1.4, 0.19)][rng.integers(3)], upright=rng.random() < 0.5))


def tiled_floor(rng: Rng, box: Box, points) -> None:
    floor(box.low[2], masonry(rng, "stone"))


def shag_carpet(rng: Rng, box: Box, points) -> None:
    colour = _tone(rng, ((0.80, 0.77, 0.72), (0.72, 0.70, 0.67), (0.64, 0.58, 0.50), (0.45, 0.46, 0.48)))
    floor(box.low[2], woven("carpet", colour, pile=float(rng.uniform(0.006, 0.012))))


def rug(rng: Rng, box: Box, points) -> None:
    """An oriental rug on a floor; the garment lies somewhere on its field."""
    floor(box.low[2] - 0.006, wood(rng) if rng.random() < 0.5 else masonry(rng, "stone"))
    wide = float(rng.uniform(1.5, 2.3))
    material = woven("rug", (1, 1, 1), image=picture("rug", rug_picture(rng)), size=(wide, wide * 1.5), pile=0.0025)
    aside, ahead = rng.uniform(-0.5, 0.5), rng.uniform(-0.7, 0.7)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 2) * wide + aside, np.linspace(-0.75, 0.75, 2) * wide + ahead)
    grid("rug", x, y, np.full_like(x, box.low[2]), material)


def rumpled_sheet(rng: Rng, box: Box, points) -> None:
    x, y, z = folds(rng, points, 4.0, 0.022)
    grid("sheet", x, y, z + box.low[2], woven("sheet", _tone(rng, CLOTHES)))


def blanket(rng: Rng, box: Box, points) -> None:
    x, y, z = folds(rng, points, 4.0, 0.014)
    grid("blanket", x, y, z + box.low[2], woven("blanket", _tone(rng, CLOTHES), pile=0.003))


def printed_sheet(rng: Rng, box: Box, points) -> None:
    image = picture("print", paper_pattern(rng, CLOTHES))
    x, y, z = folds(rng, points, 4.0, 0.018)
    size = float(rng.uniform(0.25, 0.7))
    grid("sheet", x, y, z + box.low[2], woven("sheet", (1, 1, 1), image=image, size=(size, size)))


# ---- hung ------------------------------------------------------------------------------------------------------------


def _behind(box: Box) -> float:
    return float(box.high[1] + 0.015)


def plaster_wall(rng: Rng, box: Box, points) -> None:
    wall(_behind(box), painted("plaster", _tone(rng, WALLS), relief=0.0012, size=0.02))
    if rng.random() < 0.5:
        _skirting(rng, box, _behind(box))


def paper_wall(rng: Rng, box: Box, points) -> None:
    wall(_behind(box) + rng.uniform(0, 0.4), painted("paper", _tone(rng, PAPERS), relief=0.0001, blotch=0.02))


def brick_wall(rng: Rng, box: Box, points) -> None:
    wall(_behind(box), masonry(rng, "brick"))


def tiled_wall(rng: Rng, box: Box, points) -> None:
    wall(_behind(box), masonry(rng, "tile"))


def plank_wall(rng: Rng, box: Box, points) -> None:
    wall(_behind(box), wood(rng, (2.5, float(rng.uniform(0.07, 0.16))), upright=rng.random() < 0.7, gloss=0.5))


def wallpaper(rng: Rng, box: Box, points) -> None:
    size = float(rng.uniform(0.3, 0.8))
    image = picture("paper", paper_pattern(rng, WALLS + PAPERS[:8]))
    wall(_behind(box), woven("wallpaper", (1, 1, 1), image=image, size=(size, size), pitch=0.004))


def wardrobe(rng: Rng, box: Box, points) -> None:
    """Panelled doors, as most people have them at the end of the bed."""
    y = _behind(box) + 0.03
    front = (
        wood(rng, (2.6, 0.5), upright=True, gloss=0.45)
        if rng.random() < 0.6
        else painted("lacquer", _tone(rng, WALLS), rough=0.4, relief=0.0, blotch=0.01)
    )
    dark = solid_material("gap", (0.08, 0.07, 0.06), "ground", rough=0.9)
    wall(y + 0.03, dark)
    wide, shift = float(rng.uniform(0.45, 0.62)), float(rng.uniform(-0.3, 0.3))
    for i in range(-4, 5):
        x = shift + i * wide
        for low, high in ((-0.4, 0.62), (0.70, 2.5)):
            panel = wall(y - 0.004, front, (low, high), wide - 0.16, x + wide / 2)
            panel.name = "panel"
        for x0, x1 in ((x + 0.003, x + 0.08), (x + wide - 0.08, x + wide - 0.003)):
            _slab(x0, x1, y - 0.016, (-0.5, 2.7), front)
        for z0, z1 in ((0.62, 0.70), (2.5, 2.6)):
            _slab(x + 0.08, x + wide - 0.08, y - 0.015, (z0, z1), front)
        block(
            "knob",
            (x + wide - 0.05, y - 0.04, 1.0),
            (x + wide - 0.035, y - 0.012, 1.12),
            solid_material("steel", (0.7, 0.7, 0.7), "ground", rough=0.25, metal=1.0),
        )


def _slab(x0: float, x1: float, y: float, z: tuple[float, float], material) -> None:
    """A board in front of a wall, with its uv in metres so that wood grain fits it."""
    face = wall(y, material, z, x1 - x0, (x0 + x1) / 2)
    solid = face.modifiers.new("thick", "SOLIDIFY")
    solid.thickness, solid.offset = 0.016, 1.0
    edge = face.modifiers.new("bevel", "BEVEL")
    edge.width, edge.segments = 0.003, 2


def curtain_wall(rng: Rng, box: Box, points) -> None:
    curtain(rng, _behind(box) + 0.09, (-2.5, 2.5), (-0.3, 2.9))


def plaster_corner(rng: Rng, box: Box, points) -> None:
    """A wall with the things that stand and hang beside a hook: a shelf, a frame, a plant."""
    y = _behind(box)
    wall(y, painted("plaster", _tone(rng, WALLS), relief=0.0012, size=0.02))
    _skirting(rng, box, y)
    half = (box.high[0] - box.low[0]) / 2
    side = rng.choice((-1, 1))
    frame(rng, box.centre[0] + side * (half + 0.22), y, box.high[2] - 0.2)
    plant(rng, (box.centre[0] - side * (half + 0.30), y - 0.28, box.low[2] - 0.25), 0.9)
    shelf_at = box.centre[0] + side * (half + 0.42)
    bookcase(rng, shelf_at, y, float(box.low[2] - 0.2), wide=0.5, high=0.75)


def _skirting(rng: Rng, box: Box, y: float) -> None:
    z = float(box.low[2] - rng.uniform(0.02, 0.25))
    floor(z, wood(rng), size=8.0, at=(0, y - 3.9))
    _slab(-3, 3, y - 0.001, (z, z + 0.09), painted("skirting", (0.85, 0.85, 0.83), rough=0.4, relief=0.0))


# ---- worn ------------------------------------------------------------------------------------------------------------


def sweep(rng: Rng, box: Box, points) -> None:
    """A roll of paper let down from the ceiling and out over the floor, without an edge between."""
    bend, back, n = 0.6, float(box.high[1] + rng.uniform(0.5, 1.3)), 24
    turn = np.linspace(0, np.pi / 2, n)
    y = np.concatenate([[-4.0], back - bend + bend * np.sin(turn), [back]])
    z = np.concatenate([[0.0], bend - bend * np.cos(turn), [4.0]]) + box.low[2]
    x = np.linspace(-4, 4, 2)
    grid(
        "sweep",
        *np.broadcast_arrays(x[None, :], y[:, None]),
        z[:, None] + 0 * x[None],
        painted("paper", _tone(rng, PAPERS), relief=0.0, blotch=0.01),
    )


def living_room(rng: Rng, box: Box, points) -> None:
    z, back = float(box.low[2]), float(box.high[1] + rng.uniform(1.0, 2.2))
    floor(z, wood(rng, upright=rng.random() < 0.5), size=10)
    wall(back, painted("wall", _tone(rng, WALLS)), (z, z + 2.8), 9)
    _slab(-4, 4, back - 0.001, (z, z + 0.1), painted("skirting", (0.85, 0.85, 0.83), rough=0.4, relief=0.0))
    side = int(rng.choice((-1, 1)))
    sofa(rng, side * rng.uniform(0.5, 1.0), back - 0.55, z)
    plant(rng, (-side * rng.uniform(0.55, 0.9), back - 0.4, z), rng.uniform(1.0, 1.5))
    frame(rng, side * rng.uniform(0.3, 0.8), back, z + 1.55)
    if rng.random() < 0.6:
        frame(rng, -side * rng.uniform(0.4, 0.9), back, z + 1.7)
    lamp(rng, side * rng.uniform(1.3, 1.6), back - 0.35, z)
    if rng.random() < 0.6:
        mat = woven("rug", (1, 1, 1), image=picture("rug", rug_picture(rng)), size=(2.0, 3.0), pile=0.0025)
        floor(z + 0.004, mat, size=2.4, at=(rng.uniform(-0.3, 0.3), back - 1.4))


def study(rng: Rng, box: Box, points) -> None:
    z, back = float(box.low[2]), float(box.high[1] + rng.uniform(0.7, 1.6))
    floor(z, wood(rng), size=10)
    wall(back, painted("wall", _tone(rng, WALLS)), (z, z + 2.8), 9)
    for x in (-1.3, -0.45, 0.4, 1.25):
        if rng.random() < 0.8:
            bookcase(rng, x + 0.42, back, z, wide=0.8, high=float(rng.choice((1.4, 1.9, 2.0))))
        else:
            plant(rng, (x + 0.42, back - 0.35, z), 1.3)


def loft(rng: Rng, box: Box, points) -> None:
    z, back = float(box.low[2]), float(box.high[1] + rng.uniform(0.5, 1.6))
    floor(z, masonry(rng, "stone") if rng.random() < 0.4 else wood(rng, (1.6, 0.2)), size=10)
    wall(back, masonry(rng, "brick"), (z, z + 3), 9)
    side = int(rng.choice((-1, 1)))
    plant(rng, (side * rng.uniform(0.5, 0.9), back - 0.4, z), rng.uniform(0.9, 1.5))
    lamp(rng, -side * rng.uniform(0.5, 0.9), back - 0.3, z)


def shop_floor(rng: Rng, box: Box, points) -> None:
    """A rail of other clothes behind: folded planes of cloth in many colours on a steel bar."""
    z, back = float(box.low[2]), float(box.high[1] + rng.uniform(1.0, 1.8))
    floor(z, wood(rng) if rng.random() < 0.5 else masonry(rng, "stone"), size=10)
    wall(back + 0.5, painted("wall", _tone(rng, WALLS)), (z, z + 3), 9)
    steel = solid_material("steel", (0.6, 0.6, 0.6), "ground", rough=0.3, metal=1.0)
    block("rail", (-2.5, back - 0.012, z + 1.58), (2.5, back + 0.012, z + 1.60), steel, bevel=0.008)
    x = -1.9
    while x < 1.9:
        wide = rng.uniform(0.025, 0.07)
        cloth = woven("other", _tone(rng, CLOTHES + WALLS, 0.12))
        _other_garment(rng, x, back, z + 1.55, cloth)
        x += wide if rng.random() < 0.93 else 0.4


def _other_garment(rng: Rng, x: float, y: float, top: float, material) -> None:
    """A garment on the rail seen from its side."""
    deep, long = rng.uniform(0.36, 0.46), rng.uniform(0.65, 1.1)
    t, s = np.meshgrid(np.linspace(-1, 1, 24), np.linspace(0, 1, 20))
    width = deep / 2 * (0.25 + 0.75 * np.clip(s * 9, 0, 1) ** 0.6)
    wave = 0.012 * np.sin(t * rng.uniform(4, 9) + rng.uniform(0, 6)) * s
    grid("other", x + wave + 0.01 * rng.normal() * s, y + t * width, top - 0.05 * np.abs(t) - s * long, material)


def garden(rng: Rng, box: Box, points) -> None:
    z, back = float(box.low[2]), float(box.high[1] + rng.uniform(2.2, 3.4))
    floor(z, woven("lawn", _tone(rng, ((0.38, 0.48, 0.20), (0.44, 0.50, 0.26)), 0.03), pile=0.02), size=14)
    wall(back + 1.2, painted("hedge", (0.20, 0.28, 0.12)), (z, z + 4), 14)
    leaf = leaf_mesh((0.03, 0.075))
    greens = [
        leaf_material(_tone(rng, ((0.34, 0.48, 0.18), (0.46, 0.56, 0.24), (0.24, 0.40, 0.18)), 0.06)) for _ in range(4)
    ]
    for i in range(2200):
        at = (rng.uniform(-3.2, 3.2), back + rng.uniform(0, 1.0), z + abs(rng.normal(0, 1.1)))
        place_leaf(leaf, greens[i % 4], at, rng.uniform(-1.2, 1.2, 3), rng.uniform(0.8, 1.8))
    blossom = leaf_material(_tone(rng, ((0.85, 0.35, 0.45), (0.9, 0.85, 0.8), (0.85, 0.65, 0.2)), 0.05))
    for _ in range(int(rng.integers(0, 90))):
        at = (rng.uniform(-2.6, 2.6), back + rng.uniform(-0.1, 0.3), z + abs(rng.normal(0, 1.0)))
        place_leaf(leaf, blossom, at, rng.uniform(-1.2, 1.2, 3), 0.8)


# ---- furniture -------------------------------------------------------------------------------------------------------


def curtain(rng: Rng, y: float, x: tuple[float, float], z: tuple[float, float]) -> None:
    """Cloth in deep upright folds."""
    n = 700
    s = np.linspace(x[0], x[1], n)
    sway = np.cumsum(periodic_noise(rng, (1, n), 60, 1)[0]) * 0.02
    fold = 0.045 * np.sin(2 * np.pi * s / rng.uniform(0.10, 0.17) + sway)
    xx, zz = np.meshgrid(s, np.linspace(*z, 12))
    fall = 0.8 + 0.2 * (zz - z[0]) / (z[1] - z[0])
    grid("curtain", xx, y + fold[None] * fall, zz, woven("curtain", _tone(rng, CLOTHES + WALLS)))


def sofa(rng: Rng, x: float, y: float, z: float) -> None:
    cloth = woven(
        "sofa",
        _tone(
            rng, ((0.45, 0.46, 0.48), (0.62, 0.55, 0.46), (0.24, 0.30, 0.36), (0.44, 0.28, 0.20), (0.38, 0.42, 0.34))
        ),
    )
    for low, high in (
        ((-0.95, -0.35, 0.12), (0.95, 0.4, 0.34)), ((-0.95, 0.15, 0.3), (0.95, 0.42, 0.82)),
        ((-0.93, -0.38, 0.32), (-0.02, 0.18, 0.47)), ((0.02, -0.38, 0.32), (0.93, 0.18, 0.47)),
        ((-1.12, -0.38, 0.1), (-0.92, 0.42, 0.6)), ((0.92, -0.38, 0.1), (1.12, 0.42, 0.6)),
    ):  # fmt: skip
        block("sofa", np.add(low, (x, y, z)), np.add(high, (x, y, z)), cloth, bevel=0.06)
    for _ in range(int(rng.integers(1, 4))):
        at = np.array([x + rng.uniform(-0.8, 0.6), y - 0.05, z + 0.47])
        cushion = block(
            "cushion", at, np.add(at, (0.42, 0.14, 0.38)), woven("cushion", _tone(rng, CLOTHES, 0.1)), bevel=0.065
        )
        cushion.rotation_euler = (-0.25, rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2))


def bookcase(rng: Rng, x: float, back: float, z: float, wide: float, high: float) -> None:
    """Shelves with books of many thicknesses and colours, and gaps with a vase."""
    tone = _tone(rng, ((0.85, 0.84, 0.82), (0.30, 0.20, 0.13), (0.62, 0.47, 0.32), (0.2, 0.2, 0.2)))
    frame_paint = painted("case", tone, rough=0.45, relief=0.0)
    deep, y = 0.28, back - 0.28
    for x0, x1 in ((x - wide / 2, x - wide / 2 + 0.02), (x + wide / 2 - 0.02, x + wide / 2)):
        block("side", (x0, y, z), (x1, back, z + high), frame_paint, 0.002)
    covers = [solid_material("cover", _tone(rng, CLOTHES + PAPERS, 0.15), "ground", rough=0.6) for _ in range(9)]
    level = z + 0.06
    while level < z + high + 0.01:
        block("board", (x - wide / 2, y, level - 0.02), (x + wide / 2, y + deep, level), frame_paint, 0.002)
        at = x - wide / 2 + 0.025
        while at < x + wide / 2 - 0.07 and level + 0.3 < z + high:
            thick, tall = rng.uniform(0.012, 0.045), rng.uniform(0.17, 0.27)
            if rng.random() < 0.9:
                setback = rng.uniform(0.01, 0.06)
                block(
                    "book",
                    (at, y + setback, level),
                    (at + thick, back - 0.04, level + tall),
                    covers[rng.integers(9)],
                    0.002,
                )
                at += thick + 0.001
            else:
                at += rng.uniform(0.05, 0.2)
        level += 0.33


def frame(rng: Rng, x: float, y: float, z: float) -> None:
    w, h = rng.uniform(0.15, 0.3), rng.uniform(0.2, 0.36)
    rim = solid_material(
        "rim", _tone(rng, ((0.1, 0.1, 0.1), (0.55, 0.4, 0.25), (0.85, 0.85, 0.83))), "ground", rough=0.4
    )
    block("frame", (x - w, y - 0.025, z - h), (x + w, y, z + h), rim, 0.003)
    art = np.stack([periodic_noise(rng, (128, 96), 30, 24) for _ in range(3)], -1)
    tones = np.asarray([_tone(rng, CLOTHES + PAPERS, 0.1) for _ in range(3)])
    pixels = tones[np.argmax(art, -1)]
    pixels[:14], pixels[-14:], pixels[:, :14], pixels[:, -14:] = 0.88, 0.88, 0.88, 0.88
    graph = Graph("art")
    image = picture("art", pixels)
    at = graph.add("Mapping", Vector=_metres(graph), Scale=(1 / (2 * w - 0.04), 1 / (2 * h - 0.04), 1.0))
    colour = graph.add("TexImage", {"image": image}, Vector=at)
    wall(
        y - 0.027,
        graph.surface(graph.add("BsdfPrincipled", Base_Color=colour, Roughness=0.25)),
        (z - h + 0.02, z + h - 0.02),
        2 * w - 0.04,
        x,
    )


def lamp(rng: Rng, x: float, y: float, z: float) -> None:
    steel = solid_material("steel", (0.25, 0.24, 0.22), "ground", rough=0.4, metal=0.6)
    lathe("foot", ((0.0, 0.02), (0.13, 0.02), (0.13, 0.0)), steel, (x, y, z))
    block("pole", (x - 0.01, y - 0.01, z), (x + 0.01, y + 0.01, z + 1.4), steel)
    shade = Graph("shade")
    glow = shade.add(
        "BsdfPrincipled",
        Base_Color=(0.8, 0.72, 0.58),
        Emission_Color=(1.0, 0.75, 0.45),
        Emission_Strength=float(rng.uniform(0.0, 1.2)),
    )
    lathe("shade", ((0.22, 1.35), (0.16, 1.65)), shade.surface(glow), (x, y, z))


def leaf_mesh(size: tuple[float, float]) -> bpy.types.Mesh:
    """One leaf, curved, `size` metres wide and long, its stalk at the origin."""
    s, t = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(0, 1, 7))
    width = np.sin(np.pi * np.clip(t, 0.02, 0.98)) ** 0.8
    x = s * width * size[0] / 2
    z = size[1] * (0.25 * np.sin(np.pi * t * 0.8) + 0.12 * np.abs(s) * width - 0.25 * t * t)
    i = np.arange(35).reshape(7, 5)
    faces = np.stack([i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]], -1).reshape(-1, 4)
    mesh = bpy.data.meshes.new("leaf")
    mesh.from_pydata(np.stack([x, t * size[1], z], -1).reshape(-1, 3), [], faces)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    mesh.materials.append(None)
    return mesh


def leaf_material(colour, who: str = "ground"):
    graph = Graph("leaf")
    body = graph.add("BsdfPrincipled", Base_Color=linear(colour), Roughness=0.45, Specular_IOR_Level=0.4)
    through = graph.add("BsdfTranslucent", Color=tuple(min(1, 1.6 * c) for c in linear(colour)))
    both = graph.add("MixShader", Fac=0.35)
    graph.set(both.inputs[1], body)
    graph.set(both.inputs[2], through)
    mark(graph, who)
    return graph.surface(both)


def place_leaf(mesh, material, at, turn, scale: float) -> None:
    thing = bpy.data.objects.new("leaf", mesh)
    thing.location, thing.rotation_euler, thing.scale = at, turn, (scale,) * 3
    thing.material_slots[0].link = "OBJECT"
    thing.material_slots[0].material = material
    bpy.context.scene.collection.objects.link(thing)


def plant(rng: Rng, at, high: float, who: str = "ground") -> None:
    """A pot with a bush of leaves up to `high` metres."""
    clay = solid_material(
        "pot", _tone(rng, ((0.62, 0.36, 0.25), (0.85, 0.84, 0.81), (0.25, 0.26, 0.27))), who, rough=0.7
    )
    lathe("pot", ((0.0, 0.0), (0.09, 0.0), (0.13, 0.24), (0.12, 0.24), (0.11, 0.2), (0.0, 0.2)), clay, at)
    mesh = leaf_mesh((0.09, 0.24))
    greens = [leaf_material(_tone(rng, ((0.16, 0.33, 0.14), (0.28, 0.42, 0.18)), 0.05), who) for _ in range(3)]
    for i in range(70):
        level = rng.uniform(0.1, 1)
        turn = rng.uniform(0, 2 * np.pi)
        reach = 0.05 + 0.14 * np.sin(np.pi * level) * rng.uniform(0.3, 1)
        spot = (at[0] + reach * np.cos(turn), at[1] + reach * np.sin(turn), at[2] + 0.2 + level * (high - 0.35))
        place_leaf(
            mesh,
            greens[i % 3],
            spot,
            (rng.uniform(-0.3, 0.8), rng.uniform(-0.3, 0.3), turn - np.pi / 2),
            rng.uniform(0.6, 1.2),
        )
