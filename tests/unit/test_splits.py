"""Conflicts, duplicates and sides of the split on rows made by hand; the laws that hold for all rows are in property/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from scrapers.duplicates import Orientation, Pair
from scrapers.manifest import Row
from scrapers.swatches import SPLITS, Plan, cloths, plan
from selvedge.config import Reconstruct, Split
from selvedge.errors import SelvedgeError

AS_IS = Orientation()
SHARES = Split(train=0.5, judge=0.3, test=0.2)
HEADING = "# seed 7; train 0.5, judge 0.3, test 0.2\ngroup,class,split\n"


def row(url: str, cls: str = "dotted", group: str = "", sha256: str = "", **changes: object) -> Row:
    """A row with a picture of its own, on a cloth of its own unless `group` or `sha256` say otherwise."""
    made = Row(cls, f"http://x/{url}", 40, 30, 0, 0, 40, 30, source="s", status="ok", file_width=40, file_height=30)
    return replace(made, group=group or f"g-{url}", sha256=sha256 or f"sha-{url}", **changes)


def filler(cls: str, count: int = 6) -> list[Row]:
    """Enough other cloth that the class can be split."""
    return [row(f"{cls}-filler-{n}", cls) for n in range(count)]


def twins(one: str, other: str, orientation: Orientation = AS_IS) -> Pair:
    return Pair(one, other, orientation, 0.01)


def planned(
    rows: list[Row],
    pairs: Sequence[Pair] = (),
    ledger: str | None = None,
    classes: tuple[str, ...] = ("dotted", "striped"),
    seed: int = 7,
    **settings: object,
) -> Plan:
    return plan(rows, pairs, Reconstruct(split=SHARES, **settings), classes, seed, ledger, "data/splits.csv")


def left_out(made: Plan) -> dict[str, str]:
    return {rejected.row.url.removeprefix("http://x/"): rejected.reason for rejected in made.rejected}


# ---- pieces of cloth -------------------------------------------------------------------------------------------------------


def test_groups_equal_bytes_and_twins_make_one_piece_named_by_its_smallest_group() -> None:
    rows = [
        row("1", group="g3", sha256="a"),
        row("2", group="g1", sha256="a"),
        row("3", group="g1", sha256="b"),
        row("4", group="g4", sha256="c"),
        row("5", group="g5", sha256="d"),
    ]
    pieces = cloths(rows, [twins("b", "d")])
    assert [pieces[r.id] for r in rows] == ["g1", "g1", "g1", "g4", "g1"]


def test_a_group_and_a_file_of_one_name_are_not_mixed_up() -> None:
    pieces = cloths([row("1", group="same", sha256="x"), row("2", group="other", sha256="same")], [])
    assert len(set(pieces.values())) == 2


# ---- conflicts -------------------------------------------------------------------------------------------------------------


def test_the_class_that_more_addresses_name_wins() -> None:
    rows = [*filler("dotted"), *filler("striped")]
    rows += [row("1", sha256="a"), row("2", sha256="a"), row("3", "striped", sha256="a")]
    made = planned(rows)
    assert left_out(made) == {"3": "one picture under 2 classes: dotted at 2, striped at 1"}
    assert [rejected.kind for rejected in made.rejected] == ["conflict"]
    assert {r.url for r in made.rows} >= {"http://x/1", "http://x/2"}
    assert set(left_out(planned(rows, conflicts="drop"))) == {"1", "2", "3"}


def test_the_same_address_twice_is_one_voice_and_a_tie_leaves_all_out() -> None:
    one = row("1", sha256="a")
    again = replace(one, boxed=True, crop_x=5)  # another crop of it, in the table's next line
    made = planned([*filler("dotted"), *filler("striped"), one, again, row("2", "striped", sha256="a")])
    assert [rejected.row.url[-1] for rejected in made.rejected] == ["1", "1", "2"]


def test_twins_under_two_classes_conflict_as_equal_bytes_do() -> None:
    rows = [
        *filler("dotted"),
        *filler("striped"),
        row("1", sha256="a"),
        row("2", sha256="b"),
        row("3", "striped", sha256="c"),
    ]
    made = planned(rows, [twins("a", "b"), twins("b", "c")])
    assert left_out(made) == {"3": "one picture under 2 classes: dotted at 2, striped at 1"}


def test_a_group_under_two_classes_is_a_conflict_too() -> None:
    rows = [*filler("dotted"), *filler("striped")]
    rows += [row("1", group="p"), row("2", group="p"), row("3", "striped", group="p")]
    assert left_out(planned(rows)) == {"3": "one group under 2 classes: dotted at 2, striped at 1"}


def test_a_class_that_is_not_wanted_still_contradicts_but_is_not_reported() -> None:
    rows = [*filler("dotted"), row("1", sha256="a"), row("2", "floral", sha256="a"), row("3", "floral")]
    made = planned(rows, classes=("dotted",))
    assert set(left_out(made)) == {"1"}
    assert {r.cls for r in made.rows} == {"dotted"}


def test_rows_without_a_picture_do_not_count() -> None:
    rows = [*filler("dotted"), row("1", status="dead", sha256=""), row("2", "striped", group="g-1", status="dead")]
    made = planned([*rows, *filler("striped")])
    assert made.rejected == [] and len(made.rows) == 12


# ---- duplicates ------------------------------------------------------------------------------------------------------------


def test_twins_are_kept_on_one_side_or_the_largest_alone_is() -> None:
    large = row("large", sha256="b", file_width=80, file_height=60)
    small, same = row("small", sha256="a"), row("same", sha256="b", file_width=80, file_height=60)
    rows, pairs = [*filler("dotted"), *filler("striped"), small, large, same], [twins("a", "b", Orientation(True, 90))]
    made = planned(rows, pairs)
    assert made.rejected == []
    assert len({made.sides[r.id] for r in (small, large, same)}) == 1
    made = planned(rows, pairs, duplicates="drop")
    assert left_out(made) == {
        "small": "shows the same as http://x/large (mirrored, turned by 90)",
        "same": "has the same bytes as http://x/large",
    }
    assert {rejected.kind for rejected in made.rejected} == {"duplicate"}


def test_a_twins_orientation_follows_the_chain() -> None:
    rows = [row(name, sha256=name, file_width=90 if name == "a" else 40) for name in "abc"]
    chain = [twins("a", "b", Orientation(False, 90)), twins("b", "c", Orientation(True, 0))]
    made = planned([*rows, *filler("dotted"), *filler("striped")], chain, duplicates="drop")
    # turned counter-clockwise and then mirrored is mirrored and then turned clockwise
    assert left_out(made)["c"] == "shows the same as http://x/a (mirrored, turned by 270)"


def test_two_crops_of_one_picture_are_two_views() -> None:
    one = row("1", group="url", sha256="a")
    other, again = replace(one, boxed=True, crop_x=9), replace(one, url="http://x/2", group="copy")
    made = planned([*filler("dotted"), *filler("striped"), one, other, again], duplicates="drop")
    assert [rejected.row for rejected in made.rejected] == [again]


# ---- sides -----------------------------------------------------------------------------------------------------------------


def count(made: Plan, cls: str) -> dict[str, int]:
    sides = {made.cloths[r.id]: made.sides[r.id] for r in made.rows if r.cls == cls}
    return {side: list(sides.values()).count(side) for side in SPLITS}


@pytest.mark.parametrize(
    ("cloth", "sides"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (10, (5, 3, 2)), (11, (6, 3, 2)), (101, (51, 30, 20))]
)
def test_shares_by_class(cloth: int, sides: tuple[int, ...]) -> None:
    made = planned([*filler("dotted", cloth), *filler("striped", 7)])
    assert tuple(count(made, "dotted").values()) == sides
    assert sum(count(made, "striped").values()) == 7


def test_too_few_pieces_are_named() -> None:
    with pytest.raises(SelvedgeError, match=r"class 'dotted' shows 2 piece\(s\) of cloth; 3 are needed"):
        planned([*filler("dotted", 2), *filler("striped")])
    with pytest.raises(SelvedgeError, match="class 'dotted' is empty"):
        planned(filler("striped"))


def test_what_was_assigned_stays_when_cloth_comes_and_goes() -> None:
    first = planned([*filler("dotted", 20), *filler("striped", 9)])
    fewer = planned([*filler("dotted", 12), *filler("striped", 9)], ledger=first.ledger)
    assert fewer.sides == {r.id: first.sides[r.id] for r in fewer.rows}
    assert fewer.ledger == first.ledger  # the absent are remembered
    more = planned([*filler("dotted", 60), *filler("striped", 9)], ledger=fewer.ledger)
    assert {r: more.sides[r] for r in first.sides} == first.sides
    assert tuple(count(more, "dotted").values()) == (30, 18, 12)
    assert (first.moved, fewer.moved, more.moved) == ([], [], [])


def test_cloths_that_turn_out_to_be_one_go_where_it_is_held_out_most() -> None:
    ledger = HEADING + "g-1,dotted,train\ng-2,dotted,test\ng-3,dotted,judge\ng-4,dotted,train\n"
    rows = [row(str(n)) for n in (1, 2, 3, 4)] + filler("striped")
    made = planned([*rows, row("5")], [twins("sha-1", "sha-2")], ledger)
    assert [(m.group, m.before, m.after) for m in made.moved] == [("g-1", "train", "test")]
    assert [made.sides[r.id] for r in rows[:4]] == ["test", "test", "judge", "train"]
    assert "g-1,dotted,test\n" in made.ledger
    assert planned(rows, [], made.ledger).sides[rows[0].id] == "test"  # and it stays there


def test_what_a_cloth_left_out_is_remembered_with_it() -> None:
    large, small = row("large", sha256="a", file_width=400), row("small", sha256="b")
    rest = [*filler("dotted", 9), *filler("striped")]
    first = planned([large, small, *rest], [twins("a", "b")], duplicates="drop")
    later = planned([small, *rest], [], first.ledger, duplicates="drop")
    assert later.sides[small.id] == first.sides[large.id]
    assert f"g-small,dotted,{first.sides[large.id]}\n" in first.ledger


def test_a_side_that_nothing_is_left_for_is_named() -> None:
    ledger = HEADING + "g-1,dotted,train\ng-2,dotted,train\ng-3,dotted,judge\ng-4,dotted,judge\n"
    rows = [row(str(n)) for n in (1, 2, 3, 4)] + filler("striped")
    with pytest.raises(SelvedgeError, match=r"class 'dotted' has no cloth for test: data/splits\.csv has put all 4"):
        planned(rows, [], ledger)
    assert planned([*rows, row("5")], [], ledger).sides[row("5").id] == "test"  # an empty side comes first


# ---- the ledger ------------------------------------------------------------------------------------------------------------


def test_another_seed_or_other_shares_begin_anew_and_say_so() -> None:
    rows = [*filler("dotted", 30), *filler("striped", 30)]
    first = planned(rows)
    assert first.renewed == ""
    other = planned(rows, ledger=first.ledger, seed=8)
    assert "was made with seed 7; train 0.5, judge 0.3, test 0.2, now it is seed 8" in other.renewed
    assert other.sides != first.sides and other.moved == []
    assert other.ledger.startswith("# seed 8; train 0.5, judge 0.3, test 0.2\ngroup,class,split\n")


def test_the_ledger_is_sorted_and_keeps_any_name() -> None:
    rows = [row("1", group='page/http://x/a,"b"\nc'), *filler("dotted"), *filler("striped")]
    made = planned(rows)
    lines = made.ledger.splitlines()[2:]
    assert [line.split(",")[-2] for line in lines if line.count(",") >= 2][-1] == "striped"
    assert planned(rows, ledger=made.ledger).ledger == made.ledger
    assert planned(rows[::-1]).ledger == made.ledger


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group,class,split\n", r"splits\.csv:1: 'group,class,split' does not say seed and shares"),
        ("", r"splits\.csv:1: '' does not say"),
        (HEADING.replace("class", "cls"), r"splits\.csv:2: its columns are not group,class,split"),
        (HEADING + "a,dotted,train\nb,dotted,tset\n", r"splits\.csv:4: 'tset' is none of train, judge, test"),
        (HEADING + "a,dotted,train\na,dotted,test\n", r"splits\.csv:4: group 'a' was named before"),
        (HEADING + "a,dotted\n", r"splits\.csv:3: 2 values, not 3"),
        (HEADING + "<<<<<<< HEAD\n", r"splits\.csv:3: 1 values, not 3"),
    ],
)
def test_a_damaged_ledger_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SelvedgeError, match=said + ".*mend the line"):
        planned([*filler("dotted"), *filler("striped")], ledger=text)
