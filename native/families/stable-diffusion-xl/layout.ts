import {
  clipTextKind,
  type ComponentKind,
  type FolderLayout,
  projectedClipTextKind,
  unetKind,
  vaeKind,
} from '../../weights/component-kind.ts';
import { usualXlScheduler } from './usual-scheduler.ts';

/** Components and tokenizers go in pairs: each text encoder reads what the tokenizer at its place gives. */
export const textEncoders = ['text_encoder', 'text_encoder_2'] as const;
export const tokenizers = ['tokenizer', 'tokenizer_2'] as const;

/** Folders of Stable Diffusion XL, as diffusers has them. */
export const stableDiffusionXlLayout: FolderLayout = {
  label: 'Stable Diffusion XL',
  pipelines: ['StableDiffusionXLPipeline', 'StableDiffusionXLImg2ImgPipeline'],
  components: new Map<string, ComponentKind>([
    ['unet', unetKind],
    ['vae', vaeKind],
    ['text_encoder', clipTextKind],
    ['text_encoder_2', projectedClipTextKind],
  ]),
  tokenizers,
  usualScheduler: usualXlScheduler,
  foreign: ['controlnet', 'transformer'],
  indexEntries: {
    add_watermarker: null,
    feature_extractor: [null, null],
    force_zeros_for_empty_prompt: true,
    image_encoder: [null, null],
  },
};
