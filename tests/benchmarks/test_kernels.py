"""The benchmark of kernels: road graphs are read as they are, and a run that became slower is told."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.compare import hold_against, stored_ratios
from benchmarks.dimacs import graph_files, read_graph, read_queries, road_like
from benchmarks.kernels_paths import rows
from benchmarks.peers_paths import lightest, peers_of
from network_models.paths import travel_times
from optimizer.errors import InputError

GRAPH = "c a comment\np sp 4 4\na 1 2 5\na 2 3 0\na 1 2 3\na 4 4 1\n"


def test_a_graph_from_one_and_a_graph_from_zero(tmp_path):
    with gzip.open(tmp_path / "one.gr.gz", "wt") as file:
        file.write(GRAPH)
    (tmp_path / "zero.gr").write_text("a 0 1 5\na 1 2 7\n")
    (tmp_path / "one.queries.csv").write_text("source,target,distance\n1,3,3\n4,1,-1\n")
    zero, one = (read_graph(path) for path in graph_files(tmp_path))
    assert (one.name, one.n_nodes, one.first, one.tail.tolist()) == ("one", 4, 1, [0, 1, 0, 3])
    assert (zero.name, zero.n_nodes, zero.first, zero.tail.tolist()) == ("zero", 3, 0, [0, 1])
    queries = read_queries(tmp_path / "one.gr.gz", one)
    assert queries.tolist() == [[0, 2, 3], [3, 0, -1]]
    assert read_queries(tmp_path / "zero.gr", zero).shape == (0, 3)
    assert travel_times(one.graph(), [0, 3], [2, 0]).tolist() == [[3, 0], [-1, -1]]
    assert [values.tolist() for values in lightest(one)] == [[0, 1], [1, 2], [3, 0]]
    found = rows(smoke=True, folder=tmp_path, only="one")
    assert [row["status"] for row in found] == ["equal", "equal"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1 2\n", "g.gr, line 1: found 'a 1 2'; expected 'a FROM TO WEIGHT'"),
        ("c\nb 1 2 3\n", "g.gr, line 2: found 'b 1 2 3'"),
        ("a 1 x 3\n", "g.gr, line 1: found 'a 1 x 3'"),
        ("c nothing\n", "g.gr: found no arcs"),
    ],
)
def test_a_line_of_no_format_is_named(tmp_path, text, message):
    (tmp_path / "g.gr").write_text(text)
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        read_graph(tmp_path / "g.gr")


def test_a_bad_query_is_named(tmp_path):
    (tmp_path / "g.gr").write_text("a 0 1 5\n")
    (tmp_path / "g.queries.csv").write_text("source,target,distance\n0,1\n")
    with pytest.raises(InputError, match=r"g.queries.csv, line 2: found '0,1'; expected SOURCE,TARGET,DISTANCE"):
        read_queries(tmp_path / "g.gr", read_graph(tmp_path / "g.gr"))


def test_installed_peers_find_the_same_times():
    roads = road_like(400)
    sources, targets = np.arange(0, 400, 90), np.arange(0, 400, 7)
    expected = travel_times(roads.graph(), sources, None, "dijkstra")
    for peer in peers_of(roads, ("scipy", "igraph", "rustworkx")):
        assert np.array_equal(np.round(peer.times(sources, None)), expected), peer.name
        assert np.array_equal(np.round(peer.times(sources, targets)), expected[:, targets]), peer.name


def test_a_ratio_a_quarter_below_the_stored_one_fails(tmp_path, capsys):
    file = tmp_path / "stored.json"
    file.write_text(json.dumps([{"instance": "a", "peer": "p", "ratio": 100.0}, {"instance": "b", "ratio": None}]))
    stored = stored_ratios(file)
    for ratio, status in ((76.0, "equal"), (74.0, "failed"), (None, "failed")):
        found = [
            {"instance": "a", "peer": "p", "ratio": ratio, "status": "equal"},
            {"instance": "b", "status": "alone"},
        ]
        hold_against(found, stored)
        assert [row["status"] for row in found] == [status, "alone"]
    assert "a against p: 74.00x, stored 100.00x: slower" in capsys.readouterr().out
    for text in ("{", "[1]", '[{"ratio": 2}]'):
        file.write_text(text)
        with pytest.raises(InputError, match="--compare"):
            stored_ratios(file)


def test_the_command_ends_with_an_error_where_a_kernel_became_slower(tmp_path, monkeypatch):
    row = {"instance": "a", "peer": "p", "ratio": 10.0, "status": "equal"}
    monkeypatch.setattr("benchmarks.kernels.run", lambda **_: [dict(row)])
    assert registry.main(["kernels", "--json", str(tmp_path / "run.json")]) == 0
    assert registry.main(["kernels", "--compare", str(tmp_path / "run.json")]) == 0
    row["ratio"] = 5.0
    assert registry.main(["kernels", "--compare", str(tmp_path / "run.json")]) == 1
