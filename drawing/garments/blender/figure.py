"""The measures of a shop mannequin: what the cutter cuts for and the modeller models. Metres, z up, the front at -y."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Cross-sections of the trunk from the seat to the neck: height, half width, half depth, y of the centre.
FEMALE = np.array(
    [
        [0.790, 0.120, 0.075, 0.012],
        [0.830, 0.166, 0.108, 0.014],
        [0.880, 0.171, 0.116, 0.014],
        [0.950, 0.158, 0.106, 0.008],
        [1.060, 0.120, 0.086, 0.000],
        [1.140, 0.128, 0.093, -0.002],
        [1.220, 0.142, 0.106, -0.004],
        [1.290, 0.152, 0.098, 0.000],
        [1.340, 0.158, 0.080, 0.008],
        [1.380, 0.122, 0.064, 0.014],
        [1.408, 0.080, 0.056, 0.014],
        [1.445, 0.056, 0.052, 0.008],
        [1.500, 0.051, 0.051, 0.000],
        [1.535, 0.050, 0.050, -0.004],
    ]
)
MALE = FEMALE + np.array(
    [
        [0, -0.004, 0.002, 0],
        [0, -0.008, 0, 0],
        [0, -0.008, -0.004, 0],
        [0, -0.002, 0.002, 0],
        [0, 0.022, 0.016, 0],
        [0, 0.024, 0.014, 0],
        [0, 0.020, 0.010, 0.004],
        [0, 0.020, 0.012, 0.002],
        [0, 0.020, 0.010, 0],
        [0, 0.012, 0.010, 0],
        [0, 0.008, 0.006, 0],
        [0, 0.008, 0.008, 0],
        [0, 0.009, 0.009, 0],
        [0, 0.009, 0.009, 0],
    ]
)


@dataclass(frozen=True)
class Build:
    """The measures of one mannequin that the cutter and the draper need (metres)."""

    name: str  # "female" or "male"
    sections: np.ndarray  # (S, 4) height, half width, half depth, y of the centre
    shoulder: tuple[float, float]  # x, z of the right shoulder joint
    arm: tuple[float, float]  # angle from the vertical (radians), length to the wrist
    girth: float  # how broad: a factor about 1

    def half(self, z: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half width, half depth and centre of the trunk at heights z."""
        table = self.sections
        return tuple(np.interp(z, table[:, 0], table[:, k]) for k in (1, 2, 3))


def build(seed: int, name: str | None = None) -> Build:
    """The proportions of mannequin number `seed`; `name` forces "female" or "male"."""
    rng = np.random.default_rng([seed, 77])
    chance = rng.random()
    name = name or ("female" if chance < 0.62 else "male")
    girth = float(rng.uniform(0.95, 1.07))
    sections = (FEMALE if name == "female" else MALE).copy()
    waist = np.exp(-(((sections[:, 0] - 1.06) / 0.08) ** 2))
    sections[:, 1] *= girth * (1 + waist * rng.uniform(-0.03, 0.06))
    sections[:, 2] *= girth
    neck = sections[:, 0] > 1.43
    sections[neck, 1:3] /= girth
    shoulder = (0.160 * girth if name == "female" else 0.180 * girth, 1.318)
    return Build(name, sections, shoulder, (float(np.radians(rng.uniform(37, 42))), 0.54), girth)


def arm_line(figure: Build, side: int) -> np.ndarray:
    """(4, 4): x, y, z, radius along an arm: shoulder, elbow, wrist, finger tips."""
    x, z = figure.shoulder
    angle, length = figure.arm
    thick = figure.girth * (1.0 if figure.name == "female" else 1.16)
    step = np.array([side * np.sin(angle), 0.0, -np.cos(angle)])
    bend = np.array([side * np.sin(angle * 0.86), -0.16, -np.cos(angle * 0.86)])
    start = np.array([side * x, 0.008, z])
    elbow = start + step * length * 0.54
    wrist = elbow + bend * length * 0.46
    tip = wrist + bend * 0.165
    radii = np.array([0.045, 0.035, 0.0245, 0.011]) * thick
    return np.column_stack([np.array([start, elbow, wrist, tip]), radii])


def leg_line(figure: Build, side: int) -> np.ndarray:
    """(5, 4): x, y, z, radius along a leg: hip, thigh, knee, calf, ankle."""
    thick = figure.girth
    return np.array(
        [
            [side * 0.088 * thick, 0.012, 0.845, 0.084 * thick],
            [side * 0.090 * thick, 0.006, 0.690, 0.075 * thick],
            [side * 0.094 * thick, 0.000, 0.460, 0.053 * thick],
            [side * 0.098 * thick, 0.018, 0.330, 0.052 * thick],
            [side * 0.100 * thick, 0.024, 0.085, 0.035 * thick],
        ]
    )
