"""Puts a sewn garment on a mannequin, on a hanger or on a table and lets the cloth fall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drawing.garments.blender import body, solver, trims
from drawing.garments.blender.figure import arm_line, leg_line
from drawing.garments.blender.meshes import Part, Sewn
from drawing.garments.blender.tailor import FRONT, SHOULDER_Z, Pattern, pattern
from drawing.garments.kinds import KINDS, PRESENTATIONS

STEP = 0.0138  # metres between vertices while the cloth is simulated
VERTICES = 4600
TRIES = 3


def drape(kind: str, seed: int, presentation: str) -> Sewn:
    """Sews and drapes garment `seed` of `kind`; the same three arguments give the same meshes on one machine.

    Raises:
        ValueError: an unknown kind or presentation.
        RuntimeError: the simulation failed `TRIES` times.
    """
    if kind not in KINDS:
        raise ValueError(f"no garment kind {kind!r}: choose one of {', '.join(KINDS)}")
    if presentation not in PRESENTATIONS:
        raise ValueError(f"no presentation {presentation!r}: choose one of {', '.join(PRESENTATIONS)}")
    made = pattern(kind, seed)
    fault = ""
    for attempt in range(TRIES):
        rng = np.random.default_rng([seed, KINDS.index(kind), PRESENTATIONS.index(presentation), attempt])
        step = max(STEP, np.sqrt(sum(piece.area for piece in made.pieces) / VERTICES * 1.15))
        sheet = solver.mesh(made, step * (1.0, 0.94, 1.07)[attempt])
        points, stand = PRESENT[presentation](made, sheet, rng, seed)
        fault = _fault(sheet, points)
        if not fault:
            return _finish(made, sheet, points, stand, presentation)
    raise RuntimeError(f"{kind} {seed} {presentation}: the cloth could not be draped: {fault}")


def _fault(sheet: solver.Sheet, points: np.ndarray) -> str:
    """Why a simulated sheet is not usable, or nothing."""
    if not np.isfinite(points).all():
        return "not finite"
    extent = np.ptp(points, axis=0)
    if extent.max() > 2.2:
        return f"{extent.max():.1f} m across"
    ratio = solver.stretch(sheet, points)
    if np.quantile(ratio, 0.995) > 2.6 or ratio.max() > 8:
        return f"an edge is {ratio.max():.1f} times as long as cut"
    return ""


# --- where the cloth starts -----------------------------------------------------------------------------------------------


def _flat_points(made: Pattern, sheet: solver.Sheet, spread: bool = False) -> np.ndarray:
    """(V, 3): x, z and ripple of every vertex on the flat drawing."""
    out = np.zeros((len(sheet.cloth), 3))
    for index, piece in enumerate(made.pieces):
        own = sheet.piece == index
        points = sheet.cloth[own]
        out[own] = np.column_stack([points, 0 * points[:, 0]]) if spread and piece.spreads else piece.flat(points)
    return out


def _rim_distance(made: Pattern, sheet: solver.Sheet, flat: np.ndarray) -> np.ndarray:
    """(V,) distance to the silhouette of the flat drawing, where front and back are sewn together."""
    starts, ends = [], []
    for seam in made.seams:
        if seam.outer:
            line = flat[sheet.borders[seam.a], :2]
            starts.append(line[:-1])
            ends.append(line[1:])
    return solver.segment_distance(flat[:, :2], np.vstack(starts), np.vstack(ends))


def _bulge(distance: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Half the thickness of a body of half depth `depth` with a round rim."""
    e = np.clip(distance / depth, 0, 1)
    return depth * np.sqrt(1 - (1 - e) ** 2)


def _limbs(made: Pattern, sheet: solver.Sheet) -> tuple[np.ndarray, np.ndarray]:
    """Limb and sheet (front or back) of every vertex."""
    limb = np.array([piece.limb for piece in made.pieces])[sheet.piece]
    face = np.array([piece.sheet for piece in made.pieces])[sheet.piece]
    return limb, face


def _around_body(made: Pattern, sheet: solver.Sheet) -> np.ndarray:
    """(V, 3) the cloth put loosely round the mannequin."""
    figure = made.figure
    flat = _flat_points(made, sheet)
    limb, face = _limbs(made, sheet)
    distance = _rim_distance(made, sheet, flat)
    x, z, ripple = flat.T.copy()
    half_width, half_depth, centre = figure.half(z)
    depth = half_depth + 0.014
    if figure.name == "female":
        depth = depth + np.where(face == FRONT, 0.030 * np.exp(-(((z - 1.22) / 0.07) ** 2)), 0)
    legs = (limb == "leg") & (z < 0.80)
    line = leg_line(figure, 1)[::-1]
    depth[legs] = np.interp(z[legs], line[:, 2], line[:, 3]) + 0.022
    centre[legs] = np.interp(z[legs], line[:, 2], line[:, 1])
    depth[limb == "hood"], centre[limb == "hood"] = 0.09, 0.02
    if made.kind in ("skirt", "dress"):
        low = (limb == "trunk") & (z < 1.0)
        depth[low] = np.maximum(depth, np.interp(z, [0.3, 0.8, 1.0], [0.20, 0.14, 0.10]))[low]
    arms = limb == "arm"
    if arms.any():
        x, z, depth, centre = _along_arms(made, sheet, flat, x, z, depth, centre)
    swell = _bulge(distance, depth)
    x = _squeeze(made, sheet, x, flat, depth, limb, half_width)
    return np.column_stack([x, centre + face * (swell + 0.0015 + ripple), z])


def _along_arms(made: Pattern, sheet: solver.Sheet, flat, x, z, depth, centre):
    """Lays the sleeves along the mannequin's arms: their middle on the arm's axis, blended in over the shoulder."""
    x, z, depth, centre = x.copy(), z.copy(), depth.copy(), centre.copy()
    for label, side in (("right", 1), ("left", -1)):
        names = [f"sleeve.{label}.front", f"sleeve.{label}.back"]
        own = np.isin(sheet.piece, [k for k, piece in enumerate(made.pieces) if piece.name in names])
        top, low = (flat[sheet.borders[names[0], edge], :2] for edge in ("top", "under"))
        tip = flat[sheet.borders[names[0], "armhole"], :2]
        tip = tip[np.argmax(tip[:, 1])]
        end = top[np.argmin(top[:, 1])]
        along = (end - tip) / np.linalg.norm(end - tip)
        across = np.array([side * along[1], -side * along[0]])  # from the fold to the underarm
        if across[1] > 0:
            across = -across
        s, t = (flat[own, :2] - tip) @ along, (flat[own, :2] - tip) @ across
        st, tt = (top - tip) @ along, (top - tip) @ across
        sl, tl = (low - tip) @ along, (low - tip) @ across
        upper, lower = np.interp(s, np.sort(st), tt[np.argsort(st)]), np.interp(s, np.sort(sl), tl[np.argsort(sl)])
        line = arm_line(made.figure, side)
        at = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line[:, :3], axis=0), axis=1))]
        joint = line[0, [0, 2]]
        s_arm = np.clip(s + (tip - joint) @ along * 0.7, 0, at[-1])
        axis = np.column_stack([np.interp(s_arm, at, line[:, k]) for k in range(4)])
        direction = np.array([line[1, 0] - line[0, 0], line[1, 2] - line[0, 2]])
        direction /= np.linalg.norm(direction)
        over = np.array([side * direction[1], -side * direction[0]])
        over = -over if over[1] > 0 else over
        placed = axis[:, [0, 2]] + over * (t - (upper + lower) / 2)[:, None]
        blend = np.clip((s - 0.02) / 0.12, 0, 1)[:, None] ** 1.0
        blend = blend * blend * (3 - 2 * blend)
        mixed = flat[own, :2] * (1 - blend) + placed * blend
        x[own], z[own] = mixed.T
        depth[own] = np.maximum(axis[:, 3] + 0.012, 0.035) * blend[:, 0] + 0.07 * (1 - blend[:, 0])
        centre[own] = axis[:, 1] * blend[:, 0] + 0.008 * (1 - blend[:, 0])
    return x, z, depth, centre


def _squeeze(made: Pattern, sheet, x, flat, depth, limb, half_width):
    """Narrows the trunk's flat width to that of an ellipse with the same girth, so that the cloth starts unstretched."""
    trunk = np.isin(limb, ("trunk", "band", "leg"))
    if not trunk.any():
        return x
    z = flat[:, 1]
    zs = np.linspace(z[trunk].min(), z[trunk].max(), 40)
    wide = np.array([np.abs(flat[trunk & (np.abs(z - level) < 0.03), 0]).max(initial=0.1) for level in zs])
    hw = np.interp(z, zs, wide)
    b = np.minimum(depth, hw)
    a = hw.copy()
    for _ in range(12):  # Ramanujan's girth, solved for a
        girth = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b))) / 4
        a = np.clip(a + (hw - girth) * 0.8, 0.3 * hw, hw)
    a = np.maximum(a, np.minimum(half_width + 0.012, hw))
    under = SHOULDER_Z - 0.30 if made.kind not in ("skirt", "trousers") else 9.0
    fade = np.clip((under - z) / 0.10, 0, 1)
    if made.kind == "trousers":
        fade = np.clip((z - 0.80) / 0.10, 0, 1)
    return np.where(trunk, x * (1 + fade * (a / hw - 1)), x)


# --- the three presentations ----------------------------------------------------------------------------------------------


def _worn(made: Pattern, sheet: solver.Sheet, rng, seed: int):
    if made.kind == "bag":
        points, _ = _hung(made, sheet, rng, seed)
        line = arm_line(made.figure, 1)
        made.details["shift"] = (line[2, :3] * 0.45 + line[3, :3] * 0.55) - [0, 0, _apex(made)]
        return points, [body.mannequin(made.figure, seed)]
    doll = body.mannequin(made.figure, seed)
    low = body.mannequin(made.figure, seed, voxel=0.012)
    start = solver.welded(sheet, _around_body(made, sheet))
    box = start.min(axis=0) - [0.06, 0.06, 0.35], start.max(axis=0) + 0.06
    field = solver.field_of(low.vertices, low.faces, *box, 0.012)
    for _ in range(6):  # nearly unstretched and outside the body: the simulation starts calmly
        start = solver.embed(sheet, start, 8)
        distance, normal = field.at(start)
        start += normal * np.clip(0.006 - distance, 0, None)[:, None]
    start += rng.normal(0, 0.0006, start.shape)
    weave, pinned, stiff = solver.WEAVES[made.cloth], _pins(made, sheet, "worn"), _stiff(made, sheet)
    points = solver.settle(
        sheet, start, weave, frames=40, fields=[field], pinned=pinned, stiff=stiff, steady=_shoulders(made, sheet)
    )
    return points, [doll]


def _hung(made: Pattern, sheet: solver.Sheet, rng, seed: int):
    flat = _flat_points(made, sheet)
    limb, face = _limbs(made, sheet)
    distance = _rim_distance(made, sheet, flat)
    depth = np.select(
        [limb == "arm", limb == "band", limb == "bag", limb == "hood"], [0.020, 0.006, 0.045, 0.03], 0.026
    )
    y = face * (_bulge(distance, depth) + 0.002 + flat[:, 2] * 0.6)
    start = np.column_stack([flat[:, 0], y, flat[:, 1]]) + rng.normal(0, 0.0008, (len(flat), 3))
    start[:, 1] += 0.008 * np.sin(flat[:, 0] * rng.uniform(18, 30) + rng.uniform(0, 6)) * (limb != "band")
    start = solver.welded(sheet, start)
    stand, solids = _holder(made, seed)
    fields = []
    for part in solids:
        points = part.vertices
        fields.append(
            solver.field_of(points, part.faces, points.min(axis=0) - 0.03, points.max(axis=0) + 0.03, 0.006, 0.03)
        )
        gap, normal = fields[-1].at(start)
        start += normal * np.clip(0.005 - gap, 0, 0.03)[:, None]
    layers = solver.Layers(_order(sheet, face), 1, _layer_gap(made))
    weave, pinned, stiff = solver.WEAVES[made.cloth], _pins(made, sheet, "hung"), _stiff(made, sheet)
    points = solver.settle(sheet, start, weave, frames=44, fields=fields, pinned=pinned, stiff=stiff, layers=layers)
    return points, stand


def _order(sheet: solver.Sheet, over: np.ndarray) -> np.ndarray:
    """(W,) -1 or +1 for the side of each welded vertex, 0 on the seams between the sides."""
    return np.round(np.bincount(sheet.weld, over) / np.bincount(sheet.weld)) * (
        np.abs(np.bincount(sheet.weld, over) / np.bincount(sheet.weld)) > 0.9
    )


def _apex(made: Pattern) -> float:
    """Height of the top of a bag's handles."""
    return made.details["top_z"] + (0.27 if made.details["handle"] == "long" else 0.15)


def _holder(made: Pattern, seed: int):
    """What a garment hangs on, and its collision bodies."""
    if made.kind == "bag":
        return body.peg(_apex(made)), []
    if made.kind in ("skirt", "trousers"):
        detail = made.details
        return body.clip_hanger(
            detail["waist"] + 0.01, detail["waist"] * 0.8, detail["waist_z"] + detail["band"] - 0.01, seed
        ), []
    cut = made.details["cut"]
    width = cut.tip - 0.012
    top = SHOULDER_Z - cut.slope * (0.0 - 0.06) - 0.022
    parts = body.hanger(width, cut.slope * width, top, seed)
    return parts, parts[:1]


def _on_table(made: Pattern, sheet: solver.Sheet, rng, seed: int):
    flat = _flat_points(made, sheet, spread=True)
    limb, face = _limbs(made, sheet)
    distance = _rim_distance(made, sheet, flat)
    depth = np.select([limb == "bag"], [0.02], 0.014)
    lift = -face * (_bulge(distance, depth) + 0.003 + flat[:, 2] * 0.4)
    middle = (flat[:, 1].min() + flat[:, 1].max()) / 2
    plane = (flat[:, :2] - [0, middle]) * 0.965
    plane += np.column_stack([_waves(plane, rng, 0.0045), _waves(plane, rng, 0.0045)])
    height = 0.034 + lift + _waves(plane, rng, 0.007)
    start = np.column_stack([plane, np.maximum(height, 0.004)]) + rng.normal(0, 0.0007, (len(flat), 3))
    start = solver.welded(sheet, start)
    layers = solver.Layers(_order(sheet, -face), 2, _layer_gap(made))
    weave, stiff = solver.WEAVES[made.cloth], _stiff(made, sheet)
    points = solver.settle(
        sheet, start, weave, frames=24, floor=0.002, friction=1.2, layers=layers, stiff=stiff, apart=0.009
    )
    return points, []


def _layer_gap(made: Pattern) -> float:
    """Metres between the two sheets' middles, so that their wrong sides stay apart."""
    return 0.003 + 2.2 * solver.WEAVES[made.cloth].thickness


def _waves(plane: np.ndarray, rng, size: float, count: int = 9) -> np.ndarray:
    """(N,) a smooth random height field over the plane: waves 10 to 50 cm long."""
    total = np.zeros(len(plane))
    for _ in range(count):
        angle, number = rng.uniform(0, np.pi), 2 * np.pi / rng.uniform(0.10, 0.5)
        total += rng.uniform(0.4, 1) * np.sin(
            plane @ (number * np.array([np.cos(angle), np.sin(angle)])) + rng.uniform(0, 6.3)
        )
    return total * size / np.sqrt(count / 2)


PRESENT = {"worn": _worn, "hung": _hung, "flat": _on_table}


def _shoulders(made: Pattern, sheet: solver.Sheet) -> np.ndarray | None:
    lines = [line for (_, edge), line in sheet.borders.items() if edge.startswith("shoulder")]
    return np.unique(sheet.weld[np.concatenate(lines)]) if lines else None


def _pins(made: Pattern, sheet: solver.Sheet, presentation: str) -> np.ndarray | None:
    weights = np.zeros(len(sheet.cloth))
    for index, piece in enumerate(made.pieces):
        if piece.name in made.pinned:
            weights[sheet.piece == index] = 1.0
    if presentation == "hung" and made.kind not in ("bag", "skirt", "trousers"):
        for name in ("front", "back"):  # the shoulders lie on the hanger and stay there
            for side in ("right", "left"):
                line = sheet.borders[name, f"shoulder.{side}"]
                weights[line[1:-1]] = 1.0
    if made.kind == "bag":
        detail = made.details
        for x in (-detail["grip"], detail["grip"]):
            weights[np.hypot(sheet.cloth[:, 0] - x, sheet.cloth[:, 1] - detail["top_z"] + 0.02) < 0.025] = 1.0
    return np.unique(sheet.weld[weights > 0]) if weights.any() else None


def _stiff(made: Pattern, sheet: solver.Sheet) -> np.ndarray | None:
    stiff = np.array([piece.stiff for piece in made.pieces])[sheet.piece]
    out = np.zeros(sheet.weld.max() + 1)
    np.maximum.at(out, sheet.weld, stiff)
    return out


# --- handing over ---------------------------------------------------------------------------------------------------------


def _finish(made: Pattern, sheet: solver.Sheet, points: np.ndarray, stand: list[Part], presentation: str) -> Sewn:
    """Welds, smooths and refines the cloth, keeps it off the stand, and cuts it into parts."""
    surface = solver.relax(sheet.weld[sheet.faces], points, 1)
    sheet, surface = solver.refine(sheet, surface)
    if presentation == "worn" and made.kind != "bag":
        tree = solver.solid(stand[0].vertices, stand[0].faces)
        surface = solver.push_out(surface, tree, 0.0025 + solver.WEAVES[made.cloth].thickness, 0.03)
    if presentation == "flat":
        surface[:, 2] = np.maximum(surface[:, 2], 0.001 + solver.WEAVES[made.cloth].thickness)
    parts = _panels(made, sheet, surface)
    added, stitches = trims.sew_on(made, sheet, surface, presentation, _apex(made) if made.kind == "bag" else 0.0)
    parts += added
    shift = made.details.get("shift")
    if shift is not None:
        parts = [replace(part, vertices=(part.vertices + shift).astype(np.float32)) for part in parts]
        stitches = [line + shift for line in stitches]
    return Sewn(made.kind, presentation, parts + stand, stitches, dict(made.attributes))


def _panels(made: Pattern, sheet: solver.Sheet, surface: np.ndarray) -> list[Part]:
    """A part for each panel: the right side, and the wrong side with the cut edge."""
    uv = np.zeros_like(sheet.cloth)
    panel, role = np.zeros(len(uv), int), np.zeros(len(uv), int)
    for index, piece in enumerate(made.pieces):
        own = sheet.piece == index
        uv[own] = piece.bolt(sheet.cloth[own])
        panel[own], role[own] = piece.panel, piece.role == "rib"
    thickness = solver.WEAVES[made.cloth].thickness
    inner = surface - solver.normals(sheet.weld[sheet.faces], surface) * thickness
    parts = []
    for number in np.unique(panel):
        faces = sheet.faces[panel[sheet.faces[:, 0]] == number]
        names = [piece.name for piece in made.pieces if piece.panel == number]
        ids = faces.ravel()
        tags = np.column_stack([sheet.weld[ids], np.round(uv[ids] * 2e4).astype(int)])
        _, keys, inverse = np.unique(tags, axis=0, return_index=True, return_inverse=True)
        first = ids[keys]
        loops = inverse.ravel().reshape(-1, 3)
        name = names[0] if len(names) == 1 else names[0].rsplit(".", 1)[0]
        kind = "rib" if role[first[0]] else "cloth"
        parts.append(
            Part(
                name,
                kind,
                surface[sheet.weld[first]].astype(np.float32),
                _loops(loops),
                uv[first].astype(np.float32),
                int(number),
            )
        )
        parts.append(_wrong_side(name, sheet.weld[first], loops, surface, inner, uv[first], int(number), sheet))
    return parts


def _loops(faces: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(face) for face in faces.tolist()]


def _wrong_side(name, weld, loops, surface, inner, uv, panel, sheet) -> Part:
    """The inside of a panel, and a rim along its open edges (not along its seams)."""
    whole = sheet.weld[sheet.faces]
    pairs, uses = np.unique(
        np.sort(np.vstack([whole[:, [0, 1]], whole[:, [1, 2]], whole[:, [2, 0]]]), axis=1), axis=0, return_counts=True
    )
    open_edges = {tuple(pair) for pair in pairs[uses == 1].tolist()}
    count = len(weld)
    faces = _loops(loops[:, ::-1])
    for a, b in np.vstack([loops[:, [0, 1]], loops[:, [1, 2]], loops[:, [2, 0]]]).tolist():
        if (min(weld[a], weld[b]), max(weld[a], weld[b])) in open_edges:
            faces.append((b, a, count + a, count + b))
    vertices = np.vstack([inner[weld], surface[weld]]).astype(np.float32)
    return Part(f"{name}.inside", "inside", vertices, faces, np.vstack([uv, uv]).astype(np.float32), panel)
