"""Our side: a lineage's recipe at the script's size, trained by the package's own loop."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from unittest import mock

import torch
from torch import Tensor, nn

from ablate.lineages.loading import load_registry
from ablate.parts import ConvStem, FrozenBias, NoCompile, ProxySelection, SquareCutmix, WrittenBackEma
from ablate.recipes.images import ImageRecipe
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.sgd import SgdRecipe
from ablate.training import muon_loop, sgd_loop
from ablate.training.outcome import Outcome, loop_of
from ablate.training.session import Clock, DeviceImages, Mark, Streams
from originals.hlb import AVERAGED_EPOCHS, MIXED_EPOCHS
from originals.size import Size
from originals.watch import state_of

CPU = torch.device("cpu")


def recipe_of(lineage: str, features: Sequence[str] | None, size: Size, enabled: Sequence[str] = ()) -> ImageRecipe:
    """A lineage's recipe with these features (None: all) and those `enabled`, at a size, not compiled."""
    registry = load_registry(recipe=lineage)
    recipe = registry.compose([*(registry.names if features is None else features), *enabled])
    recipe = replace(recipe, compiler=NoCompile(), epochs=size.epochs, batch_size=size.batch_size)
    if isinstance(recipe, MuonRecipe):
        return _small_muon(recipe, size)
    assert isinstance(recipe, SgdRecipe)
    return _small_sgd(recipe, size)


def _small_muon(recipe: MuonRecipe, size: Size) -> MuonRecipe:
    recipe = replace(recipe, whitening_bias_epochs=float(size.bias_epochs))
    if size.widths is None:
        return recipe
    return replace(recipe, network=replace(recipe.network, widths=size.widths))


def _small_sgd(recipe: SgdRecipe, size: Size) -> SgdRecipe:
    if isinstance(recipe.first_bias, FrozenBias):
        recipe = replace(recipe, first_bias=FrozenBias(epochs=float(size.bias_epochs)))
    if isinstance(recipe.averaging, WrittenBackEma):
        # Two whole epochs, the last of which is averaged, and what is left over.
        recipe = replace(recipe, averaging=replace(recipe.averaging, idle=AVERAGED_EPOCHS / size.epochs))
    if isinstance(recipe.cutmix, SquareCutmix):
        recipe = replace(recipe, cutmix=replace(recipe.cutmix, epochs=float(MIXED_EPOCHS)))
    if size.proxy_widths is not None:
        assert isinstance(recipe.selection, ProxySelection)
        recipe = replace(recipe, selection=replace(recipe.selection, widths=size.proxy_widths))
    if size.widths is None:
        return recipe
    if isinstance(recipe.first_layer, ConvStem):
        recipe = replace(recipe, first_layer=replace(recipe.first_layer, width=size.widths[0]))
    return replace(recipe, widths=size.widths)


@contextmanager
def starting_from(starts: Sequence[Sequence[Tensor]]) -> Iterator[None]:
    """Inside the context the loops' networks, reset as ever, start from these values, a list for each network in turn.

    Raises:
        AssertionError: values of another shape, or of networks that are not reset.
    """
    waiting = iter(starts)

    def started(reset: Callable[..., None]) -> Callable[..., None]:
        def reset_and_start(network: nn.Module, *arguments: object) -> None:
            reset(network, *arguments)
            own = [value for value in network.state_dict().values() if value.is_floating_point()]
            for value, start in zip(own, next(waiting), strict=True):
                assert value.shape == start.shape, f"{tuple(value.shape)} is no {tuple(start.shape)}"
                value.copy_(start)

        return reset_and_start

    restart = started(sgd_loop.reset_conv_net)
    with (
        # A proxy is reset by name, the network itself by what its making has put there.
        mock.patch.object(sgd_loop, "reset_conv_net", restart),
        mock.patch.object(sgd_loop, "CompiledConvNet", partial(sgd_loop.CompiledConvNet, restart=restart)),
        mock.patch.object(muon_loop, "reset_network", started(muon_loop.reset_network)),
    ):
        yield
    left = sum(1 for _ in waiting)
    assert left == 0, f"{left} networks' starting values were not asked for"


class OtherClock(Clock):
    """A stopwatch that reads another clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__(CPU)
        self._read = seconds

    def mark(self, *, settled: bool = False) -> Mark:
        """This moment by that clock."""
        return Mark(self._read(), self._read())


def train(
    recipe: ImageRecipe, images: DeviceImages, seconds: Callable[[], float] = time.perf_counter
) -> tuple[Outcome, list[Tensor]]:
    """Train a recipe in the images' dtype; what the loop gives, and the weights and running statistics."""
    loop = loop_of(recipe)
    compiled = loop.build_network(recipe, images.train_images.dtype, CPU)
    plan = recipe.plan(len(images.train_images))
    outcome = loop.train(recipe, plan, compiled, images, Streams(0, CPU), OtherClock(seconds), lambda network: 0.0)
    return outcome, state_of(compiled.network)
