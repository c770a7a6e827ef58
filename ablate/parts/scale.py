"""How much of the published recipe is run: set by presets and lengths, never by a feature."""

from dataclasses import dataclass, replace

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Scale(Part):
    """Factors on the published network width, training and test images, batch size and epochs; 1 is the recipe as published."""

    width: float = 1.0
    images: float = 1.0
    batch: float = 1.0
    epochs: float = 1.0

    def channels(self, published: int) -> int:
        """The channels of a layer that has `published` of them: a multiple of eight."""
        return max(8, 8 * round(published * self.width / 8))

    def lengthened(self, factor: float) -> "Scale":
        """The same scale with `factor` times the epochs."""
        return replace(self, epochs=self.epochs * factor)


PRESETS: dict[str, Scale] = {
    "full": Scale(),
    # Chosen so that every feature still does what it does in `full`: the whitening bias is frozen within the run, periodic
    # normalisation skips steps, some images of every epoch are dropped once the batch is tuned.
    "mini": Scale(width=0.25, images=0.2, batch=0.25, epochs=0.5),
}
"""The scales that have a name."""
