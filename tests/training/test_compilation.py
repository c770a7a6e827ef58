from collections.abc import Iterator

import pytest
import torch
import torch._dynamo as dynamo

from ablate.training import compilation
from ablate.training.compilation import allow_many_arms, count_compiles, why_not_compiling

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    """Put Dynamo's limits back after each test."""
    with dynamo.config.patch(recompile_limit=8, accumulated_recompile_limit=256, fail_on_recompile_limit_hit=False):
        yield


def eagerly_compiled(function: object) -> object:
    """Compiled by Dynamo alone, without a code generator: fast, and counted just the same."""
    return torch.compile(function, backend="eager", dynamic=False)


def test_compilations_are_counted_once_for_each_shape() -> None:
    compiled = eagerly_compiled(lambda values: values * 3)
    for size, graphs in ((4, 1), (4, 0), (5, 1), (5, 0), (4, 0)):
        counted = count_compiles()
        compiled(torch.ones(size))
        assert counted().graphs == graphs
        assert counted().nothing is (graphs == 0)


def test_more_arms_than_dynamos_default_are_kept() -> None:
    allow_many_arms()
    compiled = eagerly_compiled(lambda values, rate: values * rate)
    for turn in range(2):
        counted = count_compiles()
        for number in range(12):
            compiled(torch.ones(3), 1.5 + number)
        assert counted().graphs == (12 if turn == 0 else 0)


def test_a_full_cache_is_an_error_instead_of_silently_eager() -> None:
    allow_many_arms()
    dynamo.config.recompile_limit = 2
    compiled = eagerly_compiled(lambda values: values + 1)
    compiled(torch.ones(1))
    compiled(torch.ones(2))
    with pytest.raises(Exception, match="recompile_limit"):
        compiled(torch.ones(3))


def test_where_nothing_compiles_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(function: object, **options: object) -> object:
        def call(*arguments: object) -> object:
            raise RuntimeError("outer\nlines") from ValueError("no compiler found\nlook here")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    assert why_not_compiling.__wrapped__(CPU) == "no compiler found"


def test_a_switched_off_compiler_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    assert why_not_compiling.__wrapped__(CPU) == "torch.compile is switched off in this environment"


def test_time_spent_compiling_grows() -> None:
    before = compilation.compile_seconds()
    eagerly_compiled(lambda values: values - 7)(torch.ones(2))
    assert compilation.compile_seconds() > before
