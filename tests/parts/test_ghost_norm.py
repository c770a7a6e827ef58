"""Ghost batches: each normalised by itself, with running statistics of its own, and what evaluation sees of these."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablate.lineages.germer.baseline import PAGE_2019
from ablate.lineages.page.baseline import PAGE_2018
from ablate.parts import FrozenScaleNorms, Scale, TrainedNorms
from ablate.parts.norms import GhostBatchNorm, in_ghost_batches
from tests.tiny_sgd import network_of


def ghost(splits: int = 4, channels: int = 3) -> GhostBatchNorm:
    norm = in_ghost_batches(TrainedNorms().build(channels, 0.1), splits)
    assert isinstance(norm, GhostBatchNorm)
    nn.init.normal_(norm.weight, generator=torch.Generator().manual_seed(1))
    nn.init.normal_(norm.bias, generator=torch.Generator().manual_seed(2))
    return norm


FEATURES = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(3)) * 2 + 1


def test_every_fourth_image_is_normalised_by_a_norm_of_its_own() -> None:
    norm, own = ghost(), [nn.BatchNorm2d(3, momentum=0.1) for _ in range(4)]
    for each in own:
        each.weight.data, each.bias.data = norm.weight.data, norm.bias.data
    for _ in range(2):
        normed = norm.train()(FEATURES)
        for place, each in enumerate(own):
            torch.testing.assert_close(normed[place::4], each.train()(FEATURES[place::4]))
    means, variances = norm.statistics()
    torch.testing.assert_close(means.view(4, 3), torch.stack([each.running_mean for each in own]))  # type: ignore[misc]
    torch.testing.assert_close(variances.view(4, 3), torch.stack([each.running_var for each in own]))  # type: ignore[misc]


def test_evaluation_sees_the_mean_or_the_first_of_the_running_statistics() -> None:
    norm = ghost()
    norm.train()(FEATURES)
    means, variances = (each.clone().view(4, 3) for each in norm.statistics())
    norm.eval()
    torch.testing.assert_close(
        norm(FEATURES), F.batch_norm(FEATURES, means.mean(0), variances.mean(0), norm.weight, norm.bias)
    )
    norm.evaluate_first()
    first = F.batch_norm(FEATURES, means[0], variances[0], norm.weight, norm.bias)
    assert torch.equal(norm(FEATURES), first)
    norm.evaluate_mean()
    assert not torch.equal(norm(FEATURES), first)
    assert torch.equal(norm.statistics()[0].view(4, 3), means), "evaluating changes nothing"


def test_a_batch_that_does_not_split_is_refused_in_training_only() -> None:
    norm = ghost()
    words = (
        "a batch of 6 images does not split into 4 equal ghost batches; set 'batch_size' to a multiple of 'norm_splits'"
    )
    with pytest.raises(ValueError, match=f"^{words}$"):
        norm.train()(FEATURES[:6])
    assert norm.eval()(FEATURES[:6]).shape == (6, 3, 5, 5)


def test_what_is_trained_stays_what_the_norms_say_and_one_ghost_batch_is_none() -> None:
    frozen = in_ghost_batches(FrozenScaleNorms().build(3, 0.2), 2)
    assert (frozen.weight.requires_grad, frozen.bias.requires_grad) == (False, True)
    assert (frozen.eps, frozen.momentum) == (1e-12, 0.2)
    plain = TrainedNorms().build(3, 0.2)
    assert in_ghost_batches(plain, 1) is plain
    assert list(frozen.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize(
    ("scale", "splits"),
    [
        (Scale(), 16),
        (Scale(batch=0.125), 2),
        (Scale(batch=0.25), 4),
        (Scale(batch=0.01), 1),
        # 97 images have no three equal parts, and 77 no two.
        (Scale(batch=0.19), 1),
        (Scale(batch=0.15), 1),
        (Scale(batch=2), 32),
    ],
)
def test_ghost_batches_stay_as_large_as_published(scale: Scale, splits: int) -> None:
    recipe = PAGE_2019.scaled(scale)
    assert recipe.splits == splits
    assert PAGE_2018.scaled(scale).splits == (2 if scale.batch == 2 else 1)


def test_every_norm_of_the_network_has_ghost_batches() -> None:
    network = network_of(PAGE_2019.scaled(Scale(width=0.125)))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [norm.splits for norm in norms if isinstance(norm, GhostBatchNorm)] == [16] * 8
    assert sum(len(norm.statistics()[0]) for norm in norms) == 16 * sum(norm.num_features for norm in norms)  # type: ignore[operator]
    with pytest.raises(ValueError, match="a batch of 500 images does not split into 16 equal ghost batches"):
        network.train()(torch.rand(500, 3, 32, 32))
    assert replace(PAGE_2019, norm_splits=1).compile_key() != PAGE_2019.compile_key()
