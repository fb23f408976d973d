"""task → lease → annotation: handing out work, taking answers, and what owners may change. Each a function of a Transaction.

The rules are the labelling queue's invariants Q1–Q23 (docs/reference/queue.md); comments name the one they keep.
No SQL (store/), no HTTP (server/), no inference (truth/).
"""
