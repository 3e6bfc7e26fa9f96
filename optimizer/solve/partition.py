"""Parts of a model that is too large to be solved in seconds: which columns belong together, and which rows to cut.

A cut row is priced, so it matters which rows are cut, not only how many. What binds whole-number choices to one another
(money, land, works at once, precedence) is lumpy, and pricing it weakens the bound; what binds continuous amounts (a place is
served once, by whom is open) is priced almost without loss. Therefore parts are at first what hangs together by rows with
choices in them; a part that is still too large is put together anew from its smallest pieces; and then parts grow over the
continuous rows that they share, as long as they stay small. Pieces are joined where the weight of the rows that they share,
against their sizes, is largest (agglomeration by heavy edges; Karypis and Kumar 1998).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

SMALL, LARGE = 300, 10_000
"""Whole-number choices up to which parts are joined, and up to which a part that hangs together by its choices is kept."""
PIECES = 4
"""Of the size of a part that is just kept: how many of the pieces that larger ones are put together from would make one."""
MOST_MEMBERS = 400
"""Rows that touch more pieces than this say little about which of them belong together; they are left aside meanwhile."""


def parts(matrix: sp.csr_matrix, integer: np.ndarray, small: int = SMALL, large: int = LARGE) -> np.ndarray:
    """Part of every column.

    Parameters
    ----------
    matrix
        (rows, columns): rows that may be cut.
    integer
        (columns,) bool.
    small, large
        Largest numbers of choices, see above.

    Returns
    -------
    (columns,) int, numbered from 0.
    """
    with_choices = matrix @ sp.diags(integer.astype(float))
    core = np.diff(_pattern(with_choices.tocsr()).indptr) > 0
    label = components(matrix[core])
    sizes = np.bincount(label, weights=integer)
    for part in np.flatnonzero(sizes > large):
        columns = np.flatnonzero(label == part)
        pieces = _grown(matrix[core][:, columns], np.arange(len(columns)), integer[columns], max(small, large // PIECES))
        label[columns] = label.max() + 1 + pieces
    return _grown(matrix, _numbered(label), integer, small)


def components(pattern: sp.csr_matrix) -> np.ndarray:
    """Component of every column, where columns hang together that share a row."""
    _, label = connected_components(sp.bmat([[None, pattern], [pattern.T, None]], format="csr"), directed=False)
    return _numbered(label[pattern.shape[0] :])


def cut_rows(matrix: sp.csr_matrix, label: np.ndarray) -> np.ndarray:
    """Positions of the rows whose columns are not all of one part."""
    filled = np.flatnonzero(np.diff(matrix.indptr))
    of_entry = label[matrix.indices]
    first = matrix.indptr[filled]
    return filled[np.minimum.reduceat(of_entry, first) < np.maximum.reduceat(of_entry, first)]


def _numbered(label: np.ndarray) -> np.ndarray:
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _pattern(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """One for every entry that is not zero."""
    pattern = matrix.copy()
    pattern.data = (pattern.data != 0).astype(float)
    pattern.eliminate_zeros()
    return pattern


def _grown(matrix: sp.csr_matrix, label: np.ndarray, integer: np.ndarray, most: int) -> np.ndarray:
    """Join pieces, pair by pair, while none has more than ``most`` choices."""
    pattern = _pattern(matrix)
    while True:
        n = int(label.max(initial=-1)) + 1
        size = np.bincount(label, weights=integer, minlength=n)
        of_piece = sp.csr_matrix((np.ones(len(label)), (np.arange(len(label)), label)), shape=(len(label), n))
        partner = _partners(_pattern((pattern @ of_piece).tocsr()), size, most)
        joined = _joined(partner, size)
        if (joined == np.arange(n)).all():
            return label
        label = _numbered(joined[label])


def _partners(touched: sp.csr_matrix, size: np.ndarray, most: int) -> np.ndarray:
    """For every piece the one it hangs together with most, itself where there is none.

    Parameters
    ----------
    touched
        (rows, pieces) of ones.
    """
    members = np.diff(touched.indptr)
    telling = touched[(members > 1) & (members <= max(MOST_MEMBERS, int(members.min(initial=0))))]
    weight = sp.diags(1.0 / (np.diff(telling.indptr) - 1.0))
    shared = (telling.T @ weight @ telling).tocoo()
    fits = (size[shared.row] + size[shared.col] <= most) | (np.minimum(size[shared.row], size[shared.col]) == 0)
    allowed = (shared.row != shared.col) & fits
    a, b, strength = shared.row[allowed], shared.col[allowed], shared.data[allowed]
    score = strength / np.sqrt(np.maximum(size[a], 1.0) * np.maximum(size[b], 1.0))
    order = np.lexsort((b, -np.round(score, 9), a))
    pieces, first = np.unique(a[order], return_index=True)
    partner = np.arange(len(size))
    partner[pieces] = b[order][first]
    return partner


def _joined(partner: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Number of the piece that each becomes part of: partners of one another, and pieces without choices to theirs."""
    piece = np.arange(len(partner))
    mutual = partner[partner] == piece
    joined = np.where(mutual, np.minimum(piece, partner), piece)
    follows = ~mutual & (size == 0)
    joined[follows] = joined[partner[follows]]
    return joined
