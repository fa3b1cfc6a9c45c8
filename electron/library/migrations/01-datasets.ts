/**
 * Data sets, their images and captions, and the journal that undo goes back along. Counts that every page shows are kept
 * by triggers, so that they cost nothing to ask for and cannot disagree with the rows. Ids are never used twice: pages
 * cache pictures by them.
 */
export const datasetTables = `
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  file_name_pattern TEXT,
  sample INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  images INTEGER NOT NULL DEFAULT 0,
  excluded INTEGER NOT NULL DEFAULT 0,
  held_out INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  problems INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A folder that is read whole (files is null) or a list of files below it. Pending: not read to its end yet.
CREATE TABLE dataset_source (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  root TEXT NOT NULL,
  prefix TEXT NOT NULL,
  files TEXT,
  pending INTEGER NOT NULL DEFAULT 1,
  UNIQUE (dataset_id, prefix)
) STRICT;

-- path is below the source's root. Gone: its file was not there when the folder was last read; captions are kept.
CREATE TABLE image (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  source_id INTEGER NOT NULL REFERENCES dataset_source (id) ON DELETE CASCADE,
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
  search TEXT NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 1,
  held_out INTEGER NOT NULL DEFAULT 0,
  excluded INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0,
  added_at INTEGER NOT NULL,
  active INTEGER GENERATED ALWAYS AS (gone = 0 AND excluded = 0) VIRTUAL,
  pixels INTEGER GENERATED ALWAYS AS (width * height) VIRTUAL,
  aspect REAL GENERATED ALWAYS AS (CAST(width AS REAL) / height) VIRTUAL,
  UNIQUE (dataset_id, file)
) STRICT;
CREATE INDEX image_of_source ON image (source_id);
CREATE INDEX image_by_content ON image (content_hash);
-- One for each order, holding what filters ask for, so that selecting never touches the rows themselves.
CREATE INDEX image_by_name ON image (dataset_id, file, gone, excluded, held_out);
CREATE INDEX image_by_time ON image (dataset_id, added_at, gone, excluded, held_out);
CREATE INDEX image_by_bytes ON image (dataset_id, bytes, gone, excluded, held_out);
CREATE INDEX image_by_pixels ON image (dataset_id, pixels, gone, excluded, held_out);
CREATE INDEX image_by_aspect ON image (dataset_id, aspect, gone, excluded, held_out);

CREATE TRIGGER image_added AFTER INSERT ON image BEGIN
  UPDATE dataset SET
    images = images + (NEW.gone = 0),
    excluded = excluded + (NEW.gone = 0 AND NEW.excluded = 1),
    held_out = held_out + (NEW.active = 1 AND NEW.held_out = 1),
    bytes = bytes + iif(NEW.gone = 0, NEW.bytes, 0)
  WHERE id = NEW.dataset_id;
END;
CREATE TRIGGER image_changed AFTER UPDATE OF gone, excluded, held_out, bytes ON image BEGIN
  UPDATE dataset SET
    images = images + (NEW.gone = 0) - (OLD.gone = 0),
    excluded = excluded + (NEW.gone = 0 AND NEW.excluded = 1) - (OLD.gone = 0 AND OLD.excluded = 1),
    held_out = held_out + (NEW.active = 1 AND NEW.held_out = 1) - (OLD.active = 1 AND OLD.held_out = 1),
    bytes = bytes + iif(NEW.gone = 0, NEW.bytes, 0) - iif(OLD.gone = 0, OLD.bytes, 0)
  WHERE id = NEW.dataset_id;
END;
CREATE TRIGGER image_used AFTER UPDATE OF gone, excluded ON image WHEN NEW.active <> OLD.active BEGIN
  UPDATE caption_set SET captioned = captioned + NEW.active - OLD.active
  WHERE dataset_id = NEW.dataset_id
    AND EXISTS (SELECT 1 FROM caption WHERE caption_set_id = caption_set.id AND image_id = NEW.id);
END;

-- What templates can say, and how many images have it.
CREATE TABLE dataset_field (
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  images INTEGER NOT NULL,
  example TEXT NOT NULL,
  PRIMARY KEY (dataset_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset_problem (
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  source_id INTEGER NOT NULL REFERENCES dataset_source (id) ON DELETE CASCADE,
  file TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  PRIMARY KEY (dataset_id, file, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX problem_of_source ON dataset_problem (source_id);
CREATE TRIGGER problem_added AFTER INSERT ON dataset_problem BEGIN
  UPDATE dataset SET problems = problems + 1 WHERE id = NEW.dataset_id;
END;
CREATE TRIGGER problem_removed AFTER DELETE ON dataset_problem BEGIN
  UPDATE dataset SET problems = problems - 1 WHERE id = OLD.dataset_id;
END;

CREATE TABLE caption_set (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  captioned INTEGER NOT NULL DEFAULT 0,
  by_hand INTEGER NOT NULL DEFAULT 0
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
CREATE TRIGGER caption_added AFTER INSERT ON caption BEGIN
  UPDATE caption_set SET
    captioned = captioned + (SELECT active FROM image WHERE id = NEW.image_id),
    by_hand = by_hand + NEW.by_hand
  WHERE id = NEW.caption_set_id;
END;
CREATE TRIGGER caption_changed AFTER UPDATE OF by_hand ON caption WHEN NEW.by_hand <> OLD.by_hand BEGIN
  UPDATE caption_set SET by_hand = by_hand + NEW.by_hand - OLD.by_hand WHERE id = NEW.caption_set_id;
END;
CREATE TRIGGER caption_removed AFTER DELETE ON caption BEGIN
  UPDATE caption_set SET
    captioned = captioned - ifnull((SELECT active FROM image WHERE id = OLD.image_id), 0),
    by_hand = by_hand - OLD.by_hand
  WHERE id = OLD.caption_set_id;
END;

-- Each change holds what the other side of it looks like: undoing and redoing exchange it with what is there now.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  undone INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_of_dataset ON journal (dataset_id, undone, id);

-- A null text: no caption.
CREATE TABLE journal_caption (
  journal_id INTEGER NOT NULL REFERENCES journal (id) ON DELETE CASCADE,
  caption_set_id INTEGER NOT NULL,
  image_id INTEGER NOT NULL,
  text TEXT,
  by_hand INTEGER NOT NULL,
  PRIMARY KEY (journal_id, caption_set_id, image_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal_image (
  journal_id INTEGER NOT NULL REFERENCES journal (id) ON DELETE CASCADE,
  image_id INTEGER NOT NULL,
  excluded INTEGER NOT NULL,
  held_out INTEGER NOT NULL,
  PRIMARY KEY (journal_id, image_id)
) STRICT, WITHOUT ROWID;

-- A null name: no such caption set.
CREATE TABLE journal_set (
  journal_id INTEGER NOT NULL REFERENCES journal (id) ON DELETE CASCADE,
  caption_set_id INTEGER NOT NULL,
  name TEXT,
  source TEXT,
  tags TEXT,
  created_at INTEGER,
  PRIMARY KEY (journal_id, caption_set_id)
) STRICT, WITHOUT ROWID;
`;
