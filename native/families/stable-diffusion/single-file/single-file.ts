import { Failure } from '../../../failure.ts';
import type { JsonObject } from '../../../files/json-file.ts';
import { elementCount } from '../../../graph/data-type.ts';
import { readAutoencoderConfig } from '../../../models/autoencoder.ts';
import { readClipTextConfig } from '../../../models/clip-text.ts';
import type { InputParameters } from '../../../models/model-builder.ts';
import { readUNetConfig } from '../../../models/unet.ts';
import { publishedClip } from '../../../tokenizer/tokenizer-source.ts';
import { vaeKind } from '../../../weights/component-kind.ts';
import type { PlacedWeight } from '../../../weights/placed-weights.ts';
import type { TensorFile } from '../../../weights/tensor-file.ts';
import type { SingleFileComponent, SingleFileModel, SingleFileParts } from '../../family.ts';
import { buildAutoencoder, buildDenoiser, buildTextEncoder } from '../build.ts';
import { ldmUNetName, ldmVaeName, openClipName } from './ldm-names.ts';
import {
  clipPrefix,
  type Generation,
  madeOutClip,
  madeOutOpenClip,
  madeOutUNet,
  madeOutVae,
  openClipPrefix,
  type Tensors,
  unetPrefix,
  unreadLayer,
  vaePrefix,
} from './made-out.ts';
import { madeOutPrediction, zeroSnrMark } from './prediction.ts';

const startsAny = (tensors: Tensors, prefix: string): boolean =>
  [...tensors.keys()].some((name) => name.startsWith(prefix));

/**
 * A file of a whole Stable Diffusion 1.x or 2.x in the original code's names; null for a file of anything else. Parts that are
 * not in it are not among the components.
 */
export function stableDiffusionFile(parts: SingleFileParts): SingleFileModel | null {
  const { tensors } = parts.file;
  if (!isStableDiffusion(tensors)) return null;
  const generation = generationOf(tensors);
  const prediction = madeOutPrediction(generation, parts);
  const velocity = prediction.type === 'v_prediction';
  const edge = generation === 2 && velocity ? 768 : 512;
  const components = new Map<string, SingleFileComponent>([
    ['unet', unetOf(parts.file, generation, edge)],
    ...vaeOf(parts, edge),
    ...textEncoderOf(parts.file),
  ]);
  return {
    label: `Stable Diffusion ${generation}.x`,
    reasons: [
      generation === 1
        ? 'its text encoder is CLIP’s, its UNet projects by convolutions'
        : 'its text encoder is OpenCLIP’s, its UNet projects by matrices',
      `it predicts ${velocity ? 'velocity' : 'noise'}: ${prediction.because}`,
      ...(parts.vae === null ? [] : [`its VAE is taken from ${parts.vae.path}`]),
      ...(startsAny(tensors, 'model_ema.') ? ['its averaged weights (EMA) are left aside'] : []),
    ],
    scheduler: schedulerConfig(prediction.type, tensors.has(zeroSnrMark)),
    leavesAside: (name) => leftAside.test(name) || name.startsWith(unreadLayer),
    components,
    tokenizer: () => publishedClip(77, generation === 1 ? '<|endoftext|>' : '!'),
  };
}

/** A UNet that reads texts of one encoder and nothing else, and takes and gives latents. */
function isStableDiffusion(tensors: Tensors): boolean {
  if (startsAny(tensors, clipPrefix) && startsAny(tensors, openClipPrefix)) return false;
  const [input, label] = [`${unetPrefix}input_blocks.0.0.weight`, `${unetPrefix}label_emb.0.0.weight`];
  const output = tensors.get(`${unetPrefix}out.2.weight`)?.shape[0];
  return !tensors.has(label) && output !== undefined && tensors.get(input)?.shape[1] === output;
}

function generationOf(tensors: Tensors): Generation {
  if (startsAny(tensors, openClipPrefix)) return 2;
  if (startsAny(tensors, clipPrefix)) return 1;
  // Without a text encoder the UNet tells: the second generation projects by matrices.
  return tensors.get(`${unetPrefix}middle_block.1.proj_in.weight`)?.shape.length === 2 ? 2 : 1;
}

/** What is in whole files besides weights that are used: buffers, averaged weights, the rest of CLIP, notes of their makers. */
const leftAside =
  /^(?!model\.diffusion_model\.|first_stage_model\.|cond_stage_model\.)|\.position_ids$|\.logit_scale$|\.text_projection(?:\.weight)?$|\.attn_mask$|\.(?:vision_model|visual|visual_projection)\.|^first_stage_model\.loss\./;

function schedulerConfig(prediction: string, zeroSnr: boolean): JsonObject {
  return {
    _class_name: 'PNDMScheduler',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.000_85,
    clip_sample: false,
    num_train_timesteps: 1000,
    prediction_type: prediction,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    trained_betas: null,
    ...(zeroSnr && { rescale_betas_zero_snr: true }),
  };
}

function unetOf(file: TensorFile, generation: Generation, edge: number): SingleFileComponent {
  const { config, plan } = madeOutUNet(file.tensors, generation, edge / 8);
  return {
    config,
    weights: () =>
      placed(
        buildDenoiser(readUNetConfig(config, file.path)),
        file,
        (name) => unetPrefix + ldmUNetName(name, plan),
      ),
  };
}

/** That of a file of its own goes before; such files have the original code's names or diffusers'. */
function vaeOf({ file, vae }: SingleFileParts, edge: number): [string, SingleFileComponent][] {
  const source = vae ?? file;
  const prefix = startsAny(source.tensors, vaePrefix) ? vaePrefix : '';
  if (source.tensors.has(`${prefix}encoder.down_blocks.0.resnets.0.conv1.weight`))
    return [['vae', diffusersVae(source)]];
  if (!source.tensors.has(`${prefix}decoder.conv_in.weight`)) return [];
  const config = madeOutVae(source.tensors, prefix, edge);
  const { length: levels } = config.block_out_channels as readonly number[];
  return [['vae', vaeComponent(source, config, (name) => prefix + ldmVaeName(name, levels))]];

  function diffusersVae({ tensors }: TensorFile): SingleFileComponent {
    const keys = new Map([...tensors.keys()].map((key) => [vaeKind.currentName(key) ?? key, key]));
    const levelOf = (name: string): number => Number(/^encoder\.down_blocks\.(\d)\./.exec(name)?.[1] ?? 0);
    const count = Math.max(...[...keys.keys()].map(levelOf)) + 1;
    const renamed = new Map([...keys].map(([name, key]) => [ldmVaeName(name, count), tensors.get(key)!]));
    return vaeComponent(source, madeOutVae(renamed, '', edge), (name) => keys.get(name) ?? name);
  }
}

function vaeComponent(
  file: TensorFile,
  config: JsonObject,
  keyOf: (name: string) => string,
): SingleFileComponent {
  return {
    config,
    weights: () => placed(buildAutoencoder(readAutoencoderConfig(config, file.path)), file, keyOf),
  };
}

function textEncoderOf(file: TensorFile): [string, SingleFileComponent][] {
  if (startsAny(file.tensors, openClipPrefix)) {
    const config = madeOutOpenClip(file.tensors, openClipPrefix);
    const place = (name: string) => {
      const inOpenClip = openClipName(name);
      return { key: openClipPrefix + inOpenClip.name, part: inOpenClip.third ?? 0 };
    };
    return [
      [
        'text_encoder',
        {
          config,
          weights: () => placedAt(buildTextEncoder(readClipTextConfig(config, file.path)), file, place),
        },
      ],
    ];
  }
  if (!startsAny(file.tensors, clipPrefix)) return [];
  const root = 'text_model.';
  const prefix = startsAny(file.tensors, clipPrefix + root) ? clipPrefix + root : clipPrefix;
  const config = madeOutClip(file.tensors, prefix);
  const weights = () =>
    placed(
      buildTextEncoder(readClipTextConfig(config, file.path)),
      file,
      (name) => prefix + name.slice(root.length),
    );
  return [['text_encoder', { config, weights }]];
}

function placed(
  model: InputParameters,
  file: TensorFile,
  keyOf: (name: string) => string,
): ReadonlyMap<string, PlacedWeight> {
  return placedAt(model, file, (name) => ({ key: keyOf(name), part: 0 }));
}

/**
 * Where the weights are that the model asks for.
 *
 * @throws Failure `tensor-missing`
 */
function placedAt(
  { parameters }: InputParameters,
  file: TensorFile,
  place: (name: string) => { readonly key: string; readonly part: number },
): ReadonlyMap<string, PlacedWeight> {
  const weights = new Map<string, PlacedWeight>();
  const missing: string[] = [];
  for (const { key: name, shape } of parameters) {
    const { key, part } = place(name);
    const found = file.tensors.get(key)?.shape;
    if (found === undefined) {
      missing.push(key);
      continue;
    }
    refuseQuantized(file, key);
    const [has, wants] = [elementCount(found), elementCount(shape)];
    const fused = /in_proj_(?:weight|bias)$/.test(key);
    // 1x1 convolutions and matrices are written one for the other; any other shape is told where the weight is read.
    const fits = fused ? has === 3 * wants : has === wants && sameButForOnes(found, shape);
    weights.set(name, { file, key, part, shape: fits ? shape : found });
  }
  if (missing.length > 0) {
    throw new Failure(
      'tensor-missing',
      `${file.path} lacks ${missing.length} of its weights, among them ${missing[0]!}.`,
      'Download it again; if that is how it was published, use another model.',
    );
  }
  return weights;
}

/** Whole numbers stand for weights by scales that each tool keeps in its own way. */
function refuseQuantized(file: TensorFile, key: string): void {
  const { dtype } = file.tensors.get(key)!;
  if (/^(?:F64|F32|F16|BF16)$/.test(dtype)) return;
  throw new Failure(
    'weights-quantized',
    `${file.path} has its weights as ${dtype}, among them ${key}.`,
    'Use a version of the model in float16, bfloat16 or float32.',
  );
}

function sameButForOnes(a: readonly number[], b: readonly number[]): boolean {
  const rest = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();
  return rest(a) === rest(b);
}
