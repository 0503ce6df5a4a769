"""The alarms: each sees its fault, none is raised by sets of one kind, and what they say can be followed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from selvedge.errors import SelvedgeError
from studies.power import STUDIES, Pool, blur, faulty, mixed, rates
from training.evaluation.alarms import SHARES, check
from training.evaluation.features import Looks

CLASSES, D = 5, 16
CENTRES = np.random.default_rng(0).standard_normal((CLASSES, D)) * 3


def looks(n: int, seed: int, labels: np.ndarray | None = None) -> Looks:
    """Pictures of five classes; the classifier is right on most of them, and each class has a sharpness of its own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES if labels is None else labels
    features = CENTRES[labels] + rng.standard_normal((n, D)) * 1.5
    logits = features @ CENTRES.T / 4 - np.square(CENTRES).sum(1) / 8
    sharpness = labels * 0.5 + rng.standard_normal(n) * 0.3
    return Looks(features, logits, rng.uniform(0, 255, (n, 3)), sharpness, "toy@1", labels)


def unlabelled(one: Looks) -> Looks:
    return dataclasses.replace(one, labels=None)


def fired(real: Looks, fake: Looks, **options: object) -> set[str]:
    return {one["alarm"] for one in check(real, fake, **{"seed": 1, "permutations": 499, **options}) if one["fired"]}


def blurred(fake: Looks) -> Looks:
    sharpness = fake.sharpness.copy()
    sharpness[:30] -= 2
    return dataclasses.replace(fake, sharpness=sharpness)


def copied(fake: Looks) -> Looks:
    return fake[np.r_[np.zeros(30, int), 30:300]]


def misfits(fake: Looks) -> Looks:
    strangers = looks(30, 99, (fake.labels[:30] + 1) % CLASSES)
    values = (
        np.concatenate([getattr(strangers, k), getattr(fake, k)[30:]])
        for k in ("features", "logits", "mean_colour", "sharpness")
    )
    return Looks(*values, fake.extractor, fake.labels)


@pytest.mark.parametrize(("spoil", "alarm"), [(blurred, "blur"), (copied, "copies"), (misfits, "classes")])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_tenth_that_is_spoilt_is_seen_by_its_own_alarm(spoil, alarm: str, seed: int) -> None:
    real, fake = looks(300, 10 * seed), looks(300, 10 * seed + 1)
    assert alarm in fired(real, spoil(fake))


def test_sets_of_one_kind_raise_no_more_than_a_false_alarm_in_twenty() -> None:
    """80 pairs: more than ten alarms at 5 % would come once in ten thousand tests; and sets without labels are like that too."""
    count = sum(
        bool(fired(view(looks(120, 2 * i)), view(looks(120, 2 * i + 1)), seed=i, permutations=199))
        for i in range(40)
        for view in (lambda x: x, unlabelled)
    )
    assert count <= 10


def test_another_mixture_of_classes_is_a_fault_only_where_nothing_asked_for_it() -> None:
    real = looks(400, 1, np.arange(400) % CLASSES)
    other = looks(400, 2, np.r_[np.zeros(200, int), np.arange(200) % CLASSES])
    assert fired(real, other) == set()
    assert "classes" in fired(unlabelled(real), unlabelled(other))


def test_a_place_where_only_fakes_are_is_seen_without_labels() -> None:
    real, fake = unlabelled(looks(300, 1)), unlabelled(looks(300, 2))
    fake.features[:30] = np.random.default_rng(3).standard_normal((30, D)) * 0.5 + 8
    assert "crowds" in fired(real, fake)


def test_what_an_alarm_says_is_what_it_did() -> None:
    for seed in range(12):
        real, fake = looks(100, 3 * seed), looks(100, 3 * seed + 1)
        found = check(real, blurred(fake) if seed % 2 else fake, seed=seed, permutations=199)
        assert [one["alarm"] for one in found] == list(SHARES)
        for one in found:
            assert one["fired"] == (one["p"] <= 0.05)
            assert one["threshold"] is None or one["fired"] == (one["statistic"] >= one["threshold"] - 1e-9)
            assert (one["n"], one["n_real"]) == (100, 100)
            assert 0 < one["p"] <= 1
    blur = next(one for one in check(real, blurred(fake), seed=1) if one["alarm"] == "blur")
    low, deep = (int(word) for word in blur["what"].split() if word.isdigit() and int(word) > 20)
    assert 30 <= low <= deep <= 40
    assert "least sharp pictures are generated" in blur["what"]


def test_the_order_of_pictures_does_not_matter() -> None:
    real, fake = looks(120, 1), copied(looks(300, 2))
    turned = fake[np.random.default_rng(5).permutation(len(fake))]
    assert check(real, fake, seed=4, permutations=199) == check(real[::-1], turned, seed=4, permutations=199)


def test_a_stricter_level_fires_less() -> None:
    real, fake = looks(100, 1), looks(100, 2)
    fake.sharpness[:12] -= 1
    p = next(one["p"] for one in check(real, fake, seed=1) if one["alarm"] == "blur")
    assert "blur" in fired(real, fake, permutations=1999, level=p)
    assert "blur" not in fired(real, fake, permutations=1999, level=p / 2)


def test_few_pictures_and_two_extractors_are_refused() -> None:
    with pytest.raises(SelvedgeError, match="need 50 pictures in each set that share their classes, there are 40"):
        check(looks(100, 1), looks(40, 2), seed=1)
    with pytest.raises(SelvedgeError, match="need 50 pictures"):
        check(looks(100, 1, np.zeros(100, int)), looks(100, 2, np.ones(100, int)), seed=1)
    with pytest.raises(SelvedgeError, match="one extractor, not toy@1 and other@2"):
        check(looks(100, 1), dataclasses.replace(looks(100, 2), extractor="other@2"), seed=1)


# ---- the study of their power ----------------------------------------------------------------------------------------------


def pool() -> Pool:
    sharp = looks(3000, 1)
    return Pool(sharp, dataclasses.replace(sharp, sharpness=sharp.sharpness - 3), list("abcde"))


def test_a_faulty_set_is_a_tenth_faulty_and_keeps_its_labels() -> None:
    found = pool()
    chosen, others = np.arange(100, 300), np.arange(1000, 1100)
    for fault, replaced in (
        ("none", found.sharp[chosen[:20]]),
        ("blur", found.blurred[chosen[:20]]),
        ("copies", found.sharp[np.full(20, 100)]),
        ("class", found.sharp[others[:20]]),
    ):
        fake = faulty(found, chosen, others, fault)
        assert (fake.features[:20] == replaced.features).all()
        assert (fake.sharpness[:20] == replaced.sharpness).all()
        assert (fake.features[20:] == found.sharp.features[chosen[20:]]).all()
        assert (fake.labels == found.sharp.labels[chosen]).all()


def test_the_study_draws_disjoint_sets_and_finds_what_is_there() -> None:
    for study in STUDIES:
        first, second, others = study.draw(pool(), np.random.default_rng(1), 200, 150)
        assert (len(first), len(second)) == (150, 200)
        assert len({*first, *second, *others}) == len(first) + len(second) + len(others)
        if study.draw is not mixed:
            labels = pool().sharp.labels
            assert not {*labels[others]} & {*labels[first], *labels[second]}
    found = rates(pool(), STUDIES[0], 200, 10, 1)
    assert found["blur"]["blur"] == found["copies"]["copies"] == found["class"]["any alarm"] == 1
    assert found["none"]["any alarm"] <= 0.4


def test_the_blur_of_the_study_has_three_pixels() -> None:
    image = torch.zeros(1, 3, 128, 128, dtype=torch.uint8)
    image[..., 62:67, 62:67] = 255
    seen = blur(image)[0, 0].double()
    far = (torch.arange(128) - 64.0).square()
    # variances add: that of the 5 px square is (25 - 1) / 12
    assert float((seen.sum(0) * far).sum() / seen.sum()) == pytest.approx(9 + 2, rel=0.08)
