"""What a run folder shows: its trials and what the statistics make of them, computed when first asked for."""

from collections.abc import Mapping
from functools import cached_property

import pandas as pd

from ablate import stats
from ablate.stats.equal_accuracy import arms_by_recipe
from ablate.stats.frames import usable
from ablate.stats.looks import counted_trials
from ablate.stats.readout import FEWEST_LENGTHS
from ablate.stats.recorded import OFFICIAL_DATA, Recorded
from ablate.stats.shapley import MOST_PLAYERS, coalitions, varied
from ablate.stats.trial_facts import epochs_by_arm
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.store.resolved import FEATURES_OPTION, recipe_option
from ablate.study import screened

RECORD_TARGET = 0.94
"""What the record is a record in: mean TTA accuracy above 94 % on the official test images, recipe as published."""


class Evidence(Recorded):
    """A study and its trials, and with them its effects, shares and summaries."""

    @cached_property
    def look(self) -> stats.Look | None:
        """What a study with looks shows, at the level that holds there; None of any other."""
        study = self.resolved.study
        return stats.look_at(study, self.resolved.schedule, self.frame, score=self.score) if study.looks else None

    @property
    def level(self) -> float:
        """The level of intervals and verdicts: 0.05, and less of a study with looks."""
        return SIGNIFICANCE if self.look is None else self.look.level

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The trials that effects are made of: all, and of a study with looks those of its finished blocks."""
        if self.look is None:
            return self.frame
        return counted_trials(self.resolved.schedule, self.frame)

    @cached_property
    def effects(self) -> tuple[stats.Effect, ...]:
        """The effect of each of the study's contrasts; of a study with looks, those of its `look`."""
        if self.look is not None:
            return self.look.effects
        study = self.resolved.study
        return stats.list_effects(self.frame, study.contrasts, arms=study.arms, score=self.score)

    @cached_property
    def ladder(self) -> stats.Attribution | None:
        """The rungs' shares; None where the study has no contrast of that kind."""
        contrasts = self.resolved.study.contrasts
        is_ladder = any(contrast.kind == "ladder" for contrast in contrasts)
        return stats.ladder(self.counted, contrasts, score=self.score, level=self.level) if is_ladder else None

    @property
    def is_screening(self) -> bool:
        """Whether the study asks for average effects."""
        return any(contrast.is_averaged for contrast in self.resolved.study.contrasts)

    @cached_property
    def twins(self) -> frozenset[str]:
        """The arms that repeat another one with seeds of their own: those that draw such seeds and are none of a screening's."""
        study = self.resolved.study
        averaged = {arm.name for arm in screened(study.arms, study.contrasts)} if self.is_screening else set()
        return frozenset(arm.name for arm in study.arms if arm.stream and arm.name not in averaged)

    @cached_property
    def screening(self) -> stats.Screened:
        """What the screening's arms that gave results can keep apart."""
        measured = self.arms["arm"][self.arms["trials"] > 0]
        return stats.Screened.of(self.resolved.study.arms, self.resolved.study.contrasts, measured)

    @cached_property
    def average_shares(self) -> stats.Attribution | None:
        """The average effects as shares of the whole improvement; None where the study is no screening."""
        study = self.resolved.study
        return (
            stats.average_shares(self.counted, study.arms, study.contrasts, score=self.score, level=self.level)
            if self.is_screening
            else None
        )

    @cached_property
    def is_factorial(self) -> bool:
        """Whether the study asks for shares: a ladder's steps, and every combination of two players or more that can be trained."""
        study = self.resolved.study
        asked = any(contrast.kind == "ladder" for contrast in study.contrasts)
        combinations = len(coalitions(study.arms)) + len(study.left_out)
        return asked and 2 <= len(self.players) <= MOST_PLAYERS and combinations >= 2 ** len(self.players)

    @cached_property
    def shapley(self) -> stats.Attribution | None:
        """The Shapley values of the players; None with fewer than two, whose share would be the whole."""
        if len(self.players) < 2:
            return None
        return stats.shapley(
            self.counted,
            self.resolved.study.arms,
            players=self.players,
            command=self._shapley_study,
            score=self.score,
            level=self.level,
        )

    @property
    def _shapley_study(self) -> str:
        """The command that trains every combination of the players: there is one for all groups of a lineage."""
        resolved = self.resolved
        bars = {group.slug for group in resolved.groups if not group.optional}
        if not resolved.lineage or resolved.files or bars != set(self.players):
            return ""
        return "ablate study run shapley" + recipe_option(resolved.lineage)

    @cached_property
    def interactions(self) -> pd.DataFrame | None:
        """`stats.interactions` of the players; None with fewer than two."""
        if len(self.players) < 2:
            return None
        arms = self.resolved.study.arms
        return stats.interactions(self.counted, arms, players=self.players, score=self.score, level=self.level)

    @cached_property
    def equal_accuracy(self) -> pd.DataFrame | None:
        """`stats.equal_accuracy` against `starting_arm`, of the recipes with several lengths; None where no other recipe has enough.

        Rungs as published have a length each, which is no curve to read a time from.
        """
        recipes = arms_by_recipe(self.resolved.study.arms)
        start = self.starting_arm
        others = [len(arms) for own, arms in recipes.items() if own != start]
        if start not in recipes or max(others, default=0) < FEWEST_LENGTHS:
            return None
        asked = [arm for own, arms in recipes.items() if own == start or len(arms) > 1 for arm in arms]
        return stats.equal_accuracy(self.counted, asked, reference=start, score=self.score, level=self.level)

    @property
    def starting_arm(self) -> str:
        """The arm that the study measures from: where its ladder starts, or everything together, or its only contrast; else the first."""
        study = self.resolved.study
        asked = [contrast for contrast in study.contrasts if contrast.kind != "aa" and not contrast.is_averaged]
        whole = [contrast for kind in ("ladder", "total") for contrast in asked if contrast.kind == kind]
        starts = whole or (asked if len(asked) == 1 else [])
        return starts[0].without_arm if starts else study.reference.name

    @cached_property
    def against_published(self) -> tuple[stats.AgainstPublished, ...]:
        """`stats.against_published` of the ladders that were known when the study was opened.

        None where trials mix data sets, and of image recipes none on other images than the published ones: CIFAR-10, and what is
        named as a copy of it, "cifar10-…".
        """
        resolved, arms = self.resolved, self.resolved.study.arms
        copies = all(name == OFFICIAL_DATA or name.startswith(f"{OFFICIAL_DATA}-") for name in self.data_names)
        if self.mixes_data or (self.is_of_images and not copies):
            return ()
        own = epochs_by_arm(list(self.store.latest().values()), self.store.recipes, scaled=False)
        scores = self.counted[usable(self.counted)].groupby("arm")["score"]
        return stats.against_published(
            self.effects,
            arms,
            resolved.ladders,
            arm_features=resolved.arm_features,
            epochs={arm.name: own[arm.name] * arm.length for arm in arms if arm.name in own},
            spreads={str(arm): float(values.std()) for arm, values in scores},
            score=self.score,
            groups_as_published=all(file.option != FEATURES_OPTION for file in resolved.files),
            level=self.level,
        )

    @cached_property
    def everything(self) -> frozenset[str]:
        """Every name that some arm has on."""
        return frozenset(name for arm in self.resolved.study.arms for name in arm.features)

    @cached_property
    def players(self) -> tuple[str, ...]:
        """The names that tell arms apart: groups in the figure's order, then features, then any others."""
        used = varied(self.resolved.study.arms)
        known = [*(group.slug for group in self.resolved.groups), *(feature.name for feature in self.resolved.features)]
        return tuple(name for name in dict.fromkeys([*known, *sorted(used)]) if name in used)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The groups' titles by slug where the study is about groups; empty where its names are features'."""
        titles = {group.slug: group.title for group in self.resolved.groups}
        features = {feature.name for feature in self.resolved.features}
        subjects = {contrast.subject for contrast in self.resolved.study.contrasts}
        about_groups = any(name in titles and name not in features for name in subjects.union(self.players))
        return titles if about_groups else {}

    def title_of(self, subject: str) -> str:
        """A group's title for its slug where the study is about groups; any other name as it is."""
        return self.titles.get(subject, subject)
