"""The suites by name, and what their command lines have in common."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.compare import hold_against, stored_ratios
from optimizer.errors import InputError

SUITES = {
    "siting": ("benchmarks.siting", "location", "published siting instances through the archetype `facilities`"),
    "sequence": ("benchmarks.sequence", "portfolio", "published open pits and knapsacks through the sequence core"),
    "province": ("benchmarks.province", "", "a province planned here and by HiGHS alone; what planning ahead is worth"),
    "scaling": ("benchmarks.scaling", "", "one round over all blocks: as provinces grow, and by a second worker"),
    "prices": ("benchmarks.prices", "", "prices of a whole province's relaxation: how soon and how good, against PDLP"),
    "gas-expansion": (
        "benchmarks.gas_expansion",
        "gas",
        "least-cost expansion of gas networks: plan simulated, bound proved",
    ),
    "gas-operation": ("benchmarks.gas_operation", "gas", "cheapest supply of the Belgian gas network"),
    "gas-simulation": (
        "benchmarks.gas_simulation",
        "gas",
        "steady gas flow against STANET; residuals of GasLib and matgas",
    ),
    "water-simulation": ("benchmarks.water_simulation", "water", "steady water networks against EPANET 2.2 and STANET"),
    "water-design": ("benchmarks.water_design", "water", "cheapest diameters of looped networks, confirmed by EPANET"),
    "routing": ("benchmarks.routing", "flood", "published floods, steady profiles and the wave over a plane"),
    "dikes": ("benchmarks.dikes", "flood", "published dike rings over 300 years, with proven bounds"),
    "evaluate": ("benchmarks.evaluate", "", "a whole plan and its variants through the kernels, and every single failure"),
    "kernels": ("benchmarks.kernels", "roads", "kernels against their peers, interleaved, results equal"),
}
OPTIONS = {
    "province": "benchmarks.province_options",
    "scaling": "benchmarks.scaling_options",
    "water-design": "benchmarks.water_design_options",
    "evaluate": "benchmarks.evaluate_options",
}
"""Modules that add options of a suite's own by ``add_options(parser)``."""
COMMON = ("suite", "instances", "format", "only", "json", "compare", "time_limit", "smoke")
VARIABLE = "CHENGXIANG_INSTANCES"
Rows = list[dict[str, Any]]


def main(argv: Sequence[str]) -> int:
    """Run a suite; returns the exit code."""
    args = _parser().parse_args(list(argv))
    module, family, _ = SUITES[args.suite]
    instances = instances_folder(args.instances, family) if family else None
    stored = stored_ratios(args.compare) if args.compare else {}
    rows: Rows = import_module(module).run(
        smoke=args.smoke,
        instances=instances,
        time_limit=args.time_limit,
        family=args.format,
        only=args.only,
        **{name: value for name, value in vars(args).items() if name not in COMMON},
    )
    hold_against(rows, stored)
    if args.json:
        write_json(args.json, rows)
    return 0 if all(row["status"] != "failed" for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chengxiang bench", description="Published instances and timings 基准测试")
    suites = parser.add_subparsers(dest="suite", required=True, metavar="SUITE")
    for name, (_, _, text) in SUITES.items():
        one = suites.add_parser(name, help=text, description=text)
        one.add_argument("--instances", type=Path, metavar="DIR", help=f"folder of instance files (else ${VARIABLE})")
        one.add_argument(
            "--format", metavar="FAMILY", help="format of the files, where their folder's name does not tell"
        )
        one.add_argument("--only", metavar="TEXT", default="", help="only instances whose name contains this")
        one.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
        one.add_argument(
            "--compare", type=Path, metavar="FILE", help="fail where a ratio is a quarter below this run's"
        )
        one.add_argument("--time-limit", type=float, default=300.0, metavar="S", help="seconds for each instance")
        one.add_argument("--smoke", action="store_true", help="small and quick")
        if name in OPTIONS:
            import_module(OPTIONS[name]).add_options(one)
    return parser


def instances_folder(given: Path | None, family: str) -> Path | None:
    """Folder of a family of instances: as given, as the environment says, or beside the checkout.

    Raises
    ------
    InputError
        When a folder was named that is not there.
    """
    if given is not None:
        if not given.is_dir():
            raise InputError(f"--instances {given}: no such folder.")
        return given
    named = os.environ.get(VARIABLE)
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "benchmarks"
    if named and not root.is_dir():
        raise InputError(f"{VARIABLE}={named}: no such folder.")
    folder = root / family
    return folder if folder.is_dir() else root if named else None


def write_json(path: Path, rows: Rows) -> None:
    """Write rows at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(rows, file, ensure_ascii=False, indent=1)
    Path(file.name).replace(path)
