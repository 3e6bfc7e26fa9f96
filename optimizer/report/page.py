"""The chrome that every page shares: one file, both languages, no outside reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from optimizer.report.words import both, word


@dataclass(frozen=True)
class Section:
    """A part of a page: anchor, heading, body."""

    anchor: str
    heading: Markup
    body: Markup


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Jinja with everything escaped and nothing silently missing."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(word=word, both=both)
    env.filters.update(number=number, share=share)
    return env


def number(value: float, digits: int = 0) -> str:
    """A number with thousands separators; a dash where there is none."""
    return "–" if value != value or value in (float("inf"), float("-inf")) else f"{value:,.{digits}f}"


def share(value: float, digits: int = 0) -> str:
    """A fraction as per cent."""
    return "–" if value != value or value == float("inf") else f"{100 * value:.{digits}f} %"


def render_section(template: str, **data: object) -> Markup:
    """Body of a section from its template."""
    return Markup(environment().get_template(template).render(**data))


def render_page(title_zh: str, title_en: str, sections: Sequence[Section], script: str = "") -> str:
    """A whole page."""
    return (
        environment()
        .get_template("page.html")
        .render(title_zh=title_zh, title_en=title_en, sections=sections, script=Markup(script))
    )
