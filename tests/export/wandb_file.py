"""Reads what W&B writes offline: records of its own format in a log of blocks, as LevelDB has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BLOCK, _HEADER, _BEFORE = 32768, 7, 7
_FULL, _FIRST, _LAST = 1, 2, 4


def _records(content: bytes) -> Iterator[bytes]:
    at, parts = _BEFORE, b""
    while at < len(content):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        part = content[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        parts = part if kind in (_FULL, _FIRST) else parts + part
        if kind in (_FULL, _LAST):
            yield parts


def read_run(folder: Path) -> dict[str, Any]:
    """The one run of an offline run's folder: name, group, id, config, exit code, and each step's numbers."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("run-*.wandb")
    found: dict[str, Any] = {"config": {}, "history": {}}
    for content in _records(path.read_bytes()):
        record = Record()
        record.ParseFromString(content)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found |= {"name": record.run.display_name, "group": record.run.run_group, "id": record.run.run_id}
            found["config"] |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
        elif kind == "history":
            items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            step = record.history.step.num
            found["history"][step] = {name: value for name, value in items.items() if not name.startswith("_")}
        elif kind == "exit":
            found["exit_code"] = record.exit.exit_code
    return found
