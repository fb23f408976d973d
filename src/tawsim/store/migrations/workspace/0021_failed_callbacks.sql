-- Callbacks that failed for good are counted on a page, and sent again all at once.
CREATE INDEX scale_callback_failed ON scale_callback (id) WHERE state = 'failed';
