"""Random networks in EPANET's format, with every device, in every unit; text that EPANET itself accepts."""

from __future__ import annotations

import numpy as np

UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD")
PER_LPS = {
    "CFS": 0.0353147,
    "GPM": 15.8503,
    "MGD": 0.0228245,
    "IMGD": 0.0190053,
    "AFD": 0.0700456,
    "LPS": 1.0,
    "LPM": 60.0,
    "MLD": 0.0864,
    "CMH": 3.6,
    "CMD": 86.4,
}
DEVICES = ("CV", "CLOSED", "PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PUMP1", "PUMP3", "PUMPN", "POWER", "TANK")


class RandomInp:
    """A grid of junctions on a hillside, a reservoir, and the devices asked for on links of their own."""

    def __init__(self, seed: int, devices: tuple[str, ...], units: str, formula: str, extra: str = "") -> None:
        self.rng = np.random.default_rng(seed)
        self.metric = units in ("LPS", "LPM", "MLD", "CMH", "CMD")
        self.q, self.m = PER_LPS[units], 1.0 if self.metric else 1.0 / 0.3048
        self.mm, self.p = (1.0 if self.metric else 1.0 / 25.4), (1.0 if self.metric else 0.4333 / 0.3048)
        self.parts: dict[str, list[str]] = {
            name: []
            for name in (
                "JUNCTIONS",
                "RESERVOIRS",
                "TANKS",
                "PIPES",
                "PUMPS",
                "VALVES",
                "CURVES",
                "EMITTERS",
                "STATUS",
                "CONTROLS",
                "DEMANDS",
                "PATTERNS",
            )
        }
        self.rough = {"H-W": (90, 140), "D-W": (0.05, 0.5) if self.metric else (0.2, 2.0), "C-M": (0.009, 0.015)}[
            formula
        ]
        self.options = [f"UNITS {units}", f"HEADLOSS {formula}", "ACCURACY 0.00001", "TRIALS 200", extra]
        self._grid(side=int(self.rng.integers(3, 6)))
        for device in devices:
            self._device(device)

    def text(self) -> str:
        parts = "\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in self.parts.items())
        return parts + "\n[TIMES]\nDURATION 0\n[OPTIONS]\n" + "\n".join(filter(None, self.options)) + "\n[END]\n"

    def pipe(self, a: str, b: str, tail: str = "") -> None:
        length, diameter = self.rng.uniform(50, 900) * self.m, self.rng.choice([100, 150, 200, 300]) * self.mm
        minor = self.rng.choice([0, 0, 2.5])
        rough = self.rng.uniform(*self.rough)
        name = f"P{len(self.parts['PIPES'])}"
        self.parts["PIPES"].append(f"{name} {a} {b} {length:.4f} {diameter:.4f} {rough:.4f} {minor} {tail or 'Open'}")

    def _grid(self, side: int) -> None:
        self.junctions = [f"J{i}" for i in range(side * side)]
        for i in range(side * side):
            height, draw = 20 + 3 * (i % side) - 2 * (i // side), self.rng.uniform(0, 3)
            self.parts["JUNCTIONS"].append(f"J{i} {height * self.m:.4f} {draw * self.q:.6f}")
            if i % side:
                self.pipe(f"J{i - 1}", f"J{i}")
            if i >= side and self.rng.random() < 0.7:
                self.pipe(f"J{i}", f"J{i - side}")
            elif i >= side and not i % side:
                self.pipe(f"J{i - side}", f"J{i}")
        self.parts["RESERVOIRS"].append(f"R {90 * self.m:.4f}")
        self.pipe("R", "J0")

    def _new(self, height: float, draw: float) -> str:
        name = f"J{len(self.parts['JUNCTIONS'])}"
        self.parts["JUNCTIONS"].append(f"{name} {height * self.m:.4f} {draw * self.q:.6f}")
        return name

    def _link(self, section: str, tail: str) -> str:
        """A branch from the grid over a device to a new junction; sometimes back into the grid."""
        start, a, b = self.rng.choice(self.junctions), self._new(20, 0), self._new(self.rng.uniform(0, 30), 1.5)
        name = f"{section[0]}X{len(self.parts[section])}"
        self.parts[section].append(f"{name} {a} {b} {tail}")
        self.pipe(start, a)
        c = self._new(15, self.rng.uniform(0.5, 2))
        self.pipe(b, c)
        if self.rng.random() < 0.4:
            self.pipe(c, self.rng.choice(self.junctions))
        return name

    def _curve(self, points: list[tuple[float, float]]) -> str:
        name = f"C{len({line.split()[0] for line in self.parts['CURVES']})}"
        self.parts["CURVES"] += [f"{name} {q * self.q:.6f} {h * self.m:.6f}" for q, h in points]
        return name

    def _valve(self, kind: str, setting: object) -> None:
        diameter, minor = self.rng.choice([80, 150]) * self.mm, self.rng.choice([0, 1.5])
        name = self._link("VALVES", f"{diameter:.4f} {kind} {setting} {minor}")
        if kind != "GPV" and self.rng.random() < 0.15:
            self.parts["STATUS"].append(f"{name} {self.rng.choice(['OPEN', 'CLOSED'])}")

    def _device(self, device: str) -> None:
        rng = self.rng
        if device in ("CV", "CLOSED"):
            a, b = rng.choice(self.junctions, 2, replace=False)
            self.pipe(a, b, device)
        elif device in ("PRV", "PSV", "PBV"):
            self._valve(device, f"{rng.uniform(5, 70) * self.p:.4f}")
        elif device in ("FCV", "TCV"):
            self._valve(device, f"{rng.uniform(0.5, 5) * self.q:.5f}" if device == "FCV" else rng.choice([0, 5, 80]))
        elif device == "GPV":
            self._valve("GPV", self._curve([(0, 0), (2, 3), (5, 15), (20, 150)]))
        elif device == "TANK":
            level = rng.choice([0.5, 3.0, 6.0])
            figures = " ".join(f"{x * self.m:.4f}" for x in (rng.uniform(40, 85), level, 0.5, 6.0, 10))
            name = f"T{len(self.parts['TANKS'])}"
            self.parts["TANKS"].append(f"{name} {figures} 0")
            self.pipe(name, rng.choice(self.junctions))
        else:
            self._pump(device)

    def _pump(self, device: str) -> None:
        curves = {
            "PUMP1": [(4, 30)],
            "PUMP3": [(0, 45), (4, 38), (9, 15)],
            "PUMPN": [(0.5, 45), (3, 40), (5, 31), (9, 12)],
        }
        if device == "POWER":
            tail = f"POWER {self.rng.uniform(0.5, 3) * (1.0 if self.metric else 1.341):.4f}"
        else:
            tail = f"HEAD {self._curve(curves[device])} SPEED {self.rng.choice([1.0, 0.8, 1.15])}"
        name = self._link("PUMPS", tail)
        if self.rng.random() < 0.15:
            self.parts["STATUS"].append(f"{name} CLOSED")


def random_inp(seed: int) -> str:
    """A network of its own for each seed."""
    rng = np.random.default_rng(seed)
    devices = tuple(rng.choice(DEVICES, rng.integers(0, 6)))
    units, formula = rng.choice(UNITS), rng.choice(["H-W", "D-W", "C-M"])
    made = RandomInp(seed, devices, str(units), str(formula))
    if seed % 5 == 1:
        made.parts["EMITTERS"] += [
            f"{name} {rng.uniform(0.05, 0.4) * made.q / made.p**0.5:.6f}" for name in made.junctions[::4]
        ]
    if seed % 5 == 2:
        least, needed = rng.choice([0, 5]) * made.p, rng.choice([20, 60]) * made.p
        made.options += ["DEMAND MODEL PDA", f"MINIMUM PRESSURE {least:.4f}", f"REQUIRED PRESSURE {needed:.4f}"]
        made.options.append(f"PRESSURE EXPONENT {rng.choice([0.5, 1.0, 0.7])}")
    if seed % 5 == 3:
        made.parts["PATTERNS"] += ["1 1.4 0.7", "two 0.5 1.1"]
        made.parts["DEMANDS"] += [f"{made.junctions[1]} {2 * made.q:.5f} two", f"{made.junctions[1]} {1 * made.q:.5f}"]
        made.options.append("DEMAND MULTIPLIER 1.2")
    return made.text()
