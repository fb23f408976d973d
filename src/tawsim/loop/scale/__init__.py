"""The Scale-compatible API underneath: its projects, batches and tasks as Tawsim's own, its files, callbacks and teams.

Wiring and words of Scale's states; no HTTP, no SQL text. Translation of forms is in tawsim/scale/.
"""
