import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { ModelCardView } from '../../../renderer/components/model-card-view.tsx';

test('a model card is read without the head that hubs read, and with its lists, tables and code', () => {
  const { container } = render(
    <ModelCardView
      markdown={
        '---\nbase_model: "x"\n---\n\n# My style\n\n- _One_ thing,\n  and more of it\n- two\n\n| | |\n|---|---|\n| Seed | 0 |\n\n```\nx = 1\n```\n'
      }
    />,
  );
  expect(container.textContent).not.toContain('base_model');
  expect(screen.getByRole('heading', { name: 'My style' })).toBeTruthy();
  expect(screen.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual([
    'One thing,\nand more of it',
    'two',
  ]);
  expect(screen.getByRole('row', { name: 'Seed 0' })).toBeTruthy();
  expect(container.querySelector('pre')?.textContent).toBe('x = 1\n');
});

test('a card brings in no HTML, no picture and no link of its own', () => {
  const { container } = render(
    <ModelCardView
      markdown={
        '<img src=x onerror=alert(1)>\n\n![A](https://example.com/a.png) [its page](https://example.com) <https://example.org>'
      }
    />,
  );
  expect(container.querySelector('img, a, script')).toBeNull();
  expect(container.textContent).toContain('its page (https://example.com)');
  expect(container.textContent).toMatch(/https:\/\/example\.org$/);
});

test('pictures beside the card are shown where it is known whose they are', () => {
  const markdown = '![net](https://example.org/a.png) ![One](one.png) ![Two](deep/two.webp)';
  const { container, rerender } = render(<ModelCardView markdown={markdown} />);
  expect(container.querySelector('img')).toBeNull();
  rerender(<ModelCardView markdown={markdown} modelId={4} />);
  expect(
    screen.getAllByRole('img').map((image) => [image.getAttribute('alt'), image.getAttribute('src')]),
  ).toEqual([
    ['One', '/media/cards/4/0'],
    ['Two', '/media/cards/4/1'],
  ]);
});
