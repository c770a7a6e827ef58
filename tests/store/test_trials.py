import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.store.checksum import sealed_line
from ablate.store.records import Environment
from ablate.store.trials import JsonlTrialStore, MemoryTrialStore, TrialStore
from tests.fakes import ENVIRONMENT, finished_trial, spec

ASSETS = Path(__file__).parents[1] / "assets"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trials.jsonl"


@pytest.fixture(params=["memory", "jsonl"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[TrialStore]:
    if request.param == "memory":
        yield MemoryTrialStore()
        return
    with JsonlTrialStore(path) as opened:
        yield opened


class TestContract:
    """What every store promises."""

    def test_keeps_trials_in_order_with_what_they_cite(self, store: TrialStore) -> None:
        finished = [finished_trial(spec(arm, block)) for block in range(2) for arm in ("a", "b")]
        for one in finished:
            store.append(one)
        assert list(store) == [one.trial for one in finished]
        assert [store.recipes[trial.recipe].fields["arm"] for trial in store] == ["a", "b", "a", "b"]
        assert list(store.environments.values()) == [ENVIRONMENT]

    def test_starts_empty(self, store: TrialStore) -> None:
        assert list(store) == []
        assert store.finished() == frozenset()
        assert store.latest() == {}
        assert dict(store.recipes) == dict(store.environments) == {}

    def test_a_retried_key_keeps_both_records_and_the_last_counts(self, store: TrialStore) -> None:
        store.append(finished_trial(spec("a"), status="failed"))
        store.append(finished_trial(spec("a"), process=3))
        assert [trial.status for trial in store] == ["failed", "ok"]
        assert store.latest()["a", 0].process == 3
        assert store.finished() == {("a", 0)}
        assert store.statuses == {("a", 0): "ok"}

    def test_failures_and_timeouts_are_finished(self, store: TrialStore) -> None:
        store.append(finished_trial(spec("a", 0), status="failed"))
        store.append(finished_trial(spec("a", 1), status="timeout"))
        assert store.finished() == {("a", 0), ("a", 1)}

    def test_refuses_a_number_that_is_not_finite(self, store: TrialStore) -> None:
        with pytest.raises(AblateError, match="must be finite"):
            store.append(finished_trial(spec("a"), accuracy=float("nan")))
        assert list(store) == []
        store.append(finished_trial(spec("a")))
        assert len(list(store)) == 1

    def test_refuses_a_trial_that_cites_something_else(self, store: TrialStore) -> None:
        good = finished_trial(spec("a"))
        wrong = type(good)(trial=good.trial, recipe=good.recipe, environment=Environment(facts={"other": True}))
        with pytest.raises(AblateError, match="cites environment"):
            store.append(wrong)
        assert list(store) == []


def fill(path: Path, count: int = 3) -> None:
    with JsonlTrialStore(path) as store:
        for block in range(count):
            store.append(finished_trial(spec("a", block)))


def test_lines_carry_schema_and_kind_and_records_are_written_once(path: Path) -> None:
    fill(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["recipe", "environment", "trial", "trial", "trial"]
    assert {line["schema"] for line in lines} == {2}


def test_reopening_continues_without_repeating_records(path: Path) -> None:
    fill(path)
    with JsonlTrialStore(path) as store:
        assert store.finished() == {("a", 0), ("a", 1), ("a", 2)}
        store.append(finished_trial(spec("a", 3)))
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds == ["recipe", "environment", "trial", "trial", "trial", "trial"]


def test_many_trials_are_written_at_once_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = [finished_trial(spec("a", block)) for block in range(3)]
    with JsonlTrialStore(path) as store:
        with monkeypatch.context() as full:
            full.setattr(os, "pwrite", FullDisk(900))
            with pytest.raises(AblateError, match="No space left on device"):
                store.extend(finished)
        assert store.finished() == frozenset()
        store.extend(finished)
        assert list(store) == [one.trial for one in finished]
        assert store.finished() == {("a", 0), ("a", 1), ("a", 2)}
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()][:3] == [
        "recipe",
        "environment",
        "trial",
    ]


def test_a_tail_torn_at_any_byte_is_cut_and_two_appends_follow(path: Path) -> None:
    fill(path)
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    assert len(whole) - last > 100
    for length in range(last, len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = 3 if length == len(whole) else 2
        assert len(list(JsonlTrialStore.read(path))) == kept, "reading passes a torn tail over"
        assert path.stat().st_size == length, "reading changes nothing"
        with JsonlTrialStore(path) as store:
            assert len(store.finished()) == kept
            store.append(finished_trial(spec("b", 0)))
            store.append(finished_trial(spec("b", 1)))
        trials = list(JsonlTrialStore.read(path))
        assert [trial.spec.key for trial in trials[kept:]] == [("b", 0), ("b", 1)]
        assert all(json.loads(line)["schema"] == 2 for line in path.read_text().splitlines())


@pytest.mark.parametrize("records", [1, 2])
def test_a_tear_between_a_record_and_its_trial_does_not_write_the_record_twice(path: Path, records: int) -> None:
    fill(path, 1)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:records]) + lines[records][:20])
    with JsonlTrialStore(path) as store:
        store.append(finished_trial(spec("a", 0)))
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()] == ["recipe", "environment", "trial"]


BAD_LINES = {
    b"garbage\n": "line 4 is not a record of a trial",
    b"\n": "line 4 is not a record of a trial",
    b"[1]\n": "not a JSON object",
    b'{"kind":"trial"}\n': "lacks 'schema'",
    b'{"schema":1,"kind":"trial","status":"ok"}\n': "lacks",
    b'{"schema":1,"kind":"poem","digest":"x"}\n': "kind is 'poem'",
    b'{"schema":0,"kind":"trial"}\n': "schema is 0",
    b'{"schema":3,"kind":"trial","anything":1}\n': "schema 3 is newer than this ablate, which reads up to 2",
    sealed_line('{"schema":3,"kind":"trial"}'): "schema 3 is newer than this ablate, which reads up to 2",
    b'{"schema":2,"kind":"trial","anything":1}\n': "a line of schema 2 lacks its checksum 'crc'",
    b'{"schema":2,"kind":"trial","crc":"00000000"}\n': "its checksum does not fit",
    b'{"schema":1,"kind":"trial","crc":"00000000"}\n': "its checksum does not fit",
    b'{"digest":"77","facts":{},"kind":"environment","schema":1}\n': "the environment has changed since it was written",
    b"\x00\xff\x00\n": "line 4 is not a record",
}


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_in_the_middle_is_named_and_nothing_is_rewritten(path: Path, bad: bytes) -> None:
    fill(path)
    lines = path.read_bytes().splitlines(keepends=True)
    broken = b"".join([*lines[:3], bad, *lines[3:], b'{"torn'])
    path.write_bytes(broken)
    for attempt in (JsonlTrialStore, JsonlTrialStore.read):
        with pytest.raises(AblateError, match=BAD_LINES[bad]) as caught:
            attempt(path)
        assert f"{path}, line 4" in str(caught.value)
        assert path.read_bytes() == broken
    path.write_bytes(b"".join(lines))
    with JsonlTrialStore(path) as store:
        assert len(store.finished()) == 3, "a refused opening gives the lock back"


def test_a_trial_that_cites_a_lost_record_is_named(path: Path) -> None:
    fill(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(AblateError, match=r"line 2 .*cites recipe .*no line before it"):
        JsonlTrialStore.read(path)


def test_a_second_writer_is_refused_with_the_holders_process_id(path: Path) -> None:
    hold = (
        "import sys; from ablate.store.trials import JsonlTrialStore; store = JsonlTrialStore(sys.argv[1]);"
        "print('held', flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AblateError, match=f"being written by process {holder.pid}"):
            JsonlTrialStore(path)
        assert list(JsonlTrialStore.read(path)) == [], "readers need no lock"
        holder.kill()
        holder.wait()
        fill(path)
    assert not path.with_name(".trials.jsonl.lock").exists()


def test_one_process_cannot_open_the_file_twice(path: Path) -> None:
    with JsonlTrialStore(path), pytest.raises(AblateError, match=f"process {os.getpid()}"):
        JsonlTrialStore(path)
    JsonlTrialStore(path).close()


def test_a_closed_store_refuses_to_append(path: Path) -> None:
    store = JsonlTrialStore(path)
    store.close()
    store.close()
    with pytest.raises(AblateError, match="is closed"):
        store.append(finished_trial(spec("a")))


@pytest.mark.parametrize("where", ["missing/trials.jsonl", "file/trials.jsonl"])
def test_a_path_that_cannot_be_written_is_wrong_usage(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    for attempt in (JsonlTrialStore, JsonlTrialStore.read):
        with pytest.raises(UsageError, match=r"Cannot (write|read)"):
            attempt(tmp_path / where)


class FullDisk:
    """Takes the place of os.pwrite: so many bytes fit, then there is no space left."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._pwrite, self._ftruncate = os.pwrite, os.ftruncate

    def __call__(self, file: int, data: bytes, offset: int) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = self._pwrite(file, data[: self.room], offset)
        self.room -= written
        return written

    def truncate(self, file: int, length: int) -> None:
        if not self.room:
            raise OSError(5, "Input/output error")
        self._ftruncate(file, length)


@pytest.mark.parametrize("cut_works", [True, False])
@pytest.mark.parametrize("room", [1, 100, 300, 500])
def test_a_full_disk_leaves_no_torn_state(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int, cut_works: bool
) -> None:
    fill(path)
    before = path.read_bytes()
    store = JsonlTrialStore(path)
    with monkeypatch.context() as full:
        disk = FullDisk(room)
        full.setattr(os, "pwrite", disk)
        if not cut_works:
            full.setattr(os, "ftruncate", disk.truncate)
        with pytest.raises(AblateError, match=r"No space left on device.*make room, then resume"):
            store.append(finished_trial(spec("other", 7)))
    assert ("other", 7) not in store.finished()
    if cut_works:
        assert path.read_bytes().startswith(before)
        assert path.read_bytes().endswith(b"\n")
    store.append(finished_trial(spec("other", 7)))
    store.close()
    trials = list(JsonlTrialStore.read(path))
    assert [trial.spec.key for trial in trials] == [("a", 0), ("a", 1), ("a", 2), ("other", 7)]


def test_a_failing_fsync_is_a_failed_append(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JsonlTrialStore(path)

    def failing(file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", failing)
        with pytest.raises(AblateError, match="Input/output error"):
            store.append(finished_trial(spec("a")))
    store.close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize("schema", [1, 2])
def test_a_file_of_every_schema_still_loads(schema: int) -> None:
    asset = ASSETS / f"trials-schema{schema}.jsonl"
    assert {json.loads(line)["schema"] for line in asset.read_text().splitlines()} == {schema}
    store = JsonlTrialStore.read(asset)
    trials = list(store)
    assert [trial.status for trial in trials] == ["ok", "failed", "timeout", "ok"]
    assert trials[0].measurements is not None
    assert trials[0].measurements.curve == (0.71, 0.93)
    assert trials[0].measurements.score == 0.9401
    assert trials[0].device_before == {"sm_clock_mhz": 1410, "throttle_reasons": []}
    assert trials[1].error == "out of memory; use a smaller --preset"
    assert trials[3].marks == ("mixed: torch",)
    assert trials[3].measurements is not None
    assert trials[3].measurements.accuracy is None
    assert store.latest()["all", 0] == trials[3]
    assert store.recipes[trials[0].recipe].features == ("silu", "tuning")
    assert store.environments[trials[0].environment].facts["torch"] == "2.11.0"


def test_both_schemas_hold_the_same() -> None:
    older, newer = (JsonlTrialStore.read(ASSETS / f"trials-schema{schema}.jsonl") for schema in (1, 2))
    assert list(older) == list(newer)
    assert dict(older.recipes) == dict(newer.recipes)
    assert dict(older.environments) == dict(newer.environments)


def test_a_file_begun_with_schema_1_goes_on_with_checksums(path: Path) -> None:
    path.write_bytes((ASSETS / "trials-schema1.jsonl").read_bytes())
    before = path.read_bytes()
    with JsonlTrialStore(path) as store:
        finished = store.finished()
        store.append(finished_trial(spec("new", 7)))
    assert path.read_bytes().startswith(before)
    added = [json.loads(line) for line in path.read_bytes()[len(before) :].splitlines()]
    assert [(line["schema"], "crc" in line) for line in added] == [(2, True)] * 3
    with JsonlTrialStore(path) as store:
        assert store.finished() == finished | {("new", 7)}


def contents(path: Path) -> tuple[object, ...]:
    store = JsonlTrialStore.read(path)
    return list(store), dict(store.recipes), dict(store.environments)


@pytest.mark.parametrize("bits", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_refused(path: Path, bits: int) -> None:
    """Of a file with lines of all kinds, after some of schema 1, whose texts and numbers no checksum covers.

    So many bits of every byte, from one on that is another in each.
    """
    older = (ASSETS / "trials-schema1.jsonl").read_bytes()
    path.write_bytes(older)
    with JsonlTrialStore(path) as store:
        store.append(finished_trial(spec("new", 7)))
    whole = path.read_bytes()
    older_lines = older.count(b"\n")
    for place in range(len(older), len(whole)):
        for bit in ((place + more) % 8 for more in range(bits)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            with pytest.raises(AblateError, match=r"trials\.jsonl, line \d+ is not a record of a trial: ") as caught:
                contents(path)
            line = older_lines + whole[len(older) : place].count(b"\n") + 1
            assert f"line {line} " in str(caught.value), (place, bit)


def test_a_whole_last_line_whose_newline_changed_is_not_taken_for_a_torn_one(path: Path) -> None:
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\x1a")
    for attempt in (JsonlTrialStore, JsonlTrialStore.read):
        with pytest.raises(AblateError, match=r"line 5 .*its last byte has changed since it was written"):
            attempt(path)
    assert path.read_bytes() == whole[:-1] + b"\x1a", "nothing is cut"


@pytest.mark.parametrize("kind", ["recipe", "environment"])
def test_a_record_that_is_not_what_its_digest_says_is_named(path: Path, kind: str) -> None:
    """Of schema 1 too, which has no other check."""
    lines = (ASSETS / "trials-schema1.jsonl").read_bytes().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if json.loads(line)["kind"] == kind)
    held = json.loads(lines[number])
    held["fields" if kind == "recipe" else "facts"]["surprise"] = 1
    path.write_bytes(b"".join([*lines[:number], json.dumps(held).encode() + b"\n", *lines[number + 1 :]]))
    said = f"line {number + 1} .*the {kind} has changed since it was written: its digest is no longer {held['digest'][:12]}"
    with pytest.raises(AblateError, match=said):
        JsonlTrialStore.read(path)
