/**
 * Sees to it that WebGPU's tests have something to run on where a build server has no graphics card. Nothing fails where that
 * cannot be: those tests are skipped, and say why.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

import { messageOf } from '../native/failure.ts';
import { probeInChild } from '../native/runtime/probe-in-child.ts';
import {
  installDriver,
  mirrorOf,
  type RunProgram,
  whatWouldBeFetched,
  whyNoDriver,
} from './software-vulkan.ts';

const run: RunProgram = (command, args, seconds) => {
  console.log(`> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, {
    // Nothing may wait for an answer.
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...(seconds !== undefined && { timeout: seconds * 1000, killSignal: 'SIGKILL' as const }),
  });
  return status === 0;
};

async function bringDriver(): Promise<string> {
  const before = await probeInChild('webgpu');
  if (before.works) return `WebGPU's tests run on ${before.detail}.`;
  const why = whyNoDriver({
    isRoot: process.getuid?.() === 0,
    osRelease: existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : null,
    hasApt: existsSync('/usr/bin/apt-get'),
  });
  if (why !== null) return `WebGPU's tests are skipped: ${before.detail}, and ${why}.`;
  const mirror = mirrorOf(spawnSync('apt-get', whatWouldBeFetched, { encoding: 'utf8' }).stdout);
  if (mirror === null) return "WebGPU's tests are skipped: apt knows no mirror of Debian 12.";
  if (!installDriver(run, mirror)) return "WebGPU's tests are skipped: the driver could not be installed.";
  const { works, detail } = await probeInChild('webgpu');
  return works ? `WebGPU's tests run on ${detail}.` : `WebGPU's tests are skipped: ${detail}.`;
}

console.log(
  await bringDriver().catch((error: unknown) => `WebGPU's tests are skipped: ${messageOf(error)}.`),
);
