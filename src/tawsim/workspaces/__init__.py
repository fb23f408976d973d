"""Workspaces, workers and credentials: who is who, and the one door through which a credential reaches a workspace.

A workspace is one file; its sign-ins stand in a second small file in the same folder, as digests. What a role may do is
declared route by route in server/permissions.py.
"""
