"""The EPANET 2.2 toolkit that WNTR carries, called directly: the reference for water, and its peer in speed."""

from __future__ import annotations

import ctypes
import importlib
import platform
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from optimizer.errors import InputError

ELEVATION, PATTERN, DEMAND, HEAD, SETTING = 0, 2, 9, 10, 5
DIAMETER, FLOW, STATUS, LINK_SETTING = 0, 8, 11, 12
TRIALS, ACCURACY = 0, 1
DURATION = 0
NODES, LINKS = 0, 2
FRESH_FLOWS, SAVE_AND_FRESH = 10, 11
WARNING = 6
LIBRARIES = {"Linux": ("linux-x64", "libepanet22.so"), "Windows": ("windows-x64", "epanet22.dll")}
UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD")


class EpanetState(NamedTuple):
    """Heads in m by node name; flows in m3/s, and whether open, by link name; whether the last step was balanced."""

    head: dict[str, float]
    flow: dict[str, float]
    demand: dict[str, float]
    open: dict[str, bool]
    code: dict[str, int]
    balanced: bool


class Epanet:
    """A file opened in the toolkit at time zero; use as a context."""

    def __init__(self, path: Path, accuracy: float = 1e-7, trials: int = 0) -> None:
        self.library = ctypes.CDLL(str(_library()))
        self.folder = Path(tempfile.mkdtemp(prefix="chengxiang-epanet-"))
        copy = self.folder / "network.inp"
        shutil.copyfile(path, copy)
        self.first_demands: dict[int, list[float]] = {}
        self.project = ctypes.c_void_p()
        self.call("EN_createproject", ctypes.byref(self.project), bare=True)
        names = [str(copy).encode(), str(self.folder / "report.txt").encode(), str(self.folder / "out.bin").encode()]
        self.call("EN_open", *map(ctypes.c_char_p, names))
        self.call("EN_setoption", ACCURACY, ctypes.c_double(accuracy))
        if trials:
            self.call("EN_setoption", TRIALS, ctypes.c_double(trials))
        self.call("EN_settimeparam", DURATION, ctypes.c_long(0))
        self.nodes, self.links = self._names(NODES, "EN_getnodeid"), self._names(LINKS, "EN_getlinkid")
        self.units = UNITS[self._whole("EN_getflowunits")]

    def __enter__(self) -> Epanet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.library.EN_close(self.project)
        self.library.EN_deleteproject(self.project)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, name: str, *args: object, bare: bool = False) -> int:
        """Call a function of the toolkit; returns its code, a warning at most.

        Raises
        ------
        InputError
            The toolkit refuses.
        """
        code = getattr(self.library, name)(*(args if bare else (self.project, *args)))
        if code > WARNING:
            text = ctypes.create_string_buffer(256)
            self.library.EN_geterror(code, text, 256)
            raise InputError(f"EPANET: {name}: {text.value.decode('utf-8', 'replace')}")
        return int(code)

    def _whole(self, name: str, *args: object) -> int:
        value = ctypes.c_int()
        self.call(name, *args, ctypes.byref(value))
        return value.value

    def _names(self, what: int, function: str) -> list[str]:
        found, text = [], ctypes.create_string_buffer(64)
        for i in range(1, self._whole("EN_getcount", what) + 1):
            self.call(function, i, text)
            found.append(_text(text.value))
        return found

    def values(self, function: str, count: int, what: int) -> np.ndarray:
        """A value of every node or link, in the units of the file."""
        out, value = np.empty(count), ctypes.c_double()
        for i in range(count):
            self.call(function, i + 1, what, ctypes.byref(value))
            out[i] = value.value
        return out

    def base_demands(self, node: int) -> list[float]:
        """Demands of a node (counted from 1) as the file has them, by category."""
        if node not in self.first_demands:
            found, value = [], ctypes.c_double()
            for category in range(1, self._whole("EN_getnumdemands", node) + 1):
                self.call("EN_getbasedemand", node, category, ctypes.byref(value))
                found.append(value.value)
            self.first_demands[node] = found
        return self.first_demands[node]

    def statistic(self, what: int) -> float:
        """A figure of the last solution: 0 its iterations, 1 its relative change of flow."""
        value = ctypes.c_double()
        self.call("EN_getstatistic", what, ctypes.byref(value))
        return value.value

    def open_hydraulics(self) -> None:
        self.call("EN_openH")

    def solve(self, flag: int = FRESH_FLOWS) -> int:
        """One solution from fresh flows; returns the code of the run."""
        self.call("EN_initH", flag)
        return self.call("EN_runH", ctypes.byref(ctypes.c_long()))

    def state(self) -> EpanetState:
        """Solve and read everything."""
        from network_models.hydraulics.water_inp import CUBIC_FOOT, METRIC, PER_CFS, flow_ratio

        self.open_hydraulics()
        code = self.solve(SAVE_AND_FRESH)
        metre = 1.0 if self.units in METRIC else 0.3048
        flow = CUBIC_FOOT / PER_CFS[self.units] / flow_ratio(self.units)
        heads = self.values("EN_getnodevalue", len(self.nodes), HEAD) * metre
        demands = self.values("EN_getnodevalue", len(self.nodes), DEMAND) * flow
        flows = self.values("EN_getlinkvalue", len(self.links), FLOW) * flow
        states = self.values("EN_getlinkvalue", len(self.links), STATUS) > 0
        codes = self._codes()
        return EpanetState(
            dict(zip(self.nodes, heads.tolist(), strict=True)),
            dict(zip(self.links, flows.tolist(), strict=True)),
            dict(zip(self.nodes, demands.tolist(), strict=True)),
            dict(zip(self.links, states.tolist(), strict=True)),
            dict(zip(self.links, codes, strict=True)),
            code not in (1, 2),
        )

    def _codes(self) -> list[int]:
        """States of the links as the file of hydraulics holds them (0 to 7)."""
        step = ctypes.c_long()
        self.call("EN_nextH", ctypes.byref(step))
        saved = self.folder / "hydraulics.bin"
        self.call("EN_closeH")
        self.call("EN_savehydfile", ctypes.c_char_p(str(saved).encode()))
        n, m = len(self.nodes), len(self.links)
        real = np.frombuffer(saved.read_bytes()[-(4 * (2 * n + 3 * m) + 5) :][: 4 * (2 * n + 3 * m)], np.float32)
        return [int(code) for code in real[2 * n + m : 2 * n + 2 * m]]


def _text(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _library() -> Path:
    try:
        wntr = importlib.import_module("wntr")
    except ImportError as error:
        raise InputError(f"this suite needs the package wntr ({error}). Install requirements/bench.txt.") from None
    folder, name = LIBRARIES.get(platform.system(), ("", ""))
    path = Path(str(wntr.__file__)).parent / "epanet" / "libepanet" / folder / name
    if not path.is_file():
        raise InputError("this suite needs the EPANET 2.2 toolkit, which wntr has for Linux and Windows on x64.")
    return path
