"""Augmentation of the whole training set once an epoch: normalise and flip once, then crop, mirror and jitter.

Random draws are made outside compiled functions, from the slot's own stream; what uses them is a pure function of tensors.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.functional import normalize

from ablate.parts.compiler import Compiler
from ablate.parts.cutout import inside_squares
from ablate.parts.part import Bounds, Part

Dealt: TypeAlias = Callable[[], tuple[Tensor, ...]]
"""Gives an epoch's runs of indices as its order deals them, however often it is asked; a batch each, unless one waits for more."""

ImageChange: TypeAlias = tuple[Callable[..., Tensor], tuple[Tensor, ...]]
"""A function of images (B, 3, H, W) and of what was drawn for each of them; and the draws, (N, ...) each, for all images of a set."""

CHANNEL_MEANS = (0.4914, 0.4822, 0.4465)
CHANNEL_STDS = (0.2470, 0.2435, 0.2616)


def normalised(images_NCHW: Tensor) -> Tensor:
    """Images in [0, 1] minus CIFAR-10's channel means over its standard deviations, constants rounded to the images' dtype."""
    return normalize(images_NCHW, list(CHANNEL_MEANS), list(CHANNEL_STDS))


@dataclass(frozen=True, kw_only=True)
class Flip(Part):
    """Slot: mirroring of normalised images (N, 3, H, W), once before the first epoch and again in each."""

    @abstractmethod
    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """The set before the first epoch, in the same shape and dtype; draws come from `generator`."""

    @abstractmethod
    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """The cropped set of an epoch (from 0), in the same shape and dtype; draws come from `generator`."""

    def each_dealt(self, images_NCHW: Tensor, epoch: int, dealt: Dealt, generator: torch.Generator) -> Tensor:
        """`each_epoch`, for images that are in storage order and dealt in another; only who depends on that asks which."""
        return self.each_epoch(images_NCHW, epoch, generator)

    def chosen_once(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Which images `once` mirrors, (N,) bool, by the same draws; for `ByBatch`, which refuses parts that do not say."""
        raise NotImplementedError(f"{type(self).__name__} does not say which images it mirrors")

    def chosen_each_epoch(self, num_images: int, epoch: int, generator: torch.Generator) -> Tensor:
        """Which images `each_epoch` mirrors, (N,) bool, by the same draws; for `ByBatch`, which refuses parts that do not say."""
        raise NotImplementedError(f"{type(self).__name__} does not say which images it mirrors")


@dataclass(frozen=True, kw_only=True)
class NoFlip(Flip):
    """Images as they are."""

    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def chosen_once(self, num_images: int, generator: torch.Generator) -> Tensor:
        """None."""
        return all_alike(num_images, False, generator)

    def chosen_each_epoch(self, num_images: int, epoch: int, generator: torch.Generator) -> Tensor:
        """None."""
        return all_alike(num_images, False, generator)


@dataclass(frozen=True, kw_only=True)
class AlternatingFlip(Flip):
    """Each image mirrored at random once, then all of them in every second epoch (arXiv:2404.00498).

    `compile_mode`: how the one-time flip wants to be compiled, None for not at all.
    """

    compile_mode: str | None = None

    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Each image mirrored with probability one half."""
        chosen = self.chosen_once(len(images_NCHW), generator)
        return compiler.function(mirror_chosen, self.compile_mode)(images_NCHW, chosen)

    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """Mirrored in odd epochs."""
        return images_NCHW.flip(-1) if epoch % 2 == 1 else images_NCHW

    def chosen_once(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Each with probability one half."""
        return half_of(num_images, generator)

    def chosen_each_epoch(self, num_images: int, epoch: int, generator: torch.Generator) -> Tensor:
        """All in odd epochs."""
        return all_alike(num_images, epoch % 2 == 1, generator)


@dataclass(frozen=True, kw_only=True)
class RandomFlip(Flip):
    """Each image mirrored at random in every epoch anew."""

    def once(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """Each image mirrored with probability one half."""
        return mirror_chosen(images_NCHW, self.chosen_each_epoch(len(images_NCHW), epoch, generator))

    def chosen_once(self, num_images: int, generator: torch.Generator) -> Tensor:
        """None."""
        return all_alike(num_images, False, generator)

    def chosen_each_epoch(self, num_images: int, epoch: int, generator: torch.Generator) -> Tensor:
        """Each with probability one half."""
        return half_of(num_images, generator)


def half_of(num_images: int, generator: torch.Generator) -> Tensor:
    """Images chosen with probability one half each, (N,) bool."""
    return torch.rand(num_images, device=generator.device, generator=generator) < 0.5


def all_alike(num_images: int, are_chosen: bool, generator: torch.Generator) -> Tensor:
    """All images or none chosen, (N,) bool, where a generator's draws are."""
    return torch.full((num_images,), are_chosen, device=generator.device)


def mirror_chosen(images_NCHW: Tensor, chosen_N: Tensor) -> Tensor:
    """The images, those chosen mirrored left to right."""
    return torch.where(chosen_N.view(-1, 1, 1, 1), images_NCHW.flip(-1), images_NCHW)


@dataclass(frozen=True, kw_only=True)
class Crop(Part):
    """Slot: how shifted images are cut out of padded ones. `reach` is the largest shift in pixels."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"reach": Bounds(most=31)}

    reach: int = 2

    def pad(self, images_NCHW: Tensor) -> Tensor:
        """Reflect-padded by `reach` on all sides."""
        return F.pad(images_NCHW, (self.reach,) * 4, "reflect")

    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Corner offsets (y, x) uniform on 0 to 2·reach, (N, 2) int64."""
        return torch.randint(0, 2 * self.reach + 1, (num_images, 2), device=generator.device, generator=generator)

    def draw_dealt(self, num_images: int, dealt: Dealt, generator: torch.Generator) -> Tensor:
        """`draw`, for images that are in storage order and dealt in another; only who depends on that asks which."""
        return self.draw(num_images, generator)

    @abstractmethod
    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        """Each image's window at its offset, (N, 3, H, W) of the padded (N, 3, H + 2·reach, W + 2·reach)."""

    def windows(self, padded_NHWC: Tensor) -> Tensor:
        """What `crop` cuts out of padded images at every offset, as a view (N, 2·reach + 1, 2·reach + 1, H, W, 3); for `ByBatch`, which
        refuses parts that do not say. Borders are mirrored where images are.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its windows are")


@dataclass(frozen=True, kw_only=True)
class LoopedCrop(Crop):
    """One masked copy for each of the (2·reach + 1)² shifts."""

    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        """Each image's window, (N, C, H, W) contiguous."""
        num_images, channels, padded_size, _ = padded_NCHW.shape
        size = padded_size - 2 * self.reach
        # Plain NCHW, as the baseline's buffer is: the network's first convolution sees this layout.
        cropped = padded_NCHW.new_empty((num_images, channels, size, size))
        for y in range(2 * self.reach + 1):
            for x in range(2 * self.reach + 1):
                chosen = (offsets_N2[:, 0] == y) & (offsets_N2[:, 1] == x)
                cropped[chosen] = padded_NCHW[chosen, :, y : y + size, x : x + size]
        return cropped


@dataclass(frozen=True, kw_only=True)
class TwoStageCrop(Crop):
    """Rows first, then columns: one masked copy for each of the 2·reach + 1 shifts of either, the cheaper loop beyond two pixels."""

    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        """Each image's window, (N, C, H, W) contiguous."""
        num_images, channels, padded_size, _ = padded_NCHW.shape
        size = padded_size - 2 * self.reach
        rows = padded_NCHW.new_empty((num_images, channels, size, padded_size))
        cropped = padded_NCHW.new_empty((num_images, channels, size, size))
        for y in range(2 * self.reach + 1):
            chosen = offsets_N2[:, 0] == y
            rows[chosen] = padded_NCHW[chosen, :, y : y + size, :]
        for x in range(2 * self.reach + 1):
            chosen = offsets_N2[:, 1] == x
            cropped[chosen] = rows[chosen, :, :, x : x + size]
        return cropped


@dataclass(frozen=True, kw_only=True)
class MaskedCrop(Crop):
    """The pixels of all windows picked at once by a mask; shifts go from -reach to reach - 1.

    As published (hlb-CIFAR10): the centre of a window of an even size is drawn from one position too few, so that no image is
    shifted by +reach.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"reach": Bounds(least=1, most=31)}

    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        """Corner offsets (y, x) uniform on 0 to 2·reach - 1, (N, 2) int64."""
        return torch.randint(0, 2 * self.reach, (num_images, 2), device=generator.device, generator=generator)

    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        """Each image's window, (N, C, H, W) contiguous."""
        num_images, channels, padded_size, _ = padded_NCHW.shape
        size = padded_size - 2 * self.reach
        window = inside_squares(padded_NCHW, offsets_N2[:, 0], offsets_N2[:, 1], size)
        return padded_NCHW.masked_select(window).view(num_images, channels, size, size)


@dataclass(frozen=True, kw_only=True)
class GatheredCrop(Crop):
    """One gather over (image, channel, row, column) indices, compiled."""

    def crop(self, padded_NCHW: Tensor, offsets_N2: Tensor, compiler: Compiler) -> Tensor:
        """Each image's window, (N, C, H, W)."""
        size = padded_NCHW.shape[-1] - 2 * self.reach
        return compiler.function(gather_windows, "default")(padded_NCHW, offsets_N2, size)

    def windows(self, padded_NHWC: Tensor) -> Tensor:
        """Those whose corners lie at the offsets."""
        num_images, padded_size, _, channels = padded_NHWC.shape
        num_offsets, size = 2 * self.reach + 1, padded_size - 2 * self.reach
        of_image, of_row, of_column, of_channel = padded_NHWC.stride()
        shape = (num_images, num_offsets, num_offsets, size, size, channels)
        return padded_NHWC.as_strided(shape, (of_image, of_row, of_column, of_row, of_column, of_channel))


def gather_windows(padded_NCHW: Tensor, offsets_N2: Tensor, size: int) -> Tensor:
    """The `size`×`size` window of every image whose corner lies at its (y, x) offset."""
    num_images, channels = padded_NCHW.shape[:2]
    device = padded_NCHW.device
    window = torch.arange(size, device=device)
    image = torch.arange(num_images, device=device).view(-1, 1, 1, 1)
    channel = torch.arange(channels, device=device).view(1, -1, 1, 1)
    row = (offsets_N2[:, :1] + window).view(-1, 1, size, 1)
    column = (offsets_N2[:, 1:] + window).view(-1, 1, 1, size)
    return padded_NCHW[image, channel, row, column]


@dataclass(frozen=True, kw_only=True)
class Jitter(Part):
    """Slot: changes of colour, after crop and mirror, in normalised space."""

    @abstractmethod
    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """The jittered set of an epoch, in the same shape and dtype; draws come from `generator`."""

    def per_image(self, num_images: int, dtype: torch.dtype, generator: torch.Generator) -> ImageChange:
        """`jitter` of images in a dtype as a function of single ones, by the same draws; for `ByBatch`, which refuses parts without it.

        The function is compiled into others, so it is one of the module's, and the same every time.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it does to single images")


@dataclass(frozen=True, kw_only=True)
class NoJitter(Jitter):
    """Colours as they are."""

    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Unchanged."""
        return images_NCHW

    def per_image(self, num_images: int, dtype: torch.dtype, generator: torch.Generator) -> ImageChange:
        """The identity, of no draws."""
        return unchanged, ()


def unchanged(images_NCHW: Tensor) -> Tensor:
    """The images."""
    return images_NCHW


@dataclass(frozen=True, kw_only=True)
class BrightnessContrast(Jitter):
    """A shift uniform in ±brightness, then a factor uniform in 1 ± contrast, for each image and epoch, compiled.

    Both act on normalised values: contrast is about the data set's mean, and scales the shift too. Nothing is clamped.
    """

    brightness: float
    contrast: float

    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        """Each image (x + shift) · factor, in the images' dtype."""
        change, draws = self.per_image(len(images_NCHW), images_NCHW.dtype, generator)
        return compiler.function(change, "default")(images_NCHW, *draws)

    def per_image(self, num_images: int, dtype: torch.dtype, generator: torch.Generator) -> ImageChange:
        """Of shifts and factors."""
        shift, factor = self.draw(num_images, generator)
        return shift_and_scale, (shift.to(dtype), factor.to(dtype))

    def draw(self, num_images: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Shifts and factors, (N, 1, 1, 1) float32 each."""
        unit = 2 * torch.rand((2, num_images, 1, 1, 1), device=generator.device, generator=generator) - 1
        return unit[0] * self.brightness, 1 + unit[1] * self.contrast


def shift_and_scale(images_NCHW: Tensor, shift_N111: Tensor, factor_N111: Tensor) -> Tensor:
    """(images + shift) · factor."""
    return (images_NCHW + shift_N111) * factor_N111
