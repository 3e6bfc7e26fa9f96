"""A made-up town in EPANET's format: a grid of streets on a slope, and every device that EPANET has."""

from __future__ import annotations

import numpy as np

Parts = dict[str, list[str]]
CURVES = {
    "one": [(6, 30)],
    "three": [(0, 45), (6, 38), (14, 15)],
    "many": [(0, 45), (4, 40), (8, 31), (14, 12)],
    "loss": [(0, 0), (2, 3), (6, 15), (30, 150)],
}
DEVICES = (
    ("VALVES", "PRV 35"), ("VALVES", "PRV 30"), ("VALVES", "PSV 20"), ("VALVES", "FCV 12"), ("VALVES", "TCV 12"),
    ("VALVES", "GPV loss"), ("VALVES", "PBV 6"), ("PUMPS", "HEAD one"), ("PUMPS", "HEAD three SPEED 0.9"),
    ("PUMPS", "HEAD many"), ("PUMPS", "POWER 2"),
)  # fmt: skip
"""Each leads to a small zone of its own."""
SOURCE_HEAD = 110.0
EMITTERS, CHECK_VALVES, CLOSED = 8, 6, 4


def street_inp(side: int, seed: int = 1) -> str:
    """Text of a town with ``side * side`` junctions in its grid, in litres a second, Hazen-Williams."""
    rng = np.random.default_rng(seed)
    names = ("JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "CURVES", "EMITTERS")
    parts: Parts = {name: [] for name in names}
    _grid(parts, side, rng)
    parts["CURVES"] = [f"{name} {q} {h}" for name, points in CURVES.items() for q, h in points]
    for section, what in DEVICES:
        _zone(parts, section, what, f"J{rng.integers(side * side)}", rng)
    for node in rng.choice(side * side, EMITTERS, replace=False):
        parts["EMITTERS"].append(f"J{node} {rng.uniform(0.005, 0.02):.5f}")
    for state in ["CV"] * CHECK_VALVES + ["CLOSED"] * CLOSED:
        node = int(rng.integers(side * (side - 1)))
        _pipe(parts, f"J{node}", f"J{node + side}", rng, 150, state)
    body = "\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in parts.items())
    return f"{body}\n[TIMES]\nDURATION 0\n[OPTIONS]\nUNITS LPS\nHEADLOSS H-W\nTRIALS 200\nACCURACY 0.00001\n[END]\n"


def _pipe(parts: Parts, a: str, b: str, rng: np.random.Generator, diameter: float, state: str = "OPEN") -> None:
    name, length = f"P{len(parts['PIPES'])}", rng.uniform(80, 200)
    parts["PIPES"].append(f"{name} {a} {b} {length:.3f} {diameter} {rng.uniform(100, 140):.2f} 0 {state}")


def _grid(parts: Parts, side: int, rng: np.random.Generator) -> None:
    """Streets with mains of 400 mm every eighth, and pipes of 100 to 200 mm in most of the others."""
    for node in range(side * side):
        row, column = divmod(node, side)
        height = 20.0 + 30.0 * row / side + rng.uniform(-2, 2)
        parts["JUNCTIONS"].append(f"J{node} {height:.3f} {rng.uniform(0.02, 0.3):.5f}")
        main = column % 8 == 0
        if row:
            _pipe(parts, f"J{node - side}", f"J{node}", rng, 400 if main else float(rng.choice([100, 150, 200])))
        if column and (row % 8 == 0 or rng.random() < 0.35):
            _pipe(parts, f"J{node - 1}", f"J{node}", rng, 400 if row % 8 == 0 else float(rng.choice([100, 150])))
    parts["RESERVOIRS"].append(f"R {SOURCE_HEAD}")
    parts["TANKS"].append("T 95 5 1 10 15 0")
    _pipe(parts, "R", "J0", rng, 600)
    _pipe(parts, "T", f"J{side * side - 1}", rng, 300)


def _zone(parts: Parts, section: str, what: str, at: str, rng: np.random.Generator) -> None:
    """A device between the grid and four junctions in a ring."""
    first = len(parts["JUNCTIONS"])
    for i in range(6):
        drawn = 0.0 if i == 0 else rng.uniform(0.3, 0.8)
        parts["JUNCTIONS"].append(f"J{first + i} {rng.uniform(15, 25):.3f} {drawn:.5f}")
    _pipe(parts, at, f"J{first}", rng, 200)
    ends = f"X{first} J{first} J{first + 1}"
    kind, _, setting = what.partition(" ")
    parts[section].append(f"{ends} 150 {kind} {setting} 0" if section == "VALVES" else f"{ends} {what}")
    for i, j in ((1, 2), (2, 3), (3, 4), (4, 1), (4, 5)):
        _pipe(parts, f"J{first + i}", f"J{first + j}", rng, 150)
    if kind == "FCV":
        _pipe(parts, f"J{first + 5}", "J0", rng, 100)
