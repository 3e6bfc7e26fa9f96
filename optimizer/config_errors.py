"""Faults of a config in a user's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from optimizer.errors import Finding
from optimizer.suggest import did_you_mean

YAML_BOOLEAN = "In YAML, yes, no, on, off, true and false are truth values: put a text in quotes."


def findings_of(error: ValidationError, model: type[BaseModel], mapping: Mapping[str, Any]) -> list[Finding]:
    """One finding per faulty key, in the order of the schema; alternatives of one key count once."""
    found: dict[str, Finding] = {}
    for detail in error.errors(include_url=False):
        keys = _keys_in(mapping, detail["loc"])
        found.setdefault(".".join(map(str, keys)), _finding(detail, keys, model, mapping))
    return list(found.values())


def _keys_in(mapping: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leading part of a location that names keys of the config (pydantic appends names of alternatives)."""
    keys: list[int | str] = []
    for key in location:
        is_key = isinstance(mapping, Mapping) or (isinstance(mapping, list) and isinstance(key, int))
        if not is_key:
            break
        keys.append(key)
        mapping = _child(mapping, key)
    return tuple(keys)


def _child(value: Any, key: int | str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    return value[key] if isinstance(key, int) and key < len(value) else None


def _finding(detail: ErrorDetails, keys: tuple[int | str, ...], model: type[BaseModel], mapping: Any) -> Finding:
    place = f"config key {'.'.join(map(str, keys))}" if keys else "config"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        return Finding(place, 0, "", "an unknown key", f"one of {', '.join(known)}", _near(str(keys[-1]), known))
    if detail["type"] == "missing":
        return Finding(place, 0, "", "nothing", "a value", f"Choose a config for the group {keys[0]} or give {place[11:]}=VALUE.")
    value = _value_at(mapping, keys)
    remedy = YAML_BOOLEAN if isinstance(value, bool) and "string" in detail["type"] else "Correct the value."
    return Finding(place, 0, "", _shown(value), _expected(detail), remedy)


def _near(word: str, known: list[str]) -> str:
    return did_you_mean(word, known)[2:] or "Remove it."


def _value_at(mapping: Any, keys: tuple[int | str, ...]) -> Any:
    for key in keys:
        mapping = _child(mapping, key)
    return mapping


def _shown(value: Any) -> str:
    kind = {bool: "truth value", int: "whole number", float: "number", str: "text", list: "list", dict: "mapping"}
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({kind.get(type(value), 'nothing')})"


def _expected(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message[0].lower() + message[1:]


def _known_keys(model: type[BaseModel], keys: tuple[int | str, ...]) -> list[str]:
    for key in keys:
        inner = _model_within(model.model_fields[key].annotation if key in model.model_fields else model)
        model = inner or model
    return list(model.model_fields)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_within(a)) is not None), None)


def option_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted key that a command line may set."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        inner = _model_within(field.annotation)
        direct = inner is not None and inner is field.annotation
        names += option_names(inner, f"{prefix}{name}.") if inner is not None and direct else [prefix + name]
    return names
