"""How much of a recipe is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Images, batch and epochs of a comparison; `widths` and `proxy_widths` None leave a network as wide as published."""

    train_images: int
    test_images: int
    batch_size: int
    epochs: float
    bias_epochs: int = 1
    widths: tuple[int, ...] | None = None
    proxy_widths: tuple[int, ...] | None = None
