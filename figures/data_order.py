"""Draw the study of the same name, each contrast with its intervals: `python figures/data_order.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("effects", HERE / "data" / "data_order")
    print(plots.save(figure, HERE / "data_order.svg"))


if __name__ == "__main__":
    main()
