-- Labels that a change of the questions gave another name: question → old label → new label (JSON). Answers stay as they
-- were written; whoever reads one of an earlier schema goes through these.
ALTER TABLE project_schema ADD COLUMN renamed TEXT NOT NULL DEFAULT '{}';
