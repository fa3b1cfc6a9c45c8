/** Data sets, their images and captions, and the journal that undo goes back along. */
export const datasetTables = `
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  folder TEXT,
  file_name_pattern TEXT,
  sample INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  file TEXT NOT NULL,
  path TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  perceptual_hash BLOB NOT NULL,
  metadata TEXT NOT NULL,
  candidates TEXT NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 1,
  held_out INTEGER NOT NULL DEFAULT 0,
  excluded INTEGER NOT NULL DEFAULT 0,
  added_at INTEGER NOT NULL,
  UNIQUE (dataset_id, file)
) STRICT;

CREATE TABLE dataset_problem (
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  file TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  PRIMARY KEY (dataset_id, file, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE caption_set (
  id INTEGER PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX caption_set_of_dataset ON caption_set (dataset_id);

CREATE TABLE caption (
  caption_set_id INTEGER NOT NULL REFERENCES caption_set (id) ON DELETE CASCADE,
  image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  by_hand INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (caption_set_id, image_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX caption_of_image ON caption (image_id);
`;
