"""What was published about airbench94's changes: the paper's ladder and its repository's. Free of torch."""

from ablate.study.ladders import Ladder, Rung

PAPER = "arXiv:2404.00498"
ZOO = "KellerJordan/cifar10-zoo, airbench/ablations"
_README = f"{ZOO}/README.md"
AIRBENCH = "KellerJordan/cifar10-airbench"
_SOURCE = f"{PAPER}, section 3; {ZOO}"
A100 = "A100"

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

BEFORE_COMPILE = ("whitening", "dirac", "scalebias", "frozen_bias", "lookahead", "multicrop_tta", "alternating_flip")

LADDERS = (
    Ladder(
        slug="paper",
        title="airbench94, step by step",
        unit="epochs",
        target_percent=94.0,
        device=A100,
        rungs=_RUNGS,
    ),
    Ladder(
        slug="paper_seconds",
        title="airbench94, step by step",
        unit="seconds",
        target_percent=94.0,
        device=A100,
        rungs=_RUNGS,
    ),
    Ladder(
        slug="repository",
        title="airbench94 in its repository of ablations",
        unit="epochs",
        target_percent=94.0,
        device=A100,
        rungs=_RUNGS_AGAIN,
        drawn_only=_OTHER_NETWORK,
    ),
    Ladder(
        slug="repository_seconds",
        title="airbench94 in its repository of ablations",
        unit="seconds",
        target_percent=94.0,
        device=A100,
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
                adds=BEFORE_COMPILE,
                epochs=9.9,
                seconds=3.83,
                score_percent=94.01,
                trials=1000,
                source=f"{AIRBENCH}, legacy/airbench94.py",
            ),
            Rung(
                title="2024-03 (compiled)",
                adds=("compile",),
                epochs=9.9,
                seconds=3.29,
                score_percent=94.01,
                trials=1000,
                source=f"{PAPER}, section 3.7",
            ),
            Rung(
                title="2024-08 (torch 2.4.0)",
                epochs=9.9,
                seconds=3.09,
                score_percent=94.01,
                trials=1000,
                source=f"{AIRBENCH}, legacy/airbench94_compiled.py",
            ),
            *(
                Rung(
                    title=title, seconds=seconds, score_percent=score, trials=trials, source=f"{AIRBENCH}, git history"
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
