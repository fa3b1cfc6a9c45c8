import { expect, test } from 'vitest';

import { methodName, methodText } from '../../electron/contract/method-text.ts';

test('a method is called by its name, and told with its settings', () => {
  expect(methodName('lora')).toBe('LoRA');
  expect(methodName('of a later version')).toBe('of a later version');
  expect(methodText({ kind: 'full', textEncoder: true })).toBe('full finetuning of UNet and text encoder');
  expect(methodText({ kind: 'scratch' })).toBe('UNet and text encoder from scratch');
  expect(methodText({ kind: 'scratch', textEncoder: false })).toBe('UNet from scratch');
});

test('a LoRA without an alpha has its rank as alpha', () => {
  const lora = { kind: 'lora', textEncoder: false, rank: 8 } as const;
  expect(methodText(lora)).toBe('LoRA of rank 8, alpha 8, on UNet');
  expect(methodText({ ...lora, alpha: 4 })).toBe('LoRA of rank 8, alpha 4, on UNet');
});
