import { Kbd, Modal, Text } from '@mantine/core';

import { keySheet } from './keys.ts';
import classes from './keys-sheet.module.css';

export function KeysSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Modal opened={open} onClose={onClose} title="Keys" centered size="xl">
      <div className={classes.columns}>
        {keySheet.map(({ title, keys }) => (
          <section key={title} className={classes.part}>
            <Text size="sm" fw={600} mb={8} component="h3">
              {title}
            </Text>
            <dl className={classes.list}>
              {keys.map(([names, meaning]) => (
                <div key={meaning} className={classes.key}>
                  <dt className={classes.names}>
                    {names.map((name) =>
                      // No key, but those between two.
                      name === '…' ? (
                        <span key={name}>{name}</span>
                      ) : (
                        <Kbd key={name} size="xs">
                          {name}
                        </Kbd>
                      ),
                    )}
                  </dt>
                  <dd className={classes.meaning}>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
