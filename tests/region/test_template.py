"""Templates, provenance, and the page that tells an institute how to bring its tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.region import load_schema, provenance_shares, read_region, write_template
from optimizer.region.provenance import parse_origin
from optimizer.region.template import describe
from tests.tiny_region import edited, make_tiny_region

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["mine", "deep/mine.xlsx"])
def test_a_template_is_read_and_lacks_only_rows(tmp_path: Path, name: str) -> None:
    path = write_template(tmp_path / name)
    region = read_region(path)
    assert region.name == "my_region"
    assert set(region.tables) == set(load_schema())
    assert all(frame.empty for frame in region.tables.values())
    needed = [name for name, table in load_schema().items() if not table.optional]
    assert [f.found for f in region.check()] == ["a header and no rows"] * len(needed)
    with pytest.raises(InputError, match="exists already"):
        write_template(path)


def test_origin_cells_name_columns() -> None:
    origins = parse_origin("lon, lat=fact:C03; derived:R01")
    assert [tuple(o) for o in origins] == [(("lon", "lat"), "fact", "C03"), ((), "derived", "R01")]
    assert origins[0].covers("lon")
    assert not origins[0].covers("x")
    assert origins[1].covers("x")
    assert parse_origin("") == []


def test_shares_count_every_number_once(tmp_path: Path) -> None:
    region = read_region(make_tiny_region(tmp_path, link=edited(0, origin="length=fact:X1")))
    shares = provenance_shares(region).set_index("table")
    assert shares.loc["link", ["fact", "assumption", "numbers"]].tolist() == [1, 26, 27]
    assert shares.loc["total", "numbers"] == shares["numbers"][:-1].sum()
    assert (shares["unknown"] == 0).all()
    bare = read_region(make_tiny_region(tmp_path / "bare", origins=lambda rows: rows[:1]))
    assert provenance_shares(bare).set_index("table").loc["link", "unknown"] == 27


def test_the_page_on_bringing_a_region_mentions_every_table_and_column() -> None:
    page = (DOCS / "bring-your-region.md").read_text(encoding="utf-8")
    for name, table in load_schema().items():
        assert f"### `{name}`" in page, name
        for column in table.columns:
            assert f"| {column} | {table.columns[column].type} |" in page, f"{name}.{column}"
    assert describe() in page, "copy the output of optimizer.region.template.describe() into the page"


def test_the_worked_example_of_the_page_is_a_valid_region(tmp_path: Path) -> None:
    page = (DOCS / "bring-your-region.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"`([a-z_]+\.(?:csv|yaml))`\n```\n(.*?)```", page, flags=re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    region = read_region(tmp_path)
    assert region.check() == []
    assert region.tables["candidates"]["candidate_id"].tolist() == ["CL-1", "CL-2"]
