"""Many features at once, in arms that have about half of them on, so that every trial informs every feature."""

from ablate.study import Catalogue, Study


def study(catalogue: Catalogue, resolution: int = 4) -> Study:
    """Every feature of the registry; with `--resolution 5` every group, in arms that keep pairs apart too."""
    return Study.screening(catalogue, resolution=resolution, name="screening", blocks=5, processes=5)
