"""A published script executed where there is no GPU: what it asks of one is given by the CPU, without a compiler, in float32 or half."""

import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from ablate.errors import UsageError

LIBRARY = "airbench"
BESIDE = (LIBRARY, "core", "dawn_utils", "model", "torch_backend")
"""What scripts import from the folder they lie in."""

Edit = tuple[str, str]
"""A pattern that a script has exactly once, and what stands there instead."""


class NoEvent:
    """In place of a CUDA event: the comparison has a clock of its own."""

    def __init__(self, **options: Any) -> None:
        pass

    def record(self) -> None:
        pass

    def elapsed_time(self, other: "NoEvent") -> float:
        return 0.0


class _SilentBar:
    """In place of tqdm's bar."""

    def __init__(self, steps: Iterable[int]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[int]:
        return iter(self._steps)

    def set_description(self, text: str) -> None:
        pass


def _uncompiled(function: Any = None, **options: Any) -> Any:
    if function is None:
        return lambda decorated: decorated
    if isinstance(function, nn.Module):
        # Past nn.Module's own bookkeeping, which would go round in circles.
        object.__setattr__(function, "_orig_mod", function)
    return function


def _itself(value: Any, *arguments: Any, **options: Any) -> Any:
    return value


def _symeig(matrix: Tensor, eigenvectors: bool) -> tuple[Tensor, Tensor]:
    return torch.linalg.eigh(matrix, UPLO="U")


@contextmanager
def on_cpu(folder: Path, dtype: torch.dtype = torch.float32) -> Iterator[None]:
    """Inside the context GPU and compiler are the CPU and nothing, half precision is `dtype`; `folder` has the data files.

    What a script imports from beside it is forgotten at the end.
    """
    load = torch.load

    def load_to_cpu(path: Any, map_location: Any = None, **options: Any) -> Any:
        return load(path, map_location="cpu", **options)

    bar = ModuleType("tqdm")
    bar.tqdm = _SilentBar  # type: ignore[attr-defined]
    stand_ins: list[tuple[Any, str, Any]] = [
        (torch, "load", load_to_cpu),
        (torch, "compile", _uncompiled),
        (torch.cuda, "Event", NoEvent),
        (torch.cuda, "synchronize", lambda: None),
        (Tensor, "cuda", _itself),
        (Tensor, "pin_memory", _itself),
        (nn.Module, "cuda", _itself),
    ]
    # Removed since: the same under their new names.
    stand_ins += [(torch, "symeig", _symeig), (np, "float", float)]
    if dtype == torch.float32:
        stand_ins += [
            (torch, "half", torch.float32),
            (Tensor, "half", Tensor.float),
            (nn.Module, "half", nn.Module.float),
        ]
    with ExitStack() as stack:
        for owner, name, stand_in in stand_ins:
            stack.enter_context(mock.patch.object(owner, name, stand_in, create=True))
        stack.enter_context(_modules(tqdm=bar))
        stack.enter_context(chdir(folder))
        stack.enter_context(redirect_stdout(io.StringIO()))
        yield


@contextmanager
def _modules(**stand_ins: ModuleType) -> Iterator[None]:
    # Not mock's: that would also forget what torch imports late, and import it twice.
    before = {name: sys.modules[name] for name in stand_ins if name in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        own = [name for name in sys.modules if name.split(".")[0] in BESIDE]
        for name in [*stand_ins, *own]:
            del sys.modules[name]
        sys.modules.update(before)


def execute(script: Path, edits: Sequence[Edit]) -> ModuleType:
    """The script's definitions as a module, what it runs as a main program left out; inside `on_cpu` only.

    Raises:
        UsageError: a place to edit is not in the script, or not once: it is another version.
    """
    source = script.read_text(encoding="utf-8")
    for pattern, replacement in edits:
        source, count = re.subn(pattern, lambda match, text=replacement: text, source)
        if count != 1:
            raise UsageError(f"{script}: /{pattern}/ is there {count} times, not once; is it the published version?")
    module = ModuleType(script.stem)
    with mock.patch.object(sys, "argv", [str(script)]), mock.patch.object(sys, "path", [str(script.parent), *sys.path]):
        exec(compile(source, str(script), "exec"), vars(module))
    return module


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace `owner.name` by a function that calls `around(function, *arguments)`."""
    function = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        return around(function, *arguments, **options)

    setattr(owner, name, wrapped)
