"""Draw every arm's accuracy against its time: `python figures/frontier.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("frontier", HERE / "data" / "features")
    print(plots.save(figure, HERE / "frontier.svg"))


if __name__ == "__main__":
    main()
