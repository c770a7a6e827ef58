"""Draw the improvements with what they save at equal accuracy: `python figures/waterfall_equal_accuracy.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("waterfall", HERE / "data" / "waterfall_equal_accuracy", equal_accuracy=True)
    print(plots.save(figure, HERE / "waterfall_equal_accuracy.svg"))


if __name__ == "__main__":
    main()
