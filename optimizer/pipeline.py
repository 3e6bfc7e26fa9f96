"""The story of a run, its region read (:mod:`optimizer.opening`): prepare, solve, verify, try other values, publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from optimizer.config import RunConfig
from optimizer.evaluate import Evaluator
from optimizer.opening import Stopwatch, open_region
from optimizer.plan import Plan, Round
from optimizer.plan_file import read_plan
from optimizer.prepare import prepare_problem
from optimizer.problem import Problem
from optimizer.publish import CERTIFICATE_FILE, note_rewritten, publish_run
from optimizer.region import Region
from optimizer.report.html import write_html
from optimizer.report.views import Views
from optimizer.scenarios import store
from optimizer.sensitivity import Flips, compare_plans
from optimizer.solve import SolverSettings
from optimizer.solve.certificate import CERTIFICATE, ROUNDING, Certificate, faults, proved_again
from optimizer.solve.cluster import workers
from optimizer.solve.highs import interruptible
from optimizer.solve.progress import Progress, silent
from optimizer.solve.rounds import Simulate, plan_in_rounds
from optimizer.solve.solve import build
from optimizer.systems.registry import archetype
from optimizer.verify import Verification, audit_region, verify_plan

Listener = Callable[[Progress], None]


@dataclass(frozen=True)
class RunResult:
    """A published run."""

    folder: Path
    plan: Plan
    verification: Verification


def run(config: RunConfig, region: Region, clock: Stopwatch, listener: Listener = silent) -> RunResult:
    """Make a plan of a region that has been read and publish it as a run folder.

    ``clock`` says how long reading took, and is written down with the other stages.

    Raises
    ------
    ChengxiangError
        Input that cannot be used, rules that no plan obeys, results that cannot be written.
    """
    workers(settings_of(config))  # a cluster that is not there is told before the work
    with clock.stage("prepare"):
        problem = prepare_problem(region, config)
    with clock.stage("solve"):
        plan, rounds = plan_in_rounds(problem, settings_of(config), simulator(problem, region), listener)
    with clock.stage("verify"):
        plan, verification = examine(problem, plan, region, config)
    with clock.stage("sensitivity"):
        flips = try_other_values(region, config, problem, plan, listener)
    folder = publish_run(
        Path(config.run.folder),
        store.run_id(config),
        store.folder_name(config),
        problem=problem,
        plan=plan,
        verification=verification,
        region=region,
        config=config,
        extras={"seconds": clock.seconds, "flips": flips, "rounds": rounds},
        certificate=plan.meta.get(CERTIFICATE),
    )
    return RunResult(folder, plan, verification)


def settings_of(config: RunConfig) -> SolverSettings:
    """Solver settings of a run."""
    solver = config.solver
    limits = solver.mip_gap, solver.time_limit, solver.threads, solver.seed, solver.options, solver.rounds
    return SolverSettings(*limits, cluster=solver.cluster)


def simulator(problem: Problem, region: Region) -> Simulate:
    """What every system would really do under a plan, from fresh physics."""
    systems = problem.systems.values()
    return lambda plan: [archetype(s.archetype).simulate(problem, s, plan, region) for s in systems]


def examine(problem: Problem, plan: Plan, region: Region, config: RunConfig) -> tuple[Plan, Verification]:
    """The independent eye: simulate every system, recompute money and logic, compare the problem with the tables.

    Returns
    -------
    The plan with what the simulations found, and the verdict.
    """
    simulations = simulator(problem, region)(plan)
    records = {name: result.record() for name, result in zip(problem.systems, simulations, strict=True)}
    plan = replace(plan, simulated={name: found for name, found in records.items() if found is not None})
    return plan, verify_plan(problem, plan, simulations, audit=audit_region(region, config, problem))


def check(problem: Problem, plan: Plan, region: Region, config: RunConfig) -> Verification:
    """The verdict alone."""
    return examine(problem, plan, region, config)[1]


def try_other_values(
    region: Region, config: RunConfig, problem: Problem, plan: Plan, listener: Listener
) -> list[Flips]:
    """Solve again at low and high values, from the plan, to show which choices flip."""
    limit = config.solver.sensitivity_time_limit
    if not config.objective.sensitivity or config.objective.values != "central" or limit <= 0:
        return []
    settings = replace(settings_of(config), time_limit=limit)
    flips = []
    for values in ("low", "high"):
        other = config.model_copy(update={"objective": config.objective.model_copy(update={"values": values})})
        other_problem = prepare_problem(region, other)
        simulate = simulator(other_problem, region)
        other_plan, _ = plan_in_rounds(other_problem, settings, simulate, listener, hint=plan)
        flips.append(compare_plans(values, plan, problem, other_plan, other_problem))
    return flips


def verify_folder(folder: Path) -> Verification:
    """Check the plan of a run folder against the region's tables as they are now."""
    config, region, problem = _reopened(folder)
    return check(problem, read_plan(folder / "plan.nc"), region, config)


def check_certificate(folder: Path) -> tuple[str, list[str]] | None:
    """What was found about a run's certificate, and its faults; some of its blocks are solved again. None where it has none."""
    file = folder / CERTIFICATE_FILE
    if not file.exists():
        return None
    certificate = Certificate.load(file)
    _, _, problem = _reopened(folder)
    outcome = read_plan(folder / "plan.nc").outcome
    held, found = proved_again(problem, certificate.cuts)
    if not found:
        found = _faults(problem, certificate)
    if abs(outcome.bound - max(certificate.bound, outcome.incumbent)) > ROUNDING * max(1.0, abs(outcome.bound)):
        found.append(f"the plan's bound is {outcome.bound:.6f}, the certificate's {certificate.bound:.6f}")
    words = "does not stand" if found else "stands; a sample of its blocks was solved again"
    taken = len(certificate.cuts) - held
    if certificate.cuts and not found:
        words += f"; of the cuts in it {held:,} were proved again, {taken:,} are taken as the run's simulations proved them"
    return words, found


def _faults(problem: Problem, certificate: Certificate) -> list[str]:
    try:
        built = build(problem).with_cuts(certificate.cuts)
    except (KeyError, AttributeError):
        return ["a cut is about something that the model does not have"]
    with interruptible() as stop:
        return faults(built.compiled, certificate, stop)


def rebuild_report(folder: Path, output: Path | None = None) -> Path:
    """Write the report of a run folder again, from its plan and the region's tables."""
    config, region, problem = _reopened(folder)
    plan = read_plan(folder / "plan.nc")
    manifest = store.open_run(folder).manifest
    extras = {
        "seconds": manifest.get("seconds", {}),
        "flips": [Flips.of(f) for f in manifest.get("sensitivity", [])],
        "rounds": [Round(**found) for found in manifest.get("rounds", [])],
    }
    path = output or folder / "report.html"
    write_html(path, Views.of(problem, plan, check(problem, plan, region, config), region, config, extras))
    if path.resolve() == (folder / "report.html").resolve():
        note_rewritten(path)
    return path


def evaluator_of(folder: Path) -> tuple[Evaluator, Region, RunConfig]:
    """The plan of a run folder, ready to be valued in variants, with the region and config that it was made from."""
    config, region, problem = _reopened(folder)
    return Evaluator(problem, read_plan(folder / "plan.nc")), region, config


def _reopened(folder: Path) -> tuple[RunConfig, Region, Problem]:
    config = store.config_of(folder)
    region = open_region(config)
    return config, region, prepare_problem(region, config)
