"""The wiring: where the way of the data reads top to bottom, file → tasks → labels → truth → file. No maths, no SQL."""
