"""Draw what each feature past the record saves, at full size: `python figures/past_the_record_steps.py`."""

from pathlib import Path

from ablate import plots

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("waterfall", HERE / "data" / "past_the_record_steps")
    print(plots.save(figure, HERE / "past_the_record_steps.svg"))


if __name__ == "__main__":
    main()
