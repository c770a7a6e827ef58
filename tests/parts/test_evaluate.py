import pytest
import torch
from torch import Tensor

from ablate.parts import FullTta, MirrorTta, NoCompile, PlainTta, PredictedAgain, Reused, SelectiveTta
from ablate.parts.evaluate import CHUNK_IMAGES, plain_logits

WEIGHTS = torch.randn(3 * 32 * 32, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / 5


def predict(images: Tensor) -> Tensor:
    """Not linear in the image and not symmetric, so that every view has logits of its own."""
    return (images.reshape(len(images), -1).double() @ WEIGHTS).sin() * 3


def some_images(number: int = 80) -> Tensor:
    return torch.rand(number, 3, 32, 32, generator=torch.Generator().manual_seed(2))


def shifted(image: Tensor, down: int, right: int) -> Tensor:
    """One image with its contents moved by a pixel, pixel by pixel, the border reflected."""

    def source(place: int, by: int) -> int:
        place -= by
        return 1 if place == -1 else 30 if place == 32 else place

    rows = torch.tensor([source(y, down) for y in range(32)])
    columns = torch.tensor([source(x, right) for x in range(32)])
    return image[:, rows][:, :, columns]


def six_views(image: Tensor) -> list[Tensor]:
    upright = [image, shifted(image, 1, 1), shifted(image, -1, -1)]
    return upright + [view.flip(2) for view in upright]


def by_views(images: Tensor, weights: list[float]) -> Tensor:
    logits = []
    for image in images:
        views = zip(weights, six_views(image), strict=True)
        logits.append(sum(weight * predict(view[None])[0] for weight, view in views))
    return torch.stack(logits)


def test_full_tta_weighs_image_and_mirror_twice_as_much_as_each_shifted_view() -> None:
    images = some_images()
    expected = by_views(images, [1 / 4, 1 / 8, 1 / 8, 1 / 4, 1 / 8, 1 / 8])
    torch.testing.assert_close(FullTta().logits(predict, images, NoCompile()), expected)
    assert not torch.allclose(expected, by_views(images, [1 / 6] * 6))


def test_selective_tta_of_all_images_is_the_uniform_mean_of_six_views() -> None:
    images = some_images()
    logits = SelectiveTta(fraction=1.0).logits(predict, images, NoCompile())
    torch.testing.assert_close(logits, by_views(images, [1 / 6] * 6))


@pytest.mark.parametrize("number", [80, 81, 83])
def test_selective_tta_replaces_only_the_least_confident_quarter(number: int) -> None:
    images = some_images(number)
    plain = predict(images)
    logits = SelectiveTta(fraction=0.25).logits(predict, images, NoCompile())
    exponentials = plain.exp()
    confidence = (exponentials / exponentials.sum(1, keepdim=True)).max(1).values
    chosen = sorted(range(number), key=lambda index: confidence[index].item())[: int(0.25 * number)]
    others = [index for index in range(number) if index not in chosen]
    assert len(chosen) == 20
    assert torch.equal(logits[others], plain[others])
    assert (logits[chosen] != plain[chosen]).any(1).all()
    torch.testing.assert_close(logits[chosen], by_views(images[chosen], [1 / 6] * 6))


def test_passes_and_batches_of_the_published_test_set() -> None:
    passes: list[int] = []

    def counted(images: Tensor) -> Tensor:
        passes.append(len(images))
        return images.new_zeros(len(images), 10)

    images = torch.empty(1, 3, 32, 32).expand(10_000, 3, 32, 32)
    plain_logits(counted, images)
    assert passes == [2000] * 5
    passes.clear()
    FullTta().logits(counted, images, NoCompile())
    assert passes == [2000] * 30
    passes.clear()
    SelectiveTta(fraction=0.25).logits(counted, images, NoCompile())
    assert passes == [2000] * 5 + [12_000, 3_000]
    assert sum(passes) == 25_000


def test_chunks_do_not_change_predictions() -> None:
    images = some_images(6)[torch.arange(CHUNK_IMAGES + 6) % 6]
    for augmentation in (FullTta(), SelectiveTta(fraction=1.0)):
        whole = augmentation.logits(predict, images, NoCompile())
        torch.testing.assert_close(whole[CHUNK_IMAGES:], augmentation.logits(predict, images[-6:], NoCompile()))


def test_too_few_images_for_a_quarter_keep_their_plain_logits() -> None:
    images = some_images(3)
    assert torch.equal(SelectiveTta(fraction=0.25).logits(predict, images, NoCompile()), predict(images))


def test_a_network_may_hand_out_one_buffer_for_all_chunks() -> None:
    buffer = torch.empty(CHUNK_IMAGES, 10)

    def into_one_buffer(images: Tensor) -> Tensor:
        return buffer[: len(images)].copy_(images.flatten(1)[:, :10])

    images = some_images(6)[torch.arange(2 * CHUNK_IMAGES) % 6]
    assert torch.equal(plain_logits(into_one_buffer, images), images.flatten(1)[:, :10])


def test_plain_predictions_are_of_the_image_alone() -> None:
    assert torch.equal(PlainTta().logits(predict, some_images(), NoCompile()), predict(some_images()))


def test_mirrored_predictions_are_the_mean_over_image_and_mirror() -> None:
    images = some_images(6)[torch.arange(CHUNK_IMAGES + 6) % 6]
    expected = (predict(images) + predict(images[..., torch.arange(31, -1, -1)])) / 2
    torch.testing.assert_close(MirrorTta().logits(predict, images, NoCompile()), expected)


def test_views_are_read_before_their_buffer_is_used_again() -> None:
    buffer = torch.empty(CHUNK_IMAGES, 10, dtype=torch.float64)

    def into_one_buffer(images: Tensor) -> Tensor:
        return buffer[: len(images)].copy_(predict(images))

    images = some_images(5)
    for augmentation in (PlainTta(), MirrorTta(), FullTta()):
        expected = augmentation.logits(predict, images, NoCompile())
        torch.testing.assert_close(augmentation.logits(into_one_buffer, images, NoCompile()), expected)


def test_reusing_the_plain_pass_saves_a_view_and_changes_nothing_but_rounding() -> None:
    images, passes = some_images(), list[int]()

    def counting(chunk: Tensor) -> Tensor:
        passes.append(len(chunk))
        return predict(chunk)

    again = PredictedAgain().applied(SelectiveTta(fraction=0.25)).logits(counting, images, NoCompile())
    before = sum(passes)
    passes.clear()
    reused = Reused().applied(SelectiveTta(fraction=0.25)).logits(counting, images, NoCompile())
    assert (before, sum(passes)) == (80 + 6 * 20, 80 + 5 * 20)
    torch.testing.assert_close(reused, again, rtol=1e-5, atol=1e-5)


def test_where_nothing_is_predicted_twice_nothing_is_reused() -> None:
    assert Reused().applied(FullTta()) == FullTta()
