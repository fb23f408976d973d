"""The terminal: the same verbs as the web pages and Python. One module a group of commands; no rules of its own.

Exit codes: 0 done · 1 no (the request does not fit the state it met) · 2 not decided yet · 3 could not run.
"""
