"""What the command line of the suite `province` has beside the usual; light, so that help stays quick."""

from __future__ import annotations

import argparse
from pathlib import Path

from optimizer.counts import count

SIZES = {"S": 5, "M": 20, "L": 86, "XL": 344}
"""Counties."""
GANSU = "gansu"
METHODS = ("chengxiang", "highs", "greedy", "yearly")
"""This program, then its rivals."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument(
        "--size", choices=[*SIZES, GANSU], default="M", help="counties: 5, 20, 86, 344, or Gansu itself"
    )
    parser.add_argument("--seeds", type=count, default=1, metavar="N", help="provinces drawn")
    parser.add_argument("--periods", type=int, choices=[5, 10], default=5, help="years")
    parser.add_argument(
        "--catalogue", choices=["short", "full"], default="short", help="full: sizes as many as in Gansu"
    )
    parser.add_argument("--against", default="", metavar="METHOD,...", help=f"rivals: {', '.join(METHODS[1:])}, or all")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw gaps over time (SVG)")
