"""Models that answer: the one guarded door for outgoing HTTP, and the endpoints that speak the OpenAI protocol.

No projects, tasks or leases are known here; what is asked and what becomes of an answer stands in loop/.
"""
