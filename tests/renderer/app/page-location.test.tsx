import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { Link, Router, useLocation, useSearch } from 'wouter';

import { usePageLocation } from '../../../renderer/app/page-location.ts';

function Here() {
  const [location, navigate] = useLocation();
  return (
    <>
      <p>{`${location} with ${useSearch() || 'nothing'}`}</p>
      <Link href="/datasets">Data sets</Link>
      <button
        type="button"
        onClick={() => {
          navigate('/compare?runs=1,2', { replace: true });
        }}
      >
        Compare
      </button>
    </>
  );
}

beforeEach(() => {
  history.replaceState(null, '', '/');
});

test('what an address asks for goes when another place is gone to', async () => {
  render(
    <Router hook={usePageLocation}>
      <Here />
    </Router>,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Compare' }));
  expect(screen.getByText('/compare with runs=1,2')).toBeTruthy();
  expect(location.href).toContain('?runs=1,2#/compare');
  await userEvent.click(screen.getByRole('link', { name: 'Data sets' }));
  expect(screen.getByText('/datasets with nothing')).toBeTruthy();
  expect(location.search).toBe('');
});

test('what an address asks for is there when the page is loaded again, and on the way back', async () => {
  history.replaceState(null, '', '/?runs=3#/compare');
  render(
    <Router hook={usePageLocation}>
      <Here />
    </Router>,
  );
  expect(screen.getByText('/compare with runs=3')).toBeTruthy();
  await userEvent.click(screen.getByRole('link', { name: 'Data sets' }));
  act(() => {
    history.back();
  });
  expect(await screen.findByText('/compare with runs=3')).toBeTruthy();
});
