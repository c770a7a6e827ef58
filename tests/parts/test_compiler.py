import torch
from torch import nn

from ablate.parts import CompileModel, CompileStep, NoCompile
from ablate.parts.compiler import compiled_function

CPU = torch.device("cpu")


def double(values: torch.Tensor) -> torch.Tensor:
    return values * 2


def is_compiled(function: object) -> bool:
    return hasattr(function, "_torchdynamo_orig_callable")


def test_without_compiling_everything_is_itself() -> None:
    network = nn.Linear(2, 2)
    NoCompile().model(network)
    assert network._compiled_call_impl is None
    assert NoCompile().step(double, CPU) is double
    assert NoCompile().function(double, "default") is double


def test_both_compilers_take_the_network_and_the_functions_that_want_it() -> None:
    for compiler in (CompileModel(), CompileStep()):
        network = nn.Linear(2, 2)
        compiler.model(network)
        assert network._compiled_call_impl is not None
        assert is_compiled(compiler.function(double, "default"))
        assert compiler.function(double, None) is double


def test_only_one_compiler_takes_the_step_too() -> None:
    assert CompileModel().step(double, CPU) is double
    assert is_compiled(CompileStep().step(double, CPU))


def test_a_function_is_wrapped_once_a_process() -> None:
    assert compiled_function(double, "default") is CompileStep().function(double, "default")
    assert compiled_function(double, "default") is not compiled_function(double, "reduce-overhead")


def test_autotuning_is_left_to_gpus() -> None:
    step = CompileStep()
    modes: list[object] = []
    original = torch.compile
    torch.compile = lambda function, **options: modes.append((options.get("mode"), options["dynamic"])) or function
    try:
        step.step(double, CPU)
        step.step(double, torch.device("cuda"))
    finally:
        torch.compile = original
    assert modes == [(None, False), ("max-autotune", False)]
