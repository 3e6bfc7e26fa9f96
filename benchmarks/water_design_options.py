"""What the command line of the suite `water-design` has beside the usual; light, so that help stays quick."""

from __future__ import annotations

import argparse

from optimizer.counts import count


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--seeds", type=count, default=1, metavar="N", help="searches, by seeds 1 to N; best and worst")
