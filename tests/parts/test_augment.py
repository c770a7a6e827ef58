import pytest
import torch
from torch import Tensor

from ablate.parts import (
    AlternatingFlip,
    BrightnessContrast,
    Crop,
    GatheredCrop,
    LoopedCrop,
    MaskedCrop,
    NoCompile,
    NoFlip,
    NoJitter,
    RandomFlip,
    TwoStageCrop,
)
from ablate.parts.augment import normalised

CROPS = [LoopedCrop(), TwoStageCrop(), GatheredCrop()]
IDS = ["looped", "two stages", "gathered"]


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(number: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(number, 32, 32, 3, generator=stream(1)).to(dtype).permute(0, 3, 1, 2)


def every_offset() -> Tensor:
    return torch.cartesian_prod(torch.arange(5), torch.arange(5)).repeat(2, 1)


def cut_one_by_one(padded: Tensor, offsets: Tensor) -> Tensor:
    windows = [image[:, y : y + 32, x : x + 32] for image, (y, x) in zip(padded, offsets.tolist(), strict=True)]
    return torch.stack(windows)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_all_crops_cut_the_same_windows_at_all_25_offsets(dtype: torch.dtype) -> None:
    offsets = every_offset()
    padded = LoopedCrop().pad(images(len(offsets), dtype))
    assert len({tuple(offset) for offset in offsets.tolist()}) == 25
    expected = cut_one_by_one(padded, offsets)
    for crop in CROPS:
        assert torch.equal(crop.crop(padded, offsets, NoCompile()), expected)


@pytest.mark.parametrize("crop", CROPS, ids=IDS)
def test_offsets_are_uniform_over_all_shifts_in_both_directions(crop: Crop) -> None:
    offsets = crop.draw(25_000, stream())
    counts = torch.bincount(offsets[:, 0] * 5 + offsets[:, 1], minlength=25)
    # A count of 1,000 has a standard deviation of 31.
    assert counts.shape == (25,)
    assert counts.min() > 850
    assert counts.max() < 1150


def test_all_crops_draw_the_same_offsets() -> None:
    first, *others = (crop.draw(100, stream(7)) for crop in CROPS)
    assert all(torch.equal(first, other) for other in others)


@pytest.mark.parametrize("reach", [0, 1, 4])
def test_crops_cut_the_same_windows_whatever_their_reach(reach: int) -> None:
    side = torch.arange(2 * reach + 1)
    offsets = torch.cartesian_prod(side, side)
    padded = TwoStageCrop(reach=reach).pad(images(len(offsets)))
    assert padded.shape[2:] == (32 + 2 * reach, 32 + 2 * reach)
    expected = cut_one_by_one(padded, offsets)
    for kind in (LoopedCrop, TwoStageCrop, GatheredCrop):
        crop = kind(reach=reach)
        assert torch.equal(crop.crop(padded, offsets, NoCompile()), expected)
        assert set(crop.draw(500, stream()).unique().tolist()) == set(side.tolist())


def test_padding_reflects_without_repeating_the_border() -> None:
    original = images(3)
    padded = LoopedCrop().pad(original)
    assert padded.shape == (3, 3, 36, 36)
    assert torch.equal(padded[..., 2:-2, 2:-2], original)
    rows = [2, 1, *range(32), 30, 29]
    assert torch.equal(padded, original[..., rows, :][..., rows])


def test_half_of_the_images_are_mirrored_once() -> None:
    original = images(400)
    flipped = AlternatingFlip().once(original, stream(), NoCompile())
    kept = [torch.equal(before, after) for before, after in zip(original, flipped, strict=True)]
    mirrored = [torch.equal(before.flip(2), after) for before, after in zip(original, flipped, strict=True)]
    assert all(a != b for a, b in zip(kept, mirrored, strict=True))
    assert 150 < sum(mirrored) < 250


@pytest.mark.parametrize("epoch", range(4))
def test_the_whole_set_is_mirrored_in_odd_epochs(epoch: int) -> None:
    original = images(5)
    expected = original[..., torch.arange(31, -1, -1)] if epoch in (1, 3) else original
    assert torch.equal(AlternatingFlip().each_epoch(original, epoch, stream()), expected)


def test_a_random_flip_mirrors_half_of_the_images_in_every_epoch_anew() -> None:
    original, generator = images(400), stream()
    assert RandomFlip().once(original, generator, NoCompile()) is original
    chosen = []
    for epoch in range(2):
        flipped = RandomFlip().each_epoch(original, epoch, generator)
        mirrored = [torch.equal(before.flip(2), after) for before, after in zip(original, flipped, strict=True)]
        kept = [torch.equal(before, after) for before, after in zip(original, flipped, strict=True)]
        assert all(a != b for a, b in zip(kept, mirrored, strict=True))
        assert 150 < sum(mirrored) < 250
        chosen.append(mirrored)
    differing = sum(a != b for a, b in zip(*chosen, strict=True))
    assert 150 < differing < 250


def test_a_recipe_may_leave_images_as_they_are() -> None:
    original = images(5)
    assert NoFlip().once(original, stream(), NoCompile()) is original
    assert NoFlip().each_epoch(original, 1, stream()) is original
    assert NoJitter().jitter(original, stream(), NoCompile()) is original


def test_brightness_comes_first_and_contrast_scales_it_too() -> None:
    jitter = BrightnessContrast(brightness=0.1399, contrast=0.1308)
    original = images(50) * 4 - 2
    shift, factor = jitter.draw(50, stream(3))
    changed = jitter.jitter(original, stream(3), NoCompile())
    for index in range(50):
        expected = original[index] * factor[index].item() + shift[index].item() * factor[index].item()
        torch.testing.assert_close(changed[index], expected)
    # Nothing is clamped, neither to the data's range nor to pixel values.
    assert changed.max() > original.max()
    assert changed.min() < original.min()


def test_every_image_has_a_shift_and_a_factor_of_its_own_over_the_whole_range() -> None:
    shift, factor = BrightnessContrast(brightness=0.1399, contrast=0.1308).draw(20_000, stream())
    assert shift.shape == factor.shape == (20_000, 1, 1, 1)
    for values, centre, reach in ((shift, 0.0, 0.1399), (factor, 1.0, 0.1308)):
        assert values.min().item() == pytest.approx(centre - reach, abs=1e-4)
        assert values.max().item() == pytest.approx(centre + reach, abs=1e-4)
        assert values.min() >= centre - reach
        assert values.max() <= centre + reach
        assert values.mean().item() == pytest.approx(centre, abs=0.003)
        assert values.std().item() == pytest.approx(reach / 3**0.5, rel=0.02)
    correlation = torch.corrcoef(torch.stack([shift.flatten(), factor.flatten()]))[0, 1]
    assert abs(correlation.item()) < 0.03


def test_jitter_stays_in_the_images_dtype() -> None:
    jitter = BrightnessContrast(brightness=0.1399, contrast=0.1308)
    assert jitter.jitter(images(4, torch.float16), stream(), NoCompile()).dtype == torch.float16


def test_images_are_normalised_with_constants_rounded_to_their_dtype() -> None:
    means = (0.491455, 0.482178, 0.446533)
    stds = (0.246948, 0.243530, 0.261719)
    half = images(3, torch.float16)
    result = normalised(half)
    assert result.dtype == torch.float16
    for channel in range(3):
        mean, std = (torch.tensor(values[channel], dtype=torch.float16) for values in (means, stds))
        assert mean.item() == pytest.approx(means[channel], abs=1e-6)
        assert std.item() == pytest.approx(stds[channel], abs=1e-6)
        assert torch.equal(result[:, channel], (half[:, channel] - mean) / std)
    exact = normalised(images(3))
    for channel, (mean, std) in enumerate([(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)]):
        torch.testing.assert_close(exact[:, channel], (images(3)[:, channel] - mean) / std)


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_a_masked_crop_never_shifts_by_its_reach_to_the_right(reach: int) -> None:
    crop = MaskedCrop(reach=reach)
    offsets = crop.draw(5_000, stream())
    assert offsets.unique().tolist() == list(range(2 * reach))
    padded = crop.pad(images(40))
    expected = cut_one_by_one(padded, offsets[:40])
    assert torch.equal(crop.crop(padded, offsets[:40], NoCompile()), expected)
    last = padded.contiguous(memory_format=torch.channels_last)
    assert torch.equal(crop.crop(last, offsets[:40], NoCompile()), expected)
