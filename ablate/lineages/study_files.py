"""Study files: the package's own by name, anybody's by path. Free of torch."""

import ast
import difflib
import functools
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ablate.errors import UsageError, near_match_and_all
from ablate.lineages.lookup import find_lineage
from ablate.study import Catalogue, Study
from ablate.study.user_files import call_in_user_file, run_user_file

_PACKAGE = Path(__file__).resolve().parent.parent


def study_files() -> Mapping[str, Path]:
    """The package's own study files by name, in order of their names."""
    folder = _studies_folder()
    paths = sorted(folder.glob("*.py")) if folder is not None else []
    return MappingProxyType({path.stem: path for path in paths if not path.name.startswith("_")})


def load_study(
    name_or_path: str | os.PathLike[str],
    catalogue: Catalogue | None = None,
    *,
    ladder: str | None = None,
    resolution: int | None = None,
) -> Study:
    """The study of a study file: one of the package's own by its name, any other by its path.

    A file defines STUDY, or a function `study` that makes one of a `catalogue`: the registry that will be run, or, if None is given,
    the lineage that the file names (see `recipe_of`), else the default. `ladder` names a published ladder, for a function that takes
    one: `def study(catalogue, ladder=None)`; `resolution` says how finely a screening tells features apart, likewise.

    Raises:
        UsageError: there is no such study; its file raises (named with its line), or defines no study; a ladder or a resolution for
            one that takes none.
    """
    path = _path_of(name_or_path)
    given = {name: value for name, value in (("ladder", ladder), ("resolution", resolution)) if value is not None}
    return _study_in(path, catalogue or find_lineage(recipe_of(path)), given)


def recipe_of(name_or_path: str | os.PathLike[str]) -> str | None:
    """The lineage that a study is about, where its file says so in a line of its own, `RECIPE = "name"`; the file is not run.

    Raises:
        UsageError: there is no such study, or its file cannot be read.
    """
    path = _path_of(name_or_path)
    try:
        tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    except (SyntaxError, ValueError):
        # Whoever runs the file says where.
        return None
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="RECIPE")], value=ast.Constant(value=str(name))):
                return name
    return None


def _path_of(name_or_path: str | os.PathLike[str]) -> Path:
    given = os.fspath(name_or_path)
    path = Path(given)
    if path.suffix != ".py" and len(path.parts) == 1:
        own = study_files()
        if given not in own:
            hint = f" For a file of your own: {given}.py" if path.with_suffix(".py").is_file() else ""
            raise UsageError(f"Unknown study '{given}'.{near_match_and_all(given, own)}{hint}")
        path = own[given]
    return path


def _studies_folder() -> Path | None:
    """Where the study files are: inside an installed package, beside it in a checkout."""
    installed, checkout = _PACKAGE / "_studies", _PACKAGE.parent / "studies"
    if installed.is_dir():
        return installed
    return checkout if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file() else None


_MADE_OF = {
    "ladder": "is not made of a published ladder, so --ladder {} changes nothing; study 'published' is",
    "resolution": "is no screening, so --resolution {} changes nothing; study 'screening' is one",
}


def _study_in(path: Path, catalogue: Catalogue, given: Mapping[str, str | int]) -> Study:
    names = run_user_file(path)
    study, what = names.get("STUDY"), "STUDY is"
    function = names.get("study") if study is None else None
    for option, value in given.items():
        if not (callable(function) and option in inspect.signature(function).parameters):
            raise UsageError(f"Study '{path.stem}' {_MADE_OF[option].format(value)}.")
    if callable(function):
        chosen = functools.partial(function, **given) if given else function
        study, what = _made(chosen, path, catalogue), "study(catalogue) returned"
    elif study is None:
        raise UsageError(f"{path} defines no STUDY.{_rename_hint(names)} {_HOW_TO_DEFINE}")
    if not isinstance(study, Study):
        raise UsageError(f"{path}: {what} a {type(study).__name__}, not a Study; see `ablate.study.Study.of`.")
    return study


_HOW_TO_DEFINE = (
    "Write `STUDY = Study.of(leave_one_out([...]), ...)` in it, or a function `study(catalogue)` that returns one."
)


def _made(function: Callable[..., Any], path: Path, catalogue: Catalogue) -> Any:
    try:
        inspect.signature(function).bind(catalogue)
    except TypeError as error:
        raise UsageError(
            f"{path}: study() is called with the registry's catalogue: write `def study(catalogue: Catalogue) -> Study:`."
        ) from error
    try:
        return call_in_user_file(path, function, catalogue)
    except UsageError as error:
        # The line of a file that is not the reader's own would say nothing.
        own = path in study_files().values()
        if own and isinstance(error.__cause__, UsageError):
            raise UsageError(f"Study '{path.stem}': {error.__cause__}") from error
        raise


def _rename_hint(names: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches("STUDY", [name.upper() for name in names], n=1, cutoff=0.5)
    found = next((name for name in names if near and name.upper() == near[0]), None)
    return f" It defines {found}; rename that." if found else ""
