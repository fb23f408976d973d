"""What is shown of a row: content blocks read from JSON, the column that a question works on, and blind candidates.

Which of it reaches whom is decided in labelling/presenting.py. Pure: no store, no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, get_args

from tawsim.core.errors import BadInput
from tawsim.core.records import Block, BlockKind, Question
from tawsim.kinds.answers import parsed
from tawsim.kinds.kind import Content

BLOCK_KINDS: tuple[str, ...] = get_args(BlockKind)
MAX_BLOCKS = 50
MAX_COLUMN_LENGTH = 200
MAX_TITLE_LENGTH = 300
# What a question of a kind works on, by the kinds of block that hold it, the likeliest first.
SURFACES: Mapping[str, tuple[str, ...]] = {
    "spans": ("text",),
    "chat": ("chat",),
    "boxes": ("image",),
    "polygons": ("image",),
    "keypoints": ("image",),
    "segments": ("audio",),
}


def read_blocks(data: Any) -> tuple[Block, ...]:
    """The content blocks of a project from their JSON form. Raises `BadInput` with what is wrong."""
    if not isinstance(data, Sequence) or isinstance(data, str) or len(data) > MAX_BLOCKS:
        raise BadInput(f"Content comes as a list of at most {MAX_BLOCKS} blocks.")
    return tuple(_read_block(one, place) for place, one in enumerate(data, 1))


def _read_block(data: Any, place: int) -> Block:
    if not isinstance(data, Mapping):
        raise BadInput(f"Block {place} of the content is no object.")
    unknown = sorted(set(data) - {"kind", "column", "other", "title"}, key=str)
    if unknown:
        raise BadInput(f"Block {place} of the content has no field {str(unknown[0])[:40]!r}.")
    kind = data.get("kind", "text")
    if kind not in BLOCK_KINDS:
        raise BadInput(f"There is no content block {str(kind)[:40]!r}.", "Known: " + ", ".join(BLOCK_KINDS))
    fields = {name: data.get(name, "") for name in ("column", "other", "title")}
    for name, value in fields.items():
        longest = MAX_TITLE_LENGTH if name == "title" else MAX_COLUMN_LENGTH
        if not isinstance(value, str) or len(value) > longest:
            raise BadInput(f"Block {place} of the content: {name} is a text of at most {longest} characters.")
    if not fields["column"] and kind != "details":
        raise BadInput(f"Block {place} of the content ({kind}) names no column.")
    if (kind == "diff") != bool(fields["other"]):
        raise BadInput(f"Block {place} of the content: a diff, and only a diff, names a second column (other).")
    return Block(kind=kind, **fields)


def block_to_json(block: Block) -> dict[str, Any]:
    """The JSON form that `read_blocks` reads back."""
    return asdict(block)


def with_columns(questions: Sequence[Question], blocks: Sequence[Block], text_column: str) -> tuple[Question, ...]:
    """The questions with `on` filled in where a kind works on a column and none was named: that of the first block that
    suits; of a project without blocks, its text column. Raises `BadInput` where no block suits."""
    found = []
    for question in questions:
        kind: str = question.kind  # type: ignore[attr-defined]
        if kind not in SURFACES or question.on:
            found.append(question)
            continue
        suits = [block.column for block in blocks if block.kind in SURFACES[kind]]
        if blocks and not suits:
            raise BadInput(
                f"“{question.name}” ({kind}) works on a block of {SURFACES[kind][0]}, and the content has none.",
                "Add such a block, or name the column (on).",
            )
        found.append(replace(question, on=suits[0] if suits else text_column))
    return tuple(found)


def candidate_values(question: Question, content: Content) -> dict[str, Any]:
    """Name → value of what a question compares: the named columns, or the items of one column that holds a list, named
    "1", "2", … Empty for questions that compare nothing and for rows without them."""
    columns: tuple[str, ...] = getattr(question, "candidates", ())
    if len(columns) == 1:
        values = parsed(content.get(columns[0]))
        return {str(place): one for place, one in enumerate(values, 1)} if isinstance(values, list) else {}
    return {column: content.get(column) for column in columns}
