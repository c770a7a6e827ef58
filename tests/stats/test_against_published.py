"""Effects beside the same steps of a published ladder: which are the same, and whether they agree."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ablate.stats import AgainstPublished, against_published, holm, list_effects
from ablate.study import Contrast, Design, aa, add_one_in, combine, ladder, lengths, total, with_others
from ablate.study.ladders import Ladder, Rung
from ablate.study.score import TTA_ACCURACY
from tests.stats.build import deal, frame_of

BLOCKS = 8


def rung(title: str, *adds: str, score: float | None = 94.0001, trials: int | None = 100, **told: Any) -> Rung:
    told = {"epochs": 10.0, "seconds": 10.0} | told
    return Rung(title=title, adds=adds, score_percent=score, trials=trials, source="there, a table", **told)


def published(*rungs: Rung, **settings: str) -> Ladder:
    return Ladder(slug="published", title="Published", unit="seconds", device="A100", rungs=rungs, **settings)


ONE_STEP = published(rung("plain"), rung("Smooth", "silu", score=93.4001, seconds=9.0))


def scores(
    gains: dict[str, float], *, sd: float = 0.002, blocks: int = BLOCKS, seed: int = 0
) -> dict[str, list[float]]:
    """Scores by arm: 0.94 and the arm's gain, scattered."""
    draws = np.random.default_rng(seed)
    return {arm: list(0.94 + gain + draws.normal(0, sd, blocks)) for arm, gain in gains.items()}


def compare(
    design: Design,
    values: dict[str, list[float]],
    *ladders: Ladder,
    epochs: float | dict[str, float] = 10.0,
    arm_features: dict[str, tuple[str, ...]] | None = None,
    groups_as_published: bool = True,
    spreads: dict[str, float] | None = None,
) -> tuple[AgainstPublished, ...]:
    blocks = len(next(iter(values.values())))
    frame = frame_of(values, {arm: [2.0 + 0.01 * block for block in range(blocks)] for arm in values}, deal(blocks, 2))
    return against_published(
        list_effects(frame, design.contrasts, arms=design.arms),
        design.arms,
        ladders,
        arm_features=arm_features or {arm.name: tuple(arm.features) for arm in design.arms},
        epochs=epochs if isinstance(epochs, dict) else {arm.name: epochs * arm.length for arm in design.arms},
        spreads={arm: float(np.std(each, ddof=1)) for arm, each in values.items()} if spreads is None else spreads,
        score=TTA_ACCURACY,
        groups_as_published=groups_as_published,
    )


class TestTheNumbers:
    def test_join_the_effects_error_with_that_of_published_means_that_scatter_alike(self) -> None:
        values = scores({"baseline": 0.0, "baseline + silu": 0.0})
        (found,) = compare(add_one_in(["silu"]), values, ONE_STEP)
        without, with_it = (100 * np.array(values[arm]) for arm in ("baseline", "baseline + silu"))
        change = (with_it - without).mean()
        error = (
            (with_it - without).var(ddof=1) / BLOCKS + without.var(ddof=1) / 100 + with_it.var(ddof=1) / 100
        ) ** 0.5
        # Both were written with four decimals.
        reach = scipy_stats.t.ppf(0.975, BLOCKS - 1) * error + 0.0001
        assert found.published_change == pytest.approx(-0.6)
        assert found.published_rounding == pytest.approx(0.0001)
        assert found.change == pytest.approx(change)
        assert found.difference == pytest.approx(change + 0.6)
        assert found.difference_low == pytest.approx(change + 0.6 - reach)
        assert found.difference_high == pytest.approx(change + 0.6 + reach)
        assert found.p == pytest.approx(2 * scipy_stats.t.sf(max(0, change + 0.6 - 0.0001) / error, BLOCKS - 1))
        assert (found.below, found.above, found.published_trials) == ("plain", "Smooth", (100, 100))
        assert found.published_time_saved_percent == pytest.approx(10)

    @pytest.mark.parametrize(
        ("below", "above", "rounding"),
        [
            ({"score": 94.01}, {"score": 94.02}, 0.01),
            ({"score": 94.0}, {"score": 94.1}, 0.01),
            ({"score": 94.0995}, {"score": 93.44}, 0.00505),
            ({"score": 94.1, "score_decimals": 1}, {"score": 94.6, "score_decimals": 1}, 0.1),
            ({"score": 94.0, "score_decimals": 0}, {"score": 94.02}, 0.505),
        ],
    )
    def test_are_as_exact_as_they_were_published(self, below: dict, above: dict, rounding: float) -> None:
        told = published(rung("plain", **below), rung("Smooth", "silu", **above))
        (found,) = compare(add_one_in(["silu"]), scores({"baseline": 0.0, "baseline + silu": 0.0}), told)
        assert found.published_rounding == pytest.approx(rounding)

    def test_one_training_is_supposed_where_no_number_was_published(self) -> None:
        values = scores({"baseline": 0.0, "baseline + silu": 0.0})
        untold, one = (
            published(rung("plain", trials=trials), rung("Smooth", "silu", score=93.41, trials=trials))
            for trials in (None, 1)
        )
        (found,), (of_one,) = (compare(add_one_in(["silu"]), values, ladder) for ladder in (untold, one))
        assert found.published_trials == (0, 0)
        assert found.difference_low == pytest.approx(of_one.difference_low)
        assert found.p == pytest.approx(of_one.p)

    def test_seconds_that_were_not_published_save_nothing(self) -> None:
        untimed = replace(published(rung("plain"), rung("Smooth", "silu")), unit="epochs")
        untimed = replace(untimed, rungs=(untimed.rungs[0], replace(untimed.rungs[1], seconds=None)))
        (found,) = compare(add_one_in(["silu"]), scores({"baseline": 0.0, "baseline + silu": 0.0}), untimed)
        assert np.isnan(found.published_time_saved_percent)


class TestTheVerdict:
    @pytest.mark.parametrize(
        ("gain", "sd", "verdict"),
        [
            (-0.006, 0.0001, "as published"),
            (-0.012, 0.001, "worse than published"),
            (0.0, 0.001, "better than published"),
            (-0.006, 0.004, "open"),
        ],
    )
    def test_is_by_interval_and_p(self, gain: float, sd: float, verdict: str) -> None:
        (found,) = compare(
            add_one_in(["silu"]), scores({"baseline": 0.0, "baseline + silu": gain}, sd=sd, seed=1), ONE_STEP
        )
        assert found.verdict == verdict
        assert not found.note

    def test_takes_five_blocks_and_a_spread(self) -> None:
        few = scores({"baseline": 0.0, "baseline + silu": 0.0}, blocks=4)
        (found,) = compare(add_one_in(["silu"]), few, ONE_STEP)
        assert (found.verdict, found.note) == ("no verdict", "4 blocks: too few for a verdict")
        alike = {"baseline": [0.94] * BLOCKS, "baseline + silu": [0.93] * BLOCKS}
        (found,) = compare(add_one_in(["silu"]), alike, ONE_STEP)
        assert (found.verdict, found.note) == (
            "no verdict",
            "all pairs differ by the same, so there is no spread to judge by",
        )

    def test_takes_a_spread_that_is_known(self) -> None:
        values = scores({"baseline": 0.0, "baseline + silu": 0.0})
        (found,) = compare(add_one_in(["silu"]), values, ONE_STEP, spreads={})
        assert (found.verdict, found.note) == ("no verdict", "it is not known how the trials of its arms scatter")

    def test_allows_for_all_comparisons_of_the_study(self) -> None:
        rungs = (rung("plain"), rung("Smooth", "silu", score=94.2001), rung("Tuned", "tuning", score=94.4001))
        values = scores({"baseline": 0.0, "+ silu": 0.0, "+ tuning": 0.0}, sd=0.0012)
        found = compare(ladder(["silu", "tuning"]), values, published(*rungs))
        assert [each.subject for each in found] == ["silu", "tuning", "all"]
        assert [each.p_holm for each in found] == pytest.approx(list(holm([each.p for each in found])))
        assert max(each.p_holm / each.p for each in found) == pytest.approx(3)

    @pytest.mark.parametrize("studies", [300, pytest.param(4000, marks=pytest.mark.slow)])
    @pytest.mark.parametrize(("blocks", "below", "above"), [(5, 5, 5), (8, 5, 8)])
    def test_false_alarms_are_rare_where_what_was_published_holds(
        self, blocks: int, below: int, above: int, studies: int
    ) -> None:
        draws, alarms = np.random.default_rng(1), 0
        for seed in range(studies):
            # Published means as scattered as trials here, with the same true change.
            told = [94 + change + draws.normal(0, 0.2) / n**0.5 for change, n in ((0.0, below), (-0.6, above))]
            ladder_of_means = published(
                rung("plain", score=told[0], trials=below), rung("Smooth", "silu", score=told[1], trials=above)
            )
            values = scores({"baseline": 0.0, "baseline + silu": -0.006}, blocks=blocks, seed=100 + seed)
            alarms += compare(add_one_in(["silu"]), values, ladder_of_means)[0].p < 0.05
        # At most 5 %, and three standard deviations; not so rare that nothing would ever be seen.
        assert 0.01 * studies < alarms < 0.05 * studies + 3 * (0.05 * 0.95 * studies) ** 0.5

    def test_two_arms_are_compared_once(self) -> None:
        values = scores({"baseline": 0.0, "+ silu": 0.0})
        (found,) = compare(ladder(["silu"]), values, ONE_STEP)
        assert (found.kind, found.family) == ("ladder", 1)
        assert found.p_holm == pytest.approx(found.p)


class TestWhichAreTheSame:
    VALUES = scores({"baseline": 0.0, "baseline + silu": 0.0})

    def test_a_group_is_what_its_features_are(self) -> None:
        values = scores({"baseline": 0.0, "baseline + shape": 0.0})
        features = {"baseline": (), "baseline + shape": ("silu",)}
        assert compare(add_one_in(["shape"]), values, ONE_STEP, arm_features=features)
        assert not compare(add_one_in(["shape"]), values, ONE_STEP)

    def test_a_total_is_the_first_rung_against_the_last(self) -> None:
        rungs = (rung("plain"), rung("Smooth", "silu", score=93.9001), rung("Tuned", "tuning", score=94.1001))
        (found,) = compare(total(["silu", "tuning"]), scores({"baseline": 0.0, "all": 0.0}), published(*rungs))
        assert (found.below, found.above) == ("plain", "Tuned")
        assert found.published_change == pytest.approx(0.1)

    def test_an_arm_is_as_long_as_its_rung(self) -> None:
        longer = published(rung("plain"), rung("Smooth", "silu", epochs=12.0))
        assert not compare(add_one_in(["silu"]), self.VALUES, longer)
        assert compare(add_one_in(["silu"]), self.VALUES, longer, epochs={"baseline": 10.0, "baseline + silu": 12.01})
        # The same ratio at another length is another step.
        assert not compare(add_one_in(["silu"]), self.VALUES, longer, epochs={"baseline": 5.0, "baseline + silu": 6.0})
        assert not compare(add_one_in(["silu"]), self.VALUES, ONE_STEP, epochs=24.0)
        assert not compare(add_one_in(["silu"]), self.VALUES, ONE_STEP, epochs={})

    def test_names_of_groups_count_while_a_recipe_has_its_published_features_only(self) -> None:
        values, own = scores({"baseline": 0.0, "all": 0.0}), {"baseline": (), "all": ("silu", "mine")}
        shape = published(rung("plain"), rung("Smooth", "shape"))
        assert compare(total(["shape"]), values, shape, arm_features=own)
        assert not compare(total(["shape"]), values, shape, arm_features=own, groups_as_published=False)
        assert compare(add_one_in(["silu"]), self.VALUES, ONE_STEP, groups_as_published=False)

    def test_rungs_without_epochs_are_as_long_as_their_recipes(self) -> None:
        untold = published(rung("plain"), rung("Smooth", "silu", epochs=None))
        at_lengths = lengths(add_one_in(["silu"]), (0.8, 1.0, 1.2))
        assert compare(add_one_in(["silu"]), self.VALUES, untold)
        shorter = replace(
            at_lengths,
            contrasts=(
                Contrast(subject="silu", with_arm="baseline + silu @ 0.8", without_arm="baseline", kind="pair"),
            ),
        )
        values = scores({arm.name: 0.0 for arm in shorter.arms})
        assert not compare(shorter, values, untold)

    def test_a_step_onto_other_features_is_another(self) -> None:
        design = with_others(add_one_in(["silu"]), ["tuning"])
        assert not compare(design, scores({arm.name: 0.0 for arm in design.arms}), ONE_STEP)

    def test_rungs_that_do_not_say_what_they_changed_are_none_of_ours(self) -> None:
        silent = published(rung("plain"), rung("Something"), rung("Smooth", "silu", score=93.4))
        drawn = replace(ONE_STEP, drawn_only="nobody has its code")
        without_score = published(rung("plain", score=None), rung("Smooth", "silu"))
        assert not compare(add_one_in(["silu"]), self.VALUES, silent, drawn, without_score)
        (found,) = compare(add_one_in(["silu"]), self.VALUES, silent, without_score, replace(ONE_STEP, slug="second"))
        assert found.ladder == "second"

    def test_twins_claim_nothing(self) -> None:
        design = combine(add_one_in(["silu"]), aa(["silu"]))
        values = scores({arm.name: 0.0 for arm in design.arms})
        assert {each.kind for each in compare(design, values, ONE_STEP)} == {"add_one_in"}

    def test_only_percentages_of_which_more_is_better(self) -> None:
        design = add_one_in(["silu"])
        frame = frame_of(self.VALUES, {arm: [2.0] * BLOCKS for arm in self.VALUES}, deal(BLOCKS, 2))
        for score in (replace(TTA_ACCURACY, better="lower"), replace(TTA_ACCURACY, unit="nats", value_unit="")):
            assert not against_published(
                list_effects(frame, design.contrasts, arms=design.arms, score=score),
                design.arms,
                [ONE_STEP],
                arm_features={arm.name: tuple(arm.features) for arm in design.arms},
                epochs={},
                spreads={},
                score=score,
            )
