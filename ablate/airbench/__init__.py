"""The interface of the airbench package: its loader, its trainings, its predictions, on a GPU or a CPU.

`from ablate.airbench import ...` in place of `from airbench import ...` is the one line that changes. Everything is done by the
parts, recipes and the loop that studies use. What only goes beyond the interface is keyword-only: `device` and `seed`.
"""

from ablate.airbench.inference import evaluate, infer
from ablate.airbench.loader import CifarLoader
from ablate.airbench.networks import make_net93, make_net94, make_net95, make_net96
from ablate.airbench.trainings import train93, train94, train95, train96, warmup93, warmup94, warmup95, warmup96

__all__ = [
    "CifarLoader",
    "evaluate",
    "infer",
    "make_net93",
    "make_net94",
    "make_net95",
    "make_net96",
    "train93",
    "train94",
    "train95",
    "train96",
    "warmup93",
    "warmup94",
    "warmup95",
    "warmup96",
]
