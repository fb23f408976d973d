"""Words every room shares: ids, clock, errors, text, and the records of the way of the data.

Imports nothing else of Tawsim. No I/O, no SQL, no HTTP.
"""
