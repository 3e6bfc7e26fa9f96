"""Where the configs, the regions and the benchmarks lie: inside the installed package, or in the checkout beside it."""

from __future__ import annotations

from pathlib import Path

from optimizer.errors import InputError
from optimizer.suggest import did_you_mean

PACKAGE = Path(__file__).resolve().parent


def configs_dir() -> Path:
    """Folder of the config groups that travel with the program."""
    return _own(PACKAGE / "_configs", PACKAGE.parent / "configs")


def data_dir() -> Path:
    """Folder of the regions that travel with the program, one folder a region."""
    return _own(PACKAGE / "_data", PACKAGE.parent / "data")


def region_path(name: str, path: str | None = None) -> Path:
    """Folder (or workbook, or GeoPackage) of a region.

    Parameters
    ----------
    name
        A region that travels with the program; used when no ``path`` is given.
    path
        A folder, ``.xlsx`` or ``.gpkg`` of the user's; relative to the working directory.

    Raises
    ------
    InputError
        Nothing there.
    """
    folder = Path(path).expanduser() if path else data_dir() / name
    if folder.is_dir() or (path and folder.is_file()):
        return folder
    if path:
        raise InputError(f"region.path: found {path!r}, which is not there. Give the folder that holds region.yaml.")
    known = sorted(p.parent.name for p in data_dir().glob("*/region.yaml"))
    raise InputError(
        f"region.name: found {name!r}; expected one of {', '.join(known)}{did_you_mean(name, known)}"
        " A region of your own is named by region.path=FOLDER."
    )


def benchmarks_dir() -> Path:
    """Checkout that holds the package ``benchmarks``.

    Raises
    ------
    InputError
        The program runs from an installed package, which carries no benchmarks.
    """
    checkout = PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "benchmarks" / "registry.py").is_file():
        return checkout
    raise InputError(
        "The benchmarks are not installed with the package. They are in the folder `benchmarks` of the source code of"
        " chengxiang: get the source, run `make setup` there, then `chengxiang bench`."
    )


def _own(packaged: Path, checkout: Path) -> Path:
    return packaged if packaged.is_dir() else checkout
