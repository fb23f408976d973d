"""Objects drawn on images by several workers: boxes, polygons and keypoints, matched, judged and fused."""

from tawsim.truth.regions.agreement import RegionAgreement, region_agreement
from tawsim.truth.regions.boxes import Boxes
from tawsim.truth.regions.keypoints import Keypoints
from tawsim.truth.regions.model import Found
from tawsim.truth.regions.polygons import Polygons

__all__ = ["Boxes", "Found", "Keypoints", "Polygons", "RegionAgreement", "region_agreement"]
