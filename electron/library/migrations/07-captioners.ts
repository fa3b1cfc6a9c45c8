/**
 * Models that caption, and captions that are being made by one: a row for each set, and one for each image of it that is
 * still to be captioned or could not be. Captions come into their table and their image goes out of this one at once.
 */
export const captionerTables = `
CREATE TABLE captioner (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  folder TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE captioning (
  caption_set_id INTEGER PRIMARY KEY REFERENCES caption_set (id) ON DELETE CASCADE,
  journal_id INTEGER NOT NULL,
  captioner_id INTEGER NOT NULL,
  options TEXT NOT NULL,
  place TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'waiting',
  failure TEXT,
  total INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- A failure: why the image could not be captioned, as JSON.
CREATE TABLE captioning_image (
  caption_set_id INTEGER NOT NULL REFERENCES captioning (caption_set_id) ON DELETE CASCADE,
  image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  failure TEXT,
  PRIMARY KEY (caption_set_id, image_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX captioning_of_image ON captioning_image (image_id);
`;
