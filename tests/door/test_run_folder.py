"""What a run leaves: whole or not at all, readable by those who get it, and the same plan in every file."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest

from optimizer.cli import main
from optimizer.pipeline import verify_folder
from optimizer.plan_file import read_plan
from optimizer.scenarios import store
from tests.door.door import QUICK, plan, published
from tests.tiny_region import make_tiny_region

FILES = {"plan.nc", "schedule.csv", "plan.xlsx", "plan.gpkg", "report.html", "config.yaml", "manifest.json"}


def _schedule(folder: Path) -> list[dict[str, str]]:
    with (folder / "schedule.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_is_there_and_as_the_manifest_says(tiny_run: Path):
    assert {file.name for file in tiny_run.iterdir()} == FILES
    manifest = json.loads((tiny_run / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    assert store.open_run(tiny_run).damaged() == ""
    assert manifest["verification"]["passed"] and manifest["gap"] <= 0.03


def test_the_files_tell_the_same_plan(tiny_run: Path):
    starts = int(read_plan(tiny_run / "plan.nc").decisions["start"].values.sum())
    book = openpyxl.load_workbook(tiny_run / "plan.xlsx")
    listed = [row[0].value for row in book["项目清单 Projects"].iter_rows(min_row=2) if row[0].value]
    assert starts == len(_schedule(tiny_run)) == pyogrio.read_info(tiny_run / "plan.gpkg", layer="projects")["features"]
    assert [row["candidate_id"] for row in _schedule(tiny_run)] == [v for v in listed if v in _ids(tiny_run)]


def _ids(folder: Path) -> set[str]:
    return {row["candidate_id"] for row in _schedule(folder)}


def test_no_cell_is_a_formula(tmp_path: Path):
    bad = "=HYPERLINK(0)"
    region = make_tiny_region(
        tmp_path / "region", candidates=lambda rows: [{**r, "name_zh": bad, "name_en": "+1"} for r in rows]
    )
    assert plan(region, tmp_path / "runs") == 0
    (folder,) = published(tmp_path / "runs")
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(cell.value and bad in str(cell.value) for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)
    assert "HYPERLINK" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_stands_alone_in_both_languages(tiny_run: Path):
    page = (tiny_run / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!#|data:)[^"]+"|@import|url\((?!data:)', page)
    assert page.count('class="zh"') == page.count('class="en"') > 100


def test_names_cannot_become_markup(tmp_path: Path):
    region = make_tiny_region(
        tmp_path / "region", candidates=lambda rows: [{**r, "name_en": "<script>alert(1)</script>"} for r in rows]
    )
    assert plan(region, tmp_path / "runs") == 0
    (folder,) = published(tmp_path / "runs")
    assert "<script>alert(1)" not in (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_opens_in_a_browser(tiny_run: Path, chromium: str, tmp_path: Path):
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    url = (tiny_run / "report.html").as_uri()
    dom = subprocess.run([*command, url], capture_output=True, text=True, timeout=120, check=True).stdout
    assert "Infrastructure investment plan" in dom and "基础设施投资方案" in dom


def test_verify_finds_the_run_good_and_a_touched_one_not(tiny_run: Path, tmp_path: Path):
    assert verify_folder(tiny_run).passed
    touched = tmp_path / tiny_run.name
    shutil.copytree(tiny_run, touched)
    assert main(["verify", str(touched)]) == 0
    (touched / "plan.nc").write_bytes(b"not a plan")
    assert main(["verify", str(touched)]) == 4


def test_a_rebuilt_report_leaves_the_run_whole(tiny_run: Path, tmp_path: Path):
    copy = tmp_path / tiny_run.name
    shutil.copytree(tiny_run, copy)
    assert main(["report", str(copy)]) == 0
    assert store.open_run(copy).damaged() == ""


def test_the_same_run_is_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    region = make_tiny_region(tmp_path / "region")
    assert plan(region, tmp_path / "runs") == 0
    made = (published(tmp_path / "runs")[0] / "plan.nc").stat().st_mtime_ns
    assert plan(region, tmp_path / "runs") == 0
    assert (published(tmp_path / "runs")[0] / "plan.nc").stat().st_mtime_ns == made
    (region / "budgets.csv").write_text((region / "budgets.csv").read_text().replace("12000000", "12000001"))
    assert plan(region, tmp_path / "runs") == 0
    assert len(published(tmp_path / "runs")) == 2


@pytest.mark.parametrize("after", [0.3, 1.5, 2.5, 3.5])
def test_a_killed_run_leaves_a_whole_run_or_none(after: float, tmp_path: Path):
    region, runs = make_tiny_region(tmp_path / "region"), tmp_path / "runs"
    child = subprocess.Popen(
        [sys.executable, "-m", "optimizer", f"region.path={region}", f"run.folder={runs}", *QUICK],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    for folder in published(runs):
        assert store.open_run(folder).damaged() == ""
    assert plan(region, runs) == 0
    assert len(published(runs)) == 1 and not list(runs.glob(".partial-*"))


def test_whole_money_survives_the_file(tiny_run: Path):
    decisions = read_plan(tiny_run / "plan.nc").decisions
    assert decisions["payment"].dtype == np.int64
    assert np.array_equal(decisions["payment"].values.sum(axis=1), decisions["spending"].values)


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    blocked = tmp_path / "runs"
    blocked.write_text("a file, not a folder")
    assert plan(make_tiny_region(tmp_path / "region"), blocked) != 0
    said = capsys.readouterr().err
    assert "Traceback" not in said and str(blocked) in said
    assert blocked.is_file()
