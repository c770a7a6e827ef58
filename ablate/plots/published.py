"""Published bars as numbers: from a ladder that was published, or from the groups of a study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

from ablate.errors import UsageError
from ablate.stats.attribution import Attribution, Share
from ablate.stats.wording import counted
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, LadderUnit, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBars:
    """What a figure needs of published bars: their shares, names and total, what `unit` they are of, and where they stand.

    `target` is what of the score they were measured to, in words such as "to 94 %"; "" for none.
    """

    ladder: Attribution
    titles: Mapping[str, str]
    title: str
    unit: LadderUnit
    target: str
    ends: str
    caption: str

    @property
    def subjects(self) -> list[str]:
        """What the steps are called, in order."""
        return [share.subject for share in self.ladder.shares]

    @property
    def axis_label(self) -> str:
        """What the bars measure."""
        if self.unit == "seconds":
            return "Relative Improvement (%)"
        return f"{' '.join(filter(None, ('Epochs', self.target)))} saved (% of the baseline's)"


def published_ladder(ladder: Ladder) -> Attribution:
    """A published ladder as an attribution: no intervals, no scores, no trials.

    Shares are of the baseline's seconds, or of its epochs where the ladder counts those, to the two decimals that figures show:
    more would be the rounding of published seconds.
    """
    return _attribution(ladder, ladder.unit)


def published_bars(published: Ladder | Iterable[Group], *, beside_times: bool = False) -> PublishedBars:
    """The bars of a published ladder, or of groups with published percentages; `beside_times` where measured times stand beside.

    Raises:
        UsageError: neither of the two, a group without a published percentage; epochs beside measured times.
    """
    if not isinstance(published, (Ladder, Iterable)):
        raise UsageError(
            f"published takes a Ladder or Groups, as a registry has them in `ladders` and `groups`, not {published!r}."
        )
    if not isinstance(published, Ladder):
        return _of_groups(tuple(published))
    unit = published.unit
    if beside_times and unit == "epochs":
        if any(rung.seconds is None for rung in published.rungs):
            raise UsageError(
                f"Ladder '{published.slug}' was published in epochs, and measured bars are shares of time: draw it alone, without DIR."
            )
        unit = "seconds"
    first, last = published.rungs[0], published.rungs[-1]
    sign = "s" if unit == "seconds" else "epochs"
    target = "" if published.target_percent is None else f"to {published.target_percent:g} %"
    start, end = _ends(published)
    return PublishedBars(
        ladder=_attribution(published, unit),
        titles={rung.subject: rung.title for rung in published.rungs[1:]},
        title=published.title,
        unit=unit,
        target=target,
        ends=f"{start} {_length(first, unit):.4g} {sign} → {end} {_length(last, unit):.4g} {sign} {target}".rstrip(),
        caption="; ".join(filter(None, (f"Published: {_sources(published)}", _measured_on(published)))),
    )


def bars_beside(
    subjects: Sequence[str], ladders: Sequence[Ladder], groups: Iterable[Group]
) -> Ladder | tuple[Group, ...]:
    """What was published about these steps: the first ladder with the same steps in the same order, else their groups' percentages.

    Where neither has them, the first ladder, which then cannot stand beside them.

    Raises:
        UsageError: nothing was published.
    """
    same = [ladder for ladder in ladders if [rung.subject for rung in ladder.rungs[1:]] == list(subjects)]
    if same:
        return same[0]
    by_slug = {group.slug: group for group in groups if group.published_percent is not None}
    if all(subject in by_slug for subject in subjects):
        return tuple(by_slug[subject] for subject in subjects)
    if ladders:
        return ladders[0]
    raise UsageError(f"Nothing was published about these steps: {', '.join(subjects)}. Leave --published out.")


def _of_groups(groups: tuple[Group, ...]) -> PublishedBars:
    shares = []
    for group in groups:
        if group.published_percent is None:
            raise UsageError(f"Nothing was published about group '{group.slug}': it has no published_percent.")
        shares.append(_share(group.slug, group.published_percent))
    total = round(sum(share.time_saved_percent for share in shares), 2)
    return PublishedBars(
        ladder=Attribution(shares=tuple(shares), total=_share("subtotal", total)),
        titles={group.slug: group.title for group in groups},
        title="Published improvements, step by step",
        unit="seconds",
        target="",
        ends="",
        caption=f"Published: {'; '.join(dict.fromkeys(group.source for group in groups))}",
    )


def _attribution(ladder: Ladder, unit: LadderUnit) -> Attribution:
    lengths = [_length(rung, unit) for rung in ladder.rungs]
    shares = tuple(
        _share(rung.subject, round(100 * (below - above) / lengths[0], 2))
        for rung, (below, above) in zip(ladder.rungs[1:], pairwise(lengths), strict=True)
    )
    seconds = lengths if unit == "seconds" else [nan]
    return Attribution(
        shares=shares,
        total=_share("subtotal", round(100 * (1 - lengths[-1] / lengths[0]), 2)),
        baseline_seconds=seconds[0],
        final_seconds=seconds[-1],
    )


def _length(rung: Rung, unit: LadderUnit) -> float:
    """A rung's seconds or epochs; its ladder has seen to it that it has those of the ladder's own unit."""
    length: float | None = getattr(rung, unit)
    return nan if length is None else length


def _share(subject: str, percent: float) -> Share:
    return Share(
        subject=subject,
        score_change=nan,
        score_low=nan,
        score_high=nan,
        score_p=nan,
        time_saved_percent=percent,
        time_saved_low_percent=nan,
        time_saved_high_percent=nan,
        time_saved_p=nan,
    )


def _sources(ladder: Ladder) -> str:
    first, *others = dict.fromkeys(rung.source for rung in ladder.rungs[1:])
    return f"{first} and {counted(len(others), 'other source')}" if len(others) > 1 else "; ".join((first, *others))


def _measured_on(ladder: Ladder) -> str:
    """The hardware, and how often the ends of the ladder were trained, where that is known."""
    first, last = ladder.rungs[0].trials, ladder.rungs[-1].trials
    if first is None or last is None:
        return ladder.device
    start, end = ("the baseline", "the record") if _from_baseline(ladder) else (f"'{name}'" for name in _ends(ladder))
    return f"{ladder.device}, {counted(first, 'trial')} of {start} and {last:,} of {end}"


def _from_baseline(ladder: Ladder) -> bool:
    """Whether the ladder starts at a registry's baseline, rather than with features on or at another recipe."""
    return not (ladder.drawn_only or ladder.rungs[0].adds)


def _ends(ladder: Ladder) -> tuple[str, str]:
    """What the first and the last rung are called."""
    return ("baseline", "final") if _from_baseline(ladder) else (ladder.rungs[0].title, ladder.rungs[-1].title)
