"""Truth → files that others read: how an export row looks, the writers of CSV, JSON Lines and Parquet, and safe files.

Takes rows from an iterator and gives bytes. No SQL, no truth inference, no HTTP. docs/reference/files.md is the page
for users, and argues the choices.
"""

from tawsim.releases.atomic import new_file
from tawsim.releases.export_rows import ExportCounts, Inferred, TruthShape, Vote, VoteShape
from tawsim.releases.writers import FORMATS, Format, WriteCounts, format_of, stream, write

__all__ = [
    "FORMATS",
    "ExportCounts",
    "Format",
    "Inferred",
    "TruthShape",
    "Vote",
    "VoteShape",
    "WriteCounts",
    "format_of",
    "new_file",
    "stream",
    "write",
]
