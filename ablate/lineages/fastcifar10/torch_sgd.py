"""PyTorch's SGD, whose velocity takes every rate of the moment, instead of one that remembers the rates of its steps."""

from ablate.parts import TorchSgd
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="torch_sgd",
    group="optimiser",
    summary="PyTorch's SGD, whose velocity takes every rate of the moment, instead of one that remembers the rates of its steps.",
    patch={"optimiser": TorchSgd()},
    source="mklblm/fastcifar10, README.md",
)
