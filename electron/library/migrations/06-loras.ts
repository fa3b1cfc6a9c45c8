/** LoRAs are things of the library, and pictures of the prompt bench may have some laid over their model. */
export const loraTables = `
CREATE TABLE lora (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  facts TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

ALTER TABLE sample ADD COLUMN loras TEXT NOT NULL DEFAULT '[]';
`;
