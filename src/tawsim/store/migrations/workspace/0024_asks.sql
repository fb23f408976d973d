-- A project whose rows say which labels they offer (settings.asks): question → the name of a label in such rows → its present
-- name. Rows are never rewritten, so a change of the questions keeps its renames here.
ALTER TABLE project ADD COLUMN renamed TEXT NOT NULL DEFAULT '{}';
