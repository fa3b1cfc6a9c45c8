/** The kinds of components a model folder has: which class reads them elsewhere, and what their weights are called. */
export interface ComponentKind {
  /** For a person: `text encoder`. */
  readonly label: string;
  readonly library: 'diffusers' | 'transformers';
  /** Its class in model_index.json; no other class is read. */
  readonly className: string;
  /** The file its weights are written to; both libraries' are read. */
  readonly weightsFile: 'diffusion_pytorch_model.safetensors' | 'model.safetensors';
  /** The state-dict key this program knows a weight by, whatever version wrote the file; null for what is no weight of it. */
  readonly currentName: (name: string) => string | null;
  /** The shape of the weight under its current name. */
  readonly currentShape: (name: string, shape: readonly number[]) => readonly number[];
}

/** A noise schedule that a model's files do not have. */
export interface UsualScheduler {
  /** As scheduler_config.json would have it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** For a person: which it is, and by what it was chosen. */
  readonly because: string;
}

/** How a family's folders are laid out. */
export interface FolderLayout {
  /** For a person: `Stable Diffusion 1.x or 2.x`. */
  readonly label: string;
  /** Classes of pipelines in model_index.json; the first is written. */
  readonly pipelines: readonly [string, ...string[]];
  /** By the name of their folder. */
  readonly components: ReadonlyMap<string, ComponentKind>;
  /** Folders of tokenizers. */
  readonly tokenizers: readonly string[];
  /** Components that make it another kind of model. */
  readonly foreign: readonly string[];
  /** The noise that its models were trained on, for a folder that does not say; `unet` is the config of its UNet. */
  readonly usualScheduler: (unet: Readonly<Record<string, unknown>>) => UsualScheduler;
  /** What else model_index.json says in a folder that is written. */
  readonly indexEntries: Readonly<Record<string, unknown>>;
}

export const unetKind: ComponentKind = {
  label: 'UNet',
  library: 'diffusers',
  className: 'UNet2DConditionModel',
  weightsFile: 'diffusion_pytorch_model.safetensors',
  currentName: (name) => name,
  currentShape: (_, shape) => shape,
};

const olderVaeAttention: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
};

/** Attentions as `to_q, to_k, to_v, to_out.0`, older files' too. */
export const vaeKind: ComponentKind = {
  label: 'VAE',
  library: 'diffusers',
  className: 'AutoencoderKL',
  weightsFile: 'diffusion_pytorch_model.safetensors',
  currentName: (name) =>
    name.replace(
      /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.(?:weight|bias))$/,
      (_, path: string, older: string, kind: string) => `${path}${olderVaeAttention[older]!}${kind}`,
    ),
  // Files that came by way of the original Stable Diffusion code keep attention's projections as 1x1 convolutions.
  currentShape: (name, shape) =>
    /\.attentions\.\d+\.to_(?:q|k|v|out\.0)\.weight$/.test(name) &&
    shape.length === 4 &&
    shape[2] === 1 &&
    shape[3] === 1
      ? shape.slice(0, 2)
      : shape,
};

/** Parts of a whole CLIP that are not its text model, and a buffer older files keep among the weights. */
const notOfTextModel = /^(?:vision_model\.|visual_projection\.|logit_scale$)|(?:^|\.)position_ids$/;

/** A CLIP text model under `text_model.`, as transformers had it before version 5. */
export const clipTextKind: ComponentKind = {
  label: 'text encoder',
  library: 'transformers',
  className: 'CLIPTextModel',
  weightsFile: 'model.safetensors',
  currentName: (name) => {
    if (notOfTextModel.test(name)) return null;
    return /^(?:embeddings|encoder|final_layer_norm)\./.test(name) ? `text_model.${name}` : name;
  },
  currentShape: (_, shape) => shape,
};

/** As `clipTextKind`, with a projection of the whole text beside the text model. */
export const projectedClipTextKind: ComponentKind = {
  ...clipTextKind,
  label: 'second text encoder',
  className: 'CLIPTextModelWithProjection',
};
