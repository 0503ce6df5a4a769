"""The sewing patterns: closed outlines, seams that fit, panels apart on the bolt, several cuts of every kind."""

from itertools import pairwise

import numpy as np
import pytest

from drawing.garments.blender.tailor import length, pattern
from drawing.garments.kinds import KINDS

SEEDS = range(20)


def crossings(outline: np.ndarray) -> int:
    """How many pairs of sides of a closed outline cross each other."""
    a, b = outline, np.roll(outline, -1, axis=0)

    def side(p, q, r):
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    first, second = side(a[:, None], b[:, None], a[None]), side(a[:, None], b[:, None], b[None])
    return int(((first * second < -1e-16) & (first * second < -1e-16).T).sum() // 2)


@pytest.mark.parametrize("kind", KINDS)
def test_outlines_are_closed_counter_clockwise_and_do_not_cross_themselves(kind):
    for seed in SEEDS:
        for piece in pattern(kind, seed).pieces:
            where = f"{kind} {seed} {piece.name}"
            lines = [line for _, line in piece.edges]
            for line, after in zip(lines, lines[1:] + lines[:1], strict=True):
                assert np.allclose(line[-1], after[0], atol=1e-9), where
            x, y = piece.outline.T
            assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0, where
            assert crossings(piece.outline) == 0, where


@pytest.mark.parametrize("kind", KINDS)
def test_edges_that_are_sewn_together_have_the_same_length(kind):
    for seed in SEEDS:
        made = pattern(kind, seed)
        for seam in made.seams:
            a, b = (length(made.piece(name).edge(edge)) for name, edge in (seam.a, seam.b))
            assert a / b == pytest.approx(seam.ease, rel=0.03), f"{kind} {seed}: {seam.a} and {seam.b}"


@pytest.mark.parametrize("kind", KINDS)
def test_panels_lie_apart_on_the_bolt(kind):
    for seed in SEEDS:
        made = pattern(kind, seed)
        spans = {}
        for piece in made.pieces:
            u = piece.bolt(piece.outline)[:, 0]
            low, high = spans.get(piece.panel, (np.inf, -np.inf))
            spans[piece.panel] = min(low, u.min()), max(high, u.max())
        ordered = sorted(spans.values())
        assert all(before[1] < after[0] for before, after in pairwise(ordered)), f"{kind} {seed}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_bolt_keeps_lengths(kind):
    for piece in pattern(kind, 3).pieces:
        assert length(piece.bolt(piece.outline)) == pytest.approx(length(piece.outline), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_at_least_three_cuts(kind):
    assert len({tuple(sorted(pattern(kind, seed).attributes.items())) for seed in SEEDS}) >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_garment_is_the_same_whenever_it_is_cut(kind):
    one, two = pattern(kind, 4), pattern(kind, 4)
    assert one.attributes == two.attributes
    for a, b in zip(one.pieces, two.pieces, strict=True):
        assert np.array_equal(a.outline, b.outline)


@pytest.mark.parametrize("kind", KINDS)
def test_trims_lie_on_pieces_that_exist(kind):
    for seed in SEEDS:
        made = pattern(kind, seed)
        names = {piece.name for piece in made.pieces}
        assert {trim.piece for trim in made.trims} <= names
        assert set(made.pinned) <= names


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="no garment kind 'cape': choose one of t-shirt"):
        pattern("cape", 0)
