"""What each command of ``chengxiang`` does; every function imports what it needs when it runs."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path


def plan(args: Namespace) -> int:
    """Plan once, or every combination of the values given."""
    from optimizer import hydra_app

    if args.multirun:
        return _sweep(args)
    config = hydra_app.load(args.overrides, args.config_dir)
    if args.show_config:
        import yaml

        print(yaml.safe_dump(config.to_mapping(), allow_unicode=True, sort_keys=False), end="")
        return 0
    from optimizer.scenarios import store

    found = None if args.again else store.find_finished(Path(config.run.folder), store.run_id(config))
    if found is not None:
        print(f"This plan is there already (--again makes it anew): {found.folder}")
        return _ending(found.folder)
    from optimizer.console import live
    from optimizer.errors import PlanError
    from optimizer.opening import Stopwatch, open_region

    clock = Stopwatch()
    with live() as listener:
        with clock.stage("read"):
            region = open_region(config)
        from optimizer import pipeline

        result = pipeline.run(config, region, clock, listener)
    if not result.verification.passed:
        first = "\n  ".join(str(v) for v in result.verification.violations[:10])
        raise PlanError(f"{result.folder}: the plan fails its independent check and is marked so:\n  {first}")
    return _ending(result.folder)


def _ending(folder: Path) -> int:
    from optimizer.scenarios import show as terminal
    from optimizer.scenarios.store import open_run

    terminal.headline(open_run(folder))
    print(f"report: {(folder / 'report.html').resolve()}")
    return 0


def _sweep(args: Namespace) -> int:
    from optimizer.scenarios import sweep

    scenarios = sweep.scenarios(args.overrides, args.config_dir)
    outcomes = sweep.run(scenarios, jobs=args.jobs)
    sweep.show(outcomes)
    return 0 if all(one.ok for one in outcomes) else 1


def verify(args: Namespace) -> int:
    """Check a run folder's plan; exit code 4 if it breaks a rule."""
    from optimizer import pipeline
    from optimizer.scenarios import show as terminal
    from optimizer.scenarios.store import open_run

    folder = open_run(args.run).folder
    verification = pipeline.verify_folder(folder)
    terminal.verification(verification)
    checked = pipeline.check_certificate(folder)
    if checked is None:
        return 0 if verification.passed else 4
    words, faults = checked
    print(f"certificate of the bound: {words}")
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    return 0 if verification.passed and not faults else 4


def show(args: Namespace) -> int:
    """Show a run in the terminal."""
    from optimizer.scenarios import show as terminal
    from optimizer.scenarios.store import open_run

    terminal.run(open_run(args.run))
    return 0


def report(args: Namespace) -> int:
    """Write the report of a run folder again."""
    from optimizer import pipeline
    from optimizer.scenarios.store import open_run

    print(f"report: {pipeline.rebuild_report(open_run(args.run).folder, args.output).resolve()}")
    return 0


def runs(args: Namespace) -> int:
    """List the runs of a store."""
    from optimizer.scenarios import show as terminal
    from optimizer.scenarios.store import list_runs

    terminal.runs(list_runs(args.folder))
    return 0


def compare(args: Namespace) -> int:
    """Compare runs in the terminal and in one HTML file."""
    from optimizer.scenarios import compare as comparing
    from optimizer.scenarios import compare_report
    from optimizer.scenarios.store import open_run

    comparison = comparing.compare([open_run(path) for path in args.runs])
    compare_report.show(comparison)
    compare_report.write(comparison, args.output)
    print(f"comparison: {args.output.resolve()}")
    return 0


def evaluate(args: Namespace) -> int:
    """What a run's plan loses without some works, or by every single failure of a work or road link."""
    from optimizer import pipeline
    from optimizer.scenarios import losses
    from optimizer.scenarios.store import open_run

    evaluator, region, config = pipeline.evaluator_of(open_run(args.run).folder)
    found = losses.failures(evaluator, region, config) if args.n_1 else losses.dropped(evaluator, args.drop)
    if args.n_1:
        losses.write(found, args.output, args.json)
    losses.show(found)
    return 0


def region_check(args: Namespace) -> int:
    """Read a region and name every fault in it."""
    from optimizer.region import read_region

    region = read_region(args.path)
    findings = region.check()
    for finding in findings:
        print(finding, file=sys.stderr)
    tables = ", ".join(f"{name} {len(table)}" for name, table in region.tables.items())
    print(f"{args.path}: {len(findings)} faults; rows: {tables}")
    return 2 if findings else 0


def region_template(args: Namespace) -> int:
    """Write a new region's empty tables."""
    from optimizer.region import write_template

    write_template(args.path)
    print(f"A new region begins in {args.path}: fill the tables, then `chengxiang region check {args.path}`.")
    return 0


def bench(args: Namespace) -> int:
    """Run the benchmarks of the checkout."""
    from optimizer._paths import benchmarks_dir

    sys.path.insert(0, str(benchmarks_dir()))
    from benchmarks.registry import main

    return main(args.arguments)


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "plan": plan, "verify": verify, "show": show, "report": report, "runs": runs, "compare": compare, "evaluate": evaluate,
    "region_check": region_check, "region_template": region_template, "bench": bench,
}
