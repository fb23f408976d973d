"""How far workers agree, whatever the truth is."""

from tawsim.truth.agreement.krippendorff import Agreement, jaccard_distance, krippendorff_alpha

__all__ = ["Agreement", "jaccard_distance", "krippendorff_alpha"]
