"""What the command line of the suite `water-design` has beside the usual; light, so that help stays quick."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="searches, by seeds 1 to N; best and worst")
