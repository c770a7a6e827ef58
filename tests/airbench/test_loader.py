import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ablate.airbench import CifarLoader
from ablate.datasets import Dataset
from ablate.errors import AblateError, DataError, UsageError
from ablate.parts.augment import normalised
from ablate.training.session import compute_dtype_of
from tests.airbench.little_sets import CLASSES, NUM_TEST, NUM_TRAIN, write

Break = Callable[[CifarLoader], None]


def loader(folder: Path, **settings: Any) -> CifarLoader:
    return CifarLoader(folder, **{"batch_size": 20, "device": "cpu", **settings})


def epoch(loader: CifarLoader) -> tuple[torch.Tensor, torch.Tensor]:
    """All that an iteration gives, images and labels."""
    images, labels = zip(*loader, strict=True)
    return torch.cat(images), torch.cat(labels)


def test_its_attributes_are_airbenchs(folder: Path, little: Dataset) -> None:
    made = loader(folder)
    assert made.images.shape == (NUM_TRAIN, 3, 32, 32)
    assert made.images.dtype == compute_dtype_of(torch.device("cpu"))
    assert made.images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(
        (made.images.float() * 255).round().byte(), torch.tensor(little.train_images).permute(0, 3, 1, 2)
    )
    assert made.labels.tolist() == little.train_labels.tolist()
    assert made.classes == CLASSES
    assert torch.equal(made.normalize(made.images), normalised(made.images))
    assert (made.batch_size, made.aug, made.altflip, made.epoch, made.proc_images) == (20, {}, False, 0, {})


@pytest.mark.parametrize(("train", "number"), [(True, NUM_TRAIN), (False, NUM_TEST)])
def test_dropping_and_shuffling_follow_the_split(folder: Path, train: bool, number: int) -> None:
    made = loader(folder, train=train, batch_size=36)
    assert (made.drop_last, made.shuffle, len(made.images)) == (train, train, number)
    assert len(made) == (number // 36 if train else math.ceil(number / 36))
    assert [len(labels) for _, labels in made] == ([36, 36] if train else [36, 4])
    other = loader(folder, train=train, batch_size=36, drop_last=not train, shuffle=not train)
    assert len(other) == (math.ceil(number / 36) if train else number // 36)


def test_without_augmentation_and_shuffling_images_come_as_they_are(folder: Path) -> None:
    made = loader(folder, train=False)
    images, labels = epoch(made)
    assert torch.equal(images, normalised(made.images))
    assert torch.equal(labels, made.labels)


def test_a_shuffled_epoch_has_every_image_once_and_each_is_another(folder: Path) -> None:
    made = loader(folder, batch_size=NUM_TRAIN, seed=1)
    made.labels = torch.arange(NUM_TRAIN)
    first, second = epoch(made), epoch(made)
    for images, labels in (first, second):
        assert sorted(labels.tolist()) == list(range(NUM_TRAIN))
        assert torch.equal(images, normalised(made.images)[labels])
    assert not torch.equal(first[1], second[1])


def test_alternating_flip_mirrors_every_image_in_every_second_epoch(folder: Path) -> None:
    made = loader(folder, aug={"flip": True}, altflip=True, shuffle=False, drop_last=False, seed=2)
    plain = normalised(made.images)
    first, second, third = (epoch(made)[0] for _ in range(3))
    assert torch.equal(first, second.flip(-1))
    assert torch.equal(first, third)
    mirrored = [not torch.equal(image, original) for image, original in zip(first, plain, strict=True)]
    assert 0.25 * NUM_TRAIN < sum(mirrored) < 0.75 * NUM_TRAIN


def test_random_flip_draws_anew_in_every_epoch(folder: Path) -> None:
    made = loader(folder, aug={"flip": True}, shuffle=False, drop_last=False, seed=2)
    plain = normalised(made.images)
    chosen = []
    for _ in range(4):
        images = epoch(made)[0]
        mirrored = (images != plain).flatten(1).any(1)
        assert torch.equal(images[mirrored], plain[mirrored].flip(-1))
        chosen.append(tuple(mirrored.tolist()))
    assert len(set(chosen)) == 4


@pytest.mark.parametrize("reach", [2, 4])
def test_translation_shifts_by_up_to_its_pixels_and_reflects(folder: Path, reach: int) -> None:
    made = loader(folder, aug={"translate": reach}, shuffle=False, drop_last=False, seed=3)
    padded = torch.nn.functional.pad(normalised(made.images), (reach,) * 4, "reflect")
    shifts = range(2 * reach + 1)
    found = set()
    for place, image in enumerate(epoch(made)[0]):
        at = [(y, x) for y in shifts for x in shifts if torch.equal(image, padded[place, :, y : y + 32, x : x + 32])]
        assert at
        found.add(at[0])
    assert len(found) > len(shifts)


def test_cutout_blanks_one_whole_square_of_each_image(folder: Path) -> None:
    made = loader(folder, aug={"cutout": 12}, shuffle=False, drop_last=False, seed=3)
    made.images = torch.ones_like(made.images)
    images = epoch(made)[0]
    blank = (images == 0).all(1)
    assert torch.equal((images == 0).any(1), blank)
    assert (blank.flatten(1).sum(1) == 12 * 12).all()
    assert (blank.any(1).sum(1) == 12).all()
    assert (blank.any(2).sum(1) == 12).all()


def test_an_epoch_left_early_counts(folder: Path) -> None:
    made = loader(folder, aug={"flip": True}, altflip=True, shuffle=False, seed=2)
    first = next(iter(made))[0]
    assert made.epoch == 1
    for images, _ in made:
        assert torch.equal(images, first.flip(-1))
        break
    assert made.epoch == 2


def test_what_is_done_once_is_kept_until_the_epoch_is_set_back(folder: Path) -> None:
    made = loader(folder, train=False)
    kept = normalised(made.images)
    epoch(made)
    made.images.zero_()
    assert torch.equal(epoch(made)[0], kept)
    made.epoch = 0
    assert torch.equal(epoch(made)[0], normalised(made.images))


def test_augmentation_may_change_between_epochs(folder: Path) -> None:
    made = loader(folder, aug={"translate": 2}, seed=1)
    epoch(made)
    made.aug = {"translate": 4}
    assert epoch(made)[0].shape[1:] == (3, 32, 32)
    assert made.proc_images["pad"].shape[-1] == 40


def test_images_are_masked_before_the_first_iteration(folder: Path) -> None:
    made = loader(folder, aug={"flip": True, "translate": 2}, batch_size=10)
    mask = made.labels < 6
    made.images = made.images[mask]
    made.labels = made.labels[mask]
    assert len(made) == int(mask.sum()) // 10
    assert epoch(made)[1].max() < 6


def test_a_seed_repeats_a_loader_and_none_does_not(folder: Path) -> None:
    settings: dict[str, Any] = {"aug": {"flip": True, "translate": 2, "cutout": 8}}

    def two_epochs(**more: Any) -> list[torch.Tensor]:
        made = loader(folder, **settings, **more)
        return [epoch(made)[0], epoch(made)[0]]

    assert all(map(torch.equal, two_epochs(seed=5), two_epochs(seed=5)))
    assert not torch.equal(two_epochs(seed=5)[0], two_epochs(seed=6)[0])
    assert not torch.equal(two_epochs()[0], two_epochs()[0])
    torch.manual_seed(7)
    first = two_epochs()
    torch.manual_seed(7)
    assert all(map(torch.equal, first, two_epochs()))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"aug": {"flp": True}},
            "aug has an unknown key 'flp'. Did you mean 'flip'? There are: flip, translate, cutout.",
        ),
        ({"aug": {"translate": -2}}, "aug has translate=-2; write a whole number of pixels from 0 to 31."),
        ({"aug": {"translate": 32}}, "aug has translate=32;"),
        ({"aug": {"translate": 2.5}}, "aug has translate=2.5;"),
        ({"aug": {"cutout": 33}}, "aug has cutout=33; write a whole number of pixels from 0 to 32."),
        ({"aug": {"flip": "yes"}}, "aug has flip='yes'; write flip=True or flip=False."),
        ({"aug": ["flip"]}, "aug is ['flip']; write a dict"),
        ({"batch_size": 0}, "batch_size is 0; write a whole number of images, 1 or more."),
        ({"batch_size": 1.5}, "batch_size is 1.5;"),
        ({"device": "cdua"}, "Unknown device 'cdua'. Did you mean 'cuda'?"),
    ],
)
def test_wrong_settings_are_refused(folder: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        loader(folder, **settings)
    assert_short(caught.value, words)


@pytest.mark.parametrize("name", ["images", "labels"])
def test_replacing_after_the_first_epoch_is_refused(folder: Path, name: str) -> None:
    made = loader(folder)
    epoch(made)
    before = getattr(made, name)
    with pytest.raises(UsageError) as caught:
        setattr(made, name, before[:10])
    assert_short(caught.value, f"{name} of a loader in epoch 1 cannot be replaced", "set loader.epoch = 0 first")
    assert getattr(made, name) is before
    made.epoch = 0
    setattr(made, name, before[:10])


def _break(name: str, change: Callable[[torch.Tensor], Any]) -> Break:
    return lambda made: setattr(made, name, change(getattr(made, name)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_break("images", lambda images: images[:70]), "The loader has 70 images and 96 labels. Select from both"),
        (_break("images", lambda images: (images * 255).byte()), "loader.images are uint8 of shape (96, 3, 32, 32);"),
        (_break("images", lambda images: images.permute(0, 2, 3, 1)), "of shape (96, 32, 32, 3);"),
        (_break("images", lambda images: images.float().numpy()), "loader.images are a ndarray;"),
        (_break("labels", lambda labels: labels.float()), "loader.labels are float32 of shape (96,);"),
        (
            _break("labels", lambda labels: labels.to("meta")),
            "loader.labels are on meta and the loader on cpu. Move them",
        ),
        (
            _break("batch_size", lambda size: 97),
            "A batch of 97 never fills from 96 images. Lower batch_size, or set drop_last",
        ),
        (_break("batch_size", lambda size: -1), "batch_size is -1;"),
        (_break("aug", lambda aug: {"mirror": True}), "aug has an unknown key 'mirror'."),
    ],
)
def test_what_cannot_be_iterated_is_refused_when_it_is(folder: Path, change: Break, words: str) -> None:
    made = loader(folder)
    change(made)
    with pytest.raises(UsageError) as caught:
        next(iter(made))
    assert_short(caught.value, words)
    assert made.epoch == 0


def test_no_images_left_is_said(folder: Path) -> None:
    made = loader(folder)
    made.images, made.labels = made.images[:0], made.labels[:0]
    with pytest.raises(UsageError, match="The loader has no images left"):
        next(iter(made))


def _saved(held: Any) -> Callable[[Path], None]:
    return lambda file: torch.save(held, file)


IMAGES, LABELS = torch.zeros(4, 32, 32, 3, dtype=torch.uint8), torch.arange(4)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_bytes(b""), "torch cannot read it"),
        (lambda file: file.write_bytes(b"no file of torch's"), "torch cannot read it"),
        (lambda file: file.write_bytes(file.read_bytes()[:2000]), "torch cannot read it"),
        (_saved([1, 2]), "it is no dict of images, labels and classes"),
        (_saved({"images": IMAGES, "labels": LABELS}), "it is no dict of images, labels and classes"),
        (_saved({"images": IMAGES.float(), "labels": LABELS, "classes": CLASSES}), "its images are float32"),
        (
            _saved({"images": IMAGES[:, :28], "labels": LABELS, "classes": CLASSES}),
            "uint8 of shape (4, 28, 32, 3), not",
        ),
        (_saved({"images": IMAGES, "labels": LABELS[:3], "classes": CLASSES}), "int64 of shape (3,), not one"),
        (_saved({"images": IMAGES, "labels": [0, 1, 2, 3], "classes": CLASSES}), "its labels are list"),
        (_saved({"images": IMAGES, "labels": LABELS + 8, "classes": CLASSES}), "its labels go from 8 to 11"),
        (_saved({"images": IMAGES[:0], "labels": LABELS[:0], "classes": CLASSES}), "it holds no image"),
        (_saved({"images": IMAGES, "labels": LABELS, "classes": CLASSES * 2}), "its classes are not a list of 10"),
    ],
)
def test_a_damaged_file_is_refused(folder: Path, spoil: Callable[[Path], None], words: str) -> None:
    spoil(folder / "train.pt")
    with pytest.raises(DataError) as caught:
        loader(folder)
    assert_short(caught.value, "train.pt is damaged: ", words, "`ablate data list`")


def test_a_file_that_would_run_code_is_not_run(folder: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"images": Trap(), "labels": LABELS, "classes": CLASSES}, folder / "train.pt")
    with pytest.raises(DataError, match="is damaged"):
        loader(folder)
    assert not (tmp_path / "ran").exists()


def test_one_split_of_two_is_refused(folder: Path) -> None:
    (folder / "test.pt").unlink()
    loader(folder)
    with pytest.raises(DataError) as caught:
        loader(folder, train=False)
    assert_short(caught.value, "has train.pt and no test.pt", "Put test.pt beside it")


def test_other_whole_labels_become_int64(tmp_path: Path) -> None:
    folder = write(tmp_path / "bytes", (IMAGES, LABELS.to(torch.uint8)), (IMAGES, LABELS))
    assert loader(folder, batch_size=2).labels.dtype == torch.int64


@pytest.mark.parametrize("path", ["cifar10-jpeg", "./cifar10-jpeg", "/tmp/somewhere/cifar10-jpeg"])
def test_a_name_is_a_set_of_the_data_home(
    path: str, little: Dataset, no_data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ablate.datasets import home

    train, test = (little.train_images, little.train_labels), (little.test_images, little.test_labels)
    home.write(no_data_home, Dataset.of("cifar10-jpeg", little.classes, train, test), "made up", replace=False)
    monkeypatch.chdir(tmp_path)
    made = CifarLoader(path, train=False, device="cpu")
    assert made.labels.tolist() == little.test_labels.tolist()
    assert made.classes == list(little.classes)
    assert not list(tmp_path.rglob("*.pt"))


def test_the_synthetic_set_is_made_once(little: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from ablate.airbench import source

    asked = []
    monkeypatch.setattr(source, "load_data", lambda name, home, announce: asked.append(name) or little)
    sizes = [len(CifarLoader("./synthetic", train=train, device="cpu").images) for train in (True, False, True)]
    assert sizes == [NUM_TRAIN, NUM_TEST, NUM_TRAIN]
    assert asked == ["synthetic"]


def test_a_path_without_images_is_refused_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        loader(tmp_path / "cifar11")
    assert_short(
        caught.value, f"No train.pt in {tmp_path}/cifar11. No data set 'cifar11' in", "Did you mean 'cifar10'?"
    )
    assert "`ablate data import NAME PATH`" in str(caught.value)


def assert_short(error: AblateError, *words: str) -> None:
    """One or two lines that hold these words and end a sentence."""
    text = str(error)
    for each in words:
        assert each in text
    assert 1 <= len(text.splitlines()) <= 2, text
    assert re.search(r"[.)]$", text), text
