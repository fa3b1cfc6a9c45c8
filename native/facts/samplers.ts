interface SamplerFacts {
  /** As people write it. */
  readonly label: string;
  /** As AUTOMATIC1111's web UI writes it, with its schedule where that has a name of its own. */
  readonly webui: readonly [sampler: string, schedule?: string];
}

/** The samplers there are, by the name they have in run files, commands and the library. */
export const samplerFacts = {
  ddim: { label: 'DDIM', webui: ['DDIM'] },
  pndm: { label: 'PNDM', webui: ['PLMS'] },
  euler: { label: 'Euler', webui: ['Euler'] },
  'euler-ancestral': { label: 'Euler ancestral', webui: ['Euler a'] },
  'dpm++-2m': { label: 'DPM++ 2M', webui: ['DPM++ 2M'] },
  'dpm++-2m-karras': { label: 'DPM++ 2M Karras', webui: ['DPM++ 2M', 'Karras'] },
} as const satisfies Readonly<Record<string, SamplerFacts>>;

export type SamplerName = keyof typeof samplerFacts;

export const samplers = Object.keys(samplerFacts) as unknown as readonly [SamplerName, ...SamplerName[]];

/** The sampler a person knows by this name. */
export function samplerLabel(name: SamplerName): string {
  return samplerFacts[name].label;
}
