"""Money and what it was for: append-only entries, and the rates by which they are written.

What was done, and for how long, is told by the rooms above; nothing here knows a task or a lease.
"""
