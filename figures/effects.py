"""Draw what each feature does to time and accuracy: `python figures/effects.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "features")
    print(plots.save(figure, HERE / "effects.svg"))


if __name__ == "__main__":
    main()
