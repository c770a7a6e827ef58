"""What was published about single changes of airbench94: tables of arms in no order. Free of torch."""

from ablate.lineages.airbench94.published import A100, AIRBENCH, BEFORE_COMPILE, PAPER, ZOO
from ablate.study.ladders import PublishedArm, PublishedTable

_FIGURES = f"{ZOO}/make_figures.py"


def _without(feature: str) -> tuple[str, ...]:
    return tuple(name for name in BEFORE_COMPILE if name != feature)


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
        source=f"{_FIGURES}; {ZOO}/non_cascade",
    )


_NORMED = ("normed_first_layer",)

_WHOLE = PublishedArm(
    title="airbench94",
    on=BEFORE_COMPILE,
    epochs=9.9,
    seconds=3.83,
    score_percent=94.01,
    trials=1000,
    source=f"{AIRBENCH}, legacy/airbench94.py",
)

TABLES = (
    PublishedTable(
        slug="leave_one_out",
        title="Epochs to 94 % without one feature",
        device=A100,
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
                source=f"{PAPER}, figure 4",
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
        device=A100,
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
        device=A100,
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
        device=A100,
        arms=tuple(
            PublishedArm(
                title=title,
                on=(*_without("alternating_flip"), "short_run", *on),
                epochs=9.9,
                score_percent=score,
                source=f"{PAPER}, table 1",
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
        device=A100,
        arms=tuple(
            PublishedArm(
                title=f"{flip} flip, {epochs:g} epochs",
                on=None,
                epochs=epochs,
                score_percent=score,
                source=f"{AIRBENCH}, img/airbench94_intro.png",
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
        device=A100,
        arms=(PublishedArm(title="no TTA", on=None, epochs=9.9, score_percent=93.2, source=f"{PAPER}, section 3.5"),),
    ),
)
