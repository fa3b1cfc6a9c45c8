/**
 * Paths of what lies in the library's folder were noted in full, so that a library that was moved lost it, and a copied
 * one had its original's. They are noted from the folder on now. Where the library was when it noted them is told by what
 * can have lain nowhere else: a run's folder, a picture of the prompt bench, a kept model, an upload.
 */
export const pathsInLibrary = `
CREATE TEMP TABLE former_library (folder TEXT PRIMARY KEY) STRICT;
INSERT INTO former_library SELECT folder FROM (
  SELECT former_library(folder, 'runs', CAST(id AS TEXT)) AS folder FROM run
  UNION SELECT former_library(file, 'pictures', id || '.png') FROM sample WHERE bench = 1
  UNION SELECT former_library_of_model(folder) FROM model WHERE kind = 'finetune'
  UNION SELECT former_library_of_upload(root) FROM dataset_source
) WHERE folder IS NOT NULL;
CREATE TEMP TABLE former_libraries AS SELECT json_group_array(folder) AS folders FROM former_library;

UPDATE run SET folder = path_from_former(folder, (SELECT folders FROM former_libraries), 1);
UPDATE sample SET file = path_from_former(file, (SELECT folders FROM former_libraries), 1);
UPDATE export SET path = path_from_former(path, (SELECT folders FROM former_libraries), 0);
UPDATE dataset_source SET root = path_from_former(root, (SELECT folders FROM former_libraries), 0);
-- A person may have added a model again from where it lies now: then the other stays as it is.
UPDATE OR IGNORE model SET folder = path_from_former(folder, (SELECT folders FROM former_libraries), 0);

DROP TABLE former_libraries;
DROP TABLE former_library;
`;
