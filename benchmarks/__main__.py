"""``python -m benchmarks SUITE ...`` is ``chengxiang bench SUITE ...``."""

import sys

from benchmarks.registry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
