"""``python -m network_models``: compile every kernel into the private cache, with progress."""

from __future__ import annotations

import time

from network_models import warm


def main() -> None:
    """Warm every kernel, naming each as it becomes ready."""
    began = time.monotonic()
    print("compiling kernels:", end=" ", flush=True)
    for name in warm():
        print(name, end=", ", flush=True)
    print(f"done in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
