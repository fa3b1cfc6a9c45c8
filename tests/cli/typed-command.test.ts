import { expect, test } from 'vitest';

import { withTypedCommands } from '../../electron/cli/typed-command.ts';

test('commands are named as they are typed where the program was begun by npm', () => {
  const text =
    'Resume it: screenfold resume runs/a, or `screenfold train`. (screenfold --help) by Screenfold';
  expect(withTypedCommands(text, 'npm start --')).toBe(
    'Resume it: npm start -- resume runs/a, or `npm start -- train`. (npm start -- --help) by Screenfold',
  );
  expect(withTypedCommands('in screenfold training, or a folder screenfold', 'npm start --')).toBe(
    'in screenfold training, or a folder screenfold',
  );
});
