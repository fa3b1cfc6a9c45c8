import { expect, test } from 'vitest';

import { configEntries } from '../../native/runtime/config-entries.ts';

test('optimizers to switch off are one list, as ONNX Runtime splits it', () => {
  const key = 'optimization.disable_specified_optimizers';
  expect(
    configEntries({ disabledOptimizers: ['CommonSubexpressionElimination', 'ConstantFolding'] })[key],
  ).toBe('CommonSubexpressionElimination;ConstantFolding');
  expect(configEntries({})).not.toHaveProperty(key);
});
