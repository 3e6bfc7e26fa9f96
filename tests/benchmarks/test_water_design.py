"""The door of `bench water-design`: a small case in files, and bad files with one message each."""

from __future__ import annotations

import json

import pytest

from benchmarks.water_design import checked, searched_and_proved, sizes_of
from benchmarks.water_design_files import read_case
from network_models.design.network import design_network
from optimizer.errors import InputError

INP = """[JUNCTIONS]
 a 10 20
 b 12 15
[RESERVOIRS]
 r 60
[PIPES]
 p r a 500 0 130 0 Open
 q a b 400 0 130 0 Open
 s r b 700 150 130 0 Open
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
[END]
"""
CASE = {
    "inp": "network.inp",
    "catalogue": [
        {"diameter_mm": 100, "unit_cost_per_m": 10, "roughness": 130},
        {"diameter_mm": 200, "unit_cost_per_m": 25, "roughness": 130},
    ],
    "decision_pipes": [{"id": "p", "length_m": 500}, {"id": "q", "length_m": 400}],
    "constraints": {"min_pressure_m": {"a": 20, "b": 20}, "max_velocity_ms": 1.4},
}


def written(folder, case=CASE, inp=INP):
    (folder / "network.inp").write_text(inp, encoding="utf-8")
    (folder / "design.json").write_text(json.dumps(case), encoding="utf-8")
    return folder / "design.json"


def test_a_case_is_read_and_its_designs_are_judged_by_epanet(tmp_path):
    case = read_case(written(tmp_path))
    network = design_network(case.network, case.choices, case.loads, case.largest_speed)
    assert network.cost(network.sizes.options - 1) == pytest.approx(25 * 900)
    largest = {name: sizes[-1] for name, sizes in case.choices.items()}
    smallest = {name: sizes[0] for name, sizes in case.choices.items()}
    assert checked(case, largest).holds
    refused = checked(case, smallest)
    assert not refused.holds
    assert refused.speed_slack < 0
    assert sizes_of(case, network, network.sizes.options - 1) == largest


def test_every_seed_searches_until_it_meets_the_proven_bound(tmp_path):
    case = read_case(written(tmp_path))
    network = design_network(case.network, case.choices, case.loads, case.largest_speed)
    boards, bound = searched_and_proved(network, 60.0, seeds=3)
    assert bound.proved
    assert len(boards) == 3
    assert [board.cost for board in boards] == pytest.approx([bound.value] * 3, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decision_pipes": [{"id": "x", "length_m": 5}]}, "decision pipe 'x' is no pipe of network.inp"),
        ({"decision_pipes": [{"id": "p", "length_m": 0}]}, "pipe p: length_m: found 0.0; expected more than 0"),
        ({"decision_pipes": "some"}, "decision_pipes: found 'some'; expected a list"),
        ({"catalogue": []}, "catalogue: found no size"),
        ({"constraints": {"min_pressure_m": {"z": 1}}}, "found one for 'z', which is no junction"),
        ({"inp": "none.inp"}, "none.inp: cannot be opened"),
    ],
)
def test_bad_files_give_one_message(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_case(written(tmp_path, {**CASE, **change}))


def test_a_file_that_is_no_case_says_so(tmp_path):
    path = written(tmp_path)
    path.write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match="not a design problem in JSON"):
        read_case(path)
    path.write_text(json.dumps({"inp": "network.inp"}), encoding="utf-8")
    with pytest.raises(InputError, match="found no 'decision_pipes'"):
        read_case(path)
