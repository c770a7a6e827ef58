"""Draw the groups' fair shares beside the ladder's steps: `python figures/shapley.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("shapley", HERE / "data" / "shapley")
    print(plots.save(figure, HERE / "shapley.svg"))


if __name__ == "__main__":
    main()
