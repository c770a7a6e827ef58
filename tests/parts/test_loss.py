import torch

from ablate.parts.loss import summed_cross_entropy


def test_the_loss_is_a_sum_of_smoothed_cross_entropies() -> None:
    logits = torch.randn(7, 10, dtype=torch.float64)
    labels = torch.arange(7)
    for smoothing in (0.0, 0.2, 0.09):
        total = 0.0
        for row, label in zip(logits, labels, strict=True):
            target = torch.full((10,), smoothing / 10, dtype=torch.float64)
            target[label] += 1 - smoothing
            total -= (target * (row - row.exp().sum().log())).sum().item()
        torch.testing.assert_close(summed_cross_entropy(logits, labels, smoothing).item(), total)
