"""What the tuning script says of settings: what it trains on, how much work they are, and how they compare."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from tune_beyond import HELD_OUT, RECORD, apart, arm_of, read, table, tuning_registry, work_of

from ablate.datasets import Dataset
from tests.tiny_training import TINY

REGISTRY = tuning_registry()


def numbered(num_train: int) -> Dataset:
    """Images whose first pixels tell their place; the test set's are all 255."""
    images = np.zeros((num_train, 32, 32, 3), dtype=np.uint8)
    images[:, 0, 0] = np.stack([np.arange(num_train) // 256, np.arange(num_train) % 256, np.zeros(num_train)], axis=1)
    labels = np.arange(num_train) % 10
    test = np.full((4, 32, 32, 3), 255, dtype=np.uint8)
    return Dataset.of("numbered", tuple("abcdefghij"), (images, labels), (test, labels[:4]))


def test_no_image_held_out_is_trained_on_and_none_is_of_the_test_set() -> None:
    split = apart(numbered(6000), 0.5)
    trained, held = (
        {int(place[0]) * 256 + int(place[1]) for place in images[:, 0, 0]}
        for images in (split.train_images, split.test_images)
    )
    assert (len(trained), len(held)) == (500, HELD_OUT)
    assert not trained & held
    assert trained | held <= set(range(6000))
    again = apart(numbered(6000), 1.0)
    assert np.array_equal(again.test_images, split.test_images)
    assert np.array_equal(again.train_images[:500], split.train_images)


def test_a_setting_is_the_record_with_exact_and_what_it_names() -> None:
    record, longer = arm_of(RECORD, REGISTRY), arm_of("freeze_0.3+growing_images@0.9", REGISTRY)
    assert record.features == {*REGISTRY.names, "exact"}
    assert (longer.features - record.features, longer.length) == ({"freeze_0_3", "growing_images"}, 0.9)


def test_work_is_counted_step_by_step() -> None:
    dataset = apart(numbered(5040), 1.0)
    dataset = replace(dataset, test_images=dataset.test_images[:20], test_labels=dataset.test_labels[:20])
    scale = replace(TINY, batch=10 / 1536)

    def work(name: str) -> float:
        return work_of(REGISTRY.compose(arm_of(name, REGISTRY).features).scaled(scale), dataset)

    record = work(RECORD)
    growing, frozen = work("growing_images"), work("frozen_first_group")
    # A third of the steps at 9/16 of the pixels and a third at 49/64, of which maps lose more at their edges.
    assert 0.6 < growing / record < 0.9
    assert 0.95 < frozen / record < 0.99
    assert work("two_step_newton_schulz") < record


def test_settings_are_compared_with_the_record_seed_by_seed() -> None:
    lines = [
        {"setting": setting, "seed": seed, "accuracy": accuracy, "work": work, "seconds": 2.0}
        for setting, work, accuracies in ((RECORD, 1.0, (0.5, 0.7)), ("freeze_0.3", 0.9, (0.51, 0.73)))
        for seed, accuracy in enumerate(accuracies)
    ]
    assert table(lines).splitlines()[1:] == [
        f"{'record':<44}   2  60.00 ± 10.00                   1.000     2.00",
        f"{'freeze_0.3':<44}   2  62.00 ± 11.00     +2.00 ± 1.00  0.900     2.00",
    ]


def test_trainings_at_another_scale_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "tuning.jsonl"
    assert read(path, {}) == []
    path.write_text('{"at": {"width": 0.5}, "seed": 0}\n{"at": {"width": 1.0}, "seed": 1}\n')
    assert [line["seed"] for line in read(path, {"width": 1.0})] == [1]
