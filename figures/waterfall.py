"""Draw the measured improvements beside the published ones: `python figures/waterfall.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages.airbench94_muon.lineage import LADDERS

HERE = Path(__file__).parent


def main() -> None:
    figure = plots.draw("waterfall", HERE / "data" / "waterfall_interleaved", published=True, ladders=LADDERS)
    print(plots.save(figure, HERE / "waterfall.svg"))


if __name__ == "__main__":
    main()
