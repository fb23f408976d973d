"""What was inferred, as people look at it: measures against gold, and one HTML page of figures. Pure: text out, no files."""
