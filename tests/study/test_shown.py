"""Studies as notebooks show them."""

import re
from dataclasses import replace

from ablate.study import Arm, Design, Study, leave_one_out

EVIL = "<img src=x>"


def test_a_study_shows_its_question_its_price_and_which_arm_has_what() -> None:
    study = Study.of(leave_one_out(["silu", "tuning"]), name="mine", question=f"Is {EVIL} text?", blocks=4, processes=2)
    text = study._repr_html_()
    assert "Is &lt;img src=x&gt; text?" in text
    assert "3 arms × 4 blocks = 12 trainings in 2 processes<" in text
    assert "<td>2 leave-one-out</td>" in text
    matrix = re.findall(r"<tr><th>(all.*?)</th>(.*?)</tr>", text)
    on = {arm: [bool(mark) for mark in re.findall(r'<td class="mark">(.?)</td>', cells)] for arm, cells in matrix}
    assert on == {"all": [True, True], "all - silu": [False, True], "all - tuning": [True, False]}


def test_lengths_are_told_where_they_differ() -> None:
    study = Study.of(leave_one_out(["silu"]), name="mine", question="?", blocks=4, processes=1)
    assert "length" not in study._repr_html_()
    short = replace(study, arms=tuple(replace(arm, length=0.5) for arm in study.arms))
    assert "8 trainings in one process, as long as 4 of the published length<" in short._repr_html_()
    assert '<td class="numeric">0.5</td>' in short._repr_html_()


def test_many_features_are_told_by_name_and_many_arms_by_both_ends() -> None:
    names = [f"feature_{number}" for number in range(60)]
    study = Study.of(leave_one_out(names), name="mine", question="?", blocks=5)
    text = study._repr_html_()
    assert "<tr><th>all - feature_3</th><td>all but feature_3</td></tr>" in text
    assert "<tr><th>… 21 more</th><td></td></tr>" in text
    assert "all - feature_59" in text
    arms = (Arm(name=EVIL, features=frozenset()), Arm(name="x", features=frozenset(names[:1])))
    lone = Study.of(
        Design(arms=arms, contrasts=(), left_out=((EVIL, EVIL),)), name="x", question="?", blocks=1, processes=1
    )
    assert EVIL not in lone._repr_html_()
    assert "1 block = 2 trainings" in lone._repr_html_()
