"""What was sent to a tracker that cannot be asked, one identifier a line, beside what it keeps."""

from pathlib import Path

from ablate.errors import UsageError


class Ledger:
    """A file of identifiers for each place that something was sent to."""

    def __init__(self, folder: Path, sent_to: str) -> None:
        self._path = folder / f"sent-to-{sent_to}.txt"

    def known(self) -> frozenset[str]:
        """The identifiers; a torn last line, which names nothing, does no harm."""
        try:
            return frozenset(self._path.read_text(encoding="utf-8").split())
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise UsageError(f"Cannot read {self._path}: {error.strerror}.") from error

    def add(self, identifier: str) -> None:
        """Remember one more.

        Raises:
            UsageError: the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{identifier}\n")
        except OSError as error:
            raise UsageError(f"Cannot write {self._path}: {error.strerror}.") from error
