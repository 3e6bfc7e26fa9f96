"""Maps, curves and tables of systems in every file of a run: the same figures, both languages, nothing left out."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest

from network_models.flood.damage import expected_annual_damage
from optimizer.report.maps import class_names, ramp
from optimizer.report.views import Views
from optimizer.systems.exhibits import Measure, ReportCurves, ReportMap, ReportTable, Words


def page(files: Path) -> str:
    return (files / "report.html").read_text(encoding="utf-8")


def map_of(views: Views, system: str) -> ReportMap:
    return next(s for s in views.exhibits[system] if isinstance(s, ReportMap))


def test_the_plan_file_holds_what_simulation_found(views: Views) -> None:
    assert set(views.plan.simulated) == {"net", "flood"}
    found, data = views.plan.simulated["net"], views.problem.systems["net"].data
    fed = found["source"].values >= 0
    assert fed.any()
    assert (np.isfinite(found["pressure"].values) == fed).all()
    served = views.plan.systems["net"]["share"].values > 0
    assert served.any()
    assert found["pressure"].values[data["origin_node"].values][served].min() >= data.attrs["least"] - 1e-3
    assert found["pressure"].attrs == {"units": "m", "long_name": "pressure at peak demand", "long_name_zh": "高峰压力"}


@pytest.mark.parametrize("state", ["", "_today"])
def test_expected_damage_is_the_area_under_the_curve_that_is_kept(views: Views, state: str) -> None:
    found, data = views.plan.simulated["flood"], views.problem.systems["flood"].data
    chance, frequent = 1.0 / data["event"].values, data.attrs["frequent"]
    for z in range(data.sizes["zone"]):
        lost, topped = found[f"damage{state}"].values[z, :, -1], float(found[f"topped{state}"].values[z, -1])
        area = expected_annual_damage(chance, lost, overtopping=topped, frequent=frequent)
        assert found[f"expected{state}"].values[z, -1] == pytest.approx(float(area), rel=1e-9)


def test_a_work_changes_what_the_record_says(views: Views) -> None:
    """With no work raised nothing changes; with some, the plan's floods differ from today's."""
    found, levels = views.plan.simulated["flood"], views.plan.systems["flood"]["level"].values
    raised = levels[:, -1] > 0
    assert raised.any()
    assert (found["change"].values[~raised] == 0).all()
    assert (found["change"].values[raised].min(axis=1) < 0).all()
    assert found["expected"].values[:, -1].sum() < found["expected_today"].values[:, -1].sum()


def test_every_feature_is_drawn_once_and_told_in_every_frame(views: Views, files: Path) -> None:
    shown = page(files)
    data = [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', shown, re.S)]
    maps = [s for sections in views.exhibits.values() for s in sections if isinstance(s, ReportMap)]
    assert len(data) == len(maps) == 2
    for section, written in zip(maps, data, strict=True):
        assert written["shape"] == list(section.shape)
        for layer, kept in zip(section.layers, written["layers"], strict=True):
            assert len(kept["c"]) == len(kept["names"]) == len(layer.ids)
            classes = layer.colour.classes(section.shape)
            for row, coded in zip(classes, kept["c"], strict=True):
                spread = coded * len(row) if len(coded) == 1 else coded
                assert [("-" if c < 0 else str(c)) for c in row] == list(spread)
    assert shown.count('class="way"') == sum(len(x.ids) for s in maps for x in s.layers if x.kind == "line")
    assert shown.count('class="spot"') == sum(len(x.ids) for s in maps for x in s.layers if x.kind == "point")


def test_pipes_are_lines_in_the_geopackage(views: Views, files: Path) -> None:
    layers = dict(pyogrio.list_layers(files / "plan.gpkg"))
    assert layers["net_pipes"] == "LineString" and layers["net_places"] == "Point"
    pipes = pyogrio.read_dataframe(files / "plan.gpkg", layer="net_pipes").set_index("id")
    size = views.plan.simulated["net"]["size"].values
    data = views.problem.systems["net"].data
    assert set(pipes.index) == {str(a) for a in data["arc"].values[(size >= 0).any(axis=1)]}
    for a in np.flatnonzero(size[:, -1] >= 0):
        diameter = 1000 * data["size_diameter"].values[size[a, -1]]
        assert pipes.loc[str(data["arc"].values[a]), "diameter_mm_2029"] == pytest.approx(diameter)


def test_every_table_has_a_sheet(views: Views, files: Path) -> None:
    book = openpyxl.load_workbook(files / "plan.xlsx")
    rows = [{str(c.value) for c in next(sheet.iter_rows())} for sheet in book]
    for sections in views.exhibits.values():
        for section in sections:
            if not isinstance(section, ReportMap):
                table = section.as_table() if isinstance(section, ReportCurves) else section
                assert {str(c) for c in table.columns} in rows
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_pressures_promised_and_simulated_stand_side_by_side(views: Views) -> None:
    (table,) = [s for s in views.exhibits["net"] if isinstance(s, ReportTable) and s.title.en.startswith("Pressures")]
    found = views.plan.simulated["net"]["pressure"].values
    served = views.plan.systems["net"]["share"].values[:, -1] > 0
    lowest = found[views.problem.systems["net"].data["origin_node"].values[served], -1].min()
    last = table.rows[-1]
    assert last[:2] == ("2029", int(served.sum()))
    assert last[3] == pytest.approx(lowest, abs=0.06)


def test_both_languages_and_nothing_from_outside(files: Path) -> None:
    shown = page(files)
    assert shown.count('class="zh"') == shown.count('class="en"') > 100
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!#|data:)[^"]+"|@import|url\((?!data:)', shown)


def test_the_maps_answer_in_a_browser(files: Path, chromium: str, tmp_path: Path) -> None:
    """The last frame is drawn without a script; the first is drawn when its button is pressed."""
    push = "<script>document.querySelector('#map-net-0 button[data-choice=\"0\"]').click();</script></body>"
    pushed = tmp_path / "pushed.html"
    pushed.write_text(page(files).replace("</body>", push), encoding="utf-8")
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom"]
    dom = subprocess.run([*command, pushed.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout
    assert _hidden(dom) > _hidden(page(files))


def _hidden(page: str) -> int:
    figure = page[page.index('id="map-net-0"') :]
    return figure[: figure.index("</figure>")].count('display="none"')


def test_classes_follow_their_bounds() -> None:
    measure = Measure("m", Words("米", "m"), "m", np.array([[0.5, 1.0, 2.0, np.nan]]), (1.0, 2.0))
    assert measure.classes((4,)).tolist() == [[0, 1, 2, -1]]
    assert [w.en for w in class_names(measure)] == ["< 1", "1 – 2", "≥ 2"]
    assert len(set(ramp("danger", 3))) == 3
    assert len(ramp("plenty", 9)) == 9
