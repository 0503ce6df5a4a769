"""What the tailor hands to the photographer: meshes with their cloth coordinates, and what holds them up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Part:
    """One mesh. Metres; x to the viewer's right, y away from the camera, z up (flat: z up towards the camera).

    `role`: "cloth" takes the print and is in the garment's mask; "inside" is the same cloth's wrong side, seen in a neck
    or hem (in the mask, darker); "rib" is knitted trim (in the mask, plain, no print); "trim" is a button, zip, cord or
    lace (in the mask, own colour); "stand" is mannequin, hanger or hook (not the garment).
    """

    name: str  # "front", "sleeve.left", "collar", "button.3", "mannequin"
    role: str
    vertices: np.ndarray  # (V, 3) float32
    faces: list[tuple[int, ...]]  # triangles or quads, indices into vertices, wound so that the right side faces out
    uv: np.ndarray  # (V, 2) float32, metres on the flat cloth: u along the weft, v up along the warp (the grainline)
    panel: int = 0  # which cut piece; uv of different panels are apart on the bolt, so (u, v) is unique over a garment
    colour: tuple[float, float, float] | None = None  # sRGB 0..1 of a trim or stand; None takes the cloth's colour
    smooth: bool = True
    thickness: float = 0.0  # metres; the photographer solidifies the sheet by this much (0: leave as it is)


@dataclass
class Sewn:
    """A draped garment: parts, seams to stitch along, and the words that describe the cut."""

    kind: str
    presentation: str
    parts: list[Part]
    stitches: list[np.ndarray] = field(
        default_factory=list
    )  # polylines (N, 3) lying on the cloth, drawn as topstitching
    attributes: dict = field(default_factory=dict)  # "neckline", "sleeve", "length", "fit", "collar", "closure" ...
