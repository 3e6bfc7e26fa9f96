"""Settings of a system of the archetype `pipes`; everything that tells water from gas is said here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from optimizer.config import Label, Strict
from optimizer.config_errors import findings_of
from optimizer.errors import InputError
from optimizer.systems.facilities_config import Key, Products

Positive = Annotated[float, Field(gt=0)]


class Roles(Strict):
    """Roles in candidates.csv of what a network is built of; those left out are not to be had."""

    connection: str
    pipe: str
    supply: str | None = None
    booster: str | None = None
    reducer: str | None = None


class Pressure(Strict):
    """Above the ground: metres of water, or kPa (gauge) of gas.

    ``least`` where a place is connected, ``transit`` wherever a pipe runs, ``most`` at rest, ``reduced`` behind a reducer.
    """

    least: Positive
    transit: Annotated[float, Field(ge=0)] = 0.0
    most: Positive | None = None
    reduced: Positive | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Pressure:
        if self.most is not None and self.most <= self.least:
            raise ValueError("most above least")
        return self


class Supply(Strict):
    """What a unit from a kind of supply costs: a sum of products of keys, and haulage by the hour on the road from the
    nearest supply of the kind ``hauled_from``; ``label`` names it in the report.
    """

    label: Label = Field(default_factory=Label)
    costs: Products = Field(default_factory=list)
    per_hour: Key | None = None
    hauled_from: str | None = None


class PipesSettings(Strict):
    """A system of the archetype `pipes`.

    Parameters
    ----------
    medium
        ``water``: heads in m, Hazen-Williams; ``gas``: squared pressures in bar2, Colebrook.
    commodity
        What places want (demand.csv), m3 a year (of gas: at norm conditions).
    diameters
        Inner diameter in m of every option of role ``pipe``.
    roughness
        Hazen-Williams coefficient, or roughness of gas pipes in mm.
    lifts
        Lift in m of every option of role ``booster``.
    peak_factor, velocity
        Flow at peak over the mean of the year; largest velocity in m/s then.
    supplies
        Kinds of supply (supplies.csv).
    gains, energy
        Worth of a unit served; key of what it costs to lift a unit by one metre.
    samples
        So many random draws of elevations that a plan's pressures are tried on.
    """

    medium: Literal["water", "gas"]
    commodity: str
    roles: Roles
    diameters: dict[str, Positive] = Field(min_length=1)
    roughness: Positive
    lifts: dict[str, Positive] = Field(default_factory=dict)
    pressure: Pressure
    peak_factor: Annotated[float, Field(ge=1)]
    velocity: Positive
    supplies: dict[str, Supply] = Field(min_length=1)
    gains: Products = Field(default_factory=list)
    energy: Key | None = None
    samples: Annotated[int, Field(ge=0, le=100_000)] = 200

    @model_validator(mode="after")
    def _devices_of_water(self) -> PipesSettings:
        devices = self.roles.booster is not None or self.roles.reducer is not None or self.pressure.most is not None
        if self.medium == "gas" and devices:
            raise ValueError("no booster, reducer or largest pressure where the medium is gas")
        if self.roles.reducer is not None and self.pressure.reduced is None:
            raise ValueError("pressure.reduced where there are reducers")
        return self


def read_settings(name: str, settings: Mapping[str, Any]) -> PipesSettings:
    """Check the settings of a system.

    Raises
    ------
    InputError
        One finding per fault, with the dotted config key.
    """
    try:
        return PipesSettings.model_validate(dict(settings))
    except ValidationError as error:
        prefix = f"config key system.{name}.settings"
        found = findings_of(error, PipesSettings, settings)
        raise InputError([replace(f, file=f"{prefix}.{f.file.removeprefix('config key ')}") for f in found]) from None
