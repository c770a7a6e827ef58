"""Average effects: the least-squares estimates of a screening, their intervals, and what is left where arms fail."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.errors import UsageError
from ablate.stats import average_shares, effects, list_effects, shapley
from ablate.study import Arm, Contrast, Design, add_one_in, combine, full_factorial, screened, screening, with_twin
from ablate.study.levels import levels_of
from ablate.study.score import Score
from tests.fakes import FakeCatalogue
from tests.stats.build import deal, frame_of, trial

NAMES = ("a", "b", "c", "d", "e")
CATALOGUE = FakeCatalogue({name: name for name in NAMES})
DESIGN = screening(NAMES, CATALOGUE)


def levels(design: Design, names=NAMES) -> np.ndarray:
    return levels_of([arm.features for arm in design.arms], names)


def value(features, **effects) -> float:
    """The sum of the effects of what is on: `a=` alone, `ab=` of a pair together."""
    return sum(effect for names, effect in effects.items() if set(names) <= features)


def made(design: Design, *, gains=None, ratios=None, blocks=4, processes=2, noise=0.0, seed=0) -> pd.DataFrame:
    """Trials with these effects on accuracy and log time; blocks differ by their own level and processes in time."""
    rng = np.random.default_rng(seed)
    owners = deal(blocks, processes)
    block_level, process_level = rng.normal(0, 0.001, blocks), rng.normal(0, 0.001, processes)[owners]
    score, seconds = {}, {}
    for arm in design.arms:
        score[arm.name] = (
            0.94 + value(arm.features, **(gains or {})) + block_level + noise * rng.normal(0, 0.0013, blocks)
        )
        log_time = value(arm.features, **(ratios or {})) + process_level + noise * rng.normal(0, 0.0003, blocks)
        seconds[arm.name] = 2.0 * np.exp(log_time)
    return frame_of(score, seconds, owners)


def without(frame: pd.DataFrame, lost) -> pd.DataFrame:
    """Those (arm, block) failed."""
    gone = [(arm, block) in lost for arm, block in zip(frame["arm"], frame["block"], strict=True)]
    changed = frame.copy()
    changed.loc[gone, "status"] = "failed"
    changed.loc[gone, ["score", "accuracy", "time_seconds"]] = np.nan
    return changed


def averages(frame, design=DESIGN, **options):
    listed = list_effects(frame, design.contrasts, arms=design.arms, **options)
    return {each.subject: each for each in listed if each.kind in ("screening", "total")}


def by_hand(frame: pd.DataFrame, outcome: str, design=DESIGN) -> tuple[np.ndarray, np.ndarray]:
    """Least squares on blocks and ±1/2 columns, and the design matrix of the effects around blocks."""
    good = frame[frame["status"] == "ok"]
    on = {arm.name: [0.5 if name in arm.features else -0.5 for name in NAMES] for arm in design.arms}
    columns = np.array([on[arm] for arm in good["arm"]])
    blocks = pd.get_dummies(good["block"]).to_numpy(dtype=float)
    values = good["score"] if outcome == "score" else np.log(good["time_seconds"])
    matrix = np.column_stack([columns, blocks])
    found, *_ = np.linalg.lstsq(matrix, values.to_numpy(), rcond=None)
    return found[: len(NAMES)], np.linalg.inv(matrix.T @ matrix)[: len(NAMES), : len(NAMES)]


def test_the_score_is_least_squares_over_all_trials_with_the_trials_own_spread() -> None:
    frame = made(DESIGN, gains={"a": 0.001, "bc": 0.002}, noise=1.0)
    found, covariance = by_hand(frame, "score")
    table = frame.pivot(index="block", columns="arm", values="score").to_numpy()
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    degrees = (len(DESIGN.arms) - 1) * 3
    error = np.sqrt((rest**2).sum() / degrees * np.diagonal(covariance))
    half = stats.t.ppf(0.975, degrees) * error
    for place, name in enumerate(NAMES):
        effect = averages(frame)[name]
        assert effect.kind == "screening"
        assert effect.score_change == pytest.approx(100 * found[place], abs=1e-9)
        assert effect.score_low == pytest.approx(100 * (found[place] - half[place]), abs=1e-9)
        assert effect.score_high == pytest.approx(100 * (found[place] + half[place]), abs=1e-9)
        assert effect.score_p == pytest.approx(2 * stats.t.sf(abs(found[place] / error[place]), degrees), rel=1e-6)
        assert effect.score_sd == pytest.approx(100 * error[place] * 2, rel=1e-9)
        assert effect.accuracy_pp == pytest.approx(effect.score_change)


def test_time_is_each_processs_own_least_squares_and_a_t_interval_over_processes() -> None:
    frame = made(DESIGN, ratios={"a": -0.02, "cd": 0.01}, blocks=6, processes=3, noise=1.0)
    values = np.array([by_hand(part, "time")[0] for _, part in frame.groupby("process")])
    half = stats.t.ppf(0.975, 2) * values.std(axis=0, ddof=1) / np.sqrt(3)
    for place, name in enumerate(NAMES):
        effect = averages(frame)[name]
        mean = values[:, place].mean()
        assert (effect.processes, effect.time_blocks, effect.blocks) == (3, 6, 6)
        assert effect.time_percent == pytest.approx(100 * np.expm1(mean), abs=1e-9)
        assert effect.time_low_percent == pytest.approx(100 * np.expm1(mean - half[place]), abs=1e-9)
        assert effect.time_high_percent == pytest.approx(100 * np.expm1(mean + half[place]), abs=1e-9)


def test_pairs_that_work_together_move_no_average_and_three_do_as_computed() -> None:
    alone, pairs = {"a": 0.001, "b": -0.002}, {"ac": 0.003, "de": -0.001, "ab": 0.002}
    found = averages(made(DESIGN, gains=alone | pairs))
    truth = {"a": 0.001 + 0.0015 + 0.001, "b": -0.002 + 0.001, "c": 0.0015, "d": -0.0005, "e": -0.0005}
    for name in NAMES:
        assert found[name].score_change == pytest.approx(100 * truth[name], abs=1e-9)
    # Three together: its average effect is a quarter for each of the three. What the design makes of it is its alias.
    three = averages(made(DESIGN, gains={"abc": 0.004}))
    columns = levels(DESIGN)
    on = (columns[:, :3] > 0).all(axis=1)
    for place, name in enumerate(NAMES):
        computed = 0.004 * (on[columns[:, place] > 0].mean() - on[columns[:, place] < 0].mean())
        assert three[name].score_change == pytest.approx(100 * computed, abs=1e-9)
    assert three["a"].score_change == pytest.approx(0.1, abs=1e-9)


def test_verdicts_are_adjusted_over_all_contrasts_the_total_included() -> None:
    frame = made(DESIGN, gains={"a": 0.004}, ratios={"a": -0.02}, blocks=6, processes=3, noise=1.0)
    found = averages(frame)
    assert {effect.score_family for effect in found.values()} == {6}
    assert {effect.time_family for effect in found.values()} == {6}
    assert (found["a"].score_verdict, found["a"].time_verdict) == ("better", "better")
    assert found["a"].score_p_holm == pytest.approx(6 * found["a"].score_p)
    assert found["a"].with_arm == "with a"
    both = frame.assign(on=["a" in next(x for x in DESIGN.arms if x.name == name).features for name in frame["arm"]])
    means = both.groupby("on")["score"].mean()
    assert (found["a"].without_score, found["a"].with_score) == pytest.approx((means[False], means[True]))
    seconds = both.groupby("on")["time_seconds"].mean()
    assert found["a"].with_time_seconds == pytest.approx(seconds[True], rel=1e-3)
    assert found["a"].without_time_seconds == pytest.approx(seconds[False], rel=1e-3)


def test_a_score_of_which_less_is_better_turns_the_sign() -> None:
    loss = Score(title="loss", unit="nats", better="lower", factor=1.0, margin=0.01)
    effect = averages(made(DESIGN, gains={"a": -0.1}, noise=1.0), score=loss)["a"]
    assert effect.score_change == pytest.approx(0.1, abs=0.01)
    assert effect.score_low < effect.score_change < effect.score_high
    assert effect.score_verdict == "better"


def test_words_say_on_average_once_a_sentence_and_never_with_all_others_on() -> None:
    effect = averages(made(DESIGN, gains={"a": 0.004}, blocks=6, processes=3, noise=1.0))["a"]
    for said in (effect.headline, effect.sentence):
        assert said.startswith("a, on average over the others being on or off: ")
        assert said.count("on average") == 1
        assert "with all" not in said
    assert effect.sentence.endswith("(6 blocks, 3 processes)")
    assert effect.note == ""


def test_twins_and_arms_of_other_designs_count_for_no_average() -> None:
    more = with_twin(combine(DESIGN, add_one_in(NAMES)))
    frame = made(more, gains={"a": 0.001, "ab": 0.004}, noise=1.0)
    odd = frame["arm"].isin({arm.name for arm in more.arms} - {arm.name for arm in DESIGN.arms})
    frame.loc[odd, "score"] += 0.5
    frame.loc[odd, "time_seconds"] *= 3
    alone = frame[~odd]
    for name in NAMES:
        one, other = averages(frame, more)[name], averages(alone)[name]
        assert one.score_change == pytest.approx(other.score_change)
        assert one.time_percent == pytest.approx(other.time_percent)


def test_arms_that_share_their_seeds_make_the_block_the_unit() -> None:
    shared = replace(DESIGN, arms=tuple(replace(arm, stream=0) for arm in DESIGN.arms))
    frame = made(shared, gains={"a": 0.001}, blocks=6, noise=1.0)
    columns = levels(DESIGN) / 2
    table = frame.pivot(index="block", columns="arm", values="score")[[arm.name for arm in DESIGN.arms]].to_numpy()
    by_block = (np.linalg.pinv(columns - columns.mean(axis=0)) @ table.T)[0]
    expected = stats.ttest_1samp(by_block, 0).confidence_interval()
    effect = averages(frame, shared)["a"]
    assert effect.score_change == pytest.approx(100 * by_block.mean())
    assert (effect.score_low, effect.score_high) == pytest.approx((100 * expected.low, 100 * expected.high))


def test_trials_that_measure_no_accuracy_beside_the_score() -> None:
    frame = made(DESIGN, gains={"a": 0.001}).assign(accuracy=np.nan)
    effect = averages(frame)["a"]
    assert effect.score_change == pytest.approx(0.1, abs=1e-9)
    assert np.isnan(effect.accuracy_pp)


class TestFailures:
    GAINS: ClassVar = {"a": 0.003, "b": -0.001}

    def test_a_trial_that_failed_is_done_without_and_said(self) -> None:
        frame = without(made(DESIGN, gains=self.GAINS, noise=1.0), {(DESIGN.arms[3].name, 1)})
        effect = averages(frame)["a"]
        assert effect.score_change == pytest.approx(100 * by_hand(frame, "score")[0][0], abs=1e-9)
        assert effect.note == "1 trial failed or not there yet: estimated from the others"

    def test_without_an_arm_effects_are_wider_and_aliased_in_part(self) -> None:
        whole = made(DESIGN, gains=self.GAINS, noise=1.0)
        lost = {(arm.name, block) for arm in DESIGN.arms[3:7] for block in range(4)}
        part = averages(without(whole, lost))["a"]
        assert part.score_change == pytest.approx(0.3, abs=0.15)
        assert part.score_high - part.score_low > (w := averages(whole)["a"]).score_high - w.score_low
        assert part.note.startswith("aliased in part with ")

    def test_what_can_no_longer_be_told_apart_has_no_numbers_and_a_note(self) -> None:
        design = screening(NAMES, CATALOGUE, resolution=5)
        whole = made(design, gains=self.GAINS, noise=1.0)
        torn = {arm.name for arm in design.arms if ("a" in arm.features) != ("b" in arm.features)}
        found = averages(without(whole, {(name, block) for name in torn for block in range(4)}), design)
        for one, other in (("a", "b"), ("b", "a")):
            assert found[one].blocks == 0
            assert np.isnan(found[one].score_change)
            assert found[one].note == (
                f"its effect can no longer be told from that of '{other}': arms failed or are not there yet"
            )
            assert found[one].headline == f"{one}, on average over the others being on or off: no effect measured"
        assert found["c"].score_change == pytest.approx(0, abs=0.15)

    def test_no_arm_of_one_side(self) -> None:
        whole = made(DESIGN, noise=1.0)
        with_a = {(arm.name, block) for arm in DESIGN.arms if "a" in arm.features for block in range(4)}
        assert averages(without(whole, with_a))["a"].note == "no arm with it has a usable trial"
        everything = {(arm.name, block) for arm in DESIGN.arms for block in range(4)}
        assert averages(without(whole, everything))["b"].note == "no arm of the screening has a usable trial"

    def test_a_process_that_cannot_tell_effects_apart_is_left_out_of_time(self) -> None:
        whole = made(DESIGN, ratios={"a": -0.02}, blocks=3, processes=3, noise=1.0)
        lost = {(arm.name, 2) for arm in DESIGN.arms[3:]}
        effect = averages(without(whole, lost))["a"]
        assert (effect.processes, effect.time_blocks, effect.blocks) == (2, 2, 3)
        assert "1 process with too few arms to tell the effects apart, left out of time" in effect.note

    def test_one_process_has_no_interval_of_time(self) -> None:
        effect = averages(made(DESIGN, blocks=4, processes=1, noise=1.0))["a"]
        assert (effect.processes, effect.time_verdict) == (1, "no verdict")
        assert effect.note.startswith("one process: its trials spread by ")

    def test_trials_that_mix_data_give_nothing(self) -> None:
        frame = made(DESIGN, noise=1.0)
        frame.loc[frame["block"] == 1, "data_digest"] = "e" * 64
        assert averages(frame)["a"].note.startswith("these trials mix data sets")

    def test_blocks_torn_between_environments_have_a_level_in_each(self) -> None:
        frame = made(DESIGN, gains={"a": 0.001}, noise=0.0)
        elsewhere = (frame["block"] == 1) & (frame["position"] >= 8)
        frame.loc[elsewhere, "environment"] = "f" * 64
        frame.loc[elsewhere, "score"] += 0.01
        effect = averages(frame)["a"]
        assert effect.score_change == pytest.approx(0.1, abs=1e-9)
        assert "ran in 2 environments" in effect.note


def test_one_block_gives_intervals_from_the_models_own_spread() -> None:
    frame = made(DESIGN, gains={"a": 0.004}, blocks=1, processes=1, noise=1.0)
    found, covariance = by_hand(frame, "score")
    columns = levels(DESIGN) / 2
    rest = frame["score"].to_numpy() - frame["score"].mean() - (columns @ found)
    error = np.sqrt((rest**2).sum() / 10 * covariance[0, 0])
    effect = averages(frame)["a"]
    assert effect.score_high - effect.score_low == pytest.approx(200 * stats.t.ppf(0.975, 10) * error)
    assert effect.score_verdict in ("better", "inconclusive")


def test_few_trials_on_a_side_give_no_verdict() -> None:
    design = screening(NAMES[:2], CATALOGUE)
    effect = averages(made(design, blocks=2, noise=1.0), design)["a"]
    assert effect.score_verdict == "no verdict"
    assert effect.note.startswith("fewer than 5 trials with it or without: numbers and no verdict; run more --trials")


def test_an_average_without_the_studys_arms_is_refused() -> None:
    with pytest.raises(UsageError, match=r"give the study's, arms=study\.arms"):
        effects(made(DESIGN), DESIGN.contrasts)


class TestShares:
    def test_they_add_up_to_the_measured_whole(self) -> None:
        frame = made(DESIGN, gains={"a": 0.001, "abc": 0.002}, ratios={"a": -0.02, "bcd": -0.01}, noise=1.0)
        found = average_shares(frame, DESIGN.arms, DESIGN.contrasts)
        assert [share.subject for share in found.shares] == [*NAMES, "interactions"]
        assert found.arm_count == 16
        assert sum(share.time_saved_percent for share in found.shares) == pytest.approx(found.total.time_saved_percent)
        assert sum(share.score_change for share in found.shares) == pytest.approx(found.total.score_change)
        (whole,) = [each for each in averages(frame).values() if each.kind == "total"]
        assert found.total.time_saved_percent == pytest.approx(whole.time_saved_percent)

    def test_without_three_together_they_are_shapley_values_and_nothing_is_left(self) -> None:
        gains = {"a": 0.001, "ab": 0.002, "ce": -0.001, "d": 0.0005}
        every = full_factorial(NAMES)
        exact = shapley(made(every, gains=gains), every.arms)
        found = average_shares(made(DESIGN, gains=gains), DESIGN.arms, DESIGN.contrasts)
        for share, other in zip(found.shares, exact.shares, strict=False):
            assert (share.subject, share.score_change) == (other.subject, pytest.approx(other.score_change, abs=1e-9))
        assert found.shares[-1].score_change == pytest.approx(0, abs=1e-9)

    def test_where_an_end_is_outside_the_fraction(self) -> None:
        design = screening(NAMES, CATALOGUE, resolution=5)
        assert len(screened(design.arms, design.contrasts)) == 16
        found = average_shares(made(design, gains={"a": 0.001, "ab": 0.002}), design.arms, design.contrasts)
        assert found.arm_count == 17
        assert [round(share.score_change, 9) for share in found.shares] == [0.2, 0.1, 0, 0, 0, 0]

    def test_where_averages_add_up_whatever_the_trials_nothing_is_left_and_that_is_said(self) -> None:
        names = NAMES[:4]
        design = screening(names, CATALOGUE)
        frame = made(design, gains={"abc": 0.004}, noise=1.0)
        found = average_shares(frame, design.arms, design.contrasts)
        assert [share.subject for share in found.shares] == [*names]
        assert found.averaged
        assert sum(share.score_change for share in found.shares) == pytest.approx(found.total.score_change)
        assert "what three do together is in them, and none is left" in found.note

    def test_without_everything_on_there_are_none(self) -> None:
        design = screening(NAMES, FakeCatalogue({name: name for name in NAMES}, excludes={"a": "b"}))
        found = average_shares(made(design), design.arms, design.contrasts)
        assert (found.shares, found.note) == ((), "there is no arm with everything on to divide the improvement of")
        plain = add_one_in(NAMES)
        assert average_shares(made(plain), plain.arms, plain.contrasts).note.startswith("this study is no screening")


def test_trials_that_measure_one_thing_alone_count_for_that() -> None:
    design = screening(NAMES[:3], CATALOGUE)
    trials = [
        trial(arm.name, block, position=place, process=block % 2, score=0.94 + 0.001 * ("a" in arm.features))
        for place, arm in enumerate(design.arms)
        for block in range(4)
    ]
    effect = averages_of(trials, design)
    assert effect.score_change == pytest.approx(0.1)


def averages_of(trials, design):
    from ablate.stats import trials_frame

    frame = trials_frame(trials)
    scores = frame["block"] < 2
    frame.loc[scores, "time_seconds"] = np.nan
    frame.loc[~scores, ["score", "accuracy"]] = np.nan
    frame["measures"] = np.where(scores, "score", "time")
    effect = averages(frame, design)["a"]
    assert (effect.blocks, effect.time_blocks, effect.processes) == (2, 2, 2)
    return effect


def test_contrasts_of_an_unknown_subject_are_refused_with_the_study() -> None:
    ask = Contrast(subject="x", with_arm="with x", without_arm="without x", kind="screening")
    with pytest.raises(UsageError, match="No arm is with 'x'"):
        Design(arms=(Arm(name="n", features=frozenset()),), contrasts=(ask,))
