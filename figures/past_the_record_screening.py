"""Draw what each feature past the record does to accuracy on average over the rest: `python figures/past_the_record_screening.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "past_the_record_screening")
    print(plots.save(figure, HERE / "past_the_record_screening.svg"))


if __name__ == "__main__":
    main()
