import type { Recipe } from '../../electron/contract/values.ts';

const names: Readonly<Record<Recipe['sampler'], string>> = {
  ddim: 'DDIM',
  pndm: 'PNDM',
  euler: 'Euler',
  'euler-ancestral': 'Euler ancestral',
  'dpm++-2m': 'DPM++ 2M',
  'dpm++-2m-karras': 'DPM++ 2M Karras',
};

/** A sampler's name as people write it. */
export function samplerText(sampler: Recipe['sampler']): string {
  return names[sampler];
}
