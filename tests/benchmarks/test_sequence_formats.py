"""Readers of open pits and knapsacks: what they read, and one clear message for each fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sequence import problem_of, solve_instance
from benchmarks.sequence_formats import find_files, read_file
from optimizer.errors import InputError

CPIT = """NAME: tiny
TYPE: CPIT
NBLOCKS: 3
NPERIODS: 2
NRESOURCE_SIDE_CONSTRAINTS: 1
DISCOUNT_RATE: 0.25
RESOURCE_CONSTRAINT_LIMITS:
0 0 L 1
0 1 L 2
OBJECTIVE_FUNCTION:
0 -1
1 5
2 4.5
RESOURCE_CONSTRAINT_COEFFICIENTS:
0 0 1
1 0 1
2 0 1
EOF
"""
PREC = "0 0\n1 1 0\n2 1 0\n"
UPIT = "% a comment\nNAME: tiny\nTYPE: UPIT\nNBLOCKS: 3\nOBJECTIVE_FUNCTION:\n0 -1\n1 5\n2 -4\n"
KNAPSACK = "3 1 9\n5 4 3\n2 3 1\n5\n"


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in {"cpit": CPIT, "prec": PREC, "upit": UPIT, **files}.items():
        (tmp_path / f"tiny.{name}").write_text(text)
    return tmp_path


def test_open_pits_are_read_and_solved(tmp_path: Path) -> None:
    files = find_files(folder(tmp_path, dat=KNAPSACK), None)
    assert [(f.name, kind) for f, kind in files] == [("tiny.cpit", "cpit"), ("tiny.dat", "knapsack"), ("tiny.upit", "upit")]
    values = [solve_instance(read_file(f, kind)[0], 5.0)["value"] for f, kind in files]
    assert values == pytest.approx([-1 + 9.5 / 1.25, 9.0, 4.0])


def test_a_problem_reads_in_the_units_of_its_instance(tmp_path: Path) -> None:
    instance = read_file(folder(tmp_path) / "tiny.cpit", "cpit")[0]
    problem = problem_of(instance)
    assert problem.sequence.sizes["transition"] == 3
    assert [(r.candidate, r.needs) for r in problem.requirements] == [(1, 0), (2, 0)]
    assert instance.size == "3x2, 2 precedences, 1 resources"


def test_several_knapsacks_in_a_file_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "two.txt.gz").write_bytes(gzip.compress(f"2\n{KNAPSACK}{KNAPSACK.replace(' 9', ' 0')}".encode()))
    first, second = read_file(tmp_path / "two.txt.gz", "knapsack")
    assert (first.name.split("/")[1], first.reference, second.reference) == ("two.txt@1", 9.0, None)
    assert np.array_equal(first.use, second.use)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("cpit", "1 5\n", "1 five\n", r"tiny.cpit, row 12.*'1 five'.*a block and its value"),
        ("cpit", "1 5\n", "", r"tiny.cpit.*2 values.*each of 3 blocks.*cut off"),
        ("cpit", "1 5\n", "7 5\n", r"tiny.cpit, row 12.*7.*a block from 0 to 2"),
        ("cpit", "0 1 L 2", "0 1 G 2", r"tiny.cpit, row 9.*0 1 G 2.*Only upper limits"),
        ("cpit", "NPERIODS: 2", "NPERIODS: two", r"tiny.cpit, row 4.*'two'.*NPERIODS"),
        ("cpit", "2 0 1\nEOF", "2 0 -1\nEOF", r"tiny.cpit, row 17.*-1.*at least 0"),
        ("prec", "1 1 0", "1 2 0", r"tiny.prec, row 2.*'1 2 0'.*that many predecessors"),
        ("prec", "2 1 0", "2 1 9", r"tiny.prec, row 3.*9.*a block from 0 to 2"),
    ],
)
def test_faults_of_open_pits_are_named(tmp_path: Path, name: str, old: str, new: str, says: str) -> None:
    text = {"cpit": CPIT, "prec": PREC}[name]
    assert old in text
    place = folder(tmp_path, **{name: text.replace(old, new)})
    with pytest.raises(InputError, match=f"(?s){says}"):
        read_file(place / "tiny.cpit", "cpit")


def test_missing_precedences_are_named(tmp_path: Path) -> None:
    (tmp_path / "alone.upit").write_text(UPIT)
    with pytest.raises(InputError, match=r"no alone\.prec beside it"):
        read_file(tmp_path / "alone.upit", "upit")


@pytest.mark.parametrize(
    ("text", "says"),
    [("3 1 9\n5 4 3\n2 x 1\n5\n", r"row 3.*'x'.*a number"), ("3 1 9\n5 4 3\n2 3\n", r"items, resources.*cut off")],
)
def test_faults_of_knapsacks_are_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "bad.dat").write_text(text)
    with pytest.raises(InputError, match=f"(?s)bad.dat.*{says}"):
        read_file(tmp_path / "bad.dat", "knapsack")
