import { join } from 'node:path';

import { exists } from '../files/exists.ts';
import type { ModelReference } from '../jobs.ts';
import { type ModelComponent, type ModelFolder, openComponent } from '../weights/model-folder.ts';

export interface ComponentFolders {
  /** Throws a Failure where the base has none of that name. */
  readonly get: (name: string) => ModelComponent;
  /** Closes the base and what lies over it. */
  readonly close: () => Promise<void>;
}

/** The components of a base, those of a checkpoint in their place. */
export async function openComponents(
  base: ModelFolder,
  { checkpoint }: ModelReference,
): Promise<ComponentFolders> {
  const own = new Map<string, ModelComponent>();
  const closeOwn = async (): Promise<void> => {
    for (const component of own.values()) await component.close();
  };
  try {
    for (const [name, kind] of checkpoint === undefined ? [] : base.layout.components) {
      const folder = join(checkpoint!, name);
      if (await exists(folder)) own.set(name, await openComponent(folder, name, kind));
    }
  } catch (error) {
    await closeOwn();
    throw error;
  }
  return {
    get: (name) => own.get(name) ?? base.component(name),
    close: async () => {
      await closeOwn();
      await base.close();
    },
  };
}
