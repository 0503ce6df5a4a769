"""What cloth is made of: thread patterns as small periodic pictures, and the node materials that wear them.

Every cloth material also writes what it is into the render's extra passes (AOVs), so that ground truth comes from the
same rays as the picture: see `PASSES`.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

# The passes that materials write, with their types; shoot.py reads them.
# dye: the colour that recolouring replaces, times its weight; weight: how much of the pixel follows that colour;
# who: red = garment, green = stand, blue = occluder; place: u, v in metres and the panel's number plus one.
PASSES = {"dye": "COLOR", "weight": "VALUE", "who": "COLOR", "place": "COLOR"}
WRONG_SIDE = 0.72  # the wrong side of the cloth, in a neck or a hem, reflects so much of the right side's colour
TILE = 512  # pixels of a thread pattern


@dataclass(frozen=True)
class Weave:
    """One kind of cloth: its threads and how it takes the light. Lengths in metres."""

    name: str
    side: float  # of the periodic thread pattern
    relief: float  # height of the threads
    tint: float  # how much threads differ in colour
    crumple: float  # height of small creases
    crumple_size: float  # their distance
    wrinkle: float = 0.002  # height of the long soft wrinkles of cloth that was folded, worn or washed
    rough: float = 0.85
    specular: float = 0.15
    sheen: float = 0.04
    haze: float = 0.0015  # slow unevenness of the cloth's height


WEAVES = {
    weave.name: weave
    for weave in (
        Weave("jersey", 0.032, 0.00012, 0.05, 0.0012, 0.055, 0.0030),
        Weave("poplin", 0.024, 0.00009, 0.06, 0.0024, 0.035, 0.0046, rough=0.85, specular=0.1, sheen=0.0),
        Weave("linen", 0.048, 0.00016, 0.11, 0.0024, 0.028, 0.0042, sheen=0.0),
        Weave("denim", 0.032, 0.00022, 0.24, 0.0014, 0.06, 0.0032),
        Weave("twill", 0.026, 0.00014, 0.07, 0.0014, 0.05, 0.0036, sheen=0.02),
        Weave("knit", 0.072, 0.0013, 0.07, 0.0010, 0.12, 0.0022, sheen=0.12),
        Weave("fleece", 0.050, 0.00025, 0.06, 0.0016, 0.09, 0.0028, sheen=0.10),
        Weave("wool", 0.060, 0.00030, 0.10, 0.0010, 0.12, 0.0014, sheen=0.10),
        Weave("viscose", 0.024, 0.00003, 0.02, 0.0008, 0.08, 0.0024, rough=0.62, specular=0.25, sheen=0.0),
        Weave("canvas", 0.040, 0.00035, 0.10, 0.0010, 0.09, 0.0024, sheen=0.0),
        Weave("leather", 0.050, 0.00030, 0.05, 0.0010, 0.07, 0.0012, rough=0.42, specular=0.5, sheen=0.0),
    )
}

WEAVES_OF = {
    "t-shirt": ("jersey",),
    "shirt": ("poplin", "poplin", "linen", "denim"),
    "sweater": ("knit",),
    "hoodie": ("fleece",),
    "dress": ("poplin", "viscose", "linen", "jersey"),
    "skirt": ("poplin", "viscose", "denim", "twill"),
    "trousers": ("denim", "twill", "twill", "linen"),
    "coat": ("wool", "wool", "twill"),
    "bag": ("canvas", "canvas", "leather"),
}


# ---- threads ---------------------------------------------------------------------------------------------------------


def thread_tile(name: str, rng: np.random.Generator) -> np.ndarray:
    """The periodic pattern of cloth `name`: (TILE, TILE, 2) float32, height 0..1 and colour -1..1 around the dye."""
    y, x = np.mgrid[0:TILE, 0:TILE] / TILE
    side = WEAVES[name].side
    draw = {
        "poplin": _plain, "linen": _plain, "canvas": _plain, "viscose": _plain,
        "denim": _twill, "twill": _twill,
        "jersey": _stitches, "knit": _stitches,
        "fleece": _fuzz, "wool": _fuzz, "leather": _grain,
    }[name]  # fmt: skip
    height, colour = draw(name, side, x, y, rng)
    return np.stack([height, np.clip(colour, -1, 1)], -1).astype(np.float32)


def periodic_noise(rng: np.random.Generator, shape: tuple[int, int], across: float, along: float) -> np.ndarray:
    """Smooth noise of unit spread that repeats at the borders; `across` and `along` are blob sizes in pixels, x and y."""
    noise = np.fft.rfft2(rng.standard_normal(shape))
    fy = np.fft.fftfreq(shape[0])[:, None] * along
    fx = np.fft.rfftfreq(shape[1])[None] * across
    smooth = np.fft.irfft2(noise * np.exp(-2 * np.pi * (fx * fx + fy * fy)), shape)
    return (smooth - smooth.mean()) / (smooth.std() + 1e-9)


def _plain(name: str, side: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator):
    """One over, one under; linen's threads are thick and thin, canvas's are coarse."""
    pitch = {"poplin": 0.0004, "viscose": 0.0003, "linen": 0.0008, "canvas": 0.0011}[name]
    n = max(2, 2 * round(side / pitch / 2))
    over = np.cos(np.pi * n * x) * np.cos(np.pi * n * y)
    slub = 1.0 if name in ("linen", "canvas") else 0.5
    warp = periodic_noise(rng, x.shape, 2, 110)
    weft = periodic_noise(rng, x.shape, 90, 2)
    height = 0.5 + 0.25 * over + 0.12 * slub * (warp + weft)
    return np.clip(height, 0, 1), 0.30 * (warp + weft) * slub + 0.25 * over


def _twill(name: str, side: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator):
    """Diagonal ridges; in denim the white weft shows between the dyed warps, which vary from thread to thread."""
    n = round(side / (0.0011 if name == "denim" else 0.0009))
    sway = 0.05 * periodic_noise(rng, x.shape, 20, 60)
    ridge = 0.5 + 0.5 * np.cos(2 * np.pi * (n * (x + y) + sway))
    warp = periodic_noise(rng, x.shape, 2, 160)
    fleck = periodic_noise(rng, x.shape, 5, 2.5)
    height = np.clip(0.2 + 0.6 * ridge + 0.1 * warp, 0, 1)
    if name == "denim":
        return height, 0.35 * warp + 0.35 * (1 - ridge) * np.clip(1 + fleck, 0, 2) - 0.25
    return height, 0.3 * warp + 0.2 * (ridge - 0.5)


def _stitches(name: str, side: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator):
    """Columns of V-shaped loops; a sweater's are millimetres wide, a jersey's a fraction of one."""
    columns = round(side / (0.0052 if name == "knit" else 0.0010))
    rows = round(side / (0.0040 if name == "knit" else 0.0008))
    cx = columns * x + 0.03 * periodic_noise(rng, x.shape, 30, 30)
    local = np.abs((cx % 1) - 0.5) * 2  # 0 between the two legs of a loop, 1 between columns
    slant = (rows * y + 0.55 * local + 0.04 * periodic_noise(rng, x.shape, 40, 40)) % 1
    leg = np.sqrt(np.clip(1 - (2 * slant - 1) ** 2, 0, 1))
    body = np.sqrt(np.clip(1 - (2 * np.abs(local - 0.5)) ** 2, 0, 1))
    yarn = periodic_noise(rng, x.shape, 3, 3)
    height = np.clip(0.1 + 0.75 * leg * (0.35 + 0.65 * body) + 0.04 * yarn, 0, 1)
    heather = periodic_noise(rng, x.shape, 14, 5)
    return height, 0.35 * heather + 0.6 * (height - 0.5)


def _fuzz(name: str, side: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator):
    """Felted fibres: no threads to be seen, a soft grain and flecks of colour."""
    fine = periodic_noise(rng, x.shape, 3, 3)
    coarse = periodic_noise(rng, x.shape, 12, 12)
    fibres = periodic_noise(rng, x.shape, 14, 2) + periodic_noise(rng, x.shape, 2, 14)
    return np.clip(0.5 + 0.13 * fine + 0.13 * coarse + 0.06 * fibres, 0, 1), 0.28 * fibres + 0.2 * coarse


def _grain(name: str, side: float, x: np.ndarray, y: np.ndarray, rng: np.random.Generator):
    """Leather: pebbles of a millimetre or two between fine creases."""
    cells = 26
    points = (np.stack(np.mgrid[0:cells, 0:cells], -1) + rng.uniform(0, 1, (cells, cells, 2))).reshape(-1, 2) / cells
    first = np.full(x.shape, 9.0)
    second = np.full(x.shape, 9.0)
    for py, px in points:
        dy, dx = np.abs(y - py), np.abs(x - px)
        d = np.minimum(dy, 1 - dy) ** 2 + np.minimum(dx, 1 - dx) ** 2
        second = np.minimum(second, np.maximum(first, d))
        first = np.minimum(first, d)
    crease = (np.sqrt(second) - np.sqrt(first)) * cells
    return np.clip(crease * 2.2, 0, 1) ** 0.5, 0.4 * periodic_noise(rng, x.shape, 50, 50)


# ---- nodes -----------------------------------------------------------------------------------------------------------


def picture(name: str, pixels: np.ndarray, *, data: bool = False) -> bpy.types.Image:
    """A Blender image from (H, W, 3 or 4) floats 0..1, the first row at the top; `data` is not colour-managed."""
    h, w = pixels.shape[:2]
    rgba = np.ones((h, w, 4), np.float32)
    rgba[..., : pixels.shape[2]] = pixels
    image = bpy.data.images.new(name, w, h, float_buffer=data, is_data=data)
    image.pixels.foreach_set(np.ascontiguousarray(rgba[::-1]).ravel())
    image.pack()
    return image


class Graph:
    """A material's node graph in a few words: `graph.add("TexNoise", Vector=v, Scale=5.0)` gives the node."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.out = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def add(self, kind: str, props: dict | None = None, **inputs):
        """A node of type `ShaderNode{kind}`; an input may be a value, a socket or a node (its first output)."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for key, value in (props or {}).items():
            setattr(node, key, value)
        for key, value in inputs.items():
            self.set(node.inputs[key.replace("_", " ")], value)
        return node

    def set(self, socket, value) -> None:
        """Feed `socket` from a node, a socket or a constant."""
        if isinstance(value, bpy.types.Node):
            value = value.outputs[0]
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif socket.type == "RGBA" and len(value) == 3:
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def math(self, operation: str, a, b=0.0):
        node = self.add("Math", {"operation": operation})
        self.set(node.inputs[0], a)
        self.set(node.inputs[1], b)
        return node.outputs[0]

    def vector(self, operation: str, a, b):
        node = self.add("VectorMath", {"operation": operation})
        self.set(node.inputs[0], a)
        self.set(node.inputs[3 if operation == "SCALE" else 1], b)
        return node.outputs[0]

    def mix(self, factor, a, b, blend: str = "MIX"):
        """Colours a and b, mixed by `factor`."""
        node = self.add("Mix", {"data_type": "RGBA", "blend_type": blend, "clamp_result": False})
        self.set(node.inputs[0], factor)
        self.set(node.inputs[6], a)
        self.set(node.inputs[7], b)
        return node.outputs[2]

    def ramp(self, factor, *stops: tuple[float, tuple[float, float, float]]):
        node = self.add("ValToRGB", Fac=factor)
        ramp = node.color_ramp
        for i, (position, colour) in enumerate(stops):
            element = ramp.elements[i] if i < 2 else ramp.elements.new(position)
            element.position, element.color = position, (*colour, 1.0)
        return node.outputs[0]

    def aov(self, name: str, *, colour=None, value=None) -> None:
        """Write a pass of `PASSES`."""
        node = self.add("OutputAOV", {"aov_name": name})
        if colour is not None:
            self.set(node.inputs[0], colour)
        if value is not None:
            self.set(node.inputs[1], value)

    def surface(self, shader) -> bpy.types.Material:
        """Make `shader` the material's surface; returns the material."""
        self.tree.links.new(shader.outputs[0], self.out.inputs["Surface"])
        return self.material


def linear(colour) -> tuple[float, float, float]:
    """sRGB 0..1 -> linear light (IEC 61966-2-1)."""
    c = np.asarray(colour, float)
    return tuple(float(v) for v in np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


# ---- materials -------------------------------------------------------------------------------------------------------


@dataclass
class Dyed:
    """The cloth of one picture: a plain colour (also its ribs'), perhaps a print with its repeat, and its wrinkles."""

    plain: tuple[float, float, float]  # sRGB 0..1
    printed: bpy.types.Image | None = None
    repeat: float = 0.3  # metres that one width of the print covers
    wear: float = 0.6  # share of the weave's wrinkles that this garment shows
    turns: tuple[float, float] = (0.4, -0.8)  # radians: which way its long wrinkles run


def cloth_material(role: str, panel: int, dyed: Dyed, weave: Weave, threads: bpy.types.Image) -> bpy.types.Material:
    """The cloth of one cut piece. `role` is "cloth", "inside" (darker) or "rib" (plain, with knitted ribs)."""
    graph = Graph(f"{role}.{panel}")
    uv = graph.add("UVMap", {"uv_map": "cloth"}).outputs[0]
    dye = _dye(graph, role, uv, dyed)
    thread = graph.add(
        "TexImage", {"image": threads, "interpolation": "Cubic"}, Vector=graph.vector("SCALE", uv, 1 / weave.side)
    )
    split = graph.add("SeparateColor", Color=thread.outputs[0])
    weight = WRONG_SIDE if role == "inside" else 1.0
    tint = graph.math("MULTIPLY_ADD", split.outputs[1], weave.tint)
    tint.node.inputs[2].default_value = 1.0
    colour = graph.vector("SCALE", dye, graph.math("MULTIPLY", tint, weight))

    height = _height(graph, role, uv, weave, split.outputs[0], dyed)
    bump = graph.add("Bump", Strength=1.0, Distance=1.0, Height=height)
    shader = graph.add(
        "BsdfPrincipled",
        Base_Color=colour, Roughness=weave.rough, Specular_IOR_Level=weave.specular, Normal=bump,
        Diffuse_Roughness=0.6, Sheen_Weight=weave.sheen, Sheen_Roughness=0.5,
    )  # fmt: skip
    graph.aov("dye", colour=graph.vector("SCALE", dye, weight))
    graph.aov("weight", value=weight)
    graph.aov("who", colour=(1.0, 0.0, 0.0))
    # the rib takes no print, so its place on the bolt is not told
    parts = graph.add("SeparateXYZ", Vector=uv)
    place = graph.add("CombineXYZ", X=parts.outputs[0], Y=parts.outputs[1], Z=0.0 if role == "rib" else panel + 1.0)
    graph.aov("place", colour=place.outputs[0])
    return graph.surface(shader)


def _dye(graph: Graph, role: str, uv, dyed: Dyed):
    """The colour before threads and light: the print where there is one."""
    if dyed.printed is None or role == "rib":
        node = graph.add("RGB")
        node.outputs[0].default_value = (*linear(dyed.plain), 1.0)
        return node.outputs[0]
    wide, high = dyed.printed.size
    at = graph.vector("MULTIPLY", uv, (1 / dyed.repeat, wide / high / dyed.repeat, 1.0))
    # the tile's upper left corner lies at u = v = 0, as recolour() lays it
    return graph.add("TexImage", {"image": dyed.printed, "interpolation": "Linear"}, Vector=at).outputs[0]


def _height(graph: Graph, role: str, uv, weave: Weave, threads, dyed: Dyed):
    """Height of the cloth above its mesh in metres: threads, small creases, a slow unevenness, a rib's wales."""
    total = graph.math("MULTIPLY", threads, weave.relief)
    if role == "rib":
        wale = graph.add("SeparateXYZ", Vector=uv).outputs[0]
        wave = graph.math("SINE", graph.math("MULTIPLY", wale, 2 * np.pi / 0.0035))
        return graph.math("ADD", graph.math("MULTIPLY", wave, 0.0006), graph.math("MULTIPLY", total, 0.5))
    # creases: the ridges where a folded noise changes sign, as pressed and worn cloth keeps them
    crease = graph.add(
        "TexNoise", {"noise_dimensions": "2D"},
        Vector=uv, Scale=0.6 / weave.crumple_size, Detail=1.5, Roughness=0.4, Distortion=0.35,
    )  # fmt: skip
    slow = graph.add("TexNoise", {"noise_dimensions": "2D"}, Vector=uv, Scale=9.0, Detail=1.0)
    folded = graph.math("ABSOLUTE", graph.math("SUBTRACT", crease.outputs[0], 0.5))
    soft = graph.math("SQRT", graph.math("ADD", graph.math("POWER", folded, 2.0), 0.008))
    # creases come in places, not everywhere
    here = graph.math("POWER", slow.outputs[0], 1.5)
    creases = graph.math("MULTIPLY", graph.math("MULTIPLY", soft, here), -4.5 * weave.crumple)
    uneven = graph.math("MULTIPLY", slow.outputs[0], weave.haze)
    total = graph.math("ADD", total, graph.math("ADD", creases, uneven))
    for number, turn in enumerate(dyed.turns):
        long = _wrinkles(graph, uv, turn, 7.3 * number)
        total = graph.math("ADD", total, graph.math("MULTIPLY", long, dyed.wear * weave.wrinkle))
    return total


def _wrinkles(graph: Graph, uv, turn: float, shift: float):
    """Long soft ridges across the direction `turn`, in some places and not in others; about 0..1."""
    aligned = graph.add(
        "Mapping",
        Vector=graph.add("Mapping", Vector=uv, Rotation=(0, 0, turn)),
        Scale=(3.2, 15.0, 1.0), Location=(shift, shift, 0),
    )  # fmt: skip
    wave = graph.add(
        "TexNoise", {"noise_dimensions": "2D"}, Vector=aligned, Scale=1.0, Detail=1.5, Roughness=0.4, Distortion=0.45
    )
    patch = graph.add("TexNoise", {"noise_dimensions": "2D"}, Vector=aligned, Scale=0.45, Detail=0.5)
    folded = graph.math("ABSOLUTE", graph.math("SUBTRACT", wave.outputs[0], 0.5))
    ridge = graph.math(
        "SUBTRACT", 0.55, graph.math("SQRT", graph.math("ADD", graph.math("POWER", folded, 2.0), 0.0015))
    )
    here = graph.add(
        "MapRange", {"interpolation_type": "SMOOTHSTEP"}, Value=patch.outputs[0], From_Min=0.42, From_Max=0.68
    )
    return graph.math("MULTIPLY", graph.math("MULTIPLY", ridge, 4.0), here)


def solid_material(
    name: str, colour, who: str, *, rough: float = 0.5, metal: float = 0.0, coat: float = 0.0, grain: float = 0.0
) -> bpy.types.Material:
    """A plain thing of sRGB `colour`; `who` is garment, stand, occluder or ground. `grain` is a bump in metres."""
    graph = Graph(name)
    shader = graph.add(
        "BsdfPrincipled", Base_Color=linear(colour), Roughness=rough, Metallic=metal, Coat_Weight=coat,
        Specular_IOR_Level=0.5 if rough < 0.6 else 0.25,
    )  # fmt: skip
    if grain:
        where = graph.add("TexCoord").outputs["Object"]
        noise = graph.add("TexNoise", Vector=where, Scale=900.0, Detail=2.0)
        graph.set(shader.inputs["Normal"], graph.add("Bump", Strength=1.0, Distance=grain, Height=noise.outputs[0]))
    mark(graph, who)
    return graph.surface(shader)


def mark(graph: Graph, who: str) -> None:
    """Say in the `who` pass what this material belongs to; the ground is what nobody claims."""
    colour = {"garment": (1.0, 0.0, 0.0), "stand": (0.0, 1.0, 0.0), "occluder": (0.0, 0.0, 1.0)}.get(who)
    if colour:
        graph.aov("who", colour=colour)
