"""Losses against the equations of their papers, worked out by hand or by torch's own functions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from training import losses

REAL, FAKE = torch.tensor([2.0, -0.5]), torch.tensor([-1.0, 0.25])


def test_the_classic_game_is_cross_entropy_with_labels_one_and_zero():
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(losses.d_loss("bce", REAL, FAKE), bce(REAL, torch.ones(2)) + bce(FAKE, torch.zeros(2)))
    torch.testing.assert_close(losses.g_loss("bce", FAKE), bce(FAKE, torch.ones(2)))


def test_the_hinge_stops_at_one():
    assert losses.d_loss("hinge", torch.tensor([1.5, 0.0]), torch.tensor([-2.0, 0.5])) == pytest.approx(0.5 + 0.75)
    assert losses.g_loss("hinge", FAKE) == pytest.approx(0.375)


def test_relativistic_games_are_of_pairs_and_mirror_each_other():
    apart = REAL - FAKE
    torch.testing.assert_close(losses.d_loss("relativistic", REAL, FAKE), -F.logsigmoid(apart).mean())
    torch.testing.assert_close(losses.g_loss("relativistic", FAKE, REAL), losses.d_loss("relativistic", FAKE, REAL))


def test_the_penalty_is_half_the_mean_square_of_the_slope_on_each_batch():
    """D(x) = a x: its slope is `a` everywhere, so the penalty of two batches is |a|^2."""
    slope = torch.tensor([3.0, -4.0]).requires_grad_(True)
    images = torch.randn(5, 2, 1, 1)
    found = losses.gradient_penalty(lambda x, _: (x.flatten(1) * slope).sum(1), (images, images + 1), None)
    assert found.item() == pytest.approx(25.0)
    (by_slope,) = torch.autograd.grad(found, slope)
    torch.testing.assert_close(by_slope, 2 * slope)  # double backward reaches D's weights


def test_a_mask_that_is_right_costs_nothing_and_one_that_is_wrong_costs_most():
    target = torch.zeros(2, 1, 8, 8)
    target[:, :, 2:6, 2:6] = 1
    right, half, wrong = (
        losses.mask_loss(logits, target) for logits in (40 * target - 20, 0 * target, 20 - 40 * target)
    )
    assert right < 1e-3 < half < wrong
