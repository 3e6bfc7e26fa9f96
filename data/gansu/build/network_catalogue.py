"""Sizes of pipes, stations and connections of water and gas."""

from __future__ import annotations

from data.gansu.build.files import Row, fact
from data.gansu.build.networks import GAS, WATER, Kind
from data.gansu.build.projects import CATALOGUE_COLUMNS

PIPE_LIFE, STATION_LIFE = {"water": 40, "gas": 30}, 25
KM = 1000
WELLS_M3_A_DAY, WELLS_COST = 1_000, 3_000_000


def catalogue() -> list[Row]:
    """Pipes by the kilometre, connections by 1,000 people or 100 households, stations and devices each."""
    return [
        *_pipes(WATER, ("V118", "V119", "V120", "V121", "V122")),
        _size(WATER, "connection", "network", "村内管网及入户", "Pipes in villages, for 1,000 people", 1e9,
              fact("U14") * KM, "overnight_cost=derived:U14"),
        _size(WATER, "booster", "lift60", "加压泵站 60 m", "Booster, 60 m, for 1,000 m3 a day", 1e9, fact("V125") * KM),
        _size(WATER, "booster", "lift120", "加压泵站 120 m", "Booster, 120 m, for 1,000 m3 a day", 1e9,
              1.4 * fact("V125") * KM),
        _size(WATER, "reducer", "valve", "减压阀井", "Pressure reducing valve", 1e9, 80_000),
        _size(WATER, "station", "wells", "水源井及净水站", "Wells and treatment, 1,000 m3 a day", WELLS_M3_A_DAY * 365,
              WELLS_COST),
        *_pipes(GAS, ("V164", "V165", "V166", "V167", "V169")),
        _size(GAS, "connection", "network", "庭院管网及入户", "Pipes in streets and houses, for 100 households", 1e9,
              fact("V153") * 100, "overnight_cost=derived:V153"),
        _size(GAS, "station", "town", "乡镇 LNG 气化站", "LNG station of a town, 60 m3", 3_650_000, fact("V161")),
        _size(GAS, "station", "county", "县城 LNG 气化站", "LNG station of a county seat", 20_000_000, fact("V162")),
    ]  # fmt: skip


def _pipes(kind: Kind, sources: tuple[str, ...]) -> list[Row]:
    names = {"water": ("供水管", "Water main"), "gas": ("中压燃气管", "Medium-pressure gas main")}[kind.system]
    return [
        _size(kind, "pipe", option, f"{names[0]} {option.upper()} 每公里", f"{names[1]} {option.upper()}, a km", 1e9,
              fact(source) * KM)
        for option, source in zip(kind.sizes, sources, strict=True)
    ]  # fmt: skip


def _size(
    kind: Kind, role: str, option: str, zh: str, en: str, capacity: float, cost: float, origin: str = ""
) -> Row:
    life = PIPE_LIFE[kind.system] if role in ("pipe", "connection") else STATION_LIFE
    cells = (kind.system, role, option, zh, en, capacity, "m3/yr", round(cost), 0, 1, "1", life, 0, "", "", origin)
    return dict(zip(CATALOGUE_COLUMNS, cells, strict=True))
