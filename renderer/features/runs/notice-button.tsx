import { Button } from '@mantine/core';
import { IconBell } from '@tabler/icons-react';
import { useState } from 'react';

import { askForNotices, canAskForNotices } from './system-notice.ts';

/** Offers the system's notice for when a run is done; gone once somebody has answered. */
export function NoticeButton() {
  const [asks, setAsks] = useState(canAskForNotices);
  if (!asks) return null;
  return (
    <Button
      size="xs"
      variant="subtle"
      color="gray"
      leftSection={<IconBell size={16} aria-hidden />}
      onClick={() => {
        void askForNotices().then(() => {
          setAsks(canAskForNotices());
        });
      }}
    >
      Tell me when it is done
    </Button>
  );
}
