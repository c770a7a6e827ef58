"""Draw which groups work together: `python figures/interactions.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("interactions", HERE / "data" / "shapley")
    print(plots.save(figure, HERE / "interactions.svg"))


if __name__ == "__main__":
    main()
