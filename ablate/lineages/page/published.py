"""What was published about the bag of tricks, and about the series of posts before it. Free of torch."""

from dataclasses import replace

from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

NOTEBOOK = "davidcpage/cifar10-fast, bag_of_tricks.ipynb"
_SERIES = "davidcpage/cifar10-fast, experiments.ipynb"
_SUMMARY = "efficientdl.com, summary of the series"
_ZOO = "KellerJordan/cifar10-zoo, README.md"
V100 = "V100"

_STEPS = (
    ("augmentation on the GPU", (), 24.0, 70.0, "cells 21 to 28"),
    ("pool before norm", ("pool_before_norm",), 25.0, 64.0, "cells 39 and 40"),
    ("label smoothing", ("label_smoothing",), 23.0, 59.0, "cells 44 and 45"),
    ("CELU", ("celu",), 20.0, 52.0, "cells 51 and 52"),
    ("ghost norm, rate 0.6", ("ghost_norm", "half_more_rate"), 18.0, 46.0, "cells 56 to 58"),
    ("frozen scales", ("frozen_scales",), 17.0, 43.0, "cells 63 to 67"),
    ("patch whitening", ("whitening",), 15.0, 39.0, "cells 72 to 74"),
    ("rate 1.0, cutout 5", ("higher_rate",), 14.0, 36.0, "cells 74 and 75"),
    ("weight average", ("ema",), 13.0, 33.5, "cells 76 to 78"),
)
"""Each at the length that leaves 94.1 %."""

_RUNGS = tuple(
    Rung(
        title=title,
        adds=adds,
        epochs=epochs,
        seconds=seconds,
        score_percent=94.1,
        score_decimals=1,
        source=f"{NOTEBOOK}, {cells}",
    )
    for title, adds, epochs, seconds, cells in _STEPS
)

_MIRROR_TTA = Rung(
    title="mirror TTA",
    adds=("flip_tta",),
    epochs=13.0,
    score_percent=94.6,
    score_decimals=1,
    source=f"{NOTEBOOK}, cells 81 to 83",
)

_NO_CUTOUT = Rung(
    title="no cutout",
    adds=("no_cutout",),
    epochs=10.0,
    seconds=26.0,
    score_percent=94.1,
    score_decimals=1,
    source=f"{NOTEBOOK}, cells 84 and 85",
)

_BEFORE = (
    ("ResNet-18, the fastest entry until then", None, 356.0, None, _SUMMARY),
    ("no second norm and ReLU", None, 323.0, None, _SUMMARY),
    ("images prepared once", None, 308.0, None, _SUMMARY),
    ("one process for data, fewer calls for draws", None, 301.0, 94.0, f"{_SERIES}, cell 8"),
    ("no process for data", None, 297.0, 94.1, f"{_SERIES}, cell 10"),
    ("batch 512", None, 256.0, None, f"{_SERIES}, cell 12"),
    ("norms in float32", None, 186.0, 93.7, f"{_SERIES}, cell 14"),
    ("cutout 8, 30 epochs", 30.0, 161.0, 94.1, f"{_SERIES}, cell 16"),
    ("batch 768", 30.0, 154.0, None, f"{_SERIES}, cell 18"),
    ("ResNet-9, 24 epochs", 24.0, 79.0, 94.1, f"{_SERIES}, cell 38"),
    ("the same, timed again", 24.0, 75.0, 94.1, f"{NOTEBOOK}, cells 12 to 15"),
    ("images prepared and augmented on the GPU", 24.0, 70.0, 94.1, f"{NOTEBOOK}, cells 16 to 28"),
)

LADDERS = (
    Ladder(
        slug="bag_of_tricks",
        title="Bag of tricks, step by step",
        unit="epochs",
        target_percent=94.0,
        device=V100,
        rungs=(*_RUNGS, _MIRROR_TTA, _NO_CUTOUT),
    ),
    Ladder(
        slug="bag_of_tricks_seconds",
        title="Bag of tricks, step by step",
        unit="seconds",
        target_percent=94.0,
        device=V100,
        # Predicting was left out of these seconds, so that nothing was published of mirror TTA before it was traded for epochs.
        rungs=(*_RUNGS, replace(_NO_CUTOUT, title="mirror TTA, no cutout", adds=("flip_tta", "no_cutout"))),
    ),
    Ladder(
        slug="before",
        title="The way to the bag of tricks",
        unit="seconds",
        target_percent=94.0,
        device=V100,
        rungs=tuple(
            Rung(title=title, epochs=epochs, seconds=seconds, score_percent=score, source=source)
            for title, epochs, seconds, score, source in _BEFORE
        ),
        drawn_only="its rungs are other networks and loaders; `page` begins at the last",
    ),
)

_BEFORE_EMA = (
    "pool_before_norm",
    "label_smoothing",
    "celu",
    "ghost_norm",
    "half_more_rate",
    "frozen_scales",
    "whitening",
    "higher_rate",
)

_UNCHANGED = (
    # A feature, those it was put on, epochs, percent without and with it, runs with it, cells.
    ("pool_before_norm", (), 24.0, 94.1, 94.0, 50, "cells 39 and 40"),
    ("label_smoothing", _BEFORE_EMA[:1], 25.0, 94.1, 94.2, 50, "cells 40 to 45"),
    ("celu", _BEFORE_EMA[:2], 23.0, 94.1, 94.3, 50, "cells 45 to 52"),
    ("ghost_norm", _BEFORE_EMA[:3], 20.0, 94.1, 94.2, None, "cells 52 to 57"),
    ("frozen_scales", _BEFORE_EMA[:5], 18.0, 94.1, 94.2, None, "cells 57 to 65"),
    ("whitening", _BEFORE_EMA[:6], 17.0, 94.1, 94.4, None, "cells 67 to 74"),
    ("ema", _BEFORE_EMA, 14.0, 94.1, 94.3, None, "cells 74 to 78"),
)

TABLES = (
    PublishedTable(
        slug="pooling",
        title="Where the network pools",
        device=V100,
        arms=(
            PublishedArm(
                title="after the activation",
                on=(),
                epochs=24.0,
                seconds=70.0,
                score_percent=94.1,
                source=f"{NOTEBOOK}, cells 27 and 28",
            ),
            PublishedArm(
                title="before the activation",
                on=None,
                epochs=24.0,
                seconds=67.0,
                source=f"{NOTEBOOK}, cells 36 and 37",
            ),
        ),
    ),
    *(
        PublishedTable(
            slug=f"{name}_alone",
            title=f"{name} at an unchanged length",
            device=V100,
            arms=(
                PublishedArm(
                    title="without", on=on, epochs=epochs, score_percent=without, source=f"{NOTEBOOK}, {cells}"
                ),
                PublishedArm(
                    title="with it",
                    on=(*on, name),
                    epochs=epochs,
                    score_percent=score,
                    trials=trials,
                    source=f"{NOTEBOOK}, {cells}",
                ),
            ),
        )
        for name, on, epochs, without, score, trials, cells in _UNCHANGED
    ),
    PublishedTable(
        slug="again",
        title="The final recipe measured by others",
        device="A100",
        arms=(
            PublishedArm(
                title="new_dawn.py itself",
                on=(*_BEFORE_EMA, "ema", "flip_tta", "no_cutout", "short_run"),
                epochs=10.0,
                seconds=14.0,
                score_percent=94.10,
                trials=400,
                source=_ZOO,
            ),
            PublishedArm(
                title="rewritten", on=None, epochs=10.0, seconds=14.0, score_percent=94.09, trials=300, source=_ZOO
            ),
        ),
    ),
)
