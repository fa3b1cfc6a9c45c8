import { clipTextKind, type FolderLayout, unetKind, vaeKind } from '../../weights/component-kind.ts';
import { usualScheduler } from './usual-scheduler.ts';

/** Folders of Stable Diffusion 1.x and 2.x, as diffusers has them. */
export const stableDiffusionLayout: FolderLayout = {
  label: 'Stable Diffusion 1.x or 2.x',
  pipelines: ['StableDiffusionPipeline', 'StableDiffusionImg2ImgPipeline'],
  components: new Map([
    ['unet', unetKind],
    ['vae', vaeKind],
    ['text_encoder', clipTextKind],
  ]),
  tokenizers: ['tokenizer'],
  usualScheduler,
  foreign: ['text_encoder_2', 'controlnet', 'transformer'],
  indexEntries: {
    feature_extractor: [null, null],
    requires_safety_checker: false,
    safety_checker: [null, null],
  },
};
