"""Scale's forms and ours: a task's parameters → questions, content and row; answers → the response, and back.

Pure: mappings in, mappings out. What is stored and sent is in loop/scale/, what goes over the wire in server/scale/.
"""
