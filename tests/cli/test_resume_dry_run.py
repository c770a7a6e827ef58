from pathlib import Path

from tests.tiny_study import CommandLine, untouched

OWN = """
import ablate
from ablate.parts import BrightnessContrast

FEATURE = ablate.Feature(
    name="hot", group="augmentation", summary="Hot.", patch={"jitter": BrightnessContrast(brightness=%s, contrast=0.1)}, source="here"
)
"""
TWO_BLOCKS = ["--trials", "2", "--minutes", "0.00001"]


def test_what_is_left_of_a_run_folder_is_said_and_nothing_written(here: Path, ablate: CommandLine) -> None:
    ablate.ok("run", "--disable", "tta", "--out", "run", *TWO_BLOCKS)
    with untouched(here):
        said = ablate.ok("study", "resume", "run", "--dry-run")
    assert "2 trials left of 4: 2 arms × 2 blocks" in said.out
    assert "from trials here" in said.out
    assert "Not as the run folder has it" not in said.err


def test_what_differs_from_the_run_folder_is_named_and_not_refused(here: Path, ablate: CommandLine) -> None:
    own = here / "own.py"
    own.write_text(OWN % 0.1)
    ablate.ok("run", "--from", "baseline", "--enable", "hot", "--features-from", own, "--out", "run", *TWO_BLOCKS)
    own.write_text(OWN % 0.2)
    said = ablate.ok("study", "resume", "run", "--dry-run")
    assert "Not as the run folder has it: feature 'hot' was " in said.err
    assert "--allow-mixed" in said.err
    assert "2 trials left of 4" in said.out
