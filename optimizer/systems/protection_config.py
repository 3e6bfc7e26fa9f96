"""Settings of a system of the archetype `protection`: which floods are looked at, and how closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from optimizer.config import Strict
from optimizer.config_errors import findings_of
from optimizer.errors import InputError
from optimizer.systems.facilities_config import Products

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Years = Annotated[list[Annotated[float, Field(gt=1)]], Field(min_length=2, max_length=50)]


class Roles(Strict):
    """Roles in candidates.csv; those left out are not to be had."""

    levee: str | None = None
    drainage: str | None = None
    storage: str | None = None
    joint: str | None = None
    warning: str | None = None

    @model_validator(mode="after")
    def _some(self) -> Roles:
        if not any(self.model_dump().values()):
            raise ValueError("at least one role")
        return self


class Storm(Strict):
    """Cloudbursts: length, time step and place of the peak of the design storm, and the time in which water reaches the
    drains, by which a drainage option given in years is sized.
    """

    minutes: Positive = 120.0
    step_minutes: Positive = 5.0
    peak_at: Annotated[float, Field(gt=0, lt=1)] = 0.4
    concentration_minutes: Positive = 30.0

    @model_validator(mode="after")
    def _whole(self) -> Storm:
        if abs(self.minutes / self.step_minutes - round(self.minutes / self.step_minutes)) > 1e-9:
            raise ValueError("minutes a whole number of steps")
        return self


class ProtectionSettings(Strict):
    """A system of the archetype `protection`.

    Parameters
    ----------
    return_periods
        Of the floods (and cloudbursts) that are computed; years, rising, above 1.
    step_minutes, hours, shape
        Time step and length of the floods routed, and the sharpness of their hydrographs (gamma curve).
    freeboard_m
        Above the stage of the flood that a levee given by its standard must withstand.
    bands
        Strips of equal area into which the land of a zone is cut.
    frequent
        Exceedance probability at which damage vanishes.
    trend
        Yearly growth of the rate at which floods of a size are exceeded.
    negligible
        Share of a zone's expected damage that a work elsewhere must be able to change to be looked at there.
    most_states
        Largest table of a zone and joint states of the works that matter for it.
    bound
        What bounds the damage where works that matter stand beside a table: ``tested``, what each changed at most in the
        tests; ``proven``, what no state of the river can undercut, safe and far from sharp.
    damages
        Multiplies all damages: products of keys of values.csv, so that low and high values can be tried. Empty: 1.
    standards_from
        Year from which every zone must meet its ``standard_years``; empty: standards are not asked for.
    """

    roles: Roles
    return_periods: Years = Field(default_factory=lambda: [5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
    step_minutes: Positive = 30.0
    hours: Positive = 120.0
    shape: Positive = 3.0
    freeboard_m: Annotated[float, Field(ge=0)] = 1.0
    bands: Annotated[int, Field(ge=1, le=100)] = 10
    frequent: Annotated[float, Field(gt=0, le=1)] = 0.5
    trend: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.0
    negligible: Share = 0.002
    most_states: Annotated[int, Field(ge=2, le=4096)] = 81
    bound: Literal["tested", "proven"] = "tested"
    storm: Storm = Storm()
    damages: Products = Field(default_factory=list)
    standards_from: Annotated[int, Field(ge=1900, le=2200)] | None = None

    @field_validator("return_periods")
    @classmethod
    def _rising(cls, years: list[float]) -> list[float]:
        if any(b <= a for a, b in pairwise(years)):
            raise ValueError("return periods that rise, so that probabilities fall")
        return years

    @model_validator(mode="after")
    def _long_enough(self) -> ProtectionSettings:
        if self.hours * 60 < 2 * self.step_minutes:
            raise ValueError("hours of at least two time steps")
        return self


def read_settings(name: str, settings: Mapping[str, Any]) -> ProtectionSettings:
    """Check the settings of a system.

    Raises
    ------
    InputError
        One finding per fault, with the dotted config key.
    """
    try:
        return ProtectionSettings.model_validate(dict(settings))
    except ValidationError as error:
        prefix = f"config key system.{name}.settings"
        found = findings_of(error, ProtectionSettings, settings)
        raise InputError([replace(f, file=f"{prefix}.{f.file.removeprefix('config key ')}") for f in found]) from None
