"""Random streams of a loader or a training: a seed's own, or new ones from torch's generator."""

import torch

from ablate.training.session import Streams


def streams_of(seed: int | None, device: torch.device) -> Streams:
    """A seed's streams; without one, those of a seed drawn from torch's global generator.

    So they are new each time, and `torch.manual_seed` repeats them.
    """
    return Streams(int(torch.randint(2**62, ())) if seed is None else seed, device)
