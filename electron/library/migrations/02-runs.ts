/** Settings, models, runs with their ledger, pictures and exports. */
export const runTables = `
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE model (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('embedded', 'folder', 'finetune')),
  name TEXT NOT NULL,
  folder TEXT NOT NULL UNIQUE,
  resolution INTEGER NOT NULL,
  pixel_step INTEGER NOT NULL,
  prediction TEXT NOT NULL,
  components TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  parent_id INTEGER REFERENCES model (id) ON DELETE SET NULL,
  run_id INTEGER REFERENCES run (id) ON DELETE SET NULL,
  epoch INTEGER,
  card TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  queue_order INTEGER,
  dataset_id INTEGER REFERENCES dataset (id) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  caption_set_name TEXT NOT NULL,
  base_model_id INTEGER REFERENCES model (id) ON DELETE SET NULL,
  base_name TEXT NOT NULL,
  method TEXT NOT NULL,
  request TEXT NOT NULL,
  plan TEXT NOT NULL,
  folder TEXT NOT NULL,
  prompts TEXT NOT NULL,
  seeds TEXT NOT NULL,
  epochs INTEGER NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL DEFAULT 0,
  steps INTEGER NOT NULL,
  train_loss REAL,
  validation_loss REAL,
  failure TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX run_of_dataset ON run (dataset_id);

CREATE TABLE checkpoint (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  seconds REAL NOT NULL,
  images INTEGER NOT NULL,
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE speed (
  provider TEXT NOT NULL,
  base TEXT NOT NULL,
  method TEXT NOT NULL,
  batch INTEGER NOT NULL,
  resolution INTEGER NOT NULL,
  seconds_per_image REAL NOT NULL,
  PRIMARY KEY (provider, base, method, batch, resolution)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER REFERENCES run (id) ON DELETE CASCADE,
  model_id INTEGER REFERENCES model (id) ON DELETE SET NULL,
  epoch INTEGER,
  bench INTEGER NOT NULL,
  prompt TEXT NOT NULL,
  negative_prompt TEXT NOT NULL,
  seed INTEGER NOT NULL,
  recipe TEXT NOT NULL,
  file TEXT NOT NULL,
  status TEXT NOT NULL,
  failure TEXT,
  favourite INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sample_of_run ON sample (run_id, epoch, prompt, negative_prompt, seed) WHERE bench = 0;
CREATE INDEX sample_by_status ON sample (status, bench, id);
CREATE INDEX sample_of_bench ON sample (id) WHERE bench = 1;
CREATE INDEX sample_favourite ON sample (id) WHERE favourite = 1;

CREATE TABLE export (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  failure TEXT,
  title TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER,
  run_id INTEGER REFERENCES run (id) ON DELETE SET NULL,
  epoch INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
`;
