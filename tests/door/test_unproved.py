"""Of a plan without a bound the files say null, never ``Infinity``; whoever reads them again finds no bound."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from optimizer.cli import main
from optimizer.publish import note_rewritten
from optimizer.scenarios import store
from optimizer.strict_json import from_text, to_text


def _refused(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


def _strictly(text: str) -> dict[str, object]:
    found = json.loads(text, parse_constant=_refused)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("given", [math.inf, -math.inf, math.nan])
def test_what_is_not_known_is_null(given: float):
    text = to_text({"bound": given, "rounds": ({"gap": given, "confirmed": given},), "seconds": [1.5], "n": 3, "no": None})
    plain = {"bound": None, "rounds": [{"gap": None, "confirmed": None}], "seconds": [1.5], "n": 3, "no": None}
    assert _strictly(text) == plain
    back = {"bound": math.inf, "rounds": [{"gap": math.inf, "confirmed": None}], "seconds": [1.5], "n": 3, "no": None}
    assert from_text(text) == back


def test_a_run_without_a_bound(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    unproved = tmp_path / "unproved"
    shutil.copytree(tiny_run, unproved)
    file = unproved / store.MANIFEST
    manifest = {**_strictly(file.read_text(encoding="utf-8")), "bound": math.inf, "gap": math.inf}
    file.write_text(json.dumps(manifest), encoding="utf-8")  # as runs were written once
    note_rewritten(unproved / "report.html")
    assert _strictly(file.read_text(encoding="utf-8"))["bound"] is None
    found = store.open_run(unproved)
    assert found.manifest["bound"] == found.manifest["gap"] == math.inf
    page = tmp_path / "comparison.html"
    assert main(["compare", str(tiny_run), str(unproved), "--output", str(page)]) == 0
    assert "inf" not in capsys.readouterr().out.replace("unproved", "")
    drawing = page.read_text(encoding="utf-8").partition("<svg")[2].partition("</svg>")[0]
    assert drawing.count('stroke="#e39b3b"') == 1 and "nan" not in drawing and "inf" not in drawing
