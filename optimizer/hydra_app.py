"""The only module that knows Hydra: overrides and config folders in, a checked RunConfig out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from optimizer._paths import configs_dir
from optimizer.config import RunConfig
from optimizer.config_errors import option_names
from optimizer.config_files import check_folder, group_names
from optimizer.errors import InputError
from optimizer.suggest import did_you_mean

GROUPS = ("region", "system", "horizon", "funding", "objective", "solver", "experiment")


def load(overrides: Sequence[str] = (), folders: Sequence[Path] = ()) -> RunConfig:
    """Compose the config groups and check the outcome.

    Parameters
    ----------
    overrides
        As on the command line: ``horizon=ten_years``, ``solver.mip_gap=0.01``.
    folders
        Further folders of config groups, beside the program's own.

    Raises
    ------
    InputError
        A group, key or value that does not exist or does not fit.
    """
    for folder in folders:
        check_folder(folder, configs_dir())
    parsed = [_checked(o, folders) for o in _parsed(overrides)]
    sweep = next((o for o in parsed if o.is_sweep_override()), None)
    if sweep is not None:
        raise InputError(f"{sweep.input_line}: several values. Add -m to plan each of them, or put a list in brackets.")
    return RunConfig.from_mapping(_composed(parsed, folders))


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """Every combination of the comma-separated values, in the order given: the scenarios of a sweep."""
    choices = [
        [f"{o.get_key_element()}={v}" for v in o.sweep_string_iterator()] if o.is_sweep_override() else [o.input_line or ""]
        for o in _parsed(overrides)
    ]
    return [list(one) for one in itertools.product(*choices)]


def _parsed(overrides: Sequence[str]) -> list[Override]:
    return [_parsed_one(text) for text in overrides]


def _parsed_one(text: str) -> Override:
    parser = OverridesParser.create()
    for line in (text, _with_quotes(text)):
        try:
            return parser.parse_override(line)
        except HydraException:
            continue
    raise InputError(
        f"{text!r} is no override. Expected KEY=VALUE, e.g. horizon=ten_years or solver.mip_gap=0.01; a text with special"
        " characters stands in double quotes inside single ones: 'run.label=\"a (b)\"'."
    )


def _with_quotes(text: str) -> str:
    """The value in quotes, if it is one plain word or path that Hydra's grammar refuses only for not being ASCII."""
    key, _, value = text.partition("=")
    plain = not value.isascii() and not set(value) & set("\"'[]{}(),\\")
    return f'{key}="{value}"' if plain else text


def _checked(override: Override, folders: Sequence[Path]) -> Override:
    key = override.key_or_group
    if key.startswith("hydra"):
        raise InputError(f"{override.input_line}: Hydra's own settings are not used here.")
    if key in GROUPS:
        _check_choice(override, folders)
    elif "." not in key:
        known = [*GROUPS, *option_names(RunConfig)]
        raise InputError(
            f"{override.input_line}: found an unknown group {key!r}; expected one of {', '.join(GROUPS)}, or a key within"
            f" one, as in solver.mip_gap=0.01{did_you_mean(key, known)}"
        )
    return override


def _check_choice(override: Override, folders: Sequence[Path]) -> None:
    group = override.key_or_group
    known = group_names(group, [configs_dir(), *folders])
    for name in _chosen(override):
        if name not in known:
            raise InputError(
                f"{override.input_line}: found {group} {name!r}; expected one of {', '.join(known)}{did_you_mean(name, known)}"
            )


def _chosen(override: Override) -> list[str]:
    if override.is_sweep_override() or override.is_delete():
        return []
    value = override.value()
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]


def _composed(overrides: Sequence[Override], folders: Sequence[Path]) -> dict[str, Any]:
    paths = [f"file://{folder.resolve()}" for folder in folders]
    search = [f"hydra.searchpath=[{','.join(map(_quoted, paths))}]"] if paths else []
    with _hydra():
        try:
            composed = compose("config", overrides=[*search, *map(_line, overrides)])
            content = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        except MissingConfigException as error:
            raise InputError(f"{str(error).splitlines()[0]} Is the file there and named as written?") from None
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(_sentence(error)) from None
    return cast(dict[str, Any], content)


def _line(override: Override) -> str:
    """The override as Hydra gets it: keys inside a group may be new (``++``), the schema says later whether they may."""
    line = override.input_line or ""
    plain = line[:1] not in "+~"
    return f"++{line}" if plain and "." in override.key_or_group else line


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _sentence(error: Exception) -> str:
    cause = error.__cause__ if error.__cause__ is not None else error
    return f"The config does not fit together: {str(cause).splitlines()[0]}"


@contextmanager
def _hydra() -> Iterator[None]:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        yield
