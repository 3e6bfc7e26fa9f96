"""One round over all blocks, by one worker and by two: the same bound, whoever solves."""

from __future__ import annotations

import pytest

from benchmarks.scaling import run
from optimizer.errors import InputError


def test_one_worker_and_two_prove_the_same() -> None:
    (row,) = run(smoke=True)
    assert row["status"] == "measured"
    assert row["blocks"] == 2 and row["ratio"] > 0.0


@pytest.mark.parametrize("text", ["20,many", "", "0", "-5"])
def test_sizes_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--counties"):
        run(smoke=False, counties=text)
