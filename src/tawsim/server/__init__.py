"""HTTP: the native API under /api/v1 and the built web pages. Routes are thin: check, call one function, shape the answer.

No SQL and no rules of the queue here. Every route states who may call it (permissions.py); one that does not, does not start.
"""
