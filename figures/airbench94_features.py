"""Draw the study of the same name, each contrast with its intervals: `python figures/airbench94_features.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "airbench94_features")
    print(plots.save(figure, HERE / "airbench94_features.svg"))


if __name__ == "__main__":
    main()
