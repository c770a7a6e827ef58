"""How each published script is made small, trained once, and looked at while it trains."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from originals.hlb import hlb_edits, run_hlb
from originals.on_cpu import LIBRARY, Edit, execute, wrap
from originals.resnet9 import dawn_edits, run_dawn, run_simple, simple_edits
from originals.size import Size
from originals.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A published script: `edits` for a size, and `run`, which trains the executed module once under a watch."""

    edits: Callable[[Size], list[Edit]]
    run: Callable[[ModuleType, Size, Watch], None]

    def ready(self, path: Path, size: Size, watch: Watch, more_edits: Sequence[Edit]) -> Callable[[], None]:
        """Execute the file's definitions and get ready; what comes back trains."""
        module = execute(path, [*self.edits(size), *more_edits])
        return lambda: self.run(module, size, watch)


def shrink(module: ModuleType, size: Size) -> dict[str, Any]:
    """Set the script's own table of numbers; gives the table."""
    table = module.hyp
    table["opt"] |= {"train_epochs": size.epochs, "batch_size": size.batch_size}
    table["opt"]["whiten_bias_epochs"] = size.bias_epochs
    if size.widths is not None:
        table["net"]["widths"] = blocks(size.widths)
    return table


def blocks(widths: tuple[int, ...]) -> dict[str, int]:
    """Widths by the names that the scripts give their three groups."""
    return {f"block{number}": width for number, width in enumerate(widths, 1)}


def run_plain(module: ModuleType, size: Size, watch: Watch) -> None:
    """airbench94, 95 and 96: `main` makes its network."""
    shrink(module, size)
    wrap(module.CifarLoader, "__init__", watch.off_the_clock)
    wrap(module, "make_net", watch.building)
    wrap(module, "infer", watch.predicting)
    module.main(0)


def run_compiled(module: ModuleType, size: Size, watch: Watch) -> None:
    """airbench94_compiled: two networks, the second of which takes over when the first layer's bias is frozen."""
    shrink(module, size)
    wrap(module.CifarLoader, "__init__", watch.off_the_clock)
    wrap(module, "reinit_net", watch.resetting)
    wrap(module, "infer", watch.predicting)
    trained, frozen = watch.off_the_clock(module.make_net), watch.off_the_clock(module.make_net)
    frozen[0].bias.requires_grad = False
    module.main(0, module.torch.compile(trained), module.torch.compile(frozen))


def run_faster(module: ModuleType, size: Size, watch: Watch) -> None:
    """airbench96_faster: a proxy besides, and a seed for what both draw."""
    table = shrink(module, size)
    table["opt"]["batch_size_masked"] = size.batch_size // 2
    if size.proxy_widths is not None:
        table["proxy"]["widths"] = blocks(size.proxy_widths)
    wrap(module.InfiniteCifarLoader, "__init__", watch.off_the_clock)
    wrap(module, "reinit_net", watch.resetting)
    wrap(module, "infer", watch.predicting)
    networks = [watch.off_the_clock(module.make_net, table[name]) for name in ("proxy", "net", "net")]
    for frozen in (networks[0], networks[2]):
        frozen[0].bias.requires_grad = False
    random.seed(0)
    module.main(0, table, *(module.torch.compile(network) for network in networks))


def run_resnet(module: ModuleType, size: Size, watch: Watch) -> None:
    """base_resnet18: its loader and its predictions are in the package beside it."""
    wrap(module.CifarLoader, "__init__", watch.off_the_clock)
    wrap(module, "make_rn18", watch.building)
    wrap(sys.modules[f"{LIBRARY}.utils"], "infer", watch.predicting)
    module.train(
        module.CifarLoader("cifar10", batch_size=size.batch_size, aug=module.hyp["aug"]), epochs=int(size.epochs)
    )


def run_muon(module: ModuleType, size: Size, watch: Watch) -> None:
    """airbench94_muon and cifar10_speedrun: one network, which `main` resets."""
    network = watch.off_the_clock(module.CifarNet).to(memory_format=module.torch.channels_last)
    reset = network.reset
    network.reset = lambda: watch.resetting(lambda _: reset(), network)
    wrap(module.CifarLoader, "__init__", watch.off_the_clock)
    wrap(module, "infer", watch.predicting)
    module.main(1, network)


def on_gpu_0(size: Size) -> list[Edit]:
    """The loaders that number the GPU."""
    return [("gpu=0", "gpu='cpu'")]


def no_edits(size: Size) -> list[Edit]:
    """Everything is in the script's table of numbers."""
    return []


def resnet_edits(size: Size) -> list[Edit]:
    """The widths are in its class."""
    return [] if size.widths is None else [(r"(?<=widths = )\[.*\]", str(list(size.widths)))]


def muon_edits(batch_size: str, epochs: str, bias_epochs: str) -> Callable[[Size], list[Edit]]:
    """The numbers are in its `main`, the widths in its class, and a GPU by name."""

    def edits(size: Size) -> list[Edit]:
        numbers = [
            (rf"(?<=batch_size = ){batch_size}\n    bias", f"{size.batch_size}\n    bias"),
            (rf"ceil\({epochs} \*", f"ceil({size.epochs} *"),
            (rf"ceil\({bias_epochs} \*", f"ceil({size.bias_epochs} *"),
        ]
        return numbers if size.widths is None else [*numbers, (r"dict\(block1=.*\)", f"dict(**{blocks(size.widths)})")]

    return edits


def hive_edits(size: Size) -> list[Edit]:
    """Those of the Muon scripts, and a buffer on the GPU."""
    return [
        *muon_edits("1536", r"7\.59", r"0\.19")(size),
        (r'dtype=torch\.long, device="cuda"', 'dtype=torch.long, device="cpu"'),
    ]


SCRIPTS = {
    "airbench94": Script(edits=on_gpu_0, run=run_plain),
    "airbench94_compiled": Script(edits=on_gpu_0, run=run_compiled),
    "airbench95": Script(edits=on_gpu_0, run=run_plain),
    "airbench96": Script(edits=on_gpu_0, run=run_plain),
    "airbench96_faster": Script(edits=no_edits, run=run_faster),
    "base_resnet18": Script(edits=resnet_edits, run=run_resnet),
    "airbench94_muon": Script(edits=muon_edits("2000", "8", "3"), run=run_muon),
    "cifar10_speedrun": Script(edits=hive_edits, run=run_muon),
    "new_dawn": Script(edits=dawn_edits, run=run_dawn),
    "train": Script(edits=simple_edits, run=run_simple),
    "main": Script(edits=hlb_edits, run=run_hlb),
}
"""By their files' names without the ending."""
