"""ResNet-18 as its script has it."""

import torch
from torch import nn

from ablate.lineages.resnet18.baseline import RESNET18_PLAIN
from ablate.parts import Scale
from ablate.training.sgd_loop import build_network


def test_norms_are_in_the_compute_dtype_as_the_script_leaves_them() -> None:
    recipe = RESNET18_PLAIN.scaled(Scale(width=0.125))
    network = build_network(recipe, torch.float16, torch.device("cpu")).network
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 20
    values = [value for norm in norms for value in norm.state_dict().values() if value.is_floating_point()]
    assert {value.dtype for value in values} == {torch.float16}
