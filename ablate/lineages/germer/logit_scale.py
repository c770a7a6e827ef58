"""Logits twice as large, an eighth of what the linear layer gives."""

from ablate.parts import WideMaxPoolHead
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="logit_scale",
    group="logits",
    summary="Logits twice as large, an eighth of what the linear layer gives.",
    patch={"head": WideMaxPoolHead(logit_scale=1 / 8)},
    source="99991/cifar10-fast-simple, train.py",
)
