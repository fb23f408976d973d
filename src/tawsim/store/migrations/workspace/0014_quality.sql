-- Comments on answers are few among answers: those who ask for them do not read the others.
CREATE INDEX annotation_version_comment ON annotation_version (annotation_id) WHERE comment <> '';
