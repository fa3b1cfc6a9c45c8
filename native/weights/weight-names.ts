/** The parts of a Stable Diffusion model that have weights, as its folder calls them. */
export const componentNames = ['unet', 'vae', 'text_encoder'] as const;
export type ComponentName = (typeof componentNames)[number];

const olderVaeAttention: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
};

function currentVaeName(name: string): string {
  return name.replace(
    /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.(?:weight|bias))$/,
    (_, path: string, older: string, kind: string) => `${path}${olderVaeAttention[older]!}${kind}`,
  );
}

/** Parts of a whole CLIP that are not its text model, and a buffer older files keep among the weights. */
const notOfTextModel = /^(?:vision_model\.|visual_projection\.|logit_scale$)|(?:^|\.)position_ids$/;

function currentTextEncoderName(name: string): string | null {
  if (notOfTextModel.test(name)) return null;
  return /^(?:embeddings|encoder|final_layer_norm)\./.test(name) ? `text_model.${name}` : name;
}

/**
 * The state-dict key this program knows a weight by, whatever version of diffusers or transformers wrote the file:
 * attentions of a VAE as `to_q, to_k, to_v, to_out.0`, a CLIP text model under `text_model.`. Null for what is no
 * weight of the component.
 */
export function currentName(component: ComponentName, name: string): string | null {
  if (component === 'text_encoder') return currentTextEncoderName(name);
  return component === 'vae' ? currentVaeName(name) : name;
}

/**
 * The shape of the weight under its current name: files that came by way of the original Stable Diffusion code keep
 * a VAE's attention projections as 1x1 convolutions.
 */
export function currentShape(
  component: ComponentName,
  name: string,
  shape: readonly number[],
): readonly number[] {
  const isProjection = component === 'vae' && /\.attentions\.\d+\.to_(?:q|k|v|out\.0)\.weight$/.test(name);
  return isProjection && shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}
