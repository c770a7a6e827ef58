"""Draw the published records by date: `python figures/history.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages import RECORDS

HERE = Path(__file__).parent


def main() -> None:
    for theme, name in (("light", "history.svg"), ("dark", "history-dark.svg")):
        print(plots.save(plots.draw("history", records=RECORDS, theme=theme), HERE / name))


if __name__ == "__main__":
    main()
