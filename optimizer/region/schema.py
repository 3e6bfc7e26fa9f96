"""What a region's tables look like, from ``schema.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

ORIGIN = "origin"
"""Optional last column of every table: where the numbers of its row come from."""


class Column(BaseModel):
    """One column: type, unit, words in both languages, and what may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["str", "int", "float", "year"]
    zh: str
    en: str
    unit: str = ""
    required: bool = False
    min: float | None = None
    max: float | None = None
    refers: str = ""

    @property
    def numeric(self) -> bool:
        """Whether a cell is a number whose origin must be known; years and yes-or-no flags tell no quantity."""
        return self.type in ("int", "float")


class Table(BaseModel):
    """One table; ``key`` columns are unique together."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    optional: bool = False


Schema = Mapping[str, Table]


@lru_cache(maxsize=1)
def load_schema() -> Schema:
    """The schema that travels with the program."""
    text = (Path(__file__).parent / "schema.yaml").read_text(encoding="utf-8")
    return {name: Table.model_validate(table) for name, table in yaml.safe_load(text).items()}
