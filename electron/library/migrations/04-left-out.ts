/**
 * Files left out of a data set: several of one kind in one row, with the first names. Those whose absence nobody would
 * count as wrong are not counted. And how often reading a source began since it last came any further.
 */
export const leftOutFiles = `
ALTER TABLE dataset_problem ADD COLUMN names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE dataset_problem ADD COLUMN files INTEGER NOT NULL DEFAULT 1;
ALTER TABLE dataset_problem ADD COLUMN expected INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER problem_added;
DROP TRIGGER problem_removed;
CREATE TRIGGER problem_added AFTER INSERT ON dataset_problem WHEN NEW.expected = 0 BEGIN
  UPDATE dataset SET problems = problems + NEW.files WHERE id = NEW.dataset_id;
END;
CREATE TRIGGER problem_removed AFTER DELETE ON dataset_problem WHEN OLD.expected = 0 BEGIN
  UPDATE dataset SET problems = problems - OLD.files WHERE id = OLD.dataset_id;
END;
ALTER TABLE dataset_source ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
`;
