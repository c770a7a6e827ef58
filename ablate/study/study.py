"""The study: arms, contrasts and the order they run in; and the designs it is made of. Free of torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ablate.errors import UsageError
from ablate.formats.json_objects import ANY_SIZE, parse
from ablate.formats.printable import check_printable
from ablate.study.arms import (
    Arm,
    Contrast,
    Design,
    Together,
    check_arms,
    groups_together,
    together,
)
from ablate.study.catalogue import Catalogue
from ablate.study.designs import (
    aa,
    add_one_in,
    full_factorial,
    ladder,
    leave_one_out,
    names_of,
    shapley,
    with_twin,
)
from ablate.study.looks import FEWEST_BLOCKS_OF_A_LOOK, planned_looks, wrong_looks
from ablate.study.published import ladder_named, published
from ablate.study.schedule import Clock, TrialSpec
from ablate.study.timetable import Timetable, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Arms, contrasts and how often they run.

    `left_out` lists arms that a feature's `requires` or `excludes` made impossible, each with its reason. With the interleaved
    `clock`, times are measured apart from the trainings, in `rounds` blocks of their own in each process; `blocks` counts the
    trainings of each arm, 0 where times alone are asked for. `parallel` trainings run at a time, where their time does not matter.
    With `looks`, numbers of finished blocks, the study is looked at there and stops once every verdict is settled;
    `ablate.stats.looks` says what that costs.

    Raises:
        UsageError: arms and contrasts that do not fit together, an unknown clock, fewer than one process, round or training at a
            time, fewer than one block (than none with the interleaved clock), more processes than blocks, a negative seed, looks
            that are not ascending numbers of blocks from 2 to before the last, looks without a contrast to settle, a question that
            does not print on one line.
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    blocks: int = 20
    processes: int = 5
    seed: int = field(default=0, metadata=ANY_SIZE)
    data: str = "auto"
    preset: str = "auto"
    left_out: tuple[tuple[str, str], ...] = field(default=())
    clock: Clock = "trial"
    rounds: int = 2
    parallel: int = 1
    looks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name or self.name.startswith(".") or not self.name.isprintable():
            raise UsageError(f"{self.name!r} cannot name a study: the name becomes part of a folder's name.")
        check_printable(f"The question of study '{self.name}'", self.question)
        check_arms(self.arms, self.contrasts)
        check_settings(
            self.name,
            clock=self.clock,
            blocks=self.blocks,
            processes=self.processes,
            seed=self.seed,
            rounds=self.rounds,
            parallel=self.parallel,
        )
        wrong = wrong_looks(self.looks, self.blocks)
        if wrong:
            raise UsageError(f"Study '{self.name}' has {wrong} (--until-settled).")
        if self.looks and all(contrast.kind == "aa" for contrast in self.contrasts):
            raise UsageError(
                f"--until-settled has nothing to wait for: study '{self.name}' asks for no effect, only for its arms."
            )

    @classmethod
    def of(
        cls,
        design: Design,
        *,
        name: str,
        question: str,
        left_out: Iterable[tuple[str, str]] = (),
        **settings: Any,
    ) -> "Study":
        """A study of a design; `settings` are blocks, processes, seed, data and preset.

        `left_out` is what the design did without from the start (see `together`), each with its reason.
        """
        return cls(
            name=name,
            question=question,
            arms=design.arms,
            contrasts=design.contrasts,
            left_out=(*left_out, *design.left_out),
            **settings,
        )

    @classmethod
    def leave_one_out(cls, catalogue: Catalogue, names: Iterable[str] | None = None, **settings: Any) -> "Study":
        """What each feature (or each of `names`) still adds when the others are on."""
        players = _features(catalogue, names)
        titles = _titled(settings, "leave_one_out", "What does each feature add to all the others?")
        return cls._possible(catalogue, leave_one_out(players.names), players, titles)

    @classmethod
    def add_one_in(cls, catalogue: Catalogue, names: Iterable[str] | None = None, **settings: Any) -> "Study":
        """What each feature (or each of `names`) does on its own."""
        design = add_one_in(catalogue.names if names is None else names).possible(catalogue)
        return cls.of(design, **_titled(settings, "add_one_in", "What does each feature do on its own?"))

    @classmethod
    def ladder(cls, catalogue: Catalogue, names: Iterable[str] | None = None, **settings: Any) -> "Study":
        """The groups (or `names`) put on one after the other, in the registry's order."""
        players = _groups(catalogue, names)
        titles = _titled(settings, "ladder", "How much does each step add, one after the other?")
        return cls._possible(catalogue, ladder(players.names), players, titles)

    @classmethod
    def published(cls, catalogue: Catalogue, ladder: str | None = None, **settings: Any) -> "Study":
        """The rungs of a published ladder (by its slug; otherwise the registry's first), each at its own published length."""
        design = published(catalogue, ladder_named(catalogue, ladder)).possible(catalogue)
        return cls.of(
            design, **_titled(settings, "published", "Does each published step hold here, at its own length?")
        )

    @classmethod
    def full_factorial(cls, catalogue: Catalogue, names: Iterable[str] | None = None, **settings: Any) -> "Study":
        """Every combination of the groups (or `names`)."""
        players = _groups(catalogue, names)
        titles = _titled(settings, "full_factorial", "What does every combination give?")
        return cls._possible(catalogue, full_factorial(players.names), players, titles)

    @classmethod
    def shapley(cls, catalogue: Catalogue, names: Iterable[str] | None = None, **settings: Any) -> "Study":
        """Every combination of the groups (or `names`, at most 7), for values that do not depend on an order."""
        players = _groups(catalogue, names)
        titles = _titled(settings, "shapley", "What is each group's fair share of the improvement?")
        return cls._possible(catalogue, shapley(players.names), players, titles)

    @classmethod
    def screening(
        cls,
        catalogue: Catalogue,
        names: Iterable[str] | None = None,
        *,
        resolution: int = 4,
        others: Iterable[str] = (),
        **settings: Any,
    ) -> "Study":
        """What each feature (with resolution 5, each group; or each of `names`) does on average over the rest being on or off.

        `others` are on in every arm.
        """
        # It takes numpy, which a study alone does without.
        from ablate.study.screening_design import screening

        players = _features(catalogue, names) if resolution == 4 else _groups(catalogue, names)
        titles = _titled(settings, "screening", "What does each feature do on average over the others being on or off?")
        return cls._possible(
            catalogue, screening(players.names, catalogue, resolution=resolution, others=others), players, titles
        )

    @classmethod
    def aa(cls, catalogue: Catalogue, **settings: Any) -> "Study":
        """The baseline and everything, each against its own twin."""
        players = _features(catalogue, None)
        titles = _titled(settings, "aa", "What does the measurement show where nothing differs?")
        return cls._possible(catalogue, aa(players.names), players, titles)

    @classmethod
    def _possible(cls, catalogue: Catalogue, design: Design, players: Together, titles: dict[str, Any]) -> "Study":
        return cls.of(design.possible(catalogue), left_out=players.left_out, **titles)

    @property
    def times_count(self) -> bool:
        """Whether its times may be compared: not those of trials that run beside others."""
        return self.parallel == 1 or self.clock == "interleaved"

    @property
    def design(self) -> Design:
        """The study's arms and contrasts."""
        return Design(arms=self.arms, contrasts=self.contrasts, left_out=self.left_out)

    def possible(self, catalogue: Catalogue) -> "Study":
        """The study without the arms that a registry's `requires` and `excludes` forbid; see `Design.possible`."""
        design = self.design.possible(catalogue)
        return replace(self, arms=design.arms, contrasts=design.contrasts, left_out=design.left_out)

    @property
    def reference(self) -> Arm:
        """The arm that the others are told apart from: the first at its own length."""
        return next((arm for arm in self.arms if arm.length == 1.0), self.arms[0])

    def with_twin(self) -> "Study":
        """The study and an A/A twin of its `reference`; see `designs.with_twin`.

        Raises:
            UsageError: it has an A/A pair already.
        """
        has_twins = next((contrast for contrast in self.contrasts if contrast.kind == "aa"), None)
        if has_twins is not None:
            raise UsageError(f"--aa changes nothing: study '{self.name}' runs '{has_twins.with_arm}' already.")
        design = with_twin(self.design, self.reference.name)
        return replace(self, arms=design.arms, contrasts=design.contrasts)

    def until_settled(self) -> "Study":
        """The study with looks at it before its end, after which it stops once every verdict is settled; see `planned_looks`.

        Raises:
            UsageError: it is over before there could be anything to look at.
        """
        looks = self._planned_looks(self.blocks, self.processes)
        if not looks:
            few = "1 block" if self.blocks == 1 else f"{self.blocks} blocks"
            raise UsageError(
                f"--until-settled has nothing to save in {few}: no verdict comes before block {FEWEST_BLOCKS_OF_A_LOOK}. "
                "Give more, as --trials 20."
            )
        return replace(self, looks=looks)

    def _planned_looks(self, blocks: int, processes: int) -> tuple[int, ...]:
        return planned_looks(blocks, 1 if self.parallel > 1 else processes)

    def override(
        self,
        *,
        blocks: int | None = None,
        processes: int | None = None,
        seed: int | None = None,
        data: str | None = None,
        preset: str | None = None,
        clock: Clock | None = None,
        parallel: int | None = None,
    ) -> "Study":
        """The study with some settings replaced; None keeps a setting.

        Fewer blocks than the study's own number of processes lower that number too, unless `processes` is given or the clock is
        interleaved, whose processes take no blocks. A study with looks is looked at anew where blocks or processes change.
        """
        was = (self.blocks, self.processes)
        blocks = self.blocks if blocks is None else blocks
        clock = self.clock if clock is None else clock
        if processes is None:
            processes = max(1, min(self.processes, blocks)) if clock == "trial" else self.processes
        looks = self.looks if (blocks, processes) == was else self._planned_looks(blocks, processes)
        return replace(
            self,
            blocks=blocks,
            processes=processes,
            looks=looks if self.looks else (),
            seed=self.seed if seed is None else seed,
            data=self.data if data is None else data,
            preset=self.preset if preset is None else preset,
            clock=clock,
            parallel=self.parallel if parallel is None else parallel,
        )

    def schedule(self) -> tuple[TrialSpec, ...]:
        """Every trial, in the order to run them; a pure function of the study.

        With the interleaved clock times are measured apart from the trainings; see `Timetable`.
        """
        timetable = Timetable(
            arms=self.arms,
            blocks=self.blocks,
            processes=self.processes,
            seed=self.seed,
            rounds=self.rounds,
            parallel=self.parallel,
        )
        return timetable.of_interleaved_pieces() if self.clock == "interleaved" else timetable.of_whole_trials()

    def _repr_html_(self) -> str:
        # Loaded where a notebook asks.
        from ablate.study.shown import study_html

        return study_html(self)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal study."""
        return {
            "name": self.name,
            "question": self.question,
            "arms": [arm.to_json() for arm in self.arms],
            "contrasts": [contrast.to_json() for contrast in self.contrasts],
            "blocks": self.blocks,
            "processes": self.processes,
            "seed": self.seed,
            "data": self.data,
            "preset": self.preset,
            "left_out": [list(entry) for entry in self.left_out],
            **self._settings_of_clock(),
            **({"looks": list(self.looks)} if self.looks else {}),
        }

    def _settings_of_clock(self) -> dict[str, Any]:
        """What a study of whole trials, one at a time, does not say."""
        interleaved = {"clock": self.clock, "rounds": self.rounds} if self.clock == "interleaved" else {}
        return {**interleaved, **({"parallel": self.parallel} if self.parallel > 1 else {})}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Study":
        """The study that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
            UsageError: the fields do not fit together.
        """
        return parse(cls, line, "the study")


def _features(catalogue: Catalogue, names: Iterable[str] | None) -> Together:
    """The features that can be on together, unless names are given."""
    return together(catalogue, catalogue.names) if names is None else Together(names_of(names), ())


def _groups(catalogue: Catalogue, names: Iterable[str] | None) -> Together:
    """The groups that have features and can be on together, unless names are given."""
    return groups_together(catalogue) if names is None else Together(names_of(names), ())


def _titled(settings: dict[str, Any], name: str, question: str) -> dict[str, Any]:
    return {"name": name, "question": question, **settings}
