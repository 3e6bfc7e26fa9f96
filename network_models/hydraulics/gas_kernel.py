"""Newton's method on flows and squared pressures at once, compiled: a fixed order of elimination, many scenarios.

Each step puts the linearised law of every link into the balances of the nodes, so that only the squared pressures are
solved for (Todini & Pilati 1988 for water); the matrix is not symmetric where heights, compressibility or ratios of
pressure play a part, but its columns are weakly diagonally dominant, so that no pivoting is needed.
"""

from __future__ import annotations

import math

import numpy as np

from network_models._numba import njit
from network_models.hydraulics.gas_laws import LEAST_PRESSURE, drag, pipe_law, pump_law

FLATTEST = 1e-9
"""Least slope of a law, as a share of the squared reference pressure over 1 kg/s."""
STILL = 1e-19
"""Change of flow a link that always counts as none, kg/s for each Pa2 of the reference: what rounding leaves."""
CALM = 40
"""Iteration from which on every other step is halved."""
PUMP = 2


@njit(cache=True, nogil=True, error_model="numpy")
def factorise(n: int, values: np.ndarray, column: np.ndarray, row: np.ndarray, target: np.ndarray) -> None:
    """LU factors in place; ``values`` is [diagonal | lower | upper | spare].

    Parameters
    ----------
    column, row
        Compressed columns of the lower factor; the upper one mirrors it.
    target
        Place in the lower part of each product of two entries of a column.
    """
    size, t = column[n], 0
    for j in range(n):
        inverse = 1.0 / values[j]
        values[j] = inverse
        first, last = column[j], column[j + 1]
        for x in range(first, last):
            low, up = values[n + x] * inverse, values[n + size + x]
            values[row[x]] -= low * up
            for y in range(x + 1, last):
                place = n + target[t]
                t += 1
                values[place] -= values[n + y] * inverse * up
                values[place + size] -= low * values[n + size + y]
            values[n + x] = low


@njit(cache=True, nogil=True, error_model="numpy")
def substitute(n: int, values: np.ndarray, column: np.ndarray, row: np.ndarray, b: np.ndarray) -> None:
    """Solve with the factors, in place of the right-hand side."""
    size = column[n]
    for j in range(n):
        bj = b[j]
        for x in range(column[j], column[j + 1]):
            b[row[x]] -= values[n + x] * bj
    for j in range(n - 1, -1, -1):
        total = b[j]
        for x in range(column[j], column[j + 1]):
            total -= values[n + size + x] * b[row[x]]
        b[j] = total * values[j]


@njit(cache=True, nogil=True, error_model="numpy")
def linearise(
    m: np.ndarray,
    u: np.ndarray,
    p: np.ndarray,
    x: np.ndarray,
    ends: np.ndarray,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    flattest: float,
    out: np.ndarray,
) -> None:
    """Linear form of every law at the present state: flow = out[k, 0] + out[k, 1] u_i - out[k, 2] u_j."""
    for k in range(len(m)):
        i, j = ends[0, k], ends[1, k]
        if laws[1, k] == PUMP:
            factor = z[0] + p[i] * (z[1] + p[i] * z[2])
            c0, c1, c2 = lift[k, 0], lift[k, 1], lift[k, 2]
            found = pump_law(u[j], p[i], m[k], c0, c1, c2, numbers[k, 6], warmth, factor)
        else:
            friction, slope, x[k] = drag(
                m[k], laws[0, k], numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3], numbers[k, 4], x[k]
            )
            found = pipe_law(
                u[i], u[j], p[i], p[j], friction, slope, numbers[k, 5], numbers[k, 6], numbers[k, 7], m[k], z
            )
        y = 1.0 / max(found[3], flattest)
        out[k, 1], out[k, 2] = y * found[1], y * found[2]
        out[k, 0] = m[k] + y * found[0] - out[k, 1] * u[i] + out[k, 2] * u[j]


@njit(cache=True, nogil=True, error_model="numpy")
def assemble(
    linear: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    rows: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    values: np.ndarray,
    b: np.ndarray,
) -> None:
    """Add the linear laws to the balances of the nodes."""
    for k in range(len(linear)):
        i, j = ends[0, k], ends[1, k]
        gi, gj = linear[k, 1] * scale[i], linear[k, 2] * scale[j]
        values[places[0, k]] += gi
        values[places[1, k]] -= gj
        values[places[2, k]] -= gi
        values[places[3, k]] += gj
        known = linear[k, 0] + linear[k, 1] * shift[i] - linear[k, 2] * shift[j]
        b[rows[i]] -= known
        b[rows[j]] += known


@njit(cache=True, nogil=True, error_model="numpy")
def solve_one(
    demand: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    u: np.ndarray,
    m: np.ndarray,
    x: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    target: np.ndarray,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    accuracy: float,
    most: int,
    values: np.ndarray,
    b: np.ndarray,
    linear: np.ndarray,
    p: np.ndarray,
) -> int:
    """Improve u, m and x until nothing changes; the number of iterations, negative if that was not enough.

    Parameters
    ----------
    demand, scale, shift
        (n_nodes,); a node's squared pressure is ``scale * w[cols] + shift``, w the unknowns.
    rows, cols
        (n_nodes,) balance and unknown of each node, the spare one after the last where there is none.
    ends, laws, places
        (2, n), (2, n) and (4, n): nodes, law and kind, and places in ``values`` of each link.
    numbers
        (n, 8): lambda, rough, reynolds, slim, loss, base, rise and fixed loss of each link.
    accuracy
        Relative change of flows and squared pressures that ends the iteration.
    """
    n, n_nodes = len(column) - 1, len(u)
    reference = LEAST_PRESSURE**2
    for i in range(n_nodes):
        reference = max(reference, abs(u[i]), shift[i])
    for iteration in range(1, most + 1):
        for i in range(n_nodes):
            p[i] = math.sqrt(min(max(u[i], LEAST_PRESSURE**2), 100.0 * reference))
        linearise(m, u, p, x, ends, laws, numbers, lift, z, warmth, FLATTEST * reference, linear)
        values[:] = 0.0
        b[:] = 0.0
        for i in range(n_nodes):
            b[rows[i]] -= demand[i]
        assemble(linear, ends, places, rows, scale, shift, values, b)
        factorise(n, values, column, row, target)
        substitute(n, values, column, row, b)
        b[n] = 0.0
        rise = 0.0
        step = 0.5 if iteration > CALM and iteration % 2 == 0 else 1.0
        for i in range(n_nodes):
            found = scale[i] * b[cols[i]] + shift[i]
            rise = max(rise, abs(found - u[i]))
            u[i] += step * (found - u[i])
        change, total = 0.0, 0.0
        for k in range(len(m)):
            flow = linear[k, 0] + linear[k, 1] * u[ends[0, k]] - linear[k, 2] * u[ends[1, k]]
            change += abs(flow - m[k])
            total += abs(flow)
            m[k] = flow
        if step == 1.0 and change <= accuracy * total + STILL * reference * len(m) and rise <= accuracy * reference:
            return iteration
    return -most


@njit(cache=True, nogil=True, error_model="numpy")
def solve_many(
    demand: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    u: np.ndarray,
    m: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    target: np.ndarray,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    accuracy: float,
    most: int,
    iterations: np.ndarray,
) -> None:
    """Solve scenario after scenario; arguments as in ``solve_one`` with a leading axis, of length 1 where shared."""
    n, n_links = len(column) - 1, m.shape[1]
    values, b = np.empty(n + 2 * column[n] + 1), np.empty(n + 1)
    linear, p, x = np.empty((n_links, 3)), np.empty(u.shape[1]), np.empty(n_links)
    for s in range(len(iterations)):
        d, c = min(s, len(demand) - 1), min(s, len(scale) - 1)
        h, q = min(s, len(shift) - 1), min(s, len(numbers) - 1)
        for k in range(n_links):
            x[k] = 1.0 / math.sqrt(max(numbers[q, k, 0], 1e-4))
        iterations[s] = solve_one(
            demand[d],
            scale[c],
            shift[h],
            u[s],
            m[s],
            x,
            rows,
            cols,
            ends,
            places,
            column,
            row,
            target,
            laws,
            numbers[q],
            lift,
            z,
            warmth,
            accuracy,
            most,
            values,
            b,
            linear,
            p,
        )
