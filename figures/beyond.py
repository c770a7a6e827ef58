"""Draw the published steps and those past the record, one waterfall: `python figures/beyond.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("waterfall", HERE / "data" / "beyond")
    print(plots.save(figure, HERE / "beyond.svg"))


if __name__ == "__main__":
    main()
