import type { Model } from '../../../electron/contract/models.ts';

export interface LineageRow {
  readonly model: Model;
  /** How many models it descends from, of those that are there. */
  readonly depth: number;
  /** For each ancestor's column, whether a line goes on beneath this row to a later child of that ancestor. */
  readonly lines: readonly boolean[];
}

/** Models as a tree, each right below what it was made of: bases first as they came, children by age. */
export function lineage(models: readonly Model[]): readonly LineageRow[] {
  const byAge = [...models].sort((a, b) => a.createdAt - b.createdAt || a.id - b.id);
  const known = new Set(models.map(({ id }) => id));
  const rows: LineageRow[] = [];
  const placed = new Set<number>();
  const place = (model: Model, depth: number, lines: readonly boolean[]) => {
    // Nothing can descend from itself; a library that says so must not hang the page.
    if (placed.has(model.id)) return;
    placed.add(model.id);
    rows.push({ model, depth, lines });
    const children = byAge.filter(({ parentId }) => parentId === model.id);
    children.forEach((child, index) => {
      place(child, depth + 1, [...lines, index < children.length - 1]);
    });
  };
  for (const model of byAge) {
    if (model.parentId === null || !known.has(model.parentId)) place(model, 0, []);
  }
  for (const model of byAge) place(model, 0, []);
  return rows;
}

/** From the base down to the model itself. */
export function ancestry(models: readonly Model[], model: Model): readonly Model[] {
  const byId = new Map(models.map((entry) => [entry.id, entry]));
  const chain: Model[] = [];
  let at: Model | undefined = model;
  while (at !== undefined && !chain.includes(at)) {
    chain.unshift(at);
    at = at.parentId === null ? undefined : byId.get(at.parentId);
  }
  return chain;
}

export function modelKindText({ kind, epoch }: Model): string {
  switch (kind) {
    case 'embedded':
      return 'Comes with Screenfold';
    case 'folder':
      return 'Added by path';
    case 'finetune':
      return epoch === null ? 'Finetune' : `Finetune, epoch ${epoch}`;
  }
}
