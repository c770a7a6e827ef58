"""A rehearsal of parts that do not come with the package: a few steps on a few random images, before hours are planned on them."""

import inspect
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import torch

from ablate.errors import UsageError
from ablate.parts import NoCompile, Part, Scale
from ablate.recipes.fields import shown_path
from ablate.recipes.images import ImageRecipe
from ablate.recipes.registry import Registry
from ablate.recipes.source import is_shipped
from ablate.study.arms import Arm
from ablate.training.outcome import loop_of
from ablate.training.session import Clock, DeviceImages, Streams, compute_dtype_of

IMAGES, BATCH = 16, 4
MOST_IMAGES = 100 * IMAGES
"""For a recipe that uses a small part of its training images only."""


def rehearse(registry: Registry, arms: Iterable[Arm], device: torch.device) -> None:
    """Train each part of the user's own for two short epochs on the study's device, uncompiled, in the first arm that has it.

    Raises:
        UsageError: it raises, named with its line, or its predictions have the wrong shape.
    """
    tried: set[Part] = set()
    for arm in arms:
        recipe = cast(ImageRecipe, registry.compose(arm.features))
        own = dict(_own_parts(recipe))
        if tried.issuperset(own.values()):
            continue
        tried.update(own.values())
        named = " and ".join(f"{part} as {name}" for name, part in own.items())
        try:
            shape = _logits_shape(recipe, device)
        except Exception as error:
            place = _place_in(error, own.values())
            said = next(iter(str(error).splitlines()), "").rstrip(".")
            raise UsageError(
                f"{place}Arm '{arm.name}' fails in a rehearsal of a few steps on {device}, with {named}: {type(error).__name__}: {said}. "
                f"`ablate features --slots {next(iter(own))}` says what is called with what."
            ) from error
        if shape != (IMAGES, 10):
            raise UsageError(
                f"Arm '{arm.name}' predicts a tensor of shape {shape} of {IMAGES} images, with {named}; logits are (N, 10)."
            )


def _own_parts(recipe: ImageRecipe) -> Iterator[tuple[str, Part]]:
    for name in recipe.settable():
        part = getattr(recipe, name)
        if isinstance(part, Part) and not is_shipped(type(part)):
            yield name, part


def _logits_shape(recipe: ImageRecipe, device: torch.device) -> tuple[int, ...]:
    """The shape of the predictions after a short training."""
    scale = Scale(width=recipe.presets["mini"].width, batch=BATCH / recipe.batch_size)
    compiler = recipe.compiler if not is_shipped(type(recipe.compiler)) else NoCompile()
    tiny = replace(recipe, scale=scale, compiler=compiler)
    dtype, loop = compute_dtype_of(device), loop_of(tiny)
    num_images = next((count for count in (IMAGES, 10 * IMAGES) if _fills_a_batch(tiny, count)), MOST_IMAGES)
    # A part may draw from PyTorch's own stream; what is drawn here must not shift what is drawn later.
    with torch.random.fork_rng(devices=[]):
        outcome = loop.train(
            tiny,
            tiny.plan(num_images).shortened(),
            loop.build_network(tiny, dtype, device),
            _random_images(num_images, dtype, device),
            Streams(0, device),
            Clock(device),
            lambda network: 0.0,
        )
    return tuple(outcome.tta_logits.shape)


def _fills_a_batch(recipe: ImageRecipe, num_images: int) -> bool:
    try:
        recipe.plan(num_images)
    except ValueError:
        return False
    return True


def _random_images(num_train: int, dtype: torch.dtype, device: torch.device) -> DeviceImages:
    images = torch.rand(num_train, 3, 32, 32, generator=torch.Generator().manual_seed(0)).to(device, dtype)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(num_train, device=device) % 10
    return DeviceImages(
        train_images=images, train_labels=labels, test_images=images[:IMAGES], test_labels=labels[:IMAGES]
    )


def _place_in(error: Exception, own: Iterable[Part]) -> str:
    """The last line of a user's file on the way to an error, as the beginning of a message; "" if none was on it."""
    files = {inspect.getfile(type(part)) for part in own}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{shown_path(frames[-1].filename)}, line {frames[-1].lineno}: " if frames else ""
