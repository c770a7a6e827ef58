"""Draw the paper's steps to airbench94, in seconds: `python figures/airbench94_seconds.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages.airbench94.published import LADDERS

HERE = Path(__file__).parent


def main() -> None:
    ladder = next(each for each in LADDERS if each.slug == "paper_seconds")
    for theme, name in (("light", "airbench94_seconds.svg"), ("dark", "airbench94_seconds-dark.svg")):
        axes = plots.waterfall(published=ladder, theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
