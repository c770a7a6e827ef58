"""The comparison's own parts, without the published scripts: what it calls equal, and what it refuses."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import against_originals
import pytest
import torch
from originals.comparison import make_images
from originals.comparisons import COMPARISONS
from originals.draws import counted_from_one, fused, mirrored_twice, reordered, shifts_of_batches
from originals.equality import differences
from originals.on_cpu import execute, on_cpu
from originals.ours import recipe_of, starting_from, train
from originals.scripts import SCRIPTS
from originals.size import Size
from originals.tape import Draw, recorded, replayed
from originals.watch import Trained, Watch, state_of
from torch import Tensor

from ablate.errors import UsageError
from ablate.parts import (
    AlternatingFlip,
    GroupedCrop,
    GroupedFlip,
    GrowingInterval,
    NoCompile,
    RandomFlip,
    SurvivingMaps,
    TwoStageCrop,
)
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.sgd import SgdRecipe
from ablate.training.outcome import loop_of

REACH = 2
GENERATOR = torch.Generator()


def flipped(images: Tensor, draw: Draw) -> Tensor:
    return torch.stack(
        [image.flip(-1) if number < 0.5 else image for image, number in zip(images, draw.values, strict=True)]
    )


def cropped(images: Tensor, draw: Draw) -> Tensor:
    padded = torch.nn.functional.pad(images, (REACH,) * 4, "reflect")
    corners = draw.values + REACH
    windows = [image[:, y : y + 8, x : x + 8] for image, (y, x) in zip(padded, corners.tolist(), strict=True)]
    return torch.stack(windows)


def script_draws(*kinds: str) -> list[Draw]:
    shifts = Draw("randint", torch.randint(-REACH, REACH + 1, (20, 2)), -REACH, REACH + 1)
    return [Draw("rand", torch.rand(20)) if kind == "flip" else shifts for kind in kinds]


def epochs_of_ours(
    flip: AlternatingFlip | RandomFlip, images: Tensor, tape: Sequence[Draw], num_epochs: int
) -> list[Tensor]:
    crop, compiler = TwoStageCrop(reach=REACH), NoCompile()
    with replayed(tape):
        padded = crop.pad(flip.once(images, GENERATOR, compiler))
        return [
            flip.each_epoch(crop.crop(padded, crop.draw(len(images), GENERATOR), compiler), epoch, GENERATOR)
            for epoch in range(num_epochs)
        ]


def test_a_loader_that_counts_epochs_from_one_gives_the_images_that_ours_gives_on_its_draws() -> None:
    images = torch.rand(20, 3, 8, 8)
    tape = script_draws("flip", "shift", "shift")
    before = flipped(images, tape[0])
    theirs = [cropped(before, tape[1]).flip(-1), cropped(before, tape[2])]
    ours = epochs_of_ours(AlternatingFlip(), images, counted_from_one(tape), 2)
    assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))


def test_a_loader_that_mirrors_twice_gives_the_images_that_ours_gives_on_its_draws() -> None:
    images = torch.rand(20, 3, 8, 8)
    tape = script_draws("flip", "shift", "flip", "shift", "flip")
    before = flipped(images, tape[0])
    theirs = [flipped(cropped(before, tape[1]), tape[2]), flipped(cropped(before, tape[3]), tape[4])]
    ours = epochs_of_ours(RandomFlip(), images, mirrored_twice(tape), 2)
    assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))


def test_rows_and_columns_drawn_apart_become_one_draw() -> None:
    flip, top, left = torch.rand(3), torch.tensor([0.0, 0.3, 0.99]), torch.tensor([0.5, 0.2, 0.0])
    shift, factor, order = torch.rand(3, 1, 1, 1), torch.rand(3, 1, 1, 1), torch.randperm(3)
    tape = [Draw("rand", values) for values in (flip, top, left, shift, factor)] + [Draw("randperm", order)]
    _, corners, jitter, _ = fused(tape)
    assert corners.values.tolist() == [[0, 2], [1, 1], [4, 0]]
    assert torch.equal(jitter.values, torch.stack([shift, factor]))


def test_a_set_that_is_put_in_order_three_times_gives_the_images_that_ours_gives_on_its_draws() -> None:
    images = torch.rand(20, 3, 8, 8)
    orders, (shifts, sides) = [torch.randperm(20) for _ in range(3)], (torch.randperm(9), torch.randperm(2))
    padded = torch.nn.functional.pad(images, (1,) * 4, "reflect")[orders[0]]
    chunks = zip(shifts.tolist(), padded.tensor_split(9), strict=True)
    theirs = torch.cat([chunk[..., k % 3 : k % 3 + 8, k // 3 : k // 3 + 8] for k, chunk in chunks])[orders[1]]
    halves = zip(sides.tolist(), theirs.tensor_split(2), strict=True)
    theirs = torch.cat([half.flip(-1) if side == 0 else half for side, half in halves])[orders[2]]
    crop, flip, compiler = GroupedCrop(reach=1), GroupedFlip(), NoCompile()
    with replayed(reordered([Draw("randperm", each) for each in (orders[0], shifts, orders[1], sides, orders[2])])):
        cropped = crop.crop(crop.pad(images), crop.draw(20, GENERATOR), compiler)
        ours = flip.each_epoch(cropped, 0, GENERATOR)[torch.randperm(20)]
    assert torch.equal(theirs, ours)


def test_shifts_drawn_one_by_one_become_one_draw_without_that_of_the_batch_left_out() -> None:
    with recorded() as tape:
        order = torch.randperm(7)
        drawn = [torch.randint(8, size=(1,))[0].item() for _ in range(6)]
    first, corners = shifts_of_batches(tape)
    assert torch.equal(first.values, order)
    assert corners.values.tolist() == [[drawn[1], drawn[0]], [drawn[3], drawn[2]]]
    assert (corners.low, corners.high) == (0, 8)


def test_a_tape_gives_what_was_drawn_counted_from_where_the_other_side_counts() -> None:
    with recorded() as tape:
        first, second = torch.rand(4), torch.randint(-2, 3, size=(4, 2))
        third = torch.randperm(4, out=torch.empty(4, dtype=torch.int64))
    with replayed(tape):
        assert torch.equal(torch.rand(4, generator=GENERATOR), first)
        assert torch.equal(torch.randint(0, 5, (4, 2), generator=GENERATOR), second + 2)
        assert torch.equal(torch.randperm(4), third)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: torch.rand(5), r"rand \(5,\) is drawn where the tape has \('rand', \(4,\)\)"),
        (lambda: torch.randperm(4), r"randperm \(4,\) is drawn where the tape has \('rand', \(4,\)\)"),
        (lambda: (torch.rand(4), torch.rand(4)), "is drawn after the tape's end"),
        (lambda: None, "1 draws of the tape were not asked for"),
    ],
)
def test_a_tape_refuses_another_draw(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(AssertionError, match=message), replayed([Draw("rand", torch.rand(4))]):
        draw()


def trained() -> Trained:
    return Trained([], [], [torch.tensor([1.0, 2.0]), torch.tensor([3.0])], [torch.ones(3)], torch.full((2, 10), 0.5))


def test_the_last_bit_counts() -> None:
    theirs, mine = trained(), trained()
    assert differences(theirs, mine) == []
    mine.losses[1] = mine.losses[1].nextafter(torch.tensor(4.0))
    mine.logits = mine.logits.clone()
    mine.logits[1, 3] = 0.75
    assert differences(theirs, mine) == [
        "losses differ from batch 2 of 2 on (there by 2.4e-07, at most by 2.4e-07)",
        "logits differ (at most by 2.5e-01)",
    ]


def test_nothing_is_equal_to_nan_or_to_a_training_of_another_length() -> None:
    theirs, mine = trained(), trained()
    theirs.weights[0][0] = mine.weights[0][0] = float("nan")
    assert differences(theirs, mine) == ["1 of 1 weights and running statistics differ (at most by nan)"]
    mine.losses.pop()
    assert differences(theirs, mine) == ["theirs has 2 batches of losses, ours 1"]


@pytest.mark.parametrize("script", ["airbench94", "airbench94_muon"])
def test_our_loops_start_from_the_values_they_are_given(script: str, tmp_path: Path) -> None:
    """Whatever resets a network inside the loop: one step at a rate of almost nothing leaves the values as they were."""
    size = Size(train_images=16, test_images=10, batch_size=16, epochs=1.0, widths=(8, 8, 8))
    (comparison,) = [each for each in COMPARISONS if each.script == script]
    recipe = comparison.recipe(size)
    tiny = (
        {"rate": 1e-12} if isinstance(recipe, SgdRecipe) else {"filter_rate": 1e-12, "normalisation": GrowingInterval()}
    )
    recipe = replace(recipe, **tiny)
    images = make_images(size, tmp_path)
    network = loop_of(recipe).build_network(recipe, torch.float32, torch.device("cpu")).network
    start = [torch.full_like(value, 0.125) for value in state_of(network)]
    with starting_from([start]):
        _, weights = train(recipe, images)
    filters = [value for value in weights if value.dim() == 4 and value.shape[1] > 3]
    assert len(filters) == 6
    assert all(torch.allclose(value, torch.full_like(value, 0.125)) for value in filters)
    with pytest.raises(AssertionError, match="1 networks' starting values were not asked for"), starting_from([start]):
        pass


def test_a_script_of_another_version_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "airbench94.py"
    script.write_text("gpu = 1\n")
    with pytest.raises(UsageError, match=r"/gpu=0/ is there 0 times, not once; is it the published version\?"):
        execute(script, [("gpu=0", "gpu='cpu'")])


def test_a_script_finds_the_cpu_where_it_asks_for_a_gpu_and_the_next_one_nothing_of_it(tmp_path: Path) -> None:
    half, modules = torch.half, set(sys.modules)
    (tmp_path / "airbench").mkdir()
    (tmp_path / "airbench" / "__init__.py").write_text("import torch\nVALUE = torch.ones(1).half().cuda()\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\nfrom tqdm import tqdm\nfrom airbench import VALUE\n"
        "@torch.compile(fullgraph=True)\ndef double(x: torch.half): return 2 * x\nDOUBLED = double(VALUE)\n"
        "SEEN = list(tqdm(range(3)))\n"
    )
    with on_cpu(tmp_path):
        module = execute(script, [])
    assert (module.DOUBLED.dtype, module.DOUBLED.item(), module.SEEN) == (torch.float32, 2.0, [0, 1, 2])
    assert torch.half is half
    assert not {"airbench", "tqdm"} & (set(sys.modules) - modules)
    assert torch.ones(1).half().dtype is half


def test_a_script_keeps_its_half_precision_where_it_is_asked_for(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import torch\nWEIGHT = torch.nn.Linear(2, 2).half().cuda().weight\nLOOKED_FOR = torch.half\n")
    dtypes = {}
    for dtype in (torch.float32, torch.float16):
        with on_cpu(tmp_path, dtype):
            module = execute(script, [])
        dtypes[dtype] = {module.WEIGHT.dtype, module.LOOKED_FOR}
    assert dtypes == {torch.float32: {torch.float32}, torch.float16: {torch.float16}}


def test_the_clock_stands_while_a_script_validates() -> None:
    ticks = iter(range(100))
    watch = Watch(clock=lambda: float(next(ticks)))
    network = torch.nn.Linear(2, 2)

    def infer(network: torch.nn.Module, loader: None, tta_level: int) -> Tensor:
        return torch.full((1,), float(tta_level))

    assert watch.predicting(infer, network, None).item() == 0
    assert (watch.paused_seconds, watch.logits) == (1.0, None)
    watch.predicting(infer, network, None, 2)
    assert watch.logits is not None
    assert watch.logits.item() == 2


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.script)
def test_every_comparison_is_of_fifty_steps_or_more_in_three_epochs(comparison) -> None:
    assert comparison.script in SCRIPTS
    plan = comparison.recipe(comparison.equal_size).plan(comparison.equal_size.train_images)
    assert (plan.num_epochs, plan.num_steps >= 50) == (3, True)
    published = recipe_of(comparison.lineage, comparison.features, comparison.timed_size)
    assert isinstance(published.compiler, NoCompile)


def test_what_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert against_originals.main([str(tmp_path), "--only", "airbench95"]) == 2
    assert (
        f"There is no file '{tmp_path}/airbench95.py'. Fetch it, or leave it out with --only" in capsys.readouterr().err
    )
    assert against_originals.main([str(tmp_path), "--pairs", "0"]) == 2
    assert "--pairs 0: must be at least 1." in capsys.readouterr().err
    assert against_originals.main([str(tmp_path), "--enable", "exact"]) == 2
    assert "--enable and --batch are for --time-only" in capsys.readouterr().err


def test_a_timed_side_has_the_features_and_the_size_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "cifar10_speedrun.py").touch()
    words = ["--time-only", "--only", "cifar10_speedrun", "--enable", "exact", "--batch", "1536"]
    (timed,) = against_originals.choose(against_originals.parser().parse_args([str(tmp_path), *words]))
    recipe = timed.recipe(timed.timed_size)
    assert isinstance(recipe, MuonRecipe)
    assert (recipe.pooled_conv, recipe.plan(timed.timed_size.train_images).num_steps) == (SurvivingMaps(), 6)
