"""Every statement about a folder without trials is a sentence."""

from ablate.stats import arm_summary, effects, equal_accuracy, interactions, ladder, shapley, trials_frame
from ablate.study import Arm
from tests.stats.build import contrast, trial
from tests.stats.worlds import FACTORIAL_ARMS, LENGTH_ARMS

FOLDERS = {
    "empty": trials_frame([]),
    "failed": trials_frame([trial(arm.name, 0, status="failed") for arm in (*FACTORIAL_ARMS, *LENGTH_ARMS)]),
    "one trial": trials_frame([trial("baseline", 0)]),
}
REASONS = {
    "empty": "has no trial in this run folder",
    "failed": "failed or ran out of time",
    "one trial": "has no trial",
}


def test_each_gives_its_reason():
    rung = contrast("a", with_arm="a", without_arm="baseline", kind="ladder")
    for folder, frame in FOLDERS.items():
        reason = REASONS[folder]
        assert reason in effects(frame, [rung]).loc[0, "note"]
        assert reason in ladder(frame, [rung]).note
        assert reason in shapley(frame, FACTORIAL_ARMS).note
        assert reason in interactions(frame, FACTORIAL_ARMS).loc[0, "note"]
        assert reason in equal_accuracy(frame, LENGTH_ARMS).set_index("arm").loc["silu", "note"]
        assert len(arm_summary(frame)) == frame["arm"].nunique()


def test_no_arms_at_all():
    frame = FOLDERS["empty"]
    assert len(equal_accuracy(frame, [])) == 0
    assert len(interactions(frame, [])) == 0
    assert shapley(frame, []).table().empty
    assert ladder(frame, []).table().empty
    assert "at one length" in equal_accuracy(frame, [Arm(name="a", features=frozenset())]).loc[0, "note"]
