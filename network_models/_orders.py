"""Orders of nodes kept on disk, one file a graph's shape: what takes seconds for a large graph is found once.

Any order gives right answers, so a file need only be whole: it carries its own digest, and one that is damaged, cut
short or of another graph is found anew and written again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from network_models._cache import private_folder

LARGE = 20_000
"""Nodes from which an order is worth a file."""
DIGEST = hashlib.sha256().digest_size


def kept_order(
    indptr: np.ndarray, head: np.ndarray, find: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Order of a graph's nodes (n_nodes,) int32, read where it is kept, else found and kept."""
    n = len(indptr) - 1
    folder = private_folder(f"orders-{_version()}") if n >= LARGE else None
    if folder is None:
        return find(indptr, head)
    file = folder / f"{_name(indptr, head)}.order"
    order = _read(file, n)
    if order is None:
        order = find(indptr, head)
        _write(file, order)
    return order


def _version() -> str:
    """Fingerprint of the code that finds orders, so that two versions never share one."""
    return hashlib.sha256(Path(__file__).with_name("_dissection.py").read_bytes()).hexdigest()[:12]


def _name(indptr: np.ndarray, head: np.ndarray) -> str:
    digest = hashlib.sha256(indptr.astype("<i8").tobytes())
    digest.update(head.astype("<i4").tobytes())
    return digest.hexdigest()[:32]


def _read(file: Path, n: int) -> np.ndarray | None:
    """Order in a file, None where there is no whole one."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    body = content[DIGEST:]
    if hashlib.sha256(body).digest() != content[:DIGEST] or len(body) != 4 * n:
        return None
    order = np.frombuffer(body, "<i4").astype(np.int32)
    return order if np.array_equal(np.sort(order), np.arange(n)) else None


def _write(file: Path, order: np.ndarray) -> None:
    """Keep an order, at once or not at all; a folder that takes no files costs time later, nothing else."""
    body = order.astype("<i4").tobytes()
    try:
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, delete=False) as part:
            part.write(hashlib.sha256(body).digest() + body)
        Path(part.name).replace(file)
    except OSError:
        return
