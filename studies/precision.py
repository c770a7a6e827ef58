"""hlb-CIFAR10 against its baseline in one compute dtype, as it was once published for each: how fast, and how accurate?

Once for each dtype, and then two run folders at a time:

    for dtype in float16 bfloat16 float32 float64; do
        ablate study run precision --compute-dtype $dtype --out runs/precision_$dtype
    done
    ablate compare runs/precision_float32 runs/precision_float16

Times of two folders are of two sittings; scores hardly depend on that. A network in float64 takes some 25 times as long on a GPU.
"""

from ablate.study import Catalogue, Study, total

RECIPE = "hlb"


def study(catalogue: Catalogue) -> Study:
    """Both ends only, for it is the folders that are compared."""
    return Study.of(
        total(catalogue.names),
        name="precision",
        question="What do all features do in this compute dtype?",
        blocks=25,
        processes=5,
    )
