"""Raw item → task, first half: files → rows, and which column is the text. No SQL, no tasks, no network.

`rows` is the door; `origin` gives bytes, `decode` text and lines, `formats` decides what a file is, `delimited`,
`json_rows` and `parquet_rows` read, `limits` says how much. docs/reference/files.md is the page for users.
"""

from tawsim.intake.columns import check_text, guess_text_column
from tawsim.intake.rows import RowSource, open_rows
from tawsim.intake.votes import Votes, read_votes

__all__ = ["RowSource", "Votes", "check_text", "guess_text_column", "open_rows", "read_votes"]
