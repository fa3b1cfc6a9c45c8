/** Images by name as people count: 2 before 10. The name as it is decides between names that are then the same. */
export const naturalNames = `
ALTER TABLE image ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE image SET name_key = name_key_of(file);
DROP INDEX image_by_name;
CREATE INDEX image_by_name ON image (dataset_id, name_key, file, gone, excluded, held_out);
`;
