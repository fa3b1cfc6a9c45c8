import { useMantineColorScheme } from '@mantine/core';
import { useEffect } from 'react';

import { useStudioQuery } from '../studio/studio.tsx';

/** Draws the page in the theme that the settings say, and enlarged pictures as they say, as soon as they do. */
export function FollowTheme() {
  const { data: settings } = useStudioQuery('system.settings', {});
  const { setColorScheme } = useMantineColorScheme();
  const wanted = settings?.theme;
  useEffect(() => {
    if (wanted !== undefined) setColorScheme(wanted === 'system' ? 'auto' : wanted);
  }, [wanted, setColorScheme]);
  const enlarged = settings?.enlarged;
  useEffect(() => {
    if (enlarged !== undefined) document.documentElement.dataset.enlarged = enlarged;
  }, [enlarged]);
  return null;
}
