"""``python -m optimizer ...`` is ``chengxiang plan ...``."""

import sys

from optimizer.cli import main

if __name__ == "__main__":
    sys.exit(main(["plan", *sys.argv[1:]]))
