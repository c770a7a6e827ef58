"""Two arms, two trials each, on images that need no download: does everything work here?"""

from ablate.study import ALL, BASELINE, Arm, Catalogue, Study, groups_together, pair


def study(catalogue: Catalogue) -> Study:
    """All groups that can be on together, against all but the last of them."""
    groups = groups_together(catalogue)
    *others, last = groups.names
    whole = Arm(name=ALL, features=frozenset(groups.names))
    rest = Arm(name=f"{ALL} - {last}" if others else BASELINE, features=frozenset(others))
    return Study.of(
        pair(whole, rest),
        left_out=groups.left_out,
        name="smoke",
        question="Does everything work here?",
        blocks=2,
        processes=1,
        data="synthetic",
        preset="mini",
    )
