"""Every kind of event that is written has words on the page of the log, in both languages."""

import json
import re
from pathlib import Path

import tawsim

SOURCE = Path(tawsim.__file__).parent
MESSAGES = SOURCE.parents[1] / "web" / "src" / "messages"
RECORDED = re.compile(r"""\b(?:record|noted|note)\(\s*(?:tx|caller|place),\s*(f?)"([a-z_]+)\.([a-z_{}.]+)\"""")
# What stands in the braces of a kind that is put together, and in kinds that are named beside the call.
PUT_TOGETHER = {
    "lease.{state}": ("submitted", "skipped", "released", "revoked", "expired"),
    "review.{said.verdict}": ("accept", "fix", "reject"),
    "decision.{said.settles}": ("answers", "cannot", "open"),
    "webhook.{state}": ("on", "off", "removed"),
    "review.bulk_{state}": ("bulk_done", "bulk_undone"),
    "batch.{did}": (
        "created",
        "finalized",
        "paused",
        "resumed",
        "cancelled",
        "completed",
        "groups",
        "metadata",
        "rank",
    ),
}
BESIDE = {
    "gold.made", "gold.corrected", "gold.kept", "gold.active", "gold.retired", "member.added", "member.removed",
    "bulk.done", "bulk.undone", "task.assigned", "task.priority", "worker.activated", "worker.deactivated",
}  # fmt: skip


def kinds() -> set[str]:
    found = set(BESIDE)
    for path in SOURCE.rglob("*.py"):
        for together, group, rest in RECORDED.findall(path.read_text(encoding="utf-8")):
            if together:
                assert f"{group}.{rest}" in PUT_TOGETHER, f"{path}: say which kinds {group}.{rest} stands for"
                found |= {f"{group}.{one}" for one in PUT_TOGETHER[f"{group}.{rest}"]}
            else:
                found.add(f"{group}.{rest}")
    return found


def test_every_kind_has_words_in_both_languages() -> None:
    assert len(kinds()) > 90
    for language in ("en", "ar"):
        words = json.loads((MESSAGES / f"{language}.json").read_text(encoding="utf-8"))
        without = sorted(kind for kind in kinds() if not words.get("e_" + kind.replace(".", "_")))
        assert not without, f"{language}: no words for {', '.join(without)}"
