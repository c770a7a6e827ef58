"""Draw the published improvements, the picture at the top of the README: `python figures/improvements.py`."""

import csv
from pathlib import Path

from ablate import plots
from ablate.study.groups import HIVE_GROUPS, HIVE_TOTAL_PERCENT

HERE = Path(__file__).parent


def main() -> None:
    with (HERE / "improvements.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["bar", "published_percent", "source"])
        rows.writerows([group.title, f"{group.published_percent:.2f}", group.source] for group in HIVE_GROUPS)
        rows.writerow(["Subtotal", f"{HIVE_TOTAL_PERCENT:.2f}", HIVE_GROUPS[0].source])
    for theme, name in (("light", "improvements.svg"), ("dark", "improvements-dark.svg")):
        axes = plots.waterfall(published=True, theme=theme, width_inches=8.0)
        print(plots.save(axes.figure, HERE / name))


if __name__ == "__main__":
    main()
