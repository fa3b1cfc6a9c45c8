/** Whether the system's own notices are there, and somebody has yet to say whether they are wanted. */
export function canAskForNotices(): boolean {
  return 'Notification' in window && Notification.permission === 'default';
}

/** Asks the person by the browser's own question. */
export async function askForNotices(): Promise<boolean> {
  return (await Notification.requestPermission()) === 'granted';
}

/** A notice of the system's, where the page is not in sight and notices are allowed. */
export function showSystemNotice(title: string, body: string, onClick: () => void): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || !document.hidden) return;
  const notice = new Notification(title, { body, icon: '/icon.svg' });
  notice.onclick = () => {
    window.focus();
    notice.close();
    onClick();
  };
}
