"""The console script ``chengxiang``. Light: what a command needs is imported when the command runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optimizer.counts import count
from optimizer.version import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

INTRO = """Decides which infrastructure projects a region builds, where, in what size, in which year and with whose money.
决定一个地区建哪些基础设施、建在哪里、多大规模、哪一年建、用谁的钱。"""
PLAN_HELP = """overrides choose configs and change values:
  chengxiang plan                                        Gansu, both systems, five years
  chengxiang plan system=[cold_chain] funding=tight      one system, less money
  chengxiang plan horizon=ten_years solver.mip_gap=0.02
  chengxiang plan region.path=my_region run.label=first  a region of your own
  chengxiang plan -m funding=tight,base,ample horizon=five_years,ten_years
groups: region system horizon funding objective solver experiment; `--show-config` prints what a run is made of."""
EXIT_CODES = """exit codes: 0 done, 1 an unexpected error or a scenario that failed, 2 input that cannot be used, 3 no plan satisfies
the rules, 4 a plan or run folder is broken or fails verification, 130 interrupted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (see ``chengxiang --help``)."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = _bench_arguments(arguments) if arguments[:1] == ["bench"] else _arguments(arguments)
    from optimizer.failures import guarded

    return guarded(args)


def _bench_arguments(argv: list[str]) -> argparse.Namespace:
    return argparse.Namespace(command="bench", arguments=argv[1:], debug=False)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = _parser()
    args, rest = parser.parse_known_args(argv)
    unknown = [one for one in rest if one.startswith("-") or not hasattr(args, "overrides")]
    if unknown:
        parser.error(f"unknown argument: {' '.join(unknown)}; see `chengxiang --help`")
    if rest:
        args.overrides = [*args.overrides, *rest]
    return args


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chengxiang", description=INTRO, epilog=EXIT_CODES, formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"chengxiang {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_plan(commands)
    _add_runs(commands)
    _add_evaluate(commands)
    _add_region(commands)
    _command(commands, "bench", "bench", "published instances and timings 基准测试")
    return parser


def _command(commands: Commands, word: str, command: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
    parser = commands.add_parser(
        word, help=text, description=text, epilog=epilog, formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an unexpected error")
    parser.set_defaults(command=command)
    return parser


def _add_plan(commands: Commands) -> None:
    plan = _command(commands, "plan", "plan", "make a plan 编制方案", PLAN_HELP)
    plan.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="configs to choose and values to change")
    plan.add_argument("-m", "--multirun", action="store_true", help="plan every combination of comma-separated values")
    plan.add_argument("--jobs", type=count, default=1, metavar="N", help="with -m: scenarios at once (default 1)")
    plan.add_argument(
        "--config-dir", type=Path, action="append", default=[], metavar="DIR", help="a folder with config groups of your own",
    )
    plan.add_argument("--again", action="store_true", help="plan even if the same run is there already")
    plan.add_argument("--show-config", action="store_true", help="print the resolved config and stop")


def _add_runs(commands: Commands) -> None:
    verify = _command(commands, "verify", "verify", "check a run's plan against the region's tables 独立核验")
    show = _command(commands, "show", "show", "show a run in the terminal 显示方案")
    report = _command(commands, "report", "report", "write a run's report again 重新生成报告")
    for one in (verify, show, report):
        one.add_argument("run", type=Path, metavar="RUN", help="a run folder, or the beginning of the name of one in runs/")
    report.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: RUN/report.html)")
    runs = _command(commands, "runs", "runs", "list the runs 方案列表")
    runs.add_argument("--folder", type=Path, default=Path("runs"), metavar="DIR", help="where the runs are (default: runs)")
    compare = _command(commands, "compare", "compare", "compare runs, in the terminal and as one HTML file 方案比较")
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="the first is what the others are compared with")
    compare.add_argument("--output", type=Path, default=Path("comparison.html"), metavar="FILE", help="default: comparison.html")


def _add_evaluate(commands: Commands) -> None:
    evaluate = _command(commands, "evaluate", "evaluate", "what a plan loses when works are missing or fail 缺失与故障评估")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="a run folder, or the beginning of the name of one in runs/")
    evaluate.add_argument("--drop", nargs="+", default=[], metavar="CANDIDATE", help="without these candidates")
    evaluate.add_argument("--n-1", action="store_true", dest="n_1", help="every work in service and every road link fails alone; ranked")
    evaluate.add_argument("--output", type=Path, default=Path("failures.csv"), metavar="FILE", help="of --n-1 (default: failures.csv)")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="of --n-1: the same as JSON")


def _add_region(commands: Commands) -> None:
    region = commands.add_parser("region", help="check a region's tables, or begin a new region 地区数据")
    actions = region.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = _command(actions, "check", "region_check", "read a region; name every fault with file, row and column")
    check.add_argument("path", type=Path, metavar="PATH", help="the folder that holds region.yaml")
    template = _command(actions, "template", "region_template", "write empty tables with all columns")
    template.add_argument("path", type=Path, metavar="PATH", help="a folder that does not exist yet")
