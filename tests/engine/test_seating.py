"""What `--seats` may say, and what it finds."""

import subprocess
import sys

import pytest

from ablate import api
from ablate.engine import seating
from ablate.engine.places import LocalPlace, visible_gpus
from ablate.engine.ray_address import RayAddress
from ablate.engine.remote import CommandPlace
from ablate.engine.seating import HERE, Seating, check_seats, seating_of
from ablate.errors import UsageError
from tests.engine.fake_places import FakePlace
from tests.fakes import fake_study

WRONG = {
    "locla:4": "--seats locla:4 is no kind of seat. Did you mean 'local'?",
    "gpus": "--seats gpus is no kind of seat. Did you mean 'gpu'?",
    "4": "--seats 4 is no kind of seat. Choose from: command, gpu, local, ray.",
    "local:0": "local:N takes a whole number from 1",
    "local:many": "local:N takes a whole number from 1",
    "gpu": "--seats gpu does not say which: gpu:all, or numbers",
    "gpu:0,x": "--seats gpu:0,x does not say which",
    "command:": "needs a command, as command:'ssh box'",
    "command:ssh 'box": "cannot be split into words: No closing quotation",
    "ray:": "'ray:' names no cluster; write one of: ray:auto, ray:HOST:PORT",
}


@pytest.mark.parametrize("seat", WRONG)
def test_what_names_no_seat_is_refused_with_the_near_match(seat: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_seats([seat])
    assert WRONG[seat] in str(caught.value)


def test_shares_of_the_cores_are_trainings_at_a_time() -> None:
    assert seating_of([]) == HERE
    found = seating_of(["local:3"])
    assert (found.shared, found.places, found.parallel, found.count, found.elsewhere) == (3, (), 3, 3, False)
    assert seating_of(["local"]).parallel == 1
    with pytest.raises(UsageError, match=r"local:2 has children share this machine's cores.*take local:1"):
        seating_of(["local:2", "command:ssh box"])


def test_gpus_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("ablate.machine.nvidia.gpu_names", lambda: ["NVIDIA A100"] * 3)
    assert [place.name for place in seating_of(["gpu:all"]).places] == ["gpu:0", "gpu:1", "gpu:2"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert visible_gpus() == ["5", "7"]
    found = seating_of(["gpu:1"])
    assert (found.on_gpus, found.elsewhere, found.parallel) == (True, False, None)
    (place,) = found.places
    assert isinstance(place, LocalPlace)
    assert place._environment == {"CUDA_VISIBLE_DEVICES": "7", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    with pytest.raises(UsageError, match="there is no such GPU here; the last is gpu:1"):
        seating_of(["gpu:2"])
    with pytest.raises(UsageError, match="names gpu:0 twice"):
        seating_of(["gpu:all", "gpu:0"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match="nvidia-smi sees no GPU here"):
        seating_of(["gpu:all"])


def test_commands_and_places_of_ones_own() -> None:
    mine = FakePlace("mine")
    found = seating_of(["command:ssh a", "command:ssh a", mine])
    assert [place.name for place in found.places] == ["command:ssh a", "command:ssh a", "mine"]
    assert isinstance(found.places[0], CommandPlace)
    assert found.names == ("command:ssh a", "command:ssh a", "mine")
    assert (found.elsewhere, found.count) == (True, 3)
    with_here = seating_of(["command:ssh a", "local"])
    assert [place.name for place in with_here.places] == ["local", "command:ssh a"]
    assert not with_here.elsewhere


def test_a_cluster_is_connected_to_when_it_is_asked_for_and_brings_more_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Cluster:
        def __init__(self, address: RayAddress, announce: object) -> None:
            said.append(str(address))

        def places(self) -> list[FakePlace]:
            return [FakePlace("ray:1")]

        def joined(self) -> list[FakePlace]:
            return [FakePlace("ray:2")]

        def close(self) -> None:
            said.append("closed")

    monkeypatch.setattr(seating, "RayCluster", Cluster)
    found = seating_of(["ray:10.0.0.1:6379*2"])
    assert [place.name for place in (*found.places, *found.joined())] == ["ray:1", "ray:2"]
    found.close()
    assert said == ["ray:10.0.0.1:6379*2", "closed"]
    with pytest.raises(UsageError, match="take local:1"):
        seating_of(["ray:10.0.0.1:6379", "local:2"])
    assert said[2:] == [], "what is refused has connected to no cluster"


def test_seats_are_left_where_a_study_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    there = Seating(("ray:auto",), places=(FakePlace("ray:1"),))
    monkeypatch.setattr(Seating, "close", lambda seating: closed.append(seating))
    monkeypatch.setattr(api, "seating_of", lambda seats, announce: there)
    with pytest.raises(UsageError, match="Unknown feature or group"):
        api.run(fake_study(), seats=["ray:auto"], announce=lambda line: None)
    assert closed == [there]


def test_seats_are_looked_at_without_torch() -> None:
    program = (
        "import sys; from ablate.engine.seating import seating_of; seating_of(['local:2']); "
        "assert not {'torch', 'ray', 'numpy'} & sys.modules.keys(), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
