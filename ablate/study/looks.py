"""When a study that stops once it is settled is looked at: after which numbers of finished blocks. Free of torch."""

from collections.abc import Iterable

FEWEST_BLOCKS_OF_A_LOOK = 5
"""Fewer blocks get no verdict, so that there is nothing to look at (measurement.md, rule 4)."""

SHARES = 4
"""The parts that the looks cut a study into. More would stop it a little sooner and make every interval wider."""


def planned_looks(blocks: int, processes: int) -> tuple[int, ...]:
    """The looks at a study before its end, at about a quarter, half and three quarters of its blocks; none where all are too few.

    A process is the unit of time, so a look waits until one has ended its share of the blocks, if that takes less than a quarter.
    `processes` are those that blocks are dealt to, 1 where they are not.
    """
    ends = _ends_of_shares(blocks, processes) if processes > 1 else ()
    wanted = (max(FEWEST_BLOCKS_OF_A_LOOK, -(-blocks * part // SHARES)) for part in range(1, SHARES))
    looks = {min((end for end in ends if 0 <= end - look < blocks / SHARES), default=look) for look in wanted}
    return tuple(sorted(look for look in looks if look < blocks))


def wrong_looks(looks: Iterable[int], blocks: int) -> str:
    """Empty, or what is wrong with a study's looks."""
    before = 1
    for look in looks:
        if type(look) is not int:
            return f"look {look!r}: a whole number of blocks belongs there"
        if look <= before:
            return f"look {look} after {before}: looks are 2 blocks or more, in ascending order"
        before = look
    return f"look {before} of {blocks} blocks: the last look comes before the end" if before >= blocks > 1 else ""


def _ends_of_shares(blocks: int, processes: int) -> tuple[int, ...]:
    """After how many blocks each process has ended its share, as the timetable deals them."""
    return tuple(-(-blocks * ended // processes) for ended in range(1, processes + 1))
