"""Run folders of a study whose score is a loss: less is better, no TTA, nothing of CIFAR-10."""

from dataclasses import replace
from pathlib import Path
from random import Random

from ablate.store.records import Measurements, Trial
from ablate.store.resolved import FeatureRecord, ResolvedStudy
from ablate.study import Design
from ablate.study.score import Score
from tests.report.build import resolved, trial, write_folder

LOSS = Score(title="validation loss", unit="nats", better="lower", margin=0.01)

FALLS = {"warm_up": 0.03, "dropout": -0.02}
"""By how much each feature lowers the loss: `dropout` raises it."""

SAVED = {"fused": 0.05, "warm_up": -0.02}
"""Which share of the time each feature saves: `warm_up` costs some."""

NAMES = ("fused", "warm_up", "dropout")


def loss_study(design: Design, *, score: Score = LOSS, **settings: object) -> ResolvedStudy:
    """A resolved study of `NAMES` with the score, of a recipe of one's own."""
    given = {"data": "shakespeare", "groups": (), "blocks": 8, "processes": 4} | settings
    return replace(
        resolved(design, **given),
        score=score,
        lineage="",
        features=tuple(
            FeatureRecord(name=name, group="own", summary=f"Does {name}.", source="made up", digest="0" * 64)
            for name in NAMES
        ),
    )


def loss_trials(study: ResolvedStudy, *, seed: int = 0, curves: bool = False) -> list[Trial]:
    """A trial for each planned one: a loss of 3.28 with an sd of 0.004, lowered and timed as `FALLS` and `SAVED` say."""
    draw = Random(seed).gauss
    arms = {arm.name: arm for arm in study.study.arms}
    trials = []
    for number, spec in enumerate(study.schedule):
        arm = arms[spec.arm]
        # Longer training is better, by a power of its length.
        loss = 3.28 * arm.length**-0.1 - sum(FALLS.get(name, 0.0) for name in arm.features) + draw(0, 0.004)
        seconds = 2.0 * arm.length + draw(0, 0.0005)
        for name in sorted(arm.features):
            seconds *= 1 - SAVED.get(name, 0.0)
        measured = Measurements(
            score=round(loss, 5),
            time_seconds=round(seconds, 6),
            curve=tuple(round(loss * factor, 4) for factor in (1.6, 1.2, 1.0)) if curves else (),
            extra={"perplexity": round(2.718281828**loss, 3), "gradient norm": round(1 + draw(0, 0.1), 3)},
        )
        trials.append(trial(spec, data=study.data, number=number, measurements=measured))
    return trials


def loss_folder(path: Path, design: Design, *, seed: int = 0, curves: bool = False, **settings: object) -> Path:
    """A finished run folder of `loss_study`."""
    study = loss_study(design, **settings)
    return write_folder(path, study, loss_trials(study, seed=seed, curves=curves))
