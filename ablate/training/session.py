"""Where a recipe is trained: device, compute dtype, random streams and the clock. Nothing here changes what is trained."""

import hashlib
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ablate.datasets import Dataset
from ablate.errors import UsageError, near_match_and_all
from ablate.machine.environment import cpu_has_bfloat16


def find_device(name: str) -> torch.device:
    """The device a user asked for, which is left alone; "auto" is a GPU where there is one.

    For a parent of processes that will open it: a CUDA context of its own would take memory and time from theirs.

    Raises:
        UsageError: no such device, or not on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(name) from error
    if device.type == "meta":
        raise UsageError("Device 'meta' holds no numbers and cannot train. Try `--device cpu`.")
    if not _is_here(device):
        raise _no_device(name)
    return device


def open_device(name: str) -> torch.device:
    """The device a user asked for, seen to work; see `find_device`. "cuda:1" becomes the current GPU.

    Raises:
        UsageError: no such device, or not on this machine.
    """
    device = find_device(name)
    if name == "auto":
        return device
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise _no_device(name) from error
    if device.type == "cuda" and device.index is not None:
        # Events, Triton and CUDA graphs act on the current GPU: on another one the clock would time nothing.
        torch.cuda.set_device(device)
    return device


def _is_here(device: torch.device) -> bool:
    """Whether this machine has a device. Whether there are GPUs, and how many, torch knows from the driver without a context;
    a tensor, `set_device`, a GPU's name or properties, and even cuDNN's version initialise CUDA.
    """
    if device.type == "cpu":
        return True
    is_available = getattr(getattr(torch, device.type, None), "is_available", None)
    if is_available is None or not is_available():
        return False
    return device.type != "cuda" or device.index is None or device.index < torch.cuda.device_count()


def _no_device(name: str) -> UsageError:
    known = ["auto", "cpu", "cuda", "mps"]
    if name.split(":")[0] not in known:
        # By spelling alone "gpu" is nearest to "cpu".
        meant = "cuda" if name.lower() == "gpu" else name
        return UsageError(f"Unknown device '{name}'.{near_match_and_all(meant, known)}")
    return UsageError(f"Device '{name}' is not available on this machine. Try `--device cpu` or `ablate doctor`.")


COMPUTE_DTYPES = {name: getattr(torch, name) for name in ("float64", "float32", "bfloat16", "float16")}
"""What a network can be asked to compute in."""


def compute_dtype_of(device: torch.device) -> torch.dtype:
    """float16 on a GPU; on a CPU bfloat16 where it is native, else float32: float16 arithmetic on a CPU is some 30 times slower."""
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if device.type == "cpu" and cpu_has_bfloat16() else torch.float32


def dtype_named(name: str, device: torch.device) -> torch.dtype | None:
    """The compute dtype that a user asked for by its name; None for "auto", the device's own.

    Raises:
        UsageError: there is no such dtype, or not on this kind of device.
    """
    if name == "auto":
        return None
    if name not in COMPUTE_DTYPES:
        raise UsageError(f"Unknown compute dtype '{name}'.{near_match_and_all(name, ['auto', *COMPUTE_DTYPES])}")
    if name == "float64" and device.type == "mps":
        raise UsageError("Compute dtype 'float64' does not exist on 'mps'. Try `--device cpu`.")
    return COMPUTE_DTYPES[name]


class Streams:
    """One random stream a slot, derived from the seed and the slot's name: toggling one slot leaves the others' draws alone.

    `branch` names a training inside the run, whose streams are its own.
    """

    def __init__(self, seed: int, device: torch.device, branch: str = "") -> None:
        self.seed = seed
        self.device = device
        self.branch = branch
        self._generators: dict[str, torch.Generator] = {}

    def __getitem__(self, slot: str) -> torch.Generator:
        if slot not in self._generators:
            number = (
                int.from_bytes(hashlib.sha256(f"{self.seed}/{self.branch}{slot}".encode()).digest()[:8], "big") >> 1
            )
            self._generators[slot] = torch.Generator(self.device).manual_seed(number)
        return self._generators[slot]

    def anew(self) -> "Streams":
        """The same streams from their beginnings, for whoever has to draw what will be drawn, or was."""
        return Streams(self.seed, self.device, self.branch)

    def within(self, name: str) -> "Streams":
        """Streams of a training inside this one."""
        return Streams(self.seed, self.device, f"{self.branch}{name}/")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: on the device's own clock (a CUDA event, or seconds) and on the wall clock."""

    device_time: torch.cuda.Event | float
    wall_seconds: float


class Clock:
    """A stopwatch for work on a device: CUDA events on a GPU, `perf_counter` elsewhere, and the wall clock beside both.

    On a GPU a mark does not wait for the work before it; reading the time between two marks does.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def mark(self, *, settled: bool = False) -> Mark:
        """This moment in the device's queue of work; `settled` waits for it, so that the wall clock tells the same moment."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            if settled:
                event.synchronize()
            return Mark(event, time.perf_counter())
        synchronise(self.device)
        return Mark(time.perf_counter(), time.perf_counter())

    @staticmethod
    def seconds(start: Mark, end: Mark) -> float:
        """The time between two marks by the device's clock, in seconds; waits for the device."""
        began, ended = start.device_time, end.device_time
        if isinstance(began, float) and isinstance(ended, float):
            return ended - began
        assert isinstance(began, torch.cuda.Event)
        assert isinstance(ended, torch.cuda.Event)
        ended.synchronize()
        return began.elapsed_time(ended) / 1000


def synchronise(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def in_unit_range(images_NHWC: Tensor, dtype: torch.dtype) -> Tensor:
    """Bytes to images (N, 3, H, W) in [0, 1] in a dtype, channels_last."""
    return images_NHWC.permute(0, 3, 1, 2).to(dtype).div_(255)


def num_taken(count: int, fraction: float) -> int:
    """How many of a split's images a fraction of it has: one at least."""
    return max(1, round(count * fraction))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceImages:
    """A data set on the device: images in [0, 1] in the compute dtype, channels_last, not normalised; labels int64."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    @classmethod
    def of(cls, dataset: Dataset, fraction: float, device: torch.device, dtype: torch.dtype) -> "DeviceImages":
        """The first `fraction` of each split, in storage order."""

        def taken(values: np.ndarray) -> Tensor:
            return torch.from_numpy(values[: num_taken(len(values), fraction)].copy()).to(device)

        return cls(
            train_images=in_unit_range(taken(dataset.train_images), dtype),
            train_labels=taken(dataset.train_labels),
            test_images=in_unit_range(taken(dataset.test_images), dtype),
            test_labels=taken(dataset.test_labels),
        )

    def noise(self, generator: torch.Generator) -> "DeviceImages":
        """Random images and labels of the same shapes, dtypes and memory layout."""
        num_classes = int(self.train_labels.max()) + 1
        return DeviceImages(
            train_images=torch.empty_like(self.train_images).uniform_(generator=generator),
            train_labels=torch.empty_like(self.train_labels).random_(0, num_classes, generator=generator),
            test_images=torch.empty_like(self.test_images).uniform_(generator=generator),
            test_labels=torch.empty_like(self.test_labels).random_(0, num_classes, generator=generator),
        )
