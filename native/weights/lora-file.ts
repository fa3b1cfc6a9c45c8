/** LoRA files (Hu et al. 2021), written with kohya's keys, which A1111, ComfyUI and diffusers read, or with PEFT's. */
import type { LoraLayout } from './lora-names.ts';
import { kohyaName, peftName } from './lora-names.ts';
import type { TensorToWrite } from './safetensors.ts';
import { hashTensorData, writeSafetensors } from './safetensors.ts';

/** One adapted module: its weight gains `alpha / rank * up · down`. */
export interface LoraModule {
  readonly component: string;
  /** State-dict path without `.weight`: `mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0`. */
  readonly module: string;
  readonly rank: number;
  readonly alpha: number;
  /** Height and width of a convolution's kernel, `[]` for a linear module. `proj_in` of SD 1.x is a 1x1 convolution. */
  readonly kernel: readonly number[];
  /** [rank, in, ...kernel] */
  readonly down: Float32Array<ArrayBuffer>;
  /** [out, rank], for a convolution [out, rank, 1, 1] */
  readonly up: Float32Array<ArrayBuffer>;
  /** Of a DoRA: what the lengths of the weight's outputs become, [out]. */
  readonly magnitude?: Float32Array<ArrayBuffer>;
}

/** Matrices as a module's kernel has them, under their names. */
function matricesOf(
  { rank, kernel, down, up, magnitude }: LoraModule,
  [downName, upName, magnitudeName]: readonly [down: string, up: string, magnitude: string],
  precision: 'float32' | 'float16',
  magnitudeShape: (outputs: number) => readonly number[],
): TensorToWrite[] {
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  const inputs = down.length / kernel.reduce((product, extent) => product * extent, rank);
  const ones = kernel.map(() => 1);
  return [
    { name: downName, dtype, shape: [rank, inputs, ...kernel], data: down },
    { name: upName, dtype, shape: [up.length / rank, rank, ...ones], data: up },
    ...(magnitude
      ? [{ name: magnitudeName, dtype, shape: magnitudeShape(magnitude.length), data: magnitude } as const]
      : []),
  ];
}

function kohyaTensors(
  modules: readonly LoraModule[],
  layout: LoraLayout,
  precision: 'float32' | 'float16',
): TensorToWrite[] {
  return modules.flatMap((own) => {
    const name = kohyaName(
      layout.find(({ component }) => component === own.component)!,
      own.module,
    );
    return [
      ...matricesOf(
        own,
        [`${name}.lora_down.weight`, `${name}.lora_up.weight`, `${name}.dora_scale`],
        precision,
        // Along the outputs, as LyCORIS tells it from a length for each input.
        (outputs) => [outputs, 1, ...own.kernel.map(() => 1)],
      ),
      {
        name: `${name}.alpha`,
        dtype: precision === 'float16' ? 'F16' : 'F32',
        shape: [],
        data: Float32Array.of(own.alpha),
      },
    ];
  });
}

/** The same addition with an alpha that equals the rank. */
function withAlphaInside(module: LoraModule): LoraModule {
  const scale = module.alpha / module.rank;
  return { ...module, alpha: module.rank, up: scale === 1 ? module.up : module.up.map((x) => x * scale) };
}

/**
 * The same addition in a rank that all modules have, with rows and columns of zeros: of files with PEFT's keys diffusers takes the
 * rank of one module for the alpha of all.
 */
function inRank(module: LoraModule, rank: number): LoraModule {
  if (module.rank === rank) return module;
  const [inputs, outputs] = [module.down.length / module.rank, module.up.length / module.rank];
  const down = new Float32Array(rank * inputs);
  down.set(module.down);
  const up = new Float32Array(outputs * rank);
  for (let i = 0; i < outputs; i++)
    up.set(module.up.subarray(i * module.rank, (i + 1) * module.rank), i * rank);
  return { ...module, rank, alpha: rank, down, up };
}

/** A value all modules share, or `Dynamic`, as kohya's tools write where they do not. */
function shared(values: readonly number[]): string {
  return new Set(values).size === 1 ? String(values[0]) : 'Dynamic';
}

/**
 * Writes a LoRA with kohya's keys and no tensor besides. `metadata` goes over what is derived from the modules
 * (`ss_network_dim`, `ss_network_alpha`, …, `sshs_model_hash`); for an SD 2.x base it must say `ss_v2: 'True'` and
 * `ss_base_model_version`.
 *
 * @throws Failure `write-failed`
 */
export async function writeKohyaLora(
  path: string,
  modules: readonly LoraModule[],
  layout: LoraLayout,
  precision: 'float32' | 'float16',
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors = kohyaTensors(modules, layout, precision);
  await writeSafetensors(path, tensors, {
    ...derivedMetadata(path, modules),
    ...metadata,
    sshs_model_hash: await hashTensorData(tensors),
  });
}

/**
 * Writes a LoRA with PEFT's keys, as diffusers saves one; `metadata` as above. The alpha is multiplied into the matrices: the
 * keys have no place for it, and of the two notes of it that there are, each is read by some programs and not by others.
 *
 * @throws Failure `write-failed`
 */
export async function writePeftLora(
  path: string,
  modules: readonly LoraModule[],
  precision: 'float32' | 'float16',
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const rank = Math.max(...modules.map((module) => module.rank));
  const own = modules.map((module) => inRank(withAlphaInside(module), rank));
  const tensors = own.flatMap((module) => {
    const name = peftName(module);
    return matricesOf(
      module,
      [`${name}.lora_A.weight`, `${name}.lora_B.weight`, `${name}.lora_magnitude_vector.weight`],
      precision,
      (outputs) => (module.kernel.length === 0 ? [outputs] : [1, outputs, 1, 1]),
    );
  });
  await writeSafetensors(path, tensors, {
    ...derivedMetadata(path, own),
    format: 'pt',
    ...metadata,
    sshs_model_hash: await hashTensorData(tensors),
  });
}

function derivedMetadata(path: string, modules: readonly LoraModule[]): Readonly<Record<string, string>> {
  const outputName = path.replace(/^.*[/\\]/, '').replace(/\.safetensors$/, '');
  return {
    'modelspec.architecture': 'stable-diffusion-v1/lora',
    'modelspec.sai_model_spec': '1.0.1',
    'modelspec.title': outputName,
    ss_base_model_version: 'sd_v1',
    ss_network_alpha: shared(modules.map(({ alpha }) => alpha)),
    ss_network_args: '{}',
    ss_network_dim: shared(modules.map(({ rank }) => rank)),
    ss_network_module: 'networks.lora',
    ss_output_name: outputName,
    ss_v2: 'False',
  };
}
