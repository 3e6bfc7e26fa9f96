"""``python -m benchmarks.smoke``: every suite, small and quick; the exit code says whether all of them passed."""

from __future__ import annotations

import sys
import time

from benchmarks.registry import SUITES, main


def smoke() -> int:
    """Run every registered suite with ``--smoke``; returns 1 if any fails."""
    failed = []
    for suite in SUITES:
        print(f"== {suite}", flush=True)
        began = time.monotonic()
        if main([suite, "--smoke"]):
            failed.append(suite)
        print(f"   {time.monotonic() - began:.1f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(smoke())
