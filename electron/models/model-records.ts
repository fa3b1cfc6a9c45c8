import { Failure } from '../../native/failure.ts';
import type { Model } from '../contract/models.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { freeName } from '../library/free-name.ts';
import { libraryPathsOf } from '../library/library-paths.ts';
import type { ModelFacts } from './inspect-model.ts';

/** A model as the database has it; whether its folder is still there is looked at when asked. */
export type ModelRecord = Omit<Model, 'missing' | 'parameters'>;

export interface ModelRecords {
  readonly all: () => readonly ModelRecord[];
  /** Throws Failure `model-missing`. */
  readonly get: (id: number) => ModelRecord;
  readonly findByFolder: (folder: string) => ModelRecord | null;
  /** Under a name of its own where another model has it. */
  readonly insert: (model: Omit<ModelRecord, 'id'>) => number;
  readonly setFacts: (id: number, facts: ModelFacts) => void;
  readonly setFolder: (id: number, folder: string) => void;
  readonly rename: (id: number, name: string) => void;
  readonly remove: (id: number) => void;
  readonly embedded: () => ModelRecord | null;
}

interface Row {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly folder: string;
  readonly resolution: number;
  readonly pixel_step: number;
  readonly prediction: string;
  readonly components: string;
  readonly bytes: number;
  readonly parent_id: number | null;
  readonly run_id: number | null;
  readonly epoch: number | null;
  readonly card: string | null;
  readonly created_at: number;
}

export function createModelRecords(database: LibraryDatabase): ModelRecords {
  const select = (rest: string) => database.prepare<(number | string)[], Row>(`SELECT * FROM model ${rest}`);
  const [all, one, byFolder, embedded] = [
    select('ORDER BY id DESC'),
    select('WHERE id = ?'),
    select('WHERE folder = ?'),
    select("WHERE kind = 'embedded' LIMIT 1"),
  ];
  const insert = database.prepare<[Row | Omit<Row, 'id'>]>(
    `INSERT INTO model (kind, name, folder, resolution, pixel_step, prediction, components, bytes, parent_id, run_id,
       epoch, card, created_at)
     VALUES (@kind, @name, @folder, @resolution, @pixel_step, @prediction, @components, @bytes, @parent_id, @run_id,
       @epoch, @card, @created_at)`,
  );
  const names = database.prepare<[], string>('SELECT name FROM model').pluck();
  const setFacts = database.prepare(
    `UPDATE model SET resolution = ?, pixel_step = ?, prediction = ?, components = ?, bytes = ?, card = ? WHERE id = ?`,
  );
  const setFolder = database.prepare('UPDATE model SET folder = ? WHERE id = ?');
  const rename = database.prepare('UPDATE model SET name = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM model WHERE id = ?');
  const paths = libraryPathsOf(database);
  const recordOf = (row: Row) => ({ ...fieldsOf(row), folder: paths.absolute(row.folder) });
  const found = (row: Row | undefined) => (row === undefined ? null : recordOf(row));
  return {
    all: () => all.all().map(recordOf),
    get: (id) => {
      const record = found(one.get(id));
      if (record !== null) return record;
      throw new Failure('model-missing', 'This model is no longer in the library.', 'Choose another model.');
    },
    findByFolder: (folder) => found(byFolder.get(paths.stored(folder))),
    insert: (model) => {
      const { lastInsertRowid } = insert.run({
        kind: model.kind,
        name: freeName(new Set(names.all()), model.name),
        folder: paths.stored(model.folder),
        resolution: model.resolution,
        pixel_step: model.pixelStep,
        prediction: model.prediction,
        components: JSON.stringify(model.components),
        bytes: model.bytes,
        parent_id: model.parentId,
        run_id: model.runId,
        epoch: model.epoch,
        card: model.card,
        created_at: model.createdAt,
      });
      return Number(lastInsertRowid);
    },
    setFacts: (id, { resolution, pixelStep, prediction, components, bytes, card }) => {
      setFacts.run(resolution, pixelStep, prediction, JSON.stringify(components), bytes, card, id);
    },
    setFolder: (id, folder) => {
      setFolder.run(paths.stored(folder), id);
    },
    rename: (id, name) => {
      rename.run(name, id);
    },
    remove: (id) => {
      remove.run(id);
    },
    embedded: () => found(embedded.get()),
  };
}

function fieldsOf(row: Row): ModelRecord {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as Model['kind'],
    folder: row.folder,
    resolution: row.resolution,
    pixelStep: row.pixel_step,
    prediction: row.prediction as Model['prediction'],
    components: JSON.parse(row.components) as Model['components'],
    bytes: row.bytes,
    parentId: row.parent_id,
    runId: row.run_id,
    epoch: row.epoch,
    card: row.card,
    createdAt: row.created_at,
  };
}
