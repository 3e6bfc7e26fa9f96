"""Which columns stay together: what choices tie, up to a size; beyond it the largest pieces that still are solved."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.solve.partition import PIECES, components, cut_rows, parts


def _chain(n: int) -> sp.csr_matrix:
    """A row for every two choices that follow one another."""
    rows = np.repeat(np.arange(n - 1), 2)
    columns = (np.arange(n - 1)[:, None] + [0, 1]).ravel()
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n - 1, n))


@pytest.mark.parametrize("n", [5, 40])
def test_what_choices_tie_stays_whole_up_to_the_large_size(n: int):
    assert len(np.unique(parts(_chain(n), np.ones(n, bool), small=4, large=40))) == 1


def test_beyond_it_pieces_are_as_large_as_they_may_be():
    n, large = 200, 40
    label = parts(_chain(n), np.ones(n, bool), small=4, large=large)
    sizes = np.bincount(label)
    assert sizes.sum() == n and sizes.max() <= large // PIECES and np.median(sizes) > large // PIECES / 2
    assert len(cut_rows(_chain(n), label)) == len(sizes) - 1
    assert max(components(_chain(n)[:, label == k]).max() for k in range(len(sizes))) == 0


def test_rows_of_amounts_are_cut_before_rows_of_choices():
    """Two groups of choices, each tied by a budget; an amount of each stands in one row that both share."""
    rows = [[1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, -1, 0], [0, 0, 0, 1, 0, 0, 0, -1]]
    matrix = sp.csr_matrix(np.array([*rows, [0, 0, 0, 0, 0, 0, 1, 1]], float))
    label = parts(matrix, np.array([1, 1, 1, 1, 1, 1, 0, 0], bool), small=3, large=10)
    assert cut_rows(matrix, label).tolist() == [4]
