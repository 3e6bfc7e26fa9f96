"""What every archetype owes the rest of the program, on every kind of system it carries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from optimizer.ledger import VALUE
from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.region import Region
from optimizer.report.systems import MOST_ROWS, table_html
from optimizer.solve.rounds import as_simulated
from optimizer.solve.solve import Built, build, solve_built
from optimizer.systems.exhibits import ReportCurves, ReportMap
from optimizer.systems.registry import ARCHETYPES, archetype, checker
from tests.contract.cases import CASES
from tests.systems.tiny_runs import EXACT, problem_of


@dataclass(frozen=True)
class Run:
    """A solved case."""

    problem: Problem
    region: Region
    built: Built
    plan: Plan

    @property
    def system(self) -> SystemProblem:
        return next(iter(self.problem.systems.values()))


@pytest.fixture(scope="module", params=[(a, c) for a, cases in CASES.items() for c in cases], ids="-".join)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    systems, changes = CASES[request.param[0]][request.param[1]]
    problem, region = problem_of(tmp_path_factory.mktemp("tiny"), systems, **changes)
    built = build(problem)
    return Run(problem, region, built, solve_built(built, EXACT))


def test_every_archetype_has_cases() -> None:
    assert set(CASES) == set(ARCHETYPES)


def test_plan_does_something(run: Run) -> None:
    assert run.plan.decisions["start"].values.sum() > 0
    assert run.plan.objective > 0


def test_value_of_plan_equals_value_in_model(run: Run) -> None:
    """Exact: what the archetype entered in the ledger, at the solution, is what its checker makes of the plan."""
    entered = np.zeros(run.problem.horizon.n_periods)
    for _, t, terms in run.built.model.ledger.benefits[VALUE]:
        entered[t] += terms.constant + sum(c * v.value for c, v in zip(terms.coefs, terms.variables, strict=True))
    yearly = checker(run.system.archetype).value(run.problem, run.system, run.plan.systems[run.system.name])
    np.testing.assert_allclose(yearly / 1e6, entered, rtol=1e-6, atol=1e-9)


def test_checker_accepts_the_plan(run: Run) -> None:
    eye = checker(run.system.archetype)
    states = states_over_time(run.problem, run.plan.decisions["start"].values)
    assert eye.check(run.problem, run.system, run.plan.systems[run.system.name], states) == []
    assert all(rows >= 0 for rows in eye.rows_checked(run.problem, run.system).values())


def test_relation_of_model_and_simulation_is_kept(run: Run) -> None:
    """The model's best plan is worth what simulation says, or more where it only bounds; cuts only where it does."""
    arch = archetype(run.system.archetype)
    result = arch.simulate(run.problem, run.system, run.plan, run.region)
    relation = arch.RELATION
    true = as_simulated(run.problem, run.plan, [result]).objective
    slack = relation.tolerance * max(1.0, abs(true))
    if relation.kind != "approximate":
        assert run.plan.objective >= true - slack
    if relation.kind == "exact":
        assert run.plan.objective <= true + slack
        assert result.decisions is None and arch.cuts(result) == []


def test_simulation_serves_what_was_promised(run: Run) -> None:
    service = archetype(run.system.archetype).simulate(run.problem, run.system, run.plan, run.region).service
    assert service["promised"].sum() > 0
    np.testing.assert_allclose(service["simulated"], service["promised"], rtol=1e-6, atol=1e-3)
    eye = checker(run.system.archetype)
    served = eye.served(run.problem, run.system, run.plan.systems[run.system.name])
    assert service["promised"].sum() == pytest.approx(served.sum())
    assert service["demand"].sum() == pytest.approx(eye.demand(run.problem, run.system).sum())


def test_nothing_in_service_is_refused(run: Run) -> None:
    """The same shares without any start: the archetype's own rules see that nothing stands there."""
    states = states_over_time(run.problem, np.zeros_like(run.plan.decisions["start"].values))
    found = checker(run.system.archetype).check(run.problem, run.system, run.plan.systems[run.system.name], states)
    assert {v.rule for v in found} & {"open_first", "site_capacity", "upper_first", "upper_capacity", "damage"}
    idle = replace(run.plan, decisions=run.plan.decisions.assign(start=run.plan.decisions["start"] * 0))
    service = archetype(run.system.archetype).simulate(run.problem, run.system, idle, run.region).service
    assert service["simulated"].sum() < service["promised"].sum()


def test_greedy_proposes_starts_that_may_be_made(run: Run) -> None:
    proposals = archetype(run.system.archetype).greedy(run.problem, run.system)
    assert proposals
    seq = run.problem.sequence
    for transition, period, score in proposals:
        assert 0 <= transition < seq.sizes["transition"]
        assert 0 <= period < run.problem.horizon.n_periods
        assert np.isfinite(score)


def test_metrics_are_named_in_the_model(run: Run) -> None:
    declared = archetype(run.system.archetype).metrics(run.system.name)
    assert set(declared) <= set(run.built.model.metrics)


def test_what_is_shown_in_the_report_fits_together(run: Run) -> None:
    """Before and after simulation: words in both languages, rows as wide as their heads, a value for every feature and frame."""
    arch = archetype(run.system.archetype)
    found = arch.simulate(run.problem, run.system, run.plan, run.region).record()
    simulated = replace(run.plan, simulated={} if found is None else {run.system.name: found})
    for plan in (run.plan, simulated):
        for section in arch.report_sections(run.problem, run.system, plan):
            assert section.title.zh and section.title.en
            if isinstance(section, ReportMap):
                _fits(section)
            else:
                table = section.as_table() if isinstance(section, ReportCurves) else section
                assert table.rows and {len(row) for row in table.rows} == {len(table.columns)}
                assert all(column.zh and column.en for column in table.columns)
                assert table_html(table).count("<tr>") == 1 + min(len(table.rows), MOST_ROWS)


def _fits(section: ReportMap) -> None:
    frames = int(np.prod(section.shape))
    for layer in section.layers:
        assert len(layer.ids) == len(set(layer.ids)) == len(layer.names) == len(layer.ways) > 0
        for measure in (m for m in (layer.colour, layer.size) if m is not None):
            classes = measure.classes(section.shape)
            assert classes.shape == (len(layer.ids), frames)
            assert -1 <= classes.min() and classes.max() < measure.n_classes
        assert (layer.colour.classes(section.shape) >= 0).any(axis=1).all()
