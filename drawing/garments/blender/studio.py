"""The photographer's room: from a draped garment to a Blender scene with cloth, light, ground and camera.

Everything is decided by the look's seed; the same look of the same garment is the same picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import bpy
import numpy as np
from mathutils import Matrix

from drawing.garments.blender import grounds
from drawing.garments.blender.materials import (
    PASSES,
    TILE,
    WEAVES,
    WEAVES_OF,
    Dyed,
    Graph,
    Weave,
    cloth_material,
    linear,
    mark,
    picture,
    solid_material,
    thread_tile,
)
from drawing.garments.blender.meshes import Part, Sewn

Rng = np.random.Generator


@dataclass(frozen=True)
class Look:
    """How to photograph: the ground ("plain" or "busy"), the cloth's colour or print, and the picture's size."""

    seed: int
    ground: str = "plain"
    colour: tuple[float, float, float] = (0.9, 0.88, 0.84)  # sRGB 0..1: the cloth, and what is not printed (ribs)
    textile: str | None = None  # a picture file that covers the cloth
    repeat: float = 0.3  # metres that one width of it covers
    size: tuple[int, int] = (768, 1024)  # width, height
    occluder: bool | None = None  # None: the seed decides
    weave: str | None = None  # a name of WEAVES; None: the seed chooses among the kind's


@dataclass
class Set:
    """A scene ready to be shot, and the words for how it was made."""

    facts: dict = field(default_factory=dict)  # weave, ground, light, occluder, camera


def build(sewn: Sewn, look: Look) -> Set:
    """Empty Blender and build the scene for `look` of `sewn`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    # one generator a concern, so that another ground does not move the camera
    rng = {
        name: np.random.default_rng([look.seed, i])
        for i, name in enumerate(("cloth", "place", "light", "view", "extra"))
    }
    garment = np.concatenate([part.vertices for part in sewn.parts if part.role != "stand"]).astype(float)
    everything = np.concatenate([part.vertices for part in sewn.parts]).astype(float)
    box = grounds.Box(everything.min(0), everything.max(0))
    tight = grounds.Box(garment.min(0), garment.max(0))

    weave = WEAVES[look.weave or _weave(sewn, rng["cloth"])]
    dress(sewn, look, weave, rng["cloth"])
    place = grounds.lay(rng["place"], sewn.presentation, look.ground, box, garment)
    camera = aim(sewn.presentation, garment, look.size, rng["view"], blurred=look.ground == "busy")
    light = light_up(sewn.presentation, place, tight, rng["light"])
    wanted = look.occluder
    if wanted is None:
        wanted = rng["extra"].random() < (0.35 if look.ground == "busy" else 0.15)
    thing = occlude(rng["extra"], sewn.presentation, tight, garment) if wanted else None
    return Set({"weave": weave.name, "place": place, "light": light, "occluder": thing, "camera": camera})


def _weave(sewn: Sewn, rng: Rng) -> str:
    """The cloth that the tailor cut, where he says it; else one that such a garment is made of."""
    chosen = str(rng.choice(WEAVES_OF[sewn.kind]))
    cut = {"crepe": "viscose"}.get(sewn.attributes.get("cloth"), sewn.attributes.get("cloth"))
    # the tailor's poplin stands for every light woven cloth
    return chosen if cut not in WEAVES or (cut == "poplin" and chosen in ("linen", "twill")) else cut


# ---- the garment -----------------------------------------------------------------------------------------------------


def dress(sewn: Sewn, look: Look, weave: Weave, rng: Rng) -> None:
    """Give every part its mesh and its material, and sew the visible stitches."""
    threads = picture("threads", np.dstack([thread_tile(weave.name, rng), np.zeros((TILE, TILE))]), data=True)
    printed = bpy.data.images.load(look.textile) if look.textile else None
    # what lies flat was folded in a drawer; what is worn pulls itself smooth
    wear = {"flat": 1.5, "hung": 1.1, "worn": 0.6}[sewn.presentation] * rng.uniform(0.5, 1.2)
    dyed = Dyed(look.colour, printed, look.repeat, float(wear), tuple(rng.uniform(-1.6, 1.6, 2)))
    stand = _stand_style(rng)
    for part in sewn.parts:
        thing = _mesh(part)
        for material in _materials(part, dyed, weave, threads, stand):
            thing.data.materials.append(material)
        if part.thickness:
            solid = thing.modifiers.new("thick", "SOLIDIFY")
            solid.thickness, solid.offset = part.thickness, -1.0
            solid.material_offset = len(thing.data.materials) - 1  # the wrong side's material, where there is one
            solid.use_quality_normals = True
    if sewn.stitches:
        _topstitch(sewn.stitches, look, weave)


def _mesh(part: Part) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(part.name)
    mesh.from_pydata(np.asarray(part.vertices, float), [], [tuple(int(i) for i in face) for face in part.faces])
    loops = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", loops)
    layer = mesh.uv_layers.new(name="cloth")
    layer.data.foreach_set("uv", np.asarray(part.uv, np.float32)[loops].ravel())
    mesh.polygons.foreach_set("use_smooth", np.full(len(mesh.polygons), part.smooth))
    thing = bpy.data.objects.new(part.name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _materials(part: Part, dyed: Dyed, weave: Weave, threads, stand: dict) -> list[bpy.types.Material]:
    if part.role in ("cloth", "rib", "inside"):
        if part.colour is not None:
            dyed = replace(dyed, plain=part.colour, printed=None)
        right = cloth_material(part.role, part.panel, dyed, weave, threads)
        if part.role == "cloth" and part.thickness:
            return [right, cloth_material("inside", part.panel, dyed, weave, threads)]
        return [right]
    if part.role == "trim":
        if part.colour is None:
            return [
                cloth_material(
                    "rib" if "rib" in part.name else "cloth", part.panel, replace(dyed, printed=None), weave, threads
                )
            ]
        metal = any(word in part.name for word in ("zip", "buckle", "ring", "rivet", "metal", "clasp"))
        shine = dict(rough=0.3, metal=1.0) if metal else dict(rough=0.28, coat=0.3)
        return [solid_material(part.name, part.colour, "garment", **shine)]
    return [stand_material(part, stand)]


STANDS = (
    ("matte white", (0.84, 0.83, 0.81), 0.55), ("matte white", (0.84, 0.83, 0.81), 0.35), ("black", (0.05, 0.05, 0.055), 0.45),
    ("beige", (0.78, 0.66, 0.54), 0.5), ("grey", (0.50, 0.50, 0.51), 0.55), ("linen", (0.76, 0.69, 0.58), 0.95),
    ("skin", (0.88, 0.70, 0.59), 0.5), ("skin", (0.66, 0.46, 0.34), 0.5), ("skin", (0.38, 0.25, 0.18), 0.45),
)  # fmt: skip


def _stand_style(rng: Rng) -> dict:
    name, colour, rough = STANDS[rng.integers(len(STANDS))]
    hanger = [
        ("wood", (0.62, 0.44, 0.27)),
        ("dark wood", (0.25, 0.15, 0.10)),
        ("black", (0.06, 0.06, 0.06)),
        ("white", (0.85, 0.84, 0.82)),
    ]
    return {"name": name, "colour": colour, "rough": rough, "hanger": hanger[rng.integers(len(hanger))]}


def stand_material(part: Part, style: dict) -> bpy.types.Material:
    """Mannequin, hanger or hook: their surfaces by the part's name."""
    name = part.name.lower()
    if any(word in name for word in ("hook", "wire", "rod", "pole", "rail", "nail", "metal", "clip")):
        return solid_material(part.name, (0.72, 0.71, 0.70), "stand", rough=0.25, metal=1.0)
    if "hanger" in name:
        kind, colour = style["hanger"]
        return solid_material(part.name, colour, "stand", rough=0.4, coat=0.4 if "wood" in kind else 0.0, grain=0.0001)
    if part.colour is not None and not any(word in name for word in ("mannequin", "body", "form", "skin")):
        return solid_material(part.name, part.colour, "stand", rough=0.5)
    return _body(style)


def _body(style: dict) -> bpy.types.Material:
    graph = Graph("mannequin")
    where = graph.add("TexCoord").outputs["Object"]
    scale, relief = (1100.0, 0.0004) if style["name"] == "linen" else (350.0, 0.00006)
    bump = graph.add(
        "Bump", Strength=1.0, Distance=relief, Height=graph.add("TexNoise", Vector=where, Scale=scale).outputs[0]
    )
    slow = graph.add("TexNoise", Vector=where, Scale=7.0, Detail=3.0).outputs[0]
    base = linear(style["colour"])
    colour = graph.mix(slow, tuple(0.93 * c for c in base), tuple(1.05 * c for c in base))
    shader = graph.add(
        "BsdfPrincipled", Base_Color=colour, Roughness=style["rough"], Normal=bump,
        Specular_IOR_Level=0.1 if style["name"] == "linen" else 0.4,
    )  # fmt: skip
    mark(graph, "stand")
    return graph.surface(shader)


def _topstitch(lines: list[np.ndarray], look: Look, weave: Weave, dash: float = 0.0028, gap: float = 0.0012) -> None:
    """Thread along the polylines: short tubes, half sunk into the cloth."""
    curve = bpy.data.curves.new("stitches", "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution = "3D", 0.00042, 1
    for line in lines:
        for points in dashes(np.asarray(line, float), dash, gap):
            spline = curve.splines.new("POLY")
            spline.points.add(len(points) - 1)
            spline.points.foreach_set("co", np.c_[points, np.ones(len(points))].ravel())
    if weave.name == "denim":
        thread = (0.72, 0.46, 0.20)
    else:
        thread = tuple(0.93 * c for c in look.colour)
    curve.materials.append(solid_material("thread", thread, "garment", rough=0.7))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("stitches", curve))


def dashes(line: np.ndarray, dash: float, gap: float) -> list[np.ndarray]:
    """Cut a polyline (N, 3) into dashes of so many metres with gaps between; each is (3, 3)."""
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    if length[-1] < dash:
        return []
    starts = np.arange(0, length[-1] - dash, dash + gap)
    at = starts[:, None] + np.linspace(0, dash, 3)
    points = np.stack([np.interp(at, length, line[:, i]) for i in range(3)], -1)
    return list(points)


# ---- camera ----------------------------------------------------------------------------------------------------------


def axes(presentation: str) -> np.ndarray:
    """Rows: the viewer's right, up, and the way from the garment to the camera."""
    if presentation == "flat":
        return np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    return np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def aim(presentation: str, garment: np.ndarray, size: tuple[int, int], rng: Rng, blurred: bool) -> dict:
    """Put the camera where `garment` (N, 3) fills 70 to 85 % of the frame; returns what the picture's facts say of it."""
    right, up, toward = axes(presentation)
    flat = presentation == "flat"
    focal = float(rng.uniform(30, 50) if flat else rng.choice((35, 50, 70, 85)) * rng.uniform(0.95, 1.05))
    pitch, yaw, roll = np.radians(rng.normal(0, (4.5, 2.0, 1.5) if flat else (2.0, 5.0, 0.8)))
    if flat:
        pitch = abs(pitch)  # people stand at the hem's side and lean over
    way = toward * math.cos(pitch) * math.cos(yaw) + right * math.sin(yaw) - up * math.sin(pitch) * (1 if flat else -1)
    side = np.cross(up, way)
    side /= np.linalg.norm(side)
    top = np.cross(way, side)
    side, top = side * math.cos(roll) + top * math.sin(roll), top * math.cos(roll) - side * math.sin(roll)

    fill, aspect = float(rng.uniform(0.72, 0.85)), size[0] / size[1]
    sensor = 36.0
    target = (garment.min(0) + garment.max(0)) / 2
    shift = rng.normal(0, 0.012, 2)
    distance = 3.0
    for _ in range(12):  # where the outline falls depends on the distance, and the distance on the outline
        seen = garment - (target + way * distance)
        depth = -(seen @ way)
        x, y = (seen @ side) / depth * focal / sensor, (seen @ top) / depth * focal / sensor  # in frame heights
        wide, high = np.ptp(x), np.ptp(y)
        distance *= max(high / fill, wide / (0.87 * aspect))
        off = np.array([(x.max() + x.min()) / 2 - shift[0], (y.max() + y.min()) / 2 - shift[1]])
        target = target + (side * off[0] + top * off[1]) * distance * sensor / focal

    eye = target + way * distance
    lens = bpy.data.cameras.new("camera")
    lens.sensor_fit, lens.sensor_height, lens.lens = "VERTICAL", sensor, focal
    lens.clip_start, lens.clip_end = 0.05, 100
    f_stop = float(rng.choice((2.0, 2.8, 4.0))) if blurred and not flat else 8.0
    lens.dof.use_dof, lens.dof.aperture_fstop = True, f_stop
    near = float(np.quantile((eye - garment) @ way, 0.25))
    lens.dof.focus_distance = near
    thing = bpy.data.objects.new("camera", lens)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = side, top, way, eye
    thing.matrix_world = Matrix(pose.tolist())
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = thing
    return {
        "focal": round(focal, 1), "distance": round(distance, 3), "f_stop": f_stop,
        "pitch": round(math.degrees(pitch), 1), "yaw": round(math.degrees(yaw), 1), "roll": round(math.degrees(roll), 1),
    }  # fmt: skip


# ---- light -----------------------------------------------------------------------------------------------------------


def kelvin(temperature: float, balance: float = 0.55) -> tuple[float, float, float]:
    """Linear colour of a black body, as a camera balanced for daylight sees it after correcting `balance` of the cast."""
    t = temperature / 100
    red = 255 if t <= 66 else 329.7 * (t - 60) ** -0.1332
    green = 99.47 * math.log(t) - 161.12 if t <= 66 else 288.12 * (t - 60) ** -0.0755
    blue = 255 if t >= 66 else (0 if t <= 19 else 138.52 * math.log(t - 10) - 305.04)
    colour = np.asarray(linear(np.clip(np.array([red, green, blue]) / 255, 0, 1)))
    colour = colour / colour.mean()
    return tuple(float(c) for c in 1 + (colour - 1) * (1 - balance))


def light_up(presentation: str, place: str, box: grounds.Box, rng: Rng) -> str:
    """Lamps for the garment in `box`; returns the arrangement's name."""
    right, up, toward = axes(presentation)
    reach = max(0.7, float(np.linalg.norm(box.high - box.low)))  # small things are lit from nearer
    side, flat = float(rng.choice((-1, 1))), presentation == "flat"

    def lamp(at, size, power, tint):
        """An area light at `at` (right, up, toward, in garment sizes) facing the garment; `size` likewise."""
        # over a table a lamp hangs higher, or it would burn the cloth's surroundings
        spot = box.centre + reach * (at[0] * right + at[1] * up + at[2] * (1.2 if flat else 1.0) * toward)
        light = bpy.data.lights.new("lamp", "AREA")
        light.shape, light.size, light.size_y = "RECTANGLE", size[0] * reach, size[1] * reach
        light.energy, light.color = power * reach * reach, tint
        thing = bpy.data.objects.new("lamp", light)
        way = spot - box.centre
        way /= np.linalg.norm(way)
        aside = np.cross(up if abs(way @ up) < 0.95 else toward, way)
        aside /= np.linalg.norm(aside)
        pose = np.eye(4)
        pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = aside, np.cross(way, aside), way, spot
        thing.matrix_world = Matrix(pose.tolist())
        thing.visible_camera = False
        bpy.context.scene.collection.objects.link(thing)

    names = ["garden"] if place == "garden" else ["softbox", "window", "window", "ceiling", "overcast"]
    if presentation == "flat" or place in ("plaster_wall", "wardrobe"):
        names.append("flash")
    name = str(names[rng.integers(len(names))])
    day, lamp_tint = kelvin(rng.uniform(5200, 7200)), kelvin(rng.uniform(2900, 4200))
    jitter = rng.uniform(0.85, 1.15, 6)
    if name == "softbox":
        lamp((side * 1.1 * jitter[0], 0.75 * jitter[1], 1.25), (0.7, 0.9), 50, day)
        lamp((-side * 1.5, 0.1, 1.3), (1.2, 1.2), 14 * jitter[2], day)
        fill = 0.24
    elif name == "window":
        lamp((side * 1.45 * jitter[0], 0.25 * jitter[1], 0.75 * jitter[3]), (0.65, 1.1), 55, day)
        lamp((-side * 1.5, 0.2, 1.2), (1.4, 1.4), 9 * jitter[4], day)  # the far wall sends some of it back
        fill = 0.34 * jitter[2]
    elif name == "ceiling":
        lamp((side * 0.45 * jitter[0], (0.6 if flat else 1.25) * jitter[1], 0.9), (0.22, 0.22), 60, lamp_tint)
        lamp((-side * 1.6, 0.2, 1.0), (1.0, 1.0), 10, day)
        fill = 0.30
    elif name == "overcast":
        lamp((side * 0.6, 1.0, 1.1), (2.2, 2.2), 62, day)
        fill = 0.45
    elif name == "flash":
        lamp((side * 0.06, 0.10, 1.7), (0.05, 0.05), 60, kelvin(5800))
        lamp((side * 0.8, 1.3, 0.9), (0.8, 0.8), 22, lamp_tint)
        fill = 0.25
    else:
        sun = bpy.data.lights.new("sun", "SUN")
        sun.energy, sun.angle, sun.color = 1.6 * jitter[0], math.radians(rng.uniform(2, 25)), kelvin(5200)
        thing = bpy.data.objects.new("sun", sun)
        thing.rotation_euler = (math.radians(rng.uniform(25, 50)), 0.0, side * math.radians(rng.uniform(15, 55)))
        bpy.context.scene.collection.objects.link(thing)
        fill = 0.9
    _sky(fill, kelvin(rng.uniform(4800, 7500)), name == "garden")
    return name


def _sky(strength: float, tint, outdoors: bool) -> None:
    """Light from all around, a little stronger from above: the room's walls, or the sky."""
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    tree = world.node_tree
    tree.nodes.clear()
    out, back = tree.nodes.new("ShaderNodeOutputWorld"), tree.nodes.new("ShaderNodeBackground")
    where, split = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeSeparateXYZ")
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    tree.links.new(where.outputs["Generated"], split.inputs[0])
    tree.links.new(split.outputs[2], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], back.inputs[0])
    tree.links.new(back.outputs[0], out.inputs[0])
    low = (0.25, 0.25, 0.22) if outdoors else (0.45, 0.42, 0.38)
    ramp.color_ramp.elements[0].color = (*(a * b for a, b in zip(low, tint, strict=True)), 1)
    ramp.color_ramp.elements[1].color = (*tint, 1)
    back.inputs[1].default_value = strength


# ---- things in the way -----------------------------------------------------------------------------------------------


def occlude(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> str:
    """Lay or hang something over the garment's edge; returns what."""
    things = (lay_book, lay_cup, lay_scarf, hang_leaf) if presentation == "flat" else (pin_tag, hang_leaf, pin_tag)
    thing = things[rng.integers(len(things))]
    thing(rng, presentation, box, garment)
    return thing.__name__.split("_")[1]


def _edge(rng: Rng, presentation: str, garment: np.ndarray) -> np.ndarray:
    """A point of the garment's lower outline, at its surface towards the camera."""
    right, up, toward = axes(presentation)
    x, y = garment @ right, garment @ up
    level = y.min() + rng.uniform(0.08, 0.45) * np.ptp(y)
    row = np.abs(y - level) < 0.03 * np.ptp(y)
    side = rng.choice((-1, 1))
    tip = (x[row] * side).max() * side
    near = row & (np.abs(x - tip) < 0.08)
    return right * tip + up * level + toward * (garment[near] @ toward).max()


def _under(garment: np.ndarray, at: np.ndarray, reach: float) -> float:
    """How high the laid garment is within `reach` metres of the point."""
    near = np.linalg.norm(garment[:, :2] - at[:2], axis=1) < reach
    return float(garment[near, 2].max()) if near.any() else float(at[2])


def lay_book(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> None:
    at = _edge(rng, presentation, garment)
    at[2] = _under(garment, at, 0.14)
    cover = solid_material("cover", grounds._tone(rng, grounds.CLOTHES, 0.1), "occluder", rough=0.5)
    pages = solid_material("pages", (0.88, 0.85, 0.77), "occluder", rough=0.9)
    turn = rng.uniform(-0.5, 0.5)
    half = np.array([0.07, 0.105, 0])
    for low, high, material, inset in ((0.0, 0.003, cover, 0), (0.003, 0.022, pages, 0.004), (0.022, 0.025, cover, 0)):
        grounds.block(
            "book",
            np.add(at - half, (inset, inset, low)),
            np.add(at + half, (-inset, -inset, high)),
            material,
            0.001,
            turn,
        )


def lay_cup(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> None:
    at = _edge(rng, presentation, garment)
    at[2] = _under(garment, at, 0.06)
    glaze = solid_material(
        "cup",
        grounds._tone(rng, ((0.88, 0.87, 0.84), (0.2, 0.3, 0.4), (0.6, 0.3, 0.2))),
        "occluder",
        rough=0.2,
        coat=0.5,
    )
    coffee = solid_material("coffee", (0.16, 0.08, 0.04), "occluder", rough=0.1)
    grounds.lathe(
        "saucer", ((0.0, 0.002), (0.04, 0.003), (0.075, 0.014), (0.075, 0.017), (0.04, 0.007), (0.0, 0.006)), glaze, at
    )
    grounds.lathe(
        "cup",
        ((0.0, 0.008), (0.026, 0.008), (0.038, 0.05), (0.041, 0.075), (0.038, 0.075), (0.034, 0.05), (0.02, 0.012)),
        glaze,
        at,
    )
    grounds.lathe("coffee", ((0.0, 0.062), (0.0365, 0.062)), coffee, at)


def lay_scarf(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> None:
    """A folded strip of cloth over the garment's side, settling on what is below it."""
    at = _edge(rng, presentation, garment)
    long, wide, n = 0.75, rng.uniform(0.12, 0.2), 90
    s, t = np.meshgrid(np.linspace(-0.5, 0.5, n), np.linspace(-0.5, 0.5, 36))
    turn, sway = rng.uniform(-0.6, 0.6) + np.pi / 2, 0.05 * np.sin(s * rng.uniform(4, 8))
    x, y = s * long, t * wide * (1 + 0.15 * np.sin(5 * s)) + sway
    gx, gy = at[0] + x * math.cos(turn) - y * math.sin(turn), at[1] + x * math.sin(turn) + y * math.cos(turn)
    base = np.array(
        [
            _under(garment, np.array([a, b, box.low[2]]), 0.035)
            for a, b in zip(gx.ravel()[::7], gy.ravel()[::7], strict=True)
        ]
    )
    low = np.interp(np.arange(gx.size), np.arange(0, gx.size, 7), base).reshape(gx.shape)
    for _ in range(40):
        p = np.pad(low, 1, mode="edge")
        low = np.maximum(low, (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) / 4)
    ripple = (
        0.005 + 0.005 * np.sin(t * rng.uniform(9, 16) + 3 * s) + 0.003 * grounds.periodic_noise(rng, s.shape, 12, 8)
    )
    cloth = grounds.woven("scarf", grounds._tone(rng, grounds.CLOTHES, 0.12))
    _claim(cloth, "occluder")
    scarf = grounds.grid("scarf", gx, gy, low + np.maximum(ripple, 0.002), cloth)
    solid = scarf.modifiers.new("thick", "SOLIDIFY")
    solid.thickness, solid.offset = 0.002, -1.0


def _claim(material: bpy.types.Material, who: str) -> None:
    """Mark a material that was made for grounds as an occluder's."""
    node = material.node_tree.nodes.new("ShaderNodeOutputAOV")
    node.aov_name = "who"
    node.inputs[0].default_value = {"occluder": (0, 0, 1, 1), "stand": (0, 1, 0, 1)}[who]


def hang_leaf(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> None:
    """A twig that reaches into the picture from the side."""
    right, up, toward = axes(presentation)
    at = _edge(rng, presentation, garment)
    side = 1.0 if (at - box.centre) @ right > 0 else -1.0
    green = grounds.leaf_material(grounds._tone(rng, ((0.20, 0.36, 0.15), (0.33, 0.42, 0.22)), 0.05), "occluder")
    mesh = grounds.leaf_mesh((0.05, 0.11))
    stalk = bpy.data.curves.new("stalk", "CURVE")
    stalk.dimensions, stalk.bevel_depth = "3D", 0.0022
    spline = stalk.splines.new("POLY")
    s = np.linspace(0, 1, 14)[:, None]
    lift = 0.03 if presentation == "flat" else 0.06
    path = (
        at + right * side * (0.55 * s - 0.10) + up * (0.10 * s**2 - 0.05 * s) + toward * (lift + 0.03 * np.sin(3 * s))
    )
    spline.points.add(13)
    spline.points.foreach_set("co", np.c_[path, np.ones(14)].ravel())
    stalk.materials.append(solid_material("stalk", (0.30, 0.26, 0.14), "occluder", rough=0.8))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("stalk", stalk))
    spin = math.atan2(0.0, -side) - math.pi / 2
    for i, point in enumerate(path[:-1]):
        angle = spin + (0.75 if i % 2 else -0.75) * rng.uniform(0.7, 1.2)
        turn = (rng.uniform(-0.3, 0.4), rng.uniform(-0.4, 0.4), angle)
        if presentation != "flat":
            turn = (math.pi / 2 + turn[0], angle + math.pi / 2, turn[1])
        grounds.place_leaf(mesh, green, point, turn, rng.uniform(0.7, 1.15))


CARD = np.array([0.024, 0.0008, 0.042])  # half a price tag, metres


def pin_tag(rng: Rng, presentation: str, box: grounds.Box, garment: np.ndarray) -> None:
    """A price tag on a thread, before the garment's upper half."""
    right, up, toward = axes(presentation)
    size = box.high - box.low
    spot = box.centre + right * rng.uniform(-0.2, 0.2) * (size @ right) + up * rng.uniform(0.0, 0.25) * abs(size @ up)
    near = np.linalg.norm((garment - spot) @ np.stack([right, up], 1), axis=1) < 0.06
    front = (garment[near] @ toward).max() if near.any() else box.high @ toward
    hang = right * (spot @ right) + up * (spot @ up) + toward * (front + 0.004)
    card = solid_material(
        "card", grounds._tone(rng, ((0.90, 0.89, 0.86), (0.78, 0.66, 0.50), (0.12, 0.12, 0.13))), "occluder", rough=0.6
    )
    tilt, drop = rng.uniform(-0.25, 0.25), rng.uniform(0.05, 0.09)
    middle = hang + up * -(drop + 0.045) + right * math.sin(tilt) * drop
    tag = grounds.block("tag", middle - CARD, middle + CARD, card, 0.0006)
    tag.rotation_euler = (rng.uniform(-0.08, 0.02), tilt, rng.uniform(-0.2, 0.2))
    ink = solid_material("ink", (0.15, 0.15, 0.17), "occluder", rough=0.7)
    for i, (wide, high) in enumerate(((0.016, 0.004), (0.012, 0.0015), (0.017, 0.009))):
        line = grounds.block(
            "ink", (-wide, -0.0012, 0.016 - 0.017 * i), (wide, -0.0009, 0.016 - 0.017 * i + high), ink, 0
        )
        line.parent = tag
    string = bpy.data.curves.new("string", "CURVE")
    string.dimensions, string.bevel_depth = "3D", 0.0006
    spline = string.splines.new("POLY")
    end = middle + up * 0.036
    spline.points.add(2)
    spline.points.foreach_set("co", np.r_[hang, 1, (hang + end) / 2 + toward * 0.004, 1, end, 1])
    string.materials.append(solid_material("string", (0.85, 0.83, 0.78), "occluder", rough=0.9))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("string", string))


def passes(layer: bpy.types.ViewLayer) -> None:
    """Ask the view layer for the passes that the materials write."""
    for name, kind in PASSES.items():
        aov = layer.aovs.add()
        aov.name, aov.type = name, kind
