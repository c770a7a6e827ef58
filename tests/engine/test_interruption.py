import os
import signal
import threading
from collections.abc import Iterator

import pytest

from ablate.engine.child import Child
from ablate.engine.interruption import StopRequestedError, StopSignals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers to fall back on, whatever the test runner was started with, and its own afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_raises_at_once(number: signal.Signals) -> None:
    with pytest.raises(StopRequestedError), StopSignals():
        os.kill(os.getpid(), number)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def write_while_stopped(number: signal.Signals, done: list[str], error: Exception | None = None) -> None:
    with StopSignals() as signals:
        with signals.held():
            os.kill(os.getpid(), number)
            if error is not None:
                raise error
            done.append("written")
        done.append("never")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_what_must_not_be_broken_off(number: signal.Signals) -> None:
    done: list[str] = []
    with pytest.raises(StopRequestedError):
        write_while_stopped(number, done)
    assert done == ["written"]


def test_an_error_while_held_is_not_hidden_by_a_signal() -> None:
    with pytest.raises(ZeroDivisionError):
        write_while_stopped(signal.SIGTERM, [], ZeroDivisionError())


def test_a_second_signal_does_what_it_did_before() -> None:
    with StopSignals():
        with pytest.raises(StopRequestedError):
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored_signals_stay_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with StopSignals():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_threads_can_run_studies_too() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def enter() -> None:
        with StopSignals() as signals, signals.held():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_child_that_is_interrupted_while_it_imports_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child("tests.fake_trainer:make", {}, hello=True)
    os.kill(child.process_id, signal.SIGINT)
    try:
        assert child.receive(60.0)["kind"] == "ready"
        # And from then on it ignores what the terminal sends to all.
        os.kill(child.process_id, signal.SIGINT)
    finally:
        child.end()
    assert "Traceback" not in capfd.readouterr().err


def test_a_child_that_is_started_leaves_this_process_open_to_interrupts() -> None:
    Child("tests.fake_trainer:make", {}).kill()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())
