"""Draw the bag of tricks, in epochs to 94 %: `python figures/page.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages.page.published import LADDERS

HERE = Path(__file__).parent


def main() -> None:
    for theme, name in (("light", "page.svg"), ("dark", "page-dark.svg")):
        axes = plots.waterfall(published=LADDERS[0], theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
