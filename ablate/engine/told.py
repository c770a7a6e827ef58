"""What a worker tells of finished trials: records go with the first trial that cites them, and are kept for the others. Free of torch."""

from collections.abc import Mapping
from typing import Any

from ablate.store.records import Environment, FinishedTrial, RecipeRecord, Trial


class ToldTrials:
    """Reads the trials in one worker's messages, which must be given in the order in which it sent them."""

    def __init__(self) -> None:
        self._recipes: dict[str, RecipeRecord] = {}
        self._environments: dict[str, Environment] = {}

    def read(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        """The trials that a message holds, with the records they cite."""
        return tuple(self._read(told) for told in message["trials"])

    def _read(self, told: Mapping[str, Any]) -> FinishedTrial:
        trial = Trial.from_json(told["trial"])
        if "recipe" in told:
            self._recipes[trial.recipe] = RecipeRecord.from_json(told["recipe"])
        if "environment" in told:
            self._environments[trial.environment] = Environment.from_json(told["environment"])
        return FinishedTrial(
            trial=trial, recipe=self._recipes[trial.recipe], environment=self._environments[trial.environment]
        )
