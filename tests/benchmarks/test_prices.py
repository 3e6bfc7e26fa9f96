"""The suite `prices`: rows that compare, and peers that cannot."""

from __future__ import annotations

import numpy as np
import pytest

import benchmarks.prices as suite
from benchmarks.prices import run
from benchmarks.prices_peers import Answer, by_highs


@pytest.fixture(autouse=True)
def highs_alone(monkeypatch: pytest.MonkeyPatch):
    """Whether OR-Tools is there or not."""
    monkeypatch.setattr(suite, "PEERS", {"PDLP of HiGHS": by_highs})


def test_prices_here_are_as_good_as_those_of_the_peer():
    (row,) = run(smoke=True, time_limit=60.0)
    assert row["status"] == "measured" and row["ratio"] > 0
    assert max(row["over_best"], row["peer_over_best"]) < 2e-2


def test_a_peer_without_prices_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(suite, "PEERS", {"nobody": lambda *_: Answer(None, 1.0)})
    (row,) = run(smoke=True, time_limit=60.0)
    assert row["peer_proved"] is None and np.isfinite(row["proved"]) and row["over_best"] == 0.0
    assert "none in time" in capsys.readouterr().out
