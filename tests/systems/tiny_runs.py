"""Configs and problems on the tiny region for tests of systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from optimizer.config import RunConfig
from optimizer.plan import Plan
from optimizer.prepare import prepare_problem
from optimizer.problem import Problem
from optimizer.region import Region, read_region
from optimizer.solve import SolverSettings, solve_problem
from tests.tiny_region import Row, added, make_tiny_region

CONFIGS = Path(__file__).parents[2] / "configs"
EXACT = SolverSettings(mip_gap=1e-7, time_limit=60, threads=1)
Settings = Mapping[str, Any]


def system_yaml(name: str) -> dict[str, Any]:
    """A system file of the program, as a mapping."""
    loaded: dict[str, Any] = yaml.safe_load((CONFIGS / "system" / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def config(systems: Mapping[str, dict[str, Any]], **groups: Mapping[str, Any]) -> RunConfig:
    """A run of some systems over 2025-2029, other groups as given on top of the usual."""
    usual: dict[str, dict[str, Any]] = {
        "region": {"name": "tiny"},
        "horizon": {"name": "five", "first_year": 2025, "lengths": [1, 1, 1, 1, 1]},
        "funding": {"name": "base"},
        "objective": {"name": "net_benefit"},
        "solver": {"name": "auto"},
    }
    return RunConfig.from_mapping(
        {"system": dict(systems), **{name: {**group, **groups.get(name, {})} for name, group in usual.items()}}
    )


def changed(name: str, **settings: Any) -> dict[str, dict[str, Any]]:
    """One system of the program with some settings changed."""
    system = system_yaml(name)
    return {name: {**system, "settings": {**system["settings"], **settings}}}


BOTH = {name: system_yaml(name) for name in ("cold_chain", "township_logistics")}


def clinics(**settings: Any) -> dict[str, dict[str, Any]]:
    """A coverage system: a YAML and table rows (:func:`clinic_rows`), no code."""
    usual = {
        "commodity": "residents",
        "roles": ["clinic"],
        "catchment": {"within_minutes": 60.0},
        "coverage": {"standard_minutes": 20.0, "form": "graded", "zero_at_minutes": 60.0},
        "worth": {"gains": [["clinics.value_person"]]},
    }
    system = {"name": "clinics", "archetype": "facilities", "label": {"zh": "诊所", "en": "Clinics"}}
    return {"clinics": {**system, "settings": {**usual, **settings}}}


def clinic_rows() -> dict[str, Any]:
    """Changes of the tiny region that bring what :func:`clinics` needs."""
    sizes = {"capacity": 40_000, "capacity_unit": "persons", "overnight_cost": 900_000, "fixed_om": 40_000}
    option: Row = {
        "system": "clinics", "role": "clinic", "option": "basic", "name_zh": "诊所", "name_en": "Clinic", **sizes,
        "lead_years": 1, "spend_profile": "1", "lifetime": 30, "land_mu": 2,
    }  # fmt: skip
    places = [(f"K-{c}{i}", c, f"{c}{i}") for c in ("A1", "A2") for i in (1, 2)]
    candidates = [
        {"candidate_id": k, "system": "clinics", "role": "clinic", "name_zh": k, "name_en": k, "county_id": c,
         "place_id": p, "options": "*", "cost_factor": 1}
        for k, c, p in places
    ]  # fmt: skip
    value: Row = {
        "key": "clinics.value_person", "name_zh": "就近就医", "name_en": "A clinic near by", "low": 5, "central": 12,
        "high": 30, "unit": "CNY/person", "basis": "assumption", "reason": "a made-up region",
    }  # fmt: skip
    return {"catalogue": added(option), "candidates": added(*candidates), "values": added(value)}


def region(folder: Path, **changes: Any) -> Region:
    """The tiny region with changes, written and read."""
    return read_region(make_tiny_region(folder, **changes))


def problem_of(folder: Path, systems: Mapping[str, dict[str, Any]], **changes: Any) -> tuple[Problem, Region]:
    """The Problem of some systems on the tiny region."""
    tiny = region(folder, **changes)
    return prepare_problem(tiny, config(systems)), tiny


def solved(problem: Problem) -> Plan:
    """The best plan."""
    return solve_problem(problem, EXACT)
