import { Button, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

/** Says that what was given are archives, and unpacks them by a click. */
export function offerUnpacking(names: readonly string[], unpack: () => void): void {
  const one = names.length === 1;
  const id = notifications.show({
    title: one
      ? `${names[0]!} is an archive.`
      : `${new Intl.ListFormat('en-GB').format(names)} are archives.`,
    autoClose: false,
    message: (
      <>
        <Text size="sm" mb="xs">
          {`The images in ${one ? 'it' : 'them'} can be unpacked into the library.`}
        </Text>
        <Button
          size="compact-sm"
          onClick={() => {
            notifications.hide(id);
            unpack();
          }}
        >
          {one ? 'Unpack it' : 'Unpack them'}
        </Button>
      </>
    ),
  });
}
