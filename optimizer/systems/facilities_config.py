"""Settings of a system of the archetype `facilities`; everything that tells cold chain from clinics is said here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from optimizer.config import Strict
from optimizer.config_errors import findings_of
from optimizer.errors import InputError

Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]
Products = list[Annotated[list[Key], Field(min_length=1)]]
"""A sum of products of keys of values.csv: ``[[a, b], [c]]`` is a*b + c."""
Minutes = Annotated[float, Field(gt=0)]


class Within(Strict):
    """Any place within a travel time."""

    within_minutes: Minutes


Catchment = Literal["own_county", "own_prefecture"] | Within


class Markets(Strict):
    """An upper echelon that stands already: places of a kind, with the demand of ``commodity`` as their capacity."""

    kind: Literal["markets"]
    place_kind: str = "market"
    commodity: str | None = None
    max_per_site: Annotated[int, Field(ge=1)] = 1


class Centres(Strict):
    """An upper echelon that is itself to be built: candidates of the same system in another role."""

    kind: Literal["candidates"]
    role: str
    catchment: Catchment = "own_county"
    max_per_site: Annotated[int, Field(ge=1)] = 1


class Coverage(Strict):
    """How well a travel time serves: fully up to the standard; then not at all, or falling to zero linearly."""

    standard_minutes: Minutes
    form: Literal["threshold", "graded"] = "threshold"
    zero_at_minutes: Minutes | None = None

    @model_validator(mode="after")
    def _graded_has_an_end(self) -> Coverage:
        if self.form == "graded" and (self.zero_at_minutes or 0) <= self.standard_minutes:
            raise ValueError("zero_at_minutes above standard_minutes when form is graded")
        return self


class Legs(Strict):
    """A key of values.csv for each leg of a journey: origin to site, site to upper."""

    access: Key | None = None
    outbound: Key | None = None


class Spoilage(Strict):
    """What a unit is worth (a sum of products) and the share of it lost in an hour on the road."""

    of: Products = Field(min_length=1)
    per_hour: Legs


class Worth(Strict):
    """What a unit served is worth in CNY: gains, less costs, transport and spoilage.

    ``saved_per_km``: what the same leg would cost a unit that is not served, credited.
    """

    gains: Products = Field(default_factory=list)
    costs: Products = Field(default_factory=list)
    per_km: Legs = Legs()
    saved_per_km: Legs = Legs()
    per_hour: Legs = Legs()
    spoilage: Spoilage | None = None


class FacilitiesSettings(Strict):
    """A system of the archetype `facilities`.

    Parameters
    ----------
    commodity
        What the origins want or bring (demand.csv).
    roles
        Roles of the candidates that serve origins (candidates.csv).
    upper
        Second echelon, if any.
    catchment, max_sites_per_origin
        Which sites an origin may use, and how many of the nearest of them.
    assignment
        ``flow``: an origin may be shared among sites; ``single_source``: each has one.
    coverage
        Travel-time standard, if any.
    serve_all
        Whether every origin must be served in full in every period.
    worth
        What a unit served is worth.
    capacity_turns
        Key of values.csv by which a capacity in another unit (static tonnes) is multiplied to give the commodity's
        unit (tonnes a year).
    """

    commodity: str
    roles: list[str] = Field(min_length=1)
    upper: Markets | Centres | None = Field(default=None, discriminator="kind")
    catchment: Catchment = "own_county"
    max_sites_per_origin: Annotated[int, Field(ge=1)] = 6
    assignment: Literal["flow", "single_source"] = "flow"
    coverage: Coverage | None = None
    serve_all: bool = False
    worth: Worth = Worth()
    capacity_turns: Key | None = None


def read_settings(name: str, settings: Mapping[str, Any]) -> FacilitiesSettings:
    """Check the settings of a system.

    Raises
    ------
    InputError
        One finding per fault, with the dotted config key.
    """
    try:
        return FacilitiesSettings.model_validate(dict(settings))
    except ValidationError as error:
        prefix = f"config key system.{name}.settings"
        found = findings_of(error, FacilitiesSettings, settings)
        raise InputError([replace(f, file=f"{prefix}.{f.file.removeprefix('config key ')}") for f in found]) from None
