"""Study files: the package's own by name, anybody's by path. Free of torch."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ablate.design import Study
from ablate.errors import UsageError, near_match_and_all
from ablate.user_files import run_user_file

_PACKAGE = Path(__file__).resolve().parent


def study_files() -> Mapping[str, Path]:
    """The package's own study files by name, in order of their names."""
    folder = _studies_folder()
    paths = sorted(folder.glob("*.py")) if folder is not None else []
    return MappingProxyType({path.stem: path for path in paths if not path.name.startswith("_")})


def load_study(name_or_path: str | os.PathLike[str]) -> Study:
    """The STUDY of a study file: one of the package's own by its name, any other by its path.

    Raises:
        UsageError: there is no such study; its file raises (named with its line), or defines no STUDY.
    """
    given = os.fspath(name_or_path)
    path = Path(given)
    if path.suffix != ".py" and len(path.parts) == 1:
        own = study_files()
        if given not in own:
            hint = f" For a file of your own: {given}.py" if path.with_suffix(".py").is_file() else ""
            raise UsageError(f"Unknown study '{given}'.{near_match_and_all(given, own)}{hint}")
        path = own[given]
    return _study_in(path)


def _studies_folder() -> Path | None:
    """Where the study files are: inside an installed package, beside it in a checkout."""
    installed, checkout = _PACKAGE / "_studies", _PACKAGE.parent / "studies"
    if installed.is_dir():
        return installed
    return checkout if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file() else None


def _study_in(path: Path) -> Study:
    names = run_user_file(path)
    study = names.get("STUDY")
    if isinstance(study, Study):
        return study
    if study is not None:
        raise UsageError(f"{path}: STUDY is a {type(study).__name__}, not a Study; see `ablate.design.Study.of`.")
    near = difflib.get_close_matches("STUDY", names, n=1, cutoff=0.5)
    hint = f" It defines {near[0]}; rename that." if near else ""
    raise UsageError(f"{path} defines no STUDY.{hint} Write `STUDY = Study.of(leave_one_out([...]), ...)` in it.")
