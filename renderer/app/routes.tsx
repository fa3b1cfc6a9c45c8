import { IconMapQuestion } from '@tabler/icons-react';
import { type ComponentType, lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';

import { EmptyState } from '../components/empty-state.tsx';
import { Loading } from '../components/loading.tsx';

/**
 * A screen by the path it stands at, as `/datasets/:id`; loaded when it is first gone to. One entry for all the paths of a
 * screen: between two entries it would be loaded and built anew.
 */
interface ScreenRoute {
  readonly path: string;
  readonly screen: ComponentType;
}

const at = (path: string, load: () => Promise<ComponentType>): ScreenRoute => ({
  path,
  screen: lazy(async () => ({ default: await load() })),
});

const screens: readonly ScreenRoute[] = [
  at('/datasets', async () => (await import('../features/datasets/datasets-screen.tsx')).DatasetsScreen),
  at(
    '/datasets/:id/:view?',
    async () => (await import('../features/datasets/dataset-screen.tsx')).DatasetScreen,
  ),
  at('/settings', async () => (await import('../features/settings/settings-screen.tsx')).SettingsScreen),
  at('/', async () => (await import('../features/train/start-screen.tsx')).StartScreen),
  at('/train', async () => (await import('../features/train/train-screen.tsx')).TrainScreen),
  at('/runs/:id?', async () => (await import('../features/runs/runs-screen.tsx')).RunsScreen),
  at('/models/get', async () => (await import('../features/downloads/get-base-screen.tsx')).GetBaseScreen),
  at('/models/:id?', async () => (await import('../features/models/models-screen.tsx')).ModelsScreen),
  at('/compare', async () => (await import('../features/compare/compare-screen.tsx')).CompareScreen),
  at('/bench', async () => (await import('../features/bench/bench-screen.tsx')).BenchScreen),
];

export function Routes() {
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        {screens.map(({ path, screen }) => (
          <Route key={path} path={path} component={screen} />
        ))}
        <Route>
          <EmptyState icon={<IconMapQuestion size={40} stroke={1.2} />} title="This page does not exist">
            Choose a screen on the left.
          </EmptyState>
        </Route>
      </Switch>
    </Suspense>
  );
}
