/** LoRA files (Hu et al. 2021), written with kohya's keys, which A1111, ComfyUI and diffusers read. */
import type { LoraLayout } from './lora-names.ts';
import { kohyaName } from './lora-names.ts';
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
}

function tensorsOf(
  modules: readonly LoraModule[],
  layout: LoraLayout,
  precision: 'float32' | 'float16',
): TensorToWrite[] {
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  return modules.flatMap(({ component, module, rank, alpha, kernel, down, up }) => {
    const name = kohyaName(
      layout.find((own) => own.component === component)!,
      module,
    );
    const inputs = down.length / kernel.reduce((product, extent) => product * extent, rank);
    const ones = kernel.map(() => 1);
    return [
      { name: `${name}.lora_down.weight`, dtype, shape: [rank, inputs, ...kernel], data: down },
      { name: `${name}.lora_up.weight`, dtype, shape: [up.length / rank, rank, ...ones], data: up },
      { name: `${name}.alpha`, dtype, shape: [], data: Float32Array.of(alpha) },
    ];
  });
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
  const tensors = tensorsOf(modules, layout, precision);
  const outputName = path.replace(/^.*[/\\]/, '').replace(/\.safetensors$/, '');
  await writeSafetensors(path, tensors, {
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
    ...metadata,
    sshs_model_hash: await hashTensorData(tensors),
  });
}
