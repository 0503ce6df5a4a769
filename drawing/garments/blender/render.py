"""Takes the picture and its ground truth: path-traced light, and one exact sample a pixel for places on the cloth.

All linear light is scaled by one exposure, so that `dye * shading` is the diffuse picture as published.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from drawing.garments.blender import studio
from drawing.garments.blender.meshes import Sewn
from drawing.garments.kinds import LABEL_OF, LABELS

# The mask's palette, of which LABELS holds the garments' values.
GROUND, STAND, OCCLUDER = 0, 6, 7
KEY = 1.02  # the light on the cloth's bright parts: a white shirt of 0.8 then stands at 0.8, sRGB 231
CAREFUL = 24  # paths a pixel from which the denoiser takes its time too: half a minute more at 768x1024


@dataclass
class Shot:
    """A picture with what is true of it; all arrays (H, W, ...).

    `image` is sRGB uint8; `mask` uint8: 0 ground, LABELS' value where most of the pixel is the garment, STAND, OCCLUDER.
    `uv` float32 metres on the bolt and `panel` int16 its piece, NaN and -1 where the print does not reach. `shading`
    float32: linear light that white cloth would send back, threads and creases included; 0 off the cloth. `weight`
    float32 0..1: how much of the pixel follows the cloth's colour (1 right side and ribs, WRONG_SIDE inside, edges in
    between). `depth` float32 metres along the view, `normal` float32 unit vectors in the world. `dye` float32: the
    linear colour of the cloth times weight.
    """

    image: np.ndarray
    mask: np.ndarray
    uv: np.ndarray
    panel: np.ndarray
    shading: np.ndarray
    weight: np.ndarray
    dye: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    facts: dict
    diffuse: np.ndarray | None = None  # the traced diffuse picture before denoising, for checks


def shoot(sewn: Sewn, look: studio.Look, samples: int = 20) -> Shot:
    """Photograph `sewn` as `look` says with `samples` paths a pixel (a truth pass of one path follows)."""
    built = studio.build(sewn, look)
    light = _trace(look.size, samples)
    exact = _trace_exact()
    return _develop(sewn, look, light, exact, built.facts)


# ---- tracing ---------------------------------------------------------------------------------------------------------


def _trace(size: tuple[int, int], samples: int) -> dict[str, np.ndarray]:
    """The picture and its light, denoised (Open Image Denoise), as linear float32 layers by name."""
    scene, layer = bpy.context.scene, bpy.context.view_layer
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *size, 100
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "Standard"
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling, cycles.adaptive_threshold = samples, True, 0.03
    cycles.use_denoising, cycles.seed = True, 0
    cycles.denoiser, cycles.denoising_input_passes = "OPENIMAGEDENOISE", "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "ACCURATE" if samples >= CAREFUL else "FAST"
    # few lamps and an even sky: choosing among them cleverly costs more than it saves
    cycles.use_light_tree = False
    scene.world.cycles.sampling_method = "NONE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 3, 3, 2, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect, cycles.blur_glossy = 6.0, 1.0
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    layer.cycles.denoising_store_passes = True
    for name in ("diffuse_direct", "diffuse_indirect", "diffuse_color", "z", "normal"):
        setattr(layer, f"use_pass_{name}", True)
    studio.passes(layer)
    wanted = ("Image", "Diffuse Direct", "Diffuse Indirect", "Diffuse Color", "dye", "weight", "who")
    return _layers(wanted, denoised_light=True, prefilter="Accurate" if samples >= CAREFUL else "Fast")


def _trace_exact() -> dict[str, np.ndarray]:
    """One sample through each pixel's middle: what is there, unblended."""
    scene = bpy.context.scene
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising, cycles.max_bounces = 1, False, False, 0
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 0.01
    scene.camera.data.dof.use_dof = False
    return _layers(("place", "weight", "who", "Depth", "Normal"), denoised_light=False)


def _layers(wanted: tuple[str, ...], denoised_light: bool, prefilter: str = "Fast") -> dict[str, np.ndarray]:
    """Render once and take the passes out through a file, the only way Blender hands them over without a window."""
    scene = bpy.context.scene
    tree = bpy.data.node_groups.new("passes", "CompositorNodeTree")
    scene.compositing_node_group = tree
    source, sink = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeOutputFile")
    outputs = {name: source.outputs[name] for name in wanted}
    if denoised_light:
        outputs["light"] = _denoised(tree, source, prefilter)
    sink.format.media_type = "MULTI_LAYER_IMAGE"
    sink.format.color_depth, sink.format.exr_codec = "32", "NONE"
    sink.format.use_exr_interleave = True  # all layers in one part, as read_exr wants it
    kinds = {"VALUE": "FLOAT", "VECTOR": "VECTOR"}
    for name, socket in outputs.items():
        sink.file_output_items.new(kinds.get(socket.type, "RGBA"), name)
    for name, socket in outputs.items():  # only now: a new item cuts the links made before
        tree.links.new(socket, sink.inputs[name])
    with tempfile.TemporaryDirectory(prefix="selvedge-passes-") as folder:
        sink.directory, sink.file_name = folder, "passes"
        bpy.ops.render.render()
        (file,) = Path(folder).glob("*.exr")
        layers = read_exr(file)
    scene.compositing_node_group = None
    bpy.data.node_groups.remove(tree)
    return layers


def _denoised(tree, source, prefilter: str):
    """Direct and indirect diffuse light together, without its noise."""
    total = tree.nodes.new("ShaderNodeMix")
    total.data_type, total.blend_type = "RGBA", "ADD"
    total.inputs[0].default_value = 1.0
    tree.links.new(source.outputs["Diffuse Direct"], total.inputs[6])
    tree.links.new(source.outputs["Diffuse Indirect"], total.inputs[7])
    clean = tree.nodes.new("CompositorNodeDenoise")
    tree.links.new(total.outputs[2], clean.inputs["Image"])
    tree.links.new(source.outputs["Denoising Normal"], clean.inputs["Normal"])
    clean.inputs["Prefilter"].default_value = prefilter
    return clean.outputs[0]


def read_exr(path: Path) -> dict[str, np.ndarray]:
    """The layers of an uncompressed scan-line OpenEXR file: (H, W) or (H, W, C) float32 by layer name.

    Channels come in the order R G B (A), X Y Z. Raises ValueError for what Blender did not write here.
    """
    data = path.read_bytes()
    if data[:4] != b"\x76\x2f\x31\x01":
        raise ValueError(f"{path}: is not OpenEXR")
    at, header = 8, {}
    while data[at]:
        name, kind, rest = data[at:].split(b"\0", 2)
        at += len(name) + len(kind) + 2
        length = int.from_bytes(data[at : at + 4], "little")
        header[name.decode()] = data[at + 4 : at + 4 + length]
        at += 4 + length
    if header["compression"] != b"\0":
        raise ValueError(f"{path}: is compressed")
    x0, y0, x1, y1 = np.frombuffer(header["dataWindow"], "<i4")
    width, height = int(x1 - x0 + 1), int(y1 - y0 + 1)
    channels, rest = [], header["channels"]
    while rest[0]:
        name, rest = rest.split(b"\0", 1)
        channels.append((name.decode(), {1: np.dtype("<f2"), 2: np.dtype("<f4")}[int.from_bytes(rest[:4], "little")]))
        rest = rest[16:]
    line = np.dtype([("y", "<i4"), ("bytes", "<i4"), *((name, kind, (width,)) for name, kind in channels)])
    lines = np.frombuffer(data, line, height, at + 1 + 8 * height)
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, _ in channels:
        layer, _, channel = name.rpartition(".")
        groups.setdefault(layer or name, {})[channel] = lines[name].astype(np.float32)
    return {name: _stacked(parts) for name, parts in groups.items()}


def _stacked(parts: dict[str, np.ndarray]) -> np.ndarray:
    order = [c for c in "RGBXYZ" if c in parts]
    return np.stack([parts[c] for c in order], -1) if order else next(iter(parts.values()))


# ---- developing ------------------------------------------------------------------------------------------------------


def _develop(sewn: Sewn, look: studio.Look, light: dict, exact: dict, facts: dict) -> Shot:
    weight, dye = _scalar(light["weight"]), light["dye"]
    mask = _mask(light["who"], LABELS[LABEL_OF[sewn.kind]])
    uv, panel = _places(exact, mask, weight)
    shading = _shading(light, weight, dye)
    exposure = _exposure(light["Image"], shading, weight, look.seed)
    facts = {**facts, "exposure": round(float(np.log2(exposure)), 2)}
    return Shot(
        image=_encoded(_camera(light["Image"] * exposure, look.seed)),
        mask=mask, uv=uv, panel=panel, shading=shading * exposure, weight=np.clip(weight, 0, 1), dye=dye,
        depth=_scalar(exact["Depth"]), normal=exact["Normal"], facts=facts,
        diffuse=light["Diffuse Color"] * (light["Diffuse Direct"] + light["Diffuse Indirect"]) * exposure,
    )  # fmt: skip


def _scalar(layer: np.ndarray) -> np.ndarray:
    return layer[..., 0] if layer.ndim == 3 else layer


def _mask(who: np.ndarray, label: int) -> np.ndarray:
    """What most of each pixel shows."""
    shares = np.concatenate([1 - who.sum(-1, keepdims=True), who], -1)
    return np.array([GROUND, label, STAND, OCCLUDER], np.uint8)[shares.argmax(-1)]


def _places(exact: dict, mask: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uv and panel where the print is; a pixel that is mostly cloth but whose middle is not takes its neighbour's."""
    place, marked = exact["place"], np.round(exact["place"][..., 2]).astype(np.int16)
    uv = np.where(marked[..., None] > 0, place[..., :2], np.nan).astype(np.float32)
    panel = np.where(marked > 0, marked - 1, -1).astype(np.int16)
    garment = (mask >= 1) & (mask <= 5)
    # a rib, button or lining within the garment keeps its NaN: only the outline's pixels are lacking
    lacking = garment & (panel < 0) & (_scalar(exact["weight"]) == 0) & (exact["who"][..., 0] < 0.5) & (weight > 0.4)
    for _ in range(3):
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            other = np.roll(panel, (dy, dx), (0, 1))
            take = lacking & (panel < 0) & (other >= 0)
            uv[take], panel[take] = np.roll(uv, (dy, dx), (0, 1))[take], other[take]
    off = ~garment
    uv[off], panel[off] = np.nan, -1
    return uv, panel


def _shading(light: dict, weight: np.ndarray, dye: np.ndarray) -> np.ndarray:
    """Diffuse light per unit of dye. At edges, where the ground's light is mixed in, the cloth's is carried outwards."""
    whole = (weight > 0.02) & (np.abs(light["who"][..., 0] - 1) < 0.02)
    tint = light["Diffuse Color"] / np.maximum(dye, 1e-4)
    shading = np.where(whole[..., None], light["light"] * np.clip(tint, 0, 2), 0).astype(np.float32)
    known = whole.astype(np.float32)
    for _ in range(4):
        total = sum(np.roll(shading * known[..., None], s, (0, 1)) for s in SHIFTS)
        count = sum(np.roll(known, s, (0, 1)) for s in SHIFTS)
        new = (known == 0) & (count > 0) & (weight > 0.004)
        shading[new] = total[new] / count[new, None]
        known[new] = 1
    return shading


SHIFTS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]


def _exposure(image: np.ndarray, shading: np.ndarray, weight: np.ndarray, seed: int) -> float:
    """As a light meter held to the cloth: white is white and black is black, and the ground does not burn out."""
    inside = weight > 0.9
    level = float(np.quantile(shading[inside].mean(-1), 0.88)) if inside.any() else 1.0
    taste = float(np.random.default_rng([seed, 99]).uniform(-0.02, 0.16))
    exposure = KEY / max(level, 1e-6) * 2.0**taste
    burnt = float(np.quantile(image.max(-1), 0.985))
    cloth = float(np.quantile(image[inside].max(-1), 0.996)) if inside.any() else burnt
    return exposure * min(1.0, max(0.75, 0.97 / (exposure * burnt)), 0.97 / (exposure * cloth))


def _camera(light: np.ndarray, seed: int) -> np.ndarray:
    """The sensor's grain: shot noise that grows with the light, and a floor."""
    rng = np.random.default_rng([seed, 98])
    iso = rng.uniform(0.004, 0.010)
    noise = rng.standard_normal(light.shape).astype(np.float32)
    return light + noise * iso * np.sqrt(np.maximum(light, 0) + 0.02)


def _encoded(light: np.ndarray) -> np.ndarray:
    """Linear light -> sRGB bytes (view transform Standard)."""
    light = np.clip(light, 0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)
