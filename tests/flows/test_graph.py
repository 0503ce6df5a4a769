"""The order in which stages run is read from dvc.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvc.repo import Repo

from flows.graph import in_order, read_graph
from selvedge.errors import SelvedgeError
from selvedge.io import read_yaml

ROOT = Path(__file__).parents[2]


def graph_of(tmp_path: Path, text: str):
    path = tmp_path / "dvc.yaml"
    path.write_text(text)
    return read_graph(path)


BACKWARDS = """
stages:
  last: {cmd: c, deps: [b/inner/file, m.json]}
  middle: {cmd: b, deps: [a, code.py], outs: [{b: {persist: true}}], metrics: [m.json]}
  first: {cmd: a, deps: [code.py], outs: [a]}
  apart: {cmd: d, outs: [bb], plots: [{p.csv: {x: images}}]}
  shows: {cmd: e, deps: [p.csv]}
  above: {cmd: f, wdir: b, deps: [inner], outs: [x]}
"""


def test_a_stage_comes_after_what_it_reads_wherever_the_file_has_it(tmp_path):
    graph = graph_of(tmp_path, BACKWARDS)
    assert {name: stage.needs for name, stage in graph.items()} == {
        "last": ("middle",),  # b/inner/file lies in b; above makes b/x, not that
        "middle": ("first",),
        "first": (),
        "apart": (),
        "shows": ("apart",),  # through a plot
        "above": ("middle",),  # through its working directory; bb is not in b
    }
    names = [stage.name for stage in in_order(graph)]
    assert names == ["first", "middle", "last", "apart", "shows", "above"]


def test_one_stage_brings_what_is_upstream_and_nothing_else(tmp_path):
    graph = graph_of(tmp_path, BACKWARDS)
    assert [stage.name for stage in in_order(graph, "last")] == ["first", "middle", "last"]
    assert [stage.name for stage in in_order(graph, "first")] == ["first"]


def test_our_own_graph_needs_garments_for_the_catalogue_though_it_reads_a_folder_inside():
    graph = read_graph(ROOT / "dvc.yaml")
    assert {"register", "garments"} <= set(graph["catalogue"].needs)
    assert "train-classifier" not in [stage.name for stage in in_order(graph, "train-segmenter")]
    order = [stage.name for stage in in_order(graph)]
    assert order.index("crawl") < order.index("reconstruct") < order.index("train-patterns") < order.index("evaluate")
    assert set(order) == set(graph)


def test_dvc_sees_something_in_every_folder_that_a_stage_of_ours_reads():
    """What .dvcignore hides is an empty folder to DVC, and a stage is not run again when it changes."""
    stages = read_yaml(ROOT / "dvc.yaml", "it comes with the project")["stages"].values()
    folders = {dep for stage in stages for dep in stage.get("deps", []) if (ROOT / dep).is_dir()}
    assert "inference/weights" in folders
    with Repo(str(ROOT)) as repo:
        assert [path for path in folders if not any(repo.dvcignore.find(repo.fs, str(ROOT / path)))] == []


def test_an_unknown_stage_is_refused_with_the_nearest_name():
    with pytest.raises(SelvedgeError, match=r"no stage 'train-paterns'; did you mean 'train-patterns'\?"):
        in_order(read_graph(ROOT / "dvc.yaml"), "train-paterns")


def test_a_cycle_is_refused_and_shown(tmp_path):
    graph = graph_of(tmp_path, "stages: {a: {cmd: x, deps: [two], outs: [one]}, b: {cmd: x, deps: [one], outs: [two]}}")
    with pytest.raises(SelvedgeError, match=r"wait for each other: a <- b <- a"):
        in_order(graph)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stages: [", "is not YAML"),
        ("plots: []", "holds no stages"),
        ("stages: {a: {foreach: [1], do: {cmd: x}}}", "'a' has no cmd"),
    ],
)
def test_a_file_that_is_no_graph_is_refused_by_name(tmp_path, text, says):
    with pytest.raises(SelvedgeError, match=says) as error:
        graph_of(tmp_path, text)
    assert "dvc.yaml" in str(error.value)


def test_outside_the_project_one_is_told_where_to_go(tmp_path):
    with pytest.raises(SelvedgeError, match="run this in the project's folder"):
        read_graph(tmp_path / "dvc.yaml")
