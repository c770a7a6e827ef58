"""airbench's own example of data selection: 60 % of the training images, chosen in three ways, each trained on for 16 epochs."""

from ablate.study import Arm, Catalogue, Contrast, Design, Study

RECIPE = "airbench94"

EPOCHS = 16.0
SUBSETS = {
    "random 60 %": "random_60",
    "least confident 60 %": "least_confident_60",
    "most confident 60 %": "most_confident_60",
}
EVERY = "every image"


def study(catalogue: Catalogue) -> Study:
    """airbench94 with random flip, as in the example, on all images and on each subset; random choice is what the others are against."""
    rest = frozenset(catalogue.names) - {"alternating_flip"}
    length = EPOCHS / (catalogue.epochs(rest) or EPOCHS)
    arms = [Arm(name=EVERY, features=rest, length=length)]
    arms += [Arm(name=arm, features=rest | {subset}, length=length) for arm, subset in SUBSETS.items()]
    random, *chosen = SUBSETS
    asked = [(random, EVERY), *((arm, random) for arm in chosen), *((arm, EVERY) for arm in chosen)]
    contrasts = [
        Contrast(subject=f"{arm} against {other}", with_arm=arm, without_arm=other, kind="pair") for arm, other in asked
    ]
    return Study.of(
        Design(arms=tuple(arms), contrasts=tuple(contrasts)),
        name="data_selection",
        question="Are the images in which a network is least confident worth more than as many drawn at random?",
        blocks=20,
        processes=5,
    )
