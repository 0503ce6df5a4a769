"""The laws of the split, for any rows: nothing leaks, order does not matter, and what is held out stays so."""

from __future__ import annotations

import random
from collections import defaultdict

from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from scrapers.duplicates import Orientation, Pair
from scrapers.manifest import Row
from scrapers.swatches import SPLITS, Plan, plan
from selvedge.config import Reconstruct, Split
from selvedge.errors import SelvedgeError

CLASSES = ("dotted", "floral", "striped")
SHARES = Split(train=0.5, judge=0.3, test=0.2)
PAIR = st.tuples(st.integers(0, 25), st.integers(0, 25)).filter(lambda pair: pair[0] < pair[1])


def name(number: int) -> str:
    return f"sha{number:02d}"


def row(number: int, cls: str, group: int, sha: int) -> Row:
    area = 10 + sha % 3
    return Row(
        cls,
        f"u{number}",
        source="s",
        group=f"g{group:02d}",
        status="ok",
        sha256=name(sha),
        file_width=area,
        file_height=9,
    )


@st.composite
def some_rows(draw: st.DrawFn, first: int = 0, most: int = 40) -> list[Row]:
    """Rows that share groups and pictures now and then, also across classes."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(CLASSES), st.integers(0, 25), st.integers(0, 25)), max_size=most))
    return [row(first + number, *values) for number, values in enumerate(drawn)]


# cloth with which each class can be split, whatever else there is
BASE = [
    row(1000 + 10 * c + n, cls, 30 + 10 * c + n, 30 + 10 * c + n) for c, cls in enumerate(CLASSES) for n in range(8)
]


def pairs_of(drawn: set[tuple[int, int]]) -> list[Pair]:
    return [Pair(name(a), name(b), Orientation(), 0.0) for a, b in sorted(drawn)]


def planned(rows: list[Row], drawn: set[tuple[int, int]], ledger: str | None = None, **rules: str) -> Plan:
    return plan(rows, pairs_of(drawn), Reconstruct(split=SHARES, **rules), CLASSES, 7, ledger)


rules = st.fixed_dictionaries(
    {"conflicts": st.sampled_from(["majority", "drop"]), "duplicates": st.sampled_from(["group", "drop"])}
)
any_rows = some_rows().map(lambda rows: rows + BASE)
any_pairs = st.sets(PAIR, max_size=12)


@settings(max_examples=150, deadline=None)
@given(rows=any_rows, drawn=any_pairs, rule=rules)
def test_nothing_is_on_two_sides(rows: list[Row], drawn: set[tuple[int, int]], rule: dict) -> None:
    made = planned(rows, drawn, **rule)
    places: dict[str, set[str]] = defaultdict(set)
    for one in made.rows:
        for what in (f"cloth {made.cloths[one.id]}", f"group {one.group}", f"sha256 {one.sha256}"):
            places[what].add(made.sides[one.id])
    assert all(len(sides) == 1 for sides in places.values())
    for a, b in drawn:
        assert len(places[f"sha256 {name(a)}"] | places[f"sha256 {name(b)}"]) <= 1


@settings(max_examples=150, deadline=None)
@given(rows=any_rows, drawn=any_pairs, rule=rules)
def test_each_row_is_kept_or_left_out_and_none_contradicts_another(rows: list[Row], drawn: set, rule: dict) -> None:
    made = planned(rows, drawn, **rule)
    assert sorted([*(r.id for r in made.rows), *(left.row.id for left in made.rejected)]) == sorted(r.id for r in rows)
    named: dict[str, set[str]] = defaultdict(set)
    for one in made.rows:
        named[one.sha256].add(one.cls)
        named[one.group].add(one.cls)
    assert all(len(classes) == 1 for classes in named.values())
    for a, b in drawn:
        assert len(named[name(a)] | named[name(b)]) <= 1
        if rule["duplicates"] == "drop":
            assert not (named[name(a)] and named[name(b)])


@settings(max_examples=60, deadline=None)
@given(rows=any_rows, drawn=any_pairs, rule=rules, seed=st.integers(0, 99))
def test_order_does_not_matter(rows: list[Row], drawn: set[tuple[int, int]], rule: dict, seed: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert planned(shuffled, drawn, **rule) == planned(rows, drawn, **rule)


@settings(max_examples=100, deadline=None)
@given(rows=any_rows, drawn=any_pairs, rule=rules)
def test_again_is_the_same(rows: list[Row], drawn: set[tuple[int, int]], rule: dict) -> None:
    first = planned(rows, drawn, **rule)
    again = planned(rows, drawn, first.ledger, **rule)
    assert again == first


@settings(max_examples=200, deadline=None)
@given(rows=some_rows(most=20), more=some_rows(first=500, most=20), drawn=any_pairs, late=any_pairs, rule=rules)
# two pieces of cloth of one class turn out to be one
@example(
    rows=[row(n, "dotted", n, n) for n in range(12)],
    more=[],
    drawn=set(),
    late={(n, n + 1) for n in range(7)},
    rule={"conflicts": "majority", "duplicates": "group"},
)
def test_new_data_moves_only_what_it_joins_and_only_towards_test(
    rows: list[Row], more: list[Row], drawn: set, late: set, rule: dict
) -> None:
    first = planned(rows + BASE, drawn, **rule)
    try:
        then = planned(rows + BASE + more, drawn | late, first.ledger, **rule)
    except SelvedgeError as error:  # it refuses rather than move what was assigned
        assert "has no cloth for" in str(error)
        reject()
    before, after = ledger_of(first), ledger_of(then)
    assert set(before) <= set(after)  # nothing is forgotten
    changed = {group: (before[group], after[group]) for group in before if before[group] != after[group]}
    assert changed == {moved.group: (moved.before, moved.after) for moved in then.moved}
    pieces = pieces_of(rows + BASE + more, drawn | late)
    for group, (was, now) in changed.items():
        assert SPLITS.index(now) > SPLITS.index(was)
        held_out = [other for other in before if before[other] == now and pieces[other] == pieces[group]]
        assert held_out  # a piece that was on that side before drew it there


def ledger_of(made: Plan) -> dict[str, str]:
    return {line.split(",")[0]: line.split(",")[2] for line in made.ledger.splitlines()[2:]}


def pieces_of(rows: list[Row], drawn: set[tuple[int, int]]) -> dict[str, int]:
    """Group -> number of its piece: what hangs together by bytes and pairs, by repeated relabelling (the slow way)."""
    label = {one.group: number for number, one in enumerate(rows)}
    shown: dict[str, set[str]] = defaultdict(set)
    for one in rows:
        shown[one.sha256].add(one.group)
    ties = [*shown.values(), *(shown[name(a)] | shown[name(b)] for a, b in drawn if shown[name(a)] and shown[name(b)])]
    for _ in label:
        for tie in ties:
            least = min(label[group] for group in tie)
            label |= dict.fromkeys(tie, least)
    return label


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(3, 120),
    parts=st.tuples(*[st.integers(1, 18)] * 3).map(lambda p: [x / sum(p) for x in p]),
    seed=st.integers(0, 9),
)
@example(count=3, parts=[0.9, 0.05, 0.05], seed=0)
@example(count=10, parts=[0.5, 0.3, 0.2], seed=7)
def test_shares_from_scratch(count: int, parts: list[float], seed: int) -> None:
    shares = Split(train=parts[0], judge=parts[1], test=1 - parts[0] - parts[1])
    assume(min(shares.train, shares.judge, shares.test) > 0)
    rows = [row(n, "dotted", n, n) for n in range(count)]
    made = plan(rows, [], Reconstruct(split=shares), ["dotted"], seed)
    quotas = [getattr(shares, side) * count for side in SPLITS]
    counts = [list(made.sides.values()).count(side) for side in SPLITS]
    assert min(counts) >= 1
    if min(quotas) >= 1:
        assert all(abs(got - quota) < 1 + 1e-9 for got, quota in zip(counts, quotas, strict=True))
    else:  # a share below one piece gets a whole one, at the others' cost
        assert all(-2 < got - quota < 1 + 1e-9 for got, quota in zip(counts, quotas, strict=True))


@settings(max_examples=60, deadline=None)
@given(old=st.integers(3, 30), new=st.integers(0, 60))
def test_shares_come_back_as_cloth_is_added(old: int, new: int) -> None:
    """Old cloth keeps its side, and as soon as there is room each side is within a piece of its share again."""
    rows = [row(n, "dotted", n, n) for n in range(old + new)]
    only = Reconstruct(split=SHARES)
    first = plan(rows[:old], [], only, ["dotted"], 7)
    then = plan(rows, [], only, ["dotted"], 7, first.ledger)
    counts = [list(then.sides.values()).count(side) for side in SPLITS]
    if new >= 3 and (old + new) * SHARES.test >= 1:
        assert all(abs(got - getattr(SHARES, s) * len(rows)) <= 1 + 1e-9 for got, s in zip(counts, SPLITS, strict=True))
    assert {one: then.sides[one] for one in first.sides} == first.sides


def test_the_base_alone_can_be_split() -> None:
    try:
        planned(BASE, set())
    except SelvedgeError as error:  # the other tests would be about nothing
        raise AssertionError(error) from None
