"""Draw the releases of hlb-CIFAR10, in seconds to 94 %: `python figures/hlb.py`."""

from pathlib import Path

from ablate import plots
from ablate.lineages.hlb.published import LADDERS

HERE = Path(__file__).parent


def main() -> None:
    for theme, name in (("light", "hlb.svg"), ("dark", "hlb-dark.svg")):
        axes = plots.waterfall(published=LADDERS[0], theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
