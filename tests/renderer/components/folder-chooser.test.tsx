import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';

import { StudioFailure } from '../../../electron/connection/studio-failure.ts';
import { FolderChooser, type Pickable } from '../../../renderer/components/folder-chooser.tsx';
import { fakeStudio, renderWithStudio } from '../fake-studio.tsx';

const studio = () =>
  fakeStudio({
    'system.browse': ({ folder }) => {
      if (folder === '/nowhere') {
        throw new StudioFailure({ code: 'folder-missing', message: 'There is no /nowhere', hint: '' });
      }
      const at = folder ?? '/home/me';
      return {
        folder: at,
        parent: '/home',
        entries: [
          { name: 'cats', path: `${at}/cats`, kind: 'folder' as const },
          { name: 'a.png', path: `${at}/a.png`, kind: 'image' as const },
          { name: 'fox.safetensors', path: `${at}/fox.safetensors`, kind: 'model-file' as const },
          { name: 'pack.ZIP', path: `${at}/pack.ZIP`, kind: 'file' as const },
        ],
        shortcuts: [{ name: 'Home', path: '/home/me' }],
        images: 1,
      };
    },
  });

const draw = (onChoose = vi.fn(), what: Pickable = 'folder') => {
  renderWithStudio(
    <FolderChooser open what={what} title="Choose" confirm="Add" onChoose={onChoose} onClose={vi.fn()} />,
    studio(),
  );
  return onChoose;
};

describe('choosing a folder', () => {
  test('goes into folders, and takes the one it is in', async () => {
    const onChoose = draw();
    await userEvent.click(await screen.findByRole('button', { name: 'cats' }));
    await waitFor(() => {
      expect(screen.getByLabelText('Folder')).toHaveProperty('value', '/home/me/cats');
    });
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(onChoose).toHaveBeenCalledWith('/home/me/cats');
  });

  test('takes a typed path, and says where there is none', async () => {
    draw();
    const field = await screen.findByLabelText('Folder');
    await screen.findByRole('button', { name: 'cats' });
    await userEvent.clear(field);
    await userEvent.type(field, '/nowhere{Enter}');
    expect(await screen.findByText('There is no /nowhere')).toBeDefined();
    expect(screen.getByRole('button', { name: 'Add' })).toHaveProperty('disabled', true);
    // It can be corrected, and the ways from the place before are still there.
    expect(screen.getByLabelText('Folder')).toHaveProperty('value', '/nowhere');
    expect(screen.getByRole('button', { name: 'Home' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'One folder up' })).toHaveProperty('disabled', false);
  });

  test('lists files, but does not go into them', async () => {
    draw();
    expect(await screen.findByRole('button', { name: 'a.png' })).toHaveProperty('disabled', true);
    expect(screen.getByRole('button', { name: 'fox.safetensors' })).toHaveProperty('disabled', true);
  });
});

describe('choosing a model in one file', () => {
  test('goes into folders, and takes the file that is chosen there', async () => {
    const onChoose = draw(vi.fn(), 'model-file');
    await userEvent.click(await screen.findByRole('button', { name: 'cats' }));
    await waitFor(() => {
      expect(screen.getByLabelText('File')).toHaveProperty('value', '/home/me/cats');
    });
    expect(screen.getByRole('button', { name: 'Add' })).toHaveProperty('disabled', true);
    expect(screen.getByRole('button', { name: 'a.png' })).toHaveProperty('disabled', true);
    await userEvent.click(screen.getByRole('button', { name: 'fox.safetensors' }));
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(onChoose).toHaveBeenCalledWith('/home/me/cats/fox.safetensors');
  });

  test('goes to a folder that is typed', async () => {
    const onChoose = draw(vi.fn(), 'model-file');
    const field = await screen.findByLabelText('File');
    await screen.findByRole('button', { name: 'cats' });
    await userEvent.clear(field);
    await userEvent.type(field, '/models{Enter}');
    await waitFor(() => {
      expect(screen.getByLabelText('File')).toHaveProperty('value', '/models');
    });
    expect(screen.getByRole('button', { name: 'Add' })).toHaveProperty('disabled', true);
    expect(onChoose).not.toHaveBeenCalled();
  });

  test('says of a typed path that is no model what can be chosen', async () => {
    const onChoose = draw(vi.fn(), 'model-file');
    const field = await screen.findByLabelText('File');
    await screen.findByRole('button', { name: 'cats' });
    await userEvent.clear(field);
    await userEvent.type(field, '/nowhere{Enter}');
    expect(
      await screen.findByText('/nowhere is neither a model file nor a folder that can be opened.'),
    ).toBeTruthy();
    expect(screen.getByLabelText('File')).toHaveProperty('value', '/nowhere');
    expect(onChoose).not.toHaveBeenCalled();
  });

  test('takes a typed path', async () => {
    const onChoose = draw(vi.fn(), 'model-file');
    const field = await screen.findByLabelText('File');
    await screen.findByRole('button', { name: 'cats' });
    await userEvent.clear(field);
    await userEvent.type(field, '/models/x.safetensors{Enter}');
    expect(onChoose).toHaveBeenCalledWith('/models/x.safetensors');
  });
});

describe('choosing the file of a GPU pack', () => {
  test('takes a zip file, and nothing else', async () => {
    const onChoose = draw(vi.fn(), 'gpu-pack');
    const zip = await screen.findByRole('button', { name: 'pack.ZIP' });
    expect(screen.getByRole('button', { name: 'fox.safetensors' })).toHaveProperty('disabled', true);
    expect(screen.getByRole('button', { name: 'Add' })).toHaveProperty('disabled', true);
    expect(screen.getByText('Choose a file')).toBeTruthy();
    await userEvent.click(zip);
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(onChoose).toHaveBeenCalledWith('/home/me/pack.ZIP');
  });

  test('says of a typed path that is none what can be chosen', async () => {
    draw(vi.fn(), 'gpu-pack');
    const field = await screen.findByLabelText('File');
    await screen.findByRole('button', { name: 'cats' });
    await userEvent.clear(field);
    await userEvent.type(field, '/nowhere{Enter}');
    expect(
      await screen.findByText('/nowhere is neither a zip file nor a folder that can be opened.'),
    ).toBeTruthy();
  });
});
