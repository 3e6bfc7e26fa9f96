"""What the command line of the suite `scaling` has beside the usual; light, so that help stays quick."""

from __future__ import annotations

import argparse

from optimizer.counts import count


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--counties", default="20,43,86", metavar="N,...", help="sizes of provinces")
    parser.add_argument("--periods", type=int, choices=[5, 10], default=5, help="years")
    parser.add_argument("--repeats", type=count, default=3, metavar="N", help="rounds by each number of workers")
