"""What trials cost in seconds: by the folder's own trials, by a precedent's, else by the recipe and a table of rough speeds. Torch-free."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

from ablate.engine.pace import Pace
from ablate.engine.precedent import Precedent
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import MemoryTrialStore, TrialStore
from ablate.study.schedule import Measures, TrialSpec


@dataclass(frozen=True, slots=True)
class RoughSpeed:
    """What trials cost where nothing has been measured yet, in seconds."""

    trial_seconds: float
    compile_seconds: float
    """For each compile key in each process, from a cold cache."""
    warm_seconds: float
    """For each arm in each process, compiled already; and for each compile key whose code is in the disk cache."""
    start_seconds: float
    """For each process: starting, importing torch, loading images."""


ROUGH_SPEEDS: Mapping[tuple[str, str], RoughSpeed] = {
    # One A100-class GPU; the published 2.0 to 2.6 s. A network took 165 to 190 s to compile on an H200, seven of them side by side.
    ("cuda", "full"): RoughSpeed(trial_seconds=2.6, compile_seconds=170, warm_seconds=5, start_seconds=12),
    ("cuda", "mini"): RoughSpeed(trial_seconds=0.5, compile_seconds=45, warm_seconds=2, start_seconds=12),
    # Two cores of a server CPU with native bfloat16.
    ("cpu", "full"): RoughSpeed(trial_seconds=700, compile_seconds=40, warm_seconds=40, start_seconds=12),
    ("cpu", "mini"): RoughSpeed(trial_seconds=9, compile_seconds=18, warm_seconds=4, start_seconds=10),
}


class Prices:
    """What trials of a study cost, each kind of them by the best that is known.

    `compile_keys`: the compile key of each arm; none where nothing is compiled, and then only trials set a price. `store`: the trials
    that the folder has already. `precedent`: another folder's, made under the same conditions. `piece_shares`: of each arm, the share
    of its steps that a time of the interleaved clock runs; an arm without one costs a whole training.

    `gain_measured` says whether trials have shown what is gained by as many trainings at a time as the study runs; None where it runs
    one. Where they have not, none is assumed: the trainings cost what they would one after the other.
    """

    def __init__(
        self,
        resolved: ResolvedStudy,
        compile_keys: Mapping[str, str],
        *,
        store: TrialStore | None = None,
        precedent: Precedent | None = None,
        piece_shares: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._resolved, self._compile_keys, self._precedent = resolved, compile_keys, precedent
        own = [trial for trial in store or MemoryTrialStore() if trial.measurements is not None]
        self._own: frozenset[Measures] = frozenset(trial.spec.measures for trial in own)
        parallel = min(resolved.study.parallel, len(resolved.study.arms))
        shown = bool(self._own - {"time"}) or (precedent is not None and precedent.parallel == parallel)
        self._parallel = parallel
        self.gain_measured = shown if parallel > 1 else None
        self._at_a_time = parallel if shown else 1
        self._pace = Pace(parallel=self._at_a_time)
        self._pace.learn(own)
        self._expect(piece_shares)

    def _expect(self, piece_shares: Mapping[str, float]) -> None:
        precedent, study = self._precedent, self._resolved.study
        rough = self._rough_speed
        prediction = 0.0 if precedent is None else precedent.prediction_share
        for arm in study.arms:
            fingerprint = self._resolved.fingerprints[arm.name]
            if precedent is not None:
                beside = precedent.trial_seconds(fingerprint, arm.length)
                # Beside another number of trainings each takes another time; together they take a share of the machine's.
                whole = beside if precedent.parallel == self._parallel else beside / precedent.parallel
                alone = beside / precedent.parallel
            elif self._compile_keys:
                whole = alone = rough.trial_seconds * arm.length
            else:
                continue
            share = piece_shares.get(arm.name, 1.0)
            timed = None if precedent is None else precedent.time_seconds(fingerprint)
            # What a piece leaves out are steps; it predicts the whole test set.
            self._pace.expect(arm.name, "time", timed or alone * (share + (1 - share) * prediction))
            self._pace.expect(arm.name, "both", whole)
            self._pace.expect(arm.name, "score", whole)

    @property
    def _rough_speed(self) -> RoughSpeed:
        kind, preset = self._resolved.device.split(":")[0], self._resolved.preset
        return ROUGH_SPEEDS.get((kind, preset), ROUGH_SPEEDS["cpu", preset if preset in ("full", "mini") else "mini"])

    def seconds(self, specs: Sequence[TrialSpec]) -> float:
        """What these trials will take, and the start and warm-up of each of their processes; NaN where nobody knows."""
        return self.running_seconds(specs) + self.warming_seconds(specs)

    def running_seconds(self, specs: Iterable[TrialSpec]) -> float:
        """What these trials take in processes that are warm."""
        seconds = self._pace.seconds(specs)
        return nan if seconds is None else seconds

    def warming_seconds(self, specs: Sequence[TrialSpec]) -> float:
        """What it takes to start the processes of these trials, to compile and to warm up; processes side by side do so at a time."""
        arms_of: defaultdict[int, set[str]] = defaultdict(set)
        for spec in specs:
            arms_of[spec.process].add(spec.arm)
        timed = {spec.process for spec in specs if spec.measures == "time"}
        each = {process: self._starting_seconds(arms) for process, arms in arms_of.items()}
        together = sum(seconds for process, seconds in each.items() if self._at_a_time > 1 and process not in timed)
        starting = sum(each.values()) - together + together / self._at_a_time
        return starting + self._compiling_seconds(set().union(*arms_of.values()))

    def _starting_seconds(self, arms: Collection[str]) -> float:
        """Of one process, with code that is compiled already."""
        if self._own:
            return self._pace.warm_up_seconds()
        if not self._compile_keys:
            return 0.0
        speed, precedent = self._rough_speed, self._precedent
        if precedent is not None and precedent.warm_up_seconds is not None:
            return speed.start_seconds + precedent.warm_up_seconds * len(arms)
        compiled = precedent is None or precedent.compiled
        keys = {self._compile_keys[arm] for arm in arms} if compiled else set()
        return speed.start_seconds + speed.warm_seconds * (len(arms) + len(keys))

    def _compiling_seconds(self, arms: Iterable[str]) -> float:
        """What the first process needs more than the others: they find its code, and it that of other folders, in the disk cache."""
        keys = self._uncompiled_keys(arms)
        speed, precedent = self._rough_speed, self._precedent
        if precedent is not None and not precedent.compiled:
            return 0.0
        return len(keys) * (speed.compile_seconds - speed.warm_seconds)

    def _uncompiled_keys(self, arms: Iterable[str]) -> set[str]:
        if self._own or not self._compile_keys:
            return set()
        keys, precedent = {self._compile_keys[arm] for arm in arms}, self._precedent
        if precedent is None or precedent.warm_up_seconds is None:
            return keys
        known = {
            self._compile_keys[arm]
            for arm, fingerprint in self._resolved.fingerprints.items()
            if fingerprint in precedent.seconds
        }
        return keys - known

    def source(self, specs: Sequence[TrialSpec]) -> str | None:
        """Whose trials set the price of these, to complete "from ..."; None: nobody's."""
        asked = {spec.measures for spec in specs}
        said = ["trials here"] if not asked or asked & self._own else []
        if self._precedent is not None and asked - self._own:
            said.append(f"trials in {self._precedent.path}")
        if not said:
            return None
        remarks = []
        if "time" in asked - self._own and (self._precedent is None or not self._precedent.piece_seconds):
            remarks.append("times by the steps that they run")
        if self._uncompiled_keys({spec.arm for spec in specs}):
            remarks.append("compiling is a rough guess")
        return "; ".join([" and ".join(said), *remarks])
