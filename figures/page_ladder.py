"""Draw the bag of tricks as it was measured, each rung at its own length: `python figures/page_ladder.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("waterfall", HERE / "data" / "page")
    print(plots.save(figure, HERE / "page_ladder.svg"))


if __name__ == "__main__":
    main()
