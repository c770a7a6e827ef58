"""Draw the paper's steps to airbench94, in epochs to 94 %: `python figures/airbench94.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages.airbench94.published import LADDERS

HERE = Path(__file__).parent


def main() -> None:
    for theme, name in (("light", "airbench94.svg"), ("dark", "airbench94-dark.svg")):
        axes = plots.waterfall(published=LADDERS[0], theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
