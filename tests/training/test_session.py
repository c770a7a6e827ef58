import time

import pytest
import torch

from ablate.errors import UsageError
from ablate.training import session
from ablate.training.session import Clock, Streams, compute_dtype_of, dtype_named, open_device

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cdua", "Unknown device 'cdua'. Did you mean 'cuda'?"),
        ("", "Unknown device ''. Choose from: auto, cpu, cuda, mps."),
        ("hpu", "Unknown device 'hpu'."),
        ("meta", "cannot train. Try `--device cpu`"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_what_to_do(name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_device(name)
    assert words in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Device 'cuda' is not available on this machine. Try `--device cpu`"):
        open_device("cuda")
    assert open_device("auto") == CPU


def test_a_gpu_asked_for_by_number_becomes_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch, "empty", lambda *size, device: None)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for name in ("cuda:1", "cuda", "cpu"):
        open_device(name)
    assert chosen == [torch.device("cuda:1")]


def test_the_compute_dtype_belongs_to_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compute_dtype_of(torch.device("cuda")) == torch.float16
    for native, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(session, "cpu_has_bfloat16", lambda native=native: native)
        assert compute_dtype_of(CPU) == dtype
    assert compute_dtype_of(torch.device("mps")) == torch.float32


def test_a_compute_dtype_can_be_asked_for() -> None:
    for name in ("float64", "float32", "bfloat16", "float16"):
        assert dtype_named(name, CPU) == getattr(torch, name)
    assert dtype_named("auto", CPU) is None
    with pytest.raises(UsageError, match=r"Unknown compute dtype 'flaot32'\. Did you mean 'float32'\?"):
        dtype_named("flaot32", CPU)
    with pytest.raises(UsageError, match=r"Compute dtype 'float64' does not exist on 'mps'\. Try `--device cpu`"):
        dtype_named("float64", torch.device("mps"))


def test_streams_depend_on_seed_and_slot_and_on_nothing_else() -> None:
    def draws(seed: int, slot: str) -> list[float]:
        return torch.rand(4, generator=Streams(seed, CPU)[slot]).tolist()

    assert draws(1, "crop") == draws(1, "crop")
    assert len({tuple(draws(seed, slot)) for seed in (1, 2, 2**62) for slot in ("crop", "order")}) == 6
    streams = Streams(1, CPU)
    torch.rand(100, generator=streams["order"])
    assert torch.rand(4, generator=streams["crop"]).tolist() == draws(1, "crop")
    assert torch.rand(4, generator=streams["crop"]).tolist() != draws(1, "crop")


def test_streams_begin_anew_for_whoever_draws_the_same() -> None:
    streams = Streams(1, CPU)
    drawn = torch.rand(4, generator=streams["crop"])
    anew = streams.anew()
    assert torch.equal(torch.rand(4, generator=anew["crop"]), drawn)
    assert torch.equal(torch.rand(4, generator=anew["crop"]), torch.rand(4, generator=streams["crop"]))


def test_a_training_inside_a_run_has_streams_of_its_own() -> None:
    def first(streams: Streams) -> tuple[float, ...]:
        return tuple(torch.rand(4, generator=streams["init"]).tolist())

    streams = Streams(1, CPU)
    inner = [streams, streams.within("proxy"), streams.within("scorer"), streams.within("scorer").within("proxy")]
    assert len({first(each) for each in inner}) == 4
    assert first(streams.within("proxy")) == first(streams.within("proxy")) != first(Streams(2, CPU).within("proxy"))
    deep = streams.within("scorer").within("proxy")
    assert first(deep.anew()) == first(deep)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    torch.rand(4, generator=Streams(0, CPU)["crop"])
    assert torch.equal(before, torch.get_rng_state())


def test_the_clock_measures_what_passes() -> None:
    clock = Clock(CPU)
    start = clock.mark()
    time.sleep(0.02)
    end = clock.mark()
    assert 0.02 <= clock.seconds(start, end) < 2
    assert end.wall_seconds > start.wall_seconds
