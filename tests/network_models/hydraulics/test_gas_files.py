"""Gas: GasLib and matgas files, whole and broken."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.hydraulics.gas_gaslib import read_gaslib
from network_models.hydraulics.gas_matgas import network_of, read_matgas
from network_models.hydraulics.gas_network import GasLink, GasStatus
from network_models.hydraulics.gas_solve import solve
from network_models.hydraulics.water_check import NetworkError

NODE = """<{kind} id="{name}"><height value="{height}" unit="m"/><pressureMin value="20" unit="bar"/>
<pressureMax value="60" unit="bar"/>{more}</{kind}>"""
SOURCE = """<gasTemperature value="10" unit="Celsius"/><normDensity value="0.785" unit="kg_per_m_cube"/>
<molarMass value="18.5674" unit="kg_per_kmol"/><pseudocriticalPressure value="45.93" unit="bar"/>
<pseudocriticalTemperature value="188.55" unit="K"/><flowMax value="500" unit="1000m_cube_per_hour"/>"""
NET = (
    '<network xmlns="http://gaslib.zib.de/Gas"><nodes>'
    + NODE.format(kind="source", name="in", height=0, more=SOURCE)
    + NODE.format(kind="innode", name="mid", height=0, more="")
    + NODE.format(kind="innode", name="far", height=0, more="")
    + NODE.format(kind="sink", name="out", height=50, more="")
    + """</nodes><connections>
<pipe id="p1" from="in" to="mid"><length value="30" unit="km"/><diameter value="500" unit="mm"/>
<roughness value="0.05" unit="mm"/></pipe>
<compressorStation id="c1" from="mid" to="far"><pressureOutMax value="55" unit="bar"/></compressorStation>
<pipe id="p2" from="far" to="out"><length value="20000" unit="m"/><diameter value="0.5" unit="m"/>
<roughness value="0.05" unit="mm"/></pipe></connections></network>"""
)
SCN = """<boundaryValue><scenario id="s"><node type="entry" id="in"><flow bound="both" value="200"
unit="1000m_cube_per_hour"/><pressure bound="upper" value="40" unit="bar"/></node><node type="exit" id="out">
<flow bound="lower" value="200" unit="1000m_cube_per_hour"/><flow bound="upper" value="200" unit="1000m_cube_per_hour"/>
</node></scenario></boundaryValue>"""

MATGAS = """function mgc = small
mgc.gas_specific_gravity = 0.6;
mgc.specific_heat_capacity_ratio = 1.4;
mgc.temperature = 288.706; % K
mgc.compressibility_factor = 1;
mgc.units = 'si';
mgc.is_per_unit = 0;
mgc.sound_speed = 371.6643;
%% junctions
% id p_min p_max p_nominal junction_type status name
mgc.junction = [
1 3000000 6000000 5000000 1 1 'a b'
2 3000000 6000000 3000000 0 1 'c'
7 3000000 6000000 3000000 0 1 'd'
];
mgc.pipe = [
1 1 2 0.6 50000 0.01 3000000 6000000 1
];
mgc.compressor = [
1 2 7 1 1.4 1e100 -600 600 3000000 6000000 3000000 6000000 1 10 1
];
mgc.ne_pipe = [
9 1 2 0.6 50000 0.01 3000000 6000000 1 25
];
mgc.receipt = [
1 1 0 1000 100 1 1
];
mgc.delivery = [
1 7 0 100 60 0 1
2 7 0 100 40 0 0
];
%column_names% elevation
mgc.junction_data = [
0
10
20
];
"""


@pytest.fixture
def gaslib(tmp_path):
    (tmp_path / "n.net").write_text(NET, encoding="utf-8")
    (tmp_path / "n.scn").write_text(SCN, encoding="utf-8")
    return tmp_path


def test_gaslib_units_and_flows(gaslib):
    network = read_gaslib(gaslib / "n.net", gaslib / "n.scn")
    assert network.fixed_pressure[0] == pytest.approx(40e5)
    assert network.demand == pytest.approx([0, 0, 0, 200e3 / 3600 * 0.785])
    assert network.length[[0, 2]] == pytest.approx([30e3, 20e3])
    assert network.diameter[[0, 2]] == pytest.approx([0.5, 0.5])
    assert network.height[3] == 50
    assert network.gas.temperature == pytest.approx(283.15)
    assert network.gas.gas_constant == pytest.approx(8.314462618 / 18.5674e-3, rel=1e-6)
    result = solve(network)
    assert result.solved
    assert result.pressures[1] == result.pressures[2]


def test_gaslib_stations_hold_their_pressure(gaslib):
    result = solve(read_gaslib(gaslib / "n.net", gaslib / "n.scn", bypass=False))
    assert result.status[1] == GasStatus.ACTIVE
    assert result.pressures[2] == pytest.approx(55e5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("</network>", "", "found XML that cannot be read"),
        ('<length value="30" unit="km"/>', "", "pipe 'p1': found no length"),
        ('value="30" unit="km"', 'value="x" unit="km"', "pipe 'p1': found length = 'x'"),
        ('value="30" unit="km"', 'value="30" unit="furlong"', "in the unit 'furlong'"),
        ('to="mid"', 'to="nowhere"', "pipe 'p1': found to = 'nowhere'"),
        ('from="in" ', "", "pipe 'p1': found no attribute 'from'"),
        ('id="mid"', 'id="in"', "found two nodes of the name 'in'"),
        ("normDensity", "density", "no source with a normDensity"),
    ],
)
def test_faults_of_gaslib_networks(gaslib, old, new, words):
    (gaslib / "n.net").write_text(NET.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(NetworkError) as error:
        read_gaslib(gaslib / "n.net", gaslib / "n.scn")
    assert words in str(error.value)
    assert "n.net" in str(error.value)


def test_faults_of_gaslib_nominations(gaslib):
    (gaslib / "n.scn").write_text(SCN.replace('id="out"', 'id="other"'), encoding="utf-8")
    with pytest.raises(NetworkError, match="a node that the network does not have"):
        read_gaslib(gaslib / "n.net", gaslib / "n.scn")
    with pytest.raises(NetworkError, match="no such file"):
        read_gaslib(gaslib / "n.net", gaslib / "absent.scn")


@pytest.fixture
def matgas(tmp_path):
    def write(text: str = MATGAS):
        path = tmp_path / "small.m"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_matgas_tables(matgas):
    file = read_matgas(matgas())
    assert file.sound_speed == pytest.approx(371.6643)
    assert [row["elevation"] for row in file.rows("junction")] == [0, 10, 20]
    assert len(file.rows("delivery")) == 1  # the other has status 0
    assert file.rows("ne_pipe")[0]["construction_cost"] == 25
    assert file.rows("compressor")[0]["directionality"] == 1


def test_matgas_network(matgas):
    network = network_of(read_matgas(matgas()), bypass=False)
    assert network.kind.tolist() == [GasLink.PIPE, GasLink.COMPRESSOR]
    assert network.demand.tolist() == [0, 0, 60]
    result = solve(network)
    assert result.solved
    lost = 0.01 * 50e3 / 0.6 * 371.6643**2 / (np.pi / 4 * 0.36) ** 2 * 60**2
    flat = np.sqrt(5e6**2 - lost)
    assert result.pressures[1] == pytest.approx(flat * np.exp(-9.80665 * 10 / 371.6643**2), rel=1e-4)
    assert result.pressures[2] == pytest.approx(6e6)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mgc.units = 'si';", "", "found no mgc.units"),
        ("'si'", "'usc'", "found units = 'usc'"),
        ("1 1 2 0.6 50000 0.01 3000000 6000000 1\n]", "1 1 2 0.6 50000\n]", "line 17: found 5 columns; expected 9"),
        ("1 1 2 0.6 50000 0.01", "1 1 2 0.6 long 0.01", "line 17, column length: found 'long'"),
        ("1 1 2 0.6 50000", "1 1 3 0.6 50000", "mgc.pipe 1: found to_junction = 3"),
        ("10\n20\n", "10\n", "found 2 rows in mgc.junction_data; expected 3"),
        ("];\nmgc.pipe", "\nmgc.pipe", "line 16: found 3 columns"),
        ("'a b'", "'a b", "line 12"),
    ],
)
def test_faults_of_matgas_files(matgas, old, new, words):
    with pytest.raises(NetworkError) as error:
        read_matgas(matgas(MATGAS.replace(old, new, 1)))
    assert words in str(error.value)
    assert "small.m" in str(error.value)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "x.m").write_bytes("mgc.units = '天然气'".encode("gb18030"))
    with pytest.raises(NetworkError, match="bytes that are no text"):
        read_matgas(tmp_path / "x.m")
