"""Published times to 94, 95 and 96 % on CIFAR-10, by the day they were published. Free of torch.

A date is that of the release or of the commit that first states the time. Left out: what bears no date, what rests on a claim that
nobody confirmed, and rungs of an ablation that were no recipe to be run by itself.
"""

from dataclasses import dataclass
from datetime import date as calendar_date
from math import isfinite

from ablate.errors import UsageError
from ablate.formats.printable import check_printable

TARGETS = (94, 95, 96)
"""The accuracies, in percent, that records are kept for."""


@dataclass(frozen=True, slots=True)
class Record:
    """A published time to a target accuracy: when, how long, on what, and where it stands.

    `date` is an ISO 8601 day, `target` 94, 95 or 96 (percent of the test set), `seconds` what was published on `device`.
    `score_percent` is the mean over `trials` runs; None: not published.

    Raises:
        UsageError: a text that does not print on one line, another target, no day, a number that is not positive.
    """

    name: str
    date: str
    target: int
    seconds: float
    score_percent: float | None
    trials: int | None
    device: str
    source: str

    def __post_init__(self) -> None:
        for what in ("name", "device", "source"):
            check_printable(f"The {what} of a record", getattr(self, what))
        try:
            calendar_date.fromisoformat(self.date)
        except ValueError as error:
            raise UsageError(f"Record '{self.name}' has date='{self.date}'; it takes a day, as 2024-03-20.") from error
        if self.target not in TARGETS:
            raise UsageError(f"Record '{self.name}' has target={self.target!r}; it takes 94, 95 or 96.")
        for what in ("seconds", "score_percent", "trials"):
            number = getattr(self, what)
            if number is not None and not (isfinite(number) and number > 0):
                raise UsageError(f"Record '{self.name}' has {what}={number!r}; a positive number belongs there.")


_FAST = "davidcpage/cifar10-fast"
_SIMPLE = "99991/cifar10-fast-simple"
_HLB = "tysam-code/hlb-CIFAR10, release"
_ZOO = "KellerJordan/cifar10-zoo"
_AIRBENCH = "KellerJordan/cifar10-airbench"
_SPEEDRUN = "hiverge/cifar10-speedrun"

_A100, _A100_40, _A100_80 = "A100", "A100-SXM4-40GB", "A100-SXM4-80GB"

_TO_94 = (
    Record("dawn.py", "2018-10-26", 94, 79, 94.08, 50, "V100", f"{_FAST}, README.md (5ca5d10); 94.08 is a median"),
    Record("dawn.py on DAWNBench", "2018-11-06", 94, 74.04, 94.08, 1, "V100", f"{_FAST}, README.md (bd3b935)"),
    Record("new_dawn.py", "2019-10-09", 94, 26, 94.1, 50, "V100", f"{_FAST}, new_dawn.py and bag_of_tricks.ipynb"),
    Record("cifar10-fast-simple", "2022-03-03", 94, 29.9, 94.22, 1, "V100", f"{_SIMPLE}, README.md (2aa499b)"),
    Record("cifar10-fast-simple", "2022-03-26", 94, 89.74, 94.12, 1, "RTX 3060", f"{_SIMPLE}, README.md (8052078)"),
    Record("cifar10-fast-simple", "2022-03-28", 94, 83.8, 94.1018, 100, "P100", f"{_SIMPLE}, logs/P100.txt (3b8aa2c)"),
    Record(
        "cifar10-fast-simple", "2023-01-05", 94, 14.3, 94.0995, 100, _A100_40, f"{_SIMPLE}, logs/A100.txt (6c40938)"
    ),
    # Of two times of a release the one that its notes build on.
    Record("hlb-CIFAR10 v0.1.0", "2022-12-29", 94, 18.1, None, None, _A100, f"{_HLB} v0.1.0"),
    Record("hlb-CIFAR10 v0.2.0", "2023-01-15", 94, 12.31, None, None, _A100, f"{_HLB} v0.2.0; 12.38 s in its README"),
    Record("hlb-CIFAR10 v0.3.0", "2023-01-30", 94, 9.91, None, None, _A100, f"{_HLB} v0.3.0; 9.91 to 9.96 s"),
    Record("hlb-CIFAR10 v0.4.0", "2023-02-13", 94, 7.68, None, None, _A100, f"{_HLB} v0.4.0; 7.68 to 7.71 s"),
    Record("hlb-CIFAR10 v0.5.0", "2023-02-20", 94, 6.98, None, None, _A100, f"{_HLB} v0.5.0"),
    Record("hlb-CIFAR10 v0.6.0", "2023-04-17", 94, 6.84, None, None, _A100, f"{_HLB} v0.6.0"),
    Record("hlb-CIFAR10 v0.7.0", "2023-11-07", 94, 6.29, None, None, _A100, f"{_HLB} v0.7.0"),
    Record("ResNet-18, 26 epochs", "2024-01-26", 94, 52.1, None, None, _A100, f"{_ZOO}, README.md (d6c643e)"),
    Record("new_dawn.py, timed again", "2024-01-26", 94, 14.9, None, None, _A100, f"{_ZOO}, a header (b5c58e7)"),
    Record("airbench94", "2024-03-20", 94, 3.83, 94.01, 1000, _A100_80, f"{_AIRBENCH}, README.md (1d4c83e)"),
    Record("airbench94_compiled", "2024-03-20", 94, 3.29, 94.01, 1000, _A100_80, f"{_AIRBENCH}, README.md (1d4c83e)"),
    Record("airbench94_compiled", "2024-08-11", 94, 3.09, 94.01, 1000, _A100_40, f"{_AIRBENCH}, README.md (2501e32)"),
    Record(
        "airbench94_muon",
        "2024-09-27",
        94,
        2.73,
        94.05,
        400,
        _A100,
        f"{_AIRBENCH}, README.md (addffbf), as airbench94_spectral",
    ),
    Record(
        "airbench94_muon",
        "2024-09-29",
        94,
        2.67,
        94.04,
        200,
        _A100,
        f"{_AIRBENCH}, README.md (00e4a0a), as airbench94_spectral",
    ),
    Record("airbench94_muon", "2024-11-10", 94, 2.66, 94.02, None, _A100, f"{_AIRBENCH}, README.md (3702f2a)"),
    Record("airbench94_muon", "2024-11-10", 94, 2.59, 94.01, 200, _A100, f"{_AIRBENCH}, README.md (ebf9cee)"),
    Record("Hive", "2025-09-10", 94, 2.0932, 94.0207, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-11", 94, 2.0886, 94.0265, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-12", 94, 2.0732, 94.0148, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-13", 94, 2.0511, 94.0138, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-15", 94, 2.0301, 94.0139, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-22", 94, 2.0197, 94.0079, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-25", 94, 2.0160, 94.0084, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-09-26", 94, 2.0150, 94.0080, 2000, _A100, f"{_SPEEDRUN}, logging"),
    Record("Hive", "2025-10-16", 94, 1.99, None, None, _A100, "hiverge.ai, blog of 2025-10-16"),
    Record("Hive", "2025-10-17", 94, 1.980, 94.02, 2000, "A100 of another host", f"{_SPEEDRUN}, cifar10_speedrun.py"),
)

_TO_95 = (Record("airbench95", "2024-03-20", 95, 10.4, 95.01, 200, _A100_80, f"{_AIRBENCH}, README.md (1d4c83e)"),)

_TO_96 = (
    Record("ResNet-18, 200 epochs", "2024-02-11", 96, 462, 96.06, 1, _A100, f"{_ZOO}, cutout_resnet18.py (1869dc4)"),
    Record("ResNet-18, 80 epochs", "2024-03-06", 96, 156, None, None, _A100, f"{_ZOO}, airbench/README.md (a72241e)"),
    Record("ResNet-9, 70 epochs", "2024-03-06", 96, 97, None, None, _A100, f"{_ZOO}, airbench/README.md (a72241e)"),
    Record("airbench96", "2024-03-20", 96, 46.3, 96.05, 200, _A100_80, f"{_AIRBENCH}, README.md (1d4c83e)"),
    Record("airbench96", "2024-06-14", 96, 37.0, 96.01, None, _A100_80, f"{_AIRBENCH}, README.md (a3de6ee)"),
    Record("airbench96", "2024-06-14", 96, 35.8, 96.01, None, _A100_80, f"{_AIRBENCH}, README.md (c026581)"),
    Record("airbench96", "2024-06-14", 96, 34.7, 96.03, 400, _A100_80, f"{_AIRBENCH}, README.md (4f5d80e, c8b5412)"),
    Record("ResNet-18, standard", "2024-06-14", 96, 420, 96.0, None, _A100, f"{_AIRBENCH}, README.md (54f43c1)"),
    Record("airbench96_faster", "2024-08-10", 96, 28.0, 96.03, 100, _A100_40, f"{_AIRBENCH}, README.md (d94fab9)"),
    Record(
        "airbench96_faster",
        "2024-08-10",
        96,
        27.3,
        96.03,
        100,
        _A100_40,
        f"{_AIRBENCH}, README.md (efe0275); 96.00 % over 200 later",
    ),
)

RECORDS: tuple[Record, ...] = (*_TO_94, *_TO_95, *_TO_96)
"""Every published time that bears a date, by target: those that were the best of their day, and the others."""
