import type { FolderLayout } from '../weights/component-kind.ts';
import type { Family } from './family.ts';
import { stableDiffusion } from './stable-diffusion/stable-diffusion.ts';
import { stableDiffusionXl } from './stable-diffusion-xl/stable-diffusion-xl.ts';

/** Every family there is. A new one is its folder and its name here. */
export const families: readonly Family[] = [stableDiffusion, stableDiffusionXl];

export const folderLayouts: readonly FolderLayout[] = families.map(({ layout }) => layout);

/** The family whose folders are laid out so. */
export function familyOf(layout: FolderLayout): Family {
  return families.find((family) => family.layout === layout)!;
}
