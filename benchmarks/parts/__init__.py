"""The parts of benchmarks/run.py: what is measured, and with what. Nothing here is imported by the product or its tests."""
