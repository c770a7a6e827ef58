"""Where the numbers come from, and the commands that give them again."""

import shlex

from ablate.formats.printable import printable
from ablate.report.looks import minutes_words
from ablate.stats.evidence import Evidence
from ablate.stats.wording import counted

_LABELS = {
    "device_name": "Device",
    "device": "Device asked for",
    "device_memory_bytes": "Device memory",
    "driver": "Driver",
    "compute_dtype": "Compute dtype",
    "clock": "Clock",
    "compiling": "Compiled",
    "torch": "torch",
    "torchvision": "torchvision",
    "cuda": "CUDA",
    "cudnn": "cuDNN",
    "hip": "HIP",
    "numpy": "numpy",
    "python": "Python",
    "package_version": "ablate",
    "commit": "Commit",
    "dirty": "Uncommitted changes",
    "cpu_model": "CPU",
    "usable_cores": "CPU cores to use",
    "threads": "CPU threads",
    "memory_bytes": "Memory",
    "keeps_memory": "Freed memory kept",
    "cpp_compiler": "C++ compiler",
    "os": "System",
    "platform": "Platform",
}
"""The environment's facts that a report names, in this order; the rest stays in trials.jsonl."""


def provenance(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Labels and values: the study, its data, machine and software; several values of one fact are listed."""
    resolved = evidence.resolved
    study = resolved.study
    minutes = minutes_words(evidence)
    rows = [
        ("Study", study.name),
        ("Planned", _plan(evidence)),
        ("Opened", resolved.created_at),
        ("Trials from", f"{evidence.first_start} to {evidence.last_start}" if evidence.first_start else "none yet"),
        *([("Minutes of trials", minutes)] if minutes else []),
        ("Preset", resolved.preset),
        ("Data", "; ".join(f"{name}, sha256 {digest}" for name, digest in evidence.data_sets) or resolved.data),
        ("Seed", str(study.seed)),
    ]
    facts = evidence.facts()
    for name, label in _LABELS.items():
        if name in facts:
            rows.append((label, "; ".join(fact_text(name, value) for value in facts[name])))
    rows += [(f"File of {file.option}", f"{file.path}, sha256 {file.sha256}") for file in resolved.files]
    return tuple((label, printable(value)) for label, value in rows)


def reproduction(evidence: Evidence) -> tuple[str, ...]:
    """Shell lines that run the study again: the commit, where one is known, and the command that was given."""
    lines = []
    commits = [commit for commit in evidence.facts().get("commit", ()) if commit]
    if len(commits) == 1:
        lines.append(f"git checkout {commits[0]}")
    command = evidence.resolved.command
    if command:
        lines.append(" ".join(map(_quoted, command)))
    return tuple(lines)


def _quoted(word: str) -> str:
    """The word as a shell takes it; control characters by their escapes, which a shell reads between $' and '."""
    if printable(word) == word:
        return shlex.quote(word)
    escapes = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
    return "$'" + "".join(escapes.get(letter) or printable(letter) for letter in word) + "'"


def _plan(evidence: Evidence) -> str:
    study = evidence.resolved.study
    return ", ".join(
        (
            counted(len(study.arms), "arm"),
            *((counted(study.blocks, "block"),) if study.blocks else ()),
            *((f"{counted(study.rounds, 'round')} of times in each process",) if study.clock == "interleaved" else ()),
            counted(study.processes, "process"),
            counted(len(evidence.resolved.schedule), "trial"),
            *((f"looks after {', '.join(map(str, study.looks))} blocks, to stop when settled",) if study.looks else ()),
        )
    )


def fact_label(name: str) -> str:
    """How a report calls a fact of an environment."""
    return _LABELS.get(name, name)


def fact_text(name: str, value: object) -> str:
    """A fact's value as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_bytes") and isinstance(value, int) and value < 2**63:
        return f"{value / 2**30:.1f} GiB"
    return str(value)
