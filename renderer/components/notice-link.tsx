import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';

/** A notice's one way on: it closes the notice, and goes there. */
export function NoticeLink({ noticeId, label, onGo }: { noticeId: string; label: string; onGo: () => void }) {
  return (
    <Anchor
      component="button"
      type="button"
      size="sm"
      onClick={() => {
        notifications.hide(noticeId);
        onGo();
      }}
    >
      {label}
    </Anchor>
  );
}
