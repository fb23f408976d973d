-- All answers to one task, rejected ones too: for decisions on it. The index of accepted ones knows nothing of the others.
CREATE INDEX annotation_of_task ON annotation (task_id, round);
