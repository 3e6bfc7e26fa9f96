"""Reading tables: every fault says file, row, column, what is expected and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import Finding, InputError
from optimizer.region import default_region_path, read_region
from tests.tiny_region import Change, added, edited, make_tiny_region


def faults(path: Path, **changes: Change) -> list[Finding]:
    with pytest.raises(InputError) as caught:
        read_region(make_tiny_region(path, **changes))
    return caught.value.findings


def test_the_tiny_region_is_read_typed_and_found_whole(tmp_path: Path) -> None:
    region = read_region(make_tiny_region(tmp_path))
    assert region.name == "tiny"
    assert region.check() == []
    assert region.tables["counties"]["county_id"].tolist() == ["A1", "A2"]
    assert region.tables["catalogue"]["overnight_cost"].dtype == float
    assert region.tables["catalogue"]["upgrade_cost"].isna().sum() == 3
    assert (region.tables["candidates"]["existing_option"] == "").all()
    assert region.row_of("counties", 1) == 3


@pytest.mark.parametrize(
    ("changes", "file", "row", "column", "found"),
    [
        ({"demand": None}, "demand.csv", 0, "", "no such table"),
        ({"counties": edited(1, lon="")}, "counties.csv", 3, "lon", "an empty cell"),
        ({"catalogue": edited(0, overnight_cost=-5)}, "catalogue.csv", 2, "overnight_cost", "'-5'"),
        ({"catalogue": edited(0, overnight_cost="18e6 CNY")}, "catalogue.csv", 2, "overnight_cost", "'18e6 CNY'"),
        ({"catalogue": edited(0, lead_years=1.5)}, "catalogue.csv", 2, "lead_years", "'1.5'"),
        ({"demand": edited(2, quantity="NaN")}, "demand.csv", 4, "quantity", "'NaN'"),
        ({"demand": edited(2, quantity="inf")}, "demand.csv", 4, "quantity", "'inf'"),
        ({"demand": edited(2, quantity="1,000")}, "demand.csv", 4, "quantity", "'1,000'"),
        ({"link": edited(0, free_speed=900)}, "link.csv", 2, "free_speed", "'900'"),
        ({"places": added({"place_id": "A11"})}, "places.csv", 11, "place_id", "A11 again (as in row 2)"),
        ({"budgets": edited(1, year=2025)}, "budgets.csv", 3, "source_id, county_id, year", "grant, *, 2025 again"),
        ({"sources": edited(0, max_shar=1)}, "sources.csv", 1, "max_shar", "a column that is not known"),
    ],
)
def test_one_fault_one_message(
    tmp_path: Path, changes: dict[str, Change], file: str, row: int, column: str, found: str
) -> None:
    matching = [f for f in faults(tmp_path, **changes) if (f.file, f.row, f.column) == (file, row, column)]
    assert [f for f in matching if f.found.startswith(found)], faults(tmp_path, **changes)
    assert all(f.expected and f.remedy for f in matching)


def test_a_missing_column_and_a_misspelt_one_are_named_together(tmp_path: Path) -> None:
    def rename(rows: list) -> list:
        return [{**{k: v for k, v in r.items() if k != "length"}, "lenght": r["length"]} for r in rows]

    make_tiny_region(tmp_path, link=rename)
    text = (tmp_path / "link.csv").read_text(encoding="utf-8").splitlines()
    column = text[0].split(",").index("length")
    kept = [",".join(c for i, c in enumerate(line.split(",")) if i != column) for line in text]
    (tmp_path / "link.csv").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_region(tmp_path)
    assert {(f.column, f.found) for f in caught.value.findings} == {
        ("lenght", "a column that is not known"),
        ("length", "no such column"),
    }
    assert "Did you mean 'length'?" in str(caught.value)


def test_many_faults_are_shortened(tmp_path: Path) -> None:
    found = faults(tmp_path, budgets=lambda rows: [{**r, "amount": "x"} for r in rows])
    assert len(found) == 51
    assert "10 more findings" in found[-1].found


def test_a_place_without_region_yaml_or_with_a_broken_one(tmp_path: Path) -> None:
    make_tiny_region(tmp_path)
    for text, word in (
        ("id: [", "not readable as YAML"),
        ("name_zh: x", "Add a line `id: ...`"),
        ("id: t\nencoding: latin9", "utf-8 or gb18030"),
        ("id: t\nmap: counties.geojson", "Write `counties: FILE` under it"),
    ):
        (tmp_path / "region.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=word):
            read_region(tmp_path)
    (tmp_path / "region.yaml").unlink()
    with pytest.raises(InputError, match="region template"):
        read_region(tmp_path)
    with pytest.raises(InputError, match="no such region"):
        read_region(tmp_path / "nowhere")


def test_the_default_region_is_found_and_an_unknown_one_is_not() -> None:
    assert (default_region_path("gansu") / "region.yaml").is_file()
    with pytest.raises(InputError, match="Did you mean 'gansu'"):
        default_region_path("gansuu")


def test_geometry_is_optional(tmp_path: Path) -> None:
    region = read_region(make_tiny_region(tmp_path))
    assert region.geometry("counties") is None
    (tmp_path / "region.yaml").write_text("id: tiny\nmap:\n  counties: c.geojson\n", encoding="utf-8")
    assert read_region(tmp_path).geometry("counties") is None
    (tmp_path / "c.geojson").write_text("{}", encoding="utf-8")
    region = read_region(tmp_path)
    assert region.geometry("counties") == tmp_path / "c.geojson"
    assert tmp_path / "c.geojson" in region.files()
    assert tmp_path / "demand.csv" in region.files()
