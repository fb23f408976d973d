-- How much active time was counted for an answer, in microseconds, so that answers which waited in a browser and came all at
-- once are not taken for answers given in no time. NULL: not counted (models, and answers from before).
ALTER TABLE annotation ADD COLUMN active BIGINT;
