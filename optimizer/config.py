"""The schema of a run: what may stand in the config groups, checked strictly and explained when wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from optimizer.config_errors import findings_of
from optimizer.errors import InputError

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """No unknown key, no silent conversion (``no`` is not a text, ``"8"`` not a number), no NaN, no change later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class RegionConfig(Strict):
    """Which region: one that travels with the program, by name, or a folder of the user's, by path."""

    name: str = "gansu"
    path: str | None = None


class Label(Strict):
    """What a reader sees, in both languages."""

    zh: str = ""
    en: str = ""


class SystemConfig(Strict):
    """A system: a name, its archetype, and settings that the archetype checks."""

    name: Name
    archetype: Name
    label: Label = Label()
    settings: dict[str, Any] = {}


class HorizonConfig(Strict):
    """Periods of ``lengths`` years each, from ``first_year`` on."""

    name: str
    first_year: int = Field(ge=1950, le=2150)
    lengths: list[Annotated[int, Field(ge=1, le=50)]] = Field(min_length=1, max_length=60)
    allow_unfinished: bool = False


class FundingConfig(Strict):
    """How much of the region's money there is: all sources times ``scale``, single ones times their own."""

    name: str
    scale: NonNegative = 1.0
    scale_by_source: dict[str, NonNegative] = {}
    carry_over: bool = True
    tie_to_migrants: bool = False


class FloorConfig(Strict):
    """A smallest service level of a system that each of the counties must reach from a year on."""

    system: str
    level: Share
    from_year: int | None = None
    counties: list[str] | Literal["*"] = "*"


class ObjectiveConfig(Strict):
    """What is maximised, in order of rank, and what must be reached on the way."""

    name: str
    metrics: list[str] = Field(default=["net_benefit"], min_length=1)
    tolerance: Share = 1e-4
    at_least: dict[str, float] = {}
    values: Literal["low", "central", "high"] = "central"
    discount_rate: Annotated[float, Field(ge=0, lt=1)] | None = None
    floors: list[FloorConfig] = []
    sensitivity: bool = True

    @field_validator("metrics")
    @classmethod
    def _each_once(cls, metrics: list[str]) -> list[str]:
        if len(set(metrics)) < len(metrics):
            raise ValueError("each metric at most once")
        return metrics


class SolverConfig(Strict):
    """How hard the solver tries. Times in seconds; ``mip_gap`` relative; ``threads`` 0 = as many as there are.

    ``time_limit`` is for all ``rounds`` of planning and simulation together; ``cluster`` is the address of a Dask scheduler
    whose workers solve the blocks, empty: this machine does.
    """

    name: str
    mip_gap: Annotated[float, Field(ge=0, lt=1)] = 0.005
    time_limit: Annotated[float, Field(gt=0)] = 178.0
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    sensitivity_time_limit: NonNegative = 60.0
    options: dict[str, Any] = {}
    rounds: Annotated[int, Field(ge=1, le=1000)] = 6
    cluster: str = Field(default="", max_length=200)


class RunSettings(Strict):
    """Where the run folder goes and what it is called; no part of what is computed."""

    folder: str = Field(default="runs", min_length=1)
    label: str = Field(default="", max_length=60)


class RunConfig(Strict):
    """Everything that makes a run, resolved."""

    region: RegionConfig
    system: dict[Name, SystemConfig] = Field(min_length=1)
    horizon: HorizonConfig
    funding: FundingConfig
    objective: ObjectiveConfig
    solver: SolverConfig
    run: RunSettings = RunSettings()

    @field_validator("system")
    @classmethod
    def _names_agree(cls, system: dict[str, SystemConfig]) -> dict[str, SystemConfig]:
        wrong = [key for key, one in system.items() if key != one.name]
        if wrong:
            raise ValueError(f"system.{wrong[0]}.name must be {wrong[0]!r}, as its package says")
        return system

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> RunConfig:
        """Check a resolved config.

        Parameters
        ----------
        mapping
            Plain dicts, lists and scalars, keys as in the config groups.

        Raises
        ------
        InputError
            One finding per fault: key, what was found, what is expected, and a near name if there is one.
        """
        try:
            return cls.model_validate(mapping)
        except ValidationError as error:
            raise InputError(findings_of(error, cls, mapping)) from None

    def canonical(self) -> str:
        """The config as one line of JSON for hashing: keys sorted, systems in their order.

        What does not change the result stands outside: ``run.*``, ``solver.threads``, ``solver.cluster``, and
        ``region.path`` (the region's files are hashed by content).
        """
        content = self.model_dump(mode="json", exclude={"run": True, "solver": {"threads", "cluster"}, "region": {"path"}})
        content["system"] = list(content["system"].values())
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def to_mapping(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars that :meth:`from_mapping` takes back."""
        return self.model_dump(mode="json")
