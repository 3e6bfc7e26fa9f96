"""Templates, provenance, and the page that tells an institute how to bring its tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.region import load_schema, provenance_shares, read_region, write_template
from optimizer.region.provenance import parse_origin
from tests.tiny_region import edited, make_tiny_region

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["mine", "deep/mine.xlsx"])
def test_a_template_is_read_and_lacks_only_rows(tmp_path: Path, name: str) -> None:
    path = write_template(tmp_path / name)
    region = read_region(path)
    assert region.name == "my_region"
    assert set(region.tables) == set(load_schema())
    assert all(frame.empty for frame in region.tables.values())
    assert region.check() == []
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
        assert f"`{name}`" in page, name
        for column in table.columns:
            assert re.search(rf"\b{column}\b", page), f"{name}.{column}"
