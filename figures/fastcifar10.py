"""Draw every trial of PyTorch's SGD and of the one written by hand: `python figures/fastcifar10.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("distribution", HERE / "data" / "fastcifar10")
    print(plots.save(figure, HERE / "fastcifar10.svg"))


if __name__ == "__main__":
    main()
