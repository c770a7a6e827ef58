import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from ablate.plots.marks import violins


@pytest.mark.parametrize("places", [(0.0,), (0.0, 1.0), (0.0, 3.0), (2.0, 5.0, 6.0)])
def test_a_violin_keeps_to_its_row_and_ends_at_the_extremes(places: tuple[float, ...]) -> None:
    """Rows between them may hold dots."""
    rng = np.random.default_rng(1)
    samples = {place: rng.normal(place, 0.1, 100) for place in places}
    axes = Figure().add_subplot()
    violins(axes, samples, 0.36, colour="#0072b2", alpha=0.5)
    drawn = [one for one in axes.collections if isinstance(one, PolyCollection)]
    assert len(drawn) == len(places)
    for place, values in samples.items():
        (body,) = [one for one in drawn if abs(one.get_paths()[0].vertices[:, 1].mean() - place) < 0.1]
        vertices = body.get_paths()[0].vertices
        assert vertices[:, 1].max() - place == pytest.approx(0.36)
        assert place - vertices[:, 1].min() == pytest.approx(0.36)
        assert (vertices[:, 0].min(), vertices[:, 0].max()) == pytest.approx((values.min(), values.max()))
