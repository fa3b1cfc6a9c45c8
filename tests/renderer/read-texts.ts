import type { AllHandlers } from '../../electron/contract/api.ts';

/** A model whose tokens are words, and that reads four of them. */
export const readsFourWords: Pick<AllHandlers, 'models.readTexts'> = {
  'models.readTexts': ({ texts }) => ({
    name: 'Seedling',
    read: 4,
    tokens: texts.map((text) => text.split(/\s+/).length),
  }),
};
