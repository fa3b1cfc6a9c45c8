import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { EpochRuler } from '../../../renderer/components/epoch-ruler.tsx';

test.each([
  [1, [1], '1 epoch, the base and checkpoint after 1'],
  [5, [1, 2, 5], '5 epochs, the base and checkpoints after 1, 2, 5'],
])('the ruler of %d counts as people do', (epochs, checkpoints, said) => {
  render(<EpochRuler epochs={epochs} checkpoints={checkpoints} />);
  expect(screen.getByRole('img').getAttribute('aria-label')).toBe(said);
});
