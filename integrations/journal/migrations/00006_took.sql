-- +goose Up

-- How long the look took that the sample comes of, in nanoseconds; 0 when that is not known.
ALTER TABLE samples ADD COLUMN took INTEGER NOT NULL DEFAULT 0;
