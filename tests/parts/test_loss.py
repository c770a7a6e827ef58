import torch

from ablate.parts.loss import cross_entropies, summed_cross_entropy


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


def test_the_losses_of_a_batch_are_those_of_its_images_one_by_one() -> None:
    logits, labels = torch.randn(7, 10, dtype=torch.float64), torch.arange(7)
    for smoothing in (0.0, 0.2):
        losses = cross_entropies(logits, labels, smoothing)
        assert losses.shape == (7,)
        for index in range(7):
            alone = summed_cross_entropy(logits[index : index + 1], labels[index : index + 1], smoothing)
            torch.testing.assert_close(losses[index], alone)
