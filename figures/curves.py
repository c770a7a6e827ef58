"""Draw how accuracy grows, epoch by epoch: `python figures/curves.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("curves", HERE / "data" / "curves")
    print(plots.save(figure, HERE / "curves.svg"))


if __name__ == "__main__":
    main()
