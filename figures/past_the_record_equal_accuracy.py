"""Draw when all that goes past the record reaches the record's accuracy: `python figures/past_the_record_equal_accuracy.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("frontier", HERE / "data" / "past_the_record_equal_accuracy")
    print(plots.save(figure, HERE / "past_the_record_equal_accuracy.svg"))


if __name__ == "__main__":
    main()
