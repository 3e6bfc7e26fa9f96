"""``python -m network_models [GROUP ...]``: compile kernels into the private cache, all or some, with progress."""

from __future__ import annotations

import sys
import time

from network_models import warm


def main(groups: list[str]) -> None:
    """Warm the groups of kernels, all where none is named; says each kernel as it becomes ready."""
    began = time.monotonic()
    print("compiling kernels:", end=" ", flush=True)
    try:
        for name in warm(groups) if groups else warm():
            print(name, end=", ", flush=True)
    except ValueError as error:
        raise SystemExit(f"{error}") from None
    print(f"done in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
