"""Which seats a study runs on, as `--seats` names them: shares of this machine's cores, GPUs, commands, a cluster. Free of torch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ablate.engine.places import LocalPlace, Place, gpu_place, visible_gpus
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.remote import CommandPlace, command_line
from ablate.errors import UsageError, near_match

OPTION = "--seats"
KINDS = ("local", "gpu", "command", "ray")
EXAMPLES = "local:4, gpu:all, gpu:0,2, command:'ssh box', ray:auto"


class Cluster(Protocol):
    """Machines that come and go, reached through one address."""

    def places(self) -> Sequence[Place]:
        """The places there are now.

        Raises:
            AblateError: the cluster cannot be reached, or has no place.
        """

    def joined(self) -> Sequence[Place]:
        """The places that have come since this was asked last."""

    def close(self) -> None:
        """Leave the cluster."""


@dataclass(frozen=True, slots=True)
class Seating:
    """Where a study's trials are trained.

    `shared` children of this machine at a time have a part of its cores each, so that their times say nothing; or each of `places`
    is a seat with hardware of its own; `clusters` may bring more while the study runs. `names` are as given. With none of these, trials
    run one at a time as if nothing were said.
    """

    names: tuple[str, ...] = ()
    shared: int = 1
    places: tuple[Place, ...] = ()
    clusters: tuple[Cluster, ...] = ()

    @property
    def count(self) -> int:
        """How many trials can run at a time."""
        return len(self.places) or self.shared

    @property
    def elsewhere(self) -> bool:
        """Whether no seat needs to be on this machine, which then need not have the study's device."""
        return bool(self.places) and not any(isinstance(place, LocalPlace) for place in self.places)

    @property
    def on_gpus(self) -> bool:
        """Whether a seat is a GPU of this machine."""
        return any(place.name.startswith("gpu:") for place in self.places)

    @property
    def parallel(self) -> int | None:
        """The trainings at a time that a study on these seats asks for; None: it keeps its own number."""
        return self.shared if self.names and not self.places else None

    def at_a_time(self, own: int) -> int:
        """How many trials run at a time of a study whose `own` number counts where no seats are named."""
        return self.count if self.names else own

    def joined(self) -> tuple[Place, ...]:
        """The places that clusters have gained since this was asked last."""
        return tuple(place for cluster in self.clusters for place in cluster.joined())

    def close(self) -> None:
        """Leave the clusters."""
        for cluster in self.clusters:
            cluster.close()


HERE = Seating()
"""Trials one at a time on this machine, or as many as the study itself says."""


def seating_of(seats: Iterable[str | Place], announce: Callable[[str], None] = lambda line: None) -> Seating:
    """The seats that names (`local:4`, `gpu:all`, `command:ssh box`, …) and places ask for; a cluster is only now connected to.

    Raises:
        UsageError: a name that is none, a GPU that is not here, shares of the cores beside other seats.
        AblateError: the cluster cannot be reached.
    """
    seats = tuple(seats)
    check_seats(seat for seat in seats if isinstance(seat, str))
    places: list[Place] = []
    addresses: list[RayAddress] = []
    local = 0
    for seat in seats:
        if not isinstance(seat, str):
            places.append(seat)
            continue
        kind, _, rest = seat.partition(":")
        if kind == "local":
            local += int(rest or 1)
        elif kind == "gpu":
            places += [gpu_place(index) for index in _gpus(rest)]
        elif kind == "command":
            places.append(CommandPlace(rest))
        else:
            addresses.append(RayAddress.parse(rest))
    names = tuple(seat if isinstance(seat, str) else seat.name for seat in seats)
    if local > 1 and (places or addresses):
        raise UsageError(
            f"{OPTION} local:{local} has children share this machine's cores, which cannot be beside other seats: take local:1."
        )
    if local == 1 and (places or addresses):
        places.insert(0, LocalPlace(hello=True))
    gpus = [place.name for place in places if place.name.startswith("gpu:")]
    twice = next((name for name in gpus if gpus.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{OPTION} names {twice} twice; a GPU is one seat.")
    # Last: what is refused has connected to no cluster.
    clusters = tuple(RayCluster(address, announce=announce) for address in addresses)
    for cluster in clusters:
        places += cluster.places()
    return Seating(names, max(1, local), tuple(places), clusters)


def check_seats(seats: Iterable[str]) -> None:
    """Refuse what names no seats, without looking for any.

    Raises:
        UsageError: the message names the nearest that there is.
    """
    for seat in seats:
        kind, colon, rest = seat.partition(":")
        if kind not in KINDS:
            raise UsageError(f"{OPTION} {seat} is no kind of seat.{near_match(kind, KINDS)} Examples: {EXAMPLES}.")
        _CHECKS[kind](seat, rest if colon else None)


def _check_local(seat: str, rest: str | None) -> None:
    if rest is not None and not (rest.isdecimal() and int(rest) >= 1):
        raise UsageError(f"{OPTION} {seat} does not say how many: local:N takes a whole number from 1, as local:4.")


def _check_gpus(seat: str, rest: str | None) -> None:
    if rest != "all" and not all(part.strip().isdecimal() for part in (rest or "").split(",")):
        raise UsageError(
            f"{OPTION} {seat} does not say which: gpu:all, or numbers as nvidia-smi counts them, as gpu:0,2."
        )


def _check_command(seat: str, rest: str | None) -> None:
    command_line(rest or "")


def _check_ray(seat: str, rest: str | None) -> None:
    RayAddress.parse(rest or "")


_CHECKS: dict[str, Callable[[str, str | None], None]] = {
    "local": _check_local,
    "gpu": _check_gpus,
    "command": _check_command,
    "ray": _check_ray,
}


def _gpus(which: str) -> Sequence[int]:
    here = len(visible_gpus())
    if not here:
        raise UsageError(f"{OPTION} gpu:{which}: nvidia-smi sees no GPU here. `ablate doctor` says more.")
    asked = range(here) if which == "all" else [int(part) for part in which.split(",")]
    for index in asked:
        if index >= here:
            raise UsageError(f"{OPTION} gpu:{index}: there is no such GPU here; the last is gpu:{here - 1}.")
    return asked
