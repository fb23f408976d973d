-- Rises with every change of what the truth of a project rests on: answers, their versions, rounds, the set of tasks.
-- A number of its own, since ids of events follow the clock, which may be set back between two starts.
ALTER TABLE project_count ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
