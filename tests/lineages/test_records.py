"""Published times by date, against numbers typed here."""

from datetime import date

import pytest

from ablate.errors import UsageError
from ablate.lineages.airbench94_muon.lineage import LADDERS
from ablate.lineages.records import RECORDS, Record

PUBLISHED = {
    94: [
        ("2018-10-26", "dawn.py", 79, 94.08, 50),
        ("2018-11-06", "dawn.py on DAWNBench", 74.04, 94.08, 1),
        ("2019-10-09", "new_dawn.py", 26, 94.1, 50),
        ("2022-03-03", "cifar10-fast-simple", 29.9, 94.22, 1),
        ("2022-03-26", "cifar10-fast-simple", 89.74, 94.12, 1),
        ("2022-03-28", "cifar10-fast-simple", 83.8, 94.1018, 100),
        ("2022-12-29", "hlb-CIFAR10 v0.1.0", 18.1, None, None),
        ("2023-01-05", "cifar10-fast-simple", 14.3, 94.0995, 100),
        ("2023-01-15", "hlb-CIFAR10 v0.2.0", 12.31, None, None),
        ("2023-01-30", "hlb-CIFAR10 v0.3.0", 9.91, None, None),
        ("2023-02-13", "hlb-CIFAR10 v0.4.0", 7.68, None, None),
        ("2023-02-20", "hlb-CIFAR10 v0.5.0", 6.98, None, None),
        ("2023-04-17", "hlb-CIFAR10 v0.6.0", 6.84, None, None),
        ("2023-11-07", "hlb-CIFAR10 v0.7.0", 6.29, None, None),
        ("2024-01-26", "ResNet-18, 26 epochs", 52.1, None, None),
        ("2024-01-26", "new_dawn.py, timed again", 14.9, None, None),
        ("2024-03-20", "airbench94", 3.83, 94.01, 1000),
        ("2024-03-20", "airbench94_compiled", 3.29, 94.01, 1000),
        ("2024-08-11", "airbench94_compiled", 3.09, 94.01, 1000),
        ("2024-09-27", "airbench94_muon", 2.73, 94.05, 400),
        ("2024-09-29", "airbench94_muon", 2.67, 94.04, 200),
        ("2024-11-10", "airbench94_muon", 2.66, 94.02, None),
        ("2024-11-10", "airbench94_muon", 2.59, 94.01, 200),
        ("2025-09-10", "Hive", 2.0932, 94.0207, 2000),
        ("2025-09-11", "Hive", 2.0886, 94.0265, 2000),
        ("2025-09-12", "Hive", 2.0732, 94.0148, 2000),
        ("2025-09-13", "Hive", 2.0511, 94.0138, 2000),
        ("2025-09-15", "Hive", 2.0301, 94.0139, 2000),
        ("2025-09-22", "Hive", 2.0197, 94.0079, 2000),
        ("2025-09-25", "Hive", 2.0160, 94.0084, 2000),
        ("2025-09-26", "Hive", 2.0150, 94.0080, 2000),
        ("2025-10-16", "Hive", 1.99, None, None),
        ("2025-10-17", "Hive", 1.98, 94.02, 2000),
    ],
    95: [("2024-03-20", "airbench95", 10.4, 95.01, 200)],
    96: [
        ("2024-02-11", "ResNet-18, 200 epochs", 462, 96.06, 1),
        ("2024-03-06", "ResNet-18, 80 epochs", 156, None, None),
        ("2024-03-06", "ResNet-9, 70 epochs", 97, None, None),
        ("2024-03-20", "airbench96", 46.3, 96.05, 200),
        ("2024-06-14", "airbench96", 37.0, 96.01, None),
        ("2024-06-14", "airbench96", 35.8, 96.01, None),
        ("2024-06-14", "airbench96", 34.7, 96.03, 400),
        ("2024-06-14", "ResNet-18, standard", 420, 96.0, None),
        ("2024-08-10", "airbench96_faster", 28.0, 96.03, 100),
        ("2024-08-10", "airbench96_faster", 27.3, 96.03, 100),
    ],
}


@pytest.mark.parametrize("target", PUBLISHED)
def test_the_published_times_to_the_last_digit(target: int) -> None:
    told = sorted(
        (
            (each.date, each.name, each.seconds, each.score_percent, each.trials)
            for each in RECORDS
            if each.target == target
        ),
        key=lambda record: record[0],
    )
    assert told == PUBLISHED[target]


def test_each_bears_a_day_that_has_been_a_source_and_hardware() -> None:
    assert len(RECORDS) == sum(map(len, PUBLISHED.values()))
    assert len(set(RECORDS)) == len(RECORDS)
    for record in RECORDS:
        assert date(2018, 1, 1) < date.fromisoformat(record.date) < date(2026, 1, 1)
        assert record.source
        assert record.device
        if record.score_percent is not None:
            assert record.score_percent >= record.target
    others = [(record.device, record.seconds) for record in RECORDS if not record.device.startswith("A100")]
    assert others == [("V100", 79), ("V100", 74.04), ("V100", 26), ("V100", 29.9), ("RTX 3060", 89.74), ("P100", 83.8)]


def test_the_ladders_by_date_say_the_same() -> None:
    known = {(record.date, record.seconds, record.score_percent, record.trials) for record in RECORDS}
    (ladder,) = (ladder for ladder in LADDERS if ladder.slug == "history")
    for rung in ladder.rungs[1:]:
        assert (rung.title, rung.seconds, rung.score_percent, rung.trials) in known


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"date": "2024-03"}, "Record 'x' has date='2024-03'; it takes a day, as 2024-03-20."),
        ({"target": 97}, "Record 'x' has target=97; it takes 94, 95 or 96."),
        ({"seconds": 0.0}, "Record 'x' has seconds=0.0; a positive number belongs there."),
        ({"trials": -1}, "Record 'x' has trials=-1"),
        ({"source": "a\nb"}, "The source of a record has a line break"),
    ],
)
def test_what_cannot_be_a_record_is_refused(change: dict[str, object], message: str) -> None:
    good = {
        **{"name": "x", "date": "2024-03-20", "target": 94, "seconds": 1.0},
        **{"score_percent": None, "trials": None, "device": "A100", "source": "a bench"},
    }
    assert Record(**good).seconds == 1.0
    with pytest.raises(UsageError) as caught:
        Record(**{**good, **change})
    assert message in str(caught.value)
