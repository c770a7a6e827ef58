"""Draw the study of the same name, each contrast with its intervals: `python figures/data_selection.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "data_selection")
    print(plots.save(figure, HERE / "data_selection.svg"))


if __name__ == "__main__":
    main()
