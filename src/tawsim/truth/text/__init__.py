"""Free text: `TextTruth` (fused or best, by what predicts hidden answers), `Rover` (fused), `BestText` (an answer as it is)."""

from tawsim.truth.text.truth import BestText, Rover, TextTruth

__all__ = ["BestText", "Rover", "TextTruth"]
