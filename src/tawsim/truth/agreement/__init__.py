"""How far workers agree, whatever the truth is."""

from tawsim.truth.agreement.kappa import Kappa, cohen_kappa, fleiss_kappa
from tawsim.truth.agreement.krippendorff import METRICS, Agreement, Metric, jaccard_distance, krippendorff_alpha
from tawsim.truth.agreement.tables import PairwiseAgreement, agreement_of, pairwise_agreement

__all__ = [
    "METRICS",
    "Agreement",
    "Kappa",
    "Metric",
    "PairwiseAgreement",
    "agreement_of",
    "cohen_kappa",
    "fleiss_kappa",
    "jaccard_distance",
    "krippendorff_alpha",
    "pairwise_agreement",
]
