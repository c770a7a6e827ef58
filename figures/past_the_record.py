"""Draw every trial of the record and of what is past it, at full size: `python figures/past_the_record.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("distribution", HERE / "data" / "past_the_record")
    print(plots.save(figure, HERE / "past_the_record.svg"))


if __name__ == "__main__":
    main()
