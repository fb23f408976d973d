"""The Scale-compatible API over the wire, v1 and v2: its paths, its sign-in, its errors. No rules: those are in loop/scale/."""
