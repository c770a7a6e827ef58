"""The training loss."""

import torch.nn.functional as F
from torch import Tensor


def summed_cross_entropy(logits_NK: Tensor, labels_N: Tensor, label_smoothing: float) -> Tensor:
    """Label-smoothed cross-entropy (PyTorch's definition) summed over the batch: learning rates are for the published batch's sum."""
    return F.cross_entropy(logits_NK, labels_N, label_smoothing=label_smoothing, reduction="sum")


def cross_entropies(logits_NK: Tensor, labels_N: Tensor, label_smoothing: float) -> Tensor:
    """Label-smoothed cross-entropy (PyTorch's definition) of each image, (N,)."""
    return F.cross_entropy(logits_NK, labels_N, label_smoothing=label_smoothing, reduction="none")
