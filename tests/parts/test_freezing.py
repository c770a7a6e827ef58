from ablate.parts import FreezeFirstGroup, NothingFrozen


def test_the_first_group_is_frozen_at_the_end() -> None:
    assert FreezeFirstGroup(share=0.2).frozen_groups(10) == (0,) * 8 + (1,) * 2
    assert NothingFrozen().frozen_groups(3) == (0, 0, 0)
