"""Ten classes of 32×32 RGB images made from a seed, so that everything runs where no real images are.

A class is a smooth random figure, light and dark, with a colour that it leans towards. An image shows it mirrored or
not, turned, stretched, moved and in a colour of its own, beside a fainter figure of another class, on a random
background, under random light and noise. So flips, small shifts and changes of light keep the label, as they do for
photographs, and the fainter figure sometimes wins: no network gets all of them right.
"""

import numpy as np
import numpy.typing as npt

from ablate.datasets.dataset import Dataset, Images, Labels

SEED = 94
SIZES = (50_000, 10_000)
CLASSES = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "willow")

SIDE = 32
CHUNK = 1000
"""Images drawn from one generator; a set of fewer images is the beginning of the whole one."""

_POSES = 3
_BACKGROUNDS = 128
_MARGIN = 32

Integers = npt.NDArray[np.int32]


class _Draws:
    """Random whole numbers made from a generator's raw output alone.

    numpy promises the raw output of PCG64 for ever, but not what its distributions make of it; floating point would round
    differently on other machines. Nothing here uses either.
    """

    def __init__(self, *key: int) -> None:
        self._generator = np.random.PCG64([SEED, *key])

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Integers:
        """Uniform from low up to, not including, high, of the given shape."""
        raw = self._generator.random_raw(int(np.prod(shape)))
        fraction = (raw >> np.uint64(33)).astype(np.int64)
        drawn: Integers = (low + ((fraction * (high - low)) >> 31)).astype(np.int32)
        return drawn.reshape(shape)

    def bytes(self, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        """Uniform bytes of the given shape, eight from each raw number, lowest first."""
        count = int(np.prod(shape))
        raw = self._generator.random_raw(-(-count // 8))
        return raw.astype("<u8", copy=False).view(np.uint8)[:count].reshape(shape)

    def order(self, count: int) -> npt.NDArray[np.int64]:
        """A random order of `count` things."""
        return np.argsort(self._generator.random_raw(count), kind="stable")


def generate(sizes: tuple[int, int] = SIZES) -> Dataset:
    """The synthetic set with this many training and test images, the same on every machine.

    Raises:
        ValueError: a split has fewer images than there are classes.
    """
    if min(sizes) < len(CLASSES):
        raise ValueError(f"sizes must each be at least {len(CLASSES)}, got {sizes}")
    figures, backgrounds, tints = _figures(), _backgrounds(), _tints()
    splits = []
    for split, size in enumerate(sizes):
        images = np.empty((size, SIDE, SIDE, 3), np.uint8)
        labels = np.empty(size, np.int64)
        for start in range(0, size, CHUNK):
            chunk_images, chunk_labels = _chunk(_Draws(1 + split, start // CHUNK), figures, backgrounds, tints)
            images[start : start + CHUNK] = chunk_images[: size - start]
            labels[start : start + CHUNK] = chunk_labels[: size - start]
        splits.append((images, labels))
    return Dataset.of("synthetic", CLASSES, splits[0], splits[1])


def _smooth(field: Integers, radius: int, passes: int) -> Integers:
    """Box blur along the last two axes, wrapping around; sums, not means, so the caller rescales."""
    for _ in range(passes):
        for axis in (-2, -1):
            field = sum((np.roll(field, shift, axis) for shift in range(-radius, radius + 1)), np.zeros_like(field))
    return field


def _full_range(fields: Integers) -> Integers:
    """Each field of (..., height, width) shifted and scaled to -127 … 127."""
    fields = fields.astype(np.int64)
    low = fields.min(axis=(-2, -1), keepdims=True)
    high = fields.max(axis=(-2, -1), keepdims=True)
    scaled: Integers = ((fields - low) * 254 // (high - low) - 127).astype(np.int32)
    return scaled


def _figures() -> Integers:
    """The figures, (class × pose, padded side, padded side), from -127 to 127, zero around a disc in the middle."""
    draws = _Draws(0, 0)
    shared = _full_range(_smooth(draws.integers(-128, 128, (len(CLASSES), 1, SIDE, SIDE)), 2, 2))
    own = _full_range(_smooth(draws.integers(-128, 128, (len(CLASSES), _POSES, SIDE, SIDE)), 2, 2))
    fields = _full_range(2 * shared + own)
    row = 2 * np.arange(SIDE) - (SIDE - 1)
    distance = row[:, None] ** 2 + row[None, :] ** 2
    window = np.clip((SIDE**2 - distance) // 2, 0, 256)
    disc = ((fields * window) // 256).reshape(-1, SIDE, SIDE)
    return np.pad(disc, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN))).astype(np.int32)


def _backgrounds() -> npt.NDArray[np.int16]:
    """Smooth coloured fields, (background, side, side, 3), from about -127 to 127."""
    draws = _Draws(0, 1)
    coarse = _full_range(_smooth(draws.integers(-128, 128, (_BACKGROUNDS, 3, SIDE, SIDE)), 4, 2))
    fine = _full_range(_smooth(draws.integers(-128, 128, (_BACKGROUNDS, 1, SIDE, SIDE)), 1, 2))
    return np.ascontiguousarray(((2 * coarse + fine) // 3).transpose(0, 2, 3, 1)).astype(np.int16)


def _tints() -> Integers:
    """The colour that each class leans towards, (class, 3)."""
    return _Draws(0, 2).integers(-20, 21, (len(CLASSES), 3))


def _placed(draws: _Draws, figures: Integers, classes: npt.NDArray[np.int64]) -> Integers:
    """One figure an image, (N, side, side): any pose, mirrored or not, turned, stretched and moved."""
    count = len(classes)
    pose = draws.integers(0, _POSES, (count,))
    mirrored = 1 - 2 * draws.integers(0, 2, (count,))
    # The affine map from image to figure, in 256ths: stretch on the diagonal, shear beside it.
    across, down = draws.integers(230, 400, (2, count))
    shear_across, shear_down = draws.integers(-90, 91, (2, count))
    centre_across, centre_down = draws.integers(-6, 7, (2, count))
    grid = np.arange(SIDE, dtype=np.int32) - SIDE // 2
    x = grid[None, None, :] - centre_across[:, None, None]
    y = grid[None, :, None] - centre_down[:, None, None]
    source_x = ((across * mirrored)[:, None, None] * x + shear_across[:, None, None] * y) >> 8
    source_y = (down[:, None, None] * y + shear_down[:, None, None] * x) >> 8
    side = SIDE + 2 * _MARGIN
    np.clip(source_x + side // 2, 0, side - 1, out=source_x)
    np.clip(source_y + side // 2, 0, side - 1, out=source_y)
    which = (classes.astype(np.int32) * _POSES + pose)[:, None, None]
    pixels: Integers = figures.reshape(-1)[(which * side + source_y) * side + source_x]
    return pixels


def _chunk(
    draws: _Draws, figures: Integers, backgrounds: npt.NDArray[np.int16], tints: Integers
) -> tuple[Images, Labels]:
    """One chunk of images with its labels, every class equally often."""
    labels = draws.order(CHUNK) % len(CLASSES)
    others = (labels + draws.integers(1, len(CLASSES), (CHUNK,))) % len(CLASSES)
    strength = draws.integers(40, 110, (CHUNK, 1))
    colour = draws.integers(80, 176, (CHUNK, 3)) + 2 * tints[labels]
    other_colour = draws.integers(80, 176, (CHUNK, 3)) + 2 * tints[others]
    base = draws.integers(88, 168, (CHUNK, 1)) + draws.integers(-24, 25, (CHUNK, 3))
    gain = draws.integers(40, 160, (CHUNK, 1, 1, 1)).astype(np.int16)

    # Sums stay within 16 bits: each of the three terms is at most about 200.
    figure = _placed(draws, figures, labels).astype(np.int16)[..., None]
    other = _placed(draws, figures, others).astype(np.int16)[..., None]
    light = (strength * colour >> 7).astype(np.int16)[:, None, None, :]
    other_light = (draws.integers(10, 70, (CHUNK, 1)) * other_colour >> 7).astype(np.int16)[:, None, None, :]
    images = (figure * light) >> 7
    images += (other * other_light) >> 7
    images += (backgrounds[draws.integers(0, _BACKGROUNDS, (CHUNK,))] * gain) >> 8
    images += base.astype(np.int16)[:, None, None, :]
    noise = draws.bytes((2, *images.shape)).astype(np.int16)
    images += (noise[0] - noise[1]) >> 3
    return np.clip(images, 0, 255).astype(np.uint8), labels
