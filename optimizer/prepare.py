"""From a region and a config to a Problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.prepare_money import add_sources, check_budgets, migrant_shares
from optimizer.prepare_rules import add_floors, add_rules, check_fixed_locks, objective_of
from optimizer.problem import Problem
from optimizer.systems.catalogue import LAND
from optimizer.systems.registry import archetype
from optimizer.systems.tables import Values, number, records, rows, text

if TYPE_CHECKING:
    from optimizer.config import RunConfig
    from optimizer.region import Region

DISCOUNT_RATE = "social_discount_rate"
SYNTHETIC = "synthetic placement"


def prepare_problem(region: Region, config: RunConfig) -> Problem:
    """Make the Problem of a run: counties, candidates of the selected systems, rules, money, objective.

    Parameters
    ----------
    region
        A region whose own checks found nothing.
    config
        A resolved config.

    Raises
    ------
    InputError
        What tables and config say together cannot be: the findings name file, row and column, or the config key.
    """
    draft = Draft(_horizon(region, config))
    _add_counties(region, draft)
    for record in records(rows(region, "corridors")):
        draft.corridor(str(record["corridor_id"]), number(record["saving"], 0.0))
    for name, system in config.system.items():
        prepared = archetype(system.archetype).prepare(region, system.settings, name, draft, config)
        draft.systems[name] = replace(prepared, label=system.label.model_dump())
    _add_land(region, config, draft)
    add_sources(region, config, draft)
    notes = add_rules(region, draft)
    add_floors(config, draft)
    draft.objective = objective_of(config)
    check_budgets(region, draft)
    problem = draft.freeze(
        region=region.name,
        region_name={"zh": text(region.meta.get("name_zh")), "en": text(region.meta.get("name_en"))},
        values=config.objective.values,
        synthetic_placement=bool((rows(region, "places")["placement"] == SYNTHETIC).any()),
        labels={name: dict(system.label) for name, system in draft.systems.items()},
        units={name: str(system.data.attrs.get("unit", "")) for name, system in draft.systems.items()},
        notes=notes,
    )
    check_fixed_locks(problem)
    return problem


def _horizon(region: Region, config: RunConfig) -> Horizon:
    rate = config.objective.discount_rate
    if rate is None:
        rate = Values(region, config.objective.values).number(DISCOUNT_RATE)
    asked = config.horizon
    return Horizon(asked.first_year, tuple(asked.lengths), rate, asked.allow_unfinished)


def _add_counties(region: Region, draft: Draft) -> None:
    rules = {str(r["county_id"]): r for r in records(rows(region, "county_rules"))}
    for record in records(rows(region, "counties")):
        rule = rules[str(record["county_id"])]
        draft.county(
            str(record["county_id"]),
            name_zh=text(record["name_zh"]),
            name_en=text(record["name_en"]),
            prefecture=text(record["prefecture_id"]),
            works_at_once=int(rule["works_at_once"]),
            own_share=float(rule["own_share"]),
            debt_service_ceiling=float(rule["debt_service_ceiling"]),
        )


def _add_land(region: Region, config: RunConfig, draft: Draft) -> None:
    """Construction-land quota by county: its own, or the sum of all in proportion to migrants."""
    frame = rows(region, "county_rules")
    quota = dict(zip(frame["county_id"].astype(str), frame["land_quota_mu"].astype(float), strict=True))
    if config.funding.tie_to_migrants:
        total = sum(quota.values())
        quota = {county: total * share for county, share in migrant_shares(region).items()}
    lengths = draft.horizon.lengths
    limits = {c["id"]: [quota[c["id"]] * n for n in lengths] for c in draft.counties}
    draft.resource(LAND, limits)
