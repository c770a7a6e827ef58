"""What was published about airbench94's changes: the paper's ladder, its repository's, and tables of single changes. Free of torch."""

from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

_PAPER = "arXiv:2404.00498"
_ZOO = "KellerJordan/cifar10-zoo, airbench/ablations"
_README = f"{_ZOO}/README.md"
_AIRBENCH = "KellerJordan/cifar10-airbench"
_FIGURES = f"{_ZOO}/make_figures.py"
_SOURCE = f"{_PAPER}, section 3; {_ZOO}"
_A100 = "A100"

_STEPS = (
    ("plain network", (), 45.0, 18.3, 94.00, 50),
    ("whitening", ("whitening",), 21.0, 8.0, 94.00, 200),
    ("identity initialisation", ("dirac",), 18.0, 6.8, 94.01, 200),
    ("scaled and frozen biases", ("scalebias", "frozen_bias"), 13.5, 5.1, 94.01, 200),
    ("lookahead", ("lookahead",), 12.0, 4.6, 94.02, 200),
    ("multi-crop TTA", ("multicrop_tta",), 10.8, 4.2, 94.02, 200),
    ("alternating flip", ("alternating_flip",), 9.9, 3.83, 94.02, 700),
    ("compilation", ("compile",), 9.9, 3.29, 94.01, 1000),
)
"""Epochs and seconds are the paper's, accuracy and n those of the repository's scripts for the same steps."""

_MEASURED_AGAIN = (
    ("plain network, first convolution normed", (), 34.0, 14.2, 94.00, 100, "main0_network.py (2024-03-01)"),
    ("whitening", ("whitening",), 21.0, 8.6, 94.00, 200, "main1_whiten.py"),
    ("identity initialisation", ("dirac",), 18.0, 7.3, 94.01, 200, "main2_dirac.py"),
    ("scaled biases", ("scalebias",), 13.5, 5.5, 94.01, 200, "main3_scalebias.py"),
    ("frozen whitening bias", ("frozen_bias",), 13.5, 5.2, 94.03, 500, "main4_freeze.py"),
    ("lookahead", ("lookahead",), 12.0, 4.6, 94.02, 200, "main5_lookahead.py"),
    ("multi-crop TTA", ("multicrop_tta",), 10.8, 4.3, 94.02, 200, "main6_tta.py"),
    ("alternating flip", ("alternating_flip",), 9.9, 3.9, 94.02, 700, "main7_mirror.py"),
    ("compilation", ("compile",), 9.9, 3.5, 94.01, 1000, "main8_compile.py"),
)


_RUNGS = tuple(
    Rung(
        title=title,
        adds=adds,
        epochs=epochs,
        seconds=seconds,
        score_percent=score,
        trials=trials,
        source=_SOURCE,
    )
    for title, adds, epochs, seconds, score, trials in _STEPS
)

_RUNGS_AGAIN = tuple(
    Rung(
        title=title,
        adds=adds,
        epochs=epochs,
        seconds=seconds,
        score_percent=score,
        trials=trials,
        source=f"{_README}; {script}",
    )
    for title, adds, epochs, seconds, score, trials, script in _MEASURED_AGAIN
)

_OTHER_NETWORK = (
    "its plain network normalises what comes out of a first convolution without bias, as `normed_first_layer` does, whose place "
    "the next rung takes"
)

_BEFORE_COMPILE = ("whitening", "dirac", "scalebias", "frozen_bias", "lookahead", "multicrop_tta", "alternating_flip")

LADDERS = (
    Ladder(
        slug="paper",
        title="airbench94, step by step",
        unit="epochs",
        target_percent=94.0,
        device=_A100,
        rungs=_RUNGS,
    ),
    Ladder(
        slug="paper_seconds",
        title="airbench94, step by step",
        unit="seconds",
        target_percent=94.0,
        device=_A100,
        rungs=_RUNGS,
    ),
    Ladder(
        slug="repository",
        title="airbench94 in its repository of ablations",
        unit="epochs",
        target_percent=94.0,
        device=_A100,
        rungs=_RUNGS_AGAIN,
        drawn_only=_OTHER_NETWORK,
    ),
    Ladder(
        slug="repository_seconds",
        title="airbench94 in its repository of ablations",
        unit="seconds",
        target_percent=94.0,
        device=_A100,
        rungs=_RUNGS_AGAIN,
        drawn_only=_OTHER_NETWORK,
    ),
    Ladder(
        slug="history",
        title="The record by date",
        unit="seconds",
        target_percent=94.0,
        device="A100 (other hosts and versions of torch)",
        rungs=(
            Rung(
                title="2024-03 (eager)",
                adds=_BEFORE_COMPILE,
                epochs=9.9,
                seconds=3.83,
                score_percent=94.01,
                trials=1000,
                source=f"{_AIRBENCH}, legacy/airbench94.py",
            ),
            Rung(
                title="2024-03 (compiled)",
                adds=("compile",),
                epochs=9.9,
                seconds=3.29,
                score_percent=94.01,
                trials=1000,
                source=f"{_PAPER}, section 3.7",
            ),
            Rung(
                title="2024-08 (torch 2.4.0)",
                epochs=9.9,
                seconds=3.09,
                score_percent=94.01,
                trials=1000,
                source=f"{_AIRBENCH}, legacy/airbench94_compiled.py",
            ),
            *(
                Rung(
                    title=title, seconds=seconds, score_percent=score, trials=trials, source=f"{_AIRBENCH}, git history"
                )
                for title, seconds, score, trials in (
                    ("2024-09-27 (spectral)", 2.73, 94.05, 400),
                    ("2024-09-29 (spectral)", 2.67, 94.04, 200),
                    ("2024-11-10 (Muon)", 2.66, 94.02, None),
                    ("2024-11-10 (Muon, 3 steps)", 2.59, 94.01, 200),
                )
            ),
        ),
        drawn_only="its later rungs are another torch on another host, then another optimiser; `airbench94_muon` begins at the last",
    ),
)


def _without(feature: str) -> tuple[str, ...]:
    return tuple(name for name in _BEFORE_COMPILE if name != feature)


def _arm(
    title: str,
    on: tuple[str, ...] | None,
    epochs: float,
    score: float,
    trials: int,
    seconds: float | None = None,
) -> PublishedArm:
    return PublishedArm(
        title=title,
        on=on,
        epochs=epochs,
        seconds=seconds,
        score_percent=score,
        trials=trials,
        source=f"{_FIGURES}; {_ZOO}/non_cascade",
    )


_NORMED = ("normed_first_layer",)

_WHOLE = PublishedArm(
    title="airbench94",
    on=_BEFORE_COMPILE,
    epochs=9.9,
    seconds=3.83,
    score_percent=94.01,
    trials=1000,
    source=f"{_AIRBENCH}, legacy/airbench94.py",
)

TABLES = (
    PublishedTable(
        slug="leave_one_out",
        title="Epochs to 94 % without one feature",
        device=_A100,
        arms=(
            _WHOLE,
            # Where whitening is off, the script has the normed first layer in its place.
            _arm(
                "without whitening",
                ("normed_first_layer", "dirac", "scalebias", "lookahead", "multicrop_tta", "alternating_flip"),
                22.0,
                94.02,
                25,
                seconds=9.3,
            ),
            _arm("without identity initialisation", _without("dirac"), 12.7, 94.03, 100),
            PublishedArm(
                title="without identity initialisation, in the paper",
                on=_without("dirac"),
                epochs=12.8,
                source=f"{_PAPER}, figure 4",
            ),
            _arm("without scaled biases", _without("scalebias"), 14.2, 94.03, 100),
            _arm("without lookahead", _without("lookahead"), 10.7, 94.00, 125),
            _arm("without multi-crop TTA", _without("multicrop_tta"), 11.2, 94.00, 100),
            _arm("without alternating flip", _without("alternating_flip"), 10.8, 94.02, 200),
        ),
    ),
    PublishedTable(
        slug="added_to_whitened",
        title="Epochs to 94 % with one feature over the whitened network",
        device=_A100,
        arms=(
            _arm("whitened network", ("whitening",), 21.0, 94.00, 200),
            _arm("identity initialisation", ("whitening", "dirac"), 18.0, 94.01, 200),
            _arm("scaled biases", ("whitening", "scalebias"), 16.5, 94.01, 100),
            _arm("lookahead", ("whitening", "lookahead"), 20.2, 94.01, 100),
            _arm("multi-crop TTA", ("whitening", "multicrop_tta"), 18.0, 93.99, 100),
            _arm("multi-crop TTA, half an epoch more", ("whitening", "multicrop_tta"), 18.5, 94.04, 100),
            _arm("alternating flip, 19 epochs", ("whitening", "alternating_flip"), 19.0, 93.95, 100),
            _arm("alternating flip", ("whitening", "alternating_flip"), 20.0, 93.99, 100),
            _arm("alternating flip, 21 epochs", ("whitening", "alternating_flip"), 21.0, 94.05, 100),
            _arm(
                "lookahead, multi-crop TTA and alternating flip",
                ("whitening", "lookahead", "multicrop_tta", "alternating_flip"),
                17.1,
                94.01,
                100,
            ),
        ),
    ),
    PublishedTable(
        slug="added_to_plain",
        title="Epochs to 94 % with one feature over the plain network with a normed first convolution",
        device=_A100,
        arms=(
            _arm("plain network", _NORMED, 34.0, 94.00, 100),
            _arm("whitening", ("whitening",), 21.0, 94.00, 200),
            _arm("identity initialisation, 29.5 epochs", (*_NORMED, "dirac"), 29.5, 93.98, 100),
            _arm("identity initialisation", (*_NORMED, "dirac"), 30.0, 94.03, 100),
            _arm("scaled biases, 34 epochs", (*_NORMED, "scalebias"), 34.0, 93.88, 25),
            _arm("scaled biases, 40 epochs", (*_NORMED, "scalebias"), 40.0, 93.99, 25),
            _arm("lookahead", (*_NORMED, "lookahead"), 33.0, 94.01, 100),
            _arm("multi-crop TTA", (*_NORMED, "multicrop_tta"), 29.5, 94.02, 100),
            _arm("alternating flip", (*_NORMED, "alternating_flip"), 33.0, 94.00, 100),
        ),
    ),
    PublishedTable(
        slug="data_order",
        title="Accuracy of airbench94 by reshuffling and alternating flip",
        device=_A100,
        arms=tuple(
            PublishedArm(
                title=title,
                on=(*_without("alternating_flip"), "short_run", *on),
                epochs=9.9,
                score_percent=score,
                source=f"{_PAPER}, table 1",
            )
            for title, on, score in (
                ("with replacement, random flip", ("with_replacement",), 93.40),
                ("with replacement, alternating flip", ("with_replacement", "alternating_flip"), 93.48),
                ("reshuffled, random flip", (), 93.92),
                ("reshuffled, alternating flip", ("alternating_flip",), 94.01),
            )
        ),
    ),
    PublishedTable(
        slug="flip_by_length",
        title="Accuracy of airbench94 without TTA by flip and epochs (read off a figure, ± 0.005)",
        device=_A100,
        arms=tuple(
            PublishedArm(
                title=f"{flip} flip, {epochs:g} epochs",
                on=None,
                epochs=epochs,
                score_percent=score,
                source=f"{_AIRBENCH}, img/airbench94_intro.png",
            )
            for flip, scores in (
                ("random", (93.10, 93.745, 94.01, 94.12)),
                ("alternating", (93.28, 93.87, 94.07, 94.16)),
            )
            for epochs, score in zip((10.0, 20.0, 40.0, 80.0), scores, strict=True)
        ),
    ),
    PublishedTable(
        slug="no_tta",
        title="airbench94 without test-time augmentation",
        device=_A100,
        arms=(PublishedArm(title="no TTA", on=None, epochs=9.9, score_percent=93.2, source=f"{_PAPER}, section 3.5"),),
    ),
)
