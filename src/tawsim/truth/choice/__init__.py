"""Truth models for questions with one label as the answer, and for sets of labels as many yes/no questions."""
