import { Button, Center, Menu, SegmentedControl } from '@mantine/core';
import { IconBoxModel2, IconDownload, IconFile, IconFolder, IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useLocation, useParams } from 'wouter';

import { EmptyState } from '../../components/empty-state.tsx';
import { FailureNote } from '../../components/failure-note.tsx';
import { Loading } from '../../components/loading.tsx';
import { usePathPicker } from '../../components/path-picker.tsx';
import { Screen } from '../../components/screen.tsx';
import { useStudioQuery } from '../../studio/studio.tsx';
import { CaptionerList } from '../captioners/captioner-list.tsx';
import { ExportList } from './export-list.tsx';
import { LoraList } from './lora-list.tsx';
import { ModelPanel } from './model-panel.tsx';
import { ModelTree } from './model-tree.tsx';
import classes from './models-screen.module.css';
import { useAddModels } from './use-add-models.ts';

/** Bases and finetunes by their lineage, and what was exported of them. */
export function ModelsScreen() {
  const { id } = useParams<{ id?: string }>();
  const [, goTo] = useLocation();
  const shown = id === 'exports' || id === 'loras' || id === 'captioners' ? id : 'models';
  const addModels = useAddModels();
  const file = usePathPicker({
    what: 'model-file',
    title: 'Add a model that is one file, or a LoRA: .safetensors or .ckpt',
    confirm: 'Add this file',
    onPick: (path) => void addModels([path]),
  });
  const folder = usePathPicker({
    title: 'Add a model: its diffusers folder, with model_index.json in it',
    confirm: 'Add this folder',
    // Whatever path was typed is taken as what lies there.
    onPick: (path) => void addModels([path]),
  });
  return (
    <Screen
      title="Models"
      scrolls={false}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="What to show"
            data={[
              { value: 'models', label: 'Models' },
              { value: 'loras', label: 'LoRAs' },
              { value: 'captioners', label: 'Captioners' },
              { value: 'exports', label: 'Exports' },
            ]}
            value={shown}
            onChange={(value) => {
              goTo(value === 'models' ? '/models' : `/models/${value}`);
            }}
          />
          <Button
            size="xs"
            variant="default"
            component={Link}
            href="/models/get"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Get a base
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="xs" variant="default" leftSection={<IconPlus size={16} aria-hidden />}>
                Add a model
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconFile size={16} aria-hidden />} onClick={file.pick}>
                One file, or a LoRA (.safetensors, .ckpt)
              </Menu.Item>
              <Menu.Item leftSection={<IconFolder size={16} aria-hidden />} onClick={folder.pick}>
                A diffusers folder
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      {file.dialog}
      {folder.dialog}
      {shown === 'exports' ? (
        <div className={classes.exports}>
          <ExportList />
        </div>
      ) : shown === 'captioners' ? (
        <div className={classes.exports}>
          <CaptionerList />
        </div>
      ) : shown === 'loras' ? (
        <div className={classes.exports}>
          <LoraList />
        </div>
      ) : (
        <Library chosen={id === undefined ? null : Number(id)} />
      )}
    </Screen>
  );
}

function Library({ chosen }: { chosen: number | null }): ReactNode {
  const models = useStudioQuery('models.list', {});
  if (models.error !== null) {
    return (
      <Center p="xl">
        <FailureNote error={models.error} onRetry={() => void models.refetch()} />
      </Center>
    );
  }
  if (models.data === undefined) {
    return <Loading />;
  }
  const newestFirst = [...models.data].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  const model = chosen === null ? newestFirst[0] : models.data.find(({ id }) => id === chosen);
  return (
    <div className={classes.columns}>
      <ModelTree models={models.data} chosen={model?.id ?? null} />
      {model === undefined ? (
        <EmptyState icon={<IconBoxModel2 size={40} stroke={1.2} />} title="This model does not exist">
          Choose one on the left, or add a model file or folder.
        </EmptyState>
      ) : (
        <ModelPanel key={model.id} model={model} models={models.data} />
      )}
    </div>
  );
}
