"""Every published figure that a lineage carries, against numbers typed from the publications."""

import pytest

from ablate.errors import UsageError
from ablate.lineages.lookup import find_lineage
from ablate.lineages.published import published_of
from ablate.study import Study

LADDERS = {
    "airbench94/paper": [
        (45, 18.3, 94.00, 50),
        (21, 8.0, 94.00, 200),
        (18, 6.8, 94.01, 200),
        (13.5, 5.1, 94.01, 200),
        (12, 4.6, 94.02, 200),
        (10.8, 4.2, 94.02, 200),
        (9.9, 3.83, 94.02, 700),
        (9.9, 3.29, 94.01, 1000),
    ],
    "airbench94/repository": [
        (34, 14.2, 94.00, 100),
        (21, 8.6, 94.00, 200),
        (18, 7.3, 94.01, 200),
        (13.5, 5.5, 94.01, 200),
        (13.5, 5.2, 94.03, 500),
        (12, 4.6, 94.02, 200),
        (10.8, 4.3, 94.02, 200),
        (9.9, 3.9, 94.02, 700),
        (9.9, 3.5, 94.01, 1000),
    ],
    "airbench94/history": [
        *((9.9, 3.83, 94.01, 1000), (9.9, 3.29, 94.01, 1000), (9.9, 3.09, 94.01, 1000)),
        *((None, 2.73, 94.05, 400), (None, 2.67, 94.04, 200), (None, 2.66, 94.02, None), (None, 2.59, 94.01, 200)),
    ],
    "airbench95/from_airbench94": [(9.9, 3.83, 94.01, 1000), (15, 10.4, 95.01, 200)],
    "airbench96/from_airbench94": [(9.9, 3.83, 94.01, 1000), (37, 34.7, 96.03, 400)],
    "airbench96/history": [
        (40, 46.3, 96.05, 200),
        (None, 37.0, 96.01, None),
        (None, 35.8, 96.01, None),
        (37, 34.7, 96.03, 400),
    ],
    "airbench96_faster/record": [(37, 34.7, 96.03, 400), (45, 27.3, 96.00, 200)],
    "airbench96_faster/history": [
        (37, 34.7, 96.03, 400),
        (None, 28.0, 96.03, 100),
        (None, 27.3, 96.03, 100),
        (None, 27.3, 96.00, 200),
    ],
    "resnet18/cutout": [(200, 462, 95.57, 1), (200, 462, 96.06, 1)],
    "resnet18/to_96": [
        (200, 420, 96.0, None),
        (80, 156, None, None),
        (70, 97, None, None),
        (40, 46.3, 96.05, 200),
        (37, 34.7, 96.03, 400),
        (45, 27.3, 96.00, 200),
    ],
    "page/bag_of_tricks": [
        *((24, 70, 94.1, None), (25, 64, 94.1, None), (23, 59, 94.1, None), (20, 52, 94.1, None), (18, 46, 94.1, None)),
        *((17, 43, 94.1, None), (15, 39, 94.1, None), (14, 36, 94.1, None), (13, 33.5, 94.1, None)),
        *((13, None, 94.6, None), (10, 26, 94.1, None)),
    ],
    "page/before": [
        *((None, 356, None, None), (None, 323, None, None), (None, 308, None, None), (None, 301, 94.0, None)),
        *((None, 297, 94.1, None), (None, 256, None, None), (None, 186, 93.7, None), (30, 161, 94.1, None)),
        *((30, 154, None, None), (24, 79, 94.1, None), (24, 75, 94.1, None), (24, 70, 94.1, None)),
    ],
    "hlb/releases": [
        *((10, 18.1, None, None), (None, 12.31, None, None), (None, 9.91, None, None), (None, 7.68, None, None)),
        *((12.6, 6.98, None, None), (12.1, 6.84, None, None), (12.1, 6.29, None, None)),
    ],
    "germer/simpler": [(10, 14, 94.10, 400), (10, 14.3, 94.0995, 100)],
    "fastcifar10/stock_parts": [(10, 14.3, 94.0995, 100), (10, 14.79, 93.44, 100)],
}
LADDERS["page/bag_of_tricks_seconds"] = [rung for rung in LADDERS["page/bag_of_tricks"] if rung[1] is not None]
for slug in ("paper", "repository"):
    LADDERS[f"airbench94/{slug}_seconds"] = LADDERS[f"airbench94/{slug}"]

TABLES = {
    "airbench94/leave_one_out": [
        (9.9, 94.01, 1000),
        (22, 94.02, 25),
        (12.7, 94.03, 100),
        (12.8, None, None),
        (14.2, 94.03, 100),
        (10.7, 94.00, 125),
        (11.2, 94.00, 100),
        (10.8, 94.02, 200),
    ],
    "airbench94/added_to_whitened": [
        (21, 94.00, 200),
        (18, 94.01, 200),
        (16.5, 94.01, 100),
        (20.2, 94.01, 100),
        (18, 93.99, 100),
        (18.5, 94.04, 100),
        (19, 93.95, 100),
        (20, 93.99, 100),
        (21, 94.05, 100),
        (17.1, 94.01, 100),
    ],
    "airbench94/added_to_plain": [
        (34, 94.00, 100),
        (21, 94.00, 200),
        (29.5, 93.98, 100),
        (30, 94.03, 100),
        (34, 93.88, 25),
        (40, 93.99, 25),
        (33, 94.01, 100),
        (29.5, 94.02, 100),
        (33, 94.00, 100),
    ],
    "airbench94/data_order": [(9.9, 93.40, None), (9.9, 93.48, None), (9.9, 93.92, None), (9.9, 94.01, None)],
    "airbench94/flip_by_length": [
        *((10, 93.10, None), (20, 93.745, None), (40, 94.01, None), (80, 94.12, None)),
        *((10, 93.28, None), (20, 93.87, None), (40, 94.07, None), (80, 94.16, None)),
    ],
    "airbench94/no_tta": [(9.9, 93.2, None)],
    "airbench95/flip": [(15, 94.95, 100), (16, 94.97, 100), (17, 95.01, 100), (15, 95.01, 200)],
    "airbench95/no_tta": [(15, 94.4, None)],
    "airbench96/flip": [(40, 96.01, 200), (40, 96.05, 200)],
    "airbench96/no_tta": [(None, 95.6, None)],
    "resnet18/flip": [(26, 94.004, 200), (26, 94.039, 200), (80, 95.875, 100), (80, 95.885, 100)],
    "resnet18/tta": [
        *((80, 95.32, 1), (80, 95.55, 1)),
        *((80, 95.67, 1), (80, 95.90, 1)),
        *((80, 95.82, 1), (80, 96.03, 1)),
    ],
}
TABLES |= {
    "page/pooling": [(24, 94.1, None), (24, None, None)],
    "page/pool_before_norm_alone": [(24, 94.1, None), (24, 94.0, 50)],
    "page/label_smoothing_alone": [(25, 94.1, None), (25, 94.2, 50)],
    "page/celu_alone": [(23, 94.1, None), (23, 94.3, 50)],
    "page/ghost_norm_alone": [(20, 94.1, None), (20, 94.2, None)],
    "page/frozen_scales_alone": [(18, 94.1, None), (18, 94.2, None)],
    "page/whitening_alone": [(17, 94.1, None), (17, 94.4, None)],
    "page/ema_alone": [(14, 94.1, None), (14, 94.3, None)],
    "page/again": [(10, 94.10, 400), (10, 94.09, 300)],
    "hlb/precision": [
        *((None, 93.97, None), (None, 94.0, None), (None, 93.89, None), (None, 94.17, None), (None, 93.187, None)),
    ],
    "hlb/devices": [(None, 93.97, None), (None, 94.003, None), (None, 94.247, None), (None, 94.05, None)],
    "germer/by_device": [(10, 94.0995, 100), (10, 94.1018, 100), (10, 94.22, 1), (10, 94.12, 1)],
}

NAMES = (
    *("airbench94", "airbench95", "airbench96", "airbench96_faster"),
    *("fastcifar10", "germer", "hlb", "page", "resnet18"),
)


@pytest.mark.parametrize("place", LADDERS)
def test_every_rung(place: str) -> None:
    name, slug = place.split("/")
    rungs = find_lineage(name).ladders[slug].rungs
    assert [(rung.epochs, rung.seconds, rung.score_percent, rung.trials) for rung in rungs] == LADDERS[place]


@pytest.mark.parametrize("place", TABLES)
def test_every_published_arm(place: str) -> None:
    name, slug = place.split("/")
    arms = find_lineage(name).tables[slug].arms
    assert [(arm.epochs, arm.score_percent, arm.trials) for arm in arms] == TABLES[place]


def test_nothing_is_carried_that_is_not_held_here() -> None:
    lineages = [find_lineage(name) for name in NAMES]
    assert {f"{each.name}/{slug}" for each in lineages for slug in each.ladders} == LADDERS.keys()
    assert {f"{each.name}/{slug}" for each in lineages for slug in each.tables} == TABLES.keys()


def every_ladder() -> list[tuple[str, str]]:
    return [tuple(place.split("/")) for place in LADDERS]


@pytest.mark.parametrize(("name", "slug"), every_ladder())
def test_a_ladder_is_trained_as_it_was_or_not_at_all(name: str, slug: str) -> None:
    """What would be trained starts at the recipe that was measured, and each of its rungs says what it adds."""
    lineage = find_lineage(name)
    ladder = lineage.ladders[slug]
    if ladder.drawn_only:
        with pytest.raises(UsageError, match=f"Ladder '{slug}' can be drawn and not trained: {ladder.drawn_only}"):
            Study.published(lineage, slug)
        return
    study = Study.published(lineage, slug)
    assert study.left_out == ()
    assert all(rung.adds for rung in ladder.rungs[1:])
    if not ladder.rungs[0].adds:
        assert ladder.rungs[0].epochs == lineage.epochs(())
    for arm, rung in zip(study.arms, ladder.rungs, strict=True):
        assert arm.length * lineage.epochs(arm.features) == pytest.approx(rung.epochs)


def test_epochs_of_a_script_without_whitening() -> None:
    # In the repository's script a normed first convolution stands in the whitening layer's place.
    without = find_lineage("airbench94").tables["leave_one_out"].arms[1]
    assert "normed_first_layer" in (without.on or ())
    assert without.seconds == 9.3


@pytest.mark.parametrize("name", NAMES)
def test_every_published_arm_can_be_trained_where_it_says_what_was_on(name: str) -> None:
    lineage = find_lineage(name)
    for table in lineage.tables.values():
        for arm in table.arms:
            assert arm.on is None or lineage.reason_impossible(arm.on) is None


TOLD = {
    # Where, epochs with it, epochs without.
    ("airbench94", "whitening"): [
        ("paper", 21, 45),
        ("repository", 21, 34),
        ("leave_one_out", 9.9, 22),
        ("added_to_plain", 21, 34),
    ],
    ("airbench94", "frozen_bias"): [("repository", 13.5, 13.5)],
    ("airbench94", "scalebias"): [
        *(("repository", 13.5, 18), ("leave_one_out", 9.9, 14.2), ("added_to_whitened", 16.5, 21)),
        *(("added_to_plain", 34, 34), ("added_to_plain", 40, 34)),
    ],
    ("airbench94", "with_replacement"): [("data_order", 9.9, 9.9)],
    ("airbench94", "short_run"): [],
    ("airbench95", "alternating_flip"): [("flip", 15, 15)],
    ("airbench96_faster", "data_filtering"): [],
    ("resnet18", "cutout"): [("cutout", 200, 200)],
    ("page", "celu"): [
        *(("bag_of_tricks", 20, 23), ("celu_alone", 23, 23)),
    ],
    ("page", "ghost_norm"): [("ghost_norm_alone", 20, 20)],
    ("page", "flip_tta"): [("bag_of_tricks", 13, 13)],
    ("fastcifar10", "torch_sgd"): [("stock_parts", 10, 10)],
}


@pytest.mark.parametrize(("name", "feature"), TOLD)
def test_what_was_published_of_a_feature_by_itself(name: str, feature: str) -> None:
    pairs = published_of(find_lineage(name), feature)
    assert [(pair.where, pair.with_it.epochs, pair.without_it.epochs) for pair in pairs] == TOLD[name, feature]


def test_with_and_without_are_not_mixed_up() -> None:
    (pair,) = published_of(find_lineage("airbench94"), "with_replacement")
    assert (pair.with_it.score_percent, pair.without_it.score_percent) == (93.40, 93.92)
    assert published_of(find_lineage("airbench94"), "of_ones_own") == ()
