"""Water networks against the EPANET 2.2 toolkit on random files with every device, unit and head-loss formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.epanet_toolkit import Epanet
from benchmarks.water_simulation import compare
from benchmarks.water_streets import street_inp
from network_models.hydraulics.water_network import WaterNetwork
from network_models.hydraulics.water_solve import solve
from tests.network_models.hydraulics.water_random import DEVICES, UNITS, RandomInp, random_inp


def _written(folder: Path, text: str) -> Path:
    file = folder / "network.inp"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("seed", range(40))
def test_a_random_network_agrees_with_epanet(tmp_path: Path, seed: int):
    row = compare(_written(tmp_path, random_inp(seed)))
    known = {8: "reference unbalanced"}
    allowed = ("equal", "equal where supplied", "no meaningful heads", known.get(seed, ""))
    assert row["status"] in allowed, row
    if row["status"] != "no meaningful heads":
        assert row["supplied_difference"] < 3e-3


@pytest.mark.parametrize("units", UNITS)
def test_every_unit_of_flow(tmp_path: Path, units: str):
    made = RandomInp(4, ("PRV", "PUMP3", "TANK", "POWER"), units, "H-W")
    made.parts["STATUS"].clear()
    row = compare(_written(tmp_path, made.text()))
    assert row["status"] == "equal" and row["value"] < 1e-4, row


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_alone(tmp_path: Path, device: str):
    made = RandomInp(5, (device,), "LPS", "D-W")
    row = compare(_written(tmp_path, made.text()))
    assert row["status"] in ("equal", "equal where supplied", "no meaningful heads"), row


def test_a_town_with_every_device(tmp_path: Path):
    row = compare(_written(tmp_path, street_inp(8)))
    assert row["supplied_difference"] < 1e-3 and row["status"] in ("equal", "equal where supplied"), row


def test_pressure_controls_act_after_balance(tmp_path: Path):
    text = RandomInp(3, ("PUMP1",), "LPS", "H-W")
    text.parts["CONTROLS"].append(f"LINK {text.parts['PUMPS'][0].split()[0]} CLOSED IF NODE J3 BELOW 100")
    file = _written(tmp_path, text.text())
    row = compare(file)
    assert row["status"] in ("equal", "equal where supplied"), row
    result = solve(WaterNetwork.from_inp(file), strict=False)
    assert result.flows[list(result.network.link_names).index(text.parts["PUMPS"][0].split()[0])] == 0.0


def test_demands_given_are_those_that_epanet_is_given(tmp_path: Path):
    file = _written(tmp_path, RandomInp(2, ("CV", "TCV"), "CMH", "H-W").text())
    network = WaterNetwork.from_inp(file)
    result = solve(network, network.demand * 1.3)
    with Epanet(
        _written(tmp_path, file.read_text().replace("[OPTIONS]", "[OPTIONS]\nDEMAND MULTIPLIER 1.3"))
    ) as toolkit:
        heads = toolkit.state().head
    assert np.allclose(result.heads, [heads[name] for name in network.node_names], atol=1e-5)
