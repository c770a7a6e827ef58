"""Draw the published improvements, the picture at the top of the README: `python figures/improvements.py`."""

import csv
from pathlib import Path

from ablate import plots
from ablate.lineages.airbench94_muon.lineage import GROUPS, LADDERS

HERE = Path(__file__).parent


def main() -> None:
    ladder = LADDERS[0]
    total = plots.published_ladder(ladder).total
    with (HERE / "improvements.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["bar", "published_percent", "source"])
        rows.writerows([group.title, f"{group.published_percent:.2f}", group.source] for group in GROUPS)
        rows.writerow(["Subtotal", f"{total.time_saved_percent:.2f}", ladder.rungs[-1].source])
    for theme, name in (("light", "improvements.svg"), ("dark", "improvements-dark.svg")):
        axes = plots.waterfall(published=ladder, theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
