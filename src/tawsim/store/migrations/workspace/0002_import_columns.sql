-- The columns that an import brought, as a JSON list in their order, so that an export can write its header at once.
-- NULL: not known; whoever needs them looks at the rows of that import and leaves word.
ALTER TABLE import ADD COLUMN columns TEXT;
