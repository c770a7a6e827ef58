"""Draw what each feature does on average over the others being on or off: `python figures/screening.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "screening")
    print(plots.save(figure, HERE / "screening.svg"))


if __name__ == "__main__":
    main()
