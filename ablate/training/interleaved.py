"""The interleaved clock: every arm run in short pieces, in turns, and its whole run's time composed of them.

What slows the machine for a while slows all arms alike, so minutes tell what hours of whole trials do.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import torch
from scipy import stats
from torch import Tensor, nn

from ablate.study.timetable import draw
from ablate.training.compilation import count_compiles, refuse_compiles
from ablate.training.kinds import TrialFailure
from ablate.training.outcome import PREDICT, RESET, Label, Run
from ablate.training.session import Clock, Mark

TURN_SECONDS = 0.1
"""How long an arm runs before it is another's turn; longer where one stretch is."""

TRIMMED = 0.25
"""The share of a label's slowest and of its fastest stretches that do not count: an interruption hits few of them."""


@dataclass(slots=True)
class Sample:
    """The stretches of one arm's run as they were timed, in seconds; or why there are none."""

    seconds: defaultdict[Label, list[float]] = field(default_factory=lambda: defaultdict(list))
    failure: Exception | None = None

    @property
    def total(self) -> float:
        """What all of them took."""
        return sum(map(sum, self.seconds.values()))


@dataclass(frozen=True, slots=True)
class Composed:
    """What a whole run would take, in seconds: until training has ended, and test-time prediction."""

    train_seconds: float
    tta_seconds: float

    @property
    def time_seconds(self) -> float:
        """Both."""
        return self.train_seconds + self.tta_seconds


def composed(seconds: Mapping[Label, Sequence[float]], counts: Mapping[Label, int]) -> Composed:
    """The time of a run that has so many stretches of each label, each as long as the label's trimmed mean.

    Source: the mean of what is left when the outer quarters are cut off (scipy's `trim_mean`), which loses little where times
    are normal and nothing much where some are interrupted; of fewer than four stretches it is the mean.

    Raises:
        TrialFailure: a label was never timed.
    """
    missing = [label for label in counts if not seconds.get(label)]
    if missing:
        raise TrialFailure(f"No '{missing[0]}' was timed, and the whole run has {counts[missing[0]]}.")
    each = {label: float(stats.trim_mean(seconds[label], TRIMMED)) * count for label, count in counts.items()}
    prediction = each.pop(PREDICT, 0.0)
    return Composed(train_seconds=sum(each.values()), tta_seconds=prediction)


@dataclass(slots=True)
class Player:
    """An arm whose turn comes again and again: how its run is begun, and the networks it trains, which other arms may train too."""

    begin: Callable[[], Run]
    networks: Sequence[nn.Module]
    sample: Sample = field(default_factory=Sample)
    run: Run | None = None
    state: "NetworkState | None" = None
    has_ended: bool = False


class NetworkState:
    """Weights, running statistics and modes of networks at a moment, to go on from later."""

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        self._kept = [
            (network, network.training, [(tensor, tensor.detach().clone()) for tensor in _tensors(network)])
            for network in networks
        ]

    @torch.no_grad()
    def restore(self) -> None:
        """Put them back, in place."""
        for network, training, values in self._kept:
            network.train(training)
            for tensor, value in values:
                tensor.copy_(value)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]


def interleave(players: Mapping[str, Player], clock: Clock, *, seed: int) -> None:
    """Run every player to its end, in turns whose order is drawn anew for every second lap and reversed in the next.

    What a player's run raises ends that run alone, and is its sample's failure. A network that several train is given back to each
    as it was left, off the clock.
    """
    users = Counter(id(network) for player in players.values() for network in player.networks)
    for order in _laps(players, seed):
        waiting = [players[name] for name in order if not players[name].has_ended]
        if not waiting:
            return
        for player in waiting:
            if player.state is not None:
                player.state.restore()
            _take_turn(player, clock)
            shared = [network for network in player.networks if users[id(network)] > 1]
            player.state = None if player.has_ended else NetworkState(shared)


def _laps(names: Iterable[str], seed: int) -> Iterator[list[str]]:
    for lap in count():
        order = sorted(names, key=lambda name: draw(seed, "turns", lap, name))
        yield order
        yield order[::-1]


def _take_turn(player: Player, clock: Clock) -> None:
    player.run = player.run or player.begin()
    compiles = count_compiles()
    marks: list[tuple[Label, Mark, Mark]] = []
    try:
        player.has_ended = _advance(player.run, clock, marks)
        refuse_compiles(compiles())
    except Exception as failure:
        player.has_ended, player.sample.failure = True, failure
    for label, start, end in marks:
        player.sample.seconds[label].append(clock.seconds(start, end))
    if player.has_ended:
        # Its images make room for the others'.
        player.run.close()


def _advance(run: Run, clock: Clock, marks: list[tuple[Label, Mark, Mark]]) -> bool:
    """Run stretches until the turn is over; whether the run has ended."""
    began = start = clock.mark(settled=True)
    while (label := next(run, None)) is not None:
        end = clock.mark(settled=label == RESET)
        # What comes before a run's clock is no part of its time.
        if label != RESET:
            marks.append((label, start, end))
        start = end
        if end.wall_seconds - began.wall_seconds >= TURN_SECONDS:
            clock.mark(settled=True)
            return False
    return True
