"""Water networks that cannot be read or solved: one message that names the node or link."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork, WaterOptions
from network_models.hydraulics.water_solve import Scenarios, solve

NAN = np.nan
LINE = {
    "elevation": [0, 0, 0], "demand": [0, 0.01, 0.01], "fixed_head": [50, NAN, NAN], "tail": [0, 1], "head": [1, 2],
    "length": 100.0, "diameter": 0.2, "roughness": 120.0, "node_names": ("works", "square", "school"),
    "link_names": ("main", "branch"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": [100, 0]}, ("branch", "length")),
        ({"diameter": [0.2, 0]}, ("branch", "diameter")),
        ({"roughness": [NAN, 100]}, ("main", "roughness")),
        ({"minor_loss": [0, -1]}, ("branch", "minor loss")),
        ({"fixed_head": NAN}, ("no source",)),
        ({"fixed_head": [np.inf, NAN, NAN]}, ("works", "infinite")),
        ({"head": [1, 1]}, ("branch", "same node")),
        ({"head": [1, 7]}, ("branch", "no node")),
        ({"tail": [0], "head": [1], "link_names": ("main",)}, ("school", "no chain of links")),
        ({"demand": [0, NAN, 0]}, ("square", "demand")),
        ({"demand": [0, 1]}, ("demand", "3 nodes")),
        ({"emitter": -1.0}, ("works", "emitter")),
        ({"kind": [1, LinkKind.PUMP]}, ("branch", "curve", "power")),
        ({"kind": [1, LinkKind.GPV]}, ("branch", "GPV")),
        ({"kind": [LinkKind.PRV, 1], "setting": 20.0}, ("main", "reservoir")),
        ({"kind": [1, LinkKind.PUMP], "curve": 0, "curves": ([[0, 10], [1, 20]],)}, ("branch", "falling")),
        ({"kind": [1, LinkKind.PUMP], "curve": 0, "curves": ([[0, 20], [1, 19], [1.1, 1]],)}, ("branch", "curve")),
        ({"node_names": ("works",)}, ("node_names", "3")),
        ({"options": WaterOptions("Manning")}, ("formula", "C-M")),
        ({"options": WaterOptions(friction="smooth")}, ("friction", "Colebrook")),
    ],
)
def test_a_faulty_network_is_refused_by_name(change: dict, words: tuple[str, ...]):
    with pytest.raises(NetworkError) as caught:
        solve(WaterNetwork.from_arrays(**(LINE | change)))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_demand_behind_a_closed_link_names_both():
    with pytest.raises(NetworkError, match=r"'school' has demand but closed links \('branch'\)"):
        solve(WaterNetwork.from_arrays(**LINE, status=[LinkStatus.OPEN, LinkStatus.CLOSED]))


def test_a_scenario_at_fault_is_numbered():
    network = WaterNetwork.from_arrays(**LINE)
    status = np.tile(network.status, (5, 1))
    status[3, 0] = LinkStatus.CLOSED
    with pytest.raises(NetworkError, match=r"scenario 3: node 'square' and 1 more"):
        solve(network, scenarios=Scenarios(status=status))
    assert solve(network, scenarios=Scenarios(status=status), strict=False).isolated[3, 1:].all()


def test_too_few_iterations_name_the_worst_link():
    with pytest.raises(NetworkError, match=r"no balance after 1 iterations; link '(main|branch)' \(open\)"):
        solve(WaterNetwork.from_arrays(**LINE), max_iterations=1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"demands": [1, 2]}, ("demands", "3")),
        ({"diameters": [0.1, 0.0]}, ("diameters", "0 or less")),
        ({"demands": [0, NAN, 0]}, ("demands", "missing")),
        ({"demands": np.ones((2, 3)), "diameters": np.ones((3, 2))}, ("scenarios", "[2, 3]")),
    ],
)
def test_arrays_that_do_not_fit(given: dict, words: tuple[str, ...]):
    with pytest.raises(NetworkError) as caught:
        solve(WaterNetwork.from_arrays(**LINE), **given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


TEXT = """[JUNCTIONS]
{name} 0 1
[RESERVOIRS]
R 50
[PIPES]
P R {name} 100 100 120 0 Open
[OPTIONS]
UNITS LPS
HEADLOSS H-W
[END]
"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "latin-1"])
def test_a_file_in_any_usual_encoding_is_read(tmp_path: Path, encoding: str):
    name = "Straße" if encoding == "latin-1" else "城关镇"
    file = tmp_path / "town.inp"
    file.write_bytes(TEXT.format(name=name).encode(encoding))
    network = WaterNetwork.from_inp(file)
    assert network.node_names[0] == name or encoding == "latin-1"
    assert solve(network).flows[0] == pytest.approx(0.001)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a network",
        TEXT.replace("100 100", "100 -1"),
        TEXT.replace("R 50", "R fifty"),
        TEXT.replace("P R", "P Q"),
        TEXT.replace("UNITS LPS", "UNITS BUCKETS"),
        TEXT.replace("P R {name} 100 100 120 0 Open", ""),
        TEXT.replace("P R {name} 100 100 120 0 Open", "P R {name} 0 100 120 0 Open"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_message(tmp_path: Path, text: str):
    file = tmp_path / "bad.inp"
    file.write_text(text.replace("{name}", "J"), encoding="utf-8")
    with pytest.raises(NetworkError, match=r"bad\.inp: "):
        WaterNetwork.from_inp(file)


def test_a_missing_file_is_one_message(tmp_path: Path):
    with pytest.raises(NetworkError, match=r"none\.inp: cannot be opened"):
        WaterNetwork.from_inp(tmp_path / "none.inp")
