"""Published formats read from small texts written here; bad files end in one message with file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.siting import run, solve_instance
from benchmarks.siting_formats import READERS, SitingInstance, find_files, read_file, references
from optimizer.errors import InputError

ORLIB = "2 3\n10 100\n20.5 200.\n4\n1 2\n5\n3 4\n6\n5 6\n"
HOLMBERG = "2 3\n10 100\n20 200\n4 5 6\n1 3 5\n2 4 6\n"
DELMAIRE = "3 2\n1 2\n3 4\n5 6\n4 5 6\n100 200\n10 20\n"
TBED1 = "2 3\n4 5 6\n10 20\n100 200\n1 3 5\n2 4 6\n"
TWO_STAGE = "1 2 3\n4\n5\n6\n50 500\n1 2\n10 100\n20 200\n1 3 5\n2 4 6\n"
TWO_PRODUCTS = "1 2 3 2\n4 1\n5 1\n6 1\n50 40 500\n1 2\n7 8\n10 2 100\n20 2 200\n1 3 5\n2 4 6\n1 1 1\n2 2 2\n"
KOERKEL = "FILE: x.txt\n2 3 0\n1 100 1 3 5\n2 200 2 4 6\n"
MEDIAN = "4 5 2\n1 2 9\n2 3 1\n3 4 1\n1 4 5\n1 2 2\n"


def read(folder: Path, family: str, text: str | bytes, name: str = "p1.txt") -> list[SitingInstance]:
    (folder / family).mkdir(exist_ok=True)
    file = folder / family / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_file(file, family)


@pytest.mark.parametrize(
    ("family", "text", "single"),
    [
        ("cflp_orlib", ORLIB, False),
        ("sscflp_holmberg", HOLMBERG, True),
        ("sscflp_yang", HOLMBERG, True),
        ("sscflp_orlib_small", HOLMBERG, True),
        ("sscflp_delmaire", DELMAIRE, True),
    ],
)
def test_one_echelon(tmp_path: Path, family: str, text: str, single: bool) -> None:
    (instance,) = read(tmp_path, family, text)
    assert (instance.name, instance.size) == (f"{family}/p1", "2x3")
    np.testing.assert_allclose(instance.cost, [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_allclose(instance.demand, [4, 5, 6])
    np.testing.assert_allclose(instance.fixed, [100, 200])
    assert instance.capacity[0] == 10
    assert instance.single_source is single
    assert instance.count is None


@pytest.mark.parametrize(("family", "single"), [("sscflp_tbed1", True), ("cflp_tbed1", False)])
def test_costs_of_one_unit(tmp_path: Path, family: str, single: bool) -> None:
    (instance,) = read(tmp_path, family, TBED1)
    np.testing.assert_allclose(instance.cost, [[4, 15, 30], [8, 20, 36]])
    assert instance.single_source is single


def test_one_file_with_several_capacities(tmp_path: Path) -> None:
    text = ORLIB.replace("10 100", "capacity 100").replace("20.5 200.", "capacity 200")
    found = read(tmp_path, "cflp_orlib", text, "capa.txt")
    assert [i.name for i in found] == [f"cflp_orlib/capa@{c}" for c in (8000, 10000, 12000, 14000)]
    assert (found[1].capacity == 10000).all()
    np.testing.assert_allclose(found[1].fixed, [100, 200])
    (tmp_path / "reference.csv").write_text("instance,value\ncflp_orlib/mine@77,5\n")
    (mine,) = read(tmp_path, "cflp_orlib", text, "mine.txt")
    assert (mine.name, mine.reference, mine.capacity[0]) == ("cflp_orlib/mine@77", 5.0, 77.0)


def test_two_echelons(tmp_path: Path) -> None:
    (instance,) = read(tmp_path, "tscflp_fernandes", TWO_STAGE)
    assert instance.size == "1x2x3"
    np.testing.assert_allclose(instance.cost, [[4, 15, 30], [8, 20, 36]])
    assert instance.upper_capacity is not None
    assert instance.upper_fixed is not None
    assert instance.upper_cost is not None
    assert (instance.upper_capacity[0], instance.upper_fixed[0]) == (50, 500)
    np.testing.assert_allclose(instance.upper_cost, [[[1], [2]]])


def test_two_products_each_with_its_own_capacity(tmp_path: Path) -> None:
    """A site (a plant) is one a product; those of the first product carry what opening costs."""
    (instance,) = read(tmp_path, "tscflp_multiproduct_mauri", TWO_PRODUCTS)
    assert instance.size == "1x2x6"
    assert instance.product is not None
    np.testing.assert_array_equal(instance.product, [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(instance.demand, [4, 5, 6, 1, 1, 1])
    np.testing.assert_allclose(instance.cost[2:, 3:], [[1, 1, 1], [2, 2, 2]])
    assert np.isinf(instance.cost[:2, 3:]).all()
    np.testing.assert_allclose(instance.capacity, [10, 20, 2, 2])
    np.testing.assert_allclose(instance.fixed, [100, 200, 0, 0])
    np.testing.assert_array_equal(instance.needs, [-1, -1, 0, 1])
    assert instance.upper_cost is not None
    np.testing.assert_allclose(instance.upper_capacity, [50, 40])
    np.testing.assert_allclose(instance.upper_cost[0, :2, 0], [1, 2])
    np.testing.assert_allclose(instance.upper_cost[1, 2:, 1], [7, 8])


def test_without_capacity(tmp_path: Path) -> None:
    (instance,) = read(tmp_path, "uflp_koerkel_ghosh", KOERKEL)
    np.testing.assert_allclose(instance.fixed, [100, 200])
    np.testing.assert_allclose(instance.cost, [[1, 3, 5], [2, 4, 6]])
    assert np.isinf(instance.capacity).all()


def test_medians_by_shortest_paths_the_last_of_repeated_edges_counts(tmp_path: Path) -> None:
    (instance,) = read(tmp_path, "pmedian_orlib", MEDIAN)
    np.testing.assert_allclose(instance.cost, [[0, 2, 3, 4], [2, 0, 1, 2], [3, 1, 0, 1], [4, 2, 1, 0]])
    assert instance.count == 2


def test_padding_zipped_files_and_surplus_numbers_are_taken(tmp_path: Path) -> None:
    (instance,) = read(tmp_path, "sscflp_holmberg", HOLMBERG.encode() + b"7 7\0\0\x1a")
    (zipped,) = read(tmp_path, "sscflp_holmberg", gzip.compress(HOLMBERG.encode()), "p2.txt.gz")
    np.testing.assert_array_equal(instance.cost, zipped.cost)
    assert zipped.name == "sscflp_holmberg/p2"


BAD = [
    ("sscflp_holmberg", "", "found 0 numbers"),
    ("sscflp_holmberg", "2 3\n10 100\n20 200\n4 5", "p1.txt, row 4: found 8 numbers; expected at least 9"),
    ("sscflp_holmberg", HOLMBERG.replace("20 200", "20 x"), "p1.txt, row 3: found 'x'; expected a number"),
    ("sscflp_holmberg", HOLMBERG.replace("20 200", "20 nan"), "row 3: found 'nan'"),
    ("sscflp_holmberg", HOLMBERG.replace("4 5 6", "4 -5 6"), "row 4: found '-5'; expected a number of at least 0"),
    ("sscflp_holmberg", HOLMBERG.replace("2 3", "2.5 3"), "row 1: found '2.5'; expected a whole number"),
    ("cflp_orlib", ORLIB.replace("20.5 200.", "20.5 2o0."), "row 3: found '2o0.'"),
    ("sscflp_delmaire", DELMAIRE.replace("100 200", "100 1e999"), "row 6: found '1e999'"),
    ("sscflp_tbed1", "<html>not found</html>", "row 1: found '<html>not'"),
    ("tscflp_fernandes", TWO_STAGE[:-6], "expected at least"),
    ("uflp_koerkel_ghosh", KOERKEL.replace("2 200", "2 two"), "row 4: found 'two'"),
    ("pmedian_orlib", MEDIAN.replace("3 4 1", "3 5 1"), "row 4: found '5'; expected a whole number from 1 to 4"),
    ("pmedian_orlib", "4 5 2\n1 2 9\n", "row 3: found 6 numbers"),
]


@pytest.mark.parametrize(("family", "text", "message"), BAD)
def test_bad_files_are_one_message(tmp_path: Path, family: str, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, family, text)
    assert message in str(error.value)
    assert str(error.value).count("\n") == 0


def test_damaged_zip_and_unknown_family(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path, "sscflp_holmberg", b"\x1f\x8b not a zip", "p1.txt.gz")
    with pytest.raises(InputError, match="expected one of"):
        read_file(tmp_path / "p1.txt", "unheard_of")


def test_files_are_found_by_folder_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("p10.txt", "p9.txt", "readme.txt"):
        read(tmp_path, "sscflp_holmberg", HOLMBERG, name)
    (tmp_path / "other").mkdir()
    names = [(file.name, family) for file, family in find_files(tmp_path, None)]
    assert names == [("p9.txt", "sscflp_holmberg"), ("p10.txt", "sscflp_holmberg")]
    assert [f.name for f, _ in find_files(tmp_path / "sscflp_holmberg", "sscflp_yang")] == ["p9.txt", "p10.txt"]
    assert references(tmp_path) == {}


SOLVED = {
    "cflp_orlib": (ORLIB.replace("20.5", "10"), 309 + 5 / 6),
    "sscflp_holmberg": (HOLMBERG, 212.0),
    "sscflp_delmaire": (DELMAIRE, 212.0),
    "uflp_koerkel_ghosh": (KOERKEL, 109.0),
    "pmedian_orlib": (MEDIAN, 2.0),
    "tscflp_fernandes": (TWO_STAGE, 794.0),
    "tscflp_multiproduct_mauri": (TWO_PRODUCTS, 900.0),
}
"""Best values by hand: see the texts above."""


@pytest.mark.parametrize("family", SOLVED)
def test_read_and_solved(tmp_path: Path, family: str) -> None:
    text, value = SOLVED[family]
    row = solve_instance(read(tmp_path, family, text)[0], 600.0)
    assert row["value"] == pytest.approx(value)
    assert row["bound"] == pytest.approx(value)
    assert row["status"] == "optimal"


def test_an_instance_without_a_plan_is_a_row_that_says_so(tmp_path: Path) -> None:
    row = solve_instance(read(tmp_path, "sscflp_holmberg", HOLMBERG.replace("20 200", "4 200"))[0], 600.0)
    assert row["status"] == "failed"
    assert row["value"] is None


def test_a_folder_without_files_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no instance files"):
        run(smoke=False, instances=tmp_path, time_limit=1.0)
    assert set(SOLVED) <= set(READERS)
