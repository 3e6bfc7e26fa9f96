"""The same region as CSV, Excel and GeoPackage; what cannot be read says why."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest
import xlsxwriter

from optimizer.errors import InputError
from optimizer.region import read_region
from tests.tiny_region import make_tiny_region, tiny_tables


def write_workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in {**tiny_tables(), "region": [{"key": "name_en", "value": "Small"}]}.items():
            if not rows:
                continue
            sheet = book.add_worksheet(name)
            columns = list(dict.fromkeys(c for row in rows for c in row))
            sheet.write_row(0, 0, columns)
            for i, row in enumerate(rows, start=1):
                sheet.write_row(i, 0, [row.get(c, "") for c in columns])
    return path


def write_geopackage(folder: Path, path: Path) -> Path:
    for file in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(file, dtype={"candidate_id": str})
        if len(frame):
            pyogrio.write_dataframe(frame, path, layer=file.stem, driver="GPKG", append=path.exists())
    return path


def test_excel_and_geopackage_read_as_the_csv_does(tmp_path: Path) -> None:
    folder = make_tiny_region(tmp_path / "csv")
    region = read_region(folder)
    others = [
        read_region(write_workbook(tmp_path / "tiny.xlsx")),
        read_region(write_geopackage(folder, tmp_path / "tiny.gpkg")),
    ]
    for other in others:
        assert other.check() == []
        assert set(region.tables) - set(other.tables) == {name for name, f in region.tables.items() if f.empty}
        for name, frame in other.tables.items():
            pd.testing.assert_frame_equal(frame, region.tables[name], check_dtype=False)
    assert [other.meta["name_en"] for other in others] == ["Small", "tiny"]
    assert others[0].files() == [tmp_path / "tiny.xlsx"]


def test_faults_in_a_workbook_name_sheet_row_and_column(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "tiny.xlsx")
    for value, words in (
        ("=B2*2", "found the formula =B2*2 without a value"),
        ("#REF!", "found the error #REF!"),
        (-1, "found '-1'"),
    ):
        book = openpyxl.load_workbook(path)
        columns = [cell.value for cell in book["catalogue"][1]]
        book["catalogue"].cell(3, columns.index("overnight_cost") + 1).value = value
        book.save(tmp_path / "broken.xlsx")
        with pytest.raises(InputError) as caught:
            read_region(tmp_path / "broken.xlsx")
        assert f"broken.xlsx, sheet catalogue, row 3, column overnight_cost: {words}" in str(caught.value)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "tiny.xlsx")
    book = openpyxl.load_workbook(path)
    del book["link"]
    book.save(path)
    with pytest.raises(InputError, match="link: found no such table"):
        read_region(path)


@pytest.mark.parametrize("ending", ["xlsx", "gpkg"])
def test_what_is_no_workbook_or_geopackage(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"x.{ending}").write_bytes(b"not that at all")
    with pytest.raises(InputError, match=r"not an? (Excel workbook|GeoPackage)"):
        read_region(tmp_path / f"x.{ending}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "row 1: found an empty line"),
        ("区".encode("gb18030"), "bytes that are not utf-8"),
        (b"place_id,,year\n", "no name over column 2"),
        (b"place_id,year,year\n", "the column 'year' twice"),
        (b"place_id,commodity,year,quantity\nA,produce,2024\n", "row 2: found 3 cells"),
        (b'place_id,commodity,year,quantity\n"' + b"A" * 200_000, "text that is not CSV"),
    ],
)
def test_broken_csv(tmp_path: Path, content: bytes, words: str) -> None:
    make_tiny_region(tmp_path)
    (tmp_path / "demand.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_region(tmp_path)
    assert words in str(caught.value)
    assert "demand.csv" in str(caught.value)


def test_byte_order_mark_and_gb18030(tmp_path: Path) -> None:
    make_tiny_region(tmp_path)
    for file in tmp_path.glob("*.csv"):
        file.write_bytes(file.read_text(encoding="utf-8").encode("utf-8-sig"))
    assert read_region(tmp_path).tables["counties"]["name_zh"][0] == "A1县"
    for file in tmp_path.glob("*.csv"):
        file.write_bytes(file.read_text(encoding="utf-8-sig").encode("gb18030"))
    with pytest.raises(InputError, match="encoding: gb18030"):
        read_region(tmp_path)
    (tmp_path / "region.yaml").write_text("id: tiny\nencoding: GB18030\n", encoding="utf-8")
    assert read_region(tmp_path).tables["counties"]["name_zh"][0] == "A1县"
