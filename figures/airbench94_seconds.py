"""Draw the paper's ladder of airbench94 in seconds, light and dark: `python figures/airbench94_seconds.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages import find_lineage

HERE = Path(__file__).parent


def main() -> None:
    ladder = find_lineage("airbench94").ladders["paper_seconds"]
    for theme, ending in (("light", ""), ("dark", "-dark")):
        axes = plots.waterfall(published=ladder, theme=theme)
        print(plots.save(axes.figure, HERE / f"airbench94_seconds{ending}.svg"))


if __name__ == "__main__":
    main()
