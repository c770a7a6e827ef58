"""Draw every trial of the ladder, and the drift of its times: `python figures/distribution.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("distribution", HERE / "data" / "waterfall_interleaved")
    print(plots.save(figure, HERE / "distribution.svg"))


if __name__ == "__main__":
    main()
