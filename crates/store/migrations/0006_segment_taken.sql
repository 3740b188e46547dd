-- History ages from when it was taken in, where that is later than when it happened: an old capture that somebody hands in stays as long
-- as what is new.

ALTER TABLE segment ADD COLUMN taken {INT} NOT NULL DEFAULT 0;
